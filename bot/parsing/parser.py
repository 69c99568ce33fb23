"""Reads a request out of a message."""

import re
import unicodedata
from dataclasses import replace
from functools import lru_cache

from bot.errors import NotUnderstood
from bot.parsing import flag
from bot.parsing.draft import Draft
from bot.parsing.reader import READERS, changed, read
from bot.parsing.text import clean
from bot.parsing.vocabulary import Vocabulary
from bot.request import Request
from bot.style import Styles

EXAMPLE = "想画什么呢？例如：画两张竖版水墨风的江南烟雨，不要文字"
_ENCLOSED = {"“": "”", "「": "」", "『": "』", '"': '"'}
_MAX_TAILS = 8
_TO_DRAW = "LNS"
"""Categories of what can be drawn: letters, numbers, symbols."""


def parse(text: str, styles: Styles, *, has_source: bool = False) -> Request:
    """Read a request, as 「帮我画两张竖版的水墨风小猫，不要文字」.

    What is understood as a setting is taken out of the sentence, step by step, and what is left
    is the prompt, in the user's words and order. Values are as said; policy puts them in bounds.

    Args:
        text: What was said to the bot, in full.
        styles: What styles there are.
        has_source: Whether a picture to draw on came with it; then 画成水墨 says enough.

    Raises:
        NotUnderstood: Nothing says what to draw.
        TooLong: The message is not read at all.
    """
    reading = _Reading(clean(text), _vocabulary(styles))
    reading.take_flags()
    reading.take_lead()
    reading.take_courtesy()
    reading.take_settings()
    reading.take_lead()
    reading.take_counts()
    reading.take_courtesy()
    reading.take_wrapper()
    return reading.finish(needs_words=not has_source)


class _Reading:
    """A message half understood: what is known of the request, and the words that are left."""

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self._draft = Draft(_unwrapped(text))
        self._vocabulary = vocabulary
        self._request = Request(prompt="")
        self._asked = False

    def take_flags(self) -> None:
        """Understand --ar 2:3 and the like."""
        for found in flag.take(self._draft, self._vocabulary):
            if found.field is None:
                self._note(f"不认识“{found.typed}”，没有用上")
            else:
                self._hear(found.field, found.value, found.typed)

    def take_lead(self) -> None:
        """Cut off what comes before the content, unless that was done."""
        if not self._asked:
            groups = self._take(self._vocabulary.lead)
            self._asked = any(groups)

    def take_courtesy(self) -> None:
        """Cut off 吧, 谢谢 and the like, one by one from the end."""
        for _ in range(_MAX_TAILS):
            if not self._draft.cut(self._vocabulary.tail):
                break

    def take_settings(self) -> None:
        """Understand numbers, sizes, shapes, styles and what to avoid, wherever they stand."""
        for pattern in self._vocabulary.settings:
            self._take(pattern)

    def take_counts(self) -> None:
        """Understand how many pictures, where the lead has not said it."""
        for pattern in self._vocabulary.counts:
            self._take(pattern)

    def take_wrapper(self) -> None:
        """Cut off the end of 一张…的图, if a picture was asked for."""
        if self._asked or self._request.count > 1:
            self._draft.cut(self._vocabulary.wrapper)

    def finish(self, *, needs_words: bool) -> Request:
        """Return the request; its prompt is what was not understood as anything else.

        Raises:
            NotUnderstood: No words are left, or they ask for no picture.
        """
        prompt = self._draft.rest()
        if not any(unicodedata.category(character)[0] in _TO_DRAW for character in prompt):
            if needs_words:
                raise NotUnderstood(EXAMPLE)
            prompt = ""
        if not self._asked and self._vocabulary.talk.search(self._draft.folded):
            raise NotUnderstood(EXAMPLE)
        for found in self._vocabulary.strange.finditer(prompt):
            self._note(f"没有“{found['name']}”这种画风，只当描述来画")
        return replace(self._request, prompt=prompt)

    def _take(self, pattern: re.Pattern[str]) -> list[dict[str, str]]:
        """Cut out what the pattern finds; groups that are named for a field change it."""
        finds = self._draft.cut(pattern)
        for groups in finds:
            for field, said in groups.items():
                if field in READERS:
                    self._hear(field, said)
        return finds

    def _hear(self, field: str, said: str, typed: str = "") -> None:
        try:
            self._request = changed(self._request, read(field, said, self._vocabulary))
        except ValueError:
            self._note(f"没看懂“{typed or said}”，没有用上")

    def _note(self, words: str) -> None:
        self._request = changed(self._request, {"notes": (words,)})


@lru_cache(maxsize=8)
def _vocabulary(styles: Styles) -> Vocabulary:
    return Vocabulary.of(styles.names())


def _unwrapped(text: str) -> str:
    """Return a message without the quotation marks that are round all of it."""
    inner, close = text[1:-1], _ENCLOSED.get(text[:1])
    whole = close is not None and text.endswith(close) and close not in inner and len(text) > 1
    return inner.strip() if whole else text
