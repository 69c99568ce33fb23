"""People on Telegram, read as scenes."""

from pathlib import Path

from tests.flow.stage import stage


async def test_a_person_asks_in_private_and_the_answer_becomes_the_picture(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        play.engine.gate.clear()
        said = qing.says(qing.private, "画一只猫，水墨风")
        mine = await play.answer_to(said)
        assert mine.text.startswith("收到 #1：一只猫\n水墨 · ")
        assert mine.buttons == ["取消"]
        play.engine.gate.set()
        await play.shows(mine, "画好了 #1：一只猫（水墨）（AI生成）")
        assert len(mine.photos) == 1
        assert mine.buttons[:2] == ["🔁 再来一张", "🎲 变化"]
        assert len(play.telegram.messages(qing.private)) == 2
