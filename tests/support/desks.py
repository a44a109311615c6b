"""The API as it is served: behind the gate, on a real socket, without the console's pages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import httpx
from fastapi import FastAPI

from annul.api import v1
from annul.api.gate import COOKIE, CSRF_HEADER, Gate
from annul.desk.access import Access
from annul.desk.desk import Desk
from annul.desk.feed import Feed
from annul.desk.roles import Scope
from annul.desk.shared_results import SharedResults
from annul.diagnose.gather import Gatherer
from annul.diagnose.lessons import Lessons
from annul.domain.business_day import Calendar
from annul.resolve.book import Book
from annul.resolve.people import People
from annul.security.vault import Vault
from annul.store.clock import SystemClock

PREFIX = "/api/v1"
EVERYTHING = tuple(Scope)
Headers = dict[str, str]


def make_desk(pool: asyncpg.Pool, **changes: Any) -> Desk:
    clock = changes.get("clock") or SystemClock()
    calendar = Calendar(ZoneInfo("Asia/Shanghai"), time(23, 0))
    vault = Vault(bytes(32))
    book, lessons = Book(pool, timedelta(minutes=15)), Lessons(pool)
    kept = SharedResults(clock.monotonic)
    values: dict[str, Any] = {
        "pool": pool,
        "access": Access(pool, clock, vault),
        "book": book,
        "lessons": lessons,
        "gatherer": Gatherer(pool, calendar, clock),
        "people": People(book, lessons),
        "feed": Feed(pool, clock, first=kept.forget),
        "vault": vault,
        "calendar": calendar,
        "clock": clock,
        "kept": kept,
        "data": Path("/nonexistent"),
        "burst": 10_000,
    }
    return Desk(**(values | changes))


def application_of(desk: Desk) -> FastAPI:
    application = FastAPI(openapi_url=None)
    v1.mount(application, desk)
    application.add_middleware(Gate, access=desk.access)  # pyright: ignore[reportArgumentType]
    return application


@dataclass
class Api:
    """Whoever calls the API: programs with keys, people with sessions."""

    http: httpx.AsyncClient
    desk: Desk

    async def key(self, *scopes: Scope, merchant: str = "") -> Headers:
        _, key = await self.desk.access.new_key("test", scopes or EVERYTHING, merchant, "test")
        return {"authorization": f"Bearer {key}"}

    async def person(self, role: str, merchant: str = "") -> Headers:
        await self.desk.access.add(role, "a longer one of their own", role, merchant)
        session = await self.desk.access.open(role)
        return {"cookie": f"{COOKIE}={session.token}", CSRF_HEADER: session.csrf}

    async def get(self, path: str, headers: Headers, **query: Any) -> Any:
        """Give the body of an answer that must be right."""
        answer = await self.http.get(path, headers=headers, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()


@asynccontextmanager
async def open_api(desk: Desk) -> AsyncIterator[Api]:
    from annul.serving import serve_http

    desk.feed.start()
    async with (
        serve_http(application_of(desk), "127.0.0.1", 0) as port,
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}{PREFIX}", trust_env=False, timeout=70
        ) as http,
    ):
        try:
            yield Api(http, desk)
        finally:
            await desk.feed.stop()
