"""The keyboards under messages, and what may stand on them."""

from typing import Any, cast

from tests.telegram_api.refusal import Json, bad

KINDS = {
    "url", "callback_data", "web_app", "login_url", "switch_inline_query",
    "switch_inline_query_current_chat", "switch_inline_query_chosen_chat", "copy_text",
    "callback_game", "pay",
}  # fmt: skip
STYLES = {"danger", "success", "primary"}
OTHER_MARKUP = {"keyboard", "remove_keyboard", "force_reply"}


def checked(markup: Json | None, *, inline_only: bool = False) -> Json | None:
    """Return a keyboard that Telegram takes.

    Args:
        markup: As it was sent.
        inline_only: True where nothing but an inline keyboard fits, as in edits.
    """
    if markup is None:
        return None
    if "inline_keyboard" in markup:
        return _inline(markup)
    if inline_only or not OTHER_MARKUP & markup.keys():
        raise bad("inline keyboard expected" if inline_only else "object expected as reply markup")
    placeholder = str(markup.get("input_field_placeholder", ""))
    if len(placeholder) > 64:
        raise bad("reply markup placeholder is too long")
    return markup


def _inline(markup: Json) -> Json | None:
    rows = cast("list[list[Json]]", markup["inline_keyboard"])
    if not _is_array(rows) or not all(_is_array(row) for row in rows):
        raise bad('field "inline_keyboard" must be of type Array')
    rows = [row for row in rows if row]
    if any(len(row) > 8 for row in rows) or sum(len(row) for row in rows) > 100:
        raise bad("REPLY_MARKUP_TOO_LONG")
    for row in rows:
        for button in row:
            _check_button(button)
    return {"inline_keyboard": rows} if rows else None


def _is_array(value: Any) -> bool:
    return isinstance(value, list)


def _check_button(button: Json) -> None:
    if not str(button.get("text", "")).strip():
        raise bad("can't parse inline keyboard button: button text must be non-empty")
    kinds = KINDS & button.keys()
    if not kinds:
        raise bad(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
        )
    if len(kinds) > 1:
        raise bad(f"can't parse inline keyboard button: more than one kind: {sorted(kinds)}")
    if button.get("style", "primary") not in STYLES:
        raise bad("can't parse inline keyboard button: invalid button style specified")
    if "callback_data" in button and not 1 <= len(str(button["callback_data"]).encode()) <= 64:
        raise bad("BUTTON_DATA_INVALID")
    if "copy_text" in button and not 1 <= len(str(button["copy_text"]["text"])) <= 256:
        raise bad("BUTTON_COPY_TEXT_INVALID")
    if "url" in button and "://" not in str(button["url"]):
        raise bad("BUTTON_URL_INVALID")
