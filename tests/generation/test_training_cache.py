"""Latents and features on disk: kept, found again to the bit, made anew when broken."""

import logging
import os
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import ImageOps
from torch import Tensor
from torch.nn import functional

from generation.errors import BadData
from generation.training.bucket import Bucket, fit
from generation.training.cache import Cache, weights_digest
from generation.training.dataset import Sample, read
from generation.training.errors import NotSaved
from tests.generation.data_factory import fill, packed, picture, png

SQUARE, WIDE = Bucket(16, 16), Bucket(32, 16)


@dataclass
class Encoders:
    """Frozen parts of a model: a mean over 8 × 8 pixels, and the codes of letters."""

    images: list[Tensor] = field(default_factory=list[Tensor])
    captions: list[str] = field(default_factory=list[str])

    def encode(self, image: Tensor) -> tuple[Tensor, Tensor]:
        self.images.append(image)
        return functional.avg_pool2d(image, 8), functional.max_pool2d(image, 8).exp() / 3

    def embed(self, caption: str) -> Tensor:
        self.captions.append(caption)
        return torch.tensor([[ord(letter) / 7, 1.0] for letter in caption] or [[0.0, 0.0]])


@pytest.fixture
def model() -> Encoders:
    return Encoders()


@pytest.fixture
def samples(tmp_path: Path) -> tuple[Sample, ...]:
    files = {f"{i}.png": png(i, (400, 20)) for i in (1, 2)}
    return read(fill(tmp_path / "data", dict(files)), caption="一只猫").samples


def cache(tmp_path: Path, model: Encoders, **options: Any) -> Cache:
    known: dict[str, Any] = {"vae_digest": "v1", "text_digest": "t1"} | options
    return Cache(tmp_path / "cache", encode=model.encode, embed=model.embed, **known)


def files(tmp_path: Path) -> list[Path]:
    return sorted(path for path in (tmp_path / "cache").rglob("*") if path.is_file())


def test_a_latent_is_made_once_and_found_again_to_the_bit(
    tmp_path: Path, model: Encoders, samples: tuple[Sample, ...]
) -> None:
    first = cache(tmp_path, model).latent(samples[0], WIDE, flip=False)
    again = cache(tmp_path, model).latent(samples[0], WIDE, flip=False)
    assert len(model.images) == 1
    assert [tuple(side.shape) for side in first] == [(3, 2, 4)] * 2
    assert all(side.dtype == torch.float32 for side in first)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert [path.suffix for path in files(tmp_path)] == [".safetensors"]


def test_the_image_is_the_picture_in_its_bucket_from_minus_one_to_one(
    tmp_path: Path, model: Encoders, samples: tuple[Sample, ...]
) -> None:
    kept = cache(tmp_path, model)
    plain = kept.latent(samples[0], SQUARE, flip=False)
    turned = kept.latent(samples[0], SQUARE, flip=True)
    image, mirrored = model.images
    assert image.shape == (1, 3, 16, 16)
    wanted = fit(samples[0].open(), SQUARE).tobytes()
    levels = ((image[0] + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 0)
    assert bytes(levels.flatten().tolist()) == wanted
    assert torch.equal(mirrored, image.flip(-1))
    assert not torch.equal(plain[0], turned[0])
    assert ImageOps.mirror(fit(samples[0].open(), SQUARE)).tobytes() != wanted


def test_all_that_decides_a_latent_is_in_its_name(
    tmp_path: Path, model: Encoders, samples: tuple[Sample, ...]
) -> None:
    tries: list[Callable[[], object]] = [
        lambda: cache(tmp_path, model).latent(samples[0], SQUARE, flip=False),
        lambda: cache(tmp_path, model).latent(samples[1], SQUARE, flip=False),
        lambda: cache(tmp_path, model).latent(samples[0], WIDE, flip=False),
        lambda: cache(tmp_path, model).latent(samples[0], SQUARE, flip=True),
        lambda: cache(tmp_path, model, vae_digest="v2").latent(samples[0], SQUARE, flip=False),
        lambda: cache(tmp_path, model, dtype=torch.float16).latent(samples[0], SQUARE, flip=False),
        lambda: cache(tmp_path, model, crop="random").latent(samples[0], SQUARE, flip=False),
    ]
    for made, attempt in enumerate(tries, 1):
        attempt()
        attempt()
        assert len(model.images) == made
        assert len(files(tmp_path)) == made
    cache(tmp_path, model, text_digest="t2").latent(samples[0], SQUARE, flip=False)
    assert len(model.images) == len(tries)


def test_a_random_crop_is_the_same_in_each_training_and_another_for_each_picture(
    tmp_path: Path, model: Encoders
) -> None:
    folder = fill(tmp_path / "data", {f"{i}.png": png(i, (400, 20)) for i in range(9)})
    samples = read(folder, caption="猫").samples
    places = [cache(tmp_path, model, crop="random").place(sample, SQUARE) for sample in samples]
    assert places == [
        cache(tmp_path, model, crop="random").place(sample, SQUARE) for sample in samples
    ]
    assert len({spot.left for spot in places}) > 5
    assert {cache(tmp_path, model).place(sample, SQUARE).left for sample in samples} == {152}


def test_features_are_made_once_for_each_caption_and_encoder(
    tmp_path: Path, model: Encoders
) -> None:
    kept = cache(tmp_path, model)
    first = kept.text("一只猫")
    assert first.shape == (3, 2)
    assert torch.equal(cache(tmp_path, model, vae_digest="v2").text("一只猫"), first)
    assert kept.text("").shape == (1, 2)
    cache(tmp_path, model, text_digest="t2").text("一只猫")
    cache(tmp_path, model, dtype=torch.bfloat16).text("一只猫")
    assert model.captions == ["一只猫", "", "一只猫", "一只猫"]


def test_features_keep_their_precision(tmp_path: Path) -> None:
    half = torch.arange(6.0).reshape(2, 3).to(torch.bfloat16)
    kept = Cache(
        tmp_path, encode=lambda image: (image, image), embed=lambda _: half.T.contiguous().T,
        vae_digest="", text_digest="",
    )  # fmt: skip
    for _ in range(2):
        assert kept.text("猫").dtype == torch.bfloat16
        assert torch.equal(kept.text("猫"), half)


HARMS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut": lambda data: data[:-5],
    "cut in its head": lambda data: data[:9],
    "longer": lambda data: data + b"\0",
    "a bit flipped": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "noise": lambda _: b"\xff" * 100,
    "words": lambda _: b"not safetensors at all",
}


