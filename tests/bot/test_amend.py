"""The operator's own file of words, changed a word at a time."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.words.amend import ACTIONS, added, listed, removed
from bot.words.entry import OWN, Action, BrokenWords
from bot.words.judge import Words

FILE = """# of this studio
block = \"\"\"
公司机密 项目代号
\"\"\"

[gore]   # what is bloody
why = "太血腥的画面这里不画。"
soften = [
  "伤口",   # small
  "淤青",
]

[[gore.together]]
one = "小狗 小猫"
other = "受伤 流血"

["own-2"]
flag = "比基尼"
"""

WORD = st.text(st.characters(categories=["Lo", "Ll", "Nd"]), min_size=2, max_size=8)
CATEGORY = st.sampled_from([OWN, "gore", "own-2", "new", "drugs"])
ACTION = st.sampled_from(ACTIONS)


def words(text: str, *, toml: bool = True) -> set[tuple[str, str, str]]:
    return {
        (category, action, word)
        for category, action, found in listed(text, toml=toml)
        for word in found
    }


def test_the_words_of_a_file_are_listed() -> None:
    assert list(listed(FILE, toml=True)) == [
        (OWN, "block", ("公司机密", "项目代号")),
        ("gore", "soften", ("伤口", "淤青")),
        ("own-2", "flag", ("比基尼",)),
    ]


@given(st.lists(st.tuples(CATEGORY, ACTION, WORD), max_size=6))
def test_what_is_added_is_there_and_all_else_stays(new: list[tuple[str, Action, str]]) -> None:
    text, before = FILE, words(FILE)
    for category, action, word in new:
        text = added(text, category, action, word, toml=True)
    gained = words(text) - before
    assert gained <= set(new)
    assert before <= words(text)
    tables = tomllib.loads(text)
    assert tables["gore"]["together"] == [{"one": "小狗 小猫", "other": "受伤 流血"}]
    assert tables["gore"]["why"] == "太血腥的画面这里不画。"
    assert "# of this studio" in text
    assert "# what is bloody" in text


@given(CATEGORY, ACTION, WORD)
def test_what_is_added_and_removed_was_never_there(
    category: str, action: Action, word: str
) -> None:
    text = removed(added(FILE, category, action, word, toml=True), word, toml=True)
    assert words(text) <= words(FILE)
    assert not any(one == word for _, _, one in words(text))


def test_a_word_is_found_however_it_is_written() -> None:
    assert added(FILE, OWN, "block", "公司 機密", toml=True) == FILE
    assert (OWN, "block", "公司机密") not in words(removed(FILE, "公司 機密", toml=True))
    assert removed(FILE, "没有的词", toml=True) == FILE


def test_the_first_word_makes_the_file() -> None:
    assert added("", OWN, "block", "公司机密", toml=True) == 'block = ["公司机密"]\n'
    assert added("", "gore", "soften", "伤口", toml=True) == '[gore]\nsoften = ["伤口"]\n'
    assert added("", OWN, "allow", "大麻叶", toml=False) == "!大麻叶\n"


def test_lines_stay_lines() -> None:
    text = "公司机密   # ours\n!大麻叶\n# 项目代号\n"
    more = added(text, OWN, "block", "项目代号", toml=False)
    assert more == text + "项目代号\n"
    assert removed(more, "公司机密", toml=False) == "!大麻叶\n# 项目代号\n项目代号\n"
    with pytest.raises(BrokenWords, match="一行一词"):
        added(text, "gore", "soften", "伤口", toml=False)


def test_what_cannot_be_changed_safely_is_left_alone() -> None:
    inline = 'gore = { soften = "伤口" }\n'
    with pytest.raises(BrokenWords, match="请手工改"):
        added(inline, "gore", "soften", "淤青", toml=True)
    # a head that only looks like one, inside a string
    tricky = 'why = """\n[gore]\n"""\nblock = "公司机密"\n'
    with pytest.raises(BrokenWords, match="请手工改"):
        added(tricky, "gore", "soften", "伤口", toml=True)


def test_a_file_that_is_broken_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "words.toml"
    path.write_text('block = "公司机密"\n', encoding="utf-8")
    own = Words(path)
    assert own.add("gore", "soften", "伤口")
    assert own.judge("一道伤口").action == "soften"
    with pytest.raises(BrokenWords, match="太短"):
        own.add(OWN, "block", "猫")
    assert own.judge("一只猫").action == "allow"
    path.write_text('block = "公司机密\n', encoding="utf-8")
    with pytest.raises(BrokenWords):
        own.add(OWN, "block", "项目代号")
    assert path.read_text(encoding="utf-8") == 'block = "公司机密\n'
    assert [one.name for one in tmp_path.iterdir()] == ["words.toml"]


def test_a_link_stays_one(tmp_path: Path) -> None:
    real = tmp_path / "real.toml"
    real.write_text("", encoding="utf-8")
    (tmp_path / "words.toml").symlink_to(real)
    assert Words(tmp_path / "words.toml").add(OWN, "block", "公司机密")
    assert (tmp_path / "words.toml").is_symlink()
    assert "公司机密" in real.read_text(encoding="utf-8")


def test_without_a_file_there_is_nowhere_to_write() -> None:
    with pytest.raises(BrokenWords, match="no file of your own"):
        Words().add(OWN, "block", "公司机密")
