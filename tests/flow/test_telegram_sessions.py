"""Games on Telegram, from the first word to the finale: forms, links and answers as it has them."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.flow.stage import Stage, stage
from tests.telegram_api.chat import Chat
from tests.telegram_api.message import Message
from tests.telegram_api.person import Person

AGAIN = "🔁 再来一局"


@dataclass(frozen=True, slots=True)
class Table:
    """A group in which 阿青 has opened a session."""

    play: Stage
    group: Chat
    qing: Person
    hong: Person
    board: Message

    async def joined(self) -> None:
        """Have 小红 join."""
        self.hong.presses("🙋 加入", self.board)
        await self.play.shows(self.board, "阿青、小红")


@asynccontextmanager
async def opened(folder: Path, words: str, title: str, **setting: Any) -> AsyncGenerator[Table]:
    """Open a session by a line."""
    async with stage(folder, **setting) as play:
        qing, hong = play.telegram.person("阿青"), play.telegram.person("小红")
        group = play.telegram.group("画友群", qing, hong)
        qing.says(group, f"/session {words}")
        yield Table(play, group, qing, hong, await play.in_chat(group, f"🎨 {title}"))


async def finale(play: Stage, group: Chat) -> Message:
    """Wait for the last that a session shows, and return it."""
    return await play.telegram.until(
        lambda: next(
            (m for m in play.telegram.said(group) if m.photos and AGAIN in m.buttons), None
        )
    )


async def told_in_private(play: Stage, who: Person, button: str, board: Message, text: str) -> str:
    """Press a button that leads into the private talk, and tell what is to be told there."""
    press = who.presses(button, board)
    await play.telegram.until(lambda: press.answer)
    assert press.answer is not None
    payload = re.fullmatch(r"https://t\.me/danqing_bot\?start=([\w-]+)", press.answer.url)
    assert payload is not None
    form = await play.answer_to(who.starts(payload[1]))
    assert form.force_reply
    return (await play.answer_to(who.says(who.private, text, to=form))).text


async def test_a_relay_from_the_first_word_to_the_next_round(tmp_path: Path) -> None:
    async with opened(tmp_path, "接龙 江南烟雨，2 棒", "接龙《江南烟雨》") as table:
        play, group, board = table.play, table.group, table.board
        qing, hong = table.qing, table.hong
        await table.joined()
        qing.says(group, "一座石桥", to=board)
        first = await play.in_chat(group, "阿青：一座石桥")
        assert first.photos
        await play.shows(board, "轮到 小红")
        hong.says(group, "一只企鹅", to=first)
        last = await finale(play, group)
        await play.shows(board, "已收局")
        shown = play.telegram.said(group)
        assert [m for m in shown if m.animations]
        assert last.photos
        hong.presses(AGAIN, last)
        again = await play.telegram.until(
            lambda: [m for m in play.telegram.said(group) if "🎨 接龙《江南烟雨》" in m.text][1:]
        )
        assert "主持 小红" in again[0].text


async def test_a_word_that_is_set_in_private_is_guessed_in_the_group(tmp_path: Path) -> None:
    async with opened(tmp_path, "你画我猜，2 题，100 秒", "你画我猜", can_read_all=True) as table:
        play, group, board = table.play, table.group, table.board
        qing, hong = table.qing, table.hong
        await play.in_chat(group, "第 1/2 题，猜！")
        told = await told_in_private(play, qing, "🤫 我来出题", board, "长颈鹿")
        assert "下一题就是它" in told
        await play.in_chat(group, "阿青 出好了下一题")
        await play.telegram.until(lambda: "⏭ 下一眼" in board.buttons)
        for number in range(5):
            qing.presses("⏭ 下一眼", board)
            if number < 4:
                await play.in_chat(group, f"第 {number + 2}/5 眼")
        await play.in_chat(group, "第 2/2 题，猜！")
        assert not any("长颈鹿" in m.text for m in play.telegram.said(group))
        hong.says(group, "长颈鹿")
        await play.in_chat(group, "🎉 小红 猜中了")
        await finale(play, group)


async def test_entries_are_told_in_private_and_voted_on_in_the_group(tmp_path: Path) -> None:
    async with opened(tmp_path, "斗图 江南", "斗图《江南》") as table:
        play, group, board = table.play, table.group, table.board
        qing, hong = table.qing, table.hong
        for who, entry in ((qing, "一座石桥"), (hong, "一只企鹅")):
            told = await told_in_private(play, who, "✍️ 参赛", board, entry)
            assert told.startswith("收到你的参赛作")
        await play.shows(board, "2 份")
        qing.presses("⏭ 截稿", board)
        ballot = await play.telegram.until(
            lambda: next((m for m in play.telegram.said(group) if "甲" in m.buttons), None)
        )
        assert ballot.photos
        assert "石桥" not in ballot.text
        hong.presses("甲", ballot)
        qing.presses("乙", ballot)
        await play.telegram.until(lambda: "⏭ 开票" in board.buttons)
        qing.presses("⏭ 开票", board)
        await finale(play, group)
        assert any("一座石桥" in m.text for m in play.telegram.said(group))


async def test_a_scroll_goes_on_from_part_to_part(tmp_path: Path) -> None:
    async with opened(tmp_path, "长卷 森林，2 段", "长卷《森林》") as table:
        play, group, board = table.play, table.group, table.board
        qing, hong = table.qing, table.hong
        await table.joined()
        for number, (who, clause) in enumerate(((qing, "熊猫"), (hong, "房子")), 1):
            who.says(group, clause, to=board)
            await play.in_chat(group, f"第 {number} 段 {who.name}：{clause}")
        await finale(play, group)
        assert [m for m in play.telegram.said(group) if m.animations]
