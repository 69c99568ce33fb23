"""The form of a picture: what it was asked for, to be changed and asked for again."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from bot import segment
from bot.action import Action, Verb
from bot.artwork import Artwork
from bot.errors import NotChanged, NotFilledIn, NotUnderstood, StudioError
from bot.follow import Follow
from bot.form import Field, Form
from bot.parsing.numeral import number
from bot.parsing.parser import vocabulary_of
from bot.parsing.reader import Changes, read
from bot.parsing.text import MAX_CHARS, clean, fold
from bot.policy import MIN_STRENGTH
from bot.receipt import SHAPES, shape
from bot.request import Request
from bot.style import ANEW, SEEDS, Styles
from bot.wording import say

SHOWN = 20
"""Characters of a wrong value that are repeated."""
TOLD = 3
"""Words that went, and that came, which are told."""
ALIKE = 0.4
"""Of two prompts that are less alike (0 to 1), no words are told: one is another picture's."""
_WEIGHED = re.compile(r"(.+?)\s*[:*]\s*(\d(?:\.\d{1,4})?)")
_BETWEEN = re.compile("[+＋,，、;；&/]")
_SIZE = re.compile(r"(\d{1,5})\s*[x×*]\s*(\d{1,5})")
_RATIO = re.compile(r"(\S{1,9}?)\s*[:比/]\s*(\S{1,9})")
_REAL = re.compile(r"(\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})\s*(%?)")
_INTEGER = re.compile(r"-?\d{1,30}")
_TO_DRAW = "LNS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The form of one picture."""

    target: int
    """The artwork's id."""
    before: Request
    """What the picture was asked for; settled, of one picture."""
    styles: Styles

    @classmethod
    def of(cls, artwork: Artwork, before: Request, styles: Styles) -> "Sheet":
        """Return the sheet of an artwork."""
        return cls(target=artwork.id, before=before, styles=styles)

    @property
    def form(self) -> Form:
        """The form, with what the picture was asked for in it."""
        return Form(
            action=Action(Verb.EDIT, self.target),
            title=say("改一改编号 {id}", id=self.target),
            fields=tuple(self._fields()),
        )

    def follow(self, values: Mapping[str, str]) -> Follow:
        """Return the change that a form asks for, when it is handed in.

        Args:
            values: What was filled in, by names of fields, joined ones too. What is not there
                stays as it was.

        Raises:
            NotFilledIn: Some of it is no value of its field; says of each which and why.
            NotChanged: Nothing is to be changed.
        """
        changes, faults = dict[str, Any](), list[str]()
        fields = {field.name: field for field in self.form.fields}
        for name, value in self.form.parted(values).items():
            field = fields.get(name)
            if field is None:
                faults.append(_unknown(name, fields))
                continue
            if value.strip() == field.value:
                continue
            try:
                found = self._read(field, value)
            except StudioError as error:
                faults.append(say("{label}：{value}", label=field.label, value=error))
            else:
                is_new = any(self._is_new(key, new) for key, new in found.items())
                changes |= found if is_new else {}
        if faults:
            raise NotFilledIn("\n".join(faults))
        if not changes:
            raise NotChanged(say("什么都没改，就不画了；想再来一张，按 🔁 就行"))
        avoid = changes.pop("avoid", None)
        return Follow(changes=changes, avoid=avoid)

    def _fields(self) -> Iterator[Field]:
        before = self.before
        avoided = before.avoid.replace(",", say("、"))
        shapes = tuple(map(shape, SHAPES))
        listed = say("、").join(shapes)
        yield Field(
            name="prompt",
            label=say("描述"),
            value=before.prompt,
            most=MAX_CHARS,
            help=say("画什么；照写的画，这里不认“竖版”“不要”"),
        )
        yield Field(
            name="avoid",
            label=say("不要"),
            value=avoided,
            most=MAX_CHARS,
            help=say("不想看到的，用顿号隔开；可以空着"),
        )
        yield Field(
            name="style",
            label=say("风格"),
            value=self._worn(),
            most=200,
            choices=tuple(style.name for style in self.styles),
            help=say("一种，或几种用＋连起来；空着：{style}", style=self.styles.default.name),
        )
        yield Field(
            name="shape",
            label=say("形状"),
            value=_shape(before),
            most=20,
            choices=shapes,
            help=say("{shapes}，16:9 这样的比例，或 512x768 这样的大小", shapes=listed),
        )
        if before.source or before.hires > 1:
            yield Field(
                name="strength",
                label=say("重画强度"),
                value=f"{self._strength():g}",
                most=20,
                help=say("{least} 到 1：越小越像原来的", least=MIN_STRENGTH),
            )
        yield Field(
            name="seed",
            label=say("种子"),
            most=20,
            value="" if before.seed is None else str(before.seed),
            help=say("0 到 {most}；空着就换一颗", most=SEEDS - 1),
        )

    def _worn(self) -> str:
        names, weights = self.before.styles, self.before.weights
        if len(names) == len(weights):
            names = tuple(f"{name}:{w:g}" for name, w in zip(names, weights, strict=True))
        return "+".join(names) or self.styles.default.name

    def _strength(self) -> float:
        """Return how much is drawn anew, if nobody says anything else.

        What was drawn in part is drawn on as a whole; the strength of the part is none of that.
        """
        before = self.before
        in_part = before.expand is not None or bool(before.mask)
        return ANEW if before.strength is None or in_part else before.strength

    def _read(self, field: Field, value: str) -> Changes:
        """Return what a value changes.

        Raises:
            StudioError: It is none of this field; says why.
        """
        if len(value) > field.most:
            words = say("有 {count} 个字，最多 {most} 个", count=len(value), most=field.most)
            raise NotUnderstood(words)
        try:
            return _READERS[field.name](clean(value), self)
        except ValueError as error:
            raise NotUnderstood(say("没看懂“{said}”", said=_short(clean(value)))) from error

    def _is_new(self, key: str, value: Any) -> bool:
        match key:
            case "styles":
                return value != (self.before.styles or (self.styles.default.name,))
            case "strength":
                return (ANEW if value is None else value) != self._strength()
            case "aspect" if value is None:
                return self.before.aspect is not None
            case _:
                return value != getattr(self.before, key)


