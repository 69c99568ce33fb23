"""What is being worked on, for each line of the log."""

from contextvars import ContextVar

JOB: ContextVar[int | None] = ContextVar("job", default=None)
"""Id of the job; None: no job's."""
UPDATE: ContextVar[int | None] = ContextVar("update", default=None)
"""Id of the update that is being answered."""
