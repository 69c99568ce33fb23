"""The studio at a prompt: keys go in, a screen comes out."""

import asyncio
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.data_structures import Size
from prompt_toolkit.document import Document
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from adapters.console.adapter import ConsoleAdapter
from adapters.console.completion import Chooser, Prompter
from adapters.console.config import ConsoleConfig
from adapters.console.guide import Guide
from adapters.console.history import TypedLines
from adapters.console.inbound import files_in
from adapters.console.outbound import clean
from adapters.console.picture import Easel
from adapters.console.studio import Studio
from adapters.console.terminal import Depth, Graphics
from bot.commands import COMMANDS
from bot.errors import NotSent, QueueFull
from bot.event import Said
from bot.reply import Button
from bot.store.sources import Sources
from tests.adapters.console_factory import (
    CANCEL,
    REDO,
    a_delivery,
    a_form,
    a_preview,
    a_status,
    an_artwork,
)

ENTER, CTRL_C, CTRL_D, UP, TAB = "\r", "\x03", "\x04", "\x1b[A", "\t"
GUIDE = Guide(
    gallery=Path("data/gallery"),
    styles={"水墨": "国画", "水彩": "", "像素": "8 位"},
    flags={"--seed": "种子", "--steps": "步数"},
)


class Screen(io.StringIO):
    """Remembers what was written, and tells where its cursor is; can go away."""

    def __init__(self, keys: PipeInput) -> None:
        super().__init__()
        self._keys = keys
        self.gone = False
        self.written = asyncio.Event()

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self.gone:
            raise OSError(5, "Input/output error")
        if "\x1b[6n" in text:
            self._keys.send_text("\x1b[1;1R")
        self.written.set()
        return super().write(text)


class Desk:
    """A studio, the keyboard and the screen before it."""

    def __init__(self, keys: PipeInput, folder: Path) -> None:
        self.keys = keys
        self.folder = folder
        self.screen = Screen(keys)
        self.heard: list[tuple[str, str]] = []
        self.filled: list[tuple[str, dict[str, str]]] = []
        self.images: list[tuple[str, int, int]] = []
        self.refusal: QueueFull | None = None
        self.came = asyncio.Event()
        self.output = Vt100_Output(self.screen, lambda: Size(rows=40, columns=100), term="xterm")

    def open(self, graphics: Graphics = "blocks", depth: Depth = "256", typed: str = "") -> Studio:
        ids = iter(range(1, 1000))
        return Studio(
            ConsoleConfig(width_cells=20),
            GUIDE,
            Easel(graphics=graphics, depth=depth),
            user="阿青",
            history=self.folder / "history",
            take=Sources(self.folder).take,
            new_id=lambda: f"x{next(ids)}",
            typed=typed,
        )

    async def hear(self, line_id: str, body: bytes) -> None:
        if self.refusal is not None:
            raise self.refusal
        update = json.loads(body)
        if "submit" in update:
            self.filled.append((update["submit"], update["values"]))
        else:
            self.heard.append((line_id, update["press"] if "press" in update else update["text"]))
        self.images += [(i["role"], i["width"], i["height"]) for i in update.get("images", [])]
        self.came.set()

    @property
    def printed(self) -> str:
        """All that was written, but for the cursor being made to show."""
        return self.screen.getvalue().replace("\x1b[?12l\x1b[?25h", "")

    @property
    def seen(self) -> str:
        return clean(self.screen.getvalue())

    async def until(self, words: str) -> None:
        """Wait until words were on the screen."""
        while words not in self.seen:
            self.screen.written.clear()
            await self.screen.written.wait()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with create_pipe_input() as keys:
        made = Desk(keys, tmp_path)
        with create_app_session(input=keys, output=made.output):
            yield made


async def test_what_is_typed_is_heard_and_ctrl_d_leaves(desk: Desk) -> None:
    desk.keys.send_text(f"画猫{ENTER}   {ENTER}画狗{ENTER}{CTRL_D}")
    await desk.open().run(desk.hear)
    assert desk.heard == [("x1", "画猫"), ("x2", "画狗")]
    assert desk.seen.index("丹青：说一句话") < desk.seen.index("再见。")


