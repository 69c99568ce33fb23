"""The engine with words that are translated and polished before they are drawn."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from generation.config import Card, EngineConfig
from generation.engine import Engine
from generation.language.scribe import Scribe
from generation.recipe import Recipe
from generation.server import scribe_of
from tests.generation.factory import recipe
from tests.generation.reference import draw, engine

CPU = torch.device("cpu")
CAT = recipe(model="english", prompt="一只猫，月下", avoid="雨")
IN_ENGLISH = replace(CAT, prompt="a cat in the moonlight", avoid="inky")
CARDS = {"english": Card(translator="zh-en", polisher="bloom")}


@pytest.fixture
def scribe(translator: Path, polisher: Path) -> Scribe:
    return Scribe(
        CARDS, translators={"zh-en": translator}, polishers={"bloom": polisher}, device=CPU
    )


@pytest.fixture
def studio(models: dict[str, Path], scribe: Scribe) -> Engine:
    return engine(models, scribe=scribe)


def drawn(studio: Engine, asked: Recipe) -> tuple[bytes, tuple[str, ...]]:
    """Pixels and notes of a recipe."""
    (canvas,) = draw(studio, asked)
    assert canvas.picture, canvas.error
    assert canvas.picture.recipe == asked
    return canvas.picture.rgb, canvas.picture.notes


def test_a_model_that_reads_english_is_told_in_english(
    studio: Engine, models: dict[str, Path]
) -> None:
    pixels, notes = drawn(studio, CAT)
    assert notes == ("翻译成：a cat in the moonlight", "不要的翻译成：inky")
    assert pixels == drawn(engine(models), IN_ENGLISH)[0]


def test_who_does_not_want_it_is_not_translated(studio: Engine, models: dict[str, Path]) -> None:
    asked = replace(CAT, skip_translation=True)
    pixels, notes = drawn(studio, asked)
    assert pixels == drawn(engine(models), CAT)[0]
    assert [note.partition("“")[0] for note in notes] == ["这个模型不认识"]


def test_a_wish_to_polish_is_granted_after_the_translation(
    studio: Engine, models: dict[str, Path]
) -> None:
    pixels, notes = drawn(studio, replace(CAT, prompt="一只猫", avoid="", polish=True))
    assert notes == ("翻译成：a cat", "润色成：a red cat, ink")
    expected = replace(CAT, prompt="a red cat, ink", avoid="")
    assert pixels == drawn(engine(models), expected)[0]


def test_a_model_without_a_card_is_told_what_was_said(
    studio: Engine, models: dict[str, Path]
) -> None:
    asked = replace(CAT, model="v", prompt="一只猫", avoid="雨")
    pixels, notes = drawn(studio, replace(asked, polish=True))
    assert notes == ("这个模型没有配润色，照原话画了",)
    assert pixels == drawn(engine(models), asked)[0]


def test_words_that_were_translated_before_are_drawn_at_once(studio: Engine) -> None:
    draw(studio, CAT)
    again = studio.admit(replace(CAT, seed=8))
    studio.step()
    assert again.step == 1


def test_four_of_one_owner_wait_for_one_translation(studio: Engine) -> None:
    canvases = [studio.admit(replace(CAT, seed=seed), owner="阿青") for seed in range(4)]
    begun: list[int] = []
    for _ in range(200):
        studio.step()
        begun.append(sum(canvas.words.prompt != CAT.prompt for canvas in canvases))
        if begun[-1] == 4:
            break
    first = next(number for number, count in enumerate(begun) if count)
    assert begun[-1] == 4
    assert len(begun) - first <= 4


def test_others_are_drawn_while_words_are_written(studio: Engine) -> None:
    slow = studio.admit(CAT, owner="阿青")
    other = studio.admit(recipe(model="v"), owner="小林")
    for _ in range(other.recipe.steps):
        before = other.step
        studio.step()
        assert other.step == before + 1
    assert slow.step == 0
    while not studio.idle:
        studio.step()
    assert slow.picture
    assert studio.faults() == []


def test_owners_write_in_turns(studio: Engine) -> None:
    long = studio.admit(replace(CAT, prompt="一只猫，月下。" * 8), owner="阿青")
    short = studio.admit(replace(CAT, prompt="雪里", avoid=""), owner="小林")
    while short.picture is None:
        studio.step()
    assert long.step == 0


def test_one_that_is_dropped_while_its_words_are_written_leaves_nothing(studio: Engine) -> None:
    canvas = studio.admit(CAT)
    for _ in range(3):
        studio.step()
    studio.drop(canvas)
    assert studio.idle
    assert studio.faults() == []


def test_what_cannot_be_translated_is_drawn_as_it_was_said(
    models: dict[str, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Scribe(CARDS, translators={"zh-en": tmp_path / "none"}, device=CPU)
    with caplog.at_level(logging.WARNING):
        pixels, notes = drawn(engine(models, scribe=broken), replace(CAT, polish=True))
    assert notes[:2] == ("翻译不了，照原话画了", "润色不了，照原话画了")
    assert pixels == drawn(engine(models), CAT)[0]
    assert "没有这个文件夹" in caplog.text
    assert "没有叫 bloom 的文本模型" in caplog.text


def test_a_word_that_the_model_does_not_know_is_told(studio: Engine) -> None:
    _, notes = drawn(studio, recipe(model="v", prompt="一只𰻝猫", avoid="龘"))
    assert notes == ("这个模型不认识“𰻝”“龘”，没有用上",)


def test_an_engine_has_what_its_config_names(
    models: dict[str, Path], translator: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = EngineConfig(
        models=models,
        translators={"zh-en": translator},
        polishers={"bloom": tmp_path / "none"},
        cards=CARDS,
    )
    with caplog.at_level(logging.WARNING):
        studio = engine(models, scribe=scribe_of(config, CPU))
    assert "polish by bloom" in caplog.text
    assert "zh-en" not in caplog.text
    assert drawn(studio, CAT)[1][0] == "翻译成：a cat in the moonlight"
