"""The lines that were typed, kept in a file."""

import logging
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from prompt_toolkit.history import FileHistory

LONGEST = 4096
"""A longer line, as a pasted one, is not remembered."""

log = logging.getLogger(__name__)


class TypedLines(FileHistory):
    """Remembers the newest lines; a file that cannot be written costs the memory, not the talk."""

    def __init__(self, path: Path, size: int) -> None:
        """Set up the history.

        Args:
            path: Its file.
            size: How many lines are remembered.
        """
        super().__init__(path)
        self._path = path
        self._size = size

    def load_history_strings(self) -> Iterable[str]:
        """Return the newest lines, newest first; the file is cut when it holds twice as many."""
        try:
            lines = list(super().load_history_strings())
            if len(lines) > 2 * self._size:
                self._path.write_text("")
                for line in reversed(lines[: self._size]):
                    super().store_string(line)
        except OSError as error:
            log.warning("history: %s", error)
            return []
        return islice(lines, self._size)

    def store_string(self, string: str) -> None:
        """Remember a line."""
        if len(string) > LONGEST or self._size == 0:
            return
        try:
            super().store_string(string)
        except OSError as error:
            log.warning("history: %s", error)
