"""Files, and where they are to be had."""

import hashlib
import hmac
import io
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import PIL.Image

from tests.discord_api.refusal import Json

URL_LIFE_S = 24 * 3600
FORGETFUL_BYTES = 64 << 20
"""Of what people sent, the newest."""
UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
SPOILER = "SPOILER_"
SECRET = b"the fake's own"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a multipart request."""

    filename: str
    mime: str
    data: bytes = field(repr=False)


@dataclass(slots=True, eq=False)
class Attachment:
    """A file of a message."""

    id: int
    channel_id: int
    filename: str
    title: str | None
    mime: str
    size: int
    data: bytes = field(repr=False)
    """Empty if it was dropped to keep memory flat."""
    description: str | None = None
    width: int | None = None
    height: int | None = None
    ephemeral: bool = False

    @property
    def spoiler(self) -> bool:
        return self.filename.startswith(SPOILER)

    @property
    def path(self) -> str:
        kind = "ephemeral-attachments" if self.ephemeral else "attachments"
        return f"{kind}/{self.channel_id}/{self.id}/{self.filename}"


class Files:
    """All files that were sent, and the addresses of them."""

    def __init__(self, now: Callable[[], float], mint: Callable[[], int], *, keep: bool) -> None:
        self._now = now
        self._mint = mint
        self._keep = keep
        self._attachments: dict[str, Attachment] = {}
        """By path; if memory is to stay flat, only of what people sent."""
        self._sent: deque[Attachment] = deque()
        self._sent_bytes = 0
        self.base = ""
        """Of all addresses; the server says it."""
        self.url_life_s = float(URL_LIFE_S)

    def store(
        self,
        upload: Upload,
        channel_id: int,
        *,
        description: str | None = None,
        ephemeral: bool = False,
        spoiler: bool = False,
        by_bot: bool = False,
    ) -> Attachment:
        """Keep a file."""
        filename, title = named(upload.filename)
        if spoiler and not filename.startswith(SPOILER):
            filename = SPOILER + filename
        keeps = self._keep or not by_bot
        width, height = _measured(upload.data) if upload.mime.startswith("image/") else (None, None)
        attachment = Attachment(
            id=self._mint(),
            channel_id=channel_id,
            filename=filename,
            title=title,
            mime=upload.mime,
            size=len(upload.data),
            data=upload.data if keeps else b"",
            description=description,
            width=width,
            height=height,
            ephemeral=ephemeral,
        )
        if keeps:
            self._attachments[attachment.path] = attachment
        if not self._keep and not by_bot:
            self._forget(attachment)
        return attachment

    def _forget(self, newest: Attachment) -> None:
        """Drop the oldest of what people sent, if it is too much."""
        self._sent.append(newest)
        self._sent_bytes += newest.size
        while self._sent_bytes > FORGETFUL_BYTES:
            old = self._sent.popleft()
            self._sent_bytes -= old.size
            self._attachments.pop(old.path, None)
            old.data = b""

    def url(self, attachment: Attachment) -> str:
        """Return an address, which ends after a day."""
        made = int(self._now())
        until = int(made + self.url_life_s)
        signed = _signed(attachment.path, until, made)
        return f"{self.base}/{attachment.path}?ex={until:x}&is={made:x}&hm={signed}&"

    def at(self, path: str, query: dict[str, str]) -> Attachment | None:
        """Return what an address leads to, if it has not ended."""
        try:
            until, made = int(query["ex"], 16), int(query["is"], 16)
        except (KeyError, ValueError):
            return None
        good = hmac.compare_digest(query.get("hm", ""), _signed(path, until, made))
        return self._attachments.get(path) if good and self._now() < until else None

    def raw(self, attachment: Attachment) -> Json:
        """Return it as messages tell of it."""
        url = self.url(attachment)
        told: Json = {
            "id": str(attachment.id),
            "filename": attachment.filename,
            "size": attachment.size,
            "url": url,
            "proxy_url": url,
            "content_type": attachment.mime,
        }
        if attachment.title is not None:
            told["title"] = attachment.title
        if attachment.description is not None:
            told["description"] = attachment.description
        if attachment.width is not None:
            told |= {"width": attachment.width, "height": attachment.height}
        if attachment.ephemeral:
            told["ephemeral"] = True
        return told


def named(filename: str) -> tuple[str, str | None]:
    """Return the name that a file gets, and its title, if the name lost something."""
    stem, dot, suffix = filename.rpartition(".")
    if not dot:
        stem, suffix = filename, ""
    safe = UNSAFE.sub("", stem.replace(" ", "_")).lstrip(".") or "file"
    if safe == SPOILER:
        safe = f"{SPOILER}file"
    whole = f"{safe}{dot}{UNSAFE.sub('', suffix)}"
    return whole, None if safe == stem else stem.removeprefix(SPOILER)


def kind_of(data: bytes) -> tuple[str, str]:
    """Return the type and the suffix of what somebody sends."""
    for start, mime, suffix in (
        (b"\x89PNG", "image/png", "png"),
        (b"\xff\xd8\xff", "image/jpeg", "jpg"),
        (b"GIF8", "image/gif", "gif"),
        (b"RIFF", "image/webp", "webp"),
    ):
        if data.startswith(start):
            return mime, suffix
    return "application/octet-stream", "bin"


def _measured(data: bytes) -> tuple[int, int] | tuple[None, None]:
    try:
        with PIL.Image.open(io.BytesIO(data)) as image:
            return image.size
    except (OSError, ValueError):
        return None, None


def _signed(path: str, until: int, made: int) -> str:
    words = f"{path} {until:x} {made:x}".encode()
    return hmac.new(SECRET, words, hashlib.sha256).hexdigest()


def plain_avatar() -> bytes:
    """Return the picture of somebody who has none."""
    file = io.BytesIO()
    PIL.Image.new("RGB", (8, 8), (88, 101, 242)).save(file, "PNG")
    return file.getvalue()
