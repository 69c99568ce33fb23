"""Has Discord know the commands; they are sent only if they have changed."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, cast

from adapters.discord import fault
from adapters.discord.options import payloads
from adapters.discord.wire import Wire

log = logging.getLogger(__name__)

AGAIN_S, TRIES = 30.0, 5
PATH = "/applications/{application_id}/commands"
UNSAID: Mapping[str, object] = {
    "default_member_permissions": None,
    "required": False,
    "autocomplete": False,
    "min_length": None,
    "max_length": None,
    "min_value": None,
    "max_value": None,
}
"""What is told of a command or an option that says nothing of it."""


class Menu:
    """Shows them."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def show(self) -> None:
        """Have the commands be as they should; what cannot be is tried again, and given up."""
        wanted = payloads()
        for _ in range(TRIES):
            try:
                app = self._wire.known.application
                asked = {"with_localizations": "true"}
                there = await self._wire.call("GET", PATH, application_id=app, query=asked)
                if not is_same(wanted, there):
                    await self._wire.call("PUT", PATH, application_id=app, json=wanted)
            except fault.Failure as error:
                log.warning("discord: the commands are not shown: %s", error)
                await asyncio.sleep(AGAIN_S)
            else:
                return


def is_same(wanted: Sequence[Mapping[str, Any]], there: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether Discord has all commands as they should be, and no others."""
    known = {(one.get("type", 1), one["name"]): one for one in there}
    return len(known) == len(wanted) and all(
        _agrees(one, known.get((one["type"], one["name"]))) for one in wanted
    )


def _agrees(wanted: object, there: object) -> bool:
    """Return whether what Discord tells says all that is wanted."""
    if isinstance(wanted, Mapping):
        if not isinstance(there, Mapping):
            return False
        ours, theirs = cast("Mapping[str, Any]", wanted), cast("Mapping[str, Any]", there)
        unsaid = {key: value for key, value in UNSAID.items() if key not in ours}
        return all(_agrees(value, theirs.get(key)) for key, value in ours.items()) and all(
            theirs.get(key, value) in {value, None} for key, value in unsaid.items()
        )
    if isinstance(wanted, list):
        ours_, theirs_ = cast("list[Any]", wanted), cast("list[Any]", there or [])
        same = len(ours_) == len(theirs_)
        return same and all(map(_agrees, ours_, theirs_))
    return there in {wanted, str(wanted)}  # permissions come back as a text
