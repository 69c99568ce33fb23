"""Where the jobs are: what stands under the prompt."""

from dataclasses import dataclass, field
from io import StringIO
from itertools import zip_longest

from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.table import Table

from adapters.console.picture import Easel, fit
from bot.reply import Status
from bot.texts import pausing
from bot.wording import say
from generation.recipe import Preview

WAITING_SHOWN = 3
"""Jobs in the queue that get a line of their own."""
BAR_CELLS = 24
SKETCH_CELLS = 24
"""Width of a picture in the making that is alone; several are smaller."""
SKETCHES_CELLS = 14
SKETCH_LINES = 12
SKETCH_LEAST_LINES = 4
"""In less room nothing can be made out."""

Row = tuple[str, ProgressBar | str, str]


@dataclass(frozen=True, slots=True)
class Frame:
    """The part of the terminal that the board may fill."""

    columns: int
    lines: int
    colour: bool = True


@dataclass(slots=True)
class Entry:
    """What is known of a job; its pictures may be drawn together or one after the other."""

    status: Status
    """The latest."""
    steps_done: dict[int, int] = field(default_factory=dict[int, int])
    """By picture."""
    previews: dict[int, Preview] = field(default_factory=dict[int, Preview])
    """The latest of each picture that is not finished."""

    def post(self, status: Status) -> None:
        """Note where the job is now."""
        self.status = status
        if not status.steps:  # it waits, or waits again
            self.steps_done.clear()
            self.previews.clear()
            return
        self.steps_done[status.number] = status.step
        if status.preview is not None:
            self.previews[status.number] = status.preview
        if status.step == status.steps:
            self.previews.pop(status.number, None)


class Board:
    """The jobs that are not over."""

    def __init__(self, easel: Easel | None) -> None:
        """Set up an empty board.

        Args:
            easel: Shows pictures in the making, if they are to be shown.
        """
        self._easel = easel
        self._jobs: dict[int, Entry] = {}
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
        """Note where a job is."""
        if status.job_id not in self._over:
            self._jobs.setdefault(status.job_id, Entry(status)).post(status)
            self._open.add(status.job_id)

    def strike(self, job_id: int) -> None:
        """Take a job off: nothing more is to be said of it."""
        self._jobs.pop(job_id, None)
        self._open.discard(job_id)
        self._over.add(job_id)

    def text(self, frame: Frame) -> str:
        """Return the board with its colours as escapes; "" if there is nothing to tell."""
        if not self._open:
            return ""
        drawing = [entry for entry in self._jobs.values() if entry.status.steps]
        queued = [entry.status for entry in self._jobs.values() if not entry.status.steps]
        queued.sort(key=lambda status: (status.ahead, status.job_id))
        rows = [_drawing(entry) for entry in drawing]
        rows += [_queued(status) for status in queued[:WAITING_SHOWN]]
        table = Table.grid(padding=(0, 1))
        for row in rows:
            table.add_row(*row)
        if more := len(self._open) - len(rows):
            words = say("另有 {more} 个任务在等", more=more)
            if not rows:
                words = say("还有 {more} 个任务在等", more=more)
            table.add_row("", words, style="dim")
        text = _render(table, frame)
        previews = [preview for entry in drawing for preview in entry.previews.values()]
        sketches = self._sketch(previews, frame.columns, frame.lines - text.count("\n") - 1)
        return "\n".join([text, *sketches])

    def _sketch(self, previews: list[Preview], columns: int, lines: int) -> list[str]:
        """Return lines that show previews side by side, as many as fit."""
        if self._easel is None or not previews or lines < SKETCH_LEAST_LINES:
            return []
        cells = min(columns, SKETCH_CELLS if len(previews) == 1 else SKETCHES_CELLS)
        room = min(lines, SKETCH_LINES)
        shown = previews[: max(1, columns // (cells + 1))]
        sketches = [self._easel.sketch(preview, cells, room) for preview in shown]
        widths = [fit(preview.width, preview.height, cells, room)[0] for preview in shown]
        return [
            " ".join(line or " " * width for line, width in zip(parts, widths, strict=True))
            for parts in zip_longest(*(sketch.splitlines() for sketch in sketches))
        ]


def _drawing(entry: Entry) -> Row:
    status = entry.status
    steps, done = status.count * status.steps, sum(entry.steps_done.values())
    bar = ProgressBar(total=steps, completed=done, width=BAR_CELLS)
    finished = sum(step == status.steps for step in entry.steps_done.values())
    number = min(finished + 1, status.count)
    place = say("第 {number}/{count} 张", number=number, count=status.count)
    told = say("{done}/{steps} 步", done=done, steps=steps)
    words = " ".join([*([place] if status.count > 1 else []), _until(told, status)])
    return f"[bold]#{status.job_id}[/]", bar, words


def _queued(status: Status) -> Row:
    place = say("马上开始")
    if status.ahead:
        place = say("前面还有 {ahead} 个任务", ahead=status.ahead)
    if status.paused is not None:
        place = pausing("")
    waits = _until(say("排队"), status)
    return f"[dim]#{status.job_id}[/]", f"[dim]{place}[/]", f"[dim]{waits}[/]"


def _until(words: str, status: Status) -> str:
    """Add to where a job is, how long it will take from there."""
    if status.seconds_left is None:
        return words
    return say("{words}，还要约 {time}", words=words, time=duration(status.seconds_left))


def duration(seconds: float) -> str:
    """Return a time as one says it."""
    if seconds < 90:  # noqa: PLR2004  a minute and a half
        return say("{seconds} 秒", seconds=max(1, round(seconds)))
    return say("{minutes} 分钟", minutes=round(seconds / 60))


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
