"""What a person and a chat may still have: the config, what operators set, jobs and gifts."""

from aiosqlite import Connection

from bot.event import Chat, User
from bot.quota import Left, Limits, Quota, Used
from bot.store.store import Store


class Purse:
    """Looks into it; all in the transaction of whoever asks."""

    def __init__(self, store: Store, quota: Quota) -> None:
        self._store = store
        self._quota = quota

    async def limits(self, db: Connection, user: User, chat: Chat) -> Limits:
        """Return what holds for a person in a chat."""
        day = self._quota.day_of(self._store.now())
        settled = await self._store.allowances.of(db, user.key, chat.key, day)
        return self._quota.limits(user, chat, settled)

    async def used(self, db: Connection, user: User) -> Used:
        """Return what a person used today."""
        now = self._store.now()
        return await self._store.usage.of_user(db, user, self._quota.day_of(now), now)

    async def spend(self, db: Connection, user: User, chat: Chat, count: int) -> Left:
        """Return what a person has left after so many pictures more.

        Raises:
            QuotaUsed: They may not have them.
        """
        limits = await self.limits(db, user, chat)
        if not limits.anything:
            return Left()  # nothing to count a day's jobs for
        now, used = self._store.now(), await self.used(db, user)
        chats = await self._store.usage.of_chat(db, chat, self._quota.day_of(now))
        self._quota.check(limits, count, used, chats, now)
        return limits.after(used, count)
