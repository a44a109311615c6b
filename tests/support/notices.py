"""Channels for notices and who answers at their end: a mail server, a chat service's robots."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
from aiosmtpd.smtp import SMTP, Envelope
from fastapi import FastAPI, Request, Response

from annul.desk.report_mails import READERS
from annul.domain.business_day import Calendar
from annul.domain.incident import Incident
from annul.domain.notices import kind_of
from annul.operate.incidents.keeping import Head, HeadEvent, hold, keep, open_heads, tell
from annul.operate.notices.messages import NoticePace
from annul.operate.notices.sending import Sender
from annul.operate.notices.telling import Teller
from annul.operate.reports.mailing import Mailing
from annul.security.vault import Vault
from annul.serving import serve_http
from annul.store.clock import Clock
from annul.store.incidents import opening

ZONE = ZoneInfo("Asia/Shanghai")
PACE = NoticePace(poll_s=0.01)
BASE = "https://console.bank.cn"


@dataclass
class Robot:
    """A chat service or program: keeps what it gets, and answers as told.

    `answers` are statuses, or what a robot says with 200; the last one stays.
    """

    port: int = 0
    got: list[Any] = field(default_factory=list)
    answers: list[int | dict[str, Any]] = field(default_factory=list)
    held: asyncio.Event | None = None  # no answer before it is set
    most: int = 0
    _open: int = 0

    def program(self, path: str = "tell") -> str:
        """Give the address of it as a program of one's own."""
        return f"json://127.0.0.1:{self.port}/{path}"

    @property
    def url(self) -> str:
        """Where it listens, as a robot of a chat service."""
        return f"http://127.0.0.1:{self.port}/robot/send"

    @property
    def texts(self) -> list[str]:
        """What was said, with titles."""
        return [
            one["text"]["content"] if "text" in one else f"{one['title']}\n{one['message']}"
            for one in self.got
        ]

    def application(self) -> FastAPI:
        application = FastAPI(openapi_url=None)

        @application.post("/{_path:path}")
        async def take(_path: str, request: Request) -> Response:
            self._open += 1
            self.most = max(self.most, self._open)
            self.got.append(await request.json())
            if self.held is not None:
                await self.held.wait()
            self._open -= 1
            said = self.answers.pop(0) if len(self.answers) > 1 else (self.answers or [200])[0]
            if isinstance(said, dict):
                return Response(_json(said), media_type="application/json")
            if said == 302:
                return Response(status_code=302, headers={"location": "/elsewhere"})
            return Response(_json({"errcode": 0, "errmsg": "ok"}), status_code=said)

        return application

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Robot"]:
        async with serve_http(self.application(), "127.0.0.1", self.port) as port:
            self.port = port
            yield self


def _json(said: dict[str, Any]) -> bytes:
    import json

    return json.dumps(said).encode()


@dataclass
class Mailbox:
    """A mail server: keeps what it takes, and answers as told (`250 OK` by default)."""

    port: int = 0
    got: list[EmailMessage] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    to: list[list[str]] = field(default_factory=list)
    held: asyncio.Event | None = None  # no answer before it is set
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def address(self) -> str:
        return f"mailto://127.0.0.1:{self.port}/?from=annul@bank.cn&to=duty@bank.cn"

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        if self.held is not None:
            self.arrived.set()
            await self.held.wait()
        said = self.answers.pop(0) if self.answers else "250 OK"
        if said.startswith("2"):
            content = cast("bytes", envelope.content)
            self.to.append(list(envelope.rcpt_tos))
            self.got.append(
                cast("EmailMessage", message_from_bytes(content, policy=policy.default))
            )
        return said

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Mailbox"]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(self), "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()


