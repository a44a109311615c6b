"""The account of a merchant: sealed, one in use, never one that a single person chose."""

import asyncio
from contextlib import suppress
from uuid import UUID, uuid4

import asyncpg
import pytest

from annul.security.vault import Vault
from annul.settle import accounts
from tests.support.paying import NOW, SHOPS, take_account

pytestmark = pytest.mark.usefixtures("shops")


@pytest.mark.parametrize(
    ("holder", "bank", "number"),
    [
        ("", "104100000004", "6222000017"),
        ("Tea\n", "104100000004", "6222\x00017"),
        ("Tea", "10410000000", "6222000017"),
        ("Tea", "104100000004", "6222"),
        ("Tea", "104100000004", "6222000017; DROP"),
        ("T" * 71, "104100000004", "6222000017"),
    ],
)
def test_what_no_bank_would_take_is_refused(holder: str, bank: str, number: str) -> None:
    with pytest.raises(accounts.BadAccount) as refused:
        accounts.Account(holder, bank, number)
    assert number not in str(refused.value)


def test_a_number_is_written_as_people_do_and_never_shown() -> None:
    account = accounts.Account(" Tea ", "deutdeff", "DE89 3704-0044 0532 0130 00")
    assert (account.number, account.bank, account.holder) == (
        "DE89370400440532013000", "DEUTDEFF", "Tea",
    )  # fmt: skip
    assert account.shown == "3000"
    assert "3704" not in repr(account)


async def test_another_one_takes_the_place_of_the_first(pool: asyncpg.Pool, vault: Vault) -> None:
    await take_account(pool, vault, SHOPS[0])
    states = await pool.fetch(
        "SELECT state FROM payout_accounts WHERE merchant_id = $1 ORDER BY state", SHOPS[0]
    )
    assert [row[0] for row in states] == ["replaced", "used"]


async def test_one_person_alone_takes_no_account_into_use(pool: asyncpg.Pool, vault: Vault) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await take_account(pool, vault, SHOPS[0], second="li")


async def test_stopped_and_used_again(pool: asyncpg.Pool) -> None:
    key = await pool.fetchval("SELECT id FROM payout_accounts WHERE merchant_id = $1", SHOPS[0])
    await accounts.stop(pool, SHOPS[0], key, "asked by the shop")
    with pytest.raises(accounts.NotWaiting):
        await accounts.stop(pool, SHOPS[0], key, "once more")
    await accounts.use_again(pool, SHOPS[0], key, NOW)
    with pytest.raises(accounts.NotWaiting):
        await accounts.reject(pool, SHOPS[0], key, "li", NOW)


def test_digits_of_another_script_are_none() -> None:
    with pytest.raises(accounts.BadAccount):
        accounts.Account("茶馆", "１０４１０００００００４", "6222000000000000017")


async def test_two_that_are_decided_at_once_do_not_lock_each_other_out(
    pool: asyncpg.Pool, vault: Vault
) -> None:
    asked = [uuid4() for _ in range(4)]
    account = accounts.Account("示例茶馆", "104100000004", "6222000000000000025")
    for one in asked:
        await accounts.ask(
            pool, vault, SHOPS[0], one, account, "156", reason="new", who="li", now=NOW
        )

    async def use(identity: UUID) -> bool:
        async with pool.acquire() as connection, connection.transaction():
            with suppress(accounts.NotWaiting):
                await accounts.asked_by(connection, SHOPS[0], identity)
                await accounts.use(connection, SHOPS[0], identity, "wang", NOW)
                return True
        return False

    assert sum(await asyncio.gather(*map(use, asked))) == 1
