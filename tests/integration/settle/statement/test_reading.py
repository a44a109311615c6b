"""What a statement says is what the entries come to, and of closed days it never says another."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from annul.domain.ledger import MERCHANT_AVAILABLE, MERCHANT_FROZEN, PostingKind
from annul.domain.payouts import BankSaid
from annul.security.vault import Vault
from annul.settle.bank.rows import BankRow
from annul.settle.statement.model import (
    ACCOUNTS,
    DoesNotAddUp,
    NoMerchant,
    NotClosed,
    Period,
    Statement,
)
from annul.settle.statement.reading import _SQL, lines, read
from tests.support.paying import SHOPS, bank_says, filed, the_payouts
from tests.support.statements import (
    FRIDAY,
    MONDAY,
    OTHER,
    SHOP,
    THURSDAY,
    TUESDAY,
    booked,
    came_back,
    noon,
    paid_out,
    posted,
    settle,
    shop_of_all_ways,
)

_NOW = noon(date(2026, 11, 9))


@pytest.fixture
async def payout(pool: asyncpg.Pool) -> UUID:
    return await shop_of_all_ways(pool)


async def _stood(pool: asyncpg.Pool, account: str, until: date) -> int:
    """Add up the entries of an account up to a day: each one, whatever it is about."""
    rows = await pool.fetch(
        "SELECT debit, credit, amount FROM entries WHERE merchant_id = $1 AND business_date <= $2",
        SHOP,
        until,
    )
    return sum(
        row["amount"] * ((row["credit"] == account) - (row["debit"] == account)) for row in rows
    )


async def _of(pool: asyncpg.Pool, period: str) -> Statement:
    return await read(pool, SHOP, Period.of(period), _NOW)


@pytest.mark.usefixtures("payout")
@pytest.mark.parametrize(
    "period",
    ["2026-10", "2026-11", "2026-10-29", "2026-10-30", "2026-10-31", "2026-11-02", "2026-11-03"],
)
async def test_what_stood_and_what_moved_is_what_the_entries_come_to(
    pool: asyncpg.Pool, period: str
) -> None:
    told = await _of(pool, period)
    (account,) = told.accounts
    for name in ACCOUNTS:
        before = await _stood(pool, name, told.period.first - timedelta(days=1))
        after = await _stood(pool, name, told.until)
        assert account.opening.get(name, 0) == before, name
        assert account.closing[name] == after, name
        assert before + sum(one.get(name, 0) for one in account.moved.values()) == after


@pytest.mark.usefixtures("payout")
async def test_each_thing_that_moved_money_is_named(pool: asyncpg.Pool) -> None:
    (october,) = (await _of(pool, "2026-10")).accounts
    assert october.opening == {}
    assert {name: set(sums.values()) - {0} for name, sums in october.moved.items()} == {
        "taken": {330_00}, "given_back": {-230_00}, "fees": {-50},
        "settlement": {99_50, -99_50}, "freeze": {20_00, -20_00},
    }  # fmt: skip
    (november,) = (await _of(pool, "2026-11")).accounts
    assert {name: november.opening.get(name, 0) for name in ACCOUNTS} == october.closing
    assert {name: set(sums.values()) - {0} for name, sums in november.moved.items()} == {
        # The void that was reversed is taken once more; the refund goes back.
        "taken": {205_00}, "given_back": {-40_00}, "fees": {-82},
        "settlement": {159_20, -159_20},
        "payout": {79_50, -79_50}, "paid": {-79_50}, "payout_return": {79_50},
    }  # fmt: skip


async def test_a_day_says_when_it_is_due_and_in_which_payout(
    pool: asyncpg.Pool, payout: UUID
) -> None:
    told = await _of(pool, "2026-10")
    assert [(one.business_date, one.net, one.due_on, one.payout_id) for one in told.days] == [
        (THURSDAY, 99_50, FRIDAY, payout),
        (FRIDAY, 0, MONDAY, payout),
    ]
    (one,) = told.payouts
    assert (one.id, one.amount, one.state, one.account, one.bank_code, one.bank_text) == (
        payout, 79_50, "returned", "4321", "AC04", "closed account",
    )  # fmt: skip
    assert [(move.kind, move.amount) for move in told.moves] == [("freeze", -20_00)]
    (back,) = (await _of(pool, "2026-11")).moves
    assert (back.kind, back.amount, back.about) == ("payout_return", 79_50, payout)
    only = await _of(pool, f"{TUESDAY}")
    assert [one.id for one in only.payouts] == [payout], "it came back on that day"


@pytest.mark.usefixtures("payout")
async def test_every_void_shows_the_sale_that_it_undoes_and_the_fee_given_back(
    pool: asyncpg.Pool,
) -> None:
    told = [one async for found in lines(pool, SHOP, THURSDAY) for one in found]
    assert [(one.kind, one.amount, one.fee, one.net) for one in told] == [
        ("sale", 100_00, -50, 99_50), ("sale", 30_00, -15, 29_85), ("void", -30_00, 15, -29_85),
    ]  # fmt: skip
    sale, void = told[1:]
    assert (void.original_rrn, void.original_date) == (sale.rrn, THURSDAY)
    assert (sale.original_rrn, sale.original_date) == ("", None)
    monday = [one async for found in lines(pool, SHOP, MONDAY) for one in found]
    assert [(one.posting, one.kind, one.amount, one.fee, one.original_date) for one in monday] == [
        ("reversal", "void", 200_00, -1_00, FRIDAY), ("approval", "refund", -40_00, 20, FRIDAY),
    ]  # fmt: skip
    assert all("******" in one.card_masked for one in [*told, *monday])


@pytest.mark.usefixtures("payout")
async def test_a_closed_period_says_the_same_again_whatever_comes_later(pool: asyncpg.Pool) -> None:
    first = await _of(pool, "2026-10")
    again = TUESDAY + timedelta(days=1)
    await came_back(pool, await paid_out(pool, again), again)
    await booked(pool, again, 20, 66_00, 33)
    await posted(
        pool,
        PostingKind.RELEASE,
        await _release(pool),
        MERCHANT_FROZEN,
        MERCHANT_AVAILABLE,
        5,
        again,
    )
    await settle(pool, again + timedelta(days=2))
    later = await _of(pool, "2026-10")
    assert (later.accounts, later.moves) == (first.accounts, first.moves)
    assert later.days == first.days, "they were in that payout before"
    assert later == first, "and that one had ended"


async def _release(pool: asyncpg.Pool) -> UUID:
    return await pool.fetchval(
        "INSERT INTO account_moves (merchant_id, id, currency, kind, amount, reason, state,"
        " asked_by, asked_at) VALUES ($1, $2, '156', 'release', 5, 'cleared', 'done', 'li', $3)"
        " RETURNING id",
        SHOP,
        uuid4(),
        _NOW,
    )


@pytest.mark.usefixtures("payout")
async def test_a_month_that_is_not_over_has_its_closed_days_only(pool: asyncpg.Pool) -> None:
    await booked(pool, date(2026, 11, 4), 30, 10_00, 5)
    told = await _of(pool, "2026-11")
    assert (told.until, told.whole) == (TUESDAY, False)
    assert (await _of(pool, "2026-10")).whole
    with pytest.raises(NotClosed):
        await _of(pool, "2026-11-04")
    with pytest.raises(NotClosed):
        await _of(pool, "2026-12")


async def test_before_any_day_was_closed_nothing_is_stated(pool: asyncpg.Pool) -> None:
    await pool.execute(
        "INSERT INTO merchants (merchant_id, name_zh, name_en, category)"
        " VALUES ($1, '示例茶馆', 'Tea', '5812')",
        SHOP,
    )
    with pytest.raises(NotClosed):
        await _of(pool, "2026-10")


@pytest.mark.usefixtures("payout")
async def test_nobody_is_told_of_a_merchant_that_does_not_live_here(pool: asyncpg.Pool) -> None:
    with pytest.raises(NoMerchant):
        await read(pool, "898000058129999", Period.of("2026-10"), _NOW)
    await pool.execute(
        "UPDATE merchants SET lives = 'away', cell = 'east' WHERE merchant_id = $1", SHOP
    )
    with pytest.raises(NoMerchant):
        await _of(pool, "2026-10")


@pytest.mark.usefixtures("payout")
async def test_a_merchant_without_any_sale_gets_an_empty_one(pool: asyncpg.Pool) -> None:
    quiet = "898000058120009"
    await pool.execute(
        "INSERT INTO merchants (merchant_id, name_zh, name_en, category)"
        " VALUES ($1, '示例茶馆', 'Tea', '5812')",
        quiet,
    )
    told = await read(pool, quiet, Period.of("2026-10"), _NOW)
    assert (told.accounts, told.days, told.payouts, told.moves) == ((), (), (), ())


@pytest.mark.usefixtures("payout")
async def test_what_no_item_stands_for_is_not_passed_over(pool: asyncpg.Pool) -> None:
    """Money that left the account without a payout or a move: the balance knows, no item does."""
    await posted(
        pool, PostingKind.FREEZE, uuid4(), MERCHANT_AVAILABLE, MERCHANT_FROZEN, 7, date(2026, 11, 4)
    )
    with pytest.raises(DoesNotAddUp, match="merchant_available"):
        await _of(pool, "2026-10")


@pytest.mark.usefixtures("payout")
async def test_another_shop_is_not_in_it(pool: asyncpg.Pool) -> None:
    mine = await _of(pool, "2026-10")
    theirs = await read(pool, OTHER, Period.of("2026-10"), _NOW)
    assert theirs.accounts[0].moved["taken"] == {"merchant_pending": 77_00}
    assert (theirs.payouts, theirs.moves) == ((), ())
    assert mine.accounts[0].moved["taken"] == {"merchant_pending": 330_00}


@pytest.mark.usefixtures("payout")
@pytest.mark.parametrize(
    ("name", "key", "times"),
    [
        ("posted", "subject", 1),
        ("payouts", "subject", 2),
        ("moves", "subject", 1),
        ("lines", "id", 2),
    ],
)
async def test_what_is_known_by_its_key_is_found_by_it_in_a_table_of_any_size(
    pool: asyncpg.Pool, name: str, key: str, times: int
) -> None:
    """Were a plan that reads a whole table to be had, it would be taken where loops are dear."""
    given = {"merchant": SHOP, "first": THURSDAY, "until": FRIDAY, "day": THURSDAY}
    sql, *values = _SQL[name](**{one: given[one] for one in _SQL[name].parameters})
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_nestloop = off")
        plan = [row[0] for row in await connection.fetch(f"EXPLAIN {sql}", *values)]
    looked_up = [line for line in plan if f"Index Cond: (({key} = " in line]
    assert len(looked_up) == times, "\n".join(plan)


@pytest.mark.usefixtures("shops")
@pytest.mark.parametrize(
    "said",
    [
        (),
        (BankSaid.BOOKED,),
        (BankSaid.REJECTED,),
        (BankSaid.BOOKED, BankSaid.RETURNED),
        (BankSaid.RETURNED, BankSaid.BOOKED),
        (BankSaid.RETURNED, BankSaid.RETURNED),
    ],
)
async def test_it_adds_up_whatever_the_bank_says_and_in_whatever_order(
    pool: asyncpg.Pool, vault: Vault, monkeypatch: pytest.MonkeyPatch, said: tuple[BankSaid, ...]
) -> None:
    reference = await filed(pool, vault)
    for line, one in enumerate(said):
        reader, content = bank_says(pool, monkeypatch, BankRow(line, one, reference, "156", 100))
        await reader.read(content, "a", "li")
    if said:
        await the_payouts(pool, vault).run("li")
    await settle(pool, date(2026, 10, 15))
    told = await read(pool, SHOPS[0], Period.of("2026-09"), _NOW)
    (account,) = told.accounts
    rows = await pool.fetch(
        "SELECT debit, credit, amount FROM entries WHERE merchant_id = $1", SHOPS[0]
    )
    for name in ACCOUNTS:
        stands = sum(
            row["amount"] * ((row["credit"] == name) - (row["debit"] == name)) for row in rows
        )
        assert account.closing[name] == stands, name
    assert reference in [one.id.hex for one in told.payouts]
