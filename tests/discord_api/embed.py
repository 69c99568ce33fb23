"""Embeds."""

from typing import Any

from tests.discord_api.refusal import Form, Json

EMBEDS, FIELDS, ALL_TEXT = 10, 25, 6000
IMAGES = ("image", "thumbnail")


def read_embeds(form: Form, given: Any) -> list[Json]:
    """Return the embeds of a message, and note what is wrong with them."""
    embeds = form.items(given, "embeds", EMBEDS)
    found = [_embed(form, one, f"embeds.{index}") for index, one in enumerate(embeds)]
    total = sum(size for _, size in found)
    words = f"Embed size exceeds maximum size of {ALL_TEXT}"
    form.need(total <= ALL_TEXT, "embeds", "MAX_EMBED_SIZE_EXCEEDED", words)
    return [embed for embed, _ in found]


def _embed(form: Form, given: Any, path: str) -> tuple[Json, int]:
    """Return an embed and how much text is in it."""
    embed = form.mapping(given, path)
    footer = form.mapping(embed.get("footer"), f"{path}.footer")
    author = form.mapping(embed.get("author"), f"{path}.author")
    texts = [
        form.text(embed.get("title"), f"{path}.title", 256),
        form.text(embed.get("description"), f"{path}.description", 4096),
        form.text(footer.get("text"), f"{path}.footer.text", 2048, needed=bool(footer)),
        form.text(author.get("name"), f"{path}.author.name", 256, needed=bool(author)),
    ]
    fields = form.items(embed.get("fields"), f"{path}.fields", FIELDS)
    for index, field in enumerate(fields):
        texts += _field(form, form.mapping(field, ""), f"{path}.fields.{index}")
    colour = form.integer(embed.get("color"), f"{path}.color", 0, 0xFFFFFF)
    shown = any(texts) or any(embed.get(name) for name in (*IMAGES, "url", "timestamp"))
    form.need(shown, path, "EMBED_EMPTY", "An embed with nothing in it")
    told: Json = {"type": "rich"} | embed
    if fields:
        told["fields"] = [{"inline": False} | field for field in fields]
    if colour is None:
        told.pop("color", None)
    return {name: value for name, value in told.items() if value is not None}, sum(map(len, texts))


def _field(form: Form, field: Json, path: str) -> list[str]:
    return [
        form.text(field.get("name"), f"{path}.name", 256, 1, needed=True),
        form.text(field.get("value"), f"{path}.value", 1024, 1, needed=True),
    ]
