"""What a command must be like."""

import re
from typing import Any, cast

from tests.discord_api.refusal import Form, Json

NAME = re.compile(r"[-_'\w\u0900-\u097f\u0e00-\u0e7f]{1,32}")
LOCALES = {
    "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl",
    "no", "pl", "pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th",
    "zh-CN", "ja", "zh-TW", "ko",
}  # fmt: skip
SUB, GROUP, STRING, INTEGER, NUMBER, CHANNEL = 1, 2, 3, 4, 10, 7
OPTION_KINDS = list(range(1, 12))
WITH_CHOICES = {STRING, INTEGER, NUMBER}
OPTIONS, CHOICES, LONGEST = 25, 25, 6000
ALL_TEXT = 8000
MOST_NUMBER = 2**53


def check_command(form: Form, given: Json, path: str) -> None:
    """Note what is wrong with a command."""
    kind = given.get("type") or 1
    form.choice(kind, f"{path}type", [1, 2, 3])
    if kind == 1:
        _names(form, given, path)
        _options(form, given, path, (SUB, GROUP))
    else:
        form.text(given.get("name"), f"{path}name", 32, 1, needed=True)
        for name in ("description", "options"):
            words = "Context menu commands cannot have one"
            code = "APPLICATION_COMMAND_CONTEXT_MENU_FORBIDDEN"
            form.need(not given.get(name), f"{path}{name}", code, words)
    for name, most in (("integration_types", 1), ("contexts", 2)):
        for index, value in enumerate(form.items(given.get(name), f"{path}{name}", most + 1)):
            form.choice(value, f"{path}{name}.{index}", list(range(most + 1)))
    needed = given.get("default_member_permissions")
    words = f'Value "{needed}" is not a bitwise value'
    good = needed is None or str(needed).isdigit()
    form.need(good, f"{path}default_member_permissions", "NUMBER_TYPE_COERCE", words)
    words = f"Command exceeds maximum size ({ALL_TEXT})"
    form.need(_size(given) <= ALL_TEXT, path, "APPLICATION_COMMAND_TOO_LARGE", words)


def _names(form: Form, given: Json, path: str) -> None:
    """Check the name and the description, in all languages."""
    _name(form, given.get("name"), f"{path}name")
    form.text(given.get("description"), f"{path}description", 100, 1, needed=True)
    for field, check in (("name", _name), ("description", _description)):
        where = f"{path}{field}_localizations"
        for locale, words in form.mapping(given.get(f"{field}_localizations"), where).items():
            form.need(locale in LOCALES, where, "ENUM_TYPE_COERCE", f"no locale {locale}")
            check(form, words, f"{where}.{locale}")


