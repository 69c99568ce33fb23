"""Chats that go on under another id, and chats that are gone."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from aiosqlite import Connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.courier import MAX_ATTEMPTS, Courier
from bot.errors import NotSent
from bot.event import Chat, User
from bot.job import Origin, State
from bot.quota import Setting
from bot.reply import Delivery, Reply, Sent, Status
from bot.request import Request
from bot.settings import Settings
from bot.store import search
from bot.store.leaving import leave
from bot.store.limits import QueueConfig
from bot.store.moving import move
from bot.store.store import Store
from tests.bot.gallery_factory import Atelier, opened_atelier
from tests.bot.test_queue import STEP, opened, walk
from tests.fakes import StrictChat
from tests.flow.scene import GROUP, LIMITS, PRIVATE, Scene, scene

OLD, NEW = Chat("t", "group", group=True), Chat("t", "-100", group=True)
MOVED = "群百"


async def moves(store: Store, chat: str = OLD.key, to: str = NEW.key) -> None:
    await store.write(move, store, chat, to)


async def naming(db: Connection, key: str) -> list[str]:
    """Return the columns in which a key stands, but in what the index of words is made of."""
    rows = await db.execute_fetchall(
        "SELECT m.name AS name, c.name AS column FROM sqlite_schema m, pragma_table_info(m.name) c"
        " WHERE m.type = 'table' AND m.name NOT LIKE 'search%'"
    )
    found = list[str]()
    for row in rows:
        if row["column"] == "entered_for":  # what the index was told, and has to be told again
            continue
        asked = f'SELECT count(*) FROM {row["name"]} WHERE instr("{row["column"]}", ?)'  # noqa: S608
        for (count,) in await db.execute_fetchall(asked, (key,)):
            found += [f"{row['name']}.{row['column']}"] * bool(count)
    return found


# ── all that is kept ─────────────────────────────────────────────────────────────────────────


async def lived_in(atelier: Atelier, chat: Chat) -> None:
    """People have drawn in a chat, set it up, given gifts, and been put in their places."""
    store, user = atelier.store, User("t", "a", "a")
    (first,) = await atelier.draw("a", "雪地里的企鹅", chat, styles=("水墨",))
    await atelier.draw("b", "企鹅和灯塔", chat, parent=Origin(first.job_id))
    await atelier.ask("a", "还在画的海豹", chat)
    request = (await store.read(store.queue.latest, 1))[0].request
    await store.write(store.queue.submit, user, chat, "m7", request, 1.0)
    await store.write(atelier.gallery.favour, first.id, "t:b", chat.key)
    await store.write(store.preferences.put, chat.key, Settings(aspect="2:3", language="en"))
    limit = Setting(pictures=7)
    await store.write(store.allowances.put, "chat", chat.key, limit, day=None, today=0.0)
    await store.write(store.pauses.put, chat.key, "打雷")
    await store.write(store.gifts.give, user, chat, (2, 3), 60.0)
    await store.write(store.acts.put, user, chat, "暂停", "为了试")
    for text, job_id in (("画好了", 1), ("等着", None)):
        await store.write(store.outbox.put, chat, Reply(text=text, to="m3"), job_id=job_id)
    parcel = await store.read(store.outbox.next, chat.key)
    assert parcel is not None
    await store.write(store.outbox.sent, parcel.delivery, [Sent("m9")])


async def test_all_that_is_kept_of_a_chat_is_found_under_its_new_key(tmp_path: Path) -> None:
    async with opened_atelier(tmp_path) as atelier:
        store, gallery = atelier.store, atelier.gallery
        await lived_in(atelier, OLD)
        page = [one.id for one in await store.read(gallery.of_chat, OLD.key)]
        used = await store.read(store.usage.of_chat, OLD, 0.0)
        assert (page, used.pictures) == ([2, 1], 4)
        await moves(store)
        assert await store.read(naming, OLD.key) == []
        assert [one.id for one in await store.read(gallery.of_chat, NEW.key)] == page
        assert await store.read(store.usage.of_chat, NEW, 0.0) == used
        assert await atelier.find("企鹅 水墨", chat=NEW.key) == [1]
        assert await atelier.find("企鹅", chat=OLD.key) == []
        assert await atelier.find("企鹅", "a") == [1]
        family = await store.read(gallery.children, 1, "t:nobody", NEW.key)
        assert [one.id for one in family] == [2]
        assert await store.read(gallery.children, 1, "t:nobody", OLD.key) == ()
        here = await store.read(store.preferences.get, NEW.key)
        assert here == Settings(aspect="2:3", language="en")
        limits = await store.read(store.allowances.of, "t:a", NEW.key, 0.0)
        assert limits.chat == Setting(pictures=7)
        pause = await store.read(store.pauses.of, NEW.key)
        assert pause is not None
        assert pause.scope == NEW.key
        gift = await store.read(store.gifts.get, 1)
        assert gift is not None
        assert gift.chat == NEW.key
        assert [act.chat for act in await store.read(store.acts.newest, 9)] == [NEW.key]


async def test_messages_of_before_are_nobodys_in_the_new_chat(tmp_path: Path) -> None:
    """There they are numbered anew."""
    async with opened_atelier(tmp_path) as atelier:
        store = atelier.store
        await lived_in(atelier, OLD)
        assert await store.read(store.queue.about, OLD, "m9") == Origin(1)
        await moves(store)
        for message in ("m9", "m7", "m3"):
            assert await store.read(store.queue.about, NEW, message) is None
        (parcel,) = await store.read(store.outbox.waiting, NEW.key)
        assert (parcel.delivery.reply.text, parcel.delivery.reply.to) == ("等着", None)
        jobs = await store.read(store.queue.latest, 9)
        assert {job.reply_to for job in jobs} == {""}
        await store.write(store.outbox.put, NEW, Reply(text="好了", to=jobs[0].reply_to))
        _, parcel = await store.read(store.outbox.waiting, NEW.key)
        assert parcel.delivery.reply.to is None


async def dump(store: Store) -> list[tuple[object, ...]]:
    """Return all rows there are; of the index of words, what it is made of."""

    async def read(db: Connection) -> list[tuple[object, ...]]:
        found = list[tuple[object, ...]]()
        tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'search'"
        for table in await db.execute_fetchall(tables):
            rows = await db.execute_fetchall(f"SELECT * FROM {table['name']}")  # noqa: S608
            found += [(table["name"], *row) for row in rows]
        return found

    return await store.read(read)


@pytest.mark.parametrize("chat", [OLD.key, "t:never heard of", NEW.key])
async def test_to_move_twice_or_nobody_or_nowhere_changes_nothing(
    tmp_path: Path, chat: str
) -> None:
    async with opened_atelier(tmp_path) as atelier:
        await lived_in(atelier, OLD)
        await moves(atelier.store)
        before, commits = await dump(atelier.store), atelier.store.commits
        await moves(atelier.store, chat)
        assert await dump(atelier.store) == before
        assert atelier.store.commits == commits


async def test_where_both_have_something_set_the_new_chat_wins(tmp_path: Path) -> None:
    async with opened_atelier(tmp_path) as atelier:
        store = atelier.store
        await lived_in(atelier, OLD)
        await lived_in(atelier, NEW)
        await store.write(store.preferences.put, NEW.key, Settings(aspect="1:1", shared=True))
        limit = Setting(pictures=9)
        await store.write(store.allowances.put, "chat", NEW.key, limit, day=None, today=0.0)
        more = Setting(seconds=5.0)
        await store.write(store.allowances.put, "chat", OLD.key, more, day=None, today=0.0)
        await store.write(store.pauses.put, NEW.key, "下雨")
        await moves(store)
        assert await store.read(naming, OLD.key) == []
        here = await store.read(store.preferences.get, NEW.key)
        assert here == Settings(aspect="1:1", language="en", shared=True)
        limits = await store.read(store.allowances.of, "t:a", NEW.key, 0.0)
        assert limits.chat == Setting(pictures=9, seconds=5.0)
        pause = await store.read(store.pauses.of, NEW.key)
        assert pause is not None
        assert pause.reason == "下雨"
        assert await atelier.find("企鹅", chat=NEW.key) == [4, 3, 2, 1]
        assert [one.id for one in await store.read(atelier.gallery.of_chat, NEW.key)] == [
            4,
            3,
            2,
            1,
        ]


# ── the index of words ───────────────────────────────────────────────────────────────────────


async def in_index(db: Connection, words: str) -> list[int]:
    rows = await db.execute_fetchall("SELECT rowid FROM search WHERE search MATCH ?", (words,))
    return [row[0] for row in rows]


async def test_what_moved_can_be_taken_out_of_the_index(tmp_path: Path) -> None:
    async with opened_atelier(tmp_path) as atelier:
        store = atelier.store
        await atelier.draw("a", "企鹅", OLD)
        await atelier.draw("a", "企鹅", OLD)
        await moves(store)
        await store.write(atelier.gallery.delete, 1, "t:a")
        assert await store.read(in_index, '"企鹅"') == [2]
        scope = search.of_chat(OLD.key)
        assert await store.read(in_index, f'"{scope}"') == [2]


async def test_a_chat_may_move_again_and_back(tmp_path: Path) -> None:
    async with opened_atelier(tmp_path) as atelier:
        store, third = atelier.store, Chat("t", "-200", group=True)
        await atelier.draw("a", "企鹅 一", OLD)
        await moves(store)
        await atelier.draw("a", "企鹅 二", NEW)
        await moves(store, NEW.key, third.key)
        await atelier.draw("a", "企鹅 三", third)
        assert await atelier.find("企鹅", chat=third.key) == [3, 2, 1]
        assert await atelier.find("企鹅", chat=NEW.key) == []
        await moves(store, third.key, OLD.key)
        assert await atelier.find("企鹅", chat=OLD.key) == [3, 2, 1]
        for id_ in (1, 2, 3):
            await store.write(atelier.gallery.delete, id_, "t:a")
        assert await store.read(in_index, '"企鹅"') == []


async def unread(db: Connection) -> None:
    """Words are told apart otherwise from now on."""
    await db.execute("UPDATE gallery SET reading = 'an older jieba'")


async def test_what_is_read_again_or_was_not_read_yet_is_found_too(tmp_path: Path) -> None:
    async with opened_atelier(tmp_path) as atelier:
        for number in range(3):
            await atelier.draw("a", f"企鹅 {number}", OLD)
        await moves(atelier.store)
        await atelier.store.write(unread)
    async with opened_atelier(tmp_path) as atelier:
        store, gallery = atelier.store, atelier.gallery
        assert await store.write(gallery.read_on, 1)
        await moves(store, NEW.key, "t:-200")  # one is read, two are not
        while await store.write(gallery.read_on, 1):
            pass
        assert await atelier.find("企鹅", chat="t:-200") == [3, 2, 1]
        assert await store.read(in_index, f'"{search.of_chat(OLD.key)}"') == []
        for id_ in (1, 2, 3):
            await store.write(gallery.delete, id_, "t:a")
        assert await store.read(in_index, '"企鹅"') == []


async def test_pictures_that_were_written_before_and_entered_after_are_of_the_new_chat(
    tmp_path: Path,
) -> None:
    async with opened_atelier(tmp_path) as atelier:
        store = atelier.store
        job = await atelier.ask("a", "企鹅", OLD)
        written = atelier.write(job)
        await moves(store)
        moved = await store.read(store.queue.get, job.id)
        assert moved is not None
        await store.write(atelier.enter, moved, written)
        assert await atelier.find("企鹅", chat=NEW.key) == [1]
        await store.write(atelier.gallery.delete, 1, "t:a")
        assert await store.read(in_index, '"企鹅"') == []


# ── the queue ────────────────────────────────────────────────────────────────────────────────

STEPS = st.lists(STEP, max_size=30)


@given(before=STEPS, after=STEPS, to=st.sampled_from(["x", "y", "new"]))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_the_books_agree_with_the_jobs_after_any_move(
    tmp_path_factory: pytest.TempPathFactory,
    before: list[tuple[str, str, str, float]],
    after: list[tuple[str, str, str, float]],
    to: str,
) -> None:
    limits = QueueConfig(drawing_per_user=1, drawing_per_chat=2)
    async with opened(tmp_path_factory.mktemp("q"), limits) as line:
        await walk(line, before)
        turns = await waiting(line.store)
        await moves(line.store, "t:x", f"t:{to}")
        assert to == "x" or await line.store.read(naming, "t:x") == []
        moved = [(id_, user, f"t:{to}" if chat == "t:x" else chat) for id_, user, chat in turns]
        assert await waiting(line.store) == moved
        await walk(line, after)
        kept = await line.books()
        await line.store.write(line.store.queue.rebuild)
        assert await line.books() == kept


async def waiting(store: Store) -> list[tuple[int, str, str]]:
    jobs = await store.read(store.queue.in_state, State.QUEUED, 99)
    return [(job.id, job.user.key, job.chat.key) for job in jobs]


# ── what people see ──────────────────────────────────────────────────────────────────────────


async def attend(play: Scene, *chats: str) -> None:
    for chat in chats:
        await play.courier.serve(f"chat:{chat}")
        await play.courier.refresh(f"chat:{chat}")


def said(play: Scene, chat: str) -> list[tuple[str, int, str | None]]:
    """Return what was said in a chat: words, pictures, and the message that was answered."""
    posted = (one for one in play.chat.messages.values() if one.chat == chat and one.text)
    return [(one.text, one.pictures, one.to) for one in posted]


async def test_a_result_goes_out_at_once_where_the_chat_is_now(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        mine = await play.says("阿青", "画一只猫 --steps 4")
        await play.engine.until(1)
        play.chat.moved[GROUP] = MOVED
        await play.finishes(1, "猫", 4)
        now = play.clock.now
        await attend(play, GROUP, MOVED)
        assert said(play, MOVED) == [("画好了 #1：一只猫（AI生成）", 1, None)]
        assert play.clock.now == now
        assert "画好了" not in mine.text
        assert await play.is_in(1, State.DELIVERED)
        assert await play.store.read(naming, f"chat:{GROUP}") == []
        assert await play.store.idle()


async def test_progress_finds_out_too_and_says_no_more(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        await play.says("阿青", "画一只猫 --steps 4")
        await play.engine.until(1)
        play.chat.moved[GROUP] = MOVED
        await play.draws("猫", 1)
        await play.later(5)
        job = await play.store.read(play.store.queue.get, 1)
        assert job is not None
        assert (job.chat.id, job.reply_to) == (MOVED, "")
        tried = len(play.chat.tried)
        for _ in range(2):
            await play.draws("猫", 1)
            play.clock.now += 5
            await attend(play, GROUP, MOVED)
        assert len(play.chat.tried) == tried
        await play.finishes(1, "猫", 1)
        await attend(play, GROUP, MOVED)
        assert said(play, MOVED) == [("画好了 #1：一只猫（AI生成）", 1, None)]


async def test_who_waits_in_a_chat_that_moves_waits_on(tmp_path: Path) -> None:
    async with scene(tmp_path, at_once=1) as play:
        await play.says("阿青", "画一只狗 --steps 2", PRIVATE)
        await play.engine.until(1)
        await play.says("小丹", "画一只猫 --steps 2")
        await play.store.write(move, play.store, f"chat:{GROUP}", f"chat:{MOVED}")
        horse = await play.says("老王", "画一匹马 --steps 2", MOVED)
        assert horse.text.startswith("收到 #3")
        for number, what in enumerate("狗猫马", 1):
            await play.finishes(number, what, 2)
        await attend(play, PRIVATE, GROUP, MOVED)
        (album,) = [text for text, pictures, _ in said(play, MOVED) if pictures]
        assert album == "1 小丹 #2：一只猫\n2 老王 #3：一匹马（AI生成）"
        play.clock.now += 5
        await attend(play, MOVED)
        assert horse.text == "画好了 #3，在下面第 2 张 ↓"
        assert GROUP not in play.chat.tried[play.chat.tried.index(MOVED) :]


async def test_what_may_have_come_in_the_old_chat_is_still_marked(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        await play.says("阿青", "画两只猫，两张 --steps 2")
        await play.engine.until(1)
        await play.finishes(1, "猫", 2)
        play.chat.lost = [NotSent("timed out", arrived=None)]
        await attend(play, GROUP)
        play.chat.moved[GROUP] = MOVED
        play.clock.now += 5
        await attend(play, GROUP, MOVED)
        assert [text for text, _, _ in said(play, MOVED)] == [
            "（补发）画好了 #1：两只猫（2 张）（AI生成）"
        ]


class Slow(StrictChat):
    """Takes its time for each reply."""

    def __init__(self, play: Scene) -> None:
        super().__init__(play.clock, LIMITS)
        self.asked, self.gate = asyncio.Event(), asyncio.Event()

    async def send(self, delivery: Delivery) -> Sequence[Sent]:
        self.asked.set()
        await self.gate.wait()
        return await super().send(delivery)


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_chat_that_is_moved_during_a_call_is_not_told_twice(
    tmp_path: Path, *, arrives: bool
) -> None:
    async with scene(tmp_path) as play:
        store, chat = play.store, Slow(play)
        courier = Courier(store, {"chat": chat})
        old, new = f"chat:{GROUP}", f"chat:{MOVED}"
        await store.write(store.outbox.put, Chat("chat", GROUP, group=True), Reply(text="你好"))
        calling = asyncio.create_task(courier.serve(old))
        await chat.asked.wait()
        await moves(store, old, new)
        await courier.serve(new)
        chat.moved = {} if arrives else {GROUP: MOVED}
        chat.gate.set()
        await calling
        await courier.serve(new)
        (message,) = chat.messages.values()
        assert (message.text, message.chat) == ("你好", GROUP if arrives else MOVED)
        assert await store.idle()


async def test_what_a_call_brought_to_the_old_chat_is_of_no_message_in_the_new(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as play:
        store, chat = play.store, Slow(play)
        courier, old = Courier(store, {"chat": chat}), Chat("chat", GROUP, group=True)
        request = await asked(store, old)
        opening = Reply(text="收到 马上", wait=(3, 5))
        await store.write(store.outbox.put, old, opening, job_id=request)
        calling = asyncio.create_task(courier.serve(old.key))
        await chat.asked.wait()
        await moves(store, old.key, f"chat:{MOVED}")
        chat.gate.set()
        await calling
        assert await store.read(store.outbox.opening, request) is None
        assert await store.read(naming, old.key) == []


async def asked(store: Store, chat: Chat) -> int:
    """Put a request into the queue that nobody draws; return its number."""
    await store.write(store.pauses.put, "", "")
    user, request = User("chat", "阿青"), Request(prompt="猫", seed=1)
    job = await store.write(store.queue.submit, user, chat, "m1", request, 1.0)
    return job.id


async def test_a_chat_that_moves_in_a_circle_is_given_up(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        play.chat.moved = {GROUP: MOVED, MOVED: GROUP}
        store = play.store
        await store.write(store.outbox.put, Chat("chat", GROUP, group=True), Reply(text="你好"))
        for _ in range(MAX_ATTEMPTS):
            await attend(play, GROUP, MOVED)
        assert await store.idle()
        assert len(play.chat.tried) == MAX_ATTEMPTS


async def test_what_can_never_be_said_is_given_up_at_once_and_holds_up_nothing(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as play:
        store, chat = play.store, Chat("chat", GROUP, group=True)
        play.chat.errors = [NotSent("its interaction is over", refused=True, hopeless=True)]
        for words in ("悄悄话", "你好"):
            await store.write(store.outbox.put, chat, Reply(text=words))
        await attend(play, GROUP)
        assert await store.idle()
        assert [one.text for one in play.chat.messages.values()] == ["你好"]


# ── chats that are gone ──────────────────────────────────────────────────────────────────────


async def test_nothing_more_is_tried_in_a_chat_that_is_gone(tmp_path: Path) -> None:
    async with scene(tmp_path, at_once=3) as play:
        for number, what in enumerate("猫狗马鱼虫"):
            await play.says(f"人{number}", f"画一只{what} --steps 4")
        elsewhere = await play.says("阿青", "画一只鸟 --steps 4", PRIVATE)
        await play.engine.until(3)
        await play.finishes(1, "猫", 4)
        await play.see(lambda: play.is_in(4, State.DRAWING))
        play.chat.gone.add(GROUP)
        await play.draws("狗", 1)
        tried = play.chat.tried.count(GROUP)
        await play.later(5)
        await play.see(lambda: play.is_in(6, State.DRAWING))
        await play.engine.until(1)  # the painter stops what is drawn for nobody
        states = [await state(play, number) for number in range(1, 7)]
        assert states == [State.FAILED, *[State.CANCELLED] * 4, State.DRAWING]
        for _ in range(5):
            await play.later(60)
        assert play.chat.tried.count(GROUP) == tried + 1
        await play.finishes(6, "鸟", 4)
        await play.attend()
        assert "鸟" in play.last.text
        assert play.last.chat == elsewhere.chat
        await play.later(5)
        assert await play.store.idle()


async def state(play: Scene, job_id: int) -> State:
    job = await play.store.read(play.store.queue.get, job_id)
    assert job is not None
    return job.state


async def test_a_step_that_is_told_late_is_not_shown_where_nobody_is(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        mine = await play.says("阿青", "画一只猫 --steps 9", PRIVATE)
        await play.engine.until(1)
        await play.draws("猫", 1)
        await play.later(5)
        assert "11%" in mine.text
        await play.draws("猫", 1)  # there is news
        play.chat.gone.add(PRIVATE)
        chat = Chat("chat", PRIVATE)
        await play.store.write(play.store.outbox.put, chat, Reply(text="在吗"))
        await play.attend()
        tried = len(play.chat.tried)
        await play.later(60)
        assert len(play.chat.tried) == tried
        play.courier.show(Status(job_id=1, chat=chat, step=5, steps=9))
        await play.later(60)
        assert len(play.chat.tried) == tried


async def test_who_comes_back_is_answered_again(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        play.chat.gone.add(PRIVATE)
        store, put = play.store, play.store.outbox.put
        for text in "一二三":
            await store.write(put, Chat("chat", PRIVATE), Reply(text=text))
        await play.attend()
        assert play.chat.tried == [PRIVATE]
        play.chat.gone.clear()
        again = await play.says("阿青", "画一只猫", PRIVATE)
        assert again.text.startswith("收到 #1")
        assert len(play.chat.messages) == 1


async def test_progress_that_finds_nobody_stops_the_drawing(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        await play.says("阿青", "画一只猫 --steps 9", PRIVATE)
        await play.engine.until(1)
        play.chat.gone.add(PRIVATE)
        await play.draws("猫", 3)
        await play.later(5)
        await play.engine.until(0)
        assert await state(play, 1) is State.CANCELLED
        await play.later(60)
        assert play.chat.tried.count(PRIVATE) == 2


async def test_a_reply_that_comes_back_after_all_was_given_up_stays_so(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        store, chat = play.store, Slow(play)
        courier = Courier(store, {"chat": chat})
        await store.write(store.outbox.put, Chat("chat", PRIVATE), Reply(text="你好"))
        calling = asyncio.create_task(courier.serve(f"chat:{PRIVATE}"))
        await chat.asked.wait()
        await store.write(leave, store, f"chat:{PRIVATE}")
        chat.errors = [NotSent("500")]
        chat.gate.set()
        await calling
        assert await store.idle()


@given(steps=STEPS)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_the_books_agree_with_the_jobs_after_a_chat_is_left(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, str, float]]
) -> None:
    limits = QueueConfig(drawing_per_user=1, drawing_per_chat=2)
    async with opened(tmp_path_factory.mktemp("q"), limits) as line:
        await walk(line, steps)
        others = [one for one in await waiting(line.store) if one[2] != "t:x"]
        await line.store.write(leave, line.store, "t:x")
        assert await waiting(line.store) == others
        assert await line.store.read(line.store.queue.open_in, "t:x") == []
        kept, commits = await line.books(), line.store.commits
        await line.store.write(line.store.queue.rebuild)
        assert await line.books() == kept
        commits = line.store.commits
        await line.store.write(leave, line.store, "t:x")
        assert line.store.commits == commits
