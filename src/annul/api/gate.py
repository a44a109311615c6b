"""The gate before console and API: who asks, and what a browser is told to allow.

An ASGI middleware, so that it stands before pages, calls, server-sent events and websockets alike.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import replace
from functools import partial
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlsplit

from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response

from annul.desk.access import Access
from annul.desk.roles import Step, Visitor
from annul.store.batcher import LOST

from .problems import problem
from .watched import Watched

Scoped = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scoped, Receive, Send], Awaitable[None]]

COOKIE: Final = "annul_session"
CSRF_HEADER: Final = "x-csrf-token"
API: Final = "/api/"
# Open to everybody: they show nothing of anybody.
_OPEN: Final = frozenset(
    {"/login", "/reset", "/health", "/api/v1/openapi.json", "/api/v1/health", "/favicon.ico"}
)
_OPEN_FOLDERS: Final = ("/assets/", "/_nicegui/")
# Before their step is done nobody reaches anything but where it is done, and the way out.
_STEPS: Final[Mapping[Step, tuple[str, Response]]] = {
    Step.CODE: (
        "/login/code",
        problem(
            403,
            "access.code",
            "This sign-in awaits the code of a second factor.",
            "Give it at /login/code.",
        ),
    ),
    Step.PASSWORD: (
        "/password",
        problem(
            403,
            "access.one_time",
            "This is a one-time password.",
            "Choose one of your own at /password.",
        ),
    ),
    Step.FACTOR: (
        "/factor",
        problem(
            403,
            "access.factor",
            "This role takes a second factor.",
            "Set one up at /factor.",
        ),
    ),
}
_OUT: Final = "/logout"
_EVENT: Final = '42["event"'  # how socket.io begins what somebody did on a page
_CHANGES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# Forms that check their own token or the origin.
_FORMS: Final = frozenset(
    {"/login", "/reset", "/factor", "/factor/remove", _OUT, *(path for path, _ in _STEPS.values())}
)

# NiceGUI brings its pages to life with inline scripts and compiles templates in the browser.
_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_HEADERS: Final = {
    b"content-security-policy": _POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"x-frame-options": b"DENY",
}


_AWAY: Final = problem(
    503,
    "store.unavailable",
    "The database is away, so nothing was done. No money has moved.",
    "Try again in a minute; the host waits for it.",
)


class Gate:
    """Lets nobody in who is not known; what it knows stands in `scope["state"]["visitor"]`.

    Beside it stands `still`, for answers that last: awaited, it says whether the visitor may still
    do what they might before.
    `owner_of` gives whose page a socket is for, by what its browser says: another's session may not
    take it over. `away` is what a browser is shown in place of a page while the database is away.
    """

    def __init__(
        self,
        application: Application,
        access: Access,
        owner_of: Callable[[str], str | None] = lambda _: None,
        away: Callable[[Request], Response] = lambda _: _AWAY,
    ) -> None:
        self._application = application
        self._access = access
        self._owner_of = owner_of
        self._away = away

    async def __call__(self, scope: Scoped, receive: Receive, send: Send) -> None:
        """Serve one request or websocket."""
        if scope["type"] not in {"http", "websocket"}:
            await self._application(scope, receive, send)
            return
        path = scope["path"]
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        try:
            visitor = await self._visitor(scope, headers, fresh=scope.get("method") in _CHANGES)
        except LOST:
            visitor = None
            scope.setdefault("state", {})["visitor"] = None
            page = scope["type"] == "http" and not path.startswith(API)
            refusal = self._away(Request(scope)) if page else _AWAY
        else:
            refusal = self._refusal(scope, path, headers, visitor)
            if scope["type"] == "websocket" and visitor is not None and refusal is None:
                refusal = self._of_another(scope, visitor)
        scope.setdefault("state", {})["visitor"] = visitor
        if visitor is not None:
            scope["state"]["still"] = partial(self._still, scope, headers, visitor, fresh=True)
        if refusal is None and scope["type"] == "websocket" and visitor is not None:
            await self._while_known(scope, receive, send, headers, visitor)
        elif refusal is None:
            await self._application(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 4401})
        else:
            await refusal(scope, receive, _with_headers(send))

    async def _visitor(
        self, scope: Scoped, headers: dict[str, str], *, acts: bool = True, fresh: bool = False
    ) -> Visitor | None:
        kind, _, key = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return await self._access.of_key(key, address_of(HTTPConnection(scope)), fresh=fresh)
        token = cookie(headers.get("cookie", ""), COOKIE)
        return await self._access.of_session(token, acts=acts, fresh=fresh) if token else None

    def _of_another(self, scope: Scoped, visitor: Visitor) -> Response | None:
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        owner = self._owner_of(asked.get("client_id", [""])[0])
        return None if owner is None or owner == visitor.csrf else Response(status_code=403)

    async def _while_known(
        self,
        scope: Scoped,
        receive: Receive,
        send: Send,
        headers: dict[str, str],
        visitor: Visitor,
    ) -> None:
        """Serve a socket for as long as its session is open and may do what it might before."""

        async def still(message: MutableMapping[str, Any] | None) -> bool:
            acts = message is not None and str(message.get("text") or "").startswith(_EVENT)
            return await self._still(scope, headers, visitor, acts=acts, fresh=acts)

        async with Watched(receive, send, still) as line:
            await self._application(scope, line.receive, _with_headers(send))

    async def _still(
        self,
        scope: Scoped,
        headers: dict[str, str],
        visitor: Visitor,
        *,
        acts: bool = False,
        fresh: bool,
    ) -> bool:
        try:
            return _same(visitor, await self._visitor(scope, headers, acts=acts, fresh=fresh))
        except LOST:
            return not acts  # what it would do needs the database too

    @staticmethod
    def _refusal(
        scope: Scoped, path: str, headers: dict[str, str], visitor: Visitor | None
    ) -> Response | None:
        """Give the answer for those who may not pass, None for those who may."""
        if visitor is None:
            return None if _is_open(path) else _unknown(scope, path)
        if scope["type"] == "websocket" and not same_origin(headers):
            return Response(status_code=403)
        if visitor.step and path not in {_STEPS[visitor.step][0], _OUT} and not _is_open(path):
            return _first(path, visitor.step)
        changes = scope.get("method") in _CHANGES and path not in _FORMS
        if changes and visitor.csrf and headers.get(CSRF_HEADER) != visitor.csrf:
            return problem(
                403,
                "access.csrf",
                "The request did not come from a page of annul.",
                "Reload the page, or use a key.",
            )
        return None


def _same(one: Visitor, other: Visitor | None) -> bool:
    """Say whether somebody may still do what they might before, in whatever language."""
    return other is not None and replace(other, language=one.language) == one


def _is_open(path: str) -> bool:
    return path in _OPEN or path.startswith(_OPEN_FOLDERS)


def _unknown(scope: Scoped, path: str) -> Response:
    if path.startswith(API):
        return problem(
            401,
            "access.unknown",
            "Nobody is known by this key or session.",
            "Send Authorization: Bearer KEY, or sign in.",
        )
    query = scope.get("query_string", b"").decode("latin-1")
    there = quote(f"{path}?{query}" if query else path, safe="")
    return RedirectResponse(f"/login?next={there}", 303)


def _first(path: str, step: Step) -> Response:
    there, refusal = _STEPS[step]
    return refusal if path.startswith(API) else RedirectResponse(there, 303)


def address_of(request: HTTPConnection) -> str:
    """Give where a request comes from, empty when that is not known."""
    return request.client.host if request.client else ""


def same_origin(headers: dict[str, str]) -> bool:
    """Say whether a browser sends this from a page of the host that it asks."""
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def cookie(header: str, name: str) -> str:
    """Give the value of a cookie, empty when it is not there."""
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def _with_headers(send: Send) -> Send:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            there = {name.lower() for name, _ in message["headers"]}
            extra = [(name, value) for name, value in _HEADERS.items() if name not in there]
            message["headers"] = [*message["headers"], *extra]
        await send(message)

    return sending
