"""A training checks before it begins, keeps its folder for itself, and stops when it should."""

from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from diffusers.optimization import get_scheduler
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from generation.errors import BadData, BrokenModel
from generation.training.bucket import Bucket
from generation.training.cache import Cache
from generation.training.checkpoint import load_state
from generation.training.dataset import read as read_data
from generation.training.ema import Average
from generation.training.errors import (
    BadPlan,
    BrokenCheckpoint,
    Diverged,
    FolderTaken,
    OtherTraining,
    TooLarge,
)
from generation.training.feed import Feed
from generation.training.loop import train
from generation.training.loss import Noise
from generation.training.output import claimed
from generation.training.plan import Curve, filled, warm_up
from generation.training.progress import Begun, Drawn, Found, Saved, Stepped, Word
from generation.training.schedule import share
from generation.zoo.noising import Noising
from tests.generation.training_factory import pictures, plan, run

CPU = torch.device("cpu")
CURVES: tuple[Curve, ...] = ("constant_with_warmup", "linear", "cosine", "cosine_with_restarts")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return pictures(tmp_path / "data")


@pytest.fixture
def model(models: dict[str, Path]) -> Path:
    return models["eps"]


# the learning rate


@settings(max_examples=20, deadline=None)
@given(
    curve=st.sampled_from(CURVES),
    steps=st.integers(2, 60),
    warm=st.integers(0, 10),
    cycles=st.integers(1, 3),
)
def test_rates_are_those_of_diffusers(curve: Curve, steps: int, warm: int, cycles: int) -> None:
    warm = min(warm, steps - 1)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    theirs = get_scheduler(
        curve, optimizer, num_warmup_steps=warm, num_training_steps=steps, num_cycles=cycles
    )
    for step in range(steps):
        ours = share(curve, step, steps=steps, warm_up=warm, cycles=cycles)
        assert ours == pytest.approx(theirs.get_last_lr()[0], abs=1e-9)
        optimizer.step()
        theirs.step()


def test_the_rate_rises_for_a_tenth_of_short_trainings(data: Path, model: Path) -> None:
    asked = replace(plan(data, model, data), lr_warmup_steps=-1)
    assert [warm_up(asked, steps) for steps in (5, 600, 100_000)] == [0, 60, 500]


# the loss


