"""Games on Discord from the first word to the finale: threads, forms, whispers as it has them."""

from pathlib import Path

from tests.discord_api.channel import Channel
from tests.discord_api.message import Message
from tests.flow.discord_stage import Stage, stage

AGAIN = "再来一局"


async def opened(play: Stage, board: Message) -> Channel:
    """Wait for the thread under a board, in which all else is said."""
    return await play.discord.until(lambda: board.thread)


async def finale(play: Stage, where: Channel) -> Message:
    """Wait for the last that a session shows, and return it."""
    return await play.discord.until(
        lambda: next(
            (m for m in play.discord.said(where) if any(AGAIN in b for b in m.buttons)), None
        )
    )


async def test_a_relay_in_its_thread_from_the_first_word_to_the_finale(tmp_path: Path) -> None:
    async with stage(tmp_path, message_content=True) as play:
        qing, hong = play.discord.person("阿青"), play.discord.person("小红")
        hall = play.discord.server("画友", qing, hong).channel("大厅")
        qing.commands(hall, "session", kind="接龙", theme="江南烟雨", turns=2)
        board = await play.in_channel(hall, "接龙《江南烟雨》")
        thread = await opened(play, board)
        assert (await play.whispered(hong.presses("🙋 加入", board), "小红 加入了")).ephemeral
        await play.shows(board, "阿青、小红")
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
    async with stage(tmp_path, message_content=True) as play:
        qing, hong = play.discord.person("阿青"), play.discord.person("小红")
        hall = play.discord.server("画友", qing, hong).channel("大厅")
        qing.commands(hall, "session", kind="你画我猜", turns=2)
        board = await play.in_channel(hall, "你画我猜")
        thread = await opened(play, board)
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
    async with stage(tmp_path, message_content=True) as play:
        qing, hong = play.discord.person("阿青"), play.discord.person("小红")
        hall = play.discord.server("画友", qing, hong).channel("大厅")
        qing.commands(hall, "session", kind="斗图", theme="江南")
        board = await play.in_channel(hall, "斗图《江南》")
        thread = await opened(play, board)
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
    async with stage(tmp_path, message_content=True) as play:
        qing, hong = play.discord.person("阿青"), play.discord.person("小红")
        hall = play.discord.server("画友", qing, hong).channel("大厅")
        qing.commands(hall, "session", kind="长卷", theme="森林", turns=2)
        qing.commands(hall, "session", kind="众笔", theme="森林")
        scroll = await play.in_channel(hall, "长卷《森林》")
        chorus = await play.in_channel(hall, "众笔《森林》")
        silk, loud = await opened(play, scroll), await opened(play, chorus)
        hong.presses("🙋 加入", scroll)
        await play.shows(scroll, "阿青、小红")
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
