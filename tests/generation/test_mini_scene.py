"""The data recipe: the same number is the same scene, and a caption says what its scene holds."""

import hashlib
import os
import re
import subprocess
import sys

import emoji
import numpy as np
import pytest

from generation.mini.caption import BACKDROPS, SIDES, TREATMENTS, say_treatment
from generation.mini.glyph import glyph, tint
from generation.mini.judge import Renders
from generation.mini.network import vocabulary
from generation.mini.noun import COLOURS, MOST, NOUNS, Noun
from generation.mini.picture import render
from generation.mini.scene import Scene, compose

_MANY = [compose(9, n) for n in range(3000)]

_DIGEST = """
import hashlib
from generation.mini.picture import render
from generation.mini.scene import compose
scenes = [compose(4, n) for n in range(30)]
whole = b"".join(s.caption.encode() + render(s, "油画").tobytes() for s in scenes)
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
    assert hashlib.sha256(captions.encode()).hexdigest()[:16] == "f781181e0708e805"


def test_it_knows_as_much_as_is_promised() -> None:
    assert len(NOUNS) >= 120
    assert all(len(noun.names) >= 2 for noun in NOUNS.values())
    assert len(BACKDROPS) >= 12
    assert len(COLOURS) == 10
    assert MOST == 3
    asked = (
        "猫 小狗 企鹅 兔子 鱼 鲸鱼 蝴蝶 小鸟 猫头鹰 狐狸 熊猫 老虎 马 龙 大象 乌龟 "
        "青蛙 小猪 羊 鸡 向日葵 "
        "樱花 玫瑰 莲花 郁金香 树 松树 蘑菇 苹果 西瓜 蛋糕 咖啡 "
        "饺子 汉堡 火车 汽车 船 火箭 城堡 房子 灯笼 "
        "雪人 宝剑 伞"
    )
    assert set(asked.split()) <= {name for noun in NOUNS.values() for name in noun.names}
    places = "雪地 草地 海底 星空 日落 沙漠 森林 雨天"
    assert set(places.split()) <= set(BACKDROPS)
    styles = "水墨 剪纸 像素 赛博朋克 油画 素描 水彩 动漫"
    assert set(TREATMENTS) == set(styles.split())


def test_no_name_is_taken_twice() -> None:
    names = [name for noun in NOUNS.values() for name in noun.names]
    assert len(names) == len(set(names))


def _told(scene: Scene) -> str:
    """The caption without the names of things, which may hold a colour or a number."""
    words = scene.caption
    for thing in scene.things:
        for name in sorted(NOUNS[thing.noun].names, key=len, reverse=True):
            words = words.replace(name, "〇")
    return words


def _places(scene: Scene) -> set[str]:
    told = _told(scene)
    return {name for name, ways in BACKDROPS.items() if any(way in told for way in (name, *ways))}


def _colours(told: str) -> set[str]:
    """Read the longest ways first: 粉红色 is not 红色."""
    ways = sorted(
        ((way, c) for c, all_ in COLOURS.items() for way in all_), key=lambda w: -len(w[0])
    )
    found: set[str] = set()
    for way, colour in ways:
        if way in told:
            found.add(colour)
            told = told.replace(way, "")
    return found


@pytest.mark.parametrize("part", range(6))
def test_a_caption_says_what_its_scene_holds_and_nothing_else(part: int) -> None:
    for scene in _MANY[part::6]:
        caption, told = scene.caption, _told(scene)
        assert _places(scene) == ({scene.backdrop} - {None}), caption
        said = _colours(told)
        held = {thing.colour for thing in scene.things} | {scene.wash}
        assert said == held - {None}, caption
        assert ("色背景" in told) == (scene.wash is not None), caption
        for thing in scene.things:
            assert any(name in caption for name in NOUNS[thing.noun].names), caption
        if len(scene.things) == 1:
            assert _count(scene) == scene.things[0].count == len(scene.places), caption
            assert {side for side in SIDES if side in caption} == {scene.side} - {None}


def _count(scene: Scene) -> int:
    """Read the number out of a caption of one kind of thing."""
    (thing,) = scene.things
    said = re.search(f"([一两三1-3])[{NOUNS[thing.noun].measures}]", scene.caption)
    return 1 if said is None else "一两三".find(said[1]) + 1 or int(said[1])


def test_two_kinds_stand_where_the_caption_says() -> None:
    for scene in _MANY:
        if len(scene.things) < 2:
            continue
        first, second = (place.x for place in scene.places)
        assert first < second, "the first thing of a scene is the left one"
        at = [
            min(scene.caption.find(name) % 99 for name in NOUNS[thing.noun].names)
            for thing in scene.things
        ]
        turned = re.match(r".*右边.*左边", scene.caption) is not None
        assert (at[0] > at[1]) == turned, scene.caption


def test_a_side_is_where_the_thing_is() -> None:
    sided = [scene for scene in _MANY if scene.side]
    assert len(sided) > 50
    for scene in sided:
        assert (scene.places[0].x < 0.5) == (scene.side == "左边")


def test_everything_occurs() -> None:
    assert {thing.noun for scene in _MANY for thing in scene.things} == set(NOUNS)
    assert {thing.colour for scene in _MANY for thing in scene.things} == {None, *COLOURS}
    assert {scene.backdrop for scene in _MANY} == {None, *BACKDROPS}
    assert {len(scene.places) for scene in _MANY} == {1, 2, 3}


def test_a_twelfth_of_the_combinations_is_never_trained_on() -> None:
    assert not any(scene.held_out for scene in _MANY)
    from generation.mini.scene import Thing, stage

    rng = np.random.default_rng(0)
    every = [
        stage(rng, (Thing(noun=noun, count=count),), backdrop=place).held_out
        for noun in NOUNS
        for count in (1, 2, 3)
        for place in BACKDROPS
    ]
    assert 1 / 15 < sum(every) / len(every) < 1 / 9
    alone = [stage(rng, (Thing(noun=noun),)).held_out for noun in NOUNS]
    assert not any(alone), "each thing by itself is learned"


@pytest.mark.parametrize("style", TREATMENTS)
def test_a_style_changes_the_picture_and_is_said(style: str) -> None:
    scene = compose(4, 3)
    plain, treated = (np.asarray(render(scene, s), dtype=float) for s in (None, style))
    assert treated.shape == plain.shape
    assert np.abs(treated - plain).mean() > 4
    rng = np.random.default_rng(1)
    for _ in range(20):
        words = say_treatment(rng, scene.caption, style)
        assert scene.caption in words
        assert any(way in words for way in (style, *TREATMENTS[style]))


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
def test_a_noun_is_an_emoji_and_close_to_its_chinese_name(noun: Noun) -> None:
    called = emoji.demojize(noun.emoji, language="zh").strip(":")
    assert called != noun.emoji
    # the sauropod's Chinese name is that of lizards
    assert any(set(name) & set(called) for name in noun.names) or noun.name == "恐龙"


@pytest.mark.parametrize("colour", COLOURS)
def test_a_dyed_thing_has_its_colour_and_an_owl_keeps_its_eyes(colour: str) -> None:
    owl = np.asarray(glyph("猫头鹰", colour), dtype=float)
    solid = owl[owl[..., 3] > 200][:, :3]
    middle = np.median(solid, axis=0)
    assert np.abs(middle - np.array(tint(colour))).max() < 70
    dark = (solid.max(axis=1) < 90).mean()
    assert dark > 0.02, "pupils"


def test_every_character_of_a_caption_is_a_token() -> None:
    tokens = set(vocabulary())
    assert {c for scene in _MANY for c in scene.caption} <= tokens
    assert len(vocabulary()) == len(tokens)


def test_the_font_that_is_shipped_has_every_thing() -> None:
    pictures = {glyph(name).tobytes() for name in NOUNS}
    assert len(pictures) == len(NOUNS)  # what a font lacks it draws as one and the same box


def test_what_the_judge_goes_on_with_holds_no_blank_picture() -> None:
    renders = Renders(5, 40, lambda picture: picture)
    renders.skip_to(97)
    renders.add(3)
    assert renders.full == 3
    assert (renders.truth(np.arange(renders.full)).nouns.sum(axis=1) >= 1).all()
    assert renders.pictures[: renders.full].any(axis=(1, 2, 3)).all()