async def test_a_paste_of_several_lines_is_one_message(desk: Desk) -> None:
    desk.keys.send_text(f"\x1b[200~画猫\n和狗\x1b[201~{ENTER}{CTRL_D}")
    await desk.open().run(desk.hear)
    assert desk.heard == [("x1", "画猫\n和狗")]


async def test_the_welcome_tells_what_it_is(desk: Desk) -> None:
    desk.keys.send_text(CTRL_D)
    await desk.open().run(desk.hear)
    for words in ("雪地里的两只企鹅", "水墨、水彩、像素", "data/gallery", "AI生成", "/help"):
        assert words in desk.seen


async def test_commands_of_the_terminal_are_answered_at_once(desk: Desk) -> None:
    desk.keys.send_text(f"/help{ENTER}/quit{ENTER}")
    await desk.open().run(desk.hear)
    assert desk.heard == []
    assert "--seed  种子" in desk.seen
    assert "再见。" in desk.seen


async def test_other_commands_are_for_the_bot(desk: Desk) -> None:
    desk.keys.send_text(f"/取消{ENTER}/styles{ENTER}{CTRL_D}")
    await desk.open().run(desk.hear)
    assert desk.heard == [("x1", "/取消"), ("x2", "/styles")]


async def test_ctrl_c_drops_the_line_and_twice_leaves(desk: Desk) -> None:
    desk.keys.send_text(f"一半{CTRL_C}又一半{CTRL_C}画猫{ENTER}{CTRL_C}{CTRL_C}")
    await desk.open().run(desk.hear)
    assert desk.heard == [("x1", "画猫")]
    assert desk.seen.count("再按一次 Ctrl-C 就离开。") == 3


async def test_a_refusal_is_shown_and_the_talk_goes_on(desk: Desk) -> None:
    desk.refusal = QueueFull("你有 5 个任务在等。")
    desk.keys.send_text(f"画猫{ENTER}:3{ENTER}{CTRL_D}")
    await desk.open().run(desk.hear)
    assert "你有 5 个任务在等。" in desk.seen
    assert "没有 3 号按钮" in desk.seen


async def test_files_that_are_named_are_handed_in_with_the_words(desk: Desk) -> None:
    source, mask = desk.folder / "我的 猫.png", desk.folder / "mask.png"
    Image.new("RGB", (6, 4)).save(source)
    Image.new("L", (3, 2)).save(mask)
    desk.keys.send_text(f"画成水墨 --source '{source}' --mask {mask} --fast{ENTER}{CTRL_D}")
    await desk.open().run(desk.hear)
    assert [" ".join(words.split()) for _, words in desk.heard] == ["画成水墨 --fast"]
    assert desk.images == [("source", 6, 4), ("mask", 3, 2)]


async def test_a_file_that_is_not_there_is_said_and_the_talk_goes_on(desk: Desk) -> None:
    desk.keys.send_text(f"画猫 --source /nowhere/a.png{ENTER}画狗{ENTER}{CTRL_D}")
    await desk.open().run(desk.hear)
    assert "原图打不开：没有文件 /nowhere/a.png" in desk.seen
    assert [words for _, words in desk.heard] == ["画狗"]


async def test_what_was_typed_too_early_is_not_lost(desk: Desk) -> None:
    desk.keys.send_text(f"猫{ENTER}{CTRL_D}")
    await desk.open(typed="画狗\n画\x1b[A").run(desk.hear)
    assert desk.heard == [("x1", "画狗"), ("x2", "画猫")]


async def test_a_reply_is_printed_over_the_prompt_before_send_returns(desk: Desk) -> None:
    studio = desk.open()
    running = asyncio.create_task(studio.run(desk.hear))
    desk.keys.send_text(f"画猫{ENTER}画一半")
    await desk.came.wait()
    await desk.until("画一半")
    await studio.send(a_delivery("画好了", buttons=[[REDO]]))
    assert "画好了\n  [1] 再来一张\n" in desk.seen
    desk.keys.send_text(f"的狗{ENTER}:1{ENTER}{CTRL_D}")
    await running
    assert desk.heard == [("x1", "画猫"), ("x2", "画一半的狗"), ("x3", "redo:7")]


