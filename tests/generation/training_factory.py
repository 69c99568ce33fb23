"""Small trainings of tiny models."""

from pathlib import Path
from typing import Any

from generation.training.loop import Result, train
from generation.training.plan import Plan
from generation.training.progress import Tell
from tests.generation.factory import picture

CAPTIONS = ("一只猫在月下", "一只猫", "江南烟雨", "山水画", "红灯笼")


def pictures(folder: Path, count: int = 5, *, captions: bool = True, first: int = 0) -> Path:
    """Write pictures, with captions beside them, and return their folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        (folder / f"{number}.png").write_bytes(picture(number)[1])
        if captions:
            caption = CAPTIONS[number % len(CAPTIONS)]
            (folder / f"{number}.txt").write_text(caption, encoding="utf-8")
    return folder


def plan(data: Path, model: Path, out: Path, **changes: Any) -> Plan:
    """Return the plan of a LoRA of six steps."""
    usual: dict[str, Any] = {
        "method": "lora",
        "max_train_steps": 6,
        "train_batch_size": 2,
        "checkpointing_steps": 2,
        "learning_rate": 1e-2,
        "lr_warmup_steps": 1,
        "device": "cpu",
        "report_to": "none",
    }
    return Plan(data=data, model=model, out=out, **{**usual, **changes})


def run(
    data: Path, model: Path, out: Path, *, tell: Tell = lambda _: None, **changes: Any
) -> Result:
    """Train to the end."""
    return train(plan(data, model, out, **changes), tell)
