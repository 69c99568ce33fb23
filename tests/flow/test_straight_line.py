"""The line, from a sentence to a labelled picture, read as talk."""

import asyncio
import shutil
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from aiosqlite import Connection
from PIL import Image

from bot.errors import NotSent
from bot.event import User
from bot.job import State
from bot.label import check, recipe_of
from bot.painter import MAX_ATTEMPTS, Easel
from bot.store.limits import QueueConfig
from bot.style import Styles
from generation.errors import EngineLost, UnknownModel
from generation.recipe import Expand, Progress
from tests.conftest import Studio, opened_studio


async def test_a_sentence_becomes_labelled_pictures_in_the_chat(studio: Studio) -> None:
    id_ = await studio.says("阿青", "帮我画两张雪地里的企鹅，水墨风，竖版，不要文字")
    await studio.paint_all()

    accepted, finished = studio.adapter.sent
    assert accepted.reply.text == (
        "收到 #1：雪地里的企鹅\n竖版 · 水墨 · 2 张 · 不要：文字 · 马上开始"
    )
    assert finished.reply.text == "画好了 #1：雪地里的企鹅（水墨，2 张）（AI生成）"
    assert (accepted.reply.to, finished.reply.to) == (id_, id_)
    assert [a.recipe.seed for a in finished.reply.artworks] == [1, 2]
    for artwork in finished.reply.artworks:
        png = artwork.path.read_bytes()
        check(png)
        assert recipe_of(png) == artwork.recipe
        assert artwork.recipe.prompt == "雪地里的企鹅，水墨风"
        assert artwork.recipe.avoid == "文字"
        assert (artwork.recipe.width, artwork.recipe.height) == (192, 320)
    assert await studio.state(1) is State.DELIVERED


async def test_the_first_thing_said_of_a_job_is_on_disk_before_it_is_said(studio: Studio) -> None:
    await studio.app.hear(
        "console", "1", b'{"id":"1","user":"a","text":"\xe7\x94\xbb\xe5\xb1\xb1"}'
    )
    assert studio.adapter.sent == []
    update = await studio.store.read(studio.store.inbox.next)
    assert update is not None
    await studio.app.receive(update)
    assert studio.adapter.sent == []
    assert await studio.state(1) is State.QUEUED
    await studio.deliver()
    assert len(studio.texts) == 1


async def test_an_update_that_comes_twice_is_answered_once(studio: Studio) -> None:
    for _ in range(2):
        await studio.app.hear(
            "console", "7", b'{"id":"7","user":"a","text":"\xe7\x94\xbb\xe5\xb1\xb1"}'
        )
    await studio.answer()
    assert len(studio.texts) == 1


async def test_what_cannot_be_read_is_answered_and_does_not_block(studio: Studio) -> None:
    await studio.app.hear("console", "broken", b"\xff not json")
    await studio.says("阿青", "画一座山")
    assert len(studio.texts) == 1
    assert await studio.store.read(studio.store.inbox.next) is None


async def test_what_concerns_a_platform_that_is_off_keeps_until_it_is_on(studio: Studio) -> None:
    await studio.app.hear("telegram", "1", b"{}")
    await studio.says("阿青", "画一座山")
    await studio.paint_all()
    assert await studio.store.idle()

    async def unanswered(db: Connection) -> int:
        rows = await db.execute_fetchall("SELECT 1 FROM updates WHERE handled_at IS NULL")
        return len(list(rows))

    assert await studio.store.read(unanswered) == 1


async def test_a_full_disk_costs_no_job(studio: Studio, tmp_path: Path) -> None:
    await studio.says("阿青", "画一座山")
    folder = tmp_path / "pictures"
    folder.mkdir(parents=True)
    (folder / "1-0.part").symlink_to("/dev/full")  # every write to it says: no space left
    job = await studio.store.write(studio.store.queue.claim)
    assert job is not None
    await studio.painter.paint(job)
    assert await studio.state(1) is State.QUEUED
    assert (await studio.job(1)).failures == 0
    assert list(tmp_path.rglob("*.png")) == []
    await studio.paint_all()
    assert studio.texts[-1].startswith("画好了 #1")


async def test_a_disk_that_is_nearly_full_is_said_before_anything_is_promised(
    tmp_path: Path,
) -> None:
    async with opened_studio(tmp_path, QueueConfig(min_free_mb=10**9)) as studio:
        await studio.says("阿青", "画一座山")
        assert studio.texts == ["磁盘快满了，暂时画不了新的画，请稍后再试，或告诉管理员"]


