"""How large a picture is that is drawn on another, or enlarged."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import NoSource
from bot.policy import PolicyConfig, cost, settle
from bot.request import Request
from bot.size import ModelShape
from bot.style import Styles
from generation.recipe import Expand

STYLES = Styles.load()
LIMITS = PolicyConfig(models={"mini": ModelShape(native_px=128, multiple_px=32, max_px=256)})
WIDE = PolicyConfig(models={"mini": ModelShape(native_px=512, multiple_px=8, max_px=1024)})
SOURCE = "5" * 64


def settled(config: PolicyConfig = LIMITS, /, **said: Any) -> Request:
    return settle(Request(prompt="猫", **said), STYLES, config)


def on(width: int, height: int, config: PolicyConfig = WIDE, /, **said: Any) -> Request:
    return settled(config, source=SOURCE, source_px=(width, height), **said)


@pytest.mark.parametrize(
    ("source", "size"),
    [((640, 400), (640, 400)), ((64, 1024), (64, 1024)), ((2048, 1536), (1024, 768))],
)
def test_a_picture_is_as_large_as_what_it_is_drawn_on(
    source: tuple[int, int], size: tuple[int, int]
) -> None:
    request = on(*source)
    assert (request.width, request.height) == size


def test_a_source_that_fits_is_not_talked_about_and_one_that_does_not_is() -> None:
    assert on(640, 400).notes == ()
    assert on(643, 400).notes == ("每边 64 到 1024 像素，8 的倍数：643×400 已改为 640×400",)


def test_a_size_or_shape_that_is_said_counts_more_than_the_source() -> None:
    request = on(640, 400, width=512, height=512)
    assert (request.width, request.height) == (512, 512)
    request = on(640, 400, aspect="1:1")
    assert (request.width, request.height) == (512, 512)
    request = on(640, 400, width=320)
    assert (request.width, request.height) == (320, 200)


def test_margins_make_it_larger() -> None:
    request = on(640, 400, expand=Expand(left=64, down=32))
    assert (request.width, request.height) == (704, 432)
    assert request.expand == Expand(left=64, down=32)
    assert request.notes == ()


def test_margins_follow_a_source_that_is_too_large() -> None:
    request = on(1536, 1024, expand=Expand(left=256, right=256))
    assert (request.width, request.height) == (1024, 512)
    assert request.expand == Expand(left=128, right=128)


def test_where_the_size_is_said_the_source_keeps_some_room_in_it() -> None:
    request = on(640, 400, width=128, height=128, expand=Expand(left=300, up=20, right=100))
    assert request.expand == Expand(left=90, up=20, right=30)
    assert request.notes == ("扩画放不下，已改为左 90、上 20、右 30、下 0 像素",)


def test_margins_of_nothing_are_none() -> None:
    request = on(2048, 2048, expand=Expand(left=0))
    assert request.expand is None
    assert request.notes[-1] == "扩画的边太窄，没有用上"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"mask": SOURCE}, "只有遮罩，没有原图"),
        ({"expand": Expand(left=8)}, "要给一张原图"),
    ],
)
def test_what_belongs_to_a_source_is_refused_without_one(said: dict[str, Any], words: str) -> None:
    with pytest.raises(NoSource, match=words):
        settled(**said)


@pytest.mark.parametrize(
    ("said", "size", "hires"),
    [
        ({"hires": 2.0}, (256, 256), 2.0),
        ({"hires": 1.5}, (192, 192), 1.5),
        ({"hires": 4.0}, (256, 256), 2.0),
        ({"hires": 2.0, "aspect": "2:3"}, (160, 256), 1.63),
        ({"hires": 2.0, "width": 128, "height": 128}, (128, 128), 2.0),
        ({"hires": 4.0, "width": 128, "height": 128}, (128, 128), 2.0),
        ({"hires": 2.0, "width": 64, "height": 128}, (64, 128), 1.0),
    ],
)
def test_an_enlarged_picture_fits_and_so_does_its_draft(
    said: dict[str, Any], size: tuple[int, int], hires: float
) -> None:
    request = settled(**said)
    assert (request.width, request.height, request.hires) == (*size, hires)
    changed = f"放大 {said['hires']:g} 倍放不下，已改为 {hires:g} 倍"
    assert request.notes == (() if hires == said["hires"] else (changed,))


def test_a_source_is_enlarged_itself_and_needs_no_draft() -> None:
    request = on(320, 200, hires=2.0)
    assert (request.width, request.height, request.hires) == (640, 400, 1.0)
    request = on(320, 200, hires=2.0, width=320, height=200)
    assert (request.width, request.hires) == (320, 1.0)
    assert request.notes == ("有原图时照说好的大小画，放大没有用上",)


@pytest.mark.parametrize(
    ("said", "field", "value", "note"),
    [
        ({"strength": 0.0}, "strength", 0.05, "重画强度至少 0.05，已改为 0.05"),
        ({"strength": 1.2}, "strength", 1, "重画强度最多 1，已改为 1"),
        ({"hires": 0.5}, "hires", 1, "放大至少 1 倍，已改为 1 倍"),
    ],
)
def test_what_is_out_of_bounds_is_changed_and_told(
    said: dict[str, Any], field: str, value: float, note: str
) -> None:
    request = on(640, 400, **said)
    assert getattr(request, field) == value
    assert request.notes == (note,)


def test_a_strength_that_nothing_is_drawn_with_is_told() -> None:
    request = settled(strength=0.5)
    assert (request.strength, request.notes) == (None, ("没有原图，重画强度没有用上",))
    assert settled(strength=0.5, hires=2.0).strength == 0.5


def price(request: Request) -> float:
    return cost(STYLES.recipes(settle(request, STYLES, WIDE)))


def a_request(**said: Any) -> Request:
    return Request(prompt="猫", seed=0, steps=20, guidance=1.0, width=1000, height=1000, **said)


@pytest.mark.parametrize(
    ("said", "upscale", "note"),
    [
        ({"upscale": 4}, 4, None),
        ({"upscale": 3}, 2, "成图只能放大 2 倍或 4 倍：3 倍已改为放大 2 倍"),
        ({"upscale": 9}, 4, "成图只能放大 2 倍或 4 倍：9 倍已改为放大 4 倍"),
        ({"upscale": 0}, 1, "成图只能放大 2 倍或 4 倍：0 倍已改为不放大"),
    ],
    ids=["offered", "between", "too much", "nothing"],
)
def test_a_finished_picture_is_enlarged_by_what_there_is(
    said: dict[str, Any], upscale: int, note: str | None
) -> None:
    request = settled(**said)
    assert request.upscale == upscale
    assert request.notes == ((note,) if note else ())


def test_a_finished_picture_is_enlarged_no_further_than_the_limit() -> None:
    for most, upscale in ((1024, 4), (1023, 2), (511, 1)):
        config = LIMITS.model_copy(update={"max_upscaled_px": most})
        asked = Request(prompt="猫", width=256, height=128, upscale=4)
        found = settle(asked, STYLES, config)
        assert found.upscale == upscale
        assert len(found.notes) == (0 if upscale == 4 else 1)
        assert settle(found, STYLES, config) == found


@pytest.mark.parametrize(
    ("said", "steps"),
    [
        ({}, 20),
        ({"source": SOURCE, "strength": 0.5}, 10),
        ({"source": SOURCE, "strength": 0.05}, 1),
        ({"source": SOURCE}, 12),
        ({"source": SOURCE, "mask": SOURCE}, 20),
        ({"source": SOURCE, "expand": Expand(left=8)}, 20),
        ({"hires": 2.0, "strength": 0.5}, 5 + 10),
        ({"fast": True}, 10),
        ({"upscale": 4}, 22),
    ],
    ids=["from noise", "half of the way", "one step at least", "usual", "what is masked wholly",
         "margins wholly", "a draft and its refinement", "fast", "enlarged"],
)  # fmt: skip
def test_cost_is_that_of_the_way_that_is_drawn(said: dict[str, Any], steps: float) -> None:
    assert price(a_request(**said)) == pytest.approx(steps)


sides = st.integers(1, 5000)
margins = st.builds(Expand, left=sides, up=sides, right=sides, down=sides)
sizes = st.none() | st.integers(-(2**40), 2**40)
requests = st.builds(
    Request,
    prompt=st.just("猫"),
    source=st.just(SOURCE),
    source_px=st.none() | st.tuples(sides, sides),
    mask=st.sampled_from(["", SOURCE]),
    strength=st.none() | st.floats(allow_nan=False),
    expand=st.none() | margins,
    hires=st.floats(allow_nan=False),
    width=sizes,
    height=sizes,
    aspect=st.none() | st.builds("{}:{}".format, sides, sides),
) | st.builds(
    Request,
    prompt=st.just("猫"),
    strength=st.none() | st.floats(allow_nan=False),
    hires=st.floats(allow_nan=False),
    width=sizes,
    height=sizes,
    aspect=st.none() | st.builds("{}:{}".format, sides, sides),
)
shapes = st.builds(
    ModelShape,
    native_px=st.integers(1, 2048),
    multiple_px=st.integers(1, 128),
    max_px=st.integers(128, 4096),
)


@given(requests, shapes, st.integers(1, 128))
def test_whatever_is_asked_ends_in_what_the_engine_takes_and_twice_is_once(
    request: Request, shape: ModelShape, min_px: int
) -> None:
    config = PolicyConfig(min_px=min_px, models={"mini": shape})
    once = settle(request, STYLES, config)
    assert once.width
    assert once.height
    assert max(once.width, once.height) <= max(shape.max_px, shape.multiple_px)
    assert once.width % shape.multiple_px == once.height % shape.multiple_px == 0
    assert 1 <= once.hires <= 4
    assert once.hires == 1 or not once.source
    assert once.strength is None or 0.05 <= once.strength <= 1
    if once.expand is not None:
        assert once.expand.left + once.expand.right < once.width
        assert once.expand.up + once.expand.down < once.height
        assert min(once.expand.left, once.expand.up, once.expand.right, once.expand.down) >= 0
    assert settle(once, STYLES, config) == once
