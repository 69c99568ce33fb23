"""Scenes on Discord as docs/discord-scenes.md has them: played, and written down.

python -m tests.flow.discord_transcript      # writes the page anew
"""

import asyncio
import re
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from PIL import Image

from adapters.console.inbound import PLATFORM as CONSOLE
from tests.discord_api.channel import Channel
from tests.discord_api.component import BUTTON
from tests.discord_api.interaction import Interaction
from tests.discord_api.message import Message
from tests.discord_api.person import Person
from tests.discord_api.refusal import Json
from tests.discord_api.server import FakeDiscord, fake_discord
from tests.fakes import PacedEngine
from tests.flow import discord_stage, stage, telegram_transcript
from tests.flow.discord_stage import Stage, running
from tests.flow.studio import Studio, studio
from tests.flow.terminal import Terminal, terminal
from tests.telegram_api.chat import Chat
from tests.telegram_api.server import FakeTelegram, fake_telegram

PAGE = Path(__file__).parents[2] / "docs" / "discord-scenes.md"
BEGIN, END = "```\n", "```\n"
CHOICES = 4
"""Of a menu, so many are written down."""
_TIMES = re.compile(r" · 约 \d+ 秒")
_FILE = re.compile(r"\S*/(pictures|plates)/\S+\.png")


class Notes:
    """What people do that is no message, with when they did it."""

    def __init__(self, discord: FakeDiscord) -> None:
        self._discord = discord
        self._notes = list[tuple[Channel, float, str]]()

    def add(self, channel: Channel, words: str) -> None:
        """Write something down."""
        self._notes.append((channel, self._discord.world.clock(), words))

    def commands(
        self, person: Person, channel: Channel, name: str, **options: object
    ) -> Interaction:
        """Have somebody use a command."""
        told = "".join(f" {option}:{value}" for option, value in options.items())
        self.add(channel, f"{person.name} 用 /{name}{told}")
        return person.commands(channel, name, **options)

    def presses(self, person: Person, label: str, message: Message) -> Interaction:
        """Have somebody press a button."""
        self.add(message.channel, f"{person.name} 按 [{label}]")
        return person.presses(label, message)

    async def form(self, used: Interaction) -> None:
        """Wait for the form that an interaction opens, and write it down."""
        await self._discord.until(lambda: used.modal)
        assert used.modal is not None
        fields = (
            f"{one['label']}：{one['component'].get('value', '')}".rstrip()
            for one in used.modal["components"]
        )
        self.add(used.channel, f"   ▤ {used.modal['title']}｜{'｜'.join(fields)}")

    def written(self, channel: Channel) -> Iterator[str]:
        """Yield all that has happened in a channel, in order."""
        where = "私聊" if channel.guild is None else channel.guild.title
        yield f"── {where} · {channel.name} ──"
        said = [(m.edits[0].at, _said(m)) for m in channel.messages.values()]
        done = [(at, iter([words])) for place, at, words in self._notes if place is channel]
        for _, lines in sorted([*said, *done], key=lambda one: one[0]):
            yield from lines


# ── one server ──────────────────────────────────────────────────────────────────────────────


async def played(folder: Path) -> str:
    """Play the scenes, and return them as the page has them."""
    (folder / "one").mkdir()
    (folder / "three").mkdir()
    async with fake_discord() as discord:
        notes = Notes(discord)
        async with running(folder / "one", discord, engine=PacedEngine, at_once=1) as play:
            hall = await _server(play, notes)
            alone = await _alone(play, notes)
        assert discord.refused == []
    three = await _three(folder / "three")
    return "\n".join([*notes.written(hall), "", *notes.written(alone), "", *three, ""])


