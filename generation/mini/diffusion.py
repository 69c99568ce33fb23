"""The command that trains the denoiser in a work folder.

Run: python -m generation.mini.diffusion --work FOLDER --steps 16000
"""

import argparse
import json
import time
from pathlib import Path

import torch
from transformers import BertTokenizer

from generation.mini.evaluation import Painter
from generation.mini.export import averaged, export
from generation.mini.latent import Shelves, trained_autoencoder
from generation.mini.loop import Plan, Training, train
from generation.mini.network import token_ids
from generation.mini.sheet import PLAIN, lay_out, wishes


class Show:
    """Exports the model of a running training and draws its sheet, every so often."""

    def __init__(self, work: Path, every_s: float) -> None:
        self._work = work
        self._every_s = every_s
        self._last = float("-inf")

    def __call__(self, training: Training) -> None:
        """Show the training unless it was shown just now."""
        scenes = training.shelves.refresh()
        if time.monotonic() - self._last < self._every_s and training.progress < 1.0:
            return
        self._last = time.monotonic()
        model = self._work / "model"
        with torch.inference_mode():
            export(model, *averaged(training.averaged), trained_autoencoder(self._work))
        painter = Painter(model, {}, dtype=torch.float32)
        pictures = painter.draw(wishes()[: len(PLAIN)], tell=lambda _: None)
        lay_out(pictures, 128).save(self._work / f"sheet-{training.step_number:06d}.png")
        words = f"step {training.step_number}, {training.samples} samples of {scenes} scenes"
        print(words, flush=True)  # noqa: T201


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=16000)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--sheet-minutes", type=float, default=15.0)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    plan = Plan(work=given.work, steps=given.steps, batch=given.batch, threads=given.threads)
    tokenizer = BertTokenizer.from_pretrained(given.work / "tokenizer")
    shelves = Shelves(given.work)
    shelves.refresh()
    scale = float(json.loads((given.work / "scale.json").read_text())["scale"])
    training = Training(plan, shelves, scale, token_ids(tokenizer, [""]))
    train(training, plan, Show(given.work, 60.0 * given.sheet_minutes))


if __name__ == "__main__":
    main()
