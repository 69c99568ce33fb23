"""What Telegram takes, and how often; sources: core.telegram.org/bots/api and its FAQ."""

from dataclasses import dataclass

from bot.reply import Limits, Rate

MESSAGES = Limits(
    edits=True,
    private_s=1.5,
    group_s=4.0,
    editable_s=None,
    sketches=True,
    turns=1,
    album=10,
    passing=True,
    text=4096,
    caption=1024,
    private_rate=Rate(5, 5.0),
    group_rate=Rate(7, 40.0),
    all_rate=Rate(5, 0.2),
)
"""Of messages, as the courier needs to know them. Telegram counts 20 a minute in a group and about
30 a second in all: so many are not passed in any minute or second, with what comes at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Most:
    """The largest that a call takes."""

    text: int = MESSAGES.text
    """UTF-16 units, after markup."""
    caption: int = MESSAGES.caption
    """UTF-16 units."""
    album: int = MESSAGES.album
    photo_bytes: int = 10 << 20
    photo_sides_px: int = 10_000
    """Width and height together."""
    photo_ratio: int = 20
    """Of the longer side to the shorter."""
    document_bytes: int = 50 << 20
    download_bytes: int = 20 << 20
    toast: int = 200
    """Characters."""
    in_a_row: int = 8
    """Buttons."""
    buttons: int = 100
    entities: int = 100
    inline_results: int = 50
    updates: int = 100


MOST = Most()
