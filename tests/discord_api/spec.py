"""What Discord's description of its API says of requests, answers and what events tell of."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, cast

from tests.discord_api.refusal import Json

SPEC = Path(__file__).parents[3] / "shared" / "specs" / "discord_openapi.json"
"""Beside the checkout; it is no part of it."""
TYPES: dict[str, tuple[type, ...]] = {
    "integer": (int,), "number": (int, float), "string": (str,), "boolean": (bool,),
    "array": (list,), "object": (dict,), "null": (type(None),),
}  # fmt: skip
EVENTS = {
    "MESSAGE_CREATE": "MessageResponse",
    "MESSAGE_UPDATE": "MessageResponse",
    "CHANNEL_CREATE": "GuildChannelResponse",
    "CHANNEL_UPDATE": "GuildChannelResponse",
    "CHANNEL_DELETE": "GuildChannelResponse",
    "THREAD_CREATE": "ThreadResponse",
    "THREAD_UPDATE": "ThreadResponse",
}
MORE = {"guild_id", "member", "channel_type", "newly_created"}
"""What events have more than the objects that they tell of."""
KNOWN_ANYWAY = ("tts is unknown", "nsfw is unknown", "name_localized is unknown")
"""Fields of requests that Discord's documentation has, but not its description."""
SNOWFLAKE = "SnowflakeType"

Faults = list[str]
Check = Callable[[Any, str], Faults]


@dataclass(slots=True)
class Spec:
    """Holds calls against the description; says nothing where there is none."""

    described: Json
    _checks: dict[str, Check] = field(default_factory=dict[str, Check])
    """By the name of what they check; made when they are needed first."""

    @classmethod
    def load(cls, path: Path | None) -> "Spec":
        """Read the description, if it is there."""
        return cls({}) if path is None or not path.exists() else _load(path)

    @property
    def there(self) -> bool:
        return bool(self.described)

    def faults_of_request(self, method: str, route: str, fields: Any) -> Faults:
        """Return what a request should not have, or lacks."""
        operation = self._operation(method, route)
        content = operation.get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        if schema is None:
            return ["it has no body"] if operation and fields not in (None, {}) else []
        found = self._check(f"request {method} {route}", schema)(fields, "")
        return [fault for fault in found if not fault.endswith(KNOWN_ANYWAY)]

    def faults_of_answer(self, method: str, route: str, status: int, body: Any) -> Faults:
        """Return what an answer should not have, or lacks."""
        answers = self._operation(method, route).get("responses", {})
        content = answers.get(str(status), {}).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        if schema is None or body is None:
            return []
        return self._check(f"answer {method} {route} {status}", schema)(body, "answer")

    def faults_of_event(self, kind: str, payload: Any) -> Faults:
        """Return what an event should not have, or lacks."""
        if not self.there or kind not in EVENTS:
            return []
        told = {name: value for name, value in payload.items() if name not in MORE}
        if "guild_id" in payload and not kind.startswith("MESSAGE_"):
            told["guild_id"] = payload["guild_id"]
        return self._named(EVENTS[kind])(told, kind)

    def _operation(self, method: str, route: str) -> Json:
        return self.described.get("paths", {}).get(route, {}).get(method.lower(), {})

    # ── checks, made once ───────────────────────────────────────────────────────────────────

    def _check(self, key: str, schema: Json) -> Check:
        if key not in self._checks:
            self._checks[key] = self._made(schema)
        return self._checks[key]

    def _named(self, name: str) -> Check:
        if name == SNOWFLAKE:  # numbers are taken too
            return partial(_of_pattern, re.compile("0|[1-9][0-9]*"))
        return self._check(name, self.described["components"]["schemas"][name])

    def _later(self, name: str, value: Any, where: str) -> Faults:
        """Check what a name stands for: schemas go in circles."""
        return self._named(name)(value, where)

    def _made(self, schema: Json) -> Check:
        if "$ref" in schema:
            return partial(self._later, str(schema["$ref"]).rpartition("/")[2])
        checks = [*self._typed(schema)]
        if "properties" in schema or "additionalProperties" in schema:
            checks.append(self._object(schema))
        if "items" in schema:
            checks.append(partial(_of_items, self._made(schema["items"])))
        choices = [schema[name] for name in ("oneOf", "anyOf") if name in schema]
        checks += [partial(_of_some, [self._made(one) for one in some]) for some in choices]
        checks += [self._made(one) for one in schema.get("allOf", [])]
        return checks[0] if len(checks) == 1 else partial(_of_all, checks)

    def _typed(self, schema: Json) -> list[Check]:
        """Return the checks of type, size and choice."""
        checks: list[Check] = []
        if "type" in schema:
            kinds: Any = schema["type"]
            checks.append(partial(_of_types, [kinds] if isinstance(kinds, str) else kinds))
        if "enum" in schema or "const" in schema:
            checks.append(partial(_of_choice, schema.get("enum", [schema.get("const")])))
        if "pattern" in schema:
            checks.append(partial(_of_pattern, re.compile(schema["pattern"])))
        bounds = ((name, bound) for name, bound in BOUNDS.items() if name in schema)
        return checks + [partial(_of_bound, bound, name, schema[name]) for name, bound in bounds]

    def _object(self, schema: Json) -> Check:
        fields = {name: self._made(one) for name, one in schema.get("properties", {}).items()}
        more: Any = schema.get("additionalProperties")
        other = self._made(cast("Json", more)) if isinstance(more, dict) and more else None
        closed = more is None or more is False
        return partial(_of_fields, fields, schema.get("required", []), other, closed)


