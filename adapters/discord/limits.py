"""What Discord takes, and how often; source: docs.discord.com/developers."""

from dataclasses import dataclass

from bot.reply import Limits, Rate

MESSAGES = Limits(
    edits=True,
    private_s=1.5,
    group_s=2.0,
    editable_s=None,
    sketches=True,
    turns=10,
    album=1,
    passing=True,
    forms=True,
    text=2000,
    caption=2000,
    all_rate=Rate(20, 0.5),
)
"""Of messages, as the courier needs to know them. How much one channel takes, Discord tells with
each answer, and discord.py keeps to it; of all together it takes 50 a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Most:
    """The largest that a call takes."""

    text: int = MESSAGES.text
    """Characters, markup among them."""
    files: int = MESSAGES.turns
    """In a message."""
    file_bytes: int = 10 << 20
    """Of one, where Discord does not say more."""
    request_bytes: int = 25 << 20
    download_bytes: int = 25 << 20
    in_a_row: int = 5
    """Buttons."""
    rows: int = 5
    label: int = 80
    """Characters of a button."""
    options: int = 25
    """Of a select, and of what is offered to who types."""
    option: int = 100
    """Characters of one."""
    custom_id: int = 100
    alt: int = 1024
    fields: int = 5
    """Of a modal."""
    title: int = 45
    """Of a modal and of each of its fields."""
    help: int = 100
    """Of a field that is empty."""
    thread: int = 100
    """Characters of the name of a thread."""


MOST = Most()
ANSWER_S = 3.0
"""How long an interaction waits for its first answer."""
TOKEN_S = 15 * 60.0
"""How long more may be said by way of an interaction."""
