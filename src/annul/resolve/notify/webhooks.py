"""Webhooks: a merchant's programs are told how cases end, signed, until they acknowledge it.

The table `notifications` says what happened; each row is spread once to the webhooks that its
merchant has then. From there on `webhook_outbox` says what each webhook is owed, and `deliveries`
is the log. Rows are claimed by a lease, so a process that dies gives them back by time; what it
had sent without writing it down is sent once more under the same `Annul-Delivery`.
"""

import asyncio
import json
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
import httpx
import structlog
from uuid_utils.compat import uuid7

from annul.client import signature
from annul.domain.backoff import Backoff
from annul.domain.incident import Incident
from annul.security.vault import Vault
from annul.store.clock import Clock
from annul.store.incidents import Ended, closing, opening
from annul.store.loop import Loops
from annul.store.sql import load
from annul.store.worker import Worker

from . import outbound
from .outbound import AddressRefused, Lookup

log = structlog.get_logger(__name__)

_SQL: Final = load("annul.resolve.notify", "webhooks.sql")
_SPREAD: Final = 200
_ERROR: Final = 200  # characters of an error that the log keeps


@dataclass(frozen=True, slots=True)
class DeliveryPace:
    """How hard to try. At the end of `give_up` there is a last try, then an incident.

    `timeout_s` is for all of an attempt, and `lease` outlasts it. `per_webhook` keeps a slow
    receiver from holding up the others.
    """

    concurrency: int = 64
    per_webhook: int = 8
    backoff: Backoff = field(default=Backoff(first_s=10.0, limit_s=4 * 3600.0))
    give_up: timedelta = timedelta(hours=24)
    timeout_s: float = 10.0
    lease: timedelta = timedelta(seconds=60)
    poll_s: float = 1.0


@dataclass(slots=True)
class DeliveryCounts:
    """What the worker counts, since its start."""

    tries: int = 0
    delivered: int = 0
    postponed: int = 0
    given_up: int = 0
    dropped: int = 0
    overtaken: int = 0


class OwedDelivery(NamedTuple):
    """One claimed delivery, in the order of the columns of `claim`."""

    merchant_id: str
    id: UUID
    webhook_id: UUID
    notification_id: UUID
    since: datetime
    tries: int
    attempts: int
    url: str
    secret: bytes
    inside: bool
    active: bool
    event: str
    payload: dict[str, Any]
    case_id: UUID
    created_at: datetime

    @property
    def case(self) -> str:
        """The case's number."""
        return str(self.payload.get("case") or self.case_id)

    def body(self) -> bytes:
        """Give what is posted: the same bytes at each attempt."""
        content = {
            "id": str(self.notification_id),
            "event": event_name(self.event),
            "created_at": self.created_at.astimezone(UTC).isoformat(),
            "data": self.payload,
        }
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        return text.encode()


class HookAnswer(NamedTuple):
    """What came of an attempt; `status` is None when nothing answered."""

    status: int | None
    error: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the receiver has it."""
        return self.status is not None and 200 <= self.status < 300


def event_name(event: str) -> str:
    """Give the name under which receivers know an event; without a dot it is one of a case."""
    return event if "." in event else f"case.{event}"


def new_secret() -> str:
    """Make what a webhook's messages are signed with."""
    return "whsec_" + secrets.token_urlsafe(32)