async def test_a_reply_from_another_task_finds_the_prompt(desk: Desk) -> None:
    """A courier's task began before the prompt, in a context of its own."""
    studio = desk.open()
    due = asyncio.Event()

    async def courier() -> None:
        await due.wait()
        with create_app_session():
            await studio.send(a_delivery("画好了"))

    sending = asyncio.create_task(courier())
    running = asyncio.create_task(studio.run(desk.hear))
    await desk.until("丹青›")
    due.set()
    await sending
    prompt = desk.seen.rindex("画好了")
    await desk.until("丹青›")
    assert "丹青›" in desk.seen[prompt:]
    desk.keys.send_text(CTRL_D)
    await running


async def test_a_form_is_asked_for_field_by_field(desk: Desk) -> None:
    studio = desk.open()
    running = asyncio.create_task(studio.run(desk.hear))
    desk.keys.send_text("画一半")
    await desk.until("画一半")
    await studio.send(a_delivery("改一改编号 12", form=a_form()))
    await desk.until("描述› 雪地里的企鹅")
    assert "submit" not in desk.seen
    desk.keys.send_text(f"，下雪{ENTER}")
    await desk.until("风格› 水墨")
    desk.keys.send_text("\x15油")
    await desk.until("油画")  # in the menu
    desk.keys.send_text(f"{TAB}{ENTER}")
    await desk.until("种子› ")
    desk.keys.send_text(f"42{ENTER}")
    await desk.came.wait()
    values = {"prompt": "雪地里的企鹅，下雪", "style": "油画", "seed": "42"}
    assert desk.filled == [("edit:12", values)]
    desk.keys.send_text(f"的狗{ENTER}{CTRL_D}")
    await running
    assert desk.heard == [("x2", "画一半的狗")]


async def test_enter_keeps_what_stands_in_a_field(desk: Desk) -> None:
    studio = desk.open()
    running = asyncio.create_task(studio.run(desk.hear))
    await desk.until("丹青›")
    await studio.send(a_delivery("改一改", form=a_form()))
    desk.keys.send_text(ENTER * 3)
    await desk.came.wait()
    assert desk.filled == [("edit:12", a_form().values)]
    desk.keys.send_text(CTRL_D)
    await running


@pytest.mark.parametrize(("field", "key"), [("风格", CTRL_C), ("种子", CTRL_C), ("种子", CTRL_D)])
async def test_a_form_can_be_given_up(desk: Desk, field: str, key: str) -> None:
    studio = desk.open()
    running = asyncio.create_task(studio.run(desk.hear))
    await desk.until("丹青›")
    await studio.send(a_delivery("改一改", form=a_form()))
    desk.keys.send_text(ENTER * (1 if field == "风格" else 2))
    await desk.until(f"{field}› ")
    desk.keys.send_text(key)
    await desk.until("不改了。")
    desk.keys.send_text(f"画狗{ENTER}{CTRL_D}")
    await running
    assert desk.heard == [("x1", "画狗")]


async def test_a_form_that_comes_back_is_asked_for_again(desk: Desk) -> None:
    studio = desk.open()
    running = asyncio.create_task(studio.run(desk.hear))
    await desk.until("丹青›")
    await studio.send(a_delivery("改一改", form=a_form()))
    await studio.send(a_delivery("风格：没有", form=a_form("一只狗", target=13)))
    desk.keys.send_text(ENTER * 3)
    await desk.until("描述› 一只狗")
    desk.keys.send_text(ENTER * 3)
    while len(desk.filled) < 2:
        desk.came.clear()
        await desk.came.wait()
    assert [action for action, _ in desk.filled] == ["edit:12", "edit:13"]
    desk.keys.send_text(CTRL_D)
    await running


