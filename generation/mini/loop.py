"""Training of the denoiser and its text encoder: resumes, averages, keeps to its plan.

All that is random in step n comes from (seed, n), so a resumed training goes on as if it had
never stopped.
"""

import csv
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers.models.attention_processor import AttnProcessor
from torch import Tensor, nn

from generation.mini.latent import Shelves
from generation.mini.network import SCHEDULER, new_denoiser, new_text_encoder
from generation.mini.shared import Shares
from generation.training.checkpoint import load_state, save_state

_NOTED = 100
"""Steps in one line of the CSV."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the model is trained."""

    work: Path
    """Folder of the latents, the checkpoint and the losses."""
    steps: int
    """Steps in all; the rate falls to zero towards their end."""
    batch: int = 32
    rate: float = 8e-4
    text_rate: float = 1.5
    """How many times faster the text encoder learns."""
    warm_up: int = 300
    """Steps over which the rate rises."""
    fall: float = 0.35
    """Share of the steps over which the rate falls."""
    drop: float = 0.1
    """Share of captions left empty, for guidance."""
    noisier: float = 0.5
    """Power of the uniform lot that a timestep is drawn by; below one, noisy ones come more often:
    they decide what shape a thing has, and weights by signal-to-noise left it a blot."""
    average: float = 0.999
    """How much of the averaged weights stays at each step."""
    easy_from: float = 0.8
    """Share of easy scenes drawn on top at the start; falls to easy_to in a quarter of all."""
    easy_to: float = 0.25
    seed: int = 3
    save_s: float = 180.0
    channels: tuple[int, ...] = (32, 64, 128, 160)
    threads: int = 2
    """Threads that share each batch."""


