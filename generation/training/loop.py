"""A whole training: data, model, steps, checkpoints, result."""

import json
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import Tensor

from generation import memory
from generation.training import dataset
from generation.training import memory as need
from generation.training.bucket import buckets
from generation.training.cache import Cache, weights_digest
from generation.training.checkpoint import write_whole
from generation.training.dataset import Dataset
from generation.training.dreambooth import class_pictures
from generation.training.errors import BadPlan, Diverged, TooLarge
from generation.training.feed import Batch, Feed
from generation.training.full import Full
from generation.training.inversion import Inversion
from generation.training.learner import Learner
from generation.training.lora import Lora
from generation.training.output import Output, claimed, saving
from generation.training.plan import Plan, filled
from generation.training.progress import Begun, Drawn, Found, Preparing, Saved, Stepped, Tell
from generation.training.reading import Reading, tokenizer_of
from generation.training.save import DTYPES, about
from generation.training.training import Training
from generation.training.validation import Drawing
from generation.zoo.folder import WEIGHTS, Folder, read
from generation.zoo.model import Model, load

LOGS = "logs"
"""Folder of the log, for TensorBoard."""
LOGGED = 10
"""Steps from one line of the log to the next."""
PLACES = frozenset(
    ("data", "out", "model", "model_name", "class_data_dir", "device", "memory_mb", "report_to")
)
"""Arguments that decide no number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a training ended."""

    path: Path | None
    """What was made: a file, or the folder of a model; None if it was stopped before its end."""
    step: int
    """The last that was done."""
    steps: int
    loss: float | None
    """Mean over the last steps; None if none was done this time."""
    checkpoint: Path | None
    """The newest."""


class _Stopped(Exception):
    """Whoever started the training wants it to end here."""


def train(plan: Plan, tell: Tell = lambda _: None, stop: Event | None = None) -> Result:
    """Train, from where the folder's last checkpoint is.

    Args:
        plan: What, from what, how.
        tell: Is told what happens.
        stop: Set by another thread or a signal, it ends the training after the next step, with a
            checkpoint.

    Raises:
        TrainingError: As the errors beside this module name it.
        BadData: There is nothing to learn from.
        BrokenModel: The base model cannot be loaded.
    """
    plan = filled(plan)
    if plan.out.resolve().is_relative_to(plan.data.resolve()):
        # its own pictures would be learned from, and the data would not be the same again
        raise BadPlan(f"--out {plan.out} 在数据文件夹 {plan.data} 里面，请换到外面")
    stop = stop or Event()
    # what is drawn by chance here is nobody else's
    with torch.random.fork_rng(), claimed(plan.out) as output:
        try:
            return _Run(plan, output, tell, stop).go()
        except _Stopped:
            return Result(path=None, step=0, steps=0, loss=None, checkpoint=output.last)


