"""Payouts: all that is available, once, whoever is killed or asks at the same time."""

import asyncio
import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from annul.security.vault import Vault
from annul.settle import payouts as module
from annul.settle.bank.rows import Order, OrderUnfit
from annul.settle.payouts import Made
from tests.support.paying import (
    DAY,
    NOW,
    SHOPS,
    balances_of,
    make_available,
    only_payout,
    states_of,
    take_account,
    the_payouts,
)
from tests.support.rows import put

pytestmark = pytest.mark.usefixtures("shops")


async def test_all_that_is_available_goes_out_once(pool: asyncpg.Pool, vault: Vault) -> None:
    await make_available(pool, SHOPS[0], 10_000)
    await make_available(pool, SHOPS[0], 2_500, DAY + timedelta(days=1))
    payouts = the_payouts(pool, vault)
    assert await payouts.run("li") == Made(1, 0, 1)
    assert await balances_of(pool) == (0, 12_500, 0)
    assert await payouts.run("li") == Made(0, 0, 0)
    (row,) = await pool.fetch("SELECT * FROM payouts")
    assert (row["amount"], row["state"], row["made_by"]) == (12_500, "filed", "li")
    ids = await pool.fetch("SELECT DISTINCT payout_id FROM merchant_days")
    assert [one[0] for one in ids] == [row["id"]]


async def test_the_file_names_account_and_amount_and_lies_sealed(
    pool: asyncpg.Pool, vault: Vault
) -> None:
    await make_available(pool, SHOPS[0], 12_345)
    await the_payouts(pool, vault).run("li")
    (row,) = await pool.fetch("SELECT * FROM payout_files")
    content = vault.open_file(row["sealed"], row["id"].bytes)
    assert hashlib.sha256(content).digest() == row["digest"]
    assert b"6222000000000000017" in content
    assert b"123.45" in content
    assert (await only_payout(pool)).hex.encode() in content
    assert b"6222000000000000017" not in row["sealed"]
    kept = str(await pool.fetch("SELECT * FROM payout_accounts"))
    assert "6222000000000000017" not in kept


async def test_the_schedule_is_kept_once(pool: asyncpg.Pool, vault: Vault) -> None:
    await make_available(pool, SHOPS[0], 100)
    assert await the_payouts(pool, vault).due() == Made(1, 0, 1)  # 10:00, for 09:00
    await make_available(pool, SHOPS[0], 200, DAY + timedelta(days=1))
    assert await the_payouts(pool, vault, NOW + timedelta(hours=3)).due() is None
    assert await the_payouts(pool, vault, NOW + timedelta(hours=14)).due() == Made(1, 0, 1)


async def test_two_at_once_make_one(pool: asyncpg.Pool, vault: Vault) -> None:
    for shop in SHOPS:
        await make_available(pool, shop, 100)
    both = [the_payouts(pool, vault)._make(NOW, "li", None) for _ in range(4)]
    assert sum(made for made, _ in await asyncio.gather(*both)) == len(SHOPS)
    for shop in SHOPS:
        assert await balances_of(pool, shop) == (0, 100, 0)


@pytest.mark.parametrize(
    ("columns", "merchant"),
    [
        ({"available": -5}, {}),
        ({"pending": -1}, {}),  # what was given back is not covered by sales yet
        ({"reserved": 50}, {}),  # a void is on its way
        ({"reserved": 50, "pending": 49}, {"pending_covers": True}),
    ],
)
async def test_what_voids_need_stays(
    pool: asyncpg.Pool, vault: Vault, columns: dict[str, int], merchant: dict[str, Any]
) -> None:
    await make_available(pool, SHOPS[0], 100)
    for name, value in columns.items():
        await pool.execute(f"UPDATE merchant_balances SET {name} = $1", value)
    await pool.execute(
        "UPDATE merchants SET pending_covers = $1", merchant.get("pending_covers", False)
    )
    assert await the_payouts(pool, vault).run("li") == Made(0, 0, 0)


async def test_pending_money_covers_voids_where_the_contract_says_so(
    pool: asyncpg.Pool, vault: Vault
) -> None:
    await make_available(pool, SHOPS[0], 100)
    await pool.execute("UPDATE merchant_balances SET reserved = 50, pending = 50")
    await pool.execute("UPDATE merchants SET pending_covers = true")
    assert await the_payouts(pool, vault).run("li") == Made(1, 0, 1)


