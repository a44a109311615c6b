"""What a shop is told of a voucher, from rows as host and resolver leave them."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from annul.desk import shop
from annul.desk.desk import Desk
from annul.desk.roles import ROLES, Visitor
from annul.desk.shop import Standing, Voucher, VoucherSearch
from annul.domain.states import State
from annul.domain.text import Text
from annul.resolve.book import CaseEntry
from annul.resolve.case import Event
from tests.support.builders import DAY
from tests.support.clock import HeldClock
from tests.support.desks import make_desk
from tests.support.roles import as_owner
from tests.support.rows import put, put_case, put_refusal, put_transaction, put_void
from tests.support.situations import NOW, OPENED

_SHOP, _OTHER = "898000058120000", "898000059420001"
_BEFORE = OPENED - timedelta(minutes=10)
_ENDED: dict[str, Any] = {"ended_at": NOW}


def _visitor(role: str = "operator", merchant: str = "") -> Visitor:
    return Visitor(role, role, ROLES[role], merchant)


@pytest.fixture
async def desk(pool: asyncpg.Pool) -> Desk:
    """Two shops; the first has two terminals."""
    for merchant_id in (_SHOP, _OTHER):
        row = {"merchant_id": merchant_id, "name_zh": "示例", "name_en": "Example"}
        await put(pool, "merchants", row | {"category": "5812"})
    for merchant_id, terminal_id in (
        (_SHOP, "10000001"),
        (_SHOP, "10000002"),
        (_OTHER, "10000003"),
    ):
        await put(pool, "terminals", {"merchant_id": merchant_id, "terminal_id": terminal_id})
    return make_desk(pool, clock=HeldClock(NOW))


async def _sold(pool: asyncpg.Pool, trace: int = 2, **changes: Any) -> UUID:
    return (await put_transaction(pool, trace, received_at=_BEFORE, **changes)).id


async def _one(desk: Desk, text: str, merchant: str = _SHOP) -> Voucher:
    found = await shop.find(desk, _visitor(), shop.asked(text), merchant)
    assert len(found) == 1
    return found[0]


# What was looked for -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("2", VoucherSearch("voucher", number="000002")),
        (" 000002 ", VoucherSearch("voucher", number="000002")),
        ("405914327698", VoucherSearch("reference", number="405914327698")),
        (
            f"{_SHOP}-10000001-000001-000002",
            VoucherSearch("slip", _SHOP, "10000001", "000001", "000002"),
        ),
        (
            f"https://pos.example/shop?code={_SHOP}-10000001-000001-000002",
            VoucherSearch("slip", _SHOP, "10000001", "000001", "000002"),
        ),
        ("6200010000000007", VoucherSearch()),
        ("1234567", VoucherSearch()),
        ("tea", VoucherSearch()),
        ("'; --", VoucherSearch()),
        ("٣", VoucherSearch()),
        ("", VoucherSearch()),
    ],
)
def test_what_is_typed_or_scanned_is_read(text: str, asked: VoucherSearch) -> None:
    assert shop.asked(text) == asked


@pytest.mark.parametrize("text", ["2", "300000000002", f"{_SHOP}-10000001-000001-000002"])
async def test_a_voucher_is_found_by_each_of_its_numbers(
    desk: Desk, pool: asyncpg.Pool, text: str
) -> None:
    await _sold(pool)
    found = await _one(desk, text)
    assert found.code == f"{_SHOP}-10000001-000001-000002"
    assert (found.standing, found.row["card_masked"]) == (Standing.STANDS, "620001******0007")


async def test_a_number_may_stand_on_several_slips_the_latest_comes_first(
    desk: Desk, pool: asyncpg.Pool
) -> None:
    await _sold(pool)
    await put_transaction(pool, 2, terminal_id="10000002", rrn="300000000022", received_at=OPENED)
    await put_transaction(
        pool, 2, batch="A00001", origin="resolver", rrn="300000000023", received_at=NOW
    )
    await _sold(pool, merchant_id=_OTHER, terminal_id="10000003")
    found = await shop.find(desk, _visitor(), shop.asked("2"), _SHOP)
    assert [one.row["terminal_id"] for one in found] == ["10000002", "10000001"]


@pytest.mark.parametrize("text", ["2", "300000000002", f"{_OTHER}-10000003-000001-000002"])
async def test_who_belongs_to_a_shop_sees_no_other(
    desk: Desk, pool: asyncpg.Pool, text: str
) -> None:
    await _sold(pool, merchant_id=_OTHER, terminal_id="10000003")
    mine, theirs = _visitor("cashier", _SHOP), _visitor("cashier", _OTHER)
    assert await shop.find(desk, mine, shop.asked(text), _OTHER) == []
    assert len(await shop.find(desk, theirs, shop.asked(text))) == 1
    assert [row["merchant_id"] for row in await shop.shops(desk, mine)] == [_SHOP]
    assert [row["merchant_id"] for row in await shop.shops(desk, _visitor())] == [_SHOP, _OTHER]


async def test_without_a_shop_only_what_is_unique_is_found(desk: Desk, pool: asyncpg.Pool) -> None:
    await _sold(pool)
    assert await shop.find(desk, _visitor(), shop.asked("2")) == []
    assert len(await shop.find(desk, _visitor(), shop.asked("300000000002"))) == 1


@pytest.mark.parametrize("text", ["7", "300000000777", f"{_SHOP}-10000001-000001-000777", "tea"])
async def test_nothing_is_found_quietly(desk: Desk, text: str) -> None:
    assert await shop.find(desk, _visitor(), shop.asked(text), _SHOP) == []


# How it stands -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "standing"),
    [
        (State.APPROVED, Standing.STANDS),
        (State.VOIDED, Standing.VOIDED),
        (State.REFUNDED, Standing.REFUNDED),
        (State.PARTLY_REFUNDED, Standing.PARTLY),
        (State.DECLINED, Standing.NOTHING),
        (State.REVERSED, Standing.NOTHING),
        (State.UNKNOWN, Standing.WORKING),
        (State.REVERSING, Standing.WORKING),
        (State.SENT, Standing.WORKING),
    ],
)
async def test_a_sale_without_a_void_stands_as_its_state_says(
    desk: Desk, pool: asyncpg.Pool, state: State, standing: Standing
) -> None:
    await _sold(pool, state=state)
    assert (await _one(desk, "2")).standing is standing


@pytest.mark.parametrize("text", ["2", "3"])
async def test_a_void_is_found_by_the_slip_of_the_sale_and_by_its_own(
    desk: Desk, pool: asyncpg.Pool, text: str
) -> None:
    sale = await _sold(pool, state=State.VOIDED)
    await put_void(pool, 3, sale, state=State.APPROVED)
    found = await _one(desk, text)
    assert found.standing is Standing.VOIDED
    assert (found.about["sale_trace"], found.about["undo_rrn"]) == ("000002", "300000000003")


@pytest.mark.parametrize("text", ["2", "3", "300000000003"])
@pytest.mark.parametrize(
    ("case", "sale_state", "standing"),
    [
        (None, State.APPROVED, Standing.WORKING),  # it is opened in a moment
        ({}, State.APPROVED, Standing.WORKING),
        ({"ended": "refused", **_ENDED}, State.APPROVED, Standing.REFUSED),
        ({"ended": "voided", **_ENDED}, State.VOIDED, Standing.VOIDED),
        ({"ended": "refunded", **_ENDED}, State.REFUNDED, Standing.REFUNDED),
        ({"ended": "refused", **_ENDED}, State.VOIDED, Standing.VOIDED),
        ({"ended": "refused", **_ENDED}, State.DECLINED, Standing.NOTHING),
    ],
)
async def test_a_failed_void_stands_as_its_case_says(
    desk: Desk,
    pool: asyncpg.Pool,
    case: dict[str, Any] | None,
    sale_state: State,
    standing: Standing,
    text: str,
) -> None:
    sale = await _sold(pool, state=sale_state)
    void = await put_void(pool, 3, sale)
    if case is not None:
        await put_case(pool, id=void.id, original_id=sale, number=void.rrn, cause="timeout", **case)
    found = await _one(desk, text)
    assert found.standing is standing
    assert found.about["number"] == (void.rrn if case is not None else None)
    assert found.open is (standing is Standing.WORKING)


async def test_an_open_case_goes_before_one_that_ended(desk: Desk, pool: asyncpg.Pool) -> None:
    sale = await _sold(pool)
    first, second = await put_void(pool, 3, sale), await put_void(pool, 4, sale)
    await put_case(pool, id=second.id, original_id=sale, number=second.rrn)
    ended = {"ended": "refused", "opened_at": OPENED + timedelta(seconds=9), **_ENDED}
    await put_case(pool, id=first.id, original_id=sale, number=first.rrn, **ended)
    assert (await _one(desk, "2")).about["number"] == second.rrn


@pytest.mark.parametrize(
    ("state", "standing"),
    [(State.UNKNOWN, Standing.WORKING), (State.DECLINED, Standing.REFUSED)],
)
async def test_a_refund_has_no_case(
    desk: Desk, pool: asyncpg.Pool, state: State, standing: Standing
) -> None:
    sale = await _sold(pool)
    await put_void(pool, 3, sale, kind="refund", state=state)
    assert [(await _one(desk, text)).standing for text in "23"] == [standing] * 2


@pytest.mark.parametrize(
    ("case", "standing"),
    [
        (None, Standing.WORKING),
        ({}, Standing.WORKING),
        ({"ended": "refused", **_ENDED}, Standing.REFUSED),
    ],
)
@pytest.mark.parametrize("text", ["3", "300000000003", f"{_SHOP}-10000001-000001-000003"])
async def test_a_void_refused_at_the_door_is_found_too(
    desk: Desk, pool: asyncpg.Pool, case: dict[str, Any] | None, standing: Standing, text: str
) -> None:
    identity = shop.least_id(OPENED)
    await put_refusal(pool, 3, "000999", id=identity)
    if case is not None:
        await put_case(pool, id=identity, original_id=None, number="300000000003", **case)
    found = await _one(desk, text)
    assert (found.standing, found.about["sale_id"]) == (standing, None)


async def test_a_sale_knows_of_its_void_that_was_refused_at_the_door(
    desk: Desk, pool: asyncpg.Pool
) -> None:
    sale, identity = await _sold(pool), shop.least_id(OPENED)
    await put_refusal(pool, 3, "000002", id=identity)
    await put_case(pool, id=identity, original_id=sale, number="300000000003")
    assert (await _one(desk, "2")).about["number"] == "300000000003"
    assert (await _one(desk, "3")).about["sale_trace"] == "000002"


# The day -----------------------------------------------------------------------------------------


async def test_today_has_what_cashiers_asked_to_be_undone(desk: Desk, pool: asyncpg.Pool) -> None:
    sale, other = await _sold(pool, state=State.VOIDED), await _sold(pool, 5)
    await put_void(pool, 3, sale, state=State.APPROVED)
    await put_void(pool, 4, sale, origin="resolver")
    await put_void(pool, 6, other)
    await put_void(pool, 7, other, business_date=DAY - timedelta(days=1))
    await put_void(pool, 10, sale)  # a try that was declined, of the same money
    await put_refusal(pool, 8, "000999", id=shop.least_id(OPENED), received_at=NOW)
    await put_refusal(pool, 9, "000999", id=shop.least_id(NOW), merchant_id=_OTHER)
    found = await shop.today(desk, _SHOP)
    assert sorted((one.about["sale_trace"], one.standing) for one in found.sales[1:]) == [
        ("000002", Standing.VOIDED),
        ("000005", Standing.WORKING),
    ]
    assert (found.sales[0].row["trace"], found.sales[0].standing) == ("000008", Standing.WORKING)
    assert found.back == {"156": 10_000}


async def test_the_day_s_sum_has_each_sale_once(desk: Desk, pool: asyncpg.Pool) -> None:
    """A refund counts with what it gave back, a void with the sale, a pre-authorisation not."""
    parted = await _sold(pool, state=State.PARTLY_REFUNDED)
    for trace, amount in ((3, 10_00), (4, 5_00)):
        await put_void(pool, trace, parted, kind="refund", state=State.APPROVED, amount=amount)
    held = await _sold(pool, 5, kind="preauth", state=State.VOIDED)
    await put_void(pool, 6, held, kind="preauth_void", state=State.APPROVED)
    found = await shop.today(desk, _SHOP)
    assert len(found.sales) == 2
    assert found.back == {"156": 15_00}


async def test_a_number_finds_a_sale_once(desk: Desk, pool: asyncpg.Pool) -> None:
    """The void, its repeat and a try at another terminal's same number are one sale."""
    sale = await _sold(pool, state=State.VOIDED)
    await put_void(pool, 2, sale, terminal_id="10000002", rrn="300000000022", state=State.APPROVED)
    found = await shop.find(desk, _visitor(), shop.asked("2"), _SHOP)
    assert [one.standing for one in found] == [Standing.VOIDED]


