"""A small network that tells what a picture shows; it learns from renders only.

Run: python -m generation.mini.judge --work FOLDER --minutes 50
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from generation.errors import BrokenModel
from generation.mini.autoencoder import pixels
from generation.mini.caption import BACKDROPS, TREATMENTS
from generation.mini.draw import chance, pick
from generation.mini.latent import trained_autoencoder
from generation.mini.noun import COLOURS, MOST, NOUNS
from generation.mini.picture import render
from generation.mini.scene import Scene, compose
from generation.training.checkpoint import load_state, save_state, write_whole

FILE = Path(__file__).with_name("judge.safetensors")
"""The trained judge that comes with the program."""

SIDE = 96
"""Pictures are looked at in this width and height, pixels."""

PLAIN, OWN, NONE = "素底", "本色", "原样"
"""No place and no colour behind it; the glyph's own colour; no style."""

ANSWERS: dict[str, tuple[str, ...]] = {
    "noun": tuple(NOUNS),
    "background": (PLAIN, *BACKDROPS, *(f"{colour}底" for colour in COLOURS)),
    "colour": (OWN, *COLOURS),
    "count": tuple(str(count) for count in range(1, MOST + 1)),
    "style": (NONE, *TREATMENTS),
}
"""What can be asked of a picture, and all answers."""

_SEED = 5
"""Data seed of the judge's scenes: no other training sees them."""

_STYLED = 0.45
_BATCH = 64
_FRESH = _BATCH // 4
"""Renders that are made anew for each step."""
_SAVE_S = 120.0
_POOL = 24_000
"""Renders that are kept and learned from again."""
_REBUILT, _REBUILT_SHARE = 1_200, 0.2
"""Renders that have been through the autoencoder, and how often one of them is looked at."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a picture shows."""

    nouns: tuple[str, ...]
    """The likeliest first; all of them."""
    background: str
    colour: str
    """Of the only kind of thing."""
    count: str
    style: str


def _conv(before: int, width: int, stride: int = 1) -> list[nn.Module]:
    conv = nn.Conv2d(before, width, 3, stride, 1, bias=False)
    return [conv, nn.BatchNorm2d(width), nn.ReLU(inplace=True)]


