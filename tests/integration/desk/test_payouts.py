"""Payouts at the desk: two people, nobody's but one's own, and what a day comes to."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from annul.desk import accounts, fees, payouts, settlement
from annul.desk.desk import Desk, NothingThere
from annul.desk.permission import NotAllowed, NotValid, ReasonNeeded
from annul.desk.roles import ROLES, Scope, Visitor
from annul.domain.fees import Price
from annul.domain.payouts import MoveKind
from annul.domain.settlement import Cycle, Terms
from annul.resolve.second_person import SecondPersonNeeded
from annul.settle.accounts import Account
from annul.settle.moves import NotAsked, NotCovered
from tests.support.paying import HOUSE, balances_of, make_available, only_payout, take_account
from tests.support.rows import put

from .people import audited, person

TEA = "898000058120000"
_ACCOUNT = Account("示例茶馆", "104100000004", "6222000000000000017")


@pytest.fixture
async def paid(desk: Desk, pool: asyncpg.Pool) -> Desk:
    """A desk with a bank, and a merchant with 100.00 available and an account."""
    await take_account(pool, desk.vault, TEA)
    await put(pool, "merchant_balances", {"merchant_id": TEA, "currency": "156"})
    await make_available(pool, TEA, 10_000)
    return replace(desk, house_bank=HOUSE.model_copy(update={"second_person_from": 10_000}))


@pytest.fixture
async def operator(desk: Desk) -> Visitor:
    return await person(desk, "operator")


def _shop(merchant: str) -> Visitor:
    return Visitor("shop", "merchant", ROLES["merchant"], merchant)


def _key(*, merchant: str = "") -> Visitor:
    return Visitor("key abcdefgh", "", frozenset(Scope), merchant)


async def test_a_large_payout_takes_another_person(
    paid: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    made = await payouts.run(paid, operator, "before the holiday")
    assert (made.made, made.held, made.files) == (1, 1, 0)
    (waits,) = await payouts.waiting(paid, operator)
    with pytest.raises(SecondPersonNeeded):
        await payouts.approve(paid, operator, waits["id"], "seen")
    with pytest.raises(NotAllowed):
        await payouts.approve(paid, _key(), waits["id"], "seen")
    other = await person(paid, "administrator")
    with pytest.raises(ReasonNeeded):
        await payouts.approve(paid, other, waits["id"], " ")
    await payouts.approve(paid, other, waits["id"], "seen")
    with pytest.raises(payouts.NotHeld):
        await payouts.approve(paid, other, waits["id"], "seen")
    assert (await payouts.run(paid, operator, "file")).files == 1
    whole = await payouts.find(paid, operator, waits["id"])
    assert (whole["state"], whole["decided_by"]) == ("filed", other.name)
    assert sum(day["net"] - day["fee"] for day in whole["days"]) == whole["amount"] == 10_000
    with pytest.raises(payouts.NotHeld):
        await payouts.cancel(paid, other, waits["id"], "too late")
    assert {row["action"] for row in await audited(pool)} == {"run-payouts", "approve-payout"}


async def test_one_that_is_given_up_is_available_again(
    paid: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    await payouts.run(paid, operator, "now")
    await payouts.cancel(paid, operator, await only_payout(pool), "wrong account")
    assert await balances_of(pool, TEA) == (10_000, 0, 0)


async def test_a_merchant_reads_its_own_and_no_other(
    paid: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    await payouts.run(paid, operator, "now")
    shop, other = (_shop(one) for one in (TEA, "898000058120001"))
    identity = await only_payout(pool)
    assert (await payouts.find(paid, shop, identity))["amount"] == 10_000
    assert len((await payouts.search(paid, shop)).rows) == 1
    with pytest.raises(NothingThere):
        await payouts.find(paid, other, identity)
    assert (await payouts.search(paid, other, merchant_id=TEA)).rows == []
    assert (await payouts.search(paid, other)).rows == []
    day = (await payouts.search(paid, operator)).rows[0]["run_on"]
    assert await payouts.glance(paid, shop, day) == await payouts.waiting(paid, shop) == []
    (sums,) = await payouts.glance(paid, operator, day)
    assert (sums["out"], sums["waits"], sums["in_payout"]) == (10_000, 10_000, 10_000)
    with pytest.raises(NotAllowed):
        await payouts.search(paid, await person(paid, "cashier", TEA))


async def test_an_account_takes_another_person(desk: Desk, operator: Visitor) -> None:
    identity = uuid4()
    for _ in range(2):
        await accounts.ask_account(desk, operator, TEA, identity, _ACCOUNT, "contract")
    (waits,) = await accounts.waiting_accounts(desk, operator)
    assert (waits["id"], waits["shown"]) == (identity, "0017")
    with pytest.raises(SecondPersonNeeded):
        await accounts.use_account(desk, operator, TEA, identity, "seen")
    other = await person(desk, "administrator")
    await accounts.use_account(desk, other, TEA, identity, "permit seen")
    await accounts.stop_account(desk, other, TEA, identity, "asked by the shop")
    await accounts.use_account_again(desk, operator, TEA, identity, "asked by the shop")
    (used,) = await accounts.accounts(desk, operator, TEA)
    assert used["state"] == "used"


async def _moved(desk: Desk, visitor: Visitor, kind: MoveKind, amount: int) -> tuple[UUID, bool]:
    identity = uuid4()
    wanted = accounts.Wanted(identity, kind, amount)
    return identity, await accounts.move(desk, visitor, TEA, wanted, "dispute")


async def test_to_freeze_takes_one_and_to_correct_two(
    paid: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    await pool.execute("UPDATE merchants SET second_person_from = 5000")
    _, done = await _moved(paid, operator, MoveKind.FREEZE, 6_000)
    assert done
    assert (await balances_of(pool, TEA))[0] == 4_000
    small, done = await _moved(paid, operator, MoveKind.RELEASE, 1_000)
    assert done
    large, done = await _moved(paid, operator, MoveKind.RELEASE, 5_000)
    assert not done
    correction, done = await _moved(paid, operator, MoveKind.CORRECTION, -1)
    assert not done
    assert {row["id"] for row in await accounts.waiting_moves(paid, operator)} == {
        large, correction,
    }  # fmt: skip
    with pytest.raises(SecondPersonNeeded):
        await accounts.approve_move(paid, operator, TEA, large, "seen")
    other = await person(paid, "administrator")
    await accounts.approve_move(paid, other, TEA, large, "seen")
    await accounts.reject_move(paid, other, TEA, correction, "not due")
    with pytest.raises(NotAsked):
        await accounts.approve_move(paid, other, TEA, large, "seen")
    assert (await balances_of(pool, TEA))[0] == 10_000
    shown = (await accounts.moves(paid, operator, TEA, 10)).rows
    assert {row["id"]: row["state"] for row in shown}[small] == "done"


async def test_what_is_not_covered_leaves_nothing(
    paid: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    with pytest.raises(NotCovered):
        await _moved(paid, operator, MoveKind.FREEZE, 10_001)
    assert await pool.fetchval("SELECT count(*) FROM account_moves") == 0
    assert await audited(pool) == []


@pytest.mark.parametrize("bound", [TEA, "898000058120001"])
async def test_a_shop_frees_nothing_of_its_own(
    paid: Desk, operator: Visitor, pool: asyncpg.Pool, bound: str
) -> None:
    """A key of a merchant may have every scope; whose money is held back does not free it."""
    await _moved(paid, operator, MoveKind.FREEZE, 6_000)
    correction, _ = await _moved(paid, operator, MoveKind.CORRECTION, 1)
    await payouts.run(paid, operator, "now")
    key, account, payout = _key(merchant=bound), uuid4(), await only_payout(pool)
    await accounts.ask_account(paid, operator, TEA, account, _ACCOUNT, "contract")
    used = await pool.fetchval("SELECT id FROM payout_accounts WHERE state = 'used'")
    wanted = accounts.Wanted(uuid4(), MoveKind.RELEASE, 1)
    for refused in (
        accounts.move(paid, key, TEA, wanted, "mine"),
        accounts.approve_move(paid, key, TEA, correction, "mine"),
        accounts.reject_move(paid, key, TEA, correction, "mine"),
        accounts.use_account(paid, key, TEA, account, "mine"),
        accounts.reject_account(paid, key, TEA, account, "mine"),
        accounts.stop_account(paid, key, TEA, used, "mine"),
        accounts.use_account_again(paid, key, TEA, used, "mine"),
        payouts.run(paid, key, "mine"),
        payouts.read(paid, key, b"", "a.csv", "mine"),
        payouts.take_file(paid, key, uuid4(), "mine"),
    ):
        with pytest.raises(NotAllowed):
            await refused
    for act in (payouts.approve, payouts.cancel):
        with pytest.raises((NotAllowed, NothingThere)):
            await act(paid, key, payout, "mine")


async def test_what_a_file_by_hand_gives_back_takes_another_person(
    paid: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    """A line written by hand would be enough to be paid twice."""
    large = replace(paid, house_bank=HOUSE)
    await payouts.run(large, operator, "now")
    reference = (await only_payout(pool)).hex
    content = f"reference,said\n{reference},rejected\n".encode()
    done = await payouts.read(large, operator, content, "mine.csv", "statement")
    assert done.outcomes == {}
    assert await balances_of(pool, TEA) == (0, 10_000, 0)
    (file,) = (await payouts.read_files(large, operator, 10)).rows
    assert file["waits"]
    for visitor, refused in ((operator, SecondPersonNeeded), (_key(), NotAllowed)):
        with pytest.raises(refused):
            await payouts.confirm_file(large, visitor, file["id"], "the bank was asked")
    other = await person(large, "administrator")
    done = await payouts.confirm_file(large, other, file["id"], "the bank was asked")
    assert done.outcomes == {"done": 1}
    assert await balances_of(pool, TEA) == (10_000, 0, 0)
    with pytest.raises(payouts.NotHeld):
        await payouts.confirm_file(large, other, file["id"], "once more")


async def test_nobody_releases_in_parts_what_takes_two(
    paid: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    await pool.execute("UPDATE merchants SET second_person_from = 5000")
    await _moved(paid, operator, MoveKind.FREEZE, 9_000)
    done = [(await _moved(paid, operator, MoveKind.RELEASE, 2_000))[1] for _ in range(3)]
    assert done == [True, True, False]


async def test_an_id_that_is_given_again_for_something_else_is_refused(
    paid: Desk, operator: Visitor
) -> None:
    identity, _ = await _moved(paid, operator, MoveKind.FREEZE, 100)
    again = accounts.Wanted(identity, MoveKind.FREEZE, 900)
    with pytest.raises(NotValid):
        await accounts.move(paid, operator, TEA, again, "dispute")


async def test_a_shops_own_key_sets_neither_terms_nor_prices(paid: Desk) -> None:
    """Paid at once, for nothing, and with nothing held back."""
    key, today = _key(merchant=TEA), paid.calendar.business_date(paid.clock.now())
    terms = Terms(today, Cycle.CALENDAR, 0, reserve_ppm=0)
    with pytest.raises(NotAllowed):
        await settlement.set_terms(paid, key, TEA, terms, "faster")
    with pytest.raises(NotAllowed):
        await fees.set_price(paid, key, TEA, Price("debit", today + timedelta(days=9), 0), "less")
