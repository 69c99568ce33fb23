"""The first answer to an interaction, for which there are three seconds.

It waits for nothing but for the event to be on disk. What asks for a form gets that form, if it is
there in time; what opens a field or offers words to who types is answered here and now, and is no
event at all.
"""

import asyncio
import logging
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adapters.discord import fault, hidden
from adapters.discord.hidden import FILL, Question
from adapters.discord.inbound import (
    COMMAND,
    COMPLETION,
    COMPONENT,
    EPHEMERAL,
    asks_form,
    pictures_of,
    place_of,
)
from adapters.discord.limits import ANSWER_S, MOST
from adapters.discord.options import Entry, entry_of
from adapters.discord.outbound import is_question, modal_of, question_modal
from adapters.discord.place import Place
from adapters.discord.wire import Wire
from bot.event import Attachment
from bot.form import Form
from bot.style import Styles
from bot.wording import LANGUAGE, say

log = logging.getLogger(__name__)

FORM_S = 1.8
"""A form that is not there by then is offered by a button."""
LATE_S = ANSWER_S - 0.3
KEPT = 1000
"""Forms and answers that are remembered."""
SAID, DEFERRED, DEFERRED_PRESS, CHOICES, OPENED = 4, 5, 6, 8, 9
"""Kinds of answers."""


class Answering:
    """Gives it, and knows who has had one."""

    def __init__(self, wire: Wire, styles: Styles) -> None:
        self._wire = wire
        self._styles = styles
        self._under_way = dict[int, asyncio.Task[bool]]()
        self._failed = dict[int, None]()
        self._waiting = dict[int, asyncio.TimerHandle]()
        self._forms = dict[str, Form]()
        self._asked_in = dict[int, str]()
        self.links = dict[str, str]()
        """Of pictures that were chosen; where the bot may not read, it is told of them but once."""

    def close(self) -> None:
        """Give up what is not answered."""
        for timer in self._waiting.values():
            timer.cancel()
        for task in self._under_way.values():
            task.cancel()

    # ── here and now ────────────────────────────────────────────────────────────────────────

    def at_once(self, data: Mapping[str, Any]) -> bool:
        """Answer what is no event; False if it is one."""
        LANGUAGE.set("zh" if str(data.get("locale", "zh")).startswith("zh") else "en")
        answer = self._ready_answer(data)
        if answer is None:
            return False
        self._give(place_of(data), answer)
        return True

    def _ready_answer(self, data: Mapping[str, Any]) -> Mapping[str, Any] | None:
        told: Mapping[str, Any] = data.get("data") or {}
        raw = str(told.get("custom_id", ""))
        match data["type"]:
            case type_ if type_ == COMPLETION:
                return {"type": CHOICES, "data": {"choices": self._choices(data)}}
            case type_ if type_ == COMPONENT and is_question(raw):
                head = str(data.get("message", {}).get("content", "")).partition("\n")[0]
                return _opened(question_modal(raw, head or say("想画什么？")))
            case type_ if type_ == COMPONENT and raw.startswith(FILL):
                form = self._forms.get(raw.removeprefix(FILL).partition("#")[0])
                return form and _opened(modal_of(form, form.action.pack()))
            case type_ if type_ == COMMAND and (entry := entry_of(data)) and entry.asks:
                return _asked_on(data, entry, self.links)
            case _:
                return None

    def _choices(self, data: Mapping[str, Any]) -> list[dict[str, str]]:
        """Return the styles that fit what somebody types, the nearest first."""
        options: Sequence[Mapping[str, Any]] = data["data"].get("options", ())
        typed = next((str(one.get("value", "")) for one in options if one.get("focused")), "")
        return [{"name": name, "value": value} for name, value in offered(typed, self._styles)]

    # ── after the event is on disk ──────────────────────────────────────────────────────────

    def acknowledge(self, data: Mapping[str, Any]) -> None:
        """Say that it was heard; what asks for a form waits for it a little."""
        entry = entry_of(data) if data["type"] == COMMAND else None
        place = place_of(data, private=entry is not None and entry.private)
        if place.interaction is not None:
            _bound(self._asked_in)
            self._asked_in[place.interaction] = str(data["channel_id"])
        if asks_form(data) and place.interaction is not None:
            loop = asyncio.get_running_loop()
            timer = loop.call_later(FORM_S, self._give_up_form, place)
            self._waiting[place.interaction] = timer
            return
        self._give(place, _deferral(place))

    def is_of_elsewhere(self, place: Place, channel: str) -> bool:
        """Return whether an interaction is known to be of another channel: it is answered there."""
        if place.interaction is None:
            return False
        return self._asked_in.get(place.interaction, channel) != channel

    async def is_answered(self, place: Place) -> bool:
        """Return whether an interaction has had its first answer, so that more can be said.

        Of one that came to a process before, nobody knows.
        """
        if place.interaction is None:
            return False
        self._give_up_form(place)  # what is said instead of it need not wait
        task = self._under_way.get(place.interaction)
        if task is not None:
            return await asyncio.shield(task)
        return place.interaction not in self._failed

    async def open_form(self, place: Place, form: Form) -> bool:
        """Open a form before whoever has asked for it; False if it is too late for that."""
        timer = None if place.interaction is None else self._waiting.pop(place.interaction, None)
        if timer is None:
            return False
        timer.cancel()
        return await self._give(place, _opened(modal_of(form, form.action.pack())))

    def keep(self, form: Form) -> str:
        """Remember a form as it was filled in; return the custom_id of a button that opens it."""
        key = secrets.token_hex(4)
        _bound(self._forms)
        self._forms[key] = form
        return f"{FILL}{key}#{form.action.pack()}"

    def _give_up_form(self, place: Place) -> None:
        timer = None if place.interaction is None else self._waiting.pop(place.interaction, None)
        if timer is not None:
            timer.cancel()
            self._give(place, _deferral(place))

    def _give(self, place: Place, answer: Mapping[str, Any]) -> asyncio.Task[bool]:
        task = asyncio.ensure_future(self._given(place, answer))
        if place.interaction is not None:
            key = place.interaction
            self._under_way[key] = task
            task.add_done_callback(lambda _: self._under_way.pop(key, None))
        return task

    async def _given(self, place: Place, answer: Mapping[str, Any]) -> bool:
        for last in (False, True):
            try:
                await self._wire.called_back(place, answer, LATE_S)
            except fault.Failure as error:
                if fault.code_of(error) == fault.ACKNOWLEDGED:
                    return True
                if not last and fault.may_have_arrived(error):
                    continue  # that it has, another attempt is told
                self._note_failed(place, error)
                return False
            return True
        return False

    def _note_failed(self, place: Place, error: BaseException) -> None:
        log.info("discord: an interaction got no answer: %s: %s", type(error).__name__, error)
        if place.interaction is not None:
            _bound(self._failed)
            self._failed[place.interaction] = None


