import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from bot.errors import NotUnderstood, StudioError, TooLong
from bot.parsing.outline import outline
from bot.parsing.parser import parse
from bot.parsing.reader import READERS
from bot.parsing.vocabulary import Vocabulary
from bot.request import Request
from bot.style import Sampler, Styles
from generation.recipe import Expand
from tests.bot.labelled import FILE, SAID, Labelled, labelled

SENTENCES: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parents[1] / "data/sentences.toml").read_text(encoding="utf-8")
)["sentence"]
UNSAID: dict[str, Any] = {**SAID, "notes": []}
STYLES = Styles.load()


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda sentence: sentence["text"])
def test_a_sentence_is_read_as_it_is_meant(sentence: dict[str, Any]) -> None:
    wanted = UNSAID | {k: v for k, v in sentence.items() if k not in ("text", "sampler")}
    found = outline(sentence["text"], STYLES)
    if wanted["intent"] == "none":
        wanted["notes"] = found["notes"]
        assert len(found["notes"]) == 1
    assert found == wanted
    assert list(found) == list(UNSAID)


def test_there_are_sentences_enough() -> None:
    assert len({sentence["text"] for sentence in SENTENCES}) >= 120


@pytest.mark.parametrize(
    "sentence", [s for s in SENTENCES if "sampler" in s], ids=lambda s: s["text"]
)
def test_a_sampler_is_heard(sentence: dict[str, Any]) -> None:
    assert parse(sentence["text"], STYLES).sampler == sentence["sampler"]


@pytest.mark.parametrize(
    "text", ["", "  \n\t", "\x00\x07", "\u200b\ufeff", "\ud800", "\u202e", "，。"]
)
def test_nothing_to_read_is_answered_with_an_example(text: str) -> None:
    with pytest.raises(NotUnderstood, match="例如"):
        parse(text, STYLES)


def test_a_long_message_is_refused_with_both_numbers() -> None:
    with pytest.raises(TooLong, match=r"^这段话有 100000 个字，最多 1000 个$"):
        parse("画" * 100_000, STYLES)


def test_a_message_of_a_thousand_characters_is_read() -> None:
    assert parse("画" + "雪" * 999, STYLES).prompt == "雪" * 999


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("画一只\u200b猫", "一只猫"),
        ("画\u202e一只猫", "一只猫"),
        ("画一只\x00猫\x07", "一只猫"),
        ("画一只\ud800猫", "一只猫"),
        ("画一只猫\U000e0041", "一只猫"),
        ("画\n一只\n\n猫", "一只 猫"),
        ("画 cafe\u0301", "café"),
        ("画一家👨\u200d👩\u200d👧", "一家👨\u200d👩\u200d👧"),
        ("画a\u200db", "ab"),
        ("画x" + "\u0331" * 50, "x" + "\u0331" * 4),
        ("画\ue000猫", "猫"),
    ],
)
def test_what_nobody_can_see_goes(text: str, prompt: str) -> None:
    assert parse(text, STYLES).prompt == prompt


def test_only_one_width_may_be_said() -> None:
    request = parse("猫 --w 300", STYLES)
    assert (request.width, request.height) == (300, None)


@pytest.mark.parametrize(
    "flag",
    [
        "--cfg nan",
        "--cfg inf",
        "--cfg 1e9",
        "--seed 1.5",
        "--steps many",
        "--size big",
        "--n",
        "--no",
        "--style",
    ],
)
def test_a_flag_without_a_value_of_its_kind_is_told(flag: str) -> None:
    request = parse(f"猫 {flag}", STYLES)
    assert request == Request(prompt="猫", notes=(f"没看懂“{flag}”，没有用上",))


def test_every_flag_and_sampler_of_the_tables_is_one_that_the_program_knows() -> None:
    vocabulary = Vocabulary.of(STYLES.names())
    assert set(vocabulary.flags.values()) <= READERS.keys()
    assert set(vocabulary.samplers.values()) == set(get_args(Sampler))


