"""福袋, read as talk."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.action import Action, Verb
from bot.command import Call
from bot.event import Chat, Press, User
from bot.quota import DAY_S, QuotaConfig
from bot.role import RoleConfig
from tests.conftest import Studio, opened_studio

PEOPLE = ("小丹", "阿蓝", "阿绿", "阿紫", "阿橙")
HOUR_S = 3600.0


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncGenerator[Studio]:
    async with opened_studio(tmp_path, quota=QuotaConfig(pictures_per_day=20)) as studio:
        studio.clock.now = 9 * HOUR_S  # five in the afternoon
        yield studio


async def left(studio: Studio, name: str) -> int:
    """What somebody may still draw today, as they are told."""
    await studio.says(name, "/额度")
    (line,) = [line for line in studio.texts[-1].split("\n") if "还剩" in line]
    return int(line.partition("还剩 ")[2].removesuffix(" 张"))


async def test_the_first_who_press_share_it_and_the_last_tells_who_got_what(
    studio: Studio,
) -> None:
    await studio.says("阿青", "/福袋 10 5人")
    assert studio.texts[-1] == ("🧧 阿青 送出 10 张，5 个人抢，24 小时内有效\n你今天还剩 10 张")
    ((button,),) = studio.last.reply.buttons
    assert (button.label, button.action) == ("🧧 抢", Action(Verb.GRAB, 1))
    for number, name in enumerate(PEOPLE):
        await studio.says(name, ":grab:1")
        first, *_ = studio.texts[-1].split("\n")
        if number < 4:
            assert first.endswith(f"；福袋还有 {4 - number} 份")
    got = {name: await left(studio, name) - 20 for name in PEOPLE}
    assert min(got.values()) >= 1
    assert sum(got.values()) == 10
    last = next(text for text in studio.texts if "抢完了" in text)
    lines = last.split("\n")
    assert lines[0] == f"阿橙 抢到 {got['阿橙']} 张，今天还剩 {20 + got['阿橙']} 张"
    assert lines[1] == "阿青 的福袋抢完了，10 张："
    luckiest = max(PEOPLE, key=lambda name: got[name])
    assert lines[2:] == [
        f"  {name} {got[name]} 张" + ("（手气最佳）" if name == luckiest else "") for name in PEOPLE
    ]
    assert await left(studio, "阿青") == 10


async def test_what_was_taken_is_drawn(studio: Studio) -> None:
    await studio.says("阿青", "/福袋 20 1人")
    await studio.says("小丹", ":grab:1")
    assert studio.texts[-1].startswith("小丹 抢到 20 张，今天还剩 40 张")
    for _ in range(10):
        await studio.says("小丹", "画四张猫")
        await studio.paint_all()
    assert "画好了" in studio.texts[-1]
    await studio.says("小丹", "画一只猫")
    assert studio.texts[-1].startswith("你今天的 20 张用完了")
    await studio.says("阿青", "画一只猫")
    assert studio.texts[-1].startswith("你今天的 20 张用完了")


async def test_twenty_presses_take_one_share(studio: Studio) -> None:
    await studio.says("阿青", "/福袋 10 5人")
    for _ in range(20):
        await studio.says("小丹", ":grab:1")
    got = await left(studio, "小丹") - 20
    assert studio.texts[-2] == f"你已经抢过了，抢到 {got} 张"
    gift = await studio.store.read(studio.store.gifts.get, 1)
    assert gift is not None
    assert gift.open == 4
    assert [share.name for share in gift.shares if share.taken] == ["小丹"]


async def test_twenty_people_at_once_share_what_there_is(studio: Studio) -> None:
    await studio.says("阿青", "/福袋 20 7人")
    before = len(studio.texts)
    for number in range(20):
        await studio.says(f"客{number}", ":grab:1")
    said = studio.texts[before:]
    assert sum("抢到" in text for text in said) == 7
    assert said.count("手慢了，福袋已经抢完了") == 13
    gift = await studio.store.read(studio.store.gifts.get, 1)
    assert gift is not None
    assert len({share.user for share in gift.shares}) == 7


async def test_the_giver_may_take_one_share_and_no_more(studio: Studio) -> None:
    await studio.says("阿青", "/福袋 10 2人")
    await studio.says("阿青", ":grab:1")
    assert "阿青 抢到" in studio.texts[-1]
    await studio.says("阿青", ":grab:1")
    assert studio.texts[-1].startswith("你已经抢过了")


async def test_what_nobody_took_in_a_day_comes_back(studio: Studio) -> None:
    await studio.says("阿青", "/福袋 10 2人")
    await studio.says("小丹", ":grab:1")
    got = await left(studio, "小丹") - 20
    studio.clock.now += DAY_S - 60
    assert await left(studio, "阿青") == 20
    studio.clock.now += 60
    await studio.says("阿蓝", ":grab:1")
    assert studio.texts[-1] == "这个福袋过期了，没抢完的已经退回去了"
    assert await left(studio, "阿青") == 20 + 10 - got
    assert "福袋：送出 0 张，抢到 0 张，退回" in studio.texts[-1]
    assert await left(studio, "小丹") == 20


async def test_what_comes_back_is_not_saved_up(studio: Studio) -> None:
    for _ in range(3):
        await studio.says("阿青", "/福袋 20 1人")
        assert "送出 20 张" in studio.texts[-1]
        await studio.says("阿青", "/福袋 1 1人")
        assert studio.texts[-1] == "你今天没有张数可以送了，明天 0 点再来"
        studio.clock.now += DAY_S + 60
        assert await left(studio, "阿青") <= 40


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("/福袋", "送几张，给几个人？例如：/福袋 10 5人"),
        ("/福袋 很多", "送几张，给几个人？例如：/福袋 10 5人"),
        ("/福袋 3 5人", "3 张不够 5 个人分，每人至少 1 张"),
        ("/福袋 21 5人", "你今天最多还能送 20 张"),
        ("/福袋 0 0人", "福袋至少 1 张，给 1 个人"),
        ("/福袋 -10 5人", "福袋至少 1 张，给 1 个人"),
        ("/福袋 99999999999999999999 5人", "你今天最多还能送 20 张"),
        ("/福袋 500 101人", "一个福袋最多 100 个人抢"),
    ],
)
async def test_a_gift_that_cannot_be_is_refused_with_the_reason(
    studio: Studio, said: str, words: str
) -> None:
    await studio.says("阿青", said)
    assert studio.texts[-1] == words
    assert await left(studio, "阿青") == 20


@pytest.mark.parametrize(
    "said", ["/福袋 十张 五人", "/gift 10 5", "/福袋 10张5个人", "/福袋 10张分给5人"]
)
async def test_it_is_said_in_many_ways(studio: Studio, said: str) -> None:
    await studio.says("阿青", said)
    assert "送出 10 张，5 个人抢" in studio.texts[-1]


async def test_what_was_drawn_already_cannot_be_given(studio: Studio) -> None:
    for _ in range(4):
        await studio.says("阿青", "画四张猫")
    await studio.says("阿青", "/福袋 10 5人")
    assert studio.texts[-1] == "你今天最多还能送 4 张"
    await studio.says("阿青", "/取消")
    await studio.says("阿青", "/福袋 10 5人")
    assert "送出 10 张" in studio.texts[-1]


async def test_where_nothing_is_limited_there_is_nothing_to_give(tmp_path: Path) -> None:
    async with opened_studio(tmp_path) as studio:
        await studio.says("阿青", "/福袋 10 5人")
        assert studio.texts[-1] == "这里不限张数，不用福袋"


async def test_who_has_no_limit_leaves_it_to_others(tmp_path: Path) -> None:
    roles = {"vip": RoleConfig(users=("console:小丹",), pictures_per_day=0)}
    quota = QuotaConfig(pictures_per_day=20)
    async with opened_studio(tmp_path, quota=quota, roles=roles) as studio:
        await studio.says("阿青", "/福袋 10 5人")
        await studio.says("小丹", ":grab:1")
        assert studio.texts[-1] == "你不限张数，留给别人吧"
        await studio.says("小丹", "/福袋 10 5人")
        assert studio.texts[-1] == "这里不限张数，不用福袋"


async def test_a_gift_that_is_not_of_this_chat_is_not_found(studio: Studio) -> None:
    await studio.says("小丹", ":grab:1")
    assert studio.texts[-1] == "找不到这个福袋了"
    given = Call(id="1", chat=Chat("console", "elsewhere"), user=User("console", "阿青"))
    store = studio.store
    await store.write(store.gifts.give, given.user, given.chat, (1, 2), DAY_S)
    await studio.says("小丹", ":grab:1")
    assert studio.texts[-1] == "找不到这个福袋了"


async def test_a_gift_outlives_a_restart(tmp_path: Path) -> None:
    quota = QuotaConfig(pictures_per_day=20)
    async with opened_studio(tmp_path, quota=quota) as studio:
        await studio.says("阿青", "/福袋 10 2人")
        await studio.says("小丹", ":grab:1")
    async with opened_studio(tmp_path, first_id=100, quota=quota) as studio:
        await studio.says("小丹", ":grab:1")
        assert studio.texts[-1].startswith("你已经抢过了")
        await studio.says("阿蓝", ":grab:1")
        assert "抢完了，10 张" in studio.texts[-1]


@pytest.mark.parametrize("jump", [HOUR_S, -HOUR_S])
async def test_a_clock_that_jumps_makes_and_loses_no_picture(studio: Studio, jump: float) -> None:
    await studio.says("阿青", "/福袋 10 2人")
    studio.clock.now += jump
    await studio.says("小丹", ":grab:1")
    studio.clock.now -= jump
    await studio.says("阿蓝", ":grab:1")
    people = [await left(studio, name) for name in ("阿青", "小丹", "阿蓝")]
    assert people[0] == 10
    assert sum(people) == 60


async def test_a_gift_of_who_is_forgotten_can_still_be_taken(studio: Studio) -> None:
    from bot.store import privacy

    await studio.says("阿青", "/福袋 10 1人")
    await privacy.forget(studio.store, User("console", "阿青"), lambda _, __: None)
    await studio.says("小丹", ":grab:1")
    assert "（已删除） 的福袋抢完了，10 张：" in studio.texts[-1]


def test_a_press_of_it_is_what_the_button_carries() -> None:
    press = Press(id="1", chat=Chat("t", "1"), user=User("t", "2"), action=Action(Verb.GRAB, 7))
    assert Action.unpack(press.action.pack()) == press.action