async def _server(play: Stage, notes: Notes) -> Channel:
    """Two people in a channel: commands, a place in the queue, buttons, a form, a mention."""
    qing, lin = play.discord.person("阿青"), play.discord.person("小林")
    hall = play.discord.server("画友会", lin, admins=[qing]).channel("画画")
    engine = play.engine
    assert isinstance(engine, PacedEngine)
    await play.answer_to(notes.commands(qing, hall, "设置", 改成="本群 预览 开"))
    cat = await _drawn_with_preview(play, notes, qing, lin, hall)
    ink = await play.answer_to(qing.says(hall, "换成水墨", to=cat))
    await engine.until(1)
    await engine.go("猫", 4)
    await play.shows(ink, "画好了 #4")
    await _changed(play, notes, qing, ink)
    photo = lin.says(
        hall, "画成油画 --steps 3", mentions=[play.discord.bot], attachments=[_photo()]
    )
    oil = await play.answer_to(photo)
    await engine.until(1)
    await engine.go("", 3)
    await play.shows(oil, "画好了 #6")
    await play.whispered(notes.presses(lin, "🗑 删除", ink))
    await play.whispered(notes.presses(qing, "⭐ 收藏", ink))
    return hall


async def _drawn_with_preview(
    play: Stage, notes: Notes, qing: Person, lin: Person, hall: Channel
) -> Message:
    engine = play.engine
    assert isinstance(engine, PacedEngine)
    cat = await play.answer_to(notes.commands(qing, hall, "画", 描述="一只猫", 步数=4))
    await engine.until(1)
    used = notes.commands(lin, hall, "画", 描述="两只小狗", 张数=2, 步数=4)
    dogs = await play.answer_to(used)
    await engine.go("猫", 2)
    await play.discord.until(lambda: "50%" in cat.content and cat.attachments)
    await play.answer_to(notes.commands(lin, hall, "队列"))
    await engine.go("猫", 2)
    await play.shows(cat, "画好了 #1")
    await engine.until(1)
    await engine.go("小狗", 4)
    await play.shows(dogs, "画好了 #2")
    notes.presses(lin, "🎲2", dogs)
    varied = await play.in_channel(hall, "改自 #2 第 2 张")
    await engine.until(1)
    await engine.go("小狗", 4)
    await play.shows(varied, "画好了 #3")
    return cat


async def _changed(play: Stage, notes: Notes, qing: Person, ink: Message) -> None:
    """Have a picture changed by a form."""
    engine = play.engine
    assert isinstance(engine, PacedEngine)
    used = notes.presses(qing, "✏️ 改一改", ink)
    await notes.form(used)
    notes.add(ink.channel, "阿青 填 描述：一条鱼")
    qing.submits(used, {"描述": "一条鱼"})
    fish = await play.in_channel(ink.channel, "#5：一条鱼")
    await engine.until(1)
    await engine.go("鱼", 4)
    await play.shows(fish, "画好了 #5")


async def _alone(play: Stage, notes: Notes) -> Channel:
    """One person in private: words, a photo without words, a choice of styles, their history."""
    qing, engine = play.discord.people["阿青"], play.engine
    assert isinstance(engine, PacedEngine)
    boat = await play.answer_to(qing.says(qing.direct, "画一条小船 --steps 3"))
    await engine.until(1)
    await engine.go("小船", 3)
    await play.shows(boat, "画好了 #7")
    notes.presses(qing, "🎨 换风格", boat)
    offered = await play.in_channel(qing.direct, "换成哪种风格？")
    notes.add(qing.direct, "阿青 选 水彩")
    qing.selects(offered, "水彩")
    painted = await play.in_channel(qing.direct, "#8：一条小船")
    await engine.until(1)
    await engine.go("小船", 3)
    await play.shows(painted, "画好了 #8")
    asked = await play.answer_to(qing.says(qing.direct, "", attachments=[_photo()]))
    await notes.form(notes.presses(qing, "✏️ 填写", asked))
    await play.answer_to(notes.commands(qing, qing.direct, "额度"))
    return qing.direct


# ── three places, one queue ─────────────────────────────────────────────────────────────────


async def _three(folder: Path) -> list[str]:
    """Play one process that serves Telegram, Discord and the terminal."""
    with terminal("老王") as typed:
        async with fake_discord() as discord, fake_telegram() as telegram:
            talking = {
                discord_stage.PLATFORM: discord_stage.on(folder, discord),
                stage.PLATFORM: stage.on(telegram),
            }
            others = {CONSOLE: typed.adapter}
            notes = Notes(discord)
            async with studio(folder, talking, others, engine=PacedEngine, at_once=1) as made:
                await discord.until(lambda: discord.connected and discord.world.commands.of(None))
                async with typed.talking(made):
                    hall, chat = await _one_queue(made, notes, discord, telegram, typed)
            assert discord.refused == []
            assert telegram.refused == []
            lines = [*notes.written(hall), "", *telegram_transcript.written(chat), ""]
            return [*lines, "── 终端 ──", *_screen(typed)]


