"""What the description of the Bot API says of requests and answers."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from tests.telegram_api.params import Params
from tests.telegram_api.refusal import Json

SPEC = Path(__file__).parents[3] / "shared" / "specs" / "telegram_api.json"
"""Beside the checkout; it is no part of it."""
PLAIN: dict[str, type | tuple[type, ...]] = {
    "Integer": int, "String": str, "Boolean": bool, "True": bool, "Float": (int, float),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spec:
    """Holds calls against the description; says nothing where there is none."""

    methods: Json
    types: Json

    @classmethod
    def load(cls, path: Path | None) -> "Spec":
        """Read the description, if it is there."""
        return cls({}, {}) if path is None or not path.exists() else _load(path)

    @property
    def there(self) -> bool:
        return bool(self.methods)

    def knows(self, method: str) -> bool:
        """Say if there is such a method; True if nobody knows."""
        return not self.there or method in self.methods

    def faults_of_request(self, method: str, params: Params) -> list[str]:
        """Return what a request should not have, or lacks."""
        if method not in self.methods:
            return []
        fields = _fields(self.methods[method])
        given: Json = {name: _decoded(name, params, fields) for name in params.values}
        named = fields.keys() & params.files.keys()
        given |= {name: params.files[name] for name in named if name not in given}
        return list(self._faults_of_object(given, fields, ""))

    def faults_of_answer(self, method: str, result: Any) -> list[str]:
        """Return what an answer should not have, or lacks."""
        if method not in self.methods:
            return []
        return self._faults_of_any(result, self.methods[method]["returns"], "answer")

    def faults_of_update(self, update: Json) -> list[str]:
        """Return what an update should not have, or lacks; a new kind of update is let pass."""
        if not self.there:
            return []
        known = update.keys() <= _fields(self.types["Update"]).keys()
        return self._faults_of_any(update, ["Update"], "update") if known else []

    def _faults_of_object(self, value: Json, fields: Json, where: str) -> Iterator[str]:
        for name, content in value.items():
            if name not in fields:
                yield f"{where}.{name} is unknown".lstrip(".")
            else:
                yield from self._faults_of_any(content, fields[name]["types"], f"{where}.{name}")
        for name, described in fields.items():
            if described["required"] and name not in value:
                yield f"{where}.{name} is missing".lstrip(".")

    def _faults_of_any(self, value: Any, kinds: list[str], where: str) -> list[str]:
        """Return the faults under the kind that fits best."""
        found = [list(self._faults_of(value, kind, where)) for kind in kinds]
        return min(found, key=len)

    def _faults_of(self, value: Any, kind: str, where: str) -> Iterator[str]:
        if kind.startswith("Array of "):
            yield from self._faults_of_array(value, kind.removeprefix("Array of "), where)
        elif kind == "InputFile":
            if isinstance(value, dict | list):
                yield f"{where} is no file".lstrip(".")
        elif kind in PLAIN:
            right = isinstance(value, PLAIN[kind]) and (
                kind not in {"Integer", "Float"} or not isinstance(value, bool)
            )
            if not right:
                yield f"{where} is no {kind}".lstrip(".")
        else:
            yield from self._faults_of_type(value, kind, where)

    def _faults_of_array(self, value: Any, kind: str, where: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{where} is no Array".lstrip(".")
            return
        for index, item in enumerate(cast("list[Any]", value)):
            yield from self._faults_of(item, kind, f"{where}[{index}]")

    def _faults_of_type(self, value: Any, kind: str, where: str) -> Iterator[str]:
        described = self.types[kind]
        if "subtypes" in described:
            yield from self._faults_of_any(value, described["subtypes"], where)
        elif not isinstance(value, dict):
            yield f"{where} is no {kind}".lstrip(".")
        else:
            yield from self._faults_of_object(cast("Json", value), _fields(described), where)


@lru_cache(maxsize=1)
def _load(path: Path) -> Spec:
    described = json.loads(path.read_bytes())
    return Spec(described["methods"], described["types"])


def _fields(described: Json) -> Json:
    return {field["name"]: field for field in described.get("fields", [])}


def _decoded(name: str, params: Params, fields: Json) -> Any:
    """Return a field of a form as the value that it stands for."""
    value = params.values[name]
    kinds: list[str] = fields.get(name, {}).get("types", ["String"])
    if not isinstance(value, str) or "InputFile" in kinds:
        return value
    if "String" in kinds and not _is_number(value):
        return value
    if kinds == ["String"]:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _is_number(value: str) -> bool:
    return value.lstrip("-").isdigit()
