"""The fake of Telegram refuses what Telegram refuses: each of its rules bites."""

import asyncio
import json
import os
import re
import signal
import ssl
import sys
import zlib
from base64 import b64encode
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import PIL.Image
import pytest
import telegram.error as errors
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as some
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeChat,
    CopyTextButton,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InlineQueryResultCachedGif,
    InlineQueryResultCachedPhoto,
    InputMediaDocument,
    InputMediaPhoto,
    InputTextMessageContent,
    LinkPreviewOptions,
    MessageEntity,
    ReplyParameters,
)
from telegram.request import HTTPXRequest

from tests.telegram_api.fault import (
    BadRequest,
    Fault,
    Forbidden,
    Garbage,
    Hang,
    HangBefore,
    Reset,
    ResetAfter,
    RetryAfter,
    ServerError,
)
from tests.telegram_api.message import Message
from tests.telegram_api.params import Params, Upload
from tests.telegram_api.person import Person
from tests.telegram_api.refusal import Json, Refusal
from tests.telegram_api.server import FakeTelegram, fake_telegram
from tests.telegram_api.spec import SPEC, Spec
from tests.telegram_api.text import Text, found, parsed, units
from tests.telegram_api.world import TOKEN

ROOT = Path(__file__).parents[2]
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Made once: reading the certificates of the world for each bot takes most of a test's time."""
needs_spec = pytest.mark.skipif(not SPEC.exists(), reason="the description of the API is not here")