@pytest.mark.parametrize(
    "noising",
    [
        Noising(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012),
        Noising(prediction_type="v_prediction"),
        Noising(prediction_type="v_prediction", rescale_betas_zero_snr=True),
    ],
)
def test_noise_and_answer_are_those_of_diffusers(noising: Noising) -> None:
    theirs: Any = DDPMScheduler(
        beta_start=noising.beta_start,
        beta_end=noising.beta_end,
        beta_schedule=noising.beta_schedule,
        rescale_betas_zero_snr=noising.rescale_betas_zero_snr,
    )
    ours = Noise(noising, gamma=5.0, device=CPU)
    clean, noise = torch.randn(2, 4, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    t = torch.tensor([0, 17, 500, 999])
    assert torch.allclose(ours.put(clean, noise, t), theirs.add_noise(clean, noise, t))
    wanted = noise if noising.prediction_type == "epsilon" else theirs.get_velocity(clean, noise, t)
    assert torch.allclose(ours.wanted(clean, noise, t), wanted)
    assert ours.loss(wanted, ours.wanted(clean, noise, t), t) < 1e-9
    assert ours.weights.isfinite().all()


def test_clear_pictures_count_less_and_the_capped_weight_is_the_papers() -> None:
    snr = DDPMScheduler().alphas_cumprod / (1 - DDPMScheduler().alphas_cumprod)
    noise = Noise(Noising(), gamma=5.0, device=CPU).weights
    velocity = Noise(Noising(prediction_type="v_prediction"), gamma=5.0, device=CPU).weights
    assert torch.allclose(noise, torch.minimum(snr, torch.tensor(5.0)) / snr)
    assert torch.allclose(velocity, torch.minimum(snr, torch.tensor(5.0)) / (snr + 1))
    assert torch.equal(Noise(Noising(), gamma=0.0, device=CPU).weights, torch.ones(1000))


def test_the_average_starts_at_the_first_weights_and_follows() -> None:
    average = Average({"w": torch.tensor([0.0])})
    for step in range(1, 4):
        average.follow({"w": torch.tensor([1.0])}, step)
    # what is left of the first: 2/11 · 3/12 · 4/13
    assert average.weights["w"].item() == pytest.approx(1 - 2 / 11 * 3 / 12 * 4 / 13)


# what each step sees


def feed(data: Path, cache: Path, **changes: Any) -> Feed:
    def encode(image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        small = image[:, :, ::8, ::8]
        return small, torch.zeros_like(small)

    made = Cache(
        cache, encode=encode, embed=lambda _: torch.zeros(1, 1), vae_digest="a", text_digest="b"
    )
    usual: dict[str, Any] = {
        "batch": 2,
        "seed": 3,
        "scale": 1.0,
        "flips": True,
        "purpose": "picture",
    }
    return Feed(read_data(data), made, (Bucket(64, 64),), **{**usual, **changes})


def test_a_batch_depends_on_seed_and_number_alone(data: Path, tmp_path: Path) -> None:
    one, other = feed(data, tmp_path / "a"), feed(data, tmp_path / "b")
    one.draw(5, 1000)  # what was asked for before changes nothing
    first, again = one.draw(7, 1000), other.draw(7, 1000)
    for field in ("clean", "noise", "t"):
        assert torch.equal(getattr(first, field), getattr(again, field))
    assert first.captions == again.captions
    assert not torch.equal(first.noise, one.draw(8, 1000).noise)
    assert not torch.equal(first.noise, feed(data, tmp_path / "a", seed=4).draw(7, 1000).noise)


def test_an_epoch_shows_each_picture_once(data: Path, tmp_path: Path) -> None:
    found = feed(data, tmp_path / "a")
    assert found.batches == 3
    epochs = [[found.draw(n, 1000).captions for n in range(e * 3, e * 3 + 3)] for e in range(4)]
    for epoch in epochs:
        seen = [caption for batch in epoch for caption in batch]
        assert sorted(seen) == sorted(sample.caption for sample in read_data(data).samples)
    assert any(epoch != epochs[0] for epoch in epochs)


def test_a_batch_has_a_tick_of_each_part_of_the_clock(data: Path, tmp_path: Path) -> None:
    found = feed(data, tmp_path / "a", batch=5)
    for number in range(20):
        ticks = found.draw(number, 1000).t
        assert (ticks // 200).tolist() == [0, 1, 2, 3, 4]


# what is told, what is kept


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_it_tells_what_it_found_and_what_it_does(data: Path, model: Path, tmp_path: Path) -> None:
    (data / "broken.png").write_bytes(b"no picture")
    told: list[Word] = []
    result = run(
        data,
        model,
        tmp_path / "out",
        tell=told.append,
        validation_prompt="一只猫",
        validation_steps=4,
        num_validation_images=2,
        report_to="tensorboard",
        max_train_steps=10,
        checkpointing_steps=4,
    )
    found = [word for word in told if isinstance(word, Found)]
    assert found[0].pictures == 5
    assert found[0].shapes == {(64, 64): 5}
    assert any("broken.png" in note for note in found[0].notes)
    steps = [word for word in told if isinstance(word, Stepped)]
    assert [word.step for word in steps] == list(range(1, 11))
    assert all(word.steps == 10 for word in steps)
    assert [word.step for word in told if isinstance(word, Saved)] == [4, 8, 10]
    drawn = [word.path.name for word in told if isinstance(word, Drawn)]
    assert drawn == [f"{step}-{n}.png" for step in (4, 8, 10) for n in (0, 1)]
    assert result.step == 10
    assert result.loss == pytest.approx(sum(word.loss for word in steps) / 10)
    kept = sorted(path.name for path in (tmp_path / "out").glob("checkpoint-*"))
    assert kept == ["checkpoint-10.pt", "checkpoint-8.pt"]
    (log,) = (tmp_path / "out" / "logs").rglob("events.*")
    assert b"loss" in log.read_bytes()
    assert b"validation" in log.read_bytes()


def test_epochs_are_counted_in_steps(data: Path, model: Path, tmp_path: Path) -> None:
    # five pictures by two: three batches an epoch, of which two make a step
    result = run(
        data,
        model,
        tmp_path / "out",
        max_train_steps=0,
        num_train_epochs=2,
        gradient_accumulation_steps=2,
    )
    assert result.steps == result.step == 3


def test_a_finished_training_is_finished(data: Path, model: Path, tmp_path: Path) -> None:
    first = run(data, model, tmp_path / "out")
    assert first.path is not None
    before = first.path.read_bytes()
    told: list[Word] = []
    again = run(data, model, tmp_path / "out", tell=told.append)
    assert not [word for word in told if isinstance(word, Stepped)]
    assert again.path == first.path
    assert first.path.read_bytes() == before


def test_stopped_and_gone_on_is_bit_equal_to_never_stopped(
    data: Path, model: Path, tmp_path: Path
) -> None:
    stop = Event()

    def after_three(word: Word) -> None:
        if isinstance(word, Stepped) and word.step == 3:
            stop.set()

    asked = plan(
        data, model, tmp_path / "stopped/out", use_ema=True, gradient_accumulation_steps=2,
        train_text_encoder=True, random_flip=True, noise_offset=0.1, proportion_empty_prompts=0.5,
    )  # fmt: skip
    first = train(asked, after_three, stop)
    assert (first.path, first.step, first.steps) == (None, 3, 6)
    assert first.checkpoint is not None
    assert first.checkpoint.name == "checkpoint-3.pt"
    resumed = train(asked)
    straight = train(replace(asked, out=tmp_path / "straight/out"))
    assert resumed.path is not None
    assert straight.path is not None
    assert resumed.path.read_bytes() == straight.path.read_bytes()


def test_it_can_go_on_from_an_older_checkpoint_or_none(
    data: Path, model: Path, tmp_path: Path
) -> None:
    def begins(which: str) -> int:
        told: list[Word] = []
        run(data, model, tmp_path / "out", tell=told.append, resume_from_checkpoint=which)
        (begun,) = (word for word in told if isinstance(word, Begun))
        return begun.step

    assert [begins(which) for which in ("latest", "checkpoint-4", "latest", "no")] == [0, 4, 6, 0]
    with pytest.raises(BrokenCheckpoint, match="没有检查点 checkpoint-5；现有的：checkpoint-4"):
        begins("checkpoint-5")


def test_an_argument_that_changed_is_told(data: Path, model: Path, tmp_path: Path) -> None:
    run(data, model, tmp_path / "out")
    told: list[Word] = []
    run(data, model, tmp_path / "out", tell=told.append, max_train_steps=8)
    (begun,) = (word for word in told if isinstance(word, Begun))
    assert (begun.step, begun.steps) == (6, 8)
    assert begun.changed == ["--max_train_steps 6 → 8"]


def test_a_damaged_checkpoint_is_named(data: Path, model: Path, tmp_path: Path) -> None:
    run(data, model, tmp_path / "out")
    (tmp_path / "out/checkpoint-6.pt").write_bytes(b"half")
    with pytest.raises(BrokenCheckpoint, match=r"checkpoint-6\.pt 读不出来"):
        run(data, model, tmp_path / "out")


# whose folder it is


def test_two_trainings_do_not_share_a_folder(data: Path, model: Path, tmp_path: Path) -> None:
    with claimed(tmp_path / "out"), pytest.raises(FolderTaken, match="正在进行另一个训练"):
        run(data, model, tmp_path / "out")
    run(data, model, tmp_path / "out")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"method": "full"}, "方法"),
        ({"rank": 8}, "--rank"),
        ({"lora_target_modules": ("to_q",)}, "--lora_target_modules"),
        ({"use_ema": True}, "--use_ema"),
    ],
)
def test_another_training_is_not_mixed_in(
    data: Path, model: Path, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    run(data, model, tmp_path / "out", max_train_steps=1)
    with pytest.raises(OtherTraining, match=words):
        run(data, model, tmp_path / "out", **changes)


def test_other_data_and_another_model_are_told_apart(
    data: Path, models: dict[str, Path], tmp_path: Path
) -> None:
    run(data, models["eps"], tmp_path / "out", max_train_steps=1)
    with pytest.raises(OtherTraining, match="底模不同"):
        run(data, models["v"], tmp_path / "out")
    pictures(data, 1, first=5)
    with pytest.raises(OtherTraining, match="图片或描述不同"):
        run(data, models["eps"], tmp_path / "out")


def test_a_folder_with_something_else_in_it_is_left_alone(
    data: Path, model: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/diary.txt").write_text("mine")
    with pytest.raises(OtherTraining, match=r"不是空的（例如 diary\.txt）"):
        run(data, model, tmp_path / "out")


# what is refused


def test_nothing_to_learn_from(model: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadData):
        run(tmp_path / "empty", model, tmp_path / "out")


def test_a_model_of_another_family(data: Path, model: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "model_index.json").write_text('{"_class_name": "FluxPipeline"}')
    with pytest.raises(BrokenModel, match="模型 other 不能用"):
        run(data, other, tmp_path / "out")


def test_a_model_for_inpainting(data: Path, models: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(BadPlan, match="局部重绘模型"):
        run(data, models["inpaint"], tmp_path / "out")


def test_a_folder_inside_the_data_would_be_learned_from(data: Path, model: Path) -> None:
    before = sorted(data.rglob("*"))
    for out in (data, data / "out"):
        with pytest.raises(BadPlan, match=r"在数据文件夹 .* 里面"):
            run(data, model, out)
    assert sorted(data.rglob("*")) == before


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"resolution": 70}, "要是 16 的倍数，例如 64"),
        ({"rank": 0}, "--rank 不能小于 1"),
        ({"train_batch_size": -1}, "--train_batch_size 不能小于 1"),
        ({"learning_rate": float("nan")}, "--learning_rate"),
        ({"mixed_precision": "fp16"}, "CPU 上不能用"),
        ({"mixed_precision": "int8"}, "只能是 no、fp16、bf16 之一"),
        ({"lora_target_modules": ("to_z",)}, "没有叫 to_z 的层"),
        ({"with_prior_preservation": True}, "--class_prompt"),
        ({"method": "dreambooth"}, "--instance_prompt"),
        ({"method": "textual-inversion"}, "--placeholder_token"),
        ({"method": "textual-inversion", "placeholder_token": "<猫>"}, "--initializer_token"),
    ],
)
def test_arguments_that_cannot_be(
    data: Path, model: Path, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadPlan, match=words):
        run(data, model, tmp_path / "out", **changes)


