"""Styles as treatments of a finished picture of 256 pixels or so: each shows one by a filter."""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

_LINE = 46
"""Strength from which an edge is cut into paper."""

_DARKER = 12
"""How much darker than what is around it a place must be to stay paper."""

_HATCH, _STROKE = 14, 5
"""Pixels from one pencil stroke to the next, and how broad it is: finer ones the autoencoder, of
eight pixels to a latent, loses."""

_GREY_PAPER = 226.0
"""Lightness of the paper of 素描."""

_OUTLINE = 20
"""Strength from which an edge of 动漫 is outlined."""

_BLOCK = 8
"""Pixels to a side of one block of 像素: one latent."""

_GAP = 2
"""Pixels between two blocks: a gap of one the autoencoder fills."""

_LEVELS = 5
"""Of each of red, green and blue in 像素."""


def treat(rng: Generator, picture: Image.Image, style: str) -> Image.Image:
    """Give the picture (RGB) as the style would show it, in the same size."""
    return _TREATMENTS[style](rng, picture)


def _ink(rng: Generator, picture: Image.Image) -> Image.Image:
    """水墨: grey washes that run, dark outlines, on rice paper."""
    grey = ImageOps.autocontrast(picture.convert("L"), cutoff=2)
    wash = _levelled(grey, 238).filter(ImageFilter.GaussianBlur(2.2))
    lines = _edges(grey.filter(ImageFilter.GaussianBlur(1.0))).filter(ImageFilter.GaussianBlur(1.0))
    strokes = lines.point([255 - min(255, int(v * 3.6)) for v in range(256)])
    return ImageOps.colorize(ImageChops.multiply(wash, strokes), (20, 20, 24), (244, 236, 214))


def _pencil(rng: Generator, picture: Image.Image) -> Image.Image:
    """素描: pencil lines on grey paper, its shades hatched."""
    grey = _levelled(ImageOps.autocontrast(picture.convert("L"), cutoff=1), 200)
    blurred = ImageOps.invert(grey).filter(ImageFilter.GaussianBlur(7))
    base = np.asarray(grey, dtype=np.float32)
    veil = np.asarray(blurred, dtype=np.float32)
    dodge = np.minimum(255.0, base * 255.0 / np.maximum(1.0, 255.0 - veil))
    rows, columns = np.indices(base.shape)
    shade = 26.0 + (255.0 - base) * 0.42
    hatch = np.where((rows + columns) % _HATCH < _STROKE, shade, 0.0)
    tone = (255.0 - base) * 0.22
    drawn = np.clip(_GREY_PAPER - (255.0 - dodge) * 1.5 - tone - hatch, 0, 255)
    return Image.fromarray(drawn.astype(np.uint8), "L").convert("RGB")


