"""What each step learns from, decided by the seed and the number of the step alone."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from generation.kept import Kept
from generation.training.bucket import Bucket, assign, batches
from generation.training.cache import Cache
from generation.training.dataset import Dataset

KEPT_BYTES = 1 << 30
"""Of latents in memory; those of 512×512 pixels take 128 KiB each."""
RARE = 1 << 16
"""Parts that chance is divided into."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some pictures of one size."""

    clean: Tensor
    """Latents (B, C, H, W), in the UNet's scale, float32 on the CPU."""
    captions: tuple[str, ...]
    noise: Tensor
    """(B, C, H, W)."""
    t: Tensor
    """Ticks of the model's clock, (B,)."""


def derived(seed: int, purpose: str, number: int) -> int:
    """Return a seed for one purpose and one number, of 63 bits."""
    words = f"{seed}/{purpose}/{number}".encode()
    return int.from_bytes(hashlib.blake2b(words, digest_size=8).digest(), "big") >> 1


def generator(seed: int, purpose: str, number: int) -> torch.Generator:
    """Return a fresh generator for one purpose and one number, on the CPU."""
    return torch.Generator().manual_seed(derived(seed, purpose, number))


class Feed:
    """Batches of one set of pictures, without end."""

    def __init__(  # noqa: PLR0913  each decides what is drawn
        self,
        data: Dataset,
        cache: Cache,
        sizes: Sequence[Bucket],
        *,
        batch: int,
        seed: int,
        scale: float,
        flips: bool,
        purpose: str,
    ) -> None:
        """Begin.

        Args:
            data: The pictures.
            cache: Their latents.
            sizes: To learn at.
            batch: Pictures in a batch.
            seed: Of the training.
            scale: What latents are multiplied by for the UNet.
            flips: Whether half of the pictures are seen mirrored.
            purpose: Tells two feeds of one training apart.
        """
        self._samples, self._cache = data.samples, cache
        self._buckets = [assign(sample.width, sample.height, sizes) for sample in data.samples]
        self._batch, self._seed, self._scale = batch, seed, scale
        self._flips, self._purpose = flips, purpose
        self._kept: Kept[tuple[Tensor, Tensor]] = Kept(KEPT_BYTES)
        self._epoch = lru_cache(maxsize=2)(self._order)
        self.batches = len(self._epoch(0))
        """In an epoch."""

    @property
    def shapes(self) -> Mapping[tuple[int, int], int]:
        """How many pictures there are of each width and height, pixels."""
        found: dict[tuple[int, int], int] = {}
        for bucket in sorted(self._buckets):
            size = (bucket.width, bucket.height)
            found[size] = found.get(size, 0) + 1
        return found

    @property
    def largest(self) -> Bucket:
        """The size of most pixels."""
        return max(self._buckets, key=lambda bucket: bucket.width * bucket.height)

    def prepare(self, tell: Callable[[int, int], object]) -> None:
        """Encode all pictures that are not in the cache; `tell` how many of how many are.

        Raises:
            BadData: A picture has changed or cannot be encoded.
            NotSaved: The disk does not take it.
        """
        sides = (False, True) if self._flips else (False,)
        total = len(self._samples) * len(sides)
        for done, (index, flip) in enumerate(
            ((i, flip) for i in range(len(self._samples)) for flip in sides), 1
        ):
            self._latent(index, flip=flip)
            tell(done, total)

    def draw(self, number: int, ticks: int) -> Batch:
        """Return a batch with the noise that it is learned with.

        Args:
            number: Of the batch, from 0.
            ticks: Of the model's clock.
        """
        chance = generator(self._seed, self._purpose, number)
        indices = self._epoch(number // self.batches)[number % self.batches]
        flips = torch.rand(len(indices), generator=chance) < (0.5 if self._flips else 0.0)
        pairs = [self._latent(i, flip=bool(flip)) for i, flip in zip(indices, flips, strict=True)]
        mean, std = (torch.stack(list(side)) for side in zip(*pairs, strict=True))
        clean = (mean + std * torch.randn(mean.shape, generator=chance)) * self._scale
        noise = torch.randn(mean.shape, generator=chance)
        # one tick from each of B equal parts of the clock: less noisy than B free draws
        parts = (torch.arange(len(indices)) + torch.rand(len(indices), generator=chance)) / len(
            indices
        )
        t = (parts * ticks).long().clamp(max=ticks - 1)
        captions = tuple(self._samples[i].caption for i in indices)
        return Batch(clean, captions, noise, t)

    def _order(self, epoch: int) -> list[list[int]]:
        seed = derived(self._seed, f"{self._purpose}/order", 0)
        return batches(self._buckets, self._batch, seed=seed, epoch=epoch)

    def _latent(self, index: int, *, flip: bool) -> tuple[Tensor, Tensor]:
        found = self._kept.find((index, flip))
        if found is None:
            found = self._cache.latent(self._samples[index], self._buckets[index], flip=flip)
            self._kept.keep((index, flip), found, sum(side.nbytes for side in found))
        return found
