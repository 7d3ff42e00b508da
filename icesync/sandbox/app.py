"""The sandbox on the web: HTTP requests to calls, answers to HTTP responses. A bare ASGI app, for speed."""

import asyncio
from http import HTTPStatus

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from icesync.sandbox.answers import Answer, Drop, Refusal, refused
from icesync.sandbox.api import GraphApi
from icesync.sandbox.call import Call, Endpoint, routed
from icesync.sandbox.guide import guide
from icesync.sandbox.rules import MAX_BODY


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
    found = routed(path)
    if not found:
        unknown = Refusal(2500, f"Unknown path components: {path}", status=HTTPStatus.NOT_FOUND)
        return _response(refused(unknown))
    endpoint, account = found
    body = await _body(request)
    if seconds := api.world.wait(endpoint):
        await asyncio.sleep(seconds)
    token = _token(request, endpoint)
    answer = api.handle(Call(request.method, account, token, request.query_params, body, endpoint))
    return answer if isinstance(answer, Drop) else _response(answer)


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, answer.headers, answer.media_type)


def _token(request: Request, endpoint: Endpoint) -> str | None:
    """A refresh documents the query alone; elsewhere the header goes first."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and endpoint != "refresh":
        return token.strip()
    return request.query_params.get("access_token")


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
