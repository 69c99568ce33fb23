"""What a message was understood as, for tools: the JSON of `danqing parse`."""

from typing import Any

from bot.address import Address
from bot.errors import StudioError
from bot.parsing.parser import parse
from bot.request import Request
from bot.style import Styles
from bot.wording import say


def outline(text: str, styles: Styles, address: Address | None = None) -> dict[str, Any]:
    """Return what a message asks for; one that cannot be understood asks for nothing.

    Args:
        text: What was said, in full.
        styles: What styles there are.
        address: How the bot is spoken to, in a group; else all is said to it.
    """
    if address is not None:
        said = address.rest(text)
        if said is None:
            return _outline("none", Request(prompt="", notes=(say("在群里没有叫到我"),)))
        text = said
    try:
        return _outline("draw", parse(text, styles))
    except StudioError as error:
        return _outline("none", Request(prompt="", notes=(str(error),)))


def _outline(intent: str, request: Request) -> dict[str, Any]:
    has_size = request.width is not None and request.height is not None
    larger = request.hires if request.upscale == 1 else request.upscale
    return {
        "intent": intent,
        "prompt": request.prompt,
        "negative": request.avoid,
        "count": request.count,
        "aspect": request.aspect,
        "size": [request.width, request.height] if has_size else None,
        "styles": list(request.styles),
        "weights": list(request.weights) or None,
        "seed": request.seed,
        "steps": request.steps,
        "guidance": request.guidance,
        "strength": request.strength,
        "model": request.model or None,
        "upscale": None if larger == 1 else larger,
        "poem": request.poem,
        "notes": list(request.notes),
    }