class _Run:
    """One run of the command: a training from its beginning or a checkpoint, to its end or stop."""

    def __init__(self, plan: Plan, output: Output, tell: Tell, stop: Event) -> None:
        self._plan, self._output, self._tell, self._stop = plan, output, tell, stop
        self._folder = _base(plan)
        self._side_px = _side(plan, self._folder)
        self._data = self._read_data()
        digests = {part: weights_digest(plan.model / part) for part in (*WEIGHTS, "tokenizer")}
        self._digests = digests
        self._base_digest = " ".join(digests[part][:16] for part in WEIGHTS)
        output.begin(_identity(plan, self._side_px, self._base_digest, self._data))
        self._accelerator = _accelerator(plan)
        self._losses: list[float] = []

    def go(self) -> Result:
        """Train, save, and say how it ended."""
        training, drawing = self._prepared()
        self._resume(training)
        with self._logged():
            self._steps(training, drawing)
        loss = sum(self._losses) / len(self._losses) if self._losses else None
        path = None
        if training.done >= training.steps:
            path = training.learner.save(self._output, training.weights, self._about(training.done))
        return Result(
            path=path,
            step=training.done,
            steps=training.steps,
            loss=loss,
            checkpoint=self._output.last,
        )

    def _read_data(self) -> Dataset:
        plan = self._plan
        return dataset.read(
            plan.data,
            caption=plan.instance_prompt or None,
            caption_column=plan.caption_column,
            image_column=plan.image_column,
            need_captions=plan.method in ("lora", "full"),
            tell=lambda done: self._prepare("pictures", done, 0),
        )

    def _prepared(self) -> tuple[Training, Drawing]:
        """Return a training that is ready for its first step."""
        plan, device = self._plan, self._accelerator.device
        model = load(self._folder, device, torch.float32)
        tokenizer = tokenizer_of(self._folder)
        reading = Reading(model, tokenizer)
        drawing = Drawing(model, reading, self._side_px)
        cache = self._cache(model, reading)
        sizes = buckets(self._side_px, self._folder.multiple_px)
        sets = [self._data]
        if plan.with_prior_preservation:
            sets.append(class_pictures(plan, drawing, self._watched))
        feeds = [
            Feed(
                data,
                cache,
                sizes,
                batch=plan.train_batch_size,
                seed=plan.seed,
                scale=self._folder.latent_scale,
                flips=plan.random_flip,
                purpose=purpose,
            )
            for data, purpose in zip(sets, ("picture", "class"), strict=False)
        ]
        self._tell(
            Found(pictures=len(self._data.samples), notes=self._data.notes, shapes=feeds[0].shapes)
        )
        for feed in feeds:
            feed.prepare(lambda done, total: self._prepare("latents", done, total))
        texts = {} if plan.reads else self._texts(cache, sets, device)
        torch.manual_seed(plan.seed)
        if plan.method in ("lora", "textual-inversion"):
            _lighten(model, plan)
        learner = _learner(model, tokenizer, plan)
        training = Training(
            plan,
            model,
            learner,
            reading=reading,
            texts=texts,
            feeds=feeds,
            accelerator=self._accelerator,
            steps=plan.max_train_steps
            or -(-feeds[0].batches * plan.num_train_epochs // plan.gradient_accumulation_steps),
        )
        need.check(plan, self._need(training, feeds), device)
        if plan.gradient_checkpointing:
            _checkpoint_gradients(model, learner)
        return training, drawing

    def _cache(self, model: Model, reading: Reading) -> Cache:
        def encode(image: Tensor) -> tuple[Tensor, Tensor]:
            vae: Any = model.vae
            posterior = vae.encode(image.to(model.device)).latent_dist
            return posterior.mean, posterior.std

        return Cache(
            self._plan.out / "cache",
            encode=encode,
            embed=lambda caption: reading.states([caption])[0],
            vae_digest=self._digests["vae"],
            text_digest=self._digests["text_encoder"] + self._digests["tokenizer"],
            crop="center" if self._plan.center_crop else "random",
        )

    def _texts(
        self, cache: Cache, sets: list[Dataset], device: torch.device
    ) -> Mapping[str, Tensor]:
        told = (sample.caption for data in sets for sample in data.samples)
        captions = dict.fromkeys(["", *told])
        found: dict[str, Tensor] = {}
        for done, caption in enumerate(captions, 1):
            found[caption] = cache.text(caption).to(device)
            self._prepare("texts", done, len(captions))
        return found

    def _need(self, training: Training, feeds: list[Feed]) -> need.Need:
        """Measure on a small picture what one of the largest takes."""
        folder, largest = (
            self._folder,
            max((feed.largest for feed in feeds), key=lambda size: size.width * size.height),
        )
        side = folder.multiple_px // folder.latent_px
        shape = (1, folder.latent_channels, side, side)
        batch = Batch(torch.zeros(shape), ("",), torch.zeros(shape), torch.zeros(1).long())
        networks = (training.model.unet, training.model.text.encoder)
        small = need.kept(lambda: training.forward(batch, [""]), networks)
        times = largest.width * largest.height / folder.multiple_px**2
        weights = training.learner.weights.values()
        return need.Need(fixed=need.fixed(weights, self._plan), each=int(small * times))

    def _resume(self, training: Training) -> None:
        state = self._output.load(self._plan.resume_from_checkpoint)
        changed: list[str] = []
        if state is not None:
            training.resume(state)
            changed = _changed(json.loads(state["arguments"]), self._plan)
        self._tell(
            Begun(
                step=training.done,
                steps=training.steps,
                numbers=sum(value.numel() for value in training.learner.weights.values()),
                changed=changed,
            )
        )

    def _steps(self, training: Training, drawing: Drawing) -> None:
        """Step until the end, or until whoever started it wants it to stop."""
        while training.done < training.steps:
            rate = training.rate
            loss = self._step(training)
            self._losses = [*self._losses[-99:], loss]
            self._tell(Stepped(step=training.done, steps=training.steps, loss=loss, rate=rate))
            self._log(training, rate)
            ends = training.done == training.steps
            if ends or self._stop.is_set() or training.done % self._plan.checkpointing_steps == 0:
                self._save(training)
            if self._stop.is_set() and not ends:
                return
            if self._shows(training):
                self._show(training, drawing)

    def _step(self, training: Training) -> float:
        try:
            return training.step()
        except Diverged as error:
            kept = self._output.last
            tail = f"；上一个检查点 {kept.stem} 完好" if kept else ""
            raise Diverged(f"{error}{tail}") from error
        except RuntimeError as error:
            # the CPU's has no class of its own
            if isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error):
                raise TooLarge(
                    "训练到一半内存不够了；请降低 --train_batch_size 或 --resolution，"
                    "或打开 --gradient_checkpointing，再用同样的命令接着训练"
                ) from error
            raise

    def _save(self, training: Training) -> None:
        state = training.state() | {"arguments": json.dumps(self._plan.told())}
        path = self._output.save(training.done, state, limit=self._plan.checkpoints_total_limit)
        self._tell(Saved(step=training.done, path=path))

    def _shows(self, training: Training) -> bool:
        plan = self._plan
        if not plan.validation_prompt:
            return False
        every = plan.validation_steps or -(
            -training.batches * plan.validation_epochs // plan.gradient_accumulation_steps
        )
        return training.done % every == 0 or training.done == training.steps

    def _show(self, training: Training, drawing: Drawing) -> None:
        """Draw the validation prompt with what was learned so far."""
        plan, folder = self._plan, self._output.path / "validation"
        prompt = training.learner.caption(plan.validation_prompt, 0)
        seeds = [plan.seed + number for number in range(plan.num_validation_images)]
        drawn: list[np.ndarray] = []
        with training.at_rest():
            for number, picture in enumerate(drawing.draw(prompt, seeds)):
                path = folder / f"{training.done}-{number}.png"
                with saving("图片", path, self._output.last):
                    write_whole(path, lambda beside: picture.save(beside, "PNG"))  # noqa: B023  done at once
                drawn.append(np.asarray(picture))
                self._tell(Drawn(step=training.done, path=path))
        with self._logging():
            for tracker in self._accelerator.trackers:
                tracker.log_images(
                    {"validation": np.stack(drawn)}, step=training.done, dataformats="NHWC"
                )

    def _log(self, training: Training, rate: float) -> None:
        if self._accelerator.trackers and training.done % LOGGED == 0:
            recent = self._losses[-LOGGED:]
            with self._logging():
                self._accelerator.log(
                    {"loss": sum(recent) / len(recent), "lr": rate}, training.done
                )

    def _logging(self) -> AbstractContextManager[None]:
        return saving("日志", self._output.path / LOGS, self._output.last)

    @contextmanager
    def _logged(self) -> Generator[None]:
        if self._plan.report_to == "tensorboard":
            with self._logging():
                self._accelerator.init_trackers(LOGS)
        try:
            yield
        finally:
            # what ended the training is told, not what the log says of it
            with suppress(OSError):
                self._accelerator.end_training()

    def _about(self, steps: int) -> dict[str, str]:
        return about(
            self._plan,
            self._folder,
            base_digest=self._base_digest,
            data_digest=self._data.digest,
            pictures=len(self._data.samples),
            steps=steps,
            resolution=self._side_px,
        )

    def _prepare(self, what: Any, done: int, total: int) -> None:
        self._watched(Preparing(what=what, done=done, total=total))

    def _watched(self, word: Any) -> None:
        """Tell, and end here if that is wanted."""
        self._tell(word)
        if self._stop.is_set():
            raise _Stopped


