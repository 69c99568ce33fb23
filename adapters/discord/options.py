"""Slash commands and their options: which there are, and what they say in words; pure.

What somebody chooses becomes the sentence that they could have typed, and goes the way of all
sentences.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bot.event import Attachment

TEXT, WHOLE, BOOL, PERSON, FRACTION, FILE = 3, 4, 5, 6, 10, 11
"""Types of options."""
CHAT, ON_PERSON, ON_MESSAGE = 1, 2, 3
"""Types of commands."""
QUOTES = str.maketrans({"“": "「", "”": "」"})
"""What stands between quotation marks may hold none of them."""
FILE_NAME = Path(__file__).with_name("options.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Something that can be said with a command."""

    name: Mapping[str, str]
    """By locale."""
    about: Mapping[str, str]
    """By locale."""
    type: int = TEXT
    required: bool = False
    words: str = "{}"
    """What it says; {} is the value."""
    choices: Mapping[str, Mapping[str, str]] | None = None
    """By value, what is read, by locale."""
    least: float | None = None
    most: float | None = None
    completes: str = ""
    """What is offered to who types: "style"; empty: nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A command."""

    key: str
    """Its name in English, by which it comes back."""
    name: Mapping[str, str]
    """By locale."""
    about: Mapping[str, str]
    """By locale; empty of those that are chosen on something."""
    type: int = CHAT
    words: str = ""
    """What it says before its options."""
    options: tuple[Option, ...] = ()
    private: bool = False
    """Whether the answer is for whoever asked alone."""
    operator: bool = False
    """Whether Discord hides it from who does not manage the server."""
    asks: str = ""
    """Name of the command whose argument is asked for first, in a field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a command says."""

    text: str
    attached: tuple[Attachment, ...] = ()
    private: bool = False


@cache
def entries() -> tuple[Entry, ...]:
    """Return all commands, in the order in which they are told."""
    told = tomllib.loads(FILE_NAME.read_text(encoding="utf-8"))
    return tuple(_entry(key, one) for key, one in told.items())


def entry_of(data: Mapping[str, Any]) -> Entry | None:
    """Return the command of an interaction; None: there is none of that name any more."""
    told = data["data"]
    type_, name = told.get("type", CHAT), told["name"]
    found = (one for one in entries() if one.type == type_ and name == one.name["en-US"])
    return next(found, None)


def words_of(data: Mapping[str, Any]) -> Words:
    """Return what the command of an interaction says, in words and pictures."""
    entry = entry_of(data)
    if entry is None:
        return Words(text=f"/{data['data']['name']}")
    told = data["data"]
    given = {one["name"]: one["value"] for one in told.get("options", ())}
    files = told.get("resolved", {}).get("attachments", {})
    parts, attached = [entry.words], list[Attachment]()
    for option in entry.options:
        value = given.get(option.name["en-US"])
        if value is None:
            continue
        if option.type == FILE:
            one = files[value]
            attached.append(Attachment(ref=one["url"], size=int(one.get("size", 0))))
        elif value is not False:
            parts.append(option.words.format(_plain(option, value)))
    return Words(text=_joined(parts), attached=tuple(attached), private=entry.private)


def _joined(parts: Iterable[str]) -> str:
    """Return parts of a sentence as one; what begins with a comma has no blank before it."""
    text = ""
    for part in filter(None, parts):
        text += part if not text or part.startswith("，") else f" {part}"
    return text


def payloads() -> list[dict[str, Any]]:
    """Return all commands as Discord takes them."""
    return [_payload(entry) for entry in entries()]


def _plain(option: Option, value: object) -> object:
    """Return a value as it stands in a sentence."""
    if option.type == PERSON:
        return f"<@{value}>"
    if isinstance(value, float):
        return f"{value:g}"
    return value.translate(QUOTES) if isinstance(value, str) and "“" in option.words else value


def _entry(key: str, told: Mapping[str, Any]) -> Entry:
    options = tuple(_option(one) for one in told.get("options", ()))
    rest = {name: value for name, value in told.items() if name not in {"name", "about", "options"}}
    name = _by_locale(told["name"])
    about = _by_locale(told["about"]) if "about" in told else {}
    return Entry(key=key, name=name, about=about, options=options, **rest)


def _option(told: Mapping[str, Any]) -> Option:
    rest = {name: value for name, value in told.items() if name not in {"name", "about", "choices"}}
    choices = told.get("choices")
    return Option(
        name=_by_locale(told["name"]),
        about=_by_locale(told["about"]),
        choices={value: _by_locale(names) for value, names in choices.items()} if choices else None,
        **rest,
    )


def _by_locale(told: Sequence[str]) -> dict[str, str]:
    return dict(zip(("en-US", "zh-CN", "zh-TW"), told, strict=True))


def _payload(entry: Entry) -> dict[str, Any]:
    base, localized = _localized(entry.name)
    found: dict[str, Any] = {"type": entry.type, "name": base, "name_localizations": localized}
    if entry.type == CHAT:
        about, localized = _localized(entry.about)
        found |= {"description": about, "description_localizations": localized}
    if entry.options:
        found["options"] = [_option_payload(one) for one in entry.options]
    if entry.operator:
        found["default_member_permissions"] = 1 << 5
    return found


def _option_payload(option: Option) -> dict[str, Any]:
    name, names = _localized(option.name)
    about, abouts = _localized(option.about)
    bounds = ("min_length", "max_length") if option.type == TEXT else ("min_value", "max_value")
    found: dict[str, Any] = {
        "type": option.type,
        "name": name,
        "name_localizations": names,
        "description": about,
        "description_localizations": abouts,
    }
    found |= {
        bound: value if option.type == FRACTION else int(value)
        for bound, value in zip(bounds, (option.least, option.most), strict=True)
        if value is not None
    }
    if option.required:
        found["required"] = True
    if option.completes:
        found["autocomplete"] = True
    if option.choices:
        found["choices"] = list(_choices(option.choices))
    return found


def _choices(choices: Mapping[str, Mapping[str, str]]) -> Iterator[dict[str, Any]]:
    for value, names in choices.items():
        name, localized = _localized(names)
        yield {"name": name, "name_localizations": localized, "value": value}


def _localized(told: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Return what is read where no other is, and what is read by locale."""
    return told["en-US"], {locale: words for locale, words in told.items() if locale != "en-US"}
