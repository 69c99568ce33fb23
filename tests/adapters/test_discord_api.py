"""The fake of Discord refuses what Discord refuses: each of its rules bites."""

import asyncio
import io
import json
import os
import signal
import sys
import time
import warnings
import zlib
from base64 import b64encode
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import PIL.Image
import pytest
import yarl

from tests.discord_api.channel import Channel
from tests.discord_api.fault import (
    ApiError,
    CloudflarePage,
    Fault,
    Garbage,
    Hang,
    HangBefore,
    Hold,
    HoldBefore,
    RateLimited,
    Reset,
    ResetAfter,
    ServerError,
)
from tests.discord_api.guild import Guild
from tests.discord_api.interaction import Interaction
from tests.discord_api.message import Message
from tests.discord_api.person import Person
from tests.discord_api.refusal import Json
from tests.discord_api.server import FakeDiscord, fake_discord
from tests.discord_api.spec import SPEC, Spec

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # it imports audioop, for voices
    import discord
    from discord import app_commands
    from discord.gateway import DiscordWebSocket
    from discord.http import Route

ROOT = Path(__file__).parents[2]
needs_spec = pytest.mark.skipif(not SPEC.exists(), reason="the description of the API is not here")
NONE: Json = {"parse": []}
DRAW: Json = {
    "name": "draw",
    "name_localizations": {"zh-CN": "画"},
    "description": "draw a picture",
    "type": 1,
    "options": [
        {"type": 3, "name": "words", "name_localizations": {"zh-CN": "提示词"},
         "description": "what", "required": True, "max_length": 20},
        {"type": 11, "name": "image", "description": "from"},
        {"type": 4, "name": "steps", "description": "how", "min_value": 1, "max_value": 50},
        {"type": 3, "name": "style", "description": "how",
         "choices": [{"name": "水墨", "value": "ink"}, {"name": "像素", "value": "pixel"}]},
        {"type": 3, "name": "like", "description": "how", "autocomplete": True},
        {"type": 6, "name": "whose", "description": "who"},
    ],
}  # fmt: skip
ON_MESSAGE: Json = {"name": "再画", "type": 3}
ON_PERSON: Json = {"name": "画头像", "type": 2}
STYLE: Json = {
    "name": "style",
    "description": "styles",
    "integration_types": [0, 1],
    "contexts": [0, 1, 2],
    "options": [
        {"type": 1, "name": "add", "description": "add one",
         "options": [{"type": 3, "name": "called", "description": "how", "required": True}]},
        {"type": 1, "name": "list", "description": "all"},
    ],
}  # fmt: skip
CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"
MESSAGES = "/channels/{channel_id}/messages"
MESSAGE = "/channels/{channel_id}/messages/{message_id}"
HOOK = "/webhooks/{webhook_id}/{webhook_token}"


class Clock:
    """Stands still until it is put on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def png(width: int = 32, height: int = 24) -> bytes:
    file = io.BytesIO()
    PIL.Image.new("RGB", (width, height), (0, 128, 255)).save(file, "PNG")
    return file.getvalue()


def button(label: str = "变化", custom_id: str = "v:1", **more: Any) -> Json:
    return {"type": 2, "style": 2, "label": label, "custom_id": custom_id} | more


def row(*components: Json) -> Json:
    return {"type": 1, "components": list(components)}


def menu(count: int = 2, custom_id: str = "m:1", **more: Any) -> Json:
    options = [{"label": f"第{n}个", "value": str(n)} for n in range(count)]
    return {"type": 3, "custom_id": custom_id, "options": options} | more


@dataclass(slots=True)
class Told:
    """What a call was answered."""

    status: int
    json: Any
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> int:
        return int(self.json["code"])

    @property
    def faults(self) -> list[str]:
        """The codes of what is wrong with a form, with their paths."""
        return sorted(_faults(self.json.get("errors", {}), ""))


def _faults(errors: Json, where: str) -> list[str]:
    found: list[str] = []
    for name, inner in errors.items():
        if name == "_errors":
            found += [f"{where.rstrip('.')} {one['code']}".strip() for one in inner]
        else:
            found += _faults(inner, f"{where}{name}.")
    return found


@dataclass(slots=True)
class Api:
    """Calls without a library."""

    discord: FakeDiscord
    session: aiohttp.ClientSession

    async def call(
        self,
        method: str,
        path: str,
        given: Any = None,
        files: dict[str, bytes] | None = None,
        token: str | None = "",
    ) -> Told:
        """Call a method; the token is the bot's unless another is given, or None."""
        headers = {} if token is None else {"Authorization": f"Bot {token or self.discord.token}"}
        more: Json = {}
        if files:
            form = aiohttp.FormData(quote_fields=False)
            form.add_field("payload_json", json.dumps(given or {}))
            for number, (name, data) in enumerate(files.items()):
                form.add_field(f"files[{number}]", io.BytesIO(data), filename=name)
            more["data"] = form
        elif given is not None:
            more["json"] = given
        url = f"{self.discord.api_base}{path}"
        async with self.session.request(method, url, headers=headers, **more) as answer:
            body = await answer.read()
            is_json = answer.headers.get("Content-Type") == "application/json"
            try:
                told = json.loads(body) if is_json else None
            except ValueError:
                told = None
            return Told(answer.status, told, dict(answer.headers), body)

    async def says(self, channel: Channel, given: Json | str, **more: Any) -> Told:
        """Send a message, which pings nobody unless it says otherwise."""
        given = {"content": given} if isinstance(given, str) else given
        whole = {"allowed_mentions": NONE} | given
        return await self.call("POST", f"/channels/{channel.id}/messages", whole, **more)

    async def edits(self, message: Message, given: Json, **more: Any) -> Told:
        path = f"/channels/{message.channel.id}/messages/{message.id}"
        return await self.call("PATCH", path, {"allowed_mentions": NONE} | given, **more)

    async def answers(
        self, interaction: Interaction, kind: int, data: Json | None = None, **more: Any
    ) -> Told:
        """Answer an interaction first."""
        path = f"/interactions/{interaction.id}/{interaction.token}/callback?with_response=1"
        if kind in (4, 7):
            data = {"allowed_mentions": NONE} | (data or {})
        given = {"type": kind} | ({} if data is None else {"data": data})
        return await self.call("POST", path, given, token=None, **more)

    async def hook(
        self,
        interaction: Interaction,
        method: str,
        given: Json | None = None,
        end: str = "/messages/@original",
        **more: Any,
    ) -> Told:
        """Say more to an interaction; without an end it is a follow-up."""
        path = f"/webhooks/{self.discord.application_id}/{interaction.token}{end}"
        if given is not None:
            given = {"allowed_mentions": NONE} | given
        return await self.call(method, path, given, token=None, **more)

    async def registers(self, *commands: Json) -> Told:
        path = f"/applications/{self.discord.application_id}/commands"
        return await self.call("PUT", path, list(commands))


@asynccontextmanager
async def opened(
    clock: Callable[[], float] | None = None, **setting: Any
) -> AsyncGenerator[tuple[FakeDiscord, Api]]:
    async with (
        fake_discord(clock, **setting) as discord,
        aiohttp.ClientSession() as session,
    ):
        yield discord, Api(discord, session)


@pytest.fixture
async def opening() -> AsyncGenerator[tuple[FakeDiscord, Api]]:
    async with opened() as pair:
        yield pair


@pytest.fixture
def fake(opening: tuple[FakeDiscord, Api]) -> FakeDiscord:
    return opening[0]


@pytest.fixture
def api(opening: tuple[FakeDiscord, Api]) -> Api:
    return opening[1]


@pytest.fixture
def qing(fake: FakeDiscord) -> Person:
    return fake.person("阿青")


@pytest.fixture
def lin(fake: FakeDiscord) -> Person:
    return fake.person("小林", locale="en-US")


@pytest.fixture
def guild(fake: FakeDiscord, qing: Person, lin: Person) -> Guild:
    owner = fake.person("群主")
    return fake.server("画室", qing, lin, admins=[owner])


@pytest.fixture
def hall(guild: Guild) -> Channel:
    return guild.channel("大厅")


async def drawn(api: Api, person: Person, channel: Channel, **options: Any) -> Interaction:
    """Have somebody use a command."""
    if not api.discord.world.commands.of(None):
        await api.registers(DRAW, STYLE, ON_MESSAGE, ON_PERSON)
    return person.commands(channel, "draw", **({"words": "猫"} | options))


async def pressed(api: Api, person: Person, channel: Channel, **more: Any) -> Interaction:
    """Have somebody press a button of a message that the bot has sent."""
    given = {"content": "图", "components": [row(button())]} | more
    await api.says(channel, given)
    return person.presses("变化", api.discord.said(channel)[-1])


def refused_as(fake: FakeDiscord, *words: str) -> None:
    """Have exactly so many things refused, with these words in them, and clear them."""
    assert len(fake.refused) == len(words), fake.refused
    for told, wanted in zip(fake.refused, words, strict=True):
        assert wanted in told
    fake.refused.clear()


# ── with discord.py ─────────────────────────────────────────────────────────────────────────


class Bot(discord.Client):
    """A bot of the real library."""

    def __init__(self, intents: discord.Intents | None = None) -> None:
        super().__init__(intents=intents or discord.Intents.default(), guild_ready_timeout=0.05)
        self.tree = app_commands.CommandTree(self)
        self.heard: list[discord.Message] = []
        self.texts: list[str] = []
        self.edited: list[discord.Message] = []
        self.pressed: list[discord.Interaction] = []
        self.happened: list[str] = []

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message)
        self.texts.append(message.content)

    async def on_message_edit(self, _before: discord.Message, after: discord.Message) -> None:
        self.edited.append(after)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        if interaction.type in (
            discord.InteractionType.component,
            discord.InteractionType.modal_submit,
        ):
            self.pressed.append(interaction)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        self.happened.append(f"joined {guild.name}")

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        self.happened.append(f"left {guild.name}")

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        self.happened.append(f"deleted {channel.name}")

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        self.happened.append(f"deleted {event.message_id}")

    async def on_thread_create(self, thread: discord.Thread) -> None:
        self.happened.append(f"thread {thread.name}")

    async def on_raw_thread_update(self, event: discord.RawThreadUpdateEvent) -> None:
        self.happened.append(f"archived {event.data['thread_metadata']['archived']}")

    async def on_raw_thread_delete(self, event: discord.RawThreadDeleteEvent) -> None:
        self.happened.append(f"deleted {event.thread_id}")


@asynccontextmanager
async def running(fake: FakeDiscord, bot: Bot) -> AsyncGenerator[Bot]:
    """Run a bot until it is ready, and meanwhile."""
    task = asyncio.ensure_future(bot.start(fake.token))
    try:
        await fake.until(lambda: bot.is_ready() or task.done(), 5)
        if task.done():
            task.result()
        yield bot
    finally:
        await bot.close()
        await asyncio.gather(task, return_exceptions=True)


def told(interaction: discord.Interaction) -> Any:
    """Return what a bot was told of an interaction."""
    return interaction.data


@pytest.fixture
def here(fake: FakeDiscord, monkeypatch: pytest.MonkeyPatch) -> None:
    lead(fake, monkeypatch)


