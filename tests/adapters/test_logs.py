"""What the log says of a job, and what it never says."""

import asyncio
import io
import json
import logging
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import Context
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from adapters.logs import SHORTEST, STRUCK, JsonLines, Redactor, TextLines, secrets_of
from bot.trace import JOB
from generation import wire
from generation.client import EngineClient
from generation.config import EngineConfig
from generation.errors import EngineLost
from generation.recipe import Recipe
from tests.conftest import Studio

TELEGRAM = "8123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw_"[:46]
CAT = Recipe(
    model="mini", prompt="猫", width=64, height=64, steps=2, guidance=1.0, sampler="euler", seed=1
)
DISCORD = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs-AbCdEfGh"
BASE64 = st.characters(codec="ascii", categories=["Lu", "Ll", "Nd"], include_characters="-_")


@contextmanager
def written(lines: logging.Formatter) -> Generator[io.StringIO]:
    """What is written meanwhile of whatever is logged."""
    to, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(to), root.level
    handler.setFormatter(lines)
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield to
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def objects(to: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in to.getvalue().splitlines()]


def record(message: str, *args: object, error: BaseException | None = None) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("a.b", logging.WARNING, "a.py", 1, message, args, info)


def raised(error: Exception) -> Exception:
    try:
        raise error
    except type(error) as caught:
        return caught


def test_a_json_line_is_one_object_with_the_traceback_in_one_field() -> None:
    error = raised(ValueError("two\nlines \ud800"))
    line = JsonLines(Redactor()).format(record("丹青 %s\n\ud800", "says", error=error))
    assert "\n" not in line
    found = json.loads(line)
    assert found["message"].startswith("丹青 says\n")
    assert (found["level"], found["logger"], found["error"]) == ("warning", "a.b", "ValueError")
    assert "Traceback" in found["traceback"]
    assert "two\nlines" in found["traceback"]
    assert found["time"].endswith("+00:00")
    assert {"job", "update"}.isdisjoint(found)


def test_both_forms_can_be_written_whatever_is_said() -> None:
    for lines in (TextLines(Redactor()), JsonLines(Redactor())):
        assert lines.format(record("\udcff\ud800")).encode("utf-8")


async def test_every_line_of_a_job_names_it(studio: Studio) -> None:
    await studio.says("阿青", "画一只猫")
    with written(JsonLines(Redactor())) as to:
        studio.engine.errors.append(RuntimeError("a bug"))
        await studio.paint_all()
    (line,) = objects(to)
    assert (line["job"], line["error"]) == (1, "RuntimeError")


async def test_jobs_that_are_drawn_together_are_not_mixed_up(studio: Studio) -> None:
    await studio.says("阿青", "画一只猫")
    await studio.says("小白", "画一只狗")
    studio.engine.gate.clear()
    studio.engine.errors += [RuntimeError("one"), RuntimeError("two")]
    with written(TextLines(Redactor())) as to:
        painting = asyncio.create_task(studio.painter.run(), context=Context())
        while await studio.store.read(studio.store.queue.busy) != (0, 0):
            await studio.store.after(studio.store.commits)
        painting.cancel()
        await asyncio.wait([painting])
    heads = [line for line in to.getvalue().splitlines() if " ERROR bot.painter" in line]
    assert sorted(head.partition(": ")[2] for head in heads) == [
        "job 1 [job 1]",
        "job 2 [job 2]",
    ]


async def test_a_bug_in_an_answer_names_the_update(studio: Studio) -> None:
    await studio.app.hear("console", "1", b"no line of the console")
    with written(JsonLines(Redactor())) as to:
        await studio.answer()
    (line,) = objects(to)
    assert line["update"] == 1
    assert line["traceback"]


async def test_words_of_users_are_in_no_line(studio: Studio) -> None:
    with written(JsonLines(Redactor())) as to:
        studio.engine.errors += [EngineLost("gone"), RuntimeError("a bug")]
        for words in ("画一只紫色的独角兽", "画独角兽炸弹的制作方法", "独角兽", "/查看 独角兽"):
            await studio.says("阿青", words)
        await studio.paint_all()
    assert objects(to)
    assert "独角兽" not in to.getvalue()


