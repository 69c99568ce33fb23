"""Who an account is."""

from dataclasses import dataclass

from tests.telegram_api.refusal import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person or a bot, as messages name them."""

    id: int
    name: str
    username: str | None = None
    language: str | None = None
    is_bot: bool = False

    @property
    def raw(self) -> Json:
        fields: Json = {
            "id": self.id,
            "is_bot": self.is_bot,
            "first_name": self.name,
            "username": self.username,
            "language_code": self.language,
        }
        return {name: value for name, value in fields.items() if value is not None}


GROUP_BOT = User(id=1087968824, name="Group", username="GroupAnonymousBot", is_bot=True)
"""In whose name an anonymous administrator writes."""
