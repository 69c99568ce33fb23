"""A scene on Telegram as docs/telegram-scenes.md has it: played, and written down.

python -m tests.flow.telegram_transcript      # writes the page anew
"""

import asyncio
import re
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from PIL import Image

from tests.fakes import PacedEngine
from tests.flow.stage import Stage, running
from tests.telegram_api.chat import Chat
from tests.telegram_api.message import Message
from tests.telegram_api.server import fake_telegram

PAGE = Path(__file__).parents[2] / "docs" / "telegram-scenes.md"
BEGIN, END = "```\n", "```\n"
_TIMES = re.compile(r" · 约 \d+ 秒")


async def played(folder: Path) -> str:
    """Play the scene, and return it as the page has it."""
    async with fake_telegram(can_read_all=True) as telegram:
        async with running(folder, telegram, engine=PacedEngine, at_once=1) as play:
            group = await _group(play)
            alone = await _private(play)
        assert telegram.refused == []
    return "\n".join([*written(group), "", *written(alone), ""])


async def _group(play: Stage) -> Chat:
    """Two people in a group: a place in the queue, a preview, an album, a variation, a change."""
    qing, lin = play.telegram.person("阿青"), play.telegram.person("小林")
    group = play.telegram.group("画友群", qing, lin, admins=[qing])
    engine = play.engine
    assert isinstance(engine, PacedEngine)
    await play.answer_to(qing.says(group, "/settings@danqing_bot 本群 预览 开"))
    cat = await play.answer_to(qing.says(group, "丹青，画一只猫 --steps 4"))
    await engine.until(1)
    dogs = await play.answer_to(lin.says(group, "/draw 两只小狗，两张 --steps 4"))
    await engine.go("猫", 2)
    await play.telegram.until(lambda: "50%" in cat.text and cat.photos)
    await engine.go("猫", 2)
    await play.shows(cat, "画好了 #1")
    await engine.until(1)
    await engine.go("小狗", 4)
    buttons = await play.in_chat(group, "想对哪一张做什么？")
    await play.shows(dogs, "画好了 #2 ↓")
    lin.presses("🎲2", buttons)
    varied = await play.in_chat(group, "改自 #2 第 2 张")
    await engine.until(1)
    await engine.go("小狗", 4)
    await play.shows(varied, "画好了 #3")
    ink = await play.answer_to(qing.says(group, "换成水墨", to=cat))
    await engine.until(1)
    await engine.go("猫", 4)
    await play.shows(ink, "画好了 #4")
    photo = lin.sends_photo(group, _photo(), "丹青，画成油画 --steps 3")
    oil = await play.answer_to(photo)
    await engine.until(1)
    await engine.go("", 3)
    await play.shows(oil, "画好了 #5")
    pressed = lin.presses("🗑 删除", ink)
    await play.telegram.until(lambda: pressed.answer)
    assert pressed.answer is not None
    group.messages.append(_note(ink, f"（小林 按 🗑 删除）{pressed.answer.text}"))
    return group


async def _private(play: Stage) -> Chat:
    """One person in private: a bare command, a photo without words, a form."""
    qing = play.telegram.person("阿青")
    engine = play.engine
    assert isinstance(engine, PacedEngine)
    asked = await play.answer_to(qing.says(qing.private, "/draw"))
    fish = await play.answer_to(qing.says(qing.private, "一条鱼 --steps 3", to=asked))
    await engine.until(1)
    await engine.go("鱼", 3)
    await play.shows(fish, "画好了 #6")
    asked = await play.answer_to(qing.sends_photo(qing.private, _photo()))
    told = await play.answer_to(qing.says(qing.private, "画成水彩 --steps 3", to=asked))
    await engine.until(1)
    await engine.go("", 3)
    await play.shows(told, "画好了 #7")
    return qing.private


def _photo() -> bytes:
    file = BytesIO()
    Image.linear_gradient("L").convert("RGB").save(file, "PNG")
    return file.getvalue()


def _note(beside: Message, words: str) -> Message:
    """Return what only one person has seen, as a line of the page."""
    note = Message(id=0, chat=beside.chat, date=0, author=None)
    note.edits = []
    note.service = {"text": words}
    return note


def written(chat: Chat) -> Iterator[str]:
    yield f"── {chat.title}（{chat.kind}） ──"
    for message in chat.messages:
        if message.service is not None:
            yield f"      {message.service['text']}"
        elif message.author is not None:
            yield from _said(message, message.author.name)


def _said(message: Message, name: str) -> Iterator[str]:
    """Yield a message with all that it has shown."""
    to = message.reply_to
    whom = f" ↩ {to.author.name}" if to is not None and to.author is not None else ""
    shown = ((_steady(s.text), s.has_photo) for s in message.edits if _waited_for(s.text))
    seen = list(dict.fromkeys(shown))
    for number, (text, pictured) in enumerate(seen):
        lead = f"{name}{whom}：" if not number else "   ⟳ "
        picture = "[图] " if pictured else ""
        first, *rest = text.split("\n")
        yield f"{lead}{picture}{first}".rstrip()
        yield from (f"      {line}" for line in rest)
    for row in message.rows:
        yield "      " + " ".join(f"[{label}]" for label in row)


def _waited_for(text: str) -> bool:
    """Return whether what a message shows was waited for; other progress may be seen or not."""
    return not any(sign in text for sign in "🎨⏳") or ("#1：" in text and "50%" in text)


def _steady(text: str) -> str:
    """Return words without the time that something takes, which is never the same."""
    return _TIMES.sub("", text)


def kept() -> str:
    """Return the scene as the page has it."""
    return PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]


def main() -> None:
    """Write the page anew."""
    with tempfile.TemporaryDirectory() as folder:
        scene = asyncio.run(played(Path(folder)))
    words = PAGE.read_text(encoding="utf-8")
    before, _, rest = words.partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}{scene}{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
