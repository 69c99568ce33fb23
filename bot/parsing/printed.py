"""A request as one line that can be sent again as it is: a prompt, and flags."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from bot.errors import StudioError
from bot.parsing.follow import follow
from bot.parsing.parser import POETIC, parse
from bot.parsing.text import quoted
from bot.request import Request
from bot.style import Styles

COMMAND = "/draw "


def printed(request: Request, styles: Styles, *, command: str = "") -> str:
    """Return a line that is read as the request, but for its pictures and notes.

    The prompt stands as it is if it is read so, and not as a change of another picture; words of
    control in it (不要, 竖版, --x) need --prompt “…”. What no message can ask for is printed as
    near as can be.

    Args:
        request: Its prompt and what it avoids are as clean() leaves them, of at most MAX_CHARS
            characters. The prompt holds a letter, a number or a symbol, or is empty.
        styles: What styles there are.
        command: What the line begins with, as "/draw ", where only what addresses the bot is read.
    """
    wanted = replace(request, source="", source_px=None, mask="", notes=(), flagged=False)
    line = command
    for line in _lines(wanted, styles, command):
        if _is_read(line, wanted, styles):
            break
    return line


def _is_read(line: str, wanted: Request, styles: Styles) -> bool:
    """Tell whether a line is read as a request, and as no change where it has a prompt."""
    try:
        found = parse(line, styles, has_source=not wanted.prompt)
        changes = wanted.prompt and follow(line, styles) is not None
    except StudioError:
        return False
    return not changes and replace(found, notes=()) == wanted


def _lines(request: Request, styles: Styles, command: str) -> Iterator[str]:
    """Yield ways to say it, the plainest first; the last is read as it is."""
    poetic = request.poem and request.styles == tuple({POETIC} & {style.name for style in styles})
    of_poem = replace(request, poem=False, styles=())
    literal = f"{command or COMMAND}--prompt {quoted(request.prompt)}"
    if not request.prompt:
        literal = command or COMMAND
    ways = [(f"{command}{request.prompt}", request), (literal, request)]
    if poetic:
        ways.insert(0, (f"{command}给这句诗配图：{request.prompt}", of_poem))
    for prompt, rest in ways:
        for flags in (_flags(rest, literal=False), _flags(rest, literal=True)):
            yield " ".join([prompt, *flags]).strip()


def _flags(request: Request, *, literal: bool) -> Iterator[str]:
    """Yield a flag for each value that was said.

    Args:
        request: What was said.
        literal: Whether words stand between quotation marks.
    """
    say = quoted if literal else str
    if request.aspect is not None:
        yield f"--ar {say(request.aspect)}"
    yield from _size(request)
    yield from _count(request)
    yield from _styles(request, literal=literal)
    if request.avoid:
        yield f"--no {say(request.avoid)}"
    if request.model:
        yield f"--model {say(request.model)}"
    yield from _numbers(request)
    if request.upscale != 1:
        yield f"--upscale {say(str(request.upscale))}"
    if request.expand is not None:
        margins = request.expand
        yield f"--expand {margins.left},{margins.up},{margins.right},{margins.down}"
    for name in ("fast", "poem", "polish", "skip_translation"):
        if getattr(request, name):
            yield f"--{name.replace('_', '-')}"


def _numbers(request: Request) -> Iterator[str]:
    for name, value in (
        ("seed", request.seed),
        ("steps", request.steps),
        ("cfg", request.guidance),
        ("sampler", request.sampler),
        ("strength", request.strength),
        ("hires", None if request.hires == 1 else request.hires),
    ):
        if value is not None:
            yield f"--{name} {_number(value) if isinstance(value, float) else value}"


def _size(request: Request) -> Iterator[str]:
    width, height = request.width, request.height
    if width is not None and height is not None and min(width, height) >= 0:
        yield f"--size {width}x{height}"
        return
    for name, side in (("w", width), ("h", height)):
        if side is not None:
            yield f"--{name} {side}"


def _count(request: Request) -> Iterator[str]:
    """Yield how many pictures, or how many of each that a prompt with braces stands for."""
    if request.total:
        yield f"--total {request.count}"
    elif request.count != 1:
        yield f"--n {request.count}"


def _styles(request: Request, *, literal: bool) -> Iterator[str]:
    weights = list(map(_number, request.weights))
    if literal:
        yield from (f"--style {quoted(name)}" for name in request.styles)
    elif weights and len(weights) == len(request.styles):
        each = zip(request.styles, weights, strict=True)
        yield f"--style {'+'.join(f'{name}:{weight}' for name, weight in each)}"
        return
    elif request.styles:
        yield f"--style {'+'.join(request.styles)}"
    if weights:
        yield f"--weights {quoted(','.join(weights)) if literal else ','.join(weights)}"


def _number(value: float) -> str:
    """Return a number without an exponent, and without a point where it is whole."""
    whole = value.is_integer()
    return str(int(value)) if whole else format(Decimal(repr(value)), "f")
