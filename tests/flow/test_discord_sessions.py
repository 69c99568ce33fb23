"""Games on Discord from the first word to the finale: threads, forms, whispers as it has them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.discord_api.channel import Channel
from tests.discord_api.message import Message
from tests.discord_api.person import Person
from tests.flow.discord_stage import Stage, stage

AGAIN = "再来一局"


@dataclass(frozen=True, slots=True)
class Table:
    """A server with 阿青 and 小红, and the channel in which they open sessions."""

    play: Stage
    hall: Channel
    qing: Person
    hong: Person

    async def opens(self, title: str, **said: object) -> tuple[Message, Channel]:
        """Open a session, and return its board and the thread in which all else is said."""
        self.qing.commands(self.hall, "session", **said)
        board = await self.play.in_channel(self.hall, title)
        return board, await self.play.discord.until(lambda: board.thread)

    async def joined(self, board: Message) -> None:
        """Have 小红 join, who alone is told so."""
        told = await self.play.whispered(self.hong.presses("🙋 加入", board), "小红 加入了")
        assert told.ephemeral
        await self.play.shows(board, "阿青、小红")


@asynccontextmanager
async def gathered(folder: Path) -> AsyncGenerator[Table]:
    """Bring both together where the bot hears what is said."""
    async with stage(folder, message_content=True) as play:
        qing, hong = play.discord.person("阿青"), play.discord.person("小红")
        yield Table(play, play.discord.server("画友", qing, hong).channel("大厅"), qing, hong)


async def finale(play: Stage, where: Channel) -> Message:
    """Wait for the last that a session shows, and return it."""
    return await play.discord.until(
        lambda: next(
            (m for m in play.discord.said(where) if any(AGAIN in b for b in m.buttons)), None
        )
    )


async def test_a_relay_in_its_thread_from_the_first_word_to_the_finale(tmp_path: Path) -> None:
    async with gathered(tmp_path) as table:
        play, qing, hong = table.play, table.qing, table.hong
        board, thread = await table.opens(
            "接龙《江南烟雨》", kind="接龙", theme="江南烟雨", turns=2
        )
        await table.joined(board)
        qing.says(thread, "一座石桥")
        first = await play.in_channel(thread, "阿青：一座石桥")
        assert first.attachments
        hong.says(thread, "一只企鹅")
        last = await finale(play, thread)
        await play.shows(board, "已收局")
        assert last.attachments
        names = [one.filename for m in play.discord.said(thread) for one in m.attachments]
        assert any(name.endswith(".gif") for name in names)


async def test_a_word_that_is_set_in_a_form_is_guessed_in_the_thread(tmp_path: Path) -> None:
    async with gathered(tmp_path) as table:
        play, qing, hong = table.play, table.qing, table.hong
        board, thread = await table.opens("你画我猜", kind="你画我猜", turns=2)
        press = qing.presses("🤫 我来出题", board)
        await play.discord.until(lambda: press.modal)
        told = qing.submits(press, {"词": "长颈鹿"})
        assert (await play.whispered(told, "下一题就是它")).ephemeral
        await play.in_channel(thread, "阿青 出好了下一题")
        await play.discord.until(lambda: "⏭ 下一眼" in board.buttons)
        for number in range(5):
            qing.presses("⏭ 下一眼", board)
            if number < 4:
                await play.in_channel(thread, f"第 {number + 2}/5 眼")
        await play.in_channel(thread, "第 2/2 题，猜！")
        assert not any("长颈鹿" in m.content for m in play.discord.said(thread))
        hong.says(thread, "长颈鹿")
        await play.in_channel(thread, "🎉 小红 猜中了")
        await finale(play, thread)


async def test_entries_are_forms_and_votes_are_whispered(tmp_path: Path) -> None:
    async with gathered(tmp_path) as table:
        play, qing, hong = table.play, table.qing, table.hong
        board, thread = await table.opens("斗图《江南》", kind="斗图", theme="江南")
        for who, entry in ((qing, "一座石桥"), (hong, "一只企鹅")):
            press = who.presses("✍️ 参赛", board)
            await play.discord.until(lambda press=press: press.modal)
            told = who.submits(press, {"怎么画？": entry})
            assert (await play.whispered(told, "份参赛作")).ephemeral
        await play.shows(board, "2 份")
        qing.presses("⏭ 截稿", board)
        ballot = await play.discord.until(
            lambda: next((m for m in play.discord.said(thread) if "甲" in m.buttons), None)
        )
        assert "石桥" not in ballot.content
        vote = hong.presses("甲", ballot)
        assert (await play.whispered(vote)).ephemeral
        qing.presses("乙", ballot)
        await play.discord.until(lambda: "⏭ 开票" in board.buttons)
        qing.presses("⏭ 开票", board)
        await finale(play, thread)
        assert any("一座石桥" in m.content for m in play.discord.said(thread))


async def test_a_scroll_and_a_chorus_in_threads_of_their_own(tmp_path: Path) -> None:
    async with gathered(tmp_path) as table:
        play, qing, hong = table.play, table.qing, table.hong
        scroll, silk = await table.opens("长卷《森林》", kind="长卷", theme="森林", turns=2)
        chorus, loud = await table.opens("众笔《森林》", kind="众笔", theme="森林")
        await table.joined(scroll)
        qing.says(loud, "竹林")
        hong.says(loud, "竹林 石桥")
        await play.shows(chorus, "竹林 ×2")
        for who, clause in ((qing, "熊猫"), (hong, "房子")):
            who.says(silk, clause)
            await play.in_channel(silk, f"{who.name}：{clause}")
        qing.presses("🖌 现在就画", chorus)
        await play.in_channel(loud, "阿青：竹林 ×2")
        (whole,) = (await finale(play, silk)).attachments
        assert whole.width is not None
        assert whole.height is not None
        assert whole.width > whole.height
        assert (await finale(play, loud)).attachments
