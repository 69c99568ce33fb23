"""Files that platforms have already: what need not be sent again."""

import json
from collections.abc import Callable, Iterable, Mapping

from aiosqlite import Connection

from bot.reply import Sent

# What is no artwork is not asked for again; nor is one that was removed on its way out.
PUT = """
INSERT INTO uploads (platform, sha256, reference, at)
SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (
    SELECT 1 FROM artworks WHERE substr(sha256, 1, 12) = substr(?2, 1, 12) AND sha256 = ?2
)
ON CONFLICT (platform, sha256) DO UPDATE SET reference = excluded.reference, at = excluded.at
"""

OF = """
SELECT sha256, reference FROM uploads
WHERE platform = ? AND sha256 IN (SELECT value FROM json_each(?))
"""


class Uploads:
    """Keeps by what a platform knows the files of artworks; they go when those go."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    async def put(self, db: Connection, platform: str, messages: Iterable[Sent]) -> None:
        """Note what a platform got with messages, in place of what it knew them by before.

        Args:
            db: The transaction that notes the messages.
            platform: Name.
            messages: What was sent.
        """
        now = self._now()
        rows = [(platform, *upload, now) for message in messages for upload in message.uploads]
        await db.executemany(PUT, rows)

    async def of(self, db: Connection, platform: str, files: Iterable[str]) -> Mapping[str, str]:
        """Return by what a platform knows those of the files, by SHA-256, that it has."""
        asked = list(files)
        if not asked:
            return {}
        rows = await db.execute_fetchall(OF, (platform, json.dumps(asked)))
        return {row["sha256"]: row["reference"] for row in rows}