def _name(form: Form, name: Any, path: str) -> None:
    text = form.text(name, path, 32, 1, needed=True)
    good = not text or (NAME.fullmatch(text) and text == text.lower())
    form.need(good, path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _description(form: Form, words: Any, path: str) -> None:
    form.text(words, path, 100, 1, needed=True)


def _options(form: Form, given: Json, path: str, branches: tuple[int, ...]) -> None:
    """Check the options of a command, of a group of commands, of a command in it.

    Args:
        form: Where faults are noted.
        given: Whose options.
        path: Of it.
        branches: The types of options that are commands themselves, where there may be such.
    """
    items = form.items(given.get("options"), f"{path}options", OPTIONS)
    options = [form.mapping(one, f"{path}options.{index}") for index, one in enumerate(items)]
    names = [one.get("name") for one in options]
    optional = False
    for index, option in enumerate(options):
        where = f"{path}options.{index}"
        words = "Option names must be unique"
        fresh = names[index] not in names[:index]
        form.need(fresh, where, "APPLICATION_COMMAND_OPTIONS_NAME_INVALID", words)
        _option(form, option, f"{where}.", branches)
        if option.get("type") in (SUB, GROUP):
            continue
        words = "Required options must be placed before non-required options"
        late = bool(option.get("required")) and optional
        form.need(not late, where, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", words)
        optional = optional or not option.get("required")
    kinds = {one.get("type") in (SUB, GROUP) for one in options}
    words = "Sub-command and sub-command group option types are mutually exclusive to all others"
    form.need(len(kinds) < 2, f"{path}options", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", words)


def _option(form: Form, option: Json, path: str, branches: tuple[int, ...]) -> None:
    _names(form, option, path)
    kind = option.get("type")
    form.choice(kind, f"{path}type", OPTION_KINDS)
    if kind in (SUB, GROUP):
        words = "Commands are not so deep"
        if form.need(kind in branches, f"{path}type", "BASE_TYPE_CHOICES", words):
            _options(form, option, path, (SUB,) if kind == GROUP else ())
        return
    _choices(form, option, path)
    _bounds(form, option, path)


def _choices(form: Form, option: Json, path: str) -> None:
    """Check what is offered, beforehand or while somebody types."""
    choices = form.items(option.get("choices"), f"{path}choices", CHOICES)
    kind, completed = option.get("type"), bool(option.get("autocomplete"))
    words = "Only strings and numbers are chosen"
    good = kind in WITH_CHOICES or not (choices or completed)
    form.need(good, path, "APPLICATION_COMMAND_OPTION_CHOICES_INVALID", words)
    words = "Choices and autocomplete are mutually exclusive"
    form.need(
        not (choices and completed), path, "APPLICATION_COMMAND_OPTION_AUTOCOMPLETE_INVALID", words
    )
    if kind in WITH_CHOICES:
        check_choices(form, choices, f"{path}choices", kind)


def check_choices(form: Form, choices: list[Any], path: str, kind: int) -> None:
    """Note what is wrong with what is offered for an option of some type."""
    seen: list[Any] = []
    for index, one in enumerate(choices):
        where, choice = f"{path}.{index}", form.mapping(one, f"{path}.{index}")
        form.text(choice.get("name"), f"{where}.name", 100, 1, needed=True)
        names = form.mapping(choice.get("name_localizations"), f"{where}.name_localizations")
        for locale, words in names.items():
            form.text(words, f"{where}.name_localizations.{locale}", 100, 1, needed=True)
        value = choice.get("value")
        if kind == STRING:
            form.text(value, f"{where}.value", 100, 1, needed=True)
        elif kind == INTEGER:
            form.need(
                value is not None, f"{where}.value", "BASE_TYPE_REQUIRED", "This field is required"
            )
            form.integer(value, f"{where}.value", -MOST_NUMBER, MOST_NUMBER)
        else:
            good = isinstance(value, int | float) and not isinstance(value, bool)
            form.need(
                good, f"{where}.value", "NUMBER_TYPE_COERCE", f'Value "{value}" is not float.'
            )
        words = "Choices must be unique"
        fresh = choice.get("name") not in seen
        form.need(fresh, where, "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_EXISTS", words)
        seen.append(choice.get("name"))


def _bounds(form: Form, option: Json, path: str) -> None:
    """Check what values there may be."""
    kind = option.get("type")
    least = form.integer(option.get("min_length"), f"{path}min_length", 0, LONGEST)
    most = form.integer(option.get("max_length"), f"{path}max_length", 1, LONGEST)
    words = "Only strings have a length"
    good = kind == STRING or (least is None and most is None)
    form.need(good, path, "APPLICATION_COMMAND_OPTION_LENGTH_INVALID", words)
    low, high = option.get("min_value"), option.get("max_value")
    words = "Only numbers have a least and a highest value"
    good = kind in (INTEGER, NUMBER) or (low is None and high is None)
    form.need(good, path, "APPLICATION_COMMAND_OPTION_VALUE_INVALID", words)
    ordered = (low is None or high is None or low <= high) and (
        least is None or most is None or least <= most
    )
    words = "The least is more than the most"
    form.need(ordered, path, "APPLICATION_COMMAND_OPTION_BOUNDS_INVALID", words)
    words = "Only channels have types of channels"
    good = kind == CHANNEL or not option.get("channel_types")
    form.need(good, path, "APPLICATION_COMMAND_OPTION_CHANNEL_TYPES_INVALID", words)


def _size(given: Json) -> int:
    """Return how many characters count: names, descriptions, values, the longest language."""
    total = 0
    for field in ("name", "description"):
        texts = [given.get(field), *(_dict(given.get(f"{field}_localizations")).values())]
        total += max((len(one) for one in texts if isinstance(one, str)), default=0)
    if isinstance(given.get("value"), str):
        total += len(given["value"])
    for name in ("options", "choices"):
        total += sum(_size(_dict(one)) for one in _list(given.get(name)))
    return total


def _dict(value: Any) -> Json:
    return cast("Json", value) if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []
