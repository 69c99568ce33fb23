"""The operator's own styles as text: what is added and cut, and all that stays."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.own_style import appended, entry, removed, text_of, write
from bot.style import BrokenStyles, Styles, parsed

FILE = Path("styles.toml")
INK = {"name": "墨味", "aliases": ["墨韵"], "model": "mini", "loras": {"墨味": 0.8}}
HAND = """# mine
[[style]]   # first
name = "甲"
model = "m"

# about the second
[[ style ]]
name = "乙"
model = "m"
  # within
[style.loras]
x = 0.5

# the end
"""


def names(text: str) -> list[str]:
    return [style.name for style in parsed(text, "test")]


def test_a_style_is_appended_and_all_else_stays() -> None:
    for text in ("", HAND, HAND.rstrip("\n"), HAND + "\n\n"):
        longer = appended(FILE, text, INK)
        assert longer.startswith(text)
        assert names(longer) == [*names(text), "墨味"]


def test_what_is_appended_can_be_cut_out_again() -> None:
    for text in ("", HAND, HAND.replace("\n\n", "\n")):
        longer = appended(FILE, text, INK)
        style = parsed(longer, "test")[-1]
        assert removed(FILE, longer, style).rstrip("\n") == text.rstrip("\n")


@pytest.mark.parametrize("name", ["甲", "乙"])
def test_only_the_style_that_is_meant_is_cut_out(name: str) -> None:
    (style,) = (found for found in parsed(HAND, "test") if found.name == name)
    shorter = removed(FILE, HAND, style)
    assert names(shorter) == [other for other in ("甲", "乙") if other != name]
    for comment in ("# mine", "# about the second", "# the end"):
        assert comment in shorter


def test_a_line_that_looks_like_a_style_is_none() -> None:
    text = '[[style]]\nname = "甲"\nmodel = "m"\navoid = """\n[[style]]\n"""\n'
    longer = appended(FILE, text, INK)
    assert names(longer) == ["甲", "墨味"]
    assert names(removed(FILE, longer, parsed(longer, "test")[0])) == ["墨味"]


def test_a_list_of_lines_is_left_to_its_writer() -> None:
    text = 'style = [\n  { name = "甲", model = "m", loras = { x = 0.4 } },\n]\n'
    with pytest.raises(BrokenStyles, match='name = "墨味"') as refused:
        appended(FILE, text, INK)
    line = str(refused.value).partition(": { ")[2].rpartition("}")[0]
    assert names(text.replace("\n]", "\n{ " + line + "},\n]")) == ["甲", "墨味"]
    with pytest.raises(BrokenStyles, match=r"by hand|手工"):
        removed(FILE, text, parsed(text, "test")[0])


@given(
    phrase=st.text(st.characters(exclude_categories=["Cs"])),
    aliases=st.lists(st.from_regex(r"\A[a-z墨韵][a-z墨韵0-9 -]{0,39}\Z"), max_size=3),
    weight=st.floats(allow_nan=False, allow_infinity=False),
    steps=st.integers(1, 10**6),
)
def test_whatever_is_said_reads_back(
    phrase: str, aliases: list[str], weight: float, steps: int
) -> None:
    phrase += "{prompt}"
    table = {
        "name": "墨味", "aliases": aliases, "model": "m", "phrase": phrase, "steps": steps,
        "loras": {"墨味": weight}, "replaces": True,
    }  # fmt: skip
    (style,) = parsed(entry(table), "test")
    assert (style.phrase, list(style.aliases), style.steps) == (phrase, aliases, steps)
    assert style.loras == {"墨味": weight}
    assert style.replaces


def test_a_text_is_put_in_place_whole_or_not_at_all(tmp_path: Path) -> None:
    real, link = tmp_path / "real.toml", tmp_path / "styles.toml"
    write(real, "old")
    link.symlink_to(real)
    write(link, "new")
    assert link.is_symlink()
    assert text_of(real) == "new"
    with pytest.raises(BrokenStyles):
        write(link, "half \ud800")
    assert text_of(link) == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["real.toml", "styles.toml"]


def own(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "styles.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_own_styles_come_after_the_programs(tmp_path: Path) -> None:
    line = 'style = [{ name = "墨味", model = "mini", loras = { "mini-水墨" = 0.8 } }]'
    found = Styles.load(own=own(tmp_path, line))
    programs = [style.name for style in Styles.load()]
    assert [style.name for style in found] == [*programs, "墨味"]
    assert found.find("墨味风").loras == {"mini-水墨": 0.8}
    assert [style.name for style in Styles.load(own=own(tmp_path, ""))] == programs
    assert [style.name for style in Styles.load(own=tmp_path / "none.toml")] == programs


def test_a_name_that_is_taken_twice_is_named_with_the_file(tmp_path: Path) -> None:
    path = own(tmp_path, entry({"name": "墨味", "model": "m", "aliases": ["国风"]}))
    with pytest.raises(BrokenStyles, match="“国风”同时是“水墨”和“墨味”的名字") as refused:
        Styles.load(own=path)
    assert str(path) in str(refused.value)
    with pytest.raises(BrokenStyles, match="“水墨”同时是“水墨”和“水墨”的名字"):
        Styles.load(own=own(tmp_path, entry({"name": "水墨", "model": "m"})))


def test_one_may_stand_in_for_one_of_the_programs(tmp_path: Path) -> None:
    table = {"name": "水墨", "model": "m", "aliases": ["国风"], "replaces": True}
    found = Styles.load(own=own(tmp_path, entry(table)))
    assert [style.name for style in found] == [style.name for style in Styles.load()]
    assert (found.find("国风").model, found.find("水墨").model) == ("m", "m")
    assert "国画" not in found.names()


def test_what_is_written_is_toml() -> None:
    assert tomllib.loads(entry(INK)) == {"style": [INK]}