@dataclass(frozen=True, slots=True)
class Noise:
    """The forward process: x_t = signal[t] x_0 + spread[t] noise."""

    signal: Tensor
    spread: Tensor

    @classmethod
    def of_schedule(cls) -> "Noise":
        """Take the schedule of the exported model."""
        start, end = SCHEDULER["beta_start"] ** 0.5, SCHEDULER["beta_end"] ** 0.5
        beta = torch.linspace(start, end, SCHEDULER["num_train_timesteps"]) ** 2
        kept = torch.cumprod(1.0 - beta, dim=0)
        return cls(kept.sqrt(), (1.0 - kept).sqrt())


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one step learns from."""

    noisy: Tensor
    """(B, C, H, W)."""
    wanted: Tensor
    """The v that the denoiser should guess, (B, C, H, W)."""
    t: Tensor
    """Timesteps (B,) int64."""
    tokens: Tensor
    """(B, TOKENS) int64; their features are (B, TOKENS, WIDTH)."""

    def share(self, index: int, workers: int) -> "Batch":
        """Take every `workers`-th sample from `index` on."""
        part = slice(index, None, workers)
        return Batch(
            noisy=self.noisy[part],
            wanted=self.wanted[part],
            t=self.t[part],
            tokens=self.tokens[part],
        )


class Training:
    """One training run, between its checkpoints."""

    def __init__(self, plan: Plan, shelves: Shelves, scale: float, empty: Tensor) -> None:
        torch.manual_seed(plan.seed)
        self._plan = plan
        self.shelves = shelves
        self._scale = scale
        self._empty = empty
        self._shares = Shares(plan.threads)
        self._noise = Noise.of_schedule()
        self.networks = nn.ModuleDict(
            {"text_encoder": new_text_encoder(), "denoiser": new_denoiser(plan.channels)}
        )
        text_encoder, denoiser = self.networks["text_encoder"], self.networks["denoiser"]
        # on a CPU, going back through the fused attention takes a quarter of a whole step
        denoiser.set_attn_processor(AttnProcessor())  # pyright: ignore[reportCallIssue]
        self._optimizer = torch.optim.AdamW(
            [
                {"params": list(text_encoder.parameters()), "scale": plan.text_rate},
                {"params": list(denoiser.parameters()), "scale": 1.0},
            ],
            lr=plan.rate,
            betas=(0.9, 0.99),
            weight_decay=0.01,
            fused=True,
        )
        self.averaged = {k: v.detach().clone() for k, v in self.networks.state_dict().items()}
        self.step_number = 0
        self.samples = 0
        self.elapsed_s = 0.0
        self._denoise = denoiser

    @property
    def progress(self) -> float:
        """Share of the plan that is done, from 0 to 1."""
        return self.step_number / self._plan.steps

    def state(self) -> dict[str, Any]:
        """Give all that a resumed training needs."""
        return {
            "networks": self.networks.state_dict(),
            "averaged": self.averaged,
            "optimizer": self._optimizer.state_dict(),
            "step": self.step_number,
            "samples": self.samples,
            "elapsed_s": self.elapsed_s,
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.networks.load_state_dict(state["networks"])
        self.averaged = dict(state["averaged"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.step_number, self.samples = int(state["step"]), int(state["samples"])
        self.elapsed_s = float(state["elapsed_s"])

    def step(self) -> float:
        """Learn from one batch; return its loss."""
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate() * group["scale"]
        batch = self._batch()
        parameters = list(self.networks.parameters())
        workers = self._shares.workers
        plain = self._shares.learn(parameters, lambda i: self._loss(batch.share(i, workers)))
        nn.utils.clip_grad_norm_(parameters, 1.0)
        self._optimizer.step()
        self.step_number += 1
        self.samples += self._plan.batch
        self._follow()
        return plain

    def _rate(self) -> float:
        rise = min(1.0, (self.step_number + 1) / self._plan.warm_up)
        left = max(0.0, 1.0 - self.progress) / self._plan.fall
        return self._plan.rate * rise * min(1.0, left)

    def _batch(self) -> "Batch":
        plan = self._plan
        rng = np.random.default_rng([plan.seed, self.step_number])
        torch_rng = torch.Generator().manual_seed(plan.seed * 10_000_019 + self.step_number)
        turn = min(1.0, 4.0 * self.progress)
        easy = plan.easy_from + (plan.easy_to - plan.easy_from) * turn
        clean, tokens = self.shelves.pick(rng, plan.batch, easy)
        clean = clean * self._scale
        dropped = torch.from_numpy(rng.random(plan.batch) < plan.drop)
        tokens = torch.where(dropped[:, None], self._empty, tokens)
        # One timestep from each of B equal parts of the schedule: less noisy than B free draws.
        parts = (np.arange(plan.batch) + rng.random(plan.batch)) / plan.batch
        t = torch.from_numpy((parts**plan.noisier * len(self._noise.signal)).astype(np.int64))
        noise = torch.randn(clean.shape, generator=torch_rng)  # (B, C, H, W)
        signal, spread = self._noise.signal[t], self._noise.spread[t]
        signal4, spread4 = signal[:, None, None, None], spread[:, None, None, None]
        return Batch(
            noisy=signal4 * clean + spread4 * noise,
            wanted=signal4 * noise - spread4 * clean,
            t=t,
            tokens=tokens,
        )

    def _loss(self, batch: "Batch") -> tuple[Tensor, float]:
        # Autocast keeps one cache of cast weights for all threads: off.
        with torch.autocast("cpu", dtype=torch.bfloat16, cache_enabled=False):
            text = self.networks["text_encoder"](batch.tokens).last_hidden_state
            guess = self._denoise(
                batch.noisy, batch.t, encoder_hidden_states=text, return_dict=False
            )[0]
        loss = ((guess.float() - batch.wanted) ** 2).mean()
        return loss, float(loss.detach())

    @torch.no_grad()
    def _follow(self) -> None:
        keep = min(self._plan.average, (1 + self.step_number) / (10 + self.step_number))
        now = self.networks.state_dict()
        names = [name for name, value in now.items() if value.is_floating_point()]
        torch._foreach_lerp_(  # pyright: ignore
            [self.averaged[name] for name in names], [now[name] for name in names], 1.0 - keep
        )


def train(training: Training, plan: Plan, tell: Callable[[Training], None]) -> None:
    """Step until the plan is done; save now and then, and call `tell` after each save."""
    path = plan.work / "diffusion.pt"
    state = load_state(path)
    if state is not None:
        training.resume(state)
    losses: list[float] = []
    since = saved = time.monotonic()
    while training.progress < 1.0:
        losses.append(training.step())
        now = time.monotonic()
        training.elapsed_s += now - since
        since = now
        if len(losses) == _NOTED:
            _note(plan.work / "diffusion.csv", training, sum(losses) / len(losses))
            losses.clear()
        if now - saved > plan.save_s:
            save_state(path, training.state())
            tell(training)
            saved = time.monotonic()
    save_state(path, training.state())
    tell(training)


def _note(path: Path, training: Training, loss: float) -> None:
    with path.open("a", newline="") as file:
        row = (training.step_number, training.samples, f"{training.elapsed_s:.0f}", f"{loss:.5f}")
        csv.writer(file).writerow(row)
