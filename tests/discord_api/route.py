"""The methods of the API by their routes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.discord_api import answering, asking, commanding, following, sending
from tests.discord_api.request import Request
from tests.discord_api.world import World

Method = Callable[[World, Request], Any]


@dataclass(frozen=True, slots=True)
class Route:
    """A method of a path."""

    method: str
    template: str
    do: Method
    is_open: bool = False
    """Whether it wants no token of the bot."""

    @property
    def parts(self) -> list[str]:
        return self.template.strip("/").split("/")


CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"
HOOK = "/webhooks/{webhook_id}/{webhook_token}"
ORIGINAL = f"{HOOK}/messages/@original"
FOLLOWUP = f"{HOOK}/messages/{{message_id}}"
MESSAGES = "/channels/{channel_id}/messages"
MESSAGE = f"{MESSAGES}/{{message_id}}"
PIN = f"{MESSAGES}/pins/{{message_id}}"
COMMANDS = "/applications/{application_id}/commands"
GUILD_COMMANDS = "/applications/{application_id}/guilds/{guild_id}/commands"

ROUTES = [
    Route("GET", "/users/@me", asking.me),
    Route("GET", "/users/{user_id}", asking.user),
    Route("POST", "/users/@me/channels", asking.direct),
    Route("GET", "/oauth2/applications/@me", asking.application),
    Route("GET", "/applications/@me", asking.application),
    Route("GET", "/gateway", asking.gateway, is_open=True),
    Route("GET", "/gateway/bot", asking.gateway_bot),
    Route("GET", "/guilds/{guild_id}", asking.guild),
    Route("GET", "/guilds/{guild_id}/members/{user_id}", asking.member),
    Route("GET", "/channels/{channel_id}", asking.channel),
    Route("POST", "/channels/{channel_id}/threads", asking.open_thread),
    Route("POST", "/channels/{channel_id}/typing", sending.typing),
    Route("POST", f"{MESSAGE}/threads", asking.open_from_message),
    Route("PUT", PIN, sending.pin),
    Route("DELETE", PIN, sending.unpin),
    Route("GET", MESSAGES, sending.history),
    Route("POST", MESSAGES, sending.post),
    Route("GET", MESSAGE, sending.get),
    Route("PATCH", MESSAGE, sending.edit),
    Route("DELETE", MESSAGE, sending.delete),
    Route("POST", CALLBACK, answering.callback, is_open=True),
    Route("POST", HOOK, following.post, is_open=True),
    *(
        Route(method, path, do, is_open=True)
        for path in (ORIGINAL, FOLLOWUP)
        for method, do in (
            ("GET", following.get),
            ("PATCH", following.edit),
            ("DELETE", following.delete),
        )
    ),
    *(
        Route(method, path, do)
        for path in (COMMANDS, GUILD_COMMANDS)
        for method, do in (
            ("GET", commanding.show_all),
            ("PUT", commanding.replace_all),
            ("POST", commanding.add),
        )
    ),
    *(
        Route(method, f"{path}/{{command_id}}", do)
        for path in (COMMANDS, GUILD_COMMANDS)
        for method, do in (
            ("GET", commanding.show),
            ("PATCH", commanding.change),
            ("DELETE", commanding.delete),
        )
    ),
]
BY_LENGTH: dict[tuple[str, int], list[tuple[Route, list[str]]]] = {}
for _route in ROUTES:
    _key = (_route.parts[0], len(_route.parts))
    BY_LENGTH.setdefault(_key, []).append((_route, _route.parts))


def find(method: str, path: str) -> tuple[Route | None, dict[str, str], bool]:
    """Return the route of a call, what its path names, and whether the path has other methods."""
    parts = path.strip("/").split("/")
    known = False
    for route, wanted in BY_LENGTH.get((parts[0], len(parts)), []):
        params = _params(wanted, parts)
        if params is None:
            continue
        if route.method == method:
            return route, params, True
        known = True
    return None, {}, known


def _params(wanted: list[str], parts: list[str]) -> dict[str, str] | None:
    """Return what a path names if it is as wanted."""
    found: dict[str, str] = {}
    for want, part in zip(wanted, parts, strict=True):
        if want.startswith("{"):
            found[want[1:-1]] = part
        elif want != part:
            return None
    return found
