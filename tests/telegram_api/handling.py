"""One call to the server, from its bytes to its answer."""

from typing import Any

from aiohttp import BodyPartReader, web

from tests.telegram_api import answering, asking, editing, hooking, sending
from tests.telegram_api.body import Method
from tests.telegram_api.fault import (
    BadRequest,
    Fault,
    Forbidden,
    Garbage,
    Hang,
    HangBefore,
    Planned,
    Reset,
    ResetAfter,
    RetryAfter,
    ServerError,
)
from tests.telegram_api.params import Params, Upload
from tests.telegram_api.refusal import Refusal, bad, forbidden, too_fast
from tests.telegram_api.world import Call, World

METHODS: dict[str, Method] = {
    name.lower(): method
    for module in (asking, answering, editing, sending, hooking)
    for name, method in module.METHODS.items()
}
CUT_BYTES = 512
"""Of a request, before its connection is cut."""


async def handle(world: World, method: str, request: web.Request) -> web.StreamResponse:
    """Answer a call."""
    if world.faults.cuts(method):
        await request.content.read(CUT_BYTES)
        _cut(request)
        return web.Response()
    try:
        params = await read(request)
    except Refusal as refusal:
        return _unread(world, method, refusal)
    call = Call(method, params.readable(), world.clock(), _chat_id(params))
    call.files = {name: len(upload.data) for name, upload in params.files.items()}
    world.calls.append(call)
    planned = world.faults.take(method, call.chat_id)
    try:
        if planned is not None:
            await _before(planned.fault, planned, request)
        result = await _result(world, method, params)
        if planned is not None:
            await _after(planned.fault, planned, request)
    except Refusal as refusal:
        call.status, call.description = refusal.status, refusal.description
        if not refusal.benign:
            world.refuse(f"{method}: {refusal.description}")
        return _refused(refusal)
    except _Odd as odd:
        call.status = odd.status
        return odd.response
    finally:
        world.move()
    call.status = 200
    return web.json_response({"ok": True, "result": result})


def _unread(world: World, method: str, refusal: Refusal) -> web.Response:
    """Refuse what is no request at all."""
    world.calls.append(
        Call(method, {}, world.clock(), status=refusal.status, description=refusal.description)
    )
    world.refuse(f"{method}: {refusal.description}")
    world.move()
    return _refused(refusal)


async def read(request: web.Request) -> Params:
    """Return the fields and files of a request.

    Raises:
        Refusal: It cannot be read.
    """
    try:
        return await _read(request)
    except web.HTTPRequestEntityTooLarge as error:
        raise Refusal(413, "Request Entity Too Large") from error
    except UnicodeDecodeError as error:
        raise bad("strings must be encoded in UTF-8") from error
    except (TypeError, ValueError) as error:
        raise bad("can't parse the request") from error


async def _read(request: web.Request) -> Params:
    values: dict[str, Any] = dict(request.query)
    files: dict[str, Upload] = {}
    if request.content_type == "application/json":
        values |= await request.json()
    elif request.content_type.startswith("multipart/"):
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                continue
            name = part.name or ""
            if part.filename:
                kind = part.headers.get("Content-Type", "")
                files[name] = Upload(part.filename, kind, bytes(await part.read()))
            else:
                values[name] = await part.text()
    else:
        values |= dict(await request.post())
    return Params(values, files)


async def _result(world: World, method: str, params: Params) -> Any:
    if method.lower() == "getupdates":
        return await _updates(world, params)
    found = METHODS.get(method.lower())
    if found is None:
        raise Refusal(404, "Not Found")
    world.flood.check_all()
    world.known_faults(world.spec.faults_of_request(method, params), method)
    try:
        result = found(world, params)
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        raise bad(f"can't parse the request: {error!r}") from error
    world.known_faults(world.spec.faults_of_answer(method, result), method)
    return result


async def _updates(world: World, params: Params) -> Any:
    if world.hook is not None:
        raise Refusal(
            409,
            "Conflict: can't use getUpdates method while webhook is active; "
            "use deleteWebhook to delete the webhook first",
            benign=True,
        )
    world.known_faults(world.spec.faults_of_request("getUpdates", params), "getUpdates")
    limit = 100 if params.integer("limit") is None else params.integer("limit")
    if limit is None or not 1 <= limit <= 100:
        raise bad("limit must be 1-100")
    world.updates.allow(params.array("allowed_updates") if params.has("allowed_updates") else None)
    offset, timeout_s = params.integer("offset") or 0, params.integer("timeout") or 0
    return await world.updates.poll(offset, limit, timeout_s)


class _Odd(Exception):
    """Something else than an answer; its status is 0 where none arrives."""

    def __init__(self, response: web.Response | None = None) -> None:
        super().__init__()
        self.response = response or web.Response()
        self.status = 0 if response is None else response.status


async def _before(fault: Fault, planned: Planned, request: web.Request) -> None:
    """Do what a fault does before anything is done."""
    match fault:
        case RetryAfter(seconds):
            raise too_fast(seconds)
        case ServerError(status, body):
            raise _Odd(web.Response(status=status, text=body, content_type="text/html"))
        case Forbidden(text):
            raise forbidden(text)
        case BadRequest(text):
            raise bad(text, benign=True)
        case Reset():
            _cut(request)
            raise _Odd
        case HangBefore():
            await planned.released.wait()
            _cut(request)
            raise _Odd
        case _:
            return


async def _after(fault: Fault, planned: Planned, request: web.Request) -> None:
    """Do what a fault does when all is done."""
    match fault:
        case Garbage(body):
            raise _Odd(web.Response(body=body, content_type="application/json"))
        case ResetAfter():
            _cut(request)
            raise _Odd
        case Hang():
            await planned.released.wait()
            _cut(request)
            raise _Odd
        case _:
            return


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _refused(refusal: Refusal) -> web.Response:
    body: dict[str, Any] = {
        "ok": False,
        "error_code": refusal.status,
        "description": refusal.description,
    }
    if refusal.parameters:
        body["parameters"] = refusal.parameters
    return web.json_response(body, status=refusal.status)


def _chat_id(params: Params) -> int | None:
    value = str(params.values.get("chat_id", ""))
    return int(value) if value.lstrip("-").isdigit() else None
