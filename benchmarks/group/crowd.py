"""Members of many groups who play: what they say and press, from a seed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from random import Random  # noqa: TID251  who says what, from a seed

from bot.game.relay import Relay
from bot.game.scroll import Scroll
from bot.session import Session

KINDS = ("接龙", "长卷", "斗图", "你画我猜", "众笔")
THINGS = (
    "一座石桥",
    "桥下的小船",
    "船上的灯",
    "远山",
    "两只鸭子",
    "一棵老树",
    "白云",
    "下雪了",
    "月亮",
)
CHATTER = ("哈哈", "好看", "猫", "狗", "企鹅", "松树", "我觉得是桥", "+1", "竹林 小桥", "太阳")

Said = dict[str, object]


def turn_of(session: Session) -> str:
    """Return the key of whose turn it is, where members take turns; empty: nobody's."""
    game = session.game
    return game.at if isinstance(game, Relay | Scroll) and not session.pending else ""


@dataclass(slots=True)
class Group:
    """One chat, and what is played there."""

    id: str
    kind: str
    members: int
    random: Random
    keen: float = 0.04
    """Of what is said, how much is a turn, an entry or a vote; all else is talk, or a guess."""
    numbers: "count[int]" = field(default_factory=count)

    def says(self, at: str = "") -> Said:
        """Return what somebody does next.

        Args:
            at: Key of whose turn it is, where members take turns; empty: nobody's.
        """
        draws, text = self.random.random(), self.random.choice(CHATTER)
        if draws > self.keen:
            return self._said(text, to_me=False)
        if at:
            said = self._said(self.random.choice(THINGS), to_me=True)
            return {**said, "user": at.partition(":")[2]}
        if self.kind == "斗图" and draws < self.keen / 2:
            return self._pressed("enter", self.random.choice(THINGS))
        return self._pressed(self.random.choice(("join", "skip", "vote0", "vote1", "undo")), "")

    def opens(self, session: str) -> Said:
        """Return what opens a session."""
        return {**self._said(f"/开局 {session}", to_me=True), "user": "m0"}

    def of(self, target: int, said: Mapping[str, object]) -> Said:
        """Return a press with the session that it is for."""
        found = dict(said)
        for key in ("press", "submit"):
            if key in found:
                found[key] = f"play:{target}:{found[key]}"
        return found

    def _said(self, text: str, *, to_me: bool) -> Said:
        return {"chat": self.id, "user": self._member(), "text": text, "to_me": to_me}

    def _pressed(self, value: str, text: str) -> Said:
        how = "submit" if text else "press"
        return {"chat": self.id, "user": self._member(), "text": text, how: value}

    def _member(self) -> str:
        return f"m{self.random.randrange(self.members)}"