def test_errors_are_for_the_user() -> None:
    assert issubclass(TooLong, StudioError)


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("猫 --strength 0.5", {"strength": 0.5}),
        ("猫 --重画 .3", {"strength": 0.3}),
        ("猫 --hires 2", {"hires": 2.0}),
        ("猫 --hires 1.5x", {"hires": 1.5}),
        ("猫 --放大 3倍", {"hires": 3.0}),
        ("猫 --hires", {"hires": 2.0}),
        ("猫 --upscale 4", {"upscale": 4}),
        ("猫 --upscale 2x", {"upscale": 2}),
        ("--upscale 猫", {"upscale": 2}),
        ("--高清 猫", {"hires": 2.0}),
        ("猫 --expand 64", {"expand": Expand(left=64, up=64, right=64, down=64)}),
        ("猫 --expand 1,2，3, 4", {"expand": Expand(left=1, up=2, right=3, down=4)}),
        ("--外扩 8，猫", {"expand": Expand(left=8, up=8, right=8, down=8)}),
        ("猫 --fast", {"fast": True}),
        ("--fast 猫", {"fast": True}),
        ("--快 猫", {"fast": True}),
        ("画猫，快速", {"fast": True}),
        ("快速画猫", {"fast": True}),
        ("帮我快速画猫", {"fast": True}),
        ("快速模式，画猫", {"fast": True}),
    ],
)
def test_how_to_draw_is_heard(text: str, changed: dict[str, Any]) -> None:
    assert parse(text, STYLES) == Request(prompt="猫", **changed)


@pytest.mark.parametrize(
    "text",
    [
        "快速奔跑的马",
        "高清的猫",
        "猫，高清，8k",
        "一辆快车",
        "快速公路",
        "a man — mask on his face",
        "a runner — fast and free",
        "a river – source of life",
    ],
)
def test_words_of_drawing_are_content_too(text: str) -> None:
    assert parse(text, STYLES) == Request(prompt=text)


@pytest.mark.parametrize("flag", ["--source /etc/passwd", "--mask=a.png", "--原图 猫.jpg"])
def test_words_open_no_file(flag: str) -> None:
    request = parse(f"猫 {flag}", STYLES)
    assert request == Request(prompt="猫", notes=("从这里打不开文件，原图和遮罩没有用上",))


@pytest.mark.parametrize("flag", ["--expand 1,2", "--expand 1,2,3", "--expand", "--strength half"])
def test_a_setting_that_is_none_is_told(flag: str) -> None:
    request = parse(f"猫 {flag}", STYLES)
    assert request == Request(prompt="猫", notes=(f"没看懂“{flag}”，没有用上",))


def test_the_outline_tells_of_strength_and_enlargement() -> None:
    found = outline("猫 --strength 0.5 --hires 3", STYLES)
    assert (found["strength"], found["upscale"]) == (0.5, 3.0)


@pytest.mark.parametrize("text", ["画成水墨", "水墨风", "", "。"])
def test_with_a_picture_to_draw_on_no_words_are_needed(text: str) -> None:
    request = parse(text, STYLES, has_source=True)
    assert request.prompt == ""
    with pytest.raises(NotUnderstood):
        parse(text, STYLES)


def test_talk_asks_for_nothing_also_beside_a_picture() -> None:
    with pytest.raises(NotUnderstood):
        parse("真好看", STYLES, has_source=True)


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("<小奶猫>", "<小奶猫>"),
        ("画一张<小奶猫>在雪地里，水墨风", "<小奶猫>在雪地里"),
        ("帮我画两张竖版的<小奶猫> 和 <cat-toy>，不要文字", "<小奶猫> 和 <cat-toy>"),
        ("画＜小奶猫＞", "＜小奶猫＞"),
    ],
)
def test_a_taught_word_stays_as_it_is(text: str, prompt: str) -> None:
    assert parse(text, STYLES).prompt == prompt


def test_a_poem_keeps_its_lines_and_nothing_else_does() -> None:
    poem = parse("给这首诗配图：\r\n 床前明月光，\n\n疑是地上霜。 ", STYLES)
    assert poem.prompt == "床前明月光，\n疑是地上霜。"
    assert parse("画一只猫\n在屋顶上", STYLES).prompt == "一只猫 在屋顶上"


def test_letters_and_digits_become_narrow_and_punctuation_stays() -> None:
    request = parse("画一辆ＡＥ８６，车牌“Ｇ７”，１２朵花！别有ＬＯＧＯ", STYLES)
    assert request.prompt == "一辆AE86，车牌“G7”，12朵花"
    assert request.avoid == "LOGO"


@pytest.mark.parametrize(
    ("said", "changes"),
    [
        ("种子一百二十三", {"seed": 123}),
        ("种子二零二四", {"seed": 2024}),
        ("三十步", {"steps": 30}),
        ("引导七点五", {"guidance": 7.5}),
        ("重绘幅度零点六", {"strength": 0.6}),
        ("宽七百六十八高五百一十二", {"width": 768, "height": 512}),
        ("九比十六", {"aspect": "9:16"}),
        ("放大一倍", {"upscale": 2}),
    ],
)
def test_numbers_may_be_in_chinese_numerals(said: str, changes: dict[str, Any]) -> None:
    assert parse(f"画一只猫，{said}", STYLES) == replace(Request(prompt="一只猫"), **changes)


