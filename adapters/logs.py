"""[log]: lines as text or JSON, each with its job, none with a secret."""

import json
import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, SecretStr

from bot.trace import JOB, UPDATE

STRUCK = "***"
"""What stands for a secret."""
SHORTEST = 6
"""A secret of fewer characters would strike out half of the log."""
SECRET_NAME = re.compile(r"(?:^|_)(?:token|secret|password|key)s?$", re.IGNORECASE)
"""How settings and variables are called that hold one."""
SECRETS = (
    # Telegram's, also where it follows "bot" in a URL, and encoded
    (re.compile(r"[0-9]{8,10}(?::|%3A)[A-Za-z0-9_-]{35,64}", re.IGNORECASE), STRUCK),
    # Discord's: id, time and signature in base64
    (re.compile(r"[A-Za-z0-9_-]{23,30}\.[A-Za-z0-9_-]{6,7}\.[A-Za-z0-9_-]{27,64}"), STRUCK),
    (re.compile(r"mfa\.[A-Za-z0-9_-]{60,100}"), STRUCK),
    # of URLs: user and password, and what is asked for by name
    (re.compile(r"(://)[^/\s:@]{0,256}:[^/\s@]{1,256}@"), rf"\1{STRUCK}@"),
    (
        re.compile(
            r"([?&][a-z0-9_-]{0,32}(?:token|secret|password|key)=)[^&\s\"'#]+", re.IGNORECASE
        ),
        rf"\1{STRUCK}",
    ),
    (
        re.compile(r"\b((?:bearer|bot|basic)\s+)[A-Za-z0-9._~+/=-]{20,4096}", re.IGNORECASE),
        rf"\1{STRUCK}",
    ),
)
"""What looks like one, whoever's it is, and what is written instead."""


class LogConfig(BaseModel):
    """[log] of config.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    format: Literal["text", "json"] = "text"
    """A line for people, or a JSON object for programs."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least that is written; at debug, words of users may be in it."""


class Redactor:
    """Strikes secrets out."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Begin.

        Args:
            secrets: Those that are known, besides what looks like one.
        """
        known = {secret for secret in secrets if len(secret) >= SHORTEST}
        forms = {form for secret in known for form in _forms(secret)}
        # the longest first, so that of one that begins with another nothing is left
        ordered = sorted(forms, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, text: str) -> str:
        """Return a text without the secrets in it."""
        if self._known is not None:
            text = self._known.sub(STRUCK, text)
        for pattern, instead in SECRETS:
            text = pattern.sub(instead, text)
        return text


class TextLines(logging.Formatter):
    """Lines for people; a traceback follows its line."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._redact = redact

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        """Return the line, with what it is about."""
        told = " ".join(f"{what} {id_}" for what, id_ in _about().items())
        line = super().formatMessage(record)
        return f"{line} [{told}]" if told else line

    def format(self, record: logging.LogRecord) -> str:
        """Return what is written of a record."""
        return _writable(self._redact(super().format(record)))


class JsonLines(logging.Formatter):
    """An object a line; a traceback is one of its fields."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """Return what is written of a record."""
        at = datetime.fromtimestamp(record.created, UTC)
        found: dict[str, object] = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._redact(record.getMessage()),
            **_about(),
        }
        if record.exc_info and record.exc_info[0]:
            found["error"] = record.exc_info[0].__name__
            found["traceback"] = self._redact(self.formatException(record.exc_info))
        if record.stack_info:
            found["stack"] = self._redact(record.stack_info)
        return _writable(json.dumps(found, ensure_ascii=False))


TALKATIVE = ("aiosqlite", "discord", "httpcore", "telegram")
"""Libraries that at "debug" would write what they are given, secrets of people among it."""


def begin(
    config: LogConfig, handlers: Iterable[logging.Handler], secrets: Iterable[str] = ()
) -> None:
    """Write the log of this process as the config says; once."""
    redact = Redactor(secrets)
    lines = JsonLines(redact) if config.format == "json" else TextLines(redact)
    made = list(handlers)
    for handler in made:
        handler.setFormatter(lines)
    logging.basicConfig(level=config.level.upper(), handlers=made)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.INFO, logging.getLogger().level))


def secrets_of(config: BaseModel, environ: Mapping[str, str] = os.environ) -> Iterator[str]:
    """Yield the secrets among settings and variables: what is called a token, a key, …."""
    yield from (value for name, value in environ.items() if SECRET_NAME.search(name))
    yield from _secrets_in(dict(config), secret=False)


def _secrets_in(value: object, *, secret: bool) -> Iterator[str]:
    match value:
        case SecretStr():
            yield value.get_secret_value()
        case str() if secret:
            yield value
        case BaseModel():
            yield from _secrets_in(dict(value), secret=secret)
        case Mapping():
            for name, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
                named = SECRET_NAME.search(str(name)) is not None  # pyright: ignore[reportUnknownArgumentType]
                yield from _secrets_in(inner, secret=secret or named)  # pyright: ignore[reportUnknownArgumentType]
        case list() | tuple() | set() | frozenset():
            for inner in value:  # pyright: ignore[reportUnknownVariableType]
                yield from _secrets_in(inner, secret=secret)  # pyright: ignore[reportUnknownArgumentType]
        case _:
            pass


def _forms(secret: str) -> set[str]:
    """Return a secret as it may be written: plain, in a URL, within quotation marks."""
    return {
        secret,
        quote(secret),
        quote(secret, safe=""),
        repr(secret)[1:-1],
        json.dumps(secret)[1:-1],
    }


def _about() -> dict[str, int]:
    """Return the ids of what is being worked on."""
    found = {"job": JOB.get(), "update": UPDATE.get()}
    return {what: id_ for what, id_ in found.items() if id_ is not None}


def _writable(text: str) -> str:
    """Return a text that can be encoded; a lone surrogate as JSON and Python write it."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
