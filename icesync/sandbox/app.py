"""The sandbox on the web: HTTP requests to calls, answers to HTTP responses. A bare ASGI app, for speed."""

import asyncio
import re
from http import HTTPStatus
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from icesync.sandbox.answers import Answer, Drop, Refusal, refused
from icesync.sandbox.api import Call, GraphApi
from icesync.sandbox.guide import guide
from icesync.sandbox.rules import MAX_BODY

_PROFILE: Final = re.compile(r"/v[0-9]+\.[0-9]+/([^/]+)/messenger_profile/?")


def web_app(api: GraphApi) -> ASGIApp:
    """The app that plays this API. Its server must put `hang_up(Drop)` into the request's state."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        try:
            answer = await _answer(api, request)
        except ClientDisconnect:
            return
        if isinstance(answer, Drop):
            await _hang_up(request, answer)
        else:
            await answer(scope, receive, send)

    return app


async def _answer(api: GraphApi, request: Request) -> Response | Drop:
    path = request.scope["path"]
    if path == "/" and request.method in ("GET", "HEAD"):
        return PlainTextResponse(guide(str(request.base_url).rstrip("/")))
    profile = _PROFILE.fullmatch(path)
    if not profile:
        unknown = Refusal(2500, f"Unknown path components: {path}", status=HTTPStatus.NOT_FOUND)
        return _response(refused(unknown))
    body = await _body(request)
    if api.world.latency:
        await asyncio.sleep(api.world.latency / 1000)
    answer = api.handle(Call(request.method, profile[1], _token(request), request.query_params, body))
    return answer if isinstance(answer, Drop) else _response(answer)


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, answer.headers, answer.media_type)


def _token(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else request.query_params.get("access_token")


async def _body(request: Request) -> bytes:
    """The body, or as much of it as shows that it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            break
    return bytes(body)


async def _hang_up(request: Request, drop: Drop) -> None:
    """Cut the connection and wait until it is gone: a server whose client has left expects no answer."""
    request.scope["state"]["hang_up"](drop)
    while (await request.receive())["type"] != "http.disconnect":
        pass
