"""Webhooks: where updates are brought to."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import ClientError, ClientSession, ClientTimeout

from tests.telegram_api.body import Method
from tests.telegram_api.params import Params
from tests.telegram_api.refusal import Json, bad
from tests.telegram_api.world import World

SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
AGAIN_S = 0.2
"""After an answer that was none."""


@dataclass(frozen=True, slots=True)
class Hook:
    """Where to."""

    url: str
    secret: str


def set_webhook(world: World, params: Params) -> bool:
    url, secret = params.text("url"), params.text("secret_token")
    if secret and not SECRET.fullmatch(secret):
        raise bad("secret token contains unallowed characters")
    if url and not url.startswith(("https://", "http://127.0.0.1:")):
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    world.updates.allow(params.array("allowed_updates") if params.has("allowed_updates") else None)
    world.hook = Hook(url, secret) if url else None
    world.updates.arrived.set()
    return True


def delete_webhook(world: World, params: Params) -> bool:
    if params.flag("drop_pending_updates"):
        world.updates.pending.clear()
    world.hook = None
    return True


def get_webhook_info(world: World, _params: Params) -> Json:
    return {
        "url": "" if world.hook is None else world.hook.url,
        "has_custom_certificate": False,
        "pending_update_count": len(world.updates.pending),
    }


@asynccontextmanager
async def bringing(world: World) -> AsyncGenerator[None]:
    """Bring updates to the webhook meanwhile, each until it is taken."""
    async with ClientSession(timeout=ClientTimeout(total=10)) as session:
        task = asyncio.ensure_future(_bring(world, session))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])


async def _bring(world: World, session: ClientSession) -> None:
    while True:
        world.updates.arrived.clear()
        while world.hook is not None and world.updates.pending:
            update = world.updates.pending[0]
            if await _brought(world.hook, update.raw, session):
                world.updates.pending.remove(update)
            else:
                await asyncio.sleep(AGAIN_S)
        await world.updates.arrived.wait()


async def _brought(hook: Hook, update: Json, session: ClientSession) -> bool:
    headers = {"X-Telegram-Bot-Api-Secret-Token": hook.secret} if hook.secret else {}
    try:
        async with session.post(hook.url, json=update, headers=headers) as answer:
            return 200 <= answer.status < 300
    except (ClientError, TimeoutError):
        return False


METHODS: dict[str, Method] = {
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": get_webhook_info,
}
