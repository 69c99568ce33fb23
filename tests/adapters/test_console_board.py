"""The board tells where the jobs are."""

import re

import pytest

from adapters.console.board import Board, Frame, duration
from adapters.console.outbound import clean
from adapters.console.picture import Easel
from tests.adapters.console_factory import a_preview, a_status

WIDE = Frame(100, 40)
EASEL = Easel(graphics="blocks", depth="256")


def told(board: Board, frame: Frame = WIDE) -> list[str]:
    """Return the board without colours and double spaces."""
    return [re.sub(" +", " ", line).strip() for line in clean(board.text(frame)).split("\n")]


def test_an_empty_board_takes_no_room() -> None:
    assert Board(EASEL).text(WIDE) == ""


def test_a_waiting_job_has_its_place_and_its_time() -> None:
    board = Board(EASEL)
    board.post(a_status(7, ahead=3, seconds_left=12.4))
    assert told(board) == ["#7 前面还有 3 个任务 排队，还要约 12 秒"]


def test_a_job_that_waits_for_the_end_of_a_pause_is_said_to() -> None:
    board = Board(EASEL)
    board.post(a_status(7, paused="打雷"))
    assert told(board) == ["#7 管理员暂停了画画，恢复后按顺序画 排队"]


def test_nothing_is_promised_while_nothing_is_known_of_the_speed() -> None:
    board = Board(EASEL)
    board.post(a_status(7))
    assert told(board) == ["#7 马上开始 排队"]


def test_a_job_that_is_drawn_has_a_bar() -> None:
    board = Board(EASEL)
    board.post(a_status(7, step=10, steps=20, seconds_left=5))
    (line,) = told(board)
    assert line.startswith("#7 ━")
    assert line.endswith("10/20 步，还要约 5 秒")


def test_pictures_one_after_the_other_are_counted() -> None:
    board = Board(EASEL)
    board.post(a_status(7, number=0, count=2, step=20, steps=20))
    board.post(a_status(7, number=1, count=2, step=10, steps=20))
    assert told(board)[0].endswith("第 2/2 张 30/40 步")


def test_pictures_drawn_together_are_counted_together() -> None:
    board = Board(EASEL)
    for number in (0, 1, 2):
        board.post(a_status(7, number=number, count=3, step=5, steps=20))
    assert told(board)[0].endswith("第 1/3 张 15/60 步")


def test_a_job_that_waits_again_begins_anew() -> None:
    board = Board(EASEL)
    board.post(a_status(7, step=19, steps=20, preview=a_preview()))
    board.post(a_status(7, ahead=1))
    assert told(board) == ["#7 前面还有 1 个任务 排队"]
    board.post(a_status(7, step=1, steps=20))
    assert told(board)[0].endswith(" 1/20 步")


@pytest.mark.parametrize(("step", "full"), [(0, 0), (5, 6), (10, 12), (20, 24)])
def test_the_bar_is_as_long_as_what_is_done(step: int, full: int) -> None:
    board = Board(EASEL)
    board.post(a_status(7, step=step, steps=20))
    coloured = board.text(Frame(100, 40, colour=False))
    assert len(re.findall("━", coloured)) in {full, full or 24}


def test_what_is_drawn_stands_first_and_the_long_queue_is_counted() -> None:
    board = Board(EASEL)
    for job_id in range(2, 8):
        board.post(a_status(job_id, ahead=8 - job_id))
    board.post(a_status(1, step=1, steps=20))
    board.expect(99)
    assert [line.split(" ")[0] for line in told(board)] == ["#1", "#7", "#6", "#5", "另有"]
    assert told(board)[-1] == "另有 4 个任务在等"


def test_a_job_of_which_only_the_number_is_known_is_counted() -> None:
    board = Board(EASEL)
    board.expect(7)
    assert told(board) == ["还有 1 个任务在等"]


def test_a_job_that_is_over_is_not_shown_again() -> None:
    board = Board(EASEL)
    board.post(a_status(7))
    board.strike(7)
    board.post(a_status(7, step=20, steps=20))
    board.expect(7)
    assert board.text(WIDE) == ""
    assert board.open == 0


def test_a_picture_in_the_making_is_shown_until_it_is_finished() -> None:
    board = Board(EASEL)
    board.post(a_status(7, count=2, step=1, steps=20, preview=a_preview()))
    board.post(a_status(7, count=2, step=2, steps=20))
    assert [line.count("▀") for line in told(board)[1:]] == [24] * 12
    board.post(a_status(7, count=2, step=20, steps=20, preview=a_preview()))
    assert "▀" not in board.text(WIDE)


def test_pictures_in_the_making_stand_side_by_side() -> None:
    board = Board(EASEL)
    square, wide = a_preview(), a_preview(4, 2)
    board.post(a_status(7, number=0, count=2, step=1, steps=20, preview=wide))
    board.post(a_status(7, number=1, count=2, step=1, steps=20, preview=square))
    board.post(a_status(8, step=1, steps=20, preview=wide))
    both, one = f"{'▀' * 14} {'▀' * 14} {'▀' * 14}", f"{' ' * 15}{'▀' * 14} {' ' * 14}"
    assert clean(board.text(WIDE)).split("\n")[2:] == [both] * 4 + [one] * 3


def test_only_so_many_pictures_are_shown_as_fit() -> None:
    board = Board(EASEL)
    for number in range(9):
        board.post(a_status(7, number=number, count=9, step=1, steps=20, preview=a_preview()))
    assert told(board, Frame(60, 30))[1].count("▀") == 4 * 14
    assert told(board, Frame(8, 30))[-1].count("▀") == 8


def test_the_picture_makes_way_where_there_is_little_room() -> None:
    board = Board(EASEL)
    board.post(a_status(7, step=1, steps=20, preview=a_preview()))
    assert len(told(board, Frame(80, 8))) == 8
    assert len(told(board, Frame(80, 4))) == 1


def test_without_an_easel_there_is_no_picture() -> None:
    board = Board(None)
    board.post(a_status(7, step=1, steps=20, preview=a_preview()))
    assert "▀" not in board.text(WIDE)


def test_without_colour_there_are_no_escapes() -> None:
    board = Board(None)
    board.post(a_status(7, step=1, steps=20))
    board.post(a_status(8, ahead=1))
    assert "\x1b" not in board.text(Frame(80, 24, colour=False))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "1 秒"), (0.4, "1 秒"), (12.4, "12 秒"), (89, "89 秒"), (90, "2 分钟"), (3600, "60 分钟")],
)
def test_a_time_is_said_as_people_say_it(seconds: float, words: str) -> None:
    assert duration(seconds) == words