# Among many --------------------------------------------------------------------------------------

_MANY = """
INSERT INTO transactions (merchant_id, id, kind, state, sent, node, terminal_id, batch, trace,
    business_date, amount, currency, original_id, card_hash, card_masked, card_cipher, card_type,
    entry_mode, condition, issuer_id, rrn, received_at)
SELECT $1, gen_random_uuid(), CASE WHEN n % 10 = 0 THEN 'void' ELSE 'sale' END, 'approved',
    'answered', 0, '1000000' || n % 2 + 1, lpad((n / 5000 + 1)::text, 6, '0'),
    lpad(n::text, 6, '0'), '2026-11-01', 100, '156',
    CASE WHEN n % 10 = 0 THEN gen_random_uuid() END, sha256('c'), '', '', 'debit', '021', '00',
    '00000101', lpad(n::text, 12, '0'), $2::timestamptz - n * interval '5 min'
FROM generate_series(1, 20000) n
"""


async def test_what_a_shop_asks_goes_by_index(
    desk: Desk, pool: asyncpg.Pool, database: str
) -> None:
    await pool.execute(_MANY, _SHOP, NOW)
    owner = await asyncpg.connect(as_owner(database))
    await owner.execute("ANALYZE")
    some, none = UUID(int=7), UUID(int=0)
    whose, kinds = {"merchant": _SHOP}, ["void", "refund"]
    slip = {"terminal": "10000001", "batch": "000001", "trace": "000002"}
    day: dict[str, Any] = {
        "business_date": DAY,
        "since": NOW - timedelta(hours=26),
        "since_id": none,
        "limit": 30,
    }
    asked: dict[str, dict[str, Any]] = {
        "by_slip": slip,
        "by_reference": {"rrn": "000000000002"},
        "by_voucher": {"trace": "000002"},
        "today": day | {"kinds": kinds},
        "standing": {"ids": [some], "sales": [some], "kinds": kinds},
    }
    for name, values in asked.items():
        sql, *arguments = shop._SQL[name](**whose, **values)
        plan = await owner.fetch(f"EXPLAIN {sql}", *arguments)
        lines = "\n".join(row[0] for row in plan)
        assert not re.search("Seq Scan on transactions", lines), f"{name}: {lines}"
    await owner.close()
    assert desk


