"""斗图: one theme, one seed, and a vote that tells nobody whose is what before it is over."""

from pathlib import Path

from bot.progress import spoken
from bot.reply import Button
from bot.session import Session
from bot.wording import Language
from tests.fakes import Posted
from tests.flow.game import Game, game

THREE = {"小红": "兔子在桂花树下喝豆浆", "小明": "一碗热汤面", "小刚": "宇航员啃油条"}


async def opens(played: Game, said: str = "月亮上的早餐，水墨风") -> Posted:
    """小明 opens a contest; returns the board."""
    await played.says("小明", f"/开局 斗图 {said}")
    return played.board


async def enters(played: Game, name: str, words: str) -> Posted:
    """Somebody hands in an entry by the form."""
    return await played.fills_in(name, "play:1:enter", words=words)


async def all_enter(played: Game, entries: dict[str, str] = THREE) -> Posted:
    """Each hands something in, all is drawn, and the time is up; returns the sheet."""
    for name, words in entries.items():
        await enters(played, name, words)
    await played.paints()
    await played.later(180)
    return played.last


async def votes(played: Game, name: str, whose: str, sheet: Posted) -> Posted:
    """Somebody votes for what is somebody's."""
    return await played.presses(name, label_of(await played.session(), whose), sheet)


def label_of(session: Session, whose: str, language: Language = "zh") -> str:
    """Return the letter of somebody's picture, which nobody in the chat knows."""
    ballot = getattr(session.game, "ballot")  # noqa: B009  of a contest alone
    (mark,) = [step.mark for step in session.steps if step.member == f"chat:{whose}"]
    with spoken(language):
        return ballot.mark(mark)


def labels(message: Posted) -> list[str]:
    """Return what stands on the buttons of a message."""
    buttons: list[Button] = message.buttons
    return [one.label for one in buttons]


# ── a whole one ─────────────────────────────────────────────────────────────────────────────────


