"""Edits a message of ours: words, pictures in the making, the pictures."""

import asyncio
from typing import Any

from adapters.discord import fault
from adapters.discord.file import File, are_all, files_of, sketch_of
from adapters.discord.limits import MOST
from adapters.discord.outbound import NOBODY, clipped, components, without_picture, words_of
from adapters.discord.place import Place
from adapters.discord.wire import Wire
from bot.errors import MessageGone
from bot.reply import Edit, Sent


class Editor:
    """Makes the call that an edit takes; the same one may be made twice."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def edit(self, edit: Edit) -> list[Sent]:
        """Have a message show what it is to show.

        Pictures take the place of those that are there; without any, those stay.

        Raises:
            MessageGone: There is no such message.
            HTTPException, RateLimited, aiohttp.ClientError, OSError: The call has failed.
        """
        place = Place.read(edit.message)
        if place.message is None:
            raise MessageGone("no message of Discord")
        room = self._wire.room.get(edit.chat.id, MOST.file_bytes)
        files = await asyncio.to_thread(_files, edit, room)
        try:
            await self._patched(edit, place, files)
        except fault.Failure as error:
            if not (files and fault.is_too_large(error)):
                raise
            half = max(len(one.content) for one in files) // 2
            smaller = await asyncio.to_thread(_files, edit, half)
            await self._patched(edit, place, smaller)
        return [Sent(edit.message)]

    async def _patched(self, edit: Edit, place: Place, files: list[File]) -> None:
        words = words_of(edit.reply)
        is_whole = edit.sketch is not None or are_all(files, edit.reply)
        body: dict[str, Any] = {
            "content": clipped(words) if is_whole else without_picture(words),
            "components": components(edit.reply),
            "allowed_mentions": dict(NOBODY),
        }
        if place.interaction is not None:
            path = f"/messages/{place.message}"
            await self._wire.by_token("PATCH", path, place, json=body, files=files)
            return
        await self._wire.call(
            "PATCH",
            "/channels/{channel_id}/messages/{message_id}",
            channel_id=int(edit.chat.id),
            message_id=place.message or 0,
            json=body,
            files=files,
        )


def _files(edit: Edit, most_bytes: int) -> list[File]:
    if edit.sketch is not None:
        return [sketch_of(edit.sketch, veiled=edit.reply.veiled)]
    return files_of(edit.reply, most_bytes)
