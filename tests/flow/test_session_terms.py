"""What a session may take: the chat's settings, the opener's words, and nobody's own share."""

from pathlib import Path

import pytest

from bot.form import JOINT
from bot.quota import QuotaConfig
from bot.settings import Settings
from bot.store.limits import QueueConfig
from tests.conftest import Studio
from tests.flow.game import Game, game
from tests.flow.scene import GROUP


@pytest.fixture
def group(studio: Studio) -> Studio:
    """A group: 群主 keeps it, 阿青 is in it."""
    studio.adapter.group = True
    studio.adapter.roles = {"群主": ("admin",), "阿青": ("member",)}
    return studio


async def test_admins_set_the_terms_of_what_is_opened_in_their_group(group: Studio) -> None:
    await group.says("群主", "/设置 本群 水墨风，局 8 棒，60 秒，30 张，禁词 血")
    assert "局：8 棒，60 秒，30 张，禁词 血（本群的）" in group.texts[-1]
    assert "风格：水墨（本群的）" in group.texts[-1]
    await group.says("阿青", "/开局 接龙 江南烟雨，5 棒")
    kept = await group.store.read(group.store.sessions.get, 1)
    assert kept is not None
    terms = kept.session.terms
    assert (terms.turns, terms.turn_s, terms.pictures, terms.unwanted) == (5, 60.0, 30, ("血",))
    await group.says("群主", "/设置 本群 局 默认")
    assert "局：" not in group.texts[-1]


@pytest.mark.parametrize("said", ["局 8 棒", "开局 管理员"])
async def test_nobody_else_sets_them(group: Studio, said: str) -> None:
    await group.says("阿青", f"/设置 本群 {said}")
    assert group.texts[-1] == "本群的设置只有群主和管理员可以改；你自己的用 /设置 改"
    await group.says("群主", f"/设置 {said}")
    assert group.texts[-1] == "局的规矩，要在群里由管理员设置：/设置 本群 局 8 棒，60 秒"
    found = await group.store.read(group.store.preferences.get, "console:local")
    assert found == Settings()


async def test_terms_that_are_none_are_not_kept(group: Studio) -> None:
    await group.says("群主", "/设置 本群 局 8 棒，江南烟雨")
    assert group.texts[-1].startswith("看不懂“江南烟雨”。例如：")
    await group.says("群主", "/设置 本群 局 8 棒，只限 @阿青")
    assert group.texts[-1].startswith("看不懂“8 棒，只限 @阿青”。例如：")
    await group.says("群主", "/设置 本群 局 3 秒")
    assert group.texts[-1] == "每回的时间要在 10 秒到一天之间"
    found = await group.store.read(group.store.preferences.get, "console:local")
    assert found == Settings()


