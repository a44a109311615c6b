"""Every void ends: what fails at a real issuer becomes a case and is driven to its end."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from annul.diagnose.lessons import Lessons
from annul.resolve.case import Case, first_broken
from annul.resolve.people import People
from annul.sim.issuer.faults import Fault, FaultKind
from tests.support.site import Site, open_rogue_site, open_site
from tests.support.soft import Cashier, cashier


@pytest.fixture
async def quick(database: str, tmp_path: Path) -> AsyncIterator[Site]:
    """Give a site whose issuers have two seconds and whose cases run a hundred times faster."""
    async with open_site(
        database, tmp_path, timeout_ms=2_000, void_time_scale=0.01, void_give_up_s=6
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
    case, history = await site.running.resolver._book.whole(case)
    assert first_broken(history, case) is None
    return [json.loads(body)["what"] for body, _ in history]


async def test_void_that_an_issuer_refuses_for_a_moment_is_voided(
    quick: Site, till: Cashier
) -> None:
    sale = await till.take("sale", 10_000)
    _fault(quick, FaultKind.CODE, of_kind="void", code="96")
    void = await till.undo("void", sale)
    assert void.response_code == "96"
    assert f"案件号{void.rrn}" in void.note
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
                    "SELECT count(*) FROM transactions WHERE origin = 'resolver' AND state = 'sent'"
                ):
                    await asyncio.sleep(0.01)
            (case,) = await book.latest(only_open=True, limit=5)
            opened, diagnosed, *waited = await _whats(site, case)
            assert (opened, diagnosed) == ("opened", "diagnosed")
            assert set(waited) <= {"await_outcome"}, "of the void, before that is tried again"
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
    people = People(book, Lessons(quick.pool))
    now = quick.running.host.clock.now()
    asked = {"who": "olga", "role": "operator", "reason": "顾客在等", "second_person_from": 10**9}
    await people.act(await book.reread(cases[0]), "refund", now=now, **asked)
    (case,) = await _ended(quick)
    assert case.ended == "refunded"
    rows = await quick.pool.fetch("SELECT kind, origin FROM transactions ORDER BY received_at")
    assert [tuple(row) for row in (rows[0], rows[1], rows[-1])] == [
        ("sale", "terminal"),
        ("void", "terminal"),
        ("refund", "person"),
    ]
    await quick.books_agree()


# Refunds and completions ----------------------------------------------------------------------


async def _told(site: Site, till: Cashier) -> str:
    """Give what the terminal hears with its next message."""
    await site.running.host.notices.refresh()
    echo = await till.terminal.manage("echo", network="301")
    return str(echo.fields.get(63, ""))


async def test_refund_that_an_issuer_declines_is_refused_with_reason_and_next_step(
    quick: Site, till: Cashier
) -> None:
    sale = await till.take("sale", 10_000)
    _fault(quick, FaultKind.CODE, of_kind="refund", code="61")
    refund = await till.undo("refund", sale, 4_000)
    assert refund.response_code == "61"
    assert f"退货未成功,原因随后告知 案件号{refund.rrn}" in refund.note
    (case,) = await _ended(quick)
    assert (case.kind, case.ended, case.number) == ("refund", "refused", refund.rrn)
    assert case.amount == 4_000
    history = await quick.running.resolver._book.history(case)
    last = json.loads(history[-1][0])
    assert "撤销" not in last["why"]["zh"]
    assert "Next: " in last["why"]["en"]
    assert f"凭证{sale.trace}退货未成功" in await _told(quick, till)
    await quick.books_agree()


async def test_refund_whose_answer_is_lost_ends_as_refunded_once_it_is_known(
    quick: Site, till: Cashier
) -> None:
    sale = await till.take("sale", 10_000)
    _fault(quick, FaultKind.LOST_ANSWER, of_kind="refund", left=2)  # also when it is asked again
    refund = await till.undo("refund", sale, 4_000)
    assert refund.response_code == "98"
    assert f"退货结果未定,随后告知,勿重复 案件号{refund.rrn}" in refund.note
    (case,) = await _ended(quick)
    assert (case.kind, case.ended) == ("refund", "refunded")
    assert f"凭证{sale.trace}退货成功" in await _told(quick, till)
    assert await quick.issuer_net() == 6_000
    await quick.books_agree()


async def test_refund_that_a_rule_refuses_is_a_case_with_the_rule_as_reason(
    quick: Site, till: Cashier
) -> None:
    sale = await till.take("sale", 10_000)
    await till.undo("refund", sale, 7_000)
    refund = await till.undo("refund", sale, 4_000)
    assert refund.state == "declined"
    (case,) = await _ended(quick)
    assert (case.ended, case.number) == ("refused", refund.rrn)
    history = await quick.running.resolver._book.history(case)
    last = json.loads(history[-1][0])
    assert (last["what"], last["evidence"]["rule"]) == ("ended_refused", "over_the_original")
    assert "退货累计超过原金额" in await _told(quick, till)


async def test_advice_that_was_accepted_and_declined_later_is_told_to_shop_and_desk(
    quick: Site, till: Cashier
) -> None:
    held = await till.take("preauth", 50_000)
    _fault(quick, FaultKind.CODE, of_kind="completion_advice", code="51")
    advice = await till.undo("completion_advice", held, 50_000)
    assert advice.response_code == "00"
    (case,) = await _ended(quick)
    assert (case.kind, case.ended, case.task) == (
        "completion_advice",
        "refused",
        "advice_declined",
    )
    params = await quick.pool.fetchval(
        "SELECT params FROM incidents WHERE kind = 'advice_declined' AND closed_at IS NULL"
    )
    assert (params["reference"], params["code"]) == (advice.rrn, "51")
    assert "51" in await _told(quick, till)
    await quick.books_agree()


@pytest.mark.parametrize("kind", ["completion", "completion_advice"])
async def test_completion_that_can_not_be_voided_is_refunded_as_refunds_are_sent(
    quick: Site, till: Cashier, kind: str
) -> None:
    """A refund took the pre-authorisation's condition code 06: no issuer knew what that is."""
    held = await till.take("preauth", 50_000)
    done = await till.undo(kind, held, 50_000)
    if kind == "completion":
        _fault(quick, FaultKind.CODE, of_kind="completion_void", code="40", left=None)
    await till.undo("completion_void", done, 50_000)
    (case,) = await _ended(quick)
    assert case.ended == "refunded"
    assert quick.issuer.server.not_known == 0
    await quick.books_agree()


