"""Which words of a recipe are translated and polished, and what is told of it; pure.

Written as samplers are: a generator that yields what it wants written and is sent what was.
"""

import re
import unicodedata
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace

from generation.config import SLOT, Card, Task
from generation.recipe import Recipe
from generation.zoo.embedding import MARKED

MOST_CHARS = 120
"""Of a sentence to be translated; models hold 512 tokens, and lose the thread long before."""
SHOWN = 300
"""Characters of a new prompt that are told."""
FEW = 5
"""Unknown words that are named."""

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_QUOTED = re.compile(r'“[^“”]*”|「[^「」]*」|『[^『』]*』|"[^"]*"')
"""What is to be written in the picture."""
_WEIGHT = re.compile(r"[:：]\s*\d+(?:\.\d+)?(?=\s*[)）\]】])")
_OPEN, _CLOSE = "([{", ")]}"
_PART = re.compile(
    rf"(?P<word>{MARKED.pattern}|{_QUOTED.pattern})"
    rf"|(?P<weight>{_WEIGHT.pattern})"
    r"|(?P<open>[(（\[【{])|(?P<close>[)）\]】}])"
    r"|(?P<comma>[，、,；;\n]+)|(?P<stop>[。！？!?]+)"
)
_NARROW = str.maketrans("（）【】：，", "()[]:,")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is to be written by a text model."""

    task: Task
    name: str
    """Of a translator or polisher."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a text model wrote."""

    text: str
    unknown: tuple[str, ...] = ()
    """What it was given and does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a model is to read instead of what its recipe says."""

    prompt: str
    avoid: str
    notes: tuple[str, ...] = ()
    """Sentences for the user."""


Wording = Generator[Ask, Written | None, Words]
"""Is sent None where the text model could not write."""


def wording(recipe: Recipe, card: Card) -> Wording:
    """Translate what has Chinese characters, then polish the prompt where that was wished."""
    words = Words(prompt=recipe.prompt, avoid=recipe.avoid)
    if card.translator and not recipe.skip_translation:
        words = yield from _translated(words, card.translator)
    if recipe.polish:
        words = yield from _polished(words, card)
    return words


def _translated(words: Words, name: str) -> Wording:
    prompt, odd = yield from _in_english(words.prompt, name)
    avoid, odder = yield from _in_english(words.avoid, name)
    notes: list[str] = []
    if prompt is None or avoid is None:
        return replace(words, notes=("翻译不了，照原话画了",))
    if prompt != words.prompt:
        notes.append(f"翻译成：{_shown(prompt)}")
    if avoid != words.avoid:
        notes.append(f"不要的翻译成：{_shown(avoid)}")
    if unknown := named((*odd, *odder)):
        notes.append(f"翻译时不认识{unknown}")
    return Words(prompt=prompt, avoid=avoid, notes=tuple(notes))


def _in_english(
    prompt: str, name: str
) -> Generator[Ask, Written | None, tuple[str | None, tuple[str, ...]]]:
    """Return a prompt in English, None if that cannot be had, and what the translator missed.

    Taught words, weights, brackets, what is quoted, and what has no Chinese characters stay. Marks
    of weights and brackets become narrow, as models for English know them.
    """
    parts = [*_parts(prompt)]
    if not any(kind == "han" for kind, _ in parts):
        return prompt, ()
    said, unknown = "", list[str]()
    for kind, text in parts:
        new = text
        if kind == "han":
            answer = yield Ask(task="translate", name=name, text=text)
            if answer is None:
                return None, ()
            unknown += answer.unknown
            new = answer.text.rstrip(". 。") or text
        bound = kind in ("close", "comma", "stop", "weight") or not said or said[-1] in _OPEN
        said += new if bound else f" {new}"
    return said.rstrip("., "), tuple(unknown)


def _parts(prompt: str) -> Iterator[tuple[str, str]]:
    """Yield kind and text of each part of a prompt; clauses of Chinese are one part if short."""
    sentence = comma = ""
    for kind, text in _pieces(prompt):
        if kind == "comma" and sentence and not comma:
            comma = text
            continue
        if kind == "han" and comma and len(sentence) + len(text) < MOST_CHARS:
            sentence, comma = f"{sentence}，{text}", ""
            continue
        if sentence:
            yield "han", sentence
        if comma:
            yield "comma", ","
        sentence, comma = (text, "") if kind == "han" else ("", "")
        if kind != "han":
            yield kind, text
    if sentence:
        yield "han", sentence


def _pieces(prompt: str) -> Iterator[tuple[str, str]]:
    """Yield kind and text of each piece, as it stands: no clause is joined to another."""
    begin = 0
    for found in _PART.finditer(prompt):
        yield from _plain(prompt[begin : found.start()])
        begin = found.end()
        kind = found.lastgroup or "word"
        text = {"comma": ",", "stop": "."}.get(kind, found[0])
        yield kind, text if kind == "word" else text.translate(_NARROW)
    yield from _plain(prompt[begin:])


def _plain(text: str) -> Iterator[tuple[str, str]]:
    text = text.strip()
    if not _HAN.search(text):
        yield from [("word", text)] if text else []
        return
    for begin in range(0, len(text), MOST_CHARS):
        part = text[begin : begin + MOST_CHARS]
        yield "han" if _HAN.search(part) else "word", part


def _polished(words: Words, card: Card) -> Wording:
    before = words.prompt.strip()
    if not card.polisher:
        return _told(words, "这个模型没有配润色，照原话画了")
    if not before:
        return _told(words, "没有描述，没有润色")
    asked = card.ask.replace(SLOT, before)
    answer = yield Ask(task="polish", name=card.polisher, text=asked)
    if answer is None:
        return _told(words, "润色不了，照原话画了")
    prompt = next(filter(None, map(str.strip, answer.text.splitlines())), "")
    if not prompt:
        return _told(words, "没有润色出什么，照原话画了")
    if card.ask.endswith(SLOT):
        prompt = f"{before} {prompt}" if prompt[0].isalnum() else before + prompt
    kept = [found[0] for kind in (MARKED, _QUOTED) for found in kind.finditer(before)]
    prompt = ", ".join([prompt, *(text for text in dict.fromkeys(kept) if text not in prompt)])
    return replace(_told(words, f"润色成：{_shown(prompt)}"), prompt=prompt)


def _told(words: Words, note: str) -> Words:
    return replace(words, notes=(*words.notes, note))


def named(unknown: tuple[str, ...]) -> str:
    """Return unknown words as they are named to a user: a few, each once; marks are passed over."""
    # a comma that a vocabulary lacks is no loss to the picture
    odd = dict.fromkeys(word for word in map(str.strip, unknown) if not _is_mark(word))
    more = "等" if len(odd) > FEW else ""
    return "".join(f"“{word[:20]}”" for word in list(odd)[:FEW]) + more


def _is_mark(word: str) -> bool:
    return all(unicodedata.category(sign)[0] in "PZCM" for sign in word)


def _shown(prompt: str) -> str:
    return prompt if len(prompt) <= SHOWN else prompt[:SHOWN] + "…"
