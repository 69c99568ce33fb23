"""The labelled messages of tests/data/requests.tsv; requests.md there says how they are."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

FILE = Path(__file__).parents[1] / "data" / "requests.tsv"
SAID: dict[str, Any] = {
    "intent": "draw",
    "prompt": "",
    "negative": "",
    "count": 1,
    "aspect": None,
    "size": None,
    "styles": [],
    "weights": None,
    "seed": None,
    "steps": None,
    "guidance": None,
    "strength": None,
    "model": None,
    "upscale": None,
    "poem": False,
}
"""The outline of a request in which nothing is said; a label holds what differs from it."""


class Labelled(NamedTuple):
    """One line of the file."""

    text: str
    label: dict[str, Any]
    category: str
    context: str
    """Empty: a private chat; group; reply."""


def labelled(file: Path = FILE) -> list[Labelled]:
    """Read the file; a line that has not four columns is a ValueError."""
    found: list[Labelled] = []
    for line in file.read_text(encoding="utf-8").removesuffix("\n").split("\n"):
        text, label, category, context = line.split("\t")
        found.append(Labelled(unescaped(text), json.loads(label), category, context))
    return found


def unescaped(text: str) -> str:
    r"""Turn \n, \t and \\ into what they stand for."""
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t", "\\": "\\"}[found[1]], text)
