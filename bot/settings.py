"""What somebody wants where they say nothing."""

from dataclasses import dataclass, replace

from bot.request import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Of one person, or of one chat."""

    styles: tuple[str, ...] = ()
    """Canonical names."""
    aspect: str | None = None
    """As "2:3"."""
    avoid: str = ""
    """Joined by commas."""

    def over(self, other: "Settings") -> "Settings":
        """Return these, and the other's where these say nothing."""
        return Settings(
            styles=self.styles or other.styles,
            aspect=self.aspect or other.aspect,
            avoid=self.avoid or other.avoid,
        )

    def applied(self, request: Request) -> Request:
        """Return a request with what it says nothing of.

        A picture to draw on has a shape of its own, and so has what names a size.
        """
        shaped = request.aspect or request.width or request.height or request.source
        return replace(
            request,
            styles=request.styles or self.styles,
            aspect=request.aspect if shaped else self.aspect,
            avoid=request.avoid or self.avoid,
        )
