"""People on Telegram, read as scenes."""

from io import BytesIO
from pathlib import Path
from urllib.parse import unquote

from PIL import Image

from tests.flow.stage import running, stage
from tests.telegram_api.server import fake_telegram


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


async def test_a_group_talks_to_it_by_name_by_command_and_by_answering(tmp_path: Path) -> None:
    async with stage(tmp_path, can_read_all=True) as play:
        qing, wang = play.telegram.person("阿青"), play.telegram.person("老王")
        group = play.telegram.group("画友群", qing, wang)
        qing.says(group, "今天天气真好，画一只猫吧")  # to nobody in particular
        said = qing.says(group, "丹青，画一只猫")
        mine = await play.shows(await play.answer_to(said), "画好了 #1")
        again = await play.answer_to(wang.says(group, "/hua 一条鱼"))
        await play.shows(again, "画好了 #2")
        changed = await play.answer_to(wang.says(group, "换成水墨", to=mine))
        await play.shows(changed, "画好了 #3：一只猫（水墨）")
        named = await play.answer_to(qing.says(group, "@danqing_bot 画一座山"))
        await play.shows(named, "画好了 #4：一座山")
        assert [m.text for m in play.telegram.said(group)].count("") == 0
        assert len(play.telegram.said(group)) == 4


