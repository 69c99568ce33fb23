"""What was drawn for people and chats: counted from the jobs, so there is nothing to give back.

What group sessions have drawn is of their own budget, and nobody's.
"""

from aiosqlite import Connection

from bot.event import Chat, User
from bot.job import Job
from bot.quota import Used

USED = """
SELECT coalesce(sum(coalesce(json_extract(request, '$.count'), 1)), 0) AS pictures,
       coalesce(sum(seconds), 0) AS seconds
FROM jobs WHERE {whose} = ? AND created_at >= ? AND state NOT IN ('failed', 'cancelled')
    AND session_id IS NULL
"""

LAST = """
SELECT max(created_at) AS last_at FROM jobs
WHERE user = ? AND state NOT IN ('failed', 'cancelled') AND session_id IS NULL
"""

# What nobody took of a gift comes back on the day on which it ends.
GIFTS = """
SELECT (SELECT coalesce(sum(pictures), 0) FROM gifts WHERE user = :user AND at >= :since) AS given,
       (SELECT coalesce(sum(pictures), 0) FROM shares WHERE user = :user AND at >= :since) AS taken,
       (SELECT coalesce(sum(shares.pictures), 0)
        FROM gifts JOIN shares ON gift_id = gifts.id AND taken = 0
        WHERE gifts.user = :user AND expires_at >= :since AND expires_at <= :now) AS returned
"""

SPENT = "UPDATE jobs SET seconds = seconds + ? WHERE id = ?"


class Usage:
    """Counts."""

    async def of_user(self, db: Connection, user: User, since: float, now: float) -> Used:
        """Return what a person used since a time."""
        (used,) = await db.execute_fetchall(USED.format(whose="user"), (user.key, since))
        (last,) = await db.execute_fetchall(LAST, (user.key,))
        of = {"user": user.key, "since": since, "now": now}
        (gifts,) = await db.execute_fetchall(GIFTS, of)
        return Used(
            pictures=used["pictures"],
            seconds=used["seconds"],
            last_at=last["last_at"],
            given=gifts["given"],
            taken=gifts["taken"],
            returned=gifts["returned"],
        )

    async def of_chat(self, db: Connection, chat: Chat, since: float) -> Used:
        """Return what a chat used since a time."""
        (used,) = await db.execute_fetchall(USED.format(whose="chat"), (chat.key, since))
        return Used(pictures=used["pictures"], seconds=used["seconds"])

    async def spent(self, db: Connection, job: Job, seconds: float) -> None:
        """Note what the engine has spent on a job."""
        await db.execute(SPENT, (seconds, job.id))
