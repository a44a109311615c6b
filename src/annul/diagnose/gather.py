"""Gathers, for a failed void, what annul's database knows: each fact with the row it came from.

A refund or completion that failed is gathered for as well, without what only concerns voids.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import chinese_calendar

from annul.domain.business_day import Calendar
from annul.domain.errors import AnnulError
from annul.domain.kinds import CASED, REFUNDS, VOIDABLE, VOIDS
from annul.domain.policies import Circumstances, Policy, PolicyKind
from annul.domain.records import Transaction
from annul.domain.states import UNFINISHED, Sent, State
from annul.issuers.health import percentile
from annul.store.clock import Clock
from annul.store.database import load_queries
from annul.store.sql import listed

from .facts import Fact, Facts
from .observe import (
    IssuerCounts,
    Known,
    bin_facts,
    issuer_facts,
    nearest,
    original_facts,
    policy_facts,
    void_facts,
    window_facts,
)

_COLUMNS: Final = ", ".join(f"t.{name}" for name in Transaction._fields)
_QUERIES: Final = {
    name: query.sql.replace("{columns}", _COLUMNS).replace("{voids}", listed(VOIDS))
    for name, query in load_queries("annul.diagnose", "gather.sql").items()
}
_HOUR: Final = timedelta(hours=1)
# What happens for so long after a void still tells why it failed; until then cases share readings.
_LIVE: Final = timedelta(seconds=60)
_BIN: Final = 6
_FAILED: Final = frozenset(
    {State.DECLINED, State.UNKNOWN, State.REVERSING, State.REVERSED, State.DISPUTED}
)
_KEEP_S: Final = 1.0  # how long what many cases share is kept
# Refusals before it was looked for which original the void names.
_NOT_NAMED: Final = frozenset({"mac_wrong", "mac_missing", "merchant_unknown", "terminal_unknown"})


class VoidUnknown(AnnulError):
    """annul has no void, refund or completion with this id or reference number."""

    code = "diagnose.void_unknown"
    next_step = "Give the id or the reference number (field 37) that stands on the slip."


@dataclass(frozen=True, slots=True)
class Owed:
    """What the issuer is still asked for a transaction: how often, and what it last answered."""

    kind: str  # reversal or advice
    attempts: int
    last_code: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A failed void, refund or completion with all that it is judged by.

    The original and its attempts were read in one statement, so they agree with each other. `owed`
    is of what has no outcome yet.
    """

    void: Transaction
    original: Transaction | None
    attempts: tuple[Transaction, ...]
    policies: tuple[Policy, ...]
    facts: Facts
    owed: Mapping[UUID, Owed] = field(default_factory=dict)


