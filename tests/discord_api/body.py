"""What the bot wants to be in a message: its text, embeds, files and buttons."""

import mimetypes
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tests.discord_api.channel import Channel
from tests.discord_api.component import Components
from tests.discord_api.embed import read_embeds
from tests.discord_api.file import Attachment, Upload, kind_of
from tests.discord_api.mention import could_ping, mentions, read_allowed
from tests.discord_api.message import COMPONENTS_V2, EPHEMERAL, SILENT, SUPPRESS_EMBEDS, Body
from tests.discord_api.refusal import EMPTY_MESSAGE, TOO_LARGE, Form, Json, Refusal, bad
from tests.discord_api.request import Request
from tests.discord_api.user import User
from tests.discord_api.world import World

CONTENT, ATTACHMENTS, DESCRIPTION = 2000, 10, 1024
FLAGS = SUPPRESS_EMBEDS | SILENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a message is to be."""

    channel: Channel
    interaction: bool = False
    """Whether it answers an interaction."""
    ephemeral: bool = False
    replied: User | None = None
    """Whom it answers."""
    pings: bool = True
    """False for an edit."""

    @property
    def size_limit(self) -> int | None:
        guild = self.channel.guild
        return None if guild is None else guild.size_limit


def read_new(world: World, asked: Request, given: Json, place: Place) -> Body:
    """Return a new message's body.

    Raises:
        Refusal: Something is wrong with it, or there is nothing in it.
    """
    body = _read(world, asked, given, place, Body())
    if body.empty:
        raise bad(EMPTY_MESSAGE)
    return body


def read_edit(world: World, asked: Request, given: Json, place: Place, old: Body) -> Body:
    """Return the body that a message is to have, of what is given and what was there.

    Raises:
        Refusal: Something is wrong with it, or nothing is left in it.
    """
    body = _read(world, asked, given, place, old)
    if body.empty:
        raise bad(EMPTY_MESSAGE)
    return body


def _read(world: World, asked: Request, given: Json, place: Place, old: Body) -> Body:
    form, body = Form(), replace(old)
    for part in asked.unknown:
        world.refuse(f"a part of the form that Discord does not know: {part}")
    if "content" in given:
        body.content = form.text(given["content"], "content", CONTENT).strip()
    if "embeds" in given:
        body.embeds = read_embeds(form, given["embeds"])
    if "components" in given:
        body.components = Components(form).rows(given["components"])
    body.flags = _flags(form, given, old.flags, interaction=place.interaction)
    for name in ("sticker_ids", "poll"):
        form.need(not given.get(name), name, "FAKE", f"the fake has no {name}")
    _mention(world, form, given, body, place)
    stored = _attachments(world, form, asked, given, place)
    form.check()
    body.attachments = stored(old.attachments)
    return body


def _flags(form: Form, given: Json, old: int, *, interaction: bool) -> int:
    flags = form.integer(given.get("flags"), "flags", 0, 1 << 30)
    if flags is None:
        return old
    words = "the fake has no components V2"
    form.need(not flags & COMPONENTS_V2, "flags", "FAKE", words)
    known = FLAGS | COMPONENTS_V2 | (EPHEMERAL if interaction else 0)
    words = "Those flags cannot be set here"
    form.need(not flags & ~known, "flags", "BASE_TYPE_CHOICES", words)
    return old & ~FLAGS | flags & FLAGS


def _mention(world: World, form: Form, given: Json, body: Body, place: Place) -> None:
    """Find whom it pings, and note where nobody should be pinged."""
    if not {"content", "allowed_mentions", "message_reference"} & given.keys():
        return
    allowed, pinged = read_allowed(form, given, interaction=place.interaction), body.mentions.pinged
    body.mentions = mentions(body.content, allowed, world.users, place.replied)
    if world.setting.pings:
        return
    if not place.pings:
        body.mentions.pinged = pinged
    if body.mentions.pinged and place.pings:
        world.refuse(f"{', '.join(body.mentions.pinged)} pinged by {body.content[:40]!r}")
    elif not allowed.said and could_ping(body.content):
        world.refuse(f"no allowed_mentions, and it could ping: {body.content[:40]!r}")


# ── files ───────────────────────────────────────────────────────────────────────────────────


def _attachments(
    world: World, form: Form, asked: Request, given: Json, place: Place
) -> Callable[[list[Attachment]], list[Attachment]]:
    """Return what makes the new files of those that were there, once all is found right."""
    limit = place.size_limit or world.setting.size_limit
    if any(len(upload.data) > limit for upload in asked.files.values()):
        raise Refusal(413, TOO_LARGE)
    listed = given.get("attachments")
    items = [
        form.mapping(one, f"attachments.{index}")
        for index, one in enumerate(form.items(listed, "attachments", ATTACHMENTS))
    ]
    for index, item in enumerate(items):
        form.text(item.get("description"), f"attachments.{index}.description", DESCRIPTION)
    named = {str(item.get("id")) for item in items}
    for number in asked.files.keys() - named if listed is not None else ():
        words = f"files[{number}] is in no attachment"
        form.fault("attachments", "FAKE", words)

    def made(old: list[Attachment]) -> list[Attachment]:
        if listed is None:
            fresh = [_stored(world, upload, {}, place) for upload in asked.files.values()]
            return _at_most([*old, *fresh])
        known = {str(one.id): one for one in old}
        return [_one(world, asked, item, place, known, index) for index, item in enumerate(items)]

    return made


def _at_most(attachments: list[Attachment]) -> list[Attachment]:
    if len(attachments) > ATTACHMENTS:
        form = Form()
        words = f"Must be between 0 and {ATTACHMENTS} in length."
        form.fault("attachments", "BASE_TYPE_BAD_LENGTH", words)
        form.check()
    return attachments


def _one(
    world: World,
    asked: Request,
    item: Json,
    place: Place,
    known: dict[str, Attachment],
    index: int,
) -> Attachment:
    """Return a file that is listed: one that was there, or one that comes now."""
    number = str(item.get("id"))
    if number in known:
        kept = known[number]
        description = item.get("description", kept.description)
        same = description == kept.description
        return kept if same else replace(kept, description=description)
    upload = asked.files.get(number)
    if upload is None:
        form = Form()
        words = f"There is no file {number}, neither in the message nor in the request"
        form.fault(f"attachments.{index}.id", "ATTACHMENT_NOT_FOUND", words)
        form.check()
    assert upload is not None
    return _stored(world, upload, item, place)


def _stored(world: World, upload: Upload, item: Json, place: Place) -> Attachment:
    filename: Any = item.get("filename") or upload.filename
    return world.files.store(
        Upload(str(filename), mime_of(str(filename), upload.data), upload.data),
        place.channel.id,
        description=item.get("description"),
        ephemeral=place.ephemeral,
        spoiler=bool(item.get("is_spoiler")),
        by_bot=True,
    )


def mime_of(filename: str, data: bytes) -> str:
    """Return the type of a file: Discord looks for itself."""
    mime, _ = kind_of(data)
    if mime == "application/octet-stream":
        return mimetypes.guess_type(filename)[0] or mime
    return mime