# Time and faults ------------------------------------------------------------------------------


async def test_a_case_that_can_not_go_on_is_an_incident_until_it_does(
    quick: Site, till: Cashier, monkeypatch: pytest.MonkeyPatch
) -> None:
    gatherer = type(quick.running.resolver._gatherer)
    whole = gatherer.picture

    async def fault(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(gatherer, "picture", fault)
    sale = await till.take("sale", 10_000)
    _fault(quick, FaultKind.CODE, of_kind="void", code="92")
    void = await till.undo("void", sale)
    open_ = "SELECT params FROM incidents WHERE kind = 'case_fault' AND closed_at IS NULL"
    async with asyncio.timeout(10):
        while not (params := await quick.pool.fetchval(open_)):
            await asyncio.sleep(0.01)
    assert params == {"case": void.rrn, "error": "ZeroDivisionError"}
    monkeypatch.setattr(gatherer, "picture", whole)
    await quick.pool.execute("UPDATE cases SET next_action_at = now()")
    (case,) = await _ended(quick)
    assert case.ended == "voided"
    assert await quick.pool.fetchval(open_) is None


# A void that its shop withdraws -----------------------------------------------------------------


@pytest.mark.parametrize("approved", [True, False])
async def test_a_void_that_is_on_its_way_when_it_is_withdrawn_ends_as_what_became_of_it(
    database: str, tmp_path: Path, approved: bool
) -> None:
    pace = {"timeout_ms": 5_000, "void_time_scale": 0.01, "void_give_up_s": 60}
    async with open_rogue_site(database, tmp_path, resolver=True, **pace) as site:
        with cashier(site.port, site.terminals[0]) as till:
            sale = await till.take("sale", 10_000)
            site.rogue.always("void", "92")
            await till.undo("void", sale)
            site.rogue.hold("void")
            asked = await site.rogue.next("void")  # annul tries it again
            book = site.running.resolver._book
            (case,) = await book.latest(only_open=True, limit=5)
            done = await People(book, Lessons(site.pool)).act(
                case,
                "withdraw",
                who="carla",
                role="cashier",
                reason="顾客留下了商品",
                second_person_from=1,
                now=site.running.host.clock.now(),
            )
            assert done == "withdraw"
            site.rogue.rules.pop("void")  # whatever else came would be approved
            (asked.approve if approved else partial(asked.answer, "92"))()
            await site.until("EXISTS (SELECT FROM cases WHERE ended <> '')")
            ended = await book.reread(case)
            assert ended.ended == ("voided" if approved else "refused")
            assert len(site.rogue.of("void")) == 2, "nothing more was tried"
            await site.books_agree()
            assert site.rogue.net == (0 if approved else 10_000)
            history = await book.history(ended)
            last = json.loads(history[-1][0])["evidence"]
            assert last.get("order_dropped", "") == ("withdraw" if approved else "")