BOUNDS: dict[str, Callable[[Any, Any], bool]] = {
    "maxLength": lambda value, bound: not isinstance(value, str) or len(value) <= bound,
    "minLength": lambda value, bound: not isinstance(value, str) or len(value) >= bound,
    "maximum": lambda value, bound: not isinstance(value, int | float) or value <= bound,
    "minimum": lambda value, bound: not isinstance(value, int | float) or value >= bound,
    "maxItems": lambda value, bound: (
        not isinstance(value, list) or len(cast("list[Any]", value)) <= bound
    ),
    "minItems": lambda value, bound: (
        not isinstance(value, list) or len(cast("list[Any]", value)) >= bound
    ),
}


def _of_all(checks: list[Check], value: Any, where: str) -> Faults:
    for check in checks:
        if found := check(value, where):
            return found
    return []


def _of_some(checks: list[Check], value: Any, where: str) -> Faults:
    """Return the faults under the one that fits best."""
    best: Faults | None = None
    for check in checks:
        found = check(value, where)
        if not found:
            return []
        if best is None or _weight(found) < _weight(best):
            best = found
    return best or []


def _weight(faults: Faults) -> tuple[bool, int]:
    """Return how bad faults are; worst is what is of another kind altogether."""
    other = any(fault.endswith((" is no object", " is no null")) for fault in faults)
    wrong_kind = any(".type is none of" in fault or fault.startswith("type is") for fault in faults)
    return other or wrong_kind, len(faults)


def _of_types(kinds: list[str], value: Any, where: str) -> Faults:
    for kind in kinds:
        if isinstance(value, TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool)):
            return []
        if kind == "integer" and isinstance(value, float) and value.is_integer():
            return []
    return [f"{where} is no {' or '.join(kinds)}".lstrip(". ")]


def _of_choice(choices: list[Any], value: Any, where: str) -> Faults:
    good = value in choices and not (isinstance(value, bool) and True not in choices)
    return [] if good else [f"{where} is none of {choices[:6]}".lstrip(". ")]


def _of_pattern(pattern: re.Pattern[str], value: Any, where: str) -> Faults:
    good = isinstance(value, bool) is False and pattern.search(str(value))
    return [] if good and isinstance(value, str | int) else [f"{where} is {value!r}".lstrip(". ")]


def _of_bound(
    bound: Callable[[Any, Any], bool], name: str, limit: Any, value: Any, where: str
) -> Faults:
    return [] if bound(value, limit) else [f"{where} breaks {name} {limit}".lstrip(". ")]


def _of_items(check: Check, value: Any, where: str) -> Faults:
    if not isinstance(value, list):
        return []
    items = enumerate(cast("list[Any]", value))
    return [fault for index, one in items for fault in check(one, f"{where}[{index}]")]


def _of_fields(
    fields: dict[str, Check],
    required: list[str],
    other: Check | None,
    closed: bool,  # noqa: FBT001  given once, when it is made
    value: Any,
    where: str,
) -> Faults:
    if not isinstance(value, dict):
        return []
    found = [f"{where}.{name} is missing".lstrip(".") for name in required if name not in value]
    for name, content in cast("Json", value).items():
        check = fields.get(name, other)
        if check is not None:
            found += check(content, f"{where}.{name}")
        elif closed:
            found.append(f"{where}.{name} is unknown".lstrip("."))
    return found


@lru_cache(maxsize=1)
def _load(path: Path) -> Spec:
    return Spec(json.loads(path.read_bytes()))
