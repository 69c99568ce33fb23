"""What lies behind the things of a scene: seven drawn places, and plain paper."""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw

from generation.training.glyph import tint

Rgb = tuple[int, int, int]


def paint_backdrop(
    rng: Generator, width: int, height: int, name: str | None, wash: str | None
) -> Image.Image:
    """Paint the named place, or plain paper washed in a colour, or pale paper (RGB)."""
    if name is not None:
        return _PAINTERS[name](rng, width, height)
    if wash is not None:
        return _plain(rng, width, height, tint(wash), spread=10)
    return _plain(rng, width, height, _PALE[int(rng.integers(len(_PALE)))], spread=6)


_PALE: tuple[Rgb, ...] = ((250, 248, 242), (246, 240, 226), (230, 240, 248), (234, 244, 232))


def _plain(rng: Generator, width: int, height: int, rgb: Rgb, *, spread: int) -> Image.Image:
    shade = rng.integers(-spread, spread + 1, 3)
    top = np.clip(np.array(rgb) + shade, 0, 255)
    return _fade(width, height, (_rgb(top), _rgb(np.clip(top * 0.95, 0, 255))))


def _rgb(values: np.ndarray) -> Rgb:
    return (int(values[0]), int(values[1]), int(values[2]))


def _fade(width: int, height: int, colours: tuple[Rgb, ...]) -> Image.Image:
    """Colours from the top to the bottom, evenly spaced."""
    at = np.linspace(0, len(colours) - 1, height)
    column = np.stack(
        [np.interp(at, range(len(colours)), [c[i] for c in colours]) for i in range(3)], axis=1
    )
    pixels = np.repeat(column[:, None, :], width, axis=1)
    return Image.fromarray(pixels.round().astype(np.uint8), "RGB")


def _hill(
    rng: Generator, page: Image.Image, level: float, rgb: Rgb, *, swing: float = 0.03
) -> None:
    """Cover the page below a wavy line at `level` (share of the height)."""
    width, height = page.size
    phase, waves = rng.uniform(0, 6.28), rng.uniform(0.6, 1.6)
    xs = np.arange(0, width + 8, 8)
    ys = height * (level + swing * np.sin(phase + waves * 6.28 * xs / width))
    line = [(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]
    ImageDraw.Draw(page).polygon([*line, (width, height), (0, height)], fill=rgb)


def _dots(rng: Generator, page: Image.Image, many: int, radius: float, rgb: Rgb) -> None:
    draw = ImageDraw.Draw(page)
    width, height = page.size
    for x, y, r in rng.random((many, 3)):
        size = radius * (0.5 + float(r))
        cx, cy = float(x) * width, float(y) * height
        draw.ellipse((cx - size, cy - size, cx + size, cy + size), fill=rgb)


def _snow(rng: Generator, width: int, height: int) -> Image.Image:
    page = _fade(width, height, ((150, 186, 222), (206, 224, 240)))
    _hill(rng, page, 0.5, (228, 236, 246))
    _hill(rng, page, 0.62, (244, 248, 252))
    _dots(rng, page, 26, 1.6, (255, 255, 255))
    return page


def _grass(rng: Generator, width: int, height: int) -> Image.Image:
    page = _fade(width, height, ((120, 190, 240), (200, 230, 250)))
    _hill(rng, page, 0.5, (126, 196, 84))
    _hill(rng, page, 0.64, (96, 176, 62))
    draw = ImageDraw.Draw(page)
    for x, y in rng.random((24, 2)):
        cx, cy = float(x) * width, height * (0.68 + 0.32 * float(y))
        draw.line((cx, cy, cx + 1.5, cy - 5), fill=(66, 140, 44), width=1)
    return page


def _sea(rng: Generator, width: int, height: int) -> Image.Image:
    page = _fade(width, height, ((40, 160, 210), (16, 96, 170), (8, 56, 116)))
    _hill(rng, page, 0.88, (196, 176, 122))
    draw = ImageDraw.Draw(page)
    for x, y, r in rng.random((12, 3)):
        cx, cy, size = float(x) * width, float(y) * height * 0.85, 1.5 + 2.5 * float(r)
        draw.ellipse((cx - size, cy - size, cx + size, cy + size), outline=(170, 224, 244))
    return page


def _night(rng: Generator, width: int, height: int) -> Image.Image:
    page = _fade(width, height, ((8, 10, 38), (20, 24, 70), (44, 40, 96)))
    _dots(rng, page, 34, 0.9, (250, 246, 210))
    _dots(rng, page, 6, 1.7, (255, 252, 230))
    return page


def _dusk(rng: Generator, width: int, height: int) -> Image.Image:
    page = _fade(width, height, ((96, 60, 130), (226, 104, 92), (252, 176, 84)))
    cx, cy, size = width * rng.uniform(0.3, 0.7), height * 0.66, 0.13 * min(width, height)
    draw = ImageDraw.Draw(page)
    draw.ellipse((cx - size, cy - size, cx + size, cy + size), fill=(255, 226, 120))
    _hill(rng, page, 0.74, (92, 48, 74), swing=0.015)
    return page


def _desert(rng: Generator, width: int, height: int) -> Image.Image:
    page = _fade(width, height, ((236, 214, 160), (250, 236, 196)))
    _hill(rng, page, 0.46, (226, 184, 112), swing=0.05)
    _hill(rng, page, 0.62, (214, 164, 88), swing=0.05)
    _hill(rng, page, 0.82, (198, 146, 74), swing=0.04)
    return page


def _forest(rng: Generator, width: int, height: int) -> Image.Image:
    page = _fade(width, height, ((60, 110, 70), (44, 92, 56)))
    draw = ImageDraw.Draw(page)
    for share in (np.arange(6) + rng.uniform(0.2, 0.8, 6)) / 6:
        cx, thick = float(share) * width, float(rng.uniform(3, 6))
        draw.rectangle((cx - thick, 0, cx + thick, height * 0.8), fill=(74, 56, 40))
    for x, y in rng.random((9, 2)):
        cx, cy, size = float(x) * width, float(y) * height * 0.2, 20.0
        draw.ellipse((cx - size, cy - size, cx + size, cy + size), fill=(30, 82, 44))
    _hill(rng, page, 0.76, (52, 78, 38), swing=0.02)
    return page


_PAINTERS: dict[str, Callable[[Generator, int, int], Image.Image]] = {
    "雪地": _snow,
    "草地": _grass,
    "海底": _sea,
    "星空": _night,
    "日落": _dusk,
    "沙漠": _desert,
    "森林": _forest,
}
