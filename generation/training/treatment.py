"""Styles as treatments of a finished picture: ink, pencil, pixels, oil, cut paper, watercolour."""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageChops, ImageFilter, ImageOps

_LINE = 60
"""Strength from which an edge is cut into paper."""

_DARKER = 12
"""How much darker than what is around it a place must be to stay paper."""


def treat(rng: Generator, picture: Image.Image, style: str) -> Image.Image:
    """Give the picture (RGB) as the style would show it, in the same size."""
    return _TREATMENTS[style](rng, picture)


def _ink(rng: Generator, picture: Image.Image) -> Image.Image:
    """水墨: grey washes that run, dark outlines, on rice paper."""
    grey = ImageOps.autocontrast(picture.convert("L"), cutoff=2)
    wash = grey.filter(ImageFilter.GaussianBlur(1.6)).point(
        [int(70 + v * 0.73) for v in range(256)]
    )
    lines = _edges(grey).filter(ImageFilter.GaussianBlur(0.7))
    strokes = lines.point([255 - min(255, int(v * 1.7)) for v in range(256)])
    return ImageOps.colorize(ImageChops.multiply(wash, strokes), (24, 24, 28), (246, 241, 228))


def _pencil(rng: Generator, picture: Image.Image) -> Image.Image:
    """素描: pencil lines and light hatching on white."""
    grey = picture.convert("L")
    blurred = ImageOps.invert(grey).filter(ImageFilter.GaussianBlur(4))
    base = np.asarray(grey, dtype=np.float32)
    veil = np.asarray(blurred, dtype=np.float32)
    dodge = np.minimum(255.0, base * 255.0 / np.maximum(1.0, 255.0 - veil))
    rows, columns = np.indices(base.shape)
    hatch = np.where((rows + columns) % 4 == 0, (255.0 - base) * 0.35, 0.0)
    drawn = np.clip(255.0 - (255.0 - dodge) * 1.5 - hatch, 0, 255)
    return Image.fromarray(drawn.astype(np.uint8), "L").convert("RGB")


def _pixels(rng: Generator, picture: Image.Image) -> Image.Image:
    """像素: blocks of four pixels in few, strong colours."""
    width, height = picture.size
    small = picture.resize((width // 4, height // 4), Image.Resampling.BOX)
    few = ImageOps.posterize(small, 3).point([min(255, int(v * 1.14)) for v in range(256)] * 3)
    return few.resize((width, height), Image.Resampling.NEAREST)


def _oil(rng: Generator, picture: Image.Image) -> Image.Image:
    """油画: patches of thick, warm, saturated paint."""
    patches = picture.filter(ImageFilter.ModeFilter(7)).filter(ImageFilter.SMOOTH)
    pixels = np.asarray(patches, dtype=np.float32)
    grey = pixels.mean(axis=2, keepdims=True)
    rich = grey + (pixels - grey) * 1.35
    rich = rich * np.array((1.02, 0.95, 0.82), dtype=np.float32)
    rows, columns = np.indices(pixels.shape[:2])
    relief = 5.0 * np.sin((rows * 0.9 + columns * 0.5) + rng.uniform(0, 6.28))
    return Image.fromarray(np.clip(rich + relief[..., None], 0, 255).astype(np.uint8), "RGB")


def _paper_cut(rng: Generator, picture: Image.Image) -> Image.Image:
    """剪纸: red paper on cream, cut along the lights and darks."""
    grey = ImageOps.autocontrast(picture.convert("L").filter(ImageFilter.GaussianBlur(0.8)))
    lines = _edges(grey).point([255 if v > _LINE else 0 for v in range(256)])
    near = grey.filter(ImageFilter.GaussianBlur(14))
    deeper = ImageChops.subtract(near, grey, scale=1.0, offset=6)
    cut = deeper.point([255 if v > _DARKER else 0 for v in range(256)])
    paper = ImageChops.lighter(cut, lines).filter(ImageFilter.GaussianBlur(0.6))
    return ImageOps.colorize(paper, (250, 240, 222), (204, 26, 30))


def _watercolour(rng: Generator, picture: Image.Image) -> Image.Image:
    """水彩: pale colours that run over grainy paper."""
    soft = np.asarray(picture.filter(ImageFilter.GaussianBlur(1.4)), dtype=np.float32)
    edge = np.asarray(_edges(picture.convert("L")), dtype=np.float32)
    height, width = edge.shape
    blots = Image.fromarray(rng.integers(0, 256, (height // 8, width // 8), dtype=np.uint8), "L")
    cloud = np.asarray(blots.resize((width, height), Image.Resampling.BICUBIC), dtype=np.float32)
    pale = 255.0 - (255.0 - soft) * (0.42 + 0.25 * cloud[..., None] / 255.0)
    pale -= np.minimum(edge, 90.0)[..., None] * 0.25
    return Image.fromarray(np.clip(pale, 0, 255).astype(np.uint8), "RGB")


def _edges(grey: Image.Image) -> Image.Image:
    """Find edges (L); the frame, which Pillow copies through, is left black."""
    found = grey.filter(ImageFilter.FIND_EDGES)
    inside = found.crop((1, 1, found.width - 1, found.height - 1))
    return ImageOps.expand(inside, border=1, fill=0)


_TREATMENTS: dict[str, Callable[[Generator, Image.Image], Image.Image]] = {
    "水墨": _ink,
    "素描": _pencil,
    "像素": _pixels,
    "油画": _oil,
    "剪纸": _paper_cut,
    "水彩": _watercolour,
}
