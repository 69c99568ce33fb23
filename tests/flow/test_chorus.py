"""众笔: everybody shouts words for a while, and one picture is drawn of all of them."""

from pathlib import Path

from bot.game.chorus import Chorus
from generation.errors import BadRecipe
from tests.fakes import Posted
from tests.flow.game import Game, game
from tests.flow.scene import Hand


async def opens(played: Game, terms: str = "") -> Posted:
    """Open a chorus, and return what it opens with."""
    return await played.says("小明", f"/开局 众笔 江南烟雨，水墨风{terms}")


async def test_everybody_shouts_and_one_picture_is_drawn_of_all(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        assert "众笔开局：江南烟雨 · 水墨\n60 秒内" in played.last.text

        said = len(played.texts)
        await played.murmurs("小明", "竹林 小船")
        await played.murmurs("小红", "竹林!")
        await played.murmurs("阿青", "+1 竹林")
        await played.murmurs("阿青", "一只龍舟")
        await played.murmurs("小红", "+1")
        await played.murmurs("小红", "哈哈哈哈")
        assert len(played.texts) == said  # nothing is said of a word: the board shows it
        board = await played.shows_boards()
        assert "竹林 ×3 ▮▮▮\n龙舟 ×2 ▮▮\n小船\n⏳ 还有约 45 秒" in board.text

        await played.later(60)
        assert len(played.texts) == said
        assert "正在画" in (await played.shows_boards()).text
        await played.paints()
        (recipe,) = played.engine.drawn
        assert recipe.prompt == "江南烟雨，(竹林:1.5)，龙舟，(小船:0.8)，水墨风"

        await played.shows_boards()
        *_, shown, why, poster = [text for text in played.texts if text]
        assert shown.startswith("大家喊出来的画：\n小明：竹林 ×3\n阿青：龙舟 ×2\n小明：小船")
        assert why == "收局：3 个人喊了 3 个词。正在装裱……"
        assert poster.startswith("《江南烟雨》 · 众笔 · 小明、小红、阿青")
        assert "已收局" in played.board.text
        plates = [one for one in played.chat.messages.values() if one.delivery.reply.plate]
        assert len(plates) == 1  # one picture alone does not move

        await played.presses("小红", "再来一局", plates[0])
        assert (await played.session(2)).phase == "open"
        assert "众笔开局" in played.last.text


async def test_the_host_may_have_it_drawn_now(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        await played.presses("小明", "现在就画")
        assert "还没有词可画" in played.last.text
        await played.murmurs("小红", "月亮")
        await played.presses("小红", "现在就画")
        assert "只有主持人 小明 可以" in played.last.text
        await played.presses("小明", "现在就画")
        await played.says("小明", "/跳过")
        assert "时间到了，正在画" in played.last.text
        await played.paints()
        assert (await played.session()).phase == "closed"
        assert [recipe.prompt for recipe in played.engine.drawn] == ["江南烟雨，月亮，水墨风"]


async def test_where_nobody_shouts_it_waits_once_more_and_closes(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played, "，40 秒")
        await played.later(40)
        assert played.last.text == "还没有人喊词，再等 20 秒"
        await played.later(20)
        assert played.last.text == "收局：没有人喊词。这一局还没有画"
        assert played.engine.drawn == []


async def test_a_plus_means_what_it_answers_or_what_was_said_last(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        await played.says("小明", "竹林", to_me=False, id="m1")
        await played.says("小红", "小船 月亮", to_me=False, id="m2")
        await played.says("阿青", "+1", to_me=False, reply_to="m1")
        await played.says("阿黄", "加一", to_me=False, reply_to="m2")
        await played.murmurs("小明", "+1")
        await played.murmurs("小明", "+1")  # once is enough
        assert await words(played) == {"竹林": 2, "小船": 3, "月亮": 3}


async def test_whoever_speaks_to_it_is_told_why_a_word_is_none(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        opening = await opens(played, "，禁词 血")
        said = [
            ("血月", "这一局说好了不用“血”，换一句吧"),
            ("@机器人 😀", "没听出能画的词"),
            ("https://example.com/a", "没听出能画的词"),
            ("什么时候画？", "没听出能画的词"),
            ("+1", "没听出能画的词"),
            ("竹" * 31, "太长了，喊词就行，最多 30 个字"),
            ("竹" * 10_000, "太长了，喊词就行，最多 30 个字"),
            ("色情", "不"),
        ]
        for text, told in said:
            await played.answers("小红", text, opening)
            assert told in played.last.text, text
        await played.answers("小红", "竹林", opening)
        await played.answers("小红", "竹林", opening)
        assert "这个你喊过了" in played.last.text
        assert await words(played) == {"竹林": 1}


async def test_nobody_is_told_off_who_only_talks(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played, "，禁词 血")
        said = len(played.texts)
        for text in ("血月", "😀", "@小明 在吗", "不要竹林", "什么时候画？", "色情", "竹" * 31):
            await played.murmurs("小红", text)
        await played.murmurs("小红", "/不知道 竹林")
        assert len(played.texts) == said
        assert await words(played) == {}


async def test_a_picture_of_ones_own_is_still_to_be_had(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        await played.says("小红", "画一只猫")
        await played.says("小红", "月亮")  # to the bot, and a word
        assert await words(played) == {"月亮": 1}
        await played.paints()
        assert [recipe.prompt for recipe in played.engine.drawn] == ["一只猫"]


async def test_only_so_many_words_are_kept(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        opening = await opens(played)
        things = [f"word {chr(97 + n // 26)}{chr(97 + n % 26)}x" for n in range(50)]
        for number, thing in enumerate(things):
            await played.murmurs(f"人{number // 8}", thing)
        assert len(await words(played)) == 40
        await played.answers("小红", "竹林", opening)
        assert "词够多了，给喜欢的 +1 吧" in played.last.text
        await played.answers("小红", "word aax", opening)
        assert (await words(played))["word aax"] == 2
        board = await played.shows_boards()
        assert len(board.text.splitlines()) < 20


async def test_one_member_does_not_fill_it_alone(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        for number in range(15):
            await played.murmurs("小明", f"thing {chr(97 + number)}x")
        assert len(await words(played)) == 10


async def test_what_comes_too_late_is_not_drawn(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        opening = await opens(played)
        await played.murmurs("小明", "竹林")
        await played.later(60)
        await played.murmurs("小红", "月亮")
        await played.answers("小红", "月亮", opening)
        assert "时间到了，正在画" in played.last.text
        await played.paints()
        assert await words(played) == {"竹林": 1}
        said = len(played.texts)
        await played.murmurs("小红", "月亮")
        assert len(played.texts) == said


async def test_the_banned_are_not_heard_and_the_host_may_go(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        await played.murmurs("小红", "月亮")
        await played.says("管理员", "/封禁 chat:小红", chat="管理员")
        await played.murmurs("小红", "太阳")
        await played.murmurs("阿青", "竹林")
        await played.says("小明", "/退出局")
        assert await words(played) == {"月亮": 1, "竹林": 1}
        await played.later(60)
        await played.paints()
        assert len(played.engine.drawn) == 1
        assert (await played.session()).phase == "closed"


async def test_nothing_is_heard_while_it_is_paused(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        await played.presses("小明", "暂停")
        said = len(played.texts)
        await played.murmurs("小红", "月亮")
        await played.later(300)
        assert len(played.texts) == said
        await played.shows_boards()
        await played.presses("小明", "继续")
        await played.murmurs("小红", "太阳")
        await played.later(60)
        assert await words(played) == {"太阳": 1}
        assert "正在画" in (await played.shows_boards()).text


async def test_where_it_cannot_be_drawn_it_is_tried_again_once(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await opens(played)
        await played.murmurs("小红", "月亮")
        await played.later(60)
        played.engine.errors = [BadRecipe("画不了"), BadRecipe("画不了")]
        await played.paints()
        assert "（画不了）。30 秒后再画一次，还可以接着喊" in played.last.text
        await played.murmurs("小明", "太阳")
        await played.later(30)
        await played.paints()
        assert "收局：没画成" in played.last.text


async def test_a_kill_loses_no_word(tmp_path: Path) -> None:
    clock = Hand()
    async with game(tmp_path, clock=clock) as played:
        await opens(played)
        await played.murmurs("小红", "月亮")
        chat = played.chat
    async with game(tmp_path, chat=chat, clock=clock) as played:
        await played.murmurs("阿青", "月亮")
        clock.now += 100  # it was down for long: what is overdue comes once
        await played.later(0)
        chat = played.chat
    async with game(tmp_path, chat=chat, clock=clock) as played:
        await played.later(0)
        await played.paints()
        assert [recipe.prompt for recipe in played.engine.drawn] == ["江南烟雨，月亮，水墨风"]
        assert await words(played) == {"月亮": 2}
        assert sum("大家喊出来的画" in text for text in played.texts) == 1


async def words(played: Game) -> dict[str, int]:
    """Return how many voices each word has."""
    chorus = (await played.session()).game
    assert isinstance(chorus, Chorus)
    return {word.text: len(word.voices) for word in chorus.words}
