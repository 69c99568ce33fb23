from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.errors import UnknownStyle
from bot.policy import MAX_STAGES, PolicyConfig, cost, settle
from bot.request import Request
from bot.size import ModelShape
from bot.style import SEEDS, Style, Styles
from generation.recipe import Recipe

STYLES = Styles.load()
MINI = ModelShape(native_px=128, multiple_px=32, max_px=256)
LIMITS = PolicyConfig(models={"mini": MINI})


def settled(**said: Any) -> Request:
    return settle(Request(prompt="猫", **said), STYLES, LIMITS)


@pytest.mark.parametrize(
    ("aspect", "size"),
    [
        (None, (128, 128)),
        ("1:1", (128, 128)),
        ("2:3", (96, 160)),
        ("3:2", (160, 96)),
        ("16:9", (160, 96)),
        ("9:16", (96, 160)),
        ("1:99", (64, 256)),
    ],
)
def test_a_shape_becomes_a_size_that_the_model_was_trained_on(
    aspect: str | None, size: tuple[int, int]
) -> None:
    request = settled(aspect=aspect)
    assert (request.width, request.height) == size
    assert request.notes == ()


@pytest.mark.parametrize(
    ("said", "field", "value", "note"),
    [
        ({"count": 10_000}, "count", 4, "一次最多 4 张，已改为 4 张"),
        ({"count": 0}, "count", 1, "一次至少 1 张，已改为 1 张"),
        ({"steps": 0}, "steps", 1, "步数至少 1，已改为 1"),
        ({"steps": 999}, "steps", 50, "步数最多 50，已改为 50"),
        ({"guidance": 0.0}, "guidance", 1, "引导至少 1，已改为 1"),
        ({"guidance": 99.0}, "guidance", 20, "引导最多 20，已改为 20"),
        ({"seed": 2**64 + 5}, "seed", 5, f"种子要在 0 到 {SEEDS - 1} 之间，已改为 5"),
        ({"seed": -2}, "seed", SEEDS - 2, f"种子要在 0 到 {SEEDS - 1} 之间，已改为 {SEEDS - 2}"),
    ],
)
def test_what_is_out_of_bounds_is_changed_and_told(
    said: dict[str, Any], field: str, value: float, note: str
) -> None:
    request = settled(**said)
    assert getattr(request, field) == value
    assert request.notes == (note,)


@pytest.mark.parametrize(
    ("prompt", "said", "count"),
    [
        ("{红,蓝,绿}色的灯笼", {}, 3),
        ("{红,蓝}灯", {"count": 2}, 4),
        ("{红,蓝}灯", {"count": 3, "total": True}, 3),
        ("{红}灯", {"count": 2}, 2),
    ],
)
def test_pictures_of_all_wordings_are_counted_once(
    prompt: str, said: dict[str, Any], count: int
) -> None:
    once = settle(Request(prompt=prompt, **said), STYLES, LIMITS)
    assert (once.count, once.notes) == (count, ())
    assert len(STYLES.recipes(replace(once, seed=1))) == count
    assert settle(once, STYLES, LIMITS) == once


def test_more_wordings_than_pictures_are_cut_and_told() -> None:
    request = settle(Request(prompt="{红,蓝}色的{猫,狗,兔}", count=2), STYLES, LIMITS)
    assert request.count == 4
    assert request.notes == ("一次最多 4 张，已改为 4 张",)


@pytest.mark.parametrize(
    ("said", "size"),
    [
        ((16384, 16384), (256, 256)),
        ((512, 768), (160, 256)),
        ((100, 100), (96, 96)),
        ((0, 0), (64, 64)),
    ],
)
def test_a_size_that_does_not_suit_is_changed_and_told(
    said: tuple[int, int], size: tuple[int, int]
) -> None:
    request = settled(width=said[0], height=said[1])
    assert (request.width, request.height) == size
    (note,) = request.notes
    assert f"{said[0]}×{said[1]} 已改为 {size[0]}×{size[1]}" in note


def test_one_side_and_a_shape_give_the_other_side() -> None:
    request = settled(width=96, aspect="2:3")
    assert (request.width, request.height) == (96, 160)


def test_what_fits_is_left_alone() -> None:
    request = settled(count=4, steps=50, guidance=20.0, seed=0, width=128, height=160)
    assert request.notes == ()


def test_styles_go_by_their_canonical_names() -> None:
    assert settled(styles=("国画", "水墨风", "油画")).styles == ("水墨", "油画")


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(UnknownStyle):
        settled(styles=("赛博",))


