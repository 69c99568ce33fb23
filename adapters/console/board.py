"""Where the jobs are: what stands under the prompt."""

from dataclasses import dataclass, replace
from io import StringIO

from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.table import Table

from adapters.console.picture import Easel
from bot.reply import Status
from generation.recipe import Preview

WAITING_SHOWN = 3
"""Jobs in the queue that get a line of their own."""
BAR_CELLS = 24
SKETCH_CELLS = 24
SKETCH_LINES = 12


@dataclass(frozen=True, slots=True)
class Frame:
    """The part of the terminal that the board may fill."""

    columns: int
    lines: int
    colour: bool = True


class Board:
    """The latest of every job that is not over."""

    def __init__(self, easel: Easel | None) -> None:
        """Set up an empty board.

        Args:
            easel: Shows pictures in the making, if they are to be shown.
        """
        self._easel = easel
        self._jobs: dict[int, Status] = {}
        self._open: set[int] = set()
        self._over: set[int] = set()

    @property
    def open(self) -> int:
        """How many jobs are not over."""
        return len(self._open)

    def expect(self, job_id: int) -> None:
        """Note a job of which nothing but its number is known."""
        if job_id not in self._over:
            self._open.add(job_id)

    def post(self, status: Status) -> None:
        """Note where a job is; its last preview stays until its next picture begins."""
        if status.job_id in self._over:
            return
        before = self._jobs.get(status.job_id)
        if status.preview is None and before is not None and before.number == status.number:
            status = replace(status, preview=before.preview)
        self._jobs[status.job_id] = status
        self._open.add(status.job_id)

    def strike(self, job_id: int) -> None:
        """Take a job off: nothing more is to be said of it."""
        self._jobs.pop(job_id, None)
        self._open.discard(job_id)
        self._over.add(job_id)

    def text(self, frame: Frame) -> str:
        """Return the board with its colours as escapes; "" if there is nothing to tell."""
        drawing = [status for status in self._jobs.values() if status.steps]
        queued = sorted(
            (status for status in self._jobs.values() if not status.steps),
            key=lambda status: (status.ahead, status.job_id),
        )
        if not self._open:
            return ""
        table = Table.grid(padding=(0, 1))
        for status in drawing:
            table.add_row(*_drawing(status))
        for status in queued[:WAITING_SHOWN]:
            table.add_row(*_queued(status))
        if (more := len(self._open) - len(drawing) - len(queued[:WAITING_SHOWN])) > 0:
            table.add_row("", f"[dim]另有 {more} 个任务在等[/]")
        text = _render(table, frame)
        sketch = self._sketch(drawing, frame.lines - text.count("\n") - 1)
        return f"{text}\n{sketch}" if sketch else text

    def _sketch(self, drawing: list[Status], lines: int) -> str:
        previews = [status.preview for status in drawing if status.preview is not None]
        return self._draw(previews[-1], min(lines, SKETCH_LINES)) if previews else ""

    def _draw(self, preview: Preview, lines: int) -> str:
        if self._easel is None or lines < SKETCH_LINES // 3:
            return ""
        return self._easel.sketch(preview, SKETCH_CELLS, lines)


def _drawing(status: Status) -> tuple[str, ProgressBar, str]:
    done = status.number * status.steps + status.step
    bar = ProgressBar(total=status.count * status.steps, completed=done, width=BAR_CELLS)
    place = f"第 {status.number + 1}/{status.count} 张 " if status.count > 1 else ""
    words = f"{place}第 {status.step}/{status.steps} 步{_left(status)}"
    return f"[bold]#{status.job_id}[/]", bar, words


def _queued(status: Status) -> tuple[str, str, str]:
    place = f"前面还有 {status.ahead} 个任务" if status.ahead else "马上开始"
    return f"[dim]#{status.job_id}[/]", f"[dim]{place}[/]", f"[dim]排队{_left(status)}[/]"


def _left(status: Status) -> str:
    return "" if status.seconds_left is None else f"，还要约 {duration(status.seconds_left)}"


def duration(seconds: float) -> str:
    """Return a time as one says it."""
    if seconds < 90:  # noqa: PLR2004  a minute and a half
        return f"{max(1, round(seconds))} 秒"
    return f"{round(seconds / 60)} 分钟"


def _render(table: Table, frame: Frame) -> str:
    console = Console(
        file=StringIO(),
        width=frame.columns,
        color_system="256" if frame.colour else None,
        force_terminal=True,
        legacy_windows=False,
        highlight=False,
    )
    with console.capture() as capture:
        console.print(table)
    return capture.get().rstrip("\n")
