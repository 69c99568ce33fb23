"""danqing train: a training in the terminal, its arguments in the words of diffusers' scripts."""

import argparse
import os
import signal
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Any, Self, get_args

from adapters.locale import said
from generation.training.plan import ATTENTION, METHODS, Curve, Plan, Precision, Property, Saving
from generation.training.progress import (
    Begun,
    Drawn,
    Found,
    Preparing,
    Saved,
    Stepped,
    Word,
)


@dataclass(frozen=True, slots=True)
class Option:
    """One argument."""

    name: str
    """As diffusers' scripts have it, with underscores."""
    words: str
    kind: Any = str
    """bool: it is given alone."""
    choices: tuple[str, ...] = ()


def _options() -> tuple[tuple[str, tuple[Option, ...]], ...]:
    """Return all arguments by group."""
    return (
        (
            said("data", "数据"),
            (
                Option("resolution", said("default: the model's own", "像素，默认同模型"), int),
                Option("caption_column", said("of metadata.jsonl or a TSV", "描述所在的列")),
                Option("image_column", said("of metadata.jsonl", "图片所在的列")),
                Option("center_crop", said("else: a part by chance", "裁中间，不写则随机"), bool),
                Option("random_flip", said("mirror half of them", "随机左右翻转"), bool),
                Option(
                    "proportion_empty_prompts", said("captions left out", "去掉描述的比例"), float
                ),
            ),
        ),
        (
            said("learning", "学习"),
            (
                Option("train_batch_size", said("pictures at once", "每批几张"), int),
                Option("num_train_epochs", said("times each picture is seen", "看几遍"), int),
                Option("max_train_steps", said("overrides the epochs", "步数，优先于遍数"), int),
                Option("gradient_accumulation_steps", said("batches a step", "几批算一步"), int),
                Option("gradient_checkpointing", said("less memory, slower", "省显存，更慢"), bool),
                Option("learning_rate", said("the highest", "最高学习率"), float),
                Option("scale_lr", said("by pictures a step", "学习率乘以每步张数"), bool),
                Option(
                    "lr_scheduler", said("default: cosine", "默认 cosine"), str, get_args(Curve)
                ),
                Option("lr_warmup_steps", said("default: a tenth", "预热步数，默认十分之一"), int),
                Option("lr_num_cycles", said("of restarts", "cosine_with_restarts 的周期"), int),
                Option("lr_power", said("of polynomial", "polynomial 的次数"), float),
                Option("snr_gamma", said("min-SNR, default 5; 0: off", "默认 5，0 关闭"), float),
                Option("noise_offset", said("for dark and bright", "噪声偏移"), float),
                Option("adam_beta1", "", float),
                Option("adam_beta2", "", float),
                Option("adam_weight_decay", "", float),
                Option("adam_epsilon", "", float),
                Option("max_grad_norm", said("0: not clipped", "0 为不裁剪"), float),
                Option("mixed_precision", "", str, get_args(Precision)),
                Option("use_ema", said("keep a moving average", "取滑动平均"), bool),
                Option("seed", "", int),
                Option("device", "", str, ("auto", "cpu", "cuda")),
                Option("memory_mb", said("most it may take, MiB", "最多用多少 MiB"), int),
            ),
        ),
        (
            said("on the way", "途中"),
            (
                Option("checkpointing_steps", said("default: 500", "几步存一次，默认 500"), int),
                Option(
                    "checkpoints_total_limit", said("default: 2; 0: all", "默认 2，0 全留"), int
                ),
                Option(
                    "resume_from_checkpoint", said("latest, no, or a name", "latest、no 或名字")
                ),
                Option("validation_prompt", said("drawn on the way", "途中画什么来看看")),
                Option("num_validation_images", said("default: 4", "默认 4 张"), int),
                Option("validation_epochs", said("default: 1", "默认每 1 遍"), int),
                Option("validation_steps", said("instead of epochs", "按步数"), int),
                Option("report_to", said("the log", "日志"), str, ("tensorboard", "none")),
                Option("save_precision", said("default: fp32", "默认 fp32"), str, get_args(Saving)),
            ),
        ),
        (
            "LoRA",
            (
                Option("rank", said("default: 4; 8 to 16 is usual", "默认 4，常用 8–16"), int),
                Option("lora_alpha", said("default: the rank", "默认同 rank"), float),
                Option(
                    "lora_target_modules",
                    said(
                        f"comma list, or all (default: {','.join(ATTENTION)})",
                        f"逗号分隔，或 all（默认 {','.join(ATTENTION)}）",
                    ),
                    _names,
                ),
                Option(
                    "train_text_encoder", said("too; also DreamBooth", "连文本编码器一起学"), bool
                ),
            ),
        ),
        (
            said("textual inversion", "文本反演"),
            (
                Option("placeholder_token", said("as <小奶猫>", "例如 <小奶猫>")),
                Option("initializer_token", said("a word to begin from", "从哪个词学起")),
                Option("num_vectors", said("default: 1", "默认 1"), int),
                Option("learnable_property", "", str, get_args(Property)),
            ),
        ),
        (
            "DreamBooth",
            (
                Option("instance_prompt", said("caption of pictures without", "图片的描述")),
                Option("class_prompt", said("of the kind", "它属于哪一类")),
                Option("with_prior_preservation", said("keep the kind", "保住这一类"), bool),
                Option("class_data_dir", said("else: DIR/class", "默认 DIR/class"), Path),
                Option("num_class_images", said("default: 100", "默认 100"), int),
                Option("prior_loss_weight", said("default: 1", "默认 1"), float),
            ),
        ),
    )


