"""Judges a prompt by the words in it."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, Self

from bot.errors import NotWanted
from bot.request import Request
from bot.wording import say
from bot.words.amend import added, listed, removed
from bot.words.border import Borders
from bot.words.entry import WHY, Action, BrokenWords, Entry, WordList, read, shipped, write
from bot.words.fold import Folded, folded, is_latin
from bot.words.number import personal
from bot.words.sound import Sounds

log = logging.getLogger(__name__)

SEVERITY: Mapping[Action, int] = {"allow": 0, "flag": 1, "soften": 2, "block": 3}
MAX_APART = 8
"""Visible separators that two characters of one word may have between them."""
WITHIN = 12
"""Characters that the two words of a pair may be apart, folded."""
PRIVACY = "privacy"
"""Category of numbers that belong to a person."""
_SHORT = 2
"""Characters of a word that is part of too many others: its neighbours are looked at."""
_MAX_ROUNDS = 5
_EDGES = " ，,、;；"

Span = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of a prompt."""

    action: Action
    category: str = ""
    """Of the severest word; empty: there is none."""
    word: str = ""
    """That word, as typed."""
    text: str
    """The prompt that may be drawn: without what is softened; as typed otherwise."""
    cut: tuple[str, ...] = ()
    """What was left out of it, as typed."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A word that is not wanted."""

    action: Action
    category: str
    span: Span
    """In the text as typed."""


@dataclass(frozen=True, slots=True)
class _Hit:
    """A word that was found in the folded text."""

    start: int
    end: int
    entry: Entry
    action: Action


class Words:
    """The program's words and the operator's; his file is read again when it changes."""

    def __init__(self, own: Path | None = None) -> None:
        """Name the operator's file; it need not exist.

        Raises:
            BrokenWords: It exists, and cannot be used.
        """
        self._path = own
        self._stamp = _stamp(own)
        self._own = read(own) if own is not None and self._stamp else None
        self._index: _Index | None = None

    @classmethod
    def load(cls, own: Path | None = None) -> Self:
        """Make the words; the program's own list is read when the first prompt is judged.

        Raises:
            BrokenWords: The operator's file exists, and cannot be used.
        """
        return cls(own)

    def judge(self, text: str) -> Verdict:
        """Return what becomes of a prompt; the severest word in it decides."""
        index = self._fresh()
        found = index.find(text)
        if not found:
            return Verdict(action="allow", text=text)
        # of the words that are as severe, the first and of these the longest is named
        worst = max(found, key=lambda one: (SEVERITY[one.action], -one.span[0], one.span[1]))
        word = text[slice(*worst.span)]
        verdict = Verdict(action=worst.action, category=worst.category, word=word, text=text)
        return _softened(index, verdict, found) if worst.action == "soften" else verdict

    def why(self, category: str) -> str:
        """Return why nothing of a category is drawn, for the user."""
        lists = [*([self._own] if self._own else []), shipped()]
        return say(next((of.why[category] for of in lists if category in of.why), WHY))

    def admit(self, request: Request) -> Request:
        """Return the request as it may be drawn; what was left out of its prompt is told.

        What is to be avoided is not judged: it is what the picture will not show.

        Raises:
            NotWanted: Nothing of it may be drawn.
        """
        verdict = self.judge(request.prompt)
        request = replace(request, flagged=verdict.action == "flag")
        match verdict.action:
            case "block":
                raise NotWanted(self.why(verdict.category))
            case "soften" if not verdict.text and not request.source:
                raise NotWanted(self.why(verdict.category))
            case "soften":
                cut = say("”“").join(dict.fromkeys(verdict.cut))
                why = self.why(verdict.category)
                note = say("“{cut}”没有画进去：{why}", cut=cut, why=why)
                return replace(request, prompt=verdict.text, notes=(*request.notes, note))
            case "flag":
                log.info("a prompt is flagged: %s", verdict.category)
                return request
            case _:
                return request

    def own(self) -> list[tuple[str, Action, tuple[str, ...]]]:
        """Return the operator's words, by category and action.

        Raises:
            BrokenWords: His file cannot be used.
        """
        path, text = self._text()
        return list(listed(text, toml=path.suffix == ".toml"))

    def add(self, category: str, action: Action, word: str) -> bool:
        """Put a word into the operator's file; False if it was there. It holds at once.

        Raises:
            BrokenWords: The word cannot be used, or the file is not to be changed.
        """
        path, text = self._text()
        return self._put(text, added(text, category, action, word, toml=path.suffix == ".toml"))

    def remove(self, word: str) -> bool:
        """Take a word out of the operator's file; False if it was not there. It holds at once.

        Raises:
            BrokenWords: The file is not to be changed.
        """
        path, text = self._text()
        return self._put(text, removed(text, word, toml=path.suffix == ".toml"))

    def _text(self) -> tuple[Path, str]:
        """Return the operator's file and what is in it; nothing if there is none yet.

        Raises:
            BrokenWords: It cannot be used.
        """
        if self._path is None:
            raise BrokenWords(["没有地方记自己的敏感词, no file of your own words"])
        if not self._path.exists():
            return self._path, ""
        read(self._path)
        return self._path, self._path.read_text(encoding="utf-8-sig")

    def _put(self, before: str, after: str) -> bool:
        if self._path is None or after == before:
            return False
        write(self._path, after)
        self._fresh()
        return True

    def warm(self) -> None:
        """Read the list now, and what tells words apart, so that no user waits for it."""
        self.judge("丹青")
        Borders("丹青").belong_elsewhere(0, 1)

    def _fresh(self) -> "_Index":
        """Return the index of the words as they are now; a broken file changes nothing."""
        stamp = _stamp(self._path)
        if self._path is not None and stamp != self._stamp:
            self._stamp = stamp
            try:
                self._own = read(self._path) if stamp else None
                self._index = None
            except BrokenWords as error:
                log.error("the words stay as they were: %s", "; ".join(error.faults))  # noqa: TRY400  no bug
        if self._index is None:
            self._index = _Index([shipped(), *([self._own] if self._own else [])])
        return self._index


