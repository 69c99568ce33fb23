"""What goes wrong between the studio and Discord, and what becomes of it."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.config import ConfigError
from adapters.discord import adapter, answering, gateway, sender, wire
from adapters.discord.place import Place
from bot.errors import NotSent
from bot.event import Chat
from bot.job import State
from bot.label import packet_of
from bot.menu import SURE
from bot.reply import Delivery, Reply
from tests.discord_api.channel import Channel
from tests.discord_api.fault import (
    ApiError,
    CloudflarePage,
    Fault,
    Garbage,
    Hang,
    HangBefore,
    RateLimited,
    Reset,
    ResetAfter,
    ServerError,
)
from tests.discord_api.interaction import Interaction
from tests.discord_api.message import Message
from tests.discord_api.person import Person
from tests.discord_api.server import fake_discord
from tests.flow.discord_stage import Stage, on, running, stage
from tests.flow.test_discord import png

POST = "POST /channels/{channel_id}/messages"
EDIT = "PATCH /channels/{channel_id}/messages/{message_id}"
CALLBACK = "POST /interactions/{interaction_id}/{interaction_token}/callback"
ORIGINAL = "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original"
REPEATED = "补发"
NOW = "2999-01-01T00:00:00+00:00"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other sooner than they would."""
    monkeypatch.setattr("bot.courier.SLOWEST_S", 0.05)
    monkeypatch.setattr("bot.courier.LOOK_S", 0.05)
    monkeypatch.setattr(gateway, "AGAIN_S", 0.0)


def hall_of(play: Stage, *people: Person, **more: Any) -> Channel:
    return play.discord.server("画友会", *people, **more).channel("画画")


async def drawn(play: Stage, qing: Person, hall: Channel, words: str = "一只猫") -> Message:
    """Somebody has a picture drawn by a command; returns the message that shows it."""
    return await play.answer_to(qing.commands(hall, "画", 描述=words), "画好了")


def mentions(play: Stage, qing: Person, hall: Channel, words: str = "画一只猫") -> Message:
    return qing.says(hall, words, mentions=[play.discord.bot])


# ── the gateway ─────────────────────────────────────────────────────────────────────────────


async def test_a_gateway_that_comes_late_is_waited_for(tmp_path: Path) -> None:
    async with fake_discord(late=True) as discord:
        discord.gateway_late(0.1)
        async with running(tmp_path, discord) as play:
            qing = discord.person("阿青")
            await drawn(play, qing, hall_of(play, qing))
        assert discord.identifies == 1
        assert discord.refused == []


async def test_what_is_said_while_the_line_is_down_is_answered(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        await drawn(play, qing, hall)
        play.discord.drop()
        await play.discord.until(lambda: not play.discord.connected)
        said = mentions(play, qing, hall)
        await play.shows(await play.answer_to(said), "画好了 #2")
        assert (play.discord.identifies, play.discord.resumes) == (1, 1)


async def test_a_session_that_is_over_is_begun_anew(tmp_path: Path) -> None:
    async with stage(tmp_path, max_concurrency=16) as play:
        play.discord.world.sessions.begun.clear()  # the first was long ago
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        play.discord.invalidate()
        await play.discord.until(lambda: play.discord.identifies == 2 and play.discord.connected)
        await drawn(play, qing, hall)
        assert play.discord.resumes == 0


@pytest.mark.parametrize("how", ["reconnect", "invalid", "4000", "4009"])
async def test_who_is_asked_to_connect_anew_goes_on_where_it_was(tmp_path: Path, how: str) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        match how:
            case "reconnect":
                play.discord.reconnect()
            case "invalid":
                play.discord.invalidate(resumable=True)
            case code:
                play.discord.world.sessions.resumable_s = 1000.0
                play.discord.close(int(code))
        if how != "4009":  # after that one no session is resumed
            await play.discord.until(lambda: play.discord.resumes == 1)
            assert play.discord.identifies == 1
            await drawn(play, qing, hall)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (4004, "Reset Token"),
        (4010, "discord.shards"),
        (4011, "discord.shards"),
        (4012, ""),
        (4013, "Message Content Intent"),
        (4014, "Message Content Intent"),
    ],
)
async def test_what_waiting_does_not_mend_ends_it_and_says_what_to_change(
    tmp_path: Path, code: int, words: str
) -> None:
    async with fake_discord() as discord:
        made = on(tmp_path, discord)
        run = asyncio.ensure_future(made.run(_heard))
        await discord.until(lambda: made.connected)
        discord.close(code)
        with pytest.raises(BaseExceptionGroup) as told:
            await run
        (error,) = told.value.exceptions
        assert isinstance(error, ConfigError)
        assert words in str(error)
        assert not made.connected


