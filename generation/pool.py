"""Where canvases of one shape keep their state between steps, each at a place that stays its own.

A step gathers the places of those whose turn it is and writes back to them. So a canvas that
pauses costs nothing, and the addresses that a captured graph has learned stay right.
"""

from dataclasses import dataclass
from itertools import count

import torch
from torch import Tensor

from generation.plan import Column

SIDES = 2
"""Contexts of a canvas: what is to be avoided, and the prompt."""
FEWEST = 4
"""Places of a new pool; it doubles when they are taken."""
_ids = count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What a canvas brings to its place; latents (C, H, W), float32 on the pool's device."""

    x: Tensor
    """First noisy latent."""
    context: Tensor
    """What it avoids and what it is drawn after, (SIDES, N, D)."""
    numbers: Tensor
    """Of its plan, (T, len(Column))."""
    fresh: Tensor
    """Noise to be added after each call, (T, C, H, W); (0, C, H, W) if none is."""
    kept: Tensor | None = None
    """Clean latent of the source."""
    kept_noise: Tensor | None = None
    """Noise that brings it to any level."""
    mask: Tensor | None = None
    """For how much of the way, from its end, it is drawn anew, (1, H, W); None: all, everywhere."""
    extra: Tensor | None = None
    """Further channels that the network is shown, (E, H, W)."""


class Pool:
    """State of canvases, a place each."""

    x: Tensor
    """Noisy latents, (P, C, H, W)."""
    x_before: Tensor
    """Those of the call before."""
    clean: Tensor
    """What the network last made of them."""
    numbers: Tensor
    """(P, T, len(Column))."""
    call: Tensor
    """Which row of its numbers is next, (P,) int64."""
    context: Tensor
    """(P, SIDES, N, D)."""
    fresh: Tensor
    """(P, T, C, H, W); T is 0 while nobody wants any."""
    kept: Tensor
    kept_noise: Tensor
    mask: Tensor
    """(P, 1, H, W), 1 where all is drawn anew."""
    extra: Tensor
    """(P, E, H, W)."""
    deep: Tensor
    """Deep features of each side, (P, SIDES, …); empty until a fast canvas has some."""

    def __init__(self, start: Start) -> None:
        """Make a pool for canvases that are like this one in shape and device."""
        latent, device = start.x.shape, start.x.device
        extra = 0 if start.extra is None else start.extra.shape[0]
        self.id = next(_ids)
        """Its own for ever: graphs are kept by it."""
        self.epoch = 0
        """Rises when a tensor is remade; graphs captured before are void."""
        sizes = {
            "x": latent,
            "x_before": latent,
            "clean": latent,
            "numbers": (len(start.numbers), len(Column)),
            "context": start.context.shape,
            "fresh": (0, *latent),
            "kept": latent,
            "kept_noise": latent,
            "mask": (1, *latent[1:]),
            "extra": (extra, *latent[1:]),
            "deep": (SIDES, 0),
        }
        for name, size in sizes.items():
            setattr(self, name, torch.zeros(FEWEST, *size, device=device))
        self.call = torch.zeros(FEWEST, dtype=torch.int64, device=device)
        self._names = (*sizes, "call")
        self._free = list(range(FEWEST))[::-1]

    @property
    def taken(self) -> int:
        """Places that are somebody's."""
        return len(self.x) - len(self._free)

    def seat(self, start: Start) -> int:
        """Put a canvas at a free place, and return it."""
        if not self._free:
            places = len(self.x)
            self._free = list(range(places, 2 * places))[::-1]
            for name in self._names:
                self._remake(name, 0, 2 * places)
        self._lengthen("numbers", len(start.numbers))
        self._lengthen("fresh", len(start.fresh))
        place = self._free.pop()
        self.x[place] = start.x
        for name in ("x_before", "clean", "call"):  # what another left may not be a number
            getattr(self, name)[place] = 0
        self.context[place] = start.context
        self.numbers[place, : len(start.numbers)] = start.numbers.to(self.x.device)
        self.fresh[place, : len(start.fresh)] = start.fresh
        self.mask[place] = 1.0 if start.mask is None else start.mask
        for name in ("kept", "kept_noise", "extra"):
            value = getattr(start, name)
            getattr(self, name)[place] = 0.0 if value is None else value
        return place

    def leave(self, place: int) -> None:
        """Give a place back."""
        self._free.append(place)

    def keep_deep(self, channels: int, dtype: torch.dtype) -> None:
        """Make room for deep features, as high and wide as the latents."""
        size = (len(self.x), SIDES, channels, *self.x.shape[2:])
        if self.deep.shape != size:
            self.deep = self.x.new_zeros(size, dtype=dtype)
            self.epoch += 1

    def _lengthen(self, name: str, least: int) -> None:
        """Make room for that many calls; by doubling, so that it happens seldom."""
        now = getattr(self, name).shape[1]
        if now < least:
            self._remake(name, 1, max(least, 2 * now))

    def _remake(self, name: str, dim: int, size: int) -> None:
        old: Tensor = getattr(self, name)
        shape = list(old.shape)
        shape[dim] = size
        new = old.new_zeros(shape)
        new.narrow(dim, 0, old.shape[dim]).copy_(old)
        setattr(self, name, new)
        self.epoch += 1
