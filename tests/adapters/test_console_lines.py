"""Lines in, lines out: over real pipes, files and processes."""

import asyncio
import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.console.lines import Lines, Throttle, read_lines
from bot.errors import NotSent, QueueFull
from tests.adapters.console_factory import REDO, a_delivery, a_form, a_status, an_artwork

ROOT = Path(__file__).parents[2]


class Pipes:
    """A face of lines, and its other ends."""

    def __init__(self, *, json: bool = True) -> None:
        source, self.typing = os.pipe()
        self.reading, self.sink = os.pipe()
        self.now = 0.0
        ids = iter(range(1, 1_000_000))
        self.face = Lines(
            source,
            self.sink,
            user="阿青",
            json=json,
            new_id=lambda: f"x{next(ids)}",
            clock=lambda: self.now,
        )
        self.heard: list[tuple[str, str]] = []
        self.filled: list[tuple[str, dict[str, str]]] = []
        self._open = {source, self.typing, self.reading, self.sink}

    async def hear(self, line_id: str, body: bytes) -> None:
        update = json.loads(body)
        assert update["id"] == line_id
        if "submit" in update:
            self.filled.append((update["submit"], update["values"]))
        else:
            self.heard.append((line_id, update["press"] if "press" in update else update["text"]))

    def type(self, data: bytes) -> None:
        os.write(self.typing, data)

    def close(self, *ends: int) -> None:
        for end in ends or set(self._open):
            if end in self._open:
                os.close(end)
                self._open.discard(end)

    def read(self) -> str:
        """Return what was written so far."""
        os.set_blocking(self.reading, False)
        try:
            return os.read(self.reading, 1 << 20).decode()
        except BlockingIOError:
            return ""


@pytest.fixture
def pipes() -> Iterator[Pipes]:
    made = Pipes()
    yield made
    made.close()


@pytest.fixture
def text_pipes() -> Iterator[Pipes]:
    made = Pipes(json=False)
    yield made
    made.close()


async def test_each_line_is_heard_under_an_id_of_its_own(pipes: Pipes) -> None:
    pipes.type("画猫\r\n\n:redo:7\n没有换行".encode())
    pipes.close(pipes.typing)
    await pipes.face.run(pipes.hear)
    assert pipes.heard == [("x1", "画猫"), ("x2", ""), ("x3", "redo:7"), ("x4", "没有换行")]


async def test_a_line_is_read_when_the_last_is_on_disk(pipes: Pipes) -> None:
    committed, reached = asyncio.Event(), asyncio.Event()
    begun: list[str] = []

    async def hear(line_id: str, body: bytes) -> None:
        del body
        begun.append(line_id)
        reached.set()
        await committed.wait()

    pipes.type(b"a\nb\nc\n")
    pipes.close(pipes.typing)
    running = asyncio.create_task(pipes.face.run(hear))
    await reached.wait()
    assert begun == ["x1"]
    committed.set()
    await running
    assert begun == ["x1", "x2", "x3"]


async def test_a_line_of_100000_characters_arrives_whole(pipes: Pipes) -> None:
    running = asyncio.create_task(pipes.face.run(pipes.hear))
    line = "长" * 100_000

    def type_all() -> None:
        os.set_blocking(pipes.typing, True)
        rest = memoryview(f"{line}\n短\n".encode())
        while rest:
            rest = rest[os.write(pipes.typing, rest) :]
        pipes.close(pipes.typing)

    await asyncio.to_thread(type_all)
    await running
    assert [text for _, text in pipes.heard] == [line, "短"]


async def test_bytes_that_are_no_text_are_replaced(pipes: Pipes) -> None:
    pipes.type(b"\xffcat\xe7\x8c\n")
    pipes.close(pipes.typing)
    await pipes.face.run(pipes.hear)
    assert pipes.heard == [("x1", "\ufffdcat\ufffd")]