def test_the_model_of_the_first_style_decides_the_size() -> None:
    styles = Styles([Style(name="大", model="big"), *STYLES])
    config = PolicyConfig(models={"big": ModelShape(native_px=1024, multiple_px=64, max_px=2048)})
    request = settle(Request(prompt="猫", aspect="2:3", styles=("大", "水墨")), styles, config)
    assert (request.width, request.height) == (832, 1280)


numbers = st.none() | st.integers(-(2**70), 2**70)
ratios = st.builds("{}:{}".format, st.integers(1, 10**9), st.integers(1, 10**9))
requests = st.builds(
    Request,
    prompt=st.text(),
    count=st.integers(),
    seed=numbers,
    steps=numbers,
    guidance=st.none() | st.floats(allow_nan=False),
    width=numbers,
    height=numbers,
    aspect=st.none() | ratios,
    styles=st.lists(st.sampled_from(list(STYLES.names()))).map(tuple),
    hires=st.floats(1, 4),
    stages=st.lists(st.integers(-3, 120), max_size=20).map(tuple),
)
shapes = st.builds(
    ModelShape,
    native_px=st.integers(1, 2048),
    multiple_px=st.integers(1, 128),
    max_px=st.integers(128, 4096),
)


@given(requests, shapes, st.integers(1, 128))
def test_settling_ends_within_bounds_and_twice_is_once(
    request: Request, shape: ModelShape, min_px: int
) -> None:
    config = PolicyConfig(min_px=min_px, models={"mini": shape})
    once = settle(request, STYLES, config)
    assert 1 <= once.count <= 4
    assert once.steps is None or 1 <= once.steps <= 50
    assert once.guidance is None or 1 <= once.guidance <= 20
    assert once.seed is None or 0 <= once.seed < SEEDS
    for side in (once.width, once.height):
        assert side is not None
        assert 0 < side <= max(shape.max_px, shape.multiple_px)
        assert side % shape.multiple_px == 0
    assert len(once.stages) <= MAX_STAGES
    assert list(once.stages) == sorted(set(once.stages))
    assert all(stage >= 1 for stage in once.stages)
    recipes = STYLES.recipes(replace(once, seed=0, count=1))
    assert all(0 < stage <= recipes[0].way for stage in once.stages)
    assert settle(once, STYLES, config) == once


@pytest.mark.parametrize(
    ("stages", "more", "found"),
    [
        ((), {}, ()),
        ((5, 10, 20), {}, (5, 10, 20)),
        ((10, 5, 5, 99), {}, (5, 10, 20)),
        ((0, -1), {}, ()),
        ((3, 50), {"steps": 8}, (3, 8)),
        ((5, 20), {"source": "ab" * 32, "strength": 0.5}, (5, 10)),
        (tuple(range(1, 21)), {}, (1, 4, 6, 9, 12, 15, 17, 20)),
    ],
)
def test_stages_rise_within_the_steps_that_are_taken(
    stages: tuple[int, ...], more: dict[str, Any], found: tuple[int, ...]
) -> None:
    once = settled(stages=stages, **more)
    assert once.stages == found
    assert once.notes == ()


def test_a_stage_costs_the_steps_up_to_it() -> None:
    whole = Recipe(
        model="m",
        prompt="",
        width=1000,
        height=500,
        steps=10,
        guidance=1.0,
        sampler="euler",
        seed=0,
    )
    assert cost([replace(whole, until=4)]) == pytest.approx(2.0)
    assert cost([replace(whole, until=4, upscale=2)]) == pytest.approx(3.0)
    enlarged = replace(whole, hires=2.0, strength=0.5)
    assert cost([replace(enlarged, until=8)]) == pytest.approx(1.0)
    assert cost([replace(enlarged, until=14)]) == pytest.approx(1.25 + 2.0)
    part = replace(whole, source="ab" * 32, strength=0.5)
    assert cost([replace(part, until=2)]) == pytest.approx(1.0)


def test_a_misspelt_limit_is_refused() -> None:
    with pytest.raises(ValidationError):
        PolicyConfig.model_validate({"max_cuont": 4})


def test_cost_is_steps_times_megapixels_and_twice_with_guidance() -> None:
    def recipe(guidance: float) -> Recipe:
        return Recipe(
            model="m",
            prompt="",
            width=1000,
            height=500,
            steps=10,
            guidance=guidance,
            sampler="euler",
            seed=0,
        )

    assert cost([recipe(1.0)]) == pytest.approx(5.0)
    assert cost([recipe(4.0), recipe(1.0)]) == pytest.approx(15.0)
    assert cost([]) == 0


def test_minus_one_is_any_seed_and_no_fault() -> None:
    settled = settle(Request(prompt="山", seed=-1), Styles.load(), LIMITS)
    assert settled.seed is None
    assert settled.notes == ()
