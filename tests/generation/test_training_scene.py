"""The data recipe: the same number is the same scene, and a caption says what its scene holds."""

import hashlib
import os
import re
import subprocess
import sys

import emoji
import pytest

from generation.training.caption import BACKDROPS, TREATMENTS
from generation.training.glyph import glyph
from generation.training.network import vocabulary
from generation.training.noun import COLOURS, NOUNS
from generation.training.picture import render
from generation.training.scene import Scene, compose

_MANY = [compose(9, n) for n in range(3000)]

_DIGEST = """
import hashlib
from generation.training.picture import render
from generation.training.scene import compose
scenes = [compose(4, n) for n in range(30)]
whole = b"".join(s.caption.encode() + render(s).tobytes() for s in scenes)
print(hashlib.sha256(whole).hexdigest())
"""


def test_the_same_number_is_the_same_scene_in_every_process() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", _DIGEST],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_scenes_do_not_depend_on_what_was_made_before() -> None:
    later = render(compose(4, 17)).tobytes()
    for n in range(5):
        render(compose(4, n))
    assert render(compose(4, 17)).tobytes() == later
    assert compose(4, 17) != compose(5, 17)


def test_the_recipe_is_the_one_that_the_weights_learned_from() -> None:
    captions = "\n".join(compose(2, n).caption for n in range(500))
    assert hashlib.sha256(captions.encode()).hexdigest()[:16] == "bd90544e54e20211"


def _ways(table: dict[str, tuple[str, ...]], caption: str) -> set[str]:
    return {name for name, ways in table.items() if any(w in caption for w in (name, *ways))}


def _styles(caption: str) -> set[str]:
    return {"水墨" if style == "国画" else style for style in _ways(TREATMENTS, caption)}


def _count(scene: Scene) -> int:
    """Read the number out of a caption of one kind of thing."""
    (thing,) = scene.things
    measures = NOUNS[thing.noun].measures
    said = re.search(f"([一两三四1-4])[{measures}]", scene.caption)
    return 1 if said is None else "一两三四".find(said[1]) + 1 or int(said[1])


@pytest.mark.parametrize("part", range(6))
def test_a_caption_says_what_its_scene_holds_and_nothing_else(part: int) -> None:
    for scene in _MANY[part::6]:
        caption = scene.caption
        assert _ways(BACKDROPS, caption) == ({scene.backdrop} - {None}), caption
        assert _styles(caption) == ({scene.treatment} - {None}), caption
        colours = {c for c in COLOURS if f"{c}色" in caption}
        held = {thing.colour for thing in scene.things} | {scene.wash}
        assert colours == held - {None}, caption
        assert (f"{scene.wash}色背景" in caption) == (scene.wash is not None), caption
        for thing in scene.things:
            noun = NOUNS[thing.noun]
            assert any(name in caption for name in (noun.name, *noun.aliases)), caption
        if len(scene.things) == 1:
            assert _count(scene) == scene.things[0].count == len(scene.places), caption


def test_a_scene_of_two_kinds_has_the_first_named_first() -> None:
    for scene in _MANY:
        if len(scene.things) == 2:
            first, second = (NOUNS[thing.noun] for thing in scene.things)
            words = scene.caption.replace("和", "与").split("与")
            assert any(name in words[0] for name in (first.name, *first.aliases))
            assert any(name in words[1] for name in (second.name, *second.aliases))
            assert [place.noun for place in scene.places] == [first.name, second.name]


def test_everything_occurs() -> None:
    assert {thing.noun for scene in _MANY for thing in scene.things} == set(NOUNS)
    assert {thing.colour for scene in _MANY for thing in scene.things} == {None, *COLOURS}
    assert {scene.backdrop for scene in _MANY} == {None, *BACKDROPS}
    assert {scene.treatment for scene in _MANY} == {None, *TREATMENTS}
    assert {len(scene.places) for scene in _MANY} == {1, 2, 3, 4}
    assert any(scene.caption.endswith("，水墨风") for scene in _MANY)


def test_pictures_have_the_size_of_their_scene_and_differ() -> None:
    pictures = [render(scene) for scene in _MANY[:60]]
    assert [p.size for p in pictures] == [(s.width, s.height) for s in _MANY[:60]]
    assert len({picture.tobytes() for picture in pictures}) == 60


def test_things_stand_inside_the_picture() -> None:
    for scene in _MANY:
        short = min(scene.width, scene.height)
        for place in scene.places:
            for at, side in ((place.x, scene.width), (place.y, scene.height)):
                reach = place.size * short / side / 2
                assert at - reach > -0.12, scene
                assert at + reach < 1.12, scene


@pytest.mark.parametrize("noun", NOUNS.values(), ids=lambda noun: noun.name)
def test_a_noun_is_an_emoji_and_close_to_its_chinese_name(noun: object) -> None:
    assert hasattr(noun, "emoji")
    known = NOUNS[str(getattr(noun, "name"))]  # noqa: B009
    called = emoji.demojize(known.emoji, language="zh").strip(":")
    assert called != known.emoji
    assert any(set(name) & set(called) for name in (known.name, *known.aliases))


def test_every_character_of_a_caption_is_a_token() -> None:
    tokens = set(vocabulary())
    assert {c for scene in _MANY for c in scene.caption} <= tokens
    assert len(vocabulary()) == len(tokens)


def test_the_font_that_is_shipped_has_every_thing() -> None:
    pictures = {glyph(name).tobytes() for name in NOUNS}
    assert len(pictures) == len(NOUNS)  # what a font lacks it draws as one and the same box
