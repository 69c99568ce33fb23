"""One message for each job, from the queue to the picture, read as scenes."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import MessageGone, NotSent
from bot.job import State
from bot.label import check_labels
from bot.reply import Reply
from bot.settings import Settings
from generation.errors import UnknownModel
from tests.flow.scene import LIMITS, PRIVATE, Hand, scene


async def test_a_job_has_one_message_from_the_queue_to_the_picture(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        mine = await play.says("阿青", "画一只猫，竖版，水墨风 --steps 10", PRIVATE)
        assert mine.text == "收到 #1：一只猫\n竖版 · 水墨 · 10 步 · 马上开始"
        await play.engine.until(1)
        await play.draws("猫", 4, seconds=2.0)
        await play.later(1)
        assert mine.text == "收到 #1：一只猫\n竖版 · 水墨 · 10 步\n🎨 ▓▓▓▓░░░░░░ 40% · 约 15 秒"
        assert [button.label for button in mine.buttons] == ["取消"]
        await play.finishes(1, "猫", 6, seconds=2.0)
        await play.attend()
        assert mine.text == "画好了 #1：一只猫（水墨）（AI生成）"
        assert mine.pictures == 1
        assert mine.buttons[0].label == "🔁 再来一张"
        assert len(play.chat.messages) == 1
        assert await play.is_in(1, State.DELIVERED)


async def test_who_waits_sees_their_place_change(tmp_path: Path) -> None:
    async with scene(tmp_path, at_once=1) as play:
        await play.says("阿青", "画一只猫 --steps 4")
        await play.engine.until(1)
        await play.says("小丹", "画一只狗 --steps 4")
        wang = await play.says("老王", "画一匹马 --steps 4")
        assert wang.text == "收到 #3：一匹马\n4 步 · 前面 2 人"
        await play.finishes(1, "猫", 4, seconds=1.0)
        await play.attend()
        await play.until(2, State.DRAWING)
        for _ in range(3):  # each time one message of the group
            await play.later(5)
        assert wang.text == "收到 #3：一匹马\n4 步\n⏳ 排第 2 位 · 约 10 秒"
        await play.finishes(2, "狗", 4, seconds=1.0)
        await play.until(3, State.DRAWING)
        await play.draws("马", 2, seconds=1.0)
        for _ in range(3):
            await play.later(5)
        assert "🎨 ▓▓▓▓▓░░░░░ 50%" in wang.text
        await play.finishes(3, "马", 2)
        await play.attend()
        assert [message.pictures for message in play.chat.messages.values()] == [1, 1, 1]


async def test_who_waits_is_told_of_a_pause_and_of_its_end(tmp_path: Path) -> None:
    async with scene(tmp_path, at_once=1) as play:
        await play.says("阿青", "画一只猫 --steps 4", PRIVATE)
        await play.engine.until(1)
        dog = await play.says("小丹", "画一只狗 --steps 4")
        await play.store.write(play.store.pauses.put, "chat:群一", "打雷")
        await play.later(10)
        await play.see(lambda: play.edited(dog, "⏸ 管理员暂停了画画（打雷），恢复后按顺序画"))
        await play.store.write(play.store.pauses.drop, "chat:群一")
        await play.later(10)
        await play.see(lambda: play.edited(dog, "⏳ 排第 2 位"))


async def test_several_pictures_are_an_album_below_and_the_message_says_so(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as play:
        mine = await play.says("阿青", "画三只猫，三张 --steps 4", PRIVATE)
        await play.engine.until(1)
        await play.draws("猫", 2, seconds=1.0)
        await play.later(1)
        assert "🎨 ▓▓▓▓▓░░░░░ 50% · 第 1/3 张" in mine.text
        await play.finishes(1, "猫", 2)
        await play.attend()
        assert play.last.text == "画好了 #1：三只猫（3 张）（AI生成）"
        assert play.last.pictures == 3
        await play.later(1)
        assert mine.text == "画好了 #1 ↓"
        assert mine.buttons == []


async def test_a_long_job_ends_with_a_new_message_so_that_people_notice(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        mine = await play.says("阿青", "画一只猫 --steps 10", PRIVATE)
        await play.engine.until(1)
        await play.finishes(1, "猫", 10, seconds=7.0)
        await play.attend()
        assert play.last.text == "画好了 #1：一只猫（AI生成）"
        assert play.last.to == mine.to
        await play.later(1)
        assert mine.text == "画好了 #1 ↓"
        assert [message.pictures for message in play.chat.messages.values()] == [0, 1]


async def test_a_cancelled_job_ends_in_its_message(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        mine = await play.says("阿青", "画一只猫 --steps 10", PRIVATE)
        await play.engine.until(1)
        await play.draws("猫", 3)
        await play.later(1)
        await play.presses("阿青", "取消", mine)
        await play.engine.until(0)
        assert mine.text == "#1 已取消"
        assert mine.buttons == []
        await play.later(30)
        assert mine.text == "#1 已取消"
        assert len(play.chat.messages) == 1


async def test_whoever_cancels_in_words_is_answered_and_the_message_says_so(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as play:
        mine = await play.says("阿青", "画一只猫", PRIVATE)
        await play.engine.until(1)
        answer = await play.says("阿青", "/取消", PRIVATE)
        assert answer.text == "#1 已取消"
        assert answer is not mine
        await play.later(1)
        assert mine.text == "#1 已取消"


async def test_a_failed_job_ends_in_its_message(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        play.engine.errors = [UnknownModel("mini")]
        mine = await play.says("阿青", "画一只猫", PRIVATE)
        await play.until(1, State.FAILED)
        await play.attend()
        assert mine.text.startswith("#1 没画成：画它要用的模型还没有安装")
        assert [button.label for button in mine.buttons] == ["再试一次"]
        assert len(play.chat.messages) == 1


async def test_after_a_restart_the_same_message_goes_on(tmp_path: Path) -> None:
    clock = Hand()
    async with scene(tmp_path, clock=clock) as play:
        mine = await play.says("阿青", "画一只猫 --steps 10", PRIVATE)
        await play.engine.until(1)
        await play.draws("猫", 4, seconds=1.0)
        await play.later(1)
        assert "40%" in mine.text
        chat = play.chat
    async with scene(tmp_path, chat=chat, clock=clock) as play:
        await play.engine.until(1)
        await play.draws("猫", 5, seconds=1.0)
        await play.later(1)
        assert "50%" in mine.text
        await play.finishes(1, "猫", 5)
    async with scene(tmp_path, chat=chat, clock=clock) as play:
        await play.attend()
        assert mine.text == "画好了 #1：一只猫（AI生成）"
        assert len(chat.messages) == 1


async def test_an_edit_that_may_have_come_is_made_again_and_shows_nothing_twice(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as play:
        mine = await play.says("阿青", "画一只猫 --steps 2", PRIVATE)
        await play.engine.until(1)
        await play.finishes(1, "猫", 2)
        play.chat.edit_errors = [NotSent("timed out", arrived=None)]
        await play.attend()
        assert mine.pictures == 0
        await play.later(2)
        assert mine.text == "画好了 #1：一只猫（AI生成）"
        assert len(play.chat.messages) == 1


async def test_a_message_that_somebody_deleted_is_followed_by_the_result(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        mine = await play.says("阿青", "画一只猫 --steps 4", PRIVATE)
        await play.engine.until(1)
        del play.chat.messages[mine.id]
        await play.draws("猫", 2)
        await play.later(5)
        await play.finishes(1, "猫", 2)
        await play.attend()
        await play.later(5)
        (found,) = play.chat.messages.values()
        assert (found.text, found.pictures) == ("画好了 #1：一只猫（AI生成）", 1)
        assert await play.store.idle()


async def test_too_many_requests_slow_only_their_chat(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        mine = await play.says("阿青", "画一只猫 --steps 10", PRIVATE)
        ours = await play.says("小丹", "画一只狗 --steps 10")
        await play.engine.until(2)
        await play.draws("猫", 1)
        await play.draws("狗", 1)
        play.chat.edit_errors = [NotSent("429", retry_after_s=30.0)]
        await play.later(5)  # the group is asked first
        assert "10%" not in ours.text
        assert "10%" in mine.text
        await play.draws("猫", 1)
        await play.draws("狗", 1)
        await play.later(20)
        assert "10%" not in ours.text
        assert "20%" in mine.text
        await play.later(10)
        assert "20%" in ours.text


async def test_a_progress_that_fails_costs_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        mine = await play.says("阿青", "画一只猫 --steps 10", PRIVATE)
        await play.engine.until(1)
        play.chat.edit_errors = [NotSent("500"), MessageGone("too old")]
        for _ in range(3):
            await play.draws("猫", 1)
            await play.later(1)
        assert mine.text.endswith("马上开始")
        await play.finishes(1, "猫", 7)
        await play.attend()
        assert mine.pictures == 1


async def test_a_message_that_is_too_old_is_left_alone(tmp_path: Path) -> None:
    limits = replace(LIMITS, editable_s=20.0)
    async with scene(tmp_path, limits) as play:
        mine = await play.says("阿青", "画一只猫 --steps 10", PRIVATE)
        await play.engine.until(1)
        await play.draws("猫", 1, seconds=1.0)
        await play.later(1)
        assert "10%" in mine.text
        await play.draws("猫", 1, seconds=30.0)
        await play.later(1)
        assert "10%" in mine.text
        await play.finishes(1, "猫", 8)
        await play.attend()
        assert play.last.text == "画好了 #1：一只猫（AI生成）"


async def test_pictures_in_the_making_are_labelled_and_wanted(tmp_path: Path) -> None:
    limits = replace(LIMITS, sketches=True)
    async with scene(tmp_path, limits) as play:
        mine = await play.says("阿青", "画一只猫 --steps 4", PRIVATE)
        ours = await play.says("小丹", "画一只狗 --steps 4")
        await play.engine.until(2)
        await play.draws("猫", 2)
        await play.draws("狗", 2)
        await play.later(5)
        assert mine.sketch is not None
        check_labels(mine.sketch)
        assert "50%" in ours.text
        assert ours.sketch is None  # a group does without, unless it wants them
        await play.finishes(1, "猫", 2)
        await play.attend()
        assert (mine.pictures, mine.sketch) == (1, None)


async def test_who_wants_no_previews_gets_none(tmp_path: Path) -> None:
    limits = replace(LIMITS, sketches=True)
    async with scene(tmp_path, limits) as play:
        put = play.store.preferences.put
        await play.store.write(put, "chat:阿青", Settings(previews=False))
        mine = await play.says("阿青", "画一只猫 --steps 4", PRIVATE)
        await play.engine.until(1)
        await play.draws("猫", 2)
        await play.later(5)
        assert "50%" in mine.text
        assert mine.sketch is None


async def test_a_sketch_outlives_a_restart(tmp_path: Path) -> None:
    limits, clock = replace(LIMITS, sketches=True), Hand()
    async with scene(tmp_path, limits, clock=clock) as play:
        mine = await play.says("阿青", "画一只猫 --steps 10", PRIVATE)
        await play.engine.until(1)
        await play.draws("猫", 2)
        await play.later(1)
        assert mine.sketch is not None
        chat = play.chat
    async with scene(tmp_path, chat=chat, clock=clock) as play:
        await play.engine.until(1)
        await play.says("阿青", "/取消 1", PRIVATE)
        await play.later(1)
        assert mine.text == "#1 已取消"


async def test_in_a_busy_group_results_come_as_one_album(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        cat = await play.says("阿青", "画一只猫 --steps 10")
        dogs = await play.says("小丹", "画两只狗，两张 --steps 10")
        await play.says("老王", "画一匹马 --steps 10")
        await play.engine.until(3)
        await play.draws("马", 1, seconds=1.0)
        await play.draws("狗", 9, seconds=0.05)
        await play.finishes(1, "猫", 10, seconds=0.05)
        await play.attend()
        assert await play.is_in(1, State.DRAWN)  # the dogs are nearly there
        await play.finishes(2, "狗", 1, seconds=0.05)
        await play.attend()
        album = play.last
        assert album.text == "1 阿青 #1：一只猫\n2–3 小丹 #2：两只狗（2 张）（AI生成）"
        assert album.pictures == 3
        reply = album.delivery.reply
        assert [(reply.text[n.start : n.end], n.user) for n in reply.named] == [
            ("阿青", "chat:阿青"),
            ("小丹", "chat:小丹"),
        ]
        assert [b.label for b in album.buttons] == [
            *("🔍1", "🔍2", "🔍3", "🎲1", "🎲2", "🎲3", "⋯1", "⋯2", "⋯3")
        ]
        assert await play.is_in(1, State.DELIVERED)
        assert await play.is_in(2, State.DELIVERED)
        for _ in range(6):
            await play.later(5)
        assert cat.text == "画好了 #1，在下面第 1 张 ↓"
        assert dogs.text == "画好了 #2，在下面第 2–3 张 ↓"
        second = [m for m in play.chat.messages.values() if m.delivery is album.delivery][2]
        answer = await play.answers("小丹", "换成水墨", second)
        assert answer.text.startswith("收到 #4：两只狗\n改自 #2 第 1 张")


async def test_a_lone_result_waits_for_nobody(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        cat = await play.says("阿青", "画一只猫 --steps 10")
        await play.says("小丹", "画一只狗 --steps 10")
        await play.engine.until(2)
        await play.draws("狗", 2, seconds=5.0)
        await play.finishes(1, "猫", 10, seconds=2.0)
        await play.attend()
        assert cat.pictures == 1


async def test_words_do_not_wait_for_a_result_that_waits(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        cat = await play.says("阿青", "画一只猫 --steps 10")
        await play.says("小丹", "画一只狗 --steps 10")
        await play.engine.until(2)
        await play.draws("狗", 9, seconds=0.1)
        await play.finishes(1, "猫", 10, seconds=0.1)
        await play.attend()
        horse = await play.says("老王", "画一匹马")
        assert horse.text.startswith("收到 #3")
        assert cat.pictures == 0
        await play.later(5)  # the dog has come to a stop: enough
        assert cat.pictures == 1


async def test_results_are_not_folded_in_private(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        cat = await play.says("阿青", "画一只猫 --steps 10", PRIVATE)
        dog = await play.says("阿青", "画一只狗 --steps 10", PRIVATE)
        await play.engine.until(2)
        await play.draws("狗", 9, seconds=0.1)
        await play.finishes(1, "猫", 10, seconds=0.1)
        await play.attend()
        assert cat.pictures == 1
        await play.finishes(2, "狗", 1)
        await play.attend()
        assert dog.pictures == 1


@pytest.mark.parametrize("lost", [asyncio.CancelledError(), NotSent("timed out", arrived=None)])
async def test_an_album_that_may_have_come_comes_again_whole_and_marked(
    tmp_path: Path, lost: BaseException
) -> None:
    clock = Hand()
    async with scene(tmp_path, clock=clock) as play:
        for name, what in (("阿青", "猫"), ("小丹", "狗")):
            await play.says(name, f"画一只{what} --steps 2")
        await play.engine.until(2)
        await play.finishes(1, "猫", 2)
        await play.finishes(2, "狗", 2)
        chat = play.chat
        chat.lost = [lost]
        with suppress(asyncio.CancelledError):  # as when the process ends
            await play.attend()
    async with scene(tmp_path, chat=chat, clock=clock) as play:
        await play.says("老王", "画一匹马")
        await play.later(30)
        albums = [m.text for m in chat.messages.values() if m.pictures]
        words = "1 阿青 #1：一只猫\n2 小丹 #2：一只狗（AI生成）"
        assert albums == [words, f"（补发）{words}"]
        assert play.of(3).text.startswith("收到 #3")
        assert await play.is_in(1, State.DELIVERED)
        assert await play.is_in(2, State.DELIVERED)


async def test_the_chat_of_these_scenes_refuses_what_chats_refuse(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        chat, mine = play.chat, await play.says("阿青", "画一只猫", PRIVATE)
        opening = await play.store.read(play.store.outbox.opening, 1)
        assert opening is not None
        same = opening.edit(replace(opening.reply, wait=None, to=None))
        for reply in (same.reply, replace(same.reply, text="长" * 5000), Reply(text="太快")):
            with pytest.raises(NotSent):
                await chat.edit(replace(same, reply=reply))
        with pytest.raises(MessageGone):
            await chat.edit(replace(same, message="7"))
        assert [words for _, words in mine.seen] == [mine.text]
        assert [words.split(":")[0] for words in chat.refused] == [
            "message is not modified",
            "message is too long",
            "too many edits",
        ]
        chat.refused.clear()
