"""/风格: what styles there are, with sample pictures; or one of them, and what it is made of."""

import asyncio
from pathlib import Path

from aiosqlite import Connection
from PIL import Image

from bot import menu, texts
from bot.action import Action, Verb
from bot.command import Call, Command, Desk
from bot.errors import LabelMissing, UnknownStyle
from bot.label import assembled, packet_of
from bot.reply import Button, Plate, Reply
from bot.store.samples import PROMPT
from bot.store.store import Store
from bot.style import SLOT, Style
from bot.swatch import swatch, swatches
from bot.wording import say

LOOKED_BACK = 10
"""Pictures among which the last of this chat is sought."""


async def run(desk: Desk, db: Connection, call: Call) -> Reply:
    """List the styles with their other names; or tell of one, by name or number.

    Raises:
        UnknownStyle: There is none of that name.
    """
    if call.argument:
        return await _one(desk, db, call, _asked(desk, call))
    words = say("说“水墨风”“用油画”就是换风格，没说就用第一种：")
    lines = [f"  {number} {_line(style)}" for number, style in enumerate(desk.styles, 1)]
    plate = await asyncio.to_thread(_sheet, desk.store, tuple(desk.styles))
    how = say("/风格 水墨 看其中一种")
    text = "\n".join([words, *lines, how])
    return Reply(text=texts.marked(text) if plate else text, plate=plate, to=call.id)


async def _one(desk: Desk, db: Connection, call: Call, style: Style) -> Reply:
    lines = [_line(style), *([say(style.about)] if style.about else []), *_settings(style)]
    plate = await asyncio.to_thread(_sample, desk.store, style)
    if plate is None:
        lines.append(say("还没有样图"))
    else:
        lines.append(say("样图画的是：{prompt}", prompt=PROMPT))
    lines.append(say("这样用：画一只猫，{name}风格", name=style.name))
    text = "\n".join(lines)
    return Reply(
        text=texts.marked(text) if plate else text,
        plate=plate,
        buttons=await _buttons(desk, db, call, style),
        to=call.id,
    )


def _asked(desk: Desk, call: Call) -> Style:
    """Return the style of a name, or of a number in the list.

    Raises:
        UnknownStyle: There is none.
    """
    known = list(desk.styles)
    if not call.number:
        return desk.styles.find(call.argument)
    if call.number > len(known):
        words = "只有 {count} 种风格，发 /风格 看有哪些"
        raise UnknownStyle(say(words, count=len(known)))
    return known[call.number - 1]


async def _buttons(desk: Desk, db: Connection, call: Call, style: Style) -> menu.Rows:
    """Return the button that draws one's last picture of this chat in a style."""
    for artwork in await desk.store.gallery.of_user(db, call.user.key, limit=LOOKED_BACK):
        if artwork.chat == call.chat.key:
            label = say("🎨 编号 {id} 换成{name}", id=artwork.id, name=style.name)
            action = Action(Verb.WEAR, artwork.id, menu.style_key(style.name))
            return ((Button(label, action),),)
    return ()


def _line(style: Style) -> str:
    if not style.aliases:
        return style.name
    others = say("、").join(style.aliases)
    return say("{name}（{others}）", name=style.name, others=others)


def _settings(style: Style) -> list[str]:
    """Return what a style is made of, a line each."""
    told = [
        say("模型 {model}", model=style.model),
        *(f"LoRA {name} {weight:g}" for name, weight in style.loras.items()),
        say("{steps} 步", steps=style.steps),
        say("引导 {guidance:g}", guidance=style.guidance),
        say("采样器 {sampler}", sampler=style.sampler),
    ]
    lines = [] if style.phrase == SLOT else [say("画法：{phrase}", phrase=_phrase(style))]
    lines += [say("不要：{avoid}", avoid=style.avoid)] if style.avoid else []
    return [*lines, " · ".join(told)]


def _phrase(style: Style) -> str:
    return style.phrase.replace(SLOT, "…")


def _sheet(store: Store, styles: tuple[Style, ...]) -> Plate | None:
    """Return all samples on one plate; None if there are none."""
    found = [(style.name, store.samples.find(style)) for style in styles]
    paths = [path for _, path in found if path is not None]
    key = repr([(name, str(path), path and path.stat().st_mtime) for name, path in found])
    if (before := store.plates.drawn(key)) is not None:
        return before
    shown = [(name, _opened(path)) for name, path in found]
    packet = _packet(paths)
    if packet is None:
        return None
    sheet = swatches(shown)
    return store.plates.keep(key, assembled(sheet, packet), sheet.size)


def _sample(store: Store, style: Style) -> Plate | None:
    """Return a style's sample on a plate; None if there is none."""
    path = store.samples.find(style)
    image, packet = _opened(path), _packet([path] if path else [])
    if image is None or packet is None:
        return None
    plate = swatch(image)
    return store.plates.keep(packet + style.name, assembled(plate, packet), plate.size)


def _opened(path: Path | None) -> Image.Image | None:
    if path is None:
        return None
    try:
        with Image.open(path, formats=("WEBP",)) as image:
            return image.convert("RGB")
    except (OSError, SyntaxError, ValueError):
        return None


def _packet(paths: list[Path]) -> str | None:
    """Return the hidden label of the first that has one."""
    for path in paths:
        try:
            return packet_of(path.read_bytes())
        except (OSError, LabelMissing):
            continue
    return None


COMMAND = Command(
    names=("风格", "styles", "画风"), hint="有哪些风格，附样图；后面写名字就细说那一种", run=run
)
