"""Changes asked for in reply to a picture, and what becomes of its request."""

from typing import Any

import pytest

from bot.follow import Follow, derived
from bot.parsing.follow import follow
from bot.request import Request
from bot.style import Styles
from tests.bot.labelled import FILE, Labelled, labelled

STYLES = Styles.load()
FILES = (FILE, FILE.with_name("requests_third.tsv"))
REPLIES = [one for file in FILES for one in labelled(file) if one.context == "reply"]


def told(found: Follow) -> dict[str, Any]:
    """Return a change as the labels have it."""
    changes = dict(found.changes)
    size = (changes.pop("width", None), changes.pop("height", None))
    said: dict[str, Any] = {
        "verb": found.verb,
        "index": found.index,
        "count": found.count,
        "add": list(found.add),
        "remove": list(found.remove),
        "replace": [list(pair) for pair in found.replace],
        "prompt": found.prompt,
        "seed": "same" if found.same_seed else changes.pop("seed", None),
        "strength": found.amount or changes.pop("strength", None),
        "scale": found.scale,
        "sides": list(found.sides),
        "size": list(size) if all(size) else None,
        "styles": list(changes.pop("styles", ())),
        "negative": changes.pop("avoid", ""),
    }
    return {name: value for name, value in (said | changes).items() if value}


@pytest.mark.parametrize("one", [pytest.param(one, id=one.text) for one in REPLIES])
def test_a_reply_is_read_as_it_is_meant(one: Labelled) -> None:
    found = follow(one.text, STYLES)
    assert (told(found) if found else None) == one.label.get("follow")


CATS = Request(prompt="草地上的两只猫", styles=("水墨",), aspect="2:3", seed=7, count=4, steps=30)


@pytest.mark.parametrize(
    ("said", "prompt", "difference", "seed"),
    [
        ("把猫换成狗", "草地上的两只狗", "－猫 ＋狗", 7),
        ("加一只蝴蝶", "草地上的两只猫，一只蝴蝶", "＋一只蝴蝶", 7),
        ("把背景换成雪地", "草地上的两只猫，雪地背景", "－背景 ＋雪地", 7),
        ("把猫换成狗，换个种子", "草地上的两只狗", "－猫 ＋狗", None),
        ("同样的风格画一只狗", "一只狗", "", None),
    ],
)
def test_words_change_as_asked_and_the_rest_stays(
    said: str, prompt: str, difference: str, seed: int | None
) -> None:
    found = follow(said, STYLES)
    assert found
    request = derived(CATS, found)
    assert (request.prompt, found.difference) == (prompt, difference)
    assert (request.styles, request.aspect, request.steps) == (("水墨",), "2:3", 30)
    assert (request.seed, request.count) == (seed, 1)


def test_what_is_not_to_be_seen_leaves_the_prompt_and_is_avoided() -> None:
    found = follow("不要猫", STYLES)
    assert found
    request = derived(Request(prompt="狗，猫", avoid="文字"), found)
    assert (request.prompt, request.avoid) == ("狗", "文字,猫")


def test_the_seed_stays_when_it_is_said_to() -> None:
    found = follow("种子不变，换成油画", STYLES)
    assert found
    request = derived(CATS, found)
    assert (request.seed, request.styles) == (7, ("油画",))


def test_a_shape_takes_the_place_of_a_size_and_the_other_way_round() -> None:
    square, sized = follow("改成方图", STYLES), follow("改成512x768", STYLES)
    assert square
    assert sized
    wide = Request(prompt="猫", width=768, height=512)
    assert derived(wide, square).width is None
    assert derived(CATS, sized).aspect is None


def test_less_and_more_move_the_strength() -> None:
    less, more = follow("改动小一点", STYLES), follow("改动大一点", STYLES)
    assert less
    assert more
    drawn_over = Request(prompt="猫", strength=0.5)
    assert derived(drawn_over, less).strength == 0.35
    assert derived(drawn_over, more).strength == 0.7
