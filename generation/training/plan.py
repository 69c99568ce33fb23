"""All that decides a training, under the names of diffusers' training scripts; free of torch."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from generation.training.errors import BadPlan

Method = Literal["lora", "textual-inversion", "dreambooth", "full"]
Precision = Literal["no", "fp16", "bf16"]
Curve = Literal[
    "cosine", "cosine_with_restarts", "linear", "polynomial", "constant", "constant_with_warmup"
]
Property = Literal["object", "style"]
Tracker = Literal["tensorboard", "none"]
Saving = Literal["fp32", "fp16", "bf16"]

METHODS: tuple[Method, ...] = get_args(Method)
ATTENTION = ("to_k", "to_q", "to_v", "to_out.0")
ALL = "all"
"""Of lora_target_modules: every layer that the engine can lay a LoRA beside."""
MOST_WARM_UP = 500
"""Steps of warm-up where none are asked for; of short trainings a tenth."""

RATES: Mapping[Method, float] = {
    "lora": 1e-4,
    "textual-inversion": 1e-4,
    "dreambooth": 5e-6,
    "full": 1e-5,
}
BATCHES: Mapping[Method, int] = {"lora": 16, "textual-inversion": 16, "dreambooth": 4, "full": 16}
EPOCHS: Mapping[Method, int] = {"lora": 100, "textual-inversion": 100, "dreambooth": 1, "full": 100}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One training."""

    method: Method
    data: Path
    """A folder of pictures with captions, or a TSV."""
    model: Path
    """Folder of the base model."""
    out: Path
    """Folder for checkpoints and the result."""
    model_name: str = ""
    """As its owner calls the base model; "": the name of its folder."""

    # what is learned from
    caption_column: str = "text"
    image_column: str = "file_name"
    resolution: int = 0
    """Pixels; pictures of another shape get as many. 0: those that the model was trained on."""
    center_crop: bool = False
    random_flip: bool = False
    proportion_empty_prompts: float = 0.0
    """Share of captions that are left out, for guidance."""

    # how long, how fast
    train_batch_size: int = 0
    """0: as diffusers' script of the method."""
    num_train_epochs: int = 0
    """0: as diffusers' script of the method."""
    max_train_steps: int = 0
    """0: as many as the epochs take."""
    gradient_accumulation_steps: int = 1
    gradient_checkpointing: bool = False
    learning_rate: float = 0.0
    """0: as diffusers' script of the method."""
    scale_lr: bool = False
    """Whether the rate is for one picture, and multiplied by how many a step sees."""
    lr_scheduler: Curve = "cosine"
    lr_warmup_steps: int = -1
    """-1: a tenth of all, at most 500."""
    lr_num_cycles: int = 1
    lr_power: float = 1.0
    snr_gamma: float = 5.0
    """0: all noise levels weigh alike."""
    noise_offset: float = 0.0
    adam_beta1: float = 0.9
    adam_beta2: float = 0.999
    adam_weight_decay: float = 1e-2
    adam_epsilon: float = 1e-8
    max_grad_norm: float = 1.0
    """0: gradients are not clipped."""
    mixed_precision: Precision = "no"
    use_ema: bool = False
    seed: int = 0
    device: str = "auto"
    """auto, cpu or cuda."""
    memory_mb: int = 0
    """What the training may take, MiB; 0 is what the device has free."""

    # what is kept on the way
    checkpointing_steps: int = 500
    checkpoints_total_limit: int = 2
    """0: all are kept."""
    resume_from_checkpoint: str = "latest"
    """latest, no, or the name of one."""
    validation_prompt: str = ""
    num_validation_images: int = 4
    validation_epochs: int = 1
    validation_steps: int = 0
    """0: by epochs."""
    report_to: Tracker = "tensorboard"
    save_precision: Saving = "fp32"
    """Of the result."""

    # lora
    rank: int = 4
    lora_alpha: float = 0.0
    """0: the rank, so that what is learned counts as it is."""
    lora_target_modules: tuple[str, ...] = ATTENTION
    train_text_encoder: bool = False

    # textual inversion
    placeholder_token: str = ""
    initializer_token: str = ""
    num_vectors: int = 1
    learnable_property: Property = "object"

    # dreambooth
    instance_prompt: str = ""
    """The caption of all pictures."""
    class_prompt: str = ""
    with_prior_preservation: bool = False
    class_data_dir: Path | None = None
    """None: class, in the folder of the training."""
    num_class_images: int = 100
    prior_loss_weight: float = 1.0

    @property
    def alpha(self) -> float:
        """What the product of a LoRA's factors is multiplied by, times the rank."""
        return self.lora_alpha or float(self.rank)

    @property
    def class_folder(self) -> Path:
        """Where the pictures of the class are."""
        return self.class_data_dir or self.out / "class"

    @property
    def reads(self) -> bool:
        """Whether the text encoder learns, so that what it says cannot be kept."""
        return self.train_text_encoder or self.method == "textual-inversion"

    @property
    def pictures_per_step(self) -> int:
        """How many pictures one step of the optimizer sees."""
        return self.train_batch_size * self.gradient_accumulation_steps

    @property
    def rate(self) -> float:
        """The highest learning rate."""
        return self.learning_rate * (self.pictures_per_step if self.scale_lr else 1)

    def told(self) -> dict[str, Any]:
        """Return all arguments as JSON has them."""
        plain = asdict(self)
        return {
            key: str(value) if isinstance(value, Path) else value for key, value in plain.items()
        }


