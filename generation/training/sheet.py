"""Sample sheets: the same captions with the same seeds, to see what a model has learned.

Run: python -m generation.training.sheet --model generation/mini/weights --to sheet.png
"""

import argparse
from pathlib import Path
from typing import Any

import torch
from diffusers import DPMSolverMultistepScheduler, StableDiffusionPipeline
from PIL import Image, ImageDraw, ImageFont

CAPTIONS = (
    "一只企鹅",
    "一只猫",
    "一只熊猫",
    "一条鱼",
    "一辆汽车",
    "一朵向日葵",
    "一个雪人",
    "雪地里的两只企鹅",
    "草地上的三只兔子",
    "海底的一只章鱼",
    "星空下的房子",
    "日落时的一艘船",
    "沙漠里的一头大象",
    "森林里的狐狸",
    "红色的猫",
    "一只蓝色的蝴蝶",
    "四个气球，黄色背景",
    "猫和狗在草地上",
    "两只熊猫，水墨风",
    "一只老虎，素描风",
    "草地上的房子，像素风",
    "海底的海豚，油画风",
    "三朵玫瑰，剪纸风",
    "雪地里的一棵树，水彩风",
)
"""What the sheets show."""


def draw_all(
    model: Path, captions: tuple[str, ...], *, steps: int = 20, guidance: float = 4.0, seed: int = 7
) -> list[Image.Image]:
    """Draw each caption at 128x128; picture i takes seed + i."""
    pipe: Any = StableDiffusionPipeline.from_pretrained(
        model, safety_checker=None, dtype=torch.float32
    )
    pipe.scheduler = DPMSolverMultistepScheduler.from_config(
        pipe.scheduler.config, timestep_spacing="trailing"
    )
    pipe.set_progress_bar_config(disable=True)
    generators = [torch.Generator().manual_seed(seed + i) for i in range(len(captions))]
    return pipe(
        list(captions),
        height=128,
        width=128,
        num_inference_steps=steps,
        guidance_scale=guidance,
        generator=generators,
    ).images


def lay_out(
    pictures: list[Image.Image], captions: tuple[str, ...], columns: int = 6
) -> Image.Image:
    """Set pictures in rows, each over its caption."""
    font = _font()
    side, foot = 128, 22
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * (side + 8), rows * (side + foot + 4)), "white")
    draw = ImageDraw.Draw(sheet)
    for i, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        x, y = (i % columns) * (side + 8) + 4, (i // columns) * (side + foot + 4) + 2
        sheet.paste(picture, (x, y))
        draw.text((x, y + side + 2), caption, fill="black", font=font)
    return sheet


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for name in ("NotoSansCJK-Regular.ttc", "wqy-microhei.ttc", "DroidSansFallbackFull.ttf"):
        try:
            return ImageFont.truetype(name, 12)
        except OSError:
            continue
    return ImageFont.load_default()


def main() -> None:
    """Read the command line and draw the sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--guidance", type=float, default=4.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--steps", type=int, default=20)
    given = parser.parse_args()
    pictures = draw_all(
        given.model, CAPTIONS, steps=given.steps, guidance=given.guidance, seed=given.seed
    )
    lay_out(pictures, CAPTIONS).save(given.to)


if __name__ == "__main__":
    main()