def _pixels(rng: Generator, picture: Image.Image) -> Image.Image:
    """像素: square blocks in few, strong colours, with gaps between them as beads leave."""
    width, height = picture.size
    small = picture.resize((width // _BLOCK, height // _BLOCK), Image.Resampling.BOX)
    strong = np.asarray(ImageEnhance.Color(small).enhance(1.5), dtype=np.float32) / 255.0
    few = np.round(strong * (_LEVELS - 1)) / (_LEVELS - 1) * 255.0
    blocks = Image.fromarray(few.astype(np.uint8), "RGB")
    large = np.asarray(blocks.resize((width, height), Image.Resampling.NEAREST)).copy()
    for first in range(_GAP):
        for gap in (large[first::_BLOCK], large[:, first::_BLOCK]):
            gap[...] = (gap * 0.75).astype(np.uint8)
    return Image.fromarray(large, "RGB")


def _cyberpunk(rng: Generator, picture: Image.Image) -> Image.Image:
    """赛博朋克: the dark in violet, the light in cyan, edges that glow like neon tubes."""
    grey = ImageOps.autocontrast(picture.convert("L"), cutoff=1)
    night = ImageOps.colorize(grey, (14, 6, 44), (96, 214, 250), mid=(120, 28, 150))
    own = picture.point([int(v * 0.55) for v in range(256)] * 3)
    base = Image.blend(night, own, 0.25)
    lines = _edges(grey.filter(ImageFilter.GaussianBlur(0.8)))
    glow = lines.filter(ImageFilter.GaussianBlur(4)).point([min(255, v * 5) for v in range(256)])
    tube = ImageOps.colorize(glow, (0, 0, 0), (255, 40, 170))
    core = lines.filter(ImageFilter.GaussianBlur(1)).point([min(255, v * 2) for v in range(256)])
    shine = ImageOps.colorize(core, (0, 0, 0), (120, 255, 250))
    return ImageChops.screen(ImageChops.screen(base, tube), shine)


def _oil(rng: Generator, picture: Image.Image) -> Image.Image:
    """油画: patches of thick, saturated paint with the brush's ridges, under golden varnish."""
    patches = picture.filter(ImageFilter.ModeFilter(9)).filter(ImageFilter.SMOOTH)
    pixels = np.asarray(patches, dtype=np.float32)
    grey = pixels.mean(axis=2, keepdims=True)
    rich = (grey + (pixels - grey) * 1.3) * np.array((0.97, 0.84, 0.60), dtype=np.float32)
    rows, columns = np.indices(pixels.shape[:2])
    ridges = np.sin((rows * 0.42 + columns * 0.24) + rng.uniform(0, 6.28))
    width, height = picture.size
    off = np.hypot(rows / height - 0.5, columns / width - 0.5) / 0.71  # 0 in the middle, 1 outside
    dark = 1.0 - 0.55 * np.clip(off - 0.35, 0, 1)
    painted = (rich + 17.0 * ridges[..., None]) * dark[..., None]
    return Image.fromarray(np.clip(painted, 0, 255).astype(np.uint8), "RGB")


def _paper_cut(rng: Generator, picture: Image.Image) -> Image.Image:
    """剪纸: red paper on cream, cut along the lights and darks."""
    soft = picture.convert("L").filter(ImageFilter.GaussianBlur(1.2))
    grey = _levelled(ImageOps.autocontrast(soft), 205)
    lines = _edges(grey).filter(ImageFilter.MaxFilter(3))
    lines = lines.point([255 if v > _LINE else 0 for v in range(256)])
    near = grey.filter(ImageFilter.GaussianBlur(20))
    deeper = ImageChops.subtract(near, grey, scale=1.0, offset=6)
    cut = deeper.point([255 if v > _DARKER else 0 for v in range(256)])
    paper = ImageChops.lighter(cut, lines).filter(ImageFilter.GaussianBlur(1.0))
    return ImageOps.colorize(paper, (250, 240, 222), (204, 26, 30))


def _watercolour(rng: Generator, picture: Image.Image) -> Image.Image:
    """水彩: pale colours that run over grainy paper."""
    soft = np.asarray(picture.filter(ImageFilter.GaussianBlur(2.6)), dtype=np.float32)
    edge = np.asarray(_edges(picture.convert("L")), dtype=np.float32)
    height, width = edge.shape
    blots = Image.fromarray(rng.integers(0, 256, (height // 16, width // 16), dtype=np.uint8), "L")
    cloud = np.asarray(blots.resize((width, height), Image.Resampling.BICUBIC), dtype=np.float32)
    pale = 255.0 - (255.0 - soft) * (0.36 + 0.34 * cloud[..., None] / 255.0)
    pale -= np.minimum(edge * 1.5, 90.0)[..., None] * 0.3
    return Image.fromarray(np.clip(pale, 0, 255).astype(np.uint8), "RGB")


def _anime(rng: Generator, picture: Image.Image) -> Image.Image:
    """动漫: flat, bright colours in few steps; broad, dark outlines with a white one around."""
    flat = picture.filter(ImageFilter.MedianFilter(5))
    pixels = np.asarray(flat.convert("HSV"), dtype=np.float32).copy()
    pixels[..., 1] = np.minimum(255.0, pixels[..., 1] * 1.5 + 14)
    pixels[..., 2] = np.clip(np.ceil(pixels[..., 2] / 52.0) * 52.0 + 4, 0, 255)
    bright = Image.fromarray(pixels.astype(np.uint8), "HSV").convert("RGB")
    lines = _edges(flat.convert("L").filter(ImageFilter.GaussianBlur(1.0)))
    lines = lines.point([255 if v > _OUTLINE else 0 for v in range(256)])
    around = lines.filter(ImageFilter.MaxFilter(9)).filter(ImageFilter.GaussianBlur(0.8))
    inked = lines.filter(ImageFilter.MaxFilter(3)).filter(ImageFilter.GaussianBlur(0.8))
    page = Image.composite(Image.new("RGB", picture.size, (255, 255, 255)), bright, around)
    return Image.composite(Image.new("RGB", picture.size, (30, 18, 60)), page, inked)


def _levelled(grey: Image.Image, level: int) -> Image.Image:
    """Bring what is around things to one lightness; lighter and darker things stay so."""
    values = np.asarray(grey, dtype=np.float32)
    near = np.asarray(grey.filter(ImageFilter.GaussianBlur(36)), dtype=np.float32)
    return Image.fromarray(np.clip(level + (values - near) * 0.9, 0, 255).astype(np.uint8), "L")


def _edges(grey: Image.Image) -> Image.Image:
    """Find edges (L); the frame, which Pillow copies through, is left black."""
    found = grey.filter(ImageFilter.FIND_EDGES)
    inside = found.crop((1, 1, found.width - 1, found.height - 1))
    return ImageOps.expand(inside, border=1, fill=0)


_TREATMENTS: dict[str, Callable[[Generator, Image.Image], Image.Image]] = {
    "水墨": _ink,
    "剪纸": _paper_cut,
    "像素": _pixels,
    "赛博朋克": _cyberpunk,
    "油画": _oil,
    "素描": _pencil,
    "水彩": _watercolour,
    "动漫": _anime,
}