def arrange(parser: argparse.ArgumentParser) -> None:
    """Give a parser all arguments of a training; those that are not said are not set."""
    parser.add_argument("method", choices=METHODS, help=said("what is made", "训练什么"))
    parser.add_argument(
        "source",
        nargs="?",
        type=Path,
        metavar="DATA",
        help=said("a folder of pictures, or a TSV", "图片文件夹，或 TSV"),
    )
    parser.add_argument(
        *_spelled("train_data_dir", "instance_data_dir"),
        dest="source_too",
        type=Path,
        help=argparse.SUPPRESS,
    )
    parser.add_argument(
        "--model",
        *_spelled("pretrained_model_name_or_path"),
        metavar="M",
        help=said("a name of config.toml, or a folder", "config.toml 里的名字，或文件夹"),
    )
    parser.add_argument(
        "--out",
        *_spelled("output_dir"),
        type=Path,
        required=True,
        metavar="DIR",
        help=said("for checkpoints and the result", "检查点和结果放哪里"),
    )
    for title, options in _options():
        group = parser.add_argument_group(title)
        for option in options:
            _add(group, option)


def _add(group: Any, option: Option) -> None:
    names = _spelled(option.name)
    given: dict[str, Any] = {"dest": option.name, "default": argparse.SUPPRESS}
    given["help"] = option.words or None
    if option.kind is bool:
        group.add_argument(*names, action="store_true", **given)
        return
    if option.choices:
        given["choices"] = option.choices
    else:
        word = option.name.rpartition("_")[2].upper()
        given["metavar"] = {int: "N", float: "X"}.get(option.kind, word)
    group.add_argument(*names, type=option.kind, **given)


def _spelled(*names: str) -> list[str]:
    """Return names as flags, each with underscores and with dashes."""
    found = [f"--{way}" for name in names for way in (name, name.replace("_", "-"))]
    return list(dict.fromkeys(found))


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.replace(",", " ").split())


def train(arguments: argparse.Namespace) -> int:
    """Train, and say how it went; 1 if it was stopped before its end."""
    plan = plan_of(vars(arguments))
    from generation import server
    from generation.config import EngineConfig

    os.environ.update(server.SURROUNDINGS | server.waiting(EngineConfig(), os.getloadavg()[0]))
    from generation.training.loop import train as learn

    with _interruptible() as stop, _Screen(stop) as screen:
        result = learn(plan, screen.tell, stop)
    if result.path is not None:
        _say(said(f"done: {result.path}", f"完成：{result.path}"))
        return 0
    kept = result.checkpoint
    _say(
        said(
            f"stopped at step {result.step}; the same command goes on from {kept}"
            if kept
            else "stopped before the first step; the same command begins again",
            f"停在第 {result.step} 步；再运行同样的命令就从 {kept} 接着训练"
            if kept
            else "还没开始就停了；再运行同样的命令就重新开始",
        )
    )
    return 1


