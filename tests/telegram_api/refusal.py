"""What the server says when it refuses."""

from typing import Any

Json = dict[str, Any]


class Refusal(Exception):
    """An answer with ok = false."""

    def __init__(
        self,
        status: int,
        description: str,
        *,
        parameters: Json | None = None,
        benign: bool = False,
    ) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = parameters
        self.benign = benign
        """True if a faultless program can run into it: somebody deleted, left or was late."""


def bad(words: str, *, benign: bool = False) -> Refusal:
    """Return a 400."""
    return Refusal(400, f"Bad Request: {words}", benign=benign)


def forbidden(words: str) -> Refusal:
    """Return a 403, which is never the program's fault."""
    return Refusal(403, f"Forbidden: {words}", benign=True)


def too_fast(retry_after: int) -> Refusal:
    """Return a 429."""
    return Refusal(
        429,
        f"Too Many Requests: retry after {retry_after}",
        parameters={"retry_after": retry_after},
        benign=True,
    )