async def test_a_form_that_comes_twenty_times_is_asked_for_once(desk: Desk) -> None:
    studio = desk.open()
    running = asyncio.create_task(studio.run(desk.hear))
    await desk.until("丹青›")
    for _ in range(10):
        await studio.send(a_delivery("改一改", form=a_form()))
    await desk.until("描述› ")
    for _ in range(10):
        await studio.send(a_delivery("改一改", form=a_form()))
    desk.keys.send_text(f"{ENTER * 3}画狗{ENTER}{CTRL_D}")
    await running
    assert desk.filled == [("edit:12", a_form().values)]
    assert desk.heard == [("x2", "画狗")]


async def test_a_form_that_came_before_the_talk_is_asked_for_first(desk: Desk) -> None:
    studio = desk.open()
    await studio.send(a_delivery("改一改", form=a_form()))
    desk.keys.send_text(f"{ENTER * 3}{CTRL_D}")
    await studio.run(desk.hear)
    assert desk.filled == [("edit:12", a_form().values)]


async def test_a_form_that_cannot_be_heard_is_answered_in_words(desk: Desk) -> None:
    studio = desk.open()
    desk.refusal = QueueFull("你有 5 个任务在等。")
    await studio.send(a_delivery("改一改", form=a_form()))
    desk.keys.send_text(f"{ENTER * 3}{CTRL_D}")
    await studio.run(desk.hear)
    assert "你有 5 个任务在等。" in desk.seen


async def test_a_picture_that_comes_while_a_form_is_open_hangs_over_it(desk: Desk) -> None:
    studio = desk.open()
    running = asyncio.create_task(studio.run(desk.hear))
    await desk.until("丹青›")
    await studio.send(a_delivery("改一改", form=a_form()))
    desk.keys.send_text("，下雪")
    await desk.until("企鹅，下雪")
    await studio.send(a_delivery("画好了 #7"))
    assert "画好了 #7" in desk.seen
    desk.keys.send_text(f"{ENTER * 3}")
    await desk.came.wait()
    assert desk.filled == [("edit:12", {**a_form().values, "prompt": "雪地里的企鹅，下雪"})]
    desk.keys.send_text(CTRL_D)
    await running


async def test_replies_are_printed_also_before_and_after_the_talk(desk: Desk) -> None:
    studio = desk.open()
    await studio.send(a_delivery("先到的"))
    desk.keys.send_text(CTRL_D)
    await studio.run(desk.hear)
    await studio.send(a_delivery("后到的"))
    assert "先到的\n" in desk.seen
    assert desk.seen.endswith("后到的\n")


@pytest.mark.parametrize("graphics", ["kitty", "iterm2", "sixel", "blocks"])
async def test_a_picture_hangs_over_its_words(desk: Desk, graphics: Graphics) -> None:
    path = desk.folder / "a.png"
    Image.new("RGB", (128, 192), (255, 0, 0)).save(path)
    await desk.open(graphics).send(a_delivery("画好了", artworks=[an_artwork(path)]))
    raw = desk.printed
    begins = {"kitty": "\x1b_G", "iterm2": "\x1b]1337;", "sixel": "\x1bP0;1q", "blocks": "\x1b[38;"}
    assert raw.startswith(begins[graphics])
    assert raw.index("画好了") < raw.index(str(path)) < raw.index("AI生成")


async def test_a_picture_that_is_gone_has_still_its_path(desk: Desk) -> None:
    path = desk.folder / "gone.png"
    await desk.open(depth="none").send(a_delivery("画好了", artworks=[an_artwork(path)]))
    assert desk.printed == f"画好了\n  {path}  128×192  种子 42\n  AI生成\n"


async def test_what_steers_a_terminal_does_not_reach_it(desk: Desk) -> None:
    await desk.open().send(a_delivery("\x1b]0;title\x07\x1b[2J画好了\x00"))
    assert desk.printed == "画好了\n"


async def test_when_the_terminal_is_gone_the_courier_is_told(desk: Desk) -> None:
    studio = desk.open()
    desk.screen.gone = True
    with pytest.raises(NotSent, match="Input/output error") as caught:
        await studio.send(a_delivery())
    assert caught.value.arrived is None


