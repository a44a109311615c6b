"""The shop's own money: what its balance must cover is covered once, also by what annul orders."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from annul.app import Running, ground, serve
from annul.domain.ledger import BANK, MERCHANT_FROZEN, MERCHANT_PENDING, PostingKind, Transfer
from annul.settings import Settings
from annul.sim.terminal.journal import Record
from annul.store.posting import Posted, Posting, post
from tests.support.site import RogueSite, open_rogue_site
from tests.support.soft import Cashier, cashier

_SHOP = 6  # its terminals are 6 and 7; its contract asks that voids are covered
_NET = 9_950  # what a sale of 100.00 brings


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"timeout_ms": 1_000}


@pytest.fixture
def tills(site: RogueSite) -> Iterator[list[Cashier]]:
    with ExitStack() as stack:
        own = site.terminals[_SHOP : _SHOP + 2]
        yield [stack.enter_context(cashier(site.port, one)) for one in own]


async def _moved(site: RogueSite, amount: int, kind: PostingKind, to: str) -> None:
    """Move a shop's pending money, as a payout or a freeze does."""
    moved, day = (Transfer(MERCHANT_PENDING, to, amount),), datetime.now(UTC).date()
    merchant_id = site.terminals[_SHOP][0]
    connection = await asyncpg.connect(site.database)
    try:
        posting = Posting(merchant_id, "156", kind, uuid4(), moved, day)
        assert await post(connection, posting, datetime.now(UTC)) is Posted.DONE
    finally:
        await connection.close()


async def _sold_two(site: RogueSite, tills: list[Cashier]) -> list[Record]:
    """Sell on both terminals, and pay out all but what one of the sales brought."""
    sales = [await till.take("sale", 10_000) for till in tills]
    await _moved(site, _NET, PostingKind.PAYOUT, BANK)
    assert await site.balances(site.terminals[_SHOP][0]) == (_NET, 0)
    return sales


async def _one_went_through(site: RogueSite, voids: list[Record]) -> None:
    assert sorted(void.state for void in voids) == ["approved", "declined"]
    refused = next(void for void in voids if void.state == "declined")
    assert refused.response_code == "51"
    assert len(site.rogue.of("void")) == 1
    assert await site.balances(site.terminals[_SHOP][0]) == (0, 0)
    assert site.rogue.net == 10_000


async def test_second_void_while_the_first_is_on_its_way_finds_the_money_taken(
    site: RogueSite, tills: list[Cashier]
) -> None:
    sales = await _sold_two(site, tills)
    site.rogue.hold("void")
    first = asyncio.create_task(tills[0].undo("void", sales[0]))
    asked = await site.rogue.next("void")
    site.rogue.let("void")
    second = await tills[1].undo("void", sales[1])
    asked.approve()
    await _one_went_through(site, [await first, second])
    await site.books_agree()


async def test_two_voids_at_once_with_money_for_one(site: RogueSite, tills: list[Cashier]) -> None:
    sales = await _sold_two(site, tills)
    voids = await asyncio.gather(
        *(till.undo("void", sale) for till, sale in zip(tills, sales, strict=True))
    )
    await _one_went_through(site, voids)
    await site.books_agree()


async def test_two_refunds_at_once_with_money_for_one(
    site: RogueSite, tills: list[Cashier]
) -> None:
    """A refund gives back with its share of the fee, as a void does."""
    sales = [await till.take("sale", 10_000) for till in tills]
    await _moved(site, 2 * _NET - 10_000, PostingKind.PAYOUT, BANK)
    refunds = await asyncio.gather(
        *(till.undo("refund", sale, 10_000) for till, sale in zip(tills, sales, strict=True))
    )
    assert sorted(one.state for one in refunds) == ["approved", "declined"]
    assert (await site.balances(site.terminals[_SHOP][0]))[0] >= 0
    await site.books_agree()


@asynccontextmanager
async def _second_host(site: RogueSite, folder: Path) -> AsyncIterator[Running]:
    """Start another host of the same cell, with the same keys and a folder of its own."""
    first = site.running.ground.settings
    chosen = Settings.load(
        None,
        data=folder,
        database=site.database,
        node=1,
        terminals_port=0,
        status_port=0,
        resolver=False,
        master_key_file=first.data / "master.key",
    )
    async with ground(chosen) as base, serve(base) as running:
        yield running


