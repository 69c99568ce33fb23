"""Replies to what Discord's calls take; pure.

Nothing that a user has said is read as markup, and nobody is ever called by a mention.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from adapters.discord.hidden import ASK, PICK, Question
from adapters.discord.inbound import PLATFORM
from adapters.discord.limits import MOST
from bot import texts
from bot.action import Verb
from bot.form import JOINT, Field, Form
from bot.reply import Button, Delivery, Named, Reply
from bot.wording import say

NOBODY: Mapping[str, object] = {"parse": []}
"""Whom a message may call."""
NO_PREVIEWS = 1 << 2
"""Flag of a message."""
ROW, BUTTON, SELECT, INPUT, LABEL = 1, 2, 3, 4, 18
"""Types of components."""
GREY, RED = 2, 4
"""Styles of buttons."""
SHORT, LONG = 1, 2
"""Styles of fields."""
MANY = 5
"""More buttons of one kind than this are a select."""
ONE_LINE = 100
"""Characters up to which a field has one line."""
_SIGNS = re.compile(r"[\\*_~`|<\[]|:(?=[\w+-]{0,40}(?::|\Z))|@(?=everyone|here)", re.ASCII)
_HEAD = re.compile(r"(?<![^\n\r])([^\S\n]*\d*)([-+#>.])")


def safe(text: str) -> str:
    """Return a text that is read as it is written.

    What makes words bold, hidden or a link is escaped anywhere; what makes them a heading, a list
    or a quotation, at the head of a line. A bare link stays one.
    """
    return _HEAD.sub(r"\1\\\2", _SIGNS.sub(r"\\\g<0>", text))


def words_of(reply: Reply, *, repeated: bool = False) -> str:
    """Return the words of a reply, with what is struck through and who is named."""
    text = reply.text
    if (reply.artworks or reply.plate) and not texts.says_label(text):
        text = texts.marked(text)
    spans = [
        *((start, end, "~~", "~~", None) for start, end in reply.struck),
        *((*_span(one), "", "", person) for one in reply.named if (person := _person(one))),
    ]
    parts, at = list[str](), 0
    for start, end, before, after, person in sorted(spans, key=lambda span: span[:2]):
        if start < at or start == end:
            continue
        inner = person or f"{before}{safe(text[start:end])}{after}"
        parts += [safe(text[at:start]), inner]
        at = end
    words = "".join([*parts, safe(text[at:])])
    return texts.repeated(words) if repeated else words


def split(words: str, most: int = MOST.text) -> list[str]:
    """Return words in as many messages as they need, parted between lines where that can be."""
    parts = list[str]()
    while len(words) > most:
        end = _end(words, most)
        parts.append(words[:end].rstrip())
        words = words[end:].lstrip("\n")
    return [part for part in (*parts, words) if part.strip()] or [""]


def clipped(words: str, most: int = MOST.text) -> str:
    """Return words that fit; the end is left out of those that do not."""
    return words if len(words) <= most else f"{words[: _end(words, most - 1)].rstrip()}…"


def without_picture(words: str, most: int = MOST.text) -> str:
    """Return words with what is said where a picture is too large to go with them."""
    told = say("图太大了，这里发不出来")
    return f"{clipped(words, most - len(told) - 1)}\n{told}".lstrip("\n")


def components(reply: Reply, more: Sequence[Mapping[str, Any]] = ()) -> list[dict[str, Any]]:
    """Return what stands under a reply, as many rows as there may be.

    Args:
        reply: With its buttons.
        more: Buttons of the adapter's own, before them.
    """
    rows = [*_rows(reply.buttons)]
    if more:
        rows.insert(0, _row(more))
    return rows[: MOST.rows]


def asking(reply: Reply) -> dict[str, Any]:
    """Return the button that opens a field for what a reply asks."""
    custom_id = Question(asks=reply.asks, attached=reply.attached).pack(MOST.custom_id)
    return button(say("✏️ 填写"), custom_id)


def button(label: str, custom_id: str, style: int = GREY) -> dict[str, Any]:
    """Return a button."""
    return {"type": BUTTON, "style": style, "label": label[: MOST.label], "custom_id": custom_id}


def modal_of(form: Form, custom_id: str) -> dict[str, Any]:
    """Return a form as Discord opens it."""
    fields = form.within(MOST.fields).fields
    return {
        "custom_id": custom_id,
        "title": form.title[: MOST.title],
        "components": [_field(one) for one in fields],
    }


def question_modal(custom_id: str, title: str) -> dict[str, Any]:
    """Return a field for the answer to a question."""
    field = Field(name="words", label=title[: MOST.title], most=1500)
    shown = _field(field)
    shown["component"] |= {"required": True, "style": LONG}
    return {
        "custom_id": custom_id[: MOST.custom_id],
        "title": say("丹青"),
        "components": [shown],
    }


def is_question(custom_id: str) -> bool:
    """Return whether a button opens a field at once."""
    return custom_id.startswith(ASK)


def nonce(delivery: Delivery, part: int = 0) -> str:
    """Return by what Discord knows a message again: the same for another attempt at the same."""
    told = f"{delivery.id}/{delivery.chat.key}/{part}/{delivery.reply.text}"
    return blake2b(told.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _rows(rows: Iterable[Sequence[Button]]) -> Iterator[dict[str, Any]]:
    """Yield rows of buttons, or a select where many do the same in different ways."""
    flat = [one for row in rows for one in row]
    verbs = {one.action.verb for one in flat}
    if len(flat) > MANY and len(verbs) == 1 and verbs != {Verb.PLAY}:  # in a game each has its own
        for number, at in enumerate(range(0, len(flat), MOST.options)):
            yield _select(flat[at : at + MOST.options], number)
        return
    seen = set[str]()
    for row in rows:
        told = {one.action.pack(): one for one in row}
        fresh = [one for packed, one in told.items() if packed not in seen]
        seen |= told.keys()
        for at in range(0, len(fresh), MOST.in_a_row):
            yield _row([_pressed(one) for one in fresh[at : at + MOST.in_a_row]])


def _row(buttons: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"type": ROW, "components": list(buttons)}


def _pressed(one: Button) -> dict[str, Any]:
    danger = one.action.verb is Verb.DELETE and bool(one.action.value)
    return button(one.label, one.action.pack(), RED if danger else GREY)


def _select(buttons: Sequence[Button], number: int) -> dict[str, Any]:
    options = {one.action.pack(): one.label[: MOST.option] for one in buttons}
    select = {
        "type": SELECT,
        "custom_id": f"{PICK}{number}",
        "options": [{"label": label, "value": value} for value, label in options.items()],
    }
    return _row([select])


def _field(field: Field) -> dict[str, Any]:
    """Return a field under its label; fields that were made one go by a name that always fits."""
    value = field.value[: field.most]
    long = field.most > ONE_LINE or "\n" in value
    shown: dict[str, Any] = {
        "type": INPUT,
        "custom_id": JOINT if JOINT in field.name else field.name,
        "style": LONG if long else SHORT,
        "required": False,
        "max_length": max(1, min(4000, field.most)),
    }
    if value:
        shown["value"] = value
    if help_ := field.help or " ".join(field.choices):
        shown["placeholder"] = help_[: MOST.help]
    return {"type": LABEL, "label": field.label[: MOST.title], "component": shown}


def _span(named: Named) -> tuple[int, int]:
    return named.start, named.end


def _person(named: Named) -> str | None:
    """Return whom a text names, as everybody sees it; nobody that is of another platform."""
    platform, _, id_ = named.user.partition(":")
    return f"<@{id_}>" if platform == PLATFORM and id_.isdecimal() else None


def _end(text: str, most: int) -> int:
    """Return where a text is parted: at the end of a line, and never behind a lone backslash."""
    line = text.rfind("\n", 0, most + 1)
    end = line if line > most // 2 else most
    behind = end - len(text[:end].rstrip("\\"))
    return end - behind % 2
