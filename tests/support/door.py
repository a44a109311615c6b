"""The pages before one is in, as they are served, and somebody's browser in front of them."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Self

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse
from pyotp.totp import TOTP

from annul.api import factor, login, password
from annul.api.gate import COOKIE, Gate
from annul.desk import second_factor
from annul.desk.access import Access
from annul.serving import serve_http
from tests.support.clock import HeldClock

_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@asynccontextmanager
async def served_door(
    access: Access, certificate: Path | None = None, key: Path | None = None
) -> AsyncIterator[int]:
    """Serve them behind the gate; `/` says who has come in."""
    application = FastAPI()
    secure = certificate is not None
    application.include_router(login.build(access, secure=secure))
    application.include_router(password.build(access, secure=secure))
    application.include_router(factor.build(access))

    @application.get("/", response_class=PlainTextResponse)
    async def inside(request: Request) -> str:
        return request.state.visitor.name

    application.add_middleware(Gate, access=access)
    async with serve_http(application, "127.0.0.1", 0, certificate=certificate, key=key) as port:
        yield port


class Caller:
    """A browser: it keeps its cookies and brings back the token of the page that it posts from.

    A cookie lasts by the clock of its access, which may be held in the past: it is kept all the
    same.
    """

    def __init__(self, port: int) -> None:
        self.http = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60
        )
        self._cookies: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    @property
    def token(self) -> str:
        """What lets it in."""
        return self._cookies.get(COOKIE, "")

    async def get(self, path: str) -> httpx.Response:
        """Open a page."""
        return self._kept(await self.http.get(path, headers=self._headers("test")))

    async def post(self, path: str, agent: str = "test", **fields: str) -> httpx.Response:
        """Send a form, with the token of its page unless one is given."""
        if self.token and "csrf" not in fields:
            found = _CSRF.search((await self.get(path)).text)
            fields |= {"csrf": found[1] if found else ""}
        return self._kept(await self.http.post(path, data=fields, headers=self._headers(agent)))

    def _headers(self, agent: str) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        return {"user-agent": agent, "cookie": cookies}

    def _kept(self, answer: httpx.Response) -> httpx.Response:
        for line in answer.headers.get_list("set-cookie"):
            self._cookies |= {name: one.value for name, one in SimpleCookie(line).items()}
        return answer


async def enrolled(access: Access, name: str) -> tuple[TOTP, tuple[str, ...]]:
    """Give somebody a second factor; the step of its first code is over afterwards."""
    session = await access.open(name)
    visitor = await access.of_session(session.token)
    assert visitor is not None
    proposal = second_factor.propose(access, visitor)
    device = TOTP(proposal.secret)
    code = device.at(access.clock.now())
    codes = await second_factor.enrol(access, visitor, proposal, code, session.token)
    await access.close(session.token)
    assert isinstance(access.clock, HeldClock)
    access.clock.forward(seconds=30)
    return device, codes