async def test_two_voids_at_once_over_two_hosts_with_money_for_one(
    site: RogueSite, tills: list[Cashier], tmp_path: Path
) -> None:
    sales = await _sold_two(site, tills)
    async with _second_host(site, tmp_path / "second") as second:
        elsewhere = tills[1]
        elsewhere.terminal.close()
        profile = elsewhere.terminal.profile.model_copy(update={"port": second.port})
        elsewhere.terminal.profile = profile
        elsewhere.terminal._line._address = (profile.host, second.port)
        await elsewhere.terminal.sign_in()
        voids = await asyncio.gather(
            *(till.undo("void", sale) for till, sale in zip(tills, sales, strict=True))
        )
    await _one_went_through(site, voids)
    await site.books_agree()


async def test_void_that_failed_gives_its_cover_back(site: RogueSite, tills: list[Cashier]) -> None:
    """Declined, not answered and reversed, answered and reversed: the next one finds it again."""
    sales = await _sold_two(site, tills)
    site.rogue.always("void", "05")
    assert (await tills[0].undo("void", sales[0])).response_code == "05"
    site.rogue.silent("void")
    assert (await tills[0].undo("void", sales[0])).response_code == "98"
    await site.until("NOT EXISTS (SELECT FROM outbox WHERE pending)")
    site.rogue.let("void")
    voids = [await tills[0].undo("void", sales[0]), await tills[1].undo("void", sales[1])]
    assert [void.state for void in voids] == ["approved", "declined"]
    assert await site.balances(site.terminals[_SHOP][0]) == (0, 0)
    await site.books_agree()


async def test_frozen_money_is_subtracted_once(site: RogueSite, tills: list[Cashier]) -> None:
    """To freeze is a transfer: what is frozen is in the pending money no more."""
    sale, _ = [await till.take("sale", 10_000) for till in tills]
    await _moved(site, 5_000, PostingKind.FREEZE, MERCHANT_FROZEN)
    assert await site.balances(site.terminals[_SHOP][0]) == (2 * _NET - 5_000, 5_000)
    assert (await tills[0].undo("void", sale)).state == "approved"
    await site.books_agree()


# What annul orders by itself --------------------------------------------------------------------


async def _retried_without_cover(site: RogueSite, tills: list[Cashier]) -> list[Any]:
    sales = [await till.take("sale", 10_000) for till in tills]
    site.rogue.always("void", "92")
    for till, sale in zip(tills, sales, strict=True):
        assert (await till.undo("void", sale)).response_code == "92"
    await _moved(site, _NET, PostingKind.PAYOUT, BANK)
    site.rogue.let("void")
    site.running.resolver.start()
    await site.until("EXISTS (SELECT FROM cases WHERE ended = 'voided')")
    # The other one has been looked at since, and waits for money.
    await site.until(
        "count(*) = 2 FROM cases WHERE ended = 'voided' OR task <> '' OR step = 'wait_funds'"
    )
    return await site.pool.fetch("SELECT * FROM cases")


async def test_own_tries_of_two_voids_with_money_for_one_send_one(
    database: str, tmp_path: Path
) -> None:
    async with open_rogue_site(database, tmp_path, void_time_scale=0.01) as site:
        with ExitStack() as stack:
            own = site.terminals[_SHOP : _SHOP + 2]
            tills = [stack.enter_context(cashier(site.port, one)) for one in own]
            cases = await _retried_without_cover(site, tills)
            assert sorted(case["ended"] for case in cases) == ["", "voided"]
            assert await site.balances(site.terminals[_SHOP][0]) == (0, 0)
            assert site.rogue.net == 10_000
            await tills[0].take("sale", 20_000)  # money comes in, and the promise is kept
            await site.until("count(*) = 2 FROM cases WHERE ended = 'voided'")
            await site.books_agree()
            assert site.rogue.net == 20_000
        await site.running.resolver.stop()


async def test_own_tries_wait_for_a_merchant_that_is_closed(database: str, tmp_path: Path) -> None:
    """Admission holds for whatever annul orders by itself, not for terminals alone."""
    async with open_rogue_site(database, tmp_path, void_time_scale=0.01) as site:
        with cashier(site.port, site.terminals[0]) as till:
            sale = await till.take("sale", 10_000)
            site.rogue.always("void", "92")
            await till.undo("void", sale)
            await site.set_merchant(0, active=False)
            site.rogue.let("void")
            site.running.resolver.start()
            await site.until(
                "EXISTS (SELECT FROM cases WHERE ended <> '' OR task <> '' AND task <> 'late')"
            )
            assert len(site.rogue.of("void")) == 1
            assert site.rogue.net == 10_000
        await site.running.resolver.stop()
