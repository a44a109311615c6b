"""What a report counts of the books, each void once and on its own business day."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from annul.domain.business_day import Calendar
from annul.operate.reports.counts import Counts
from annul.operate.reports.period import NotClosed, Period
from annul.operate.reports.reading import Key, Pair, Tables, added, read
from tests.support.failed_voids import ISSUER, OTHER, case, shops, void

_CALENDAR = Calendar(ZoneInfo("Asia/Shanghai"), time(23))
_DAY = Period.read("2026-11-26")
_NOON = datetime(2026, 11, 26, 4, tzinfo=UTC)
_BEFORE = _NOON - timedelta(days=1)
_NOW = _NOON + timedelta(days=1)


async def _read(pool: asyncpg.Pool, **more: str) -> Tables:
    return await read(pool, _DAY, _CALENDAR, _NOW, **more)


async def test_each_void_counts_once_by_its_end(pool: asyncpg.Pool) -> None:
    shop, _ = await shops(pool)
    for took in (timedelta(seconds=30), timedelta(minutes=20), timedelta(hours=3)):
        await case(pool, shop, _NOON, took=took)
    await case(pool, shop, _NOON, ended="refunded", took=timedelta(hours=25))
    await case(pool, shop, _NOON, ended="refused")
    await case(pool, shop, _NOON, ended="unproved", took=timedelta(minutes=1))
    await case(pool, shop, _NOON, ended="")  # open, and late
    await case(pool, shop, _NOON, ended="", due=timedelta(days=2))  # open, and not due yet
    await case(pool, shop, _NOON, kind="refund")
    await void(pool, shop, _NOON)
    await void(pool, shop, _NOON, kind="qr_void")
    await void(pool, shop, _NOON, state="declined")
    await void(pool, shop, _NOON, kind="sale")
    retried = uuid4()
    await case(pool, shop, _BEFORE, original=retried)
    await void(pool, shop, _NOON, original=retried)  # how that case was brought to its end
    total = (await _read(pool)).groups[Key()]
    assert total == Pair(
        before=Counts(voided=1, decided=1, in_time=1, hour=1),
        now=Counts(
            at_once=2,
            voided=3,
            refunded=1,
            refused=1,
            unproved=1,
            open=2,
            decided=7,
            in_time=2,
            minute=1,
            hour=2,
            day=1,
            longer=1,
        ),
    )
    assert (total.now.failed, total.now.asked) == (8, 10)


async def test_groups_add_up_and_have_names(pool: asyncpg.Pool) -> None:
    first, second = await shops(pool)
    await pool.execute("UPDATE terminals SET software = '3110' WHERE merchant_id = $1", first[0])
    await case(pool, first, _NOON)
    await case(pool, first, _NOON, confirmed="timeout")
    await case(pool, second, _BEFORE, issuer=OTHER, cause="")
    await void(pool, second, _NOON, issuer=OTHER)
    tables = await _read(pool)
    failed = {key: (pair.before.failed, pair.now.failed) for key, pair in tables.groups.items()}
    assert failed[Key(issuer=ISSUER, software="3110", cause="timeout")] == (0, 1)
    assert failed[Key(cause="unknown")] == (1, 0)
    assert not [key for key in failed if key.terminal and key.cause], "so few say nothing"
    assert tables.groups[Key(merchant=second[0])].now.at_once == 1
    assert tables.groups[Key(issuer=OTHER, software="-")].now.at_once == 1
    assert tables.names["merchant", first[0]].zh
    assert tables.names["issuer", ISSUER].en
    for dimension in (("cause",), ("issuer",), ("merchant",), ("issuer", "software", "cause")):
        some = [failed[key] for key in failed if key.dimension == dimension]
        assert (sum(a for a, _ in some), sum(b for _, b in some)) == (1, 2)


async def test_what_a_terminal_has_much_of_is_counted(pool: asyncpg.Pool) -> None:
    first, second = await shops(pool)
    for at in (_NOON, _NOON, _BEFORE):
        await case(pool, first, at, cause="terminal_link")
    await case(pool, first, _NOON, cause="timeout")
    await case(pool, second, _NOON, cause="terminal_link")
    groups = (await _read(pool)).groups
    whose = Key(merchant=first[0], terminal=first[1])
    told = {key.cause: pair for key, pair in groups.items() if key.terminal}
    assert set(told) == {"", "terminal_link"}
    assert [one.failed for one in told["terminal_link"]] == [1, 2]
    assert [one.failed for one in groups[whose]] == [1, 3]
    assert [one.failed for one in groups[Key(merchant=second[0])]] == [0, 1]


async def test_of_one_merchant_only_its_own(pool: asyncpg.Pool) -> None:
    first, second = await shops(pool)
    await case(pool, first, _NOON)
    await case(pool, second, _NOON)
    await void(pool, second, _NOON)
    tables = await _read(pool, merchant=first[0])
    assert tables.groups[Key()].now == Counts(voided=1, decided=1, in_time=1, hour=1)
    assert {key.merchant for key in tables.groups} == {"", first[0]}


async def test_days_end_when_contracts_say(pool: asyncpg.Pool) -> None:
    house, bar = await shops(pool)
    await pool.execute(
        "INSERT INTO cut_overs (merchant_id, valid_from, cut_over, set_by, set_at)"
        " VALUES ($1, '2020-01-01', '06:00', 'li', now())",
        bar[0],
    )
    morning = datetime(2026, 11, 25, 21, tzinfo=UTC)  # 05:00 of the 26th
    for shop in (house, bar):
        for at in (morning, morning + timedelta(hours=2)):
            await case(pool, shop, at)
            await void(pool, shop, at)
    groups = (await _read(pool)).groups
    assert groups[Key(merchant=house[0])].now.asked == 4
    assert groups[Key(merchant=bar[0])].now.asked == 2  # the other ones are of the 27th
    assert [one.asked for one in groups[Key()]] == [0, 6]


async def test_a_day_that_has_not_ended_for_everybody_has_no_report(pool: asyncpg.Pool) -> None:
    late, _ = await shops(pool)
    await pool.execute(
        "INSERT INTO cut_overs (merchant_id, valid_from, cut_over, set_by, set_at)"
        " VALUES ($1, '2020-01-01', '23:30', 'li', now())",
        late[0],
    )
    ends = datetime(2026, 11, 26, 15, 30, tzinfo=UTC)
    await read(pool, _DAY, _CALENDAR, ends)
    with pytest.raises(NotClosed):
        await read(pool, _DAY, _CALENDAR, ends - timedelta(minutes=1))


async def test_cells_are_added(pool: asyncpg.Pool) -> None:
    first, second = await shops(pool)
    await case(pool, first, _NOON)
    one = await _read(pool)
    await case(pool, second, _NOON, ended="refused")
    both = added([one, await _read(pool)])
    assert both.groups[Key()].now.voided == 2
    assert both.groups[Key()].now.refused == 1


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("cases", "cases_opened"),
        ("at_shops", "cases_opened"),
        ("at_once", "transactions_voids"),
    ],
)
async def test_days_are_found_by_index(pool: asyncpg.Pool, name: str, index: str) -> None:
    from annul.operate.reports.reading import _SQL, LEAST, MOST

    shop, _ = await shops(pool)
    await pool.execute(
        "INSERT INTO cases (merchant_id, id, number, terminal_id, original_id, kind, amount,"
        " currency, card_masked, issuer_id, opened_at, due_at, first_due_at, next_action_at,"
        " ended, ended_at) SELECT $1, gen_random_uuid(), n::text, '10000001',"
        " gen_random_uuid(), 'void', 1, '156', '620001******0007', $2, at, at, at, at, 'voided', at"
        " FROM generate_series(1, 20000) n,"
        " LATERAL (SELECT $3::timestamptz - n * interval '10 min') t (at)",
        shop[0],
        ISSUER,
        _NOON,
    )
    await pool.execute(
        "INSERT INTO transactions (merchant_id, id, kind, state, sent, node, terminal_id, batch,"
        " trace, business_date, amount, currency, card_hash, card_masked, card_cipher, card_type,"
        " entry_mode, condition, issuer_id, rrn, received_at)"
        " SELECT $1, gen_random_uuid(), CASE WHEN n % 50 = 0 THEN 'void' ELSE 'sale' END,"
        " 'approved', 'answered', 0, '10000001', '1', n::text, '2026-01-01', 1, '156', '', '', '',"
        " 'debit', '', '', $2, n::text, $3::timestamptz - n * interval '1 min'"
        " FROM generate_series(1, 20000) n",
        shop[0],
        ISSUER,
        _NOON,
    )
    await pool.execute("ANALYZE cases, transactions")
    house = _DAY.bounds(_CALENDAR)
    own = {"own": [], **{f"own_{name}": [] for name in house._fields}}
    asked = {**house._asdict(), **own, "earliest": house.before, "latest": house.until}
    more: dict[str, dict[str, Any]] = {
        "cases": {"now": _NOW},
        "at_shops": {"most": MOST, "least": LEAST},
        "at_once": {"merchants": []},
    }
    query, *given = _SQL[name](**asked, **more[name], merchant="")
    plan = await pool.fetch(f"EXPLAIN {query}", *given)
    assert any(index in row[0] for row in plan), plan