def offered(typed: str, styles: Styles) -> Iterable[tuple[str, str]]:
    """Return styles by name that fit what was typed: what is read, and what is meant."""
    typed = typed.strip().casefold()
    found = list[tuple[int, str, str]]()
    for style in styles:
        called = [name.casefold() for name in (style.name, *style.aliases)]
        if any(name.startswith(typed) for name in called):
            rank = 0
        elif any(typed in name for name in called) or typed in style.about.casefold():
            rank = 1
        else:
            continue
        read = f"{style.name} · {style.about}" if style.about else style.name
        found.append((rank, read[: MOST.option], style.name))
    found.sort(key=lambda one: one[0])
    return [(read, name) for _, read, name in found[: MOST.options]]


def _deferral(place: Place) -> Mapping[str, Any]:
    """Return the answer that says that more will follow."""
    if place.kind == "p":
        return {"type": DEFERRED_PRESS}
    return {"type": DEFERRED, "data": {"flags": EPHEMERAL if place.private else 0}}


def _opened(modal: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"type": OPENED, "data": modal}


def _asked_on(data: Mapping[str, Any], entry: Entry, links: dict[str, str]) -> Mapping[str, Any]:
    """Return the field for what is to be made of a message's pictures, or of an avatar."""
    told = data["data"]
    target = told["target_id"]
    message = told.get("resolved", {}).get("messages", {}).get(target)
    if message is None:
        attached = (Attachment(ref=hidden.face(target)),)
    else:
        attached = tuple(pictures_of(message, data["channel_id"]))
    for one in attached:
        _bound(links)
        lasting, _, url = one.ref.partition("|")
        links[lasting] = url
    if not attached:
        words = say("这条消息里没有图，请在有图的消息上选")
        return {"type": SAID, "data": {"content": words, "flags": EPHEMERAL}}
    question = Question(asks=entry.asks, attached=attached)
    return _opened(question_modal(question.pack(MOST.custom_id), say("想画成什么样？")))


def _bound(remembered: dict[Any, Any]) -> None:
    """Forget the oldest of too many."""
    while len(remembered) >= KEPT:
        del remembered[next(iter(remembered))]
