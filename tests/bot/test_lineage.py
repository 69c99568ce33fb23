"""Trees of pictures: who is shown, and where each stands."""

from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bot.artwork import Artwork
from bot.difference import difference
from bot.lineage import ABOVE, DEEP, MOST, WIDE, drawn, family, tidy
from bot.plate import lines, width_of
from bot.request import Request
from generation.recipe import Expand, Recipe

RECIPE = Recipe(
    model="mini", prompt="猫", width=64, height=64, steps=1, guidance=1, sampler="euler", seed=1
)


def an_artwork(id_: int, parent: int | None) -> Artwork:
    return Artwork(
        id=id_, job_id=id_, recipe=RECIPE, path=Path(), sha256="", owner="u", made_at=0.0,
        parent_id=parent,
    )  # fmt: skip


@st.composite
def trees(draw: st.DrawFn) -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    for id_ in range(2, draw(st.integers(1, 30)) + 1):
        children.setdefault(draw(st.integers(1, id_ - 1)), []).append(id_)
    return children


@given(children=trees())
def test_nobody_stands_on_anybody_and_parents_stand_in_the_middle(
    children: dict[int, list[int]],
) -> None:
    spots = tidy(children, 1)
    everyone = {1, *(child for below in children.values() for child in below)}
    assert spots.keys() == everyone
    assert min(across for across, _ in spots.values()) == 0
    rows: dict[int, list[float]] = {}
    for across, level in spots.values():
        rows.setdefault(level, []).append(across)
    for row in rows.values():
        row.sort()
        assert all(right - left > 1 - 1e-9 for left, right in pairwise(row))
    for parent, below in children.items():
        places = [spots[child][0] for child in below]
        assert places == sorted(places), "in the order in which they came"
        assert abs(spots[parent][0] - (places[0] + places[-1]) / 2) < 1e-9
        assert {spots[child][1] for child in below} == {spots[parent][1] + 1}


def test_subtrees_stand_as_near_as_their_outlines_let_them() -> None:
    # 2 is wide only below; 3 has nothing there, and comes in above it
    spots = tidy({1: [2, 3], 2: [4, 5]}, 1)
    assert spots[3][0] - spots[2][0] == 1


@given(children=trees(), above=st.integers(0, 9))
def test_a_family_is_shown_as_far_as_there_is_room(
    children: dict[int, list[int]], above: int
) -> None:
    ancestors = [an_artwork(1000 + up, 1001 + up) for up in range(above)]
    parents = {child: parent for parent, below in children.items() for child in below}
    below = [an_artwork(id_, parents[id_]) for id_ in sorted(parents)]
    kin = family(an_artwork(1, 1000 if above else None), ancestors, below)
    spots = tidy(kin.children, kin.root)
    assert spots.keys() == kin.members.keys()
    assert max(level for _, level in spots.values()) < DEEP
    assert max(across for across, _ in spots.values()) <= WIDE - 1 + 1e-9
    assert len(kin.members) <= MOST
    assert kin.more + len(kin.members) == 1 + len(ancestors) + len(below)
    assert kin.root == (1000 + min(above, ABOVE) - 1 if above else 1)


def test_who_comes_through_somebody_unseen_is_joined_by_a_broken_line() -> None:
    kin = family(an_artwork(5, 4), [an_artwork(2, 1)], [an_artwork(9, 8), an_artwork(10, 9)])
    assert kin.children == {2: [5], 5: [9], 9: [10]}
    assert kin.distant == {5, 9}


def test_a_tree_is_drawn_with_a_mark_on_the_one_that_was_asked_of() -> None:
    kin = family(an_artwork(2, 1), [an_artwork(1, None)], [an_artwork(3, 2)])
    plain = Image.new("RGB", (64, 64), "blue")
    tree = drawn(kin, {1: plain, 2: plain}, {1: "猫", 2: "－猫 ＋狗", 3: "变化"})
    red = [count for count, colour in tree.getcolors(1 << 24) or [] if colour == (196, 48, 36)]
    blue = [count for count, colour in tree.getcolors(1 << 24) or [] if colour == (0, 0, 255)]
    assert red
    assert blue
    assert tree.height > 3 * 208


@given(text=st.text(alphabet="一只猫在雪地里＋－ ab×😀", max_size=60))
def test_lines_are_no_wider_than_there_is_room(text: str) -> None:
    found = lines(text, 27, 200, 2)
    assert len(found) <= 2
    assert all(width_of(line, 27) <= 200 for line in found)


def test_what_was_changed_is_told_in_few_words() -> None:
    cat = Request(prompt="雪地里的猫", seed=1, width=64, height=64)

    def changed(**said: object) -> str:
        from dataclasses import replace

        return difference(cat, replace(cat, **said))

    assert changed(prompt="雪地里的狗") == "－猫 ＋狗"
    assert changed(styles=("水墨",)) == "水墨"
    assert changed(source="a") == "变化"
    assert changed(source="a", mask="b", prompt="一朵花") == "局部重画 一朵花"
    assert changed(source="a", expand=Expand(left=64)) == "扩展"
    assert changed(upscale=4) == "放大 4×"
    assert changed(avoid="帽子") == "不要帽子"
    assert changed(aspect="2:3") == "竖版"
    assert changed(seed=2) == "再来一张"
    assert changed() == "再画一次"
