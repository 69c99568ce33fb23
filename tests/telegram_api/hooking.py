"""Webhooks: where updates are brought to."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout

from tests.telegram_api.body import Method
from tests.telegram_api.params import Params
from tests.telegram_api.refusal import Json, bad
from tests.telegram_api.update import Update
from tests.telegram_api.world import Hook, World

SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
Queue = tuple[str, int]
"""What is brought one after the other: the messages of a chat, the presses of a person."""
Tasks = dict[Queue, asyncio.Task[None]]
PORTS = {443, 80, 88, 8443}
AGAIN_S = 0.2
"""After an answer that was none."""


def set_webhook(world: World, params: Params) -> bool:
    url, secret = params.text("url"), params.text("secret_token")
    if secret and not SECRET.fullmatch(secret):
        raise bad("secret token contains unallowed characters")
    most = params.integer("max_connections")
    if most is not None and not 1 <= most <= 100:
        raise bad("max_connections must be 1-100")
    _check_address(url)
    world.updates.allow(params.array("allowed_updates") if params.has("allowed_updates") else None)
    if params.flag("drop_pending_updates"):
        world.updates.pending.clear()
    world.hook = Hook(url, secret, most or 40) if url else None
    world.updates.arrived.set()
    return True


def _check_address(url: str) -> None:
    """Refuse where Telegram does not go; the fake goes to any port of this machine."""
    address = urlsplit(url)
    if not url or (address.scheme == "http" and address.hostname == "127.0.0.1"):
        return
    if address.scheme != "https":
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    if (address.port or 443) not in PORTS:
        raise bad("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")


def delete_webhook(world: World, params: Params) -> bool:
    if params.flag("drop_pending_updates"):
        world.updates.pending.clear()
    world.hook = None
    return True


def get_webhook_info(world: World, _params: Params) -> Json:
    hook = world.hook
    told: Json = {
        "url": "" if hook is None else hook.url,
        "has_custom_certificate": False,
        "pending_update_count": len(world.updates.pending),
    }
    if hook is not None:
        told["max_connections"] = hook.most
        if hook.error:
            told |= {"last_error_date": hook.error_date, "last_error_message": hook.error}
    if world.updates.allowed is not None:
        told["allowed_updates"] = sorted(world.updates.allowed)
    return told


@asynccontextmanager
async def bringing(world: World) -> AsyncGenerator[None]:
    """Bring updates to the webhook meanwhile, each until it is taken."""
    async with ClientSession(timeout=ClientTimeout(total=10)) as session:
        porter = _Porter(world, session)
        task = asyncio.ensure_future(porter.run())
        try:
            yield
        finally:
            tasks = {task, *porter.under_way.values()}
            for one in tasks:
                one.cancel()
            await asyncio.wait(tasks)


@dataclass(slots=True)
class _Porter:
    """Brings the updates of one chat one after the other, those of several at the same time."""

    world: World
    session: ClientSession
    under_way: Tasks = field(default_factory=Tasks)

    async def run(self) -> None:
        while True:
            self.world.updates.arrived.clear()
            hook = self.world.hook
            self.world.updates.forget_old()
            for update in list(self.world.updates.pending if hook is not None else ()):
                about = _queue(update)
                if about in self.under_way or hook is None or len(self.under_way) >= hook.most:
                    continue
                task = asyncio.ensure_future(self._bring(hook, update, about))
                self.under_way[about] = task
            await self.world.updates.arrived.wait()

    async def _bring(self, hook: Hook, update: Update, about: Queue) -> None:
        """Bring one update, or wait a moment until it is tried again."""
        fault = await self._fault_of(hook, update.raw)
        if not fault:
            if update in self.world.updates.pending:
                self.world.updates.pending.remove(update)
        else:
            hook.error, hook.error_date = fault, self.world.date
            await asyncio.sleep(AGAIN_S)
        del self.under_way[about]
        self.world.updates.arrived.set()
        self.world.move()

    async def _fault_of(self, hook: Hook, update: Json) -> str:
        headers = {"X-Telegram-Bot-Api-Secret-Token": hook.secret} if hook.secret else {}
        try:
            async with self.session.post(hook.url, json=update, headers=headers) as answer:
                body = await answer.read()
        except (ClientError, TimeoutError) as error:
            return f"Connection failed: {error!r}"
        if 200 <= answer.status < 300:
            if b'"method"' in body:
                self.world.refuse("the fake takes no method in the answer to an update")
            return ""
        return f"Wrong response from the webhook: {answer.status} {answer.reason}"


def _queue(update: Update) -> Queue:
    """Return in which queue an update waits: what waits in several may come in any order."""
    about: Any = update.payload.get("chat") or update.payload.get("from")
    kind = "message" if "message_id" in update.payload else update.kind
    return kind, 0 if about is None else int(about["id"])


METHODS: dict[str, Method] = {
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": get_webhook_info,
}
