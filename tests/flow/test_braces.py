"""{红,蓝}灯 asks for several pictures at once, read as talk."""

from pathlib import Path

from bot.quota import QuotaConfig
from tests.conftest import opened_studio


async def test_all_wordings_are_told_drawn_and_counted(tmp_path: Path) -> None:
    async with opened_studio(tmp_path, quota=QuotaConfig(pictures_per_day=9)) as studio:
        await studio.says("阿青", "画{红,蓝,绿}色的灯笼")
        assert studio.texts[-1].endswith("3 张 · 马上开始 · 今天还剩 6 张")
        await studio.paint_all()
        drawn = studio.engine.drawn
        assert [recipe.prompt[0] for recipe in drawn] == ["红", "蓝", "绿"]
        assert len({recipe.seed for recipe in drawn}) == 1
        await studio.says("阿青", "再来一张")
        assert "3 张" in studio.texts[-1]
        await studio.says("阿青", "第2张放大")
        await studio.paint_all()
        assert [recipe.prompt[0] for recipe in studio.engine.drawn[3:]] == ["红", "蓝", "绿", "蓝"]


async def test_more_than_is_allowed_is_cut_and_told(tmp_path: Path) -> None:
    async with opened_studio(tmp_path) as studio:
        await studio.says("阿青", "画两张{春,夏,秋}天的湖")
        assert "一次最多 4 张，已改为 4 张" in studio.texts[-1]
        assert "6 张" in studio.texts[-1]
        await studio.paint_all()
        assert [recipe.prompt[0] for recipe in studio.engine.drawn] == ["春", "夏", "秋", "春"]
