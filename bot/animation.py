"""Labelled pictures that move: GIFs, every frame of which bears the words.

Source: as in label.py; TC260-PG-20259A §6 (the hidden label's place in a GIF).
"""

import hashlib
import math
from collections.abc import Sequence
from io import BytesIO
from typing import cast

from PIL import Image

from bot import gif
from bot.errors import LabelMissing
from bot.label import Stamp, check_packet, packet_after, packet_of, stamp_for

MOST_BYTES = 8_000_000
LEAST_PX = 240
"""The short side is not made shorter, to save bytes, while there are frames to be left out."""
COLOURS = 256
LOOKED_AT = 20_000
"""Pixels of a frame, about, of which its colours are chosen: of all it takes ten times as long."""
KEPT_COLOURS = 6
"""Of those that cover most, such as the paper: every frame has them as they are."""
GREYS = ((0, 0, 0), (255, 255, 255), (85, 85, 85), (170, 170, 170))
"""The label's own, in every frame."""

Colour = tuple[int, int, int]


def animated(
    frames: Sequence[Image.Image],
    packet: str,
    durations_ms: Sequence[int],
    most_bytes: int = MOST_BYTES,
) -> bytes:
    """Return frames as a labelled GIF that is shown over and over. Call it in a thread.

    Where it would have too many bytes it is made smaller, and at last every second frame is left
    out, as often as must be. The same arguments give the same bytes.

    Args:
        frames: At least one; RGB, all of one size, with room for the words in the lower right
            corner. They remain as they are.
        packet: The hidden label of one of the pictures in them: the new one is in the same name.
        durations_ms: How long each is shown; told to a hundredth of a second.
        most_bytes: That it may have.

    Raises:
        LabelMissing: No frames that have so few bytes can carry the label, or the packet is none.
    """
    pixels = hashlib.sha256()
    for frame, duration in zip(frames, durations_ms, strict=True):
        pixels.update(frame.tobytes() + duration.to_bytes(8, "big"))
    hidden = packet_after(packet, pixels.hexdigest()).encode()
    shown, scale = list(zip(frames, durations_ms, strict=True)), 1.0
    while True:
        made = gif.with_packet(_encoded(shown, scale), hidden)
        if len(made) <= most_bytes:
            check_animation(made)
            return made
        least = min(1.0, LEAST_PX / min(frames[0].size))
        if scale <= least and len(shown) > 1:
            shown = _fewer(shown)
            continue
        scale *= min(0.9, 0.97 * math.sqrt(most_bytes / len(made)))
        if len(shown) > 1:
            scale = max(scale, least)


def check_animation(content: bytes) -> None:
    """See that a GIF carries the hidden label once, and the words on each of its frames.

    Raises:
        LabelMissing: It does not; says what is missing.
    """
    check_packet(packet_of(content))
    try:
        with Image.open(BytesIO(content), formats=("GIF",)) as image:
            stamp = stamp_for(*image.size)
            for number in range(getattr(image, "n_frames", 1)):
                image.seek(number)
                if not stamp.is_on(image.convert("RGB")):
                    raise LabelMissing(f"frame {number} is without its words")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise LabelMissing("this is no animation that can be opened") from error


def _fewer(shown: Sequence[tuple[Image.Image, int]]) -> list[tuple[Image.Image, int]]:
    """Return every second frame, shown for as long as two; and the last."""
    pairs = [shown[at : at + 2] for at in range(0, len(shown), 2)]
    return [(pair[-1][0], sum(duration for _, duration in pair)) for pair in pairs]


def _encoded(shown: Sequence[tuple[Image.Image, int]], scale: float) -> bytes:
    """Return frames as a GIF, with the words on each and without the hidden label."""
    width, height = (max(1, round(px * scale)) for px in shown[0][0].size)
    stamp, kept = stamp_for(width, height), _kept(shown[0][0])
    first, *others = (
        _indexed(frame.resize((width, height), Image.Resampling.LANCZOS), stamp, kept)
        for frame, _ in shown
    )
    file = BytesIO()
    first.save(
        file,
        "GIF",
        save_all=True,
        append_images=others,
        duration=[duration for _, duration in shown],
        loop=0,
        optimize=False,
    )
    return file.getvalue()


def _kept(frame: Image.Image) -> list[Colour]:
    """Return the colours that cover most of a frame, each a hundredth at least."""
    area = frame.width * frame.height
    found = cast("list[tuple[int, Colour]]", frame.getcolors(area))
    most = sorted((one for one in found if one[0] >= area / 100), reverse=True)
    return [colour for _, colour in most[:KEPT_COLOURS]]


def _indexed(frame: Image.Image, stamp: Stamp, kept: Sequence[Colour]) -> Image.Image:
    """Return a frame in its 256 colours, the words in clear black and white."""
    stamp.press(frame)
    own = (*GREYS, *kept)
    step = math.ceil(math.sqrt(frame.width * frame.height / LOOKED_AT))
    sample = frame.resize(
        (-(-frame.width // step), -(-frame.height // step)), Image.Resampling.NEAREST
    )
    found = sample.quantize(COLOURS - len(own), Image.Quantize.MEDIANCUT).getpalette() or []
    table = Image.new("P", (1, 1))
    table.putpalette([*(level for colour in own for level in colour), *found])
    indexed = frame.quantize(palette=table, dither=Image.Dither.FLOYDSTEINBERG)
    words = frame.crop(stamp.box).quantize(palette=table, dither=Image.Dither.NONE)
    indexed.paste(words, stamp.box)
    return indexed
