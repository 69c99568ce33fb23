"""Where the bytes of a picture are: a file, or a part of a table's line."""

import binascii
from dataclasses import dataclass
from pathlib import Path

from generation.training.note import Unusable, Why
from generation.training.picture import MOST_BYTES

_URL_SAFE = bytes.maketrans(b"-_", b"+/")


@dataclass(frozen=True, slots=True)
class Origin:
    """A file, or base64 within one."""

    path: Path
    start: int = 0
    """First byte of the base64."""
    length: int | None = None
    """Bytes of base64; None: the whole file, as it is."""

    def read(self) -> bytes:
        """Return the picture's file.

        Raises:
            Unusable: It is too large, cannot be read, or is broken base64.
        """
        try:
            if self.length is None:
                return self._whole()
            with self.path.open("rb") as file:
                file.seek(self.start)
                return _from_base64(file.read(self.length))
        except OSError as error:
            raise Unusable(Why.UNREADABLE) from error

    def _whole(self) -> bytes:
        if not self.path.is_file():  # a pipe by a picture's name would never end
            raise Unusable(Why.NO_FILE)
        if self.path.stat().st_size > MOST_BYTES:
            raise Unusable(Why.TOO_LARGE)
        return self.path.read_bytes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A picture that is named by the data, not yet looked at."""

    name: str
    caption: str
    """Empty: it has none."""
    origin: Origin


def _from_base64(text: bytes) -> bytes:
    """Return what base64 of either alphabet says, with or without its padding."""
    text = text.translate(_URL_SAFE)
    if b"=" not in text:
        text += b"=" * (-len(text) % 4)
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error as error:
        raise Unusable(Why.BROKEN_BASE64) from error
    if len(data) > MOST_BYTES:
        raise Unusable(Why.TOO_LARGE)
    return data
