"""Settings of people and chats."""

import msgspec
from aiosqlite import Connection

from bot.settings import Settings

GET = "SELECT settings FROM settings WHERE who = ?"

PUT = """
INSERT INTO settings (who, settings) VALUES (?, ?)
ON CONFLICT (who) DO UPDATE SET settings = excluded.settings
"""

DROP = "DELETE FROM settings WHERE who = ?"


class Preferences:
    """Keeps settings by the key of a user or a chat."""

    async def get(self, db: Connection, who: str) -> Settings:
        """Return somebody's settings; of whom nothing is known, empty ones."""
        for row in await db.execute_fetchall(GET, (who,)):
            return msgspec.json.decode(row["settings"], type=Settings)
        return Settings()

    async def put(self, db: Connection, who: str, settings: Settings) -> None:
        """Keep settings in place of those before; empty ones are not kept."""
        if settings == Settings():
            await db.execute(DROP, (who,))
        else:
            await db.execute(PUT, (who, msgspec.json.encode(settings).decode()))
