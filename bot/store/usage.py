"""What was drawn for people and chats: counted from the jobs, so there is nothing to give back."""

from aiosqlite import Connection

from bot.event import Chat, User
from bot.job import Job
from bot.quota import Used

USED = """
SELECT coalesce(sum(coalesce(json_extract(request, '$.count'), 1)), 0) AS pictures,
       coalesce(sum(seconds), 0) AS seconds
FROM jobs WHERE {whose} = ? AND created_at >= ? AND state NOT IN ('failed', 'cancelled')
"""

LAST = """
SELECT max(created_at) AS last_at FROM jobs
WHERE user = ? AND state NOT IN ('failed', 'cancelled')
"""

SPENT = "UPDATE jobs SET seconds = seconds + ? WHERE id = ?"


class Usage:
    """Counts."""

    async def of_user(self, db: Connection, user: User, since: float) -> Used:
        """Return what a person used since a time."""
        (used,) = await db.execute_fetchall(USED.format(whose="user"), (user.key, since))
        (last,) = await db.execute_fetchall(LAST, (user.key,))
        return Used(pictures=used["pictures"], seconds=used["seconds"], last_at=last["last_at"])

    async def of_chat(self, db: Connection, chat: Chat, since: float) -> Used:
        """Return what a chat used since a time."""
        (used,) = await db.execute_fetchall(USED.format(whose="chat"), (chat.key, since))
        return Used(pictures=used["pictures"], seconds=used["seconds"])

    async def spent(self, db: Connection, job: Job, seconds: float) -> None:
        """Note what the engine has spent on a job."""
        await db.execute(SPENT, (seconds, job.id))
