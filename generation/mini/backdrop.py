"""What lies behind the things of a scene: twelve drawn places, and plain paper."""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw

from generation.mini.glyph import tint

Rgb = tuple[int, int, int]


def paint_backdrop(
    rng: Generator, width: int, height: int, name: str | None, wash: str | None
) -> Image.Image:
    """Paint the named place, or plain paper washed in a colour, or pale paper (RGB)."""
    if name is not None:
        return _PAINTERS[name](rng, width, height)
    if wash is not None:
        return _plain(rng, width, height, tint(wash), spread=10)
    return _plain(rng, width, height, _PALE[int(rng.integers(len(_PALE)))], spread=5)


_PALE: tuple[Rgb, ...] = ((250, 248, 242), (247, 242, 230), (234, 242, 248), (238, 245, 236))


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


def _unit(page: Image.Image) -> float:
    """Give the length, in pixels, of which the page's shorter side has 128."""
    return min(page.size) / 128


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


def _disc(page: Image.Image, x: float, y: float, radius: float, rgb: Rgb) -> None:
    """Fill a disc; x and y are shares of the page, the radius is in units."""
    cx, cy, size = x * page.width, y * page.height, radius * _unit(page)
    ImageDraw.Draw(page).ellipse((cx - size, cy - size, cx + size, cy + size), fill=rgb)


def _dots(
    rng: Generator, page: Image.Image, many: int, radius: float, rgb: Rgb, low: float = 1.0
) -> None:
    """Scatter discs over the page's upper part, down to `low`."""
    for x, y, r in rng.random((many, 3)):
        _disc(page, float(x), float(y) * low, radius * (0.5 + float(r)), rgb)


def _cloud(page: Image.Image, x: float, y: float, size: float, rgb: Rgb) -> None:
    for dx, dy, share in ((-1.1, 0.25, 0.7), (0, 0, 1.0), (1.1, 0.2, 0.75), (0.3, 0.35, 0.9)):
        step = size * _unit(page)
        _disc(page, x + dx * step / page.width, y + dy * step / page.height, size * share, rgb)


def _snow(rng: Generator, width: int, height: int) -> Image.Image:
    page = _fade(width, height, ((140, 182, 224), (206, 226, 244)))
    _hill(rng, page, 0.5, (226, 236, 248))
    _hill(rng, page, 0.64, (246, 250, 254))
    _dots(rng, page, 30, 1.7, (255, 255, 255))
    return page


def _grass(rng: Generator, width: int, height: int) -> Image.Image:
    page = _fade(width, height, ((118, 194, 246), (206, 234, 252)))
    _cloud(page, rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.2), 7, (255, 255, 255))
    _hill(rng, page, 0.52, (136, 204, 88))
    _hill(rng, page, 0.66, (100, 182, 66))
    draw, unit = ImageDraw.Draw(page), _unit(page)
    for x, y in rng.random((22, 2)):
        cx, cy = float(x) * width, height * (0.7 + 0.3 * float(y))
        for lean in (-1.6, 1.6):
            draw.line(
                (cx, cy, cx + lean * unit, cy - 5 * unit), fill=(66, 146, 46), width=round(unit)
            )
    return page


def _sea(rng: Generator, width: int, height: int) -> Image.Image:
    page = _fade(width, height, ((46, 170, 220), (18, 102, 178), (8, 58, 122)))
    _hill(rng, page, 0.88, (204, 184, 128))
    draw, unit = ImageDraw.Draw(page), _unit(page)
    for x, y, r in rng.random((12, 3)):
        cx, cy = float(x) * width, float(y) * height * 0.85
        size = (1.6 + 2.8 * float(r)) * unit
        draw.ellipse(
            (cx - size, cy - size, cx + size, cy + size),
            outline=(178, 228, 248),
            width=round(unit * 0.8),
        )
    return page


def _night(rng: Generator, width: int, height: int) -> Image.Image:
    page = _fade(width, height, ((8, 10, 40), (22, 24, 76), (52, 42, 108)))
    _dots(rng, page, 34, 0.8, (236, 232, 210))
    _dots(rng, page, 8, 1.6, (255, 250, 214))
    return page


def _dusk(rng: Generator, width: int, height: int) -> Image.Image:
    page = _fade(width, height, ((98, 62, 136), (232, 104, 92), (255, 182, 88)))
    _disc(page, rng.uniform(0.25, 0.75), 0.68, 17, (255, 228, 122))
    _hill(rng, page, 0.76, (96, 46, 74), swing=0.015)
    return page


def _desert(rng: Generator, width: int, height: int) -> Image.Image:
    page = _fade(width, height, ((244, 214, 150), (252, 238, 200)))
    _disc(page, rng.uniform(0.12, 0.88), 0.14, 7, (255, 246, 214))
    _hill(rng, page, 0.48, (230, 186, 112), swing=0.05)
    _hill(rng, page, 0.64, (216, 164, 86), swing=0.05)
    _hill(rng, page, 0.84, (200, 146, 72), swing=0.04)
    return page


