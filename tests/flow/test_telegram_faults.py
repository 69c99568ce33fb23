"""What goes wrong between the studio and Telegram, and what becomes of it: docs/telegram.md."""

import time
from pathlib import Path

import pytest

from bot.job import State
from tests.flow.stage import Stage, running, stage
from tests.telegram_api.fault import (
    BadRequest,
    Fault,
    Forbidden,
    Garbage,
    Hang,
    Reset,
    ResetAfter,
    RetryAfter,
    ServerError,
)
from tests.telegram_api.message import Message
from tests.telegram_api.person import Person
from tests.telegram_api.server import fake_telegram

REPEATED = "补发"


async def drawn(play: Stage, qing: Person, words: str = "画一只猫") -> Message:
    """Somebody has a picture drawn in private; returns the message that shows it."""
    said = qing.says(qing.private, words)
    mine = await play.answer_to(said)
    return await play.shows(mine, "画好了")


async def test_a_429_silences_its_own_chat_only_and_order_is_kept(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing, wang = play.telegram.person("阿青"), play.telegram.person("老王")
        play.telegram.fail_next("sendMessage", RetryAfter(2), chat=qing.private)
        began = time.monotonic()
        first, second = (qing.says(qing.private, f"/帮助{n}") for n in ("", "吗"))
        his = await play.answer_to(wang.says(wang.private, "/帮助"))
        assert his.text
        assert time.monotonic() - began < 1.5
        one, two = await play.answer_to(first), await play.answer_to(second)
        assert time.monotonic() - began >= 2.0
        assert one.id < two.id
        assert REPEATED not in one.text


async def test_a_429_everywhere_loses_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        people = [play.telegram.person(f"人{n}") for n in range(5)]
        play.telegram.flood_all(2)
        said = [person.says(person.private, "画一只猫") for person in people]
        for one in said:
            mine = await play.answer_to(one)
            await play.shows(mine, "画好了")
            assert REPEATED not in mine.text
        assert [len(play.telegram.said(person.private)) for person in people] == [1] * 5


@pytest.mark.parametrize("fault", [ServerError(), ResetAfter(), Garbage()], ids=str)
async def test_where_nobody_knows_whether_words_arrived_they_are_said_once_more_and_marked(
    tmp_path: Path, fault: Fault
) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        play.telegram.fail_next("sendMessage", fault)
        said = qing.says(qing.private, "/额度")
        again = await play.answer_to(said, REPEATED)
        arrived = [m for m in play.telegram.said(qing.private) if m is not again]
        assert len(arrived) == (0 if isinstance(fault, ServerError) else 1)


@pytest.mark.parametrize("fault", [ServerError(), ResetAfter(), Reset(), Garbage()], ids=str)
async def test_a_result_that_is_edited_in_is_never_seen_twice(tmp_path: Path, fault: Fault) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        play.telegram.fail_next("editMessageMedia", fault)
        mine = await drawn(play, qing)
        await play.until(1, State.DELIVERED)
        assert REPEATED not in mine.text
        assert len(mine.photos) == 1
        assert len(play.telegram.said(qing.private)) == 1


async def test_an_album_of_which_nobody_knows_comes_once_more_and_says_so(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        play.telegram.fail_next("sendMediaGroup", ResetAfter())
        qing.says(qing.private, "画两只猫，两张")
        await play.in_chat(qing.private, REPEATED)
        albums = [m for m in play.telegram.said(qing.private) if m.album and m.text]
        assert [REPEATED in m.text for m in albums] == [False, True]


async def test_the_buttons_of_an_album_come_after_a_429_without_another_album(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        said = qing.says(qing.private, "画两只猫，两张")
        await play.answer_to(said, "收到")
        play.telegram.fail_next("sendMessage", RetryAfter(1))
        await play.in_chat(qing.private, "想对哪一张做什么？")
        assert len([m for m in play.telegram.said(qing.private) if m.album]) == 2


async def test_a_server_that_is_away_is_waited_for(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        play.engine.gate.clear()
        mine = await play.answer_to(qing.says(qing.private, "画一只猫"))
        await play.telegram.goes_down()
        play.engine.gate.set()
        await play.until(1, State.DRAWN)
        await play.telegram.comes_up()
        await play.shows(mine, "画好了 #1")
        assert REPEATED not in mine.text
        again = await play.answer_to(qing.says(qing.private, "画一条鱼"))
        await play.shows(again, "画好了 #2")


async def test_who_blocks_it_is_left_alone_and_welcome_back(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        play.engine.gate.clear()
        await play.answer_to(qing.says(qing.private, "画一只猫"))
        await play.answer_to(qing.says(qing.private, "画一条鱼"))
        qing.blocks()
        await play.until(1, State.CANCELLED)
        await play.until(2, State.CANCELLED)
        play.engine.gate.set()
        qing.unblocks()
        await play.shows(await play.answer_to(qing.says(qing.private, "画一座山")), "画好了 #3")


@pytest.mark.parametrize(
    "fault",
    [Forbidden("bot was kicked from the supergroup chat"), BadRequest("chat not found")],
    ids=str,
)
async def test_a_chat_that_is_gone_is_given_up_and_others_go_on(
    tmp_path: Path, fault: Fault
) -> None:
    async with stage(tmp_path) as play:
        qing, wang = play.telegram.person("阿青"), play.telegram.person("老王")
        group = play.telegram.group("画友群", qing)
        play.telegram.fail_next("editMessageMedia", fault, chat=group)
        await play.answer_to(qing.says(group, "/draw 一只猫"))
        await play.until(1, State.FAILED)
        await drawn(play, wang)


async def test_a_group_that_becomes_a_supergroup_goes_on_there(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        old = play.telegram.group("画友群", qing, upgradable=True)
        mine = await play.answer_to(qing.says(old, "/draw 一只猫"))
        await play.shows(mine, "画好了 #1")
        play.engine.gate.clear()
        await play.answer_to(qing.says(old, "/draw 一条鱼"))
        new = play.telegram.upgrade(old)
        play.engine.gate.set()
        result = await play.in_chat(new, "画好了 #2：一条鱼")
        assert len(result.photos) == 1
        await play.answer_to(qing.says(new, "/gallery@danqing_bot"), "1 · 一只猫")


async def test_where_no_photos_may_be_sent_words_and_a_way_to_them_are(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        group = play.telegram.group("画友群", qing)
        group.statuses[play.telegram.bot_id] = "member"
        group.forbids.add("photos")
        play.telegram.fail_next(
            "editMessageMedia", BadRequest("not enough rights to send photos to the chat")
        )
        await play.answer_to(qing.says(group, "/draw 一只猫"))
        told = await play.in_chat(group, "这里不让我发图片")
        url = told.keyboard[0][0]["url"]
        payload = str(url).partition("?start=")[2]
        assert len((await play.answer_to(qing.starts(payload))).photos) == 1


async def test_a_topic_that_is_gone_costs_no_answer(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        group = play.telegram.group("画友群", qing, topics=("画画",))
        play.engine.gate.clear()
        said = qing.says(group, "/draw 两只猫，两张", topic=group.topics["画画"])
        await play.answer_to(said, "收到")
        qing.deletes(said)
        del group.topics["画画"]
        play.engine.gate.set()
        await play.in_chat(group, "想对哪一张做什么？")


async def test_a_closed_topic_is_tried_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        group = play.telegram.group("画友群", qing, topics=("画画",))
        topic = group.topics["画画"]
        topic.closed = True
        said = qing.says(group, "/draw 一只猫", topic=topic)
        await play.telegram.until(
            lambda: any("TOPIC" in c.description for c in play.telegram.calls)
        )
        topic.closed = False
        await play.answer_to(said, "一只猫")


async def test_a_result_whose_message_was_deleted_is_a_message_of_its_own(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        play.engine.gate.clear()
        said = qing.says(qing.private, "画一只猫")
        qing.deletes(await play.answer_to(said))
        qing.deletes(said)
        play.engine.gate.set()
        result = await play.in_chat(qing.private, "画好了 #1")
        assert len(result.photos) == 1
        assert result.reply_to is None


async def test_a_file_that_is_too_large_or_gone_is_said_to_be(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        large = qing.sends_file(
            qing.private, b"\x89PNG" + bytes(21 << 20), "a.png", "image/png", "画"
        )
        assert "20 MB" in (await play.answer_to(large)).text
        play.telegram.fail_next("getFile", BadRequest("wrong file_id or the file is unavailable"))
        gone = qing.sends_file(qing.private, b"\x89PNG", "a.png", "image/png", "画成水墨")
        assert (await play.answer_to(gone)).text == "这张图已经取不到了，请再发一次"
        broken = qing.sends_file(qing.private, b"\x89PNG no", "a.png", "image/png", "画成水墨")
        assert "不是能用的图片" in (await play.answer_to(broken)).text


async def test_a_press_that_has_waited_too_long_is_answered_in_words(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        mine = await drawn(play, qing)
        play.telegram.world.query_life_s = -1.0
        qing.presses("⭐ 收藏", mine)
        await play.in_chat(qing.private, "已收藏编号 1")


async def test_updates_that_come_again_or_in_disorder_are_answered_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        world = play.telegram.world
        world.updates.disordered = True
        said = [qing.says(qing.private, f"画{n}只猫") for n in (2, 3)]
        before = list(world.updates.pending)
        for one in said:
            await play.shows(await play.answer_to(one), "画好了")
        play.telegram.redeliver(*before)
        await play.shows(await play.answer_to(qing.says(qing.private, "画一条鱼")), "画好了 #3")
        assert len(play.telegram.said(qing.private)) == 3


async def test_after_a_week_of_silence_ids_may_be_lower(tmp_path: Path) -> None:
    async with fake_telegram() as telegram:
        qing = telegram.person("阿青")
        async with running(tmp_path, telegram, {"poll_s": 1}) as play:
            await drawn(play, qing)
            asked = len(telegram.calls)
            await telegram.until(
                lambda: any(
                    c.method == "getUpdates" and "offset" not in c.params
                    for c in telegram.calls[asked:]
                )
            )
            telegram.after_a_week(lower=True)
            await drawn(play, qing, "画一条鱼")


async def test_a_hundred_updates_at_once_are_all_answered(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        people = [play.telegram.person(f"人{n}") for n in range(100)]
        said = [person.says(person.private, "/额度") for person in people]
        for one in said:
            await play.answer_to(one)
        assert [len(play.telegram.said(person.private)) for person in people] == [1] * 100


async def test_a_second_poller_is_told_of_and_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with fake_telegram() as telegram:
        qing = telegram.person("阿青")
        async with running(tmp_path / "one", telegram) as play:
            await drawn(play, qing)
            assert play.adapter.connected
            async with running(tmp_path / "two", telegram) as other:
                await telegram.until(lambda: _told_of_another(caplog))
                assert not (play.adapter.connected and other.adapter.connected)
            await telegram.until(lambda: play.adapter.connected)
            await drawn(play, qing, "画一条鱼")


async def test_a_send_that_hangs_holds_up_no_other_chat(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing, wang = play.telegram.person("阿青"), play.telegram.person("老王")
        play.telegram.fail_next("sendMessage", Hang(), chat=qing.private)
        qing.says(qing.private, "/额度")
        await drawn(play, wang)
        play.telegram.world.faults.release()
        await play.in_chat(qing.private, REPEATED)


def _told_of_another(caplog: pytest.LogCaptureFixture) -> bool:
    words = ("asks for this bot's updates", "也在用这个令牌")
    return any(word in record.message for record in caplog.records for word in words)