def difference(before: str, after: str) -> str:
    """Return what is new in a prompt, as －企鹅 ＋熊猫; empty if a few words do not tell."""
    old, new = segment.words(before), segment.words(after)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if before == after or matcher.ratio() < ALIKE:
        return ""
    gone, come = list[str](), list[str]()
    for tag, start, end, begin, stop in matcher.get_opcodes():
        if tag != "equal":
            gone.append(_bare("".join(old[start:end])))
            come.append(_bare("".join(new[begin:stop])))
    told = (tuple(filter(None, words))[:TOLD] for words in (gone, come))
    return Follow(remove=next(told), add=next(told)).difference


def _prompt(said: str, sheet: Sheet) -> Changes:
    if any(unicodedata.category(character)[0] in _TO_DRAW for character in said):
        return {"prompt": said}
    if sheet.before.source and not said:
        return {"prompt": ""}
    raise NotUnderstood(say("不能空着，想画什么呢？"))


def _avoid(said: str, sheet: Sheet) -> Changes:
    if not said:
        return {"avoid": ""}
    try:
        return read("avoid", said, vocabulary_of(sheet.styles))
    except ValueError as error:
        raise NotUnderstood(say("没看懂“{said}”", said=_short(said))) from error


def _style(said: str, sheet: Sheet) -> Changes:
    names, weights = list[str](), list[float | None]()
    for part in filter(None, map(str.strip, _BETWEEN.split(said))):
        weighed = _WEIGHED.fullmatch(fold(part))
        found = weighed[1] if weighed else part
        known = read("styles", found, vocabulary_of(sheet.styles))["styles"]
        names += [sheet.styles.find(name).name for name in known]
        weights += [float(weighed[2]) if weighed else None] * len(known)
    if not names:
        return {"styles": (sheet.styles.default.name,), "weights": ()}
    worn = tuple(1.0 if weight is None else weight for weight in weights)
    return {"styles": tuple(names), "weights": worn if any(weights) else ()}


def _shaped(said: str, sheet: Sheet) -> Changes:
    folded = fold(said)
    shapes = {**vocabulary_of(sheet.styles).shapes, **{fold(shape(one)): one for one in SHAPES}}
    if not folded:
        return {"aspect": None}
    if folded in shapes:
        return {"aspect": shapes[folded]}
    if found := _SIZE.fullmatch(folded):
        return {"width": int(found[1]), "height": int(found[2])}
    try:
        found = _RATIO.fullmatch(folded)
        sides = (number(found[1]), number(found[2])) if found else (0, 0)
    except ValueError:
        sides = (0, 0)
    if not all(sides):
        words = say("、").join(map(shape, SHAPES))
        raise NotUnderstood(
            say("没看懂“{said}”，可以写{shapes}、16:9 或 512x768", said=_short(said), shapes=words)
        )
    return {"aspect": f"{sides[0]}:{sides[1]}"}


def _strong(said: str, sheet: Sheet) -> Changes:
    del sheet
    if not said:
        return {"strength": None}
    found = _REAL.fullmatch(fold(said))
    strength = float(found[1]) / (100 if found[2] else 1) if found else 0.0
    if not MIN_STRENGTH <= strength <= 1:
        words = say("要在 {least} 到 1 之间，写的是“{said}”", least=MIN_STRENGTH, said=_short(said))
        raise NotUnderstood(words)
    return {"strength": strength}


def _seed(said: str, sheet: Sheet) -> Changes:
    del sheet
    if not said or fold(said) == "-1":
        return {"seed": None}
    if not _INTEGER.fullmatch(fold(said)):
        raise NotUnderstood(say("要是整数，写的是“{said}”；空着就换一颗", said=_short(said)))
    if not 0 <= (seed := int(fold(said))) < SEEDS:
        words = say("要在 0 到 {most} 之间，写的是“{said}”", most=SEEDS - 1, said=_short(said))
        raise NotUnderstood(words)
    return {"seed": seed}


_READERS: Mapping[str, Callable[[str, Sheet], Changes]] = {
    "prompt": _prompt,
    "avoid": _avoid,
    "style": _style,
    "shape": _shaped,
    "strength": _strong,
    "seed": _seed,
}


def _unknown(name: str, fields: Mapping[str, Field]) -> str:
    known = say("、").join(fields)
    return say("没有“{name}”这一栏，有：{fields}", name=_short(clean(name[:SHOWN])), fields=known)


def _shape(request: Request) -> str:
    if request.aspect is not None:
        return shape(request.aspect)
    return f"{request.width}x{request.height}"


def _bare(words: str) -> str:
    """Return words without what only stands between them."""
    kinds = [unicodedata.category(character)[0] in _TO_DRAW for character in words]
    if not any(kinds):
        return ""
    return words[kinds.index(True) : len(words) - kinds[::-1].index(True)]


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
