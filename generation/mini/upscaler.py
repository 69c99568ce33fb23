"""Training of the super-resolution network: a picture four times as large, sharper than its VAE's.

Run: python -m generation.mini.upscaler --work FOLDER --minutes 20

Half of the pictures are renders of the embedded model's own size, which have been through the
autoencoder, if FOLDER holds one, so that the network sharpens what that softens; they become what
is painted four times as large, with the edges of its glyphs made sharp. The others are renders
with small glyphs, made smaller and worse, and become what they were.

All that is random in a picture comes from its number. A training that was stopped goes on where
it was; one that has had its minutes only exports again.

Source: Wang et al. 2021, Real-ESRGAN, arXiv:2107.10833, for pictures made worse at random;
SRVGGNetCompact of its code, for the network. No adversary: drawn shapes have true edges to learn.
"""

import argparse
import csv
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.random import Generator
from PIL import Image, ImageFilter
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from generation.mini import UPSCALER
from generation.mini.autoencoder import pixels, rebuilding_loss
from generation.mini.backdrop import paint_backdrop
from generation.mini.caption import TREATMENTS
from generation.mini.draw import chance, pick
from generation.mini.glyph import glyph
from generation.mini.latent import trained_autoencoder
from generation.mini.picture import render
from generation.mini.scene import Scene, compose
from generation.mini.shared import Shares
from generation.training.checkpoint import load_state, save_state, write_whole

SCALE = 4
"""Twice as large is four times, reduced: one network of 0.2 MB does for both."""
SIDE = 256
"""Of the pictures that the embedded model draws, pixels."""
CROP = 128
"""Of what is cut out of what is wanted."""
CROPS = 16
"""Of one picture."""
GLYPH_PX = 104
"""Largest side of a glyph as it is: its font has 109 pixels, beyond which it has no sharp edges."""
ENOUGH = 1.5
"""How much larger a sharp glyph may be made with its edges still sharp."""

_SEED, _HELD_SEED = 4, 5
"""Data seeds of what is learnt from, and of what it is judged by."""
_STYLED = 0.4
_LARGE = 0.5
_NOISY, _PACKED = 0.2, 0.25
"""Shares of pictures: treated by a style; drawn large; with noise; through JPEG."""
_OPAQUE = 250
"""Alpha from which a colour is that of the glyph alone."""
_REDUCED = (Image.Resampling.BOX, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC)


_SLOPE = 0.25
"""Of PReLU below zero, where it begins."""
_EDGES = 4.0
"""What the first filters are multiplied by: differences between pixels are small."""


class Compact(nn.Module):
    """SRVGGNetCompact: all convolutions at the small size, then pixels shuffled to the large one.

    What it adds to the picture repeated is learnt. The names of its weights are those by which
    programs that enlarge pictures know it.
    """

    def __init__(self, features: int = 32, layers: int = 8, scale: int = SCALE) -> None:
        super().__init__()
        self._scale = scale
        parts: list[Any] = []
        for channels in (3, *[features] * layers):
            parts += [nn.Conv2d(channels, features, 3, 1, 1), nn.PReLU(features)]
            nn.init.kaiming_normal_(parts[-2].weight, a=_SLOPE)
            nn.init.zeros_(parts[-2].bias)
        with torch.no_grad():
            # where a picture is even there is nothing to add: with what each filter sees of
            # evenness left in, nothing was learnt in a thousand steps
            first = parts[0].weight
            first -= first.mean(dim=(2, 3), keepdim=True)
            first *= _EDGES
        last = nn.Conv2d(features, 3 * scale**2, 3, 1, 1)
        for value in last.parameters():
            nn.init.zeros_(value)  # it begins as the picture repeated
        self.body = nn.ModuleList([*parts, last])

    def forward(self, low: Tensor) -> Tensor:
        """Return pictures (B, 3, h · scale, w · scale) of (B, 3, h, w), both from 0 to 1."""
        learnt = low
        for part in self.body:
            learnt = part(learnt)
        repeated = functional.interpolate(low, scale_factor=self._scale, mode="nearest")
        return functional.pixel_shuffle(learnt, self._scale) + repeated


