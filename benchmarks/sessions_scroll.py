"""The seams of a scroll: parts drawn on beyond each other's edge, and what shows where they meet.

    python benchmarks/sessions_scroll.py [--quick] [--json FILE] [--sheet FILE]

Scrolls of several themes and styles are drawn with the embedded model in this process and joined as
the studio joins them. The difference of the last kept column and the first new one is set against
that of all other neighbours; below 1 it is no blur, but that parts meet in their backgrounds. The
worst column near a joint is told too: a seam may lie beside the joint.
"""

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from io import BytesIO
from itertools import product
from pathlib import Path
from statistics import mean, median

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
from PIL import Image

from benchmarks.figure import Figure, arguments, report
from bot.montage import join
from bot.request import Request
from bot.style import Styles
from generation.engine import Engine
from generation.lora.shelf import LoraShelf
from generation.mini import FOLDER, styles
from generation.preview import Previewer
from generation.recipe import Expand, Recipe
from generation.zoo.shelf import Shelf

PART_PX, OVERLAP_PX = 256, 32
"""Width and height of what is drawn at a time, and how much of it is the part before."""
STRENGTH = 0.9
SEED = 11
ROWS = 16
"""Most rows of a batch."""
NEAR_PX = 32
"""Columns on each side of a joint that are its neighbourhood."""
JOINTS, QUICK, OF_EACH = 50, 4, 4
"""Joints in all, and those of one scroll."""
BAR = 1.5
THEMES = (
    ("雪地里的", ("企鹅", "松树", "小鹿", "雪人", "小狗")),
    ("海边的", ("灯塔", "帆船", "小猫", "椰子树", "螃蟹")),
    ("草地上的", ("骏马", "向日葵", "兔子", "房子", "自行车")),
    ("星空下的", ("城堡", "火箭", "月亮", "猫头鹰", "帐篷")),
    ("森林里的", ("熊猫", "狐狸", "蘑菇", "蝴蝶", "老虎")),
)
"""Where a scroll is, and what its parts show there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seams:
    """What was measured at the joints of some scrolls; differences are mean and absolute."""

    joints: int
    ratio: float
    """Of last kept and first new column, against all other neighbours of all scrolls."""
    middle: float
    """The median of the same, joint by joint, each against its own scroll."""
    worst: float
    """The largest of them."""
    outer: float
    """As ratio, against the outer NEAR_PX columns of first parts, where no joint is: backgrounds
    too are less busy there than in the middle."""
    near: float
    """Of the worst pair of neighbours within NEAR_PX of a joint, the mean of all joints, against
    the same at as many places elsewhere."""


@dataclass(frozen=True, slots=True)
class Theme:
    """What one scroll shows."""

    place: str
    things: tuple[str, ...]
    style: str
    seed: int


async def seams(
    joints: int = JOINTS,
    *,
    overlap_px: int = OVERLAP_PX,
    strength: float = STRENGTH,
    sheet: Path | None = None,
) -> Seams:
    """Draw scrolls with that many joints, and measure them.

    Args:
        joints: How many at least.
        overlap_px: How much of a part is of the one before.
        strength: How much of a new part is drawn anew; the rest of the way is the edge's.
        sheet: Where the scrolls are to be shown, below each other.
    """
    return await asyncio.to_thread(_seams, joints, overlap_px, strength, sheet)


def _seams(joints: int, overlap_px: int, strength: float, sheet: Path | None) -> Seams:
    scrolls = draw(themes(-(-joints // OF_EACH)), overlap_px, strength)
    joined = [join(parts, overlap_px) for parts in scrolls]
    if sheet is not None:
        show(joined).save(sheet)
    return measure(joined, overlap_px)


def themes(scrolls: int) -> list[Theme]:
    """Return so many, of all places and styles in turn."""
    looks = [style.name for style in Styles.load()]
    every = product(range(-(-scrolls // len(THEMES))), enumerate(THEMES))
    return [
        Theme(place, things, looks[(turn * len(THEMES) + number) % len(looks)], SEED + 97 * turn)
        for turn, (number, (place, things)) in every
    ][:scrolls]


def draw(asked: Sequence[Theme], overlap_px: int, strength: float) -> list[list[Image.Image]]:
    """Draw each scroll part by part; parts of one turn share their batches."""
    scrolls: list[list[Image.Image]] = [[] for _ in asked]
    for turn in range(OF_EACH + 1):
        images: dict[str, bytes] = {}
        recipes: list[Recipe] = []
        for theme, parts in zip(asked, scrolls, strict=True):
            request = Request(
                prompt=theme.place + theme.things[turn % len(theme.things)],
                styles=(theme.style,),
                width=PART_PX,
                height=PART_PX,
                seed=theme.seed + turn,
            )
            recipes += Styles.load().recipes(
                _beyond(request, parts[-1], images, overlap_px, strength) if parts else request
            )
        for parts, picture in zip(scrolls, _drawn(recipes, images), strict=True):
            parts.append(picture)
    return scrolls


def _beyond(
    request: Request,
    before: Image.Image,
    images: dict[str, bytes],
    overlap_px: int,
    strength: float,
) -> Request:
    """Return the request for what follows to the right, and put its source among the images."""
    file = BytesIO()
    before.crop((before.width - overlap_px, 0, *before.size)).save(file, "PNG")
    name = sha256(file.getvalue()).hexdigest()
    images[name] = file.getvalue()
    expand = Expand(right=PART_PX - overlap_px)
    return Request(
        prompt=request.prompt,
        styles=request.styles,
        width=request.width,
        height=request.height,
        seed=request.seed,
        source=name,
        expand=expand,
        strength=strength,
    )


def _drawn(recipes: Sequence[Recipe], images: dict[str, bytes]) -> list[Image.Image]:
    engine = _engine()
    canvases = [engine.admit(recipe, images) for recipe in recipes]
    while not engine.idle:
        engine.step()
    found: list[Image.Image] = []
    for canvas in canvases:
        if canvas.error is not None or canvas.picture is None:
            raise canvas.error or RuntimeError("not drawn")
        made = canvas.picture
        found.append(Image.frombytes("RGB", (made.width, made.height), made.rgb))
    return found


@lru_cache(maxsize=1)
def _engine() -> Engine:
    return Engine(
        Shelf({"mini": FOLDER}, room=1, device=torch.device("cpu"), dtype=torch.float32),
        LoraShelf({f"mini-{name}": path for name, path in styles().items()}, budget_bytes=1 << 28),
        cap=lambda model, canvas: ROWS,
        previewer=Previewer(),
        preview_every_s=0,
        clock=time.monotonic,
    )


def measure(joined: Sequence[Image.Image], overlap_px: int) -> Seams:
    """Measure scrolls whose parts are PART_PX wide."""
    new_px = PART_PX - overlap_px
    at_joints: list[float] = []
    elsewhere: list[float] = []
    own: list[float] = []
    outer: list[float] = []
    near: list[float] = []
    far: list[float] = []
    for image in joined:
        levels = np.asarray(image, dtype=np.float32)
        steps = np.abs(np.diff(levels, axis=1)).mean(axis=(0, 2))  # (w - 1,): column to column
        joints = range(PART_PX - 1, image.width - 1, new_px)
        others = np.delete(steps, list(joints))
        at_joints += [float(steps[joint]) for joint in joints]
        own += [float(steps[joint] / others.mean()) for joint in joints]
        elsewhere += others.tolist()
        outer += steps[:NEAR_PX].tolist()
        half = new_px // 2
        near += [_worst(steps, joint) for joint in joints]
        far += [_worst(steps, joint + half) for joint in joints]
    return Seams(
        joints=len(at_joints),
        ratio=mean(at_joints) / mean(elsewhere),
        middle=median(own),
        worst=max(own),
        outer=mean(at_joints) / mean(outer),
        near=mean(near) / mean(far),
    )


def _worst(steps: np.ndarray, at: int) -> float:
    return float(steps[at - NEAR_PX : at + NEAR_PX + 1].max())


def show(joined: Sequence[Image.Image]) -> Image.Image:
    """Return scrolls below each other."""
    wide = max(image.width for image in joined)
    sheet = Image.new("RGB", (wide, sum(image.height for image in joined)))
    for number, image in enumerate(joined):
        sheet.paste(image, (0, number * image.height))
    return sheet


def figures(joints: int, sheet: Path | None) -> Iterator[Figure]:
    """Measure, and tell."""
    found = asyncio.run(seams(joints, sheet=sheet))
    yield Figure(name="joints", words="joints", value=found.joints, unit="")
    words = "difference at a joint, of that of other neighbours"
    yield Figure(name="seam_ratio", words=words, value=found.ratio, unit="×", bar=BAR)
    words = f"worst column within {NEAR_PX} px, of that elsewhere"
    yield Figure(name="seam_near_ratio", words=words, value=found.near, unit="×", bar=BAR)
    words = f"a joint, of the outer {NEAR_PX} columns of first parts"
    yield Figure(name="seam_outer_ratio", words=words, value=found.outer, unit="×")
    yield Figure(name="seam_median", words="median joint", value=found.middle, unit="×")
    yield Figure(name="seam_worst", words="worst joint", value=found.worst, unit="×")


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="show the scrolls there")
    given = parser.parse_args()
    report("seams", figures(QUICK if given.quick else JOINTS, given.sheet), given.json)


if __name__ == "__main__":
    main()
