"""What people are called, so that an operator can name them."""

from aiosqlite import Connection

from bot.event import User

SEEN = """
INSERT INTO names (user, name) VALUES (?, ?)
ON CONFLICT (user) DO UPDATE SET name = excluded.name WHERE name <> excluded.name
"""

OF = "SELECT name FROM names WHERE user = ?"

NAMED = "SELECT user, name FROM names WHERE name = ? ORDER BY user"


class Names:
    """Keeps them."""

    async def seen(self, db: Connection, user: User) -> None:
        """Note what somebody is called who has spoken to the bot."""
        if user.name:
            await db.execute(SEEN, (user.key, user.name))

    async def known(self, db: Connection, platform: str, user_id: str) -> User:
        """Return a person by id, with their name if they have one."""
        user = User(platform, user_id)
        for row in await db.execute_fetchall(OF, (user.key,)):
            return User(platform, user_id, row["name"])
        return user

    async def named(self, db: Connection, platform: str, name: str) -> list[User]:
        """Return all people of a platform that are called so."""
        of_all = await db.execute_fetchall(NAMED, (name,))
        keys = [row["user"].partition(":") for row in of_all]
        return [User(platform, id_, name) for other, _, id_ in keys if other == platform]
