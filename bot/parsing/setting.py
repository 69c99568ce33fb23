"""Reads what someone sets for where they say nothing: 水墨风，竖版，两张，预览 关; previews off."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.errors import NotUnderstood, UnknownStyle
from bot.parsing.follow import follow
from bot.parsing.numeral import NUMERAL, number
from bot.parsing.parser import vocabulary_of
from bot.parsing.reader import read
from bot.parsing.text import clean, fold
from bot.settings import Settings
from bot.style import Styles
from bot.wording import later, say

HOW = later(
    "要哪样？例如：/设置 水墨风，竖版，两张，不要文字，简短，英文；/设置 预览 关；/设置 清除"
)
NOTHING = Settings()
_SEPARATOR = r"(?:\s*[:：=]\s*|\s+)"
_EQUALS = re.compile(r"\s*[=＝]\s*")
_PIECES = re.compile("[,，;；。\n]+")
_COUNT = re.compile(
    rf"({NUMERAL})\s?(?:[张幅]|pictures?|images?)|(?:张数|count|pictures)[\s:]*({NUMERAL})"
)
_NAMES = re.compile("[+＋、&]| and ")
_NOUN = re.compile(" style$")
_PREVIEWS = re.compile(
    r"(?:(?P<on>打?开启?|要|with)|关[掉闭]?|不要|no|without)\s?(?:预览|previews?)"
)


@dataclass(frozen=True, slots=True)
class _Choice:
    """A setting that has few values."""

    field: str
    names: str
    """Between blanks."""
    values: Mapping[str, Any]
    """What each value is, by its words between blanks."""
    possible: str
    """What is said to other words."""
    alone: bool = False
    """Whether a value says enough without the name."""

    @property
    def words(self) -> Mapping[str, Any]:
        """Each word with its value."""
        return {word: value for words, value in self.values.items() for word in words.split()}


_CHOICES = (
    _Choice(
        "verbosity",
        "回复 回执 详略 verbosity answers",
        {
            "详细 完整 full detailed verbose": "full",
            "简短 简洁 brief short": "brief",
            "安静 静默 quiet silent": "quiet",
            "默认 default": None,
        },
        later("回复有三种：详细、简短、安静"),
        alone=True,
    ),
    _Choice(
        "previews",
        "预览 previews preview",
        {
            "开 开启 打开 要 on yes": True,
            "关 关闭 关掉 不要 off no": False,
            "默认 default": None,
        },
        later("预览只有开和关"),
    ),
    _Choice(
        "language",
        "语言 language lang",
        {
            "中文 汉语 普通话 chinese zh zh-cn": "zh",
            "英文 英语 english en": "en",
            "默认 default": None,
        },
        later("语言有两种：中文、英文"),
        alone=True,
    ),
    _Choice(
        "opens",
        "开局 谁开局 opening opens",
        {
            "管理员 群主 admins admin": "admins",
            "大家 所有人 everyone everybody all": "all",
            "默认 default": None,
        },
        later("谁能开局有两种：管理员、大家"),
    ),
    _Choice(
        "shared",
        "按钮 buttons button",
        {
            "共享 大家 所有人 开 shared everyone everybody all on": True,
            "不共享 本人 自己 关 own owner owners off": False,
            "默认 default": None,
        },
        later("按钮有两种：共享（大家都能按）、本人（只有本人能按）"),
    ),
)
_SESSION = re.compile(
    r"(?:^|[,;。\n])\s*(?:每?局(?!面)|sessions?(?![a-z]))(?:\s*[:=]\s*|\s+)(?=\S)"
)
"""Terms of group sessions have commas of their own: they are what is said last."""
_OPEN = {
    "styles": "风格 画风 styles style",
    "aspect": "形状 画幅 比例 shape aspect ratio",
    "avoid": "不要 避免 avoid no without",
    "count": "张数 count pictures",
}
"""Settings with any value, which goes on to the next comma."""
_NO_LONGER = frozenset(["默认", "不定", "随便", "清除", "default", "any", "none"])
_SHAPES = {"portrait": "2:3", "landscape": "3:2", "square": "1:1"}


def settings(said: str, styles: Styles, before: Settings, most: int) -> Settings:
    """Return settings as they are after what is said.

    Args:
        said: In full, in Chinese or English.
        styles: What styles there are.
        before: What was set; what is not named stays.
        most: Pictures of one request.

    Raises:
        NotUnderstood: It is no setting, or no value of one; says which there are.
        UnknownStyle: There is no such style.
    """
    reader = _Reader(styles, most)
    said = _EQUALS.sub(" ", clean(said))
    if session := _SESSION.search(fold(said)):
        reader.of_sessions(said[session.end() :].strip())
        said = said[: session.start()]
    for piece in _PIECES.split(said):
        reader.read(piece.strip())
    found = reader.finish()
    if not found:
        raise NotUnderstood(say(HOW))
    return replace(before, **found)


class _Reader:
    """Settings half read: what is known, and the words that may say more."""

    def __init__(self, styles: Styles, most: int) -> None:
        self._styles = styles
        self._vocabulary = vocabulary_of(styles)
        self._most = most
        self._found = dict[str, Any]()
        self._rest = list[str]()

    def read(self, piece: str) -> None:
        """Read what stands between two commas."""
        if self._found_in(self._of_previews(piece) or self._opened(piece) or self._bare(piece)):
            return
        tokens = piece.split()
        while tokens:  # previews off language en
            taken = next((n for n in (2, 1) if self._found_in(self._of(tokens[:n]))), 0)
            if not taken:
                break
            tokens = tokens[taken:]
        if tokens:
            self._rest.append(" ".join(tokens))

    def of_sessions(self, said: str) -> None:
        """Take terms as they are written; bot/terms.py reads them."""
        self._found["session"] = "" if fold(said) in _NO_LONGER else said

    def finish(self) -> Mapping[str, Any]:
        """Read what is left as one says it of a picture: 水墨风竖版，不要文字."""
        if not self._rest:
            return self._found
        said = "，".join(self._rest)
        change = follow(f"换成{said}", self._styles) or follow(said, self._styles)
        if change is None or change.changes.keys() - {"styles", "aspect", "avoid"}:
            raise NotUnderstood(say(HOW))
        found = dict(change.changes)
        if change.remove:
            found["avoid"] = ",".join(change.remove)
        # a number alone is read before; here it may also be 再来一张
        if not found or replace(change, changes={}, remove=(), count=None) != type(change)():
            raise NotUnderstood(say(HOW))
        if change.count is not None:
            found |= self._count(str(change.count))
        if "styles" in found:
            found["styles"] = tuple(self._styles.find(name).name for name in found["styles"])
        return {**self._found, **found}

    def _found_in(self, found: Mapping[str, Any]) -> bool:
        self._found |= found
        return bool(found)

    def _of(self, tokens: list[str]) -> Mapping[str, Any]:
        said = " ".join(tokens)
        return self._chosen(said) or self._bare(said)

    def _of_previews(self, said: str) -> Mapping[str, Any]:
        """Read 不要预览, which is nothing to keep out of pictures."""
        found = _PREVIEWS.fullmatch(fold(said))
        return {"previews": found["on"] is not None} if found else {}

    def _chosen(self, said: str) -> Mapping[str, Any]:
        folded = fold(said)
        for choice in _CHOICES:
            if choice.alone and folded in choice.words and choice.words[folded] is not None:
                return {choice.field: choice.words[folded]}
            value = _after(folded, choice.names, choice.words)
            if value is not None and value in choice.words:
                return {choice.field: choice.words[value]}
            if value is not None:
                raise NotUnderstood(say(choice.possible))
        return {}

    def _opened(self, said: str) -> Mapping[str, Any]:
        readers: Mapping[str, Callable[[str], Mapping[str, Any]]] = {
            "styles": self._named,
            "aspect": self._aspect,
            "avoid": lambda value: read("avoid", value, self._vocabulary),
            "count": self._count,
        }
        for field, names in _OPEN.items():
            value = _after(said, names, _NO_LONGER)
            if value and fold(value) in _NO_LONGER:
                return {field: getattr(NOTHING, field)}
            if value:
                return readers[field](value)
        return {}

    def _bare(self, said: str) -> Mapping[str, Any]:
        folded = fold(said)
        if count := _COUNT.fullmatch(folded):
            return self._count(count[1] or count[2])
        if folded in _SHAPES or folded in self._vocabulary.shapes:
            return self._aspect(said)
        try:
            return {"styles": (self._styles.find(_NOUN.sub("", folded)).name,)}
        except UnknownStyle:
            return {}

    def _named(self, said: str) -> Mapping[str, Any]:
        names = filter(None, (name.strip() for name in _NAMES.split(said)))
        return {"styles": tuple(self._styles.find(name).name for name in names)}

    def _aspect(self, said: str) -> Mapping[str, Any]:
        folded = fold(said)
        if folded in _SHAPES:
            return {"aspect": _SHAPES[folded]}
        try:
            return read("aspect", said, self._vocabulary)
        except ValueError as error:
            words = say("形状有：竖版、横版、方图，或者写宽高比，例如 16:9")
            raise NotUnderstood(words) from error

    def _count(self, said: str) -> Mapping[str, Any]:
        match = _COUNT.fullmatch(fold(said))
        digits = match[1] or match[2] if match else fold(said)
        count = number(digits) if re.fullmatch(NUMERAL, digits) else 0
        if not 1 <= count <= self._most:
            raise NotUnderstood(say("张数要在 1 到 {most} 之间", most=self._most))
        return {"count": count}


def _after(said: str, names: str, values: Mapping[str, Any] | frozenset[str]) -> str | None:
    """Return the value behind the name of a setting; None if there is none.

    A Chinese name needs nothing between: 预览关, 不要文字.
    """
    folded = fold(said)
    for name in sorted(names.split(), key=len, reverse=True):
        found = re.match(rf"{name}{_SEPARATOR}(?=\S)", folded)
        if found:
            return said[found.end() :]
        if not name.isascii() and folded.startswith(name) and folded[len(name) :] in values:
            return said[len(name) :]
    return None