@pytest.mark.parametrize("text", ["画种子千姿百态", "画五十步笑百步", "画一个人走了一百步"])
def test_numerals_in_what_is_to_be_drawn_are_no_settings(text: str) -> None:
    assert parse(text, STYLES) == Request(prompt=text[1:])


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(one, id=one.text)
        for name in ("blind", "third", "fourth", "fifth", "sixth")
        for one in labelled(FILE.with_name(f"requests_{name}.tsv"))
        if not one.context
    ],
)
def test_a_message_of_another_hand_is_read_as_it_is_meant(one: Labelled) -> None:
    found = outline(one.text, STYLES)
    del found["notes"]
    assert found == {**SAID, **one.label}


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("润色一下，画一只狼", "一只狼"),
        ("帮我润色一下：雪山", "雪山"),
        ("润色后画一只狼", "一只狼"),
        ("一只狼，润色", "一只狼"),
        ("请先润色再画一条龙", "一条龙"),
    ],
)
def test_words_are_rewritten_where_that_is_asked(text: str, prompt: str) -> None:
    request = parse(text, STYLES)
    assert (request.prompt, request.polish, request.skip_translation) == (prompt, True, False)


@pytest.mark.parametrize("text", ["一只狼，不翻译", "不要翻译，画一只狼", "画一只狼别翻译成英文"])
def test_words_stay_as_they_are_where_that_is_asked(text: str) -> None:
    request = parse(text, STYLES)
    assert (request.prompt, request.polish, request.skip_translation) == ("一只狼", False, True)


def test_rewriting_and_translating_may_be_content() -> None:
    for text in ("一个正在润色文章的编辑", "润色师的书桌", "一个不用翻译的外交官"):
        request = parse(f"画{text}", STYLES)
        assert (request.prompt, request.polish, request.skip_translation) == (text, False, False)


def test_no_rewriting_is_no_thing_to_avoid() -> None:
    request = parse("画一只狼，不要润色", STYLES)
    assert (request.prompt, request.avoid, request.polish) == ("一只狼", "", False)


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("我女儿明天过生日，帮她画一只狼", "一只狼"),
        ("今天好累，给我画一只狼，背景是雪", "一只狼，背景是雪"),
        ("再画一个吧，这次画雪山", "雪山"),
        ("一只狼，画面昏暗", "一只狼，画面昏暗"),
        ("我的狼，画成水墨风", "我的狼"),
    ],
)
def test_a_story_before_a_wish_is_cut_and_content_is_not(text: str, prompt: str) -> None:
    assert parse(text, STYLES).prompt == prompt


@pytest.mark.parametrize("text", ["“月落乌啼霜满天”给这句诗配图", "月落乌啼霜满天，给这句诗配图"])
def test_a_poem_may_stand_before_the_wish(text: str) -> None:
    request = parse(text, STYLES)
    assert (request.prompt, request.poem) == ("月落乌啼霜满天", True)


@pytest.mark.parametrize(
    "text", ["给这句诗配图：空山新雨后 --style 油画", "--style 油画 给这句诗配图：空山新雨后"]
)
def test_a_poem_is_drawn_in_the_style_that_was_said_as_well(text: str) -> None:
    request = parse(text, STYLES)
    assert (request.prompt, request.styles) == ("空山新雨后", ("油画", "诗意"))


@pytest.mark.parametrize(
    "thing",
    [
        *("风车", "皮卡丘", "布达拉宫", "面馆门口的招牌", "家里的猫", "成都的街头", "完美的日落"),
        *("好多气球", "过山车", "不倒翁", "中国龙", "上海外滩", "纸飞机", "丑小鸭", "着火的房子"),
    ],
)
def test_a_thing_to_draw_may_begin_like_another_word(thing: str) -> None:
    assert parse(f"画{thing}", STYLES).prompt == thing
    assert parse(f"帮我画{thing}吧", STYLES).prompt == thing


@pytest.mark.parametrize(
    "text", ["画家在海边", "画面唯美的古镇", "画眉鸟", "画着蝴蝶的扇子", "画里的女人", "画展"]
)
def test_a_word_that_begins_with_to_draw_is_whole(text: str) -> None:
    assert parse(text, STYLES).prompt == text