async def test_in_privacy_mode_commands_answers_and_mentions_are_enough(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        group = play.telegram.group("画友群", qing)
        qing.says(group, "丹青，画一只猫")  # Telegram keeps that from the bot
        mine = await play.answer_to(qing.says(group, "/draw@danqing_bot 一条鱼"))
        await play.shows(mine, "画好了 #1：一条鱼")
        more = await play.answer_to(qing.says(group, "再来一张", to=mine))
        await play.shows(more, "画好了 #2：一条鱼")


async def test_several_pictures_are_an_album_with_its_buttons_in_a_short_answer(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        said = qing.says(qing.private, "画三只猫，三张")
        buttons = await play.in_chat(qing.private, "想对哪一张做什么？↑")
        album = [m for m in play.telegram.said(qing.private) if m.album]
        assert [len(m.photos) for m in album] == [1, 1, 1]
        assert [m.text for m in album] == ["画好了 #1：三只猫（3 张）（AI生成）", "", ""]
        assert {m.reply_to for m in (*album, buttons)} == {said}
        assert "🎲2" in buttons.buttons
        varied = qing.presses("🎲2", buttons)
        await play.in_chat(qing.private, "改自 #1 第 2 张")
        await play.in_chat(qing.private, "画好了 #2")
        assert varied.answer is not None
        await play.in_chat(qing.private, "画好了 #1 ↓")


async def test_all_stays_in_its_topic(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        group = play.telegram.group("画友群", qing, topics=("画画", "闲聊"))
        drawing = group.topics["画画"]
        mine = await play.answer_to(qing.says(group, "/draw 一只猫", topic=drawing))
        await play.shows(mine, "画好了 #1")
        qing.presses("🎨 换风格", mine)
        offered = await play.in_chat(group, "换成哪种风格？")
        qing.presses("油画", offered)
        await play.in_chat(group, "画好了 #2：一只猫（油画）")
        album = qing.says(group, "/draw 两只狗，两张", topic=drawing)
        await play.in_chat(group, "画好了 #3")
        assert {m.topic for m in play.telegram.said(group)} == {drawing}
        assert album.reply_to is None


async def test_a_session_that_a_form_opens_in_a_topic_is_played_there(tmp_path: Path) -> None:
    async with stage(tmp_path, can_read_all=True) as play:
        qing = play.telegram.person("阿青")
        group = play.telegram.group("画友群", qing, topics=("画画", "闲聊"))
        drawing = group.topics["画画"]
        qing.says(group, "/session", topic=drawing)
        qing.presses("众笔", await play.in_chat(group, "开哪种局？"))
        form = await play.in_chat(group, "主题是什么？")
        block = next(e for e in form.entities if e["type"] == "pre")
        text = form.content.body.part(block)
        filled = text.replace("主题：", "主题：江南").replace("规矩：", "规矩：60 秒")
        qing.says(group, filled, to=form, topic=drawing)
        await play.in_chat(group, "众笔《江南》")
        qing.says(group, "竹林", topic=group.topics["闲聊"])
        qing.says(group, "石桥", topic=drawing)
        board = await play.answer_to(qing.says(group, "/board@danqing_bot", topic=drawing))
        assert "石桥" in board.text
        assert "竹林" not in board.text
        assert {m.topic for m in play.telegram.said(group)} == {drawing}


async def test_a_command_from_the_menu_is_asked_for_what_it_lacks(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        asked = await play.answer_to(qing.says(qing.private, "/draw"))
        assert asked.text.startswith("✏️ 想画什么呢？")
        assert asked.force_reply
        mine = await play.answer_to(qing.says(qing.private, "一只猫，竖版", to=asked))
        await play.shows(mine, "画好了 #1：一只猫")
        sought = await play.answer_to(qing.says(qing.private, "/search"))
        assert sought.text.startswith("✏️ 找什么呢？")
        found = await play.answer_to(qing.says(qing.private, "猫", to=sought))
        assert "1 · 一只猫" in found.text
        assert len(found.photos) == 1


async def test_a_photo_is_drawn_on_and_one_without_words_is_asked_about(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing, wang = play.telegram.person("阿青"), play.telegram.person("老王")
        mine = await play.answer_to(qing.sends_photo(qing.private, png(1), "画成水墨"))
        await play.shows(mine, "画好了 #1：照原图（水墨）")
        asked = await play.answer_to(qing.sends_photo(qing.private, png(2)))
        assert asked.text.startswith("✏️ 收到图了，想画成什么样？")
        told = await play.answer_to(qing.says(qing.private, "画成油画", to=asked))
        await play.shows(told, "画好了 #2：照原图（油画）")
        group = play.telegram.group("画友群", qing, wang)
        photo = wang.sends_photo(group, png(3))
        of_his = await play.answer_to(qing.says(group, "@danqing_bot 画成水彩", to=photo))
        await play.shows(of_his, "画好了 #3：照原图（水彩）")
        sent_on = qing.sends_photo(qing.private, png(4), "画成素描", forwarded_from=wang)
        await play.shows(await play.answer_to(sent_on), "画好了 #4：照原图（素描）")
        sources = [(await play.job(id_)).request.source for id_ in (1, 2, 3, 4)]
        assert all(sources)
        assert len(set(sources)) == 4


async def test_an_album_makes_a_picture_of_each(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        qing.sends_album(qing.private, [png(1), png(2), png(3)], "画成水墨")
        await play.in_chat(qing.private, "画好了 #3")
        jobs = [await play.job(id_) for id_ in (1, 2, 3)]
        assert len({job.request.source for job in jobs}) == 3
        assert {job.request.styles for job in jobs} == {("水墨",)}
        with_asked = qing.sends_album(qing.private, [png(4), png(5)])
        asked = await play.answer_to(with_asked[0], "想画成什么样？")
        qing.says(qing.private, "画成油画", to=asked)
        await play.in_chat(qing.private, "画好了 #5：照原图（油画）")


async def test_a_form_is_copied_changed_and_sent_back(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        mine = await play.answer_to(qing.says(qing.private, "画一只猫"))
        await play.shows(mine, "画好了 #1")
        qing.presses("✏️ 改一改", mine)
        form = await play.in_chat(qing.private, "不动的照旧")
        assert form.force_reply
        block = next(e for e in form.entities if e["type"] == "pre")
        text = form.content.body.part(block)
        assert "描述：一只猫" in text
        qing.says(qing.private, text.replace("一只猫", "一条鱼"), to=form)
        await play.in_chat(qing.private, "画好了 #2：一条鱼")


async def test_presses_are_answered_at_once_in_passing_where_that_is_all(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing, wang = play.telegram.person("阿青"), play.telegram.person("老王")
        group = play.telegram.group("画友群", qing, wang)
        mine = await play.answer_to(qing.says(group, "/draw 一只猫"))
        await play.shows(mine, "画好了 #1")
        kept = qing.presses("⭐ 收藏", mine)
        await play.telegram.until(lambda: kept.answer)
        assert kept.answer is not None
        assert kept.answer.text == "已收藏编号 1"
        his = wang.presses("🗑 删除", mine)
        await play.telegram.until(lambda: his.answer)
        assert his.answer is not None
        assert "这是别人的画" in his.answer.text
        forged = qing.presses_data(mine, "draw:99999")
        foreign = qing.presses_data(mine, "rm -rf /")
        await play.telegram.until(lambda: forged.answer and foreign.answer)
        assert foreign.answer is not None
        assert foreign.answer.text == "这个按钮已经不能用了"
        assert len(play.telegram.said(group)) == 1
        play.engine.gate.clear()
        presses = [qing.presses("🎲 变化", mine) for _ in range(20)]
        await play.telegram.until(lambda: all(press.answer for press in presses))
        toasts = [press.answer.text for press in presses if press.answer is not None]
        in_passing = sum("#2 就是它" in words for words in toasts)

        def late() -> int:
            return sum("#2 就是它" in message.text for message in play.telegram.said(group))

        await play.telegram.until(lambda: in_passing + late() == 19)  # too late for it: a message
        play.engine.gate.set()
        await play.in_chat(group, "画好了 #2")
        assert len(play.telegram.said(group)) == 2 + late()


async def test_a_link_shows_the_picture_to_whoever_has_it(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing, wang = play.telegram.person("阿青"), play.telegram.person("老王")
        mine = await play.answer_to(qing.says(qing.private, "画一只猫"))
        await play.shows(mine, "画好了 #1")
        qing.presses("ℹ️ 参数", mine)
        told = await play.in_chat(qing.private, "种子")
        url = unquote(told.keyboard[-1][0]["url"].partition("url=")[2])
        payload = url.partition("?start=")[2]
        shown = await play.answer_to(wang.starts(payload))
        assert len(shown.photos) == 1
        assert shown.buttons == []
        guessed = await play.answer_to(wang.starts("art_1_0123456789abcdef"))
        assert guessed.text == "这个链接已经打不开了"
        helped = await play.answer_to(wang.starts())
        assert "/帮助" in helped.text


async def test_by_way_of_the_bot_a_message_anywhere_becomes_the_picture(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        mine = await play.answer_to(qing.says(qing.private, "画一片竹林"))
        await play.shows(mine, "画好了 #1")
        query = qing.looks_up("竹林")
        await play.telegram.until(lambda: query.answered)
        assert [result.title for result in query.results] == ["🎨 画：竹林", ""]
        shown = qing.chooses(query, query.results[1])
        assert "（AI生成）" in shown.text
        wanted = qing.chooses(query, query.results[0])
        await play.shows(wanted, "画好了 #2：竹林（AI生成）")
        assert len(wanted.photos) == 1
        assert len(play.telegram.messages(qing.private)) == 2  # nothing is left of the way there
        qing.presses("🎲 变化", wanted)
        await play.in_chat(qing.private, "画好了 #3")


async def test_who_never_spoke_to_it_gets_a_link_by_way_of_the_bot(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        wang = play.telegram.person("老王")
        query = wang.looks_up("一只猫")
        await play.telegram.until(lambda: query.answered)
        wanted = wang.chooses(query, query.results[0])
        await play.shows(wanted, "点这里看：https://t.me/danqing_bot?start=art_1_")
        assert wanted.photos == []
        payload = wanted.text.partition("?start=")[2]
        assert len((await play.answer_to(wang.starts(payload))).photos) == 1


async def test_a_channel_is_served_too(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        channel = play.telegram.channel("画廊", qing)
        qing.says(channel, "今天的画")
        mine = await play.answer_to(qing.says(channel, "/draw 一只猫"))
        await play.shows(mine, "画好了 #1")


async def test_an_edited_message_asks_for_nothing_new(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        said = qing.says(qing.private, "画一只猫")
        await play.shows(await play.answer_to(said), "画好了 #1")
        qing.edits(said, "画一条鱼")
        await play.answer_to(qing.says(qing.private, "/额度"))
        assert len(play.telegram.said(qing.private)) == 2


async def test_only_those_are_served_who_are_meant_to_be(tmp_path: Path) -> None:
    async with fake_telegram() as telegram:
        qing, wang = telegram.person("阿青"), telegram.person("老王")
        group, other = telegram.group("我们", qing, wang), telegram.group("别处", qing, wang)
        listed = {"chats": [group.id], "users": [qing.user.id]}
        async with running(tmp_path, telegram, listed) as play:
            served = [
                wang.says(group, "/draw 一只猫"),
                qing.says(other, "/draw 一只狗"),
                qing.says(qing.private, "画一条鱼"),
            ]
            for number, said in enumerate(served, 1):
                assert (await play.answer_to(said)).text.startswith(("收到", "画好了")), number
            mine = await play.answer_to(wang.says(wang.private, "画一座山"))
            assert f"telegram:{wang.user.id}" in mine.text
            theirs = await play.answer_to(wang.says(other, "/draw 一座山"))
            assert f"telegram:{other.id}" in theirs.text
        assert telegram.refused == []


async def test_admins_set_what_holds_for_their_group_and_others_do_not(tmp_path: Path) -> None:
    async with stage(tmp_path, can_read_all=True) as play:
        qing, wang = play.telegram.person("阿青"), play.telegram.person("老王")
        group = play.telegram.group("画友群", qing, wang, admins=[qing])
        no = await play.answer_to(wang.says(group, "/设置@danqing_bot 本群 水墨风"))
        assert "管理员" in no.text
        yes = await play.answer_to(qing.says(group, "/settings@danqing_bot 本群 水墨风"))
        assert "水墨" in yes.text
        nameless = qing.says(group, "/settings@danqing_bot 本群 油画风", anonymous=True)
        assert "油画" in (await play.answer_to(nameless)).text


async def test_what_is_said_of_people_is_no_markup(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        name = '<b>阿青</b> [x](tg://user?id=1) & "_*`'
        qing, wang = play.telegram.person(name), play.telegram.person("老王")
        group = play.telegram.group("画友群", qing, wang)
        words = "<a href='x'>猫</a> *粗* `码` &lt; 😀"
        mine = await play.answer_to(qing.says(group, f"/draw {words}"))
        await play.shows(mine, "画好了 #1")
        assert "<a href" in mine.text
        assert [
            e["type"] for e in mine.entities if e["type"] in {"bold", "code", "text_link"}
        ] == []


async def test_an_avatar_is_drawn_on(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing, wang = play.telegram.person("阿青"), play.telegram.person("老王")
        qing.avatar = png(7)
        mine = await play.answer_to(qing.says(qing.private, "把我的头像画成水墨"))
        await play.shows(mine, "画好了 #1：照原图（水墨）")
        none = await play.answer_to(wang.says(wang.private, "把我的头像画成水墨"))
        assert none.text == "这里拿不到头像，请直接发一张图，说要画成什么样"
        group = play.telegram.group("画友群", qing, wang)
        his = wang.says(group, "/draw 把阿青的头像画成油画", mentions=[qing])
        assert his.entities


async def test_a_group_that_lets_it_in_is_told_how_it_works(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        group = play.telegram.group("新群", qing)
        qing.lets_in(group)
        await play.in_chat(group, "大家好，我是丹青")


async def test_the_menu_is_shown_in_both_languages(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        commands = play.telegram.world.commands
        await play.telegram.until(lambda: len(commands) == 4)
        by_language = {language: named for (_, language), named in commands.items()}
        english, chinese = by_language[""], by_language["zh"]
        assert {"command": "draw", "description": "画一张画，后面说画什么"} in chinese
        assert {"command": "history", "description": "what I have drawn"} in english
        assert "ban" not in [one["command"] for one in chinese]


def png(shade: int) -> bytes:
    """A picture that is like no other."""
    file = BytesIO()
    image = Image.new("RGB", (96, 64), (20 * shade, 255 - 20 * shade, 128))
    image.paste((255, 255, 255), (10 * shade, 5, 10 * shade + 8, 40))
    image.save(file, "PNG")
    return file.getvalue()
