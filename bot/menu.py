"""The buttons under what the bot says."""

import hashlib
from collections.abc import Iterable, Sequence

from bot.action import Action, Verb
from bot.artwork import Artwork
from bot.follow import Side
from bot.job import Job
from bot.reply import Button, in_rows
from bot.style import Style
from bot.wording import later, say

Rows = tuple[tuple[Button, ...], ...]

SIDE_VALUES: dict[str, tuple[Side, ...]] = {
    "l": ("left",),
    "u": ("up",),
    "r": ("right",),
    "d": ("down",),
    "a": ("left", "up", "right", "down"),
}
"""Sides to expand to, by the value of an action."""
_SIDE_LABELS = {
    "l": later("⬅️ 左"),
    "u": later("⬆️ 上"),
    "r": later("➡️ 右"),
    "d": later("⬇️ 下"),
    "a": later("↔️ 四周"),
}
SURE = "yes"
"""The value of an action that was asked back about."""
_STYLES_A_ROW = 4


def under(job: Job, artworks: Sequence[Artwork]) -> Rows:
    """Return what stands under the pictures of a job; of several each has its number."""
    if len(artworks) == 1:
        return (_again(job, 1), *of_one(artworks[0]))
    return (_again(job, len(artworks)), *numbered(artworks))


def numbered(artworks: Sequence[Artwork]) -> Rows:
    """Return what stands under pictures that came together, each with its number."""
    return tuple(
        tuple(
            Button(f"{label}{number}", Action(verb, artwork.id, value))
            for number, artwork in enumerate(artworks, 1)
        )
        for label, verb, value in (
            ("🔍", Verb.UPSCALE, "2"),
            ("🎲", Verb.VARY, ""),
            ("⋯", Verb.MORE, ""),
        )
    )


def of_one(artwork: Artwork) -> Rows:
    """Return all that can be done to one picture."""
    rows = (
        (
            (say("🎲 变化"), Verb.VARY, ""),
            ("🔍 2×", Verb.UPSCALE, "2"),
            ("🔍 4×", Verb.UPSCALE, "4"),
        ),
        (
            (say("✏️ 改一改"), Verb.EDIT, ""),
            (say("🎨 换风格"), Verb.STYLES, ""),
            (say("↔️ 扩展"), Verb.SIDES, ""),
        ),
        (
            (say("⭐ 收藏"), Verb.FAVOUR, ""),
            (say("📄 原图"), Verb.ORIGINAL, ""),
            (say("ℹ️ 参数"), Verb.INFO, ""),
            (say("🗑 删除"), Verb.DELETE, ""),
        ),
    )
    return tuple(
        tuple(Button(label, Action(verb, artwork.id, value)) for label, verb, value in row)
        for row in rows
    )


def of_styles(artwork: Artwork, styles: Iterable[Style]) -> Rows:
    """Return a button for each style."""
    buttons = [
        Button(style.name, Action(Verb.WEAR, artwork.id, style_key(style.name))) for style in styles
    ]
    return in_rows(buttons, _STYLES_A_ROW)


def of_sides(artwork: Artwork) -> Rows:
    """Return a button for each side."""
    sides = [
        Button(say(label), Action(Verb.EXPAND, artwork.id, value))
        for value, label in _SIDE_LABELS.items()
    ]
    return (tuple(sides),)


def of_deletion(artwork: Artwork) -> Rows:
    """Return the button that deletes for good."""
    return ((Button(say("🗑 真的删除"), Action(Verb.DELETE, artwork.id, SURE)),),)


def style_key(name: str) -> str:
    """Return what stands for a style in an action: it stays, whatever other styles come and go."""
    return hashlib.sha256(name.encode()).hexdigest()[:12]


def _again(job: Job, count: int) -> tuple[Button, ...]:
    label = say("🔁 再来一张") if count == 1 else say("🔁 再来一组")
    return (Button(label, Action(Verb.REDO, job.id)),)
