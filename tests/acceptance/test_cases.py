"""Every void ends: what fails at a real issuer becomes a case and is driven to its end."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from annul.resolve.case import Case, first_broken
from annul.sim.issuer.faults import Fault, FaultKind

from .site import Site, open_site
from .soft import Cashier, cashier


@pytest.fixture
async def quick(database: str, tmp_path: Path) -> AsyncIterator[Site]:
    """Give a site whose issuers have 300 ms and whose cases run a hundred times faster."""
    async with open_site(
        database, tmp_path, timeout_ms=300, void_time_scale=0.01, void_give_up_s=6
    ) as opened:
        yield opened


@pytest.fixture
def till(quick: Site) -> Iterator[Cashier]:
    with cashier(quick.port, quick.terminals[0]) as opened:
        yield opened


def _fault(site: Site, kind: FaultKind, *, left: int | None = 1, **aim: Any) -> None:
    site.issuer.server.faults.rows.append(Fault(kind, left=left, **aim))


async def _ended(site: Site, count: int = 1, within_s: float = 20.0) -> list[Case]:
    book = site.running.resolver._book
    async with asyncio.timeout(within_s):
        while True:
            cases = await book.latest(only_open=False, limit=100)
            if len(cases) >= count and all(case.ended for case in cases):
                return cases
            await asyncio.sleep(0.02)


async def _whats(site: Site, case: Case) -> list[str]:
    history = await site.running.resolver._book.history(case)
    assert first_broken(history) is None
    return [json.loads(body)["what"] for body, _ in history]


async def test_void_that_an_issuer_refuses_for_a_moment_is_voided(
    quick: Site, till: Cashier
) -> None:
    sale = await till.take("sale", 10_000)
    _fault(quick, FaultKind.CODE, of_kind="void", code="96")
    void = await till.undo("void", sale)
    assert void.response_code == "96"
    assert f"编号{void.rrn}" in void.note
    (case,) = await _ended(quick)
    assert (case.ended, case.number) == ("voided", void.rrn)
    whats = await _whats(quick, case)
    assert whats[:2] == ["opened", "diagnosed"]
    assert whats[-1] == "ended_voided"
    assert "retry" in whats
    assert await quick.issuer_net() == 0
    await quick.books_agree()


async def test_lost_answer_is_reversed_before_the_void_is_tried_again(
    quick: Site, till: Cashier
) -> None:
    sale = await till.take("sale", 10_000)
    _fault(quick, FaultKind.LOST_ANSWER, of_kind="void")
    await till.undo("void", sale)
    (case,) = await _ended(quick)
    assert case.ended == "voided"
    assert case.cause in {"timeout", "late_answer"}
    assert await quick.issuer_net() == 0
    await quick.books_agree()


async def test_issuer_that_does_no_voids_is_asked_for_a_refund(quick: Site, till: Cashier) -> None:
    quick.issuer.server.books.policy.void_supported = False
    for _ in range(4):
        sale = await till.take("sale", 10_000)
        await till.undo("void", sale)
    cases = await _ended(quick, 4)
    assert {case.ended for case in cases} == {"refunded"}
    assert await quick.issuer_net() == 0
    await quick.books_agree()


async def test_void_of_what_was_never_sold_is_refused_with_a_reason(
    quick: Site, till: Cashier
) -> None:
    sale = await till.take("sale", 10_000)
    ghost = await till.undo("void", replace(sale, trace="000999", rrn="9" * 12))
    assert ghost.response_code == "25"
    (case,) = await _ended(quick)
    assert (case.ended, case.cause) == ("refused", "original_not_found")


async def test_second_void_is_refused_with_the_first_as_proof(quick: Site, till: Cashier) -> None:
    sale = await till.take("sale", 10_000)
    await till.undo("void", sale)
    again = await till.undo("void", sale)
    assert again.response_code == "22"
    (case,) = await _ended(quick)
    assert (case.ended, case.cause) == ("refused", "already_undone")
    assert await quick.issuer_net() == 0


async def test_the_terminal_hears_of_it_with_its_next_message(quick: Site, till: Cashier) -> None:
    sale = await till.take("sale", 10_000)
    _fault(quick, FaultKind.CODE, of_kind="void", code="91")
    await till.undo("void", sale)
    await _ended(quick)
    await quick.running.host.notices.refresh()
    echo = await till.terminal.manage("echo", network="301")
    assert f"凭证{sale.trace}已撤销" in str(echo.fields[63])
    again = await till.terminal.manage("echo", network="301")
    assert 63 not in again.fields


async def test_a_case_says_its_cause_before_the_issuer_is_asked_again(
    database: str, tmp_path: Path
) -> None:
    # The issuer has two seconds, the first retry comes at once: it is silent again.
    slow = {"timeout_ms": 2_000, "void_time_scale": 0.01, "void_give_up_s": 60}
    async with open_site(database, tmp_path, **slow) as site:
        with cashier(site.port, site.terminals[0]) as till:
            sale = await till.take("sale", 10_000)
            _fault(site, FaultKind.LOST_ANSWER, of_kind="void", left=2)
            await till.undo("void", sale)
            book = site.running.resolver._book
            async with asyncio.timeout(10):
                while not await site.pool.fetchval(
                    "SELECT count(*) FROM transactions WHERE batch LIKE 'A%' AND state = 'sent'"
                ):
                    await asyncio.sleep(0.01)
            (case,) = await book.latest(only_open=True, limit=5)
            assert await _whats(site, case) == ["opened", "diagnosed"]
            assert case.cause in {"timeout", "late_answer"}
            (case,) = await _ended(site)
            assert case.ended == "voided"
            await site.books_agree()


async def test_an_order_waits_for_an_open_circuit_and_is_not_forgotten(
    quick: Site, till: Cashier
) -> None:
    sale = await till.take("sale", 10_000)
    _fault(quick, FaultKind.CODE, left=None, of_kind="void", code="96")
    await till.undo("void", sale)
    book = quick.running.resolver._book
    async with asyncio.timeout(5):
        while not (cases := await book.latest(only_open=True, limit=5)) or not cases[0].events:
            await asyncio.sleep(0.01)
    await quick.pool.execute(
        "INSERT INTO circuits (issuer_id, failures, open, next_probe_at)"
        " VALUES ('00000101', 9, true, now() + interval '2 seconds') ON CONFLICT (issuer_id)"
        " DO UPDATE SET open = true, next_probe_at = excluded.next_probe_at"
    )
    await quick.pool.execute(
        "UPDATE cases SET ordered = 'refund', next_action_at = now() WHERE id = $1", cases[0].id
    )
    (case,) = await _ended(quick)
    assert case.ended == "refunded"
    await quick.books_agree()