async def test_a_shop_without_account_or_below_its_minimum_waits(
    pool: asyncpg.Pool, vault: Vault
) -> None:
    for shop in SHOPS[:2]:
        await make_available(pool, shop, 100)
    await pool.execute(
        "UPDATE payout_accounts SET state = 'replaced' WHERE merchant_id = $1", SHOPS[0]
    )
    terms = {
        "merchant_id": SHOPS[1], "valid_from": DAY, "cycle": "working", "minimum": 101,
        "set_by": "li", "set_at": NOW,
    }  # fmt: skip
    await put(pool, "settlement_terms", terms)
    assert await the_payouts(pool, vault).run("li") == Made(0, 0, 0)
    await make_available(pool, SHOPS[1], 1, DAY + timedelta(days=1))
    assert await the_payouts(pool, vault).run("li") == Made(1, 0, 1)


async def test_a_balance_that_its_items_do_not_explain_is_not_paid(
    pool: asyncpg.Pool, vault: Vault
) -> None:
    await make_available(pool, SHOPS[0], 100)
    await pool.execute("UPDATE merchant_balances SET available = 150")
    assert await the_payouts(pool, vault).run("li") == Made(0, 0, 0)


async def test_killed_before_the_file_the_next_one_files_it(
    pool: asyncpg.Pool, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_available(pool, SHOPS[0], 100)

    def killed(*_: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setitem(module._WRITERS, "pain.001", (killed, "xml"))
    with pytest.raises(KeyboardInterrupt):
        await the_payouts(pool, vault).run("li")
    monkeypatch.undo()
    assert await states_of(pool) == {"ready": 1}
    assert await the_payouts(pool, vault).run("li") == Made(0, 0, 1)
    assert await states_of(pool) == {"filed": 1}


async def test_a_large_one_waits_and_goes_into_the_next_file(
    pool: asyncpg.Pool, vault: Vault
) -> None:
    await make_available(pool, SHOPS[0], 10_000)
    payouts = the_payouts(pool, vault, second_person_from=10_000)
    assert await payouts.run("li") == Made(1, 1, 0)
    key = {"merchant": SHOPS[0], "id": await only_payout(pool)}
    assert await pool.fetchval(*module.SQL["decide"](**key, who="wang", now=NOW))
    assert await payouts.run("li") == Made(0, 0, 1)
    assert await states_of(pool) == {"filed": 1}


async def test_one_that_is_given_up_is_available_again_and_paid_the_next_time(
    pool: asyncpg.Pool, vault: Vault
) -> None:
    await make_available(pool, SHOPS[0], 10_000)
    payouts = the_payouts(pool, vault, second_person_from=10_000)
    await payouts.run("li")
    cancel = module.SQL["cancel"](
        merchant=SHOPS[0], id=await only_payout(pool), who="li", reason="wrong", business_date=DAY,
        now=NOW,
    )  # fmt: skip
    assert [await pool.fetchval(*cancel) for _ in range(2)] == [1, 0]
    assert await balances_of(pool) == (10_000, 0, 0)
    assert await payouts.run("li") == Made(1, 1, 0)
    assert await balances_of(pool) == (0, 10_000, 0)


# Accounts that cannot be paid to ----------------------------------------------------------------


async def test_an_account_that_no_file_can_have_stops_nobody_elses_payouts(
    pool: asyncpg.Pool, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    for shop in SHOPS[:2]:
        await make_available(pool, shop, 100)
    write, suffix = module._WRITERS["pain.001"]
    bad = await pool.fetchval(
        "SELECT id FROM payout_accounts WHERE merchant_id = $1 AND state = 'used'", SHOPS[0]
    )
    references: list[str] = []

    def fussy(order: Order) -> bytes:
        for one in order.transfers:
            payout = UUID(one.reference)
            if payout in unfit:
                raise OrderUnfit("no such bank", one.reference)
        references.extend(one.reference for one in order.transfers)
        return write(order)

    payouts = the_payouts(pool, vault)
    await payouts._make(NOW, "li", None)
    unfit = {
        row[0] for row in await pool.fetch("SELECT id FROM payouts WHERE account_id = $1", bad)
    }
    monkeypatch.setitem(module._WRITERS, "pain.001", (fussy, suffix))
    assert (await payouts.run("li")) == Made(0, 0, 1)
    assert len(references) == 1
    assert await balances_of(pool, SHOPS[0]) == (100, 0, 0)
    assert await balances_of(pool, SHOPS[1]) == (0, 100, 0)
    stopped = await pool.fetchrow("SELECT state, why FROM payout_accounts WHERE id = $1", bad)
    assert stopped is not None
    assert (stopped["state"], "no such bank" in stopped["why"]) == ("stopped", True)
    assert await pool.fetchval("SELECT kind FROM incidents") == "payout_failed"


async def test_what_was_made_for_an_account_that_is_replaced_goes_to_the_new_one(
    pool: asyncpg.Pool, vault: Vault
) -> None:
    await make_available(pool, SHOPS[0], 10_000)
    payouts = the_payouts(pool, vault, second_person_from=10_000)
    await payouts.run("li")
    new = await take_account(pool, vault, SHOPS[0])
    assert await payouts.run("li") == Made(1, 1, 0)
    rows = await pool.fetch("SELECT account_id, state FROM payouts ORDER BY made_at, state")
    assert {row["state"]: row["account_id"] == new for row in rows} == {
        "cancelled": False, "held": True,
    }  # fmt: skip
    assert await balances_of(pool) == (0, 10_000, 0)


async def test_what_concerns_one_shop_stops_no_other(pool: asyncpg.Pool, vault: Vault) -> None:
    """An account that does not open, one that another shop's was put for, an odd currency."""
    for shop in (SHOPS[0], SHOPS[1], SHOPS[3]):
        await make_available(pool, shop, 100)
    change = "UPDATE payout_accounts SET {} WHERE merchant_id = $1"
    await pool.execute(change.format("sealed = $2"), SHOPS[0], bytes(40))
    await pool.execute(change.format("state = 'replaced'"), SHOPS[1])
    await pool.execute(change.format("merchant_id = $2"), SHOPS[2], SHOPS[1])
    await put(pool, "merchant_balances", {"merchant_id": SHOPS[2], "currency": "000"})
    assert await the_payouts(pool, vault).run("li") == Made(3, 0, 1)
    assert await states_of(pool) == {"cancelled": 2, "filed": 1}
    assert await balances_of(pool, SHOPS[3]) == (0, 100, 0)
    for shop in SHOPS[:2]:
        assert await balances_of(pool, shop) == (100, 0, 0)


async def test_a_shop_that_sells_at_the_moment_is_waited_for(
    pool: asyncpg.Pool, vault: Vault
) -> None:
    await make_available(pool, SHOPS[0], 100)
    async with pool.acquire() as sale:
        async with sale.transaction():
            await sale.execute("SELECT FROM merchant_balances FOR UPDATE")
            due = asyncio.create_task(the_payouts(pool, vault).due())
            async with asyncio.timeout(10):
                while not await sale.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                    await asyncio.sleep(0.01)
        assert await due == Made(1, 0, 1)


async def test_an_account_stopped_in_the_middle_of_a_run_is_not_paid(
    pool: asyncpg.Pool, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_available(pool, SHOPS[0], 100)
    payouts = the_payouts(pool, vault)
    make = payouts._make

    async def stopped(*given: Any) -> Any:
        made = await make(*given)
        await pool.execute("UPDATE payout_accounts SET state = 'stopped'")
        return made

    monkeypatch.setattr(payouts, "_make", stopped)
    assert await payouts.run("li") == Made(1, 0, 0)
    monkeypatch.undo()
    await payouts.run("li")
    assert await balances_of(pool) == (100, 0, 0)


async def test_nothing_is_changed_here_of_a_merchant_that_is_leaving(
    pool: asyncpg.Pool, vault: Vault
) -> None:
    """It is copied already: the other cell would never hear of it."""
    await make_available(pool, SHOPS[0], 100)
    payouts = the_payouts(pool, vault, second_person_from=1)
    await payouts.run("li")
    await pool.execute("UPDATE payout_accounts SET state = 'stopped'")
    await pool.execute("UPDATE merchants SET lives = 'leaving', cell = 'east'")
    await payouts.run("li")
    key = {"merchant": SHOPS[0], "id": await only_payout(pool), "now": NOW}
    assert await pool.fetchval(*module.SQL["decide"](**key, who="wang")) is None
    cancel = module.SQL["cancel"](**key, who="li", reason="x", business_date=DAY)
    assert await pool.fetchval(*cancel) == 0
    assert await states_of(pool) == {"held": 1}


async def test_what_comes_while_it_waits_for_the_balance_is_in_it(
    pool: asyncpg.Pool, vault: Vault
) -> None:
    """Balance and items are read by a statement that begins once the balance is held."""
    await make_available(pool, SHOPS[0], 100)
    async with pool.acquire() as other:
        async with other.transaction():
            await other.execute("SELECT FROM merchant_balances FOR UPDATE")
            made = asyncio.create_task(the_payouts(pool, vault).run("li"))
            async with asyncio.timeout(10):
                while not await other.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                    await asyncio.sleep(0.01)
            await make_available(other, SHOPS[0], 100, DAY + timedelta(days=1))
        assert await made == Made(1, 0, 1)
    assert await balances_of(pool) == (0, 200, 0)


async def test_a_clock_that_was_wrong_once_does_not_stop_payouts_for_years(
    pool: asyncpg.Pool, vault: Vault
) -> None:
    await the_payouts(pool, vault, NOW + timedelta(days=730)).due()
    await make_available(pool, SHOPS[0], 100)
    assert await the_payouts(pool, vault, NOW + timedelta(days=1)).due() == Made(1, 0, 1)