async def test_a_group_may_leave_it_to_its_admins_to_open_sessions(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        played.chat.roles = {"群主": ("owner",)}
        await played.says("群主", "/设置 本群 开局 管理员")
        assert "开局：只有群主和管理员（本群的）" in played.last.text
        await played.says("小明", "/开局 接龙 江南")
        assert played.last.text == "这里的局由群主和管理员来开"
        form = (await played.says("小明", "/开局")).buttons[0].action.pack()
        await played.fills_in("小明", form, theme="江南")
        assert played.last.text == "这里的局由群主和管理员来开"
        await played.fills_in("群主", form, theme="江南", terms="1 棒")
        await played.says("群主", "一座石桥")
        finale = await played.paints()
        await played.presses("小明", "再来一局", finale)
        assert played.last.text == "这里的局由群主和管理员来开"
        await played.presses("群主", "再来一局", finale)
        assert (await played.session(2)).host == "chat:群主"
        await played.says("群主", "/设置 本群 开局 大家，局 默认")
        await played.presses("群主", "结束")
        await played.says("小明", "/开局 接龙 江南")
        assert (await played.session(3)).host == "chat:小明"


@pytest.mark.parametrize(
    "answer", ["主题：江南\n规矩：1 棒", "江南，1 棒", "规矩：1 棒\n主题：江南"]
)
async def test_a_form_that_is_a_text_is_read_line_by_line_or_as_it_is(
    tmp_path: Path, answer: str
) -> None:
    async with game(tmp_path) as played:
        form = (await played.says("小明", "/开局")).buttons[0].action.pack()
        await played.fills_in("小明", form, **{JOINT: answer})
        session = await played.session()
        assert (session.theme, session.terms.turns) == ("江南", 1)


async def test_only_who_is_invited_joins(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小刚", "/队列")
        opening = "/开局 接龙 江南，1 棒，只限 @小红 @小刚"
        await played.says("小明", opening, mentions=["小红"])
        session = await played.session()
        assert session.theme == "江南"
        assert session.terms.invited == ("chat:小明", "chat:小红", "chat:小刚")
        assert "只限受邀的人" in played.board.text
        await played.presses("小黑", "加入")
        assert played.last.text == "这一局只请了几个人玩，先看着吧，等下一局"
        await played.answers("小黑", "一座石桥", played.board)
        assert played.last.text == "这一局只请了几个人玩，先看着吧，等下一局"
        await played.presses("小刚", "加入")
        await played.says("小明", "一座石桥")
        finale = await played.paints()
        await played.presses("小黑", "再来一局", finale)
        assert played.last.text == "这一局只请了几个人玩，想玩就自己开一局：/开局"
        await played.presses("小红", "再来一局", finale)
        assert (await played.session(2)).host == "chat:小红"


async def test_a_group_may_play_by_invitation_and_the_host_invites(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        played.chat.roles = {"群主": ("owner",)}
        await played.says("群主", "/设置 本群 局 凭邀请")
        assert "局：凭邀请（本群的）" in played.last.text
        await played.says("小明", "/开局 接龙 江南，1 棒")
        assert "只限受邀的人" in played.board.text
        await played.presses("小红", "加入")
        assert played.last.text == "这一局只请了几个人玩，先看着吧，等下一局"
        await played.says("小红", "/邀请 @小红")
        assert played.last.text == "只有主持人 小明 可以"
        await played.says("小明", "/邀请 @小红")
        assert played.last.text == "小红 也可以来，点“加入”就行"
        await played.says("小明", "/邀请 @小红")
        assert played.last.text == "小红 已经请过了"
        await played.presses("小红", "加入")
        assert "小红 加入了" in played.last.text
        await played.says("小明", "/开局 众笔 江南，谁都能来")
        await played.says("小明", "/邀请 @小红")
        assert played.last.text == "这一局谁都能来，点“加入”就行"


async def test_so_many_play_at_a_time_as_the_terms_say(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 接龙 江南，最多 2 人")
        await played.presses("小红", "加入")
        await played.presses("小刚", "加入")
        assert played.last.text == "这一局人满了，最多 2 人"
        await played.says("小红", "/退出局")
        await played.presses("小刚", "加入")
        assert "小刚 加入了" in played.last.text
        await played.presses("小红", "加入")
        assert played.last.text == "这一局人满了，最多 2 人"


async def test_nobody_is_invited_of_whom_nothing_is_known(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 接龙 江南，只限 @没来过")
        assert "没见过 没来过" in played.last.text
        assert await played.store.read(played.store.sessions.get, 1) is None


async def turns(played: Game, count: int) -> None:
    """小明 and 小红 take turns."""
    for number in range(count):
        await played.answers(("小明", "小红")[number % 2], f"石桥{number}", played.board)
        await played.paints()


async def test_the_members_own_share_is_not_touched(tmp_path: Path) -> None:
    quota = QuotaConfig(pictures_per_day=2, seconds_per_day=5, cooldown_s=600)
    async with game(tmp_path, quota=quota) as played:
        before = (await played.says("小明", "/额度")).text
        assert "还剩 2 张" in before
        await played.says("小明", "/开局 接龙 江南，4 棒")
        await played.presses("小红", "加入")
        await turns(played, 4)
        assert (await played.session()).phase == "closed"
        assert (await played.says("小明", "/额度")).text == before
        await played.says("小明", "画一座山")
        assert "收到" in played.last.text
        await played.says("小明", "画一条河")
        assert "收到" not in played.last.text
        await played.says("小明", "/开局 接龙 江南，2 棒")
        await played.says("小明", "一座石桥")
        await played.paints()
        assert "第 1 棒 小明：一座石桥" in played.texts[-1]


async def test_who_waits_for_much_takes_their_turn_all_the_same(tmp_path: Path) -> None:
    queue = QueueConfig(waiting_per_user=1, drawing_per_user=4)
    async with game(tmp_path, queue=queue) as played:
        await played.says("小明", "/开局 接龙 江南，2 棒")
        await played.says("小明", "画一座山", "群二")
        await played.says("小明", "画一条河", "群二")
        assert "排队" in played.last.text
        await played.says("小明", "一座石桥")
        await played.paints()
        assert any("第 1 棒 小明：一座石桥" in text for text in played.texts)


async def test_a_full_chat_says_so_and_the_turn_is_still_theirs(tmp_path: Path) -> None:
    queue = QueueConfig(waiting_per_chat=1, drawing_per_user=4)
    async with game(tmp_path, queue=queue) as played:
        await played.says("小明", "/开局 接龙 江南，2 棒")
        await played.says("小红", "画一座山")
        await played.says("小明", "一座石桥")
        assert "这里已经有 1 个任务在排队" in played.last.text
        await played.paints()
        await played.says("小明", "一座石桥")
        await played.paints()
        assert "第 1 棒 小明：一座石桥" in played.last.text


async def test_when_the_pictures_are_used_up_it_is_over(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 接龙 江南，9 棒，2 张")
        await played.presses("小红", "加入")
        await turns(played, 2)
        session = await played.session()
        assert (session.phase, session.pictures) == ("closed", 2)
        assert any("收局：这一局的张数用完了" in text for text in played.texts)


async def test_when_the_engines_time_is_used_up_it_is_over(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        played.engine.seconds = 7.0
        await played.says("小明", "/开局 接龙 江南，9 棒，引擎 10 秒")
        await played.presses("小红", "加入")
        await turns(played, 2)
        session = await played.session()
        assert (session.phase, session.seconds) == ("closed", 14.0)
        assert any("收局：这一局的引擎时间用完了" in text for text in played.texts)
        assert [one.chat for one in played.chat.messages.values()] == [GROUP] * len(
            played.chat.messages
        )


async def test_it_is_played_in_the_language_of_the_chat_or_else_of_its_opener(
    tmp_path: Path,
) -> None:
    async with game(tmp_path) as played:
        played.chat.roles = {"群主": ("owner",)}
        await played.says("Ann", "/settings language en")
        await played.says("Ann", "/session relay a cat, 1 turn")
        assert "Host Ann" in played.board.text
        await played.says("Ann", "/end")
        await played.says("群主", "/设置 本群 语言 中文")
        await played.says("Ann", "/session relay a cat, 1 turn")
        assert "主持 Ann" in played.board.text
