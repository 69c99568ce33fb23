"""What group sessions need of Telegram: pins, topics, what moves, what is said to nobody."""

from pathlib import Path

import pytest
from PIL import Image

from adapters.telegram.inbound import Ears, kept, to_event
from adapters.telegram.place import Place
from bot.action import Action, Verb
from bot.errors import MessageGone, NotSent
from bot.event import Chat, Message
from bot.reply import Button, Delivery, Edit, Plate, Reply
from tests.adapters.test_telegram_inbound import ME, Recorder
from tests.flow.stage import Stage, stage
from tests.telegram_api.chat import Chat as TheirChat
from tests.telegram_api.fault import BadRequest, Fault, Forbidden, HangBefore, Reset, RetryAfter
from tests.telegram_api.message import Message as TheirMessage

NAME = "5f1d7a84db00d2fce00b31a7fc73224c"


def a_gif(folder: Path, size: tuple[int, int] = (64, 48)) -> Plate:
    path = folder / f"{NAME}.gif"
    frames = [Image.new("P", size, colour) for colour in (1, 9, 17)]
    frames[0].save(path, "GIF", save_all=True, append_images=frames[1:], duration=200, loop=0)
    return Plate(path=path, width=size[0], height=size[1])


def a_png(folder: Path, size: tuple[int, int] = (64, 48)) -> Plate:
    path = folder / f"{NAME}.png"
    Image.new("RGB", size, "teal").save(path)
    return Plate(path=path, width=size[0], height=size[1])


def chat_of(chat: TheirChat) -> Chat:
    return Chat("telegram", str(chat.id), group=not chat.private)


async def sent(play: Stage, where: TheirChat, reply: Reply, id_: int = 1) -> list[TheirMessage]:
    """Have a reply sent, and return what is there of it."""
    await play.telegram.until(lambda: play.adapter.connected)
    told = await play.adapter.send(Delivery(id=id_, chat=chat_of(where), reply=reply))
    there = {_place(message): message for message in play.telegram.said(where)}
    return [there[one.id] for one in told]


def _place(message: TheirMessage) -> str:
    topic = message.topic
    return Place(message=message.id, topic=None if topic is None else topic.id).pack()


# ── pins ────────────────────────────────────────────────────────────────────────────────────


