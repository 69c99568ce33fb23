"""Does a model draw what it is asked? Its pictures against renders of every possible answer.

A drawn picture counts as right when the render nearest to it, among renders that differ in the
one thing asked about, shows what the caption asked for. Held-out renders measure the judge itself.

Run: python -m generation.training.listening --model generation/mini/weights
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from generation.training.caption import BACKDROPS, TREATMENTS
from generation.training.noun import COLOURS, NOUNS, Thing
from generation.training.picture import render
from generation.training.scene import Scene, stage
from generation.training.sheet import draw_all

_REFERENCES = 40
"""Renders of each possible answer."""

_SIDE = 24
"""Pictures are compared at this width and height in pixels."""

_COUNTED = ("企鹅", "气球", "汽车", "乌龟")
"""Nouns that counts, colours, places and styles are asked of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing that captions can say, with all its answers."""

    name: str
    answers: Sequence[str]
    scene: Callable[[np.random.Generator, str], Scene]
    """A scene that shows an answer, by chance in all else."""
    caption: Callable[[str], str]
    """How the answer is asked for."""


def _one(noun: str, colour: str | None = None, count: int = 1) -> tuple[Thing, ...]:
    return (Thing(noun=noun, count=count, colour=colour),)


def _questions() -> list[Question]:
    def measured(noun: str) -> str:
        return NOUNS[noun].measures[0] + noun

    nouns = Question(
        name="noun",
        answers=tuple(NOUNS),
        scene=lambda rng, noun: stage(rng, _one(noun)),
        caption=lambda noun: f"一{measured(noun)}",
    )
    asked = [nouns]
    for noun in _COUNTED:
        what = measured(noun)
        asked += [
            Question(
                name="count",
                answers=tuple("1234"),
                scene=lambda rng, count, noun=noun: stage(rng, _one(noun, count=int(count))),
                caption=lambda count, what=what: f"{'一两三四'[int(count) - 1]}{what}",
            ),
            Question(
                name="colour",
                answers=COLOURS,
                scene=lambda rng, colour, noun=noun: stage(rng, _one(noun, colour)),
                caption=lambda colour, what=what: f"一{what[0]}{colour}色的{what[1:]}",
            ),
            Question(
                name="background",
                answers=tuple(BACKDROPS),
                scene=lambda rng, place, noun=noun: stage(rng, _one(noun), backdrop=place),
                caption=lambda place, what=what: f"{BACKDROPS[place][0]}的一{what}",
            ),
            Question(
                name="style",
                answers=tuple(TREATMENTS),
                scene=lambda rng, style, noun=noun: stage(rng, _one(noun), treatment=style),
                caption=lambda style, what=what: f"一{what}，{style}风",
            ),
        ]
    return asked


def _features(picture: Image.Image) -> np.ndarray:
    small = picture.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32).ravel() / 255.0


class Judge:
    """Tells which answer to a question a picture shows."""

    def __init__(self, question: Question) -> None:
        self._answers = question.answers
        rng = np.random.default_rng(20)
        self._known = np.stack(
            [
                _features(render(question.scene(rng, answer)))
                for answer in question.answers
                for _ in range(_REFERENCES)
            ]
        )

    def answer(self, picture: Image.Image) -> str:
        """Give the answer of the nearest render."""
        nearest = int(((self._known - _features(picture)) ** 2).sum(axis=1).argmin())
        return self._answers[nearest // _REFERENCES]


def measure(model: Path, each: int) -> dict[str, tuple[float, float]]:
    """Find, for each question, the share of right answers of the model, and of held-out renders."""
    right: dict[str, list[tuple[bool, bool]]] = {}
    for question in _questions():
        judge = Judge(question)
        asked = [answer for answer in question.answers for _ in range(each)]
        drawn = draw_all(model, tuple(question.caption(answer) for answer in asked), seed=100)
        rng = np.random.default_rng(21)
        for answer, picture in zip(asked, drawn, strict=True):
            held_out = render(question.scene(rng, answer))
            verdict = (judge.answer(picture) == answer, judge.answer(held_out) == answer)
            right.setdefault(question.name, []).append(verdict)
    return {
        name: (
            sum(drawn for drawn, _ in verdicts) / len(verdicts),
            sum(rendered for _, rendered in verdicts) / len(verdicts),
        )
        for name, verdicts in right.items()
    }


def main() -> None:
    """Read the command line and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--each", type=int, default=2, help="pictures of each answer")
    given = parser.parse_args()
    print("| asked | drawn right | held-out renders judged right |\n|---|---|---|")  # noqa: T201
    for name, (drawn, rendered) in measure(given.model, given.each).items():
        print(f"| {name} | {drawn:.0%} | {rendered:.0%} |")  # noqa: T201


if __name__ == "__main__":
    main()
