"""Conclusions of two people are carried out once, whatever dies; and the list of what is open."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from annul.domain.records import Transaction
from annul.domain.states import State
from annul.domain.text import Text
from annul.resolve import conclusion as said
from annul.resolve.book import CaseEntry
from annul.resolve.case import Event
from annul.resolve.conclusions import _SQL, Conclusions
from annul.security.vault import Vault
from tests.support.rows import put
from tests.support.situations import case as a_case

from .concluding import (
    NOW,
    OTTO,
    Site,
    case_of,
    history_of,
    open_sale,
    open_void,
)

# Crashes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("broken", ["before", "after"])
async def test_a_crash_beside_the_move_loses_nothing_and_moves_once(
    site: Site, broken: str
) -> None:
    sale, void = await open_void(site)
    case = await case_of(site, void)
    proposed = await site.propose(void.id, done=True)
    site.outcomes.broken = broken
    with pytest.raises(ConnectionError):
        await site.confirm(proposed)
    assert [one.state for one in await site.conclusions.of(void)] == ["confirmed"]
    site.outcomes.broken = ""
    assert await site.conclusions.finish(site.clock.now()) == 1
    assert await site.conclusions.finish(site.clock.now()) == 0
    assert (await site.state(void), await site.state(sale)) == ("approved", "voided")
    assert site.outcomes.moved == [void.id]
    assert [event["what"] for event in await history_of(site, case)] == ["concluded"]
    assert [one.state for one in await site.conclusions.of(void)] == ["concluded"]


async def test_nothing_else_is_proposed_while_a_conclusion_is_on_its_way(site: Site) -> None:
    sale = await open_sale(site)
    proposed = await site.propose(sale.id)
    site.outcomes.broken = "before"
    with pytest.raises(ConnectionError):
        await site.confirm(proposed)
    with pytest.raises(said.AlreadyProposed):
        await site.propose(sale.id, done=True)


async def test_an_old_conclusion_never_moves_what_came_open_again(site: Site) -> None:
    sale = await open_sale(site, state=State.REVERSING)
    proposed = await site.propose(sale.id)
    await site.confirm(proposed)
    assert await site.state(sale) == "reversed"
    await site.pool.execute(
        "UPDATE transactions SET state = 'reversing', late_code = '00', late_at = $1",
        site.clock.now(),
    )
    assert await site.conclusions.finish(site.clock.now()) == 0
    assert (await site.confirm(proposed)).state == "concluded", "as it was"
    assert await site.state(sale) == "reversing"
    fresh = await site.propose(sale.id, done=True)
    assert fresh.open, "it takes two again"


async def test_what_the_issuer_says_before_it_is_carried_out_counts_more(site: Site) -> None:
    _, void = await open_void(site, State.REVERSING)
    case = await case_of(site, void)
    proposed = await site.propose(void.id)
    site.outcomes.broken = "before"
    with pytest.raises(ConnectionError):
        await site.confirm(proposed)
    await site.pool.execute(
        "UPDATE transactions SET late_code = '00', late_at = $1 WHERE id = $2",
        site.clock.now(),
        void.id,
    )
    site.outcomes.broken = ""
    assert await site.conclusions.finish(site.clock.now()) == 1
    assert (await site.state(void), site.outcomes.moved) == ("reversing", [])
    assert [one.state for one in await site.conclusions.of(void)] == ["overtaken"]
    assert "conclusion_overtaken" in await site.open_incidents()
    assert [event["what"] for event in await history_of(site, case)] == ["conclusion_overtaken"]


async def test_one_that_can_not_be_carried_out_holds_up_no_other(site: Site) -> None:
    first, second = await open_sale(site, 1), await open_sale(site, 2)
    for sale in (first, second):
        proposed = await site.propose(sale.id)
        site.outcomes.broken = "before"
        with pytest.raises(ConnectionError):
            await site.confirm(proposed)
        site.outcomes.broken = ""
    concluded = site.outcomes.concluded

    async def choosy(transaction: Transaction, *, done: bool, at: datetime) -> bool:
        if transaction.id == first.id:
            raise ValueError
        return await concluded(transaction, done=done, at=at)

    site.outcomes.concluded = choosy  # pyright: ignore[reportAttributeAccessIssue]
    site.clock.at += timedelta(minutes=2)
    assert await site.conclusions.finish(site.clock.now()) == 1
    assert (await site.state(first), await site.state(second)) == ("unknown", "declined")
    assert "conclusion_waits" in await site.open_incidents(), "somebody is told"


async def test_an_event_steps_aside_for_those_who_write_the_case(site: Site) -> None:
    _, void = await open_void(site)
    case = await case_of(site, void)
    proposed = await site.propose(void.id)

    async def write() -> None:
        now = await site.book.reread(case)
        event = Event("retry", Text("重试", "tried again"))
        await site.book.write(now, CaseEntry(now, [event]), NOW)

    await asyncio.gather(site.confirm(proposed), write())
    assert sorted(event["what"] for event in await history_of(site, case)) in (
        ["concluded"],
        ["concluded", "retry"],
    )


async def test_without_a_host_a_host_carries_it_out(site: Site) -> None:
    sale = await open_sale(site)
    away = Conclusions(site.pool, site.book, Vault(bytes(32)), None, site.clock)
    proposed = await site.propose(sale.id)
    left = await away.confirm(str(sale.id), proposed.id, OTTO, reason="看过")
    assert (left.state, await site.state(sale)) == ("confirmed", "unknown")
    assert await away.finish(site.clock.now()) == 0
    assert await site.conclusions.finish(site.clock.now()) == 1
    assert await site.state(sale) == "declined"


# The list ---------------------------------------------------------------------------------------


async def test_money_in_question_is_all_that_nobody_has_proved(site: Site) -> None:
    _, void = await open_void(site)
    await case_of(site, void)
    disputed = await open_sale(site, 3, State.DISPUTED, received_at=NOW - timedelta(seconds=1))
    await open_sale(site, 4, State.UNKNOWN, received_at=NOW - timedelta(seconds=1))  # worked on
    await open_sale(site, 5, State.APPROVED)
    lost = a_case(
        id=UUID(int=9),
        number="300000000009",
        original_id=None,
        ended="unproved",
        ended_at=NOW,
        opened_at=NOW - timedelta(hours=1),
        first_due_at=NOW,
    )
    await put(site.pool, "cases", lost._asdict())
    proposed = await site.propose(void.id, done=True)
    rows = await site.conclusions.in_question("", 10)
    assert [row["rrn"] for row in rows] == [lost.number, void.rrn, disputed.rrn], "oldest first"
    assert [row["state"] for row in rows] == ["", "unknown", "disputed"]
    assert [row["case_number"] for row in rows] == [lost.number, void.rrn, ""]
    assert [row["case_ended"] for row in rows] == ["unproved", "", None]
    assert [row["conclusion_id"] for row in rows] == [None, proposed.id, None]
    assert (rows[1]["done"], rows[1]["proposed_by"]) == (True, "olga")
    (one,) = await site.conclusions.sums()
    assert (one["currency"], one["count"], one["amount"]) == ("156", 3, 30_000)
    after = (rows[0]["since"], rows[0]["id"])
    following = await site.conclusions.in_question("", 1, after)
    assert [row["rrn"] for row in following] == [void.rrn]
    assert await site.conclusions.in_question("898000000000000", 10) == []
    await site.confirm(proposed)
    assert [row["rrn"] for row in await site.conclusions.in_question("", 10)] == [
        lost.number,
        disputed.rrn,
    ]


async def test_a_case_that_ended_unproved_stands_once_with_its_money(site: Site) -> None:
    _, void = await open_void(site)
    await case_of(site, void, ended="unproved", ended_at=NOW)
    (row,) = await site.conclusions.in_question("", 10)
    assert (row["transaction_id"], row["case_ended"]) == (void.id, "unproved")
    await site.pool.execute("UPDATE transactions SET state = 'declined' WHERE id = $1", void.id)
    (row,) = await site.conclusions.in_question("", 10)
    assert (row["id"], row["state"]) == (void.id, "declined"), "until the case says how it ended"


async def test_the_list_looks_only_at_what_is_open(site: Site) -> None:
    async with site.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        page: dict[str, Any] = {"after_at": None, "after_id": None, "limit": 50}
        of_all: dict[str, Any] = {"merchant": "", "now": NOW}
        for sql, *values in (_SQL["sums"](**of_all), _SQL["in_question"](**of_all, **page)):
            rows = await connection.fetch(f"EXPLAIN {sql}", *values)
            plan = "\n".join(row[0] for row in rows)
            for index in ("transactions_unfinished", "transactions_disputed", "cases_unproved"):
                assert index in plan, plan
