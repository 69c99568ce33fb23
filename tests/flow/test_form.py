"""✏️ 改一改: the form of a picture, read as talk."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bot.form import Form
from bot.job import Origin, State
from bot.settings import Settings
from bot.store.limits import QueueConfig
from generation.recipe import Expand
from tests.conftest import Studio, opened_studio

LONG = "长" * 2**20
EDIT = ":edit:1"


@pytest.fixture
async def drawn(studio: Studio) -> Studio:
    """A studio in which 阿青 has a cat."""
    await studio.says("阿青", "画一只雪地里的猫，竖版，水墨风，不要文字，不要水印")
    await studio.paint_all()
    return studio


def form(studio: Studio) -> Form:
    """Return the form that was shown last."""
    found = studio.last.reply.form
    assert found is not None, studio.last.reply.text
    return found


async def opened(studio: Studio, artwork: int = 1) -> dict[str, str]:
    """Press ✏️ and return what stands in the form."""
    await studio.says("阿青", f":edit:{artwork}")
    return form(studio).values


async def hands_in(
    studio: Studio, values: Mapping[str, str], action: str = "edit:1", name: str = "阿青"
) -> None:
    await studio.says(name, json.dumps({"submit": action, "values": values}))


async def drawn_jobs(studio: Studio) -> int:
    await studio.paint_all()
    return len(studio.engine.drawn)


async def test_the_form_shows_what_the_picture_was_asked_for(drawn: Studio) -> None:
    assert await opened(drawn) == {
        "prompt": "一只雪地里的猫",
        "avoid": "文字、水印",
        "style": "水墨",
        "shape": "竖版",
        "seed": "1",
    }
    assert drawn.texts[-1].startswith("改一改编号 1\n不动的照旧")
    labels = [field.label for field in form(drawn).fields]
    assert labels == ["描述", "不要", "风格", "形状", "种子"]
    offered = {field.name: field.choices for field in form(drawn).fields}
    assert {"水墨", "油画"} < set(offered["style"])
    assert offered["shape"] == ("竖版", "横版", "方图")


async def test_what_is_filled_in_is_drawn_and_the_rest_stays(drawn: Studio) -> None:
    await hands_in(drawn, {"prompt": "一只雪地里的狗", "avoid": "雾", "shape": "横版"})
    assert "改自 #1 · －猫 ＋狗 · 横版 · 水墨 · 不要：雾" in drawn.texts[-1]
    await drawn.paint_all()
    cat, dog = drawn.engine.drawn
    assert dog.prompt == cat.prompt.replace("猫", "狗")
    assert (dog.seed, dog.model, dog.loras) == (cat.seed, cat.model, cat.loras)
    assert (dog.width, dog.height) == (cat.height, cat.width)
    assert "雾" in dog.avoid
    assert "文字" not in dog.avoid
    assert (await drawn.job(2)).parent == Origin(1)


async def test_all_fields_handed_back_as_they_are_draw_nothing(drawn: Studio) -> None:
    await hands_in(drawn, await opened(drawn))
    assert drawn.texts[-1] == "什么都没改，就不画了；想再来一张，按 🔁 就行"
    assert await drawn_jobs(drawn) == 1


@pytest.mark.parametrize("seed", ["", " ", "-1"])
async def test_without_a_seed_it_is_another_picture(drawn: Studio, seed: str) -> None:
    await hands_in(drawn, {**await opened(drawn), "seed": seed})
    await drawn.paint_all()
    one, two = drawn.engine.drawn
    assert replace(two, seed=one.seed) == one
    assert two.seed != one.seed


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"style": "油画"}, "油画"),
        ({"style": "油画风"}, "油画"),
        ({"style": "水墨＋油画"}, "水墨＋油画"),
        ({"style": "水墨:0.5, 油画：0.8"}, "水墨 0.5＋油画 0.8"),
        ({"shape": "16:9"}, "16:9"),
        ({"shape": "128×192"}, "128×192"),
        ({"shape": "方图"}, "方图"),
        ({"seed": "４２"}, "种子 42"),
        ({"avoid": "人，车"}, "不要：人、车"),
    ],
)
async def test_values_are_read_as_people_write_them(
    drawn: Studio, typed: dict[str, str], told: str
) -> None:
    await hands_in(drawn, typed)
    assert told in drawn.texts[-1].split("\n")[1].split(" · ")
    assert await drawn_jobs(drawn) == 2


async def test_fields_may_be_emptied(drawn: Studio) -> None:
    await hands_in(drawn, {"avoid": "", "style": "", "shape": ""})
    await drawn.paint_all()
    plain = drawn.engine.drawn[-1]
    assert "文字" not in plain.avoid
    assert "水墨" not in plain.prompt
    assert plain.width == plain.height


async def test_words_of_control_are_drawn_as_they_stand(drawn: Studio) -> None:
    await hands_in(drawn, {"prompt": "一块写着“不要竖版”的牌子"})
    await drawn.paint_all()
    assert drawn.engine.drawn[-1].prompt.startswith("一块写着“不要竖版”的牌子")
    assert drawn.engine.drawn[-1].height > drawn.engine.drawn[-1].width


async def test_one_prompt_may_stand_for_several(drawn: Studio) -> None:
    await hands_in(drawn, {"prompt": "{红,蓝}色的灯笼"})
    await drawn.paint_all()
    assert [recipe.prompt[:5] for recipe in drawn.engine.drawn[1:]] == ["红色的灯笼", "蓝色的灯笼"]


async def test_of_a_set_each_has_its_own_form(studio: Studio) -> None:
    await studio.says("阿青", "画{红,蓝}色的灯笼")
    await studio.paint_all()
    assert (await opened(studio, 2))["prompt"] == "蓝色的灯笼"
    await hands_in(studio, {"style": "油画"}, "edit:2")
    assert "改自 #1 第 2 张" in studio.texts[-1]
    await studio.paint_all()
    assert studio.engine.drawn[-1].prompt.startswith("蓝色的灯笼")
    assert studio.engine.drawn[-1].seed == studio.engine.drawn[1].seed


async def test_strength_is_asked_for_where_there_is_something_to_draw_on(drawn: Studio) -> None:
    assert "strength" not in await opened(drawn)
    await drawn.says("阿青", ":vary:1")
    await drawn.paint_all()
    assert (await opened(drawn, 2))["strength"] == "0.5"
    await hands_in(drawn, {"strength": "30%"}, "edit:2")
    await drawn.paint_all()
    varied, gentler = drawn.engine.drawn[1:]
    assert (gentler.source, gentler.strength) == (varied.source, 0.3)


async def test_what_was_continued_is_drawn_on_as_a_whole(drawn: Studio) -> None:
    await drawn.says("阿青", ":expand:1:r")
    await drawn.paint_all()
    assert (await opened(drawn, 2))["strength"] == "0.6"
    await hands_in(drawn, {"prompt": "一只雪地里的狗", "strength": "0.4"}, "edit:2")
    await drawn.paint_all()
    _, wide, dog = drawn.engine.drawn
    assert isinstance(wide.expand, Expand)
    assert (dog.expand, dog.strength) == (None, 0.4)
    assert (dog.width, dog.height) == (wide.width, wide.height)
    assert dog.source not in {"", wide.source}


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"style": "水默"}, "风格：没有“水默”这种画风，是不是“水墨”？"),
        ({"style": "油画+水默"}, "风格：没有“水默”这种画风，是不是“水墨”？"),
        ({"seed": "七"}, "种子：要是整数，写的是“七”；空着就换一颗"),
        ({"seed": "1e3"}, "种子：要是整数，写的是“1e3”；空着就换一颗"),
        ({"seed": "-7"}, "种子：要在 0 到 9223372036854775807 之间，写的是“-7”"),
        ({"prompt": ""}, "描述：不能空着，想画什么呢？"),
        ({"prompt": " ，。\u200b"}, "描述：不能空着，想画什么呢？"),
        ({"prompt": LONG}, "描述：有 1048576 个字，最多 1000 个"),
        ({"avoid": LONG}, "不要：有 1048576 个字，最多 1000 个"),
        ({"style": LONG}, "风格：有 1048576 个字，最多 200 个"),
        ({"shape": "大一点"}, "形状：没看懂“大一点”，可以写竖版、横版、方图、16:9 或 512x768"),
        ({"shape": "0:9"}, "形状：没看懂“0:9”，可以写竖版、横版、方图、16:9 或 512x768"),
        ({"promt": "狗"}, "没有“promt”这一栏，有：prompt、avoid、style、shape、seed"),
        ({LONG: "狗"}, "没有“长长长长长长长长长长长长长长长长长长长长”这一栏，有："),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_is_no_value_of_its_field_is_told_and_kept(
    drawn: Studio, typed: dict[str, str], words: str
) -> None:
    await hands_in(drawn, {"avoid": "雾", **typed})
    assert drawn.texts[-1].startswith(words)
    assert "\n" not in drawn.texts[-1]
    again = form(drawn)
    assert again.action.pack() == "edit:1"
    kept = {field.name: field.value for field in again.fields}
    most = {field.name: field.most for field in again.fields}
    for name, value in {"avoid": "雾", **typed}.items():
        assert kept.get(name) == (value[: most[name]] if name in most else None)
    assert await drawn_jobs(drawn) == 1


@pytest.mark.parametrize("strength", ["0", "1.2", "-1", "60", "很多", "0.01", "200%", "nan"])
async def test_a_strength_out_of_range_is_told(drawn: Studio, strength: str) -> None:
    await drawn.says("阿青", ":vary:1")
    await drawn.paint_all()
    await hands_in(drawn, {"strength": strength}, "edit:2")
    assert drawn.texts[-1] == f"重画强度：要在 0.05 到 1 之间，写的是“{strength}”"
    assert form(drawn).values["strength"] == strength
    assert await drawn_jobs(drawn) == 2


async def test_all_faults_are_told_at_once(drawn: Studio) -> None:
    await hands_in(drawn, {"prompt": "", "style": "水默", "seed": "七"})
    faults = drawn.texts[-1].split("\n")
    assert [fault.partition("：")[0] for fault in faults] == ["描述", "风格", "种子"]
    await hands_in(drawn, {**form(drawn).values, "prompt": "狗", "style": "油画", "seed": "7"})
    await drawn.paint_all()
    assert drawn.engine.drawn[-1].prompt.startswith("狗")
    assert drawn.engine.drawn[-1].seed == 7


async def test_a_refused_order_hands_the_form_back(tmp_path: Path) -> None:
    async with opened_studio(tmp_path, QueueConfig(waiting_per_user=1)) as studio:
        await studio.says("阿青", "画一只猫")
        await studio.paint_all()
        await studio.says("阿青", "画一只狗")
        await hands_in(studio, {"prompt": "一只羊"})
        assert studio.texts[-1] == "你还有 1 个任务在排队，等画好一个再来吧"
        assert form(studio).values["prompt"] == "一只羊"


async def test_a_form_outlives_a_restart(tmp_path: Path) -> None:
    async with opened_studio(tmp_path) as studio:
        await studio.says("阿青", "画一只猫")
        await studio.paint_all()
        values = await opened(studio)
    async with opened_studio(tmp_path, first_id=100) as studio:
        await hands_in(studio, {**values, "prompt": "一只狗"})
        await studio.paint_all()
        assert studio.engine.drawn[-1].prompt.startswith("一只狗")


async def test_a_form_is_read_in_whatever_language_it_was_opened(drawn: Studio) -> None:
    chinese = await opened(drawn)
    english = Settings(language="en")
    await drawn.store.write(drawn.store.preferences.put, "console:阿青", english)
    shown = await opened(drawn)
    assert [field.label for field in form(drawn).fields][:2] == ["Prompt", "Avoid"]
    assert shown["shape"] != chinese["shape"]
    for values in (chinese, shown):
        await hands_in(drawn, values)
        assert drawn.texts[-1].startswith("Nothing was changed")
    await hands_in(drawn, {"seed": "七", "shape": "tall-ish"})
    assert drawn.texts[-1].split("\n")[0].startswith("Seed: It must be a whole number")
    assert form(drawn).values["shape"] == "tall-ish"


async def test_a_form_that_waits_to_be_sent_outlives_a_restart(tmp_path: Path) -> None:
    async with opened_studio(tmp_path) as studio:
        await studio.says("阿青", "画一只猫")
        await studio.paint_all()
        shown = await opened(studio)
        await studio.store.write(studio.store.outbox.put, studio.last.chat, studio.last.reply)
    async with opened_studio(tmp_path, first_id=100) as studio:
        await studio.deliver()
        assert form(studio).values == shown


async def test_a_form_handed_in_twice_is_drawn_once(drawn: Studio) -> None:
    for _ in range(3):
        await hands_in(drawn, {"prompt": "一只狗", "seed": ""})
    assert drawn.texts[-1].startswith("#2 就是它，已经在排队：")
    assert drawn.last.reply.aside
    assert await drawn_jobs(drawn) == 2


async def test_somebody_else_fills_in_no_form(drawn: Studio) -> None:
    await hands_in(drawn, {"prompt": "一只狗"}, name="小丹")
    assert drawn.texts[-1] == "这是别人的画，只有本人可以按；想改它，就回复它说"
    assert drawn.last.reply.form is None
    assert await drawn_jobs(drawn) == 1


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("edit:99", "找不到这张画了"),
        ("edit:0", "找不到这张画了"),
        ("delete:1:yes", "这张表格已经不能用了，再按一次按钮吧"),
        ("redo:1", "这张表格已经不能用了，再按一次按钮吧"),
        ("fly:1", "这个按钮已经不能用了"),
        ("", "这个按钮已经不能用了"),
        ("edit:1; DROP TABLE jobs", "这个按钮已经不能用了"),
    ],
)
async def test_a_forged_form_does_nothing(drawn: Studio, action: str, words: str) -> None:
    await hands_in(drawn, {"prompt": "一只狗"}, action)
    assert drawn.texts[-1] == words
    assert await drawn_jobs(drawn) == 1
    assert await drawn.state(1) is State.DELIVERED


async def test_the_form_of_a_deleted_picture_finds_nothing(drawn: Studio) -> None:
    values = await opened(drawn)
    await drawn.says("阿青", ":delete:1:yes")
    await hands_in(drawn, {**values, "prompt": "一只狗"})
    assert drawn.texts[-1] == "找不到这张画了"


async def test_fields_made_one_are_read_all_the_same(drawn: Studio) -> None:
    await opened(drawn)
    small = form(drawn).within(2)
    assert [field.name for field in small.fields] == ["prompt", "avoid+style+shape+seed"]
    assert small.fields[1].value == "不要：文字、水印\n风格：水墨\n形状：竖版\n种子：1"
    typed = "不要：文字\n风格：油画\n种子:"
    await hands_in(drawn, {"prompt": "一只狗", "avoid+style+shape+seed": typed})
    await drawn.paint_all()
    cat, dog = drawn.engine.drawn
    assert dog.prompt == "一只狗，油画风"
    assert (dog.width, dog.height) == (cat.width, cat.height)
    assert dog.seed != cat.seed


async def test_a_line_that_belongs_to_no_field_is_told(drawn: Studio) -> None:
    await hands_in(drawn, {"style+seed": "随便\n风格：水默"})
    assert drawn.texts[-1].split("\n")[0].startswith("没有“style+seed”这一栏")
