"""What a terminal can show."""

import os
import re
import select
import time
from collections.abc import Callable, Mapping
from typing import Literal

Graphics = Literal["kitty", "iterm2", "sixel", "blocks", "none"]
"""A way to show pictures."""
Depth = Literal["24bit", "256", "none"]
"""How many colours there are."""

ANSWER_S = 0.3
"""Longest wait for a terminal's answer; a terminal that has sixels answers in a blink."""
_SIXEL = "4"
_KITTY_TERMS = ("xterm-kitty", "xterm-ghostty")
_KITTY_PROGRAMS = ("ghostty",)
_ITERM2_PROGRAMS = ("iTerm.app", "WezTerm")
_DEEP = ("truecolor", "24bit")
_ATTRIBUTES = re.compile(rb"\x1b\[\?([\d;]*)c")


def graphics_of(environ: Mapping[str, str], ask: Callable[[], str]) -> Graphics:
    """Return the best way to show pictures.

    Args:
        environ: The environment of the terminal's session.
        ask: Returns the terminal's answer to "primary device attributes", as "62;4;22"; is
            called only if the environment does not tell.
    """
    term, program = environ.get("TERM", ""), environ.get("TERM_PROGRAM", "")
    if _plain(environ):
        return "none"
    if _in_multiplexer(environ):
        return "blocks"  # what the outer terminal knows does not pass
    if "KITTY_WINDOW_ID" in environ or term in _KITTY_TERMS or program in _KITTY_PROGRAMS:
        return "kitty"
    if program in _ITERM2_PROGRAMS or environ.get("LC_TERMINAL") == "iTerm2":
        return "iterm2"
    return "sixel" if _SIXEL in ask().split(";")[1:] else "blocks"


def depth_of(environ: Mapping[str, str]) -> Depth:
    """Return how many colours there are."""
    if _plain(environ):
        return "none"
    term = environ.get("TERM", "")
    deep = environ.get("COLORTERM") in _DEEP or term in _KITTY_TERMS or term.endswith("-direct")
    return "24bit" if deep else "256"


def attributes(source: int, sink: int) -> tuple[str, str]:
    """Ask a terminal for its primary device attributes (DA1).

    Returns:
        The attributes, or "" if it stays silent; and what the user typed meanwhile.
    """
    import termios
    import tty

    before = termios.tcgetattr(source)
    heard = b""
    try:
        tty.setcbreak(source, termios.TCSADRAIN)
        os.write(sink, b"\x1b[c")
        until = time.monotonic() + ANSWER_S
        while not (found := _ATTRIBUTES.search(heard)):
            left = until - time.monotonic()
            if left <= 0 or not select.select([source], [], [], left)[0]:
                return "", heard.decode("utf-8", "ignore")
            heard += os.read(source, 1024)
    finally:
        termios.tcsetattr(source, termios.TCSADRAIN, before)
    typed = heard[: found.start()] + heard[found.end() :]
    return found[1].decode("ascii"), typed.decode("utf-8", "ignore")


def _plain(environ: Mapping[str, str]) -> bool:
    return bool(environ.get("NO_COLOR")) or environ.get("TERM", "") in {"", "dumb"}


def _in_multiplexer(environ: Mapping[str, str]) -> bool:
    return "TMUX" in environ or environ.get("TERM", "").startswith(("screen", "tmux"))