class Watch:
    """Channels, incidents, and the hosts that tell of them."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self.pool = pool
        self.clock = clock
        self.vault = Vault(bytes(32))
        self.tellers: list[Teller] = []
        self._number = 0

    def start(
        self, pace: NoticePace = PACE, *, sender: Sender | None = None, language: str = "zh"
    ) -> Teller:
        teller = Teller(
            self.pool,
            self.vault,
            self.clock,
            ZONE,
            random=lambda: 1.0,
            base=BASE,
            language=language,
            pace=pace,
            sender=sender,
        )
        self.tellers.append(teller)
        teller.start()
        return teller

    async def close(self) -> None:
        """Stop the hosts at once."""
        for teller in self.tellers:
            await teller.stop(0.0)

    async def add(self, address: str, name: str = "group", **more: Any) -> UUID:
        """Set a channel up."""
        identity = uuid4()
        columns = {
            "id": identity,
            "name": name,
            "kind": kind_of(address).value,
            "address": self.vault.seal(address),
            "language": "en",
            "severity": "notice",
            "set_by": "test",
            "set_at": self.clock.now(),
        } | more
        await self.put("channels", columns)
        await self.put("channel_states", {"channel_id": identity, "next_at": self.clock.now()})
        return identity

    async def put(self, table: str, columns: dict[str, Any]) -> None:
        places = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"
        await self.pool.execute(statement, *columns.values())

    async def outages(
        self,
        many: int = 1,
        *,
        severity: str = "warning",
        scope: str = "issuer",
        at: datetime | None = None,
    ) -> list[Head]:
        """Open incidents, each of another issuer, with one thing raised."""
        now = at or self.clock.now()
        heads = []
        for _ in range(many):
            self._number += 1
            number = f"IN{self._number:06d}"
            member = f"{self._number:08d}"
            heads.append(Head(uuid4(), "", number, scope, member, severity, now, now))
        async with self.pool.acquire() as connection, connection.transaction():
            await open_heads(connection, heads)
            await tell(connection, [HeadEvent(one.id, "", now, "opened") for one in heads])
        return heads

    async def raised(self, head: Head, incident: Incident, many: int = 1) -> None:
        """Raise something under a head, so many times of other subjects."""
        incidents = [
            Incident(
                incident.kind,
                incident.merchant_id,
                f"{incident.subject}{place or ''}",
                incident.params,
                incident.transaction_id,
            )
            for place in range(many)
        ]
        async with self.pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(*opening(incidents, self.clock.now()))
            await connection.execute(
                "UPDATE incidents SET head_id = $1 WHERE id = ANY ($2)",
                head.id,
                [row["id"] for row in rows],
            )

    async def happens(
        self, head: Head, kind: str, /, *, change: dict[str, Any] | None = None, **params: Any
    ) -> None:
        """Let something happen to a head."""
        async with self.pool.acquire() as connection, connection.transaction():
            held = (await hold(connection, [head.key]))[head.key]
            await keep(connection, [held._replace(**(change or {}))])
            now = self.clock.now()
            event = HeadEvent(head.id, head.merchant_id, now, kind, params=params)
            await tell(connection, [event])

    async def owed(self) -> list[asyncpg.Record]:
        return await self.pool.fetch("SELECT * FROM notice_outbox ORDER BY at, seq")

    async def log(self, phase: str = "") -> list[asyncpg.Record]:
        return await self.pool.fetch(
            "SELECT * FROM notice_log WHERE $1 IN ('', phase) ORDER BY at, id", phase
        )

    async def state(self, channel: UUID) -> asyncpg.Record:
        row = await self.pool.fetchrow(
            "SELECT * FROM channel_states WHERE channel_id = $1", channel
        )
        assert row is not None
        return row

    async def until(self, holds: Callable[[], Awaitable[Any]], within_s: float = 10.0) -> None:
        async with asyncio.timeout(within_s):
            while not await holds():
                await asyncio.sleep(0.005)

    async def logged(self, many: int, *phases: str) -> None:
        """Wait until so many messages have ended, in one of these ways if any is named."""

        async def enough() -> bool:
            ends = [row for row in await self.log() if row["phase"] != "sending"]
            return len([one for one in ends if not phases or one["phase"] in phases]) >= many

        await self.until(enough)

    async def drained(self, within_s: float = 10.0) -> None:
        async def empty() -> bool:
            fresh = (
                "SELECT count(*) FROM incident_events WHERE spread_at IS NULL AND kind <> 'told'"
            )
            return not await self.pool.fetchval(fresh) and not await self.tellers[0].backlog()

        await self.until(empty, within_s)

    async def round(self) -> None:
        """Wait until every host has looked at the tables once more."""
        for teller in self.tellers:
            for _ in range(2):
                teller.wake()
                async with asyncio.timeout(10):
                    while teller._woken.is_set():
                        await asyncio.sleep(0)


def mailing(pool: asyncpg.Pool, clock: Clock, base: str = "", *, language: str = "zh") -> Mailing:
    """Give a host's part that owes and writes reports."""
    calendar = Calendar(ZONE, time(23))
    return Mailing(pool, calendar, clock, READERS, base=base, language=language)


async def subscribed(
    watch: Watch, channel: UUID, name: str = "lei", *, length: str = "day", **more: Any
) -> str:
    """Let somebody ask for reports by mail; gives where to. `more` is of the user."""
    mail = f"{name}@bank.cn"
    user = {"name": name, "password_hash": "-", "role": "operator", "language": "en"} | more
    await watch.put("users", user | {"one_time": False, "created_at": watch.clock.now()})
    since = (watch.clock.now() - timedelta(days=60)).date()
    await watch.put(
        "report_subscriptions",
        {
            "name": name,
            "length": length,
            "channel_id": channel,
            "mail": watch.vault.seal(mail),
            "since": since,
            "set_at": watch.clock.now(),
        },
    )
    return mail


def minutes(many: float) -> timedelta:
    return timedelta(minutes=many)
