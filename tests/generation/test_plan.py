"""The numbers of a plan, by arithmetic."""

import pytest
import torch

from generation.plan import GUIDED, Column, plan
from generation.recipe import begin
from generation.zoo.noising import Noising
from tests.generation.factory import recipe

NOISING = Noising(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
VELOCITY = Noising(
    beta_start=0.00085,
    beta_end=0.012,
    beta_schedule="scaled_linear",
    prediction_type="v_prediction",
)


@pytest.mark.parametrize("noising", [NOISING, VELOCITY], ids=["noise", "velocity"])
def test_a_network_that_sees_the_truth_gives_the_clean_latent(noising: Noising) -> None:
    clean, noise = torch.tensor(0.3), torch.tensor(-1.7)
    for row in plan(recipe(steps=8), noising).numbers:
        sigma = (row[Column.SCALE] ** -2 - 1).clamp(min=0).sqrt()
        noisy = clean + sigma * noise
        seen = noise if noising is NOISING else (noise - sigma * clean) * row[Column.SCALE]
        found = row[Column.KEEP] * noisy + row[Column.ANSWER] * seen
        torch.testing.assert_close(found, clean, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("steps", "strength", "skipped"), [(20, 1.0, 0), (20, 0.6, 8), (20, 0.01, 19), (7, 0.5, 4)]
)
def test_a_source_leaves_out_the_first_steps(steps: int, strength: float, skipped: int) -> None:
    assert begin(steps, strength) == skipped
    part = plan(recipe(steps=steps), NOISING, strength=strength)
    assert part.steps[-1] == part.calls == steps - skipped
    assert part.start == pytest.approx(_levels(steps)[skipped], rel=1e-3)


def _levels(steps: int) -> list[float]:
    whole = plan(recipe(steps=steps), NOISING)
    return [((row[Column.SCALE] ** -2 - 1) ** 0.5).item() for row in whole.numbers]


def test_heun_calls_twice_for_each_step_but_the_last() -> None:
    made = plan(recipe(sampler="heun", steps=4), NOISING)
    assert made.calls == 7
    assert made.steps == (0, 1, 1, 2, 2, 3, 3, 4)


def test_the_ancestral_walk_draws_noise_after_each_call_but_the_last() -> None:
    assert plan(recipe(sampler="euler_a", steps=4), NOISING).fresh == (0, 1, 2)
    assert plan(recipe(sampler="euler", steps=4), NOISING).fresh == ()


def test_the_fast_tier_guides_in_the_middle_only() -> None:
    made = plan(recipe(steps=20, fast=True), NOISING)
    levels = _levels(20)
    assert made.guided == tuple(GUIDED[0] < level <= GUIDED[1] for level in levels)
    assert made.numbers[0, Column.GUIDANCE] == 1
    assert all(plan(recipe(steps=20), NOISING).guided)
    assert not any(plan(recipe(steps=20, guidance=1.0), NOISING).guided)


def test_what_is_kept_is_brought_to_the_level_of_the_next_call_and_is_clean_at_the_end() -> None:
    made = plan(recipe(steps=5), NOISING)
    assert made.numbers[:, Column.LEVEL].tolist() == pytest.approx([*_levels(5)[1:], 0.0], rel=1e-3)
