"""A merchant's program that gets webhooks, and the tables and workers that send them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from fastapi import FastAPI, Request, Response

from annul.resolve.notify.webhooks import Deliverer, DeliveryPace, new_secret
from annul.security.vault import Vault
from annul.serving import serve_http
from tests.support.clock import HeldClock

MERCHANT, OTHER = "898000058120001", "898000058120002"
PACE = DeliveryPace(poll_s=0.01)


@dataclass
class Got:
    """One message that a receiver got."""

    headers: dict[str, str]
    body: bytes

    @property
    def delivery(self) -> str:
        return self.headers["annul-delivery"]


@dataclass
class Receiver:
    """A merchant's program: keeps what it gets and answers as told, 200 by default."""

    port: int = 0
    got: list[Got] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)  # the last one stays
    held: asyncio.Event | None = None  # no answer before it is set
    most: int = 0
    _open: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/annul?shop=1"

    def application(self) -> FastAPI:
        application = FastAPI(openapi_url=None)

        @application.post("/annul")
        async def take(request: Request) -> Response:
            self._open += 1
            self.most = max(self.most, self._open)
            self.got.append(Got(dict(request.headers), await request.body()))
            if self.held is not None:
                await self.held.wait()
            self._open -= 1
            code = self.answers.pop(0) if len(self.answers) > 1 else (self.answers or [200])[0]
            where = {"location": f"http://127.0.0.1:{self.port}/elsewhere"}
            return Response(status_code=code, headers=where if code == 302 else None)

        return application

    @asynccontextmanager
    async def listening(self, **more: Any) -> AsyncIterator["Receiver"]:
        async with serve_http(self.application(), "127.0.0.1", self.port, **more) as port:
            self.port = port
            yield self


class Hooks:
    """Merchants with webhooks and notifications, and workers that deliver them."""

    def __init__(self, pool: asyncpg.Pool, clock: HeldClock) -> None:
        self.pool = pool
        self.clock = clock
        self.vault = Vault(bytes(32))
        self.workers: list[Deliverer] = []
        self.secrets: dict[UUID, str] = {}

    def start(self, pace: DeliveryPace = PACE, **more: Any) -> Deliverer:
        worker = Deliverer(self.pool, self.vault, self.clock, random=lambda: 1.0, pace=pace, **more)
        self.workers.append(worker)
        worker.start()
        return worker

    async def open(self) -> None:
        """Write the merchants."""
        for merchant in (MERCHANT, OTHER):
            await self.pool.execute(
                "INSERT INTO merchants (merchant_id, name_zh, name_en, category)"
                " VALUES ($1, '一号店', 'Shop One', '5411')",
                merchant,
            )

    async def close(self) -> None:
        """Stop the workers at once."""
        for worker in self.workers:
            await worker.stop(0.0)

    async def add(self, url: str, merchant: str = MERCHANT, *, inside: bool = True) -> UUID:
        identity = uuid4()
        self.secrets[identity] = new_secret()
        await self.pool.execute(
            "INSERT INTO webhooks (merchant_id, id, url, secret, inside, created_by, created_at)"
            " VALUES ($1, $2, $3, $4, $5, 'test', $6)",
            merchant,
            identity,
            url,
            self.vault.seal(self.secrets[identity]),
            inside,
            self.clock.now(),
        )
        return identity

    async def tell(self, number: int = 1, merchant: str = MERCHANT) -> UUID:
        """Let a case have ended."""
        identity = uuid4()
        payload = {"case": f"{number:012d}", "ended": "voided", "text": {"zh": "已撤销"}}
        await self.pool.execute(
            "INSERT INTO notifications (merchant_id, id, case_id, event, payload, created_at,"
            " next_attempt_at) VALUES ($1, $2, $3, 'voided', $4, $5, $5)",
            merchant,
            identity,
            uuid4(),
            payload,
            self.clock.now(),
        )
        return identity

    async def log(self) -> list[asyncpg.Record]:
        return await self.pool.fetch("SELECT * FROM deliveries ORDER BY at, id")

    async def owed(self) -> list[asyncpg.Record]:
        return await self.pool.fetch("SELECT * FROM webhook_outbox ORDER BY id")

    async def incidents(self) -> list[asyncpg.Record]:
        return await self.pool.fetch("SELECT * FROM incidents ORDER BY opened_at")

    async def delivered(self, notification: UUID) -> Any:
        return await self.pool.fetchval(
            "SELECT delivered_at FROM notifications WHERE id = $1", notification
        )

    async def until(self, holds: Callable[[], Awaitable[Any]]) -> None:
        async with asyncio.timeout(10):
            while not await holds():
                await asyncio.sleep(0.005)

    async def logged(self, many: int) -> None:
        """Wait until so many attempts were written."""

        async def enough() -> bool:
            return len(await self.log()) >= many

        await self.until(enough)

    async def at_rest(self) -> None:
        """Wait until nothing is under way."""

        async def unleased() -> bool:
            return all(row["leased_until"] is None for row in await self.owed())

        await self.until(unleased)

    async def drained(self) -> None:
        async def empty() -> bool:
            return await self.workers[0].backlog() == 0

        await self.until(empty)

    async def round(self) -> None:
        """Wait until every worker has looked at the table once more."""
        for worker in self.workers:
            for _ in range(2):
                worker.wake()
                async with asyncio.timeout(10):
                    while worker._woken.is_set():
                        await asyncio.sleep(0)