async def test_all_draw_on_one_seed_and_vote_without_knowing_whose(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        board = await opens(played)
        assert "斗图《月亮上的早餐》 · 水墨" in board.text
        assert "✍️ 参赛" in labels(board)

        asked = await played.presses("小红", "参赛")
        assert asked.delivery.reply.form is not None
        answer = await enters(played, "小红", THREE["小红"])
        assert answer.text == "收到第 1 份参赛作"
        assert answer.delivery.reply.aside
        await enters(played, "小明", THREE["小明"])
        await played.answers("小刚", THREE["小刚"], board)
        await played.paints()
        assert "已收 3 份：小红、小明、小刚" in (await played.shows_boards()).text

        drawn = played.engine.drawn
        assert len({(recipe.seed, recipe.steps, recipe.sampler) for recipe in drawn}) == 1
        assert all("月亮上的早餐" in recipe.prompt for recipe in drawn)

        await played.later(180)
        assert labels(played.last) == ["甲", "乙", "丙"]
        assert played.last.delivery.reply.plate
        said = "".join(played.texts) + played.board.text
        assert not any(words in said for words in THREE.values())


async def test_in_the_end_all_is_told_and_the_winner_hangs_first(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        sheet = await all_enter(played)
        await votes(played, "小刚", "小明", sheet)
        assert "已投 1/3" in (await played.shows_boards()).text
        await votes(played, "小红", "小刚", sheet)
        await votes(played, "小红", "小明", sheet)
        await votes(played, "小明", "小红", sheet)
        assert "夺魁" in played.last.text
        await played.settles()

        told = next(text for text in played.texts if "🥇" in text)
        assert "🥇 小明：一碗热汤面" in told
        assert "2 票" in told
        assert "🥈 小红：兔子在桂花树下喝豆浆" in told
        assert "再来一局" in labels(played.last)[0]
        session = await played.session()
        assert session.phase == "closed"
        assert [step.member for step in session.steps] == ["chat:小明", "chat:小红", "chat:小刚"]
        assert "🥇 小明" in (await played.shows_boards()).text
        assert "小明 3 分" in (await played.says("小红", "/榜单")).text


# ── entries ─────────────────────────────────────────────────────────────────────────────────────


async def test_nobody_finds_an_entry_before_the_vote_is_over(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        await enters(played, "小红", THREE["小红"])
        await enters(played, "小明", THREE["小明"])
        assert "豆浆" not in (await played.says("小明", "/队列")).text
        await played.paints()
        assert "还没有画" in (await played.says("小明", "/画廊")).text
        assert "还没有画" in (await played.says("小红", "/历史")).text
        assert "豆浆" not in (await played.says("小明", "/搜索 豆浆")).text
        assert "找不到" in (await played.says("小明", "/查看 1")).text

        await played.later(180)
        await votes(played, "小红", "小明", played.last)
        await played.later(60)
        assert (await played.says("小明", "/画廊")).pictures == 2


async def test_an_entry_can_be_told_in_private(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        assert "先到群里点加入" in (await played.says("小红", "/参赛 一碗汤", "小红")).text
        asked = await played.presses("小红", "参赛")
        link = asked.delivery.reply.link
        before = len([one for one in played.chat.messages.values() if one.chat == "群一"])
        question = await played.says("小红", f"/start {link}", "小红")
        assert "《月亮上的早餐》怎么画？" in question.text
        assert question.delivery.reply.asks == "参赛 #1"
        assert "收到你的参赛作" in (await played.says("小红", "/参赛 #1 一碗汤", "小红")).text
        await played.paints()
        assert "已收 1 份：小红" in (await played.shows_boards()).text
        assert before == len([one for one in played.chat.messages.values() if one.chat == "群一"])
        assert "大家都看得到" in (await played.says("小红", "/参赛 一碗汤")).text


async def test_an_entry_can_be_changed_until_the_close(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        await enters(played, "小红", "第一个想法")
        answer = await enters(played, "小红", "第二个想法")
        assert answer.text == "换好了，还是 1 份参赛作"
        await played.paints()
        assert [recipe.prompt[:5] for recipe in played.engine.drawn] == ["第二个想法"]
        await enters(played, "小红", "第三个想法")
        await played.paints()
        session = await played.session()
        assert [step.words for step in session.steps] == ["第三个想法"]

        await enters(played, "小红", "第四个想法")
        assert "最多换 3 次" in (await enters(played, "小红", "第五个想法")).text
        assert "最多换 3 次" in (await played.presses("小红", "参赛")).text


async def test_each_may_have_several(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        board = await opens(played, "雨，每人 2 张")
        assert "每人最多 2 份" in board.text
        await enters(played, "小红", "一")
        assert (await enters(played, "小红", "二")).text == "收到第 2 份参赛作"
        assert "换好了" in (await enters(played, "小红", "三")).text
        await played.paints()
        assert [step.words for step in (await played.session()).steps] == ["一", "三"]


async def test_so_many_as_are_wanted_close_it_at_once(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played, "雨，2 幅")
        await enters(played, "小红", "一")
        await enters(played, "小明", "二")
        await played.paints()
        assert labels(played.last) == ["甲", "乙"]
        assert "已经截稿了" in (await enters(played, "小刚", "三")).text
        assert "已经截稿了" in (await played.answers("小刚", "三", played.board)).text
        before = len(played.texts)
        await played.answers("小刚", "丙呢？", played.board)
        assert len(played.texts) == before


async def test_with_one_entry_it_waits_once_more_and_then_shows_it(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        await enters(played, "小红", "一碗汤")
        await played.paints()
        assert "才收到 1 份参赛作，再等 3 分钟" in (await played.later(180)).text
        await played.later(180)
        assert any("只有一份参赛作，不用投票" in text for text in played.texts)
        assert "小红" in played.last.text
        assert played.last.delivery.reply.plate is not None
        assert (await played.session()).phase == "closed"


async def test_with_none_it_is_over(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        await played.later(360)
        assert "没有人参赛" in played.last.text
        assert (await played.session()).phase == "closed"


async def test_what_cannot_be_drawn_can_be_handed_in_again(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        await enters(played, "小红", "一碗汤")
        job = await played.store.write(played.store.queue.claim)
        assert job is not None
        await played.store.write(played.app.referee.undrawn, job, "引擎不在")
        assert "没画成：引擎不在。再交一次吧" in (await played.settles()).text
        assert (await enters(played, "小红", "一碗汤")).text == "收到第 1 份参赛作"


async def test_who_only_talks_hands_nothing_in(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        await played.murmurs("小红", "等等，我想想")
        await played.says("小红", "画一只猫")
        session = await played.session()
        assert not session.pending
        await played.paints()
        assert [recipe.prompt for recipe in played.engine.drawn] == ["一只猫"]


# ── the vote ────────────────────────────────────────────────────────────────────────────────────


async def test_a_vote_is_not_for_oneself_and_can_be_changed(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        sheet = await all_enter(played)
        assert "你自己的" in (await votes(played, "小红", "小红", sheet)).text
        assert "记下你这一票了" in (await votes(played, "小红", "小明", sheet)).text
        assert "你投的就是这张" in (await votes(played, "小红", "小明", sheet)).text
        answer = await votes(played, "小红", "小刚", sheet)
        assert "改投好了" in answer.text
        assert answer.delivery.reply.aside
        await played.later(60)
        assert any("🥇 小刚" in text and "1 票" in text for text in played.texts)


async def test_who_is_there_may_vote_and_joins_by_it_unless_it_is_locked(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        sheet = await all_enter(played)
        await votes(played, "路人", "小明", sheet)
        assert (await played.session()).member("chat:路人") is not None
        await played.fills_in("小明", "play:1:lock")
        assert "不再加人" in (await votes(played, "另一个", "小明", sheet)).text


async def test_a_vote_from_another_chat_finds_nothing(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        await all_enter(played)
        answer = await played.fills_in("外人", "play:1:vote0", "群二")
        assert answer.text == "找不到这一局了"


async def test_a_vote_that_comes_too_late_is_told_so(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        sheet = await all_enter(played)
        await votes(played, "小红", "小明", sheet)
        await played.later(60)
        assert "已经结束了" in (await played.presses("小刚", "甲", sheet)).text


async def test_a_button_of_no_picture_is_refused(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        assert "现在不能投票" in (await played.fills_in("小红", "play:1:vote0")).text
        await all_enter(played)
        assert "现在不能投票" in (await played.fills_in("小红", "play:1:vote9")).text
        assert "用不上" in (await played.fills_in("小红", "play:1:dance")).text


async def test_a_tie_is_voted_on_once_more(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        sheet = await all_enter(played)
        await votes(played, "小红", "小明", sheet)
        await votes(played, "小明", "小红", sheet)
        await played.later(60)
        assert any("平票，只在它们里再投一轮" in text for text in played.texts)
        again = played.last
        assert len(labels(again)) == 2
        lost = label_of(await played.session(), "小刚")
        assert "这一轮只在" in (await played.presses("小明", lost, sheet)).text
        await votes(played, "小刚", "小红", again)
        await votes(played, "小明", "小红", again)
        await votes(played, "小红", "小明", again)
        await played.settles()
        assert any("🥇 小红" in text and "1+2 票" in text for text in played.texts)
        assert any("🥈 小明" in text and "1+1 票" in text for text in played.texts)


async def test_a_tie_that_stays_is_shared(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        sheet = await all_enter(played)
        await votes(played, "小红", "小明", sheet)
        await votes(played, "小明", "小红", sheet)
        await played.later(60)
        await played.later(60)
        assert any("平分秋色" in text for text in played.texts)
        told = next(text for text in played.texts if "🥇" in text)
        assert told.count("🥇") == 2
        ranking = (await played.says("小红", "/榜单")).text
        assert ranking.count("3 分") == 2
        assert ranking.count("🥇") == 2


async def test_two_who_can_vote_only_for_each_other_share_it(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        sheet = await all_enter(played, {"小红": "一", "小明": "二"})
        await votes(played, "小红", "小明", sheet)
        await votes(played, "小明", "小红", sheet)
        assert (await played.session()).phase == "open"  # somebody else may still decide it
        await played.later(60)
        assert any("平分秋色" in text for text in played.texts)


async def test_nobody_votes(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        await all_enter(played)
        await played.later(60)
        assert any("没有人投票" in text for text in played.texts)
        assert "还没有人上榜" in (await played.says("小红", "/榜单")).text


async def test_more_than_a_sheet_holds_hang_on_several(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        await all_enter(played, {f"第{number}人": f"第{number}幅" for number in range(1, 15)})
        sheets = [one for one in played.chat.messages.values() if one.delivery.reply.plate]
        assert [len(labels(one)) for one in sheets] == [7, 7]
        assert "".join(labels(sheets[0]) + labels(sheets[1])) == "甲乙丙丁戊己庚辛壬癸子丑寅卯"
        assert "可以改投" in sheets[1].text
        assert "可以改投" not in sheets[0].text
        await played.presses("小明", "子", sheets[1])
        await played.later(60)
        told = next(one for one in played.chat.messages.values() if "🥇" in one.text)
        assert "子，1 票" in told.text
        assert told.pictures == 7


# ── who leads it ────────────────────────────────────────────────────────────────────────────────


async def test_the_host_closes_entries_and_the_vote_early(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        await enters(played, "小红", "一")
        assert "至少要 2 份" in (await played.presses("小明", "截稿")).text
        await enters(played, "小刚", "二")
        assert "只有主持人 小明 可以" in (await played.presses("小红", "截稿")).text
        await played.presses("小明", "截稿")
        assert "马上就好" in (await played.says("小明", "/跳过")).text
        await played.paints()
        sheet = played.last
        await votes(played, "小明", "小红", sheet)
        await played.shows_boards()
        await played.presses("小明", "开票")
        await played.settles()
        assert any("🥇 小红" in text for text in played.texts)


async def test_a_pause_stops_the_time(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        await enters(played, "小红", "一")
        await enters(played, "小刚", "二")
        await played.later(100)
        await played.presses("小明", "暂停")
        await played.paints()
        await played.later(1000)
        assert "暂停着" in (await enters(played, "小明", "三")).text
        await played.fills_in("小明", "play:1:resume")
        await played.later(79)
        assert not played.last.buttons
        await played.later(1)
        assert labels(played.last) == ["甲", "乙"]


async def test_a_pause_while_the_sheet_is_made_keeps_the_time_of_the_vote(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played, "雨，2 幅")
        await enters(played, "小红", "一")
        await enters(played, "小刚", "二")
        await played.presses("小明", "暂停")
        await played.paints()
        await played.later(1000)
        assert (await played.session()).phase == "open"
        await played.fills_in("小明", "play:1:resume")
        await played.later(59)
        assert (await played.session()).phase == "open"
        await played.later(1)
        assert (await played.session()).phase == "closed"


async def test_who_leaves_is_not_waited_for(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        sheet = await all_enter(played)
        await votes(played, "小红", "小明", sheet)
        await votes(played, "小明", "小红", sheet)
        await votes(played, "小明", "小刚", sheet)
        await votes(played, "小红", "小刚", sheet)
        assert (await played.session()).phase == "open"
        await played.says("小刚", "/退出局")
        assert (await played.session()).phase == "closing"


async def test_where_the_host_goes_the_next_member_leads_it(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        await enters(played, "小红", "一")
        await enters(played, "小刚", "二")
        await played.says("小明", "/退出局")
        assert "现在由 小红 主持" in played.last.text
        await played.presses("小红", "截稿")
        await played.paints()
        assert labels(played.last) == ["甲", "乙"]


async def test_in_english_the_marks_are_letters(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("管理员", "/设置 本群 英文")
        await played.says("Ann", "/session contest the colours of night, 2 rounds")
        assert "Press Enter, or answer this" in played.board.text
        await enters(played, "Ann", "a red moon")
        await enters(played, "Bob", "a green lantern")
        await played.paints()
        assert labels(played.last) == ["A", "B"]
        await played.presses("Ann", label_of(await played.session(), "Bob", "en"), played.last)
        await played.later(60)
        assert any("🥇 Bob: a green lantern" in text for text in played.texts)
        assert "🏆 Contest" in (await played.says("Ann", "/ranking")).text


async def test_nothing_can_be_taken_back(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        await enters(played, "小红", "一")
        await played.paints()
        assert "不能撤回" in (await played.says("小红", "/撤回")).text


# ── words ───────────────────────────────────────────────────────────────────────────────────────


async def test_words_that_are_no_entry_are_told_why(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        board = await opens(played, "雨，禁词 伞")
        assert "太长了" in (await enters(played, "小红", "长" * 10_000)).text
        assert "不用“伞”" in (await enters(played, "小红", "一把伞")).text
        assert "不画" in (await enters(played, "小红", "色情")).text
        assert "在玩" not in (await played.answers("小红", "/局", board)).text
        assert not (await played.session()).pending
        assert "主题太长了" in (await played.says("小刚", "/开局 接龙 " + "长" * 10_000)).text


async def test_who_is_banned_is_not_let_in_and_the_rest_goes_on(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        sheet = await all_enter(played)
        await played.says("管理员", "/封禁 chat:小刚")
        await votes(played, "小刚", "小明", sheet)
        await votes(played, "小红", "小明", sheet)
        assert "已投 1/3" in (await played.shows_boards()).text
        await played.later(60)
        assert any("🥇 小明" in text for text in played.texts)


async def test_the_budget_of_the_session_is_kept(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played, "雨，2 张图")
        await enters(played, "小红", "一")
        await enters(played, "小红", "一又")
        assert "张数用完了" in (await enters(played, "小明", "二")).text


# ── faults ──────────────────────────────────────────────────────────────────────────────────────


async def test_a_restart_loses_nothing(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        chat, clock = played.chat, played.clock
        await opens(played)
        await enters(played, "小红", "一")
        await enters(played, "小明", "二")
    async with game(tmp_path, chat=chat, clock=clock) as played:
        await enters(played, "小刚", "三")
        await played.paints()
        await played.later(180)
        sheet = played.last
        assert labels(sheet) == ["甲", "乙", "丙"]
        await votes(played, "小红", "小明", sheet)
    async with game(tmp_path, chat=chat, clock=clock) as played:
        assert "你投的就是这张" in (await votes(played, "小红", "小明", sheet)).text
        await votes(played, "小刚", "小明", sheet)
        await votes(played, "小明", "小刚", sheet)
    async with game(tmp_path, chat=chat, clock=clock) as played:
        await played.settles()
        told = [text for text in played.texts if "🥇 小明" in text]
        assert len(told) == 1
        assert "2 票" in told[0]
        assert (await played.session()).phase == "closed"