def plan_of(given: Mapping[str, Any]) -> Plan:
    """Return the plan of arguments.

    Raises:
        EngineError: There is no data, or no such model.
        ConfigError: The config cannot be read.
    """
    from generation.errors import BadData, UnknownModel

    data = given["source"] or given["source_too"]
    if data is None:
        raise BadData(said("say what to learn from: DATA", "请写出图片文件夹或 TSV：DATA"))
    folder = Path(given["model"] or "mini")
    name = ""
    if not folder.is_dir():
        from adapters.config import load

        models = load().engine.models
        name = given["model"] or next(iter(models))
        if name not in models:
            known = "、".join(models)
            raise UnknownModel(
                said(
                    f"there is no model or folder {name}; there are: {known}",
                    f"没有叫 {name} 的模型，也没有这个文件夹；现有的模型：{known}",
                )
            )
        folder = models[name]
    own = {option.name: given[option.name] for _, options in _options() for option in options
           if option.name in given}  # fmt: skip
    return Plan(
        method=given["method"], data=data, model=folder, model_name=name, out=given["out"], **own
    )


@contextmanager
def _interruptible() -> Generator[Event]:
    """Turn the first ctrl-C into a wish to stop; the second is as always."""
    stop = Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def wish(number: int, _: FrameType | None) -> None:
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, wish)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Screen:
    """Says what a training tells, with a bar for its steps."""

    def __init__(self, stop: Event) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._stop = stop
        self._console = Console(file=sys.stderr, soft_wrap=True, highlight=False)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            TextColumn(said("left", "还要")),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task: Any = None
        self._what = ""
        self._loss: float | None = None

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def tell(self, word: Word) -> None:
        """Say one thing."""
        match word:
            case Found():
                self._found(word)
            case Preparing():
                self._turn(_preparing(word.what), word.done, word.total or None, "")
            case Begun():
                self._begun(word)
            case Stepped():
                self._stepped(word)
            case Saved():
                self._line(said(f"kept {word.path}", f"已存 {word.path}"))
            case Drawn():
                self._line(said(f"drawn {word.path}", f"已画 {word.path}"))

    def _found(self, word: Found) -> None:
        shapes = said(", ", "，").join(
            f"{width}×{height}: {count}" for (width, height), count in word.shapes.items()
        )
        self._line(
            said(f"{word.pictures} pictures ({shapes})", f"共 {word.pictures} 张图片（{shapes}）")
        )
        for note in word.notes:
            self._line(note)

    def _begun(self, word: Begun) -> None:
        millions = f"{word.numbers / 1e6:.2f}"
        if word.step:
            self._line(said(f"goes on after step {word.step}", f"从第 {word.step} 步接着训练"))
        for changed in word.changed:
            self._line(said(f"another than before: {changed}", f"和之前不同：{changed}"))
        self._line(
            said(
                f"{word.steps} steps, {millions} million numbers learn",
                f"共 {word.steps} 步，学习 {millions} 百万个参数",
            )
        )

    def _stepped(self, word: Stepped) -> None:
        smooth = word.loss if self._loss is None else 0.95 * self._loss + 0.05 * word.loss
        self._loss = smooth
        note = f"loss {smooth:.4f}  lr {word.rate:.2e}"
        if self._stop.is_set():
            note += said("  stopping", "  正在停下")
        self._turn(said("step", "训练"), word.step, word.steps, note)
        if not self._console.is_terminal and word.step % max(1, word.steps // 20) == 0:
            self._line(f"{word.step}/{word.steps}  {note}")

    def _turn(self, what: str, done: int, total: int | None, note: str) -> None:
        if what != self._what:
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task(what, total=total, note=note, completed=done)
            self._what = what
            return
        self._bar.update(self._task, completed=done, total=total, note=note)

    def _line(self, words: str) -> None:
        self._console.print(words, markup=False)


def _preparing(what: str) -> str:
    return {
        "pictures": said("looking at pictures", "检查图片"),
        "latents": said("encoding pictures", "编码图片"),
        "texts": said("encoding captions", "编码描述"),
        "class": said("drawing the kind", "画同类图片"),
    }[what]


def _say(words: str) -> None:
    sys.stdout.write(words + os.linesep)
