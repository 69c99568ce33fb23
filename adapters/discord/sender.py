"""Sends what is said: as the answer of an interaction, beside it, or as a message of its own."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.discord import fault
from adapters.discord.answering import Answering
from adapters.discord.file import File, are_all, files_of
from adapters.discord.inbound import EPHEMERAL
from adapters.discord.limits import MOST, TOKEN_S
from adapters.discord.outbound import (
    NO_PREVIEWS,
    NOBODY,
    asking,
    button,
    clipped,
    components,
    nonce,
    split,
    without_picture,
    words_of,
)
from adapters.discord.place import Place, born
from adapters.discord.wire import Wire
from bot.errors import NotSent
from bot.reply import Delivery, Reply, Sent
from bot.wording import say

log = logging.getLogger(__name__)

LOADING = 1 << 7
"""Of a message that is to become the answer to a command."""
LOOKED_AT = 50
"""Messages among which is looked for one that may be there already."""
MARGIN_S = 20.0
SLACK_S = 5.0
"""Clocks differ."""
KEPT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One message of a delivery."""

    content: str
    files: Sequence[File] = ()
    components: Sequence[Mapping[str, Any]] = ()

    def body(self, **more: object) -> dict[str, Any]:
        """Return what a call takes of it, but for the files."""
        return {
            "content": self.content,
            "components": list(self.components),
            "allowed_mentions": dict(NOBODY),
            **more,
        }


class Sender:
    """Makes the calls that a delivery takes."""

    def __init__(self, wire: Wire, answering: Answering) -> None:
        self._wire = wire
        self._answering = answering
        self._since = time.time()
        self._filled = dict[int, int]()

    async def send(self, delivery: Delivery) -> list[Sent]:
        """Send all of it.

        Raises:
            HTTPException, RateLimited, aiohttp.ClientError, OSError: A call has failed.
            NotSent: A part of it has gone out, or it can go nowhere.
        """
        reply, place = delivery.reply, Place.read(delivery.reply.to)
        private = reply.aside or reply.form is not None  # and so for whoever has pressed, anywhere
        if not private and self._answering.is_of_elsewhere(place, delivery.chat.id):
            place = Place()  # what is said in a thread answers nothing outside of it
        if reply.form is not None and await self._answering.open_form(place, reply.form):
            return []
        alive = _is_young(place) and await self._answering.is_answered(place)
        letter = Letter(self._wire, delivery, place, alive=alive)
        aside = alive and place.kind == "p" and private
        pages = await self._pages(letter, delivery, aside=aside)
        if aside and await letter.whispered(pages[0]):
            return []
        sent = list[Sent]()
        for number, page in enumerate(pages):
            try:
                fills = not number and await self._fills(letter, page)
                sent.append(await letter.posted(page, number, fills=fills))
            except fault.Failure as error:
                if not sent:
                    raise
                raise NotSent(f"a part of it: {error}", arrived=None) from error
        return sent

    async def _pages(self, letter: "Letter", delivery: Delivery, *, aside: bool) -> list[Page]:
        """Return the messages that it takes."""
        reply = delivery.reply
        repeated = delivery.repeated and (aside or not letter.looks_back)
        room = self._wire.room.get(delivery.chat.id, MOST.file_bytes)
        files = await asyncio.to_thread(files_of, reply, room)
        parts = split(words_of(reply, repeated=repeated))
        if not are_all(files, reply):
            parts[-1] = without_picture(parts[-1])
        under = components(reply, self._own_buttons(reply))
        chunks = [files[at : at + MOST.files] for at in range(0, len(files), MOST.files)] or [[]]
        pages = [Page(content=part) for part in parts[:-1]]
        for number, chunk in enumerate(chunks):
            pages.append(
                Page(
                    content="" if number else parts[-1],
                    files=chunk,
                    components=under if number == len(chunks) - 1 else (),
                )
            )
        return pages

    def _own_buttons(self, reply: Reply) -> list[dict[str, Any]]:
        if reply.form is not None:
            return [button(say("✏️ 填写"), self._answering.keep(reply.form))]
        return [asking(reply)] if reply.asks or reply.attached else []

    async def _fills(self, letter: "Letter", page: Page) -> bool:
        """Return whether a page becomes the answer to a command: the first one does."""
        key, mine = letter.place.interaction, letter.number
        if letter.place.kind != "c" or not letter.alive or key is None:
            return False
        if key in self._filled:
            return self._filled[key] == mine  # an attempt before: nobody knows what became of it
        if len(self._filled) >= KEPT:
            del self._filled[next(iter(self._filled))]
        self._filled[key] = mine
        return born(key) > self._since or await letter.waits(page)


