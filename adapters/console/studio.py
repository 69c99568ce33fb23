"""The studio at a prompt: the terminal's face to people."""

import asyncio
import contextlib
import contextvars
from collections.abc import Callable, Sequence
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import (
    ANSI,
    AnyFormattedText,
    StyleAndTextTuples,
    to_formatted_text,
)
from prompt_toolkit.history import DummyHistory
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.styles import Style

from adapters.console.board import Board, Frame
from adapters.console.completion import Chooser, Prompter
from adapters.console.config import ConsoleConfig
from adapters.console.face import Hear, Take
from adapters.console.guide import LEAVE, Guide
from adapters.console.history import TypedLines
from adapters.console.inbound import CHAT, files_in, from_form, from_line
from adapters.console.outbound import Part, clean, pictures_of, plain, to_lines
from adapters.console.picture import Easel
from adapters.console.seat import Seat, Speech
from adapters.console.terminal import Depth
from bot.action import Action, Verb
from bot.errors import NotSent, StudioError
from bot.form import Field, Form
from bot.progress import spoken
from bot.reply import Button, Delivery, Reply, Status
from bot.wording import LANGUAGE, Language, later, say

REDRAW_S = 0.1
"""Least time between two redraws of the board."""
MENU_LINES = 6
TALK_LINES = 8
"""Lines of the terminal that a finished picture leaves to the words beside it."""
HINT = later("/help 怎么用 · Tab 补全 · 画都是AI生成的")
STYLE = Style.from_dict(
    {"bottom-toolbar": "noreverse", "prompt": "bold ansicyan", "placeholder": "ansibrightblack"}
)
TINTS: dict[Part, str] = {"struck": "9", "file": "2", "button": "36", "label": "2"}
"""Of the parts of a reply, as the codes of SGR."""
DEPTHS: dict[Depth, ColorDepth] = {
    "24bit": ColorDepth.DEPTH_24_BIT,
    "256": ColorDepth.DEPTH_8_BIT,
    "none": ColorDepth.DEPTH_1_BIT,
}


class _Asked(Exception):
    """A form wants the keyboard."""


