"""People on Discord, read as scenes."""

from io import BytesIO
from pathlib import Path

from PIL import Image

from tests.discord_api.server import fake_discord
from tests.flow.discord_stage import running, stage


def png(colour: str = "red", size: tuple[int, int] = (128, 128)) -> bytes:
    file = BytesIO()
    Image.new("RGB", size, colour).save(file, "PNG")
    return file.getvalue()


async def test_a_command_is_answered_at_once_and_the_answer_becomes_the_picture(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = play.discord.server("画友会", qing).channel("画画")
        play.engine.gate.clear()
        asked = qing.commands(hall, "画", 描述="一只猫", 风格="水墨", 画幅="竖版 2:3")
        mine = await play.answer_to(asked, "收到 #1：一只猫")
        assert asked.answer is not None
        assert asked.answer.kind == 5
        assert mine.buttons == ["取消"]
        play.engine.gate.set()
        await play.shows(mine, "画好了 #1：一只猫（水墨）（AI生成）")
        assert [one.filename for one in mine.attachments] == ["danqing-1.png"]
        assert mine.buttons[:2] == ["🔁 再来一张", "🎲 变化"]
        assert play.discord.said(hall) == [mine]


async def test_several_pictures_come_in_one_message_each_with_its_buttons(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = play.discord.server("画友会", qing).channel("画画")
        mine = await play.answer_to(qing.commands(hall, "画", 描述="三只猫", 张数=3), "画好了 #1")
        assert len(mine.attachments) == 3
        assert mine.rows[1:] == [["🔍1", "🔍2", "🔍3"], ["🎲1", "🎲2", "🎲3"], ["⋯1", "⋯2", "⋯3"]]
        pressed = qing.presses("🎲2", mine)
        other = await play.in_channel(hall, "画好了 #2")
        assert pressed.answer is not None
        assert pressed.answer.kind == 6
        assert other.reply_to is mine
        assert "改自 #1 第 2 张" in other.edits[0].content


async def test_a_mention_a_reply_and_a_private_talk_need_no_command(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing, wang = play.discord.person("阿青"), play.discord.person("老王")
        hall = play.discord.server("画友会", qing, wang).channel("画画")
        qing.says(hall, "今天天气真好，画一只猫吧")  # to nobody in particular, and unseen
        said = qing.says(hall, "画一只猫", mentions=[play.discord.bot])
        mine = await play.shows(await play.answer_to(said), "画好了 #1：一只猫")
        changed = await play.answer_to(wang.says(hall, "换成水墨", to=mine))
        await play.shows(changed, "画好了 #2：一只猫（水墨）")
        alone = await play.answer_to(qing.says(qing.direct, "画一条鱼"))
        await play.shows(alone, "画好了 #3：一条鱼")
        assert len(play.discord.said(hall)) == 2


async def test_where_it_may_read_its_name_is_enough(tmp_path: Path) -> None:
    async with stage(tmp_path, message_content=True) as play:
        qing = play.discord.person("阿青")
        hall = play.discord.server("画友会", qing).channel("画画")
        qing.says(hall, "今天天气真好")
        mine = await play.answer_to(qing.says(hall, "丹青，画一只猫"))
        await play.shows(mine, "画好了 #1：一只猫")
        assert play.discord.said(hall) == [mine]


async def test_a_form_changes_a_picture(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = play.discord.server("画友会", qing).channel("画画")
        mine = await play.answer_to(qing.commands(hall, "画", 描述="一只猫"), "画好了 #1")
        pressed = qing.presses("✏️ 改一改", mine)
        await play.discord.until(lambda: pressed.modal)
        assert pressed.modal is not None
        sent = qing.submits(pressed, {"描述": "一条鱼"})
        drawn = await play.in_channel(hall, "画好了 #2：一条鱼")
        assert drawn.reply_to is mine
        assert sent.answer is not None
        assert sent.answer.kind == 6


async def test_what_was_filled_in_wrongly_is_still_in_the_form(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = play.discord.server("画友会", qing).channel("画画")
        mine = await play.answer_to(qing.commands(hall, "画", 描述="一只猫"), "画好了 #1")
        pressed = qing.presses("✏️ 改一改", mine)
        await play.discord.until(lambda: pressed.modal)
        assert pressed.modal is not None
        labels = [one["label"] for one in pressed.modal["components"]]
        wrong = qing.submits(pressed, {"描述": "一条鱼", labels[2]: "没有这种风格"})
        told = await play.whispered(wrong)
        assert told.ephemeral
        again = qing.presses("✏️ 填写", told)
        await play.discord.until(lambda: again.modal)
        assert again.modal is not None
        assert again.modal["components"][0]["component"]["value"] == "一条鱼"
        qing.submits(again, {labels[2]: "水墨"})
        await play.in_channel(hall, "画好了 #2：一条鱼（水墨）")


async def test_private_matters_are_seen_by_who_asked_alone(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing, wang = play.discord.person("阿青"), play.discord.person("老王")
        hall = play.discord.server("画友会", qing, wang).channel("画画")
        mine = await play.answer_to(qing.commands(hall, "画", 描述="一只猫"), "画好了 #1")
        history = await play.answer_to(qing.commands(hall, "历史"), "一只猫")
        assert history.ephemeral
        assert len(history.attachments) == 1
        quota = await play.answer_to(qing.commands(hall, "额度"))
        assert quota.ephemeral
        kept = await play.whispered(qing.presses("⭐ 收藏", mine), "已收藏编号 1")
        assert kept.ephemeral
        foreign = await play.whispered(wang.presses("🔍 2×", mine), "这是别人的画")
        assert foreign.ephemeral
        assert play.discord.said(hall) == [mine]


async def test_styles_are_offered_while_one_types_and_chosen_from_a_list(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = play.discord.server("画友会", qing).channel("画画")
        typed = qing.completes(hall, "画", "风格", "水", 描述="一只猫")
        await play.discord.until(lambda: typed.choices)
        assert typed.choices is not None
        assert typed.choices[0]["value"] == "水墨"
        mine = await play.answer_to(qing.commands(hall, "画", 描述="一只猫"), "画好了 #1")
        qing.presses("🎨 换风格", mine)
        offered = await play.in_channel(hall, "换成哪种风格？")
        qing.selects(offered, "油画")
        await play.in_channel(hall, "画好了 #2：一只猫（油画）")


async def test_what_is_chosen_on_a_message_or_a_person(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing, wang = play.discord.person("阿青"), play.discord.person("老王")
        wang.avatar = png("blue")
        hall = play.discord.server("画友会", qing, wang).channel("画画")
        mine = await play.answer_to(qing.commands(hall, "画", 描述="一只猫"), "画好了 #1")
        await play.answer_to(qing.chooses_on(mine, "重画"), "画好了 #2")
        await play.answer_to(qing.chooses_on(mine, "放大"), "画好了 #3")
        origin = await play.answer_to(qing.chooses_on(mine, "溯源"))
        assert len(origin.attachments) == 1
        photo = wang.says(hall, "看我拍的", attachments=[png("green")])
        asked = qing.chooses_on(photo, "以此为底")
        await play.discord.until(lambda: asked.modal)
        await play.answer_to(qing.submits(asked, {"想画成什么样？": "画成水墨"}), "画好了 #4")
        face = qing.chooses_on_person(wang, hall, "画头像")
        await play.discord.until(lambda: face.modal)
        await play.answer_to(qing.submits(face, {"想画成什么样？": "画成油画"}), "画好了 #5")
        assert all(recipe.source for recipe in play.engine.drawn[-2:])


async def test_a_picture_that_comes_with_a_command_or_a_message_is_drawn_on(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = play.discord.server("画友会", qing).channel("画画")
        asked = qing.commands(hall, "画", 描述="画成水墨", 图片=png(), 改动=0.5)
        await play.answer_to(asked, "画好了 #1")
        said = qing.says(hall, "画成油画", mentions=[play.discord.bot], attachments=[png("blue")])
        await play.shows(await play.answer_to(said), "画好了 #2")
        bare = qing.says(hall, "", mentions=[play.discord.bot], attachments=[png("green")])
        question = await play.answer_to(bare, "收到图了，想画成什么样？")
        field = qing.presses("✏️ 填写", question)
        await play.discord.until(lambda: field.modal)
        assert field.modal is not None
        (label,) = [one["label"] for one in field.modal["components"]]
        qing.submits(field, {label: "画成素描"})
        await play.in_channel(hall, "画好了 #3")
        assert all(recipe.source for recipe in play.engine.drawn)


async def test_threads_are_places_of_their_own(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        thread = play.discord.server("画友会", qing).channel("画画").thread("接龙")
        mine = await play.answer_to(qing.commands(thread, "画", 描述="一只猫"), "画好了 #1")
        qing.presses("🎲 变化", mine)
        await play.in_channel(thread, "画好了 #2")


async def test_nothing_that_is_said_is_markup_or_calls_anybody(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = play.discord.server("画友会", qing).channel("画画")
        words = "@everyone **一只**猫 <@1> [x](http://a.b) ||猫||"
        mine = await play.answer_to(qing.commands(hall, "画", 描述=words), "收到 #1")
        assert "**一只**" not in mine.content
        assert "||猫||" not in mine.content
        assert mine.pinged == []


async def test_buttons_live_through_a_restart(tmp_path: Path) -> None:
    async with fake_discord() as discord:
        qing = discord.person("阿青")
        hall = discord.server("画友会", qing).channel("画画")
        async with running(tmp_path, discord) as play:
            mine = await play.answer_to(qing.commands(hall, "画", 描述="一只猫"), "画好了 #1")
        missed = qing.says(hall, "画一条鱼", mentions=[discord.bot])
        async with running(tmp_path, discord) as play:
            await play.shows(await play.answer_to(missed), "画好了 #2：一条鱼")
            qing.presses("🎲 变化", mine)
            await play.in_channel(hall, "画好了 #3")
        assert (discord.identifies, discord.resumes) == (1, 1)
        assert discord.refused == []


async def test_commands_are_sent_once(tmp_path: Path) -> None:
    async with fake_discord() as discord:
        for _ in range(2):
            async with running(tmp_path, discord):
                pass
        puts = [call for call in discord.calls if call.method == "PUT"]
        assert len(puts) == 1
        assert discord.refused == []


async def test_flagged_pictures_are_behind_a_spoiler_wherever_they_are_shown(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = play.discord.server("画友会", qing).channel("画画")
        mine = await play.answer_to(qing.commands(hall, "画", 描述="流血的战士"), "画好了 #1")
        assert [one.spoiler for one in mine.attachments] == [True]
        history = await play.answer_to(qing.commands(hall, "历史"))
        assert [one.spoiler for one in history.attachments] == [True]


async def test_a_form_that_is_not_to_be_had_is_refused_in_a_whisper(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing, wang = play.discord.person("阿青"), play.discord.person("老王")
        hall = play.discord.server("画友会", qing, wang).channel("画画")
        mine = await play.answer_to(qing.commands(hall, "画", 描述="一只猫"), "画好了 #1")
        told = await play.whispered(wang.presses("✏️ 改一改", mine), "这是别人的画")
        assert told.ephemeral


async def test_what_begins_in_private_is_drawn_before_all(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = play.discord.server("画友会", qing).channel("画画")
        await play.answer_to(qing.commands(hall, "画", 描述="一只猫"), "画好了 #1")
        shown = await play.answer_to(qing.commands(hall, "历史"))
        assert shown.ephemeral
        one = await play.answer_to(qing.commands(hall, "查看", 编号=1))
        assert not one.ephemeral
        qing.presses("🎲 变化", one)
        await play.in_channel(hall, "画好了 #2")
