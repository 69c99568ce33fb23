"""What a request brought: its fields and its files."""

import json
from dataclasses import dataclass, field
from typing import Any, cast

from tests.telegram_api.refusal import Json, bad


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a multipart request."""

    filename: str
    mime: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Params:
    """The fields of a request, as they came: strings from a form, anything from JSON."""

    values: Json = field(default_factory=dict[str, Any])
    files: dict[str, Upload] = field(default_factory=dict[str, Upload])

    def has(self, name: str) -> bool:
        """Say if a field is there and not empty."""
        return self.values.get(name) not in (None, "")

    def text(self, name: str) -> str:
        """Return a string, empty if there is none."""
        value = self.values.get(name, "")
        return value if isinstance(value, str) else json.dumps(value)

    def integer(self, name: str) -> int | None:
        """Return a whole number."""
        if not self.has(name):
            return None
        try:
            return int(self.values[name])
        except (TypeError, ValueError) as error:
            raise bad(f"invalid {name} specified") from error

    def flag(self, name: str) -> bool:
        """Return a Boolean."""
        return str(self.values.get(name, "")).lower() in {"true", "1"}

    def value(self, name: str) -> Any:
        """Return what JSON says in a field, None if it is not there."""
        if not self.has(name):
            return None
        value = self.values[name]
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError as error:
            raise bad(f"can't parse {name.replace('_', ' ')} JSON object") from error

    def mapping(self, name: str) -> Json | None:
        """Return a JSON object."""
        value = self.value(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise bad(f"object expected as {name.replace('_', ' ')}")
        return cast("Json", value)

    def array(self, name: str) -> list[Any]:
        """Return a JSON array, empty if there is none."""
        value = self.value(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise bad(f"expected an Array of {name.replace('_', ' ')}")
        return cast("list[Any]", value)

    def readable(self) -> Json:
        """Return the fields for somebody who reads them: JSON parsed where it is JSON."""
        return {name: _parsed(value) for name, value in self.values.items()}


def _parsed(value: Any) -> Any:
    if not isinstance(value, str) or value[:1] not in {"{", "["}:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
