"""What the bot answers to, in one word: a message, its topic, a pressed button, an inline query.

The rest of the program takes the word for the platform's id of a message, and hands it back.
"""

import re
from dataclasses import dataclass
from typing import Self

_FORM = re.compile(
    r"(?:c(?P<callback>\d{1,24})/)?(?:q(?P<query>\d{1,24}))?"
    r"(?:i(?P<inline>[\w-]{1,128}))?(?P<message>\d{1,18})?(?:@(?P<topic>\d{1,18}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an answer belongs."""

    message: int | None = None
    """The message that is answered, or edited."""
    topic: int | None = None
    """The topic of a group that it is in."""
    callback: str = ""
    """The press of a button, which wants an answer of its own."""
    inline: str = ""
    """A message that was sent by way of the bot, to a chat that it need not be in."""
    query: str = ""
    """A question for inline results."""

    def pack(self) -> str:
        """Return it as one word."""
        callback = f"c{self.callback}/" if self.callback else ""
        query = f"q{self.query}" if self.query else ""
        inline = f"i{self.inline}" if self.inline else ""
        message = "" if self.message is None else str(self.message)
        topic = "" if self.topic is None else f"@{self.topic}"
        return callback + query + inline + message + topic

    @classmethod
    def read(cls, packed: str | None) -> Self:
        """Return what was packed; of anything else, and None, no place in particular."""
        found = _FORM.fullmatch(packed or "")
        if found is None:
            return cls()
        return cls(
            message=int(found["message"]) if found["message"] else None,
            topic=int(found["topic"]) if found["topic"] else None,
            callback=found["callback"] or "",
            inline=found["inline"] or "",
            query=found["query"] or "",
        )
