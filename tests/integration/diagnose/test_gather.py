"""What is read of a failed void: by index, and from the rows that are there."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from annul.diagnose.gather import _SQL, Gatherer, Owed, VoidUnknown
from annul.diagnose.rank import rank, rank_series
from annul.diagnose.signals import SIGNALS
from annul.domain.business_day import Calendar
from annul.domain.kinds import REFUNDS, VOIDS
from annul.domain.records import Transaction
from annul.domain.states import Sent, State
from annul.domain.text import Text
from annul.host.evidence import EvidenceKeeper
from annul.issuers.health import PLAIN, SLOT_S, Asked, HealthSlot
from annul.resolve.case import Event
from tests.support.builders import transaction
from tests.support.clock import HeldClock
from tests.support.roles import as_owner
from tests.support.rows import put, put_transaction, put_void
from tests.support.situations import OPENED

_MERCHANT = "898000058120000"
_NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_SHOP: dict[str, Any] = {
    "merchant_id": _MERCHANT,
    "name_zh": "示例茶馆",
    "name_en": "Example Tea House",
    "category": "5812",
    "void_needs_balance": True,
}

# Sales of 1000 cards over seven hours, every second one voided a minute later; two issuers.
_MANY = """
WITH numbers AS (SELECT n, md5('sale' || n)::uuid AS id FROM generate_series(1, 2000) n)
INSERT INTO transactions (merchant_id, id, kind, state, sent, node, terminal_id, batch, trace,
    business_date, amount, currency, original_id, card_hash, card_masked, card_cipher, card_type,
    entry_mode, condition, issuer_id, rrn, response_code, received_at, answered_at)
SELECT $1, CASE WHEN voids THEN md5('void' || n)::uuid ELSE id END,
    CASE WHEN voids THEN 'void' ELSE 'sale' END,
    CASE WHEN voids AND n % 4 = 0 THEN 'declined' WHEN voids OR n % 2 = 1 THEN 'approved'
         WHEN n % 4 = 2 THEN 'voided' ELSE 'approved' END,
    'answered', 0, '10000001', '000001', lpad((n * 2 + voids::int)::text, 6, '0'),
    '2026-11-23', 100 + n, '156', CASE WHEN voids THEN id END, sha256(((n % 1000)::text)::bytea),
    lpad((620000 + n % 50)::text, 6, '0') || '******0007', '', 'debit', '021', '00',
    CASE WHEN n % 3 = 0 THEN '00000101' ELSE '00000102' END,
    lpad((n * 2 + voids::int)::text, 12, '0'),
    CASE WHEN voids AND n % 4 = 0 THEN '05' ELSE '00' END, at, at + interval '80 ms'
FROM (SELECT n, id, voids,
             $2::timestamptz - n * interval '12 s' - (NOT voids)::int * interval '60 s' AS at
      FROM numbers, unnest(ARRAY[false, true]) voids WHERE NOT voids OR n % 2 = 0) rows
