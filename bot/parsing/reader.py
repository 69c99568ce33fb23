"""What the words of one field mean: text in, changes of a Request out."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bot.parsing.numeral import NUMERAL, REAL, number, real
from bot.parsing.text import fold
from bot.parsing.vocabulary import Vocabulary
from bot.request import Request
from bot.wording import say
from generation.recipe import Expand

Changes = Mapping[str, Any]
"""New values by field of a Request."""
Reader = Callable[[str, Vocabulary], Changes]

USUAL_HIRES, USUAL_UPSCALE = 2.0, 2
"""How much larger, where nobody says."""
_INTEGER = re.compile(rf"-?\d{{1,30}}|{NUMERAL}")
_ABOUT = re.compile("一两|[一二两]三|三[四五]|四五|五六|六七|七八|八九")
"""A number or the next: 两三张."""
_REAL = re.compile(rf"-?\d{{1,9}}(\.\d{{1,9}})?|\.\d{{1,9}}|{REAL}")
QUOTES = "“”「」『』\"'‘’"
"""Round a value they say nothing."""
_SIZE = re.compile(rf"({NUMERAL})(?:\s?(?:[x×✕*:]|乘以?)\s?({NUMERAL}))?")
_JOINTS = re.compile("风格|画风|风|画|和|与|加上|加|的")
"""Round and between names of styles."""
_WEIGHED = re.compile(r"([^\s:*,、+\d][^:*,、+\d]*?)\s?[:*]\s?(\d(?:\.\d{1,4})?)")
_RATIO = re.compile(r"(\S{1,9}?)\s?[:比/x]\s?(\S{1,9})")


def read(field: str, said: str, vocabulary: Vocabulary) -> Changes:
    """Return what to change in a Request.

    Args:
        field: One of READERS.
        said: The words of the value, as typed.
        vocabulary: Names of styles, shapes and samplers.

    Raises:
        ValueError: The words are no value of this field.
    """
    return READERS[field](said.strip(QUOTES + " "), vocabulary)


def changed(request: Request, changes: Changes) -> Request:
    """Return the request changed: lists grow, other values take the place of the old."""
    new: dict[str, Any] = dict(changes)
    if "weights" in new:
        new["weights"] = (*request.weights, *new["weights"])
    for field in {"styles", "notes"} & new.keys():
        new[field] = tuple(dict.fromkeys((*getattr(request, field), *new[field])))
    if request.avoid and "avoid" in new:
        new["avoid"] = f"{request.avoid},{new['avoid']}"
    return replace(request, **new)


def _count(said: str, vocabulary: Vocabulary) -> Changes:
    if said in vocabulary.vague:
        count = vocabulary.vague[said]
        return {"count": count, "notes": (_taken_for(said, count),)}
    folded = fold(said)
    if _ABOUT.fullmatch(folded):
        count = number(folded[-1])
        return {"count": count, "notes": (_taken_for(said, count),)}
    return {"count": number(folded)}


def _taken_for(said: str, count: int) -> str:
    return say("“{said}张”按 {count} 张画", said=said, count=count)


def _styles(said: str, vocabulary: Vocabulary) -> Changes:
    """Find known names in what was said; what is not known stays as it is, to be refused."""
    if fold(said).strip() in vocabulary.styles:
        return {"styles": (vocabulary.styles[fold(said).strip()],)}
    names = [name for name in re.split(r"[+&、，,/;；\s]+", said) if name]
    if not names:
        raise ValueError("no style")
    return {"styles": tuple(name for each in names for name in _known(each, vocabulary))}


def _weighed(said: str, vocabulary: Vocabulary) -> Changes:
    """Read 赛博朋克:0.6 水墨:0.4."""
    found = _WEIGHED.findall(fold(said))
    styles = (_known(name.strip(), vocabulary)[0] for name, _ in found)
    return {"styles": tuple(styles), "weights": tuple(float(weight) for _, weight in found)}


def _known(said: str, vocabulary: Vocabulary) -> list[str]:
    folded = fold(said)
    if folded in vocabulary.styles:
        return [vocabulary.styles[folded]]
    found = vocabulary.style.findall(folded)
    strange = _JOINTS.sub("", vocabulary.style.sub("", folded))
    return [vocabulary.styles[name] for name in found] if found and not strange else [said]


def _prompt(said: str, vocabulary: Vocabulary) -> Changes:
    del vocabulary
    if not said:
        raise ValueError("no prompt")
    return {"prompt": said}


def _avoid(said: str, vocabulary: Vocabulary) -> Changes:
    items = (_bare(item.strip(), vocabulary) for item in vocabulary.items.split(said))
    avoid = ",".join(item for item in items if item)
    if not avoid:
        raise ValueError("nothing to avoid")
    return {"avoid": avoid}


def _bare(item: str, vocabulary: Vocabulary) -> str:
    before = None
    while item != before:
        before, item = item, vocabulary.hollow.sub("", item)
    return item


def _size(said: str, vocabulary: Vocabulary) -> Changes:
    match = _matched(_SIZE, said)
    width = number(match[1])
    return {"width": width, "height": number(match[2]) if match[2] else width}


def _aspect(said: str, vocabulary: Vocabulary) -> Changes:
    if fold(said) in vocabulary.shapes:
        return {"aspect": vocabulary.shapes[fold(said)]}
    match = _matched(_RATIO, said)
    width, height = number(match[1]), number(match[2])
    if not (width and height):
        raise ValueError(f"no ratio: {said}")
    return {"aspect": f"{width}:{height}"}


def _weights(said: str, vocabulary: Vocabulary) -> Changes:
    del vocabulary
    weights = re.split(r"\s*[,，+]\s*", fold(said))
    if not all(map(_REAL.fullmatch, weights)):
        raise ValueError(f"no weights: {said}")
    return {"weights": tuple(map(float, weights))}


def _expand(said: str, vocabulary: Vocabulary) -> Changes:
    """Read one margin for all sides, or those on the left, above, on the right and below."""
    del vocabulary
    margins = [int(margin) for margin in re.split(r"\s*[,，]\s*", said)]
    match margins:
        case [margin]:
            left = up = right = down = margin
        case [left, up, right, down]:
            pass
        case _:
            raise ValueError(f"no margins: {said}")
    return {"expand": Expand(left=left, up=up, right=right, down=down)}


def _file(said: str, vocabulary: Vocabulary) -> Changes:
    """Open nothing: words that come from anywhere must not. The terminal takes its own before."""
    del said, vocabulary
    return {"notes": (say("从这里打不开文件，原图和遮罩没有用上"),)}


def _hires(said: str, vocabulary: Vocabulary) -> Changes:
    del vocabulary
    return {"hires": float(fold(said).rstrip("x倍 ")) if said else USUAL_HIRES}


def _upscale(said: str, vocabulary: Vocabulary) -> Changes:
    del vocabulary
    times = fold(said).rstrip("x倍 ")
    return {"upscale": USUAL_UPSCALE if times in ("", "一") else number(times)}


def _sampler(said: str, vocabulary: Vocabulary) -> Changes:
    name = vocabulary.samplers.get(fold(said).strip())
    if name is None:
        raise ValueError(f"no sampler: {said}")
    return {"sampler": name}


def _matched(pattern: re.Pattern[str], said: str) -> re.Match[str]:
    match = pattern.match(fold(said))
    if match is None:
        raise ValueError(f"not read: {said}")
    return match


def _number(field: str, form: re.Pattern[str], convert: Callable[[str], float]) -> Reader:
    def reader(said: str, vocabulary: Vocabulary) -> Changes:
        if not form.fullmatch(fold(said)):
            raise ValueError(f"no number: {said}")
        return {field: convert(fold(said))}

    return reader


def _whole(said: str) -> int:
    return -number(said[1:]) if said.startswith("-") else number(said)


READERS: Mapping[str, Reader] = {
    "aspect": _aspect,
    "avoid": _avoid,
    "count": _count,
    "expand": _expand,
    "fast": lambda said, _: {"fast": True},
    "file": _file,
    "guidance": _number("guidance", _REAL, real),
    "height": _number("height", _INTEGER, _whole),
    "hires": _hires,
    "poem": lambda said, _: {"poem": True},
    "polish": lambda said, _: {"polish": True},
    "prompt": _prompt,
    "sampler": _sampler,
    "seed": _number("seed", _INTEGER, _whole),
    "size": _size,
    "skip_translation": lambda said, _: {"skip_translation": True},
    "strength": _number("strength", _REAL, real),
    "steps": lambda said, _: {"steps": number(fold(said))},
    "styles": _styles,
    "total": lambda said, vocabulary: {**_count(said, vocabulary), "total": True},
    "upscale": _upscale,
    "weighed": _weighed,
    "weights": _weights,
    "model": lambda said, _: {"model": said},
    "width": _number("width", _INTEGER, _whole),
}
