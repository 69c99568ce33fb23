"""Buckets of aspect ratios, as arithmetic."""

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from generation.training.bucket import (
    TOLERANCE,
    Bucket,
    Crop,
    assign,
    batches,
    buckets,
    cut,
    fit,
    place,
)

MULTIPLES = st.sampled_from([8, 16, 32, 64])
SIDES = st.integers(1, 20_000)
SIZES = st.builds(Bucket, st.integers(1, 64), st.integers(1, 64))
ASSIGNMENTS = st.lists(
    st.sampled_from([Bucket(64, 64), Bucket(96, 48), Bucket(48, 96)]), max_size=60
)


def test_the_buckets_of_512_by_64() -> None:
    assert [(b.width, b.height) for b in buckets(512, 64)] == [
        (384, 640), (384, 704), (448, 576), (512, 512), (576, 448), (640, 384), (704, 384),
    ]  # fmt: skip


def test_a_ratio_of_one_leaves_the_square() -> None:
    assert buckets(256, 32, most_ratio=1.0) == (Bucket(256, 256),)


@pytest.mark.parametrize(("resolution", "multiple", "ratio"), [(7, 8, 2), (64, 0, 2), (64, 8, 0.5)])
def test_buckets_that_cannot_be(resolution: int, multiple: int, ratio: float) -> None:
    with pytest.raises(ValueError, match="no buckets"):
        buckets(resolution, multiple, most_ratio=ratio)


@given(steps=st.integers(1, 40), multiple=MULTIPLES, off=st.integers(0, 3), ratio=st.floats(1, 4))
def test_buckets_have_the_pixels_the_multiples_and_the_ratio(
    steps: int, multiple: int, off: int, ratio: float
) -> None:
    resolution = steps * multiple + off
    found = buckets(resolution, multiple, most_ratio=ratio)
    side = steps * multiple
    assert Bucket(side, side) in found
    assert list(found) == sorted(set(found))
    for bucket in found:
        assert bucket.width % multiple == bucket.height % multiple == 0
        assert abs(bucket.width * bucket.height / side**2 - 1) <= TOLERANCE
        longer, shorter = sorted((bucket.width, bucket.height), reverse=True)
        assert longer <= ratio * shorter
        assert Bucket(bucket.height, bucket.width) in found


@given(resolution=st.integers(256, 1024), multiple=st.sampled_from([8, 64]))
def test_no_shape_is_far_from_a_bucket(resolution: int, multiple: int) -> None:
    found = buckets(resolution, multiple)
    ratios = sorted(math.log(bucket.width / bucket.height) for bucket in found)
    # one step of the long and one of the short side, seen from the shortest side there is
    shortest = min(bucket.height for bucket in found)
    assert max(b - a for a, b in pairwise(ratios)) <= 3.5 * multiple / shortest
    assert ratios[-1] >= math.log(2) - 3 * multiple / shortest


@given(width=SIDES, height=SIDES, resolution=st.sampled_from([64, 256, 512, 1000]))
def test_a_picture_goes_where_its_ratio_is_nearest(
    width: int, height: int, resolution: int
) -> None:
    found = buckets(resolution, 8)

    def off(bucket: Bucket) -> float:
        return abs(math.log(bucket.width * height / (bucket.height * width)))

    chosen = assign(width, height, found)
    assert off(chosen) <= min(map(off, found)) + 1e-8
    assert assign(width, height, found[::-1]) == chosen
    turned = assign(height, width, found)
    assert (turned.width, turned.height) == (chosen.height, chosen.width)


