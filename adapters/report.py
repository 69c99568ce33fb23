"""What `danqing draw` tells of its picture: where it is, and how long each station took."""

from pathlib import Path
from typing import TypedDict

from adapters.console.outbound import facts
from bot.job import Job
from bot.reply import Delivery
from bot.store.reader import reading


class Report(TypedDict):
    """What `draw --json` prints."""

    job: int | None
    text: str
    files: list[str]
    artworks: list[dict[str, object]]
    seconds: dict[str, float]


async def report(data: Path, answer: Delivery, heard_at: float, files: list[Path]) -> Report:
    """Return an answer with the seconds that each station took.

    Args:
        data: The data folder.
        answer: The last word on a request.
        heard_at: When the request was made, seconds since the epoch, UTC.
        files: Where its pictures are.
    """
    job = None
    if answer.job_id is not None:
        async with reading(data) as reader:
            job = await reader.job(answer.job_id)
    return Report(
        job=answer.job_id,
        text=answer.reply.text,
        files=[str(file) for file in files],
        artworks=[facts(artwork) for artwork in answer.reply.artworks],
        seconds={} if job is None else _stations(job, heard_at),
    )


def _stations(job: Job, heard_at: float) -> dict[str, float]:
    times = [heard_at, job.created_at, job.claimed_at, job.drawn_at, job.ended_at]
    names = ["queued", "claimed", "drawn", "delivered"]
    return {
        name: round(after - before, 4)
        for name, before, after in zip(names, times, times[1:], strict=False)
        if before is not None and after is not None
    }