def test_what_its_method_usually_takes(data: Path, model: Path) -> None:
    bare = replace(plan(data, model, data), learning_rate=0.0, train_batch_size=0)
    assert (filled(bare).learning_rate, filled(bare).train_batch_size) == (1e-4, 16)
    full = filled(replace(bare, method="full"))
    assert full.learning_rate == 1e-5
    booth = filled(replace(bare, method="dreambooth", instance_prompt="一只猫"))
    assert (booth.learning_rate, booth.train_batch_size, booth.num_train_epochs) == (5e-6, 4, 1)
    scaled = filled(replace(bare, scale_lr=True, gradient_accumulation_steps=2))
    assert scaled.rate == pytest.approx(1e-4 * 16 * 2)


def test_a_training_that_does_not_fit_says_what_would(
    data: Path, model: Path, tmp_path: Path
) -> None:
    # the smallest batch that still fits is found by asking with it
    with pytest.raises(TooLarge, match="把 --train_batch_size 降到") as refused:
        run(data, model, tmp_path / "out", train_batch_size=64, memory_mb=8)
    smaller = int(str(refused.value).split("降到 ")[1].split("（")[0])
    assert 1 <= smaller < 64
    run(data, model, tmp_path / "out", train_batch_size=smaller, memory_mb=8, max_train_steps=1)
    with pytest.raises(TooLarge, match="降低 --resolution"):
        run(data, model, tmp_path / "more", method="full", resolution=1024, memory_mb=1)


def test_a_loss_that_is_no_number_ends_it_with_the_last_checkpoint_whole(
    data: Path, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run(data, model, out, max_train_steps=2, lr_scheduler="constant")
    wild: dict[str, Any] = {"learning_rate": 1e30, "max_grad_norm": 0.0, "lr_scheduler": "constant"}
    words = r"请降低 --learning_rate（现在 1e\+30），.*checkpoint-2 完好"
    with pytest.raises(Diverged, match=words):
        run(data, model, out, checkpointing_steps=100, **wild)
    state = load_state(out / "checkpoint-2.pt")
    assert state is not None
    assert all(value.isfinite().all() for value in state["weights"].values())


def test_bf16_learns_in_float32(data: Path, model: Path, tmp_path: Path) -> None:
    result = run(data, model, tmp_path / "out", mixed_precision="bf16", gradient_checkpointing=True)
    assert result.path is not None
    weights = load_file(result.path)
    assert all(value.dtype == torch.float32 for value in weights.values())
    assert any(not torch.equal(value, value.bfloat16().float()) for value in weights.values())
