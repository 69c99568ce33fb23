"""The embedded model's styles: pictures put through a style's filter, and the LoRA they teach.

Run: python -m generation.mini.style --work FOLDER --to generation/mini/styles
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
from safetensors.torch import load, save

from generation.mini import FOLDER, STYLES
from generation.mini.caption import TREATMENTS, say_treatment
from generation.mini.picture import render
from generation.mini.scene import SIZES, compose
from generation.training.checkpoint import write_whole
from generation.training.loop import train
from generation.training.plan import ALL, Plan

STRENGTHS = {
    "水墨": 1.1, "剪纸": 0.85, "像素": 1.15, "赛博朋克": 1.1,
    "油画": 1.15, "素描": 0.9, "水彩": 1.15, "动漫": 0.95,
}  # fmt: skip
"""What each LoRA is multiplied by, so that at weight one its style shows and its things do too."""

_SEED = 8
"""Data seed of the styles' scenes."""


def write_pictures(folder: Path, style: str, count: int, seed: int = _SEED) -> None:
    """Fill a folder with pictures in a style, each with its caption beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    number = made = 0
    while made < count:
        scene = compose(seed, number)
        number += 1
        if (scene.width, scene.height) != SIZES[0]:
            continue  # every shape draws in a style that it was taught in one
        words = say_treatment(np.random.default_rng([seed, number]), scene.caption, style)
        render(scene, style).save(folder / f"{made:04d}.png")
        (folder / f"{made:04d}.txt").write_text(words + "\n", encoding="utf-8")
        made += 1


def plan_of(
    data: Path, out: Path, model: Path = FOLDER, *, steps: int, batch: int, rate: float = 4e-3
) -> Plan:
    """Give the plan by which a style is learned."""
    return Plan(
        method="lora",
        data=data,
        model=model,
        model_name="mini",
        out=out,
        max_train_steps=steps,
        train_batch_size=batch,
        learning_rate=rate,
        snr_gamma=0.0,  # a style's paper and palette are decided where noise is strongest
        mixed_precision="bf16",
        rank=8,
        lora_target_modules=(ALL,),
        center_crop=True,
        proportion_empty_prompts=0.1,
        report_to="none",
        save_precision="fp16",
        checkpointing_steps=200,
        seed=1,
    )


def scaled(lora: bytes, strength: float) -> bytes:
    """Multiply a LoRA file by a number, in the second of its factors; its head says so."""
    length = int.from_bytes(lora[:8], "little")
    metadata = json.loads(lora[8 : 8 + length]).get("__metadata__", {})
    tensors = {
        name: value * strength if "lora_B" in name or "lora_up" in name else value
        for name, value in load(lora).items()
    }
    return save(tensors, {**metadata, "danqing.strength": f"{strength:g}"})


def main() -> None:
    """Read the command line and train each style that is not there yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=FOLDER)
    parser.add_argument("--to", type=Path, default=STYLES)
    parser.add_argument("--pictures", type=int, default=960)
    parser.add_argument("--steps", type=int, default=350)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--only", choices=TREATMENTS, nargs="*", default=list(TREATMENTS))
    given = parser.parse_args()
    for style in given.only:
        to = given.to / f"{style}.safetensors"
        if to.exists():
            continue
        data, out = given.work / "pictures" / style, given.work / "lora" / style
        if not data.exists():
            beside = data.with_name(f".{style}")
            shutil.rmtree(beside, ignore_errors=True)
            write_pictures(beside, style, given.pictures)
            beside.rename(data)
        made = train(plan_of(data, out, given.model, steps=given.steps, batch=given.batch)).path
        if made is None:
            raise SystemExit(f"{style} was stopped")
        lora = scaled(made.read_bytes(), STRENGTHS[style])
        write_whole(to, lambda beside, lora=lora: beside.write_bytes(lora))
        print(f"{style}: {to.stat().st_size / 1e6:.1f} MB", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
