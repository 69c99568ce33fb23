"""The embedded model, its styles, its judge and its sheet, from nothing: `make mini`.

Run: python -m generation.mini.make --work FOLDER [--quick]

Every stage is a command of its own that can be killed and goes on where it was; a stage that is
done is not done again. Data and seeds are fixed; under the clocked stages (the autoencoder, the
upscalers, the judge) weights depend on the machine's speed.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from generation.mini import FOLDER, STYLES, UPSCALER
from generation.mini.judge import FILE as JUDGE


@dataclass(frozen=True, slots=True)
class Stage:
    """Commands that run side by side; each is a module of this package and its arguments."""

    name: str
    commands: tuple[tuple[str, ...], ...]


def stages(
    work: Path, to: Path, styles: Path, judge: Path, upscaler: Path, *, quick: bool
) -> list[Stage]:
    """List what is done, in order.

    Args:
        work: Folder of all that is kept on the way.
        to: Where the model goes.
        styles: Where the styles' LoRAs go.
        judge: Where the judge goes.
        upscaler: Where the network that enlarges goes.
        quick: Hardly train, to see that it runs.
    """
    at = ("--work", str(work))
    scenes, steps = ("2000", "40") if quick else ("30000", "16000")
    first, last, look, sharpen = ("0.2",) * 4 if quick else ("40", "15", "50", "20")
    style_steps, pictures = ("4", "8") if quick else ("350", "960")
    wanted = ("--only", "水墨") if quick else ()
    return [
        Stage("autoencoder", (("autoencoder", *at, "--minutes", first),)),
        Stage(
            "latents",
            tuple(
                ("latent", *at, "--scenes", scenes, "--first", str(part), "--every", "2")
                for part in (0, 1)
            ),
        ),
        Stage("denoiser", (("diffusion", *at, "--steps", steps),)),
        Stage("decoder", (("autoencoder", *at, "--minutes", last, "--decoder-only"),)),
        Stage("export", (("export", *at, "--to", str(to)),)),
        Stage(
            "styles",
            (
                (
                    "style",
                    *at,
                    *("--model", str(to), "--to", str(styles)),
                    *("--steps", style_steps, "--pictures", pictures),
                    *wanted,
                ),
            ),
        ),
        Stage("judge", (("judge", *at, "--minutes", look, "--to", str(judge)),)),
        Stage("upscaler", (("upscaler", *at, "--minutes", sharpen, "--to", str(upscaler)),)),
    ]


def run(stages: Sequence[Stage], work: Path) -> None:
    """Run the stages that are not done; stop at the first that fails."""
    work.mkdir(parents=True, exist_ok=True)
    for stage in stages:
        done = work / f"{stage.name}.done"
        if done.exists():
            continue
        began = time.monotonic()
        print(f"== {stage.name}", flush=True)  # noqa: T201
        running = [
            subprocess.Popen([sys.executable, "-m", f"generation.mini.{module}", *arguments])  # noqa: S603
            for module, *arguments in stage.commands
        ]
        codes = [child.wait() for child in running]
        if any(codes):
            raise SystemExit(f"{stage.name} ended with {max(codes, key=abs)}")
        done.write_text(f"{time.monotonic() - began:.0f} s\n")


def main() -> None:
    """Read the command line and make all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path(".training/mini"))
    parser.add_argument("--to", type=Path, default=FOLDER)
    parser.add_argument("--styles", type=Path, default=STYLES)
    parser.add_argument("--judge", type=Path, default=JUDGE)
    parser.add_argument("--upscaler", type=Path, default=UPSCALER)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    places = given.to, given.styles, given.judge, given.upscaler
    run(stages(given.work, *places, quick=given.quick), given.work)


if __name__ == "__main__":
    main()
