"""接龙: each adds a clause, and each turn is drawn over the last canvas."""

import sqlite3
from contextlib import closing
from pathlib import Path

from benchmarks.group.killing import Witness
from tests.flow.game import game


def faults(folder: Path) -> list[str]:
    """Return what the benchmark that kills it would hold against it."""
    witness = Witness()
    witness.check(folder / "danqing.db")
    return witness.faults


async def test_its_turns_played_again_lead_to_what_it_is(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 接龙 江南烟雨")
        await played.says("小明", "一座石桥")
        await played.paints()
    assert faults(tmp_path) == []
    with closing(sqlite3.connect(tmp_path / "danqing.db")) as db, db:
        db.execute("DELETE FROM turns WHERE number = 3")
    assert faults(tmp_path) == ["session 1: its turns, played again, do not lead to what it is"]


async def test_how_much_is_drawn_anew_is_the_chats_to_say_and_the_openers(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        played.chat.roles["管理员"] = ("admin",)
        await played.says("管理员", "/设置 本群 局 强度 0.4")
        for said, strength in (("江南", 0.4), ("江南，强度 0.9", 0.9)):
            await played.says("小明", f"/开局 接龙 {said}，2 棒")
            for words in ("一座石桥", "一只小船"):
                await played.says("小明", words)
                await played.paints()
            assert played.engine.drawn[-1].strength == strength


async def test_a_strength_that_is_none_is_refused(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 接龙 江南，强度 7")
        assert played.last.text == "强度要在 0.05 到 1 之间"


async def test_who_has_left_has_no_vote_any_more(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 接龙 江南烟雨，9 棒")
        for name in ("小红", "阿青", "老王"):
            await played.presses(name, "加入")
        await played.says("小明", "一座石桥")
        await played.paints()
        await played.says("小红", "/撤回")
        assert "小红 想撤回上一步" in played.last.text
        await played.says("小红", "/退出局")
        await played.says("阿青", "/撤回")
        assert "（1/2）" in played.last.text
        await played.says("老王", "/撤回")
        assert "撤回了“一座石桥”" in played.last.text


async def test_members_take_turns_and_each_is_drawn_on_the_last(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 接龙 江南烟雨，水墨风，3 棒")
        assert "轮到 小明" in played.last.text
        await played.presses("小红", "加入")
        await played.says("小明", "一座石桥")
        await played.paints()
        assert "第 1 棒 小明：一座石桥" in played.last.text
        assert "轮到 小红" in played.last.text
        assert played.last.pictures == 1

        await played.answers("小红", "桥下一只小船", played.last)
        await played.paints()
        assert "第 2 棒 小红：桥下一只小船" in played.last.text
        first, second = played.engine.drawn
        assert not first.source
        assert second.source
        assert second.strength < 1
        assert "江南烟雨，一座石桥和(桥下一只小船:1.15)" in second.prompt

        await played.says("小明", "船上有灯")
        await played.paints()
        assert "3 棒接满了" in "".join(played.texts)
        session = await played.session()
        assert session.phase == "closed"
        assert [step.words for step in session.steps] == ["一座石桥", "桥下一只小船", "船上有灯"]
        await played.shows_boards()
        assert "已收局" in played.board.text
