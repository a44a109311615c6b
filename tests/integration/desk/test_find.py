"""The one search: by what stands on a slip or a card, by role and merchant, and by index."""

import re
from typing import Any, Final

import asyncpg
import pytest

from annul.desk import cases
from annul.desk import find as finding
from annul.desk.desk import Desk
from annul.desk.find import CASE, ISSUER, MERCHANT, TERMINAL, TRANSACTION, WholeCard, find
from annul.desk.roles import ROLES, Visitor
from tests.support.desks import make_desk
from tests.support.roles import as_superuser
from tests.support.rows import put_transaction
from tests.support.shops import NOW, Shop, open_shops

Shops = tuple[Shop, Shop]


@pytest.fixture
async def shops(pool: asyncpg.Pool) -> Shops:
    return await open_shops(pool)


@pytest.fixture
def desk(pool: asyncpg.Pool, shops: Shops) -> Desk:
    assert shops
    return make_desk(pool)


def _of(role: str, merchant: str = "") -> Visitor:
    return Visitor(role, role, ROLES[role], merchant)


async def _found(desk: Desk, visitor: Visitor, text: str) -> dict[str, list[dict[str, Any]]]:
    return {group.kind: group.rows for group in await find(desk, visitor, text)}


async def test_a_case_is_found_by_whatever_stands_on_slips_and_cards(
    desk: Desk, shops: Shops, pool: asyncpg.Pool
) -> None:
    shop, boss = shops[0], _of("operator")
    sale, case = shop.sales[0], shop.case
    await pool.execute("UPDATE cases SET amount = 8535 WHERE id = $1", case.id)
    await pool.execute("UPDATE transactions SET auth_code = 'A1B2C3' WHERE id = $1", sale.id)
    await pool.execute(
        "UPDATE cases SET ended = 'refunded', ended_at = now() WHERE id = $1", case.id
    )
    last_four = case.card_masked[-4:]
    for text in (
        case.number,
        f" {case.number[:4]} {case.number[4:8]} {case.number[8:]} ",
        sale.rrn,
        sale.trace,
        sale.trace.lstrip("0").rjust(2, "0"),
        "a1b2c3",
        last_four,
        "85.35",
        "¥85.35",
        "85.35元",
    ):
        rows = (await _found(desk, boss, text)).get(CASE, [])
        assert case.number in {row["number"] for row in rows}, text
        assert len(rows) <= 5
    (row,) = (await _found(desk, boss, "85.35"))[CASE]
    assert (row["ended"], row["amount"], row["card_masked"]) == ("refunded", 8535, case.card_masked)
    assert row["name_en"]


async def test_transactions_merchants_terminals_and_issuers_are_found_too(
    desk: Desk, shops: Shops
) -> None:
    shop, boss = shops[0], _of("support")
    (row,) = (await _found(desk, boss, shop.sales[3].rrn))[TRANSACTION]
    assert row["id"] == shop.sales[3].id
    (row,) = (await _found(desk, boss, shop.merchant))[MERCHANT]
    assert row["merchant_id"] == shop.merchant
    names = await _found(desk, boss, row["name_en"][1:6].upper())
    assert shop.merchant in {one["merchant_id"] for one in names[MERCHANT]}
    (row,) = (await _found(desk, boss, shop.terminal))[TERMINAL]
    assert (row["merchant_id"], row["terminal_id"]) == (shop.merchant, shop.terminal)
    (row,) = (await _found(desk, boss, "00000101"))[ISSUER]
    assert row["issuer_id"] == "00000101"
    groups = await find(desk, boss, shop.sales[0].card_masked[-4:])
    among = {group.kind: group.among for group in groups}
    assert among == {CASE: 0, TRANSACTION: finding.LATEST}, "it is said what was looked through"


async def test_the_latest_comes_first_and_no_way_crowds_out_another(
    desk: Desk, shops: Shops, pool: asyncpg.Pool
) -> None:
    shop, boss = shops[0], _of("operator")
    for n in range(8):  # of the card that ends in the voucher number of another one
        await put_transaction(pool, 9000 + n, card_masked="620001******0003", received_at=NOW)
    rows = (await _found(desk, boss, "0003"))[TRANSACTION]
    assert len(rows) == 5
    assert rows[0]["trace"] == "000003" == shop.sales[2].trace
    assert [row["at"] for row in rows[1:]] == sorted((row["at"] for row in rows[1:]), reverse=True)


async def test_what_needs_manual_action_is_counted_of_those_that_one_sees(
    desk: Desk, shops: Shops, pool: asyncpg.Pool
) -> None:
    assert await cases.manual(desk, _of("operator")) == 0
    await pool.execute("UPDATE cases SET task = 'ask_person'")
    assert await cases.manual(desk, _of("operator")) == 2
    assert await cases.manual(desk, _of("merchant", shops[0].merchant)) == 1
    await pool.execute("UPDATE cases SET ended = 'unproved', ended_at = now()")
    assert await cases.manual(desk, _of("operator")) == 2
    await pool.execute("UPDATE cases SET ended = 'refused'")
    assert await cases.manual(desk, _of("operator")) == 0


@pytest.mark.parametrize("text", ["", " ", "7", "x" * 61, "a\0b", "%", "' OR true --", "\\", "()"])
async def test_what_finds_nothing_is_no_fault(desk: Desk, text: str) -> None:
    assert await find(desk, _of("operator"), text) == []