async def test_a_message_is_kept_in_sight_and_no_more(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        group = play.telegram.group("画友群", qing)
        qing.promotes_bot(group)
        (board,) = await sent(play, group, Reply(text="接龙开始了"))
        for on, pinned in ((True, [board]), (True, [board]), (False, []), (False, [])):
            await play.adapter.pin(chat_of(group), str(board.id), on=on)
            assert group.pinned == pinned
        calls = [call for call in play.telegram.calls if call.method == "pinChatMessage"]
        assert all(str(call.params["disable_notification"]).lower() == "true" for call in calls)
        await sent(play, group, Reply(text="还在"), 2)  # that it was pinned was no event
        assert [m.text for m in play.telegram.said(group) if m.text] == ["接龙开始了", "还在"]


async def test_in_a_topic_and_in_private_too(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        group = play.telegram.group("画友群", qing, topics=("画画",))
        qing.promotes_bot(group)
        topic = group.topics["画画"]
        (board,) = await sent(play, group, Reply(text="接龙", to=f"@{topic.id}"))
        assert (board.topic, board.reply_to) == (topic, None)
        await play.adapter.pin(chat_of(group), _place(board), on=True)
        qing.starts()
        (alone,) = await sent(play, qing.private, Reply(text="接龙"), 2)
        await play.adapter.pin(chat_of(qing.private), str(alone.id), on=True)
        assert (group.pinned, qing.private.pinned) == ([board], [alone])


async def test_what_cannot_be_kept_in_sight_is_hopeless(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        group = play.telegram.group("画友群", qing)
        (board,) = await sent(play, group, Reply(text="接龙开始了"))
        told = [await refused(play, group, board)]
        qing.promotes_bot(group)
        group.bot_may_pin = False
        told.append(await refused(play, group, board))
        group.bot_may_pin = True
        qing.deletes(board)
        told.append(await refused(play, group, board))
        play.telegram.fail_next("pinChatMessage", BadRequest("CHAT_ADMIN_REQUIRED"))
        told.append(await refused(play, group, board))
        for error in told:
            assert (error.hopeless, error.refused, error.arrived, error.final) == (
                *(True, True, False, False),
            )
        await play.adapter.pin(chat_of(group), str(board.id), on=False)  # it is gone: not in sight
        inline = Place(inline="AAB_-x").pack()
        with pytest.raises(NotSent) as caught:
            await play.adapter.pin(chat_of(group), inline, on=True)
        assert caught.value.hopeless


@pytest.mark.parametrize(
    ("fault", "retry_after_s", "arrived", "final"),
    [
        (RetryAfter(7), 7.0, False, False),
        (Reset(), None, None, False),
        (HangBefore(), None, None, False),
        (Forbidden("bot was kicked from the supergroup chat"), None, False, True),
    ],
)
async def test_what_may_be_kept_in_sight_later_says_so(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    retry_after_s: float | None,
    arrived: bool | None,  # noqa: FBT001
    final: bool,  # noqa: FBT001
) -> None:
    monkeypatch.setattr("adapters.telegram.wire.READ_S", 0.5)
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        group = play.telegram.group("画友群", qing)
        qing.promotes_bot(group)
        (board,) = await sent(play, group, Reply(text="接龙开始了"))
        play.telegram.fail_next("pinChatMessage", fault)
        error = await refused(play, group, board)
        assert (error.hopeless, error.retry_after_s) == (False, retry_after_s)
        assert (error.arrived, error.final) == (arrived, final)
        play.telegram.release()


async def test_a_group_has_its_places_already(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        group = play.telegram.group("画友群", play.telegram.person("阿青"))
        assert await play.adapter.branch(chat_of(group), "5", "接龙") is None


async def refused(play: Stage, group: TheirChat, board: TheirMessage) -> NotSent:
    with pytest.raises(NotSent) as caught:
        await play.adapter.pin(chat_of(group), str(board.id), on=True)
    return caught.value


# ── what moves ──────────────────────────────────────────────────────────────────────────────


async def test_what_moves_is_sent_as_such(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        group = play.telegram.group("画友群", qing)
        said = qing.says(group, "/结束")
        row = ((Button("再来", Action(Verb.SHOW, 1)),),)
        plate = a_gif(tmp_path)
        reply = Reply(text="长卷", plate=plate, buttons=row, to=str(said.id))
        (message,) = await sent(play, group, reply)
        assert message.animations == [plate.path.read_bytes()]
        assert (message.text, message.buttons) == ("长卷（AI生成）", ["再来"])
        assert message.filename == f"danqing-{NAME[:12]}.gif"
        assert message.reply_to is said
        call = next(call for call in play.telegram.calls if call.method == "sendAnimation")
        assert (int(call.params["width"]), int(call.params["height"])) == (64, 48)


async def test_whoever_wants_the_file_gets_it_as_it_is(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        qing.starts()
        for number, plate in enumerate((a_gif(tmp_path), a_png(tmp_path)), 1):
            reply = Reply(text="原图", plate=plate, originals=True)
            (message,) = await sent(play, qing.private, reply, number)
            assert message.documents == [plate.path.read_bytes()]
            assert message.filename == f"danqing-{NAME[:12]}{plate.path.suffix}"


async def test_a_long_scroll_is_a_file_and_a_short_one_a_photo(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        qing.starts()
        (long,) = await sent(play, qing.private, Reply(text="", plate=a_png(tmp_path, (2100, 100))))
        (short,) = await sent(play, qing.private, Reply(text="", plate=a_png(tmp_path)), 2)
        assert (len(long.documents), len(short.photos)) == (1, 1)


async def test_words_that_are_too_long_for_what_moves_come_after_it(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        qing.starts()
        row = ((Button("再来", Action(Verb.SHOW, 1)),),)
        reply = Reply(text="山" * 1500, plate=a_gif(tmp_path), buttons=row)
        moving, words = await sent(play, qing.private, reply)
        assert (len(moving.animations), moving.text, moving.buttons) == (1, "", [])
        assert (words.text[:3], words.buttons) == ("山山山", ["再来"])


async def test_where_nothing_may_move_the_words_say_so(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        group = play.telegram.group("画友群", qing)
        play.telegram.forbid(group, "animations")
        row = ((Button("再来", Action(Verb.SHOW, 1)),),)
        (message,) = await sent(play, group, Reply(text="长卷", plate=a_gif(tmp_path), buttons=row))
        assert "请管理员放开发图权限" in message.text
        assert message.buttons == ["再来"]


async def test_what_telegram_cannot_show_moving_goes_as_a_file(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        qing.starts()
        play.telegram.fail_next("sendAnimation", BadRequest("IMAGE_PROCESS_FAILED"))
        (message,) = await sent(play, qing.private, Reply(text="长卷", plate=a_gif(tmp_path)))
        assert (len(message.documents), message.text) == (1, "长卷（AI生成）")


# ── a board that is edited ──────────────────────────────────────────────────────────────────


async def test_the_board_of_a_session_is_edited_again_and_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        group = play.telegram.group("画友群", play.telegram.person("阿青"))
        (board,) = await sent(play, group, Reply(text="第 1 棒"))
        for turn in (2, 3, 3, 4):  # the same may come twice
            row = ((Button("跳过", Action(Verb.SHOW, turn)), Button("结束", Action(Verb.SHOW, 1))),)
            reply = Reply(text=f"第 {turn} 棒", buttons=row)
            told = await play.adapter.edit(edit_of(group, board, reply))
            assert [one.id for one in told] == [str(board.id)]
            assert (board.text, board.buttons) == (f"第 {turn} 棒", ["跳过", "结束"])
        await play.adapter.edit(edit_of(group, board, Reply(text="完")))
        assert (board.text, board.buttons) == ("完", [])


async def test_a_board_with_a_picture_keeps_it_under_other_words(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        group = play.telegram.group("画友群", play.telegram.person("阿青"))
        (board,) = await sent(play, group, Reply(text="第 1 棒"))
        plate = a_png(tmp_path)
        for _ in range(2):
            (told,) = await play.adapter.edit(edit_of(group, board, Reply(text="画", plate=plate)))
            assert told.uploads == ()
        assert len(board.photos) == 1
        row = ((Button("跳过", Action(Verb.SHOW, 1)),),)
        for text in ("第 2 棒", "第 2 棒", "长" * 5000):
            await play.adapter.edit(edit_of(group, board, Reply(text=text, buttons=row)))
        assert (len(board.photos), len(board.text), board.buttons) == (1, 1024, ["跳过"])
        # what it bears nobody knows before
        assert set(play.telegram.refused) == {
            "editMessageText: Bad Request: there is no text in the message to edit"
        }
        play.telegram.refused.clear()
        with pytest.raises(MessageGone):
            await play.adapter.edit(edit_of(group, board, Reply(text="", plate=a_gif(tmp_path))))


async def test_a_board_of_many_words_is_cut(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        group = play.telegram.group("画友群", play.telegram.person("阿青"))
        (board,) = await sent(play, group, Reply(text="第 1 棒"))
        await play.adapter.edit(edit_of(group, board, Reply(text="长" * 5000)))
        assert len(board.text) == 4096


def edit_of(group: TheirChat, board: TheirMessage, reply: Reply) -> Edit:
    return Edit(message=str(board.id), chat=chat_of(group), reply=reply, job_id=None)


# ── what is said to nobody in particular ────────────────────────────────────────────────────


def test_what_is_said_in_a_topic_tells_which() -> None:
    play = Recorder()
    group = play.telegram.group("群", play.qing, play.wang, topics=("画画",))
    topic = group.topics["画画"]
    said = play.qing.says(group, "我猜是桥", topic=topic)
    assert (play.message().topic, play.message().text) == (str(topic.id), "我猜是桥")
    assert not play.message().to_me
    play.wang.says(group, "不是吧", to=said)
    assert (play.message().topic, play.message().reply_to) == (
        str(topic.id),
        f"{said.id}@{topic.id}",
    )
    play.qing.says(group, "大厅里的话")
    assert play.message().topic == ""


def test_answers_in_a_group_without_topics_are_in_none() -> None:
    play = Recorder()
    group = play.telegram.group("群", play.qing, play.wang)
    said = play.qing.says(group, "我猜是桥")
    play.wang.says(group, "不是吧", to=said, mentions=[])
    heard = play.message()
    assert (heard.topic, heard.to_me, heard.reply_to) == ("", False, str(said.id))
    assert heard.replied is not None
    assert (heard.replied.name, heard.user.name) == ("阿青", "老王")
    assert "message_thread_id" in play.raw["message"]


def test_guesses_come_whole() -> None:
    play = Recorder()
    group = play.telegram.group("群", play.qing, play.wang)
    play.qing.says(group, "老王 一定知道", mentions=[play.wang])
    heard = play.message()
    assert (heard.text, heard.to_me) == ("老王 一定知道", False)
    assert [one.name for one in heard.mentions] == ["老王"]


def test_stickers_edits_pins_and_bots_are_no_guesses() -> None:
    play = Recorder()
    group = play.telegram.group("群", play.qing)
    said = play.qing.says(group, "桥")
    raw = play.raw
    sticker = {"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1, "type": "regular",
               "is_animated": False, "is_video": False}  # fmt: skip
    for change in (
        {"text": None, "sticker": sticker},
        {"text": None, "pinned_message": said.raw},
        {"from": play.telegram.bot.raw},
        {"from": play.telegram.bot.raw, "text": None, "pinned_message": said.raw},
    ):
        message = {k: v for k, v in (raw["message"] | change).items() if v is not None}
        assert to_event(kept(ME, raw | {"message": message})[1], Ears()) is None, change
    edited = {"update_id": 7, "edited_message": raw["message"]}
    assert to_event(kept(ME, edited)[1], Ears()) is None


def test_who_is_not_served_is_not_listened_to() -> None:
    play = Recorder()
    group = play.telegram.group("群", play.qing, play.wang)
    only = Ears(users=frozenset([play.qing.user.id]))
    play.wang.says(group, "桥")
    assert play.event(only) is None
    play.qing.says(group, "桥")
    assert isinstance(play.event(only), Message)
