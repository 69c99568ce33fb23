"""The recipe of the embedded upscaler: what it learns from, and that a training goes on."""

from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open

from generation.mini.autoencoder import rebuilding_loss
from generation.mini.glyph import glyph
from generation.mini.upscaler import (
    CROP,
    CROPS,
    SCALE,
    Compact,
    Plan,
    Training,
    export,
    pairs,
    sharpened,
    train,
)


def plan(work: Path, **changes: float) -> Plan:
    """A tiny training, whose time is over when the test says so."""
    usual = {
        "minutes": 1.0,
        "features": 4,
        "layers": 1,
        "threads": 1,
        "held": 2,
        "begun_with": 2,
        "steps_each": 1,
    }
    return Plan(work=work, **{**usual, **changes})  # pyright: ignore[reportArgumentType]


def test_the_same_number_is_the_same_pairs() -> None:
    for number in range(3):
        ours, again, other = pairs(1, number), pairs(1, number), pairs(2, number)
        assert len(ours) == CROPS
        for (low, high), (low_again, high_again) in zip(ours, again, strict=True):
            assert low.shape == (3, CROP // SCALE, CROP // SCALE)
            assert high.shape == (3, CROP, CROP)
            assert torch.equal(low, low_again)
            assert torch.equal(high, high_again)
        assert not torch.equal(ours[0][1], other[0][1])


def test_the_small_picture_is_the_large_one_made_small() -> None:
    for number in range(4):
        for low, high in pairs(1, number):
            reduced = torch.nn.functional.avg_pool2d(high, SCALE)
            assert (reduced - low).abs().mean() < 0.1


def test_a_sharpened_glyph_has_its_form_and_steeper_edges() -> None:
    figure = glyph("猫")
    large = sharpened(figure, 4 * max(figure.size))
    size = large.size
    assert max(size) >= 4 * max(figure.size)
    soft, sharp = (
        np.asarray(page.resize(size).getchannel("A"), dtype=float) / 255 for page in (figure, large)
    )
    assert abs(soft.mean() - sharp.mean()) < 0.02
    assert np.abs(soft - sharp).mean() < 0.03
    halfway = [((page > 0.1) & (page < 0.9)).mean() for page in (soft, sharp)]
    assert halfway[1] < halfway[0] * 0.8


def test_untrained_it_repeats_pixels_and_it_learns() -> None:
    torch.manual_seed(0)
    network = Compact(8, 2)
    low = torch.rand(1, 3, 5, 7)
    repeated = low.repeat_interleave(SCALE, 2).repeat_interleave(SCALE, 3)
    with torch.no_grad():
        assert torch.equal(network(low), repeated)
    down, across = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
    high = torch.stack([((down * a + across * b) % 37 > 18).float().expand(3, -1, -1)
                        for a, b in ((1, 2), (2, 1), (1, 0), (3, 1))])  # fmt: skip
    low = torch.nn.functional.avg_pool2d(high, SCALE)
    bicubic = torch.nn.functional.interpolate(low, scale_factor=SCALE, mode="bicubic").clamp(0, 1)
    optimizer = torch.optim.Adam(network.parameters(), lr=4e-3)
    losses: list[float] = []
    for _ in range(80):
        loss = rebuilding_loss(network(low), high)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * min(losses[0], rebuilding_loss(bicubic, high).item())


@torch.no_grad()
def test_untrained_it_sees_edges_and_nothing_where_a_picture_is_even() -> None:
    torch.manual_seed(0)
    network = Compact()
    seen: list[float] = []
    for features in (torch.full((1, 3, 25, 25), 0.7), torch.rand(1, 3, 25, 25)):
        for part in network.body[:-1]:
            features = part(features)  # noqa: PLW2901
        seen.append(float(features[..., 12, 12].abs().mean()))  # far from the borders
    even, edges = seen
    assert even < 1e-4
    assert edges > 0.1


def test_stopped_and_resumed_is_bit_equal_to_never_stopped(tmp_path: Path) -> None:
    straight, stopped = Training(plan(tmp_path / "a")), Training(plan(tmp_path / "b"))
    for _ in range(4):
        straight.step()
    for _ in range(2):
        stopped.step()
    (tmp_path / "b").mkdir()
    stopped.save()
    resumed = Training(plan(tmp_path / "b"))
    for _ in range(2):
        resumed.step()
    assert resumed.number == straight.number
    ours, theirs = straight.network.state_dict(), resumed.network.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_training_that_has_had_its_minutes_learns_no_more(tmp_path: Path) -> None:
    settled = plan(tmp_path)
    training = Training(settled)
    training.elapsed_s = 60.0
    train(training, settled)
    assert training.step_number == 0
    assert len((tmp_path / "upscaler.csv").read_text().splitlines()) == 1


def test_the_file_tells_of_its_making(tmp_path: Path) -> None:
    export(Compact(4, 1), tmp_path / "x4.safetensors", seed=4, pictures=100)
    with safe_open(tmp_path / "x4.safetensors", framework="pt") as found:
        metadata = found.metadata()
        assert found.get_tensor("body.0.weight").dtype == torch.float16
    assert metadata["scale"] == "4"
    assert metadata["pictures"] == "100"