class Judge(nn.Module):
    """Looks at (B, 3, SIDE, SIDE) float32 from -1 to 1, and has a logit for each answer.

    What a thing is does not depend on where it is: its logits are found at each place, and the
    highest count. How many there are does.
    """

    def __init__(self) -> None:
        super().__init__()
        self.near = nn.Sequential(
            *_conv(3, 32, 2), *_conv(32, 48, 2), *_conv(48, 48), *_conv(48, 96, 2),
            *_conv(96, 96), *_conv(96, 96), *_conv(96, 160),
        )  # (B, 160, SIDE / 8, SIDE / 8)  # fmt: skip
        self.far = nn.Sequential(*_conv(160, 192, 2), *_conv(192, 192))
        nouns = len(ANSWERS["noun"])
        self.noun_near, self.noun_far = nn.Conv2d(160, nouns, 1), nn.Conv2d(192, nouns, 1)
        places = (SIDE // 16) ** 2
        self.where = nn.Sequential(
            nn.Conv2d(192, 32, 1), nn.ReLU(), nn.Flatten(), nn.Linear(32 * places, 128), nn.ReLU()
        )
        self.rest = nn.Sequential(nn.Dropout(0.1), nn.Linear(2 * (160 + 192), 256), nn.ReLU())
        self.heads = nn.ModuleDict(
            {
                question: nn.Linear(128 if question == "count" else 256, len(answers))
                for question, answers in ANSWERS.items()
                if question != "noun"
            }
        )

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        """Return the logits (B, answers) of each question."""
        near = self.near(pictures.to(memory_format=torch.channels_last))
        far = self.far(near)
        features = torch.cat([_summary(near), _summary(far)], dim=1)
        rest, where = self.rest(features), self.where(far)
        return {
            "noun": _highest(self.noun_near(near)) + _highest(self.noun_far(far)),
            **{q: head(where if q == "count" else rest) for q, head in self.heads.items()},
        }

    @torch.inference_mode()
    def verdicts(self, pictures: Sequence[Image.Image]) -> list[Verdict]:
        """Tell what pictures of any size show."""
        self.eval()
        told: list[Verdict] = []
        for start in range(0, len(pictures), _BATCH):
            some = pictures[start : start + _BATCH]
            logits = self(as_seen(np.stack([thumbnail(picture) for picture in some])))
            order = logits["noun"].argsort(dim=1, descending=True)
            best = {question: values.argmax(dim=1) for question, values in logits.items()}
            told += [
                Verdict(
                    nouns=tuple(ANSWERS["noun"][int(n)] for n in order[row]),
                    **{
                        question: ANSWERS[question][int(best[question][row])]
                        for question in ("background", "colour", "count", "style")
                    },
                )
                for row in range(len(some))
            ]
        return told


def _summary(features: Tensor) -> Tensor:
    """Mean and maximum over all places, (B, 2 C) of (B, C, H, W)."""
    return torch.cat([features.mean(dim=(2, 3)), features.amax(dim=(2, 3))], dim=1)


def _highest(logits: Tensor) -> Tensor:
    """Smooth maximum over all places, (B, C) of (B, C, H, W)."""
    return logits.float().flatten(2).logsumexp(dim=2)


def load(path: Path = FILE) -> Judge:
    """Return the trained judge.

    Raises:
        BrokenModel: It is not there.
    """
    if not path.is_file():
        raise BrokenModel(f"没有小分类器 {path.name}；请先用 make mini 训练它")
    judge = Judge()
    judge.load_state_dict(load_file(path))
    return judge.eval()


def thumbnail(picture: Image.Image) -> np.ndarray:
    """Give (SIDE, SIDE, 3) uint8; a picture that is not square is set on a grey one."""
    scale = SIDE / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    small = picture.convert("RGB").resize(size, Image.Resampling.BOX)
    page = Image.new("RGB", (SIDE, SIDE), (128, 128, 128))
    page.paste(small, ((SIDE - size[0]) // 2, (SIDE - size[1]) // 2))
    return np.asarray(page)


def as_seen(pictures: np.ndarray) -> Tensor:
    """Turn (B, SIDE, SIDE, 3) uint8 into what the judge looks at."""
    return torch.from_numpy(pictures.astype(np.float32) / 127.5 - 1.0).permute(0, 3, 1, 2)


@dataclass(frozen=True, slots=True)
class Truth:
    """The right answers for renders; -1 where a question has none."""

    nouns: np.ndarray
    """(B, nouns) float32, 1 for each that is there."""
    others: dict[str, np.ndarray]
    """(B,) int64 of each other question."""


def answers(scene: Scene, style: str | None) -> tuple[list[int], dict[str, int]]:
    """Give the nouns of a scene and the index of each other right answer."""
    alone = len(scene.things) == 1
    where = scene.backdrop or (f"{scene.wash}底" if scene.wash else PLAIN)
    right = {
        "background": ANSWERS["background"].index(where),
        "count": len(scene.places) - 1,
        "style": ANSWERS["style"].index(style or NONE),
        "colour": ANSWERS["colour"].index(scene.things[0].colour or OWN) if alone else -1,
    }
    if style in ("水墨", "剪纸", "素描", "赛博朋克"):  # these take the colours away
        right["colour"] = -1
        if scene.backdrop is None:
            right["background"] = -1
    return [ANSWERS["noun"].index(thing.noun) for thing in scene.things], right


class Renders:
    """A growing pool of small renders with their truth; later ones replace the oldest."""

    def __init__(self, seed: int, size: int, worn: Callable[[Image.Image], Image.Image]) -> None:
        self._seed, self._number, self._worn = seed, 0, worn
        self._added = 0
        self.pictures = np.zeros((size, SIDE, SIDE, 3), dtype=np.uint8)
        self.nouns = np.zeros((size, len(NOUNS)), dtype=np.float32)
        self.others = {
            question: np.full(size, -1, dtype=np.int64)
            for question in ANSWERS
            if question != "noun"
        }

    @property
    def full(self) -> int:
        """How many places are filled."""
        return min(self._added, len(self.pictures))

    def skip_to(self, number: int) -> None:
        """Go on with that scene, in an empty pool."""
        self._number = number - number % len(self.pictures)
        self._added = 0

    def add(self, many: int) -> None:
        """Render the next scenes."""
        for _ in range(many):
            number, at = self._number, self._number % len(self.pictures)
            rng = np.random.default_rng([self._seed, number, 7])
            scene = compose(self._seed, number)
            style = pick(rng, tuple(TREATMENTS)) if chance(rng, _STYLED) else None
            nouns, right = answers(scene, style)
            self.pictures[at] = thumbnail(self._worn(render(scene, style)))
            self.nouns[at] = 0.0
            self.nouns[at, nouns] = 1.0
            for question, answer in right.items():
                self.others[question][at] = answer
            self._number += 1
            self._added += 1

    def truth(self, chosen: np.ndarray) -> Truth:
        """Give the right answers of some."""
        return Truth(
            self.nouns[chosen],
            {question: values[chosen] for question, values in self.others.items()},
        )


def loss_of(logits: dict[str, Tensor], truth: Truth) -> Tensor:
    """Compare answers with the truth."""
    nouns = torch.from_numpy(truth.nouns)
    loss = functional.cross_entropy(logits["noun"], nouns / nouns.sum(dim=1, keepdim=True))
    for question, right in truth.others.items():
        wanted = torch.from_numpy(right)
        if bool((wanted >= 0).any()):
            loss = loss + functional.cross_entropy(logits[question], wanted, ignore_index=-1)
    return loss


def _worn(rng: Generator, pictures: np.ndarray) -> Tensor:
    """Give pictures as a drawing model might have left them: soft, off in colour, noisy."""
    seen = as_seen(pictures)
    if chance(rng, 0.6):
        width = float(rng.uniform(0.3, 1.1))
        taps = torch.exp(-(torch.arange(-2.0, 3.0) ** 2) / (2 * width**2))
        taps = (taps / taps.sum()).expand(3, 1, 1, 5)
        seen = functional.conv2d(seen, taps, padding=(0, 2), groups=3)
        seen = functional.conv2d(seen, taps.transpose(2, 3), padding=(2, 0), groups=3)
    gain = torch.from_numpy(rng.uniform(0.92, 1.08, (len(seen), 3, 1, 1)).astype(np.float32))
    level = torch.from_numpy(rng.uniform(0.0, 0.08, (len(seen), 1, 1, 1)).astype(np.float32))
    noise = torch.from_numpy(rng.standard_normal(seen.shape, dtype=np.float32))
    return seen * gain + level * noise


def _through(work: Path) -> Callable[[Image.Image], Image.Image]:
    """Give what the autoencoder of a work folder makes of a picture; as it is, if there is none."""
    if not (work / "autoencoder.pt").exists():
        return lambda picture: picture
    network: Any = trained_autoencoder(work)

    @torch.inference_mode()
    def rebuilt(picture: Image.Image) -> Image.Image:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            mean = network.encode(pixels(picture)[None], return_dict=False)[0].mean
            made = network.decode(mean, return_dict=False)[0][0].float()
        levels = ((made / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8)
        return Image.fromarray(levels.permute(1, 2, 0).contiguous().numpy())

    return rebuilt


def train(work: Path, minutes: float, seed: int = _SEED) -> Judge:
    """Train for a time, or go on; keep the state in the work folder."""
    torch.manual_seed(seed)
    judge = Judge().to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    optimizer = torch.optim.AdamW(judge.parameters(), lr=1e-3, weight_decay=0.02, fused=True)
    path, step, elapsed_s = work / "judge.pt", 0, 0.0
    renders = Renders(seed, _POOL, lambda picture: picture)
    rebuilt = Renders(seed + 100, _REBUILT, _through(work))
    rebuilt.add(_REBUILT)
    if (state := load_state(path)) is not None:
        judge.load_state_dict(state["judge"])
        optimizer.load_state_dict(state["optimizer"])
        step, elapsed_s = int(state["step"]), float(state["elapsed_s"])
        renders.skip_to(int(state["number"]))
    renders.add(4000)
    since = saved = time.monotonic()
    while elapsed_s < 60.0 * minutes:
        renders.add(_FRESH)  # each is learned from some eight times: to render takes longest
        rng = np.random.default_rng([seed, step, 9])
        left = min(1.0, 2.5 * max(0.02, 1.0 - elapsed_s / (60.0 * minutes)))
        rate = 1.2e-3 * left * min(1.0, (step + 1) / 200)
        pool = rebuilt if chance(rng, _REBUILT_SHARE) else renders
        loss = _learn(judge, optimizer, pool, rng, rate)
        step += 1
        now = time.monotonic()
        elapsed_s, since = elapsed_s + now - since, now
        if now - saved > _SAVE_S:
            _save(path, judge, optimizer, step=step, elapsed_s=elapsed_s, number=step * _FRESH)
            print(f"{elapsed_s / 60:.0f} min, step {step}, loss {loss.item():.3f}", flush=True)  # noqa: T201
            saved = now
    _save(path, judge, optimizer, step=step, elapsed_s=elapsed_s, number=step * _FRESH)
    return judge


def _learn(
    judge: Judge, optimizer: torch.optim.Optimizer, pool: Renders, rng: Generator, rate: float
) -> Tensor:
    """Learn from one batch out of a pool; return its loss."""
    for group in optimizer.param_groups:
        group["lr"] = rate
    chosen = rng.integers(pool.full, size=_BATCH)
    judge.train()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = judge(_worn(rng, pool.pictures[chosen]))
    loss = loss_of({k: v.float() for k, v in logits.items()}, pool.truth(chosen))
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(judge.parameters(), 1.0)
    optimizer.step()
    return loss


def _save(path: Path, judge: Judge, optimizer: torch.optim.Optimizer, **numbers: float) -> None:
    state = {"judge": judge.state_dict(), "optimizer": optimizer.state_dict(), **numbers}
    save_state(path, state)


def main() -> None:
    """Read the command line, train and export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=50.0)
    parser.add_argument("--to", type=Path, default=FILE)
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    judge = train(given.work, given.minutes)
    tensors = {name: value.contiguous() for name, value in judge.half().state_dict().items()}
    write_whole(given.to, lambda beside: save_file(tensors, beside))


if __name__ == "__main__":
    main()
