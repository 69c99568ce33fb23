"""Aspect-ratio buckets: sizes of about as many pixels, and batches that are of one size each.

Source: NovelAI 2022, Aspect Ratio Bucketing; here sizes are chosen for the nearest area instead of
the largest below it, and a bucket's last batch may be small, so that every picture is seen once.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.random import Generator
from PIL import Image

TOLERANCE = 0.15
"""How far a bucket's area may be from that of the square, as a share of it."""
Crop = Literal["center", "random"]


@dataclass(frozen=True, slots=True, order=True)
class Bucket:
    """A size to learn at."""

    width: int
    """Pixels."""
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which part of a picture is seen in a bucket."""

    width: int
    """Pixels of the picture scaled until it covers the bucket."""
    height: int
    left: int
    """Pixels of the scaled picture that are cut off."""
    top: int
    bucket: Bucket


def buckets(resolution: int, multiple: int, *, most_ratio: float = 2.0) -> tuple[Bucket, ...]:
    """Return the sizes to learn at, rising; the square is among them.

    Args:
        resolution: Side of the square, in pixels; the nearest multiple is taken.
        multiple: Of which all sides are multiples, as the model wants them.
        most_ratio: Of the long to the short side.

    Raises:
        ValueError: Of a resolution of less than one multiple, or a ratio of less than one.
    """
    if multiple < 1 or resolution < multiple or most_ratio < 1:
        raise ValueError(f"no buckets of {resolution} by {multiple}, ratio {most_ratio}")
    side = round(resolution / multiple)
    found = {Bucket(side * multiple, side * multiple)}
    for long in range(side + 1, int(side * math.sqrt(most_ratio) * 1.5) + 1):
        short = round(side * side / long)
        off = abs(long * short / side**2 - 1)
        if short and long / short <= most_ratio and off <= TOLERANCE:
            found |= {
                Bucket(long * multiple, short * multiple),
                Bucket(short * multiple, long * multiple),
            }
    return tuple(sorted(found))


def assign(width: int, height: int, buckets: Sequence[Bucket]) -> Bucket:
    """Return the bucket whose aspect ratio is nearest, the larger one of two alike."""
    ratio = math.log(width / height)

    def distance(bucket: Bucket) -> tuple[float, int, Bucket]:
        off = abs(math.log(bucket.width / bucket.height) - ratio)
        return round(off, 9), -bucket.width * bucket.height, bucket

    return min(buckets, key=distance)


def place(
    size: tuple[int, int], bucket: Bucket, *, crop: Crop, rng: Generator | None = None
) -> Place:
    """Return which part of a picture is seen: as much of it as the bucket's shape lets through.

    Args:
        size: The picture's width and height, in pixels.
        bucket: To be covered.
        crop: Whether the part is the middle, or anywhere.
        rng: Says where; for random crops only.

    Raises:
        ValueError: Of a random crop without rng.
    """
    scale = max(bucket.width / size[0], bucket.height / size[1])
    width = max(bucket.width, round(size[0] * scale))
    height = max(bucket.height, round(size[1] * scale))
    over = (width - bucket.width, height - bucket.height)
    if crop == "center":
        left, top = over[0] // 2, over[1] // 2
    elif rng is None:
        raise ValueError("a random crop needs a random generator")
    else:
        left, top = (int(rng.integers(0, most, endpoint=True)) for most in over)
    return Place(width=width, height=height, left=left, top=top, bucket=bucket)


def cut(picture: Image.Image, place: Place) -> Image.Image:
    """Return the part of a picture that is seen, as large as the bucket."""
    # scaling the part alone: a picture of 1 by 10,000 would grow to gigabytes before the cut
    across, down = picture.width / place.width, picture.height / place.height
    left, top = place.left * across, place.top * down
    right = min(picture.width, left + place.bucket.width * across)
    bottom = min(picture.height, top + place.bucket.height * down)
    size = (place.bucket.width, place.bucket.height)
    return picture.resize(size, Image.Resampling.LANCZOS, box=(left, top, right, bottom))


def fit(
    picture: Image.Image, bucket: Bucket, *, crop: Crop = "center", rng: Generator | None = None
) -> Image.Image:
    """Return a picture scaled to cover a bucket, and cropped to it.

    Use place() and cut() to know where it was cropped.

    Args:
        picture: Of any size.
        bucket: To be covered.
        crop: Whether the middle is kept, or any part.
        rng: Says which; for random crops only.

    Raises:
        ValueError: Of a random crop without rng.
    """
    return cut(picture, place(picture.size, bucket, crop=crop, rng=rng))


def batches(
    assignment: Mapping[int, Bucket] | Sequence[Bucket], batch: int, *, seed: int, epoch: int
) -> list[list[int]]:
    """Return the batches of an epoch, shuffled: all of one bucket each, every index once.

    Args:
        assignment: The bucket of each index.
        batch: Indices in one batch; the last one of a bucket may be smaller.
        seed: Of the training.
        epoch: From 0; the same seed and epoch give the same batches.

    Raises:
        ValueError: Of a batch of less than one.
    """
    if batch < 1:
        raise ValueError(f"a batch of {batch}")
    pairs = assignment.items() if isinstance(assignment, Mapping) else enumerate(assignment)
    alike: defaultdict[Bucket, list[int]] = defaultdict(list)
    for index, bucket in sorted(pairs):
        alike[bucket].append(index)
    rng = np.random.default_rng([seed, epoch])
    found: list[list[int]] = []
    for _, indices in sorted(alike.items()):
        shuffled = [indices[i] for i in rng.permutation(len(indices))]
        found += [shuffled[i : i + batch] for i in range(0, len(shuffled), batch)]
    return [found[i] for i in rng.permutation(len(found))]
