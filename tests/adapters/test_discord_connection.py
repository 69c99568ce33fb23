"""How Discord's events come in, what is kept of it, and what `danqing check` tells."""

import copy
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.discord import gateway
from adapters.discord.answering import offered
from adapters.discord.check import NEEDED, findings
from adapters.discord.config import DiscordConfig
from adapters.discord.gateway import Ear
from adapters.discord.menu import is_same
from adapters.discord.options import payloads
from adapters.discord.session import KEEP_S, STARTS, Held, Session
from bot.style import Styles
from tests.discord_api.fault import Garbage
from tests.discord_api.server import FakeDiscord, fake_discord
from tests.flow.discord_stage import running

BOT, OTHER = 7, 8
Json = dict[str, Any]


# ── the session ─────────────────────────────────────────────────────────────────────────────


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_session_is_gone_on_with_where_it_was_left(tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "discord.json"
    first = Session(file, clock)
    assert first.resumable(BOT) is None
    first.begun(BOT, "abc", "wss://there", 1)
    for seq in (2, 5, 3):  # what comes late is no step back
        first.seen(seq)
    first.left()
    clock.now += KEEP_S - 1
    held = Session(file, clock).resumable(BOT)
    assert held is not None
    assert (held.session, held.gateway, held.seq) == ("abc", "wss://there", 5)
    assert Session(file, clock).resumable(OTHER) is None
    clock.now += 1
    assert Session(file, clock).resumable(BOT) is None


def test_where_the_events_are_is_noted_now_and_then(tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "discord.json"
    session = Session(file, clock)
    session.begun(BOT, "abc", "wss://there", 1)
    session.seen(2)
    assert _seq(file) == 1
    clock.now += 1.0
    session.seen(3)
    assert _seq(file) == 3


def _seq(file: Path) -> int:
    return int(msgspec.json.decode(file.read_bytes(), type=Json)["seq"])


def test_a_session_that_is_over_is_not_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "discord.json"
    session = Session(file)
    session.begun(BOT, "abc", "wss://there", 1)
    session.ended()
    assert session.resumable(BOT) is None
    assert Session(file).resumable(BOT) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"seq": "x"}', b"\xff", None])
def test_a_file_that_cannot_be_read_is_as_none(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "discord.json"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    session = Session(file)
    assert session.resumable(BOT) is None
    session.begun(BOT, "abc", "wss://there", 1)
    assert session.resumable(BOT) is not None


def test_new_sessions_are_a_hundred_at_once_and_then_one_each_hundred_seconds(
    tmp_path: Path,
) -> None:
    clock, file = Clock(), tmp_path / "discord.json"
    session = Session(file, clock)
    for _ in range(100):
        assert session.due_s() == pytest.approx(0.0)
        session.start()
    assert session.due_s() == pytest.approx(100.0)
    again = Session(file, clock)  # who is only waited for costs nothing, in however many processes
    assert again.due_s() == pytest.approx(100.0)
    clock.now += 100.0
    assert again.due_s() == pytest.approx(0.0)
    again.start()
    assert again.due_s() == pytest.approx(100.0)


@given(st.lists(st.floats(0, 3600), min_size=1, max_size=40))
def test_no_day_has_a_thousand_new_sessions(waits: list[float]) -> None:
    clock = Clock()
    session = Session(None, clock)
    began = list[float]()
    while len(began) < 1100:
        for wait_s in waits:
            clock.now += wait_s / 60
            clock.now += session.due_s()
            session.start()
            began.append(clock.now)
    for first, last in zip(began, began[1000:], strict=False):
        assert last - first > 24 * 3600


# ── what comes ──────────────────────────────────────────────────────────────────────────────


def an_ear() -> tuple[Ear, list[tuple[str, Json | None, int]], list[bool]]:
    heard, noted = list[tuple[str, Json | None, int]](), list[bool]()

    def hear(type_: str, data: Json | None, seq: int) -> None:
        heard.append((type_, data, seq))

    ear = Ear(Session(None), BOT, hear, noted.append)
    return ear, heard, noted


def test_what_is_of_no_use_comes_without_what_is_in_it() -> None:
    ear, heard, noted = an_ear()
    ear.take('{"op":0,"t":"TYPING_START","s":4,"d":{"a":1}}', single=True)
    ear.take('{"op":0,"t":"MESSAGE_CREATE","s":5,"d":{"id":"1"}}', single=True)
    ear.take('{"op":11,"t":null,"s":null,"d":null}', single=True)
    ear.take('{"op":0,"t":"RESUMED","s":6,"d":{}}', single=True)
    assert heard == [
        ("TYPING_START", None, 4), ("MESSAGE_CREATE", {"id": "1"}, 5), ("RESUMED", None, 6)
    ]  # fmt: skip
    assert noted == [True]
    ear.take('{"op":0,"t":"READY","s":1,"d":{"session_id":"a","resume_gateway_url":"wss://b"}}',
             single=True)  # fmt: skip
    assert heard[-1] == ("READY", {"session_id": "a", "resume_gateway_url": "wss://b"}, 1)
    assert noted == [True, True]


def test_of_several_connections_none_is_gone_on_with() -> None:
    ear, heard, _ = an_ear()
    ear.take('{"op":0,"t":"READY","s":1,"d":{"session_id":"a","resume_gateway_url":"wss://b"}}',
             single=False)  # fmt: skip
    ear.take('{"op":0,"t":"MESSAGE_CREATE","s":5,"d":{"id":"1"}}', single=False)
    assert heard == [("READY", None, 0), ("MESSAGE_CREATE", {"id": "1"}, 0)]


async def test_who_has_to_wait_for_a_new_session_waits_for_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "CONNECT_S", 0.5)
    held = Held(full_at=time.time() + STARTS.per_s - STARTS.per_s / STARTS.calls + 1.5)
    (tmp_path / "discord.json").write_bytes(msgspec.json.encode(held))
    async with fake_discord() as discord:
        async with running(tmp_path, discord):
            assert discord.identifies == 1
        assert discord.refused == []
    kept = msgspec.json.decode((tmp_path / "discord.json").read_bytes(), type=Held)
    assert kept.full_at == pytest.approx(held.full_at + STARTS.per_s / STARTS.calls)


async def test_a_session_that_cannot_be_gone_on_with_is_not_asked_for_again(
    tmp_path: Path,
) -> None:
    async with fake_discord() as discord:
        qing = discord.person("阿青")
        hall = discord.server("画友会", qing).channel("画画")
        async with running(tmp_path, discord) as play:
            for number in range(20):
                qing.says(hall, f"第 {number} 句")
            discord.close(4007)  # the number is wrong
            await discord.until(lambda: discord.identifies == 2 and discord.connected)
            await play.answer_to(qing.commands(hall, "画", 描述="一只猫"), "画好了 #1")
        assert (discord.identifies, discord.resumes) == (2, 0)
        kept = msgspec.json.decode((tmp_path / "discord.json").read_bytes(), type=Held)
        assert kept.seq < 20  # of the new one, which begins to count anew
        assert discord.refused == []


@given(st.text(max_size=40) | st.sampled_from(["", "{", "[]", '{"op":"x"}', '{"t":5}', "null"]))
def test_whatever_comes_ends_nothing(frame: str) -> None:
    ear, heard, _ = an_ear()
    ear.take(frame, single=True)
    assert heard == []


# ── commands ────────────────────────────────────────────────────────────────────────────────


async def test_discord_tells_them_as_they_were_sent(tmp_path: Path) -> None:
    async with fake_discord() as discord:
        async with running(tmp_path, discord):
            there = [one.raw(discord.application_id) for one in discord.world.commands.of(None)]
        assert is_same(payloads(), there)


def _rename(one: Json) -> None:
    one["name"] = "other"


def _retell(one: Json) -> None:
    one["description_localizations"]["zh-CN"] = "别的"


def _unlocalize(one: Json) -> None:
    one["name_localizations"] = None


def _allow(one: Json) -> None:
    one["default_member_permissions"] = "8"


def _shorten(one: Json) -> None:
    one["options"][0]["max_length"] = 7


def _demand(one: Json) -> None:
    one["options"][1]["required"] = True


def _drop(one: Json) -> None:
    del one["options"][-1]


def _swap(one: Json) -> None:
    one["options"][1:3] = reversed(one["options"][1:3])


def _choose(one: Json) -> None:
    option = next(option for option in one["options"] if option.get("choices"))
    option["choices"][0]["name"] = "other"


@pytest.mark.parametrize(
    "change",
    [_rename, _retell, _unlocalize, _allow, _shorten, _demand, _drop, _swap, _choose],
    ids=lambda one: one.__name__,
)
def test_every_change_of_a_command_is_seen(change: Callable[[Json], None]) -> None:
    wanted = payloads()
    there = copy.deepcopy(wanted)
    assert is_same(wanted, there)
    change(there[0])
    assert not is_same(wanted, there)


def test_a_command_more_or_less_is_seen_and_their_order_says_nothing() -> None:
    wanted = payloads()
    assert not is_same(wanted, wanted[:-1])
    assert not is_same(wanted, [*wanted, wanted[0] | {"name": "other"}])
    assert is_same(wanted, list(reversed(wanted)))


def test_what_discord_adds_of_its_own_is_no_change() -> None:
    wanted = payloads()
    added: Json = {
        "id": "1",
        "application_id": "2",
        "version": "3",
        "nsfw": False,
        "contexts": None,
    }
    there = [copy.deepcopy(one) | added for one in wanted]
    for one in there:
        one.setdefault("default_member_permissions", None)
        if one["default_member_permissions"] is not None:
            one["default_member_permissions"] = str(one["default_member_permissions"])
        for option in one.get("options", []):
            option.setdefault("required", False)
            option.setdefault("autocomplete", False)
    assert is_same(wanted, there)


async def test_commands_that_have_changed_are_sent_again(tmp_path: Path) -> None:
    async with fake_discord() as discord:
        async with running(tmp_path, discord):
            pass
        discord.world.commands.of(None)[0].given["description"] = "other"
        async with running(tmp_path, discord):
            await discord.until(lambda: _puts(discord) == 2)
        assert discord.refused == []


def _puts(discord: FakeDiscord) -> int:
    return sum(call.method == "PUT" for call in discord.calls)


# ── what is offered ─────────────────────────────────────────────────────────────────────────

STYLES = Styles.load()


def test_all_are_offered_while_nothing_is_typed() -> None:
    found = list(offered("", STYLES))
    assert [value for _, value in found] == [style.name for style in STYLES][:25]


@pytest.mark.parametrize("style", list(STYLES), ids=lambda style: style.name)
def test_a_style_is_found_by_the_beginning_of_any_of_its_names(style: Any) -> None:
    for name in (style.name, *style.aliases):
        values = [value for _, value in offered(f" {name[:2].upper()}", STYLES)]
        assert style.name in values
        whole = [value for _, value in offered(name, STYLES)]
        assert style.name in whole


def test_what_begins_so_stands_before_what_has_it_somewhere() -> None:
    (first, *_) = [value for _, value in offered("水墨", STYLES)]
    assert first == "水墨"
    assert list(offered("没有这种", STYLES)) == []


@given(st.text(max_size=20))
def test_what_is_offered_is_as_discord_takes_it(typed: str) -> None:
    found = list(offered(typed, STYLES))
    assert len(found) <= 25
    assert all(1 <= len(read) <= 100 and 1 <= len(value) <= 100 for read, value in found)
    assert len({value for _, value in found}) == len(found)


# ── several connections ─────────────────────────────────────────────────────────────────────


async def test_two_connections_bring_the_events_of_all_servers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "AGAIN_S", 0.0)
    async with fake_discord(max_concurrency=2, shards=2) as discord:
        qing = discord.person("阿青")
        async with running(tmp_path, discord) as play:
            await discord.until(lambda: len(discord.world.sessions.all) == 2, 20)
            servers = [discord.server(f"第{n}家", qing) for n in range(4)]
            for server in servers:
                await play.answer_to(qing.commands(server.channel("画画"), "额度"))
            mine = await play.answer_to(qing.says(qing.direct, "画一只猫"))
            await play.shows(mine, "画好了 #1")
        assert discord.identifies == 2
        assert {one.shard for one in discord.world.sessions.all.values()} <= {(0, 2), (1, 2)}
        assert discord.refused == []