def _stamp(path: Path | None) -> tuple[int, int, int] | None:
    """Return what changes when a file does; None if there is none."""
    try:
        found = path.stat() if path is not None else None
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino) if found else None


def _softened(index: "_Index", verdict: Verdict, found: Sequence[_Found]) -> Verdict:
    """Cut words out until none is left that is to be; what then comes to light may be worse."""
    text = verdict.text
    cut: list[str] = []
    for _ in range(_MAX_ROUNDS):
        spans = _merged(one.span for one in found if one.action == "soften")
        cut += [text[slice(*span)] for span in spans]
        for span in reversed(spans):
            text = _without(text, span)
        found = index.find(text)
        for one in found:
            if one.action == "block":
                word = text[slice(*one.span)]
                return Verdict(action="block", category=one.category, word=word, text=text)
        if all(one.action == "flag" for one in found):
            return replace(verdict, text=text, cut=tuple(cut))
    return replace(verdict, action="block")


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Return the places in order, with those that overlap as one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start < found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


def _without(text: str, span: Span) -> str:
    """Cut a place out, and with it a 的 or a comma that has lost what it belonged to."""
    before, after = text[: span[0]].rstrip(), text[span[1] :].lstrip()
    if not before or before[-1] in _EDGES:
        after = after.removeprefix("的").lstrip(_EDGES)
    gap = " " if before[-1:].isascii() and after[:1].isascii() and before and after else ""
    return (before + gap + after).strip(_EDGES)


class _Automaton(Protocol):
    """What is used of pyahocorasick, which is not typed."""

    def add_word(self, word: str, value: list[Entry], /) -> object: ...
    def make_automaton(self) -> None: ...
    def iter(self, text: str, /) -> Iterator[tuple[int, list[Entry]]]: ...


