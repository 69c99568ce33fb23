from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UnknownStyle
from bot.follow import only
from bot.request import Request
from bot.style import SEEDS, BrokenStyles, Style, Styles

SETTLED = Request(prompt="两只企鹅", seed=7, width=128, height=128)
STYLES = Styles.load()


def test_a_style_writes_out_one_recipe_for_each_picture() -> None:
    recipes = STYLES.recipes(replace(SETTLED, count=3, styles=("水墨",)))
    assert [recipe.seed for recipe in recipes] == [7, 8, 9]
    assert {recipe.prompt for recipe in recipes} == {"两只企鹅，水墨风"}


def test_no_style_adds_no_words() -> None:
    (recipe,) = STYLES.recipes(SETTLED)
    assert STYLES.default.name == "彩绘"
    assert recipe.prompt == "两只企鹅"
    assert (recipe.model, recipe.sampler, recipe.steps) == ("mini", "dpmpp_2m", 20)


def test_what_the_user_says_wins_over_the_style() -> None:
    request = replace(SETTLED, steps=5, guidance=1.0, sampler="euler", avoid="文字")
    recipe = Style(name="s", model="m", avoid="水印").recipes(request)[0]
    assert (recipe.steps, recipe.guidance, recipe.sampler) == (5, 1.0, "euler")
    assert recipe.avoid == "水印，文字"


def test_of_several_styles_the_first_decides_and_all_have_their_say() -> None:
    first = Style(name="甲", model="a", phrase="{prompt}，甲风", sampler="lcm", loras={"x": 1.0})
    second = Style(name="乙", model="b", phrase="{prompt}，乙风", loras={"y": 1.0})
    (recipe,) = Styles([first, second]).recipes(replace(SETTLED, styles=("甲", "乙")))
    assert recipe.prompt == "两只企鹅，甲风，乙风"
    assert (recipe.model, recipe.sampler, recipe.loras) == ("a", "lcm", {"x": 1.0})


@pytest.mark.parametrize("lacking", [{"seed": None}, {"width": None}, {"height": None}])
def test_a_request_that_is_not_settled_is_not_written_out(lacking: dict[str, None]) -> None:
    with pytest.raises(ValueError, match="seed and size"):
        STYLES.recipes(replace(SETTLED, **lacking))


@pytest.mark.parametrize(
    "prompt", ["{", "}", "{0}", "{prompt}", "{prompt.__class__}", "%s", "{{}}"]
)
def test_braces_in_a_prompt_are_harmless(prompt: str) -> None:
    (recipe,) = STYLES.recipes(replace(SETTLED, prompt=prompt, styles=("油画",)))
    assert recipe.prompt == f"{prompt}，油画风"


@given(seed=st.integers(0, SEEDS - 1), count=st.integers(1, 8), prompt=st.text(min_size=1))
def test_there_are_as_many_recipes_as_pictures_and_their_seeds_count_up(
    seed: int, count: int, prompt: str
) -> None:
    recipes = STYLES.recipes(replace(SETTLED, seed=seed, count=count, prompt=prompt))
    assert [recipe.seed for recipe in recipes] == [(seed + i) % SEEDS for i in range(count)]
    assert len({replace(recipe, seed=0).prompt for recipe in recipes}) == 1


@pytest.mark.parametrize(
    "name", ["水墨", "水墨风", "水墨风格", "水墨画", "国画风", "国风", " 水墨 ", "INK", "ｉｎｋ"]
)
def test_a_style_is_found_by_every_name_it_goes_by(name: str) -> None:
    assert STYLES.find(name).name == "水墨"


def test_every_style_is_found_by_all_its_names() -> None:
    for name, canonical in STYLES.names().items():
        assert STYLES.find(name).name == canonical


def test_an_unknown_style_is_refused_with_what_there_is() -> None:
    with pytest.raises(
        UnknownStyle, match="没有“版画”这种画风，有：彩绘、水墨、素描、像素、油画、剪纸、水彩"
    ):
        STYLES.find("版画")


def test_a_slip_gets_a_hint() -> None:
    with pytest.raises(UnknownStyle, match="是不是“水墨”？"):
        STYLES.find("水默")


def test_a_long_unknown_name_is_cut_short() -> None:
    with pytest.raises(UnknownStyle) as refused:
        STYLES.find("很" * 5000)
    assert len(str(refused.value)) < 100


