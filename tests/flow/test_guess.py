"""你画我猜: a word is drawn and looms out of its noise; who says it first has it."""

import logging
from pathlib import Path

import pytest

from adapters.listing import _job_row  # pyright: ignore[reportPrivateUsage]
from adapters.logs import TALKATIVE
from bot.game.guess import Guess, Round
from bot.game.riddle import alone, riddle
from bot.reply import Limits, Status
from bot.store.reader import reading
from generation.errors import BadRecipe
from generation.recipe import Preview
from tests.fakes import StrictChat
from tests.flow.game import Game, game
from tests.flow.scene import Hand
from tests.flow.stage import stage

LOOK_S, BREATH_S = 20.0, 6.0


async def guessing(played: Game, id_: int = 1) -> Guess:
    found = (await played.session(id_)).game
    assert isinstance(found, Guess)
    return found


async def shown(played: Game) -> Round:
    """Have what is to be guessed drawn and shown; return it."""
    await played.paints()
    await played.later(0)
    one = (await guessing(played)).round
    assert one is not None
    assert one.look
    return one


async def test_whoever_says_it_first_has_it_and_the_sooner_the_more(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        played.engine.seconds = 2.0
        await played.says("小明", "/开局 你画我猜 水墨风，2 题")
        assert "你画我猜，简单，2 题" in played.last.text
        first = await shown(played)
        assert "第 1/2 题，猜！" in played.last.text
        assert "第 1/5 眼" in played.last.text
        assert played.last.delivery.reply.plate
        assert "水墨" in played.engine.drawn[0].prompt
        assert (await played.session()).seconds == 2.0

        await played.later(LOOK_S)
        assert "第 2/5 眼" in played.last.text
        await played.murmurs("小红", f"我猜是{first.riddle.text}！")
        assert "小红 猜中了（第 2 眼，+4 分）" in played.last.text
        assert f"谜底：{first.riddle.text}" in played.last.text
        assert played.last.pictures == 1

        await played.paints()
        await played.later(BREATH_S)
        assert "第 2/2 题" in played.last.text
        for look in range(2, 6):
            await played.later(LOOK_S)
            assert f"第 {look}/5 眼" in played.last.text
        await played.later(LOOK_S)
        session = await played.session()
        assert session.phase == "closed"
        assert any("没人猜中。谜底：" in text for text in played.texts)
        head = next(text for text in played.texts if text.startswith("你画我猜 · 小红"))
        assert "你画我猜 · 小红\n🏅 小红 4 分" in head
        assert f"1. {first.riddle.text}（小红，第 2 眼 +4）" in head
        assert "（没人猜中）" in head
        ranks = await played.store.read(played.store.sessions.ranking, "chat:群一", "guess", 0.0, 9)
        assert [(rank.name, rank.points) for rank in ranks] == [("小红", 4)]
        game_ = await guessing(played)
        assert len(game_.captions(session)) == 2
        assert len(game_.replayed(session)) == 6


async def listed(folder: Path) -> list[str]:
    """Return what the operator reads of jobs and pictures."""
    async with reading(folder) as reader:
        jobs, artworks = await reader.jobs(9), await reader.artworks(9)
    assert artworks == ()
    return [str(_job_row(job)) for job in jobs]


async def test_nothing_tells_the_word_before_it_is_revealed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in TALKATIVE:  # as adapters/logs.py has them
        caplog.set_level(logging.INFO, logger=name)
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 你画我猜 3 题")
        queued = (await guessing(played)).used[0]
        await played.says("小明", "/队列")
        assert "保密" in played.last.text
        one = await shown(played)
        word = one.riddle.text
        assert word == queued
        later = (await guessing(played)).used[1]  # drawn ahead, and as secret
        await played.says("小明", "/队列")
        await played.paints()
        for look in range(5):
            if look:
                await played.later(LOOK_S)
            for said in (f"/搜索 {word}", f"/搜索 {later}", "/画廊", "/历史", "/查看 1", "/查看 6"):
                await played.says("小明", said)
                assert not played.last.pictures, said
        for row in await listed(tmp_path):
            assert word not in row
            assert later not in row
        board = await played.shows_boards()
        told = [*played.texts, board.text, caplog.text]
        leaks = [text for text in told if word in text or later in text]
        assert leaks == []
        plates = list((tmp_path / "plates").iterdir())
        assert len(plates) == 10
        for path in (*plates, *(tmp_path / "pictures").rglob("*")):
            assert word not in str(path)
        for path in plates:
            assert word.encode() not in path.read_bytes()
            assert b"prompt" not in path.read_bytes()

        await played.later(LOOK_S)
        assert any(f"谜底：{word}" in text for text in played.texts)
        await played.says("小明", f"/搜索 {word}")
        assert played.last.pictures
        await played.says("小明", f"/搜索 {later}")
        assert not played.last.pictures


async def test_whose_turn_in_the_queue_it_takes_cannot_stop_a_picture(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 你画我猜")
        for said in ("/取消", "/取消 1"):
            await played.says("小明", said)
            assert "任务" in played.last.text
        await shown(played)


class Terminal(StrictChat):
    """A chat that shows where jobs are instead of editing messages."""

    def __init__(self, clock: Hand) -> None:
        super().__init__(clock, Limits(album=10))
        self.seen: list[Status] = []

    async def show(self, status: Status) -> None:
        self.seen.append(status)


async def test_what_is_secret_has_no_sketch(tmp_path: Path) -> None:
    terminal = Terminal(clock := Hand())
    async with game(tmp_path, chat=terminal, clock=clock) as played:
        played.engine.preview = Preview(width=1, height=1, rgb=b"abc")
        await played.says("小明", "/开局 你画我猜", chat="小明")
        await shown(played)
        assert {status.preview for status in terminal.seen} == {None}
        await played.says("小明", "画一只猫", chat="小明")
        await played.paints()
        assert terminal.seen[-1].preview is not None


async def test_same_sound_is_right_and_half_of_it_is_close(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await set_word(played, "画蛇添足")
        await played.murmurs("小红", "画龙")
        assert "谜底" not in played.last.text
        await played.murmurs("小红", "画蛇")
        assert "小红 沾边了，+1 分" in played.last.text
        before = len(played.texts)
        await played.murmurs("小红", "添足")
        assert len(played.texts) == before  # once a round, and nobody is told off
        await played.murmurs("阿青", "话舌填足")
        assert "阿青 猜中了（第 1 眼，+4 分，音对字不同少一分）" in played.last.text
        assert "阿青 4 分、小红 1 分" in played.last.text


async def set_word(played: Game, word: str) -> None:
    """Open a game in which the second word is one that 老王 has set; show it."""
    await played.says("小明", "/开局 你画我猜 4 题")
    first = await shown(played)
    await played.presses("老王", "加入")
    await played.says("老王", f"/出题 {word}", chat="老王")
    await played.murmurs("小明", first.riddle.text)
    await played.paints()
    await played.later(BREATH_S)
    assert "第 2/4 题" in played.last.text


async def test_talk_is_no_guess_and_gets_no_answer(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 你画我猜")
        await shown(played)
        before = len(played.texts)
        for text in ("哈哈哈", "今天吃什么", "是不是", "猜" * 30, "字" * 10_000, "😀"):
            await played.murmurs("路人", text)
        assert len(played.texts) == before
        assert (await played.session()).member("chat:路人") is None


async def test_who_asks_the_session_is_told_that_it_is_wrong_but_not_all_the_time(
    tmp_path: Path,
) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 你画我猜")
        await shown(played)
        looks = played.last
        await played.answers("小红", "不知道呀", looks)
        assert played.last.text == "不是，再看看"
        before = len(played.texts)
        await played.answers("小红", "真不知道", looks)
        assert len(played.texts) == before
        await played.answers("老王", "字" * 10_000, looks)
        assert "太长了" in played.last.text
        for wish in ("画一只戴帽子的恐龙", "雪山日出的湖边小屋，油画风"):
            await played.says("老王", wish)
            assert "收到" in played.last.text, wish
        await played.says("老王", "什么呀")
        assert played.last.text == "不是，再看看"


async def test_of_two_in_the_same_second_the_first_has_it(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 你画我猜")
        word = (await shown(played)).riddle.text
        looks = played.last
        await played.murmurs("小红", word)
        await played.murmurs("阿青", word)
        assert played.last.text == "阿青 也猜中了，就慢了一步"
        before = len(played.texts)
        await played.murmurs("阿青", word)
        await played.murmurs("小红", word)
        await played.murmurs("老王", "别的")
        assert len(played.texts) == before
        await played.answers("老王", "别的", looks)
        assert "这一题已经揭晓" in played.last.text
        assert (await guessing(played)).points == {"chat:小红": 5}


async def test_the_first_with_so_many_points_ends_it(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 你画我猜 普通，先到 5 分")
        assert "先到 5 分赢" in played.last.text
        word = (await shown(played)).riddle.text
        assert "第 1/16 题" in played.last.text
        await played.murmurs("小红", word)
        session = await played.session()
        assert session.phase == "closing"
        assert any("小红 先到 5 分" in text for text in played.texts)
        assert await played.store.write(played.store.queue.claim) is None  # nothing drawn in vain


async def test_idioms_are_for_models_that_know_them(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 你画我猜 成语，水墨风")
        assert "这个画风的模型还画不了成语" in played.last.text
        await played.says("小明", "/开局 你画我猜 3 轮，1000 分")
        assert "分数要在 1 到 100 之间" in played.last.text


async def test_a_member_sets_a_word_in_private(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("老王", "/出题 龙舟", chat="老王")
        assert "先到群里点加入" in played.last.text
        await set_word(played, "骑车的熊猫")
        assert "🤫 老王 出好了下一题" in played.texts
        assert "收到，下一题就是它" in played.texts
        assert not any("骑车的熊猫" in text for text in played.texts)
        assert "5 个字" in played.last.text

        await played.answers("老王", "雪人", played.last)
        assert "这题是你出的" in played.last.text
        await played.says("老王", "/出题 骑车的熊猫", chat="老王")
        assert "用过了" in played.last.text
        await played.later(LOOK_S)
        await played.murmurs("小红", "骑车的大熊猫")
        assert "沾边" in played.last.text
        await played.murmurs("小红", "骑车的熊猫")
        assert "小红 猜中了（第 2 眼，+4 分）；出题的 老王 +2" in played.last.text


async def test_who_sets_a_word_and_says_it_gives_it_away(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await set_word(played, "骑车的熊猫")
        await played.murmurs("老王", "骑车的熊猫")
        assert "老王 自己说漏了嘴。谜底：骑车的熊猫" in played.last.text
        assert "老王" not in (await guessing(played)).points


async def test_what_is_no_word_is_not_taken(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 你画我猜 2 题")
        first = await shown(played)
        await played.says("小明", "/出题 龙", chat="群一")
        assert "这里大家都看得到" in played.last.text
        for word, told in (
            ("一二三四五六七八九十百千万", "词要短"),
            ("！！", "词要短"),
            (first.riddle.text, "用过了"),
            ("裸体", "不"),
            ("字" * 10_000, "太长了"),
        ):
            await played.says("小明", f"/出题 {word}", chat="小明")
            assert told in played.last.text, word
            assert not any(one.setter for one in (await guessing(played)).ahead)
        await played.says("小明", "/出题", chat="小明")
        assert played.last.delivery.reply.asks == "出题"
        await played.says("小明", "/出题 旗袍", chat="小明")
        assert "收到，下一题就是它；我只会画常见的东西，不一定像" in played.texts
        await played.says("小明", "/出题 龙灯", chat="小明")
        assert "下一题已经有人出好了" in played.last.text


async def test_the_button_asks_in_a_form_that_nobody_else_reads(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 你画我猜")
        await shown(played)
        await played.shows_boards()
        await played.presses("小红", "我来出题")
        reply = played.last.delivery.reply
        assert reply.form is not None
        assert reply.aside
        assert reply.link.startswith("ses_1_")

        await played.says("小红", f"/start {reply.link}", chat="小红")
        assert played.last.delivery.reply.asks == "出题 #1"
        await played.says("小红", f"/start {reply.link[:-1]}x", chat="小红")
        assert "打不开" in played.last.text

        await played.fills_in("小红", reply.form.action.pack(), word="骑车的熊猫")
        assert "收到，下一题就是它" in played.texts[-2:][0] or "收到" in played.last.text
        (ahead, *_) = (await guessing(played)).ahead
        assert (ahead.setter, ahead.riddle) == ("chat:小红", alone("骑车的熊猫"))
        await played.says("小红", "/出题 #1 龙", chat="小红")
        assert "已经有人出好了" in played.last.text
        await played.says("小红", "/出题 #2 龙", chat="小红")
        assert "先到群里点加入" in played.last.text


async def test_the_host_shows_more_at_once(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 你画我猜")
        await shown(played)
        await played.says("小红", "/跳过")
        assert "只有主持人" in played.last.text
        for look in range(2, 6):
            await played.says("小明", "/跳过")
            assert f"第 {look}/5 眼" in played.last.text
        await played.says("小明", "/跳过")
        assert "没人猜中。谜底" in played.last.text
        await played.says("小明", "/跳过")
        assert "现在没有可以跳过的" in played.last.text
        await played.says("小明", "/撤回")
        assert "不能撤回" in played.last.text


async def test_a_pause_stops_the_looks(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 你画我猜")
        word = (await shown(played)).riddle.text
        await played.presses("小明", "暂停")
        await played.murmurs("小红", word)
        await played.later(500)
        assert "暂停" in played.last.text
        await played.shows_boards()
        await played.presses("小明", "继续")
        await played.murmurs("小红", word)
        assert "第 1 眼，+5 分" in played.last.text


async def test_ended_in_the_middle_it_says_what_it_was(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 你画我猜")
        word = (await shown(played)).riddle.text
        await played.says("小明", "/结束")
        assert f"不猜了。谜底：{word}" in played.texts[-2] + played.texts[-1] + played.texts[-3]
        session = await played.session()
        assert len(session.steps) == 1
        assert session.why == "小明 说就到这里"
        assert await played.store.write(played.store.queue.claim) is None


async def test_what_cannot_be_drawn_is_another_word(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        played.engine.errors = [BadRecipe("不行")]
        await played.says("小明", "/开局 你画我猜")
        await shown(played)
        assert len((await guessing(played)).used) == 3  # lost, shown, ahead


async def test_when_nothing_can_be_drawn_it_ends(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        played.engine.errors = [BadRecipe("不行") for _ in range(9)]
        await played.says("小明", "/开局 你画我猜")
        await played.paints()
        assert "画不出题来" in played.last.text
        assert (await played.session()).phase == "closed"


async def test_a_member_banned_in_the_middle_guesses_no_more(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 你画我猜")
        word = (await shown(played)).riddle.text
        await played.says("管理员", "/封禁 chat:小红")
        before = len(played.texts)
        await played.murmurs("小红", word)
        assert len(played.texts) == before
        await played.murmurs("阿青", word)
        assert "阿青 猜中了" in played.last.text


async def test_it_goes_on_after_a_restart(tmp_path: Path) -> None:
    clock = Hand()
    chat = StrictChat(clock, Limits(edits=True, private_s=1.0, group_s=4.0, turns=1, album=10))
    async with game(tmp_path, chat=chat, clock=clock) as played:
        await played.says("小明", "/开局 你画我猜 2 题")
        word = (await shown(played)).riddle.text
    async with game(tmp_path, chat=chat, clock=clock) as played:
        await played.later(LOOK_S)
        assert "第 2/5 眼" in played.last.text
        await played.murmurs("小红", word)
        assert "+4 分" in played.last.text
    async with game(tmp_path, chat=chat, clock=clock) as played:
        await played.paints()
        await played.later(BREATH_S)
        assert "第 2/2 题" in played.last.text
        assert sum("猜中了" in text for text in played.texts) == 1
        seed = (await played.session()).request.seed or 0
        used = (await guessing(played)).used
        assert used == (word, riddle("easy", seed, [word]).text)  # type: ignore[union-attr]


async def test_on_telegram_the_button_leads_to_the_talk_with_the_bot(tmp_path: Path) -> None:
    async with stage(tmp_path, can_read_all=True) as play:
        qing, wang = play.telegram.person("阿青"), play.telegram.person("老王")
        group = play.telegram.group("画友群", qing, wang)
        qing.says(group, "/session 你画我猜 3 题")
        board = await play.in_chat(group, "🎨 你画我猜")
        press = wang.presses("🤫 我来出题", board)
        await play.telegram.until(lambda: press.answer is not None)
        assert press.answer is not None
        link = press.answer.url
        assert link.startswith("https://t.me/danqing_bot?start=ses_1_")
        asks = await play.answer_to(wang.says(wang.private, f"/start {link.partition('=')[2]}"))
        assert "下一题画什么" in asks.text
        taken = await play.answer_to(wang.says(wang.private, "龙", to=asks))
        assert taken.text == "收到，下一题就是它"
        await play.in_chat(group, "🤫 老王 出好了下一题")
        assert not any("龙" in message.text for message in play.telegram.said(group))
