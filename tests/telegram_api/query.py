"""What waits for an answer: pressed buttons and inline queries."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.telegram_api.refusal import Json

if TYPE_CHECKING:
    from tests.telegram_api.message import Message
    from tests.telegram_api.user import User


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody saw who pressed a button."""

    text: str = ""
    alert: bool = False
    url: str = ""
    cache_s: int = 0


@dataclass(slots=True, eq=False)
class CallbackQuery:
    """A pressed button."""

    id: str
    user: "User"
    message: "Message"
    data: str
    at: float
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class InlineResult:
    """One of what an inline query offers."""

    id: str
    raw: Json

    @property
    def kind(self) -> str:
        return str(self.raw["type"])

    @property
    def title(self) -> str:
        return str(self.raw.get("title", ""))


@dataclass(slots=True, eq=False)
class InlineQuery:
    """What somebody looks up behind the name of the bot."""

    id: str
    user: "User"
    text: str
    at: float
    offset: str = ""
    chat_type: str = "supergroup"
    """Where it is typed."""
    answered: bool = False
    results: list[InlineResult] = field(default_factory=list[InlineResult])
    options: Json = field(default_factory=dict[str, object])
    """What else the answer said: next_offset, cache_time, is_personal, button."""