class _Index:
    """All words, made ready to be found in one pass."""

    def __init__(self, lists: Iterable[WordList]) -> None:
        entries = [entry for found in lists for entry in found.entries]
        by_text: dict[str, list[Entry]] = {}
        for entry in entries:
            by_text.setdefault(entry.text, []).append(entry)
        self._automaton = _automaton()
        for text, group in by_text.items():
            self._automaton.add_word(text, group)
        self._automaton.make_automaton()
        self._severe = {
            entry.text: entry
            for entry in entries
            if entry.role == "block" and not any(map(is_latin, entry.text))
        }
        self._sounds = Sounds(self._severe)

    def find(self, text: str) -> list[_Found]:
        """Return each word that is not wanted, with its place in the text as typed."""
        prompt = folded(text)
        found = [
            _Found(hit.action, hit.entry.category, prompt.span(hit.start, hit.end))
            for hit in self._hits(prompt)
        ]
        return found + [_Found("soften", PRIVACY, span) for span in personal(text)]

    def _hits(self, prompt: Folded) -> Iterator[_Hit]:
        found = [
            (last + 1 - len(entry.text), last + 1, entry)
            for last, group in self._automaton.iter(prompt.text)
            for entry in group
        ]
        covers = [(start, end) for start, end, entry in found if entry.role == "allow"]
        borders = Borders(prompt.text)
        places = [place for place in found if _counts(prompt, covers, *place)]
        for start, end, entry in places:
            action = _action(prompt, borders, start, end, entry)
            if action != "allow":
                yield _Hit(start, end, entry, action)
        yield from _paired(places)
        for start, end, word in self._sounds.find(prompt):
            entry = self._severe[word]
            is_written_so = prompt.text[start:end] == word
            if is_written_so or not _is_open(prompt, covers, start, end):
                continue
            if not borders.are_words(start, end):
                yield _Hit(start, end, entry, "block")


def _automaton() -> _Automaton:
    from ahocorasick import Automaton  # pyright: ignore[reportUnknownVariableType]

    return Automaton()  # pyright: ignore[reportUnknownVariableType]


def _counts(prompt: Folded, covers: Sequence[Span], start: int, end: int, entry: Entry) -> bool:
    """Return whether a word of the list is one here, and not cut out of letters."""
    is_whole = prompt.begins(start) and prompt.ends(end)
    return entry.role != "allow" and is_whole and _is_open(prompt, covers, start, end)


def _is_open(prompt: Folded, covers: Sequence[Span], start: int, end: int) -> bool:
    """Return whether a place is not covered by a word that is allowed, nor strewn too far."""
    is_covered = any(first <= start and end <= last for first, last in covers)
    return not is_covered and all(u.apart <= MAX_APART for u in prompt.units[start + 1 : end])


def _action(prompt: Folded, borders: Borders, start: int, end: int, entry: Entry) -> Action:
    """Return what becomes of a word at its place.

    A short word whose characters belong to its neighbours is none: 路口|交通. One that only comes
    about across a space or a comma (刨冰，毒蘑菇; an us flag) is flagged at most: honest words meet
    so.
    """
    if entry.role == "one" or entry.role == "other":  # noqa: PLR1714  so the type is known
        return "allow"
    action: Action = entry.role
    clauses = [at for at in range(start + 1, end) if prompt.units[at].clause]
    if is_latin(entry.text[0]) and is_latin(entry.text[-1]):
        inner = range(start + 1, end)
        strange = {at - start for at in clauses} - entry.breaks
        chance = bool(strange) and len(clauses) < len(inner)
    elif end - start <= _SHORT:
        if borders.belong_elsewhere(start, end):
            return "allow"
        chance = bool(clauses) and borders.are_begun(start, end, clauses[0])
    else:
        chance = False
    return "flag" if chance and SEVERITY[action] > SEVERITY["flag"] else action


def _paired(places: Sequence[tuple[int, int, Entry]]) -> Iterator[_Hit]:
    """Yield a hit for each two words that are only together unwanted, and near."""
    before: list[tuple[int, int, Entry]] = []
    for place in sorted((one for one in places if one[2].pair), key=lambda one: one[0]):
        start, end, entry = place
        before = [one for one in before if start - one[1] <= WITHIN]
        for first, last, other in before:
            if other.pair == entry.pair and other.role != entry.role:
                yield _Hit(first, max(last, end), entry, "block")
                return  # one is enough to refuse
        before.append(place)