def _forest(rng: Generator, width: int, height: int) -> Image.Image:
    page = _fade(width, height, ((82, 138, 84), (48, 98, 60)))
    draw, unit = ImageDraw.Draw(page), _unit(page)
    for share in (np.arange(6) + rng.uniform(0.2, 0.8, 6)) / 6:
        cx, thick = float(share) * width, float(rng.uniform(2.6, 5)) * unit
        draw.rectangle((cx - thick, 0, cx + thick, height * 0.82), fill=(78, 58, 42))
    for x, y in rng.random((10, 2)):
        _disc(page, float(x), float(y) * 0.18, 19, (30, 84, 46))
    _hill(rng, page, 0.78, (56, 84, 40), swing=0.02)
    return page


def _rain(rng: Generator, width: int, height: int) -> Image.Image:
    page = _fade(width, height, ((96, 108, 126), (142, 154, 168), (164, 174, 184)))
    for share in (0.15, 0.5, 0.85):
        _cloud(page, share + rng.uniform(-0.08, 0.08), 0.05, 13, (82, 92, 108))
    _hill(rng, page, 0.84, (104, 118, 126), swing=0.01)
    draw, unit = ImageDraw.Draw(page), _unit(page)
    for x, y in rng.random((46, 2)):
        cx, cy = float(x) * width, float(y) * height
        draw.line((cx, cy, cx - 2 * unit, cy + 8 * unit), fill=(206, 222, 238), width=round(unit))
    return page


def _beach(rng: Generator, width: int, height: int) -> Image.Image:
    page = _fade(width, height, ((92, 186, 246), (196, 232, 252)))
    _disc(page, rng.uniform(0.12, 0.88), 0.16, 9, (255, 236, 130))
    _hill(rng, page, 0.5, (40, 146, 208), swing=0.0)
    _hill(rng, page, 0.6, (92, 190, 222), swing=0.006)
    _hill(rng, page, 0.7, (250, 252, 252), swing=0.015)
    _hill(rng, page, 0.73, (248, 224, 164), swing=0.015)
    return page


def _garden(rng: Generator, width: int, height: int) -> Image.Image:
    page = _fade(width, height, ((150, 212, 250), (226, 242, 252)))
    _hill(rng, page, 0.5, (120, 192, 92))
    for x, y, which in rng.random((54, 3)):
        colour = _PETALS[int(float(which) * len(_PETALS))]
        at = 0.56 + 0.46 * float(y)
        _disc(page, float(x), at, 3.6, colour)
        _disc(page, float(x), at, 1.3, (255, 240, 150))
    return page


_PETALS: tuple[Rgb, ...] = ((238, 70, 100), (255, 150, 190), (250, 200, 50), (176, 104, 214))


def _city(rng: Generator, width: int, height: int) -> Image.Image:
    page = _fade(width, height, ((40, 44, 92), (120, 82, 140), (226, 138, 130)))
    draw, unit = ImageDraw.Draw(page), _unit(page)
    towers = 7
    for i, (top, lit) in enumerate(rng.random((towers, 2))):
        left, right = i * width / towers, (i + 0.9) * width / towers
        roof = height * (0.24 + 0.4 * float(top))
        draw.rectangle((left, roof, right, height), fill=(38, 40, 66))
        rows = np.arange(roof + 5 * unit, height * 0.86, 8 * unit)
        for n, y in enumerate(rows):
            for m, x in enumerate(np.arange(left + 3 * unit, right - 4 * unit, 5.5 * unit)):
                if (n * 7 + m * 3 + int(float(lit) * 5)) % 3:
                    draw.rectangle((x, y, x + 2.6 * unit, y + 3.6 * unit), fill=(252, 214, 116))
    _hill(rng, page, 0.88, (60, 60, 74), swing=0.0)
    return page


def _mountains(rng: Generator, width: int, height: int) -> Image.Image:
    page = _fade(width, height, ((130, 190, 238), (220, 236, 246)))
    draw = ImageDraw.Draw(page)
    for x, peak, half in ((0.22, 0.24, 0.34), (0.78, 0.2, 0.36), (0.5, 0.34, 0.34)):
        cx, top = (x + rng.uniform(-0.06, 0.06)) * width, peak * height
        foot, reach = 0.74 * height, half * width
        draw.polygon([(cx, top), (cx + reach, foot), (cx - reach, foot)], fill=(104, 124, 152))
        cap = 0.3
        low = top + cap * (foot - top)
        snow = [(cx, top), (cx + cap * reach, low), (cx, low * 0.94), (cx - cap * reach, low)]
        draw.polygon(snow, fill=(250, 252, 255))
    _hill(rng, page, 0.72, (110, 158, 92))
    return page


_PAINTERS: dict[str, Callable[[Generator, int, int], Image.Image]] = {
    "雪地": _snow,
    "草地": _grass,
    "海底": _sea,
    "星空": _night,
    "日落": _dusk,
    "沙漠": _desert,
    "森林": _forest,
    "雨天": _rain,
    "海边": _beach,
    "花田": _garden,
    "城市": _city,
    "雪山": _mountains,
}
