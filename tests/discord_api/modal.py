"""Forms that open over the chat."""

from typing import Any

from tests.discord_api.component import LABEL, MENU, OTHER_MENUS, ROW, TEXT_INPUT, Components
from tests.discord_api.refusal import Form, Json

TITLE, LABEL_TEXT, INPUTS = 45, 45, 5
LONGEST = 4000
TEXT_DISPLAY = 10


def read_modal(form: Form, given: Json) -> Json:
    """Return a modal, and note what is wrong with it."""
    components = Components(form)
    data = {
        "title": form.text(given.get("title"), "data.title", TITLE, 1, needed=True),
        "custom_id": form.text(given.get("custom_id"), "data.custom_id", 100, 1, needed=True),
    }
    items = form.items(given.get("components"), "data.components", INPUTS, 1)
    fields = [
        _field(components, form.mapping(item, f"data.components.{index}"), index)
        for index, item in enumerate(items)
    ]
    return data | {"components": fields}


def _field(components: Components, given: Json, index: int) -> Json:
    path, form = f"data.components.{index}", components.form
    kind = given.get("type")
    if kind == TEXT_DISPLAY:
        text = form.text(given.get("content"), f"{path}.content", LONGEST, 1, needed=True)
        return components.numbered({"content": text}, given)
    form.choice(kind, f"{path}.type", [ROW, LABEL, TEXT_DISPLAY])
    if kind == ROW:
        row = components.numbered({}, given)
        inner = form.items(given.get("components"), f"{path}.components", 1, 1)
        return row | {
            "components": [_input(components, one, f"{path}.components.0") for one in inner]
        }
    if kind == LABEL:
        return _label(components, given, path)
    return {}


def _label(components: Components, given: Json, path: str) -> Json:
    """Return an input with a label of its own around it."""
    form = components.form
    told = components.numbered({}, given)
    told["label"] = form.text(given.get("label"), f"{path}.label", LABEL_TEXT, 1, needed=True)
    if given.get("description") is not None:
        told["description"] = form.text(given["description"], f"{path}.description", 100, 1)
    inner = form.mapping(given.get("component"), f"{path}.component")
    return told | {"component": _labelled(components, inner, f"{path}.component")}


def _labelled(components: Components, inner: Json, path: str) -> Json:
    form, kind = components.form, inner.get("type")
    required = inner.get("required", True)
    if kind == MENU:
        return components.menu(inner, path) | {"required": required}
    if kind in OTHER_MENUS:
        return components.auto_menu(inner, path) | {"required": required}
    form.choice(kind, f"{path}.type", [TEXT_INPUT, MENU, *OTHER_MENUS])
    if kind != TEXT_INPUT:
        return {}
    words = "A text input in a label has no label of its own"
    form.need(inner.get("label") is None, f"{path}.label", "BASE_TYPE_FORBIDDEN", words)
    return _input(components, inner, path, labelled=True)


def _input(components: Components, given: Any, path: str, *, labelled: bool = False) -> Json:
    form = components.form
    item = form.mapping(given, path)
    form.choice(item.get("type"), f"{path}.type", [TEXT_INPUT])
    form.choice(item.get("style"), f"{path}.style", [1, 2])
    told: Json = {
        "custom_id": components.custom_id(item, path),
        "style": item.get("style"),
        "required": item.get("required") is not False,
    }
    if not labelled:
        told["label"] = form.text(item.get("label"), f"{path}.label", LABEL_TEXT, 1, needed=True)
    least = form.integer(item.get("min_length"), f"{path}.min_length", 0, LONGEST)
    most = form.integer(item.get("max_length"), f"{path}.max_length", 1, LONGEST)
    words = "Min length is greater than max length"
    good = (least or 0) <= (most or LONGEST)
    form.need(good, path, "TEXT_INPUT_INVALID_LENGTHS", words)
    value = form.text(item.get("value"), f"{path}.value", most or LONGEST)
    words = f"Must be {least} or more in length."
    good = not value or len(value) >= (least or 0)
    form.need(good, f"{path}.value", "BASE_TYPE_MIN_LENGTH", words)
    hint = form.text(item.get("placeholder"), f"{path}.placeholder", 100)
    told |= {"min_length": least, "max_length": most, "value": value or None}
    return components.numbered(told | {"placeholder": hint or None}, {"type": TEXT_INPUT} | item)


def inputs(modal: Json) -> list[tuple[str, Json]]:
    """Return the inputs of a modal with their labels."""
    found: list[tuple[str, Json]] = []
    for field in modal["components"]:
        if field["type"] == ROW:
            found += [(str(one["label"]), one) for one in field["components"]]
        elif field["type"] == LABEL:
            found.append((str(field["label"]), field["component"]))
    return found