async def test_users_take_turns(studio: Studio) -> None:
    for prompt in ("一座山", "一条河", "一片湖"):
        await studio.says("阿青", f"画{prompt}")
    await studio.says("小丹", "画一只猫")
    await studio.paint_all()
    assert [recipe.prompt for recipe in studio.engine.drawn].index("一只猫") == 1


async def test_a_full_queue_is_said_kindly(tmp_path: Path) -> None:
    async with opened_studio(tmp_path, QueueConfig(waiting_per_user=3)) as studio:
        for _ in range(4):
            await studio.says("阿青", "画一座山")
        assert studio.texts[-1] == "你还有 3 个任务在排队，等画好一个再来吧"


async def test_what_is_clamped_is_said_to_be(studio: Studio) -> None:
    await studio.says(
        "阿青", "画一座山 --n 10000 --seed 18446744073709551616 --steps 0 --size 16384x64"
    )
    notes = studio.texts[-1].split("\n· ")[1:]
    assert len(notes) == 4, notes
    request = (await studio.job(1)).request
    assert (request.count, request.steps) == (4, 1)


async def test_redo_draws_the_same_with_a_new_seed(studio: Studio) -> None:
    await studio.says("阿青", "画一座山")
    await studio.paint_all()
    await studio.says("阿青", ":redo:1")
    await studio.paint_all()
    one, two = studio.engine.drawn
    assert (one.prompt, one.seed) == ("一座山", 1)
    assert (two.prompt, two.seed) == ("一座山", 2)


async def test_a_waiting_job_can_be_cancelled_by_its_owner_only(studio: Studio) -> None:
    await studio.says("阿青", "画一座山")
    await studio.says("小丹", ":cancel:1")
    assert "别人" in studio.texts[-1]
    await studio.says("阿青", ":cancel:1")
    assert studio.texts[-1] == "#1 已取消"
    await studio.paint_all()
    assert studio.engine.drawn == []
    assert await studio.state(1) is State.CANCELLED


async def test_a_job_that_is_being_drawn_stops_when_cancelled(studio: Studio) -> None:
    studio.engine.gate.clear()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(studio.painter.run())
        await studio.says("阿青", "画一座山")
        await studio.engine.until(1)
        await studio.says("阿青", ":cancel:1")
        await studio.engine.until(0)
        running.cancel()
    assert await studio.state(1) is State.CANCELLED
    assert studio.texts[-1] == "#1 已取消"


async def test_a_lost_engine_costs_no_job(studio: Studio) -> None:
    await studio.says("阿青", "画一座山")
    studio.engine.errors = [EngineLost("gone"), EngineLost("gone again")]
    await studio.paint_all()
    assert studio.texts[-1].startswith("画好了 #1")
    assert (await studio.job(1)).failures == 2


async def test_a_job_is_not_tried_for_ever(studio: Studio) -> None:
    await studio.says("阿青", "画一座山")
    studio.engine.errors = [EngineLost("gone")] * 3
    await studio.paint_all()
    assert studio.texts[-1] == "#1 没画成：画了几次，引擎都中途停了，换个说法试试"
    assert await studio.state(1) is State.FAILED


async def test_after_restarts_amid_drawing_each_is_drawn_alone(studio: Studio) -> None:
    for words in ("画一座山", "画一条河", "画一片海"):
        await studio.says("阿青", words)
    claim, recover = studio.store.queue.claim, studio.store.queue.recover
    for _ in range(2):
        while await studio.store.write(claim) is not None:
            pass
        await studio.store.write(recover)  # as a restart does
    studio.engine.gate.clear()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(studio.painter.run())
        await studio.engine.until(1)
        for _ in range(3):  # the painter looks again at each change
            await studio.store.write(studio.store.names.seen, User("console", "阿青", f"{_}"))
            await studio.store.read(studio.store.queue.idle)
        studio.engine.gate.set()
        while not await studio.store.read(studio.store.queue.idle):
            await studio.store.after(studio.store.commits, 0.1)
        running.cancel()
    assert studio.engine.together[:2] == [1, 1]
    assert [await studio.state(n) for n in (1, 2, 3)] == [State.DRAWN] * 3