def _base(plan: Plan) -> Folder:
    """Return the base model's folder.

    Raises:
        BadPlan: It is for inpainting.
        BrokenModel: It is of another family, or not whole.
        TooLarge: Its weights alone do not fit.
    """
    folder = read(plan.model)
    if folder.inpaint:
        raise BadPlan(f"模型 {plan.model_name} 是局部重绘模型，不能这样训练；请换普通的底模")
    if folder.size_bytes > memory.host_free():
        raise TooLarge(f"模型 {plan.model_name} 的权重比空闲的内存还大")
    return folder


def _side(plan: Plan, folder: Folder) -> int:
    side, multiple = plan.resolution or folder.native_px, folder.multiple_px
    if side % multiple or side < multiple:
        nearest = max(1, round(side / multiple)) * multiple
        raise BadPlan(f"--resolution 要是 {multiple} 的倍数，例如 {nearest}")
    return side


def _identity(plan: Plan, side_px: int, base: str, data: Dataset) -> dict[str, object]:
    found: dict[str, object] = {
        "方法": plan.method,
        "底模": base,
        "图片或描述": data.digest,
        "--resolution": side_px,
        "--use_ema": plan.use_ema,
        "--train_text_encoder": plan.train_text_encoder,
        "--with_prior_preservation": plan.with_prior_preservation,
    }
    if plan.method == "lora":
        found |= {"--rank": plan.rank, "--lora_alpha": plan.alpha,
                  "--lora_target_modules": sorted(plan.lora_target_modules)}  # fmt: skip
    if plan.method == "textual-inversion":
        found |= {"--placeholder_token": plan.placeholder_token,
                  "--initializer_token": plan.initializer_token,
                  "--num_vectors": plan.num_vectors}  # fmt: skip
    return found


