"""The labelled file of messages is well-formed and covers what it is to try."""

import re
from collections import Counter
from typing import Any

import pytest

from tests.bot.labelled import labelled

FIELDS: dict[str, type] = {
    "intent": str,
    "prompt": str,
    "negative": str,
    "count": int,
    "aspect": str,
    "size": list,
    "styles": list,
    "weights": list,
    "seed": int,
    "steps": int,
    "guidance": float,
    "strength": float,
    "model": str,
    "upscale": int,
    "poem": bool,
}
"""What a label may hold, and of what kind."""
UNSAID: dict[str, Any] = {"intent": "draw", "prompt": "", "negative": "", "count": 1} | {
    "styles": [],
    "poem": False,
}
"""Values that a label leaves out; of the other fields, null."""
STYLES = {"彩绘", "水墨", "剪纸", "像素", "赛博朋克", "油画", "素描", "水彩", "动漫", "诗意"}
VERBS = {"again", "reseed", "change", "vary", "upscale", "expand"}
SIDES = ["left", "up", "right", "down"]
LEAST = {
    "lead_in": 60,
    "wrapper": 20,
    "count": 60,
    "aspect": 50,
    "style": 80,
    "negative": 50,
    "number": 60,
    "content": 60,
    "quoted": 12,
    "combined": 25,
    "seed_prompt": 35,
    "poem": 20,
    "permutation_weight": 14,
    "colon": 12,
    "flag": 12,
    "yue_hant": 30,
    "typing": 30,
    "rambling": 12,
    "voices": 40,
    "mixed": 12,
    "english": 24,
    "none": 60,
    "group": 25,
    "follow": 70,
    "reply_other": 10,
}
"""Messages of each category, at least."""


ROWS = labelled()


def is_in_order(part: str, whole: str) -> bool:
    """Say whether the characters of `part` stand in `whole` in this order."""
    left = iter(whole)
    return all(character in left for character in part)


def field_faults(fields: dict[str, Any], known: dict[str, type]) -> list[str]:
    """Name the fields that are unknown or of another kind."""
    return [
        name
        for name, value in fields.items()
        if name not in known or type(value) is not known[name] or not legal(name, value)
    ]


def legal(name: str, value: Any) -> bool:
    """Say whether a field can have this value."""
    found = True
    match name:
        case "intent":
            found = value == "none"
        case "aspect":
            found = re.fullmatch(r"[1-9]\d*:[1-9]\d*", value) is not None
        case "size":
            found = len(value) == 2 and all(type(side) is int and side > 0 for side in value)
        case "styles":
            found = len(set(value)) == len(value) > 0 and STYLES.issuperset(value)
        case "weights":
            found = all(type(weight) is float and weight > 0 for weight in value)
        case "negative" | "prompt" | "model":
            found = value.strip() == value != ""
        case _:
            pass
    return found


def test_no_message_stands_twice_and_none_is_empty() -> None:
    texts = Counter(row.text for row in ROWS)
    assert [text for text, times in texts.items() if times > 1 or not text.strip()] == []


def test_there_are_messages_enough_of_every_category() -> None:
    found = Counter(row.category for row in ROWS)
    assert {name: found[name] for name, least in LEAST.items() if found[name] < least} == {}
    assert found.keys() == LEAST.keys() | {"earlier"}
    assert found.total() - found["earlier"] >= 620


@pytest.mark.parametrize("context", ["", "group", "reply"])
def test_a_context_is_one_of_three(context: str) -> None:
    assert {row.context for row in ROWS} == {"", "group", "reply"}
    assert sum(row.context == context for row in ROWS) >= 25


def test_every_field_of_a_request_is_legal_and_said() -> None:
    for row in ROWS:
        if "follow" in row.label:
            continue
        assert field_faults(row.label, FIELDS) == [], row
        assert [n for n, v in row.label.items() if UNSAID.get(n) == v] == [], row
        assert not {"aspect", "size"} <= row.label.keys(), row
        if "weights" in row.label:
            assert len(row.label["weights"]) == len(row.label["styles"]), row


def test_who_asks_for_nothing_gets_nothing() -> None:
    for row in ROWS:
        if row.label.get("intent") == "none":
            assert row.label == {"intent": "none"}, row
        elif "follow" not in row.label:
            assert row.label["prompt"], row


def test_a_prompt_and_what_is_avoided_are_words_of_the_message() -> None:
    for row in ROWS:
        text = re.sub(r"\s+", " ", row.text)
        assert is_in_order(row.label.get("prompt", ""), text), row
        assert all(item in text for item in row.label.get("negative", "").split(",")), row


def test_only_a_poem_ends_in_a_separator() -> None:
    for row in ROWS:
        prompt = row.label.get("prompt", "")
        if row.label.get("poem"):
            assert row.label["styles"] == ["诗意"], row
            assert row.text.count(prompt) == 1, row
        else:
            assert re.search(r"^[，。,、；;：:！!]|[，。,、；;：:！!]$", prompt) is None, row


def test_every_follow_up_is_legal() -> None:
    lists = dict.fromkeys(("add", "remove", "replace", "sides"), list)
    numbers = dict.fromkeys(("index", "scale"), int)
    known = FIELDS | lists | numbers | {"verb": str}
    for row in ROWS:
        if "follow" not in row.label:
            continue
        assert row.label.keys() == {"follow"}, row
        assert row.context == "reply", row
        follow: dict[str, Any] = dict(row.label["follow"])
        verb = follow.pop("verb")
        assert verb in VERBS, row
        assert follow.get("index", 1) >= 1, row
        assert follow.get("scale", 2) >= 2, row
        assert ("sides" in follow) == (verb == "expand"), row
        sides: list[str] = follow.get("sides", [])
        assert sides == [side for side in SIDES if side in sides], row
        if verb == "again":
            assert follow.keys() <= {"count"}, row
        if verb == "change":
            assert follow.keys() - {"index", "count"}, row
        things: list[str] = [*follow.get("add", []), *follow.get("remove", [])]
        things += [thing for pair in follow.get("replace", []) for thing in pair]
        assert [thing for thing in things if thing not in row.text] == [], row
        assert all(len(pair) == 2 for pair in follow.get("replace", [])), row
        if follow.get("seed") == "same":
            del follow["seed"]
        if follow.get("strength") in ("less", "more"):
            del follow["strength"]
        assert field_faults(follow, known) == [], row
    assert {row.label["follow"]["verb"] for row in ROWS if "follow" in row.label} == VERBS
