"""Several people at one keyboard."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.console.guide import named
from adapters.console.inbound import from_line, to_event
from adapters.console.seat import Seat, Speech
from bot.event import Message, Press, Submission, User
from bot.role import OPERATOR
from tests.adapters.console_factory import CANCEL, REDO
from tests.adapters.test_console_lines import Pipes
from tests.adapters.test_console_studio import GUIDE


@pytest.mark.parametrize(
    ("line", "user", "words"),
    [
        ("@小红 一座石桥", "小红", "一座石桥"),
        ("＠小红\u3000一座石桥", "小红", "一座石桥"),
        (" @小红   :2", "小红", ":2"),
        ("@阿青 一座石桥", "阿青", "一座石桥"),
        ("@Ann a bridge\nof stone", "Ann", "a bridge\nof stone"),
        *((line, "阿青", line) for line in ("小红：一座石桥", "@小红", "@小红：一座石桥", "@", "")),
        *((line, "阿青", line) for line in ("给@小红 画一座桥", "@丹青 画一只猫", "@@小红 画")),
    ],
)
def test_a_line_may_say_whose_it_is(line: str, user: str, words: str) -> None:
    assert Seat("阿青").speech(line) == Speech(user, words, user != "阿青")


def test_the_keyboard_is_given_away_and_back() -> None:
    seat = Seat("阿青")
    assert seat.changed("画一只猫") is None
    assert seat.changed("/as 小红") == "现在是 小红 在说话，/as 换回来"
    assert seat.speech("一座石桥") == Speech("小红", "一座石桥", guest=True)
    assert seat.speech("@阿青 桥下有船") == Speech("阿青", "桥下有船")
    assert seat.changed("/我是 老王") is not None
    assert seat.speech("一只鸟") == Speech("老王", "一只鸟", guest=True)
    assert seat.changed("／as") == "现在是 阿青 在说话"
    assert seat.speech("一座石桥") == Speech("阿青", "一座石桥")
    for line in ("/as 小 红", "/assist 小红", "/我是谁", "as 小红"):
        assert seat.changed(line) is None


@given(st.text(max_size=60))
def test_no_line_gets_lost(line: str) -> None:
    said = Seat("阿青").speech(line)
    assert said.words == line or (said.guest and line.rstrip().endswith(said.words.rstrip()))


def test_guests_do_not_run_the_studio() -> None:
    for guest, roles in ((False, (OPERATOR,)), (True, ())):
        for line in ("桥", ":2", '{"submit":"edit:7","values":{}}'):
            event = to_event(from_line(line, "x1", "小红", [REDO, CANCEL], guest=guest))
            assert isinstance(event, Message | Press | Submission)
            assert event.user == User("console", "小红", "小红")
            assert event.user.roles == roles


async def test_lines_of_a_pipe_say_who_speaks() -> None:
    pipes = Pipes(json=False)
    said = list[tuple[str, str]]()

    async def hear(line_id: str, body: bytes) -> None:
        del line_id
        update = json.loads(body)
        said.append((update["user"], update.get("press") or update["text"]))

    pipes.type(
        "/开局 接龙\n@小红 一座石桥\n/as 老王\n一只鸟\n@小红 :cancel:8\n/我是\n完\n".encode()
    )
    pipes.close(pipes.typing)
    await pipes.face.run(hear)
    assert said == [
        ("阿青", "/开局 接龙"),
        ("小红", "一座石桥"),
        ("老王", "一只鸟"),
        ("小红", "cancel:8"),
        ("阿青", "完"),
    ]
    assert pipes.read() == "现在是 老王 在说话，/as 换回来\n现在是 阿青 在说话\n"
    pipes.close()


def test_the_guide_tells_of_it() -> None:
    assert "@小红 一座石桥" in (GUIDE.answer("/help") or "")
    assert "/as" in named()
