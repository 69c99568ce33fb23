"""The HTML that Telegram takes, and its complaints about other HTML."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.telegram_api.refusal import Json, Refusal, bad

TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline",
    "ins": "underline", "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough",
    "tg-spoiler": "spoiler", "span": "spoiler", "a": "text_link", "code": "code", "pre": "pre",
    "blockquote": "blockquote", "tg-emoji": "custom_emoji", "tg-time": "date_time",
}  # fmt: skip
NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
TOKEN = re.compile(
    r"<(?P<end>/?)(?P<name>[^\s>/]*)(?P<rest>[^>]*)>|(?P<open><)"
    r"|&(?:#(?P<decimal>\d{1,7})|#x(?P<hex>[0-9a-fA-F]{1,6})|(?P<named>lt|gt|amp|quot));"
)
ATTRIBUTE = re.compile(r"([a-zA-Z-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+)))?")
MENTION = re.compile(r"tg://user\?id=(\d+)")


@dataclass(slots=True)
class _Open:
    name: str
    offset: int
    attributes: dict[str, str]


@dataclass(slots=True)
class _Reader:
    user: Callable[[int], Json | None]
    parts: list[str] = field(default_factory=list[str])
    length: int = 0
    stack: list[_Open] = field(default_factory=list[_Open])
    entities: list[Json] = field(default_factory=list[Json])

    def say(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text.encode("utf-16-le", "surrogatepass")) // 2

    def open(self, name: str, rest: str, at: int) -> None:
        name = name.lower()
        if name not in TAGS:
            raise _wrong(f'unsupported start tag "{name}" at byte offset {at}')
        attributes = {
            found[1].lower(): next((part for part in found.groups()[1:] if part is not None), "")
            for found in ATTRIBUTE.finditer(rest)
        }
        if name == "span" and attributes.get("class") != "tg-spoiler":
            raise _wrong(f'tag "span" must have class "tg-spoiler" at byte offset {at}')
        self.stack.append(_Open(name, self.length, attributes))

    def close(self, name: str, at: int) -> None:
        if not self.stack:
            raise _wrong(f"unexpected end tag at byte offset {at}")
        opened = self.stack.pop()
        if name and name.lower() != opened.name:
            expected = f'expected "</{opened.name}>", found "</{name}>"'
            raise _wrong(f"unmatched end tag at byte offset {at}, {expected}")
        length = self.length - opened.offset
        if length > 0 and (entity := self.entity(opened)) is not None:
            self.entities.append({**entity, "offset": opened.offset, "length": length})

    def entity(self, opened: _Open) -> Json | None:
        kind, attributes = TAGS[opened.name], opened.attributes
        if kind == "text_link":
            return self.link(attributes.get("href", "") or "".join(self.parts)[opened.offset :])
        if kind == "blockquote" and "expandable" in attributes:
            return {"type": "expandable_blockquote"}
        if kind == "custom_emoji":
            return {"type": kind, "custom_emoji_id": attributes.get("emoji-id", "")}
        if kind == "date_time":
            return {"type": kind, "unix_time": int(attributes.get("unix", "0"))}
        if kind == "pre" and "language" in attributes:
            return {"type": kind, "language": attributes["language"]}
        return self.code(opened) if kind == "code" else {"type": kind}

    def code(self, opened: _Open) -> Json | None:
        """Return code, or nothing where it only names the language of the pre around it."""
        language = opened.attributes.get("class", "")
        outer = self.stack[-1] if self.stack else None
        if outer is None or outer.name != "pre" or not language.startswith("language-"):
            return {"type": "code"}
        outer.attributes["language"] = language.removeprefix("language-")
        return None

    def link(self, href: str) -> Json | None:
        mention = MENTION.fullmatch(href)
        if mention is None:
            return {"type": "text_link", "url": href}
        user = self.user(int(mention[1]))
        return None if user is None else {"type": "text_mention", "user": user}


def parse_html(source: str, user: Callable[[int], Json | None]) -> tuple[str, tuple[Json, ...]]:
    """Return the text without its tags, and the entities that they were.

    Raises:
        Refusal: As the server's "can't parse entities".
    """
    reader = _Reader(user)
    position = 0
    for token in TOKEN.finditer(source):
        reader.say(source[position : token.start()])
        _read(reader, token, len(source[: token.start()].encode("utf-8", "replace")))
        position = token.end()
    reader.say(source[position:])
    if reader.stack:
        raise _wrong(f'can\'t find end tag corresponding to start tag "{reader.stack[-1].name}"')
    ordered = sorted(reader.entities, key=lambda e: (e["offset"], -e["length"]))
    return "".join(reader.parts), tuple(ordered)


def _read(reader: _Reader, token: re.Match[str], at: int) -> None:
    if token["open"]:
        raise _wrong(f"unclosed start tag at byte offset {at}")
    if token["named"]:
        reader.say(NAMED[token["named"]])
    elif token["decimal"] or token["hex"]:
        reader.say(_char(int(token["decimal"] or token["hex"], 10 if token["decimal"] else 16)))
    elif token["end"]:
        reader.close(token["name"], at)
    else:
        reader.open(token["name"], token["rest"], at)


def _char(code: int) -> str:
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else ""


def _wrong(words: str) -> Refusal:
    return bad(f"can't parse entities: {words}")
