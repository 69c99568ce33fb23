"""长卷: members take turns, and each draws the next part of one long picture."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from bot.game.round import Round
from bot.game.weight import weighed
from bot.parsing.text import fold, without
from bot.request import Request
from bot.session import Box, Kind, Session, Step, Wall
from bot.style import SEEDS
from bot.wording import say
from generation.recipe import Expand

OVERLAP, NARROW, SMALL_PX = 1 / 2, 1 / 8, 320
"""How much of a part the next sees of it, to the height: a model must see where it is. Those that
draw pictures no higher than SMALL_PX draw one thing, in the middle of what is new, and need little.
"""
STRENGTH = 0.9
"""How much is drawn anew beyond the edge; the rest of the way what is there goes on."""
GRAIN_PX = 32
"""What is seen is a multiple of this: of what any model's latent stands for, so that the joint lies
between two of them."""
NEW = 1.3
"""Weight of a turn's clause; the theme has 1."""
NO_SHAPE: Mapping[str, Any] = {"aspect": None, "width": None, "height": None}
_SIDE = re.compile(
    r"(?:^|[\s,，、])\s*(?:[向往朝](?:(?P<left>左)|右)(?:边|侧|方)?(?:画|展开|延伸)?"
    r"|(?P<english>leftwards?)|rightwards?)"
    r"(?=$|[\s,，、。])"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scroll(Round):
    """A scroll, and to which side it grows."""

    kind: ClassVar[Kind] = "scroll"
    wall: ClassVar[Wall] = "scroll"
    leftwards: bool = False

    @classmethod
    def read(cls, said: str) -> tuple[str, Self]:
        """Take out of words to which side it is to grow."""
        found = _SIDE.search(fold(said))
        if found is None:
            return said, cls()
        return without(said, found), cls(leftwards=bool(found["left"] or found["english"]))

    def anew(self) -> Self:
        """Return one that grows to the same side."""
        return type(self)(leftwards=self.leftwards)

    def opening(self, session: Session, call: str) -> str:
        """Return what it opens with."""
        words = "长卷开局：{theme}\n每人往右画一段，接成一幅长卷。{call}"
        if self.leftwards:
            words = "长卷开局：{theme}\n每人往左画一段，接成一幅长卷。{call}"
        return say(words, theme=session.subject, call=call)

    def overlap(self, session: Session) -> int:
        """Return what the parts were really drawn on."""
        return next((step.canvas.width for step in session.steps if step.canvas), 0)

    def cut(self, width: int, height: int) -> Box:
        """Return the end of a part, at the side to which it grows."""
        share = NARROW if height <= SMALL_PX else OVERLAP
        seen = min(width, max(GRAIN_PX, int(share * height / GRAIN_PX) * GRAIN_PX))
        return (0, 0, seen, height) if self.leftwards else (width - seen, 0, width, height)

    def request(self, session: Session, said: str, last: Step | None) -> Request:
        """Return what is drawn: the next part with the end of the last, or the first one.

        The first is as wide as was said. What a further one sees and what it adds is a square: that
        is within what any model draws, whatever the first was.
        """
        theme = session.request
        request = replace(
            theme,
            prompt="，".join(part for part in (theme.prompt, weighed(said, NEW)) if part),
            seed=((theme.seed or 0) + session.marks) % SEEDS,  # the same noise: the same part again
            hires=1.0,
            upscale=1,
        )
        if last is None or last.canvas is None:
            return replace(request, **NO_SHAPE) if _upright(theme) else request
        canvas = last.canvas
        more = canvas.height - canvas.width
        return replace(
            request,
            source=canvas.sha256,
            source_px=(canvas.width, canvas.height),
            strength=STRENGTH,
            expand=Expand(left=more) if self.leftwards else Expand(right=more),
            **NO_SHAPE,
        )

    def numbered(self, session: Session, step: Step) -> str:
        """Return what a part is shown with."""
        return say(
            "第 {number} 段 {name}：{words}",
            number=len(session.steps),
            name=session.name_of(step.member),
            words=step.words,
        )

    def full(self, session: Session) -> str:
        """Return that all parts are there."""
        return say("{count} 段画满了", count=len(session.steps))


def _upright(request: Request) -> bool:
    """Return whether a picture is to be higher than wide: then a scroll would hardly move on."""
    if request.width and request.height:
        return request.width < request.height
    across, down = map(int, (request.aspect or "1:1").split(":"))
    return across < down
