"""One prompt that stands for several: {红,蓝}色的灯笼."""

import re
from itertools import product

from bot.request import Request

MOST = 64
"""Prompts that one unfolds to; what would be more stays as it is."""
_BRACES = re.compile(r"[{｛]([^{}｛｝]*)[}｝]")
_BRACE = re.compile(r"[{}｛｝]")
_BETWEEN = re.compile(r"[,，、|]")


def single(prompt: str) -> str:
    """Return a prompt as one that stands for itself alone: 红,蓝色的灯笼."""
    return _BRACE.sub("", prompt)


def many(prompt: str) -> int:
    """Return how many prompts one stands for."""
    return len(unfolded(prompt))


def pictures(request: Request) -> int:
    """Return how many pictures a request asks for in all."""
    return request.count if request.total else request.count * many(request.prompt)


def unfolded(prompt: str) -> list[str]:
    """Return the prompts that one stands for, in order; one without braces is itself."""
    choices: list[list[str]] = []
    total = 1
    for found in _BRACES.finditer(prompt):
        each = [part.strip() for part in _BETWEEN.split(found[1])]
        choices.append(each)
        total *= len(each)
    if total == 1 or total > MOST:
        return [prompt]
    frame = _BRACES.split(prompt)[::2]
    return [
        "".join(part for pair in zip(frame, (*chosen, ""), strict=True) for part in pair)
        for chosen in product(*choices)
    ]
