"""The command that draws sample pictures of styles: style samples."""

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

from adapters.config import Config, load
from adapters.locale import said
from bot.label import label, thumbnail
from bot.request import Request
from bot.store.samples import MAX_BYTES, PROMPT, SEED, Samples, keep
from bot.style import BrokenStyles, Style, Styles
from generation.config import EngineConfig
from generation.errors import EngineError
from generation.recipe import Picture, Recipe
from generation.zoo import folder

SIDES_PX = (256, 224, 192, 160, 128, 96, 64)
"""Tried in this order, until the file is small enough."""


def samples(data: Path | None, names: Sequence[str], to: Path | None) -> int:
    """Draw the sample of each style that has none, by the studio's own engine.

    Args:
        data: The data folder, if the command line names one.
        names: Of styles that are drawn whether they have one or not; none: of all, as they need.
        to: Another folder than that in the data folder; there, all are drawn anew.

    Raises:
        BrokenStyles: There is no such style.
        EngineError: A style cannot be drawn, because of its model or LoRA.
    """
    config = load(data)
    styles = Styles.load(own=config.own_styles)
    found = Samples(config.data_dir)
    wanted = [_find(styles, name) for name in names] or [
        style for style in styles if to is not None or found.find(style) is None
    ]
    missing = 0
    for style in wanted:
        if style.model not in config.engine.models:
            missing += 1
            _say(
                said(
                    f"{style.name}: its model {style.model} is not in engine.models",
                    f"{style.name}：engine.models 里没有它的模型 {style.model}",
                )
            )
            continue
        path = keep(to or found.own, style, drawn(config, style))
        _say(f"{style.name}  {path}  {path.stat().st_size} B")
    if not wanted:
        _say(said("every style has its sample", "每种风格都有样图了"))
    return 1 if missing else 0


def drawn(config: Config, style: Style) -> bytes:
    """Return a style's sample: labelled, WebP.

    Raises:
        EngineError: It cannot be drawn.
    """
    from generation.trial import draw

    (picture,) = draw(config.engine, [recipe_of(config.engine, style)])
    return small(labelled(config, picture))


def recipe_of(config: EngineConfig, style: Style) -> Recipe:
    """Return what a style's sample is drawn by."""
    side = folder.read(config.models[style.model]).native_px
    request = Request(prompt=PROMPT, seed=SEED, width=side, height=side)
    (recipe,) = style.recipes(request)
    return recipe


def small(png: bytes) -> bytes:
    """Return a labelled picture as a sample: as large as its file may be."""
    for side in SIDES_PX:
        webp = thumbnail(png, side)
        if len(webp) <= MAX_BYTES:
            return webp
    raise EngineError(f"a sample of {SIDES_PX[-1]} pixels takes more than {MAX_BYTES} bytes")


def labelled(config: Config, picture: Picture) -> bytes:
    """Return a picture with its label, as a PNG."""
    digest = hashlib.sha256(picture.rgb).hexdigest()[:32]
    return label(picture, f"danqing-{digest}", config.label)


def _find(styles: Styles, name: str) -> Style:
    known = {alias: style for style in styles for alias in (style.name, *style.aliases)}
    if name not in known:
        raise BrokenStyles([said(f"{name}: no such style", f"没有“{name}”这种画风")])
    return known[name]


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
