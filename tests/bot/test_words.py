import json
import logging
import os
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.cli import main
from bot.errors import NotWanted
from bot.request import Request
from bot.words.entry import BrokenWords, read, shipped
from bot.words.judge import MAX_APART, SEVERITY, Words
from tests.conftest import Studio
from tests.data.prompts import EVASIONS, asked, benign, made, severe

WORDS = Words.load()


@pytest.mark.parametrize(
    ("text", "action", "category", "word"),
    [
        ("画一张海洛因的图", "block", "drugs", "海洛因"),
        ("海*洛*因", "block", "drugs", "海*洛*因"),
        ("海\u200b洛\U000e0041因", "block", "drugs", "海\u200b洛\U000e0041因"),
        ("海🔥洛🔥因", "block", "drugs", "海🔥洛🔥因"),
        ("海海海洛因因", "block", "drugs", "海海海洛因因"),
        ("ＨＥＲＯＩＮ", "block", "drugs", "ＨＥＲＯＩＮ"),
        ("a h3r01n dealer", "block", "drugs", "h3r01n"),
        ("a hеrоin dealer", "block", "drugs", "hеrоin"),
        ("六4事件", "block", "politics", "六4事件"),
        ("⑥④事件", "block", "politics", "⑥④事件"),
        ("製造炸彈", "block", "weapons", "製造炸彈"),
        ("弓虽女干", "block", "sexual", "弓虽女干"),
        ("画 hai luo yin", "block", "drugs", "hai luo yin"),
        ("画hailuoyin吧", "block", "drugs", "hailuoyin"),
        ("画海luo因", "block", "drugs", "海luo因"),
        ("还落因", "block", "drugs", "还落因"),
        ("性感的猫", "flag", "sexual", "性感"),
        ("全裸的猫", "soften", "sexual", "全裸"),
        ("习近平骑自行车", "soften", "politics", "习近平"),
        ("电话 138-1234-5678 的牌子", "soften", "privacy", "138-1234-5678"),
        ("身份证110101199003078515", "soften", "privacy", "110101199003078515"),
        ("身份证110101199003078516", "allow", "", ""),
        ("种子 1234567890", "allow", "", ""),
        ("下巴上的酒窝，po rn", "flag", "sexual", "po rn"),
        ("吸毒者", "block", "drugs", "吸毒"),
    ],
)
def test_a_verdict_names_the_word_as_typed(
    text: str, action: str, category: str, word: str
) -> None:
    verdict = WORDS.judge(text)
    assert (verdict.action, verdict.category, verdict.word) == (action, category, word)


@pytest.mark.parametrize(
    "text",
    ["路口交通灯", "大麻烦", "裸眼3D", "grape harvest", "a heroine", "乌鸦片片", "新疆独库公路",
     "年轻生命", "切割腕表", "六四制学校", "学习近平面设计", "zisha teapot", "1girl, 8k"],
)  # fmt: skip
def test_what_only_looks_like_a_word_is_none(text: str) -> None:
    assert WORDS.judge(text).action == "allow"


def test_words_that_meet_by_chance_across_a_comma_are_no_reason_to_refuse() -> None:
    assert WORDS.judge("一杯刨冰，毒蘑菇").action in {"allow", "flag"}
    assert WORDS.judge("冰，毒").action == "block"


def test_two_words_are_unwanted_together_though_each_may_be_drawn() -> None:
    assert WORDS.judge("天安门").action == "allow"
    assert WORDS.judge("小学生").action == "allow"
    assert WORDS.judge("全裸的小学生").category == "minors"
    far = "全裸" + "的雕像在博物馆里，窗外是操场和树，远处有" + "小学生"
    assert WORDS.judge(far).action == "soften"


def test_too_many_separators_are_no_word() -> None:
    assert WORDS.judge("海" + "*" * MAX_APART + "洛因").action == "block"
    assert WORDS.judge("海" + "*" * (MAX_APART + 1) + "洛因").action == "allow"


def test_places_and_peoples_are_not_in_the_list() -> None:
    for name in ("新疆", "西藏", "台湾", "香港", "天安门", "武汉", "维吾尔族", "犹太人", "穆斯林"):
        assert WORDS.judge(f"{name}的图").action == "allow"


def test_no_name_of_a_person_is_refused_by_itself() -> None:
    for name in ("习近平", "毛泽东", "特朗普", "蔡英文", "达赖喇嘛", "希特勒", "本拉登"):
        assert SEVERITY[WORDS.judge(f"{name}在散步").action] < SEVERITY["block"]


def test_softening_cuts_words_out_until_none_is_left() -> None:
    verdict = WORDS.judge("全裸的猫，血腥的狗，在草地上")
    assert verdict.text == "猫，狗，在草地上"
    assert verdict.cut == ("全裸", "血腥")
    assert WORDS.judge(verdict.text).action == "allow"


def test_what_comes_to_light_by_cutting_is_judged() -> None:
    assert WORDS.judge("海血腥洛因").action == "block"


def test_a_refusal_says_why_and_does_not_repeat_the_word() -> None:
    with pytest.raises(NotWanted, match="毒品") as refused:
        WORDS.admit(Request(prompt="海洛因"))
    assert "海洛因" not in str(refused.value)


def test_despair_is_answered_kindly() -> None:
    with pytest.raises(NotWanted, match="12356"):
        WORDS.admit(Request(prompt="割腕"))


