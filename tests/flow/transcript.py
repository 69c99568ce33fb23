"""The transcript in docs/studio.md: what is typed there, typed again.

Run: python -m tests.flow.transcript   (writes what is answered into the page)
"""

import asyncio
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.console.inbound import PLATFORM, from_line
from adapters.console.outbound import to_lines
from bot.curator import Curator
from bot.errors import StudioError
from bot.reply import Button
from tests.conftest import Studio, opened_studio

PAGE = Path(__file__).parents[2] / "docs" / "studio.md"
PROMPT = "丹青› "
USER = "阿青"
_BLOCK = re.compile(rf"(?<=```\n){PROMPT}.*?(?=```)", re.DOTALL)
_FILE = re.compile(r"\S*/(pictures|plates)/\S+\.png")
_MACHINE = re.compile(r"(?<=还剩 )[\d.]+(?= GB)|(?<=已运行 ).+|\d{4}-\d\d-\d\d \d\d:\d\d")
"""What is another each time: room on the disk, how long it took, and when it was."""


def written() -> str:
    """Return the transcript as the page has it."""
    found = _BLOCK.search(PAGE.read_text(encoding="utf-8"))
    assert found is not None
    return found[0]


async def typed_again(transcript: str, folder: Path) -> str:
    """Return the transcript that the lines typed in another make."""
    typed = [line.removeprefix(PROMPT) for line in transcript.split("\n") if line[:4] == PROMPT]
    told: list[str] = []
    async with opened_studio(folder) as studio:
        buttons: list[Button] = []
        for number, line in enumerate(typed):
            told += [f"{PROMPT}{line}", *await _answers(studio, buttons, str(number), line), ""]
    return "\n".join(told).rstrip("\n") + "\n"


async def _answers(studio: Studio, buttons: list[Button], line_id: str, line: str) -> list[str]:
    """Say a line, wait for what is drawn, and return the answers as the terminal shows them."""
    seen = len(studio.adapter.sent)
    try:
        await studio.app.hear(PLATFORM, line_id, from_line(line, line_id, USER, buttons))
    except StudioError as error:
        return [str(error)]
    await studio.answer()
    await studio.paint_all()
    await Curator(studio.store, studio.app.referee).work()
    await studio.deliver()
    shown: list[str] = []
    for delivery in studio.adapter.sent[seen:]:
        shown += to_lines(delivery, len(buttons) + 1)
        buttons += [button for row in delivery.reply.buttons for button in row]
    shown = [_FILE.sub(r"data/\1/….png", line) for line in shown]
    return [_MACHINE.sub("…", line) for line in shown]


def main() -> None:
    """Write the page's transcript anew."""
    with TemporaryDirectory() as folder:
        fresh = asyncio.run(typed_again(written(), Path(folder)))
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(_BLOCK.sub(lambda _: fresh, page, count=1), encoding="utf-8")


if __name__ == "__main__":
    main()