async def test_the_board_shows_the_job_and_clears_when_it_is_over(desk: Desk) -> None:
    studio = desk.open()
    running = asyncio.create_task(studio.run(desk.hear))
    await desk.until("丹青›")
    await studio.show(a_status(7, step=3, steps=20, seconds_left=4, preview=a_preview()))
    await desk.until("3/20 步，还要约 4 秒")
    await desk.until("▀" * 24)
    await studio.send(a_delivery("画好了", last=True))
    since = len(desk.seen)
    desk.keys.send_text("字")
    await desk.until("字")
    assert "3/20 步" not in desk.seen[since:]
    desk.keys.send_text(f"{CTRL_C}{CTRL_D}")
    await running


async def test_leaving_tells_of_the_jobs_that_wait(desk: Desk) -> None:
    studio = desk.open()
    await studio.send(a_delivery("收到 #7", buttons=[[CANCEL]]))
    desk.keys.send_text(CTRL_D)
    await studio.run(desk.hear)
    assert "还有 1 个任务没画完，下次打开接着画。" in desk.seen


async def test_what_is_said_of_a_job_that_is_over_puts_it_on_no_board(desk: Desk) -> None:
    studio = desk.open()
    await studio.send(a_delivery("编号 1 · 256×256 · 种子 7", job_id=7))
    desk.keys.send_text(CTRL_D)
    await studio.run(desk.hear)
    assert "没画完" not in desk.seen


async def test_the_interface_label_always_stands_under_the_prompt(desk: Desk) -> None:
    running = asyncio.create_task(desk.open().run(desk.hear))
    await desk.until("画都是AI生成的")
    desk.keys.send_text(CTRL_D)
    await running


async def test_lines_of_the_last_talk_come_back(desk: Desk) -> None:
    desk.keys.send_text(f"画猫{ENTER}{CTRL_D}")
    await desk.open().run(desk.hear)
    again = asyncio.create_task(desk.open().run(desk.hear))
    await desk.until("再见。")
    desk.came.clear()
    desk.keys.send_text(f"{UP}{ENTER}")
    await desk.came.wait()
    desk.keys.send_text(CTRL_D)
    await again
    assert desk.heard == [("x1", "画猫"), ("x1", "画猫")]


async def test_at_the_prompt_stands_who_speaks(desk: Desk) -> None:
    users = list[tuple[str, bool]]()

    async def hear(line_id: str, body: bytes) -> None:
        update = json.loads(body)
        users.append((update["user"], update.get("guest", False)))
        await desk.hear(line_id, body)

    desk.keys.send_text(
        f"桥{ENTER}/as 小红{ENTER}船{ENTER}@老王 鸟{ENTER}/as{ENTER}山{ENTER}{CTRL_D}"
    )
    await desk.open().run(hear)
    assert desk.heard == [("x1", "桥"), ("x2", "船"), ("x3", "鸟"), ("x4", "山")]
    assert users == [("阿青", False), ("小红", True), ("老王", True), ("阿青", False)]
    assert "小红› " in desk.seen
    assert "现在是 小红 在说话" in desk.seen


async def test_a_form_is_handed_in_by_who_asked_for_it(desk: Desk) -> None:
    users = list[str]()

    async def hear(line_id: str, body: bytes) -> None:
        users.append(json.loads(body)["user"])
        await desk.hear(line_id, body)

    studio = desk.open()
    running = asyncio.create_task(studio.run(hear))
    desk.keys.send_text(f"@小红 :edit:12{ENTER}")
    await desk.came.wait()
    await studio.send(a_delivery(form=a_form(), job_id=None))
    await desk.until("描述› ")
    desk.came.clear()
    desk.keys.send_text(ENTER * 3)
    await desk.came.wait()
    desk.keys.send_text(CTRL_D)
    await running
    assert (users, len(desk.filled)) == (["小红", "小红"], 1)


async def test_a_stopped_talk_leaves_the_terminal_alone(desk: Desk) -> None:
    studio = desk.open()
    running = asyncio.create_task(studio.run(desk.hear))
    await desk.until("丹青›")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await studio.send(a_delivery("后到的"))
    assert desk.seen.endswith("后到的\n")


