"""Who runs the studio, read as talk. 管理 sits at the machine; the others do not."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot import commands
from bot.job import State
from bot.quota import DAY_S, QuotaConfig
from bot.role import RoleConfig
from bot.store.limits import QueueConfig
from generation.errors import EngineLost
from tests.conftest import Studio, opened_studio

HOUR_S = 3600.0
GUESTS = ("小丹", "阿蓝", "阿绿")
WORDS = """# what this studio does not draw
block = "公司机密 项目代号"   # of ours

[gore]
soften = ["伤口"]
why = "太血腥的画面这里不画。"
"""


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncGenerator[Studio]:
    (tmp_path / "words.toml").write_text(WORDS, encoding="utf-8")
    quota = QuotaConfig(pictures_per_day=20)
    roles = {"vip": RoleConfig(users=("console:阿绿",), pictures_per_day=50)}
    async with opened_studio(
        tmp_path / "data", quota=quota, roles=roles, words=tmp_path / "words.toml"
    ) as studio:
        among(studio)
        yield studio


def among(studio: Studio) -> None:
    """Have guests who do not sit at the machine."""
    studio.adapter.roles = dict.fromkeys(GUESTS, ())
    studio.clock.now = 9 * HOUR_S  # five in the afternoon


async def acts(studio: Studio) -> list[tuple[str, str, str]]:
    found = await studio.store.read(studio.store.acts.newest, 99)
    return [(act.command, act.whom, act.detail) for act in found]


# ── who may ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "name", [name for one in commands.COMMANDS if one.operator for name in one.names]
)
async def test_for_others_there_is_no_such_command(studio: Studio, name: str) -> None:
    await studio.says("小丹", f"/{name} @阿蓝")
    assert studio.texts[-1].startswith(f"没有 /{name} 这个命令，")
    for hidden in commands.COMMANDS:
        if hidden.operator:
            assert not any(f"/{one}？" in studio.texts[-1] for one in hidden.names)
    assert await acts(studio) == []


async def test_help_tells_each_their_own(studio: Studio) -> None:
    await studio.says("小丹", "/帮助")
    assert "/封禁" not in studio.texts[-1]
    assert "/福袋" in studio.texts[-1]
    await studio.says("管理", "/帮助")
    assert "/封禁（/ban）" in studio.texts[-1]


async def test_who_is_an_operator_by_the_platform_is_one_in_that_chat(tmp_path: Path) -> None:
    roles = {
        "staff": RoleConfig(platform_roles=("admin",), chats=("console:local",), operator=True),
        "far": RoleConfig(platform_roles=("owner",), chats=("console:far",), operator=True),
    }
    async with opened_studio(tmp_path, roles=roles) as studio:
        studio.adapter.roles = {"小丹": ("admin",), "阿蓝": ("owner",)}
        await studio.says("小丹", "/暂停")
        assert studio.texts[-1].startswith("这里暂停了")
        await studio.says("阿蓝", "/继续")
        assert studio.texts[-1].startswith("没有 /继续 这个命令")


# ── bans ─────────────────────────────────────────────────────────────────────────────────────


async def test_who_is_banned_is_told_once_an_hour_and_what_they_wait_for_is_cancelled(
    studio: Studio,
) -> None:
    await studio.says("小丹", "画一只猫")
    await studio.says("小丹", "画一只狗")
    await studio.says("阿蓝", "画一只鸟")
    await studio.says("管理", "/封禁 @小丹 3天 刷屏")
    assert "#1 被管理员取消了，不算张数" in studio.texts
    assert studio.texts[-1] == "已封禁 console:小丹，到 1970-01-04 17:00；取消了在等的 2 个任务"
    assert [await studio.state(id_) for id_ in (1, 2, 3)] == [
        *(State.CANCELLED, State.CANCELLED, State.QUEUED),
    ]
    await studio.says("小丹", "画一只猫")
    assert studio.texts[-1] == (
        "抱歉，管理员暂停了你在这里画画（刷屏），1970-01-04 17:00 以后再来吧（还有 3 天）"
    )
    told = len(studio.texts)
    for said in ("画一只猫", ":redo:1", "/额度", "你好", "/福袋 1 1人"):
        await studio.says("小丹", said)
    assert len(studio.texts) == told
    studio.clock.now += HOUR_S
    await studio.says("小丹", ":redo:1")
    assert len(studio.texts) == told + 1
    await studio.paint_all()
    assert [recipe.prompt for recipe in studio.engine.drawn] == ["一只鸟"]


async def test_a_ban_is_over_when_it_was_said_to_be(studio: Studio) -> None:
    await studio.says("小丹", "你好")
    await studio.says("管理", "/ban @小丹 2h")
    studio.clock.now += 2 * HOUR_S
    await studio.says("小丹", "画一只猫")
    assert studio.texts[-1].startswith("收到 #1")


async def test_a_ban_without_a_time_lasts_until_it_is_lifted(studio: Studio) -> None:
    await studio.says("小丹", "你好")
    await studio.says("管理", "/封禁 @小丹")
    assert studio.texts[-1] == "已封禁 console:小丹，一直到解封"
    studio.clock.now += 400 * DAY_S
    await studio.says("小丹", "画一只猫")
    assert studio.texts[-1] == "抱歉，管理员暂停了你在这里画画，有疑问请联系管理员"
    await studio.says("管理", "/解封 @小丹")
    assert studio.texts[-1] == "已解封 console:小丹"
    await studio.says("小丹", "画一只猫")
    assert studio.texts[-1].startswith("收到 #1")
    await studio.says("管理", "/解封 @小丹")
    assert studio.texts[-1] == "console:小丹 没有被封禁"


@pytest.mark.parametrize("jump", [HOUR_S, -HOUR_S])
async def test_a_clock_that_jumps_moves_a_ban_by_an_hour_at_most(
    studio: Studio, jump: float
) -> None:
    await studio.says("小丹", "你好")
    await studio.says("管理", "/封禁 @小丹 1天")
    await studio.says("小丹", "画一只猫")
    studio.clock.now += jump
    await studio.says("小丹", "画一只猫")
    assert studio.texts[-1].startswith("抱歉，管理员暂停了你在这里画画")
    studio.clock.now += DAY_S + HOUR_S
    await studio.says("小丹", "画一只猫")
    assert studio.texts[-1].startswith("收到 #1")


@pytest.mark.parametrize("who", ["#1", "console:小丹", "@小丹", "小丹"])
async def test_a_person_is_named_in_many_ways(studio: Studio, who: str) -> None:
    await studio.says("小丹", "画一只猫")
    await studio.says("管理", f"/封禁 {who} 12小时，刷屏")
    assert "已封禁 console:小丹，到 1970-01-02 05:00" in studio.texts[-1]
    assert (await acts(studio))[0] == ("封禁", "console:小丹", "到 1970-01-02 05:00 刷屏")


async def test_an_answer_to_somebodys_picture_names_them(studio: Studio) -> None:
    await studio.says("小丹", "画一只猫")
    await studio.says("管理", "#1 /封禁 半小时 刷屏")
    assert studio.texts[-1].startswith("已封禁 console:小丹，到 1970-01-01 17:30")
    await studio.says("管理", "#1 /解封")
    assert studio.texts[-1] == "已解封 console:小丹"
    await studio.says("管理", "#1 /搜索")
    assert studio.texts[-1].startswith("找什么呢？")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("/封禁", "封禁谁？"),
        ("/封禁 @没来过", "没见过 没来过，请写 平台:编号，或者回复那个人的消息"),
        ("/封禁 #99", "没有 #99 这个任务"),
        ("/封禁 @管理", "管理员不能封禁"),
        ("/封禁 @小丹 0天", "封禁的时间要大于 0，例如 3天、12小时"),
        ("/封禁 @小丹 -3天", "封禁的时间要大于 0，例如 3天、12小时"),
        ("/封禁 @小丹 3天 " + "刷" * 201, "理由最多 200 个字"),
        ("/解封 @小丹", "console:小丹 没有被封禁"),
    ],
)
async def test_a_ban_that_cannot_be_is_refused_with_the_reason(
    studio: Studio, said: str, words: str
) -> None:
    await studio.says("小丹", "你好")
    await studio.says("管理", said)
    assert studio.texts[-1].startswith(words)
    assert await acts(studio) == []


async def test_who_is_called_like_another_is_named_by_number(studio: Studio) -> None:
    from bot.event import User

    for id_ in ("1", "2"):
        await studio.store.write(studio.store.names.seen, User("console", id_, "小丹"))
    await studio.says("管理", "/封禁 @小丹")
    assert studio.texts[-1] == "有 2 个人叫 小丹：console:1、console:2。请写其中一个编号"
    await studio.says("管理", "/封禁 console:2")
    assert studio.texts[-1] == "已封禁 小丹（console:2），一直到解封"


# ── limits ───────────────────────────────────────────────────────────────────────────────────


async def left(studio: Studio, name: str) -> str:
    await studio.says(name, "/额度")
    return studio.texts[-1].split("\n")[1]


async def test_an_operator_sets_what_a_person_may_have(studio: Studio) -> None:
    await studio.says("小丹", "你好")
    await studio.says("管理", "/额度设定 @小丹 今天 30张")
    assert studio.texts[-1] == "console:小丹：每天 30 张，只限今天"
    assert await left(studio, "小丹") == "每天 30 张，还剩 30 张"
    await studio.says("管理", "/额度设定 @小丹 5张 60秒 冷却10秒")
    assert studio.texts[-1] == "console:小丹：每天 5 张，每天 60 秒，两次之间隔 10 秒，从现在起"
    assert await left(studio, "小丹") == "每天 30 张，还剩 30 张"
    studio.clock.now += DAY_S
    assert await left(studio, "小丹") == "每天 5 张，还剩 5 张"
    await studio.says("管理", "/额度设定 @小丹 不限")
    assert await left(studio, "小丹") == "两次之间隔 10 秒"
    await studio.says("管理", "/额度设定 @小丹 恢复")
    assert studio.texts[-1] == "console:小丹恢复照配置了"
    assert await left(studio, "小丹") == "每天 20 张，还剩 20 张"
    assert [act[0] for act in await acts(studio)] == ["额度设定"] * 4


async def test_an_operator_sets_what_a_role_and_a_chat_may_have(studio: Studio) -> None:
    assert await left(studio, "阿绿") == "每天 50 张，还剩 50 张"
    await studio.says("管理", "/额度设定 角色 vip 70")
    assert await left(studio, "阿绿") == "每天 70 张，还剩 70 张"
    await studio.says("管理", "/额度设定 本群 2张")
    assert studio.texts[-1] == "这里：每天 2 张，从现在起"
    await studio.says("小丹", "画两张猫")
    await studio.says("阿绿", "画一只猫")
    assert studio.texts[-1].startswith("这里今天的 2 张用完了，明天 0 点再来")


async def test_what_is_set_outlives_a_restart(tmp_path: Path) -> None:
    quota = QuotaConfig(pictures_per_day=20)
    async with opened_studio(tmp_path, quota=quota) as studio:
        await studio.says("小丹", "你好")
        await studio.says("管理", "/额度设定 @小丹 7")
        await studio.says("管理", "/暂停 全部 修机器")
    async with opened_studio(tmp_path, first_id=100, quota=quota) as studio:
        assert await left(studio, "小丹") == "每天 7 张，还剩 7 张"
        await studio.says("小丹", "画一只猫")
        assert "管理员暂停了画画（修机器），恢复后按顺序画" in studio.texts[-1]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("/额度设定", "设谁的、多少？"),
        ("/额度设定 @小丹", "设谁的、多少？"),
        ("/额度设定 @小丹 很多", "设谁的、多少？"),
        ("/额度设定 @小丹 -1张", "额度不能小于 0；0 或者 不限 是没有限制"),
        ("/额度设定 @小丹 9999999999张", "额度最多 1000000000"),
        ("/额度设定 @小丹 恢复", "console:小丹本来就照配置"),
        ("/额度设定 角色 没有 5", "配置里没有 没有 这个角色，有：vip"),
        ("/额度设定 本群 冷却5秒", "冷却只能设给人或角色"),
    ],
)
async def test_a_limit_that_cannot_be_is_refused_with_the_reason(
    studio: Studio, said: str, words: str
) -> None:
    await studio.says("小丹", "你好")
    await studio.says("管理", said)
    assert studio.texts[-1].startswith(words)
    assert await left(studio, "小丹") == "每天 20 张，还剩 20 张"


@pytest.mark.parametrize("jump", [HOUR_S, -HOUR_S])
async def test_a_clock_that_jumps_over_midnight_brings_todays_limit_back(
    studio: Studio, jump: float
) -> None:
    studio.clock.now = 16 * HOUR_S + (-600 if jump > 0 else 600)  # about midnight
    await studio.says("小丹", "你好")
    await studio.says("管理", "/额度设定 @小丹 今天 30张")
    studio.clock.now += jump
    assert await left(studio, "小丹") == "每天 20 张，还剩 20 张"
    studio.clock.now -= jump
    assert await left(studio, "小丹") == "每天 30 张，还剩 30 张"


async def test_a_role_may_have_more_waiting(tmp_path: Path) -> None:
    roles = {"vip": RoleConfig(users=("console:阿绿",), waiting=3)}
    async with opened_studio(tmp_path, QueueConfig(waiting_per_user=1), roles=roles) as studio:
        for name in ("小丹", "小丹", "阿绿", "阿绿", "阿绿", "阿绿"):
            await studio.says(name, "画一只猫")
        refusals = [text for text in studio.texts if "等画好一个再来吧" in text]
        assert refusals == [
            "你还有 1 个任务在排队，等画好一个再来吧",
            "你还有 3 个任务在排队，等画好一个再来吧",
        ]


# ── pauses ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("where", "said"), [("", "这里"), ("全部 ", "所有聊天")])
async def test_while_it_is_paused_everything_waits_and_is_told_so(
    studio: Studio, where: str, said: str
) -> None:
    await studio.says("小丹", "画一只猫")
    await studio.says("管理", f"/暂停 {where}换显卡")
    assert studio.texts[-1] == f"{said}暂停了：新的先排队，正在画的会画完。/继续 就恢复"
    await studio.says("小丹", "画一只狗")
    assert "管理员暂停了画画（换显卡），恢复后按顺序画" in studio.texts[-1]
    assert "马上开始" not in studio.texts[-1]
    await studio.says("小丹", "/队列")
    assert studio.texts[-1].split("\n")[:2] == [
        "正在画 0 个任务，2 个在等",
        "管理员暂停了画画（换显卡），恢复后按顺序画",
    ]
    await studio.paint_all()
    assert studio.engine.drawn == []
    assert await studio.store.idle()
    await studio.says("管理", "/继续")
    assert studio.texts[-1] == f"{said}恢复了，接着画排队的"
    assert not await studio.store.idle()
    await studio.paint_all()
    assert [recipe.prompt for recipe in studio.engine.drawn] == ["一只猫", "一只狗"]
    await studio.says("管理", "/继续")
    assert studio.texts[-1] == "现在没有暂停"


async def test_a_pause_elsewhere_holds_up_nobody_here(studio: Studio) -> None:
    await studio.store.write(studio.store.pauses.put, "telegram:-5", "")
    await studio.says("小丹", "画一只猫")
    assert "暂停" not in studio.texts[-1]
    await studio.paint_all()
    assert await studio.state(1) is State.DELIVERED


# ── clearing ─────────────────────────────────────────────────────────────────────────────────


async def test_the_queue_is_cleared_when_it_was_asked_back(studio: Studio) -> None:
    await studio.says("小丹", "画两张猫")
    await studio.says("阿蓝", "画一只鸟")
    await studio.says("管理", "/清空队列")
    assert studio.texts[-1] == "这里有 2 个任务在等，都取消吗？正在画的不受影响"
    ((button,),) = studio.last.reply.buttons
    assert button.label == "🗑 都取消"
    await studio.says("小丹", "画一条鱼")
    press = f":{button.action.pack()}"
    await studio.says("小丹", press)
    assert studio.texts[-1] == "只有管理员可以按这个按钮"
    await studio.says("管理", press)
    assert studio.texts[-3:] == [
        "#1 被管理员取消了，不算张数",
        "#2 被管理员取消了，不算张数",
        "取消了 2 个任务，都告诉了本人，不算张数",
    ]
    assert [await studio.state(id_) for id_ in (1, 2, 3)] == [
        *(State.CANCELLED, State.CANCELLED, State.QUEUED),
    ]
    assert await left(studio, "小丹") == "每天 20 张，还剩 19 张"
    for _ in range(20):
        await studio.says("管理", press)
        assert studio.texts[-1] == "没有任务在等了"
    await studio.says("管理", "/清空队列 @小丹")
    assert studio.texts[-1] == "console:小丹有 1 个任务在等，都取消吗？正在画的不受影响"
    ((button,),) = studio.last.reply.buttons
    await studio.says("管理", f":{button.action.pack()}")
    assert await studio.state(3) is State.CANCELLED
    await studio.says("管理", "/清空队列 全部")
    assert studio.texts[-1] == "所有聊天没有任务在等"
    assert (await acts(studio))[0] == ("清空队列", "console:小丹", "one 1")


async def test_only_one_persons_jobs_are_cleared(studio: Studio) -> None:
    for name in ("小丹", "阿蓝", "小丹"):
        await studio.says(name, "画一只猫")
    await studio.says("管理", "/清空队列 @小丹")
    ((button,),) = studio.last.reply.buttons
    await studio.says("管理", f":{button.action.pack()}")
    assert [await studio.state(id_) for id_ in (1, 2, 3)] == [
        *(State.CANCELLED, State.QUEUED, State.CANCELLED),
    ]


async def test_a_forged_button_clears_nothing(studio: Studio) -> None:
    await studio.says("小丹", "画一只猫")
    for forged in (":clear:1", ":clear:1:some", ":clear:99:one", ":clear:0:all"):
        await studio.says("管理", forged)
        assert await studio.state(1) is State.QUEUED


# ── how it is doing ──────────────────────────────────────────────────────────────────────────


async def test_the_status_tells_how_it_is_doing(studio: Studio) -> None:
    with studio.pulse.noting():
        await studio.says("小丹", "画两张猫")
        await studio.paint_all()
        await studio.says("小丹", "画一只狗")
        studio.engine.errors = [EngineLost("gone")]
        job = await studio.store.write(studio.store.queue.claim)
        assert job is not None
        await studio.painter.paint(job)
        await studio.says("阿蓝", "你好")
        await studio.says("管理", "/封禁 @阿蓝 3天")
        await studio.says("管理", "/暂停 换显卡")
        studio.living.starts = 2
        await studio.says("管理", "/状态")
        told = studio.texts[-1].split("\n")
        assert told[0].startswith("丹青 0.1.0，已运行 1 分钟")
        assert told[1:3] == ["引擎：没准备好（重启过 1 次）", "模型：mini"]
        assert told[3] == "队列：在等 console 1，正在画 0 个，0 个在送"
        assert told[4] == "今天画了 2 张，最近一小时 2 张"
        assert [line.partition("：")[0] for line in told[5:8]] == ["磁盘", "暂停", "封禁"]
        assert told[6:8] == ["暂停：console:local（换显卡）", "封禁：1 人"]
        assert told[8] == "出过的错："
        assert told[9].startswith("  EngineLost 1 次，最近 1970-01-01 17:0")
        studio.living.ready.set()
        await studio.says("管理", "/status")
        assert "引擎：在（重启过 1 次）" in studio.texts[-1]


async def test_the_audit_tells_who_did_what_and_when(studio: Studio) -> None:
    await studio.says("管理", "/审计")
    assert studio.texts[-1] == "管理员做过的：\n  还没有"
    await studio.says("小丹", "你好")
    await studio.says("管理", "/封禁 @小丹 3天 刷屏")
    await studio.says("站长", "/暂停")
    for said in ("/状态 审计", "/audit"):
        await studio.says("管理", said)
        assert studio.texts[-1].split("\n") == [
            "管理员做过的：",
            "  1970-01-01 17:00 站长 /暂停 console:local",
            "  1970-01-01 17:00 管理 /封禁 console:小丹 到 1970-01-04 17:00 刷屏",
        ]


# ── words ────────────────────────────────────────────────────────────────────────────────────


def words_file(tmp_path: Path) -> str:
    return (tmp_path / "words.toml").read_text(encoding="utf-8")


async def test_words_are_added_and_hold_at_once(studio: Studio, tmp_path: Path) -> None:
    await studio.says("小丹", "画一张年会彩排的海报")
    assert studio.texts[-1].startswith("收到 #1")
    await studio.says("管理", "/敏感词 加 年会彩排")
    assert studio.texts[-1] == "加上了“年会彩排”：拦截，类别 own，马上生效"
    await studio.says("小丹", "画一张年会彩排的海报")
    assert studio.texts[-1] == "这里不画这个，换个题材吧。"
    await studio.says("管理", "/敏感词 加 血淋淋 gore 去掉")
    assert studio.texts[-1] == "加上了“血淋淋”：去掉，类别 gore，马上生效"
    await studio.says("管理", "/敏感词 放行 裸体雕像馆")
    await studio.says("管理", "/敏感词 加 公司机密")
    assert studio.texts[-1] == "“公司机密”已经在里面了"
    text = words_file(tmp_path)
    assert text.startswith("# what this studio does not draw\n")
    assert 'why = "太血腥的画面这里不画。"' in text
    await studio.says("管理", "/敏感词")
    assert studio.texts[-1].split("\n")[:4] == [
        "自己的敏感词：",
        "  own 拦截：公司机密、项目代号、年会彩排",
        "  own 放行：裸体雕像馆",
        "  gore 去掉：伤口、血淋淋",
    ]
    await studio.says("管理", "/敏感词 删 年会彩排")
    assert studio.texts[-1] == "删掉了“年会彩排”，马上生效"
    await studio.says("小丹", "画一张年会彩排的海报")
    assert studio.texts[-1].startswith("收到 #2")
    assert [act[2] for act in await acts(studio)] == [
        *("删 年会彩排", "放行 裸体雕像馆", "加 血淋淋 gore 去掉", "加 年会彩排"),
    ]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("/敏感词 试 公司机密的海报", "拦截：公司机密（own）"),
        ("/敏感词 试 一只猫", "放行：没有敏感词"),
        ("/敏感词 删 没有的词", "自己的敏感词里没有“没有的词”；程序自带的用 /敏感词 放行"),
        ("/敏感词 加 " + "长" * 41, "一个词最多 40 个字"),
        ("/敏感词 加 两 个 词 Ünïcode", "类别用小写字母写，例如 gore；词里的空格写成 -"),
        ("/敏感词 加", "例如：/敏感词 加 公司机密"),
        ("/敏感词 什么", "例如：/敏感词 加 公司机密"),
    ],
)
async def test_what_else_is_said_of_words(
    studio: Studio, tmp_path: Path, said: str, words: str
) -> None:
    await studio.says("管理", said)
    assert studio.texts[-1].startswith(words)
    assert words_file(tmp_path) == WORDS


async def test_a_word_that_is_too_short_changes_nothing(studio: Studio, tmp_path: Path) -> None:
    await studio.says("管理", "/敏感词 加 猫")
    assert "太短" in studio.texts[-1]
    assert words_file(tmp_path) == WORDS
    await studio.says("小丹", "画一只猫")
    assert studio.texts[-1].startswith("收到 #1")


# ── what costs nothing ───────────────────────────────────────────────────────────────────────


async def test_what_is_refused_cancelled_or_fails_costs_nothing(studio: Studio) -> None:
    await studio.says("小丹", "画一张公司机密的海报")
    await studio.says("小丹", "画两张猫")
    await studio.says("小丹", "/取消")
    await studio.says("小丹", "画两张狗")
    studio.engine.errors = [EngineLost("gone")] * 3
    await studio.paint_all()
    assert await left(studio, "小丹") == "每天 20 张，还剩 20 张"
    refused = await studio.store.read(studio.store.acts.refusals)
    assert refused == {"NotWanted": 1}


async def test_what_was_refused_is_counted_by_reason_only(studio: Studio) -> None:
    for said in ("画一张公司机密的海报", "/没有", "/没有", ":grab:9", "你好呀"):
        await studio.says("小丹", said)
    refused = await studio.store.read(studio.store.acts.refusals)
    assert refused == {"NotWanted": 1, "UnknownCommand": 2, "NoShare": 1, "NotUnderstood": 1}
    assert "小丹" not in json.dumps(dict(refused), ensure_ascii=False)