class Deliverer:
    """Sends what webhooks are owed. `random` gives numbers from 0 up to 1."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        vault: Vault,
        clock: Clock,
        *,
        random: Callable[[], float],
        pace: DeliveryPace | None = None,
        lookup: Lookup = outbound.look_up,
        loops: Loops | None = None,
    ) -> None:
        self.counts = DeliveryCounts()
        self._pool = pool
        self._vault = vault
        self._clock = clock
        self._random = random
        self._pace = pace or DeliveryPace()
        self._lookup = lookup
        self._woken = asyncio.Event()
        self._busy = Counter[UUID]()  # webhook to attempts under way
        self.worker = Worker(
            "webhooks",
            self,
            loops or Loops(clock),
            self._woken,
            concurrency=self._pace.concurrency,
            after_s=self._pace.poll_s,
        )
        self._client: httpx.AsyncClient | None = None

    def start(self) -> None:
        """Begin to send what is owed."""
        self._client = _client(self._pace)
        self.worker.start()

    async def stop(self, grace_s: float = 5.0) -> None:
        """Claim nothing more and finish what is under way; the rest stays owed in the table."""
        await self.worker.stop(grace_s)
        if self._client is not None:
            await self._client.aclose()

    def wake(self) -> None:
        """Look at the table at once."""
        self._woken.set()

    async def backlog(self) -> int:
        """Count what is owed."""
        return int(await self._pool.fetchval(*_SQL["backlog"]()))

    # What the worker asks -------------------------------------------------------------------

    async def claim(self, room: int) -> Sequence[OwedDelivery]:
        """Spread what is new, and lease what is due."""
        self._woken.clear()
        now = self._clock.now()
        while await self._pool.fetchval(*_SQL["spread"](now=now, limit=_SPREAD)) >= _SPREAD:
            pass
        claimed = await self._claim(now, room) if room > 0 else []
        self._busy.update(owed.webhook_id for owed in claimed)
        return claimed

    async def rest_s(self) -> float:
        """Give the seconds until the table is looked at unasked."""
        return self._pace.poll_s

    async def failed(self, _owed: OwedDelivery, _error: BaseException) -> None:
        """Let its lease end by itself."""

    def name(self, owed: OwedDelivery) -> str:
        """Name a delivery in the log."""
        return str(owed.id)

    async def _claim(self, now: datetime, limit: int) -> list[OwedDelivery]:
        rows = await self._pool.fetch(
            *_SQL["claim"](
                now=now,
                until=now + self._pace.lease,
                limit=limit,
                webhooks=list(self._busy),
                under_way=list(self._busy.values()),
                per_webhook=self._pace.per_webhook,
            )
        )
        return [OwedDelivery(*row) for row in rows]

    # One delivery ---------------------------------------------------------------------------

    async def work(self, owed: OwedDelivery) -> None:
        """Send one and write what came of it."""
        assert self._client is not None, "it is started"
        try:
            if owed.active:
                began = self._clock.monotonic()
                answer = await self._send(self._client, owed)
                took_ms = int((self._clock.monotonic() - began) * 1_000)
            else:
                answer, took_ms = None, 0
            await self._write(owed, answer, took_ms)
        finally:
            self._busy[owed.webhook_id] -= 1
            if not self._busy[owed.webhook_id]:
                del self._busy[owed.webhook_id]

    async def _send(self, client: httpx.AsyncClient, owed: OwedDelivery) -> HookAnswer:
        self.counts.tries += 1
        try:
            async with asyncio.timeout(self._pace.timeout_s):
                return await self._post(client, owed)
        except AddressRefused:
            return HookAnswer(None, "this address is refused")
        except (TimeoutError, httpx.TimeoutException):
            return HookAnswer(None, f"no answer within {self._pace.timeout_s:g} s")
        except httpx.HTTPError as error:
            return HookAnswer(None, f"{type(error).__name__}: {error}"[:_ERROR])
        except OSError as error:
            return HookAnswer(None, f"not found: {error}"[:_ERROR])
        except Exception:
            # A fault of ours is put off and told like one of the receiver.
            log.exception("webhook_not_sent", delivery=str(owed.id))
            return HookAnswer(None, "not sent, by a fault of this host")

    async def _post(self, client: httpx.AsyncClient, owed: OwedDelivery) -> HookAnswer:
        body, url = owed.body(), httpx.URL(owed.url)
        secret = self._vault.open(owed.secret)
        headers = {
            "Host": url.netloc.decode("ascii"),
            "Content-Type": "application/json",
            "User-Agent": "annul",
            signature.HEADER: signature.sign(secret, body, int(self._clock.now().timestamp())),
            "Annul-Event": event_name(owed.event),
            "Annul-Delivery": str(owed.id),
            "Annul-Case": owed.case,
        }
        addresses = await outbound.resolved(owed.url, inside=owed.inside, lookup=self._lookup)
        for place, address in enumerate(addresses, 1):
            # To the address that was judged; the certificate must be that of the name.
            request = client.build_request(
                "POST",
                url.copy_with(host=address),
                content=body,
                headers=headers,
                extensions={"sni_hostname": url.host},
            )
            try:
                response = await client.send(request, stream=True)
            except httpx.ConnectError:
                if place == len(addresses):
                    raise
                continue
            await response.aclose()  # what it says beyond its status is of no use
            said = "redirects are not followed" if response.is_redirect else ""
            return HookAnswer(response.status_code, said)
        return HookAnswer(None, "the name has no address")

    async def _write(self, owed: OwedDelivery, answer: HookAnswer | None, took_ms: int) -> None:
        """Write what came of an attempt, None for none as the webhook is off."""
        now = self._clock.now()
        state, due = self._verdict(owed, answer, now)
        of_merchant = owed.merchant_id
        about = {"merchant": of_merchant, "notification": owed.notification_id}
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(*_SQL["hold"](**about))
            if answer is not None:
                await connection.execute(
                    *_SQL["logged"](
                        **about,
                        id=uuid7(),
                        webhook=owed.webhook_id,
                        delivery=owed.id,
                        now=now,
                        attempt=owed.attempts,
                        status=answer.status,
                        error=answer.error,
                        took_ms=took_ms,
                    )
                )
            mine = {"merchant": of_merchant, "id": owed.id, "attempt": owed.attempts}
            write = _SQL["write"](**mine, state=state, next_attempt_at=due)
            if await connection.fetchval(*write) is None:
                self.counts.overtaken += 1
                return
            if state != "owed":
                await connection.execute(*_SQL["settle"](**about, now=now))
            if state == "delivered":
                ended = Ended("webhook_failed", of_merchant, str(owed.id))
                await connection.execute(*closing([ended], now))
            if state == "given_up":
                incident = _given_up(owed, answer or HookAnswer(None))
                await connection.execute(*opening([incident], now))
        match state:
            case "delivered":
                self.counts.delivered += 1
            case "given_up":
                self.counts.given_up += 1
            case "dropped":
                self.counts.dropped += 1
            case _:
                self.counts.postponed += 1

    def _verdict(
        self, owed: OwedDelivery, answer: HookAnswer | None, now: datetime
    ) -> tuple[str, datetime]:
        """Give the new state of a delivery, and when it is next due."""
        if answer is None:
            return "dropped", now
        if answer.accepted:
            return "delivered", now
        last = owed.since + self._pace.give_up
        if now >= last:
            return "given_up", now
        wait = self._pace.backoff.delay(owed.tries, self._random)
        return "owed", min(now + timedelta(seconds=wait), last)


def _client(pace: DeliveryPace) -> httpx.AsyncClient:
    trusted = httpx.create_ssl_context()
    trusted.load_default_certs()  # and what this machine trusts besides
    # No connection is kept: they are told apart by IP address only, not by the name at it. Proxies
    # of the environment are not asked: they would look names up anew.
    limits = httpx.Limits(max_connections=pace.concurrency, max_keepalive_connections=0)
    return httpx.AsyncClient(
        verify=trusted,
        timeout=pace.timeout_s,
        limits=limits,
        trust_env=False,
        follow_redirects=False,
    )


def _given_up(owed: OwedDelivery, answer: HookAnswer) -> Incident:
    """Tell of the delivery: that a receiver fails says nothing of the transaction."""
    return Incident.of(
        "webhook_failed",
        owed.merchant_id,
        str(owed.id),
        webhook=str(owed.webhook_id),
        merchant=owed.merchant_id,
        case=owed.case,
        tries=owed.tries,
        answer=f"HTTP {answer.status}" if answer.status is not None else answer.error,
        delivery=str(owed.id),
    )