@pytest.mark.parametrize("harm", HARMS)
def test_a_broken_file_is_made_anew(
    harm: str,
    tmp_path: Path,
    model: Encoders,
    samples: tuple[Sample, ...],
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept = cache(tmp_path, model)
    first = kept.latent(samples[0], SQUARE, flip=False)
    (path,) = files(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(HARMS[harm](whole))
    with caplog.at_level(logging.WARNING):
        again = kept.latent(samples[0], SQUARE, flip=False)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert len(model.images) == 2
    assert len(path.read_bytes()) == len(whole)
    kept.latent(samples[0], SQUARE, flip=False)
    assert len(model.images) == 2
    assert "made anew" in caplog.text


def test_a_file_in_the_place_of_another_is_not_taken_for_it(
    tmp_path: Path, model: Encoders
) -> None:
    kept = cache(tmp_path, model)
    cat = kept.text("猫")
    (path,) = files(tmp_path)
    kept.text("狗")
    (other,) = set(files(tmp_path)) - {path}
    path.write_bytes(other.read_bytes())
    assert torch.equal(kept.text("猫"), cat)


def test_what_is_not_finite_is_refused_by_name_and_not_kept(
    tmp_path: Path, samples: tuple[Sample, ...]
) -> None:
    kept = Cache(
        tmp_path / "cache", encode=lambda image: (image, image.log()),
        embed=lambda _: torch.tensor([[torch.inf]]), vae_digest="", text_digest="",
    )  # fmt: skip
    with pytest.raises(BadData, match=r"图片 1\.png 的潜变量算出了无穷大或非数"):
        kept.latent(samples[0], SQUARE, flip=False)
    with pytest.raises(BadData, match="“一只猫”的文字特征"):
        kept.text("一只猫")
    assert files(tmp_path) == []


def test_a_picture_that_has_changed_is_refused(
    tmp_path: Path, model: Encoders, samples: tuple[Sample, ...]
) -> None:
    fill(tmp_path / "data", {"1.png": packed(picture(9))})
    with pytest.raises(BadData, match=r"图片 1\.png 在训练开始后变了"):
        cache(tmp_path, model).latent(samples[0], SQUARE, flip=False)


LONG = "猫" * 9_000
LIMIT_BYTES = 20_000


def test_a_disk_that_takes_no_more_is_told_and_leaves_nothing_half(
    tmp_path: Path, model: Encoders
) -> None:
    kept = cache(tmp_path, model)
    kept.text("狗")
    whole = files(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_BYTES, hard))
    try:
        with pytest.raises(NotSaved, match=r"缓存写不进 .*请腾出空间"):
            kept.text(LONG)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files(tmp_path) == whole
    assert kept.text(LONG).shape == (9_000, 2)


def test_a_kill_in_the_middle_of_a_write_leaves_no_half_file(
    tmp_path: Path, model: Encoders
) -> None:
    child = os.fork()
    if child == 0:
        # the kernel kills who writes past the limit, at that byte
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_BYTES, LIMIT_BYTES))
        try:
            cache(tmp_path, model).text(LONG)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGXFSZ
    (half,) = files(tmp_path)
    assert half.name.endswith(f".safetensors.{child}")
    assert cache(tmp_path, model).text(LONG).shape == (9_000, 2)
    (whole,) = files(tmp_path)
    assert whole.suffix == ".safetensors"
    assert model.captions == [LONG]


def test_the_digest_of_weights_is_of_all_files_and_their_names(tmp_path: Path) -> None:
    def digest(name: str, parts: dict[str, bytes | str]) -> str:
        return weights_digest(fill(tmp_path / name, parts))

    first = digest("1", {"config.json": "{}", "w.safetensors": b"12"})
    assert digest("2", {"config.json": "{}", "w.safetensors": b"12"}) == first
    assert len({
        first,
        digest("3", {"config.json": "{ }", "w.safetensors": b"12"}),
        digest("4", {"config.json": "{}", "w.safetensors": b"13"}),
        digest("5", {"config.json": "{}", "v.safetensors": b"12"}),
    }) == 4  # fmt: skip
