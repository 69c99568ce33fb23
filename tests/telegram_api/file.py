"""Files that Telegram keeps, and the photos that it makes of pictures."""

import hashlib
import mimetypes
import warnings
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from random import Random  # noqa: TID251  file ids, from a seed

import PIL.Image

from tests.telegram_api.params import Upload
from tests.telegram_api.refusal import Json, Refusal, bad

PHOTO_BYTES = 10 * 2**20
DOCUMENT_BYTES = 50 * 2**20
DOWNLOAD_BYTES = 20 * 2**20
PHOTO_SIDES_PX = 10_000
PHOTO_RATIO = 20
SIZES_PX = (90, 320, 800, 1280, 2560)
"""The longer sides in which a photo is kept, as far as it is so large itself."""
PATH_S = 3600.0
"""So long a download path is good."""
FORGETFUL_FILES = 20_000
FORGETFUL_BYTES = 64 << 20
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
PREFIX = {
    "photo": "AgACAgUAAxk", "document": "BQACAgUAAxk", "video": "BAACAgUAAxk",
    "animation": "CgACAgUAAxk",
}  # fmt: skip


@dataclass(slots=True, eq=False, kw_only=True)
class Stored:
    """One file under one id."""

    file_id: str
    unique_id: str
    kind: str
    data: bytes = field(repr=False)
    size: int
    path: str
    width: int = 0
    height: int = 0

    @property
    def named(self) -> Json:
        return {
            "file_id": self.file_id,
            "file_unique_id": self.unique_id,
            "file_size": self.size,
        }

    @property
    def photo_size(self) -> Json:
        return {**self.named, "width": self.width, "height": self.height}


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A photo in its sizes, or a document, a video or an animation."""

    kind: str
    files: tuple[Stored, ...]
    """The smallest first."""
    sha256: str
    """Of what was uploaded."""
    filename: str = ""
    mime: str = ""

    @property
    def largest(self) -> Stored:
        return self.files[-1]

    @property
    def raw(self) -> Json:
        """Return the field of a message that says it."""
        if self.kind == "photo":
            return {"photo": [stored.photo_size for stored in self.files]}
        named = {**self.largest.named, "file_name": self.filename, "mime_type": self.mime}
        if self.kind == "video":
            named |= {"width": 1, "height": 1, "duration": 1}
        if self.kind == "animation":  # so it says for those that know no animations
            size = {"width": self.largest.width, "height": self.largest.height, "duration": 1}
            return {"animation": named | size, "document": named}
        return {self.kind: named}


@dataclass(slots=True)
class Files:
    """All that was ever uploaded."""

    clock: Callable[[], float]
    random: Random
    keep_bytes: bool = True
    """False: what the bot uploads is checked and dropped, so are the oldest bytes and ids."""
    media: OrderedDict[str, Media] = field(default_factory=OrderedDict[str, Media])
    """By each of their ids."""
    _stored: dict[str, Stored] = field(default_factory=dict[str, Stored])
    _paths: dict[str, tuple[str, float]] = field(default_factory=dict[str, tuple[str, float]])
    _jpegs: OrderedDict[str, list[tuple[int, int, bytes]]] = field(
        default_factory=OrderedDict[str, list[tuple[int, int, bytes]]]
    )
    _heavy: deque[Stored] = field(default_factory=deque[Stored])
    """What has bytes, the oldest first, if they are not kept for good."""
    _bytes: int = 0
    """Of all of these."""
    _count: int = 0

    def photo(self, data: bytes, *, keep: bool = True) -> Media:
        """Keep a picture as a photo: JPEGs of several sizes, without metadata."""
        if not data:
            raise bad("file must be non-empty")
        if len(data) > PHOTO_BYTES:
            raise bad(
                f"file of size {len(data)} bytes is too big for a photo; "
                f"the maximum size is {PHOTO_BYTES} bytes"
            )
        sha256 = hashlib.sha256(data).hexdigest()
        if keep or self.keep_bytes:
            jpegs = self._jpegs_of(sha256, data)
        else:
            jpegs = [(*size, b"") for size in _sizes(*_dimensions(data))]
        self._count += 1
        files = tuple(
            self._new("photo", jpeg, f"photos/file_{self._count}_{index}.jpg", size=(width, height))
            for index, (width, height, jpeg) in enumerate(jpegs)
        )
        return self._keep(Media(kind="photo", files=files, sha256=sha256))

    def document(self, upload: Upload, kind: str = "document", *, keep: bool = True) -> Media:
        """Keep a file as it is."""
        if not upload.data:
            raise bad("file must be non-empty")
        if len(upload.data) > DOCUMENT_BYTES:
            raise Refusal(413, "Request Entity Too Large")
        self._count += 1
        name = upload.filename.replace("\\", "/").rsplit("/", 1)[-1] or "file"
        mime = upload.mime or mimetypes.guess_type(name)[0] or "application/octet-stream"
        suffix = mimetypes.guess_extension(mime) or ""
        data = upload.data if keep or self.keep_bytes else b""
        path = f"{kind}s/file_{self._count}{suffix}"
        stored = self._new(kind, data, path, byte_count=len(upload.data))
        sha256 = hashlib.sha256(upload.data).hexdigest()
        media = Media(kind=kind, files=(stored,), sha256=sha256, filename=name, mime=mime)
        return self._keep(media)

    def animation(self, upload: Upload, *, keep: bool = True) -> Media:
        """Keep what moves.

        Raises:
            Refusal: It is neither a GIF nor an MP4, or has no size that could be shown.
        """
        is_gif = upload.data[:6] in (b"GIF87a", b"GIF89a")
        if not is_gif and upload.data[4:8] != b"ftyp":
            raise bad("the file is no animation: neither GIF nor MPEG-4")
        media = self.document(upload, "animation", keep=keep)
        if is_gif:
            try:
                media.largest.width, media.largest.height = _opened(upload.data).size
            except (OSError, ValueError, SyntaxError) as error:
                raise bad("IMAGE_PROCESS_FAILED") from error
        return media

    def known(self, file_id: str, kind: str) -> Media:
        """Return what was uploaded before.

        Raises:
            Refusal: There is no such file, or it is something else.
        """
        media = self.media.get(file_id)
        if media is None:
            raise bad("wrong file identifier/HTTP URL specified")
        if media.kind != kind:
            raise bad(f"can't use file of type {media.kind.title()} as {kind.title()}")
        return media

    def lend(self, file_id: str) -> Json:
        """Return a File, with a path that is good for an hour."""
        stored = self._stored.get(file_id)
        if stored is None:
            raise bad("wrong file_id or the file is temporarily unavailable", benign=True)
        if stored.size > DOWNLOAD_BYTES:
            raise bad("file is too big", benign=True)
        self._paths[stored.path] = (file_id, self.clock() + PATH_S)
        return {**stored.named, "file_path": stored.path}

    def at(self, path: str) -> bytes | None:
        """Return the bytes at a path, None where it is unknown or no longer good."""
        file_id, until = self._paths.get(path, ("", 0.0))
        stored = self._stored.get(file_id)
        return None if stored is None or self.clock() > until else stored.data

    def lose(self, file_id: str) -> None:
        """Forget a file, as if it were temporarily unavailable."""
        stored = self._stored.pop(file_id, None)
        if stored is not None:
            self._paths.pop(stored.path, None)

    def _jpegs_of(self, sha256: str, data: bytes) -> list[tuple[int, int, bytes]]:
        if sha256 not in self._jpegs:
            self._jpegs[sha256] = _jpegs(data)
            if len(self._jpegs) > 32:
                self._jpegs.popitem(last=False)
        return self._jpegs[sha256]

    def _new(
        self,
        kind: str,
        data: bytes,
        path: str,
        *,
        size: tuple[int, int] = (0, 0),
        byte_count: int | None = None,
    ) -> Stored:
        stored = Stored(
            file_id=PREFIX[kind] + self._letters(60),
            unique_id="AQAD" + self._letters(12),
            kind=kind,
            data=data,
            size=byte_count if byte_count is not None else len(data) or size[0] * size[1] // 8,
            path=path,
            width=size[0],
            height=size[1],
        )
        self._stored[stored.file_id] = stored
        return stored

    def _letters(self, count: int) -> str:
        return "".join(self.random.choices(ALPHABET, k=count))

    def _keep(self, media: Media) -> Media:
        for stored in media.files:
            self.media[stored.file_id] = media
        if not self.keep_bytes:
            self._forget(media)
        return media

    def _forget(self, media: Media) -> None:
        """Drop the oldest bytes and ids where there are too many now that these came."""
        for stored in media.files:
            if stored.data:
                self._heavy.append(stored)
                self._bytes += len(stored.data)
        while self._bytes > FORGETFUL_BYTES and len(self._heavy) > len(media.files):
            stored = self._heavy.popleft()
            self._bytes -= len(stored.data)
            stored.data = b""
            self.lose(stored.file_id)
        while len(self.media) > FORGETFUL_FILES:
            file_id, _ = self.media.popitem(last=False)
            self.lose(file_id)


def _opened(data: bytes) -> PIL.Image.Image:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PIL.Image.DecompressionBombWarning)
        return PIL.Image.open(BytesIO(data))


def _dimensions(data: bytes) -> tuple[int, int]:
    """Return width and height of a picture that Telegram takes, without decoding it."""
    try:
        width, height = _opened(data).size
    except PIL.Image.DecompressionBombError as error:
        raise bad("PHOTO_INVALID_DIMENSIONS") from error
    except (OSError, ValueError, SyntaxError) as error:
        raise bad("IMAGE_PROCESS_FAILED") from error
    longer, shorter = max(width, height), min(width, height)
    if width + height > PHOTO_SIDES_PX or longer > PHOTO_RATIO * shorter:
        raise bad("PHOTO_INVALID_DIMENSIONS")
    return width, height


def _sizes(width: int, height: int) -> list[tuple[int, int]]:
    longer = max(width, height)
    sides = [side for side in SIZES_PX if side < longer] + [min(longer, SIZES_PX[-1])]
    scaled = [
        (max(1, round(width * side / longer)), max(1, round(height * side / longer)))
        for side in sides
    ]
    return list(dict.fromkeys(scaled))


def _jpegs(data: bytes) -> list[tuple[int, int, bytes]]:
    sizes = _sizes(*_dimensions(data))
    try:
        picture = _opened(data).convert("RGB")
    except (OSError, ValueError, SyntaxError) as error:
        raise bad("IMAGE_PROCESS_FAILED") from error
    return [(*size, _jpeg(picture, size)) for size in sizes]


def _jpeg(picture: PIL.Image.Image, size: tuple[int, int]) -> bytes:
    buffer = BytesIO()
    scaled = picture if picture.size == size else picture.resize(size)
    plain = PIL.Image.new("RGB", scaled.size)  # a fresh one carries no metadata along
    plain.paste(scaled)
    plain.save(buffer, "JPEG", quality=87)
    return buffer.getvalue()
