"""What a day gives, read as talk."""

from pathlib import Path

from bot.quota import DAY_S, QuotaConfig
from generation.errors import EngineLost
from tests.conftest import opened_studio


async def test_what_is_left_is_told_and_a_new_day_gives_more(tmp_path: Path) -> None:
    async with opened_studio(tmp_path, quota=QuotaConfig(pictures_per_day=3)) as studio:
        await studio.says("阿青", "画两张猫")
        assert studio.texts[-1] == "收到 #1：猫\n2 张 · 马上开始 · 今天还剩 1 张"
        await studio.says("阿青", "画两张狗")
        assert studio.texts[-1] == "你今天还剩 1 张，这次要 2 张，少要几张就能画"
        await studio.says("阿青", "画一只狗")
        await studio.says("阿青", "画一只鸟")
        assert studio.texts[-1].startswith("你今天的 3 张用完了，明天 0 点再来")
        await studio.says("小丹", "画一只鸟")
        assert studio.texts[-1].endswith("今天还剩 2 张")
        studio.clock.now += DAY_S
        await studio.says("阿青", "画一只鸟")
        assert studio.texts[-1].endswith("今天还剩 2 张")


async def test_what_fails_or_is_cancelled_costs_nothing(tmp_path: Path) -> None:
    async with opened_studio(tmp_path, quota=QuotaConfig(pictures_per_day=1)) as studio:
        await studio.says("阿青", "画一只猫")
        await studio.says("阿青", ":cancel:1")
        await studio.says("阿青", "画一只猫")
        studio.engine.errors = [EngineLost("gone")] * 3
        await studio.paint_all()
        assert "没画成" in studio.texts[-1]
        await studio.says("阿青", "画一只猫")
        await studio.paint_all()
        assert "画好了" in studio.texts[-1]
        await studio.says("阿青", "画一只猫")
        assert "用完了" in studio.texts[-1]


async def test_seconds_that_are_left_are_told_too(tmp_path: Path) -> None:
    config = QuotaConfig(pictures_per_day=5, seconds_per_day=60)
    async with opened_studio(tmp_path, quota=config) as studio:
        await studio.says("阿青", "画一只猫")
        job = await studio.job(1)
        await studio.store.write(studio.store.usage.spent, job, 12.4)
        await studio.says("阿青", "画一只猫")
        assert studio.texts[-1].endswith("今天还剩 3 张 · 今天还剩 48 秒")
        await studio.store.write(studio.store.usage.spent, job, 50.0)
        await studio.says("阿青", "画一只猫")
        assert studio.texts[-1].startswith("你今天的绘画时间（60 秒）用完了，明天 0 点再来")


async def test_a_chat_shares_what_it_has(tmp_path: Path) -> None:
    async with opened_studio(tmp_path, quota=QuotaConfig(chat_pictures_per_day=2)) as studio:
        for name in ("阿青", "小丹", "阿蓝"):
            await studio.says(name, "画一只猫")
        assert studio.texts[-1].startswith("这里今天的 2 张用完了")


async def test_one_asks_what_is_left(tmp_path: Path) -> None:
    config = QuotaConfig(pictures_per_day=5, seconds_per_day=60, cooldown_s=1)
    async with opened_studio(tmp_path, quota=config) as studio:
        await studio.says("阿青", "画两张猫")
        await studio.says("阿青", "/额度")
        assert studio.texts[-1].split("\n") == [
            "今天画了 2 张，用了 0 秒",
            "每天 5 张，还剩 3 张",
            "每天 60 秒，还剩 60 秒",
            "两次之间隔 1 秒",
        ]
    async with opened_studio(tmp_path, first_id=100) as studio:
        await studio.says("阿青", "/quota")
        assert studio.texts[-1].endswith("没有限制，画吧")