async def test_a_job_that_was_begun_too_often_may_be_what_ends_the_bot(studio: Studio) -> None:
    await studio.says("阿青", "画一座山")
    for _ in range(MAX_ATTEMPTS):
        assert await studio.store.write(studio.store.queue.claim) is not None
        await studio.store.write(studio.store.queue.recover)  # as a restart does
    await studio.paint_all()
    assert await studio.state(1) is State.FAILED
    assert "没画成" in studio.texts[-1]


async def test_a_job_that_kills_the_engine_fails_and_the_others_are_drawn(studio: Studio) -> None:
    studio.engine.deadly, studio.engine.deadly_error = {"毒蘑菇"}, EngineLost("killed")
    studio.engine.crowd = 4
    for name, prompt in (("a", "一座山"), ("b", "毒蘑菇"), ("c", "一条河"), ("d", "一片湖")):
        await studio.says(name, f"画{prompt}")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(studio.painter.run())
        while not await studio.store.read(studio.store.queue.idle):
            seen = studio.store.commits
            await studio.deliver()
            await studio.store.after(seen, 1.0)
        running.cancel()
    await studio.deliver()
    states = {id_: await studio.state(id_) for id_ in range(1, 5)}
    assert states == {
        1: State.DELIVERED,
        2: State.FAILED,
        3: State.DELIVERED,
        4: State.DELIVERED,
    }
    assert studio.engine.together == [1, 2, 3, 4, *[1] * (len(studio.engine.together) - 4)]


async def test_a_hopeless_job_is_told(studio: Studio) -> None:
    await studio.says("阿青", "画一座山")
    studio.engine.errors = [UnknownModel("mini")]
    await studio.paint_all()
    assert studio.texts[-1] == "#1 没画成：画它要用的模型还没有安装，请换个画风，或告诉管理员"


async def test_a_bug_costs_one_job(studio: Studio) -> None:
    await studio.says("阿青", "画一座山")
    studio.engine.errors = [ZeroDivisionError()]
    await studio.paint_all()
    await studio.says("阿青", "画一条河")
    await studio.paint_all()
    assert studio.texts[-3] == "#1 没画成：出了点意外，已经记下来了"
    assert studio.texts[-1].startswith("画好了 #2")


async def test_what_surely_did_not_arrive_is_sent_again_unmarked(studio: Studio) -> None:
    studio.adapter.errors = [NotSent("429", retry_after_s=0.0)]
    await studio.says("阿青", "画一座山")
    assert [d.repeated for d in studio.adapter.sent] == [False]


async def test_what_may_have_arrived_is_sent_again_marked(studio: Studio) -> None:
    studio.adapter.errors = [NotSent("timed out", arrived=None)]
    await studio.says("阿青", "画一座山")
    assert [d.repeated for d in studio.adapter.sent] == [True]


async def test_what_may_have_arrived_stays_marked_when_the_next_attempt_surely_failed(
    studio: Studio,
) -> None:
    studio.adapter.errors = [NotSent("timed out", arrived=None), NotSent("429", retry_after_s=0.0)]
    await studio.says("阿青", "画一座山")
    assert [d.repeated for d in studio.adapter.sent] == [True]


async def test_a_chat_that_is_gone_keeps_nothing_waiting(studio: Studio) -> None:
    await studio.says("阿青", "画一座山")
    studio.adapter.errors = [NotSent("blocked by the user", final=True)]
    await studio.paint_all()
    assert await studio.state(1) is State.FAILED
    assert await studio.store.idle()


async def test_a_restart_delivers_what_was_drawn(tmp_path: Path) -> None:
    async with opened_studio(tmp_path) as studio:
        await studio.says("阿青", "画一座山")
        job = await studio.store.write(studio.store.queue.claim)
        assert job is not None
        await studio.painter.paint(job)
    async with opened_studio(tmp_path) as studio:
        await studio.deliver()
        assert studio.texts == ["画好了 #1：一座山（AI生成）"]
        assert await studio.state(1) is State.DELIVERED


async def test_progress_is_shown_with_what_is_left(studio: Studio) -> None:
    await studio.says("阿青", "画一座山，两张")
    await studio.paint_all()
    await asyncio.sleep(0)
    last = studio.adapter.shown[-1]
    assert (last.number, last.count, last.step) == (1, 2, last.steps)


def a_picture(width: int, height: int, colour: str = "white", kind: str = "PNG") -> bytes:
    file = BytesIO()
    Image.new("RGB", (width, height), colour).save(file, kind)
    return file.getvalue()