async def _one_queue(
    made: Studio, notes: Notes, discord: FakeDiscord, telegram: FakeTelegram, typed: Terminal
) -> tuple[Channel, Chat]:
    """Have somebody at each ask, wait behind the others, and be answered where they asked."""
    qing, lin = discord.person("阿青"), telegram.person("小林")
    hall = discord.server("画友会", qing).channel("画画")
    engine = made.engine
    assert isinstance(engine, PacedEngine)
    used = notes.commands(qing, hall, "画", 描述="一只猫", 步数=4)
    await discord.until(lambda: used.message and "收到 #1" in used.message.content)
    await engine.until(1)
    lin.says(lin.private, "画一座山 --steps 4")
    await telegram.until(lambda: any("收到 #2" in one.text for one in telegram.said(lin.private)))
    typed.types("画一条鱼 --steps 4")
    await typed.shows("收到 #3")
    queue = notes.commands(qing, hall, "队列")
    await discord.until(lambda: queue.message and queue.message.content)
    await engine.go("猫", 4)
    await discord.until(lambda: used.message and "画好了 #1" in used.message.content)
    await engine.until(1)
    await engine.go("山", 4)
    await telegram.until(lambda: any("画好了 #2" in m.text for m in telegram.said(lin.private)))
    await engine.until(1)
    await engine.go("鱼", 4)
    await typed.shows("画好了 #3")
    return hall, lin.private


def _screen(typed: Terminal) -> Iterator[str]:
    """Yield what is on the screen of the terminal, without what is another each time."""
    yield "老王：画一条鱼 --steps 4"
    for line in typed.shown.splitlines():
        yield _steady(_FILE.sub(r"data/\1/….png", line)).rstrip()


# ── as it is written ────────────────────────────────────────────────────────────────────────


def _said(message: Message) -> Iterator[str]:
    """Yield a message with all that it has shown."""
    to = message.reply_to
    used = message.interaction
    whom = to.author.name if to is not None else "" if used is None else used.person.name
    alone = "" if message.seen_by is None else f"（只有{message.seen_by.name}看得见）"
    lead = f"{message.author.name}{alone}{whom and f' ↩ {whom}'}："
    shown = ((_read(message, one.content), one.attachments) for one in message.edits)
    seen = dict.fromkeys(one for one in shown if any(one) and _waited_for(one[0]))
    for number, (text, pictures) in enumerate(seen):
        first, *rest = text.split("\n")
        yield f"{'   ⟳ ' if number else lead}{'[图] ' * pictures}{first}".rstrip()
        yield from (f"      {line}" for line in rest)
    for row in message.components:
        yield "      " + " ".join(map(_component, row["components"]))


def _component(one: Json) -> str:
    if one["type"] == BUTTON:
        return f"[{one['label']}]"
    labels = [option["label"] for option in one["options"]]
    return f"[▾ {'｜'.join(labels[:CHOICES])}{'｜…' if len(labels) > CHOICES else ''}]"


def _read(message: Message, text: str) -> str:
    """Return words as they are read: people by name, and nothing that keeps markup from being."""
    bot = message.channel.world.bot
    return _steady(text.replace(bot.mention, f"@{bot.name}").replace("\\", ""))


def _waited_for(text: str) -> bool:
    """Return whether what a message shows was waited for; other progress may be seen or not."""
    return not any(sign in text for sign in "🎨⏳") or ("#1：" in text and "50%" in text)


def _steady(text: str) -> str:
    """Return words without the time that something takes, which is never the same."""
    return _TIMES.sub("", text)


def _photo() -> bytes:
    file = BytesIO()
    Image.linear_gradient("L").convert("RGB").save(file, "PNG")
    return file.getvalue()


def kept() -> str:
    """Return the scenes as the page has them."""
    return PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]


def main() -> None:
    """Write the page anew."""
    with tempfile.TemporaryDirectory() as folder:
        scenes = asyncio.run(played(Path(folder)))
    words = PAGE.read_text(encoding="utf-8")
    before, _, rest = words.partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}{scenes}{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
