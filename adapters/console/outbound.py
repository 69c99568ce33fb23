"""Replies and statuses to lines of text or of JSON; pure."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from bot import texts
from bot.artwork import Artwork
from bot.form import Form
from bot.reply import Delivery, Reply, Sent, Status
from bot.wording import say

Part = Literal["words", "struck", "file", "button", "label"]
Tint = Callable[[Part, str], str]
"""Colours a part of a reply."""

_ESCAPE = re.compile(
    r"\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # OSC, DCS, SOS, PM, APC
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI
    r"|\x1b[ -/]*[0-~]"  # the short ones
)
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""All but tab and line feed; with them what turns the direction of writing, and what no UTF-8
can carry."""


def clean(text: str) -> str:
    """Return text that cannot steer a terminal."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", _ESCAPE.sub("", text))


def plain(part: Part, text: str) -> str:
    """Colour nothing; what is struck through is marked as chat programs mark it."""
    return f"~~{text}~~" if part == "struck" else text


def sent_as(delivery: Delivery) -> tuple[Sent, ...]:
    """Return the message that a reply has become.

    A terminal has none that could be answered; the newest of a job goes by the job's number.
    """
    return () if delivery.job_id is None else (Sent(f"#{delivery.job_id}"),)


def to_lines(
    delivery: Delivery, first: int = 1, tint: Tint = plain, *, asks: bool = False
) -> list[str]:
    """Return a reply as a terminal shows it.

    Args:
        delivery: The reply on its way out.
        first: The number of its first button.
        tint: Colours the parts.
        asks: Whether the terminal asks for the fields of a form by itself. If not, it shows a line
            that hands in the form as it is, to be changed.
    """
    reply = delivery.reply
    lines = [tint("words", line) for line in _words(delivery, tint).split("\n")]
    lines += ["  " + tint("file", _describe(artwork)) for artwork in reply.artworks]
    if (plate := reply.plate) is not None:
        lines.append("  " + tint("file", f"{clean(str(plate.path))}  {plate.width}×{plate.height}"))
    for row in reply.buttons:
        numbered = enumerate(row, first)
        lines.append(
            "  " + "  ".join(tint("button", f"[{n}] {clean(b.label)}") for n, b in numbered)
        )
        first += len(row)
    if reply.form is not None and not asks:
        lines.append(clean(as_line(reply.form)))
    if pictures_of(reply) and not texts.says_label(delivery.reply.text):
        lines.append("  " + tint("label", say(texts.LABEL)))
    return lines


def pictures_of(reply: Reply) -> list[Path]:
    """Return the files of the pictures of a reply."""
    paths = [artwork.path for artwork in reply.artworks]
    return paths if reply.plate is None else [*paths, reply.plate.path]


def as_line(form: Form) -> str:
    """Return the line that hands in a form as it is."""
    line = {"submit": form.action.pack(), "values": form.values}
    return msgspec.json.format(msgspec.json.encode(line), indent=0).decode()


def to_json(delivery: Delivery) -> bytes:
    """Return a reply as a line of JSON."""
    reply = delivery.reply
    words = _words(delivery, plain)
    if pictures_of(reply) and not texts.says_label(delivery.reply.text):
        words += f"\n{say(texts.LABEL)}"
    line: dict[str, object] = {
        "event": "reply",
        "job": delivery.job_id,
        "text": words,
        "artworks": [facts(artwork) for artwork in reply.artworks],
        "buttons": [
            [{"label": clean(button.label), "press": button.action.pack()} for button in row]
            for row in reply.buttons
        ],
    }
    if (plate := reply.plate) is not None:
        told = {"path": str(plate.path), "width": plate.width, "height": plate.height}
        line["plate"] = told
    if reply.form is not None:
        line["form"] = _form(reply.form)
    if delivery.repeated:
        line["repeated"] = True
    return msgspec.json.encode(line) + b"\n"


def _form(form: Form) -> dict[str, object]:
    """Return a form as JSON; "submit" and the values by names of fields hand it in."""
    return {
        "submit": form.action.pack(),
        "title": clean(form.title),
        "fields": [
            {
                "name": field.name,
                "label": clean(field.label),
                "value": clean(field.value),
                "most": field.most,
                "choices": [clean(choice) for choice in field.choices],
                "help": clean(field.help),
            }
            for field in form.fields
        ],
    }


def facts(artwork: Artwork) -> dict[str, object]:
    """Return what JSON says of a picture."""
    recipe = artwork.recipe
    width, height = recipe.picture_px
    return {
        "id": artwork.id,
        "path": str(artwork.path),
        "width": width,
        "height": height,
        "seed": recipe.seed,
    }


def progress_to_json(status: Status) -> bytes:
    """Return where a job is as a line of JSON, without its preview."""
    line = {
        "event": "progress",
        "job": status.job_id,
        "ahead": status.ahead,
        "seconds_left": status.seconds_left,
        "number": status.number,
        "count": status.count,
        "step": status.step,
        "steps": status.steps,
    }
    return msgspec.json.encode(line) + b"\n"


def _words(delivery: Delivery, tint: Tint) -> str:
    words = "".join(
        tint("struck", clean(piece)) if struck else clean(piece)
        for piece, struck in _pieces(delivery.reply)
    )
    return texts.repeated(words) if delivery.repeated else words


def _pieces(reply: Reply) -> Iterator[tuple[str, bool]]:
    """Yield the text in pieces, and whether each is struck through."""
    at = 0
    for start, end in reply.struck:
        yield reply.text[at:start], False
        yield reply.text[start:end], True
        at = end
    yield reply.text[at:], False


def _describe(artwork: Artwork) -> str:
    recipe = artwork.recipe
    width, height = recipe.picture_px
    seed = say("种子 {seed}", seed=recipe.seed)
    return f"{clean(str(artwork.path))}  {width}×{height}  {seed}"