def pairs(
    seed: int, number: int, softener: AutoencoderKL | None = None
) -> list[tuple[Tensor, Tensor]]:
    """Return crops of one small picture, and what each should become.

    The same number gives the same.

    Returns:
        CROPS pairs of (3, CROP / SCALE, CROP / SCALE) and (3, CROP, CROP), all from 0 to 1.
    """
    scene = compose(seed, number)
    rng = np.random.default_rng([seed, number, 1])
    if chance(rng, _LARGE):
        low, high = _drawn_large(scene)
        low = low if softener is None else _softened(softener, low)
    else:
        high = render(crisp(scene), pick(rng, tuple(TREATMENTS)) if chance(rng, _STYLED) else None)
        low = _worsened(rng, high)
    lows, highs = ((pixels(page) + 1) / 2 for page in (low, high))
    part = CROP // SCALE
    found: list[tuple[Tensor, Tensor]] = []
    for _ in range(CROPS):
        place = scene.places[int(rng.integers(len(scene.places)))]
        x, y = (_corner(rng, share, low.width) for share in (place.x, place.y))
        wanted = highs[:, SCALE * y : SCALE * y + CROP, SCALE * x : SCALE * x + CROP]
        found.append((lows[:, y : y + part, x : x + part], wanted))
    return found


def crisp(scene: Scene) -> Scene:
    """Return a scene as a square whose glyphs are no larger than they are sharp."""
    most = GLYPH_PX / SIDE
    places = tuple(replace(place, size=min(place.size, most)) for place in scene.places)
    return replace(scene, width=SIDE, height=SIDE, places=places)


def _drawn_large(scene: Scene) -> tuple[Image.Image, Image.Image]:
    """Paint a scene as a square of SIDE, as it is rendered, and SCALE times as large, sharply."""
    side = SIDE * SCALE
    rng = np.random.default_rng(scene.grain)
    soft = paint_backdrop(rng, side, side, scene.backdrop, scene.wash)
    sharp = soft.copy()
    for place in scene.places:
        figure = glyph(place.noun, place.colour)
        scale = place.size * side / max(figure.size)
        size = (round(figure.width * scale), round(figure.height * scale))
        corner = round(place.x * side - size[0] / 2), round(place.y * side - size[1] / 2)
        for page, drawn in ((soft, figure), (sharp, sharpened(figure, max(size)))):
            large = drawn.resize(size, Image.Resampling.BICUBIC)
            if place.mirrored:
                large = large.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            page.paste(large, corner, large)
    return soft.resize((SIDE, SIDE), Image.Resampling.BOX), sharp


def sharpened(figure: Image.Image, most_px: int) -> Image.Image:
    """Return a glyph, RGBA, twice as large again and again up to a size, with sharp edges.

    Each time its edges are rounded, and then every pixel goes to the darkest or the lightest beside
    it, whichever side of an edge it is on. Source: Osher and Rudin 1990, Feature-oriented image
    enhancement using shock filters, doi:10.1137/0727053.
    """
    page = _coloured_around(figure)
    while ENOUGH * max(page.size) < most_px:
        page = page.resize((2 * page.width, 2 * page.height), Image.Resampling.BICUBIC)
        page = page.filter(ImageFilter.GaussianBlur(1.2))
        for _ in range(3):
            around = np.asarray(page.filter(ImageFilter.GaussianBlur(2.0)))
            light, dark = (
                np.asarray(page.filter(kind(3)))
                for kind in (ImageFilter.MaxFilter, ImageFilter.MinFilter)
            )
            page = Image.fromarray(np.where(np.asarray(page) > around, light, dark), "CMYK")
    page = page.filter(ImageFilter.GaussianBlur(0.8))  # else the edges are stairs
    return Image.fromarray(np.asarray(page), "RGBA")


def _coloured_around(figure: Image.Image) -> Image.Image:
    """Return a glyph whose colours go on where it is clear, in a mode of four plain channels.

    Else black would come in from where nothing is.
    """
    own = np.asarray(figure, dtype=np.float32)
    alpha = own[..., 3:]
    held = np.concatenate((own[..., :3] * alpha / 255.0, alpha), axis=2)
    blurred = Image.fromarray(held.round().astype(np.uint8), "CMYK").filter(
        ImageFilter.GaussianBlur(3)
    )
    near = np.asarray(blurred, dtype=np.float32)
    around = np.clip(near[..., :3] * 255.0 / np.maximum(near[..., 3:], 1.0), 0, 255)
    colour = np.where(alpha < _OPAQUE, around, own[..., :3])
    page = np.concatenate((colour, alpha), axis=2)
    return Image.fromarray(page.round().astype(np.uint8), "CMYK")


