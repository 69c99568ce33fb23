"""The terminal speaks English to whoever has chosen it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.console.board import Board, Frame
from adapters.console.guide import Guide, named
from adapters.console.inbound import from_line
from adapters.console.outbound import clean, to_json, to_lines
from adapters.guide import FLAGS
from bot.action import Action, Verb
from bot.errors import NoSuchJob
from bot.progress import spoken
from bot.reply import Button
from tests.adapters.console_factory import a_delivery, a_status, an_artwork

CHINESE = re.compile("[\u3001-\u303f\u4e00-\u9fff\uff01-\uff5e]")


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with spoken("en"):
        yield


def test_it_tells_of_itself_in_english() -> None:
    guide = Guide(gallery=Path("pictures"), styles={"ink": ""}, flags=FLAGS)
    for words in (guide.welcome(), guide.answer("/help")):
        assert words
        assert not CHINESE.search(words)
    assert not CHINESE.search("".join(named().values()))


def test_the_board_is_english() -> None:
    board = Board(None)
    for job_id in range(1, 8):
        board.post(a_status(job_id, ahead=job_id - 1, seconds_left=100))
    board.post(a_status(9, step=3, steps=20, count=4, seconds_left=12))
    words = re.sub(" +", " ", clean(board.text(Frame(100, 40, colour=False))))
    assert "2 requests ahead queued, about 2 min to go" in words
    assert "4 more waiting" in words
    assert not CHINESE.search(words)


def test_the_label_stands_in_the_words_in_either_language() -> None:
    (said, *_) = to_lines(a_delivery("Done (AI-generated)", artworks=[an_artwork()]))
    assert said == "Done (AI-generated)"
    for words in ("Done (AI-generated)", "画好了（AI生成）"):
        lines = to_lines(a_delivery(words, artworks=[an_artwork()]))
        assert [line.strip() for line in lines].count("AI-generated") == 0
    bare = a_delivery("Done", artworks=[an_artwork()])
    assert to_lines(bare)[-1].strip() == "AI-generated"
    assert b"AI-generated" in to_json(bare)


@pytest.mark.parametrize(
    ("buttons", "words"),
    [
        ((), "There is no button 3; there are no buttons yet."),
        (("a", "b"), "There is no button 3; they go from 1 to 2."),
    ],
)
def test_a_button_that_is_not_there(buttons: tuple[str, ...], words: str) -> None:
    known = [Button(label, Action(Verb.REDO, 1)) for label in buttons]
    with pytest.raises(NoSuchJob, match=re.escape(words)):
        from_line(":3", "1", "Ann", known)
