"""What comes with a message is fetched before it is answered, and holds up nobody else."""

from dataclasses import replace
from io import BytesIO

from PIL import Image

from adapters.console import inbound
from bot.errors import NotSent
from bot.event import Attachment, Event, Message
from bot.intake import joined
from tests.conftest import Studio
from tests.fakes import FakeAdapter


def with_photos(adapter: FakeAdapter, **photos: bytes | Exception) -> None:
    """Have what is said as 图:NAME come with the photo of that name."""
    adapter.attachments.update(photos)

    def to_event(body: bytes) -> Event | None:
        event = inbound.to_event(body)
        if not isinstance(event, Message) or "图:" not in event.text:
            return event
        text, _, name = event.text.partition("图:")
        return replace(event, text=text, attached=(Attachment(ref=name),))

    adapter.to_event = to_event


def png() -> bytes:
    file = BytesIO()
    Image.new("RGB", (64, 64), "red").save(file, "PNG")
    return file.getvalue()


async def test_a_photo_is_drawn_on(studio: Studio) -> None:
    with_photos(studio.adapter, a=png())
    await studio.says("阿青", "画成水墨图:a")
    job = await studio.job(1)
    assert job.request.source_px == (64, 64)
    assert job.request.styles == ("水墨",)


async def test_without_words_it_is_asked_what_to_make_of_it(studio: Studio) -> None:
    with_photos(studio.adapter, a=NotSent("nobody fetches it yet"))
    await studio.says("阿青", "图:a")
    asked = studio.last.reply
    assert asked.text.startswith("收到图了")
    assert asked.asks == "画"
    assert asked.attached == (Attachment(ref="a"),)


async def test_one_that_cannot_be_had_or_opened_is_told(studio: Studio) -> None:
    with_photos(studio.adapter, a=NotSent("away"), b=b"no picture")
    await studio.says("阿青", "画成水墨图:a")
    assert studio.last.reply.text == "这张图现在取不下来，请过一会儿再发一次"
    await studio.says("阿青", "画成水墨图:b")
    assert "不是能用的图片" in studio.last.reply.text
    assert await studio.store.read(studio.store.queue.idle)


async def test_who_is_banned_has_nothing_fetched(studio: Studio) -> None:
    with_photos(studio.adapter, a=AssertionError("fetched"))
    await studio.says("老王", "/封禁 console:阿青 刷屏")
    studio.adapter.roles["阿青"] = ()
    await studio.says("阿青", "画成水墨图:a")
    assert await studio.store.read(studio.store.queue.idle)


def test_all_that_was_sent_as_one_is_one_message() -> None:
    event = inbound.to_event(inbound.from_line("画成水墨", "1", "阿青"))
    assert isinstance(event, Message)
    parts = [
        replace(event, text="", attached=(Attachment(ref="a"),), album="A", to_me=False),
        replace(event, id="2", attached=(Attachment(ref="b"),), album="A"),
    ]
    whole = joined(parts)
    assert (whole.id, whole.text, whole.to_me, whole.album) == ("2", "画成水墨", True, "")
    assert [one.ref for one in whole.attached] == ["a", "b"]