class Letter:
    """What goes to one chat, part by part, in answer to one place."""

    def __init__(self, wire: Wire, delivery: Delivery, place: Place, *, alive: bool) -> None:
        self.place = place
        self.alive = alive
        """Whether more can be said by way of the interaction."""
        self._wire = wire
        self._delivery = delivery
        self._channel = delivery.chat.id

    @property
    def number(self) -> int:
        """Id of the delivery."""
        return self._delivery.id

    @property
    def looks_back(self) -> bool:
        """Whether it can be seen if it is there already."""
        answers = self.place.message is not None or self.place.interaction is not None
        return answers and not (self.place.outside or self.place.private)

    @property
    def _is_of_job(self) -> bool:
        """Whether it is the message of a job, or its end: that is for all, wherever it began."""
        return self._delivery.last or self._delivery.reply.wait is not None

    async def whispered(self, page: Page) -> bool:
        """Say something to whoever pressed, alone; False if it is too late for that."""
        try:
            body = page.body(flags=EPHEMERAL | NO_PREVIEWS)
            await self._wire.by_token("POST", "", self.place, json=body, files=page.files)
        except fault.Failure as error:
            if not fault.is_dead(error):
                raise
            self.alive = False
        return self.alive

    async def posted(self, page: Page, number: int, *, fills: bool) -> Sent:
        """Send a page, where it belongs.

        Args:
            page: What is sent.
            number: Which of the delivery it is, from 0.
            fills: Whether it becomes the answer to a command.
        """
        if fills:
            try:
                return await self._by_token("PATCH", "/messages/@original", page)
            except fault.Failure as error:
                if not fault.is_dead(error):
                    raise
                self.alive = False
        if self.place.private and not self._is_of_job:
            return await self._beside(page, EPHEMERAL)
        if self.place.outside:
            return await self._beside(page, 0)
        return await self._in_channel(page, number)

    async def waits(self, page: Page) -> bool:
        """Return whether the answer to a command is not there yet, or is this one."""
        try:
            there = await self._wire.by_token("GET", "/messages/@original", self.place)
        except fault.Failure as error:
            if fault.is_dead(error):
                return False
            raise
        return bool(there.get("flags", 0) & LOADING) or there.get("content") == page.content

    async def _beside(self, page: Page, flags: int) -> Sent:
        """Send a message by way of the interaction; there is no other way.

        Raises:
            NotSent: It is too late for that.
        """
        if self.alive:
            try:
                return await self._by_token("POST", "", page, flags=flags | NO_PREVIEWS)
            except fault.Failure as error:
                if not fault.is_dead(error):
                    raise
        raise NotSent("its interaction is over, and there is no other way", hopeless=True)

    async def _by_token(self, method: str, path: str, page: Page, **more: object) -> Sent:
        answer = await self._sized(
            page,
            lambda one: self._wire.by_token(
                method, path, self.place, json=one.body(**more), files=one.files
            ),
        )
        kept = self.place.private or self.place.outside
        return _sent(answer, self.place if kept else Place())

    async def _in_channel(self, page: Page, number: int) -> Sent:
        """Send a message in the bot's own name; one that is there already is not sent again."""
        told = nonce(self._delivery, number)
        again = self._delivery.again or self._delivery.repeated
        if again and self.looks_back and (there := await self._found(page, told)) is not None:
            return _sent(there, Place())
        more: dict[str, object] = {"nonce": told, "enforce_nonce": True, "flags": NO_PREVIEWS}
        if self.place.message is not None and not number and not self.place.private:
            answered = {"message_id": str(self.place.message), "fail_if_not_exists": False}
            more["message_reference"] = answered
        answer = await self._sized(
            page,
            lambda one: self._wire.call(
                "POST",
                "/channels/{channel_id}/messages",
                channel_id=int(self._channel),
                json=one.body(**more),
                files=one.files,
            ),
        )
        return _sent(answer, Place())

    async def _found(self, page: Page, told: str) -> Mapping[str, Any] | None:
        """Return a message of ours that is this page, since it was asked for."""
        try:
            there = await self._wire.call(
                "GET",
                "/channels/{channel_id}/messages",
                channel_id=int(self._channel),
                query={"limit": LOOKED_AT},
            )
        except fault.Failure as error:
            if fault.code_of(error) in {fault.NO_ACCESS, fault.NO_PERMISSION}:
                return None
            raise
        since = born(self.place.interaction or self.place.message or 0) - SLACK_S
        names = [one.name for one in page.files]
        for one in there:
            mine = one["author"]["id"] == str(self._wire.known.id)
            if mine and born(int(one["id"])) >= since and _is_same(one, page, names, told):
                return one
        return None

    async def _sized(
        self, page: Page, call: Callable[[Page], Awaitable[Mapping[str, Any]]]
    ) -> Mapping[str, Any]:
        """Make a call; with smaller pictures, if Discord finds them too large after all."""
        try:
            return await call(page)
        except fault.Failure as error:
            if not (page.files and fault.is_too_large(error)):
                raise
        largest = max(len(one.content) for one in page.files)
        files = await asyncio.to_thread(files_of, self._delivery.reply, largest // 2)
        content = page.content
        if len(files) < len(page.files):
            content = without_picture(content)
        return await call(Page(content=content, files=files, components=page.components))


def _is_same(message: Mapping[str, Any], page: Page, names: list[str], told: str) -> bool:
    if str(message.get("nonce", "")) == told:
        return True
    shown = [one["filename"] for one in message.get("attachments", ())]
    return message["content"].strip() == clipped(page.content).strip() and shown == names


def _sent(message: Mapping[str, Any], by: Place) -> Sent:
    place = Place(
        interaction=by.interaction,
        kind=by.kind,
        token=by.token,
        private=by.private,
        outside=by.outside,
        message=int(message["id"]),
    )
    return Sent(place.pack())


def _is_young(place: Place) -> bool:
    """Return whether an interaction can still be answered."""
    key = place.interaction
    return key is not None and time.time() - born(key) < TOKEN_S - MARGIN_S
