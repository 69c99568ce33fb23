"""Scenes as pictures."""

import numpy as np
from PIL import Image

from generation.training.backdrop import paint_backdrop
from generation.training.glyph import glyph
from generation.training.scene import Place, Scene
from generation.training.treatment import treat


def render(scene: Scene) -> Image.Image:
    """Paint a scene (RGB); the same scene gives the same picture."""
    rng = np.random.default_rng(scene.grain)
    page = paint_backdrop(rng, scene.width, scene.height, scene.backdrop, scene.wash)
    for place in scene.places:
        _set_down(page, place)
    return page if scene.treatment is None else treat(rng, page, scene.treatment)


def _set_down(page: Image.Image, place: Place) -> None:
    figure = glyph(place.noun, place.colour)
    scale = place.size * min(page.size) / max(figure.size)
    size = (max(1, round(figure.width * scale)), max(1, round(figure.height * scale)))
    figure = figure.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    if place.mirrored:
        figure = figure.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    x = round(place.x * page.width - size[0] / 2)
    y = round(place.y * page.height - size[1] / 2)
    page.paste(figure, (x, y), figure)