def _worsened(rng: Generator, page: Image.Image) -> Image.Image:
    """Make a picture small as others might: softly or sharply, at times with noise or packed."""
    blur = SCALE * max(0.0, float(rng.uniform(-0.4, 1.0)))
    kind = _REDUCED[int(rng.integers(len(_REDUCED)))]
    side = SIDE // SCALE
    low = page.filter(ImageFilter.GaussianBlur(blur)).resize((side, side), kind)
    if chance(rng, _NOISY):
        values = np.asarray(low) + rng.normal(0, rng.uniform(1, 5), (side, side, 3))
        low = Image.fromarray(np.clip(values.round(), 0, 255).astype(np.uint8))
    if chance(rng, _PACKED):
        file = BytesIO()
        low.save(file, "JPEG", quality=int(rng.integers(60, 96)))
        low = Image.open(file).convert("RGB")
    return low


@torch.no_grad()
def _softened(network: Any, low: Image.Image) -> Image.Image:
    mean = network.encode(pixels(low)[None], return_dict=False)[0].mean
    rebuilt = network.decode(mean, return_dict=False)[0][0]
    levels = ((rebuilt / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8)
    return Image.fromarray(levels.permute(1, 2, 0).contiguous().numpy())


def _corner(rng: Generator, share: float, side: int) -> int:
    """Choose where a crop begins, in small pixels, with what stands at this share in or near it."""
    part = CROP // SCALE
    spread = max(part, side // 2) * 0.6
    middle = share * side + float(rng.uniform(-spread, spread))
    return int(min(max(0, round(middle - part / 2)), side - part))


class Crops:
    """The crops of pictures one after the other, and what each should become."""

    def __init__(self, seed: int, softener: AutoencoderKL | None) -> None:
        self._seed, self._softener = seed, softener
        self._held = deque[list[tuple[Tensor, Tensor]]]()

    def hold(self, numbers: Iterable[int]) -> None:
        """Make the crops of pictures, bytes to save room."""
        for number in numbers:
            made = pairs(self._seed, number, self._softener)
            self._held.append([(_bytes(low), _bytes(high)) for low, high in made])

    def forget(self, most: int) -> None:
        """Keep only so many pictures, the latest."""
        while len(self._held) > most:
            self._held.popleft()

    def picked(self, rng: Generator, batch: int) -> tuple[Tensor, Tensor]:
        """Return crops of any pictures, (batch, 3, h, w) small and large, from 0 to 1."""
        chosen = [
            self._held[int(rng.integers(len(self._held)))][int(rng.integers(CROPS))]
            for _ in range(batch)
        ]
        return _stacked(chosen)

    def all(self) -> tuple[Tensor, Tensor]:
        """Return every crop."""
        return _stacked([pair for made in self._held for pair in made])


def _bytes(picture: Tensor) -> Tensor:
    return (picture * 255).round().to(torch.uint8)


def _stacked(chosen: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    lows, highs = zip(*chosen, strict=True)
    return torch.stack(lows).float() / 255, torch.stack(highs).float() / 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the network is trained."""

    work: Path
    """Folder of the checkpoint, the losses and, if there is one, the autoencoder."""
    minutes: float
    features: int = 32
    layers: int = 8
    batch: int = 16
    """Crops."""
    begun_with: int = 32
    """Pictures whose crops are learnt from at first."""
    steps_each: int = 8
    """Steps from one picture more to the next: to make one takes longer than to learn from it."""
    most: int = 600
    """Pictures whose crops are held; the oldest go."""
    held: int = 16
    """Pictures that it is judged by."""
    rate: float = 2e-3
    save_s: float = 60.0
    threads: int = 2


class Training:
    """One training of the network; its rate falls to zero over the last half."""

    def __init__(self, plan: Plan) -> None:
        torch.manual_seed(_SEED)
        self._plan = plan
        self._shares = Shares(plan.threads)
        self.network = Compact(plan.features, plan.layers)
        self._trained = list(self.network.parameters())
        self._optimizer = torch.optim.AdamW(
            self._trained, lr=plan.rate, betas=(0.9, 0.99), weight_decay=0.0, fused=True
        )
        self.number, self.step_number, self.elapsed_s = 0, 0, 0.0
        self._losses: list[float] = []
        self._softener = None
        if (plan.work / "autoencoder.pt").exists():
            self._softener = trained_autoencoder(plan.work)
        state = load_state(plan.work / "upscaler.pt")
        if state is not None:
            self.network.load_state_dict(state["network"])
            self._optimizer.load_state_dict(state["optimizer"])
            self.number, self.step_number = int(state["number"]), int(state["step"])
            self.elapsed_s = float(state["elapsed_s"])
        held = Crops(_HELD_SEED, self._softener)
        held.hold(range(plan.held))
        self._judged_by = held.all()
        self._crops = Crops(_SEED, self._softener)
        self._crops.hold(range(max(0, self.number - plan.most), self.number))

    @property
    def gone(self) -> float:
        """Share of the time that is over, 0 to 1 and more."""
        return self.elapsed_s / (60.0 * self._plan.minutes)

    def step(self) -> None:
        """Learn from one batch."""
        plan = self._plan
        left = min(1.0, max(0.0, (1.0 - self.gone) / 0.5))
        for group in self._optimizer.param_groups:
            group["lr"] = plan.rate * left * min(1.0, (self.step_number + 1) / 50)
        self._grow()
        rng = np.random.default_rng([_SEED, self.step_number, 2])
        shares = self._shares.workers
        batches = [self._crops.picked(rng, plan.batch // shares) for _ in range(shares)]
        loss = self._shares.learn(self._trained, lambda i: self._loss(*batches[i]))
        self._losses.append(loss)
        nn.utils.clip_grad_norm_(self._trained, 1.0)
        self._optimizer.step()
        self.step_number += 1

    @torch.no_grad()
    def judge(self) -> tuple[float, float]:
        """Return the loss on pictures never learnt from, and that of bicubic enlargement."""
        low, wanted = self._judged_by
        bicubic = functional.interpolate(low, scale_factor=SCALE, mode="bicubic").clamp(0, 1)
        own = self.network(low).clamp(0, 1)
        return float(rebuilding_loss(own, wanted)), float(rebuilding_loss(bicubic, wanted))

    def save(self) -> None:
        """Keep the state, and note the losses since the last time."""
        state = {
            "network": self.network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "number": self.number,
            "step": self.step_number,
            "elapsed_s": self.elapsed_s,
        }
        save_state(self._plan.work / "upscaler.pt", state)
        mean = sum(self._losses) / max(1, len(self._losses))
        self._losses.clear()
        own, bicubic = self.judge()
        with (self._plan.work / "upscaler.csv").open("a", newline="") as file:
            row = (self.number, f"{mean:.5f}", f"{own:.5f}", f"{bicubic:.5f}")
            csv.writer(file).writerow(row)

    def _grow(self) -> None:
        """Hold as many pictures as this step should have."""
        plan = self._plan
        wanted = plan.begun_with + self.step_number // plan.steps_each
        self._crops.hold(range(self.number, wanted))
        self.number = wanted
        self._crops.forget(plan.most)

    def _loss(self, low: Tensor, wanted: Tensor) -> tuple[Tensor, float]:
        loss = rebuilding_loss(self.network(low), wanted)
        return loss, float(loss.detach())


def train(training: Training, plan: Plan) -> None:
    """Train for what is left of the time, and save."""
    saved = before = time.monotonic()
    while training.gone < 1:
        training.step()
        now = time.monotonic()
        training.elapsed_s += now - before
        before = now
        if now - saved > plan.save_s:
            training.save()
            saved = now
    training.save()


def export(network: Compact, path: Path, **facts: object) -> None:
    """Write a network in half precision, with the metadata of its making."""
    tensors = {name: value.half().contiguous() for name, value in network.state_dict().items()}
    metadata = {
        "format": "pt",
        "modelspec.architecture": "compact",
        "modelspec.title": "Danqing mini upscaler",
        "scale": str(SCALE),
        **{name: str(value) for name, value in facts.items()},
    }
    write_whole(path, lambda beside: save_file(tensors, beside, metadata=metadata))


def main() -> None:
    """Read the command line, train and export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--to", type=Path, default=UPSCALER)
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    plan = Plan(work=given.work, minutes=given.minutes, threads=given.threads)
    training = Training(plan)
    train(training, plan)
    own, bicubic = training.judge()
    export(
        training.network, given.to, pictures=training.number, steps=training.step_number,
        seed=_SEED, loss=f"{own:.5f}", bicubic_loss=f"{bicubic:.5f}",
    )  # fmt: skip


if __name__ == "__main__":
    main()
