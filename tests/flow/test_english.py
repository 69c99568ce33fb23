"""Whoever has chosen English reads nothing else; whoever has not, reads Chinese."""

import re
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from bot.action import Verb
from bot.commands import COMMANDS
from bot.form import Form
from bot.reply import Reply
from bot.store.samples import PROMPT
from bot.style import Styles
from bot.wording import LANGUAGE
from generation.errors import BadRecipe, EngineLost, OutOfMemory, UnknownModel
from tests.conftest import Studio, opened_studio

CHINESE = re.compile("[\u3001-\u303f\u4e00-\u9fff\uff01-\uff5e]+")
STYLES = sorted(
    [*Styles.load().names(), *(style.phrase.partition("{prompt}")[2] for style in Styles.load())],
    key=len,
    reverse=True,
)
"""Names of styles, and what they add to a prompt."""


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncGenerator[Studio]:
    """A studio in which Ann reads English."""
    async with opened_studio(tmp_path, words=tmp_path / "words.toml") as studio:
        await studio.says("Ann", "/设置 英文")
        assert read(studio.last.reply) == []
        yield studio


def told(reply: Reply) -> Iterator[str]:
    """Yield all that a reply shows."""
    yield reply.text
    yield from (button.label for row in reply.buttons for button in row)
    if reply.among is not None:
        yield reply.among.text
    if reply.form is not None:
        yield from in_form(reply.form)


def in_form(form: Form) -> Iterator[str]:
    yield form.title
    for field in form.fields:
        yield from (field.label, field.help, *field.choices)


def read(reply: Reply) -> list[str]:
    """Return what is left of Chinese in a reply, but for names of styles."""
    text = "\n".join(told(reply)).replace(PROMPT, "")
    for name in STYLES:
        text = text.replace(name, "")
    return CHINESE.findall(text)


def all_english(studio: Studio, since: int = 0) -> bool:
    """Tell whether all is English; say what is not."""
    left = {d.reply.text: read(d.reply) for d in studio.adapter.sent[since:] if read(d.reply)}
    assert left == {}
    return True


async def test_the_whole_course_is_english(reader: Studio) -> None:
    await reader.says("Ann", "draw a penguin --ar 2:3 --style ink --no text --n 2 --steps 999")
    assert reader.texts[-1].split("\n") == [
        "Got it, #1: a penguin",
        "portrait · 水墨 · 2 pictures · avoid: text · 999 steps 50 steps · starting now",
        "· 50 steps at most, so it is now 50",
    ]
    await reader.paint_all()
    assert reader.texts[-1] == "Done, #1: a penguin (水墨, 2 pictures) (AI-generated)"
    await reader.says("Ann", "draw a cat")
    await reader.says("Ann", "/cancel")
    assert reader.texts[-1] == "#2 is cancelled"
    assert all_english(reader)


async def test_every_button_answers_in_english(reader: Studio) -> None:
    await reader.says("Ann", "draw a penguin")
    await reader.paint_all()
    before = len(reader.adapter.sent)
    for verb in Verb:
        for value in ("", ":2", ":3", ":l", ":x", ":mine"):
            await reader.says("Ann", f":{verb}:1{value}")
            await reader.paint_all()
    await reader.says("Ann", ":delete:1:yes")
    await reader.says("Ann", ":vary:1")
    assert reader.texts[-1] == "I can't find that picture any more"
    assert len(reader.adapter.sent) > before + len(Verb)
    assert all_english(reader)


async def test_every_command_answers_in_english(reader: Studio) -> None:
    await reader.says("Ann", "draw a penguin --style ink")
    await reader.paint_all()
    for command in COMMANDS:
        for argument in ("", " 1", " penguin"):
            await reader.says("Ann", f"/{command.names[1]}{argument}")
            assert "I ran into an error" not in reader.texts[-1]
    await reader.says("Ann", "/hlep")
    assert reader.texts[-1] == "There is no /hlep command. Did you mean /help?"
    assert all_english(reader)


@pytest.mark.parametrize(
    "error",
    [
        UnknownModel("x"),
        OutOfMemory("这张图太大，内存不够"),
        EngineLost("引擎断开了"),
        BadRecipe("扩画的边太宽：64×64 里放不下原图"),
        BadRecipe("图片太大：最多 4000 万像素，每边最多 12000，这张是 20000×10"),
        RuntimeError("a bug"),
    ],
)
async def test_what_went_wrong_is_told_in_english(reader: Studio, error: Exception) -> None:
    reader.engine.errors += [error] * 3
    await reader.says("Ann", "draw a penguin")
    await reader.paint_all()
    assert reader.texts[-1].startswith("#1 failed: ")
    assert all_english(reader)


@pytest.mark.parametrize(
    "said",
    [
        "draw",
        "a" * 1001,
        "draw a cat --style nothing",
        "draw a cat --foo 3 --steps x --ar 0:0 --seed -5 --w 99999 --cfg 99 --n 0",
        "draw a cat --strength 0.5 --upscale 3",
        "draw a cat --upscale 4 --size 1024x1024",
        "draw a cat --hires 9 --source cat.png",
        "draw explicit porn",
        "#77 --style ink",
        "/settings previews perhaps",
        "/settings language klingon",
        "/settings shape round",
        "/settings count 99",
        "/settings buttons shared",
        "/settings whatever",
    ],
)
async def test_refusals_and_notes_are_english(reader: Studio, said: str) -> None:
    await reader.says("Ann", said)
    await reader.paint_all()
    assert all_english(reader)


async def test_somebody_else_in_the_same_chat_reads_chinese(reader: Studio) -> None:
    await reader.says("Ann", "draw a penguin")
    await reader.says("阿青", "画一只猫")
    assert reader.texts[-1].startswith("收到 #2：一只猫\n")
    await reader.paint_all()
    assert [text.split("\n")[0] for text in reader.texts[-2:]] == [
        "Done, #1: a penguin (AI-generated)",
        "画好了 #2：一只猫（AI生成）",
    ]
    await reader.says("阿青", "/hlep")
    assert reader.texts[-1] == "没有 /hlep 这个命令，是不是 /help？"
    assert LANGUAGE.get() == "zh", "what is said to one stays with them"


async def test_a_chat_has_a_language_for_those_who_have_chosen_none(studio: Studio) -> None:
    studio.adapter.group = True
    studio.adapter.roles = {"Ann": ("owner",), "Bob": (), "阿青": ()}
    await studio.says("Ann", "/设置 本群 英文")
    await studio.says("Bob", "draw a penguin")
    assert studio.texts[-1].startswith("Got it, #1: a penguin")
    await studio.says("阿青", "/settings 中文")
    await studio.says("阿青", "画一只猫")
    assert studio.texts[-1].startswith("收到 #2：一只猫")


async def test_who_returns_to_chinese_reads_it_at_once(reader: Studio) -> None:
    await reader.says("Ann", "/settings language default")
    assert reader.texts[-1].startswith("没说的时候：")