def test_what_is_left_out_is_told() -> None:
    admitted = WORDS.admit(Request(prompt="全裸的猫在树上"))
    assert admitted.prompt == "猫在树上"
    assert "全裸" in admitted.notes[0]
    assert WORDS.admit(admitted) == admitted


def test_a_prompt_of_nothing_else_is_refused() -> None:
    with pytest.raises(NotWanted):
        WORDS.admit(Request(prompt="全裸"))


def test_what_is_to_be_avoided_is_not_judged() -> None:
    request = Request(prompt="一只猫", avoid="血腥，裸体")
    assert WORDS.admit(request) == request


def test_a_flag_is_noted_without_the_words(caplog: pytest.LogCaptureFixture) -> None:
    request = Request(prompt="性感的猫")
    with caplog.at_level(logging.INFO, logger="bot.words.judge"):
        assert WORDS.admit(request) == replace(request, flagged=True)
    assert "sexual" in caplog.text
    assert "性感" not in caplog.text
    again = replace(request, prompt="一只猫", flagged=True)
    assert not WORDS.admit(again).flagged


def test_every_category_says_why() -> None:
    assert {entry.category for entry in shipped().entries} == set(shipped().why)


def test_no_word_to_block_is_allowed_by_the_list_itself() -> None:
    blocked = [entry for entry in shipped().entries if entry.role == "block"]
    assert [e.text for e in blocked if WORDS.judge(e.text).action != "block"] == []


def test_own_words_are_read_again_when_they_change(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own = tmp_path / "words.toml"
    words = Words.load(own)
    assert words.judge("项目代号").action == "allow"
    written(own, 'block = "项目代号"\n[own]\nwhy = "保密"')
    assert words.judge("项*目*代*号").action == "block"
    assert words.why("own") == "保密"
    written(own, 'block = "项目')
    assert words.judge("项目代号").action == "block"
    assert "words.toml" in caplog.text
    written(own, 'soften = ["项目代号"]\nallow = "海洛因"')
    assert words.judge("项目代号的图").action == "soften"
    assert words.judge("海洛因").action == "allow"
    own.unlink()
    assert words.judge("项目代号").action == "allow"


def written(path: Path, text: str) -> None:
    """Write a file so that it is newer than before, also where a clock is coarse."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(before + 10**9, before + 10**9))


def test_plain_lines_are_words_too(tmp_path: Path) -> None:
    own = tmp_path / "words.txt"
    own.write_text("# 我们的\n项目代号  # 秘密\n!海洛因纪录片\n", encoding="utf-8")
    words = Words.load(own)
    assert words.judge("項目代號").category == "own"
    assert words.judge("海洛因纪录片").action == "allow"


def test_pairs_of_two_files_stay_apart(tmp_path: Path) -> None:
    own = tmp_path / "words.toml"
    own.write_text('[[minors.together]]\none = "小狗"\nother = "流血"\n', encoding="utf-8")
    words = Words.load(own)
    assert words.judge("流血的小狗").action == "block"
    assert words.judge("流血的小学生").action == "flag"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('block = "猫"', "太短"),
        ('block = "**"', "太短"),
        ("block = 3", "block"),
        ('[gore]\nforbid = "x"', "forbid"),
        ("block =", "words.toml"),
    ],
)
def test_a_broken_file_is_told(tmp_path: Path, text: str, fault: str) -> None:
    own = tmp_path / "words.toml"
    own.write_text(text, encoding="utf-8")
    with pytest.raises(BrokenWords, match=fault):
        Words.load(own)
    own.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(BrokenWords, match="UTF-8"):
        read(own)


def test_ordinary_prompts_are_drawn() -> None:
    prompts = [*benign(), *made(400)]
    blocked = [prompt for prompt in prompts if WORDS.judge(prompt).action == "block"]
    assert len(blocked) <= len(prompts) * 0.005, blocked


@pytest.mark.parametrize("name", EVASIONS)
def test_evasions_are_seen_through(name: str) -> None:
    tried = [
        asked(written, number)
        for number, one in enumerate(severe())
        if (written := EVASIONS[name](one))
    ]
    missed = [prompt for prompt in tried if SEVERITY[WORDS.judge(prompt).action] < 2]
    assert len(missed) <= len(tried) * 0.05, missed


def test_the_command_prints_one_object_for_a_text(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["words", "--data", str(tmp_path), "海*洛*因"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == {"action": "block", "category": "drugs", "word": "海*洛*因"}


async def test_what_is_not_drawn_is_refused_before_anything_is_queued(studio: Studio) -> None:
    await studio.says("阿青", "画一张海*洛*因")
    await studio.says("阿青", "画一张全裸的猫在树上")
    await studio.paint_all()
    refused, accepted, _ = studio.texts
    assert "毒品" in refused
    assert "#1：猫在树上" in accepted
    assert "“全裸”没有画进去" in accepted
    assert [recipe.prompt for recipe in studio.engine.drawn if "裸" in recipe.prompt] == []


def test_each_word_that_is_allowed_covers_one_that_is_not() -> None:
    entries = shipped().entries
    unwanted = {entry.text for entry in entries if entry.role != "allow"}
    allowed = {entry.text for entry in entries if entry.role == "allow"}
    assert [text for text in allowed if not any(word in text for word in unwanted)] == []
    assert allowed & unwanted == set()
