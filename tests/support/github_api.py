"""GitHub's API as far as icesync speaks it, with the limits of GitHub's manual: who may write, how long a
text may be, how long a page is, and how a rate limit tells of itself."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

LONGEST_BODY: Final = 65_536
LONGEST_TITLE: Final = 256
BOT: Final = "github-actions[bot]"
NO_RIGHT: Final = "Resource not accessible by integration"


@dataclass(frozen=True)
class Holder:
    """Who a token is, and what it may write: `issues`, `pull-requests`, or nothing."""

    login: str = BOT
    writes: frozenset[str] = frozenset({"issues", "pull-requests"})


@dataclass(frozen=True)
class Fault:
    """What the next call gets instead of its answer. `done`: it is carried out all the same."""

    status: int
    message: str = "out of order"
    headers: tuple[tuple[str, str], ...] = ()
    done: bool = False


@dataclass
class GitHubApi:
    """One repository. Issue and pull request numbers share one count, as GitHub's do."""

    repository: str = "acme/shops"
    tokens: dict[str, Holder] = field(default_factory=lambda: {"job-token": Holder()})
    comments: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    faults_of: dict[tuple[str, str], list[Fault]] = field(default_factory=dict)
    has_issues: bool = True
    drops_labels: bool = False
    url: str = ""

    def forget(self) -> None:
        """Be as at the beginning, for the next test."""
        vars(self).update(vars(GitHubApi(url=self.url)))

    @staticmethod
    def reader() -> Holder:
        """Who the token of a pull request from a fork is."""
        return Holder(writes=frozenset())

    def bodies(self, number: int) -> list[str]:
        return [each["body"] for each in self.comments if each["issue"] == number]

    def open_issues(self) -> list[dict[str, Any]]:
        return [each for each in self.issues if each["state"] == "open" and "pull_request" not in each]

    def add_comment(self, number: int, login: str, body: str) -> dict[str, Any]:
        found = {"id": 1000 + len(self.comments), "issue": number, "user": {"login": login}, "body": body}
        self.comments.append(found)
        return found

    def add_issue(self, login: str, title: str, body: str, labels: list[str], **more: Any) -> dict[str, Any]:
        found = {
            "number": 100 + len(self.issues),
            "user": {"login": login},
            "title": title,
            "body": body,
            "state": "open",
            "labels": [{"name": name} for name in labels],
            **more,
        }
        self.issues.append(found)
        return found

    def app(self) -> Starlette:
        root = f"/repos/{self.repository}"
        return Starlette(
            routes=[
                Route("/graphql", self._guarded(self._viewer, ""), methods=["POST"]),
                Route(f"{root}/issues", self._guarded(self._list_issues, ""), methods=["GET"]),
                Route(f"{root}/issues", self._guarded(self._open_issue, "issues"), methods=["POST"]),
                Route(
                    f"{root}/issues/{{n:int}}", self._guarded(self._edit_issue, "issues"), methods=["PATCH"]
                ),
                Route(f"{root}/issues/{{n:int}}/comments", self._guarded(self._list, ""), methods=["GET"]),
                Route(
                    f"{root}/issues/{{n:int}}/comments", self._guarded(self._comment, "any"), methods=["POST"]
                ),
                Route(
                    f"{root}/issues/comments/{{n:int}}", self._guarded(self._edit, "any"), methods=["PATCH"]
                ),
            ]
        )

    def _guarded(self, answer: Callable[[Request, Holder, Any], Response], right: str) -> Any:
        """The endpoint behind what every endpoint has before it."""

        async def endpoint(request: Request) -> Response:
            self.calls.append((request.method, request.url.path))
            body = await request.json() if request.method in ("POST", "PATCH") else None
            holder = self.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
            faults = self.faults or self.faults_of.get(self.calls[-1])
            if fault := faults.pop(0) if faults else None:
                if fault.done and holder:
                    answer(request, holder, body)
                return _refusal(fault.status, fault.message, dict(fault.headers))
            if not request.headers.get("user-agent"):
                return _refusal(403, "Request forbidden by administrative rules.")
            if holder is None:
                return _refusal(401, "Bad credentials")
            if right and not (holder.writes if right == "any" else holder.writes & {right}):
                return _refusal(403, NO_RIGHT)
            if "/issues" in request.url.path and right == "issues" and not self.has_issues:
                return _refusal(410, "Issues has been disabled in this repository.")
            return _too_long(body) or answer(request, holder, body)

        return endpoint

    def _viewer(self, request: Request, holder: Holder, body: Any) -> Response:
        return JSONResponse({"data": {"viewer": {"login": holder.login}}})

    def _list(self, request: Request, holder: Holder, body: Any) -> Response:
        found = [each for each in self.comments if each["issue"] == request.path_params["n"]]
        return self._page(request, found)

    def _comment(self, request: Request, holder: Holder, body: Any) -> Response:
        return JSONResponse(self.add_comment(request.path_params["n"], holder.login, body["body"]), 201)

    def _edit(self, request: Request, holder: Holder, body: Any) -> Response:
        return _edited(self.comments, "id", request.path_params["n"], body)

    def _list_issues(self, request: Request, holder: Holder, body: Any) -> Response:
        state = request.query_params.get("state", "open")
        wanted = set(filter(None, request.query_params.get("labels", "").split(",")))
        creator = request.query_params.get("creator")
        return self._page(
            request,
            [
                each
                for each in self.issues
                if state in ("all", each["state"])
                and wanted <= {label["name"] for label in each["labels"]}
                and creator in (None, each["user"]["login"])
            ],
        )

    def _open_issue(self, request: Request, holder: Holder, body: Any) -> Response:
        labels = [] if self.drops_labels else body.get("labels", [])
        return JSONResponse(self.add_issue(holder.login, body["title"], body["body"], labels), 201)

    def _edit_issue(self, request: Request, holder: Holder, body: Any) -> Response:
        return _edited(self.issues, "number", request.path_params["n"], body)

    def _page(self, request: Request, found: list[dict[str, Any]]) -> Response:
        """30 entries a page, up to 100 if asked for, and a link to the next one."""
        query = request.query_params
        size, page = min(int(query.get("per_page", 30)), 100), int(query.get("page", 1))
        headers = {"x-ratelimit-remaining": "4999"}
        if len(found) > size * page:
            following = urlencode({**query, "page": page + 1})
            headers["link"] = f'<{self.url}{request.url.path}?{following}>; rel="next"'
        return JSONResponse(found[size * (page - 1) : size * page], headers=headers)


def _edited(entries: list[dict[str, Any]], key: str, number: int, body: Any) -> Response:
    for each in entries:
        if each[key] == number:
            each.update(body)
            return JSONResponse(each)
    return _refusal(404, "Not Found")


def _refusal(status: int, message: str, headers: dict[str, str] | None = None, **more: Any) -> Response:
    return JSONResponse({"message": message, **more}, status, headers)


def _too_long(body: Any) -> Response | None:
    if body and len(body.get("body") or "") > LONGEST_BODY:
        message = f"body is too long (maximum is {LONGEST_BODY} characters)"
        return _refusal(422, "Validation Failed", errors=[{"message": message}])
    if body and len(body.get("title") or "") > LONGEST_TITLE:
        message = f"title is too long (maximum is {LONGEST_TITLE} characters)"
        return _refusal(422, "Validation Failed", errors=[{"message": message}])
    return None


@contextmanager
def github() -> Iterator[GitHubApi]:
    """The API in a thread, for as long as the block lasts."""
    api = GitHubApi()
    config = uvicorn.Config(
        api.app(), log_config=None, log_level="critical", lifespan="off", timeout_graceful_shutdown=1
    )
    server, listener = uvicorn.Server(config), socket.create_server(("127.0.0.1", 0))
    api.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
