"""A picture as it looms out of its noise: what of it is there after some steps."""

import hashlib

from PIL import Image, ImageFilter

_GRAINS = (12, 6, 3)
"""Along the longer side, of each layer of noise: coarse grains hide shapes, finer ones edges. Noise
that is finer than these the eye sees through."""
_SPREAD = 1.6
"""Noise of several grains is flatter than that of one; this much is made up for."""
_BLUR = 14 / 256
"""Of the shorter side, where all is noise."""


def veiled(image: Image.Image, share: float, key: str) -> Image.Image:
    """Return a picture of which a share is noise, from 0 to 1; the same noise for the same key.

    A small model foresees the whole picture at its first step; what its canvas shows by then is
    noise, nearly all of it.
    """
    if share <= 0:
        return image
    blurred = image.filter(ImageFilter.GaussianBlur(share * _BLUR * min(image.size)))
    return Image.blend(blurred, _noise(image.size, key), share)


def _noise(size: tuple[int, int], key: str) -> Image.Image:
    whole = Image.new("RGB", size)
    for number, grains in enumerate(_GRAINS, 1):
        width, height = (max(2, round(grains * side / max(size))) for side in size)
        content = hashlib.shake_256(f"{key} {grains}".encode()).digest(3 * width * height)
        layer = Image.frombytes("RGB", (width, height), content)
        layer = layer.resize(size, Image.Resampling.BICUBIC)
        whole = Image.blend(whole, layer, 1 / number)
    return whole.point([_spread(value) for value in range(256)] * 3)


def _spread(value: int) -> int:
    return max(0, min(255, round(128 + _SPREAD * (value - 128))))
