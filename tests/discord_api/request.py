"""What a request brought: what its path names, its fields and its files."""

import json
import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from aiohttp import BodyPartReader, web

from tests.discord_api.file import Upload
from tests.discord_api.refusal import (
    INVALID_FORM,
    INVALID_JSON,
    TOO_LARGE,
    Json,
    Refusal,
    form_fault,
)

MOST_BYTES = 25 << 20
FILE = re.compile(r"files\[(\d+)\]")


@dataclass(slots=True)
class Request:
    """A call as it is handled."""

    params: dict[str, str]
    """What its path names."""
    query: dict[str, str]
    json: Any = None
    files: dict[str, Upload] = field(default_factory=dict[str, Upload])
    """By the number that they have in the form."""
    unknown: list[str] = field(default_factory=list[str])
    """Parts of the form that Discord knows nothing of."""

    def id(self, name: str) -> int:
        """Return an id that the path names."""
        return _id(name, self.params[name])

    def asked_id(self, name: str) -> int | None:
        """Return an id that the query names."""
        return _id(name, self.query[name]) if name in self.query else None

    def flag(self, name: str) -> bool:
        """Return a Boolean of the query."""
        return self.query.get(name, "").lower() in {"true", "1"}

    @property
    def fields(self) -> Json:
        """What it says, as an object.

        Raises:
            Refusal: It is none.
        """
        if self.json is None:
            return {}
        given = self.json
        if not isinstance(given, dict):
            words = "Only dictionaries may be used in a ModelType"
            raise form_fault("", "MODEL_TYPE_CONVERT", words)
        return dict(cast("Json", given))


class Reply(NamedTuple):
    """An answer with a status of its own."""

    status: int
    body: Any


def _id(name: str, value: str) -> int:
    if not value.isdigit():
        raise form_fault(name, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
    return int(value)


async def read(request: web.Request, params: dict[str, str]) -> Request:
    """Return a request as it came.

    Raises:
        Refusal: It cannot be read.
    """
    asked = Request(params, dict(request.query))
    if (request.content_length or 0) > MOST_BYTES:
        raise Refusal(413, TOO_LARGE)
    try:
        if request.content_type.startswith("multipart/"):
            await _read_form(request, asked)
        elif request.can_read_body:
            asked.json = _decoded(await request.read())
    except web.HTTPRequestEntityTooLarge as error:
        raise Refusal(413, TOO_LARGE) from error
    except (UnicodeDecodeError, ValueError) as error:
        raise Refusal(400, INVALID_JSON) from error
    return asked


def _decoded(body: bytes) -> Any:
    return json.loads(body) if body else None


async def _read_form(request: web.Request, asked: Request) -> None:
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        name, data = part.name or "", bytes(await part.read())
        matched = FILE.fullmatch(name)
        if name == "payload_json":
            asked.json = _decoded(data)
        elif matched and part.filename:
            kind = part.headers.get("Content-Type") or "application/octet-stream"
            asked.files[matched[1]] = Upload(part.filename, kind, data)
        else:
            asked.unknown.append(name)
    if len(asked.files) > 10:
        raise Refusal(400, INVALID_FORM, "Invalid Form Body: at most 10 files")