def lead(fake: FakeDiscord, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lead the library to the fake."""
    monkeypatch.setattr(Route, "BASE", fake.api_base)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(fake.gateway_url))
    monkeypatch.setattr(discord.Asset, "BASE", fake.cdn_base)


@pytest.mark.usefixtures("here")
async def test_a_bot_draws_with_a_command(fake: FakeDiscord, hall: Channel, qing: Person) -> None:
    bot = Bot()

    @bot.tree.command(name="画", description="画一张画")
    @app_commands.rename(words="提示词", image="底图")
    async def draw(
        interaction: discord.Interaction, words: str, image: discord.Attachment | None = None
    ) -> None:
        await interaction.response.defer()
        read = b"" if image is None else await image.read()
        view = discord.ui.View(timeout=None)
        view.add_item(discord.ui.Button(label="变化", emoji="🎲", custom_id="v:1"))
        await interaction.edit_original_response(
            content=f"{words} {len(read)}",
            attachments=[discord.File(io.BytesIO(png()), "画.png", spoiler=True)],
            view=view,
            allowed_mentions=discord.AllowedMentions.none(),
        )

    async with running(fake, bot):
        await bot.tree.sync()
        used = qing.commands(hall, "画", 提示词="一只猫", 底图=png())
        await fake.until(lambda: used.message and not used.message.loading)
    message = used.message
    assert message is not None
    assert message.content == f"一只猫 {len(png())}"
    assert message.buttons == ["🎲 变化"]
    assert [(one.data, one.spoiler) for one in message.attachments] == [(png(), True)]
    assert [(shown.content, shown.attachments) for shown in message.edits] == [
        ("", 0),
        (message.content, 1),
    ]
    assert used.latency_s is not None
    assert used.latency_s < 1
    assert fake.refused == []


@pytest.mark.usefixtures("here")
async def test_a_bot_answers_buttons_menus_and_forms(
    fake: FakeDiscord, hall: Channel, qing: Person
) -> None:
    async with running(fake, Bot()) as bot:
        channel = bot.get_channel(hall.id)
        assert isinstance(channel, discord.TextChannel)
        view = discord.ui.View(timeout=None)
        view.add_item(discord.ui.Button(label="改词", custom_id="edit:1"))
        options = [discord.SelectOption(label=name, value=name) for name in ("水墨", "像素")]
        view.add_item(discord.ui.Select(custom_id="style:1", options=options))
        sent = await channel.send("图", view=view, allowed_mentions=discord.AllowedMentions.none())
        message = fake.said(hall)[-1]
        assert message.id == sent.id

        chosen = qing.selects(message, "像素")
        await fake.until(lambda: bot.pressed)
        assert told(bot.pressed[0])["values"] == ["像素"]
        await bot.pressed.pop().response.edit_message(content="像素了")
        assert chosen.message is message
        assert message.content == "像素了"

        opened = qing.presses("改词", message)
        await fake.until(lambda: bot.pressed)
        modal = discord.ui.Modal(title="改词", custom_id="form:1")
        modal.add_item(discord.ui.TextInput(label="新词", custom_id="words", default="猫"))
        wanted: discord.ui.TextInput[Any] = discord.ui.TextInput(custom_id="more", required=False)
        modal.add_item(discord.ui.Label(text="还要", component=wanted))
        await bot.pressed.pop().response.send_modal(modal)
        filled = qing.submits(opened, {"还要": "月亮"})
        await fake.until(lambda: bot.pressed)
        first, second = told(bot.pressed[0])["components"]
        assert first["components"][0]["value"] == "猫"
        assert second["component"]["value"] == "月亮"
        await bot.pressed.pop().response.send_message("好", ephemeral=True)
        assert filled.ephemeral
        assert filled.content == "好"
    assert fake.said(hall) == [message]
    assert fake.said(hall, qing) == [message, filled.message]
    assert fake.refused == []


@pytest.mark.usefixtures("here")
async def test_a_bot_hears_what_it_may(fake: FakeDiscord, hall: Channel, qing: Person) -> None:
    async with running(fake, Bot()) as bot:
        qing.says(hall, "今天好热")
        qing.says(hall, "@丹青 画猫", mentions=[fake.bot], attachments=[png()])
        mine = qing.says(qing.direct, "私下说")
        await fake.until(lambda: len(bot.heard) == 3)
        qing.edits(mine, "改了")
        await fake.until(lambda: bot.edited)
        qing.deletes(mine)
        await fake.until(lambda: bot.happened)
        none = discord.AllowedMentions.none()
        await bot.heard[1].reply("好", allowed_mentions=none)
        answered = qing.says(hall, "谢谢", to=fake.said(hall)[-1])
        qing.says(hall, "不用", to=answered, pings=False)
        await fake.until(lambda: len(bot.heard) == 6)
    mention = f"<@{fake.bot_id}> 画猫"
    assert bot.texts == ["", mention, "私下说", "好", "谢谢", ""]
    assert [len(message.attachments) for message in bot.heard] == [0, 1, 0, 0, 0, 0]
    assert bot.heard[1].mentions[0].id == fake.bot_id
    assert bot.edited[0].content == "改了"
    assert bot.happened == [f"deleted {mine.id}"]
    assert fake.said(hall)[-1].reply_to is fake.messages(hall)[1]


async def test_with_the_intent_for_contents_a_bot_hears_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with opened(message_content=True) as (fake, _):
        lead(fake, monkeypatch)
        qing = fake.person("阿青")
        hall = fake.server("画室", qing).channel("大厅")
        intents = discord.Intents.default()
        intents.message_content = True
        async with running(fake, Bot(intents)) as bot:
            assert bot.application_flags.gateway_message_content_limited
            qing.says(hall, "今天好热")
            await fake.until(lambda: bot.texts == ["今天好热"])


@pytest.mark.usefixtures("here")
async def test_without_the_intent_for_contents_a_bot_that_wants_it_is_closed(
    fake: FakeDiscord,
) -> None:
    intents = discord.Intents.default()
    intents.message_content = True
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with running(fake, Bot(intents)):
            pass


@pytest.mark.usefixtures("here")
async def test_a_bot_without_an_intent_is_not_told(
    fake: FakeDiscord, hall: Channel, qing: Person
) -> None:
    intents = discord.Intents(guilds=True, dm_messages=True)
    async with running(fake, Bot(intents)) as bot:
        qing.says(hall, "今天好热")
        qing.says(qing.direct, "私下说")
        await fake.until(lambda: bot.texts == ["私下说"])


@pytest.mark.usefixtures("here")
async def test_a_bot_hears_of_servers_channels_and_threads(
    fake: FakeDiscord, guild: Guild, hall: Channel, qing: Person
) -> None:
    async with running(fake, Bot()) as bot:
        other = fake.server("别处", qing)
        other.puts_out_bot()
        thread = hall.thread("长谈")
        thread.archive()
        qing.says(thread, "再说")
        thread.delete()
        guild.channel("画廊").delete()
        await fake.until(lambda: len(bot.happened) == 7, 1)
    assert bot.happened == [
        "joined 别处",
        "left 别处",
        "thread 长谈",
        "archived True",
        "archived False",
        f"deleted {thread.id}",
        "deleted 画廊",
    ]


@pytest.mark.usefixtures("here")
async def test_a_bot_sees_avatars_and_may_ask_about_people(
    fake: FakeDiscord, guild: Guild, qing: Person
) -> None:
    qing.avatar = png()
    async with running(fake, Bot()) as bot:
        user = await bot.fetch_user(qing.id)
        assert await user.display_avatar.read() == png()
        server = bot.get_guild(guild.id)
        assert server is not None
        assert (await server.fetch_member(qing.id)).display_name == "阿青"
        with pytest.raises(discord.NotFound):
            await server.fetch_member(fake.person("生人").id)
    assert fake.refused == []


# ── who asks ────────────────────────────────────────────────────────────────────────────────


async def test_the_bot_is_told_who_it_is(fake: FakeDiscord, api: Api) -> None:
    me = await api.call("GET", "/users/@me")
    assert me.json["id"] == str(fake.bot_id)
    assert me.headers["Content-Type"] == "application/json"
    for path in ("/oauth2/applications/@me", "/applications/@me"):
        assert (await api.call("GET", path)).json["id"] == str(fake.application_id)
    assert (await api.call("GET", "/gateway", token=None)).json == {"url": fake.gateway_url}
    assert fake.refused == []


async def test_a_wrong_token_is_unauthorized(fake: FakeDiscord, api: Api) -> None:
    for token in (None, "nobody's"):
        answer = await api.call("GET", "/users/@me", token=token)
        assert (answer.status, answer.json["message"]) == (401, "401: Unauthorized")
    assert len(fake.limits.invalid) == 2


async def test_what_the_fake_does_not_have_is_not_found(fake: FakeDiscord, api: Api) -> None:
    assert (await api.call("GET", "/voice/regions")).status == 404
    assert (await api.call("PUT", "/users/@me")).status == 405
    refused_as(fake, "GET /voice/regions: 404", "PUT /users/@me: 405")


async def test_what_is_no_json_is_refused(fake: FakeDiscord, api: Api, hall: Channel) -> None:
    url = f"{fake.api_base}/channels/{hall.id}/messages"
    headers = {"Authorization": f"Bot {fake.token}", "Content-Type": "application/json"}
    async with api.session.post(url, data=b'{"content":', headers=headers) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, 50109)
    refused_as(fake, "invalid JSON")


async def test_ids_are_numbers_and_things_are_there(
    fake: FakeDiscord, api: Api, hall: Channel
) -> None:
    assert (await api.call("GET", "/channels/hall")).faults == ["channel_id NUMBER_TYPE_COERCE"]
    assert (await api.call("GET", "/channels/1")).code == 10003
    assert (await api.call("GET", "/guilds/1")).code == 10004
    assert (await api.call("GET", "/users/1")).code == 10013
    assert (await api.call("GET", f"/channels/{hall.id}/messages/1")).code == 10008
    assert len(fake.refused) == 5


# ── commands ────────────────────────────────────────────────────────────────────────────────


async def test_commands_are_registered_and_keep_their_ids(fake: FakeDiscord, api: Api) -> None:
    first = (await api.registers(DRAW, ON_MESSAGE)).json
    again = (await api.registers(ON_MESSAGE, DRAW | {"description": "another"})).json
    ids = {one["name"]: one["id"] for one in first}
    assert {one["name"]: one["id"] for one in again} == ids
    changed = [one["version"] for one in again if one["name"] == "draw"]
    assert changed != [one["version"] for one in first if one["name"] == "draw"]
    path = f"/applications/{fake.application_id}/commands"
    shown = (await api.call("GET", path)).json
    assert [one["name"] for one in shown] == ["再画", "draw"]
    assert "name_localizations" not in shown[1]
    shown = (await api.call("GET", f"{path}?with_localizations=true")).json
    assert shown[1]["name_localizations"] == {"zh-CN": "画"}
    assert (await api.call("POST", path, STYLE)).status == 201
    assert (await api.call("POST", path, STYLE)).status == 200
    one = f"{path}/{ids['draw']}"
    assert (await api.call("PATCH", one, {"description": "anew"})).json["description"] == "anew"
    assert (await api.call("DELETE", one)).status == 204
    assert (await api.call("GET", one)).code == 10063
    refused_as(fake, "10063")


async def test_a_server_has_commands_of_its_own(
    fake: FakeDiscord, api: Api, guild: Guild, hall: Channel, qing: Person
) -> None:
    path = f"/applications/{fake.application_id}/guilds/{guild.id}/commands"
    made = (await api.call("PUT", path, [DRAW])).json
    assert made[0]["guild_id"] == str(guild.id)
    used = qing.commands(hall, "draw", words="猫")
    assert used.data["guild_id"] == str(guild.id)
    with pytest.raises(AssertionError, match="there is no command"):
        qing.commands(qing.direct, "draw", words="猫")


def option(**more: Any) -> Json:
    return {"type": 3, "name": "words", "description": "what"} | more


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"name": "Draw"}, "0.name APPLICATION_COMMAND_INVALID_NAME"),
        ({"name": "画 画"}, "0.name APPLICATION_COMMAND_INVALID_NAME"),
        ({"name": "a" * 33}, "0.name BASE_TYPE_BAD_LENGTH"),
        ({"name": None}, "0.name BASE_TYPE_REQUIRED"),
        ({"description": ""}, "0.description BASE_TYPE_REQUIRED"),
        ({"description": "长" * 101}, "0.description BASE_TYPE_BAD_LENGTH"),
        ({"type": 9}, "0.type BASE_TYPE_CHOICES"),
        ({"name_localizations": {"zh": "画"}}, "0.name_localizations ENUM_TYPE_COERCE"),
        (
            {"name_localizations": {"zh-CN": "画 画"}},
            "0.name_localizations.zh-CN APPLICATION_COMMAND_INVALID_NAME",
        ),
        ({"options": [option()] * 26}, "0.options BASE_TYPE_BAD_LENGTH"),
        ({"options": [option(), option()]}, "APPLICATION_COMMAND_OPTIONS_NAME_INVALID"),
        ({"options": [option(name="Words")]}, "APPLICATION_COMMAND_INVALID_NAME"),
        (
            {"options": [option(), option(name="b", required=True)]},
            "0.options.1 APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
        ),
        ({"options": [option(type=12)]}, "0.options.0.type BASE_TYPE_CHOICES"),
        ({"options": [option(type=2), option(name="b")]}, "OPTIONS_TYPE_INVALID"),
        (
            {"options": [option(choices=[{"name": str(n), "value": "v"} for n in range(26)])]},
            "0.options.0.choices BASE_TYPE_BAD_LENGTH",
        ),
        (
            {"options": [option(choices=[{"name": "x", "value": 1}])]},
            "0.options.0.choices.0.value STRING_TYPE_CONVERT",
        ),
        (
            {"options": [option(choices=[{"name": "x", "value": "y"}], autocomplete=True)]},
            "APPLICATION_COMMAND_OPTION_AUTOCOMPLETE_INVALID",
        ),
        ({"options": [option(max_length=6001)]}, "0.options.0.max_length NUMBER_TYPE_MAX"),
        ({"options": [option(max_value=5)]}, "APPLICATION_COMMAND_OPTION_VALUE_INVALID"),
        (
            {"options": [option(type=4, min_value=5, max_value=1)]},
            "APPLICATION_COMMAND_OPTION_BOUNDS_INVALID",
        ),
        ({"type": 3, "name": "画", "options": []}, "0.description"),
        ({"contexts": [3]}, "0.contexts.0 BASE_TYPE_CHOICES"),
        ({"default_member_permissions": "all"}, "NUMBER_TYPE_COERCE"),
        (
            {"options": [
                option(name=f"o{n}", choices=[
                    {"name": f"{n}", "value": "v" * 100} for n in range(25)
                ]) for n in range(4)
            ]},
            "0 APPLICATION_COMMAND_TOO_LARGE",
        ),
    ],
)  # fmt: skip
async def test_commands_that_discord_does_not_take(given: Json, fault: str) -> None:
    async with opened(spec=None) as (fake, api):
        answer = await api.registers({"name": "draw", "description": "draw"} | given)
        assert (answer.status, answer.code) == (400, 50035)
        assert any(fault in one for one in answer.faults), answer.faults
        assert len(fake.refused) == 1


async def test_commands_are_not_without_number(fake: FakeDiscord, api: Api) -> None:
    many = [{"name": f"c{n}", "description": "one"} for n in range(101)]
    assert (await api.registers(*many)).code == 30032
    assert (await api.registers(many[0], many[0])).faults == [
        "1 APPLICATION_COMMANDS_DUPLICATE_NAME"
    ]
    assert (await api.registers(*many[:100])).status == 200
    renamed = [one | {"name": f"d{n}"} for n, one in enumerate(many[:100])]
    assert (await api.registers(*renamed)).status == 200
    assert (await api.registers(*many[:100])).code == 30034
    assert len(fake.refused) == 3


async def test_options_are_filled_in_as_an_app_would_have_it(
    fake: FakeDiscord, api: Api, hall: Channel, qing: Person, lin: Person
) -> None:
    await drawn(api, qing, hall)
    used = qing.commands(hall, "画", 提示词="狗", steps=20, style="水墨", image=png(), whose=lin)
    options = {one["name"]: one["value"] for one in used.data["options"]}
    resolved = used.data["resolved"]
    assert options["style"] == "ink"
    assert options["whose"] == str(lin.id)
    assert resolved["users"][str(lin.id)]["username"] == lin.user.username
    assert resolved["attachments"][options["image"]]["width"] == 32
    for wrong in (
        {},
        {"words": ""},
        {"words": "长" * 21},
        {"words": "狗", "steps": 51},
        {"words": "狗", "steps": "20"},
        {"words": "狗", "style": "油画"},
        {"words": "狗", "colour": "红"},
        {"words": "狗", "whose": "小林"},
    ):
        with pytest.raises(AssertionError):
            qing.commands(hall, "draw", **wrong)
    with pytest.raises(AssertionError, match="there is no command"):
        lin.commands(hall, "画", words="dog")
    qing.installed = True
    outside = fake.server("外面", qing, has_bot=False).channel("大厅")
    with pytest.raises(AssertionError, match="not installed"):
        qing.commands(outside, "draw", words="狗")
    used = lin.commands(hall, "style add", called="水墨")
    assert used.data["options"][0] == {
        "name": "add", "type": 1, "options": [{"name": "called", "type": 3, "value": "水墨"}],
    }  # fmt: skip
    assert fake.refused == []


async def test_commands_in_menus(api: Api, hall: Channel, qing: Person, lin: Person) -> None:
    await drawn(api, qing, hall)
    said = lin.says(hall, "一只猫")
    used = qing.chooses_on(said, "再画")
    assert used.data["target_id"] == str(said.id)
    assert used.data["resolved"]["messages"][str(said.id)]["content"] == "一只猫"
    used = qing.chooses_on_person(lin, hall, "画头像")
    assert used.data["resolved"]["users"].keys() == {str(lin.id)}
    await api.answers(used, 4, {"content": "好"})
    assert used.message is not None
    assert used.message.kind == 23


async def test_what_is_offered_while_somebody_types(
    fake: FakeDiscord, api: Api, hall: Channel, qing: Person
) -> None:
    await drawn(api, qing, hall)
    typing = qing.completes(hall, "draw", "like", "梵", words="猫")
    options = {one["name"]: one for one in typing.data["options"]}
    assert options["like"] == {"name": "like", "type": 3, "value": "梵", "focused": True}
    choices = [{"name": "梵高", "value": "gogh"}]
    many = [{"name": str(n), "value": str(n)} for n in range(26)]
    assert (await api.answers(typing, 4, {"content": "好"})).faults == ["type BASE_TYPE_CHOICES"]
    assert (await api.answers(typing, 8, {"choices": many})).code == 50035
    assert (await api.answers(typing, 8, {"choices": [{"name": "x", "value": 1}]})).code == 50035
    assert (await api.answers(typing, 8, {"choices": choices})).status == 200
    assert typing.choices == choices
    assert (await api.hook(typing, "POST", {"content": "好"}, "")).code == 10015
    fake.refused.clear()
    used = await drawn(api, qing, hall)
    assert (await api.answers(used, 8, {"choices": []})).faults == ["type BASE_TYPE_CHOICES"]


# ── first answers ───────────────────────────────────────────────────────────────────────────


async def test_an_answer_is_answered_with_the_message(
    fake: FakeDiscord, api: Api, hall: Channel, qing: Person
) -> None:
    used = await drawn(api, qing, hall)
    answer = await api.answers(used, 4, {"content": "好"})
    message = used.message
    assert message is not None
    assert answer.json["resource"]["message"]["id"] == str(message.id)
    assert answer.json["interaction"]["response_message_id"] == str(message.id)
    assert answer.json["resource"]["message"]["interaction_metadata"]["id"] == str(used.id)
    assert message.kind == 20
    used = await drawn(api, qing, hall)
    path = f"/interactions/{used.id}/{used.token}/callback"
    assert (await api.call("POST", path, {"type": 5}, token=None)).status == 204
    assert used.message is not None
    assert used.message.loading
    assert fake.refused == []


async def test_a_first_answer_is_taken_once_and_within_three_seconds(qing: Person) -> None:
    del qing
    clock = Clock()
    async with opened(clock) as (fake, api):
        person = fake.person("阿青")
        hall = fake.server("画室", person).channel("大厅")
        used = await drawn(api, person, hall)
        clock.now += 2.9
        assert not used.failed
        assert (await api.answers(used, 5)).status == 200
        assert used.latency_s == pytest.approx(2.9)
        assert (await api.answers(used, 5)).code == 40060
        late = await drawn(api, person, hall)
        clock.now += 3.1
        assert late.failed
        answer = await api.answers(late, 5)
        assert (answer.status, answer.code) == (404, 10062)
        assert fake.refused == []
        path = f"/interactions/{late.id}/nobodys/callback"
        assert (await api.call("POST", path, {"type": 5}, token=None)).code == 10062
        refused_as(fake, "10062")


async def test_which_answers_fit(fake: FakeDiscord, api: Api, hall: Channel, qing: Person) -> None:
    used = await drawn(api, qing, hall)
    for kind in (1, 6, 7, 8, 12):
        assert "type BASE_TYPE_CHOICES" in (await api.answers(used, kind, {})).faults
    press = await pressed(api, qing, hall)
    form = {"title": "改", "custom_id": "f", "components": [row(
        {"type": 4, "style": 1, "label": "词", "custom_id": "w"}
    )]}  # fmt: skip
    assert (await api.answers(press, 9, form)).status == 200
    filled = qing.submits(press, {"词": "猫"})
    assert (await api.answers(filled, 9, form)).faults == ["type BASE_TYPE_CHOICES"]
    assert (await api.answers(filled, 6)).status == 200
    assert filled.message is press.source
    used = await drawn(api, qing, hall)
    assert (await api.answers(used, 9, form)).status == 200
    filled = qing.submits(used, {"词": "猫"})
    assert (await api.answers(filled, 6)).faults == ["type BASE_TYPE_CHOICES"]
    assert (await api.hook(used, "GET")).code == 10008
    assert (await api.hook(used, "POST", {"content": "好"}, "")).status == 200


async def test_a_message_is_changed_by_its_button(
    fake: FakeDiscord, api: Api, hall: Channel, qing: Person
) -> None:
    press = await pressed(api, qing, hall)
    await api.answers(press, 7, {"content": "变了", "components": []})
    message = press.source
    assert message is press.message
    assert message is not None
    assert (message.content, message.rows) == ("变了", [])
    with pytest.raises(AssertionError, match="there is no"):
        qing.presses("变化", message)
    press = qing.presses_data(message, "forged")
    await api.answers(press, 6)
    await api.hook(press, "PATCH", {"content": "又变了"})
    assert message.content == "又变了"
    await api.hook(press, "POST", {"content": "另外"}, "")
    assert press.followups[0].reply_to is message
    press = qing.presses_data(message, "late")
    await api.says(hall, "别的")
    gone = qing.presses_data(fake.said(hall)[-1], "late")
    fake.world.remove(fake.said(hall)[-1])
    assert (await api.answers(gone, 7, {"content": "迟了"})).code == 10008
    press = qing.presses_data(message, "again")
    await api.answers(press, 4, {"content": "答"})
    assert fake.said(hall)[-1].reply_to is message
    assert fake.refused == []


async def test_who_sees_what(
    fake: FakeDiscord, api: Api, hall: Channel, qing: Person, lin: Person
) -> None:
    used = await drawn(api, qing, hall)
    await api.answers(used, 5, {"flags": 64})
    await api.hook(used, "PATCH", {"content": "只给你", "components": [row(button())]})
    message = used.message
    assert message is not None
    assert message.ephemeral
    assert not message.loading
    assert fake.messages(hall) == fake.messages(hall, lin) == []
    assert fake.messages(hall, qing) == [message]
    with pytest.raises(AssertionError, match="somebody else"):
        lin.presses("变化", message)
    path = f"/channels/{hall.id}/messages/{message.id}"
    assert (await api.call("GET", path)).code == 10008
    refused_as(fake, "10008")
    press = qing.presses("变化", message)
    await api.answers(press, 7, {"content": "变了"})
    assert message.content == "变了"
    assert not [event for event in fake.events if event.kind == "MESSAGE_CREATE"]


# ── what follows ────────────────────────────────────────────────────────────────────────────


async def test_the_first_that_follows_a_deferred_answer_fills_it(
    fake: FakeDiscord, api: Api, hall: Channel, qing: Person
) -> None:
    used = await drawn(api, qing, hall)
    assert (await api.hook(used, "POST", {"content": "早了"}, "")).code == 10015
    assert (await api.hook(used, "PATCH", {"content": "早了"})).code == 10015
    refused_as(fake, "10015", "10015")
    await api.answers(used, 5)
    first = await api.hook(used, "POST", {"content": "画好了"}, "")
    assert used.message is not None
    assert first.json["id"] == str(used.message.id)
    second = await api.hook(used, "POST", {"content": "还有", "flags": 64}, "")
    end = f"/messages/{second.json['id']}"
    assert used.followups[0].ephemeral
    assert (await api.hook(used, "PATCH", {"content": "还有呢"}, end)).json["content"] == "还有呢"
    assert (await api.hook(used, "GET", end=end)).json["content"] == "还有呢"
    assert (await api.hook(used, "DELETE", end=end)).status == 204
    assert (await api.hook(used, "GET", end=end)).code == 10008
    assert (await api.hook(used, "DELETE")).status == 204
    assert fake.messages(hall, qing) == []
    assert fake.refused == []
    assert (await api.hook(used, "GET", end="/messages/1")).code == 10008
    given = {"content": "好", "nonce": "1"}
    await api.hook(used, "POST", given, "")
    assert any("knows no nonce" in words for words in fake.refused)


async def test_the_token_of_an_interaction_lasts_fifteen_minutes() -> None:
    clock = Clock()
    async with opened(clock) as (fake, api):
        qing = fake.person("阿青")
        hall = fake.server("画室", qing).channel("大厅")
        used = await drawn(api, qing, hall)
        await api.answers(used, 5)
        clock.now += 899
        assert (await api.hook(used, "PATCH", {"content": "好"})).status == 200
        clock.now += 2
        answer = await api.hook(used, "PATCH", {"content": "迟了"})
        assert (answer.status, answer.code) == (401, 50027)
        assert fake.refused == []
        assert (await api.edits(fake.said(hall)[0], {"content": "还行"})).status == 200


async def test_where_the_bot_is_not_five_messages_follow(
    fake: FakeDiscord, api: Api, qing: Person
) -> None:
    outside = fake.server("外面", fake.person("小林"), qing, has_bot=False).channel("大厅")
    await api.registers(STYLE)
    with pytest.raises(AssertionError, match="not installed"):
        qing.commands(outside, "style list")
    qing.installed = True
    used = qing.commands(outside, "style list")
    told = used.raw(1)
    assert told["authorizing_integration_owners"] == {"1": str(qing.id)}
    assert not int(told["app_permissions"]) & 1 << 10
    await api.answers(used, 4, {"content": "好"})
    for _ in range(5):
        assert (await api.hook(used, "POST", {"content": "还有"}, "")).status == 200
    assert (await api.hook(used, "POST", {"content": "还有"}, "")).code == 40094
    assert (await api.says(outside, "好")).code == 50001
    assert len(fake.said(outside)) == 6
    assert outside.guild is not None
    outside.guild.forbid_all("USE_EXTERNAL_APPS")
    used = qing.commands(outside, "style list")
    await api.answers(used, 4, {"content": "悄悄"})
    assert used.ephemeral


# ── what is in a message ────────────────────────────────────────────────────────────────────


EMBED: Json = {"title": "图"}


WRONG: list[tuple[Json, str]] = [
    ({"content": "长" * 2001}, "content BASE_TYPE_MAX_LENGTH"),
    ({"content": 5}, "content STRING_TYPE_CONVERT"),
    ({"embeds": [EMBED] * 11}, "embeds BASE_TYPE_BAD_LENGTH"),
    ({"embeds": [{"title": "长" * 257}]}, "embeds.0.title BASE_TYPE_MAX_LENGTH"),
    ({"embeds": [{"description": "长" * 4097}]}, "embeds.0.description BASE_TYPE_MAX_LENGTH"),
    ({"embeds": [{"description": "长" * 3001}] * 2}, "embeds MAX_EMBED_SIZE_EXCEEDED"),
    ({"embeds": [{"fields": [{"name": "a", "value": ""}]}]}, "embeds.0.fields.0.value"),
    ({"embeds": [EMBED | {"fields": [{"name": "a", "value": "b"}] * 26}]}, "embeds.0.fields"),
    ({"embeds": [EMBED | {"footer": {"text": "长" * 2049}}]}, "embeds.0.footer.text"),
    ({"embeds": [{}]}, "embeds.0 EMBED_EMPTY"),
    ({"components": [row(button())] * 6}, "components BASE_TYPE_BAD_LENGTH"),
    (
        {"components": [row(*[button(custom_id=str(n)) for n in range(6)])]},
        "components.0.components BASE_TYPE_BAD_LENGTH",
    ),
    ({"components": [row()]}, "components.0.components BASE_TYPE_BAD_LENGTH"),
    ({"components": [row(menu(), button())]}, "components.0 COMPONENT_LAYOUT_WIDTH_EXCEEDED"),
    ({"components": [row(menu(26))]}, "components.0.components.0.options"),
    ({"components": [row(menu(0))]}, "components.0.components.0.options"),
    ({"components": [row(menu(max_values=3))]}, "components.0.components.0.max_values"),
    ({"components": [row(menu(placeholder="长" * 151))]}, ".placeholder BASE_TYPE_MAX_LENGTH"),
    ({"components": [row(button(custom_id="长" * 101))]}, ".custom_id BASE_TYPE_BAD_LENGTH"),
    ({"components": [row(button(custom_id=""))]}, ".custom_id BASE_TYPE_REQUIRED"),
    ({"components": [row(button(), button())]}, ".custom_id COMPONENT_CUSTOM_ID_DUPLICATED"),
    ({"components": [row(button(label="长" * 81))]}, ".label BASE_TYPE_MAX_LENGTH"),
    ({"components": [row(button(label=""))]}, "BUTTON_COMPONENT_LABEL_REQUIRED"),
    ({"components": [row(button(style=7))]}, ".style BASE_TYPE_CHOICES"),
    ({"components": [row(button(style=5))]}, ".url BASE_TYPE_REQUIRED"),
    ({"components": [row(button(url="http://x"))]}, "BUTTON_COMPONENT_URL_FORBIDDEN"),
    ({"components": [button()]}, "components.0.type BASE_TYPE_CHOICES"),
    ({"flags": 1 << 15}, "flags FAKE"),
    ({"flags": 64}, "flags BASE_TYPE_CHOICES"),
    ({"nonce": "n" * 26}, "nonce BASE_TYPE_MAX_LENGTH"),
    ({"enforce_nonce": True}, "nonce BASE_TYPE_REQUIRED"),
    ({"message_reference": {"message_id": "1"}}, "message_reference REPLIES_UNKNOWN_MESSAGE"),
    ({"allowed_mentions": {"parse": ["all"]}}, "allowed_mentions.parse.0 BASE_TYPE_CHOICES"),
    (
        {"allowed_mentions": {"parse": ["users"], "users": ["1"]}},
        "allowed_mentions MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
    ),
    ({"attachments": [{"id": 0}]}, "attachments.0.id ATTACHMENT_NOT_FOUND"),
]


@pytest.mark.parametrize(("given", "fault"), WRONG)
async def test_messages_that_discord_does_not_take(given: Json, fault: str) -> None:
    async with opened(spec=None) as (fake, api):
        hall = fake.server("画室", fake.person("阿青")).channel("大厅")
        answer = await api.says(hall, {"content": "图"} | given)
        assert (answer.status, answer.code) == (400, 50035), answer.json
        assert any(fault in one for one in answer.faults), answer.faults
        assert fake.said(hall) == []
        assert len(fake.refused) == 1


async def test_messages_that_discord_does_take(fake: FakeDiscord, api: Api, hall: Channel) -> None:
    link = {"type": 2, "style": 5, "label": "看", "url": "https://example.com"}
    emoji = button(label="", custom_id="e", emoji={"name": "🎲", "id": None})
    given = {
        "content": f"  {'长' * 1990}\n",
        "embeds": [{"description": "长" * 3000}, {"title": "图", "footer": {"text": "末"}}],
        "components": [row(button(), link, emoji), row(menu(25, min_values=0, max_values=25))],
        "nonce": "n" * 25,
        "flags": 1 << 12,
    }
    answer = await api.says(hall, given)
    assert answer.status == 200
    message = fake.said(hall)[0]
    assert message.content == "长" * 1990
    assert message.rows == [["变化", "看", "🎲"], ["m:1"]]
    assert message.nonce == answer.json["nonce"] == "n" * 25
    assert fake.refused == []
    for nothing in ({"content": " \n"}, {"content": None}, {}):
        assert (await api.says(hall, nothing)).code == 50006
    assert len(fake.refused) == 3


def form(*components: Json, **more: Any) -> Json:
    return {"title": "改词", "custom_id": "f", "components": list(components)} | more


def text_input(**more: Any) -> Json:
    return {"type": 4, "style": 1, "label": "词", "custom_id": "w"} | more


def labelled(component: Json, label: str = "词", **more: Any) -> Json:
    return {"type": 18, "label": label, "component": component} | more


BARE: Json = {"type": 4, "style": 1, "custom_id": "w"}


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (form(row(text_input()), title="长" * 46), "data.title BASE_TYPE_BAD_LENGTH"),
        (form(row(text_input()), custom_id=""), "data.custom_id BASE_TYPE_REQUIRED"),
        (form(), "data.components BASE_TYPE_BAD_LENGTH"),
        (
            form(*[row(text_input(custom_id=str(n))) for n in range(6)]),
            "data.components BASE_TYPE_BAD_LENGTH",
        ),
        (form(row(text_input()), row(text_input())), "COMPONENT_CUSTOM_ID_DUPLICATED"),
        (form(row(text_input(label="长" * 46))), ".label BASE_TYPE_BAD_LENGTH"),
        (form(row(text_input(label=None))), ".label BASE_TYPE_REQUIRED"),
        (form(row(text_input(style=3))), ".style BASE_TYPE_CHOICES"),
        (form(row(text_input(placeholder="长" * 101))), ".placeholder BASE_TYPE_MAX_LENGTH"),
        (form(row(text_input(value="长" * 11, max_length=10))), ".value BASE_TYPE_MAX_LENGTH"),
        (form(row(text_input(value="长", min_length=2))), ".value BASE_TYPE_MIN_LENGTH"),
        (form(row(text_input(max_length=4001))), ".max_length NUMBER_TYPE_MAX"),
        (form(row(text_input(min_length=5, max_length=4))), "TEXT_INPUT_INVALID_LENGTHS"),
        (form(row(button())), ".type BASE_TYPE_CHOICES"),
        (form(text_input()), "data.components.0.type BASE_TYPE_CHOICES"),
        (form(labelled(BARE, "长" * 46)), "data.components.0.label BASE_TYPE_BAD_LENGTH"),
        (form(labelled(text_input())), ".component.label BASE_TYPE_FORBIDDEN"),
        (form(labelled(BARE, description="长" * 101)), ".description BASE_TYPE_BAD_LENGTH"),
        (form(labelled(button())), ".component.type BASE_TYPE_CHOICES"),
    ],
)
async def test_forms_that_discord_does_not_take(given: Json, fault: str) -> None:
    async with opened(spec=None) as (fake, api):
        qing = fake.person("阿青")
        hall = fake.server("画室", qing).channel("大厅")
        used = await drawn(api, qing, hall)
        answer = await api.answers(used, 9, given)
        assert (answer.status, answer.code) == (400, 50035), answer.json
        assert any(fault in one for one in answer.faults), answer.faults
        assert used.modal is None
        assert used.answer is None


async def test_a_form_is_filled_in_as_an_app_would_have_it(
    fake: FakeDiscord, api: Api, hall: Channel, qing: Person, lin: Person
) -> None:
    used = await drawn(api, qing, hall)
    optional = labelled(BARE | {"custom_id": "x", "required": False}, "还要")
    given = form(row(text_input(min_length=2)), optional, labelled(menu(), "样子"))
    await api.answers(used, 9, given)
    wanted = {"词": "橘猫", "样子": "第1个"}
    for wrong in ({}, {"词": "猫"}, {"词": "橘猫"}, wanted | {"样子": "第5个"}, {"颜色": "红"}):
        with pytest.raises(AssertionError):
            qing.submits(used, wrong)
    with pytest.raises(AssertionError, match="somebody else"):
        lin.submits(used, wanted)
    filled = qing.submits(used, wanted)
    first, second, third = filled.data["components"]
    assert first["components"][0]["value"] == "橘猫"
    assert second["component"]["value"] == ""
    assert third["component"]["values"] == ["1"]
    await api.answers(filled, 4, {"content": "好"})
    assert filled.content == "好"
    assert fake.refused == []


# ── messages in channels ────────────────────────────────────────────────────────────────────


async def test_a_nonce_is_used_once_within_minutes() -> None:
    clock = Clock()
    async with opened(clock) as (fake, api):
        guild = fake.server("画室", fake.person("阿青"))
        hall, other = guild.channel("大厅"), guild.channel("画廊")
        given = {"content": "图", "nonce": "job-1", "enforce_nonce": True}
        first = await api.says(hall, given)
        again = await api.says(hall, given | {"content": "又一次"})
        assert again.json["id"] == first.json["id"]
        assert again.json["content"] == "图"
        loose = await api.says(hall, given | {"enforce_nonce": False})
        assert loose.json["id"] != first.json["id"]
        assert fake.refused == []
        fetched = await api.call("GET", f"/channels/{hall.id}/messages/{first.json['id']}")
        assert (first.json["nonce"], fetched.json.get("nonce")) == ("job-1", None)
        await api.says(other, given)
        refused_as(fake, "nonce job-1")
        clock.now += 200
        assert (await api.says(hall, given)).json["id"] not in (first.json["id"], loose.json["id"])


async def test_answers_to_messages(
    fake: FakeDiscord, api: Api, hall: Channel, qing: Person
) -> None:
    said = qing.says(hall, "画猫")
    reference = {"message_id": str(said.id)}
    answer = await api.says(hall, {"content": "好", "message_reference": reference})
    assert answer.json["referenced_message"]["id"] == str(said.id)
    assert fake.said(hall)[0].reply_to is said
    qing.deletes(said)
    path = f"/channels/{hall.id}/messages/{answer.json['id']}"
    assert (await api.call("GET", path)).json["referenced_message"] is None
    late: Json = {"content": "好", "message_reference": reference}
    assert (await api.says(hall, late)).faults == ["message_reference REPLIES_UNKNOWN_MESSAGE"]
    assert fake.refused == []
    late["message_reference"] = reference | {"fail_if_not_exists": False}
    assert (await api.says(hall, late)).status == 200
    assert fake.said(hall)[-1].reply_to is None


async def test_files_are_kept_added_and_dropped(fake: FakeDiscord, api: Api, hall: Channel) -> None:
    listed = [{"id": 0, "filename": "猫.png", "description": "一只猫"}, {"id": 1}]
    given = {"attachments": listed}
    await api.says(hall, given, files={"猫.png": png(), "SPOILER_a b.png": png(8, 8)})
    message = fake.said(hall)[0]
    cat, other = message.attachments
    assert (cat.filename, cat.title, cat.description, cat.mime) == (
        "file.png", "猫", "一只猫", "image/png",
    )  # fmt: skip
    assert (cat.width, cat.height, cat.data) == (32, 24, png())
    assert (other.filename, other.spoiler) == ("SPOILER_a_b.png", True)
    await api.edits(message, {"content": "改"})
    assert message.attachments == [cat, other]
    await api.edits(message, {}, files={"more.png": png()})
    assert len(message.attachments) == 3
    kept = {"attachments": [{"id": str(cat.id)}, {"id": 0}]}
    await api.edits(message, kept, files={"new.png": png()})
    assert [one.filename for one in message.attachments] == ["file.png", "new.png"]
    await api.edits(message, {"attachments": []})
    assert message.attachments == []
    assert [shown.attachments for shown in message.edits] == [2, 2, 3, 2, 0]
    assert (await api.edits(message, {"content": ""})).code == 50006
    gone = {"attachments": [{"id": str(cat.id)}]}
    assert (await api.edits(message, gone)).faults == ["attachments.0.id ATTACHMENT_NOT_FOUND"]
    strayed = await api.says(hall, {"attachments": []}, files={"a.png": png()})
    assert strayed.faults == ["attachments FAKE"]


async def test_files_are_not_too_large(fake: FakeDiscord, api: Api, qing: Person) -> None:
    small = fake.server("小", qing, size_limit=1000).channel("大厅")
    used = await drawn(api, qing, small)
    assert fake.events[-1].payload is not None
    assert fake.events[-1].payload["attachment_size_limit"] == 1000
    answer = await api.says(small, "图", files={"a.bin": bytes(1001)})
    assert (answer.status, answer.code) == (413, 40005)
    await api.answers(used, 5)
    assert (await api.hook(used, "PATCH", {}, files={"a.bin": bytes(1001)})).status == 413
    assert (await api.hook(used, "PATCH", {}, files={"a.bin": bytes(1000)})).status == 200
    large = fake.server("大", qing, size_limit=100 << 20).channel("大厅")
    files = {f"{n}.bin": bytes(9 << 20) for n in range(3)}
    assert (await api.says(large, "图", files=files)).status == 413
    assert len(fake.refused) == 3


async def test_only_own_messages_are_changed(
    fake: FakeDiscord, api: Api, hall: Channel, qing: Person
) -> None:
    said = qing.says(hall, "画猫")
    assert (await api.edits(said, {"content": "画狗"})).code == 50005
    refused_as(fake, "50005")
    path = f"/channels/{hall.id}/messages/{said.id}"
    assert (await api.call("DELETE", path)).code == 50013
    await api.says(hall, "我的")
    mine = fake.said(hall)[0]
    assert (await api.call("DELETE", f"/channels/{hall.id}/messages/{mine.id}")).status == 204
    assert mine.deleted
    assert (await api.edits(mine, {"content": "迟了"})).code == 10008
    assert fake.refused == []


async def test_the_messages_of_a_channel_are_read_back(
    fake: FakeDiscord, api: Api, hall: Channel, qing: Person
) -> None:
    said = [qing.says(hall, str(n)) for n in range(5)]
    await api.says(hall, "我的")
    path = f"/channels/{hall.id}/messages"

    async def read(query: str) -> list[str]:
        return [one["content"] for one in (await api.call("GET", f"{path}?{query}")).json]

    assert await read("limit=3") == ["我的", "", ""]
    assert len(await read(f"before={said[3].id}")) == 3
    assert len(await read(f"after={said[3].id}")) == 2
    assert len(await read(f"around={said[2].id}&limit=3")) == 3
    assert fake.refused == []
    assert (await api.call("GET", f"{path}?limit=101")).code == 50035
    hall.forbid("READ_MESSAGE_HISTORY")
    assert await read("limit=3") == []


async def test_what_the_bot_may_not_do_is_forbidden(
    fake: FakeDiscord, api: Api, guild: Guild, hall: Channel, qing: Person
) -> None:
    said = qing.says(hall, "画猫")
    answer = {"content": "好", "message_reference": {"message_id": str(said.id)}}
    for name, given, code in (
        ("SEND_MESSAGES", {"content": "好"}, 50013),
        ("VIEW_CHANNEL", {"content": "好"}, 50001),
        ("READ_MESSAGE_HISTORY", answer, 160002),
    ):
        guild.forbid(name)
        told = await api.says(hall, given)
        assert (told.status, told.code) == (403, code)
        guild.allow(name)
    hall.forbid("ATTACH_FILES")
    assert (await api.says(hall, "图", files={"a.png": png()})).code == 50013
    used = await drawn(api, qing, hall)
    assert (await api.answers(used, 4, {"content": "图"}, files={"a.png": png()})).status == 200
    guild.puts_out_bot()
    assert (await api.says(hall, "好")).code == 50001
    guild.lets_in_bot()
    assert (await api.says(hall, "好")).status == 200
    hall.delete()
    assert (await api.says(hall, "好")).code == 10003
    assert fake.refused == []


async def test_talks_with_the_bot(fake: FakeDiscord, api: Api, qing: Person) -> None:
    made = await api.call("POST", "/users/@me/channels", {"recipient_id": str(qing.id)})
    assert made.json["id"] == str(qing.direct.id)
    assert (await api.says(qing.direct, "你好")).status == 200
    qing.refuses_directs = True
    answer = await api.says(qing.direct, "你好")
    assert (answer.status, answer.code) == (403, 50007)
    used = await drawn(api, qing, qing.direct)
    assert used.raw(1)["context"] == 1
    assert used.raw(1)["user"]["id"] == str(qing.id)
    assert (await api.answers(used, 4, {"content": "好"})).status == 200
    assert fake.refused == []
    assert (
        await api.call("POST", "/users/@me/channels", {"recipient_id": str(fake.bot_id)})
    ).code == 50033


async def test_threads_are_opened_put_away_and_locked(
    fake: FakeDiscord, api: Api, hall: Channel, qing: Person
) -> None:
    said = qing.says(hall, "画猫")
    path = f"/channels/{hall.id}/messages/{said.id}/threads"
    made = await api.call("POST", path, {"name": "猫的故事"})
    assert (made.status, made.json["id"]) == (201, str(said.id))
    assert (await api.call("POST", path, {"name": "再来"})).code == 160004
    thread = fake.world.channels[said.id]
    assert (await api.says(thread, "好")).status == 200
    thread.archive()
    starter, *_ = fake.messages(thread)
    assert (starter.kind, starter.reply_to) == (21, said)
    mine = fake.said(thread)[0]
    assert (await api.edits(mine, {"content": "改"})).code == 50083
    assert (await api.says(thread, "回来")).status == 200
    assert not thread.archived
    thread.archive()
    await api.answers(await drawn(api, qing, thread), 5)
    assert not thread.archived
    thread.archive(locked=True)
    assert (await api.says(thread, "锁了")).code == 160005
    with pytest.raises(AssertionError, match="locked"):
        qing.says(thread, "锁了")
    thread.unarchive()
    hall.forbid("SEND_MESSAGES_IN_THREADS")
    assert (await api.says(thread, "不许")).code == 50013
    assert (await api.says(hall, "可以")).status == 200
    made = await api.call("POST", f"/channels/{hall.id}/threads", {"name": "长谈", "type": 11})
    assert made.json["owner_id"] == str(fake.bot_id)
    assert fake.refused == []
    assert (await api.call("POST", path.replace(str(said.id), made.json["id"]), {})).status == 404
    wrong = {"name": "长" * 101, "auto_archive_duration": 5, "type": 11}
    told = await api.call("POST", f"/channels/{hall.id}/threads", wrong)
    assert told.faults == ["auto_archive_duration BASE_TYPE_CHOICES", "name BASE_TYPE_BAD_LENGTH"]


async def test_no_thread_is_opened_in_a_thread_or_in_private(
    fake: FakeDiscord, api: Api, hall: Channel, qing: Person
) -> None:
    thread = hall.thread("接龙")
    for where in (thread, qing.direct):
        said = qing.says(where, "画猫")
        path = f"/channels/{where.id}/messages/{said.id}/threads"
        assert (await api.call("POST", path, {"name": "里面"})).code == 50024
    hall.forbid("CREATE_PUBLIC_THREADS")
    said = qing.says(hall, "画猫")
    path = f"/channels/{hall.id}/messages/{said.id}/threads"
    assert (await api.call("POST", path, {"name": "里面"})).code == 50013
    assert fake.refused == []


async def test_messages_are_pinned_by_who_may(
    fake: FakeDiscord, api: Api, hall: Channel, qing: Person
) -> None:
    said = qing.says(hall, "画猫")
    path = f"/channels/{hall.id}/messages/pins/{said.id}"
    assert (await api.call("PUT", path)).code == 50013
    assert hall.guild is not None
    hall.guild.grant("PIN_MESSAGES")
    for _ in range(2):
        assert (await api.call("PUT", path)).status == 204
    assert said.pinned
    (note,) = [one for one in fake.said(hall) if one.kind == 6]
    assert note.reply_to is said
    for _ in range(2):
        assert (await api.call("DELETE", path)).status == 204
    assert not said.pinned
    mine = qing.says(qing.direct, "我的")
    assert (await api.call("PUT", path_of_pin(mine))).status == 204
    many = [qing.says(hall, f"{number}") for number in range(250)]
    for one in many:
        one.pinned = True
    assert (await api.call("PUT", path)).code == 30003
    qing.deletes(said)
    assert (await api.call("PUT", path)).code == 10008
    old = path.replace("messages/pins", "pins")
    assert fake.refused == []
    assert (await api.call("PUT", old)).status == 404  # the fake has but the new one


def path_of_pin(message: Message) -> str:
    return f"/channels/{message.channel.id}/messages/pins/{message.id}"


# ── pings ───────────────────────────────────────────────────────────────────────────────────


async def test_pings_are_noted(fake: FakeDiscord, api: Api, hall: Channel, qing: Person) -> None:
    loud = f"{qing.mention} @everyone <@&5> 来看"
    await api.says(hall, loud)
    assert fake.said(hall)[-1].pinged == []
    assert fake.refused == []
    await api.says(hall, {"content": loud, "allowed_mentions": {"parse": ["users"]}})
    assert fake.said(hall)[-1].pinged == [qing.mention]
    refused_as(fake, "pinged by")
    await api.says(hall, {"content": loud, "allowed_mentions": None})
    assert fake.said(hall)[-1].pinged == [qing.mention, "<@&5>", "@everyone"]
    refused_as(fake, "pinged by")
    await api.says(hall, {"content": "没有", "allowed_mentions": None})
    assert fake.refused == []
    said = qing.says(hall, "画猫")
    answer: Json = {"content": "好", "message_reference": {"message_id": str(said.id)}}
    await api.says(hall, answer | {"allowed_mentions": {"parse": [], "replied_user": True}})
    refused_as(fake, "pinged by")
    await api.says(hall, answer | {"allowed_mentions": None})
    refused_as(fake, "pinged by")
    await api.edits(fake.said(hall)[-1], {"content": loud, "allowed_mentions": None})
    refused_as(fake, "no allowed_mentions")
    used = await drawn(api, qing, hall)
    await api.answers(used, 4, {"content": "@everyone", "allowed_mentions": None})
    refused_as(fake, "no allowed_mentions")
    await api.answers(await drawn(api, qing, hall), 5)
    await api.hook(fake.interactions[-1], "PATCH", {"content": loud, "allowed_mentions": None})
    refused_as(fake, "pinged by")


# ── files to be had ─────────────────────────────────────────────────────────────────────────


async def test_addresses_of_files_end_after_a_day() -> None:
    clock = Clock()
    async with opened(clock) as (fake, api):
        qing = fake.person("阿青")
        said = qing.says(qing.direct, "图", attachments=[("猫.png", png())])
        url = said.raw["attachments"][0]["url"]
        assert url.startswith(fake.cdn_base)
        async with api.session.get(url) as answer:
            assert (await answer.read(), answer.content_type) == (png(), "image/png")
        for wrong in (url.partition("?")[0], url.replace("hm=", "hm=0")):
            async with api.session.get(wrong) as answer:
                assert answer.status == 404
        clock.now += 24 * 3600 + 1
        async with api.session.get(url) as answer:
            assert answer.status == 404
        async with api.session.get(said.raw["attachments"][0]["url"]) as answer:
            assert answer.status == 200
        qing.avatar = png()
        async with api.session.get(
            f"{fake.cdn_base}/avatars/{qing.id}/{qing.user.avatar_hash}.png?size=64"
        ) as answer:
            assert await answer.read() == png()
        async with api.session.get(f"{fake.cdn_base}/avatars/{qing.id}/old.png") as answer:
            assert answer.status == 404
        async with api.session.get(f"{fake.cdn_base}/embed/avatars/0.png") as answer:
            assert answer.status == 200


# ── the gateway ─────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Line:
    """A connection to the gateway without a library."""

    ws: aiohttp.ClientWebSocketResponse
    token: str
    heard: list[Json] = field(default_factory=list[Json])
    inflate: Any = None

    async def hears(self) -> Json:
        """Return what is told next; a close is told as its code."""
        message = await self.ws.receive(5)
        if message.type is aiohttp.WSMsgType.BINARY:
            assert message.data.endswith(b"\x00\x00\xff\xff")
            told: Json = json.loads(self.inflate.decompress(message.data))
        elif message.type is aiohttp.WSMsgType.TEXT:
            told = json.loads(message.data)
        else:
            return {"closed": self.ws.close_code}
        self.heard.append(told)
        return told

    async def until(self, kind: str) -> Json:
        """Return what the next event of a kind tells."""
        while (told := await self.hears()).get("t") != kind:
            assert "closed" not in told, told
        return told

    async def says(self, op: int, data: Any) -> None:
        await self.ws.send_json({"op": op, "d": data})

    async def identifies(self, intents: int = 0, **more: Any) -> None:
        properties = {"os": "linux", "browser": "none", "device": "none"}
        given = {"token": self.token, "properties": properties, "intents": intents}
        await self.says(2, given | more)

    async def resumes(self, session_id: str, seq: int) -> None:
        await self.says(6, {"token": self.token, "session_id": session_id, "seq": seq})


@asynccontextmanager
async def line(
    api: Api, query: str = "?v=10&encoding=json", *, hello: bool = True
) -> AsyncGenerator[Line]:
    url = f"{api.discord.gateway_url}{query}"
    async with api.session.ws_connect(url, autoclose=False) as ws:
        found = Line(ws, api.discord.token, inflate=zlib.decompressobj())
        if hello:
            assert (await found.hears())["op"] == 10
        yield found


INTENTS = 1 << 0 | 1 << 9 | 1 << 12


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("cut", ["drop", "close", "reconnect", "resumable"])
async def test_a_bot_that_was_cut_off_misses_nothing(
    fake: FakeDiscord, hall: Channel, qing: Person, cut: str
) -> None:
    acts: dict[str, Callable[[], object]] = {
        "drop": fake.drop,
        "close": lambda: fake.close(4000),
        "reconnect": fake.reconnect,
        "resumable": lambda: fake.invalidate(resumable=True),
    }
    async with running(fake, Bot()) as bot:
        acts[cut]()
        for number in range(3):
            qing.says(qing.direct, str(number))
        await fake.until(lambda: bot.texts == ["0", "1", "2"], 5)
        qing.says(hall, "@丹青 又", mentions=[fake.bot])
        await fake.until(lambda: len(bot.texts) == 4, 5)
    assert (fake.identifies, fake.resumes) == (1, 1)
    assert fake.refused == []


@pytest.mark.usefixtures("here")
async def test_a_bot_whose_session_is_over_begins_another(fake: FakeDiscord, qing: Person) -> None:
    async with running(fake, Bot()) as bot:
        fake.world.sessions.begun.clear()
        fake.invalidate()
        await fake.until(lambda: fake.identifies == 2 and fake.connected, 10)
        qing.says(qing.direct, "在吗")
        await fake.until(lambda: bot.texts == ["在吗"], 5)
    assert fake.resumes == 0


async def test_another_process_resumes_with_what_was_kept(
    fake: FakeDiscord, api: Api, hall: Channel, qing: Person
) -> None:
    async with line(api) as first:
        await first.identifies(INTENTS)
        ready = await first.until("READY")
        assert ready["d"]["resume_gateway_url"] == fake.gateway_url
        assert ready["d"]["guilds"][0]["unavailable"] is True
        created = await first.until("GUILD_CREATE")
        assert created["d"]["channels"][0]["id"] == str(hall.id)
        qing.says(hall, "@丹青 一", mentions=[fake.bot])
        heard = await first.until("MESSAGE_CREATE")
        fake.drop()
    for number in "二三":
        qing.says(hall, f"@丹青 {number}", mentions=[fake.bot])
    async with line(api) as second:
        await second.resumes(ready["d"]["session_id"], heard["s"])
        told = [await second.hears() for _ in range(3)]
        assert [one["t"] for one in told] == ["MESSAGE_CREATE", "MESSAGE_CREATE", "RESUMED"]
        assert [one["s"] for one in told] == [heard["s"] + 1, heard["s"] + 2, heard["s"] + 3]
        assert told[0]["d"]["content"] == f"<@{fake.bot_id}> 二"
        await second.ws.close(code=1000)
    await fake.until(lambda: not fake.world.sessions.sockets)
    async with line(api) as third:
        await third.resumes(ready["d"]["session_id"], heard["s"])
        assert await third.hears() == {"op": 9, "d": False, "s": None, "t": None}
    assert (fake.identifies, fake.resumes) == (1, 1)
    assert fake.refused == []


async def test_a_session_is_kept_for_minutes() -> None:
    clock = Clock()
    async with opened(clock) as (fake, api):
        async with line(api) as first:
            await first.identifies(INTENTS)
            ready = await first.until("READY")
            fake.drop()
        await fake.until(lambda: not fake.world.sessions.sockets)
        clock.now += 181
        async with line(api) as second:
            await second.resumes(ready["d"]["session_id"], 1)
            assert (await second.hears())["op"] == 9


async def test_events_come_compressed_in_one_stream(api: Api, qing: Person) -> None:
    async with line(api, "?v=10&encoding=json&compress=zlib-stream") as found:
        await found.identifies(INTENTS)
        await found.until("READY")
        for number in range(3):
            qing.says(qing.direct, str(number))
        told = [(await found.until("MESSAGE_CREATE"))["d"]["content"] for _ in range(3)]
        assert told == ["0", "1", "2"]
    async with line(api, "?v=10&encoding=json&compress=zstd-stream") as found:
        await found.says(1, None)
        assert (await found.hears())["op"] == 11


@pytest.mark.parametrize(
    ("op", "data", "code"),
    [
        (2, {"intents": 1 << 15}, 4014),
        (2, {"intents": 1 << 40}, 4013),
        (2, {"intents": 1, "token": "nobody's"}, 4004),
        (2, {"intents": 1, "shard": [1, 1]}, 4010),
        (2, {"intents": "all"}, 4002),
        (2, {"properties": {}}, 4002),
        (6, {"session_id": "x", "seq": 1, "token": "nobody's"}, 4004),
        (8, {"guild_id": "1"}, 4003),
        (99, None, 4001),
        (1, "x" * 5000, 4002),
    ],
)
async def test_what_the_gateway_closes_for(
    fake: FakeDiscord, api: Api, op: int, data: Any, code: int
) -> None:
    async with line(api) as found:
        if op == 2:
            await found.identifies(**({"intents": 0} | data))
        else:
            await found.says(op, data)
        assert await found.hears() == {"closed": code}
    assert (fake.refused == []) is (code in (4004, 4014))


async def test_what_else_the_gateway_closes_for(fake: FakeDiscord, api: Api) -> None:
    async with line(api, "?v=9&encoding=json", hello=False) as found:
        await found.hears()
        assert await found.hears() == {"closed": 4012}
    async with line(api) as found:
        await found.ws.send_str("no JSON")
        assert await found.hears() == {"closed": 4002}
    async with line(api) as found:
        await found.identifies()
        ready = await found.until("READY")
        await found.identifies()
        assert await found.hears() == {"closed": 4005}
    async with line(api) as found:
        await found.resumes(ready["d"]["session_id"], 999)
        assert await found.hears() == {"closed": 4007}
    async with line(api) as found:
        for _ in range(121):
            await found.says(1, None)
        while "closed" not in (told := await found.hears()):
            assert told["op"] == 11
        assert told == {"closed": 4008}


async def test_heartbeats_are_wanted(fake: FakeDiscord, api: Api) -> None:
    fake.world.heartbeat_s = 0.1
    async with line(api) as found:
        await found.says(1, None)
        assert (await found.hears())["op"] == 11
        fake.world.deaf = True
        await found.says(1, None)
        assert await found.hears() == {"closed": 4009}


async def test_a_session_that_is_over_is_begun_anew_on_the_same_line() -> None:
    clock = Clock()
    async with opened(clock) as (fake, api), line(api) as found:
        await found.identifies()
        await found.until("READY")
        fake.wants_heartbeat()
        assert (await found.hears())["op"] == 1
        fake.invalidate()
        assert (await found.hears())["op"] == 9
        clock.now += 5
        await found.identifies()
        await found.until("READY")
        assert fake.refused == []


async def test_sessions_are_not_begun_without_number() -> None:
    clock = Clock()
    async with opened(clock, session_start_limit=3) as (fake, api):
        async with line(api) as first, line(api) as second:
            await first.identifies()
            await first.until("READY")
            await second.identifies()
            assert (await second.hears())["op"] == 9
            clock.now += 5
            await second.identifies()
            await second.until("READY")
            limit = (await api.call("GET", "/gateway/bot")).json["session_start_limit"]
            assert (limit["total"], limit["remaining"], limit["max_concurrency"]) == (3, 0, 1)
            assert limit["reset_after"] == (24 * 3600 - 5) * 1000
        clock.now += 5
        async with line(api) as third:
            await third.identifies()
            assert await third.hears() == {"closed": 4004}
        assert fake.identifies == 4
        refused_as(fake, "no session may begin today")
        old = found_token(api)
        assert old != fake.token
        assert (await api.call("GET", "/users/@me", token=old)).status == 401
        clock.now += 24 * 3600
        assert (await api.call("GET", "/gateway/bot")).json["session_start_limit"]["remaining"] == 3


def found_token(api: Api) -> str:
    """Return the token that the fake was opened with."""
    return api.discord.world.setting.token


async def test_shards_are_told_of_their_own(fake: FakeDiscord, api: Api, qing: Person) -> None:
    guilds = [fake.server(f"第{n}个", qing) for n in range(6)]
    wanted = {str(one.id) for one in guilds if (one.id >> 22) % 2 == 1}
    async with line(api) as found:
        await found.identifies(INTENTS, shard=[1, 2])
        ready = await found.until("READY")
        assert {one["id"] for one in ready["d"]["guilds"]} == wanted
        assert ready["d"]["shard"] == [1, 2]
        qing.says(qing.direct, "私下说")
        fake.reconnect()
        while (told := await found.hears())["op"] != 7:
            assert told["t"] != "MESSAGE_CREATE"
    fake.world.needs_shards = True
    async with opened(shards=2) as (other, raw):
        other.world.needs_shards = True
        async with line(raw) as found:
            await found.identifies(shard=[0, 1])
            assert await found.hears() == {"closed": 4011}


async def test_the_gateway_comes_late(api: Api, fake: FakeDiscord) -> None:
    fake.gateway_late()
    with pytest.raises(aiohttp.WSServerHandshakeError):
        async with line(api):
            pass
    fake.gateway_late(0.05)
    await fake.until(lambda: not fake.world.late)
    async with line(api):
        pass
    async with opened(late=True) as (_, raw):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with line(raw):
                pass


@pytest.mark.usefixtures("here")
async def test_a_first_connection_that_fails_ends_the_library(fake: FakeDiscord) -> None:
    fake.gateway_late()
    bot = Bot()
    with pytest.raises((AttributeError, aiohttp.WSServerHandshakeError)):
        await bot.start(fake.token)
    await bot.close()


@pytest.mark.usefixtures("here")
async def test_an_event_that_is_malformed_ends_the_library(fake: FakeDiscord) -> None:
    bot = Bot()
    task = asyncio.ensure_future(bot.start(fake.token))
    await fake.until(bot.is_ready, 5)
    fake.malformed_event("INTERACTION_CREATE", {"id": "1"})
    await fake.until(task.done, 5)
    with pytest.raises(KeyError):
        task.result()
    await bot.close()


@pytest.mark.usefixtures("here")
async def test_events_come_twice_and_unknown_ones_come(fake: FakeDiscord, qing: Person) -> None:
    async with running(fake, Bot()) as bot:
        fake.arrives("SOMETHING_NEW", {"what": "nobody knows"})
        qing.says(qing.direct, "一次")
        fake.redeliver(fake.events[-1])
        await fake.until(lambda: bot.texts == ["一次", "一次"], 5)


@pytest.mark.usefixtures("here")
async def test_discord_goes_down_and_comes_up(fake: FakeDiscord, qing: Person) -> None:
    async with running(fake, Bot()) as bot:
        port = fake.port
        await fake.goes_down()
        qing.says(qing.direct, "在吗")
        await fake.comes_up()
        assert fake.port == port
        await fake.until(lambda: bot.texts == ["在吗"], 15)
    assert fake.resumes == 1


# ── what goes wrong with calls ──────────────────────────────────────────────────────────────


async def test_faults_that_do_nothing(fake: FakeDiscord, api: Api, hall: Channel) -> None:
    planned: list[tuple[Fault, int, Json | None]] = [
        (
            RateLimited(0.25, "shared"),
            429,
            {"message": "You are being rate limited.", "code": 0, "retry_after": 0.25,
             "global": False},
        ),
        (CloudflarePage(), 429, None),
        (ServerError(), 502, None),
        (ApiError(404, 10062), 404, {"message": "Unknown interaction", "code": 10062}),
    ]  # fmt: skip
    for fault, status, given in planned:
        fake.fail_next(MESSAGES, fault)
        answer = await api.says(hall, "图")
        assert (answer.status, answer.json) == (status, given)
        assert ("Via" in answer.headers) is (status != 404 and fault != CloudflarePage())
        if isinstance(fault, RateLimited):
            assert answer.headers["X-RateLimit-Scope"] == "shared"
            assert answer.headers["Retry-After"] == "1"
    fake.fail_next(None, RateLimited(1, global_=True))
    answer = await api.call("GET", "/users/@me")
    assert answer.headers["X-RateLimit-Global"] == "true"
    assert fake.said(hall) == []
    assert [call.status for call in fake.calls] == [429, 429, 502, 404, 429]
    assert len(fake.limits.invalid) == 2
    assert fake.refused == []


async def test_faults_of_connections(fake: FakeDiscord, api: Api, hall: Channel) -> None:
    cut: list[tuple[Fault, int]] = [(Reset(), 0), (ResetAfter(), 1)]
    for fault, sent in cut:
        fake.fail_next("POST", fault)
        with pytest.raises(aiohttp.ClientError):
            await api.says(hall, "图")
        assert len(fake.said(hall)) == sent
    hanging: list[tuple[Fault, int]] = [(HangBefore(), 0), (Hang(), 1)]
    for fault, sent in hanging:
        before = len(fake.said(hall))
        plan = fake.fail_next(f"POST {MESSAGES}", fault)
        call = asyncio.ensure_future(api.says(hall, "图"))
        await fake.until(lambda: fake.world.faults.hanging)
        assert fake.calls[-1].status == 0
        assert len(fake.said(hall)) == before + sent
        plan.release()
        with pytest.raises(aiohttp.ClientError):
            await call
    held: list[tuple[Fault, int]] = [(HoldBefore(), 0), (Hold(), 1)]
    for fault, sent in held:
        before = len(fake.said(hall))
        fake.fail_next(MESSAGES, fault, channel=hall)
        call = asyncio.ensure_future(api.says(hall, "图"))
        await fake.until(lambda: fake.world.faults.hanging)
        await asyncio.sleep(0.02)
        assert len(fake.said(hall)) == before + sent
        fake.release()
        assert (await call).status == 200
        assert len(fake.said(hall)) == before + 1
    fake.fail_next(MESSAGES, Garbage())
    assert (await api.says(hall, "图")).json is None
    assert fake.refused == []


async def test_faults_are_for_whom_they_are_planned(
    fake: FakeDiscord, api: Api, guild: Guild, hall: Channel, qing: Person
) -> None:
    fake.fail_next(MESSAGES, ServerError(), times=2, channel=guild.channel("画廊"))
    assert (await api.says(hall, "图")).status == 200
    for status in (502, 502, 200):
        assert (await api.says(guild.channel("画廊"), "图")).status == status
    used = await drawn(api, qing, hall)
    fake.fail_next(CALLBACK, ApiError(400, 40060))
    assert (await api.answers(used, 5)).code == 40060
    assert (await api.answers(used, 5)).status == 200
    fake.fail_next(f"PATCH {HOOK}/messages/@original", ApiError(401, 50027), channel=hall)
    assert (await api.hook(used, "GET")).status == 200
    assert (await api.hook(used, "PATCH", {"content": "好"})).code == 50027
    heard: list[str] = []
    fake.world.hear = lambda call: heard.append(call.name)
    await api.hook(used, "PATCH", {"content": "好"})
    assert heard == [f"PATCH {HOOK}/messages/@original"]


@pytest.mark.usefixtures("here")
async def test_the_library_waits_as_it_is_told(fake: FakeDiscord, hall: Channel) -> None:
    none = discord.AllowedMentions.none()
    async with running(fake, Bot()) as bot:
        channel = bot.get_channel(hall.id)
        assert isinstance(channel, discord.TextChannel)
        fake.fail_next(MESSAGES, RateLimited(0.1))
        fake.fail_next(MESSAGES, ServerError())
        await channel.send("图", allowed_mentions=none)
        assert [call.status for call in fake.calls[-3:]] == [429, 502, 200]
        fake.fail_next(MESSAGES, CloudflarePage())
        with pytest.raises(discord.HTTPException):
            await channel.send("图", allowed_mentions=none)
    assert len(fake.said(hall)) == 1
    assert fake.refused == []


# ── limits ──────────────────────────────────────────────────────────────────────────────────


async def test_calls_are_limited() -> None:
    clock = Clock()
    async with opened(clock, limits=True) as (fake, api):
        qing = fake.person("阿青")
        guild = fake.server("画室", qing)
        hall = guild.channel("大厅")
        for left in (4, 3, 2, 1, 0):
            answer = await api.says(hall, "图")
            assert answer.headers["X-RateLimit-Remaining"] == str(left)
        assert answer.headers["X-RateLimit-Limit"] == "5"
        assert answer.headers["X-RateLimit-Reset-After"] == "5.000"
        clock.now += 2
        answer = await api.says(hall, "图")
        assert (answer.status, answer.json["retry_after"]) == (429, 3.0)
        assert answer.json["global"] is False
        assert answer.headers["X-RateLimit-Scope"] == "user"
        assert "Via" in answer.headers
        assert (await api.says(guild.channel("画廊"), "图")).status == 200
        assert (await api.edits(fake.said(hall)[0], {"content": "改"})).status == 200
        clock.now += 3
        assert (await api.says(hall, "图")).status == 200
        used = await drawn(api, qing, hall)
        await api.answers(used, 5)
        statuses = [(await api.hook(used, "PATCH", {"content": "好"})).status for _ in range(6)]
        assert statuses == [200] * 5 + [429]
        statuses = [(await api.call("GET", "/users/@me")).status for _ in range(52)]
        assert statuses.count(429) > 1
        assert (await api.answers(await drawn_free(qing, hall), 5)).status == 200
        assert fake.refused == []
        fake.limits.on = False
        assert "X-RateLimit-Limit" not in (await api.says(hall, "图")).headers


async def drawn_free(person: Person, channel: Channel) -> Interaction:
    return person.commands(channel, "draw", words="猫")


async def test_who_asks_in_vain_too_often_is_banned(fake: FakeDiscord, api: Api) -> None:
    now = fake.world.clock()
    fake.limits.invalid.extend([now] * 9_999)
    assert (await api.call("GET", "/users/@me")).status == 200
    assert (await api.call("GET", "/users/@me", token=None)).status == 401
    answer = await api.call("GET", "/users/@me")
    assert (answer.status, answer.json) == (429, None)
    assert "Via" not in answer.headers


# ── the description ─────────────────────────────────────────────────────────────────────────


@needs_spec
async def test_what_the_description_does_not_know_is_noted(
    fake: FakeDiscord, api: Api, hall: Channel
) -> None:
    await api.says(hall, {"content": "图", "colour": "red"})
    refused_as(fake, "colour is unknown")
    await api.says(hall, {"content": "图", "tts": "loud"})
    refused_as(fake, "tts is no boolean")
    await api.says(hall, {"content": "图", "components": [row(button(shape="round"))]})
    refused_as(fake, "components[0].components[0].shape is unknown")
    await api.call("POST", f"/channels/{hall.id}/typing", {})
    assert fake.refused == []


@needs_spec
def test_the_description_is_read_once_and_does_without() -> None:
    assert Spec.load(SPEC) is Spec.load(SPEC)
    nothing = Spec.load(None)
    assert not nothing.there
    assert nothing.faults_of_request("POST", MESSAGES, {"colour": "red"}) == []
    assert nothing.faults_of_answer("POST", MESSAGES, 200, {}) == []
    assert nothing.faults_of_event("MESSAGE_CREATE", {}) == []


@needs_spec
async def test_the_fakes_own_answers_are_as_described(
    fake: FakeDiscord, api: Api, guild: Guild, hall: Channel, qing: Person
) -> None:
    await api.registers(DRAW, STYLE, ON_MESSAGE, ON_PERSON)
    for path in (
        "/users/@me",
        "/applications/@me",
        "/gateway/bot",
        f"/guilds/{guild.id}",
        f"/guilds/{guild.id}/members/{qing.id}",
        f"/channels/{hall.id}",
        f"/channels/{hall.thread('长谈').id}",
        f"/channels/{qing.direct.id}",
    ):
        assert (await api.call("GET", path)).status == 200
    press = await pressed(api, qing, hall)
    await api.answers(press, 7, {"content": "变了"})
    assert fake.refused == []


# ── as a process, and under load ────────────────────────────────────────────────────────────


async def test_memory_stays_flat() -> None:
    async with opened(keep_bytes=False, spec=None) as (fake, api):
        qing = fake.person("阿青")
        hall = fake.server("画室", qing).channel("大厅")
        for _ in range(105):
            qing.says(hall, "今天好热")
        await api.says(hall, "图", files={"a.png": png()})
        assert len(hall.messages) == 100
        assert fake.said(hall)[-1].attachments[0].data == b""
        assert fake.said(hall)[-1].attachments[0].size == len(png())
        used = await drawn(api, qing, hall, image=png())
        (raw,) = used.data["resolved"]["attachments"].values()
        async with api.session.get(raw["url"]) as answer:
            assert await answer.read() == png()


async def test_until_tells_what_was_called_last(fake: FakeDiscord, api: Api) -> None:
    await api.call("GET", "/users/@me")
    with pytest.raises(TimeoutError, match="GET /users/@me 200"):
        await fake.until(lambda: False, 0.05)


async def test_another_process_is_served(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.discord_api", "--state", str(state), "--message-content"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    try:
        where: Json = json.loads(await process.stdout.readline())
        async with aiohttp.ClientSession() as session:
            await asyncio.wait_for(_controlled(session, where), 30)
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()
    assert process.returncode == 0
    saved = json.loads(state.read_text("utf-8"))
    assert saved["refused"] == []
    (channel,) = [one for one in saved["channels"] if one["server"] == "画室"]
    assert [one["content"] for one in channel["messages"]] == ["画猫", "变了"]


async def _controlled(session: aiohttp.ClientSession, where: Json) -> None:
    """Have something happen in a fake that is another process."""
    base, api = f"http://127.0.0.1:{where['port']}/_control", where["api_base"]
    headers = {"Authorization": f"Bot {where['token']}"}

    async def tell(verb: str, **given: Any) -> Any:
        async with session.post(f"{base}/{verb}", json=given) as answer:
            return await answer.json()

    async def call(method: str, path: str, given: Any) -> Any:
        url = f"{api}{path}"
        async with session.request(method, url, json=given, headers=headers) as answer:
            return await answer.json() if answer.status != 204 else None

    await call("PUT", f"/applications/{where['application_id']}/commands", [DRAW])
    await tell("server", server="画室", people=["阿青"])
    here = {"person": "阿青", "server": "画室"}
    said = await tell("say", **here, text="画猫")
    assert said["content"] == "画猫"
    files = {"image": b64encode(png()).decode()}
    used = await tell("command", **here, name="画", options={"words": "猫"}, files=files)
    (one,) = (await tell("state"))["interactions"]
    assert one["interaction"] == used["interaction"]
    await tell("fail", name=MESSAGES, fault="ApiError", **{"with": {"status": 403, "code": 50001}})
    given = {
        "content": "图",
        "allowed_mentions": NONE,
        "components": [row(button(), button("改", "e"))],
    }
    assert (await call("POST", f"/channels/{said['channel']}/messages", given))["code"] == 50001
    sent = await call("POST", f"/channels/{said['channel']}/messages", given)
    press = await tell("press", **here, message=sent["id"], label="变化")
    forged = await tell("press", **here, message=sent["id"], data="forged")
    assert forged["interaction"] != press["interaction"]
    assert (
        "AssertionError" in (await tell("press", **here, message=sent["id"], label="删"))["fault"]
    )
    assert "no such verb" in (await tell("dance"))["fault"]
    path = f"/channels/{said['channel']}/messages/{sent['id']}"
    await call("PATCH", path, {"content": "变了", "allowed_mentions": NONE})
    shown = await tell("messages", **here)
    assert [one["content"] for one in shown] == ["画猫", "变了"]
    assert [content for _, content, _ in shown[1]["shown"]] == ["图", "变了"]
    calls = await tell("calls", **{"from": 1})
    assert [one["status"] for one in calls] == [403, 200, 200]
    assert (await tell("interaction", interaction=press["interaction"]))["failed"] is False
    await tell("gateway", do="late")


@pytest.mark.slow
async def test_it_is_cheap() -> None:
    async with opened(keep_bytes=False, spec=None) as (fake, api):
        hall = fake.server("画室", fake.person("阿青")).channel("大厅")
        began = time.process_time()
        for _ in range(300):
            await api.says(hall, "图")
        assert time.process_time() - began < 1.5  # with its client
