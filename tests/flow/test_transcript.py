"""What docs/studio.md shows is what the studio says, with every command and every button."""

import re
from pathlib import Path

from bot import commands
from bot.action import Verb
from tests.flow.transcript import PROMPT, typed_again, written


async def test_the_transcript_is_what_is_answered(tmp_path: Path) -> None:
    assert await typed_again(written(), tmp_path) == written()


def test_every_command_is_in_it() -> None:
    typed = re.findall(rf"^{PROMPT}/(\S+)", written(), re.MULTILINE)
    for command in (one for one in commands.COMMANDS if one.listed):
        assert set(command.names) & set(typed), command.names


def test_every_button_is_pressed_in_it() -> None:
    labels = dict(re.findall(r"\[(\d+)\] (\S+(?: \S+)?)", written()))
    numbers = re.findall(rf"^{PROMPT}:(\d+)$", written(), re.MULTILINE)
    pressed = {labels[number] for number in numbers if number in labels}
    wanted = {
        *("取消", "🔁 再来一张", "🎲 变化", "🔍 2×", "✏️ 改一改", "🎨 换风格", "↔️ 扩展", "⭐ 收藏"),
        *("📄 原图", "ℹ️ 参数", "🗑 删除", "🗑 真的删除", "🎲2", "⋯1", "➡️ 右", "油画", "更早的"),
        *("🎨 编号", "接龙"),
    }
    assert wanted <= pressed
    assert len(Verb) == 21, "a new verb wants a line in the transcript"