class Gatherer:
    """Reads facts. `flush` writes down first what this process still has in memory."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        calendar: Calendar,
        clock: Clock,
        flush: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._pool = pool
        self._calendar = calendar
        self._clock = clock
        self._flush = flush
        self._kept: dict[tuple[str, str], tuple[float, Any]] = {}

    async def find(self, named: str) -> Transaction:
        """Find what refers to an original, by id or reference number; also one refused before."""
        try:
            identity: UUID | None = UUID(named)
        except ValueError:
            identity = None
        if identity is not None:
            row = await self._pool.fetchrow(_QUERIES["void"], identity)
        else:
            row = await self._pool.fetchrow(_QUERIES["void_by_rrn"], named, list(CASED))
        if row is not None:
            return Transaction.of(row)
        row = await self._pool.fetchrow(_QUERIES["refusal"], identity, named)
        if row is None:
            message = f"there is no void {named}"
            raise VoidUnknown(message)
        return await self._refused(row)

    async def picture(self, void: Transaction, *, newest: Sequence[str] = ()) -> Picture:
        """Gather everything that is known of a void at this moment.

        With kinds in `newest` it is about the newest failed one of these of the same original, if
        there is any: its cause counts now.
        """
        if self._flush is not None:
            await self._kept_for("flush", "", self._flush)
        original, attempts = await self._history(void)
        failed = [one for one in attempts if one.kind in newest and one.state in _FAILED]
        own = [one for one in attempts if one.id == void.id] or [void]
        if void.kind in newest or not failed:
            failed = [*own, *failed]
        void = max(failed, key=lambda one: one.received_at)
        at = void.received_at
        known: Known = {}
        source = "refusals" if not void.issuer_id and not void.original_id else "transactions"
        known |= void_facts(void, attempts, f"{source} {void.rrn}")
        named = void.why not in _NOT_NAMED and not void.why.startswith("missing_")
        if named or original is not None:
            known |= original_facts(void, original, attempts)
        card, since_last, voids = await self._card(void)
        known |= card
        known |= await self._terminal(void)
        known |= await self._merchant(void)
        policies: tuple[Policy, ...] = ()
        issuer_id = void.issuer_id or (original.issuer_id if original else "")
        if issuer_id:
            policies = await self.policies(issuer_id)
            known |= await self._issuer(void, issuer_id)
        if issuer_id and void.kind in VOIDS:
            age = known.get("original.age")
            circumstances = Circumstances(
                void.amount, float(age.value) if age else None, voids, since_last
            )
            known |= policy_facts(policies, at, circumstances)
            known |= await self._bin(void, issuer_id)
        elif issuer_id:
            known |= window_facts(policies, at)
        known |= self._clock_facts(void)
        owed = await self._owed([one for one in (original, *attempts) if one is not None])
        return Picture(void, original, tuple(attempts), policies, Facts(known), owed)

    async def policies(self, issuer_id: str) -> tuple[Policy, ...]:
        """Give every rule of an issuer."""

        async def read() -> tuple[Policy, ...]:
            rows = await self._pool.fetch(_QUERIES["policies"], issuer_id)
            return tuple(
                Policy(PolicyKind(kind), number, valid_from, valid_until, identity)
                for kind, number, valid_from, valid_until, identity in rows
            )

        return await self._kept_for("policies", issuer_id, read)

    async def likely(self, void: Transaction) -> list[Transaction]:
        """Give the sales that a void with a wrong voucher number may have meant."""
        if not void.card_hash:
            return []
        since = void.received_at - timedelta(days=1)
        rows = await self._pool.fetch(
            _QUERIES["likely"], void.merchant_id, void.card_hash, void.amount, since, list(VOIDABLE)
        )
        return [Transaction.of(row) for row in rows]

    # Parts ----------------------------------------------------------------------------------

    async def _history(self, void: Transaction) -> tuple[Transaction | None, list[Transaction]]:
        """Read the original and all that refers to it, as they stood at one moment."""
        if void.original_id is None:
            return None, []
        rows = await self._pool.fetch(_QUERIES["history"], void.merchant_id, void.original_id)
        found = [Transaction.of(row) for row in rows]
        original = next((one for one in found if one.id == void.original_id), None)
        return original, [one for one in found if one.id != void.original_id]

    async def _owed(self, found: Iterable[Transaction]) -> dict[UUID, Owed]:
        under_way = [one for one in found if one.state in UNFINISHED]
        if not under_way:
            return {}
        ids = [one.id for one in under_way]
        rows = await self._pool.fetch(_QUERIES["owed"], under_way[0].merchant_id, ids)
        return {identity: Owed(*more) for identity, *more in rows}

    async def _refused(self, row: asyncpg.Record) -> Transaction:
        """Show a refusal at the door as the transaction that it never became."""
        original = None
        if row["kind"] not in REFUNDS:  # which name it by reference
            original = await self._pool.fetchrow(
                _QUERIES["named"],
                row["merchant_id"],
                row["terminal_id"],
                row["original_batch"],
                row["original_trace"],
            )
        found = None if original is None else Transaction.of(original)
        return Transaction(
            merchant_id=row["merchant_id"], id=row["id"], kind=row["kind"], state=State.DECLINED,
            sent=Sent.NOT_SENT, terminal_id=row["terminal_id"], batch=row["batch"],
            trace=row["trace"], business_date=row["business_date"], amount=row["amount"],
            currency=found.currency if found else "156", undone=0,
            original_id=found.id if found else None, card_hash=row["card_hash"],
            card_masked=row["card_masked"], card_cipher=b"",
            card_type=found.card_type if found else "debit",
            issuer_id=found.issuer_id if found else "", rrn=row["rrn"], auth_code="",
            response_code=row["response_code"], entry_mode="", condition="", fee=0,
            received_at=row["received_at"], why=row["rule"],
        )  # fmt: skip

    async def _card(self, void: Transaction) -> tuple[Known, float | None, int | None]:
        if not void.card_hash:
            return {}, None, None
        at = void.received_at
        midnight = self._calendar.local(at).replace(hour=0, minute=0, second=0, microsecond=0)
        row = await self._pool.fetchrow(
            _QUERIES["card"], void.card_hash, midnight, list(VOIDS), void.id, at
        )
        assert row is not None, "sums always have a row"
        source = f"transactions of card {void.card_masked} today"
        known: Known = {
            "card.voids_today": Fact(row["voids"], source),
            "card.other_declines": Fact(row["declines"], source),
            "card.approved_after": Fact(row["approved_after"], source),
        }
        if row["decline_code"]:
            known["card.other_decline_code"] = Fact(row["decline_code"], source)
        since = None
        if row["last_void"] is not None:
            since = (at - row["last_void"]).total_seconds()
            known["card.since_last_void"] = Fact(since, source)
        return known, since, row["voids"]

    async def _terminal(self, void: Transaction) -> Known:
        at = void.received_at
        row = await self._pool.fetchrow(
            _QUERIES["terminal"], void.merchant_id, void.terminal_id, at - _HOUR, at + _HOUR
        )
        source = f"terminals {void.merchant_id} {void.terminal_id}"
        if row is None:
            return {"terminal.registered": Fact(value=False, source=source)}
        counted = f"terminal_stats {void.terminal_id} 1 h"
        known: Known = {
            "terminal.registered": Fact(value=True, source=source),
            "terminal.active": Fact(row["active"], source),
            "terminal.signed_in": Fact(row["signed_in"], source),
            "terminal.kind_enabled": Fact(
                row["kinds"] is None or void.kind in row["kinds"], f"{source}.kinds"
            ),
            "terminal.within_limit": Fact(
                void.amount <= row["amount_limit"], f"{source}.amount_limit"
            ),
            "terminal.link_drops": Fact(int(row["link_drops"]), counted),
            "terminal.reversals": Fact(int(row["reversals"]), counted),
            "terminal.wrong_mac": Fact(int(row["wrong_mac"]), counted),
        }
        if row["wanted_software"] and row["software"]:
            current = row["software"] == row["wanted_software"]
            known["terminal.software_current"] = Fact(current, f"{source}.software")
        if row["serial"] and row["information"]:
            known["terminal.serial_matches"] = Fact(
                row["serial"] == row["information"], f"{source}.serial"
            )
        return known

    async def _merchant(self, void: Transaction) -> Known:
        row = await self._pool.fetchrow(_QUERIES["merchant"], void.merchant_id)
        source = f"merchants {void.merchant_id}"
        if row is None:
            return {"merchant.registered": Fact(value=False, source=source)}
        money = f"merchant_balances {void.merchant_id}"
        # What is frozen has left it as a transfer; what is reserved has not, but pays for another.
        available = row["available"] - row["reserved"]
        pending = row["pending"] if row["pending_covers"] else 0
        return {
            "merchant.registered": Fact(value=True, source=source),
            "merchant.active": Fact(row["active"], source),
            "merchant.needs_cover": Fact(row["void_needs_balance"], source),
            "merchant.available": Fact(available, money),
            "merchant.pending": Fact(row["pending"], money),
            "merchant.frozen": Fact(row["frozen"], money),
            "merchant.counted": Fact(available + pending, money),
        }

    async def _issuer(self, void: Transaction, issuer_id: str) -> Known:
        at = void.answered_at or void.received_at
        until = at + _LIVE

        async def read() -> list[asyncpg.Record]:
            return await self._pool.fetch(_QUERIES["issuer"], issuer_id, at - _HOUR, until)

        live = self._clock.now() < until
        rows = await (self._kept_for("issuer", issuer_id, read) if live else read())
        near = nearest(_answers(rows), at)
        five, hour = (counts(rows, until, seconds) for seconds in (300, 3600))
        known = issuer_facts(void._replace(issuer_id=issuer_id), near, five, hour)

        async def meanings() -> dict[str, str]:
            rows = await self._pool.fetch(_QUERIES["meanings"], issuer_id)
            return {row["response_code"]: row["cause"] for row in rows}

        async def incidents() -> int:
            return int(await self._pool.fetchval(_QUERIES["incidents"], issuer_id))

        means = (await self._kept_for("meanings", issuer_id, meanings)).get(void.response_code)
        if means:
            known["issuer.code_means"] = Fact(means, f"code_meanings {issuer_id}")
        opened = await self._kept_for("incidents", issuer_id, incidents)
        known["issuer.incidents"] = Fact(opened, f"incidents of {issuer_id}")
        if void.why.startswith("link_"):
            known["issuer.link"] = Fact(void.why.removeprefix("link_"), "issuer link")
        return known

    async def _bin(self, void: Transaction, issuer_id: str) -> Known:
        prefix, at = void.card_masked[:_BIN], void.answered_at or void.received_at
        until = at + _LIVE

        async def read() -> dict[str, int]:
            rows = await self._pool.fetch(_QUERIES["bin"], issuer_id, prefix, at - _HOUR, until)
            return {row["response_code"]: row["originals"] for row in rows}

        if not prefix:
            return {}
        live = self._clock.now() < until
        codes = await (self._kept_for("bin", issuer_id + prefix, read) if live else read())
        return bin_facts(void, codes, prefix)

    def _clock_facts(self, void: Transaction) -> Known:
        local = self._calendar.local(void.received_at)
        cut_over = datetime.combine(
            self._calendar.business_date(void.received_at), self._calendar.cut_over, local.tzinfo
        )
        known: Known = {
            "clock.to_cut_over": Fact((cut_over - local).total_seconds(), "settings cut_over")
        }
        try:
            holiday = chinese_calendar.is_holiday(local.date())
        except NotImplementedError:  # a year whose holidays are not announced yet
            return known
        return known | {"clock.holiday": Fact(bool(holiday), "chinese-calendar")}

    async def _kept_for(self, what: str, key: str, read: Callable[[], Awaitable[Any]]) -> Any:
        """Read something that many cases share at most once a second."""
        now = self._clock.monotonic()
        kept = self._kept.get((what, key))
        if kept is not None and now < kept[0]:
            return kept[1]
        value = await read()
        self._kept[what, key] = (now + _KEEP_S, value)
        return value


def counts(rows: Iterable[asyncpg.Record], until: datetime, seconds: int) -> IssuerCounts:
    """Sum the slots of the last `seconds` before `until`."""
    taken = [row for row in rows if row["slot"] >= until - timedelta(seconds=seconds)]
    codes: Counter[str] = Counter()
    for row in taken:
        codes.update(row["codes"])
    sums = {
        name: sum(row[name] for row in taken)
        for name in ("requests", "silent", "late", "link_drops", "garbled")
    }
    latencies = [sum(bucket) for bucket in zip(*(row["latencies"] for row in taken), strict=True)]
    p90_ms = percentile(latencies, 0.9) if latencies else None
    return IssuerCounts(seconds, **sums, codes=codes, p90_ms=p90_ms)


def _answers(rows: Iterable[asyncpg.Record]) -> Iterator[tuple[datetime, str]]:
    for row in rows:
        for milliseconds, code in row["tail"]:
            yield row["slot"] + timedelta(milliseconds=milliseconds), code
