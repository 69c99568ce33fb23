"""What Tab offers at the prompt."""

import re
from collections.abc import Iterable, Iterator, Sequence

from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document

from adapters.console.guide import Guide, named
from adapters.console.inbound import ROLES, escaped, unescaped
from adapters.console.outbound import clean
from bot.reply import Button
from bot.wording import say

BUTTONS_OFFERED = 20
"""The newest ones."""
_PATH_BEGUN = re.compile(rf"--(?:{'|'.join(ROLES)})[\s=]+((?:\\.|[^\s\\])*)$")


class Prompter(Completer):
    """Offers commands and buttons at the start of a line, flags, files and styles in it."""

    def __init__(self, guide: Guide, buttons: Sequence[Button]) -> None:
        """Set up the completer.

        Args:
            guide: Knows styles and flags.
            buttons: All that were shown so far; grows.
        """
        self._guide = guide
        self._buttons = buttons

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """Yield what may stand where the cursor is."""
        text = document.text_before_cursor
        if begun := _PATH_BEGUN.search(text):
            for found in PathCompleter(expanduser=True).get_completions(
                Document(unescaped(begun[1])), complete_event
            ):
                yield Completion(escaped(found.text), 0, found.display)
            return
        if text.startswith("/"):
            yield from _among(named().items(), text)
        if text.startswith(("/", ":", "：")):
            yield from self._numbers(text)
            return
        word = text.rpartition(" ")[2]
        if word.startswith("--"):
            yield from _among(self._guide.flags.items(), word)
        else:
            yield from self._styles(word)

    def _numbers(self, text: str) -> Iterator[Completion]:
        newest = list(enumerate(self._buttons, 1))[-BUTTONS_OFFERED:]
        for number, button in reversed(newest):
            if str(number).startswith(text[1:]):
                yield Completion(
                    f":{number}",
                    start_position=-len(text),
                    display=f":{number} {clean(button.label)}",
                    display_meta=f"#{button.action.target}",
                )

    def _styles(self, word: str) -> Iterator[Completion]:
        """Yield styles that begin with the end of a word: Chinese has no spaces."""
        for name, note in self._guide.styles.items():
            typed = next((n for n in range(len(name), 0, -1) if word.endswith(name[:n])), 0)
            if typed or not word:
                yield Completion(name, start_position=-typed, display_meta=note)


class Chooser(Completer):
    """Offers the values of a field of a form; several may be joined."""

    def __init__(self, choices: Sequence[str]) -> None:
        self._choices = choices

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """Yield the values that begin with what is typed, or all in place of a whole one."""
        del complete_event
        typed = document.text_before_cursor.replace("＋", "+").rpartition("+")[2].lstrip()
        begun = "" if typed in self._choices else typed
        for choice in self._choices:
            if choice.startswith(begun) and choice != typed:
                yield Completion(choice, start_position=-len(typed))


def _among(notes: Iterable[tuple[str, str]], typed: str) -> Iterator[Completion]:
    for name, note in notes:
        if name.startswith(typed):
            yield Completion(name, start_position=-len(typed), display_meta=say(note))
