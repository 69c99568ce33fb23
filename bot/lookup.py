"""What somebody sees of their pictures while they type: those that match, or else the newest."""

from aiosqlite import Connection

from bot.artwork import Artwork
from bot.command import Desk
from bot.errors import StudioError
from bot.event import Lookup
from bot.parsing.parser import parse
from bot.reply import Reply

SHOWN = 24
"""Pictures."""


async def found(desk: Desk, db: Connection, lookup: Lookup) -> Reply:
    """Return pictures, and as its text the words, if they are something that can be drawn."""
    words = lookup.text.strip()
    matching = await _matching(desk, db, lookup, words)
    artworks = matching or await _newest(desk, db, lookup)
    return Reply(
        text=words if _draws(desk, words) else "", artworks=artworks, to=lookup.id, aside=True
    )


async def _matching(desk: Desk, db: Connection, lookup: Lookup, words: str) -> tuple[Artwork, ...]:
    if not words:
        return ()
    return await desk.store.gallery.search(db, words, user=lookup.user.key, limit=SHOWN)


async def _newest(desk: Desk, db: Connection, lookup: Lookup) -> tuple[Artwork, ...]:
    """Return favourites, then what was drawn last."""
    gallery, user = desk.store.gallery, lookup.user.key
    favourites = await gallery.favourites(db, user, limit=SHOWN)
    latest = await gallery.of_user(db, user, limit=SHOWN)
    known = {artwork.id: artwork for artwork in (*favourites, *latest)}
    return tuple(known.values())[:SHOWN]


def _draws(desk: Desk, words: str) -> bool:
    if not words:
        return False
    try:
        parse(words, desk.styles)
    except StudioError:
        return False
    return True
