"""How Telegram's updates come in, and what `danqing check` tells."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pytest
from aiohttp import ClientSession
from aiosqlite import Connection
from pydantic import SecretStr

from adapters.config import ConfigError
from adapters.telegram.adapter import TelegramAdapter
from adapters.telegram.check import findings
from adapters.telegram.config import TelegramConfig
from adapters.telegram.place import Place
from adapters.telegram.webhook import MOST_BYTES, SECRET_HEADER, secret_of
from bot.address import ChatConfig
from bot.event import Chat
from bot.reply import Edit, Reply
from bot.role import Roles
from tests.flow.stage import running, stage
from tests.telegram_api.server import FakeTelegram, fake_telegram

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def hooked(port: int) -> Mapping[str, object]:
    return {
        "mode": "webhook",
        "webhook_url": f"http://127.0.0.1:{port}/telegram",
        "webhook_listen": f"127.0.0.1:{port}",
    }


def config_of(telegram: FakeTelegram, **more: object) -> TelegramConfig:
    where = {"base_url": telegram.base_url, "base_file_url": telegram.base_file_url}
    return TelegramConfig.model_validate({"token": telegram.token, **where, **more})


async def test_updates_are_brought_to_a_webhook(tmp_path: Path) -> None:
    async with fake_telegram() as telegram:
        qing = telegram.person("阿青")
        async with running(tmp_path, telegram, hooked(free_port())) as play:
            await telegram.until(lambda: telegram.world.hook)
            mine = await play.answer_to(qing.says(qing.private, "画一只猫"))
            await play.shows(mine, "画好了 #1")
            assert not any(call.method == "getUpdates" for call in telegram.calls)
        assert telegram.refused == []


async def test_a_webhook_believes_only_telegram(tmp_path: Path) -> None:
    async with fake_telegram() as telegram, ClientSession() as session:
        told = hooked(free_port())
        url, secret = str(told["webhook_url"]), secret_of(config_of(telegram, **told))
        async with running(tmp_path, telegram, told) as play:
            await telegram.until(lambda: telegram.world.hook)

            async def status(
                body: bytes, kind: str = "application/json", said: str = secret
            ) -> int:
                headers = {SECRET_HEADER: said, "Content-Type": kind}
                async with session.post(url, data=BytesIO(body), headers=headers) as answer:
                    return answer.status

            update = b'{"update_id": 5, "message": {}}'
            assert await status(update, said="") == 403
            assert await status(update, said=secret[:-1] + "x") == 403
            assert await status(update, kind="text/plain") == 415
            assert await status(b"[]") == 400
            assert await status(b'{"update_id": "5"}') == 400
            assert await status(b"\xff\xfe") == 400
            assert await status(b" " * (MOST_BYTES + 1)) == 413
            async with session.get(url) as answer:
                assert answer.status == 405
            assert await play.store.read(play.store.inbox.next) is None
            assert [await status(update) for _ in range(5)] == [200] * 5
            rows = await play.store.read(_count)
            assert rows == 1


async def _count(db: Connection) -> int:
    rows = await db.execute_fetchall("SELECT count(*) FROM updates")
    return int(next(iter(rows))[0])


async def test_polling_removes_a_webhook_that_was_there_before(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.telegram.person("阿青")
        await play.shows(await play.answer_to(qing.says(qing.private, "画一只猫")), "画好了")
    async with fake_telegram() as telegram:
        async with running(tmp_path / "hooked", telegram, hooked(free_port())):
            await telegram.until(lambda: telegram.world.hook)
        qing = telegram.person("阿青")
        async with running(tmp_path / "polling", telegram) as play:
            await play.answer_to(qing.says(qing.private, "/额度"))
            assert telegram.world.hook is None


async def test_an_unknown_token_is_said_to_be_and_ends_it() -> None:
    async with fake_telegram() as telegram:
        wrong = config_of(telegram).model_copy(update={"token": SecretStr("1:wrong")})
        adapter = TelegramAdapter(wrong, ChatConfig(), Roles())
        with pytest.raises(ConfigError, match=r"telegram\.token"):
            await adapter.run(_nowhere)


async def _nowhere(updates: object) -> None:
    raise AssertionError(updates)


async def test_what_comes_while_nobody_is_there_is_answered_afterwards(tmp_path: Path) -> None:
    async with fake_telegram() as telegram:
        qing = telegram.person("阿青")
        async with running(tmp_path, telegram) as play:
            await play.answer_to(qing.says(qing.private, "/额度"))
        said = qing.says(qing.private, "/额度")  # while nobody is there
        async with running(tmp_path, telegram) as play:
            await play.answer_to(said)
        assert telegram.refused == []


async def test_check_tells_who_it_is_and_what_it_hears() -> None:
    async with fake_telegram(supports_inline=False) as telegram:
        found = await findings(config_of(telegram))
        assert found.faults == []
        assert "https://t.me/danqing_bot?startgroup=true" in found.remarks[0]
        assert "/setprivacy" in found.remarks[1]
        assert "/setinline" in found.remarks[2]
        unknown = config_of(telegram).model_copy(update={"token": SecretStr("1:wrong")})
        assert "telegram.token" in (await findings(unknown)).faults[0]
        await telegram.goes_down()
        assert (
            (await findings(config_of(telegram)))
            .faults[0]
            .startswith(("telegram: out", "telegram：连"))
        )


async def test_the_program_serves_telegram_and_ends_when_told(tmp_path: Path) -> None:
    async with fake_telegram() as telegram:
        qing = telegram.person("阿青")
        program = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "adapters.cli", "run", "--data", str(tmp_path),
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith("DANQING_")},
                "DANQING_TELEGRAM__TOKEN": telegram.token,
                "DANQING_TELEGRAM__BASE_URL": telegram.base_url,
                "DANQING_TELEGRAM__BASE_FILE_URL": telegram.base_file_url,
            },
            cwd=ROOT, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        said = qing.says(qing.private, "画一只猫 --steps 2")
        await telegram.until(
            lambda: any("画好了" in m.text for m in telegram.said(qing.private)), 120
        )
        (result,) = telegram.said(qing.private)
        assert result.reply_to is said
        assert len(result.photos) == 1
        program.terminate()
        _, log = await program.communicate()
        assert program.returncode == 0
        assert telegram.token.partition(":")[2] not in log.decode()
        assert telegram.refused == []


async def test_a_sketch_that_was_noted_but_never_sent_costs_no_words(tmp_path: Path) -> None:
    async with fake_telegram() as telegram:
        qing = telegram.person("阿青")
        async with running(tmp_path, telegram) as play:
            play.engine.gate.clear()
            mine = await play.answer_to(qing.says(qing.private, "画一只猫"))
            place = Place(message=mine.id).pack()
            words = Reply(text="画到一半")
            chat = Chat("telegram", str(qing.user.id))
            await play.adapter.edit(
                Edit(message=place, chat=chat, reply=words, job_id=1, pictured=True)
            )
            assert mine.text == "画到一半"
            play.engine.gate.set()
            await play.shows(mine, "画好了 #1")