async def test_a_picture_is_drawn_on_what_was_handed_in(studio: Studio) -> None:
    photo = a_picture(192, 128, "red", "JPEG")
    await studio.says("阿青", "画成水墨 --strength 0.4", source=photo)
    await studio.paint_all()
    (recipe,) = studio.engine.drawn
    assert (recipe.width, recipe.height, recipe.strength) == (192, 128, 0.4)
    assert recipe.prompt == "水墨风"
    assert studio.texts[0] == "收到 #1：照原图\n水墨 · 重画 0.4 · 马上开始"
    kept = studio.store.sources.read(recipe.source)
    assert Image.open(BytesIO(kept)).size == (192, 128)
    (artwork,) = studio.last.reply.artworks
    assert artwork.recipe == recipe == recipe_of(artwork.path.read_bytes())
    assert studio.engine.owners == ["console:阿青"]


async def test_a_mask_says_where_and_what_was_scaled_is_said_once(studio: Studio) -> None:
    source, mask = a_picture(128, 128), a_picture(64, 64)
    await studio.says("阿青", "画两张戴帽子的猫", source=source, mask=mask)
    await studio.paint_all()
    assert studio.texts[-1] == "画好了 #1：戴帽子的猫（2 张）\n· 遮罩 64×64 已缩放（AI生成）"
    assert {recipe.strength for recipe in studio.engine.drawn} == {1.0}


async def test_a_mask_alone_is_refused(studio: Studio) -> None:
    await studio.says("阿青", "画戴帽子的猫", mask=a_picture(64, 64))
    assert studio.texts == ["只有遮罩，没有原图：遮罩要和原图一起给"]


async def test_a_picture_is_continued_beyond_its_edges(studio: Studio) -> None:
    await studio.says("阿青", "画海边 --expand 64,0,128,0", source=a_picture(128, 128))
    await studio.paint_all()
    (recipe,) = studio.engine.drawn
    assert (recipe.width, recipe.height) == (320, 128)
    assert recipe.expand == Expand(left=64, right=128)
    assert recipe_of(studio.last.reply.artworks[0].path.read_bytes()) == recipe


async def test_a_picture_is_drawn_large_and_fast(studio: Studio) -> None:
    await studio.says("阿青", "快速画一座山 --hires 2")
    await studio.paint_all()
    (recipe,) = studio.engine.drawn
    assert (recipe.width, recipe.height, recipe.hires, recipe.fast) == (512, 512, 2.0, True)


async def test_redo_draws_on_the_same_picture_again(studio: Studio) -> None:
    await studio.says("阿青", "画成水墨", source=a_picture(96, 96, "red"))
    await studio.paint_all()
    await studio.says("阿青", ":redo:1")
    await studio.paint_all()
    one, two = studio.engine.drawn
    assert two == replace(one, seed=2)


async def test_a_job_whose_picture_is_gone_fails_with_a_word(
    studio: Studio, tmp_path: Path
) -> None:
    await studio.says("阿青", "画成水墨", source=a_picture(96, 96))
    shutil.rmtree(tmp_path / "sources")
    await studio.paint_all()
    assert studio.texts[-1] == (
        "#1 没画成：这样画不出来，换个说法试试（原图或遮罩已经不在了，请重新给一次）"
    )


async def test_what_was_drawn_before_there_were_sources_is_still_read(studio: Studio) -> None:
    await studio.says("阿青", "画一座山")

    async def age(db: Connection) -> None:
        await db.execute(
            """UPDATE jobs SET request = json_remove(request, '$.source', '$.source_px', '$.mask',
               '$.strength', '$.expand', '$.hires', '$.fast')"""
        )

    await studio.store.write(age)
    await studio.paint_all()
    assert studio.texts[-1].startswith("画好了 #1")


async def test_a_pace_is_learnt_whatever_steps_the_engine_counts(studio: Studio) -> None:
    await studio.says("阿青", "画成水墨 --steps 20", source=a_picture(96, 96))
    job = await studio.store.write(studio.store.queue.claim)
    assert job is not None
    easel = Easel(job, Styles.load().recipes(job.request))
    whole = easel.cost_left()
    assert easel.come(Progress(index=0, step=3, steps=12)) == pytest.approx(whole / 4)
    assert easel.come(Progress(index=0, step=12, steps=12)) == pytest.approx(whole * 3 / 4)
    assert easel.cost_left() == pytest.approx(0)
