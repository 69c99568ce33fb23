"""Buttons and menus below a message."""

from typing import Any

from tests.discord_api.refusal import Form, Json

ROW, BUTTON, MENU, TEXT_INPUT, LABEL = 1, 2, 3, 4, 18
OTHER_MENUS = (5, 6, 7, 8)
"""Of users, roles, both, channels."""
ROWS, BUTTONS, OPTIONS = 5, 5, 25
LINK, PREMIUM = 5, 6
SCHEMES = ("http://", "https://", "discord://")
IN_BRIEF = 100
"""Characters of an id, of an option's label, value and description."""


class Components:
    """Reads components, notes their faults, and numbers them."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self._ids: set[str] = set()
        self._number = 0

    def rows(self, given: Any) -> list[Json]:
        """Return the rows of a message."""
        rows = self.form.items(given, "components", ROWS)
        return [self._row(row, f"components.{index}") for index, row in enumerate(rows)]

    def numbered(self, raw: Json, given: Json) -> Json:
        """Return a component with its number."""
        self._number += 1
        number = given.get("id") or self._number
        return {"type": given["type"], "id": number} | {
            name: value for name, value in raw.items() if value is not None
        }

    def custom_id(self, given: Json, path: str) -> str:
        """Return the id of a component, which no other has."""
        form, path = self.form, f"{path}.custom_id"
        custom_id = form.text(given.get("custom_id"), path, IN_BRIEF, 1, needed=True)
        words = "Component custom id cannot be duplicated"
        form.need(custom_id not in self._ids, path, "COMPONENT_CUSTOM_ID_DUPLICATED", words)
        if custom_id:
            self._ids.add(custom_id)
        return custom_id

    def _row(self, given: Any, path: str) -> Json:
        row = self.form.mapping(given, path)
        self.form.choice(row.get("type"), f"{path}.type", [ROW])
        if row.get("type") != ROW:
            return {}
        numbered = self.numbered({}, row)
        inner = self.form.items(row.get("components"), f"{path}.components", BUTTONS, 1)
        menus = sum(isinstance(one, dict) and _kind(one) != BUTTON for one in inner)
        words = "The specified component exceeds the maximum width"
        self.form.need(not menus or len(inner) == 1, path, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", words)
        found = [self._item(one, f"{path}.components.{index}") for index, one in enumerate(inner)]
        return numbered | {"components": found}

    def _item(self, given: Any, path: str) -> Json:
        item = self.form.mapping(given, path)
        if item.get("type") == BUTTON:
            return self._button(item, path)
        if item.get("type") == MENU:
            return self.menu(item, path)
        self.form.choice(item.get("type"), f"{path}.type", [BUTTON, MENU, *OTHER_MENUS])
        return self.auto_menu(item, path) if item.get("type") in OTHER_MENUS else {}

    def _button(self, given: Json, path: str) -> Json:
        form, style = self.form, given.get("style")
        form.choice(style, f"{path}.style", [1, 2, 3, 4, 5, 6])
        label = form.text(given.get("label"), f"{path}.label", 80)
        emoji = form.mapping(given.get("emoji"), f"{path}.emoji")
        told: Json = {"style": style, "label": label or None, "emoji": _emoji(emoji)}
        told["disabled"] = bool(given.get("disabled")) or None
        if style == PREMIUM:
            form.fault(path, "FAKE", "the fake sells nothing")
            return {}
        bare = not (label or emoji)
        form.need(not bare, path, "BUTTON_COMPONENT_LABEL_REQUIRED", "A label or emoji is required")
        if style == LINK:
            url = form.text(given.get("url"), f"{path}.url", 512, 1, needed=True)
            words = f"Scheme must be one of {SCHEMES}."
            good = not url or url.startswith(SCHEMES)
            form.need(good, f"{path}.url", "URL_TYPE_INVALID_SCHEME", words)
            words = "A custom id and url cannot both be specified"
            both = given.get("custom_id") is not None
            form.need(not both, path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", words)
            return self.numbered(told | {"url": url}, given)
        words = "A url cannot be specified"
        form.need(given.get("url") is None, path, "BUTTON_COMPONENT_URL_FORBIDDEN", words)
        return self.numbered(told | {"custom_id": self.custom_id(given, path)}, given)

    def menu(self, given: Json, path: str) -> Json:
        """Return a menu whose options are said."""
        form, told = self.form, self._any_menu(given, path)
        options = form.items(given.get("options"), f"{path}.options", OPTIONS, 1)
        told["options"] = [
            self._option(option, f"{path}.options.{index}") for index, option in enumerate(options)
        ]
        values = [option.get("value") for option in told["options"]]
        for index, value in enumerate(values):
            where, words = (
                f"{path}.options.{index}.value",
                "The specified option value is already used",
            )
            form.need(
                value not in values[:index],
                where,
                "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                words,
            )
        for name in ("min_values", "max_values"):
            words = f"Must be at most the number of options, {len(options)}"
            form.need(told[name] <= len(options), f"{path}.{name}", "NUMBER_TYPE_MAX", words)
        chosen = sum(bool(option.get("default")) for option in told["options"])
        words = "More options are chosen beforehand than may be"
        form.need(chosen <= told["max_values"], path, "SELECT_COMPONENT_TOO_MANY_DEFAULT", words)
        return self.numbered(told, given)

    def auto_menu(self, given: Json, path: str) -> Json:
        """Return a menu that Discord fills."""
        told = self._any_menu(given, path)
        for name in ("channel_types", "default_values"):
            told[name] = given.get(name)
        return self.numbered(told, given)

    def _any_menu(self, given: Json, path: str) -> Json:
        form = self.form
        least = form.integer(given.get("min_values"), f"{path}.min_values", 0, OPTIONS, 1)
        most = form.integer(given.get("max_values"), f"{path}.max_values", 1, OPTIONS, 1)
        assert least is not None
        assert most is not None
        words = f"Min values {least} is greater than max values {most}"
        form.need(least <= most, path, "SELECT_COMPONENT_INVALID_VALUES", words)
        return {
            "custom_id": self.custom_id(given, path),
            "placeholder": form.text(given.get("placeholder"), f"{path}.placeholder", 150) or None,
            "min_values": least,
            "max_values": most,
            "disabled": bool(given.get("disabled")) or None,
        }

    def _option(self, given: Any, path: str) -> Json:
        form, option = self.form, self.form.mapping(given, path)
        told: Json = {
            name: form.text(option.get(name), f"{path}.{name}", IN_BRIEF, 1, needed=True)
            for name in ("label", "value")
        }
        described = form.text(option.get("description"), f"{path}.description", IN_BRIEF)
        emoji = _emoji(form.mapping(option.get("emoji"), f"{path}.emoji"))
        more = {"description": described, "emoji": emoji, "default": bool(option.get("default"))}
        return told | {name: value for name, value in more.items() if value}


def _kind(given: Any) -> Any:
    return given.get("type")


def _emoji(given: Json) -> Json | None:
    return {name: given[name] for name in ("id", "name") if given.get(name)} or None


def named(component: Json) -> str:
    """Return what is written on a button or in a menu."""
    if component["type"] != BUTTON:
        return str(component.get("placeholder") or component["custom_id"])
    emoji: Json = component.get("emoji") or {}
    return f"{emoji.get('name', '')} {component.get('label', '')}".strip()
