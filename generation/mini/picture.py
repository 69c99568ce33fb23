"""Scenes as pictures."""

import numpy as np
from PIL import Image

from generation.mini.backdrop import paint_backdrop
from generation.mini.glyph import glyph
from generation.mini.scene import Place, Scene
from generation.mini.treatment import treat


def render(scene: Scene, treatment: str | None = None) -> Image.Image:
    """Paint a scene (RGB), in a style or plainly; the same scene gives the same picture."""
    rng = np.random.default_rng(scene.grain)
    page = paint_backdrop(rng, scene.width, scene.height, scene.backdrop, scene.wash)
    for place in scene.places:
        _set_down(page, place)
    return page if treatment is None else treat(rng, page, treatment)


def _set_down(page: Image.Image, place: Place) -> None:
    figure = glyph(place.noun, place.colour)
    scale = place.size * min(page.size) / max(figure.size)
    size = (max(1, round(figure.width * scale)), max(1, round(figure.height * scale)))
    figure = figure.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    if place.mirrored:
        figure = figure.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    x = round(place.x * page.width - size[0] / 2)
    y = round(place.y * page.height - size[1] / 2)
    page.paste(figure, (x, y), figure)
