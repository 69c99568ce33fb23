"""Settings of people and chats."""

import msgspec
from aiosqlite import Connection

from bot import settings
from bot.event import Chat, User
from bot.settings import DEFAULT, Settings
from bot.wording import Language

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
            await db.execute(PUT, (who, msgspec.json.encode(settings.said()).decode()))

    async def of_chat(self, db: Connection, chat: Chat) -> Settings:
        """Return what a group has set; a private chat has nothing but what its person has."""
        return await self.get(db, chat.key) if chat.group else Settings()

    async def holding(self, db: Connection, user: User, chat: Chat) -> Settings:
        """Return what holds for a person in a chat: their own, else the chat's, else the usual."""
        mine, here = await self.get(db, user.key), await self.of_chat(db, chat)
        return mine.over(here).over(DEFAULT)

    async def language(self, db: Connection, user: User, chat: Chat) -> Language:
        """Return the language in which a person reads what is said in a chat."""
        return (await self.holding(db, user, chat)).language or "zh"

    async def previews(self, db: Connection, user: User, chat: Chat) -> bool:
        """Return whether pictures in the making are shown to a person in a chat."""
        mine, here = await self.get(db, user.key), await self.of_chat(db, chat)
        return settings.previews(mine, here, group=chat.group)

    async def is_shared(self, db: Connection, chat: Chat) -> bool:
        """Return whether others may press the buttons under one's pictures."""
        return (await self.of_chat(db, chat)).shared is True
