"""Who is let in."""

from aiosqlite import Connection

from bot.event import Message, Press, Submission, User
from bot.quota import said
from bot.reply import Reply
from bot.rules import Rules
from bot.store.bans import Ban
from bot.store.store import Store
from bot.wording import say


class Gate:
    """Stands before the door; in the transaction of the update."""

    def __init__(self, store: Store, rules: Rules) -> None:
        self._store = store
        self._rules = rules

    async def lets_in(self, db: Connection, event: Message | Press | Submission) -> bool:
        """Return whether somebody is served; who is not is told so, once an hour at most."""
        await self._store.names.seen(db, event.user)
        ban = await self._store.bans.of(db, event.user)
        if ban is None or self._rules.roles.is_operator(event.user, event.chat):
            return True
        if not ban.is_told:
            await self._store.bans.told(db, event.user)
            await self._store.acts.refused(db, "Banned")
            reply = Reply(text=self._words(ban), to=event.id)
            await self._store.outbox.put(db, event.chat, reply)
        return False

    async def knows(self, db: Connection, user: User) -> bool:
        """Return whether somebody is served who does not have to be told if not."""
        return await self._store.bans.of(db, user) is None

    def _words(self, ban: Ban) -> str:
        why = say("（{reason}）", reason=ban.reason) if ban.reason else ""
        if ban.until is None:
            return say("抱歉，管理员暂停了你在这里画画{why}，有疑问请联系管理员", why=why)
        return say(
            "抱歉，管理员暂停了你在这里画画{why}，{until} 以后再来吧（还有 {wait}）",
            why=why,
            until=self._rules.quota.wall(ban.until),
            wait=said(ban.until - self._store.now()),
        )