@pytest.mark.parametrize("name", ["水墨", "剪纸"])
def test_the_phrase_is_one_that_the_embedded_model_was_taught(name: str) -> None:
    assert STYLES.find(name).phrase == f"{{prompt}}，{name}风"


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ('name="a"\nmodel="m"\nstepz=3', "style.1.stepz"),
        ('name="a"\nmodel="m"\nphrase="水墨"', "style.1.phrase"),
        ('name="a"\nmodel="m"\nsampler="best"', "style.1.sampler"),
        ('name="a"\nmodel="m"\nsteps="many"', "style.1.steps"),
        ('name="a"', "style.1.model"),
        ('name="../a"\nmodel="m"', "style.1.name"),
        ('name="a"\nmodel="m"\n[[style]]\nname="b"\nmodel="m"\naliases=["A"]', "“A”"),
        ('name="a"\nmodel="m"\n[[styles]]\nname="b"', "styles"),
        ("name=", "Invalid value"),
    ],
)
def test_a_broken_file_is_refused_with_the_place(tmp_path: Path, table: str, fault: str) -> None:
    path = tmp_path / "styles.toml"
    path.write_text(f"[[style]]\n{table}\n", encoding="utf-8")
    with pytest.raises(BrokenStyles) as broken:
        Styles.load(path)
    assert len(broken.value.faults) == 1
    assert fault in str(broken.value)


def test_every_fault_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "styles.toml"
    path.write_text(
        '[[style]]\nname="a"\nmodel="m"\nsteps=0\nguidance=0.5\nx=1\n', encoding="utf-8"
    )
    with pytest.raises(BrokenStyles) as broken:
        Styles.load(path)
    assert len(broken.value.faults) == 3
    assert str(broken.value).count("\n") == 2


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BrokenStyles, match=r"none\.toml"):
        Styles.load(tmp_path / "none.toml")


def test_weights_are_those_of_the_loras() -> None:
    ink = Style(name="水墨", model="mini", loras={"ink": 0.8})
    oil = Style(name="油画", model="mini", phrase="{prompt}，油画风", loras={"oil": 1.0})
    request = replace(SETTLED, styles=("水墨", "油画"), weights=(0.5, 0.25))
    (recipe,) = Styles([ink, oil]).recipes(request)
    assert recipe.loras == {"ink": 0.4, "oil": 0.25}
    assert recipe.prompt == "两只企鹅，油画风"


def test_a_model_that_is_named_takes_the_place_of_the_styles() -> None:
    ink = Style(name="水墨", model="mini", phrase="{prompt}，水墨风", loras={"ink": 0.8})
    (recipe,) = Styles([ink]).recipes(replace(SETTLED, styles=("水墨",), model="pai-artist"))
    assert (recipe.model, recipe.loras, recipe.prompt) == ("pai-artist", {}, "两只企鹅，水墨风")


def test_braces_unfold_to_pictures_of_one_seed() -> None:
    asked = replace(SETTLED, prompt="{红,蓝，绿}色的灯笼", count=3)
    recipes = STYLES.recipes(asked)
    assert [recipe.prompt for recipe in recipes] == ["红色的灯笼", "蓝色的灯笼", "绿色的灯笼"]
    assert {recipe.seed for recipe in recipes} == {SETTLED.seed}
    assert len(STYLES.recipes(replace(asked, count=2))) == 2, "what was clamped is not drawn"


def test_two_of_each_wording_are_two_seeds_of_all() -> None:
    asked = replace(SETTLED, prompt="{红,蓝}灯", count=4)
    recipes = STYLES.recipes(asked)
    assert [(recipe.prompt, recipe.seed - recipes[0].seed) for recipe in recipes] == [
        ("红灯", 0),
        ("蓝灯", 0),
        ("红灯", 1),
        ("蓝灯", 1),
    ]
    for number, recipe in enumerate(recipes):
        assert STYLES.recipes(only(asked, number)) == [recipe]


def test_each_stage_of_a_picture_is_a_recipe_of_its_own_and_the_last_is_the_whole() -> None:
    asked = replace(SETTLED, steps=20, count=2, stages=(3, 9, 20, 30))
    recipes = STYLES.recipes(asked)
    assert [recipe.until for recipe in recipes] == [3, 9, None, None] * 2
    whole = STYLES.recipes(replace(asked, stages=()))
    assert [recipes[2], recipes[6]] == whole
    assert [replace(recipe, until=None) for recipe in recipes] == [
        each for each in whole for _ in range(4)
    ]


def test_stages_of_a_source_are_of_the_steps_that_it_takes() -> None:
    asked = replace(SETTLED, count=1, steps=20, source="ab" * 32, strength=0.5, stages=(9, 10))
    assert [recipe.until for recipe in STYLES.recipes(asked)] == [9, None]


def test_wishes_about_words_are_passed_on() -> None:
    (recipe,) = STYLES.recipes(replace(SETTLED, count=1, polish=True, skip_translation=True))
    assert (recipe.polish, recipe.skip_translation) == (True, True)


def test_a_poem_is_told_to_the_model_on_one_line() -> None:
    (recipe,) = STYLES.recipes(replace(SETTLED, count=1, prompt="床前明月光，\n疑是地上霜。"))
    assert "床前明月光， 疑是地上霜。" in recipe.prompt


def test_traditional_characters_are_told_to_the_model_as_simplified_ones() -> None:
    asked = replace(SETTLED, count=1, prompt="一隻貓和<小貓咪>", avoid="雲,鳥")
    (recipe,) = STYLES.recipes(asked)
    assert (recipe.prompt, recipe.avoid) == ("一只猫和<小貓咪>", "云,鸟")