_CARDS: Final = (
    "6200010000000007",
    "6200 0100 0000 0007",
    "6200-0100-0000-0007",
    "card 6200010000000007123",
    "4000000000002",
    "371449635398431",
)


@pytest.mark.parametrize("text", _CARDS)
async def test_a_whole_card_is_refused_and_stands_in_no_message(desk: Desk, text: str) -> None:
    with pytest.raises(WholeCard) as refused:
        await find(desk, _of("operator"), text)
    assert not re.search(r"\d{4}", f"{refused.value} {refused.value.next_step}")


async def test_people_of_a_shop_find_what_is_theirs_alone(desk: Desk, shops: Shops) -> None:
    mine, theirs = shops
    visitor = _of("merchant", mine.merchant)
    for text in (
        theirs.case.number,
        theirs.sales[0].rrn,
        theirs.sales[0].trace,
        theirs.merchant,
        theirs.terminal,
        theirs.case.card_masked[-4:],
        "100.00",
    ):
        groups = await _found(desk, visitor, text)
        assert groups.keys() <= {CASE, TRANSACTION}
        rows = [row for rows in groups.values() for row in rows]
        assert {row["merchant_id"] for row in rows} <= {mine.merchant}, text
    assert mine.case.number in {
        row["number"] for row in (await _found(desk, visitor, mine.case.number))[CASE]
    }


async def test_who_may_not_read_cases_has_no_search(desk: Desk, shops: Shops) -> None:
    for visitor in (_of("cashier", shops[0].merchant), Visitor("key", "", frozenset())):
        assert not finding.searches(visitor)
        assert await find(desk, visitor, shops[0].case.number) == []
    for role in ("merchant", "support", "operator", "administrator", "auditor"):
        assert finding.searches(_of(role))


# Among many --------------------------------------------------------------------------------------

_MANY: Final = """
CREATE TEMP TABLE many AS
SELECT n, gen_random_uuid() AS id, timestamptz '2026-06-01' + n * interval '1 minute' AS at,
       '620001******' || lpad((n % 9999)::text, 4, '0') AS card
FROM generate_series(1, 60000) AS n;
INSERT INTO transactions (merchant_id, id, kind, state, sent, node, terminal_id, batch, trace,
    business_date, amount, currency, card_hash, card_masked, card_cipher, card_type, entry_mode,
    condition, issuer_id, rrn, received_at, auth_code)
SELECT '898000058120000', id, CASE WHEN n % 20 = 0 THEN 'preauth' ELSE 'sale' END, 'approved',
    'answered', 0, '1', (n / 4000)::text, lpad((n % 4000)::text, 6, '0'), '2026-01-01',
    n % 5000 + 1, '156', '', card, 'x', 'debit', '', '', '1', 'r' || n, at, lpad(n::text, 6, '0')
FROM many;
INSERT INTO cases (merchant_id, id, number, terminal_id, original_id, kind, amount, currency,
    card_masked, issuer_id, opened_at, first_due_at, due_at, next_action_at, ended, ended_at)
SELECT '898000058120000', id, 'n' || n, '', gen_random_uuid(), 'void',
       n % 5000 + 1, '156', card, '',
       at, at, at, at, 'refused', at FROM many;
INSERT INTO merchants (merchant_id, name_zh, name_en, category)
SELECT lpad(n::text, 15, '0'), '店', 'Shop', '5812' FROM generate_series(1, 20) AS n;
INSERT INTO terminals (merchant_id, terminal_id)
SELECT lpad((n % 20 + 1)::text, 15, '0'), lpad(n::text, 8, '0')
FROM generate_series(1, 20000) AS n;
ANALYZE;
SET plan_cache_mode = force_generic_plan;
"""
# The index by which each statement goes; the reference data of a few rows it may read whole.
_INDEX: Final = {
    "cases_by_number": "cases_number",
    "cases_by_last_four": "cases_last_four",
    "cases_by_amount": "cases_amount",
    "cases_of": "cases_original",
    "transactions_by_rrn": "transactions_rrn",
    "transactions_by_voucher": "transactions_request",
    "transactions_by_approval": "transactions_auth_code",
    "transactions_by_last_four": "transactions_received",
    "transactions_by_amount": "transactions_received",
    "terminals": "terminals_number",
}


async def test_nothing_that_grows_is_read_from_end_to_end(database: str, shops: Shops) -> None:
    assert shops
    owner = await asyncpg.connect(as_superuser(database))
    await owner.execute(_MANY)
    wrong: dict[str, str] = {}
    assert {way.statement for way in finding.WAYS} | {"cases_of"} == {
        *_INDEX, "merchants", "issuers",
    }  # fmt: skip
    asked = [(name, finding._SQL[name], index) for name, index in _INDEX.items()]
    asked += [("manual", cases._SQL["manual"], "cases_due")]  # on the tab of every page
    for name, statement, index in asked:
        await owner.execute(f"PREPARE {name}_ AS {statement.sql}")
        nothing = ", ".join(["NULL"] * len(statement.parameters))
        rows = await owner.fetch(f"EXPLAIN EXECUTE {name}_ ({nothing})")
        plan = "\n".join(row[0] for row in rows)
        if index not in plan or re.search(r"Seq Scan on (transactions|cases|terminals)", plan):
            wrong[name] = plan
    await owner.close()
    assert wrong == {}, "\n\n".join(f"{name}\n{plan}" for name, plan in wrong.items())
