"""Pictures made larger by a network: tiles, sizes, whose turn it is, and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor

from generation.config import EngineConfig
from generation.engine import Engine
from generation.errors import BadRecipe, BrokenUpscaler, OutOfMemory
from generation.lora.shelf import LoraShelf
from generation.mini import UPSCALER
from generation.mini.upscaler import Compact, export
from generation.preview import Previewer
from generation.recipe import Recipe
from generation.upscale import (
    LEAST_TILE,
    MARGIN,
    Enlargement,
    Network,
    Tiles,
    Upscaler,
    load,
    tiles,
)
from generation.zoo import upscaler as file
from generation.zoo.shelf import Shelf
from tests.generation.factory import SIDE, recipe
from tests.generation.reference import draw

CPU = torch.device("cpu")
CAT = recipe(model="v", steps=3)


def written(path: Path, scale: int, *, features: int = 8, layers: int = 2) -> Path:
    """Write a network whose answers depend on all that it sees."""
    torch.manual_seed(scale)
    network = Compact(features, layers, scale)
    torch.nn.init.normal_(network.body[-1].weight, std=0.01)  # pyright: ignore[reportArgumentType]
    export(network, path)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("upscalers")


@pytest.fixture(scope="module")
def networks(folder: Path) -> dict[int, Path]:
    """By how much each makes pictures larger."""
    return {scale: written(folder / f"x{scale}.safetensors", scale) for scale in (2, 3, 4)}


def studio(models: dict[str, Path], path: Path | None, tile_px: int | None = None) -> Engine:
    upscaler = Upscaler("mini", path, device=CPU)
    if tile_px is not None:
        upscaler.tile_px = lambda height, width: tile_px
    return Engine(
        Shelf(models, room=2, device=CPU, dtype=torch.float32),
        LoraShelf({}, budget_bytes=1 << 26),
        cap=lambda model, canvas: 8,
        previewer=Previewer(),
        preview_every_s=0.0,
        clock=lambda: 0.0,
        upscaler=upscaler,
    )


def picture(height: int, width: int) -> Tensor:
    generator = torch.Generator().manual_seed(height * 1000 + width)
    return torch.randint(0, 256, (height, width, 3), dtype=torch.uint8, generator=generator)


def enlarged(rgb: Tensor, network: Network, by: int, side: int) -> Tensor:
    """Enlarge a picture in tiles."""

    def enlarge(seen: Tensor) -> Tensor:
        assert max(seen.shape[:2]) <= side + 2 * MARGIN
        return network.enlarge(seen)[0]

    return answered(tiles(rgb, scale=network.scale, by=by, side=side), enlarge)


def answered(asking: Tiles, enlarge: Callable[[Tensor], Tensor]) -> Tensor:
    """Answer all that is asked for, and return what comes of it."""
    try:
        wanted = next(asking)
        while True:
            wanted = asking.send(enlarge(wanted))
    except StopIteration as end:
        return end.value


def repeated(rgb: Tensor, by: int) -> Tensor:
    return rgb.repeat_interleave(by, 0).repeat_interleave(by, 1).contiguous()


@pytest.mark.parametrize("by", [2, 4])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_tiles_have_no_seams(networks: dict[int, Path], scale: int, by: int) -> None:
    network, rgb = load(networks[scale], CPU), picture(70, 101)
    whole, parts = (enlarged(rgb, network, by, side) for side in (1000, 24))
    assert parts.shape == (70 * by, 101 * by, 3)
    off = (parts.int() - whole.int()).abs()
    # the filter that reduces rounds twice, in an order that depends on the shape of its input
    assert off.max() <= (1 if by in (scale, scale**2) else 5)
    assert (off > 0).float().mean() < 0.02


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(1, 60),
    width=st.integers(1, 60),
    scale=st.integers(2, 4),
    by=st.sampled_from([2, 4]),
    side=st.integers(1, 80),
)
def test_a_network_that_repeats_pixels_gives_the_picture_repeated(
    height: int, width: int, scale: int, by: int, side: int
) -> None:
    # in blocks that no filter can blur: a picture of one colour, and of each size
    rgb = picture(height, width) if by in (scale, scale**2) else picture(1, 1).expand(
        height, width, 3
    )  # fmt: skip
    larger = answered(tiles(rgb, scale=scale, by=by, side=side), lambda seen: repeated(seen, scale))
    assert torch.equal(larger, repeated(rgb, by))


def test_what_is_larger_than_asked_for_is_reduced_by_lanczos(networks: dict[int, Path]) -> None:
    network, rgb = load(networks[4], CPU), picture(40, 50)
    four = Image.fromarray(enlarged(rgb, network, 4, 1000).numpy())
    two = np.asarray(four.resize((100, 80), Image.Resampling.LANCZOS)).astype(int)
    assert np.abs(two - enlarged(rgb, network, 2, 16).numpy()).max() <= 1


def test_spandrel_gives_the_pixels_of_the_module_that_was_exported(
    networks: dict[int, Path],
) -> None:
    network, own = load(networks[4], CPU), Compact(8, 2, 4)
    own.load_state_dict({k: v.float() for k, v in load_file(networks[4]).items()})
    low = torch.rand(1, 3, 33, 21, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.equal(own(low).clamp(0, 1), network.descriptor(low.clone()))
    assert (network.scale, network.descriptor.architecture.name) == (4, "RealESRGAN Compact")


@pytest.mark.parametrize("by", [2, 4])
@pytest.mark.parametrize("scale", [2, 4])
def test_a_picture_is_as_much_larger_as_asked(
    models: dict[str, Path], networks: dict[int, Path], scale: int, by: int
) -> None:
    large = replace(CAT, upscale=by, width=SIDE * 2)
    (canvas,) = draw(studio(models, networks[scale]), large)
    assert canvas.picture, canvas.error
    assert canvas.picture.recipe == large
    assert (canvas.picture.width, canvas.picture.height) == (SIDE * 2 * by, SIDE * by)
    assert len(canvas.picture.rgb) == SIDE * 2 * by * SIDE * by * 3


def test_what_is_enlarged_is_the_picture_that_is_drawn_without(
    models: dict[str, Path], networks: dict[int, Path]
) -> None:
    engine = studio(models, networks[2])
    small, large = draw(engine, CAT, replace(CAT, upscale=2))
    (before,) = draw(studio(models, None), CAT)
    assert small.picture
    assert large.picture
    assert before.picture
    assert small.picture == before.picture
    rgb = torch.frombuffer(bytearray(small.picture.rgb), dtype=torch.uint8).view(SIDE, SIDE, 3)
    expected = enlarged(rgb, load(networks[2], CPU), 2, 1000)
    shown = torch.frombuffer(bytearray(large.picture.rgb), dtype=torch.uint8)
    assert (shown.int() - expected.flatten().int()).abs().max() <= 1


def test_nobody_waits_for_more_than_a_tile(
    models: dict[str, Path], networks: dict[int, Path]
) -> None:
    """The other takes the same turns of the engine as when nobody enlarges anything."""
    alone = studio(models, networks[4])
    other = alone.admit(replace(CAT, steps=9), owner="other")
    turns = until(alone, lambda: other.picture is not None)

    engine = studio(models, networks[4], tile_px=8)
    larger = engine.admit(replace(CAT, steps=1, upscale=4), owner="larger")
    while not larger.latent:
        engine.step()
        if larger.latent is not None:
            break
    other = engine.admit(replace(CAT, steps=9), owner="other")
    assert until(engine, lambda: other.picture is not None) == turns
    assert larger.picture is None
    tiles_left = until(engine, lambda: larger.picture is not None)
    assert turns + tiles_left >= (SIDE // 8) ** 2 - 1
    assert engine.idle
    assert engine.faults() == []


def until(engine: Engine, done: Callable[[], bool]) -> int:
    """Step an engine until then, and return how often."""
    turns = 0
    while not done():
        engine.step()
        turns += 1
    return turns


def test_owners_take_turns_with_their_tiles(
    models: dict[str, Path], networks: dict[int, Path]
) -> None:
    engine = studio(models, networks[2], tile_px=16)
    asked = replace(CAT, steps=1, upscale=2)
    heavy = [engine.admit(replace(asked, seed=seed), owner="heavy") for seed in range(3)]
    light = engine.admit(asked, owner="light")
    done: list[object] = []
    while not engine.idle:
        for canvas in engine.step():
            if canvas.picture and canvas not in done:
                done.append(canvas)
    assert done.index(light) <= 1
    assert done[0] in (heavy[0], light)
    assert len(done) == 4


def test_one_that_is_dropped_while_it_is_enlarged_leaves_nothing(
    models: dict[str, Path], networks: dict[int, Path]
) -> None:
    engine = studio(models, networks[2], tile_px=8)
    canvas = engine.admit(replace(CAT, steps=1, upscale=2))
    until(engine, lambda: canvas.latent is not None)
    engine.step()
    assert not engine.idle
    engine.drop(canvas)
    assert engine.idle


@pytest.mark.parametrize(
    ("changes", "kind"),
    [({"upscale": 3}, BadRecipe), ({"upscale": 0}, BadRecipe),
     ({"upscale": 4, "width": 2048, "height": 2048}, BadRecipe)],
)  # fmt: skip
def test_what_is_not_offered_is_refused(
    models: dict[str, Path], networks: dict[int, Path], changes: dict[str, int], kind: type
) -> None:
    bad, good = draw(studio(models, networks[2]), replace(CAT, **changes), CAT)
    assert isinstance(bad.error, kind)
    assert good.picture


def test_without_a_network_nothing_is_drawn_in_vain(
    models: dict[str, Path], tmp_path: Path
) -> None:
    for path, words in ((None, "没有放大用的网络"), (tmp_path / "x.safetensors", "没有这个文件")):
        engine = studio(models, path)
        bad = engine.admit(replace(CAT, upscale=2))
        engine.step()
        assert isinstance(bad.error, BrokenUpscaler)
        assert words in str(bad.error)
        assert engine.idle
        assert draw(engine, CAT)[0].picture


def _torn(path: Path, whole: Path) -> None:
    path.write_bytes(whole.read_bytes()[:-7])


def _of_no_kind(path: Path, whole: Path) -> None:
    del whole
    save_file({"what": torch.zeros(3)}, path)


def _not_finite(path: Path, whole: Path) -> None:
    weights = load_file(whole)
    weights["body.0.bias"][0] = float("nan")
    save_file(weights, path)


def _without_one(path: Path, whole: Path) -> None:
    weights = load_file(whole)
    del weights["body.2.bias"]
    save_file(weights, path)


def _of_other_shape(path: Path, whole: Path) -> None:
    weights = load_file(whole)
    weights["body.2.weight"] = torch.zeros(5, 5, 3, 3)
    save_file(weights, path)


def _as_large(path: Path, whole: Path) -> None:
    del whole
    export(Compact(8, 2, 1), path)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [(_torn, "可能没有下载完"), (_of_no_kind, "认不出"), (_not_finite, "不是数"),
     (_without_one, "读不出来"), (_of_other_shape, "读不出来"), (_as_large, "不是放大用的")],
)  # fmt: skip
def test_a_file_that_is_none_is_refused_by_its_fault(
    networks: dict[int, Path], tmp_path: Path, spoil: Callable[[Path, Path], None], words: str
) -> None:
    path = tmp_path / "x.safetensors"
    spoil(path, networks[4])
    with pytest.raises(BrokenUpscaler, match=words):
        load(path, CPU)


@pytest.mark.parametrize("name", ["x.pth", "x.PT", "x.ckpt", "x.bin"])
def test_a_pickle_is_not_opened(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"\x80\x04K\x01.")
    assert "danqing model convert" in (file.fault(path) or "")
    with pytest.raises(BrokenUpscaler, match="danqing model convert"):
        load(path, CPU)


def test_tiles_get_smaller_until_they_fit(networks: dict[int, Path]) -> None:
    upscaler = Upscaler("mini", networks[2], device=CPU)
    before = upscaler.tile_px(500, 500)
    sizes: list[int] = []

    def short(rgb: Tensor) -> tuple[Tensor, Tensor]:
        sizes.append(max(rgb.shape[:2]))
        if sizes[-1] > before // 2 + 2 * MARGIN:
            raise torch.OutOfMemoryError
        return load(networks[2], CPU).enlarge(rgb)

    rgb = picture(150, 120)
    larger = through(Short(upscaler, short), rgb)
    assert larger.shape == (300, 240, 3)
    assert sizes[0] > before // 2 + 2 * MARGIN >= sizes[1]
    assert upscaler.tile_px(500, 500) == before // 2


def test_what_does_not_fit_in_the_smallest_tile_is_not_enlarged(
    networks: dict[int, Path],
) -> None:
    def full(rgb: Tensor) -> tuple[Tensor, Tensor]:
        assert max(rgb.shape[:2]) >= LEAST_TILE
        raise torch.OutOfMemoryError

    with pytest.raises(OutOfMemory, match="放大"):
        through(Short(Upscaler("mini", networks[2], device=CPU), full), picture(150, 120))


def test_a_budget_of_nothing_is_said_before_anything_is_tried(networks: dict[int, Path]) -> None:
    network = load(networks[4], CPU)
    assert network.floats * 4 * (LEAST_TILE + 2 * MARGIN) ** 2 > 1 << 20
    with pytest.raises(OutOfMemory, match="放大"):
        Upscaler("mini", networks[4], device=CPU, memory_mb=1).begin(picture(40, 40), 2)


class Short(Upscaler):
    """Enlarges by a network on a device that is short of memory."""

    def __init__(
        self, upscaler: Upscaler, enlarge: Callable[[Tensor], tuple[Tensor, Tensor]]
    ) -> None:
        self._inner, self._enlarge = upscaler, enlarge

    def load(self) -> Network:
        return _Slow(self._inner.load(), self._enlarge)

    def tile_px(self, height: int, width: int) -> int:
        return self._inner.tile_px(height, width)

    def shrink(self) -> None:
        self._inner.shrink()


class _Slow(Network):
    """Its descriptor is that of the network inside."""

    def __init__(self, inner: Network, enlarge: Callable[[Tensor], tuple[Tensor, Tensor]]) -> None:
        super().__init__(inner.descriptor, inner.floats)
        object.__setattr__(self, "_given", enlarge)

    def enlarge(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        return object.__getattribute__(self, "_given")(rgb)


def through(upscaler: Upscaler, rgb: Tensor) -> Tensor:
    """Enlarge to the end."""
    from generation.aside import Aside

    enlargement: Enlargement = upscaler.begin(rgb, 2)
    while enlargement.picture is None:
        enlargement.advance(Aside(CPU), wait=True)
    return enlargement.picture


def test_config_names_an_upscaler_that_there_is(tmp_path: Path) -> None:
    config = EngineConfig(upscalers={"span": tmp_path / "span.safetensors"}, upscaler="span")
    assert [*config.upscalers] == ["mini", "span"]
    with pytest.raises(ValueError, match="'spam' is not in upscalers, which has: mini, span"):
        EngineConfig(upscalers={"span": tmp_path / "span.safetensors"}, upscaler="spam")


def test_an_old_recipe_is_read_as_one_that_enlarges_nothing() -> None:
    import msgspec

    old = msgspec.json.decode(msgspec.json.encode(CAT))
    del old["upscale"]
    found = msgspec.convert(old, Recipe)
    assert found == CAT
    assert found.picture_px == (SIDE, SIDE)


def test_where_the_embedded_network_is_not_there_pictures_are_interpolated() -> None:
    upscaler = Upscaler("mini", UPSCALER.with_name("x4.safetensors"), device=torch.device("cpu"))
    if UPSCALER.exists():
        pytest.skip("it is there")
    rgb = torch.full((20, 30, 3), 77, dtype=torch.uint8)
    larger, finite = upscaler.load().enlarge(rgb)
    assert larger.shape == (80, 120, 3)
    assert finite
    assert (larger.int() - 77).abs().max() <= 1