async def test_what_an_engine_says_belongs_to_no_job(tmp_path: Path) -> None:
    async def die(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(wire.encode(wire.Hello(wire.VERSION)))
        writer.close()
        await writer.wait_closed()

    path = tmp_path / "engine.sock"
    client = EngineClient(EngineConfig(address=f"unix:{path}"))
    before = JOB.set(7)
    try:
        async with await asyncio.start_unix_server(die, path):
            with written(JsonLines(Redactor())) as to, pytest.raises(EngineLost):
                await client.draw([CAT], lambda _: None)
        await client.close()
    finally:
        JOB.reset(before)
    assert [line.get("job") for line in objects(to)] == [None]


@pytest.mark.parametrize("lines", [TextLines, JsonLines])
def test_secrets_are_struck_out_of_words_tracebacks_and_urls(
    lines: type[TextLines | JsonLines],
) -> None:
    own = 'p"a\\ss/wörd'
    url = f"https://api.telegram.org/bot{TELEGRAM}/getMe"
    error = raised(RuntimeError(f"GET {url} with {own!r}"))
    said = lines(Redactor([own])).format(
        record(
            "%s %s https://me:hidden-word@host/?a=1&api_key=abcdefgh %s",
            DISCORD,
            url,
            own,
            error=error,
        )
    )
    for secret in (TELEGRAM, TELEGRAM[-35:], DISCORD, own, "hidden-word", "abcdefgh", "wörd"):
        assert secret not in said
    assert "api.telegram.org/bot***/getMe" in said
    assert "?a=1&api_key=***" in said


def test_a_header_with_a_token_is_struck_out() -> None:
    assert Redactor()(f"Authorization: Bot {'a' * 30}") == f"Authorization: Bot {STRUCK}"


@given(
    before=st.text(max_size=20),
    id_=st.from_regex(r"[0-9]{8,10}", fullmatch=True),
    secret=st.text(BASE64, min_size=35, max_size=35),
    after=st.text(max_size=20),
)
def test_no_telegram_token_comes_through(before: str, id_: str, secret: str, after: str) -> None:
    token = f"{id_}:{secret}"
    for wrapped in (token, f"/bot{token}/send", repr(token), token.replace(":", "%3A")):
        assert secret not in Redactor()(before + wrapped + after)


PLAIN = st.characters(codec="utf-8", exclude_characters="*")


@given(
    secret=st.text(PLAIN, min_size=SHORTEST, max_size=60),
    others=st.lists(st.text(PLAIN, max_size=60), max_size=3),
    before=st.text(max_size=20),
    after=st.text(max_size=20),
)
def test_no_secret_that_is_known_comes_through(
    secret: str, others: list[str], before: str, after: str
) -> None:
    redact = Redactor([secret, *others])
    for form in (secret, quote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1]):
        assert form not in redact(before + form + after)


@given(st.text("画一只猫 abc=:/?&.", max_size=200))
def test_words_without_secrets_stay_as_they_are(words: str) -> None:
    assert Redactor(["hunter2hunter2"])(words) == words


def test_what_takes_long_to_read_is_read_in_one_go() -> None:
    # a pattern that tries again from each letter would not end before the test does
    for part in ("a", "1", "://", "?a-", "a.", "bearer ", "12345678:"):
        Redactor()(part * (10**5 // len(part)))


class Inner(BaseModel):
    token: str
    webhook_secret: SecretStr = SecretStr("secret-of-a-setting")
    name: str = "no-secret"
    api_keys: tuple[str, ...] = ("key-one", "key-two")


class Outer(BaseModel):
    inner: Inner
    places: dict[str, Inner]


def test_secrets_are_known_by_the_names_of_settings_and_variables() -> None:
    first, second = (Inner.model_validate({"token": f"token-{n}"}) for n in (1, 2))
    config = Outer(inner=first, places={"a": second})
    environ = {"DANQING_TELEGRAM__TOKEN": "of-a-variable", "PATH": "/usr/bin", "MONKEY": "banana"}
    assert set(secrets_of(config, environ)) == {
        "token-1",
        "token-2",
        "secret-of-a-setting",
        "key-one",
        "key-two",
        "of-a-variable",
    }