@pytest.mark.parametrize(
    "text",
    [
        *("能不能商用", "帮我投个票", "麻烦了", "请大家安静", "可以撤回吗"),  # another deed
        *("背景太乱", "那只猫好胖", "出图好慢", "这个颜色好丑", "头像不错"),  # a remark
        *("你画一下午了", "画个猫都画不好", "第二张最好看", "画两张收费吗", "画猫教程"),
        *("想要放假", "好想吃火锅", "来上课了", "中午吃面条", "求链接", "群主在不在"),
        *("点样用㗎", "食咗飯未", "that looks great", "who made this", "新年快乐"),
        *("把猫换成狗", "往左扩展", "给这首诗配图，竖版"),  # of no picture, of no poem
    ],
)
def test_what_asks_for_no_picture_is_none(text: str) -> None:
    with pytest.raises(NotUnderstood):
        parse(text, STYLES)


@pytest.mark.parametrize(
    "text",
    [
        *("雪山", "好大的雪", "太阳花", "天空很蓝", "今天的晚霞", "会发光的水母", "哪吒闹海"),
        *("中午的食堂", "我家的猫", "她在弹琴", "请柬上的玫瑰", "做梦的女孩", "求婚的场面"),
    ],
)
def test_what_describes_is_no_talk(text: str) -> None:
    assert parse(text, STYLES).prompt == text


@pytest.mark.parametrize(
    "text",
    [
        *("可以，给我画一只狼", "要不画一只狼", "那你画一只狼吧", "咱们来画一只狼", "你就画一只狼"),
        *("重新画一只狼", "随手画一只狼", "有没有大佬帮忙画一只狼", "想问一下能不能画一只狼"),
        *(
            "请根据以下描述生成图片：一只狼",
            "机器人，画一只狼",
            "给小朋友画一只狼",
            "美女，画一只狼",
        ),
        *("画一只狼好了", "画一只狼，越快越好", "画一只狼hhh", "画一只狼怎么样", "画一只狼 @丹青"),
        *("画一只狼（谢谢）", "画一只狼，我要发朋友圈", "孩子想看动物，帮画一只狼"),
    ],
)
def test_ways_of_asking_are_no_content(text: str) -> None:
    assert parse(text, STYLES) == Request(prompt="一只狼")


@pytest.mark.parametrize(
    ("text", "count", "prompt"),
    [
        ("画两张一张桌子", 2, "一张桌子"),
        ("一幅没画完的画放在画架上", 1, "一幅没画完的画放在画架上"),
        ("画两张嘴的怪物", 1, "两张嘴的怪物"),
        ("来两张桌子的图", 2, "桌子"),
        ("画两三张猫", 3, "猫"),
        ("猫和狗各画一张", 1, "猫和狗"),
        ("来两张海豚的", 2, "海豚"),
        ("画个人像", 1, "人像"),
        ("画头牛", 1, "牛"),
        ("画套娃", 1, "套娃"),
    ],
)
def test_what_a_measure_word_counts(text: str, count: int, prompt: str) -> None:
    request = parse(text, STYLES)
    assert (request.count, request.prompt) == (count, prompt)


@pytest.mark.parametrize(
    ("text", "prompt", "style"),
    [
        ("画一面墙上挂着的油画", "一面墙上挂着的油画", ()),
        ("橘子，偏水彩一点", "橘子", ("水彩",)),
        ("橘子，以水彩风格呈现", "橘子", ("水彩",)),
        ("油画感的橘子", "橘子", ("油画",)),
        ("国风美女", "美女", ("水墨",)),
        ("画一家酒吧，水墨风", "一家酒吧", ("水墨",)),
        ("小说封面，画一个剑客，水墨风", "小说封面，一个剑客", ("水墨",)),
        ("画一张海报，主题是中秋节，水墨风", "海报，主题是中秋节", ("水墨",)),
    ],
)
def test_a_style_and_what_it_is_a_style_of(text: str, prompt: str, style: tuple[str, ...]) -> None:
    request = parse(text, STYLES)
    assert (request.prompt, request.styles) == (prompt, style)


def test_what_stands_written_is_not_wanted_away() -> None:
    request = parse("画一个牌子写着不要停车", STYLES)
    assert (request.prompt, request.avoid) == ("一个牌子写着不要停车", "")


def test_settings_may_stand_before_a_poem() -> None:
    request = parse("给这句诗配图，要竖版，飞流直下三千尺", STYLES)
    assert (request.prompt, request.aspect, request.poem) == ("飞流直下三千尺", "2:3", True)
