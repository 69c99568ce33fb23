"""One call to the server, from its bytes to its answer."""

from typing import Any

import msgspec.json
from aiohttp import web

from tests.discord_api.fault import (
    ApiError,
    CloudflarePage,
    Garbage,
    Hang,
    HangBefore,
    Hold,
    HoldBefore,
    Planned,
    RateLimited,
    Reset,
    ResetAfter,
    ServerError,
)
from tests.discord_api.limit import VIA, too_fast
from tests.discord_api.refusal import NOTHING, WORDS, Refusal, form_fault, unauthorized
from tests.discord_api.request import Reply, Request, read
from tests.discord_api.route import Route, find
from tests.discord_api.world import Call, World

CUT_BYTES = 512
"""Of a request, before its connection is cut."""
UNKNOWN = "/{unknown}"
BANNED = CloudflarePage()


async def handle(world: World, request: web.Request) -> web.StreamResponse:
    """Answer a call."""
    path = f"/{request.match_info['path']}"
    route, params, known = find(request.method, path)
    name = UNKNOWN if route is None else route.template
    if world.limits.banned:
        return _page(429, BANNED.body, {"Retry-After": str(BANNED.seconds)})
    if world.faults.cuts(request.method, name):
        await request.content.read(CUT_BYTES)
        _cut(request)
        return web.Response()
    call = Call(request.method, name, path, None, world.clock(), _channel_id(world, params))
    try:
        asked = await _read(world, request, params, call)
        response = await _answered(world, route, asked, call, request, known=known)
    except Refusal as refusal:
        response = _refused(world, call, refusal)
    finally:
        world.move()
    call.status = 0 if response.body is None and response.status == 200 else response.status
    world.limits.count(call.status, dict(response.headers))
    return response


async def _read(world: World, request: web.Request, params: dict[str, str], call: Call) -> Request:
    """Read a request, and note the call before it is done."""
    try:
        asked = await read(request, params)
        call.json = asked.json
        call.files = {upload.filename: len(upload.data) for upload in asked.files.values()}
    finally:
        world.calls.append(call)
        world.hear(call)
    return asked


async def _answered(
    world: World,
    route: Route | None,
    asked: Request,
    call: Call,
    request: web.Request,
    *,
    known: bool,
) -> web.Response:
    """Do what is asked, and what goes wrong with it."""
    planned = world.faults.take(call.method, call.route, call.channel_id)
    try:
        if planned is not None:
            await _before(world, planned, request)
        if route is None:
            raise Refusal(405 if known else 404, NOTHING, _unknown(known=known))
        if not route.is_open and request.headers.get("Authorization") != f"Bot {world.token}":
            raise unauthorized()
        headers = world.limits.take(call.method, call.route, _major(asked))
        status, body = _done(world, route, asked)
        if planned is not None:
            await _after(world, planned, request)
    except _Odd as odd:
        return odd.response
    if body is None:
        return web.Response(status=204, headers=headers)
    data = msgspec.json.encode(body)
    return web.Response(body=data, status=status, headers=headers, content_type="application/json")


def _done(world: World, route: Route, asked: Request) -> tuple[int, Any]:
    """Do a call, and hold it and its answer against the description."""
    method, template = route.method, route.template
    name = f"{method} {template}"
    if world.spec.there:
        found = world.spec.faults_of_request(method, template, asked.json)
        world.known_faults(found, name)
    try:
        result = route.do(world, asked)
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        raise form_fault("", "FAKE", f"it cannot be read: {error!r}") from error
    status, body = result if isinstance(result, Reply) else (200, result)
    if world.spec.there:
        found = world.spec.faults_of_answer(method, template, status, body)
        world.known_faults((f"the fake's own answer: {fault}" for fault in found), name)
    return status, body


def _major(asked: Request) -> str:
    """Return what has a limit of its own."""
    return asked.params.get("webhook_token") or asked.params.get("channel_id", "")


def _channel_id(world: World, params: dict[str, str]) -> int | None:
    """Return where a call is about, if that is known."""
    token = params.get("webhook_token") or params.get("interaction_token", "")
    interaction = world.tokens.get(token)
    if interaction is not None:
        return interaction.channel.id
    number = params.get("channel_id", "")
    return int(number) if number.isdigit() else None


def _unknown(*, known: bool) -> str:
    return "405: Method Not Allowed" if known else "404: Not Found"


def _refused(world: World, call: Call, refusal: Refusal) -> web.Response:
    call.code, call.description = refusal.code, refusal.words
    if not refusal.benign:
        where = call.path if call.route == UNKNOWN else call.route
        world.refuse(f"{call.method} {where}: {refusal.words}")
    return web.Response(
        body=msgspec.json.encode(refusal.raw),
        status=refusal.status,
        headers=refusal.headers,
        content_type="application/json",
    )


class _Odd(Exception):
    """Something else than an answer; without a body where none arrives."""

    def __init__(self, response: web.Response | None = None) -> None:
        super().__init__()
        self.response = response or web.Response()


async def _before(world: World, planned: Planned, request: web.Request) -> None:
    """Do what a fault does before anything is done."""
    match planned.fault:
        case RateLimited(seconds, scope, global_):
            raise too_fast(seconds, "global" if global_ else scope, {}, global_=global_)
        case CloudflarePage(seconds, body):
            raise _Odd(_page(429, body, {"Retry-After": str(seconds)}))
        case ServerError(status, body):
            raise _Odd(_page(status, body, VIA))
        case ApiError(status, code, message):
            words = message or WORDS.get(code, "Something went wrong")
            raise Refusal(status, code, words, benign=True)
        case Reset():
            _cut(request)
            raise _Odd
        case HangBefore():
            await world.faults.released(planned)
            _cut(request)
            raise _Odd
        case HoldBefore():
            await world.faults.released(planned)
        case _:
            return


async def _after(world: World, planned: Planned, request: web.Request) -> None:
    """Do what a fault does when all is done."""
    match planned.fault:
        case Garbage(body):
            raise _Odd(web.Response(body=body, content_type="application/json"))
        case ResetAfter():
            _cut(request)
            raise _Odd
        case Hang():
            await world.faults.released(planned)
            _cut(request)
            raise _Odd
        case Hold():
            await world.faults.released(planned)
        case _:
            return


def _page(status: int, body: str, headers: dict[str, str]) -> web.Response:
    return web.Response(status=status, text=body, content_type="text/html", headers=headers)


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
