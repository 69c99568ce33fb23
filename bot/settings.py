"""What somebody wants where they say nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from bot.request import Request
from bot.wording import Language

Verbosity = Literal["full", "brief", "quiet"]
"""How much is said when a request is taken: all that was understood, when it is its turn, or just
that it was."""

Openers = Literal["admins", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Of one person, or of one chat; None and what is empty say nothing."""

    styles: tuple[str, ...] = ()
    """Canonical names."""
    aspect: str | None = None
    """As "2:3"."""
    avoid: str = ""
    """Joined by commas."""
    count: int | None = None
    """Pictures."""
    verbosity: Verbosity | None = None
    previews: bool | None = None
    """Whether pictures in the making are shown."""
    language: Language | None = None
    shared: bool | None = None
    """Of a chat: whether others may press the buttons under one's pictures."""
    session: str = ""
    """Of a chat: terms of group sessions that are opened there, as they were written."""
    opens: Openers | None = None
    """Of a chat: who may open one."""

    def over(self, other: "Settings") -> "Settings":
        """Return these, and the other's where these say nothing."""
        return replace(other, **self.said())

    def said(self) -> Mapping[str, Any]:
        """Return what is set, by name."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in given.items() if value not in (None, (), "")}

    def applied(self, request: Request) -> Request:
        """Return a request with what it says nothing of; how many pictures, the parser knows.

        A picture to draw on has a shape of its own, and so has what names a size.
        """
        shaped = request.aspect or request.width or request.height or request.source
        return replace(
            request,
            styles=request.styles or self.styles,
            aspect=request.aspect if shaped else self.aspect,
            avoid=request.avoid or self.avoid,
        )


DEFAULT = Settings(verbosity="full", previews=True, language="zh", shared=False, count=1)
"""Where nobody has set anything; in groups there are no previews."""


def previews(mine: Settings, here: Settings, *, group: bool) -> bool:
    """Return whether pictures in the making are shown.

    In a group all see them: there it takes the chat to turn them on, and one person to do without.
    """
    if group:
        return here.previews is True and mine.previews is not False
    return mine.previews is not False
