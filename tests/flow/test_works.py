"""/作品 and /榜单: what a chat has painted together, and who has won; a session in the gallery."""

from dataclasses import replace
from pathlib import Path

from tests.flow.game import Game, game
from tests.flow.test_contest import all_enter, label_of, labels, opens, votes


async def test_works_are_listed_and_hung_again_in_their_chat_alone(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        assert "还没有一起画过" in (await played.says("小红", "/作品")).text
        for number in range(1, 11):
            await played.says("小明", f"/开局 接龙 第{number}局，1 棒")
            assert "还没收" in (await played.says("小明", f"/作品 {number}")).text
            await played.says("小明", "一座石桥")
            await played.paints()
        page = await played.says("小红", "/作品")
        assert "10 · 接龙《第10局》 · 小明 · 1 张" in page.text
        assert labels(page) == ["10", "9", "8", "7", "6", "5", "4", "3", "更早的"]
        older = await played.presses("小红", "更早的", page)
        assert labels(older) == ["2", "1"]
        before = await played.session(2)
        await played.presses("小红", "2", older)
        await played.settles()
        assert "第2局" in played.last.text
        after = await played.session(2)
        assert after == replace(before, marks=after.marks)

        assert "还没有一起画过" in (await played.says("外人", "/作品", "群二")).text
        assert "找不到这一局了" in (await played.says("外人", "/作品 2", "群二")).text
        assert "找不到这一局了" in (await played.fills_in("外人", "play:2:show", "群二")).text


async def test_an_artwork_that_is_gone_is_left_out_of_what_is_shown(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        sheet = await all_enter(played)
        await votes(played, "小红", "小明", sheet)
        await votes(played, "小刚", "小明", sheet)
        await votes(played, "小明", "小红", sheet)
        await played.settles()
        session = await played.session()
        closed_at = session.closed_at
        await deletes(played, "小刚", session.steps[2].artworks[0])
        await played.says("小红", "/作品 1")
        await played.settles()
        shown = [one for one in played.chat.messages.values() if "🥇" in one.text][-1]
        assert len(shown.delivery.reply.artworks) == 2
        assert played.last.delivery.reply.plate is not None

        for member, step in zip(("小明", "小红"), session.steps, strict=False):
            await deletes(played, member, step.artworks[0])
        await played.says("小红", "/作品 1")
        await played.settles()
        assert "🥇 小明" in played.last.text
        assert not played.last.delivery.reply.artworks
        after = await played.session()
        assert (after.phase, after.closed_at, after.exhibits) == ("closed", closed_at, ())


async def deletes(played: Game, name: str, artwork: int) -> None:
    """Somebody deletes a picture of theirs."""
    shown = await played.says(name, f"/查看 {artwork}")
    for label in ("🗑", "真的删除"):
        shown = await played.presses(name, label, shown)


async def test_the_ranking_tells_this_week_and_ever(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        assert "还没有人上榜" in (await played.says("小红", "/榜单")).text
        await wins(played, "小红", over="小明")
        assert (
            await played.says("小红", "/榜单")
        ).text == "🏆 斗图榜 · 本周也是总榜\n🥇 小红 3 分（1 局）"
        await played.later(7 * 86_400)
        assert (await played.says("小红", "/榜单")).text == "🏆 斗图榜 · 总榜\n🥇 小红 3 分（1 局）"
        await wins(played, "小明", over="小红")
        await wins(played, "小明", over="小红")
        assert (await played.says("小红", "/ranking")).text == (
            "🏆 斗图榜 · 本周\n🥇 小明 6 分（2 局）\n\n"
            "🏆 斗图榜 · 总榜\n🥇 小明 6 分（2 局）\n🥈 小红 3 分（1 局）"
        )
        assert "还没有人上榜" in (await played.says("外人", "/榜单", "群二")).text


async def wins(played: Game, winner: str, *, over: str) -> None:
    """Somebody wins a contest, by one vote."""
    await played.says("路人", "/开局 斗图 雨，2 幅")
    id_ = max(await played.store.read(played.store.sessions.shown))
    await played.fills_in(winner, f"play:{id_}:enter", words=f"{winner}的雨")
    await played.fills_in(over, f"play:{id_}:enter", words=f"{over}的雨")
    await played.paints()
    sheet = played.last
    session = await played.session(id_)
    await played.presses("路人", label_of(session, winner), sheet)
    await played.later(60)
    await played.shows_boards()


async def test_the_steps_of_a_relay_are_one_line_of_pictures(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 接龙 江南烟雨，水墨风，3 棒")
        for words in ("一座石桥", "桥下一只小船", "船上有灯"):
            await played.says("小明", words)
            await played.paints()
        ids = [step.artworks[0] for step in (await played.session()).steps]
        found = await played.store.read(played.store.gallery.get, ids)
        assert [one.parent_id for one in found] == [None, *ids[:2]]
        tree = await played.says("小红", f"/溯源 {ids[1]}")
        assert "2 ← 1 · 变化 ＋桥下一只小船" in tree.text
        assert "3 ← 2 · 变化 －一座石桥 ＋船上有灯" in tree.text
        assert tree.delivery.reply.plate is not None

        await deletes(played, "小明", ids[1])
        assert "3 ← 1" in (await played.says("小红", f"/溯源 {ids[2]}")).text
        await played.says("小明", "/作品 1")
        await played.settles()
        assert played.last.delivery.reply.plate is not None
