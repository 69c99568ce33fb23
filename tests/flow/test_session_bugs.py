"""A session in which there is a bug costs that session: all others, and the studio, go on."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiosqlite import Connection

from bot.game.chorus import Chorus
from tests.flow.game import Game, game
from tests.flow.scene import GROUP, PATIENCE_S

GIVEN_UP = "这一局出了意外，已经记下来给管理员看，只好先收了"


async def spoilt(played: Game, state: str) -> None:
    """Have the first session be kept in another way than it is."""

    async def put(db: Connection) -> None:
        await db.execute(f"UPDATE sessions SET state = {state} WHERE id = 1")  # noqa: S608  ours

    await played.store.write(put)


async def until(played: Game, fact: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not await fact():
            await played.store.after(played.store.commits, 0.05)


async def phase(played: Game, id_: int) -> str:
    async def read(db: Connection) -> str:
        statement = "SELECT phase FROM sessions WHERE id = ?"
        return next(row["phase"] for row in await db.execute_fetchall(statement, (id_,)))

    return await played.store.read(read)


async def test_one_that_cannot_be_read_is_given_up_and_the_chat_goes_on(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 接龙 江南")
        await played.says("小红", "/开局 众笔 海边")
        await spoilt(played, "'{}'")
        await played.says("小明", "画一只猫")
        assert played.last.text.startswith("收到 #1")
        await played.murmurs("阿青", "竹林")
        await played.shows_boards()
        assert GIVEN_UP in played.texts
        assert await phase(played, 1) == "closed"
        chorus = (await played.session(2)).game
        assert isinstance(chorus, Chorus)
        assert [word.text for word in chorus.words] == ["竹林"]
        await played.says("小明", "/开局 接龙 江南")
        assert await phase(played, 3) == "open"


async def test_a_timer_that_fails_is_the_last_of_its_session_alone(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 接龙 江南，20 秒")
        await played.says("小明", "/开局 众笔 海边，30 秒")
        await spoilt(played, "json_set(state, '$.game.at', 'chat:无人')")
        waiting = asyncio.ensure_future(played.app.referee.run())
        try:
            played.clock.now += 40

            async def both() -> bool:
                chorus = (await played.session(2)).game
                prolonged = isinstance(chorus, Chorus) and chorus.prolonged
                return await phase(played, 1) == "closed" and prolonged

            await until(played, both)
            assert not waiting.done()
        finally:
            waiting.cancel()
            await asyncio.wait([waiting])
        await played.settles()
        assert GIVEN_UP in played.texts
        assert any("还没有人喊词" in text for text in played.texts)


async def test_what_is_to_be_hung_and_cannot_be_ends_that_session_alone(tmp_path: Path) -> None:
    async with game(tmp_path) as played:
        await played.says("小明", "/开局 接龙 江南，1 棒")
        await played.says("小明", "一座石桥")
        job = await played.store.write(played.store.queue.claim)
        assert job is not None
        await played.painter.paint(job)
        await spoilt(played, "'{}'")
        await played.settles()
        assert GIVEN_UP in played.texts


async def test_what_one_says_is_listened_to_in_its_turn_whoever_talks_beside(
    tmp_path: Path,
) -> None:
    async with game(tmp_path) as played:
        said = [("小明", "/开局 众笔 海边", True), ("小明", "竹林", False)]
        said += [
            (name, "今天天气真好呀", False) for name in ("小红", "阿青", "老王", "阿黄", "路人")
        ]
        updates = [
            (
                f"u{number}",
                {"id": f"u{number}", "user": user, "text": text, "chat": GROUP, "to_me": me},
            )
            for number, (user, text, me) in enumerate(said)
        ]
        await played.app.hear_all("chat", [(id_, json.dumps(one).encode()) for id_, one in updates])
        answering = asyncio.ensure_future(played.app.run())
        try:

            async def answered() -> bool:
                return await played.store.read(played.store.inbox.next) is None

            await until(played, answered)
        finally:
            answering.cancel()
            await asyncio.wait([answering])
        chorus = (await played.session()).game
        assert isinstance(chorus, Chorus)
        assert [word.text for word in chorus.words] == ["竹林"]