def _accelerator(plan: Plan) -> Accelerator:
    """Return what knows the device and the precision.

    Raises:
        BadPlan: The device is not there, cannot compute so, or the log cannot be written.
    """
    if plan.device == "cuda" and not torch.cuda.is_available():
        raise BadPlan("这台机器没有可用的 CUDA 显卡；请用 --device cpu")
    on_cpu = plan.device == "cpu" or not torch.cuda.is_available()
    if plan.mixed_precision == "fp16" and on_cpu:
        raise BadPlan("CPU 上不能用 --mixed_precision fp16；请用 no 或 bf16")
    if plan.report_to == "tensorboard" and find_spec("tensorboard") is None:
        raise BadPlan("没有安装 tensorboard；请安装，或用 --report_to none")
    # another training of this process may have had another precision
    AcceleratorState._reset_state(reset_partial_state=True)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    made = Accelerator(
        mixed_precision=plan.mixed_precision,
        gradient_accumulation_steps=plan.gradient_accumulation_steps,
        cpu=on_cpu,
        log_with="tensorboard" if plan.report_to == "tensorboard" else None,
        project_dir=plan.out,
    )
    if made.num_processes > 1:
        raise BadPlan("训练只用一个进程；请不要用 accelerate launch 开多个")
    return made


def _lighten(model: Model, plan: Plan) -> None:
    """Keep what does not learn in the precision that is computed in, where memory is short."""
    if model.device.type == "cuda" and plan.mixed_precision != "no":
        unet: Any = model.unet  # diffusers annotates its to() wrongly
        unet.to(DTYPES[plan.mixed_precision])


def _learner(model: Model, tokenizer: Any, plan: Plan) -> Learner:
    match plan.method:
        case "lora":
            return Lora(model, plan)
        case "textual-inversion":
            return Inversion(model, tokenizer, plan)
        case "dreambooth" | "full":
            return Full(model, plan)


def _checkpoint_gradients(model: Model, learner: Learner) -> None:
    model.unet.enable_gradient_checkpointing()
    reader: Any = learner.reader
    if reader is not None:
        reader.activation_checkpointing_enable({"use_reentrant": False})


def _changed(before: Mapping[str, object], plan: Plan) -> list[str]:
    now = json.loads(json.dumps(plan.told()))
    return [
        f"--{name} {before.get(name)} → {value}"
        for name, value in now.items()
        if name not in PLACES and before.get(name) != value
    ]
