"""What group sessions need of Discord: pins, threads, what moves, what is said to nobody."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from adapters.discord.file import are_all, files_of
from adapters.discord.inbound import Ears
from adapters.discord.place import Place
from bot.action import Action, Verb
from bot.errors import NotSent
from bot.event import Chat, Message
from bot.reply import Button, Delivery, Edit, Plate, Reply
from tests.adapters.test_discord_inbound import BOT, QING, WANG, event, heard, said
from tests.discord_api.channel import Channel
from tests.discord_api.fault import ApiError, CloudflarePage, Fault, ServerError
from tests.discord_api.message import Message as TheirMessage
from tests.flow.discord_stage import Stage, stage

NAME = "5f1d7a84db00d2fce00b31a7fc73224c"
PIN = "PUT /channels/{channel_id}/messages/pins/{message_id}"
THREAD = "POST /channels/{channel_id}/messages/{message_id}/threads"
ROW = ((Button("跳过", Action(Verb.SHOW, 1)), Button("结束", Action(Verb.SHOW, 2))),)
TOO_LARGE = "图太大了，这里发不出来"


def a_gif(folder: Path, size: tuple[int, int] = (64, 48)) -> Plate:
    path = folder / f"{NAME}.gif"
    frames = [Image.new("P", size, colour) for colour in (1, 9, 17)]
    frames[0].save(path, "GIF", save_all=True, append_images=frames[1:], duration=200, loop=0)
    return Plate(path=path, width=size[0], height=size[1])


def chat_of(channel: Channel) -> Chat:
    return Chat("discord", str(channel.id), group=not channel.is_direct)


async def sent(play: Stage, where: Channel, reply: Reply, id_: int = 1) -> TheirMessage:
    """Have a reply sent, and return it as it is there."""
    (told,) = await play.adapter.send(Delivery(id=id_, chat=chat_of(where), reply=reply))
    number = Place.read(told.id).message
    return next(one for one in play.discord.said(where) if one.id == number)


def has_room(play: Stage, where: Channel, size: int) -> None:
    """Have it known how large a file may be in a channel, as an interaction tells."""
    play.adapter._wire.has_room(str(where.id), size)  # pyright: ignore[reportPrivateUsage]


def a_hall(play: Stage) -> Channel:
    return play.discord.server("画友会", play.discord.person("阿青")).channel("画画")


# ── pins ────────────────────────────────────────────────────────────────────────────────────


async def test_a_message_is_kept_in_sight_and_no_more(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        hall = a_hall(play)
        assert hall.guild is not None
        hall.guild.grant("PIN_MESSAGES")
        board = await sent(play, hall, Reply(text="接龙开始了"))
        for on in (True, True, False, False):
            await play.adapter.pin(chat_of(hall), str(board.id), on=on)
            assert board.pinned is on
        assert len([one for one in play.discord.said(hall) if one.kind == 6]) == 1
        play.discord.world.remove(board)
        await play.adapter.pin(chat_of(hall), str(board.id), on=False)


async def test_what_cannot_be_kept_in_sight_is_hopeless(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        hall = a_hall(play)
        board = await sent(play, hall, Reply(text="接龙开始了"))
        told = [await refused(play, hall, board)]
        for fault in (ApiError(403, 50001), ApiError(400, 30003), ApiError(404, 10008)):
            play.discord.fail_next(PIN, fault)
            told.append(await refused(play, hall, board))
        for error in told:
            assert (error.hopeless, error.refused, error.final) == (True, True, False)
            assert error.arrived is False
        with pytest.raises(NotSent) as caught:
            await play.adapter.pin(chat_of(hall), "", on=True)
        assert caught.value.hopeless


@pytest.mark.parametrize(
    ("fault", "waits"),
    [(CloudflarePage(1), True), (ServerError(503), False)],
    ids=lambda one: type(one).__name__,
)
async def test_what_may_be_kept_in_sight_later_says_so(
    tmp_path: Path,
    fault: Fault,
    waits: bool,  # noqa: FBT001
) -> None:
    async with stage(tmp_path) as play:
        hall = a_hall(play)
        board = await sent(play, hall, Reply(text="接龙开始了"))
        play.discord.fail_next(PIN, fault)
        error = await refused(play, hall, board)
        assert not error.hopeless
        assert (error.retry_after_s is not None) is waits


async def refused(play: Stage, hall: Channel, board: TheirMessage) -> NotSent:
    with pytest.raises(NotSent) as caught:
        await play.adapter.pin(chat_of(hall), str(board.id), on=True)
    return caught.value


# ── threads ─────────────────────────────────────────────────────────────────────────────────


async def test_a_thread_is_opened_under_a_message_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        hall = a_hall(play)
        board = await sent(play, hall, Reply(text="接龙开始了"))
        place = await play.adapter.branch(chat_of(hall), str(board.id), f"接龙\n{'江南烟雨' * 40}")
        assert place == Chat("discord", str(board.id), group=True)
        thread = play.discord.world.channels[board.id]
        assert (thread.name[:6], len(thread.name), thread.lasts_minutes) == (
            "接龙 江南烟",
            100,
            1440,
        )
        assert await play.adapter.branch(chat_of(hall), str(board.id), "再来") == place


async def test_where_there_are_none_none_is_opened(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = play.discord.server("画友会", qing).channel("画画")
        thread = hall.thread("闲聊")
        inside = await sent(play, thread, Reply(text="接龙"))
        alone = await sent(play, qing.direct, Reply(text="接龙"), 2)
        gone = await sent(play, hall, Reply(text="接龙"), 3)
        play.discord.world.remove(gone)
        hall.forbid("CREATE_PUBLIC_THREADS")
        board = await sent(play, hall, Reply(text="接龙"), 4)
        for where, message in ((thread, inside), (qing.direct, alone), (hall, gone), (hall, board)):
            assert await play.adapter.branch(chat_of(where), str(message.id), "接龙") is None
        hall.allow("CREATE_PUBLIC_THREADS")
        play.discord.fail_next(THREAD, ApiError(403, 50001))
        assert await play.adapter.branch(chat_of(hall), str(board.id), "接龙") is None
        play.discord.fail_next(THREAD, CloudflarePage(1))
        with pytest.raises(NotSent):
            await play.adapter.branch(chat_of(hall), str(board.id), "接龙")


async def test_what_is_said_in_a_thread_of_ours_is_a_place_of_its_own(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = play.discord.server("画友会", qing).channel("画画")
        asked = qing.says(hall, "画一只猫", mentions=[play.discord.bot])
        board = await play.shows(await play.answer_to(asked), "画好了 #1")
        place = await play.adapter.branch(chat_of(hall), str(board.id), "接龙")
        assert place is not None
        thread = play.discord.world.channels[int(place.id)]
        there = qing.says(thread, "画一条鱼", mentions=[play.discord.bot])
        await play.shows(await play.answer_to(there), "画好了 #2")
        assert [one.kind for one in play.discord.messages(thread)][:1] == [21]
        assert len(play.discord.said(thread)) == 2  # the note and one answer


async def test_what_answers_a_message_of_another_channel_answers_none(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = play.discord.server("画友会", qing).channel("画画")
        asked = qing.says(hall, "你好")
        board = await sent(play, hall, Reply(text="接龙"))
        place = await play.adapter.branch(chat_of(hall), str(board.id), "接龙")
        assert place is not None
        thread = play.discord.world.channels[int(place.id)]
        for id_, to in enumerate((str(asked.id), str(board.id), "12345"), 2):
            told = await sent(play, thread, Reply(text=f"第 {id_} 棒", to=to), id_)
            assert told.reply_to is None


async def test_what_a_command_began_elsewhere_is_said_in_the_thread(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = play.discord.server("画友会", qing).channel("画画")
        used = qing.commands(hall, "队列")
        mine = await play.answer_to(used)
        thread = hall.thread("接龙")
        to = Place(interaction=used.id, kind="c", token=used.token).pack()
        told = await sent(play, thread, Reply(text="第 1 棒", to=to), 900)
        assert (told.content, told.channel) == ("第 1 棒", thread)
        assert "第 1 棒" not in mine.content


async def test_what_is_said_in_a_thread_that_was_put_away_brings_it_back(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        hall = a_hall(play)
        thread = hall.thread("接龙")
        thread.archive()
        await sent(play, thread, Reply(text="第 1 棒"))
        assert not thread.archived


# ── what moves ──────────────────────────────────────────────────────────────────────────────


async def test_what_moves_is_a_file_with_its_suffix(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        hall, plate = a_hall(play), a_gif(tmp_path)
        message = await sent(play, hall, Reply(text="长卷", plate=plate, buttons=ROW))
        (file,) = message.attachments
        assert (file.filename, file.data) == (f"danqing-{NAME[:12]}.gif", plate.path.read_bytes())
        assert (file.mime, message.content) == ("image/gif", "长卷（AI生成）")


@pytest.mark.parametrize("known", [True, False])
async def test_what_moves_and_is_too_large_is_left_out_and_that_is_said(
    tmp_path: Path,
    known: bool,  # noqa: FBT001
) -> None:
    async with stage(tmp_path) as play:
        hall, plate = a_hall(play), a_gif(tmp_path)
        if known:
            has_room(play, hall, plate.path.stat().st_size - 1)
        else:
            play.discord.fail_next("POST /channels/{channel_id}/messages", ApiError(413, 40005))
        message = await sent(play, hall, Reply(text="长卷" * 995, plate=plate, buttons=ROW), 7)
        assert message.attachments == []
        assert message.content.endswith(TOO_LARGE)
        assert message.buttons == ["跳过", "结束"]
        assert sum(one.content.count(TOO_LARGE) for one in play.discord.said(hall)) == 1


async def test_a_board_too_says_what_is_too_large(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        hall, plate = a_hall(play), a_gif(tmp_path)
        board = await sent(play, hall, Reply(text="接龙"))
        has_room(play, hall, plate.path.stat().st_size - 1)
        await play.adapter.edit(edit_of(hall, board, Reply(text="完", plate=plate)))
        assert (board.content, board.attachments) == (f"完（AI生成）\n{TOO_LARGE}", [])
        has_room(play, hall, plate.path.stat().st_size)
        await play.adapter.edit(edit_of(hall, board, Reply(text="完", plate=plate)))
        assert (board.content, len(board.attachments)) == ("完（AI生成）", 1)


def test_a_scroll_that_is_too_long_for_a_lighter_file_is_made_shorter_or_left_out(
    tmp_path: Path,
) -> None:
    path = tmp_path / f"{NAME}.png"
    noise = Image.effect_noise((20_000, 64), 90).convert("RGB")  # with no label on it
    noise.save(path)
    plate = Plate(path=path, width=20_000, height=64)
    reply = Reply(text="", plate=plate)
    assert are_all(files_of(reply), reply)
    assert files_of(reply, path.stat().st_size // 2) == []


# ── a board that is edited ──────────────────────────────────────────────────────────────────


async def test_the_board_of_a_session_is_edited_again_and_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        hall = a_hall(play)
        board = await sent(play, hall, Reply(text="第 1 棒"))
        for turn in (2, 3, 3, 4):  # the same may come twice
            reply = Reply(text=f"第 {turn} 棒", buttons=ROW)
            told = await play.adapter.edit(edit_of(hall, board, reply))
            assert [one.id for one in told] == [str(board.id)]
            assert (board.content, board.buttons) == (f"第 {turn} 棒", ["跳过", "结束"])
        await play.adapter.edit(edit_of(hall, board, Reply(text="长" * 3000)))
        assert (len(board.content), board.buttons) == (2000, [])


def edit_of(hall: Channel, board: TheirMessage, reply: Reply) -> Edit:
    return Edit(message=str(board.id), chat=chat_of(hall), reply=reply, job_id=None)


# ── what is said to nobody in particular ────────────────────────────────────────────────────


def test_guesses_come_whole_from_channels_and_threads() -> None:
    his: dict[str, Any] = {
        "id": "19",
        "channel_id": "6",
        "author": WANG,
        "content": "看",
        "attachments": [],
    }
    found = heard(
        said("<@8> 我猜是桥", channel_id="6", type=19, referenced_message=his, mentions=[WANG])
    )
    assert (found.text, found.to_me, found.reply_to) == ("@wang 我猜是桥", False, "19")
    assert (found.chat, found.user.name) == (Chat("discord", "6", group=True), "阿青")
    assert found.replied is not None
    assert (found.replied.name, [one.name for one in found.mentions]) == ("wang", ["wang"])
    assert found.topic == ""
    assert heard(said("桥")).to_me is False
    assert heard(said("桥", type=19, referenced_message=his | {"author": BOT})).to_me is True


@pytest.mark.parametrize(
    ("type_", "more"),
    [
        *(("MESSAGE_CREATE", {"type": kind}) for kind in (3, 4, 6, 7, 8, 18, 20, 21, 23)),
        ("MESSAGE_CREATE", {"content": "", "sticker_items": [{"id": "1", "name": "哈"}]}),
        ("MESSAGE_CREATE", {"author": BOT}),
        ("MESSAGE_CREATE", {"author": QING | {"bot": True}}),
        ("MESSAGE_CREATE", {"webhook_id": "9"}),
        ("MESSAGE_UPDATE", {}),
        ("THREAD_CREATE", {}),
        ("CHANNEL_PINS_UPDATE", {}),
    ],
)  # fmt: skip
def test_notes_stickers_edits_and_bots_are_no_guesses(type_: str, more: dict[str, object]) -> None:
    assert event(type_, said("桥") | more) is None


def test_who_is_not_served_is_not_listened_to() -> None:
    only = Ears(users=frozenset([int(QING["id"])]))
    assert event("MESSAGE_CREATE", said("桥", author=WANG), only) is None
    assert isinstance(event("MESSAGE_CREATE", said("桥"), only), Message)
