"""What goes wrong in a chat in which people play: each has its sentence, and the game goes on."""

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from aiosqlite import Connection

from bot.action import Action, Verb
from bot.errors import NotSent
from bot.event import Chat
from bot.job import State
from bot.session import Session
from bot.store.leaving import leave
from bot.store.limits import QueueConfig
from bot.store.moving import move
from generation.errors import BadRecipe
from tests.fakes import StrictChat
from tests.flow.game import Game, game
from tests.flow.scene import GROUP, LIMITS, Hand

OTHER = "群二"


@pytest.fixture
async def played(tmp_path: Path) -> AsyncGenerator[Game]:
    """A relay of 小明, whose turn it is, and 小红."""
    async with game(tmp_path) as played:
        await opened(played)
        yield played


async def opened(played: Game, said: str = "江南，4 棒") -> None:
    await played.says("小明", f"/开局 接龙 {said}")
    await played.presses("小红", "加入")


async def finishes(played: Game, steps: int = 4, id_: int = 1) -> Session:
    """Play on to the end, whoever's turn it is; return what there is then."""
    while (session := await played.session(id_)).phase == "open":
        name = session.name_of(getattr(session.game, "at"))  # noqa: B009  of a relay
        await played.answers(name, f"{name}的一句{len(session.steps)}", played.board)
        await played.paints()
        if len((await played.session(id_)).steps) == len(session.steps):  # they are not served
            await played.later(121)
    assert len(session.steps) == steps
    assert session.phase == "closed"
    return session


async def sends(played: Game, *said: Mapping[str, str]) -> None:
    """Several say something at once, before anybody is answered; their ids are their order."""
    for number, one in enumerate(said):
        id_ = f"{9000 + number}"
        body = json.dumps({"id": id_, "chat": GROUP, **one}).encode()
        await played.app.hear("chat", id_, body)
    while (update := await played.store.read(played.store.inbox.next)) is not None:
        await played.app.receive(update)
    await played.settles()


# ── people ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("order", [("小明", "小红"), ("小红", "小明")])
async def test_of_two_in_the_same_second_the_one_whose_turn_it_is_is_drawn(
    played: Game, order: tuple[str, str]
) -> None:
    board = played.board.id
    await sends(
        played, *({"user": name, "text": f"{name}的桥", "reply_to": board} for name in order)
    )
    assert [one.words for one in (await played.session()).pending] == ["小明的桥"]
    refusal = {"小明": "等 小明 这一张画好再接", "小红": "现在轮到 小明，别急"}[order[0]]
    assert refusal in played.texts
    await played.paints()
    await finishes(played)


async def test_of_one_who_says_two_things_at_once_the_first_is_drawn(played: Game) -> None:
    board = played.board.id
    await sends(
        played, *({"user": "小明", "text": text, "reply_to": board} for text in ("桥", "船"))
    )
    assert [one.words for one in (await played.session()).pending] == ["桥"]
    await played.paints()
    await finishes(played)


async def test_who_speaks_when_it_is_over_is_told(played: Game) -> None:
    await finishes(played)
    words = "这一局已经结束了，可以再来一局：/开局"
    forged = Action(Verb.PLAY, 1, "skip").pack()
    await sends(played, {"user": "小明", "press": forged})
    assert played.last.text == words


async def test_a_stranger_from_another_chat_presses_in_vain(played: Game) -> None:
    before = await played.session()
    for value in ("join", "end", "skip", "pause", "again"):
        forged = Action(Verb.PLAY, 1, value).pack()
        await sends(played, {"user": "小黑", "chat": OTHER, "press": forged})
        assert played.last.text == "找不到这一局了"
        assert played.last.chat == OTHER
    await sends(played, {"user": "小黑", "press": Action(Verb.PLAY, 99, "end").pack()})
    assert played.last.text == "找不到这一局了"
    await sends(played, {"user": "小黑", "press": Action(Verb.PLAY, 1, "fly").pack()})
    assert await played.session() == before or (await played.session()).steps == ()
    await played.presses("小黑", "结束")
    assert "只有主持人 小明 可以" in played.texts
    await finishes(played)


async def test_when_the_host_goes_the_next_is_host(played: Game) -> None:
    await played.says("小明", "/退出局")
    assert "小明 先走了" in played.texts
    assert "现在由 小红 主持" in played.texts
    session = await played.session()
    assert session.host == "chat:小红"
    await played.presses("小红", "暂停")
    await played.shows_boards()
    await played.presses("小红", "继续")
    await finishes(played)