# What nobody could prove, and what the shop takes back ------------------------------------------


async def test_money_that_nobody_could_prove_is_said_to_be_cleared_up(
    desk: Desk, pool: asyncpg.Pool
) -> None:
    sale = await _sold(pool, 2)
    void = await put_void(pool, 3, sale, state=State.DISPUTED, response_code="00")
    await put_case(pool, id=void.id, original_id=sale, ended="unproved", **_ENDED)
    for text in ("2", "3"):
        found = await _one(desk, text)
        assert (found.standing, found.open) == (Standing.UNPROVED, True)


@pytest.mark.parametrize(
    ("sale_state", "undo_state", "standing"),
    [
        (State.DISPUTED, None, Standing.UNPROVED),
        (State.APPROVED, State.DISPUTED, Standing.WORKING),  # its case is opened in a moment
        (State.REVERSING, None, Standing.WORKING),
    ],
)
async def test_a_dispute_is_no_outcome(
    desk: Desk, pool: asyncpg.Pool, sale_state: State, undo_state: State | None, standing: Standing
) -> None:
    sale = await _sold(pool, 2, state=sale_state)
    if undo_state is not None:
        await put_void(pool, 3, sale, state=undo_state)
    assert (await _one(desk, "2")).standing is standing


async def test_a_void_that_the_shop_took_back_leaves_its_sale(
    desk: Desk, pool: asyncpg.Pool
) -> None:
    sale = await _sold(pool, 2)
    void = await put_void(pool, 3, sale)
    case = await put_case(pool, id=void.id, original_id=sale)
    assert (await _one(desk, "3")).standing is Standing.WORKING
    written = await desk.book.write(
        case,
        CaseEntry(case, [Event("withdraw", Text("撤回", "withdrawn"), "mei")]),
        NOW,
    )
    assert written is not None
    ended = written._replace(ended="refused", ended_at=NOW)
    await desk.book.write(written, CaseEntry(ended, [Event("ended_refused", Text("", ""))]), NOW)
    for text in ("2", "3"):
        assert (await _one(desk, text)).standing is Standing.WITHDRAWN


async def test_what_was_asked_for_is_what_the_case_is_about(desk: Desk, pool: asyncpg.Pool) -> None:
    sale = await _sold(pool, 2)
    refund = await put_void(pool, 3, sale, kind="refund")
    await put_case(pool, id=refund.id, original_id=sale, kind="refund", ended="refused", **_ENDED)
    found = await _one(desk, "3")
    assert (found.standing, found.kind) == (Standing.REFUSED, "refund")
