"""What another process can have happen, and what it can ask."""

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from aiohttp import web

from tests.discord_api import fault
from tests.discord_api.channel import Channel
from tests.discord_api.interaction import Interaction
from tests.discord_api.message import Message
from tests.discord_api.person import Person
from tests.discord_api.refusal import Json
from tests.discord_api.server import FakeDiscord

FAULTS = {
    kind.__name__: kind
    for kind in (
        fault.RateLimited,
        fault.CloudflarePage,
        fault.ServerError,
        fault.ApiError,
        fault.Hang,
        fault.HangBefore,
        fault.Hold,
        fault.HoldBefore,
        fault.Reset,
        fault.ResetAfter,
        fault.Garbage,
    )
}
HALL = "大厅"


@dataclass(slots=True)
class Control:
    """What another process can have happen: each verb is POST /_control/<verb> with JSON."""

    discord: FakeDiscord

    @property
    def routes(self) -> list[web.RouteDef]:
        return [web.post("/_control/{verb}", self._answer)]

    async def _answer(self, request: web.Request) -> web.Response:
        verb = request.match_info["verb"]
        done = self._verbs().get(verb)
        if done is None:
            return web.json_response({"fault": f"no such verb: {verb}"}, status=404)
        try:
            asked = cast("Json", await request.json()) if request.can_read_body else {}
            told = done(asked)
        except (AssertionError, KeyError, TypeError, ValueError) as error:
            return web.json_response({"fault": repr(error)}, status=400)
        return web.json_response(told)

    def _verbs(self) -> dict[str, Callable[[Json], Any]]:
        return {
            "server": self.server,
            "say": self.say,
            "command": self.command,
            "complete": self.complete,
            "menu": self.menu,
            "press": self.press,
            "select": self.select,
            "submit": self.submit,
            "interaction": self.interaction,
            "messages": self.messages,
            "calls": self.calls,
            "fail": self.fail,
            "release": self.release,
            "gateway": self.gateway,
            "state": lambda _asked: self.state(),
        }

    # ── who and where ───────────────────────────────────────────────────────────────────────

    def _person(self, name: object) -> Person:
        """Return who is named, new where nobody is called that."""
        return self.discord.people.get(str(name)) or self.discord.person(str(name))

    def _who(self, asked: Json) -> Person:
        return self._person(asked["person"])

    def _channel(self, asked: Json) -> Channel:
        """Return the named channel or thread, without a server the person's talk with the bot."""
        title = asked.get("server")
        if title is None:
            return self._who(asked).direct
        channel = self.discord.servers[str(title)].channel(str(asked.get("channel", HALL)))
        return channel if "thread" not in asked else channel.thread(str(asked["thread"]))

    def _message(self, asked: Json, name: str = "message") -> Message:
        found = self._channel(asked).messages.get(int(asked[name]))
        assert found is not None, f"there is no message {asked[name]}"
        return found

    def _interaction(self, asked: Json) -> Interaction:
        return self.discord.world.interactions[int(asked["interaction"])]

    # ── what happens ────────────────────────────────────────────────────────────────────────

    def server(self, asked: Json) -> Json:
        """{"server": title, "people": [names], "admins"?: [names]}: make a server."""
        people = [self._person(name) for name in asked.get("people", [])]
        admins = [self._person(name) for name in asked.get("admins", [])]
        guild = self.discord.server(str(asked["server"]), *people, admins=admins)
        return {"server": str(guild.id)}

    def say(self, asked: Json) -> Json:
        """{"person", "server"?, "channel"?, "thread"?, "text", "to"?: id, "files"?: {name: base64},
        "mention"?: true}: say something, perhaps to the bot by name."""
        to = self._message(asked, "to") if "to" in asked else None
        mentions = [self.discord.bot] if asked.get("mention") else []
        files = [(name, _bytes(data)) for name, data in asked.get("files", {}).items()]
        said = self._who(asked).says(
            self._channel(asked), str(asked["text"]), to=to, mentions=mentions, attachments=files
        )
        return _told(said)

    def command(self, asked: Json) -> Json:
        """{"person", "server"?, …, "name", "options"?: {}, "files"?: {option: base64}}."""
        options = _options(asked)
        used = self._who(asked).commands(self._channel(asked), str(asked["name"]), **options)
        return _told_of(used)

    def complete(self, asked: Json) -> Json:
        """{"person", "server"?, …, "name", "option", "typed", "options"?: {}}."""
        person, channel = self._who(asked), self._channel(asked)
        name, option, typed = (str(asked[part]) for part in ("name", "option", "typed"))
        return _told_of(person.completes(channel, name, option, typed, **_options(asked)))

    def menu(self, asked: Json) -> Json:
        """{"person", "server"?, …, "message": id, "name"}: a command in the menu of a message."""
        return _told_of(self._who(asked).chooses_on(self._message(asked), str(asked["name"])))

    def press(self, asked: Json) -> Json:
        """{"person", "server"?, …, "message": id, "label" or "data"}: press a button."""
        person, message = self._who(asked), self._message(asked)
        if "data" in asked:
            return _told_of(person.presses_data(message, str(asked["data"])))
        return _told_of(person.presses(str(asked["label"]), message))

    def select(self, asked: Json) -> Json:
        """{"person", "server"?, …, "message": id, "label", "custom_id"?}: choose in a menu."""
        person, message = self._who(asked), self._message(asked)
        return _told_of(person.selects(message, asked["label"], asked.get("custom_id")))

    def submit(self, asked: Json) -> Json:
        """{"interaction": id, "values": {label: text}}: fill in the form that it opened."""
        opened = self._interaction(asked)
        person = self._person(opened.person.name)
        return _told_of(person.submits(opened, asked.get("values", {})))

    def fail(self, asked: Json) -> Json:
        """{"name"?: method or route, "fault": class, "with"?: {fields}, "times"?}."""
        kind: Any = FAULTS[str(asked["fault"])]
        planned = kind(**asked.get("with", {}))
        self.discord.fail_next(asked.get("name"), planned, int(asked.get("times", 1)))
        return {}

    def release(self, asked: Json) -> Json:
        """{}: let all go that hang."""
        del asked
        self.discord.release()
        return {}

    def gateway(self, asked: Json) -> Json:
        """{"do": drop, close, invalidate, reconnect, late, malformed, "with"?: code, seconds}."""
        value: Any = asked.get("with")
        discord = self.discord
        acts: dict[str, Callable[[], object]] = {
            "drop": discord.drop,
            "close": lambda: discord.close(int(value)),
            "invalidate": lambda: discord.invalidate(resumable=bool(value)),
            "reconnect": discord.reconnect,
            "late": lambda: discord.gateway_late(value),
            "malformed": discord.malformed_event,
        }
        acts[str(asked["do"])]()
        return {}

    # ── what happened ───────────────────────────────────────────────────────────────────────

    def interaction(self, asked: Json) -> Json:
        """{"interaction": id}: what became of it."""
        return _told_of(self._interaction(asked))

    def messages(self, asked: Json) -> list[Json]:
        """{"person", "server"?, …}: what that person sees in a channel, newest last."""
        seen = self.discord.messages(self._channel(asked), self._who(asked))
        return [_told(message) for message in seen]

    def calls(self, asked: Json) -> list[Json]:
        """{"from"?: count}: the calls, but for the first so many."""
        return [
            {"name": call.name, "at": call.at, "channel": call.channel_id, "path": call.path,
             "status": call.status, "code": call.code, "description": call.description}
            for call in self.discord.calls[int(asked.get("from", 0)) :]
        ]  # fmt: skip

    def state(self) -> Json:
        """Return all that there is to be seen, and what was refused."""
        world = self.discord.world
        channels = list(world.channels.values())
        return {
            "refused": world.refused,
            "connected": self.discord.connected,
            "identifies": self.discord.identifies,
            "resumes": self.discord.resumes,
            "calls": len(world.calls),
            "interactions": [_told_of(one) for one in world.interactions.values()],
            "channels": [
                {
                    "id": str(channel.id),
                    "name": channel.name,
                    "server": channel.guild and channel.guild.title,
                    "messages": [_told(message) for message in channel.messages.values()],
                }
                for channel in channels
                if channel.messages
            ],
        }

    def save(self, path: Path) -> None:
        """Write the state into a file, whole or not at all."""
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(self.state(), ensure_ascii=False, indent=1), "utf-8")
        fresh.replace(path)

    async def saving(self, path: Path, every_s: float) -> None:
        """Write the state again and again."""
        while True:
            await asyncio.sleep(every_s)
            self.save(path)