async def test_a_host_who_is_banned_does_not_hold_the_others_up(played: Game) -> None:
    await played.says("小明", "画一座山", OTHER)
    await played.says("小明", "一座石桥")
    await played.says("管理员", "/封禁 @小明 刷屏")
    await played.later(1)
    assert any("被取消了" in text for text in played.texts)
    await played.presses("小明", "结束")
    assert any("暂停了你在这里画画" in text for text in played.texts)
    assert (await played.session()).phase == "open"
    await played.later(121)
    assert "小明 没接上，先跳过；轮到 小红（2 分钟）" in played.texts
    await played.answers("小红", "桥下小船", played.board)
    await played.paints()
    await played.later(121)
    assert any("小明 两次没接上，先不等了" in text for text in played.texts)
    await played.presses("小红", "结束")
    assert (await played.session()).phase != "open"


async def test_a_member_who_is_banned_is_passed_over(played: Game) -> None:
    await played.says("小明", "一座石桥")
    await played.paints()
    await played.says("管理员", "/封禁 @小红")
    await played.answers("小红", "桥下小船", played.board)
    assert any("暂停了你在这里画画" in text for text in played.texts)
    assert len((await played.session()).pending) == 0
    await played.murmurs("小红", "桥下小船")
    await played.later(121)
    assert any("小红 没接上，先跳过；轮到 小明" in text for text in played.texts)
    await finishes(played)


async def test_one_member_plays_in_several_chats_at_once(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 接龙 江南，1 棒")
        await played.says("小明", "/开局 接龙 塞北，1 棒", OTHER)
        await played.says("小明", "一座石桥")
        await played.says("小明", "一匹马", OTHER)
        await played.paints()
        first, second = await played.session(1), await played.session(2)
        assert (first.phase, second.phase) == ("closed", "closed")
        assert [one.words for one in first.steps] == ["一座石桥"]
        assert [one.words for one in second.steps] == ["一匹马"]


async def test_one_of_a_kind_at_a_time(played: Game) -> None:
    await played.says("小红", "/开局 接龙 塞北")
    assert played.last.text == "这里已经有一局接龙在玩了，先把它收了"
    await finishes(played)


# ── words ────────────────────────────────────────────────────────────────────────────────────


async def test_ten_thousand_characters_are_no_theme(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", f"/开局 接龙 {'江' * 10_000}")
        assert played.last.text == "主题太长了，最多 200 个字"
        assert await played.store.read(played.store.sessions.get, 1) is None
        await opened(played)
        await finishes(played)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("桥" * 10_000, "太长了，一句最多 200 个字"),
        ("   ", ""),
        ("一座海洛因做的桥", "毒品相关的内容这里不画"),
        ("a h3r01n bridge", "毒品相关的内容这里不画"),
    ],
)
async def test_what_cannot_be_drawn_is_said_and_the_turn_is_still_theirs(
    played: Game, said: str, told: str
) -> None:
    before = await played.session()
    await played.answers("小明", said, played.board)
    assert told in played.last.text
    after = await played.session()
    assert (after.pending, after.timers, after.pictures) == ((), before.timers, 0)
    await played.says("小明", "一座石桥")
    await played.paints()
    await finishes(played)


