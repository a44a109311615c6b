"""What outcomes book of fees, worked out by hand: the whole life of a sale, and what is left then.

Debit costs 0.50 %, at most 20.00; credit 0.60 %; QR 0.38 %; discount credit 0.48 %; the schemes
have 0.35 % (at most 13.00) of debit and QR, 0.45 % of credit, and 0.0325 % (at most 3.25) besides.
"""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import asyncpg
import pytest

from .ledger import NOW, OK, Ledger, opened

_STANDARD, _DISCOUNT, _WELFARE = "898000058120000", "898000059420001", "898000083980002"
_TERMINALS = {_STANDARD: "10000001", _DISCOUNT: "10000003", _WELFARE: "10000005"}


@pytest.fixture
async def ledger(pool: asyncpg.Pool) -> AsyncIterator[Ledger]:
    async with opened(pool, 3) as ledger:
        yield ledger


async def _net(pool: asyncpg.Pool) -> dict[str, int]:
    """Give what is left on each account: credits less debits."""
    rows = await pool.fetch(
        "SELECT account, sum(m.amount)::bigint FROM entries e CROSS JOIN LATERAL (VALUES"
        " (debit, -e.amount), (credit, e.amount)) m (account, amount) GROUP BY account"
    )
    return {account: amount for account, amount in rows if amount}


def _left(sold: int, fee: int, cost: int) -> dict[str, int]:
    """Give what a sale leaves on each account."""
    said = {
        "issuer_receivable": -sold,
        "merchant_pending": sold - fee,
        "fee_income": fee,
        "scheme_cost": -cost,
        "scheme_payable": cost,
    }
    return {account: amount for account, amount in said.items() if amount}


@pytest.mark.parametrize(
    ("shop", "card", "amount", "life", "left"),
    [
        # 0.50; 0.35 and 0.03.
        (_STANDARD, "debit", 100_00, (), (100_00, 50, 38)),
        # 50.00, at most 20.00; 13.00 and 3.25.
        (_STANDARD, "debit", 10_000_00, (), (10_000_00, 20_00, 16_25)),
        # 60.00; 45.00 and 3.25.
        (_STANDARD, "credit", 10_000_00, (), (10_000_00, 60_00, 48_25)),
        # 0.38; 0.35 and 0.03.
        (_STANDARD, "qr", 100_00, (), (100_00, 38, 38)),
        # 1.20; 1.13 and 0.08.
        (_DISCOUNT, "credit", 250_00, (), (250_00, 1_20, 1_21)),
        (_WELFARE, "credit", 250_00, (), (250_00, 0, 0)),
        # A void leaves nothing, at a cap or not.
        (_STANDARD, "debit", 100_00, ("void",), (0, 0, 0)),
        (_STANDARD, "debit", 10_000_00, ("void",), (0, 0, 0)),
        (_STANDARD, "qr", 99_99, ("qr_void",), (0, 0, 0)),
        (_WELFARE, "debit", 250_00, ("void",), (0, 0, 0)),
        # A void that was reversed: the sale stands, and can be voided once more.
        (_STANDARD, "debit", 100_00, ("void", "back"), (100_00, 50, 38)),
        (_STANDARD, "debit", 10_000_00, ("void", "back"), (10_000_00, 20_00, 16_25)),
        (_STANDARD, "debit", 10_000_00, ("void", "back", "void"), (0, 0, 0)),
        # 33.33 of 100.00: 16.665 of 50 and 12.6654 of 38 go back, without the fraction.
        (_STANDARD, "debit", 100_00, (33_33,), (66_67, 34, 26)),
        # 66.66: 33.33 of 50, 25.3308 of 38.
        (_STANDARD, "debit", 100_00, (33_33, 33_33), (33_34, 17, 13)),
        (_STANDARD, "debit", 100_00, (33_33, 33_33, 33_34), (0, 0, 0)),
        (_STANDARD, "debit", 100_00, (33_34, 33_33, 33_33), (0, 0, 0)),
        # One fen, 0.005 of a fee: nothing; then the rest.
        (_STANDARD, "debit", 100_00, (1,), (99_99, 50, 38)),
        (_STANDARD, "debit", 100_00, (1, 99_99), (0, 0, 0)),
        # Of a fee at its cap: a fourth.
        (_STANDARD, "debit", 10_000_00, (2_500_00,), (7_500_00, 15_00, 12_19)),
        (_DISCOUNT, "credit", 250_00, (100_00, 150_00), (0, 0, 0)),
    ],
)
async def test_what_is_left(
    ledger: Ledger,
    shop: str,
    card: str,
    amount: int,
    life: tuple[str | int, ...],
    left: tuple[int, int, int],
) -> None:
    mine: dict[str, Any] = {
        "merchant_id": shop, "terminal_id": _TERMINALS[shop], "card_type": card,
    }  # fmt: skip
    qr = "qr_" if card == "qr" else ""
    sale = await ledger.sold(kind=f"{qr}sale", amount=amount, **mine)
    last = sale
    for trace, what in enumerate(life, 2):
        sale = await ledger.again(sale)
        if what == "back":
            assert await ledger.outcomes.reversing(last, "4021", NOW)
            assert await ledger.outcomes.reversed(await ledger.again(last), "00", NOW)
            continue
        part, kind = (what, f"{qr}refund") if isinstance(what, int) else (amount, what)
        last = await ledger.undoing(kind, sale, trace, part, **mine)
        assert await ledger.outcomes.answered(last, OK, NOW, original=sale)
        last = await ledger.again(last)
    assert await _net(ledger.pool) == _left(*left)


@pytest.mark.parametrize("kind", ["void", "refund"])
async def test_what_a_sale_cost_comes_back_as_it_was_whatever_it_costs_now(
    ledger: Ledger, table_owner: asyncpg.Pool, kind: str
) -> None:
    """The contract has become another one since, and the schemes' tariff was corrected."""
    sale = await ledger.sold()
    await table_owner.execute("UPDATE merchants SET pricing = 'welfare'")
    await table_owner.execute("UPDATE fee_rates SET rate_ppm = 9000 WHERE party <> 'merchant'")
    await ledger.registry.load()
    undoing = await ledger.undoing(kind, sale, 2)
    assert await ledger.outcomes.answered(undoing, OK, NOW, original=sale)
    assert await _net(ledger.pool) == {}


async def test_a_sale_whose_rate_is_gone_is_voided_all_the_same(
    ledger: Ledger, table_owner: asyncpg.Pool
) -> None:
    sale = await ledger.sold()
    await table_owner.execute("DELETE FROM fee_rates")
    await ledger.registry.load()
    void = await ledger.undoing("void", sale, 2)
    assert await ledger.outcomes.answered(void, OK, NOW, original=sale)
    assert await _net(ledger.pool) == {}


async def test_what_a_shop_alone_has_agreed_on_is_what_it_is_charged(ledger: Ledger) -> None:
    """0.40 % of 100.00 from its day on; the costs are those of its kind of contract."""
    await ledger.pool.execute(
        "INSERT INTO fee_rates VALUES ($1, 'debit', 'merchant', '2026-11-23', 4000, NULL)",
        _STANDARD,
    )
    await ledger.registry.load()
    before = await ledger.sold(1, business_date=date(2026, 11, 22))
    since = await ledger.sold(2)
    assert (before.fee, since.fee) == (50, 40)
    assert await _net(ledger.pool) == _left(200_00, 90, 76)