@given(width=SIDES, height=SIDES, bucket=SIZES, seed=st.integers(0, 9), center=st.booleans())
def test_a_place_covers_its_bucket_and_loses_no_more_than_it_must(
    width: int, height: int, bucket: Bucket, seed: int, *, center: bool
) -> None:
    crop: Crop = "center" if center else "random"
    spot = place((width, height), bucket, crop=crop, rng=np.random.default_rng(seed))
    over = (spot.width - bucket.width, spot.height - bucket.height)
    assert min(over) == 0
    assert 0 <= spot.left <= over[0]
    assert 0 <= spot.top <= over[1]
    if center:
        assert (spot.left, spot.top) == (over[0] // 2, over[1] // 2)
    scaled = (width * spot.height / spot.width) / height
    if min(spot.width, spot.height) > 20:
        assert scaled == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize("crop", ["center", "random"])
@pytest.mark.parametrize("size", [(20, 10), (10, 20), (1, 10_000), (3000, 1), (16, 24), (5, 5)])
def test_what_is_cut_is_as_large_as_the_bucket(size: tuple[int, int], crop: Crop) -> None:
    picture, bucket = Image.new("RGB", size, (9, 99, 199)), Bucket(24, 16)
    found = fit(picture, bucket, crop=crop, rng=np.random.default_rng(1))
    assert found.size == (24, 16)
    assert found.getcolors() == [(24 * 16, (9, 99, 199))]


def test_the_middle_is_the_middle_and_a_picture_that_fits_is_not_touched() -> None:
    stripes = Image.new("RGB", (30, 10), "red")
    stripes.paste("lime", (10, 0, 20, 10))
    middle = fit(stripes, Bucket(10, 10))
    assert middle.getcolors() == [(100, (0, 255, 0))]
    assert fit(stripes, Bucket(30, 10)).tobytes() == stripes.tobytes()


def test_a_cut_is_where_its_place_says() -> None:
    ramp = Image.linear_gradient("L").rotate(90).resize((60, 10)).convert("RGB")
    for seed in range(5):
        spot = place(ramp.size, Bucket(10, 10), crop="random", rng=np.random.default_rng(seed))
        wanted = ramp.crop((spot.left, 0, spot.left + 10, 10))
        assert cut(ramp, spot).tobytes() == wanted.tobytes()
    lefts = {
        place(ramp.size, Bucket(10, 10), crop="random", rng=np.random.default_rng(seed)).left
        for seed in range(20)
    }
    assert len(lefts) > 5


def test_chance_needs_a_generator() -> None:
    with pytest.raises(ValueError, match="random generator"):
        fit(Image.new("RGB", (9, 9)), Bucket(4, 4), crop="random")


@given(
    assignment=ASSIGNMENTS,
    batch=st.integers(1, 9),
    seed=st.integers(0, 2**63),
    epoch=st.integers(0, 99),
)
def test_an_epoch_has_every_index_once_and_one_bucket_in_a_batch(
    assignment: list[Bucket], batch: int, seed: int, epoch: int
) -> None:
    found = batches(assignment, batch, seed=seed, epoch=epoch)
    assert sorted(index for indices in found for index in indices) == list(range(len(assignment)))
    for indices in found:
        assert 1 <= len(indices) <= batch
        assert len({assignment[index] for index in indices}) == 1
    small = Counter(assignment[indices[0]] for indices in found if len(indices) < batch)
    assert all(count == 1 for count in small.values())
    again = dict(sorted(enumerate(assignment), reverse=True))
    assert batches(again, batch, seed=seed, epoch=epoch) == found
    assert len(batches(assignment, batch, seed=seed, epoch=epoch + 1)) == len(found)


def test_epochs_and_seeds_differ() -> None:
    assignment = [Bucket(8, 8)] * 40 + [Bucket(16, 8)] * 40
    orders = [batches(assignment, 4, seed=s, epoch=e) for s in range(3) for e in range(3)]
    assert len({str(order) for order in orders}) == 9
    firsts = [len({assignment[b[0]] for b in order[:10]}) for order in orders]
    assert set(firsts) == {2}  # buckets alternate: none comes first as a whole


def test_an_empty_batch_cannot_be() -> None:
    with pytest.raises(ValueError, match="a batch of 0"):
        batches([Bucket(8, 8)], 0, seed=0, epoch=0)