async def test_words_that_are_not_wanted_are_no_theme(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 接龙 海洛因")
        assert await played.store.read(played.store.sessions.get, 1) is None
        assert "毒品相关的内容这里不画" in played.last.text
        await opened(played)
        await finishes(played)


async def test_a_command_in_ones_turn_is_a_command(played: Game) -> None:
    await played.says("小明", "/队列")
    assert "现在没有人在排队" in played.last.text
    await played.answers("小明", "/队列", played.board)
    assert "现在没有人在排队" in played.last.text
    await played.answers("小明", "/石桥", played.board)
    assert played.last.text.startswith("没有 /石桥 这个命令")
    assert (await played.session()).pending == ()
    await played.says("小明", "／队列")
    assert "现在没有人在排队" in played.last.text
    await finishes(played)


async def test_what_is_cancelled_may_be_said_again(played: Game) -> None:
    await played.says("小明", "一座石桥")
    await played.says("小明", "/取消")
    assert (await played.session()).pending
    await played.says("管理员", "/清空队列")
    await played.presses("管理员", played.last.buttons[0].label, played.last)
    await played.later(1)
    assert played.last.text == "这一张没画成：被取消了。轮到 小明（2 分钟）"
    assert (await played.session()).pending == ()
    await finishes(played)


# ── pictures ─────────────────────────────────────────────────────────────────────────────────


async def test_who_is_not_drawn_may_try_again(played: Game) -> None:
    played.engine.errors = [BadRecipe("no")]
    await played.says("小明", "一座石桥")
    await played.paints()
    assert played.last.text.startswith("这一张没画成：")
    assert played.last.text.endswith("轮到 小明（2 分钟）")
    await finishes(played)


# ── the chat ─────────────────────────────────────────────────────────────────────────────────


async def test_a_board_that_was_deleted_comes_again_once_a_minute(played: Game) -> None:
    await looks_after_boards(played)
    first = loses_its_board(played)
    await played.says("小刚", "/加入")
    await looks_after_boards(played)
    second = played.board
    assert second.id != first
    assert "小刚" in second.text
    assert second.id in played.chat.pinned
    loses_its_board(played)
    await played.says("小强", "/加入")
    await looks_after_boards(played)
    assert not any("🎨" in one.text for one in played.chat.messages.values())
    await played.later(60)
    await looks_after_boards(played)
    assert "小强" in played.board.text
    assert played.board.id in played.chat.pinned
    await finishes(played)


def loses_its_board(played: Game) -> str:
    board = played.board.id
    del played.chat.messages[board]
    return board


async def looks_after_boards(played: Game) -> None:
    for _ in range(3):
        played.clock.now += 4.0
        await played.boards.refresh()
        await played.settles()


async def test_it_is_played_where_nothing_may_be_pinned(played: Game) -> None:
    played.chat.pin_errors = [NotSent("no right", hopeless=True, refused=True)] * 9
    await played.says("小明", "一座石桥")
    await played.paints()
    assert "第" in (await played.shows_boards()).text or played.chat.pinned == set()
    await finishes(played)


async def test_a_bot_that_may_not_speak_rests_and_does_not_tell_all_afterwards(
    played: Game,
) -> None:
    told = len(played.chat.messages)
    played.chat.errors = [NotSent("not enough rights", refused=True)] * 100
    await played.later(3600)
    session = await played.session()
    assert session.phase == "open"
    assert [member.left for member in session.members] == [False, False]
    played.chat.errors.clear()
    assert len(played.chat.messages) == told
    await played.murmurs("小红", "说话了吗")
    new = [one.text for one in list(played.chat.messages.values())[told:]]
    assert new == ["我回来了，接着玩\n👉 轮到 小红，还有约 30 秒"]
    await played.shows_boards()
    await finishes(played)


async def test_a_bot_that_was_put_out_goes_on_when_it_is_back(played: Game) -> None:
    await played.says("小明", "一座石桥")
    await played.paints()
    await played.later(20)
    before = await played.session()
    await played.store.write(leave, played.store, f"chat:{GROUP}")
    await played.later(7200)
    assert await played.session() == before
    told = len(played.texts)
    await played.murmurs("小刚", "机器人回来了")
    assert played.texts[told:] == ["我回来了，接着玩\n👉 轮到 小红，还有约 2 分钟"]
    after = await played.session()
    assert after.timers["turn"] == pytest.approx(before.timers["turn"] + 7200, abs=5)
    assert after.steps == before.steps
    await finishes(played)


async def test_a_picture_that_was_on_its_way_is_not_waited_for(played: Game) -> None:
    await played.says("小明", "一座石桥")
    await played.store.write(leave, played.store, f"chat:{GROUP}")
    job = await played.store.read(played.store.queue.get, 1)
    assert job is not None
    assert job.state is State.CANCELLED
    await played.later(600)
    await played.murmurs("小红", "在吗")
    assert played.texts[-1] == "这一张没画成：被取消了。轮到 小明（2 分钟）"
    await finishes(played)


async def test_a_chat_that_moves_goes_on_under_its_new_id(played: Game) -> None:
    await played.says("小明", "一座石桥")
    await played.paints()
    old = await played.shows_boards()
    played.chat.moved[GROUP] = "群新"
    await played.store.write(move, played.store, f"chat:{GROUP}", "chat:群新")
    new = await played.shows_boards()
    assert (new.chat, "一座石桥" in new.text) == ("群新", True)
    press = next(one.action.pack() for one in old.buttons if "加入" in one.label)
    await sends(played, {"user": "小刚", "chat": "群新", "press": press})
    assert "小刚 加入了，现在 3 人" in played.texts
    await played.answers("小红", "桥下小船", new)
    await played.paints()
    assert any("第 2 棒 小红：桥下小船" in text for text in played.texts)


async def test_words_in_another_topic_are_none_of_it(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 接龙 江南，1 棒", topic="7")
        await played.says("小明", "画一座山")
        assert played.last.text.startswith("收到 #1")
        await played.says("小明", "画一条河", topic="8")
        assert played.last.text.startswith("收到 #2")
        assert (await played.session()).pending == ()
        await played.says("小明", "一座石桥", topic="7")
        assert [one.words for one in (await played.session()).pending] == ["一座石桥"]
        await played.paints()
        assert (await played.session()).phase == "closed"


async def test_it_is_played_in_a_place_of_its_own_where_there_are_such(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        played.chat.branches = True
        await opened(played, "江南，2 棒")
        board = await played.shows_boards()
        place = f"{GROUP}/{board.id}"
        assert (await played.session()).place == Chat("chat", place, group=True)
        assert played.last.chat == place
        await played.says("小明", "画一座山")
        assert played.last.text.startswith("收到 #1")
        await played.murmurs("小明", "一座石桥", place)
        await played.paints()
        assert any("第 1 棒 小明：一座石桥" in text for text in played.texts)
        await played.murmurs("小红", "桥下小船", place)
        await played.paints()
        assert (await played.session()).phase == "closed"
        assert "已收局" in (await played.shows_boards()).text
        assert played.board.chat == GROUP
        works = await played.says("小红", "/作品", place)
        assert "1 · 接龙《江南》" in works.text
        await played.presses("小红", "1", works)
        await played.settles()
        assert played.last.delivery.reply.plate is not None


async def test_it_goes_on_where_it_was_opened_when_its_place_is_gone(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        played.chat.branches = True
        await opened(played, "江南，2 棒")
        board = await played.shows_boards()
        place = f"{GROUP}/{board.id}"
        await played.store.write(leave, played.store, f"chat:{place}")
        assert (await played.session()).place == Chat("chat", GROUP, group=True)
        await played.says("小明", "一座石桥")
        await played.paints()
        assert played.last.chat == GROUP
        await finishes(played, 2)


async def test_images_that_an_open_session_draws_on_are_kept(played: Game) -> None:
    await played.says("小明", "一座石桥")
    await played.paints()
    session = await played.session()
    canvas = session.steps[-1].canvas
    assert canvas is not None

    async def wanted(db: Connection) -> set[str]:
        return await played.store.queue.wanted(db, [canvas.sha256])

    assert await played.store.read(wanted) == {canvas.sha256}
    await played.presses("小明", "结束")
    await played.settles()
    assert await played.store.read(wanted) == set()


# ── the process ──────────────────────────────────────────────────────────────────────────────


async def kept_of(played: Game) -> tuple[list[dict[str, object]], Session]:
    history = await played.store.read(played.store.sessions.turns, 1)
    return history, await played.session()


SCRIPT = (
    ("says", "小明", "/开局 接龙 江南，3 棒"),
    ("presses", "小红", "加入"),
    ("says", "小明", "一座石桥"),
    ("paints",),
    ("answers", "小红", "桥下小船"),
    ("paints",),
    ("shows_boards",),
    ("presses", "小红", "撤回"),
    ("presses", "小明", "撤回"),
    ("presses", "小红", "跳过"),
    ("later", 130.0),
    ("presses", "小明", "暂停"),
    ("shows_boards",),
    ("later", 500.0),
    ("presses", "小明", "继续"),
    ("shows_boards",),
    ("answers", "小红", "岸边有柳"),
    ("paints",),
    ("says", "小明", "/跳过"),
    ("answers", "小红", "船上有灯"),
    ("paints",),
    ("shows_boards",),
)


async def does(played: Game, step: tuple[object, ...]) -> None:
    what, *of = step
    if what == "answers":
        of.append(played.board)
    await getattr(played, str(what))(*of)


async def test_killed_after_every_step_it_ends_as_if_it_never_was(tmp_path: Path) -> None:
    async with game(tmp_path / "whole") as played:
        for step in SCRIPT:
            await does(played, step)
        wanted, said = await kept_of(played), told(played)
    first = await one_step_at_a_time(tmp_path / "parts")
    history, session, texts = first
    assert texts == said
    assert [line["turn"] for line in history] == [line["turn"] for line in wanted[0]]
    assert unstamped(session) == unstamped(wanted[1])


def told(played: Game) -> list[str]:
    return [one.text for one in played.chat.messages.values()]


def unstamped(session: Session) -> Session:
    """Return a session without what the numbers of messages and seeds make of it."""
    steps = tuple(replace(one, message="", canvas=None) for one in session.steps)
    return replace(session, steps=steps, opening="", request=replace(session.request, seed=None))


async def one_step_at_a_time(folder: Path) -> tuple[list[dict[str, object]], Session, list[str]]:
    """Play, and end the studio after each step."""
    clock = Hand()
    chat = StrictChat(clock, LIMITS)
    for step in SCRIPT:
        async with game(folder, chat=chat, clock=clock) as played:
            await does(played, step)
    async with game(folder, chat=chat, clock=clock) as played:
        return *(await kept_of(played)), told(played)


async def test_sessions_of_two_kinds_are_played_side_by_side(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 接龙 江南，2 棒")
        relay = played.board
        await played.says("小明", "/开局 长卷 塞北，2 段")
        scroll = played.board
        assert relay.id != scroll.id
        await played.answers("小明", "一匹马", scroll)
        await played.paints()
        await played.answers("小明", "一座石桥", relay)
        await played.paints()
        assert [one.words for one in (await played.session(1)).steps] == ["一座石桥"]
        assert [one.words for one in (await played.session(2)).steps] == ["一匹马"]
        for board in (relay, scroll):
            await played.answers("小明", "一轮月", board)
            await played.paints()
        assert [(await played.session(id_)).phase for id_ in (1, 2)] == ["closed", "closed"]
        await looks_after_boards(played)


async def test_where_the_disk_is_full_the_turn_is_still_theirs(tmp_path: Path) -> None:
    full = QueueConfig(min_free_mb=10**9)
    async with game(tmp_path, queue=full) as played:
        await opened(played)
        before = await played.session()
        await played.says("小明", "一座石桥")
        assert played.last.text.startswith("磁盘快满了")
        after = await played.session()
        assert (after.pending, after.pictures, after.timers) == ((), 0, before.timers)
        chat, clock = played.chat, played.clock
    async with game(tmp_path, chat=chat, clock=clock) as played:
        await finishes(played)


async def test_a_board_is_not_edited_again_and_again_where_nothing_may_be_said(
    played: Game,
) -> None:
    await looks_after_boards(played)
    played.chat.edit_errors = [NotSent("no right", refused=True)] * 100
    await played.says("小刚", "/加入")
    for _ in range(60):
        played.clock.now += 1.0
        await played.boards.refresh()
    assert 100 - len(played.chat.edit_errors) <= 5
    played.chat.edit_errors.clear()
    played.clock.now += 15.0
    await looks_after_boards(played)
    assert "小刚" in played.board.text
    await finishes(played)


async def test_a_chat_that_turns_out_to_have_moved_is_followed(played: Game) -> None:
    await played.says("小明", "一座石桥")
    played.chat.moved[GROUP] = "群新"
    await played.paints()
    await looks_after_boards(played)
    assert (await played.session()).place == Chat("chat", "群新", group=True)
    assert played.board.chat == "群新"
    assert any(
        one.chat == "群新" and "第 1 棒 小明：一座石桥" in one.text
        for one in played.chat.messages.values()
    )
    await played.says("小红", "桥下小船", "群新")
    await played.paints()
    assert len((await played.session()).steps) == 2


async def test_a_session_that_ends_while_nobody_hears_it_hangs_when_they_do(played: Game) -> None:
    for name, words in (("小明", "一座石桥"), ("小红", "桥下小船")):
        await played.says(name, words)
        await played.paints()
    await played.says("小明", "/结束")
    await played.store.write(leave, played.store, f"chat:{GROUP}")
    played.chat.gone.add(GROUP)
    await played.settles()
    assert (await played.session()).phase == "closing"
    played.chat.gone.clear()
    await played.murmurs("小红", "在吗")
    await played.settles()
    assert (await played.session()).phase == "closed"
    assert played.last.buttons[0].label == "🔁 再来一局"
