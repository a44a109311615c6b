"""The promise covers every movement back, keeps its time, and outlives a fault of ours."""

from typing import Any

import pytest

from annul.diagnose.lessons import Lessons
from annul.resolve.people import People
from tests.support.site import RogueSite
from tests.support.soft import Cashier

from .cases import book_of, case_that, looked_at, sold_and_refused


@pytest.fixture
def settings() -> dict[str, Any]:
    """Let cases move a hundred times faster, once a test starts the resolver."""
    return {"void_time_scale": 0.01, "void_give_up_s": 3}


async def test_refund_that_an_issuer_refuses_becomes_a_case_and_ends(
    site: RogueSite, till: Cashier
) -> None:
    sale = await till.take("sale", 10_000)
    site.rogue.always("refund", "05")
    refund = await till.undo("refund", sale, 4_000)
    assert refund.state == "declined"
    assert f"案件号{refund.rrn}" in refund.note
    case = await looked_at(site)
    assert (case.kind, case.amount, case.number) == ("refund", 4_000, refund.rrn)
    site.running.resolver.start()
    ended = await case_that(site, "ended <> '' OR task <> ''")
    assert ended["ended"] in {"", "refused"}
    await site.books_agree()
    assert site.rogue.net == 10_000


async def test_completion_that_an_issuer_refuses_becomes_a_case(
    site: RogueSite, till: Cashier
) -> None:
    held = await till.take("preauth", 50_000)
    site.rogue.always("completion", "51")
    completion = await till.undo("completion", held, 50_000)
    assert completion.state == "declined"
    case = await looked_at(site)
    assert (case.kind, case.number) == ("completion", completion.rrn)
    await site.becomes("preauth", "approved")


async def test_confirmed_cause_does_not_move_the_time_by_which_a_case_is_late(
    site: RogueSite, till: Cashier
) -> None:
    await till.undo("void", await sold_and_refused(site, till))
    case = await looked_at(site)
    before = await site.pool.fetchrow("SELECT first_due_at, due_at FROM cases")
    people = People(book_of(site), Lessons(site.pool))
    await people.act(
        case,
        "confirm-cause",
        who="olga",
        role="operator",
        reason="商户账户",
        cause="funds_frozen",
        second_person_from=10**9,
        now=site.running.host.clock.now(),
    )
    await looked_at(site)
    after = await site.pool.fetchrow("SELECT first_due_at, due_at FROM cases")
    assert after["first_due_at"] == before["first_due_at"]
    assert after["due_at"] > before["due_at"]


async def test_case_whose_step_always_fails_is_an_incident(
    site: RogueSite, till: Cashier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours in a case must not be a line in a log alone."""
    await till.undo("void", await sold_and_refused(site, till))

    async def fault(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(type(site.running.resolver._gatherer), "picture", fault)
    site.running.resolver.start()
    await site.until(
        "EXISTS (SELECT FROM incidents i JOIN cases c ON c.id = i.transaction_id"
        " WHERE i.closed_at IS NULL)"
    )
