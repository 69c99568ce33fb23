"""Text and the entities in it, counted in UTF-16 units as Telegram counts."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.telegram_api.html import parse_html
from tests.telegram_api.refusal import Json, bad

ENTITIES = 100
GIVEN = {
    "bold", "italic", "underline", "strikethrough", "spoiler", "blockquote",
    "expandable_blockquote", "code", "pre", "text_link", "text_mention", "custom_emoji",
    "date_time",
}  # fmt: skip
"""Entities that a bot may give."""
FOUND = {
    "mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number",
}  # fmt: skip
"""Entities that Telegram finds itself; given ones are left out."""
OPAQUE = {"code", "pre", "text_link", "text_mention"}
"""Nothing is looked for in these."""

COMMAND = re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z][A-Za-z0-9_]{2,31})?(?![\w/<>])")
FINDERS = (
    ("bot_command", COMMAND),
    ("url", re.compile(r"(?<!\w)https?://[^\s<>\"'，。！？；：（）【】「」]+")),
    ("mention", re.compile(r"(?<![\w/])@[A-Za-z][A-Za-z0-9_]{2,31}(?!\w)")),
    ("hashtag", re.compile(r"(?<![\w#])#(?=\w*[^\W\d])\w{1,256}")),
)


def units(text: str) -> int:
    """Return how long a text is in UTF-16 units."""
    return len(text) + sum(char > "\uffff" for char in text)


@dataclass(frozen=True, slots=True)
class Text:
    """A text with its entities."""

    text: str = ""
    entities: tuple[Json, ...] = ()

    @property
    def units(self) -> int:
        return units(self.text)

    def part(self, entity: Json) -> str:
        """Return the words of an entity."""
        wide = self.text.encode("utf-16-le")
        start = int(entity["offset"]) * 2
        return wide[start : start + int(entity["length"]) * 2].decode("utf-16-le")


def parsed(
    source: str,
    mode: str,
    entities: Sequence[Any],
    user: Callable[[int], Json | None] = lambda _id: None,
) -> Text:
    """Return what Telegram makes of a text: parsed, cleaned, trimmed, with what it finds itself.

    Args:
        source: As it was sent.
        mode: The parse mode, empty for none.
        entities: The given entities, used if there is no mode.
        user: Returns a user by id, for mentions.
    """
    try:
        source.encode()
    except UnicodeEncodeError as error:
        raise bad("strings must be encoded in UTF-8") from error
    if mode:
        if mode.lower() != "html":
            raise bad("unsupported parse_mode")
        text = Text(*parse_html(source, user))
    else:
        text = Text(source, tuple(_given(source, entity, user) for entity in entities))
    if len(text.entities) > ENTITIES:
        raise bad("ENTITIES_TOO_LONG")
    known = tuple(entity for entity in text.entities if entity["type"] in GIVEN)
    return found(_trimmed(replace(_clean(text), entities=known)))


def _given(source: str, entity: Any, user: Callable[[int], Json | None]) -> Json:
    if not isinstance(entity, dict):
        raise bad("can't parse MessageEntity: expected an Object")
    checked: Json = {str(key): value for key, value in entity.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    kind, offset, length = (checked.get(key) for key in ("type", "offset", "length"))
    if kind not in GIVEN | FOUND:
        raise bad("can't parse MessageEntity: Unsupported type specified")
    if not isinstance(offset, int) or offset < 0:
        raise bad(f"receive an entity with incorrect offset {offset}")
    if not isinstance(length, int) or length <= 0:
        raise bad(f"receive an entity with incorrect length {length}")
    _within(source, offset, length)
    if kind == "text_link" and not checked.get("url"):
        raise bad("can't parse MessageEntity: Can't find field \"url\"")
    if kind == "text_mention":
        checked["user"] = _mentioned(checked.get("user"), user)
    return checked


def _mentioned(given: Any, user: Callable[[int], Json | None]) -> Json:
    known = user(int(given["id"])) if isinstance(given, dict) and "id" in given else None  # pyright: ignore[reportUnknownArgumentType]
    if known is None:
        raise bad("can't parse MessageEntity: user not found")
    return known


def _within(source: str, offset: int, length: int) -> None:
    wide = source.encode("utf-16-le", "surrogatepass")
    if (offset + length) * 2 > len(wide):
        raise bad(f"entity ends after the end of the text at UTF-16 offset {offset + length}")
    for edge in (offset, offset + length):
        if 0xDC <= (wide[edge * 2 + 1] if edge * 2 < len(wide) else 0) <= 0xDF:
            raise bad(f"entity begins in a middle of a UTF-16 symbol at UTF-16 offset {edge}")


def _clean(text: Text) -> Text:
    """Replace control characters by spaces; a return goes, if nothing is counted from it."""
    cleaned = "".join(" " if char < " " and char not in "\n\r" else char for char in text.text)
    return replace(text, text=cleaned if text.entities else cleaned.replace("\r", ""))


def _trimmed(text: Text) -> Text:
    """Cut white space off both ends; entities are cut with it."""
    first = min((entity["offset"] for entity in text.entities), default=units(text.text))
    lead = 0
    while lead < min(first, len(text.text)) and text.text[lead] in " \n":
        lead += 1
    body = text.text[lead:].rstrip(" \n")
    end = units(body)
    entities = [
        {
            **entity,
            "offset": entity["offset"] - lead,
            "length": min(entity["length"], end - entity["offset"] + lead),
        }
        for entity in text.entities
    ]
    return Text(body, tuple(entity for entity in entities if entity["length"] > 0))


def found(text: Text) -> Text:
    """Add the commands, links, mentions and hashtags that Telegram sees by itself."""
    covered = [_span(entity) for entity in text.entities if entity["type"] in OPAQUE]
    more: list[Json] = []
    for kind, pattern in FINDERS:
        for match in pattern.finditer(text.text):
            entity: Json = {
                "type": kind,
                "offset": units(text.text[: match.start()]),
                "length": units(match.group()),
            }
            start, end = _span(entity)
            if not any(start < other_end and other < end for other, other_end in covered):
                more.append(entity)
                covered.append((start, end))
    entities = sorted((*text.entities, *more), key=lambda e: (e["offset"], -e["length"]))
    return replace(text, entities=tuple(entities))


def _span(entity: Json) -> tuple[int, int]:
    return entity["offset"], entity["offset"] + entity["length"]