def test_the_adapter_reads_what_its_face_wrote(desk: Desk) -> None:
    event = ConsoleAdapter(desk.open()).to_event(b'{"id":"1","user":"a","text":"b"}')
    assert isinstance(event, Said)
    assert event.user.key == "console:a"


AS = ("/as", "换个人说话，例如 /as 小红")


def offers(text: str, *buttons: Button) -> list[tuple[str, str]]:
    """Return what Tab makes of a line, and what it says of that."""
    completions = Prompter(GUIDE, buttons).get_completions(Document(text), CompleteEvent())
    return [
        (text[: len(text) + c.start_position] + c.text, c.display_meta_text) for c in completions
    ]


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("/", [*((f"/{c.names[1]}", c.hint) for c in COMMANDS), AS, ("/quit", "离开")]),
        ("/hi", [(f"/{c.names[1]}", c.hint) for c in COMMANDS if c.names[0] == "历史"]),
        ("画猫 --s", [("画猫 --seed", "种子"), ("画猫 --steps", "步数")]),
        ("画猫 --se", [("画猫 --seed", "种子")]),
        ("画一只猫，水", [("画一只猫，水墨", "国画"), ("画一只猫，水彩", "")]),
        ("画猫 ", [("画猫 水墨", "国画"), ("画猫 水彩", ""), ("画猫 像素", "8 位")]),
        ("画猫 水墨", [("画猫 水墨", "国画")]),
        ("画猫", []),
    ],
)
def test_tab_offers_what_may_follow(text: str, offered: list[tuple[str, str]]) -> None:
    assert offers(text) == offered


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("", ["水墨", "水彩", "油画"]),
        ("水", ["水墨", "水彩"]),
        ("水墨", ["水彩", "油画"]),
        ("水墨+油", ["水墨+油画"]),
        ("水墨＋", ["水墨＋水墨", "水墨＋水彩", "水墨＋油画"]),
        ("版画", []),
    ],
)
def test_tab_offers_the_values_of_a_field(text: str, offered: list[str]) -> None:
    chooser = Chooser(("水墨", "水彩", "油画"))
    found = chooser.get_completions(Document(text), CompleteEvent())
    assert [text[: len(text) + one.start_position] + one.text for one in found] == offered


def test_tab_offers_files_after_the_flags_that_name_them(tmp_path: Path) -> None:
    (tmp_path / "我的 猫.png").touch()
    line = f"画猫 --source {tmp_path}/我的"
    ((completed, _),) = offers(line)
    assert completed == rf"{line}\ 猫.png"
    assert files_in(completed)[1] == {"source": tmp_path / "我的 猫.png"}
    assert [text for text, _ in offers(rf"{line}\ ")] == [completed]


def test_tab_offers_the_newest_buttons_first() -> None:
    assert offers(":", REDO, CANCEL) == [(":2", "#8"), (":1", "#7")]
    assert offers("：1", REDO, CANCEL) == [(":1", "#7")]
    assert offers("/", REDO)[-1] == (":1", "#7")


def test_the_history_keeps_the_newest_lines(tmp_path: Path) -> None:
    path = tmp_path / "history"
    for n in range(7):
        TypedLines(path, 3).store_string(f"第 {n} 句\n下一行")
    assert list(TypedLines(path, 3).load_history_strings()) == [
        f"第 {n} 句\n下一行" for n in (6, 5, 4)
    ]
    assert path.read_text().count("句") == 3


def test_a_history_that_cannot_be_written_costs_only_the_memory(tmp_path: Path) -> None:
    history = TypedLines(tmp_path / "no folder" / "history", 3)
    history.store_string("画猫")
    assert list(history.load_history_strings()) == []
    assert list(TypedLines(tmp_path, 3).load_history_strings()) == []


def test_a_history_of_nothing_and_a_long_paste_are_not_kept(tmp_path: Path) -> None:
    TypedLines(tmp_path / "history", 0).store_string("画猫")
    TypedLines(tmp_path / "history", 9).store_string("长" * 5000)
    assert not (tmp_path / "history").exists()