async def test_an_unknown_token_is_said_to_be(tmp_path: Path) -> None:
    async with fake_discord() as discord:
        wrong = on(tmp_path, discord, {"token": "MTI1.wrong.token"})
        with pytest.raises(ConfigError, match=r"discord\.token"):
            await wrong.run(_heard)
        assert discord.refused == []


@pytest.mark.parametrize("body", [b'{"id":"12', b"{}"], ids=str)
async def test_a_login_that_is_answered_by_something_else_is_tried_again(
    tmp_path: Path, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "AGAIN_S", 0.05)
    async with fake_discord() as discord:
        discord.fail_next("GET /users/@me", Garbage(body))
        discord.fail_next("GET /oauth2/applications/@me", Garbage(body))
        discord.fail_next("GET /applications/{application_id}/commands", Garbage(body))
        monkeypatch.setattr("adapters.discord.menu.AGAIN_S", 0.05)
        async with running(tmp_path, discord) as play:
            qing = discord.person("阿青")
            await play.answer_to(qing.commands(qing.direct, "额度"))
        assert discord.refused == []


async def test_a_discord_that_is_away_is_waited_for(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        play.engine.gate.clear()
        mine = await play.answer_to(qing.commands(hall, "画", 描述="一只猫"), "收到")
        await play.discord.goes_down()
        play.engine.gate.set()
        await play.studio.until(1, State.DRAWN)
        await play.discord.comes_up()
        await play.shows(mine, "画好了 #1")
        assert play.discord.said(hall) == [mine]


async def _heard(updates: object) -> None:
    del updates


UNREADABLE: list[tuple[str, dict[str, Any] | None]] = [
    ("INTERACTION_CREATE", None),
    ("INTERACTION_CREATE", {"type": 2}),
    ("INTERACTION_CREATE", {"id": "1", "type": 3, "token": "x", "data": None}),
    ("MESSAGE_CREATE", {"id": "1", "channel_id": "2", "author": None}),
    ("MESSAGE_CREATE", {"id": [], "author": {"id": "5"}, "content": 7}),
    ("GUILD_CREATE", {"id": "1", "joined_at": "yesterday", "system_channel_id": "5"}),
    ("GUILD_CREATE", {"id": "1", "joined_at": NOW, "system_channel_id": "5", "channels": [1]}),
    ("THREAD_DELETE", {"nothing": "of it"}),
    ("HOLOGRAM_CREATE", {"id": 5}),
]


async def test_an_event_that_cannot_be_read_ends_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        for kind, payload in UNREADABLE:
            play.discord.malformed_event(kind, payload)
            assert await play.answer_to(qing.commands(hall, "队列")), kind
        assert play.discord.identifies == 1


async def test_what_comes_twice_is_answered_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        before = len(play.discord.events)
        mine = await drawn(play, qing, hall)
        other = await play.shows(await play.answer_to(mentions(play, qing, hall)), "画好了 #2")
        for event in play.discord.events[before:]:
            if event.kind in {"INTERACTION_CREATE", "MESSAGE_CREATE"}:
                play.discord.redeliver(event)
        await drawn(play, qing, hall, "一条鱼")
        assert play.discord.said(hall)[:2] == [mine, other]
        assert len(play.discord.said(hall)) == 3


async def test_fifty_at_once_are_all_answered_in_time(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        people = [play.discord.person(f"人{n}") for n in range(50)]
        hall = hall_of(play, *people)
        asked = [one.commands(hall, "额度") for one in people]
        for one in asked:
            await play.discord.until(lambda one=one: one.answer)
        assert not any(one.failed for one in asked)
        for one in asked:
            assert (await play.answer_to(one)).ephemeral


# ── rates ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("scope", ["user", "shared"])
async def test_a_429_of_a_channel_holds_up_that_channel_alone(tmp_path: Path, scope: Any) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        server = play.discord.server("画友会", qing)
        one, other = server.channel("画画"), server.channel("闲聊")
        play.discord.fail_next(POST, RateLimited(1.0, scope=scope), channel=one)
        began = time.monotonic()
        said = mentions(play, qing, one, "/帮助")
        await play.answer_to(mentions(play, qing, other, "/帮助"))
        assert time.monotonic() - began < 1.0
        late = await play.answer_to(said)
        assert time.monotonic() - began >= 1.0
        assert REPEATED not in late.content
        assert len(play.discord.said(one)) == 1


async def test_a_429_everywhere_holds_up_no_answer_to_a_command(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        play.discord.fail_next(POST, RateLimited(1.0, global_=True), channel=hall)
        said = mentions(play, qing, hall, "/帮助")
        await play.discord.until(lambda: any(c.status == 429 for c in play.discord.calls))
        began = time.monotonic()
        await play.answer_to(qing.commands(qing.direct, "额度"))
        assert time.monotonic() - began < 0.8
        await play.answer_to(said)


async def test_who_gives_up_waiting_for_a_rate_leaves_nobody_waiting_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        monkeypatch.setattr(wire, "CALL_S", 0.4)
        play.discord.fail_next(POST, RateLimited(5.0, global_=True), channel=hall)
        said = mentions(play, qing, hall, "/帮助")
        assert await play.answer_to(said)
        assert len(play.discord.said(hall)) == 1


async def test_a_wait_that_is_too_long_is_the_couriers(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        play.discord.fail_next(POST, RateLimited(40.0), channel=hall)
        words = Delivery(id=901, chat=chat_of(hall), reply=Reply(text="喝茶去"))
        with pytest.raises(NotSent) as told:
            await play.adapter.send(words)
        assert (told.value.retry_after_s, told.value.arrived) == (40.0, False)
        assert await play.answer_to(qing.says(qing.direct, "/帮助"))


async def test_when_cloudflare_has_had_enough_it_is_quiet_there_and_then_says_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter.fault, "CLOUDFLARE_S", 1.0)
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        play.discord.fail_next(POST, CloudflarePage(), channel=hall)
        began = time.monotonic()
        await play.answer_to(mentions(play, qing, hall, "/帮助"))
        assert time.monotonic() - began >= 1.0
        assert sum(call.status == 429 for call in play.discord.calls) == 1
        assert len(play.discord.said(hall)) == 1


def chat_of(channel: Channel) -> Chat:
    return Chat("discord", str(channel.id), group=not channel.is_direct)


# ── calls that go wrong ─────────────────────────────────────────────────────────────────────

LOST: list[Fault] = [ServerError(), Reset(), ResetAfter(), Garbage()]


@pytest.mark.parametrize("fault", LOST, ids=str)
async def test_a_message_of_which_nobody_knows_is_there_once(tmp_path: Path, fault: Fault) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        play.discord.fail_next(POST, fault, channel=hall)
        said = mentions(play, qing, hall, "/帮助")
        answer = await play.answer_to(said)
        await play.answer_to(mentions(play, qing, hall, "/队列"))
        assert REPEATED not in answer.content
        assert len(play.discord.said(hall)) == 2


async def test_a_result_that_is_there_though_nobody_was_told_keeps_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.herald.LOOK_S", 60.0)  # no other edit comes before the result
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        play.engine.gate.clear()
        mine = await play.answer_to(mentions(play, qing, hall), "收到 #1")
        await play.engine.until(1)
        plan = play.discord.fail_next(EDIT, ResetAfter(), times=3)
        play.engine.gate.set()
        await play.discord.until(lambda: plan.times == 0)
        await play.studio.until(1, State.DELIVERED)
        while not await play.store.idle():
            await play.store.after(play.store.commits, 0.2)
        assert play.discord.said(hall) == [mine]
        assert mine.content.startswith("画好了 #1：一只猫")
        assert "🎲 变化" in mine.buttons
        assert len(mine.attachments) == 1


@pytest.mark.parametrize("fault", LOST, ids=str)
async def test_the_answer_to_a_command_is_there_once(tmp_path: Path, fault: Fault) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        play.discord.fail_next(ORIGINAL, fault)
        mine = await drawn(play, qing, hall)
        await play.answer_to(qing.commands(hall, "队列"))
        assert len(play.discord.said(hall)) == 2
        assert len(mine.attachments) == 1


@pytest.mark.parametrize("fault", LOST, ids=str)
async def test_a_result_that_is_edited_in_is_never_seen_twice(tmp_path: Path, fault: Fault) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        play.discord.fail_next(EDIT, fault)
        mine = await drawn(play, qing, hall)
        await play.studio.until(1, State.DELIVERED)
        assert len(mine.attachments) == 1
        assert len(play.discord.said(hall)) == 1


@pytest.mark.parametrize("fault", [Hang(), HangBefore()], ids=str)
async def test_a_call_that_hangs_is_given_up_and_made_again(
    tmp_path: Path, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "CALL_S", 0.4)
    async with stage(tmp_path) as play:
        qing, wang = play.discord.person("阿青"), play.discord.person("老王")
        hall = hall_of(play, qing, wang)
        play.discord.fail_next(POST, fault, channel=hall)
        said = mentions(play, qing, hall, "/帮助")
        await play.answer_to(wang.says(wang.direct, "/帮助"))
        answer = await play.answer_to(said)
        await play.answer_to(mentions(play, qing, hall, "/队列"))
        assert REPEATED not in answer.content
        assert len(play.discord.said(hall)) == 2


@pytest.mark.parametrize("fault", [ResetAfter(), Reset(), Garbage(), ServerError(500)], ids=str)
async def test_a_first_answer_of_which_nobody_knows_is_given_once_more(
    tmp_path: Path, fault: Fault
) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        play.discord.fail_next(CALLBACK, fault)
        asked = qing.commands(hall, "额度")
        told = await play.answer_to(asked)
        assert told.ephemeral
        made = [call.code for call in play.discord.calls if call.name == CALLBACK]
        arrived = isinstance(fault, ResetAfter | Garbage)
        assert made[-1] == (40060 if arrived else 0)
        assert asked.followups == []


async def test_an_answer_that_is_too_late_is_a_message_in_the_channel(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        play.discord.fail_next(CALLBACK, ApiError(404, 10062))
        asked = qing.commands(hall, "画", 描述="一只猫")
        mine = await play.in_channel(hall, "画好了 #1")
        assert asked.answer is None
        assert len(mine.attachments) == 1
        assert play.discord.said(hall) == [mine]


async def test_a_press_that_is_too_late_is_answered_in_the_channel(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        mine = await drawn(play, qing, hall)
        play.discord.fail_next(CALLBACK, ApiError(404, 10062))
        qing.presses("⭐ 收藏", mine)
        told = await play.in_channel(hall, "已收藏编号 1")
        assert told.reply_to is mine


async def test_a_token_that_is_over_makes_the_result_a_message_in_the_channel(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        play.discord.world.token_life_s = -1.0
        qing.commands(hall, "画", 描述="一只猫")
        mine = await play.in_channel(hall, "画好了 #1")
        assert len(mine.attachments) == 1
        play.discord.world.token_life_s = 900.0
        play.discord.world.token_life_s = -1.0
        qing.presses("⭐ 收藏", mine)
        await play.in_channel(hall, "已收藏编号 1")


async def test_a_result_after_a_quarter_of_an_hour_is_in_its_message_or_beside_it(
    tmp_path: Path,
) -> None:
    late = [0.0]
    async with fake_discord(clock=lambda: time.monotonic() + late[0]) as discord:
        async with running(tmp_path, discord) as play:
            qing = discord.person("阿青")
            hall = hall_of(play, qing)
            play.engine.gate.clear()
            one = await play.answer_to(qing.commands(hall, "画", 描述="一只猫"), "收到 #1")
            two = await play.answer_to(qing.commands(hall, "画", 描述="一条鱼"), "收到 #2")
            late[0] = 1000.0
            two.channel.world.remove(two)
            play.engine.gate.set()
            await play.shows(one, "画好了 #1")
            fresh = await play.in_channel(hall, "画好了 #2")
            assert len(fresh.attachments) == 1
        assert discord.refused == []


async def test_what_was_asked_a_quarter_of_an_hour_ago_is_answered_in_the_channel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "TOKEN_S", 0.0)
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        asked = qing.commands(hall, "画", 描述="一只猫")
        mine = await play.in_channel(hall, "画好了 #1")
        assert asked.message is not mine
        assert not any(call.name == ORIGINAL for call in play.discord.calls)


# ── what is not allowed, and what is gone ───────────────────────────────────────────────────


@pytest.mark.parametrize("names", [("SEND_MESSAGES",), ("VIEW_CHANNEL",)], ids=str)
async def test_where_it_may_not_write_a_command_is_answered_all_the_same(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    async with stage(tmp_path) as play:
        qing, wang = play.discord.person("阿青"), play.discord.person("老王")
        hall = hall_of(play, qing, wang)
        hall.forbid(*names)
        mine = await drawn(play, qing, hall)
        assert len(mine.attachments) == 1
        pressed = qing.presses("🎲 变化", mine)
        changed = await play.whispered(pressed, "画好了 #2")
        assert not changed.ephemeral
        await play.whispered(qing.presses("⭐ 收藏", mine), "已收藏")
        there = [c for c in play.discord.calls if c.channel_id == hall.id]
        assert not [c.name for c in there if c.route.startswith("/channels")]


async def test_where_it_may_not_write_a_mention_is_given_up_and_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.courier.MAX_ATTEMPTS", 2)
    async with stage(tmp_path) as play:
        qing, wang = play.discord.person("阿青"), play.discord.person("老王")
        hall = hall_of(play, qing, wang)
        hall.forbid("SEND_MESSAGES")
        mentions(play, qing, hall)
        await play.discord.until(lambda: any(c.code == 50013 for c in play.discord.calls))
        alone = await play.answer_to(wang.says(wang.direct, "画一条鱼"))
        await play.shows(alone, "画好了 #2")
        await play.studio.until(1, State.FAILED)
        hall.allow("SEND_MESSAGES")
        await drawn(play, qing, hall, "一座山")


async def test_a_channel_that_it_does_not_see_any_more_is_left(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        play.engine.gate.clear()
        await play.answer_to(mentions(play, qing, hall), "收到")
        hall.forbid("VIEW_CHANNEL")
        play.engine.gate.set()
        await play.studio.until(1, State.FAILED)
        alone = await play.answer_to(qing.says(qing.direct, "画一条鱼"))
        await play.shows(alone, "画好了 #2")
        hall.allow("VIEW_CHANNEL")
        await drawn(play, qing, hall, "一座山")


async def test_a_channel_that_is_taken_away_is_left(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        play.engine.gate.clear()
        await play.answer_to(qing.commands(hall, "画", 描述="一只猫"), "收到")
        hall.delete()
        await play.studio.until(1, State.CANCELLED)
        play.engine.gate.set()


async def test_who_takes_no_messages_is_left_alone_and_welcome_back(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        qing.refuses_directs = True
        said = qing.says(qing.direct, "/帮助")
        await play.discord.until(lambda: any(c.code == 50007 for c in play.discord.calls))
        asked = qing.commands(qing.direct, "额度")
        assert await play.answer_to(asked)
        qing.refuses_directs = False
        assert await play.answer_to(qing.says(qing.direct, "/队列"))
        assert not [m for m in play.discord.said(qing.direct) if m.reply_to is said]


async def test_a_picture_is_made_lighter_where_a_server_takes_but_small_ones(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        whole = await drawn(play, qing, hall_of(play, qing))
        size = whole.attachments[0].size
        small = play.discord.server("小服务器", qing, size_limit=size - 1).channel("画画")
        told = await drawn(play, qing, small)
        (file,) = told.attachments
        assert file.filename == "danqing-2.webp"
        assert file.size < size
        assert packet_of(file.data)
        assert not any(call.status == 413 for call in play.discord.calls)


@pytest.mark.parametrize("by_edit", [True, False])
async def test_a_picture_that_turns_out_too_large_is_made_lighter(
    tmp_path: Path,
    by_edit: bool,  # noqa: FBT001
) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        route = EDIT if by_edit else POST
        play.engine.gate.clear()
        mine = await play.answer_to(mentions(play, qing, hall), "收到")
        if not by_edit:
            play.discord.world.remove(mine)
        play.discord.fail_next(route, ApiError(413, 40005))
        play.engine.gate.set()
        told = await play.in_channel(hall, "画好了 #1")
        (file,) = told.attachments
        assert file.mime == "image/webp"
        assert packet_of(file.data)


async def test_a_result_whose_message_was_deleted_is_a_message_of_its_own(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        play.engine.gate.clear()
        said = mentions(play, qing, hall)
        mine = await play.answer_to(said, "收到")
        qing.deletes(said)
        play.discord.world.remove(mine)
        play.engine.gate.set()
        result = await play.in_channel(hall, "画好了 #1")
        assert len(result.attachments) == 1
        assert result.reply_to is None


async def test_a_thread_that_was_put_away_gets_its_result(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        thread = hall_of(play, qing).thread("接龙")
        play.engine.gate.clear()
        await play.answer_to(qing.commands(thread, "画", 描述="一只猫"), "收到")
        thread.archive()
        play.engine.gate.set()
        result = await play.in_channel(thread, "画好了 #1")
        assert len(result.attachments) == 1
        assert not thread.archived


async def test_a_locked_thread_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.courier.MAX_ATTEMPTS", 2)
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        thread = hall_of(play, qing).thread("接龙")
        play.engine.gate.clear()
        await play.answer_to(qing.commands(thread, "画", 描述="一只猫"), "收到")
        thread.archive(locked=True)
        play.engine.gate.set()
        await play.studio.until(1, State.FAILED)
        await drawn(play, qing, qing.direct, "一条鱼")


# ── buttons ─────────────────────────────────────────────────────────────────────────────────


FORGED = (
    "vary:0012",
    "vary:99999999999999999999",
    "boom:1",
    "",
    "x" * 100,
    "fill:0000#nothing",
    "pick:0",
    "show:1:!",
)


async def test_a_forged_button_does_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        mine = await drawn(play, qing, hall)
        for forged in FORGED:
            told = await play.whispered(qing.presses_data(mine, forged), "这个按钮已经不能用了")
            assert told.ephemeral
        assert play.discord.said(hall) == [mine]


async def test_a_button_of_a_picture_that_is_no_more_says_so(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        mine = await drawn(play, qing, hall_of(play, qing))
        told = await play.whispered(qing.presses_data(mine, "vary:77"))
        assert told.ephemeral


async def test_somebody_elses_picture_is_theirs(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing, wang = play.discord.person("阿青"), play.discord.person("老王")
        hall = hall_of(play, qing, wang)
        mine = await drawn(play, qing, hall)
        for custom_id in ("upscale:1:2", "vary:1", "edit:1", "delete:1", f"delete:1:{SURE}"):
            pressed = wang.presses_data(mine, custom_id)
            told = await play.whispered(pressed, "这是别人的画")
            assert told.ephemeral
            assert pressed.modal is None
        await play.shows(await play.answer_to(wang.says(hall, "换成水墨", to=mine)), "画好了 #2")


async def test_a_form_that_is_late_is_offered_by_a_button(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        mine = await drawn(play, qing, hall)
        monkeypatch.setattr(answering, "FORM_S", 0.0)
        pressed = qing.presses("✏️ 改一改", mine)
        told = await play.whispered(pressed)
        assert told.ephemeral
        assert pressed.modal is None
        again = qing.presses("✏️ 填写", told)
        await play.discord.until(lambda: again.modal)
        qing.submits(again, {"描述": "一条鱼"})
        await play.in_channel(hall, "画好了 #2：一条鱼")


async def test_a_late_form_opens_after_a_restart_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with fake_discord() as discord:
        qing = discord.person("阿青")
        hall = discord.server("画友会", qing).channel("画画")
        async with running(tmp_path, discord) as play:
            mine = await drawn(play, qing, hall)
            with monkeypatch.context() as late:
                late.setattr(answering, "FORM_S", 0.0)
                told = await play.whispered(qing.presses("✏️ 改一改", mine))
        async with running(tmp_path, discord) as play:
            again = qing.presses("✏️ 填写", told)
            await discord.until(lambda: again.modal)
            qing.submits(again, {"描述": "一条鱼"})
            await play.in_channel(hall, "画好了 #2：一条鱼")
        assert discord.refused == []


# ── who is served, and by what way ──────────────────────────────────────────────────────────


async def test_where_only_somebody_brought_it_all_goes_by_way_of_their_commands(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        qing.installed = True
        hall = play.discord.server("别人的服务器", qing, has_bot=False).channel("画画")
        for command in play.discord.world.commands.of(None):
            command.given["integration_types"] = [0, 1]
        mine = await drawn(play, qing, hall)
        assert len(mine.attachments) == 1
        changed = await play.whispered(qing.presses("🎲 变化", mine), "画好了 #2")
        assert len(changed.attachments) == 1
        told = await play.whispered(qing.presses("⭐ 收藏", mine), "已收藏")
        assert told.ephemeral
        there = [c for c in play.discord.calls if c.channel_id == hall.id]
        assert not [c.name for c in there if c.route.startswith("/channels")]


async def test_only_those_are_served_who_are_listed(tmp_path: Path) -> None:
    async with fake_discord() as discord:
        qing, wang = discord.person("阿青"), discord.person("老王")
        ours = discord.server("画友会", qing, wang)
        other = discord.server("别处", qing, wang).channel("画画")
        told = {"servers": [ours.id], "users": [qing.id]}
        async with running(tmp_path, discord, told) as play:
            await drawn(play, wang, ours.channel("画画"))
            await drawn(play, qing, other, "一条鱼")
            refused = await play.answer_to(wang.commands(other, "画", 描述="一座山"))
            assert "画好" not in refused.content
            wang.says(other, "天气真好")
            await play.answer_to(mentions(play, wang, other))
            await play.answer_to(wang.says(wang.direct, "画一座山"))
            assert len(play.engine.drawn) == 2
        assert discord.refused == []


# ── pictures that come ──────────────────────────────────────────────────────────────────────


async def test_a_file_that_is_too_large_lost_or_broken_is_said_to_be(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        bot = play.discord.bot
        large = ("a.png", b"\x89PNG" + bytes(25 << 20))
        said = qing.says(hall, "画成水墨", mentions=[bot], attachments=[large])
        assert "25 MB" in (await play.answer_to(said)).content
        broken = qing.says(hall, "画成水墨", mentions=[bot], attachments=[b"\x89PNG no"])
        assert "不是能用的图片" in (await play.answer_to(broken)).content
        lost = qing.commands(hall, "画", 描述="画成水墨", 图片=b"\x89PNG no")
        assert "不是能用的图片" in (await play.answer_to(lost)).content


async def test_a_picture_that_is_lost_is_said_to_be(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        play.discord.world.files.url_life_s = -1.0
        asked = qing.commands(hall, "画", 描述="画成水墨", 图片=png())
        answer = await play.answer_to(asked)
        assert answer.content == "这张图已经取不到了，请再发一次"


async def test_a_link_that_is_over_is_asked_for_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        files = play.discord.world.files
        files.url_life_s = -1.0
        said = qing.says(hall, "画成水墨", mentions=[play.discord.bot], attachments=[png()])
        files.url_life_s = 3600.0
        await play.shows(await play.answer_to(said), "画好了 #1")
        assert play.engine.drawn[0].source


async def test_a_picture_whose_message_is_gone_is_lost(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        qing = play.discord.person("阿青")
        hall = hall_of(play, qing)
        play.discord.world.files.url_life_s = -1.0
        photo = qing.says(hall, "看我拍的", attachments=[png()])
        asked = qing.chooses_on(photo, "以此为底")
        await play.discord.until(lambda: asked.modal)
        qing.deletes(photo)
        answer = await play.answer_to(qing.submits(asked, {"想画成什么样？": "画成水墨"}))
        assert answer.content == "这张图已经取不到了，请再发一次"


# ── across a restart ────────────────────────────────────────────────────────────────────────


def place_of(asked: Interaction, *, private: bool) -> str:
    return Place(interaction=asked.id, kind="c", token=asked.token, private=private).pack()


async def test_the_second_word_of_a_private_command_is_private_after_a_restart(
    tmp_path: Path,
) -> None:
    async with fake_discord() as discord:
        qing, wang = discord.person("阿青"), discord.person("老王")
        hall = discord.server("画友会", qing, wang).channel("画画")
        async with running(tmp_path, discord) as play:
            asked = qing.commands(hall, "额度")
            first = await play.answer_to(asked)
        words = first.content
        second = Reply(text="还有一句", to=place_of(asked, private=True))
        async with running(tmp_path, discord) as play:
            await play.adapter.send(Delivery(id=901, chat=chat_of(hall), reply=second))
            assert first.content == words
            (told,) = asked.followups
            assert told.content == "还有一句"
            assert told.ephemeral
            assert play.discord.said(hall) == []
        assert discord.refused == []


async def test_an_answer_that_was_on_its_way_at_the_end_is_there_once(tmp_path: Path) -> None:
    async with fake_discord() as discord:
        qing = discord.person("阿青")
        hall = discord.server("画友会", qing).channel("画画")
        async with running(tmp_path, discord) as play:
            said = mentions(play, qing, hall, "/帮助")
            first = await play.answer_to(said)
        old = Delivery(id=902, chat=chat_of(hall), reply=Reply(text="喝茶去", to=str(said.id)))
        async with running(tmp_path, discord) as play:
            await play.adapter.send(old)
            await play.adapter.send(replace(old, repeated=True))
            discord.world.nonces.clear()
            await play.adapter.send(replace(old, repeated=True))
            assert [m.content for m in discord.said(hall)] == [first.content, "喝茶去"]
        assert discord.refused == []


async def test_a_server_that_lets_it_in_is_greeted_once(tmp_path: Path) -> None:
    async with fake_discord() as discord:
        qing = discord.person("阿青")
        async with running(tmp_path, discord) as play:
            old = discord.server("老地方", qing)
            old.bot_joined = "2020-01-01T00:00:00+00:00"
            server = discord.server("新地方", qing, has_bot=False)
            server.lets_in_bot()
            hall = server.channel("大厅")
            await discord.until(lambda: discord.said(hall))
        discord.world.sessions.all.clear()
        discord.world.sessions.begun.clear()
        async with running(tmp_path, discord) as play:
            await drawn(play, qing, hall)
            assert len(discord.said(hall)) == 2