def _bytes(data: object) -> bytes:
    return base64.b64decode(str(data), validate=True)


def _options(asked: Json) -> dict[str, Any]:
    """Return what is filled in, files as bytes."""
    files = {name: _bytes(data) for name, data in asked.get("files", {}).items()}
    return dict(asked.get("options", {})) | files


def _told(message: Message) -> Json:
    """Return a message in few words."""
    return {
        "id": str(message.id),
        "channel": str(message.channel.id),
        "author": message.author.name,
        "by_bot": message.by_bot,
        "content": message.content,
        "attachments": len(message.attachments),
        "rows": message.rows,
        "ephemeral": message.ephemeral,
        "loading": message.loading,
        "nonce": message.nonce,
        "to": message.reply_to and str(message.reply_to.id),
        "shown": [list(showing) for showing in message.edits],
    }


def _told_of(interaction: Interaction) -> Json:
    """Return an interaction in few words."""
    answer, message = interaction.answer, interaction.message
    return {
        "interaction": str(interaction.id),
        "person": interaction.person.name,
        "at": interaction.at,
        "answer": answer and answer.kind,
        "latency_s": interaction.latency_s,
        "failed": interaction.failed,
        "message": message and _told(message),
        "modal": interaction.modal,
        "choices": interaction.choices,
        "followups": [_told(one) for one in interaction.followups],
    }
