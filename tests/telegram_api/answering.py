"""The methods that answer pressed buttons and inline queries."""

from typing import Any, cast

from tests.telegram_api import body, keyboard
from tests.telegram_api.body import Method
from tests.telegram_api.params import Params
from tests.telegram_api.query import Answer, InlineResult
from tests.telegram_api.refusal import Json, Refusal, bad
from tests.telegram_api.text import units
from tests.telegram_api.world import World

ANSWER_UNITS = 200
RESULTS = 50


def _too_old() -> Refusal:
    return bad("query is too old and response timeout expired or query ID is invalid", benign=True)


def answer_callback_query(world: World, params: Params) -> bool:
    query = world.callbacks.get(params.text("callback_query_id"))
    if query is None or query.answer is not None or not world.alive(query.at):
        raise _too_old()
    text = params.text("text")
    if units(text) > ANSWER_UNITS:
        raise bad("MESSAGE_TOO_LONG")
    query.answer = Answer(
        text, params.flag("show_alert"), params.text("url"), params.integer("cache_time") or 0
    )
    return True


def answer_inline_query(world: World, params: Params) -> bool:
    query = world.inline.get(params.text("inline_query_id"))
    results = cast("list[Json]", params.array("results"))
    if len(results) > RESULTS:
        raise bad("RESULTS_TOO_MUCH")
    ids = [str(result.get("id", "")) for result in results]
    if not all(1 <= len(id_.encode()) <= 64 for id_ in ids):
        raise bad("RESULT_ID_INVALID")
    if len(set(ids)) < len(ids):
        raise bad("RESULT_ID_DUPLICATE")
    if len(params.text("next_offset").encode()) > 64:
        raise bad("NEXT_OFFSET_INVALID")
    kept = [InlineResult(str(result["id"]), _checked(world, result)) for result in results]
    if query is None or query.answered or not world.alive(query.at):
        raise _too_old()
    query.results, query.answered = kept, True
    options = ("next_offset", "cache_time", "is_personal", "button")
    query.options = {name: params.readable()[name] for name in options if params.has(name)}
    return True


def _checked(world: World, result: Json) -> Json:
    kind = result.get("type")
    if kind == "article":
        _check_article(world, result)
    elif kind == "photo" and "photo_file_id" in result:
        world.files.known(str(result["photo_file_id"]), "photo")
        mode, entities = str(result.get("parse_mode", "")), result.get("caption_entities", [])
        body.caption_of(world, str(result.get("caption", "")), mode, entities)
    else:
        world.refuse(f"the fake has no inline result of type {kind}")
        raise bad(f"can't parse inline query result: type {kind} is unsupported")
    keyboard.checked(result.get("reply_markup"), inline_only=True)
    return result


def _check_article(world: World, result: Json) -> None:
    if not str(result.get("title", "")).strip():
        raise bad("ARTICLE_TITLE_EMPTY")
    content: Any = result.get("input_message_content")
    if not isinstance(content, dict):
        raise bad("can't parse inline query result: message content is not specified")
    given = cast("Json", content)
    mode, entities = str(given.get("parse_mode", "")), given.get("entities", [])
    body.text_of(world, str(given.get("message_text", "")), mode, entities)


METHODS: dict[str, Method] = {
    "answerCallbackQuery": answer_callback_query,
    "answerInlineQuery": answer_inline_query,
}
