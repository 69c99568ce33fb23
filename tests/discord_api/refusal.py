"""What the server says when it refuses."""

from typing import Any, cast

Json = dict[str, Any]

NOTHING = 0
UNKNOWN_CHANNEL, UNKNOWN_GUILD, UNKNOWN_MEMBER = 10003, 10004, 10007
UNKNOWN_MESSAGE, UNKNOWN_USER, UNKNOWN_WEBHOOK = 10008, 10013, 10015
UNKNOWN_INTERACTION, UNKNOWN_COMMAND = 10062, 10063
TOO_LARGE, ALREADY_ACKNOWLEDGED, TOO_MANY_FOLLOWUPS = 40005, 40060, 40094
MISSING_ACCESS, MISSING_PERMISSIONS = 50001, 50013
CANNOT_ACT_IN_DIRECT, OTHERS_MESSAGE, EMPTY_MESSAGE, NO_DIRECTS = 50003, 50005, 50006, 50007
INVALID_TOKEN, INVALID_RECIPIENT, INVALID_FORM = 50027, 50033, 50035
WRONG_CHANNEL_TYPE, ARCHIVED, INVALID_JSON = 50024, 50083, 50109
TOO_MANY_PINS = 30003
NO_HISTORY, HAS_THREAD, LOCKED, TOO_MANY_CREATES = 160002, 160004, 160005, 30034
OTHERS_APPLICATION = 20012

WORDS = {
    UNKNOWN_CHANNEL: "Unknown Channel",
    UNKNOWN_GUILD: "Unknown Guild",
    UNKNOWN_MEMBER: "Unknown Member",
    UNKNOWN_MESSAGE: "Unknown Message",
    UNKNOWN_USER: "Unknown User",
    UNKNOWN_WEBHOOK: "Unknown Webhook",
    UNKNOWN_INTERACTION: "Unknown interaction",
    UNKNOWN_COMMAND: "Unknown application command",
    TOO_LARGE: "Request entity too large",
    ALREADY_ACKNOWLEDGED: "Interaction has already been acknowledged.",
    TOO_MANY_FOLLOWUPS: (
        "This interaction has reached the maximum number of follow-up messages that can be sent"
    ),
    MISSING_ACCESS: "Missing Access",
    MISSING_PERMISSIONS: "Missing Permissions",
    CANNOT_ACT_IN_DIRECT: "Cannot execute action on a DM channel",
    OTHERS_MESSAGE: "Cannot edit a message authored by another user",
    EMPTY_MESSAGE: "Cannot send an empty message",
    NO_DIRECTS: "Cannot send messages to this user",
    INVALID_TOKEN: "Invalid Webhook Token",
    INVALID_RECIPIENT: "Invalid Recipient(s)",
    INVALID_FORM: "Invalid Form Body",
    WRONG_CHANNEL_TYPE: "Cannot execute action on this channel type",
    TOO_MANY_PINS: "Maximum number of pins reached for the channel",
    ARCHIVED: "Thread is archived",
    INVALID_JSON: "The request body contains invalid JSON.",
    OTHERS_APPLICATION: "You are not authorized to perform this action on this application",
    NO_HISTORY: "Cannot reply without permission to read message history",
    HAS_THREAD: "A thread has already been created for this message",
    LOCKED: "Thread is locked",
    TOO_MANY_CREATES: "Max number of daily application command creates has been reached (200)",
}


class Refusal(Exception):
    """An answer that is none."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str = "",
        *,
        errors: Json | None = None,
        more: Json | None = None,
        headers: dict[str, str] | None = None,
        benign: bool = False,
    ) -> None:
        self.message = message or WORDS[code]
        super().__init__(self.message)
        self.status = status
        self.code = code
        self.errors = errors
        self.more = more or {}
        """Further fields of the answer."""
        self.headers = headers or {}
        self.benign = benign
        """True if a faultless program can run into it: somebody deleted, left or was late."""

    @property
    def raw(self) -> Json:
        told: Json = {"message": self.message, "code": self.code} | self.more
        return told if self.errors is None else told | {"errors": self.errors}

    @property
    def words(self) -> str:
        """It in one line."""
        told = "; ".join(f"{path}: {words}" for path, words in _leaves(self.errors or {}, ""))
        return f"{self.status} {self.code} {self.message} {told}".strip()


def _leaves(errors: Json, where: str) -> list[tuple[str, str]]:
    """Return what is said of each field."""
    found: list[tuple[str, str]] = []
    for name, inner in errors.items():
        if name == "_errors":
            found += [(where.rstrip("."), f"{one['code']} {one['message']}") for one in inner]
        else:
            found += _leaves(inner, f"{where}{name}.")
    return found


def bad(code: int, *, benign: bool = False) -> Refusal:
    """Return a 400."""
    return Refusal(400, code, benign=benign)


def forbidden(code: int) -> Refusal:
    """Return a 403, which is not the program's fault: permissions come and go."""
    return Refusal(403, code, benign=True)


