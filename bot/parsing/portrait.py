"""Reads that somebody's avatar is to be drawn on: 把我的头像画成水墨, not 画一个头像."""

import re
from dataclasses import dataclass
from typing import Literal

from bot.errors import TooLong
from bot.parsing.text import clean, fold
from bot.parsing.vocabulary import tables

Whose = Literal["mine", "other"]

_OWNER = (
    r"(?P<mine>我|我自己|自己|俺|咱)|(?P<other>@\S{1,40}?\s*|他|她|它|ta|对方|这位|这个人|那个人)"
)
_MADE = (
    r"(?:重新?)?(?:画|变|做|改|换|转|弄|p|制作|生成|处理|绘制)(?:成|为|作|个|一下)"
    r"|(?:加|添|戴|换)(?:上|个|一|顶)?"
)
_PHRASE = re.compile(
    rf"(?:把|将|给|让)?(?:{_OWNER})的?头像(?:图片?)?(?P<words>(?:{_MADE}).*)$", re.IGNORECASE
)
_FROM = re.compile(
    rf"(?:用|拿|以|照着?|按照?|基于|根据|参考|参照)(?:{_OWNER})的?头像(?:为(?:底图?|原图|参考))?"
    r"[来去，,]?(?:给我)?(?P<words>(?:重新?)?(?:画|做|生成|绘制).*)$",
    re.IGNORECASE,
)
_ENGLISH = re.compile(
    r"(?:turn|make|redraw|draw|paint|change|restyle)\s+"
    r"(?:(?P<mine>my)|(?P<other>his|her|their|@\S{1,40}'s))\s+"
    r"(?:avatar|profile\s+(?:picture|pic|photo))\s+(?:in(?:to)?|as)?\s*(?P<words>.+)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Portrait:
    """An avatar to be drawn on."""

    whose: Whose
    words: str
    """What is to be made of it."""


def portrait(text: str) -> Portrait | None:
    """Return whose avatar a message wants drawn on, and how; None if it wants none."""
    try:
        folded = fold(clean(text)).lstrip()
    except TooLong:  # the parser says so, to whoever wrote it
        return None
    if folded.startswith("/") and not folded[1:].startswith(tuple(tables()["commands"])):
        return None  # a command, but none that draws
    for pattern in (_PHRASE, _FROM, _ENGLISH):
        found = pattern.search(folded)
        if found is not None and not re.search("[画做]一?[个张幅]$", folded[: found.start()]):
            return Portrait("mine" if found["mine"] else "other", found["words"].strip())
    return None