def filled(plan: Plan) -> Plan:
    """Return the plan with what its method usually takes where nothing was said.

    Raises:
        BadPlan: An argument cannot be, or does not go with the others.
    """
    plan = replace(
        plan,
        model_name=plan.model_name or plan.model.name,
        learning_rate=plan.learning_rate or RATES[plan.method],
        train_batch_size=plan.train_batch_size or BATCHES[plan.method],
        num_train_epochs=plan.num_train_epochs or EPOCHS[plan.method],
    )
    for fault in _faults(plan):
        raise BadPlan(fault)
    return plan


def warm_up(plan: Plan, steps: int) -> int:
    """Return how many of so many steps the rate rises for."""
    if plan.lr_warmup_steps >= 0:
        return plan.lr_warmup_steps
    return min(MOST_WARM_UP, steps // 10)


_LEAST: Mapping[str, float] = {
    "resolution": 0,
    "train_batch_size": 1,
    "num_train_epochs": 1,
    "max_train_steps": 0,
    "gradient_accumulation_steps": 1,
    "learning_rate": 0,
    "snr_gamma": 0,
    "noise_offset": 0,
    "adam_weight_decay": 0,
    "max_grad_norm": 0,
    "seed": 0,
    "checkpointing_steps": 1,
    "checkpoints_total_limit": 0,
    "num_validation_images": 1,
    "validation_epochs": 1,
    "validation_steps": 0,
    "rank": 1,
    "lora_alpha": 0,
    "num_vectors": 1,
    "num_class_images": 1,
    "prior_loss_weight": 0,
    "lr_num_cycles": 1,
}
_SHARES = ("proportion_empty_prompts", "adam_beta1", "adam_beta2")
_WORDS: Mapping[str, tuple[object, ...]] = {
    "method": METHODS,
    "mixed_precision": get_args(Precision),
    "lr_scheduler": get_args(Curve),
    "learnable_property": get_args(Property),
    "report_to": get_args(Tracker),
    "save_precision": get_args(Saving),
}


def _faults(plan: Plan) -> list[str]:
    given = plan.told()
    found = [f"--{name} 不能小于 {least}" for name, least in _LEAST.items()
             if not given[name] >= least]  # fmt: skip
    found += [f"--{name} 要在 0 到 1 之间" for name in _SHARES if not 0 <= given[name] <= 1]
    found += [f"--{name} 只能是 {'、'.join(map(str, words))} 之一"
              for name, words in _WORDS.items() if given[name] not in words]  # fmt: skip
    if not plan.lora_target_modules:
        found.append("--lora_target_modules 至少要有一个名字")
    return [*found, *_inversion_faults(plan), *_prior_faults(plan)]


def _inversion_faults(plan: Plan) -> list[str]:
    if plan.method != "textual-inversion":
        return []
    if not plan.placeholder_token.strip() or any(map(str.isspace, plan.placeholder_token)):
        return ["请用 --placeholder_token 给新词起一个不带空格的名字，例如 <小奶猫>"]
    if not plan.initializer_token.strip():
        return ["请用 --initializer_token 给一个意思相近的词，新词从它学起，例如 猫"]
    if plan.train_text_encoder or plan.with_prior_preservation:
        return ["文本反演不能和 --train_text_encoder、--with_prior_preservation 一起用"]
    return []


def _prior_faults(plan: Plan) -> list[str]:
    if plan.method == "dreambooth" and not plan.instance_prompt:
        return ["DreamBooth 要用 --instance_prompt 说出画的是什么，例如 一只sks猫"]
    if not plan.with_prior_preservation:
        return []
    if plan.method not in ("dreambooth", "lora"):
        return ["--with_prior_preservation 只用于 dreambooth 和 lora"]
    if not plan.class_prompt:
        return ["用了 --with_prior_preservation，请用 --class_prompt 说出它属于哪一类，例如 一只猫"]
    return []
