"""The fake as a process of its own, moved by a few more routes."""

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from aiohttp import web

from tests.telegram_api import fault
from tests.telegram_api.chat import Chat
from tests.telegram_api.message import Message
from tests.telegram_api.person import Person
from tests.telegram_api.refusal import Json
from tests.telegram_api.server import FakeTelegram

FAULTS = {
    kind.__name__: kind
    for kind in (
        fault.RetryAfter,
        fault.ServerError,
        fault.Hang,
        fault.HangBefore,
        fault.Reset,
        fault.ResetAfter,
        fault.Forbidden,
        fault.BadRequest,
    )
}


@dataclass(slots=True)
class Control:
    """What another process can have happen: each verb is POST /_control/<verb> with JSON."""

    telegram: FakeTelegram
    groups: dict[str, Chat] = field(default_factory=dict[str, Chat])
    """By title."""

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
            "group": self.group,
            "say": self.say,
            "photo": self.photo,
            "press": self.press,
            "answers": self.answers,
            "messages": self.messages,
            "calls": self.calls,
            "fail": self.fail,
            "state": lambda _asked: self.state(),
        }

    # ── who and where ───────────────────────────────────────────────────────────────────────

    def _person(self, asked: Json) -> Person:
        """Return who is named, new where nobody is called that."""
        name = str(asked["person"])
        return self.telegram.people.get(name) or self.telegram.person(name)

    def _chat(self, asked: Json) -> Chat:
        """Return the named group, without a name the person's talk with the bot."""
        title = asked.get("group")
        return self._person(asked).private if title is None else self.groups[str(title)]

    def _message(self, asked: Json, name: str) -> Message | None:
        if name not in asked:
            return None
        message = self._chat(asked).message(int(asked[name]))
        assert message is not None, f"there is no message {asked[name]}"
        return message

    # ── what happens ────────────────────────────────────────────────────────────────────────

    def group(self, asked: Json) -> Json:
        """{"group": title, "people": [names]}: make a group."""
        people = [self._person({"person": name}) for name in asked.get("people", [])]
        chat = self.telegram.group(str(asked["group"]), *people)
        self.groups[chat.title] = chat
        return {"chat": chat.id}

    def say(self, asked: Json) -> Json:
        """{"person", "group"?, "text", "to"?: id}: say something."""
        to = self._message(asked, "to")
        person = self._person(asked)
        return _told(person.says(self._chat(asked), str(asked["text"]), to=to))

    def photo(self, asked: Json) -> Json:
        """{"person", "group"?, "base64", "caption"?, "to"?: id}: send a photo."""
        data = base64.b64decode(asked["base64"], validate=True)
        to, caption = self._message(asked, "to"), str(asked.get("caption", ""))
        return _told(self._person(asked).sends_photo(self._chat(asked), data, caption, to=to))

    def press(self, asked: Json) -> Json:
        """{"person", "group"?, "message": id, "label" or "data"}: press a button."""
        message = self._message(asked, "message")
        assert message is not None
        person = self._person(asked)
        if "data" in asked:
            return {"query": person.presses_data(message, str(asked["data"])).id}
        return {"query": person.presses(str(asked["label"]), message).id}

    def fail(self, asked: Json) -> Json:
        """{"method"?: name, "fault": class, "with"?: {fields}, "times"?}: let calls go wrong."""
        kind: Any = FAULTS[str(asked["fault"])]
        planned = kind(**asked.get("with", {}))
        self.telegram.fail_next(asked.get("method"), planned, int(asked.get("times", 1)))
        return {}

    # ── what happened ───────────────────────────────────────────────────────────────────────

    def answers(self, asked: Json) -> Json:
        """{"query": id}: what somebody saw who pressed a button."""
        answer = self.telegram.world.callbacks[str(asked["query"])].answer
        return {"answer": None if answer is None else answer.text}

    def messages(self, asked: Json) -> list[Json]:
        """{"person", "group"?}: what is to be seen in a chat, newest last."""
        return [_told(message) for message in self._chat(asked).messages]

    def calls(self, asked: Json) -> list[Json]:
        """{"from"?: count}: the calls, but for the first so many."""
        return [
            {"method": call.method, "at": call.at, "chat": call.chat_id, "status": call.status,
             "description": call.description}
            for call in self.telegram.calls[int(asked.get("from", 0)) :]
        ]  # fmt: skip

    def state(self) -> Json:
        """Return all that there is to be seen, and what was refused."""
        world = self.telegram.world
        return {
            "refused": world.refused,
            "pending": len(world.updates.pending),
            "calls": len(world.calls),
            "chats": [
                {
                    "id": chat.id,
                    "title": chat.title,
                    "messages": [_told(message) for message in chat.messages],
                }
                for chat in world.chats.values()
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


def _told(message: Message) -> Json:
    """Return a message in few words."""
    return {
        "id": message.id,
        "chat": message.chat.id,
        "author": message.author and message.author.name,
        "by_bot": message.by_bot,
        "text": message.text,
        "photos": int(message.content.kind == "photo"),
        "rows": message.rows,
        "album": message.album,
        "to": message.reply_to and message.reply_to.id,
        "shown": [list(showing) for showing in message.edits],
    }
