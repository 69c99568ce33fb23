"""What a terminal can show is found from its environment, or by asking it."""

import os
import pty
import threading
from collections.abc import Iterator, Mapping

import pytest

from adapters.console.terminal import Depth, Graphics, attributes, depth_of, graphics_of


def never_asked() -> str:
    raise AssertionError("the environment tells enough")


@pytest.mark.parametrize(
    ("environ", "graphics"),
    [
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-ghostty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "ghostty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iterm2"),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, "iterm2"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "iterm2"),
        ({"TERM": "tmux-256color", "TMUX": "1", "KITTY_WINDOW_ID": "1"}, "blocks"),
        ({"TERM": "screen.xterm-256color"}, "blocks"),
        ({"TERM": "dumb", "KITTY_WINDOW_ID": "1"}, "none"),
        ({}, "none"),
        ({"TERM": "xterm-kitty", "NO_COLOR": "1"}, "none"),
    ],
)
def test_the_environment_tells(environ: Mapping[str, str], graphics: Graphics) -> None:
    assert graphics_of(environ, never_asked) == graphics


@pytest.mark.parametrize(
    ("answer", "graphics"),
    [
        ("62;4;22", "sixel"),
        ("64;1;2;4", "sixel"),
        ("62;22", "blocks"),
        ("4;6", "blocks"),
        ("", "blocks"),
    ],
)
def test_the_terminal_is_asked_for_sixels(answer: str, graphics: Graphics) -> None:
    assert graphics_of({"TERM": "xterm-256color"}, lambda: answer) == graphics


@pytest.mark.parametrize(
    ("environ", "depth"),
    [
        ({"TERM": "xterm-256color"}, "256"),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "24bit"),
        ({"TERM": "xterm-256color", "COLORTERM": "24bit"}, "24bit"),
        ({"TERM": "xterm-direct"}, "24bit"),
        ({"TERM": "xterm-kitty"}, "24bit"),
        ({"TERM": "xterm-kitty", "NO_COLOR": "1"}, "none"),
        ({"TERM": "dumb", "COLORTERM": "truecolor"}, "none"),
    ],
)
def test_the_depth_of_colour(environ: Mapping[str, str], depth: Depth) -> None:
    assert depth_of(environ) == depth


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """The two ends of a terminal: ours, and the one that shows."""
    screen, ours = pty.openpty()
    yield ours, screen
    os.close(ours)
    os.close(screen)


def test_an_answer_is_told_from_what_is_typed_meanwhile(terminal: tuple[int, int]) -> None:
    ours, screen = terminal

    def answer() -> None:
        assert os.read(screen, 100) == b"\x1b[c"
        os.write(screen, "画\x1b[?62;4;22c猫".encode())

    thread = threading.Thread(target=answer)
    thread.start()
    assert attributes(ours, ours) == ("62;4;22", "画猫")
    thread.join()


def test_a_silent_terminal_has_no_attributes(terminal: tuple[int, int]) -> None:
    ours, screen = terminal
    os.write(screen, b"cat")
    assert attributes(ours, ours) == ("", "cat")


def test_the_terminal_is_left_as_it_was_found(terminal: tuple[int, int]) -> None:
    import termios

    ours, _ = terminal
    before = termios.tcgetattr(ours)
    attributes(ours, ours)
    assert termios.tcgetattr(ours) == before