class Clock:
    """Stands still until it is put on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def png(width: int = 32, height: int = 24, shade: int = 0) -> bytes:
    file = BytesIO()
    PIL.Image.new("RGB", (width, height), (shade, 128, 255 - shade)).save(file, "PNG")
    return file.getvalue()


def png_head(width: int, height: int) -> bytes:
    """What says how large a picture is, and nothing more."""
    size = b"IHDR" + width.to_bytes(4) + height.to_bytes(4) + b"\x08\x02\x00\x00\x00"
    return png()[:12] + size + zlib.crc32(size).to_bytes(4) + png()[33:]


def heavy(size: int) -> bytes:
    """A picture of so many bytes: what comes behind its end is of no matter."""
    return png() + bytes(size - len(png()))


def keyboard(*labels: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(label, callback_data=f"do:{label}") for label in labels]]
    )


def article(
    id_: str, text: str = "画：猫", mode: str | None = None, *, title: str = "画", **more: Any
) -> InlineQueryResultArticle:
    content = InputTextMessageContent(text, parse_mode=mode)
    return InlineQueryResultArticle(id_, title, content, **more)


async def refused(call: Awaitable[object], words: str) -> None:
    """Have a call refused with a 400 that has some words in it."""
    with pytest.raises(errors.BadRequest) as told:
        await call
    assert words.casefold() in str(told.value).casefold()


async def too_fast(telegram: FakeTelegram, call: Awaitable[object], retry_after: int) -> None:
    """Have a call refused with a 429."""
    with pytest.raises(errors.RetryAfter):
        await call
    words = f"Too Many Requests: retry after {retry_after}"
    assert telegram.calls[-1].description == words


@asynccontextmanager
async def opened(
    clock: Callable[[], float] | None = None, **setting: Any
) -> AsyncGenerator[tuple[FakeTelegram, Bot]]:
    async with (
        fake_telegram(clock, **setting) as telegram,
        bot_at(telegram.token, telegram.base_url, telegram.base_file_url) as bot,
    ):
        yield telegram, bot


def bot_at(token: str, base_url: str, base_file_url: str) -> Bot:
    requests = [HTTPXRequest(httpx_kwargs={"verify": NO_CERTIFICATES}) for _ in range(2)]
    return Bot(
        token,
        base_url=base_url,
        base_file_url=base_file_url,
        request=requests[0],
        get_updates_request=requests[1],
    )


@pytest.fixture
async def opening() -> AsyncGenerator[tuple[FakeTelegram, Bot]]:
    async with opened() as pair:
        yield pair


@pytest.fixture
def telegram(opening: tuple[FakeTelegram, Bot]) -> FakeTelegram:
    return opening[0]


@pytest.fixture
def bot(opening: tuple[FakeTelegram, Bot]) -> Bot:
    return opening[1]


@pytest.fixture
def qing(telegram: FakeTelegram) -> Person:
    """Somebody who has begun to talk with the bot."""
    qing = telegram.person("阿青", username="aqing")
    qing.starts()
    telegram.world.updates.pending.clear()
    return qing


async def raw(telegram: FakeTelegram, method: str, **fields: Any) -> httpx.Response:
    """Call a method with fields that no library would send."""
    async with httpx.AsyncClient(verify=NO_CERTIFICATES, trust_env=False) as client:
        return await client.post(f"{telegram.base_url}{telegram.token}/{method}", json=fields)


async def heard(bot: Bot, **asked: Any) -> list[str]:
    """Return the texts of the messages that wait for the bot."""
    updates = await bot.get_updates(**asked)
    return [str(u.effective_message.text) for u in updates if u.effective_message is not None]


# ── who asks ────────────────────────────────────────────────────────────────────────────────


async def test_the_bot_is_told_who_it_is(bot: Bot) -> None:
    me = await bot.get_me()
    assert (me.username, me.first_name, me.is_bot) == ("danqing_bot", "丹青", True)
    assert me.supports_inline_queries
    assert not me.can_read_all_group_messages
    assert me.has_topics_enabled is False


async def test_a_wrong_token_is_unauthorized_and_one_that_is_none_is_not_found(
    telegram: FakeTelegram,
) -> None:
    async with httpx.AsyncClient(verify=NO_CERTIFICATES, trust_env=False) as client:
        stranger = await client.get(f"{telegram.base_url}{TOKEN[:-1]}1/getMe")
        none = await client.get(f"{telegram.base_url}hello/getMe")
    assert stranger.status_code == 401
    assert stranger.json() == {"ok": False, "error_code": 401, "description": "Unauthorized"}
    assert none.status_code == 404


async def test_a_method_that_the_fake_does_not_have_fails_the_test(telegram: FakeTelegram) -> None:
    answer = await raw(telegram, "sendTelepathy")
    assert answer.status_code == 404
    assert answer.json() == {"ok": False, "error_code": 404, "description": "Not Found"}
    assert telegram.refused == ["sendTelepathy: Not Found"]


async def test_calls_are_kept_with_what_they_asked_and_got(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    await bot.send_message(qing.id, "好", reply_markup=keyboard("取消"))
    await refused(bot.send_message(qing.id, " "), "message text is empty")
    good, no = telegram.calls[-2:]
    assert (good.method, good.chat_id, good.status) == ("sendMessage", qing.id, 200)
    assert good.params["reply_markup"]["inline_keyboard"][0][0]["text"] == "取消"
    assert (no.status, no.description) == (400, "Bad Request: message text is empty")
    assert telegram.refused == ["sendMessage: Bad Request: message text is empty"]


@pytest.mark.parametrize(
    ("kind", "body", "status", "words"),
    [
        ("application/json", b"{", 400, "can't parse the request"),
        ("application/json", b"[1]", 400, "can't parse the request"),
        ("application/json", b'"x"', 400, "can't parse the request"),
        ("application/json", b'{"text": "\xff"}', 400, "strings must be encoded in UTF-8"),
        ("application/json", bytes(81 << 20), 413, "Request Entity Too Large"),
    ],
    ids=["cut", "list", "string", "no UTF-8", "large"],
)
async def test_a_request_that_nobody_can_read_is_refused(
    telegram: FakeTelegram, kind: str, body: bytes, status: int, words: str
) -> None:
    url = f"{telegram.base_url}{telegram.token}/sendMessage"
    async with httpx.AsyncClient(verify=NO_CERTIFICATES, trust_env=False) as client:
        answer = await client.post(url, content=body, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert words in telegram.calls[-1].description
    assert len(telegram.refused) == 1


@pytest.mark.parametrize(
    ("method", "fields", "words"),
    [
        ("sendMessage", {"text": "好", "reply_markup": {"inline_keyboard": 1}}, "type Array"),
        ("sendMessage", {"text": "好", "reply_markup": {"inline_keyboard": [[5]]}}, "can't parse"),
        ("sendMessage", {"text": "好", "reply_parameters": [1]}, "object expected as reply param"),
        ("sendMessage", {"text": "好", "reply_parameters": "{"}, "can't parse reply parameters"),
        ("sendMessage", {"text": "好", "message_thread_id": "x"}, "invalid message_thread_id"),
        ("sendMessage", {"text": "好", "entities": {}}, "expected an Array of entities"),
        ("sendMessage", {"text": "好", "entities": [1]}, "expected an Object"),
        (
            "sendMessage",
            {"text": "好", "entities": [{"type": "text_mention", "offset": 0, "length": 1}]},
            "user not found",
        ),
        ("sendPhoto", {}, "there is no photo in the request"),
        ("editMessageMedia", {}, "media is not specified"),
        ("editMessageMedia", {"media": {"type": "audio", "media": "x"}}, "type audio is"),
        ("getUserProfilePhotos", {"limit": 101}, "limit must be 1-100"),
        (
            "answerInlineQuery",
            {"results": [{"type": "article", "id": "1", "title": "画"}]},
            "message content is not specified",
        ),
        ("setMyCommands", {"commands": [], "scope": {"type": "x"}}, "unsupported type x"),
        ("setMyCommands", {"commands": [], "scope": {"type": "chat"}}, "chat needs ['chat_id']"),
    ],
    ids=str,
)
async def test_what_no_library_sends_is_refused(
    telegram: FakeTelegram, bot: Bot, qing: Person, method: str, fields: Json, words: str
) -> None:
    sent = await bot.send_message(qing.id, "好")
    where = {"chat_id": qing.id, "message_id": sent.id, "user_id": qing.id}
    answer = await raw(telegram, method, **where, **fields)
    assert answer.status_code == 400
    assert words in answer.json()["description"]
    assert any(words in refused for refused in telegram.refused)


# ── words ───────────────────────────────────────────────────────────────────────────────────


async def test_a_text_has_1_to_4096_units(telegram: FakeTelegram, bot: Bot, qing: Person) -> None:
    assert (await bot.send_message(qing.id, "猫" * 4096)).text == "猫" * 4096
    assert (await bot.send_message(qing.id, "😀" * 2048)).text == "😀" * 2048
    await refused(bot.send_message(qing.id, "猫" * 4097), "message is too long")
    await refused(bot.send_message(qing.id, "😀" * 2049), "message is too long")
    for nothing in ("", " \n ", "<b> </b>"):
        await refused(bot.send_message(qing.id, nothing, parse_mode="HTML"), "text is empty")
    assert len(telegram.refused) == 5


async def test_what_is_counted_is_what_is_left_of_the_markup(bot: Bot, qing: Person) -> None:
    words = f"<b>{'猫' * 4096}</b>"
    assert len((await bot.send_message(qing.id, words, parse_mode="HTML")).text or "") == 4096
    caption = f"<i>{'猫' * 1024}</i>"
    await bot.send_photo(qing.id, png(), caption=caption, parse_mode="HTML")
    await refused(
        bot.send_photo(qing.id, png(), caption=caption + "!", parse_mode="HTML"),
        "message caption is too long",
    )


async def test_a_caption_may_be_empty(bot: Bot, qing: Person) -> None:
    assert (await bot.send_photo(qing.id, png(), caption="")).caption is None


async def test_white_space_at_the_ends_is_cut_off(bot: Bot, qing: Person) -> None:
    sent = await bot.send_message(qing.id, " \n <b>猫</b> 好 \n", parse_mode="HTML")
    assert sent.text == "猫 好"
    assert sent.parse_entities() == {sent.entities[0]: "猫"}


async def test_html_becomes_entities(bot: Bot, qing: Person) -> None:
    sent = await bot.send_message(
        qing.id,
        '😀<b>粗<i>斜</i></b> <a href="https://example.org/">链</a> <code>a&lt;b&#33;</code>'
        '<pre><code class="language-python">x</code></pre><tg-spoiler>密</tg-spoiler>'
        f'<a href="tg://user?id={qing.id}">她</a><blockquote expandable>长</blockquote>',
        parse_mode="HTML",
    )
    assert sent.text == "😀粗斜 链 a<b!x密她长"
    told = [(e.type, e.offset, e.length) for e in sent.entities]
    assert told == [
        ("bold", 2, 2),
        ("italic", 3, 1),
        ("text_link", 5, 1),
        ("code", 7, 4),
        ("pre", 11, 1),
        ("spoiler", 12, 1),
        ("text_mention", 13, 1),
        ("expandable_blockquote", 14, 1),
    ]
    assert sent.entities[2].url == "https://example.org/"
    assert sent.entities[4].language == "python"
    assert sent.entities[6].user is not None


@pytest.mark.parametrize(
    ("html", "complaint"),
    [
        ("<b>猫", 'can\'t find end tag corresponding to start tag "b"'),
        ("猫</b>", "unexpected end tag at byte offset 3"),
        ("<b><i>猫</b></i>", 'expected "</i>", found "</b>"'),
        ("<x>猫</x>", 'unsupported start tag "x" at byte offset 0'),
        ("1 < 2", "unclosed start tag"),
        ("<b猫", "unclosed start tag"),
        ("猫<>", 'unsupported start tag "" at byte offset 3'),
        ("<span>猫</span>", 'must have class "tg-spoiler"'),
        ("<br>", 'unsupported start tag "br"'),
    ],
)
async def test_bad_html_is_refused(bot: Bot, qing: Person, html: str, complaint: str) -> None:
    await refused(bot.send_message(qing.id, html, parse_mode="HTML"), "can't parse entities")
    await refused(bot.send_message(qing.id, html, parse_mode="HTML"), complaint)
    await refused(bot.send_photo(qing.id, png(), caption=html, parse_mode="HTML"), complaint)
    assert (await bot.send_message(qing.id, html)).text == html


async def test_the_fake_reads_no_other_markup(bot: Bot, qing: Person) -> None:
    await refused(bot.send_message(qing.id, "*猫*", parse_mode="MarkdownV2"), "parse_mode")


@pytest.mark.parametrize(
    ("offset", "length", "complaint"),
    [
        (-1, 1, "incorrect offset -1"),
        (0, 0, "incorrect length 0"),
        (0, -1, "incorrect length -1"),
        (0, 5, "ends after the end of the text"),
        (4, 1, "ends after the end of the text"),
        (1, 1, "in a middle of a UTF-16 symbol"),
        (0, 1, "in a middle of a UTF-16 symbol"),
    ],
)
async def test_an_entity_lies_within_the_text(
    telegram: FakeTelegram, bot: Bot, qing: Person, offset: int, length: int, complaint: str
) -> None:
    entity = MessageEntity(MessageEntity.BOLD, offset, length)
    await refused(bot.send_message(qing.id, "😀猫狗", entities=[entity]), complaint)
    assert telegram.refused


async def test_entities_are_of_known_types_and_no_more_than_100(bot: Bot, qing: Person) -> None:
    bold = [MessageEntity(MessageEntity.BOLD, n, 1) for n in range(101)]
    await bot.send_message(qing.id, "猫" * 101, entities=bold[:100])
    await refused(bot.send_message(qing.id, "猫" * 101, entities=bold), "ENTITIES_TOO_LONG")
    odd = MessageEntity("loud", 0, 1)
    await refused(bot.send_message(qing.id, "猫", entities=[odd]), "unsupported type")
    link = MessageEntity(MessageEntity.TEXT_LINK, 0, 1)
    await refused(bot.send_message(qing.id, "猫", entities=[link]), "can't find field")


def test_what_is_no_unicode_is_refused() -> None:
    with pytest.raises(Refusal, match="UTF-8"):
        parsed("猫\ud83d", "", [])


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("/draw 猫", ["bot_command"]),
        ("画/draw", []),
        ("/画 猫", []),
        ("好，/draw@danqing_bot", ["bot_command"]),
        ("@danqing_bot 画猫", ["mention"]),
        ("a@danqing_bot", []),
        ("#猫 和 #1", ["hashtag"]),
        ("看 https://example.org/a?b#c，好", ["url"]),
    ],
)
def test_commands_mentions_and_links_are_found(text: str, kinds: Sequence[str]) -> None:
    assert [entity["type"] for entity in found(Text(text)).entities] == kinds


@given(some.text(), some.sampled_from(["", "HTML"]))
def test_whatever_is_sent_is_parsed_or_refused(source: str, mode: str) -> None:
    try:
        text = parsed(source, mode, [])
    except Refusal:
        return
    for entity in text.entities:
        assert 0 <= entity["offset"] < entity["offset"] + entity["length"] <= text.units
        assert units(text.part(entity)) == entity["length"]


# ── buttons ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("data", ["x", "猫" * 21, "x" * 64])
async def test_what_a_button_carries_has_up_to_64_bytes(bot: Bot, qing: Person, data: str) -> None:
    markup = InlineKeyboardMarkup([[InlineKeyboardButton("猫", callback_data=data)]])
    assert (await bot.send_message(qing.id, "猫", reply_markup=markup)).reply_markup == markup


@pytest.mark.parametrize("data", ["猫" * 22, "x" * 65])
async def test_what_a_button_carries_has_no_more(bot: Bot, qing: Person, data: str) -> None:
    markup = InlineKeyboardMarkup([[InlineKeyboardButton("猫", callback_data=data)]])
    await refused(bot.send_message(qing.id, "猫", reply_markup=markup), "BUTTON_DATA_INVALID")


async def test_a_row_has_8_buttons_and_a_keyboard_100(bot: Bot, qing: Person) -> None:
    one = InlineKeyboardButton("猫", callback_data="x")
    for rows in ([[one] * 8] * 12, [[one] * 4] * 25):
        await bot.send_message(qing.id, "猫", reply_markup=InlineKeyboardMarkup(rows))
    for rows in ([[one] * 9], [[one] * 4] * 25 + [[one]]):
        call = bot.send_message(qing.id, "猫", reply_markup=InlineKeyboardMarkup(rows))
        await refused(call, "REPLY_MARKUP_TOO_LONG")


@pytest.mark.parametrize(
    ("button", "complaint"),
    [
        ({"text": "猫"}, "Text buttons are unallowed"),
        ({"text": "猫", "callback_data": "x", "url": "https://example.org"}, "more than one kind"),
        ({"text": " ", "callback_data": "x"}, "text must be non-empty"),
        ({"text": "猫", "callback_data": ""}, "BUTTON_DATA_INVALID"),
        ({"text": "猫", "copy_text": {"text": "x" * 257}}, "BUTTON_COPY_TEXT_INVALID"),
        ({"text": "猫", "url": "example"}, "BUTTON_URL_INVALID"),
        ({"text": "猫", "callback_data": "x", "style": "loud"}, "style"),
    ],
)
async def test_a_button_is_of_one_kind(
    telegram: FakeTelegram, qing: Person, button: dict[str, Any], complaint: str
) -> None:
    markup = {"inline_keyboard": [[button]]}
    answer = await raw(telegram, "sendMessage", chat_id=qing.id, text="猫", reply_markup=markup)
    assert answer.status_code == 400
    assert complaint in answer.json()["description"]


async def test_buttons_are_pressed_by_their_labels(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    copy = InlineKeyboardButton("📋", copy_text=CopyTextButton("/画 猫"))
    markup = InlineKeyboardMarkup([*keyboard("🎲 变化", "🗑").inline_keyboard, [copy]])
    await bot.send_message(qing.id, "猫", reply_markup=markup)
    (_, mine) = telegram.messages(qing.private)
    assert mine.rows == [["🎲 变化", "🗑"], ["📋"]]
    assert mine.buttons == ["🎲 变化", "🗑", "📋"]
    assert qing.copies("📋", mine) == "/画 猫"
    with pytest.raises(AssertionError, match="there is no 🎲 in"):
        qing.presses("🎲", mine)
    with pytest.raises(AssertionError, match="opens"):
        qing.presses("📋", mine)
    query = qing.presses("🎲 变化", mine)
    forged = qing.presses_data(mine, "forged:1")
    pressed, odd = [update.callback_query for update in await bot.get_updates()]
    assert pressed
    assert odd
    assert (pressed.id, pressed.data, odd.data) == (query.id, "do:🎲 变化", "forged:1")
    assert pressed.message is not None
    assert pressed.message.message_id == mine.id
    assert query.answer is None
    await pressed.answer("好了", show_alert=True)
    assert query.answer is not None
    assert (query.answer.text, query.answer.alert) == ("好了", True)
    assert forged.answer is None


async def test_a_press_is_answered_once_in_200_units_and_in_time() -> None:
    clock = Clock()
    async with opened(clock) as (telegram, bot):
        qing = telegram.person("阿青")
        qing.starts()
        await bot.send_message(qing.id, "猫", reply_markup=keyboard("a"))
        mine = telegram.messages(qing.private)[-1]
        once, late, long = (qing.presses("a", mine) for _ in range(3))
        await bot.answer_callback_query(once.id)
        await refused(bot.answer_callback_query(once.id), "query is too old")
        await refused(bot.answer_callback_query("123"), "query ID is invalid")
        assert telegram.refused == []  # a late answer is nobody's fault
        await refused(bot.answer_callback_query(long.id, "猫" * 201), "MESSAGE_TOO_LONG")
        await bot.answer_callback_query(long.id, "猫" * 200)
        clock.now += 15.1
        await refused(bot.answer_callback_query(late.id), "query is too old")
        telegram.world.query_life_s = 20.0
        await bot.answer_callback_query(late.id)


async def test_a_press_under_what_is_gone_says_only_where_it_was(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    await bot.send_message(qing.id, "猫", reply_markup=keyboard("a"))
    mine = telegram.messages(qing.private)[-1]
    qing.deletes(mine)
    qing.presses("a", mine)
    (update,) = await bot.get_updates()
    assert update.callback_query is not None
    assert update.callback_query.message is not None
    assert not update.callback_query.message.is_accessible


async def test_an_answer_can_be_asked_for(telegram: FakeTelegram, bot: Bot, qing: Person) -> None:
    await bot.send_message(qing.id, "画什么？", reply_markup=ForceReply())
    assert telegram.messages(qing.private)[-1].force_reply
    long = ForceReply(input_field_placeholder="猫" * 65)
    await refused(bot.send_message(qing.id, "画什么？", reply_markup=long), "placeholder")


# ── pictures ────────────────────────────────────────────────────────────────────────────────


def labelled(format_: str) -> bytes:
    """A picture with something written into its metadata."""
    file, exif = BytesIO(), PIL.Image.Exif()
    exif[0x010E] = "secret"
    PIL.Image.new("RGBA", (640, 480), (9, 99, 199, 99)).convert("RGB").save(
        file, format_, exif=exif
    )
    return file.getvalue()


async def test_a_photo_is_kept_as_jpegs_without_metadata(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    given_ = labelled("PNG")
    assert b"secret" in given_
    sent = await bot.send_photo(qing.id, given_)
    assert [(size.width, size.height) for size in sent.photo] == [(90, 68), (320, 240), (640, 480)]
    for size in sent.photo:
        kept = bytes(await (await size.get_file()).download_as_bytearray())
        picture = PIL.Image.open(BytesIO(kept))
        assert (picture.format, picture.size) == ("JPEG", (size.width, size.height))
        assert b"secret" not in kept
        assert not picture.getexif()
        assert size.file_size == len(kept)
    assert len({size.file_unique_id for size in sent.photo}) == 3
    (shown,) = telegram.messages(qing.private)[-1].photos
    assert PIL.Image.open(BytesIO(shown)).size == (640, 480)


async def test_a_document_is_kept_as_it_is(telegram: FakeTelegram, bot: Bot, qing: Person) -> None:
    given_ = labelled("JPEG")
    sent = await bot.send_document(qing.id, given_, filename="a/../猫.jpg", caption="原图")
    assert sent.document is not None
    assert sent.document.file_name == "猫.jpg"
    assert sent.document.mime_type == "image/jpeg"
    assert bytes(await (await sent.document.get_file()).download_as_bytearray()) == given_
    mine = telegram.messages(qing.private)[-1]
    assert (mine.documents, mine.text, mine.photos) == ([given_], "原图", [])


@pytest.mark.parametrize(
    ("picture", "complaint"),
    [
        (b"no picture", "IMAGE_PROCESS_FAILED"),
        (png(64, 64)[:60], "IMAGE_PROCESS_FAILED"),
        (b"", "file must be non-empty"),
        (png(210, 10), "PHOTO_INVALID_DIMENSIONS"),
        (png(9000, 1001), "PHOTO_INVALID_DIMENSIONS"),
        (png_head(30_000, 30_000), "PHOTO_INVALID_DIMENSIONS"),
        (heavy((10 << 20) + 1), "is too big for a photo; the maximum size is 10485760 bytes"),
    ],
)
async def test_what_is_no_photo_is_refused(
    telegram: FakeTelegram, bot: Bot, qing: Person, picture: bytes, complaint: str
) -> None:
    await refused(bot.send_photo(qing.id, picture), complaint)
    assert telegram.refused


@pytest.mark.parametrize("picture", [png(200, 10), png(9000, 1000), heavy(10 << 20)])
async def test_what_is_just_a_photo_is_taken(bot: Bot, qing: Person, picture: bytes) -> None:
    await bot.send_photo(qing.id, picture)


async def test_a_document_has_1_byte_to_50_mb(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    await refused(bot.send_document(qing.id, b""), "file must be non-empty")
    telegram.refused.clear()
    with pytest.raises(errors.NetworkError, match="Request Entity Too Large"):
        await bot.send_document(qing.id, bytes((50 << 20) + 1))
    assert telegram.refused == ["sendDocument: Request Entity Too Large"]
    assert telegram.calls[-1].status == 413


async def test_a_file_is_sent_again_by_its_id_as_what_it_is(bot: Bot, qing: Person) -> None:
    photo = (await bot.send_photo(qing.id, png())).photo
    document = (await bot.send_document(qing.id, b"x", filename="a.txt")).document
    assert document is not None
    assert (await bot.send_photo(qing.id, photo[0].file_id)).photo == photo
    await refused(
        bot.send_document(qing.id, photo[0].file_id), "can't use file of type Photo as Document"
    )
    await refused(bot.send_photo(qing.id, document.file_id), "type Document as Photo")
    await refused(bot.send_photo(qing.id, "AgAC-nothing"), "wrong file identifier")
    await refused(bot.send_photo(qing.id, "https://example.org/a.png"), "failed to get HTTP URL")


async def test_files_are_handed_out_for_an_hour_and_up_to_20_mb() -> None:
    clock = Clock()
    async with opened(clock) as (telegram, bot):
        qing = telegram.person("阿青")
        qing.sends_file(qing.private, b"png", "a.png", "image/png")
        qing.sends_file(qing.private, bytes((20 << 20) + 1), "b.png", "image/png")
        small, large = (update.message for update in await bot.get_updates())
        assert small
        assert small.document
        assert large
        assert large.document
        file = await bot.get_file(small.document)
        clock.now += 3599
        assert bytes(await file.download_as_bytearray()) == b"png"
        clock.now += 2
        with pytest.raises(errors.InvalidToken):  # so PTB reads a 404
            await file.download_as_bytearray()
        again = await bot.get_file(small.document)
        assert bytes(await again.download_as_bytearray()) == b"png"
        await refused(bot.get_file(large.document), "file is too big")
        await refused(bot.get_file("nothing"), "wrong file_id or the file is temporarily")
        telegram.world.files.lose(small.document.file_id)
        await refused(bot.get_file(small.document), "temporarily unavailable")
        assert telegram.refused == []


async def test_avatars_can_be_asked_for(telegram: FakeTelegram, bot: Bot, qing: Person) -> None:
    none = await bot.get_user_profile_photos(qing.id)
    assert none.total_count == 0
    qing.avatar = png(640, 640)
    photos = await bot.get_user_profile_photos(qing.id)
    assert photos.photos[0][-1].width == 640
    assert (await bot.get_user_profile_photos(qing.id)).photos == photos.photos
    assert (await bot.get_user_profile_photos(qing.id, offset=1)).photos == ()
    await refused(bot.get_user_profile_photos(5), "user not found")
    full = await bot.get_chat(qing.id)
    assert full.photo is not None
    assert (await bot.get_file(full.photo.big_file_id)).file_path


# ── albums ──────────────────────────────────────────────────────────────────────────────────


def album(count: int) -> list[InputMediaPhoto]:
    return [InputMediaPhoto(png(shade=n)) for n in range(count)]


async def test_an_album_is_several_messages(telegram: FakeTelegram, bot: Bot, qing: Person) -> None:
    sent = await bot.send_media_group(qing.id, album(3), caption="三只猫")
    assert len({message.media_group_id for message in sent}) == 1
    shown = telegram.messages(qing.private)[-3:]
    assert [message.text for message in shown] == ["三只猫", "", ""]
    assert {message.album for message in shown} == {sent[0].media_group_id}
    assert len({message.photos[0] for message in shown}) == 3


async def test_an_album_has_2_to_10_of_what_goes_together(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    await bot.send_media_group(qing.id, album(10))
    for count in (1, 11):
        await refused(bot.send_media_group(qing.id, album(count)), "2-10")
    documents = [InputMediaDocument(b"a", filename="a"), InputMediaDocument(b"b", filename="b")]
    await bot.send_media_group(qing.id, documents)
    mixed = [*album(1), *documents]
    await refused(bot.send_media_group(qing.id, mixed), "can't be together")
    assert len(telegram.messages(qing.private)) == 13


async def test_an_album_takes_no_buttons_no_long_caption_and_all_its_files(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    photo = (await bot.send_photo(qing.id, png())).photo[-1].file_id
    media = [{"type": "photo", "media": photo}] * 2
    markup = keyboard("a").to_dict()
    no = await raw(telegram, "sendMediaGroup", chat_id=qing.id, media=media, reply_markup=markup)
    assert "reply_markup" in no.json()["description"]
    missing = [*media, {"type": "photo", "media": "attach://gone"}]
    lost = await raw(telegram, "sendMediaGroup", chat_id=qing.id, media=missing)
    assert "can't find the attached file gone" in lost.json()["description"]
    await refused(
        bot.send_media_group(qing.id, album(2), caption="猫" * 1025), "caption is too long"
    )
    assert len(telegram.messages(qing.private)) == 2


# ── edits ───────────────────────────────────────────────────────────────────────────────────


async def test_a_text_becomes_another_and_loses_its_buttons_if_they_are_not_said_again(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    sent = await bot.send_message(qing.id, "在画", reply_markup=keyboard("取消"))
    edited = await bot.edit_message_text("快好了", qing.id, sent.message_id)
    assert isinstance(edited, type(sent))
    assert edited.edit_date is not None
    mine = telegram.messages(qing.private)[-1]
    assert (mine.text, mine.buttons) == ("快好了", [])
    assert [(text, photo) for _, text, photo in mine.edits] == [("在画", False), ("快好了", False)]


async def test_a_text_becomes_a_photo_but_a_photo_no_text(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    sent = await bot.send_message(qing.id, "在画")
    await refused(sent.edit_caption("猫"), "there is no caption in the message to edit")
    await sent.edit_media(InputMediaPhoto(png(), caption="画好了"), reply_markup=keyboard("再来"))
    mine = telegram.messages(qing.private)[-1]
    assert (mine.text, mine.buttons, len(mine.photos)) == ("画好了", ["再来"], 1)
    await refused(sent.edit_text("猫"), "there is no text in the message to edit")
    await sent.edit_caption("画好了！")
    assert [(text, photo) for _, text, photo in mine.edits] == [
        ("在画", False),
        ("画好了", True),
        ("画好了！", True),
    ]


async def test_an_edit_that_changes_nothing_is_told_so(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    words = "message is not modified: specified new message content and reply markup are exactly"
    text = await bot.send_message(
        qing.id, "<b>猫</b>", parse_mode="HTML", reply_markup=keyboard("a")
    )
    same: dict[str, Any] = {"parse_mode": "HTML", "reply_markup": keyboard("a")}
    await refused(text.edit_text(" <b>猫</b>\n", **same), words)
    await refused(text.edit_reply_markup(keyboard("a")), words)
    await text.edit_text("猫", reply_markup=keyboard("a"))  # the same words, but not bold
    await text.edit_reply_markup(keyboard("b"))
    await text.edit_reply_markup()
    await refused(text.edit_reply_markup(), words)
    photo = await bot.send_photo(qing.id, png(), caption="猫")
    await refused(photo.edit_media(InputMediaPhoto(png(), caption="猫")), words)
    await refused(photo.edit_media(InputMediaPhoto(photo.photo[-1], caption="猫")), words)
    await refused(photo.edit_caption("猫"), words)
    await photo.edit_media(InputMediaPhoto(png(shade=9), caption="猫"))
    assert telegram.refused == []  # who repeats an edit is right to


async def test_only_ones_own_messages_that_are_there_can_be_edited(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    said = qing.says(qing.private, "画猫")
    await refused(bot.edit_message_text("狗", qing.id, said.id), "message can't be edited")
    assert len(telegram.refused) == 1
    mine = await bot.send_message(qing.id, "好")
    qing.deletes(telegram.messages(qing.private)[-1])
    await refused(mine.edit_text("不好"), "message to edit not found")
    assert len(telegram.refused) == 1
    no = await raw(telegram, "editMessageText", chat_id=qing.id, text="猫")
    assert "message identifier is not specified" in no.json()["description"]


async def test_an_edit_is_checked_as_a_message_is(bot: Bot, qing: Person) -> None:
    text, photo = await bot.send_message(qing.id, "猫"), await bot.send_photo(qing.id, png())
    await refused(text.edit_text("猫" * 4097), "message is too long")
    await refused(text.edit_text("<b>", parse_mode="HTML"), "can't parse entities")
    await refused(photo.edit_caption("猫" * 1025), "message caption is too long")
    await refused(text.edit_media(InputMediaPhoto(png(210, 10))), "PHOTO_INVALID_DIMENSIONS")
    long = InlineKeyboardMarkup([[InlineKeyboardButton("猫", callback_data="x" * 65)]])
    await refused(text.edit_reply_markup(long), "BUTTON_DATA_INVALID")
    force: Any = ForceReply()
    await refused(text.edit_reply_markup(force), "inline keyboard expected")


async def test_a_photo_of_an_album_becomes_no_document(bot: Bot, qing: Person) -> None:
    first, _ = await bot.send_media_group(qing.id, album(2))
    await first.edit_media(InputMediaPhoto(png(shade=77)))
    await refused(first.edit_media(InputMediaDocument(b"a")), "album")


async def test_messages_are_deleted_within_48_hours() -> None:
    clock = Clock()
    async with opened(clock) as (telegram, bot):
        qing = telegram.person("阿青")
        group = telegram.group("画友群", qing)
        qing.starts()
        old, new = await bot.send_message(qing.id, "一"), await bot.send_message(qing.id, "二")
        said = qing.says(group, "/draw 猫")
        await refused(bot.delete_message(group.id, said.id), "message can't be deleted")
        telegram.refused.clear()
        await new.delete()
        await refused(new.delete(), "message to delete not found")
        clock.now += 48 * 3600 + 1
        await refused(old.delete(), "message can't be deleted for everyone")
        assert telegram.refused == []
        assert [message.text for message in telegram.messages(qing.private)] == ["/start", "一"]


async def test_messages_are_pinned_by_who_may(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    group = telegram.group("画友群", qing)
    sent = await bot.send_message(group.id, "猫")
    await refused(sent.pin(), "not enough rights to manage pinned messages in the chat")
    qing.promotes_bot(group)
    await sent.pin()
    assert [message.text for message in group.pinned] == ["猫"]
    pinned = await bot.get_updates()
    assert pinned[-1].message is not None
    assert pinned[-1].message.pinned_message is not None
    full = await bot.get_chat(group.id)
    assert full.pinned_message is not None
    await refused(sent.pin(), "CHAT_NOT_MODIFIED")
    await sent.unpin()
    assert group.pinned == []
    await refused(sent.unpin(), "CHAT_NOT_MODIFIED")
    await refused(bot.unpin_chat_message(group.id, 999), "message to unpin not found")
    group.bot_may_pin = False
    await refused(sent.pin(), "not enough rights to manage pinned messages in the chat")
    me = await bot.get_chat_member(group.id, telegram.bot_id)
    assert me.to_dict()["can_pin_messages"] is False
    group.bot_may_pin = True
    await refused(bot.unpin_chat_message(group.id), "message to unpin not found")
    await refused(bot.pin_chat_message(group.id, 999), "message to pin not found")


async def test_what_moves_is_gif_or_mp4(telegram: FakeTelegram, bot: Bot, qing: Person) -> None:
    file = BytesIO()
    PIL.Image.new("P", (4, 3)).save(file, "GIF")
    sent = await bot.send_animation(qing.id, file.getvalue(), caption="动", width=4, height=3)
    assert sent.animation is not None
    assert (sent.animation.width, sent.animation.height) == (4, 3)
    assert sent.document is not None
    assert telegram.said(qing.private)[-1].animations == [file.getvalue()]
    again = await bot.send_animation(qing.id, sent.animation.file_id)
    assert again.animation is not None
    assert telegram.refused == []
    await refused(bot.send_animation(qing.id, png()), "no animation")
    await refused(bot.send_photo(qing.id, sent.animation.file_id), "can't use file of type")
    await refused(bot.send_animation(qing.id, file.getvalue(), width=-1), "non-negative")
    assert len(telegram.refused) == 3
    group = telegram.group("画友群", qing)
    telegram.forbid(group, "animations")
    await refused(bot.send_animation(group.id, sent.animation.file_id), "not enough rights")
    assert len(telegram.refused) == 3


async def test_what_the_bot_is_seen_doing_is_kept(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    await bot.send_chat_action(qing.id, "upload_photo")
    assert [action for _, action in qing.private.actions] == ["upload_photo"]
    await refused(bot.send_chat_action(qing.id, "sleeping"), "wrong parameter action")
    assert len(telegram.refused) == 1


# ── answers and topics ──────────────────────────────────────────────────────────────────────


async def test_an_answer_carries_what_it_answers_one_level_deep(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    mine = await bot.send_photo(qing.id, png(), caption="猫")
    first = telegram.messages(qing.private)[-1]
    said = qing.says(qing.private, "换成狗", to=first)
    qing.says(qing.private, "快点", to=said)
    one, two = (update.message for update in await bot.get_updates())
    assert one
    assert one.reply_to_message
    assert (one.reply_to_message.message_id, one.reply_to_message.caption) == (first.id, "猫")
    assert one.reply_to_message.photo == mine.photo
    assert one.reply_to_message.from_user is not None
    assert one.reply_to_message.from_user.id == telegram.bot_id
    assert two
    assert two.reply_to_message
    assert two.reply_to_message.reply_to_message is None
    answer = await bot.send_message(qing.id, "好", reply_parameters=ReplyParameters(said.id))
    assert answer.reply_to_message is not None
    assert answer.reply_to_message.text == "换成狗"
    assert telegram.messages(qing.private)[-1].reply_to is said


async def test_what_is_answered_has_to_be_there_or_not_to_matter(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    said = qing.says(qing.private, "画猫")
    qing.deletes(said)
    to = ReplyParameters(said.id)
    await refused(
        bot.send_message(qing.id, "好", reply_parameters=to), "message to be replied not found"
    )
    to = ReplyParameters(said.id, allow_sending_without_reply=True)
    assert (await bot.send_message(qing.id, "好", reply_parameters=to)).reply_to_message is None
    assert telegram.refused == []
    there = qing.says(qing.private, "画狗")
    quoting = ReplyParameters(there.id, quote="猫")
    await refused(bot.send_message(qing.id, "好", reply_parameters=quoting), "QUOTE_TEXT_INVALID")


async def test_a_message_lands_in_the_topic_that_is_named_or_answered(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    group = telegram.group("画友群", qing, topics=("画画", "闲聊"))
    topic = group.topics["画画"]
    said = qing.says(group, "/draw 猫", topic=topic)
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.is_topic_message
    assert update.message.message_thread_id == topic.id
    opening = update.message.reply_to_message  # so does Telegram where nothing is answered
    assert opening is not None
    assert opening.forum_topic_created is not None
    assert "reply_to_message" not in topic.opened_by.raw
    assert update.message.chat.is_forum
    to = ReplyParameters(said.id)
    answered = await bot.send_message(group.id, "好", reply_parameters=to)
    named = await bot.send_message(group.id, "好", message_thread_id=topic.id)
    plain = await bot.send_message(group.id, "好")
    assert [m.message_thread_id for m in (answered, named, plain)] == [topic.id, topic.id, None]
    assert [m.is_topic_message for m in (answered, plain)] == [True, None]
    assert [m.topic for m in telegram.messages(group)[-3:]] == [topic, topic, None]


async def test_topics_can_be_unknown_or_closed(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    forum = telegram.group("画友群", qing, admins=[qing], topics=("画画",))
    topic = forum.topics["画画"]
    for unknown in (1, 999):
        call = bot.send_message(forum.id, "好", message_thread_id=unknown)
        await refused(call, "message thread not found")
    qing.closes(topic)
    said = qing.says(forum, "/draw 猫", topic=topic)
    await refused(bot.send_message(forum.id, "好", message_thread_id=topic.id), "TOPIC_CLOSED")
    to = ReplyParameters(said.id)
    await refused(bot.send_photo(forum.id, png(), reply_parameters=to), "TOPIC_CLOSED")
    qing.reopens(topic)
    await bot.send_message(forum.id, "好", message_thread_id=topic.id)
    qing.closes(topic)
    qing.promotes_bot(forum)
    await bot.send_message(forum.id, "好", message_thread_id=topic.id)
    assert telegram.refused == []


async def test_where_there_are_no_topics_a_thread_can_be_read_but_not_written_to(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    group = telegram.group("画友群", qing)
    said = qing.says(group, "/draw 猫")
    more = qing.says(group, "/draw 狗", to=said)
    told = [update.message for update in await bot.get_updates()][-1]
    assert told is not None
    assert (told.message_thread_id, told.is_topic_message) == (said.id, None)
    call = bot.send_message(group.id, "好", message_thread_id=said.id)
    await refused(call, "message thread not found")
    call = bot.send_message(qing.id, "好", message_thread_id=more.id)
    await refused(call, "message thread not found")


# ── who may ─────────────────────────────────────────────────────────────────────────────────


async def test_a_person_is_written_to_only_after_they_wrote(
    telegram: FakeTelegram, bot: Bot
) -> None:
    qing = telegram.person("阿青")
    with pytest.raises(errors.Forbidden, match="bot can't initiate conversation with a user"):
        await bot.send_message(qing.id, "你好")
    qing.starts("payload")
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.text == "/start payload"
    await bot.send_message(qing.id, "你好")
    assert telegram.refused == []


async def test_who_blocks_the_bot_or_is_no_more_is_not_written_to(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    sent = await bot.send_message(qing.id, "你好", reply_markup=keyboard("a"))
    qing.blocks()
    for call in (bot.send_message(qing.id, "你好"), sent.edit_text("再见")):
        with pytest.raises(errors.Forbidden, match="bot was blocked by the user"):
            await call
    with pytest.raises(AssertionError, match="blocked"):
        qing.says(qing.private, "画猫")
    qing.unblocks()
    await bot.send_message(qing.id, "你好")
    standing = [update.my_chat_member for update in await bot.get_updates()]
    told = [(one.old_chat_member.status, one.new_chat_member.status) for one in standing if one]
    assert told == [("member", "kicked"), ("kicked", "member")]
    qing.leaves_telegram()
    with pytest.raises(errors.Forbidden, match="user is deactivated"):
        await bot.send_message(qing.id, "你好")


async def test_a_bot_that_is_out_of_a_group_does_not_get_in(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    group, basic = telegram.group("画友群", qing), telegram.group("老群", qing, upgradable=True)
    qing.puts_out(group)
    qing.puts_out(basic)
    with pytest.raises(errors.Forbidden, match="bot was kicked from the supergroup chat"):
        await bot.send_message(group.id, "你好")
    with pytest.raises(errors.Forbidden, match="bot was kicked from the group chat"):
        await bot.get_chat(basic.id)
    told = await bot.get_updates()
    qing.says(group, "/draw 猫")
    assert len(await bot.get_updates()) == len(told)
    group.statuses[telegram.bot_id] = "left"
    with pytest.raises(errors.Forbidden, match="bot is not a member of the supergroup chat"):
        await bot.send_message(group.id, "你好")
    qing.lets_in(group)
    await bot.send_message(group.id, "你好")
    last = (await bot.get_updates())[-1].message
    assert last is not None
    assert [one.id for one in last.new_chat_members] == [telegram.bot_id]
    group.gone = True
    await refused(bot.send_message(group.id, "你好"), "chat not found")
    assert telegram.refused == []
    await refused(bot.send_message(-5, "你好"), "chat not found")
    await refused(bot.send_message("@nobody", "你好"), "chat not found")
    no = await raw(telegram, "sendMessage", text="你好")
    assert no.json()["description"] == "Bad Request: chat_id is empty"
    assert [fault for fault in telegram.refused if "chat" in fault]


async def test_a_group_can_forbid_words_photos_and_files(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    group = telegram.group("画友群", qing)
    text = await bot.send_message(group.id, "在画")
    telegram.forbid(group, "photos")
    no_photo = "not enough rights to send photos to the chat"
    await refused(bot.send_photo(group.id, png()), no_photo)
    await refused(bot.send_media_group(group.id, album(2)), no_photo)
    await refused(text.edit_media(InputMediaPhoto(png())), no_photo)
    await bot.send_document(group.id, png())
    telegram.forbid(group, "media")
    no_file = "not enough rights to send documents to the chat"
    await refused(bot.send_document(group.id, png()), no_file)
    await bot.send_message(group.id, "好")
    telegram.forbid(group, "text")
    no_words = "not enough rights to send text messages to the chat"
    await refused(bot.send_message(group.id, "好"), no_words)
    qing.promotes_bot(group)
    await bot.send_photo(group.id, png())
    assert telegram.refused == []
    with pytest.raises(AssertionError, match="one can forbid"):
        telegram.forbid(group, "photo")


async def test_a_group_that_was_upgraded_says_where_it_is(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    old = telegram.group("老群", qing, upgradable=True)
    assert old.id > -1_000_000_000
    new = telegram.upgrade(old)
    assert new.id < -1_000_000_000_000
    with pytest.raises(errors.ChatMigrated) as told:
        await bot.send_message(old.id, "你好")
    assert told.value.new_chat_id == new.id
    went, came = (update.message for update in await bot.get_updates())
    assert went
    assert came
    assert (went.chat.id, went.migrate_to_chat_id) == (old.id, new.id)
    assert (came.chat.id, came.migrate_from_chat_id) == (new.id, old.id)
    await bot.send_message(new.id, "你好")
    with pytest.raises(AssertionError, match="supergroup by now"):
        qing.says(old, "在吗")
    assert telegram.refused == []


async def test_supergroups_count_their_messages_for_themselves(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    one, two = telegram.group("一", qing), telegram.group("二", qing)
    basic = telegram.group("三", qing, upgradable=True)
    ids = [(await bot.send_message(chat.id, "好")).message_id for chat in (one, two)]
    assert ids[0] == ids[1]
    shared = [(await bot.send_message(id_, "好")).message_id for id_ in (qing.id, basic.id)]
    assert shared[1] == shared[0] + 1


async def test_a_channel_is_written_to_and_heard_by_admins_only(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    channel = telegram.channel("画廊", qing, username="hualang")
    qing.says(channel, "今天的画")
    (update,) = await bot.get_updates()
    assert update.channel_post is not None
    assert update.channel_post.from_user is None
    assert update.channel_post.sender_chat is not None
    sent = await bot.send_message("@HuaLang", "好", reply_markup=keyboard("a"))
    assert sent.from_user is None
    assert [message.text for message in telegram.said(channel)] == ["好"]
    await refused(bot.send_message(channel.id, "好", reply_markup=ForceReply()), "inline keyboard")
    channel.statuses[telegram.bot_id] = "member"
    await refused(
        bot.send_message(channel.id, "好"), "need administrator rights in the channel chat"
    )
    waiting = telegram.world.updates.pending.copy()
    qing.says(channel, "还有一张")
    assert telegram.world.updates.pending == waiting


async def test_people_can_do_only_what_their_app_lets_them(telegram: FakeTelegram) -> None:
    qing, lin = telegram.person("阿青"), telegram.person("小林")
    group = telegram.group("画友群", qing, admins=[qing])
    for chat, text in ((group, "你好"), (qing.private, "你好"), (lin.private, "长" * 4097)):
        with pytest.raises(AssertionError):
            lin.says(chat, text)
    said = qing.says(group, "画猫")
    with pytest.raises(AssertionError, match="somebody else's"):
        lin.edits(said, "画狗")
    lin.joins(group)
    lin.says(group, "你好")
    telegram.forbid(group, "photos")
    with pytest.raises(AssertionError, match="not allowed"):
        lin.sends_photo(group, png())
    lin.leaves(group)
    with pytest.raises(AssertionError, match="is not in"):
        lin.says(group, "你好")


async def test_nobody_writes_where_a_chat_a_topic_or_an_account_is_closed(
    telegram: FakeTelegram,
) -> None:
    qing, lin = telegram.person("阿青"), telegram.person("小林")
    forum = telegram.group("画友群", qing, lin, admins=[qing], topics=["画画"])
    qing.closes(forum.topics["画画"])
    qing.says(forum, "画猫", topic="画画")
    with pytest.raises(AssertionError, match="that topic is closed"):
        lin.says(forum, "画猫", topic="画画")
    channel = telegram.channel("画廊", qing)
    lin.joins(channel)
    with pytest.raises(AssertionError, match="may not post"):
        lin.says(channel, "画猫")
    lin.leaves(channel)
    assert telegram.messages(channel) == []
    lin.leaves_telegram()
    with pytest.raises(AssertionError, match="that account is no more"):
        lin.says(forum, "画猫")
    forum.gone = True
    with pytest.raises(AssertionError, match="that chat is no more"):
        qing.says(forum, "画猫")


async def test_nobody_looks_things_up_with_a_bot_that_offers_nothing_or_in_many_words() -> None:
    async with fake_telegram(supports_inline=False) as telegram:
        with pytest.raises(AssertionError, match="nobody can look things up"):
            telegram.person("阿青").looks_up("猫")
    async with fake_telegram() as telegram:
        telegram.person("阿青").looks_up("猫" * 256)
        with pytest.raises(AssertionError, match="no app of Telegram"):
            telegram.person("阿青").looks_up("猫" * 257)


async def test_who_is_in_a_chat_can_be_asked(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    lin, wang = telegram.person("小林"), telegram.person("老王")
    group = telegram.group("画友群", qing, lin, admins=[qing])
    statuses = [
        (await bot.get_chat_member(group.id, who)).status
        for who in (qing.id, lin.id, wang.id, telegram.bot_id)
    ]
    assert statuses == ["creator", "member", "left", "member"]
    assert [one.user.id for one in await bot.get_chat_administrators(group.id)] == [qing.id]
    assert await bot.get_chat_member_count(group.id) == 3
    await refused(bot.get_chat_member(group.id, 5), "invalid user_id")
    assert telegram.refused == []
    await refused(bot.get_chat_administrators(qing.id), "no administrators in the private chat")
    assert (await bot.get_chat(group.id)).title == "画友群"


# ── what the bot gets to see ────────────────────────────────────────────────────────────────


async def everything(telegram: FakeTelegram, bot: Bot) -> list[str]:
    """Say all kinds of things in a group; return what of it the bot is told."""
    qing, lin = telegram.person("阿青", username="aqing"), telegram.person("小林")
    group = telegram.group("画友群", qing, lin)
    await bot.send_message(group.id, "好")
    (mine,) = telegram.messages(group)
    theirs = qing.says(group, "plain")
    qing.says(group, "/draw")
    qing.says(group, "/draw@danqing_bot ours")
    qing.says(group, "/draw@other_bot theirs")
    qing.says(group, "@Danqing_bot named")
    qing.says(group, "@danqing_bot2 not named")
    qing.says(group, "answer", to=mine)
    qing.says(group, "to another", to=theirs)
    qing.says(group, "小林 somebody", mentions=[lin])
    qing.says(group, "through it", via=telegram.bot)
    qing.edits(theirs, "plain, changed")
    lin.leaves(group)
    return await heard(bot)


async def test_in_privacy_mode_the_bot_sees_only_what_is_for_it() -> None:
    async with opened() as (telegram, bot):
        assert await everything(telegram, bot) == [
            "/draw", "/draw@danqing_bot ours", "@Danqing_bot named", "answer", "through it", "None",
        ]  # fmt: skip


async def test_without_privacy_mode_the_bot_sees_all() -> None:
    async with opened(can_read_all=True) as (telegram, bot):
        assert len(await everything(telegram, bot)) == 12
        edited = (await bot.get_updates())[-2].edited_message
        assert edited is not None
        assert (edited.text, edited.edit_date is None) == ("plain, changed", False)


async def test_an_administrator_sees_all(telegram: FakeTelegram, bot: Bot, qing: Person) -> None:
    group = telegram.group("画友群", qing)
    qing.says(group, "plain")
    qing.promotes_bot(group)
    qing.says(group, "plain")
    assert (await heard(bot)) == ["plain"]


async def test_people_are_named_and_send_files_as_telegram_says_it(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    lin = telegram.person("小林", language=None)
    qing.says(qing.private, "把小林的头像画成水墨", mentions=[lin])
    qing.sends_photo(qing.private, png(640, 480), "画成 #水墨", forwarded_from=lin)
    qing.sends_album(qing.private, [png(), png()], "两张")
    qing.sends_file(qing.private, b"x", "a.png", "image/png", caption="原图")
    qing.sends_photo(qing.private, png(), forwarded_from="某人")
    named, photo, one, two, file, hidden = (u.message for u in await bot.get_updates())
    assert named
    assert [(e.type, e.offset, e.length) for e in named.entities] == [("text_mention", 1, 2)]
    assert named.entities[0].user is not None
    assert named.entities[0].user.id == lin.id
    assert named.from_user is not None
    assert named.from_user.language_code == "zh-hans"
    assert photo
    assert [size.width for size in photo.photo] == [90, 320, 640]
    assert photo.caption_entities[0].type == "hashtag"
    assert photo.forward_origin is not None
    assert photo.forward_origin.type == "user"
    assert one
    assert two
    assert one.media_group_id == two.media_group_id is not None
    assert (one.caption, two.caption) == ("两张", None)
    assert file
    assert file.document is not None
    assert file.document.file_name == "a.png"
    assert hidden
    assert hidden.forward_origin is not None
    assert hidden.forward_origin.type == "hidden_user"


async def test_an_anonymous_admin_writes_in_the_name_of_the_group(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    group = telegram.group("画友群", qing, admins=[qing])
    qing.says(group, "/draw 猫", anonymous=True)
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.from_user is not None
    assert update.message.from_user.username == "GroupAnonymousBot"
    assert update.message.sender_chat == update.message.chat


# ── inline ──────────────────────────────────────────────────────────────────────────────────


async def test_an_inline_query_is_answered_once_in_time_with_what_there_is() -> None:
    clock = Clock()
    async with opened(clock) as (telegram, bot):
        qing = telegram.person("阿青")
        photo = qing.sends_photo(qing.private, png()).file_id or ""
        query, late = qing.looks_up("水墨 竹林"), qing.looks_up("晚了")
        asked = [u.inline_query for u in await bot.get_updates() if u.inline_query]
        assert (asked[0].id, asked[0].query, asked[0].from_user.id) == (
            query.id, "水墨 竹林", qing.id,
        )  # fmt: skip
        results = [article("1", description="水墨"), InlineQueryResultCachedPhoto("2", photo)]
        await bot.answer_inline_query(query.id, results, is_personal=True, cache_time=0)
        assert query.answered
        assert [(one.id, one.kind, one.title) for one in query.results] == [
            ("1", "article", "画"),
            ("2", "photo", ""),
        ]
        assert query.options == {"is_personal": "true", "cache_time": "0"}
        await refused(bot.answer_inline_query(query.id, results), "query is too old")
        clock.now += 16
        await refused(bot.answer_inline_query(late.id, results), "query is too old")
        assert telegram.refused == []


@pytest.mark.parametrize(
    ("results", "complaint"),
    [
        ([article("1"), article("1")], "RESULT_ID_DUPLICATE"),
        ([article("x" * 65)], "RESULT_ID_INVALID"),
        ([article("1", text="长" * 4097)], "message is too long"),
        ([article("1", reply_markup=keyboard("x" * 64))], "BUTTON_DATA_INVALID"),
        ([article("1", title=" ")], "ARTICLE_TITLE_EMPTY"),
        ([InlineQueryResultCachedPhoto("1", "unknown")], "wrong file identifier"),
        ([InlineQueryResultCachedGif("1", "unknown")], "type gif is unsupported"),
    ],
    ids=["twice", "id", "text", "button", "title", "photo", "gif"],
)
async def test_bad_inline_results_are_refused(
    telegram: FakeTelegram, bot: Bot, qing: Person, results: list[Any], complaint: str
) -> None:
    query = qing.looks_up("猫")
    await refused(bot.answer_inline_query(query.id, results), complaint)
    assert telegram.refused


async def test_where_the_next_inline_results_begin_is_said_in_64_bytes(
    bot: Bot, qing: Person
) -> None:
    query = qing.looks_up("猫")
    far = bot.answer_inline_query(query.id, [], next_offset="猫" * 22)
    await refused(far, "NEXT_OFFSET_INVALID")
    await bot.answer_inline_query(query.id, [], next_offset="猫" * 21)


async def test_no_more_than_50_inline_results_are_taken(
    telegram: FakeTelegram, qing: Person
) -> None:
    query = qing.looks_up("猫")
    for count, words in ((51, "RESULTS_TOO_MUCH"), (50, "")):
        results = [article(str(n)).to_dict() for n in range(count)]
        asked: dict[str, Any] = {"inline_query_id": query.id, "results": results}
        answer = await raw(telegram, "answerInlineQuery", **asked)
        assert words in answer.json().get("description", "")
    assert len(query.results) == 50


async def test_what_is_chosen_is_posted_and_edited_without_uploads(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    photo = (await bot.send_photo(qing.id, png())).photo[-1].file_id
    query = qing.looks_up("猫")
    first = article("1", "<b>画</b>：猫", "HTML", reply_markup=keyboard("取消"))
    results = [first, article("2")]
    await bot.answer_inline_query(query.id, results)
    shown = qing.chooses(query, query.results[0])
    assert (shown.text, shown.buttons) == ("画：猫", ["取消"])
    chosen = (await bot.get_updates())[-1].chosen_inline_result
    assert chosen is not None
    assert (chosen.result_id, chosen.inline_message_id) == ("1", shown.inline_id)
    qing.presses("取消", shown)
    pressed = (await bot.get_updates())[-1].callback_query
    assert pressed is not None
    assert pressed.message is None
    assert pressed.inline_message_id == shown.inline_id
    there: dict[str, Any] = {"inline_message_id": shown.inline_id}
    assert await bot.edit_message_text("在画", **there) is True
    await refused(bot.edit_message_text("在画", **there), "message is not modified")
    await refused(bot.edit_message_media(InputMediaPhoto(png()), **there), "can't upload")
    assert await bot.edit_message_media(InputMediaPhoto(photo, caption="好了"), **there) is True
    assert (shown.text, len(shown.photos), shown.buttons) == ("好了", 1, [])
    await refused(bot.edit_message_text("x", inline_message_id="nothing"), "MESSAGE_ID_INVALID")
    without = qing.chooses(query, query.results[1])
    last = (await bot.get_updates())[-1].chosen_inline_result
    assert last is not None
    assert without.inline_id is last.inline_message_id is None


async def test_what_is_chosen_in_a_group_of_the_bots_is_heard_there(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    group = telegram.group("画友群", qing)
    query = qing.looks_up("猫")
    await bot.answer_inline_query(query.id, [article("1")])
    qing.chooses(query, query.results[0], group)
    last = (await bot.get_updates())[-1].message
    assert last is not None
    assert last.via_bot is not None
    assert last.via_bot.id == telegram.bot_id


# ── commands ────────────────────────────────────────────────────────────────────────────────


async def test_commands_are_kept_by_scope_and_language(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    group = telegram.group("画友群", qing)
    chinese, english = [BotCommand("draw", "画")], [BotCommand("draw", "draw")]
    scopes = (None, BotCommandScopeAllGroupChats(), BotCommandScopeChat(group.id))
    await bot.set_my_commands(chinese, language_code="zh")
    await bot.set_my_commands(english)
    await bot.set_my_commands(english, scope=scopes[2])
    assert await bot.get_my_commands(language_code="zh") == tuple(chinese)
    assert [len(await bot.get_my_commands(scope=scope)) for scope in scopes] == [1, 0, 1]
    await bot.delete_my_commands(scope=scopes[2])
    assert await bot.get_my_commands(scope=scopes[2]) == ()
    assert telegram.refused == []


@pytest.mark.parametrize(
    ("commands", "more", "complaint"),
    [
        ([("画", "画")], {}, "BOT_COMMAND_INVALID"),
        ([("Draw", "画")], {}, "BOT_COMMAND_INVALID"),
        ([("d" * 33, "画")], {}, "BOT_COMMAND_INVALID"),
        ([("draw", "")], {}, "BOT_COMMAND_DESCRIPTION_INVALID"),
        ([("draw", "画" * 257)], {}, "BOT_COMMAND_DESCRIPTION_INVALID"),
        ([(f"d{n}", "画") for n in range(101)], {}, "BOT_COMMANDS_TOO_MUCH"),
        ([("draw", "画")], {"language_code": "zh-hans"}, "invalid language code"),
        ([("draw", "画")], {"scope": BotCommandScopeChat(-5)}, "chat not found"),
    ],
)
async def test_bad_commands_are_refused(
    bot: Bot, commands: list[tuple[str, str]], more: dict[str, Any], complaint: str
) -> None:
    await refused(bot.set_my_commands(commands, **more), complaint)


# ── updates ─────────────────────────────────────────────────────────────────────────────────


async def test_updates_come_again_until_they_are_confirmed(bot: Bot, qing: Person) -> None:
    for n in range(3):
        qing.says(qing.private, f"画{n}")
    first = await bot.get_updates()
    ids = [update.update_id for update in first]
    assert ids == [ids[0], ids[0] + 1, ids[0] + 2]
    assert await bot.get_updates() == first
    assert await bot.get_updates(limit=2) == first[:2]
    assert await heard(bot, offset=ids[1]) == ["画1", "画2"]
    assert await heard(bot, offset=-1) == ["画2"]
    assert await heard(bot) == ["画2"]
    assert await heard(bot, offset=ids[2] + 1) == []
    assert await heard(bot, offset=0) == []


async def test_between_1_and_100_updates_come_at_once(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    telegram.burst([(qing, qing.private, f"画{n}") for n in range(120)])
    assert len(await bot.get_updates()) == 100
    for limit in (0, 101):
        await refused(bot.get_updates(limit=limit), "limit must be 1-100")


async def test_a_long_poll_waits_without_spinning_and_wakes_for_the_first(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    asked = len(telegram.calls)
    waiting = asyncio.ensure_future(heard(bot, timeout=30))
    await telegram.until(lambda: len(telegram.calls) == asked + 1)
    assert not waiting.done()
    telegram.burst([(qing, qing.private, "一"), (qing, qing.private, "二")])
    assert await waiting == ["一", "二"]
    assert len(telegram.calls) == asked + 1
    telegram.world.updates.pending.clear()
    assert await bot.get_updates(timeout=1) == ()


async def test_a_second_poller_ends_the_first(telegram: FakeTelegram, bot: Bot) -> None:
    first = asyncio.ensure_future(bot.get_updates(timeout=30))
    await telegram.until(lambda: telegram.calls[-1].method == "getUpdates")
    async with Bot(telegram.token, base_url=telegram.base_url) as other:
        assert await other.get_updates(timeout=0) == ()
    with pytest.raises(errors.Conflict, match="terminated by other getUpdates request"):
        await first
    assert telegram.refused == []


async def test_only_wanted_updates_come_and_that_is_remembered(bot: Bot, qing: Person) -> None:
    await bot.get_updates(allowed_updates=["callback_query"])
    qing.says(qing.private, "画猫")
    await bot.get_updates()
    qing.says(qing.private, "画狗")
    await bot.get_updates(allowed_updates=["message"])
    qing.says(qing.private, "画鱼")
    assert await heard(bot) == ["画鱼"]
    await bot.get_updates(allowed_updates=[])
    qing.blocks()
    assert len(await bot.get_updates()) == 2


async def test_after_a_week_ids_begin_anew_and_lower_ones_are_taken_for_confirmed(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    qing.says(qing.private, "一")
    (first,) = await bot.get_updates()
    telegram.after_a_week(lower=True)
    qing.says(qing.private, "二")
    assert telegram.updates[-1].id < first.update_id
    assert await heard(bot) == ["一", "二"]
    assert await heard(bot, offset=first.update_id + 1) == []
    telegram.after_a_week(lower=False)
    qing.says(qing.private, "三")
    assert telegram.updates[-1].id > first.update_id + 1
    assert await heard(bot, offset=first.update_id + 1) == ["三"]


async def test_what_nobody_fetches_for_a_day_is_gone() -> None:
    clock = Clock()
    async with opened(clock) as (telegram, bot):
        qing = telegram.person("阿青")
        qing.says(qing.private, "昨天")
        clock.now += 86_000
        qing.says(qing.private, "今天")
        clock.now += 1000
        assert await heard(bot) == ["今天"]


async def test_presses_and_queries_that_nobody_fetches_are_gone_sooner() -> None:
    clock = Clock()
    async with opened(clock) as (telegram, bot):
        qing = telegram.person("阿青")
        qing.starts()
        await bot.send_message(qing.id, "猫", reply_markup=keyboard("a"))
        qing.presses("a", telegram.messages(qing.private)[-1])
        qing.looks_up("猫")
        for wait_s, count in ((29, 3), (2, 2), (118, 2), (2, 1)):
            clock.now += wait_s
            assert len(await bot.get_updates()) == count


async def test_updates_come_twice_backwards_and_of_kinds_that_nobody_knows(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    telegram.burst([(qing, qing.private, n) for n in "一二三"])
    telegram.disorder()
    assert await heard(bot) == ["三", "二", "一"]
    last = telegram.updates[-1]
    assert await heard(bot, offset=last.id + 1) == []
    telegram.redeliver(last, telegram.updates[-2])
    assert await heard(bot, offset=last.id + 1) == ["三", "二"]
    assert await heard(bot, offset=last.id + 1) == []
    told = telegram.arrives("thought_read", {"of": "阿青"})
    assert told is not None
    (update,) = await bot.get_updates()
    assert update.update_id == told.id
    assert telegram.refused == []


async def test_the_first_id_is_another_with_another_seed() -> None:
    firsts: set[int] = set()
    for seed in range(3):
        async with fake_telegram(seed=seed) as telegram:
            telegram.person("阿青").starts()
            firsts.add(telegram.updates[0].id)
    assert len(firsts) == 3


# ── webhooks ────────────────────────────────────────────────────────────────────────────────


class Site:
    """Where updates are brought to."""

    def __init__(self) -> None:
        self.url = ""
        self.texts: list[str] = []
        self.secrets: list[str | None] = []
        self.open = self.most_at_once = 0
        self.statuses: list[int] = []
        """Of the next answers; 200 when there are no more."""
        self.gates: dict[str, asyncio.Event] = {}
        """By text: it is answered when this is set."""

    async def take(self, request: web.Request) -> web.Response:
        text = (await request.json())["message"]["text"]
        self.texts.append(text)
        self.open += 1
        self.most_at_once = max(self.most_at_once, self.open)
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        if text in self.gates:
            await self.gates[text].wait()
        self.open -= 1
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)


@pytest.fixture
async def site() -> AsyncGenerator[Site]:
    site = Site()
    app = web.Application()
    app.router.add_post("/hook", site.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield site
    await runner.cleanup()


async def test_updates_are_brought_to_a_webhook_until_they_are_taken(
    telegram: FakeTelegram, bot: Bot, qing: Person, site: Site
) -> None:
    site.statuses = [500, 404]
    await bot.set_webhook(site.url, secret_token="a-secret_1", max_connections=1)  # noqa: S106
    qing.says(qing.private, "一")
    qing.says(qing.private, "二")
    await telegram.until(lambda: not telegram.world.updates.pending)
    assert site.texts == ["一", "一", "一", "二"]
    assert set(site.secrets) == {"a-secret_1"}
    info = await bot.get_webhook_info()
    assert (info.url, info.pending_update_count, info.max_connections) == (site.url, 0, 1)
    assert info.last_error_message == "Wrong response from the webhook: 404 Not Found"
    with pytest.raises(errors.Conflict, match="can't use getUpdates method while webhook"):
        await bot.get_updates()
    await bot.delete_webhook()
    qing.says(qing.private, "三")
    assert await heard(bot) == ["三"]
    assert (await bot.get_webhook_info()).url == ""
    assert telegram.refused == []


async def test_no_more_connections_are_made_to_a_webhook_than_it_wants(
    telegram: FakeTelegram, bot: Bot, qing: Person, site: Site
) -> None:
    lin, wang = telegram.person("小林"), telegram.person("老王")
    site.gates |= {text: asyncio.Event() for text in "一二三"}
    await bot.set_webhook(site.url, max_connections=2)
    mine = [(person, person.private) for person in (qing, lin, wang)]
    telegram.burst([(*place, text) for place, text in zip(mine, "一二三", strict=True)])
    await telegram.until(lambda: len(site.texts) == 2)
    site.gates["一"].set()
    await telegram.until(lambda: len(site.texts) == 3)
    assert site.texts[-1] == "三"
    assert site.most_at_once == 2
    for gate in site.gates.values():
        gate.set()
    await telegram.until(lambda: not telegram.world.updates.pending)


async def test_a_webhook_is_brought_updates_of_several_chats_at_once(
    telegram: FakeTelegram, bot: Bot, qing: Person, site: Site
) -> None:
    lin = telegram.person("小林")
    site.gates["一"] = asyncio.Event()
    await bot.set_webhook(site.url)
    telegram.burst(
        [(qing, qing.private, "一"), (qing, qing.private, "二"), (lin, lin.private, "三")]
    )
    await telegram.until(lambda: len(telegram.world.updates.pending) == 2)
    assert sorted(site.texts) == sorted("一三")  # what one chat says stays in order
    site.gates["一"].set()
    await telegram.until(lambda: not telegram.world.updates.pending)
    assert site.texts[-1] == "二"


@pytest.mark.parametrize(
    ("url", "more", "complaint"),
    [
        ("http://example.org/hook", {}, "An HTTPS URL must be provided"),
        ("https://example.org:8080/hook", {}, "only on ports 80, 88, 443 or 8443"),
        ("https://example.org/hook", {"secret_token": "中文"}, "unallowed characters"),
        ("https://example.org/hook", {"max_connections": 101}, "max_connections"),
    ],
)
async def test_bad_webhooks_are_refused(
    bot: Bot, url: str, more: dict[str, Any], complaint: str
) -> None:
    await refused(bot.set_webhook(url, **more), complaint)


async def test_what_waits_can_be_dropped(bot: Bot, qing: Person) -> None:
    qing.says(qing.private, "一")
    await bot.delete_webhook(drop_pending_updates=True)
    assert await heard(bot) == []


# ── too fast ────────────────────────────────────────────────────────────────────────────────


async def test_a_private_chat_takes_a_burst_and_then_one_message_or_edit_a_second() -> None:
    clock = Clock()
    async with opened(clock, flood=True) as (telegram, bot):
        qing = telegram.person("阿青")
        qing.starts()
        telegram.flood.private_burst = 3
        for _ in range(3):
            await bot.send_message(qing.id, "好")
        await too_fast(telegram, bot.send_message(qing.id, "好"), 1)
        clock.now += 1
        sent = await bot.send_message(qing.id, "好")
        await too_fast(telegram, bot.send_message(qing.id, "好"), 1)
        clock.now += 2
        for n in range(2):  # edits are counted with the messages
            await sent.edit_text(f"{n}")
        await too_fast(telegram, sent.edit_text("好"), 1)
        assert telegram.refused == []


async def test_a_group_takes_20_messages_a_minute_edits_and_album_items_among_them() -> None:
    clock = Clock()
    async with opened(clock, flood=True) as (telegram, bot):
        qing = telegram.person("阿青")
        group = telegram.group("画友群", qing)
        sent = await bot.send_message(group.id, "好")
        await bot.send_media_group(group.id, album(10))
        for n in range(8):
            clock.now += 1
            await sent.edit_text(f"{n}")
        await too_fast(telegram, bot.send_media_group(group.id, album(2)), 52)
        await bot.send_message(group.id, "二十")
        await too_fast(telegram, sent.edit_text("二十一"), 52)
        clock.now += 52.1
        await sent.edit_text("二十一")


async def test_all_chats_together_take_30_messages_a_second() -> None:
    clock = Clock()
    async with opened(clock, flood=True) as (telegram, bot):
        people = [telegram.person(f"人{n}") for n in range(31)]
        for person in people:
            person.starts()
        for person in people[:30]:
            await bot.send_message(person.id, "好")
        await too_fast(telegram, bot.send_message(people[30].id, "好"), 1)
        clock.now += 1
        await bot.send_message(people[30].id, "好")


async def test_all_can_be_silenced_but_polling() -> None:
    clock = Clock()
    async with opened(clock) as (telegram, bot):
        qing = telegram.person("阿青")
        qing.starts()
        telegram.flood_all(35)
        for call in (bot.send_message(qing.id, "好"), bot.get_me()):
            await too_fast(telegram, call, 35)
        assert await heard(bot) == ["/start"]
        clock.now += 36
        await bot.send_message(qing.id, "好")


# ── what goes wrong ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("fault", "error", "status"),
    [
        (RetryAfter(7), errors.RetryAfter, 429),
        (ServerError(), errors.NetworkError, 502),
        (ServerError(500, "{"), errors.NetworkError, 500),
        (HangBefore(), errors.TimedOut, 0),
        (Forbidden("bot was blocked by the user"), errors.Forbidden, 403),
        (BadRequest("chat not found"), errors.BadRequest, 400),
    ],
    ids=str,
)
async def test_a_fault_can_keep_a_call_from_being_done(
    opening: tuple[FakeTelegram, Bot],
    qing: Person,
    fault: Fault,
    error: type[errors.TelegramError],
    status: int,
) -> None:
    telegram, bot = opening
    telegram.fail_next("sendPhoto", fault)
    await bot.send_message(qing.id, "好")
    with pytest.raises(error):
        await bot.send_photo(qing.id, png(), read_timeout=0.3)
    assert telegram.calls[-1].status == status
    assert len(telegram.messages(qing.private)) == 2
    await bot.send_photo(qing.id, png())
    assert telegram.refused == []


@pytest.mark.parametrize(
    ("fault", "error", "status"),
    [
        (Hang(), errors.TimedOut, 0),
        (ResetAfter(), errors.NetworkError, 0),
        (Garbage(), errors.TelegramError, 200),
        (Garbage(b""), errors.TelegramError, 200),
    ],
    ids=str,
)
async def test_a_fault_can_keep_an_answer_from_arriving(
    opening: tuple[FakeTelegram, Bot],
    qing: Person,
    fault: Fault,
    error: type[errors.TelegramError],
    status: int,
) -> None:
    telegram, bot = opening
    telegram.fail_next("sendPhoto", fault)
    with pytest.raises(error):
        await bot.send_photo(qing.id, png(), read_timeout=0.3)
    assert telegram.calls[-1].status == status
    assert len(telegram.messages(qing.private)) == 2
    await bot.send_photo(qing.id, png())
    assert telegram.refused == []


async def test_a_connection_can_be_cut_in_the_middle_of_an_upload(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    telegram.fail_next("sendPhoto", Reset())
    telegram.fail_next("sendDocument", Reset(), chat=qing.private)
    with pytest.raises(errors.NetworkError):
        await bot.send_photo(qing.id, heavy(5 << 20))
    with pytest.raises(errors.NetworkError):
        await bot.send_document(qing.id, heavy(5 << 20))
    assert len(telegram.messages(qing.private)) == 1
    # only where the chat matters is a call read to its end before it is cut
    assert [(c.method, c.status) for c in telegram.calls[1:]] == [("sendDocument", 0)]
    await bot.send_photo(qing.id, heavy(5 << 20))


async def test_a_fault_is_for_a_method_a_chat_and_a_number_of_calls(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    lin = telegram.person("小林")
    lin.starts()
    telegram.fail_next(None, ServerError(), times=2, chat=qing.private)
    await bot.get_updates()
    await bot.send_message(lin.id, "好")
    for _ in range(2):
        with pytest.raises(errors.NetworkError):
            await bot.send_message(qing.id, "好")
    await bot.send_message(qing.id, "好")


async def test_what_hangs_is_cut_when_it_is_released(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    planned = telegram.fail_next("sendMessage", Hang())
    telegram.fail_next("sendMessage", HangBefore())
    calls = [asyncio.ensure_future(bot.send_message(qing.id, "好")) for _ in range(2)]
    await telegram.until(lambda: len(telegram.world.faults.hanging) == 2)
    planned.release()
    telegram.release()
    for call in calls:
        with pytest.raises(errors.NetworkError):
            await call
    assert [call.status for call in telegram.calls[-2:]] == [0, 0]
    assert len(telegram.messages(qing.private)) == 2


async def test_the_server_goes_down_and_comes_up_where_it_was(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    port, asked = telegram.port, len(telegram.calls)
    poll = asyncio.ensure_future(bot.get_updates(timeout=30))
    await telegram.until(lambda: len(telegram.calls) > asked)
    await telegram.goes_down()
    with pytest.raises(errors.NetworkError):
        await poll
    with pytest.raises(errors.NetworkError):
        await bot.send_message(qing.id, "好")
    qing.says(qing.private, "在吗")
    await telegram.comes_up()
    assert telegram.port == port
    assert await heard(bot) == ["在吗"]


async def test_what_a_failed_test_shows_of_a_message_is_short(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    said = qing.says(qing.private, "画猫")
    await bot.send_message(
        qing.id, "好", reply_parameters=ReplyParameters(said.id), reply_markup=keyboard("取消")
    )
    mine = telegram.messages(qing.private)[-1]
    shown = "{'kind': 'text', 'text': '好', 'rows': [['取消']]}"
    assert repr(mine) == f"<Message {mine.id} of 丹青 in 阿青: {shown}>"
    assert repr(mine.chat) == f"<Chat {qing.id} private 阿青: 3 messages>"


async def test_waiting_in_vain_tells_what_happened_instead(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    await bot.send_message(qing.id, "好")
    with pytest.raises(TimeoutError, match="sendMessage 200"):
        await telegram.until(lambda: False, timeout_s=0.05)
    assert await telegram.until(lambda: telegram.messages(qing.private)[-1])


# ── the description of the API ──────────────────────────────────────────────────────────────


@needs_spec
async def test_a_field_that_is_unknown_missing_or_of_another_type_is_noted(
    telegram: FakeTelegram, qing: Person
) -> None:
    fine: dict[str, Any] = {"chat_id": qing.id, "text": "好"}
    odd: list[dict[str, Any]] = [
        {**fine, "reply_to_message_id": 5},
        {**fine, "disable_notification": "perhaps"},
        {**fine, "entities": [{"type": "bold", "offset": "0", "length": 1}]},
        {**fine, "link_preview_options": {"is_off": True}},
    ]
    for fields in odd:
        await raw(telegram, "sendMessage", **fields)
    assert [re.sub(r".*: ", "", fault) for fault in telegram.refused] == [
        "reply_to_message_id is unknown",
        "disable_notification is no Boolean",
        "entities[0].offset is no Integer",
        "receive an entity with incorrect offset 0",
        "link_preview_options.is_off is unknown",
        "answer.link_preview_options.is_off is unknown",
    ]
    telegram.refused.clear()
    await raw(telegram, "editMessageMedia", chat_id=qing.id, message_id=1)
    assert telegram.refused[0] == "editMessageMedia: media is missing"


@needs_spec
async def test_nothing_that_a_library_of_today_sends_is_noted(
    telegram: FakeTelegram, bot: Bot, qing: Person
) -> None:
    sent = await bot.send_message(
        qing.id,
        "好",
        link_preview_options=LinkPreviewOptions(is_disabled=True),
        reply_markup=keyboard("a"),
        disable_notification=True,
    )
    await sent.edit_media(InputMediaPhoto(png(), has_spoiler=True, show_caption_above_media=True))
    assert telegram.messages(qing.private)[-1].raw["has_media_spoiler"]
    await bot.get_updates(timeout=0, allowed_updates=["message"])
    assert telegram.refused == []


@needs_spec
def test_answers_are_held_against_the_description_too() -> None:
    spec = Spec.load(SPEC)
    file = {"file_id": "a", "file_unique_id": "b"}
    assert spec.faults_of_answer("getFile", file) == []
    assert spec.faults_of_answer("getFile", {**file, "size": 1}) == ["answer.size is unknown"]
    assert spec.faults_of_answer("getFile", {"file_id": 1, "file_unique_id": "b"}) == [
        "answer.file_id is no String"
    ]
    assert spec.faults_of_answer("getMyCommands", [{"command": "a"}]) == [
        "answer[0].description is missing"
    ]
    message = {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}}
    assert spec.faults_of_answer("editMessageText", result=True) == []
    assert spec.faults_of_answer("editMessageText", message) == []
    assert spec.faults_of_update({"update_id": 1, "message": {**message, "texts": ""}}) == [
        "update.message.texts is unknown"
    ]
    upload = Params({"chat_id": "1"}, {"photo": Upload("a", "image/png", b"")})
    assert spec.faults_of_request("sendPhoto", upload) == []
    assert spec.faults_of_request("sendPhoto", Params({"chat_id": "x1"})) == ["photo is missing"]


async def test_without_the_description_nothing_is_held_against_it(tmp_path: Path) -> None:
    async with opened(spec=tmp_path / "none.json") as (telegram, _):
        qing = telegram.person("阿青")
        qing.starts()
        await raw(telegram, "sendMessage", chat_id=qing.id, text="好", whatever=1)
        assert telegram.refused == []


# ── a process of its own ────────────────────────────────────────────────────────────────────


@pytest.mark.slow
async def test_memory_stays_flat_when_nothing_is_kept() -> None:
    async with opened(keep_bytes=False) as (telegram, bot):
        world = telegram.world
        people = [telegram.person(f"人{n}") for n in range(2)]
        photo = png(64, 64)
        for n in range(120):
            person = people[n % 2]
            latest = person.private.messages[-1] if n >= 2 else None
            said = person.sends_photo(person.private, photo, to=latest)
            to = ReplyParameters(said.id)
            sent = await bot.send_photo(person.id, photo, reply_parameters=to)
            assert sent.photo[-1].width == 64
            person.presses_data(telegram.messages(person.private)[-1], "x")
            await bot.get_updates(offset=telegram.updates[-1].id + 1)
        assert {len(person.private.messages) for person in people} == {100}
        shown = people[0].private.messages
        assert shown[-1].photos == [b""]
        assert depth(shown[-1]) <= 101
        assert world.updates.pending == []
        with pytest.raises(errors.BadRequest):
            await bot.send_photo(people[0].id, b"none")


async def test_what_is_not_kept_is_forgotten_oldest_first() -> None:
    async with opened(keep_bytes=False) as (telegram, bot):
        world, qing = telegram.world, telegram.person("阿青")
        files = [heavy(9 << 20) + bytes([n]) for n in range(8)]
        sent = [qing.sends_file(qing.private, file, "a.png", "image/png") for file in files]
        await refused(bot.get_file(str(sent[0].file_id)), "temporarily unavailable")
        assert (await bot.get_file(str(sent[-1].file_id))).file_size == (9 << 20) + 1
        assert sent[0].documents == [b""]
        photo = qing.sends_photo(qing.private, png())
        for _ in range(20_000):
            world.files.document(Upload("a", "text/plain", b"a"), keep=False)
        assert len(world.files.media) == 20_000
        await refused(bot.send_photo(qing.id, str(photo.file_id)), "wrong file identifier")
        for n in range(1001):
            qing.presses_data(photo, str(n))
            qing.looks_up(str(n))
            world.refuse(str(n))
        assert {len(kept) for kept in (world.callbacks, world.inline, world.refused)} == {1000}
        assert (world.calls.maxlen, world.told.maxlen) == (2000, 1000)


def depth(message: Message) -> int:
    """Return how many messages a message keeps alive by answering."""
    return 1 + (0 if message.reply_to is None else depth(message.reply_to))


class Process:
    """The fake as a process."""

    def __init__(self, where: dict[str, Any], client: httpx.AsyncClient) -> None:
        self.where = where
        self._client = client

    async def do(self, verb: str, **asked: Any) -> Any:
        url = f"http://127.0.0.1:{self.where['port']}/_control/{verb}"
        return (await self._client.post(url, json=asked)).json()


@asynccontextmanager
async def process(*arguments: str) -> AsyncGenerator[Process]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.telegram_api", "--port", "0", *arguments,
        cwd=ROOT, env=dict(os.environ), stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    try:
        where = json.loads(await child.stdout.readline())
        async with httpx.AsyncClient(verify=NO_CERTIFICATES, trust_env=False) as client:
            yield Process(where, client)
    finally:
        child.send_signal(signal.SIGTERM)
        await child.communicate()
    assert child.returncode == 0


@pytest.mark.slow
async def test_as_a_process_it_is_moved_by_routes_of_its_own(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    async with process("--state", str(state)) as fake:
        where = fake.where
        async with bot_at(where["token"], where["base_url"], where["base_file_url"]) as bot:
            await fake.do("group", group="画友群", people=["阿青"])
            said = await fake.do("say", person="阿青", group="画友群", text="/draw 猫")
            picture = b64encode(png()).decode()
            await fake.do("photo", person="阿青", base64=picture, caption="画成水墨")
            updates = await bot.get_updates()
            assert [u.message and (u.message.text or u.message.caption) for u in updates] == [
                "/draw 猫",
                "画成水墨",
            ]
            chat = updates[0].effective_chat
            assert chat is not None
            to = ReplyParameters(said["id"])
            await bot.send_message(chat.id, "好", reply_parameters=to, reply_markup=keyboard("a"))
            shown = (await fake.do("messages", person="阿青", group="画友群"))[-1]
            assert (shown["text"], shown["to"], shown["rows"]) == ("好", said["id"], [["a"]])
            asked: dict[str, Any] = {"person": "阿青", "group": "画友群", "message": shown["id"]}
            query = (await fake.do("press", label="a", **asked))["query"]
            assert await fake.do("answers", query=query) == {"answer": None}
            await bot.answer_callback_query(query, "好了")
            assert await fake.do("answers", query=query) == {"answer": "好了"}
            await fake.do("fail", method="getMe", fault="RetryAfter", **{"with": {"seconds": 3}})
            with pytest.raises(errors.RetryAfter):
                await bot.get_me()
            assert (await fake.do("calls"))[-1]["status"] == 429
            assert "no such verb" in (await fake.do("dance"))["fault"]
            assert "KeyError" in (await fake.do("say", person="阿青"))["fault"]
    told = json.loads(state.read_text("utf-8"))
    assert told["refused"] == []
    assert [len(one["messages"]) for one in told["chats"]] == [1, 2]
