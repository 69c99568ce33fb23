"""What a picture starts from: a source, what of it is drawn anew, and margins around it."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from generation.errors import BadRecipe
from generation.recipe import Expand, Recipe
from generation.upright import DAMAGED, upright
from generation.zoo.folder import Folder

FORMATS = ("PNG", "JPEG", "WEBP")
"""What is opened; each further parser is one more that strangers can attack."""
MOST_BYTES = 20_000_000
MOST_PIXELS = 40_000_000
MOST_SIDE = 12_000
HALF = 0.5
"""A mask that is as bright as this is white."""
SOFT_PX = 4
"""Width of the soft edge inside of what is drawn anew."""
BLEND_LATENTS = 3
"""Over how many latents of the source, from a margin inwards, less and less is drawn anew."""
PAD_MODES = {"copy": "edge", "reflect": "reflect"}
"""What numpy calls the ways to fill a margin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A picture to start from, as large as what is drawn of it."""

    image: Tensor
    """(3, h, w), float32 on the CPU, -1 to 1."""
    mask: Tensor | None
    """(1, h, w), float32, 1 where it is drawn anew and 0 where it is kept, between them where it
    is kept for the first part of the way; None: all anew."""
    notes: tuple[str, ...] = ()
    """Sentences for the user: what was changed to fit."""


def open_picture(data: bytes) -> Image.Image:
    """Return the first frame of a picture file, upright, RGB, what is transparent white.

    Raises:
        BadRecipe: It is no such file, not whole, or too large to be opened safely.
    """
    if len(data) > MOST_BYTES:
        raise BadRecipe(f"图片文件太大：最多 {MOST_BYTES // 1_000_000} MB")
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as file:
            _check_size(*file.size)
            return upright(file)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadRecipe(_too_large()) from error
    except DAMAGED as error:
        raise BadRecipe("图片打不开：要完整的 PNG、JPEG 或 WEBP") from error


def prepare(recipe: Recipe, images: Mapping[str, bytes], folder: Folder) -> Source | None:
    """Return what a recipe starts from, or None where it starts from noise alone.

    Sources whose size fits are read as diffusers' VaeImageProcessor reads them.

    Args:
        recipe: Names its source and mask.
        images: Their files, by SHA-256.
        folder: Of the model that draws.

    Raises:
        BadRecipe: A file is missing or not what was named, or the recipe contradicts itself.
    """
    if not recipe.source:
        if recipe.mask or recipe.expand:
            raise BadRecipe("没有原图：遮罩和扩画都要先有一张原图")
        return None
    if not 0 < recipe.strength <= 1:
        raise BadRecipe("重画强度要大于 0，最多 1")
    expand = recipe.expand or Expand()
    inner = _inner(recipe, expand)
    picture = open_picture(_file(recipe.source, images))
    image = _levels(picture.resize(inner, Image.Resampling.LANCZOS)) * 2 - 1  # (h, w, 3)
    mask, notes = None, ()
    if recipe.mask:
        drawn = open_picture(_file(recipe.mask, images)).convert("L")
        if drawn.size not in (picture.size, inner):
            notes = (f"遮罩 {_size(drawn.size)} 已缩放到 {_size(inner)}",)
        grey = _levels(drawn.resize(inner, Image.Resampling.NEAREST))
        mask = (grey >= HALF).astype(np.float32)  # (h, w)
    if any(_margins(expand)):
        image, mask = _expanded(image, mask, expand, folder.latent_px)
    return Source(
        image=torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))),
        mask=None if mask is None else torch.from_numpy(mask)[None],
        notes=notes,
    )


def latent_mask(mask: Tensor, folder: Folder) -> Tensor:
    """Return a mask (1, h, w) as large as the latent, (1, H, W), as diffusers' inpainting does."""
    size = (mask.shape[1] // folder.latent_px, mask.shape[2] // folder.latent_px)
    return functional.interpolate(mask[None], size=size)[0]


def paste(rgb: Tensor, source: Source) -> Tensor:
    """Return what was drawn, with what is kept of the source as it was, to the pixel.

    What is drawn anew fades in from its edge inwards, over SOFT_PX pixels; a line thinner than
    that is at its full strength in its middle. What is kept for a part of the way shows as much.

    Args:
        rgb: What was drawn, (h, w, 3), uint8 on the CPU.
        source: What it was drawn from.
    """
    if source.mask is None:
        return rgb
    drawn = (source.mask > 0).float()
    inside, depth = drawn, drawn  # (1, h, w): pixels from the edge, up to SOFT_PX
    for _ in range(SOFT_PX - 1):
        inside = -functional.max_pool2d(-inside, 3, stride=1, padding=1)
        depth = depth + inside
    around = 2 * SOFT_PX - 1
    deepest = functional.max_pool2d(depth, around, stride=1, padding=SOFT_PX - 1)
    share = (depth / deepest.clamp(min=1) * source.mask).permute(1, 2, 0)  # (h, w, 1)
    kept = (source.image.permute(1, 2, 0) + 1) * 127.5
    return (kept + share * (rgb - kept)).round().clamp(0, 255).to(torch.uint8)


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS or max(width, height) > MOST_SIDE:
        raise BadRecipe(f"{_too_large()}，这张是 {_size((width, height))}")


def _too_large() -> str:
    return f"图片太大：最多 {MOST_PIXELS // 10_000} 万像素，每边最多 {MOST_SIDE}"


def _file(name: str, images: Mapping[str, bytes]) -> bytes:
    """Return the file of this SHA-256, if it is there and is what it is said to be."""
    data = images.get(name)
    if data is None:
        raise BadRecipe(f"图片 {name[:8]} 不在了，请再发一次")
    if sha256(data).hexdigest() != name:
        raise BadRecipe(f"图片 {name[:8]} 的内容变了，请再发一次")
    return data


def _margins(expand: Expand) -> tuple[int, int, int, int]:
    return (expand.left, expand.up, expand.right, expand.down)


def _inner(recipe: Recipe, expand: Expand) -> tuple[int, int]:
    """Return width and height of the source within its margins."""
    left, up, right, down = _margins(expand)
    width, height = recipe.width - left - right, recipe.height - up - down
    if min(left, up, right, down) < 0:
        raise BadRecipe("扩画的边不能是负数")
    if min(width, height) <= 0:
        raise BadRecipe(f"扩画的边太宽：{_size((recipe.width, recipe.height))} 里放不下原图")
    return width, height


def _expanded(
    image: np.ndarray, mask: np.ndarray | None, expand: Expand, overlap: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the image (h, w, 3) with its margins filled, and the mask (h, w) of what is drawn.

    Margins are drawn, and a strip of the source beside them as wide as a latent: every latent that
    touches a margin is then drawn anew, wherever the margin ends, and so is the seam. From there
    inwards the source stays for more and more of the way, so that what is new grows out of it.
    """
    left, up, right, down = _margins(expand)
    filled = np.pad(
        image,
        ((up, down), (left, right), (0, 0)),
        mode=PAD_MODES[expand.edges],  # pyright: ignore[reportArgumentType, reportCallIssue]
    )
    height, width = image.shape[:2]
    rows, columns = _anew(up, height, down, overlap), _anew(left, width, right, overlap)
    anew = np.maximum(rows[:, None], columns[None, :])
    if mask is not None:
        anew = np.maximum(anew, np.pad(mask, ((up, down), (left, right))))
    return filled, anew


def _anew(before: int, length: int, after: int, latent_px: int) -> np.ndarray:
    """Return for how much of the way is drawn anew on one axis, (before + length + after,).

    All of it in margins and in the first latent beside them; from there it falls to none.
    """
    inwards, nowhere = np.arange(length, dtype=np.float32), np.full(length, np.inf, np.float32)
    to_margin = np.minimum(inwards if before else nowhere, inwards[::-1] if after else nowhere)
    blend_px = min(BLEND_LATENTS * latent_px, length // 2)
    fall = 1 - (to_margin - (latent_px - 1)) / (blend_px + 1)
    return np.pad(fall.clip(0, 1), (before, after), constant_values=1)


def _levels(picture: Image.Image) -> np.ndarray:
    """Return pixels, float32 from 0 to 1, as diffusers divides them."""
    return np.asarray(picture).astype(np.float32) / 255.0


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]}"