class Studio:
    """Prompts, prints replies above the prompt and shows under it where the jobs are."""

    def __init__(  # noqa: PLR0913  all but three are named
        self,
        config: ConsoleConfig,
        guide: Guide,
        easel: Easel,
        *,
        user: str,
        history: Path,
        take: Take,
        new_id: Callable[[], str],
        typed: str = "",
    ) -> None:
        """Set up the face.

        Args:
            config: How it looks.
            guide: What it tells of itself.
            easel: Shows pictures.
            user: Who types, where a line names nobody else.
            history: File of the lines that were typed.
            take: Takes in a file that is named at the prompt.
            new_id: Makes an id that no line ever had.
            typed: What was typed already.
        """
        self._config = config
        self._guide = guide
        self._easel = easel
        self._seat = Seat(user)
        self._spoke = Speech(user, "")
        """What was said last: who gets the forms that come."""
        self._take_in = take
        self._new_id = new_id
        *self._early, self._typed = clean(typed).split("\n")
        self._buttons: list[Button] = []
        self._board = Board(easel if config.preview else None)
        self._drawn: tuple[Frame, StyleAndTextTuples] | None = None
        """The board as it was last drawn; None if it has changed since."""
        self._redraw: asyncio.TimerHandle | None = None
        self._language: Language = LANGUAGE.get()
        """What whoever types reads; that of the last reply."""
        self._context: contextvars.Context | None = None
        """Where prompt_toolkit finds the running prompt; other tasks have contexts of their own."""
        self._forms: list[Form] = []
        """What is still to be filled in."""
        self._asking: Action | None = None
        """That of the form that is being filled in."""
        self._field = PromptSession[str](
            history=DummyHistory(),
            bottom_toolbar=self._toolbar,
            style=STYLE,
            color_depth=DEPTHS[easel.depth],
        )
        self._prompt = PromptSession[str](
            self._before_words,
            history=TypedLines(history, config.history),
            completer=Prompter(guide, self._buttons),
            complete_while_typing=Condition(self._offers),
            reserve_space_for_menu=MENU_LINES,
            bottom_toolbar=self._toolbar,
            style=STYLE,
            color_depth=DEPTHS[easel.depth],
        )

    async def run(self, hear: Hear) -> None:
        """Hear every line, until the user leaves."""
        self._context = contextvars.copy_context()
        self._language = LANGUAGE.get()
        await self._print(self._guide.welcome())
        try:
            while (line := await self._ask()) is not None and line.strip() != LEAVE:
                await self._take(line, hear)
                await self._fill_in(hear)
                LANGUAGE.set(self._language)
        finally:
            self._context = None
            if self._redraw is not None:
                self._redraw.cancel()
        left = self._board.open
        words = later("还有 {left} 个任务没画完，下次打开接着画。再见。")
        await self._print(say(words, left=left) if left else say("再见。"))

    async def send(self, delivery: Delivery) -> None:
        """Print a reply above the prompt; it is on the screen when the call returns.

        Raises:
            NotSent: The terminal is gone.
        """
        reply = delivery.reply
        self._language = LANGUAGE.get()
        shown = await asyncio.to_thread(self._hang, pictures_of(reply))
        first = len(self._buttons) + 1
        self._buttons += [button for row in reply.buttons for button in row]
        await self._print("\n".join(shown + to_lines(delivery, first, self._tint, asks=True)))
        if reply.form is not None:
            self._await(reply.form)
        if delivery.job_id is not None:
            if delivery.last:
                self._board.strike(delivery.job_id)
            elif any(button.action.verb is Verb.CANCEL for row in reply.buttons for button in row):
                self._board.expect(delivery.job_id)
            self._refresh()

    async def show(self, status: Status) -> None:
        """Note where a job is; the board is redrawn soon."""
        self._board.post(status)
        if self._redraw is None:
            self._redraw = asyncio.get_running_loop().call_later(REDRAW_S, self._refresh)

    async def _ask(self) -> str | None:
        """Return what is typed, or None if the user leaves."""
        if self._early:
            return self._early.pop(0)
        interrupted = False
        while True:
            typed, self._typed = self._typed, ""
            try:
                return await self._prompt.prompt_async(
                    default=typed, set_exception_handler=False, pre_run=self._make_room
                )
            except _Asked:
                self._prompt.app.erase_when_done = False
                return ""
            except EOFError:
                return None
            except KeyboardInterrupt:
                if interrupted and not self._prompt.default_buffer.text:
                    return None
                interrupted = True
                await self._print(say("再按一次 Ctrl-C 就离开。"))

    def _await(self, form: Form) -> None:
        """Ask for a form soon, but not again for one that is being asked for or waits."""
        self._forms = [one for one in self._forms if one.action != form.action]
        if form.action != self._asking:
            self._forms.append(form)
            self._make_room()

    def _make_room(self) -> None:
        """Take the prompt away if a form is to be filled in; what was typed comes back after."""
        app = self._prompt.app
        if self._forms and app.is_running and not app.is_done:
            self._typed = self._prompt.default_buffer.text
            app.erase_when_done = True
            app.exit(exception=_Asked())

    async def _fill_in(self, hear: Hear) -> None:
        """Ask for each field of the forms that have come, and hand them in."""
        while self._forms:
            form = self._forms.pop(0)
            self._asking = form.action
            try:
                values = {field.name: await self._ask_for(field) for field in form.fields}
            except (EOFError, KeyboardInterrupt):
                await self._print(say("不改了。"))
                continue
            finally:
                self._asking = None
            line_id = self._new_id()
            try:
                user, guest = self._spoke.user, self._spoke.guest
                update = from_form(form.action.pack(), values, line_id, user, guest=guest)
                await hear(line_id, update)
            except StudioError as error:
                await self.send(Delivery(id=0, chat=CHAT, reply=Reply(text=str(error))))

    async def _ask_for(self, field: Field) -> str:
        """Return what stands in a field after the user has seen it.

        Raises:
            EOFError: The user gives up, or
            KeyboardInterrupt: so.
        """
        app = self._field.app
        nothing: StyleAndTextTuples = []
        hint: StyleAndTextTuples = [("class:placeholder", clean(field.help))]
        return await self._field.prompt_async(
            [("class:prompt", f"{clean(field.label)}› ")],
            default=clean(field.value),
            placeholder=lambda: (
                nothing if app.is_done else hint
            ),  # a line that is done shows its value
            completer=Chooser(field.choices),
            complete_while_typing=bool(field.choices),
            set_exception_handler=False,
        )

    async def _take(self, line: str, hear: Hear) -> None:
        command = line.strip()
        if not command:
            return
        answer = self._guide.answer(command) or self._seat.changed(command)
        if answer is not None:
            await self._print(answer)
            return
        line_id, said = self._new_id(), self._seat.speech(line)
        self._spoke = said
        words, files = files_in(said.words)
        try:
            images = [
                await asyncio.to_thread(self._take_in, role, path) for role, path in files.items()
            ]
            update = from_line(words, line_id, said.user, self._buttons, images, guest=said.guest)
            await hear(line_id, update)
        except StudioError as error:
            await self.send(Delivery(id=0, chat=CHAT, reply=Reply(text=str(error))))

    def _before_words(self) -> AnyFormattedText:
        """Return what stands before what is typed: who speaks, if it is somebody else."""
        words = f"{clean(self._seat.user)}› " if self._seat.is_guests else say("丹青› ")
        return [("class:prompt", words)]

    async def _print(self, text: str) -> None:
        """Print text, and return when it is out."""
        output = self._prompt.output

        def write() -> None:
            output.write_raw(text + "\n")
            output.flush()

        try:
            apps = self._prompt.app, self._field.app
            if self._context is not None and any(app.is_running for app in apps):
                await self._context.run(run_in_terminal, write)
            else:
                write()
        except OSError as error:
            raise NotSent(f"the terminal is gone: {error}", arrived=None) from error

    def _hang(self, paths: Sequence[Path]) -> list[str]:
        """Return what shows the pictures; one whose file is gone has still its path to tell."""
        shown: list[str] = []
        lines = max(1, self._prompt.output.get_size().rows - TALK_LINES)
        for path in paths:
            with contextlib.suppress(OSError):
                shown.append(self._easel.show(path, self._config.width_cells, lines))
        return [picture for picture in shown if picture]

    def _tint(self, part: Part, text: str) -> str:
        code = TINTS.get(part)
        if code is None or self._easel.depth == "none":
            return plain(part, text)
        return f"\x1b[{code}m{text}\x1b[m"

    def _offers(self) -> bool:
        """Say whether a menu opens by itself: not in the middle of a sentence."""
        text = self._prompt.default_buffer.document.text_before_cursor
        return text.startswith(("/", ":", "：")) or text.rpartition(" ")[2].startswith("--")

    def _refresh(self) -> None:
        if self._redraw is not None:
            self._redraw.cancel()
            self._redraw = None
        self._drawn = None
        self._prompt.app.invalidate()
        self._field.app.invalidate()

    def _toolbar(self) -> StyleAndTextTuples:
        size = self._prompt.output.get_size()
        frame = Frame(size.columns, size.rows // 2, colour=self._easel.depth != "none")
        if self._drawn is None or self._drawn[0] != frame:
            with spoken(self._language):
                board, hint = self._board.text(frame), self._tint("label", say(HINT))
            text = f"{board}\n{hint}" if board else hint
            self._drawn = frame, to_formatted_text(ANSI(text))
        return self._drawn[1]