def not_found(code: int, *, benign: bool = False) -> Refusal:
    """Return a 404."""
    return Refusal(404, code, benign=benign)


def unauthorized() -> Refusal:
    """Return a 401."""
    return Refusal(401, NOTHING, "401: Unauthorized", benign=True)


def form_fault(path: str, code: str, message: str, *, benign: bool = False) -> Refusal:
    """Return a refusal of a form with one fault."""
    form = Form()
    form.fault(path, code, message)
    return Refusal(400, INVALID_FORM, errors=form.errors, benign=benign)


class Form:
    """Collects what is wrong with the fields of a request."""

    def __init__(self) -> None:
        self.errors: Json = {}

    def fault(self, path: str, code: str, message: str) -> None:
        """Note a fault at a path with dots in it; an empty one is the form itself."""
        place = self.errors
        for step in filter(None, path.split(".")):
            place = place.setdefault(step, {})
        place.setdefault("_errors", []).append({"code": code, "message": message})

    def check(self) -> None:
        """Refuse the form if anything is wrong with it."""
        if self.errors:
            raise Refusal(400, INVALID_FORM, errors=self.errors)

    def need(self, good: object, path: str, code: str, message: str) -> bool:
        """Note a fault if something is not so; return whether it is."""
        if not good:
            self.fault(path, code, message)
        return bool(good)

    def text(
        self, value: Any, path: str, longest: int, shortest: int = 0, *, needed: bool = False
    ) -> str:
        """Return a string, empty if there is none or it is wrong."""
        if value is None or (value == "" and shortest):
            if needed:
                self.fault(path, "BASE_TYPE_REQUIRED", "This field is required")
            elif value == "":
                self.fault(path, "BASE_TYPE_BAD_LENGTH", _between(shortest, longest))
            return ""
        if not isinstance(value, str):
            self.fault(path, "STRING_TYPE_CONVERT", "Could not interpret value as string.")
            return ""
        if shortest and not shortest <= len(value) <= longest:
            self.fault(path, "BASE_TYPE_BAD_LENGTH", _between(shortest, longest))
        elif len(value) > longest:
            words = f"Must be {longest} or fewer in length."
            self.fault(path, "BASE_TYPE_MAX_LENGTH", words)
        return value

    def integer(
        self, value: Any, path: str, least: int, most: int, default: int | None = None
    ) -> int | None:
        """Return a whole number, the default if there is none or it is wrong."""
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int):
            words = f'Value "{value}" is not int.'
            self.fault(path, "NUMBER_TYPE_COERCE", words)
            return default
        if value < least:
            words = f"int value should be greater than or equal to {least}."
            self.fault(path, "NUMBER_TYPE_MIN", words)
        elif value > most:
            words = f"int value should be less than or equal to {most}."
            self.fault(path, "NUMBER_TYPE_MAX", words)
        return value

    def items(self, value: Any, path: str, most: int, least: int = 0) -> list[Any]:
        """Return a list, empty if there is none or it is wrong."""
        if value is None:
            value = []
        if not isinstance(value, list):
            words = "Only iterables may be used in a ListType"
            self.fault(path, "LIST_TYPE_CONVERT", words)
            return []
        found = list(cast("list[Any]", value))
        if not least <= len(found) <= most:
            self.fault(path, "BASE_TYPE_BAD_LENGTH", _between(least, most))
        return found

    def mapping(self, value: Any, path: str) -> Json:
        """Return an object, empty if there is none or it is wrong."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.fault(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
            return {}
        return dict(cast("Json", value))

    def choice(self, value: Any, path: str, choices: list[int]) -> None:
        """Note a fault if a value is none of some."""
        words = f"Value must be one of {{{', '.join(map(str, choices))}}}."
        self.need(value in choices, path, "BASE_TYPE_CHOICES", words)


def _between(least: int, most: int) -> str:
    return f"Must be between {least} and {most} in length."