"""
# One slot as the host writes it, then the same every five seconds for the last three hours.
_SLOT = HealthSlot(
    int(HeldClock().monotonic() / SLOT_S),
    requests=4,
    approvals=3,
    faults=1,
    codes={"00": 3, "96": 1},
)
for _at, _code in ((0.1, "00"), (0.2, "96")):
    _SLOT.heard(_SLOT.number * SLOT_S + _at, _code, PLAIN)
_SLOTS = """
INSERT INTO issuer_stats
SELECT (jsonb_populate_record(s, jsonb_build_object('slot', s.slot - n * interval '5 s'))).*
FROM issuer_stats s, generate_series(1, 2159) n
"""


@pytest.fixture
async def owner(database: str, pool: asyncpg.Pool) -> AsyncIterator[asyncpg.Connection]:
    """Some thousand rows, and the connection of a role that may analyse them."""
    await pool.execute(
        "INSERT INTO merchants (merchant_id, name_zh, name_en, category)"
        " VALUES ($1, '示例茶馆', 'Example Tea House', '5812')",
        _MERCHANT,
    )
    await pool.execute(_MANY, _MERCHANT, _NOW)
    for issuer in ("00000101", "00000102"):
        await EvidenceKeeper(pool, HeldClock(_NOW), 0)._put_slot(issuer, _SLOT)
    await pool.execute(_SLOTS)
    connection = await asyncpg.connect(as_owner(database))
    await connection.execute("ANALYZE transactions, issuer_stats")
    yield connection
    await connection.close()


@pytest.fixture
def gatherer(pool: asyncpg.Pool) -> Gatherer:
    return Gatherer(pool, Calendar(ZoneInfo("Asia/Shanghai"), time(23)), HeldClock(_NOW))


def _scans(plan: list[asyncpg.Record]) -> set[str]:
    lines = "\n".join(row[0] for row in plan)
    return set(re.findall(r"Seq Scan|(?<=using )\w+|(?<=Index Scan on )\w+", lines))


async def _void(pool: asyncpg.Pool, state: str = "declined") -> Transaction:
    row = await pool.fetchrow(
        f"SELECT {', '.join(Transaction._fields)} FROM transactions"
        " WHERE kind = 'void' AND state = $1 ORDER BY received_at DESC LIMIT 1",
        state,
    )
    assert row is not None
    return Transaction.of(row)


# What is asked of a case, each with the indexes that it goes by.
_PLANS = {
    "void": {"transactions_pkey"},
    "void_by_rrn": {"transactions_rrn"},
    "refusal": {"refusals_pkey", "refusals_rrn", "transactions_request"},
    "series": {
        *("outbox_transaction_id_kind_merchant_id_key", "refusals_pkey"),
        *("transactions_original", "transactions_pkey", "transactions_request"),
    },
    "surroundings": {
        *(
            "transactions_card",
            "transactions_bin_voids",
            "transactions_pkey",
            "incidents_open_of_head",
        ),
        *("issuer_stats_pkey", "policies_pkey", "code_meanings_pkey", "cut_overs_pkey"),
        *("terminals_pkey", "terminal_stats_pkey", "merchants_pkey", "merchant_balances_pkey"),
        *("learnt_rules_one", "void_samples_issuer", "case_events_pkey"),
    },
    "likely": {"transactions_card"},
}


async def test_what_every_case_asks_goes_by_index(
    owner: asyncpg.Connection, pool: asyncpg.Pool
) -> None:
    void = await _void(pool)
    known: dict[str, Any] = {
        **dict.fromkeys(("id", "void", "case"), void.id),
        **dict.fromkeys(("kinds", "voids"), VOIDS),
        **dict.fromkeys(("midnight", "since"), _NOW - _HOUR),
        **dict.fromkeys(("shared", "slots", "software", "near"), True),
        "rrn": void.rrn,
        "merchant": _MERCHANT,
        "terminal": void.terminal_id,
        "issuer": void.issuer_id,
        "card": void.card_hash,
        "prefix": void.card_masked[:6],
        "at": void.received_at,
        "until": _NOW,
        "amount": 100,
    }
    used: dict[str, set[str]] = {}
    for name in _PLANS:
        sql, *values = _SQL[name](**{one: known[one] for one in _SQL[name].parameters})
        used[name] = _scans(await owner.fetch(f"EXPLAIN {sql}", *values))
    assert used == _PLANS
    assert await _planned_for_any_values(owner) == _PLANS


async def test_so_it_does_when_it_is_planned_while_the_tables_are_empty(pool: asyncpg.Pool) -> None:
    """A plan may be made once, right after the first start: it must be the right one then."""
    async with pool.acquire() as connection:
        await connection.execute("SET enable_seqscan = off")
        assert await _planned_for_any_values(connection) == _PLANS


async def _planned_for_any_values(connection: Any) -> dict[str, set[str]]:
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    used: dict[str, set[str]] = {}
    for name in _PLANS:
        await connection.execute(f"PREPARE {name}_ AS {_SQL[name].sql}")
        nothing = ", ".join(["NULL"] * len(_SQL[name].parameters))
        used[name] = _scans(await connection.fetch(f"EXPLAIN EXECUTE {name}_ ({nothing})"))
    return used


async def test_a_void_is_found_by_id_and_by_number(
    owner: asyncpg.Connection, pool: asyncpg.Pool, gatherer: Gatherer
) -> None:
    assert owner
    void = await _void(pool)
    assert await gatherer.find(str(void.id)) == void
    assert await gatherer.find(void.rrn) == void


@pytest.mark.parametrize("named", ["999999999999", str(UUID(int=9)), "tea", "'; --"])
async def test_a_void_that_is_not_there_is_said_so(gatherer: Gatherer, named: str) -> None:
    with pytest.raises(VoidUnknown, match="there is no void"):
        await gatherer.find(named)


async def test_the_number_of_a_sale_is_no_void(
    owner: asyncpg.Connection, pool: asyncpg.Pool, gatherer: Gatherer
) -> None:
    assert owner
    rrn = await pool.fetchval("SELECT rrn FROM transactions WHERE kind = 'sale' LIMIT 1")
    with pytest.raises(VoidUnknown):
        await gatherer.find(rrn)


async def test_a_picture_has_each_fact_with_its_row(
    owner: asyncpg.Connection, pool: asyncpg.Pool, gatherer: Gatherer
) -> None:
    assert owner
    void = await _void(pool)
    picture = await gatherer.picture(void)
    assert picture.original is not None
    assert picture.original.id == void.original_id
    told: dict[str, Any] = {name: fact.value for name, fact in picture.facts}
    assert (
        told.items()
        >= {
            "void.code": "05",
            "original.found": True,
            "original.state": "approved",
            "original.age": 60.0,
            "original.same_card": True,
            "merchant.registered": True,
            "terminal.registered": False,
            "issuer.maintenance": False,
            "card.other_declines": 0,
            "clock.to_cut_over": 11 * 3600.0 + 48,
        }.items()
    )
    assert picture.facts.source("clock.to_cut_over") == "settings cut_over"
    assert told["issuer.fault_share_recent"] == told["issuer.approval_share_recent"] == 0.5
    assert told["voids.passed"] > 0
    assert told["voids.refused"] == 0, "they were refused amid an outage"
    assert all(fact.source for _, fact in picture.facts)
    assert picture.facts.source("original.state") == f"transactions {picture.original.rrn}.state"


# One look -----------------------------------------------------------------------------------


class _Busy:
    """A pool under which the host goes on: after each statement the next move happens."""

    def __init__(self, pool: asyncpg.Pool, moves: list[str]) -> None:
        self._pool, self._moves = pool, moves

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        async with self._pool.acquire() as connection:
            yield _BusyConnection(connection, self)

    async def then(self, sql: str) -> None:
        if sql == _SQL["series"].sql and self._moves:
            await self._pool.execute(self._moves.pop(0))


class _BusyConnection:
    def __init__(self, connection: Any, busy: _Busy) -> None:
        self._connection, self._busy = connection, busy

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def fetch(self, sql: str, *arguments: object) -> Any:
        found = await self._connection.fetch(sql, *arguments)
        await self._busy.then(sql)
        return found


async def test_a_reversal_that_completes_between_two_readings_shows_one_moment(
    pool: asyncpg.Pool, gatherer: Gatherer
) -> None:
    """The sale was read voided and its void reversed: "given back before, reference (blank)"."""
    sale = await put_transaction(pool, 2, state=State.VOIDED, undone=10_000)
    void = await put_void(pool, 3, sale.id, state=State.APPROVED)
    move = (
        f"UPDATE transactions SET state = CASE id WHEN '{sale.id}' THEN 'approved'"
        f" ELSE 'reversed' END WHERE id IN ('{sale.id}', '{void.id}')"
    )
    busy: Any = _Busy(pool, [move])
    gatherer._pool = busy
    pictures = [await gatherer.picture(void, newest=VOIDS) for _ in range(2)]
    seen = [
        (picture.original.state, *(attempt.state for attempt in picture.attempts))
        for picture in pictures
        if picture.original is not None
    ]
    assert seen == [(State.VOIDED, State.APPROVED), (State.APPROVED, State.REVERSED)]
    assert not busy._moves
    assert pictures[-1].void.state is State.REVERSED, "the void itself is of the same moment"


async def test_the_newest_failed_one_of_the_kinds_that_a_case_is_about_counts(
    pool: asyncpg.Pool, gatherer: Gatherer
) -> None:
    sale = await put_transaction(pool, 2)
    refund = await put_void(pool, 3, sale.id, kind="refund")
    assert (await gatherer.picture(refund, newest=REFUNDS)).void.id == refund.id
    void = await put_void(pool, 4, sale.id)
    again = await put_void(pool, 5, sale.id, kind="refund", state=State.DISPUTED)
    await put_void(pool, 6, sale.id, kind="refund", state=State.APPROVED)
    assert (await gatherer.picture(refund, newest=VOIDS)).void.id == void.id
    assert (await gatherer.picture(refund, newest=REFUNDS)).void.id == again.id
    assert (await gatherer.picture(refund)).void.id == refund.id


async def test_rules_for_voids_do_not_count_for_a_refund(
    pool: asyncpg.Pool, gatherer: Gatherer
) -> None:
    sale = await put_transaction(pool, 2)
    issuer = {"issuer_id": sale.issuer_id, "name_zh": "示例银行", "name_en": "Example Bank"}
    await put(pool, "issuers", issuer | {"host": "127.0.0.1", "port": 1})
    await put(
        pool,
        "policies",
        {
            "issuer_id": sale.issuer_id,
            "id": uuid4(),
            "kind": "void_supported",
            "number": 0,
            "valid_from": OPENED - _HOUR,
            "set_by": "olga",
            "set_at": OPENED - _HOUR,
        },
    )
    void = await put_void(pool, 3, sale.id)
    refund = await put_void(pool, 4, sale.id, kind="refund")
    broken = "issuer.rule_broken"
    assert (await gatherer.picture(void)).facts.get(broken) == "void_supported"
    facts = (await gatherer.picture(refund)).facts
    assert (facts.get(broken), facts.get("issuer.maintenance")) == (None, False)
    assert facts.get("voids.refused") is None


async def test_what_the_issuer_is_still_asked_is_at_hand(
    pool: asyncpg.Pool, gatherer: Gatherer
) -> None:
    sale = await put_transaction(pool, 2)
    void = await put_void(pool, 3, sale.id, state=State.REVERSING)
    assert (await gatherer.picture(void)).owed == {}
    await put(
        pool,
        "outbox",
        {
            "merchant_id": void.merchant_id,
            "id": uuid4(),
            "transaction_id": void.id,
            "kind": "reversal",
            "issuer_id": void.issuer_id,
            "card_hash": b"",
            "reason": "98",
            "attempts": 7,
            "last_code": "94",
            "next_attempt_at": _NOW,
            "created_at": _NOW,
            "original_id": sale.id,
        },
    )
    assert (await gatherer.picture(void)).owed == {void.id: Owed("reversal", 7, "94")}


async def test_frozen_money_has_left_what_counts_and_reserved_money_counts_once(
    pool: asyncpg.Pool, gatherer: Gatherer
) -> None:
    """It was taken off twice: frozen money is a transfer out of what is available."""
    sale = await put_transaction(pool, 2)
    void = await put_void(pool, 3, sale.id, why="merchant_balance_low", sent=Sent.NOT_SENT)
    await put(pool, "merchants", _SHOP)
    balance = {"merchant_id": _MERCHANT, "currency": "156", "available": 3_000, "pending": 4_000}
    await put(pool, "merchant_balances", balance | {"frozen": 5_000, "reserved": 1_000})
    facts = (await gatherer.picture(void)).facts
    counted = [facts.get(f"merchant.{name}") for name in ("counted", "available", "frozen")]
    assert counted == [6_000, 2_000, 5_000]
    spoken = {name for name, signal in SIGNALS.items() if signal.speaks(facts)}
    assert {"not_covered", "frozen_would_do"} <= spoken
    assert "pending_would_do" not in spoken
    assert rank(facts)[0].cause.name == "funds_frozen"


async def test_money_that_arrives_later_does_not_unlearn_the_cause(
    pool: asyncpg.Pool, gatherer: Gatherer
) -> None:
    """The next look saw nothing on its way any more, and called the balance low."""
    sale = await put_transaction(pool, 2)
    void = await put_void(pool, 3, sale.id, why="merchant_balance_low", sent=Sent.NOT_SENT)
    await put(pool, "merchants", _SHOP | {"pending_covers": False})
    balance = {"merchant_id": _MERCHANT, "currency": "156", "available": 0, "pending": 12_000}
    await put(pool, "merchant_balances", balance)
    first = await gatherer.picture(void, newest=VOIDS)
    assert rank_series(first.looks)[0].cause.name == "funds_not_arrived"
    diagnosed = Event("diagnosed", Text("", ""), evidence={"facts": first.facts.as_json()})
    event = {"merchant_id": _MERCHANT, "case_id": void.id, "hash": b""}
    await put(pool, "case_events", event | {"line": 2, "body": diagnosed.body(_NOW)})
    await pool.execute("UPDATE merchant_balances SET available = 12000, pending = 0")
    later = await gatherer.picture(void, newest=VOIDS)
    assert rank_series(later.looks)[0].cause.name == "funds_not_arrived"
    assert later.facts.get("merchant.counted") == 0
    assert later.facts.source("merchant.counted").endswith("when the case was opened")
    assert later.now.get("merchant.counted") == 12_000, "a step is decided on what is there now"


async def test_all_attempts_are_looked_at_each_with_what_was_around_it(
    pool: asyncpg.Pool, gatherer: Gatherer
) -> None:
    sale = await put_transaction(pool, 2)
    tries = [
        await put_void(
            pool,
            3 + number,
            sale.id,
            response_code="14",
            received_at=at,
            answered_at=at,
            issuer_id=sale.issuer_id,
        )
        for number, at in enumerate(_NOW - timedelta(seconds=60 * back) for back in (30, 29, 3))
    ]
    await put_void(pool, 9, sale.id, kind="refund")
    began = _NOW.timestamp() - HeldClock().monotonic()
    for void, code in zip(tries, ("96", "96", "00"), strict=True):
        slot = HealthSlot(int((void.received_at.timestamp() - began) / SLOT_S), requests=8)
        for number in range(8):
            slot.heard(slot.number * SLOT_S + number / 10, code, PLAIN)
        await EvidenceKeeper(pool, HeldClock(_NOW), 0)._put_slot(sale.issuer_id, slot)
    picture = await gatherer.picture(tries[0], newest=VOIDS)
    assert [look.void.id for look in picture.looks] == [one.id for one in tries]
    shares = [look.facts.get("issuer.fault_share_recent") for look in picture.looks]
    assert shares == [1.0, 1.0, 0.0]
    assert picture.facts == picture.looks[-1].facts
    assert (await gatherer.picture(tries[0], newest=VOIDS)).looks == picture.looks


async def test_a_decline_before_the_card_was_approved_says_nothing_of_it(
    pool: asyncpg.Pool, gatherer: Gatherer
) -> None:
    declined = {"kind": "sale", "state": State.DECLINED, "response_code": "41"}
    sale = await put_transaction(pool, 2)
    void = await put_void(pool, 3, sale.id, received_at=sale.received_at + _HOUR)
    before = sale.received_at - timedelta(minutes=5)
    await put_transaction(pool, 4, **declined, received_at=before)
    assert (await gatherer.picture(void)).facts.get("card.other_declines") == 0
    await put_transaction(pool, 5, **declined, received_at=sale.received_at + _HOUR / 2)
    facts = (await gatherer.picture(void)).facts
    assert facts.get("card.other_declines") == 1
    assert facts.get("card.other_decline_code") == "41"
    own = {"kind": "sale", "state": State.REVERSED, "response_code": "Q1"}
    await put_transaction(pool, 6, **own, received_at=sale.received_at + _HOUR * 0.7)
    down = {"kind": "sale", "state": State.REVERSED, "response_code": "96"}
    await put_transaction(pool, 7, **down, received_at=sale.received_at + _HOUR * 0.8)
    facts = (await gatherer.picture(void)).facts
    assert facts.get("card.other_declines") == 2, "a code that proves nothing of the money counts"
    assert facts.get("card.other_decline_code") == "Q1"


async def test_what_runs_on_terminals_that_fail_is_told_apart(
    pool: asyncpg.Pool, gatherer: Gatherer
) -> None:
    await put(pool, "merchants", _SHOP)
    tills = [f"1000000{number}" for number in range(1, 7)]
    for number, till in enumerate(tills):
        terminal = {"merchant_id": _MERCHANT, "terminal_id": till, "software": f"4.{number % 2}"}
        await put(pool, "terminals", terminal)
    sale = await put_transaction(pool, 2, terminal_id=tills[0])
    void = await put_void(pool, 3, sale.id, terminal_id=tills[0], response_code="30")
    began = _NOW.timestamp() - HeldClock().monotonic()
    slot = HealthSlot(int((void.received_at.timestamp() - began) / SLOT_S), requests=24)
    for number in range(24):
        asked = Asked("plain", "62000177", _MERCHANT, tills[1 + number % 5])
        code = "30" if tills.index(asked.terminal) % 2 == 0 else "00"
        slot.heard(slot.number * SLOT_S + number / 10, code, asked)
    await EvidenceKeeper(pool, HeldClock(_NOW), 0)._put_slot(void.issuer_id, slot)
    picture = await gatherer.picture(void)
    assert picture.facts.get("issuer.hurt") == "software"
    assert rank(picture.facts)[0].cause.name == "terminal_outdated"


async def test_a_void_is_compared_with_others_of_the_hour_and_with_samples_of_the_week(
    pool: asyncpg.Pool, gatherer: Gatherer
) -> None:
    sales = [await put_transaction(pool, number) for number in (10, 11, 12)]
    failed = await put_void(pool, 20, sales[0].id, amount=90_000)
    await put_void(pool, 21, sales[1].id, amount=80_000)
    await put_void(pool, 22, sales[2].id, state=State.APPROVED, response_code="00", amount=100)
    for number in range(8):
        await put(
            pool,
            "void_samples",
            {
                "merchant_id": _MERCHANT, "id": uuid4(), "issuer_id": failed.issuer_id,
                "prefix": "620001", "role": "void" if number else "refund", "amount": 200 + number,
                "at": failed.received_at - timedelta(days=number + 0.5), "minute": 0, "ok": True,
                "code": "00", "original_id": uuid4(),
            },
        )  # fmt: skip
    facts = (await gatherer.picture(failed)).facts
    assert facts.get("voids.refused") == 1
    assert facts.get("voids.passed") == 1 + 6, "of a week and of its own role"
    told = {name: fact.value for name, fact in facts if name.startswith("voids.by_")}
    assert sorted(told, key=lambda name: float(told[name]))[-2:] == [
        "voids.by_amount",
        "voids.by_nothing",
    ]


async def test_a_refusal_at_the_door_is_found_as_a_void(
    pool: asyncpg.Pool, gatherer: Gatherer
) -> None:
    refused = transaction(id=uuid4(), kind="void", rrn="300000000009")
    await pool.execute(
        "INSERT INTO refusals (merchant_id, id, terminal_id, kind, batch, trace, rrn, amount,"
        " response_code, rule, received_at, business_date)"
        " VALUES ($1, $2, $3, 'void', '000001', '000009', $4, 10000, 'A0', 'mac_wrong', $5, $6)",
        _MERCHANT,
        refused.id,
        refused.terminal_id,
        refused.rrn,
        _NOW,
        refused.business_date,
    )
    for named in (refused.rrn, str(refused.id)):
        void = await gatherer.find(named)
        assert (void.id, void.state, void.why) == (refused.id, State.DECLINED, "mac_wrong")
    picture = await gatherer.picture(void)
    assert picture.original is None
    assert picture.facts.get("original.found") is None  # nobody has looked for it
    assert rank(picture.facts)[0].cause.name == "keys_out_of_step"


async def test_the_day_ends_as_the_merchants_contract_says(
    owner: asyncpg.Connection, pool: asyncpg.Pool, gatherer: Gatherer
) -> None:
    """By what held on the day of the void: a bar's ended at six until the 25th, 14:00 is next."""
    assert owner
    void = await _void(pool)
    for valid_from, at in (("2026-11-01", "06:00"), ("2026-11-25", "14:00"), ("2026-12-01", None)):
        row = {
            "merchant_id": _MERCHANT, "valid_from": date.fromisoformat(valid_from),
            "cut_over": at and time.fromisoformat(at), "set_by": "li", "set_at": _NOW,
        }  # fmt: skip
        await put(pool, "cut_overs", row)
    facts = (await gatherer.picture(void)).facts
    assert facts.source("clock.to_cut_over") == f"cut_overs {_MERCHANT}"
    told = {name: fact.value for name, fact in facts}
    assert told["clock.to_cut_over"] == 18 * 3600.0 + 48, "noon of the 23rd: its 24th ends at six"
