"""长卷: each draws the next part of one long picture."""

from pathlib import Path

from bot.session import Step
from generation.errors import BadRecipe
from generation.recipe import Expand
from tests.flow.game import Game, game
from tests.flow.scene import Hand


async def begins(played: Game, terms: str = "，3 段") -> None:
    """Open a scroll of two, and draw its first part."""
    await played.says("小明", f"/开局 长卷 雪地里{terms}")
    await played.presses("小红", "加入")
    await played.says("小明", "企鹅")
    await played.paints()


async def steps(played: Game) -> list[Step]:
    """Return the parts that it has."""
    return list((await played.session()).steps)


async def test_each_part_goes_on_to_the_right_of_the_last(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 长卷 雪地里，2 段")
        assert (
            played.last.text
            == "长卷开局：雪地里\n每人往右画一段，接成一幅长卷。轮到 小明（2 分钟）"
        )
        await played.presses("小红", "加入")
        await played.says("小明", "企鹅")
        await played.paints()
        assert played.last.text.startswith("第 1 段 小明：企鹅\n轮到 小红")
        await played.answers("小红", "松树", played.last)
        await played.paints()

        first, second = played.engine.drawn
        assert (first.width, first.height, first.source) == (256, 256, "")
        assert (second.width, second.height) == (256, 256)
        assert second.expand == Expand(right=224)
        assert second.prompt == "雪地里，(松树:1.3)"
        assert first.seed != second.seed
        parts = await steps(played)
        assert parts[0].canvas
        assert second.source == parts[0].canvas.sha256

        texts = played.texts
        assert any(text.startswith("第 2 段 小红：松树") for text in texts)
        assert "收局：2 段画满了。正在装裱……" in texts
        assert any("小明：企鹅\n小红：松树" in text for text in texts)
        plates = [one.delivery.reply.plate for one in played.chat.messages.values()]
        pan, scroll = [plate for plate in plates if plate]
        assert pan.path.suffix == ".gif"
        assert scroll.width > 2 * (256 + 224)  # twice as high, and mounted
        await played.presses("小红", "再来一局", played.last)
        assert "长卷开局：雪地里" in played.last.text


async def test_it_grows_to_the_left_where_that_is_said(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await begins(played, "，向左，2 段")
        assert "每人往左画一段" in played.texts[0]
        await played.says("小红", "松树")
        await played.paints()
        assert played.engine.drawn[1].expand == Expand(left=224)
        await played.presses("小明", "再来一局", played.last)
        assert "每人往左画一段" in played.last.text


async def test_a_part_is_taken_back_by_most_and_drawn_anew(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await begins(played)
        await played.says("小红", "松树")
        await played.paints()
        await played.shows_boards()
        await played.presses("小明", "撤回")
        assert "小明 想撤回上一步，同意的也点撤回（1/2）" in played.last.text
        await played.presses("小红", "撤回")
        assert "撤回了“松树”；轮到 小红" in played.last.text
        await played.says("小红", "松树")
        await played.paints()
        _, before, after = played.engine.drawn
        assert before.source == after.source
        assert before.seed != after.seed
        assert [step.words for step in await steps(played)] == ["企鹅", "松树"]


async def test_turns_pass_and_are_skipped_as_in_a_relay(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await begins(played)
        await played.later(121)
        assert "小红 没接上，先跳过；轮到 小明" in played.last.text
        await played.says("小红", "/跳过")
        assert "只有轮到的人或主持人可以跳过" in played.last.text
        await played.says("小明", "/跳过")
        assert "跳过；轮到 小红" in played.last.text


async def test_two_in_the_same_second_and_words_that_are_none(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await begins(played, "，3 段，禁词 血、Blood、龙")
        opening = played.last
        for said, word in (("血月", "血"), ("a bLOOD moon", "Blood"), ("一条龍", "龙")):
            await played.answers("小红", said, opening)
            assert f"这一局说好了不用“{word}”" in played.last.text
        await played.answers("小红", "长" * 300, opening)
        assert "太长了，一句最多 200 个字" in played.last.text
        await played.answers("小红", "松树", opening)
        await played.answers("小明", "雪人", opening)
        assert "等 小红 这一张画好再接" in played.last.text
        await played.says("小红", "/撤回")
        await played.says("小明", "/跳过")
        assert "这一张还在画，画好再说" in played.last.text
        await played.paints()
        assert [step.words for step in await steps(played)] == ["企鹅", "松树"]


async def test_a_part_that_fails_may_be_said_again(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await begins(played)
        played.engine.errors = [BadRecipe("画不了")]
        await played.says("小红", "松树")
        await played.paints()
        assert "（画不了）。轮到 小红" in played.last.text
        await played.says("小红", "小鹿")
        await played.paints()
        assert [step.words for step in await steps(played)] == ["企鹅", "小鹿"]


async def test_one_turn_is_one_picture_whatever_its_braces(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await begins(played)
        await played.says("小红", "{红,蓝}灯笼")
        await played.paints()
        assert played.last.pictures == 1
        assert played.engine.drawn[-1].prompt == "雪地里，(红,蓝灯笼:1.3)"


async def test_a_kill_loses_no_part(tmp_path: Path) -> None:
    clock = Hand()
    async with game(tmp_path, clock=clock) as played:
        await begins(played, "，9 段")
        await played.says("小红", "松树")
        chat = played.chat
    async with game(tmp_path, chat=chat, clock=clock) as played:
        await played.paints()
        assert "第 2 段 小红：松树" in played.last.text
        chat = played.chat
    async with game(tmp_path, chat=chat, clock=clock) as played:
        await played.says("小明", "雪人")
        await played.paints()
        assert [step.words for step in await steps(played)] == ["企鹅", "松树", "雪人"]
        assert sum("第 2 段" in text for text in played.texts) == 1
