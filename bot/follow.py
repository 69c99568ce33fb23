"""What someone wants changed in a picture that is there."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from bot.request import Request

Side = Literal["left", "up", "right", "down"]
Verb = Literal["again", "reseed", "vary", "upscale", "expand", "change"]

GENTLER, STRONGER = 0.7, 1.4
"""What 改动小一点 and 改动大一点 make of how much is drawn anew."""
USUAL_STRENGTH = 0.6
"""What they start from where nothing was said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """A change asked for; what is not named stays as it was."""

    index: int | None = None
    """Which picture is meant, from 1."""
    count: int | None = None
    """Pictures wanted."""
    reseed: bool = False
    vary: bool = False
    upscale: bool = False
    scale: int | None = None
    """Of upscale, if said."""
    sides: tuple[Side, ...] = ()
    """Where more of it is to be drawn."""
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    """To leave the prompt, and to be avoided."""
    replace: tuple[tuple[str, str], ...] = ()
    """Old and new things."""
    prompt: str = ""
    """In place of the parent's."""
    same_seed: bool = False
    amount: Literal["", "less", "more"] = ""
    """How much is to be drawn anew, against before."""
    changes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """New values by field of a Request."""

    @property
    def verb(self) -> Verb:
        """What it comes to."""
        if self._changes_something:
            return "change"
        if self.sides:
            return "expand"
        if self.upscale:
            return "upscale"
        if self.vary:
            return "vary"
        return "reseed" if self.reseed else "again"

    @property
    def _changes_something(self) -> bool:
        said = (self.add, self.remove, self.replace, self.prompt, self.same_seed, self.amount)
        return any(said) or bool(self.changes)

    @property
    def difference(self) -> str:
        """What changes in the words, as －猫 ＋狗; empty if nothing does."""
        gone = [*self.remove, *(old for old, _ in self.replace)]
        come = [*self.add, *(new for _, new in self.replace)]
        return " ".join([*(f"－{thing}" for thing in gone), *(f"＋{thing}" for thing in come)])


def derived(parent: Request, follow: Follow) -> Request:
    """Return the request that a change makes of its parent; its seed is chosen anew unless said.

    The picture that it starts from, for vary, upscale and expand, is whoever holds it to add.
    """
    changes = dict(follow.changes)
    if "styles" in changes and "weights" not in changes:
        changes["weights"] = ()
    if "aspect" in changes and "width" not in changes:
        changes |= {"width": None, "height": None}
    if "width" in changes and "aspect" not in changes:
        changes["aspect"] = None
    avoid = [parent.avoid, *follow.remove, str(changes.pop("avoid", ""))]
    seed = changes.pop("seed", parent.seed if follow.same_seed else None)
    request = replace(
        parent,
        prompt=_reworded(follow.prompt or parent.prompt, follow),
        avoid=",".join(part for part in avoid if part),
        count=1 if follow.count is None else follow.count,
        seed=seed,
        notes=(),
        **changes,
    )
    if follow.amount:
        factor = GENTLER if follow.amount == "less" else STRONGER
        before = USUAL_STRENGTH if parent.strength is None else parent.strength
        request = replace(request, strength=round(min(1.0, before * factor), 2))
    return request


def _reworded(prompt: str, follow: Follow) -> str:
    for old, new in follow.replace:
        prompt = prompt.replace(old, new) if old in prompt else _joined(prompt, _said(old, new))
    for thing in follow.remove:
        prompt = prompt.replace(thing, "").strip("，,、 ")
    for thing in follow.add:
        prompt = _joined(prompt, thing)
    return prompt


def _said(old: str, new: str) -> str:
    """Say what is there instead of a thing that the prompt does not name."""
    return f"{new}背景" if old == "背景" else new


def _joined(prompt: str, more: str) -> str:
    return f"{prompt}，{more}" if prompt else more
