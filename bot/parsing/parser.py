"""Reads a request out of a message."""

import unicodedata
from dataclasses import replace
from functools import lru_cache
from typing import Any

from bot.errors import NotUnderstood
from bot.parsing import flag
from bot.parsing.draft import Draft
from bot.parsing.pattern import Patterns
from bot.parsing.reader import Changes, read
from bot.parsing.text import clean
from bot.parsing.vocabulary import Vocabulary
from bot.request import Request
from bot.style import Styles

EXAMPLE = "想画什么呢？例如：画两张竖版水墨风的江南烟雨，不要文字"
_EMPTY = Request(prompt="")
_ENCLOSED = {"“": "”", "「": "」", "『": "』", '"': '"'}
_MAX_TAILS = 8


def parse(text: str, styles: Styles) -> Request:
    """Read a request, as 「帮我画两张竖版的水墨风小猫，不要文字」.

    What is understood as a setting is taken out of the sentence, step by step, and what is left
    is the prompt, in the user's words and order. Values are as said; policy puts them in bounds.

    Args:
        text: What was said to the bot, in full.
        styles: What styles there are.

    Raises:
        NotUnderstood: Nothing says what to draw.
        TooLong: The message is not read at all.
    """
    vocabulary, draft = _vocabulary(styles), Draft(_unwrapped(clean(text)))
    request = _flags(_EMPTY, draft, vocabulary)
    asked, request = _lead(request, draft, vocabulary)
    _courtesy(draft, vocabulary)
    request = _hear(request, draft, vocabulary.early, vocabulary)
    request = _hear(request, draft, vocabulary.late, vocabulary)
    request = _hear(request, draft, vocabulary.avoid, vocabulary)
    if not asked:
        asked, request = _lead(request, draft, vocabulary)
    request = _hear(request, draft, vocabulary.counts, vocabulary)
    _courtesy(draft, vocabulary)
    if asked or request.count > 1:
        list(draft.cut(vocabulary.wrapper))
    prompt = draft.rest()
    if not _says_something(prompt) or (not asked and vocabulary.talk.search(draft.folded)):
        raise NotUnderstood(EXAMPLE)
    return replace(request, prompt=prompt)


@lru_cache(maxsize=8)
def _vocabulary(styles: Styles) -> Vocabulary:
    return Vocabulary.of(styles.names())


def _unwrapped(text: str) -> str:
    """Return a message without the quotation marks that are round all of it."""
    close = _ENCLOSED.get(text[:1])
    inner = text[1:-1]
    whole = close is not None and text.endswith(close) and close not in inner and len(text) > 1
    return inner.strip() if whole else text


def _flags(request: Request, draft: Draft, vocabulary: Vocabulary) -> Request:
    for found in flag.take(draft, vocabulary):
        if found.field is None:
            request = _with(request, {"notes": (f"不认识“{found.typed}”，没有用上",)})
        else:
            request = _heard(request, found.field, found.value, vocabulary, found.typed)
    return request


def _courtesy(draft: Draft, vocabulary: Vocabulary) -> None:
    for _ in range(_MAX_TAILS):
        if not list(draft.cut(vocabulary.tail)):
            break


def _lead(request: Request, draft: Draft, vocabulary: Vocabulary) -> tuple[bool, Request]:
    """Cut off what comes before the content; say whether it asks for a picture."""
    said = next(draft.cut(vocabulary.lead, limit=1), dict[str, str]())
    if "count" in said:
        request = _heard(request, "count", said["count"], vocabulary)
    return bool(said), request


def _hear(request: Request, draft: Draft, patterns: Patterns, vocabulary: Vocabulary) -> Request:
    for pattern in patterns:
        for groups in draft.cut(pattern):
            for field, said in groups.items():
                request = _heard(request, field, said, vocabulary)
    return request


def _heard(
    request: Request, field: str, said: str, vocabulary: Vocabulary, typed: str = ""
) -> Request:
    try:
        changes = read(field, said, vocabulary)
    except ValueError:
        changes: Changes = {"notes": (f"没看懂“{typed or said}”，没有用上",)}
    return _with(request, changes)


def _with(request: Request, changes: Changes) -> Request:
    """Return the request changed: lists grow, other values take the place of the old."""
    new: dict[str, Any] = dict(changes)
    for field in ("styles", "notes"):
        if field in new:
            new[field] = tuple(dict.fromkeys((*getattr(request, field), *new[field])))
    if request.avoid and "avoid" in new:
        new["avoid"] = f"{request.avoid},{new['avoid']}"
    return replace(request, **new)


def _says_something(prompt: str) -> bool:
    """Return whether there is a letter, a number or a symbol to draw."""
    return any(unicodedata.category(character)[0] in "LNS" for character in prompt)