async def test_the_number_of_connections_can_be_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "AGAIN_S", 0.0)
    async with fake_discord(max_concurrency=2) as discord:
        async with running(tmp_path, discord, {"shards": 2}):
            await discord.until(lambda: discord.identifies == 2)
        assert discord.refused == []


# ── danqing check ───────────────────────────────────────────────────────────────────────────


def config_of(discord: FakeDiscord, **more: object) -> DiscordConfig:
    where = {"api_base": discord.api_base, "gateway_url": discord.gateway_url}
    return DiscordConfig.model_validate({"token": discord.token, **where, **more})


async def test_check_tells_who_it_is_and_how_to_invite_it() -> None:
    async with fake_discord() as discord:
        found = await findings(config_of(discord))
        assert found.faults == []
        url = next(word for word in found.remarks[0].split() if "https://" in word)
        asked = parse_qs(urlsplit(url[url.index("https://") :]).query)
        assert asked["client_id"] == [str(discord.application_id)]
        assert set(asked["scope"][0].split()) == {"bot", "applications.commands"}
        allowed = int(asked["permissions"][0])
        assert allowed == NEEDED.value
        for bit in (10, 11, 15, 16, 38):  # sees, writes, sends files, reads back, in threads
            assert allowed & 1 << bit
        for bit in (35, 51):  # opens threads, pins, for sessions
            assert allowed & 1 << bit
        for bit in (3, 5, 13, 17):  # runs nothing, deletes nothing, calls nobody
            assert not allowed & 1 << bit
        assert "Message Content Intent" in found.remarks[1]
        assert discord.refused == []


async def test_check_says_nothing_of_what_is_as_it_should_be() -> None:
    async with fake_discord(message_content=True) as discord:
        found = await findings(config_of(discord))
        assert (len(found.remarks), found.faults) == (1, [])


async def test_check_tells_what_is_wrong() -> None:
    async with fake_discord() as discord:
        wrong = config_of(discord, token="MTI1.wrong.token")  # noqa: S106
        assert "discord.token" in (await findings(wrong)).faults[0]
        await discord.goes_down()
        (fault,) = (await findings(config_of(discord))).faults
        assert fault.startswith(("discord: out of reach", "discord：连不上"))


async def test_check_sees_that_commands_would_go_elsewhere() -> None:
    told = {"id": "5", "flags": 0, "interactions_endpoint_url": "https://example.com/"}
    async with fake_discord() as discord:
        answer = Garbage(msgspec.json.encode(told))
        discord.fail_next("GET /oauth2/applications/@me", answer)
        found = await findings(config_of(discord))
        assert "Interactions Endpoint URL" in found.faults[0]
        assert discord.refused == []