@pytest.mark.parametrize("kind", ["file", "no end of line", "empty", "/dev/null", "folder"])
async def test_any_kind_of_input_is_read_to_its_end(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes({"file": b"a\nb\n", "no end of line": b"a\nb"}.get(kind, b""))
    source = os.open({"/dev/null": "/dev/null", "folder": tmp_path}.get(kind, path), os.O_RDONLY)
    lines = [line async for line in read_lines(source)]
    os.close(source)
    assert lines == (["a", "b"] if path.stat().st_size else [])


async def test_a_refusal_is_answered_in_words_and_the_talk_goes_on(pipes: Pipes) -> None:
    async def hear(line_id: str, body: bytes) -> None:
        if line_id == "x1":
            raise QueueFull("你有 5 个任务在等，等画完再说吧。")
        await pipes.hear(line_id, body)

    pipes.type("一\n:9\n二\n".encode())
    pipes.close(pipes.typing)
    await pipes.face.run(hear)
    assert [json.loads(line)["text"] for line in pipes.read().splitlines()] == [
        "你有 5 个任务在等，等画完再说吧。",
        "没有 9 号按钮，现在还没有按钮。",
    ]
    assert pipes.heard == [("x3", "二")]


async def test_a_button_is_pressed_by_its_number(text_pipes: Pipes) -> None:
    await text_pipes.face.send(a_delivery("一", buttons=[[REDO]]))
    await text_pipes.face.send(a_delivery("二", buttons=[[REDO]]))
    assert text_pipes.read() == "一\n  [1] 再来一张\n二\n  [2] 再来一张\n"
    text_pipes.type(b":2\n")
    text_pipes.close(text_pipes.typing)
    await text_pipes.face.run(text_pipes.hear)
    assert text_pipes.heard == [("x1", "redo:7")]


async def test_a_form_goes_out_as_the_line_that_hands_it_in(text_pipes: Pipes) -> None:
    await text_pipes.face.send(a_delivery("改一改", form=a_form()))
    words, line = text_pipes.read().splitlines()
    assert words == "改一改"
    text_pipes.type(line.replace("企鹅", "熊猫").encode() + b"\n")
    text_pipes.close(text_pipes.typing)
    await text_pipes.face.run(text_pipes.hear)
    values = {"prompt": "雪地里的熊猫", "style": "水墨", "seed": ""}
    assert text_pipes.filled == [("edit:12", values)]


async def test_in_json_a_form_tells_of_its_fields(pipes: Pipes) -> None:
    await pipes.face.send(a_delivery("改一改", form=a_form()))
    found = json.loads(pipes.read())["form"]
    assert (found["submit"], found["title"]) == ("edit:12", "改一改编号 12")
    assert found["fields"][1] == {
        "name": "style",
        "label": "风格",
        "value": "水墨",
        "most": 4000,
        "choices": ["水墨", "水彩", "油画"],
        "help": "",
    }
    values = {field["name"]: field["value"] for field in found["fields"]}
    pipes.type(json.dumps({"submit": found["submit"], "values": values}).encode())
    pipes.close(pipes.typing)
    await pipes.face.run(pipes.hear)
    assert pipes.filled == [("edit:12", a_form().values)]


async def test_a_form_of_a_megabyte_arrives_and_one_that_is_broken_is_refused(pipes: Pipes) -> None:
    running = asyncio.create_task(pipes.face.run(pipes.hear))
    line = json.dumps({"submit": "edit:12", "values": {"prompt": "长" * 2**20}}, ensure_ascii=False)

    def type_all() -> None:
        os.set_blocking(pipes.typing, True)
        rest = memoryview(f"{line}\n{line[:-9]}\n".encode())
        while rest:
            rest = rest[os.write(pipes.typing, rest) :]
        pipes.close(pipes.typing)

    await asyncio.to_thread(type_all)
    await running
    assert pipes.filled == [("edit:12", {"prompt": "长" * 2**20})]
    assert json.loads(pipes.read())["text"].startswith("这张表格没读懂")


async def test_a_reply_is_out_when_send_returns(pipes: Pipes) -> None:
    await pipes.face.send(a_delivery(artworks=[an_artwork()]))
    assert json.loads(pipes.read())["artworks"][0]["seed"] == 42


async def test_a_reply_longer_than_a_pipe_is_one_whole_line(pipes: Pipes) -> None:
    sending = asyncio.gather(*(pipes.face.send(a_delivery(c * 300_000)) for c in "ab"))
    data = b""
    while data.count(b"\n") < 2:
        data += await asyncio.to_thread(os.read, pipes.reading, 1 << 16)
    await sending
    assert {json.loads(line)["text"][:2] for line in data.splitlines()} == {"aa", "bb"}
    assert [len(json.loads(line)["text"]) for line in data.splitlines()] == [300_000] * 2


async def test_when_nobody_reads_the_courier_is_told(pipes: Pipes) -> None:
    pipes.close(pipes.reading)
    with pytest.raises(NotSent, match="Broken pipe") as caught:
        await pipes.face.send(a_delivery())
    assert caught.value.arrived is None
    await pipes.face.show(a_status())


async def test_progress_goes_out_at_most_four_times_a_second(pipes: Pipes) -> None:
    for step in range(21):
        await pipes.face.show(a_status(step=step, steps=20))
        pipes.now += 0.0625
    steps = [json.loads(line)["step"] for line in pipes.read().splitlines()]
    assert steps == [0, 4, 8, 12, 16, 20]


async def test_text_has_no_progress(text_pipes: Pipes) -> None:
    await text_pipes.face.show(a_status())
    assert text_pipes.read() == ""


async def test_progress_is_dropped_where_the_reader_is_slow(pipes: Pipes) -> None:
    size = fcntl.fcntl(pipes.sink, fcntl.F_GETPIPE_SZ)
    os.write(pipes.sink, b"." * size)
    await pipes.face.show(a_status(step=3, steps=20))
    assert pipes.read() == "." * size
    await pipes.face.show(a_status(step=4, steps=20))
    assert json.loads(pipes.read())["step"] == 4


def test_first_and_last_status_of_a_job_are_always_due_and_once() -> None:
    throttle = Throttle(1.0, lambda: 5.0)
    last = a_status(1, number=1, count=2, step=20, steps=20)
    assert throttle.due(a_status(1, ahead=2))
    assert not throttle.due(a_status(1, count=2, step=20, steps=20))
    assert throttle.due(a_status(2))
    assert throttle.due(last)
    assert not throttle.due(last)


DRIVER = """
import asyncio, itertools, signal, sys, time
from pathlib import Path
from adapters.console.adapter import open_console
from adapters.console.config import ConsoleConfig
from adapters.console.guide import Guide
from adapters.console.inbound import CHAT
from bot.reply import Delivery, Reply, Status

async def main():
    ids = map(str, itertools.count())
    console = open_console(
        ConsoleConfig(), Guide(gallery=Path("g")), user="阿青", history=Path("history"),
        json="--json" in sys.argv, take=None, new_id=lambda: next(ids), clock=time.monotonic,
    )
    async def hear(line_id, body):
        event = console.to_event(body)
        await console.show(Status(job_id=int(line_id), chat=CHAT))
        await console.send(Delivery(id=1, chat=CHAT, reply=Reply(text="听到 " + event.text)))
    await console.run(hear)

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & has it ignored
asyncio.run(main())
"""


def drive(
    *flags: str, stdin: int = subprocess.PIPE, stdout: int = subprocess.PIPE
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, *flags],
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )


def test_a_process_prints_its_replies_and_nothing_else() -> None:
    with drive() as process:
        out, err = process.communicate("一\n二".encode())
    assert (out.decode(), err.decode(), process.returncode) == ("听到 一\n听到 二\n", "", 0)


def test_a_process_prints_a_line_of_json_for_each_reply_and_status() -> None:
    with drive("--json") as process:
        out, err = process.communicate("一\n二\n".encode())
    events = [json.loads(line)["event"] for line in out.splitlines()]
    assert (events, err) == (["progress", "reply"] * 2, b"")


def test_a_process_without_input_ends_at_once() -> None:
    with drive(stdin=subprocess.DEVNULL) as process:
        out, err = process.communicate()
    assert (out, err, process.returncode) == (b"", b"", 0)


def test_a_process_answers_while_its_input_stays_open() -> None:
    with drive() as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write("一\n".encode())
        process.stdin.flush()
        assert process.stdout.readline().decode() == "听到 一\n"
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == -signal.SIGINT
