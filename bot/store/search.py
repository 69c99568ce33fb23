"""Search in prompts: what words are in them, and what is asked of the index.

A user's words never reach SQLite's query language: they become tokens of letters, digits and
symbols, and each is quoted. Whose an artwork is, and where, are tokens too, begun by a character
that no text keeps, so that a search reads no more than one's own.
"""

import unicodedata
from functools import cache, lru_cache
from hashlib import blake2b
from importlib.metadata import version

from bot.script import simplified
from bot.segment import words

MAX_ASKED = 16
"""Words of a search; more narrow nothing."""
SCOPE = "\ue000"
"""Begins a token that is no word: a private character, which no text keeps."""
_KEPT = frozenset("LNS")
"""Letters, numbers and symbols; emoji are among these."""


@cache
def reading() -> str:
    """Name how words are told apart; an index that was made in another way is made anew."""
    parts = (version("jieba"), version("OpenCC"), unicodedata.unidata_version)
    return " ".join(("1", *parts))


def tokens(text: str) -> tuple[str, ...]:
    """Return the words of a text, each once, as the index has them."""
    folded = "".join(map(simplified, unicodedata.normalize("NFKC", text).casefold()))
    found = (token for word in words(folded) for token in _kept(word).split())
    return tuple(dict.fromkeys(found))


def entry(text: str, user: str, chat: str) -> str:
    """Return what the index is told of an artwork.

    Args:
        text: Its prompt, and what else it may be found by.
        user: Key of its owner.
        chat: Key of where it was asked for.
    """
    return " ".join((of_user(user), of_chat(chat), *tokens(text)))


def match(text: str, *scopes: str) -> str | None:
    """Return the query for all words of a text within scopes; None if there is no word in it.

    The last word may be the beginning of one.
    """
    asked = tokens(text)[:MAX_ASKED]
    if not asked:
        return None
    within = " OR ".join(f'"{scope}"' for scope in scopes)
    return " AND ".join((f"({within})", *(f'"{token}"' for token in asked))) + "*"


def of_user(user: str) -> str:
    """Return the scope of what a user owns."""
    return _scope("u", user)


def of_chat(chat: str) -> str:
    """Return the scope of what was asked for in a chat."""
    return _scope("c", chat)


def _scope(kind: str, key: str) -> str:
    digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{SCOPE}{kind}{digest}"


def _kept(word: str) -> str:
    return "".join(map(_one, word))


@lru_cache(maxsize=1 << 16)
def _one(character: str) -> str:
    """Return a character as the index has it: itself, nothing, or the end of a word."""
    if character.isascii():
        return character if character.isalnum() else " "
    kind = unicodedata.category(character)[0]
    if kind == "M":
        return ""
    return character if kind in _KEPT else " "
