"""What someone wants changed in a picture that is there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from bot import unfold
from bot.event import Image
from bot.job import Origin
from bot.request import Request
from bot.style import SEEDS
from bot.wording import later, say
from generation.recipe import Expand

Side = Literal["left", "up", "right", "down"]
Verb = Literal["again", "reseed", "vary", "upscale", "expand", "change"]

GENTLER, STRONGER = 0.7, 1.4
"""What 改动小一点 and 改动大一点 make of how much is drawn anew."""
USUAL_STRENGTH = 0.6
"""What they start from where nothing was said."""
VARIED = 0.5
"""How much is drawn anew of a picture that is varied."""
GROWN, GROWN_BOTH_WAYS = 0.5, 0.25
"""By what share of itself a picture grows to one side, and to each of two."""
USUAL_SCALE = 2
SIDES: Mapping[Side, str] = {
    "left": later("左"),
    "up": later("上"),
    "right": later("右"),
    "down": later("下"),
}


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
    """New values by field of a Request; what is to be avoided comes to what was."""
    avoid: str | None = None
    """All that is to be avoided, in place of the parent's; None: that stays."""

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
        return any(said) or bool(self.changes) or self.avoid is not None

    @property
    def is_of_one(self) -> bool:
        """Whether it is asked of one picture, not of all that were made together."""
        return bool(self.vary or self.upscale or self.sides or self.amount)

    @property
    def which(self) -> str:
        """What asks of which picture it is to be done, with how to say that."""
        if self.sides:
            return later("#{job} 有 {count} 张，要哪一张？例如：第 2 张往左扩展")
        if self.upscale:
            return later("#{job} 有 {count} 张，要哪一张？例如：第 2 张放大")
        if self.amount:
            return later("#{job} 有 {count} 张，要哪一张？例如：第 2 张改动小一点")
        return later("#{job} 有 {count} 张，要哪一张？例如：第 2 张变体")

    def needs_picture(self, before: Request) -> bool:
        """Return whether it starts from what was drawn, not from what that started from.

        Of what was drawn beyond its edges or inside a mask, the words tell only a part.
        """
        if self.vary or self.sides:
            return True
        changes = self.verb == "change" and not self.prompt
        in_part = before.expand is not None or bool(before.mask)
        return changes and (in_part or bool(self.amount and not before.source))

    @property
    def difference(self) -> str:
        """What is said of it, as －猫 ＋狗; empty if the receipt says all."""
        gone = [*(old for old, _ in self.replace), *self.remove]
        come = [*(new for _, new in self.replace), *self.add]
        told = [*(f"－{thing}" for thing in gone), *(f"＋{thing}" for thing in come)]
        if self.vary:
            told.append(say("变化"))
        if self.sides:
            sides = say("、").join(say(SIDES[side]) for side in self.sides)
            told.append(say("往{sides}扩展", sides=sides))
        return " ".join(told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A request that comes from another."""

    request: Request
    parent: Origin
    before: Request
    """That other one; settled."""
    difference: str = ""
    """What is said of the change, as －猫 ＋狗."""


def derived(parent: Request, follow: Follow) -> Request:
    """Return the request that a change makes of its parent.

    Where the picture is to stay what it is but for the change, its seed stays; of another picture
    it is chosen anew. What is drawn on is for on_picture to add.
    """
    changes = dict(follow.changes)
    if "styles" in changes and "weights" not in changes:
        changes["weights"] = ()
    if "aspect" in changes and "width" not in changes:
        changes |= {"width": None, "height": None}
    if "width" in changes and "aspect" not in changes:
        changes["aspect"] = None
    avoided = parent.avoid if follow.avoid is None else follow.avoid
    avoid = [avoided, *follow.remove, str(changes.pop("avoid", ""))]
    prompt = str(changes.pop("prompt", follow.prompt or parent.prompt))
    stays = follow.verb in {"change", "upscale"} and not (follow.prompt or follow.reseed)
    seed = changes.pop("seed", parent.seed if stays or follow.same_seed else None)
    request = replace(
        parent,
        prompt=_reworded(prompt, follow),
        avoid=",".join(part for part in avoid if part),
        count=1 if follow.count is None else follow.count,
        total=changes.pop("total", False),
        seed=seed,
        notes=(),
        **changes,
    )
    if follow.upscale:
        request = replace(request, upscale=parent.upscale * (follow.scale or USUAL_SCALE))
    if follow.amount:
        factor = GENTLER if follow.amount == "less" else STRONGER
        before = USUAL_STRENGTH if parent.strength is None else parent.strength
        request = replace(request, strength=round(min(1.0, before * factor), 2))
    return request


def only(request: Request, number: int) -> Request:
    """Return the request for one picture of those that a settled request asks for.

    Args:
        request: Settled.
        number: Which, from 0.
    """
    prompts = unfold.unfolded(request.prompt)
    later, which = divmod(number, len(prompts))
    seed = None if request.seed is None else (request.seed + later) % SEEDS
    return replace(request, prompt=prompts[which], seed=seed, count=1, total=False)


def on_picture(request: Request, image: Image, follow: Follow) -> Request:
    """Return a derived request that starts from a picture: varied, continued or drawn anew."""
    strength = request.strength if follow.amount or "strength" in follow.changes else None
    if follow.vary and strength is None:
        strength = VARIED
    shaped = follow.changes.keys() & {"aspect", "width", "height"}
    return replace(
        request,
        source=image.sha256,
        source_px=(image.width, image.height),
        mask="",
        strength=strength,
        expand=_margins(follow.sides, image) if follow.sides else None,
        hires=1.0,
        upscale=follow.scale or USUAL_SCALE if follow.upscale else 1,
        **({} if shaped else {"aspect": None, "width": None, "height": None}),
    )


def _margins(sides: Sequence[Side], image: Image) -> Expand:
    across, upright = {"left", "right"}, {"up", "down"}

    def margin(side: Side) -> int:
        if side not in sides:
            return 0
        axis, length = (across, image.width) if side in across else (upright, image.height)
        return round(length * (GROWN_BOTH_WAYS if axis <= set(sides) else GROWN))

    return Expand(left=margin("left"), up=margin("up"), right=margin("right"), down=margin("down"))


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
