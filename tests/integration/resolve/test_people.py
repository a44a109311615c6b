"""What people do with a case: by role, with a reason, above an amount by two; and the audit."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from annul.diagnose.causes import CAUSES
from annul.diagnose.facts import Fact, Facts
from annul.diagnose.lessons import Lessons
from annul.diagnose.rank import rank
from annul.domain.text import Text
from annul.resolve.book import Book, CaseEntry
from annul.resolve.case import Case, Event, first_broken
from annul.resolve.people import ACTIONS, ActionRefused, People
from annul.resolve.second_person import SecondPersonNeeded
from tests.support.rows import DUE_IN, LEASE, put_case
from tests.support.situations import NOW

_LIMIT = 10_000
_FACTS = Facts(
    {
        "void.code": Fact("96", "transactions 1"),
        "void.sent": Fact("answered", "transactions 1"),
        "original.state": Fact("approved", "transactions 2"),
    }
)


class Desk:
    """People at work on the cases of one database."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self.book = Book(pool, DUE_IN)
        self.lessons = Lessons(pool)
        self.people = People(self.book, self.lessons)

    async def act(
        self, case: Case, name: str, who: str = "olga", role: str = "operator", **more: Any
    ) -> str:
        given: dict[str, Any] = {"reason": "顾客在等", "second_person_from": _LIMIT, "now": NOW}
        return await self.people.act(case, name, who=who, role=role, **(given | more))

    async def audit(self) -> list[tuple[str, ...]]:
        rows = await self.pool.fetch(
            "SELECT who, role, action, object, reason FROM audit ORDER BY at, action"
        )
        return [tuple(row) for row in rows]

    async def events(self, case: Case) -> list[dict[str, Any]]:
        history = await self.book.history(case)
        assert first_broken(history, await self.book.reread(case)) is None
        return [json.loads(body) for body, _ in history]


@pytest.fixture
def desk(pool: asyncpg.Pool) -> Desk:
    return Desk(pool)


async def _refused(desk: Desk, case: Case, *names: str, **more: Any) -> None:
    for name in names:
        with pytest.raises(ActionRefused):
            await desk.act(case, name, **more)
    assert await desk.book.reread(case) == case
    assert not await desk.audit()
    assert not await desk.events(case)


@pytest.mark.parametrize("name", ["retry", "refund"])
async def test_money_below_the_amount_takes_one_person(desk: Desk, name: str) -> None:
    case = await put_case(desk.pool, amount=_LIMIT - 1, next_action_at=NOW + LEASE)
    assert await desk.act(case, name) == name
    after = await desk.book.reread(case)
    assert (after.ordered, after.proposed, after.next_action_at) == (name, "", NOW)
    (event,) = await desk.events(case)
    assert (event["who"], event["what"]) == ("olga", name)
    assert "顾客在等" in event["why"]["zh"]
    assert await desk.audit() == [("olga", "operator", name, f"case {case.number}", "顾客在等")]


async def test_money_from_the_amount_on_takes_two(desk: Desk) -> None:
    case = await put_case(desk.pool, amount=_LIMIT)
    assert await desk.act(case, "refund") == "proposed"
    waiting = await desk.book.reread(case)
    assert (waiting.ordered, waiting.proposed, waiting.proposed_by) == ("", "refund", "olga")
    for role in ("operator", "administrator"):
        with pytest.raises(SecondPersonNeeded):
            await desk.act(waiting, "refund", role=role)
    assert await desk.book.reread(case) == waiting
    assert await desk.act(waiting, "refund", who="otto") == "refund"
    after = await desk.book.reread(case)
    assert (after.ordered, after.proposed, after.proposed_by) == ("refund", "", "")
    proposed, approved = await desk.events(case)
    said = {"action": "refund", "reason": "顾客在等"}
    assert (proposed["what"], proposed["evidence"]) == ("proposed", said)
    assert (approved["who"], approved["evidence"]) == ("otto", {"proposed_by": "olga"})
    assert [row[:3] for row in await desk.audit()] == [
        ("olga", "operator", "proposed"),
        ("otto", "operator", "refund"),
    ]


async def test_two_who_approve_at_once_are_one_order(desk: Desk) -> None:
    case = await put_case(desk.pool, amount=_LIMIT)
    await desk.act(case, "refund")
    waiting = await desk.book.reread(case)
    done = await asyncio.gather(*(desk.act(waiting, "refund", who=who) for who in ("otto", "ora")))
    assert sorted(done) == ["proposed", "refund"], "the later one begins anew"


async def test_an_approval_is_of_what_was_proposed(desk: Desk) -> None:
    case = await put_case(desk.pool, amount=_LIMIT)
    await desk.act(case, "retry")
    assert await desk.act(await desk.book.reread(case), "refund", who="otto") == "proposed"
    after = await desk.book.reread(case)
    assert (after.ordered, after.proposed, after.proposed_by) == ("", "refund", "otto")


async def test_what_was_proposed_can_be_rejected(desk: Desk) -> None:
    case = await put_case(desk.pool, amount=_LIMIT)
    await _refused(desk, case, "reject")
    await desk.act(case, "refund")
    waiting = await desk.book.reread(case)
    with pytest.raises(ActionRefused):
        await desk.act(waiting, "reject", who="sue", role="support")
    assert await desk.act(waiting, "reject", who="otto", reason="小票不符") == "reject"
    after = await desk.book.reread(case)
    assert (after.ordered, after.proposed, after.proposed_by) == ("", "", "")
    assert (await desk.events(case))[-1]["evidence"] == {"proposed": "refund", "by": "olga"}
    assert ("otto", "operator", "reject", f"case {case.number}", "小票不符") in await desk.audit()
    assert await desk.act(after, "refund", who="otto") == "proposed", "it takes two again"


async def test_every_act_needs_a_reason(desk: Desk) -> None:
    case = await put_case(desk.pool)
    names = sorted(set(ACTIONS) - {"reject"})
    for reason in ("", " \n"):
        await _refused(desk, case, *names, reason=reason, cause="timeout")


async def test_every_act_needs_a_role(desk: Desk) -> None:
    case = await put_case(desk.pool)
    for role in ("", "auditor", "owner"):
        await _refused(desk, case, *ACTIONS, role=role, cause="timeout")
    for role in ("cashier", "merchant"):
        names = [name for name in ACTIONS if name != "withdraw"]
        await _refused(desk, case, *names, role=role, cause="timeout")
    await _refused(desk, case, "retry", "refund", "close", role="support")
    await _refused(desk, case, "", "explode", role="administrator")


@pytest.mark.parametrize("role", ["cashier", "merchant", "support", "operator"])
async def test_a_shop_may_withdraw_its_void_whatever_the_amount(desk: Desk, role: str) -> None:
    case = await put_case(desk.pool, amount=10 * _LIMIT)
    assert await desk.act(case, "withdraw", who="carla", role=role) == "withdraw"
    after = await desk.book.reread(case)
    assert (after.ordered, after.proposed, after.next_action_at) == ("withdraw", "", NOW)
    assert ("carla", role, "withdraw", f"case {case.number}", "顾客在等") in await desk.audit()


async def test_nobody_closes_what_has_no_outcome_nor_does_a_refund_again(desk: Desk) -> None:
    for step in ("await_outcome", "await_original"):
        await _refused(desk, await put_case(desk.pool, step=step), "close")
    for kind in ("refund", "completion_advice"):
        case = await put_case(desk.pool, kind=kind)
        await _refused(desk, case, "retry", "refund", "withdraw")


async def test_words_and_orders_stand_in_history_and_audit(desk: Desk) -> None:
    for name, role in (("look", "support"), ("note", "support"), ("close", "administrator")):
        case = await put_case(desk.pool, amount=10 * _LIMIT)
        assert await desk.act(case, name, who="sue", role=role) == name
        after = await desk.book.reread(case)
        assert after.ordered == ("close" if name == "close" else "")
        assert [event["what"] for event in await desk.events(case)] == [name]
        assert ("sue", role, name, f"case {case.number}", "顾客在等") in await desk.audit()


async def test_an_act_on_an_old_view_is_done_on_the_case_as_it_is(desk: Desk) -> None:
    seen = await put_case(desk.pool)
    await desk.book.write(
        seen, CaseEntry(seen._replace(step="back_off"), [_event("back_off")]), NOW
    )
    assert await desk.act(seen, "note") == "note"
    after = await desk.book.reread(seen)
    assert (after.step, after.events) == ("back_off", 2)
    ended = after._replace(ended="voided", ended_at=NOW)
    await desk.book.write(after, CaseEntry(ended, [_event("ended_voided")]), NOW)
    with pytest.raises(ActionRefused):
        await desk.act(seen, "retry")
    assert [row[2] for row in await desk.audit()] == ["note"]


async def test_a_note_stores_a_note_and_moves_nothing(desk: Desk) -> None:
    """Written by support, which may not retry, it made annul void before its own next look."""
    later = NOW + timedelta(minutes=20)
    case = await put_case(desk.pool, next_action_at=later, step="ask_person")
    lease = "UPDATE cases SET leased_until = $1, leased_by = 3"
    await desk.pool.execute(lease, NOW + LEASE)
    assert await desk.act(case, "note", who="sue", role="support") == "note"
    after = await desk.book.reread(case)
    assert after == case._replace(events=1, head=after.head)
    row = await desk.pool.fetchrow("SELECT leased_until, leased_by FROM cases")
    assert tuple(row or ()) == (NOW + LEASE, 3), "who is at work on it keeps it"
    assert await desk.book.next_due() == later
    assert await desk.book.claim(NOW + LEASE + timedelta(seconds=1), LEASE, 9) == []


# Somebody has it ---------------------------------------------------------------------------


async def test_who_has_a_case_stands_on_it_and_can_hand_it_back(desk: Desk) -> None:
    case = await put_case(desk.pool, next_action_at=NOW + timedelta(minutes=3))
    assert await desk.act(case, "take", who="sue", role="support", minutes=30) == "take"
    taken = await desk.book.reread(case)
    assert (taken.assigned_to, taken.assigned_until) == ("sue", NOW + timedelta(minutes=30))
    assert taken.next_action_at == case.next_action_at
    with pytest.raises(ActionRefused):
        await desk.act(taken, "hand-back", who="sam", role="support")
    assert await desk.act(taken, "take", who="sam", role="support", minutes=60) == "take"
    event = (await desk.events(case))[-1]
    assert event["evidence"] == {"until": (NOW + timedelta(minutes=60)).isoformat(), "from": "sue"}
    handed = await desk.book.reread(case)
    assert await desk.act(handed, "hand-back", who="olga") == "hand-back"
    free = await desk.book.reread(case)
    assert (free.assigned_to, free.assigned_until, free.next_action_at) == ("", None, NOW)
    assert [row[2] for row in await desk.audit()].count("take") == 2


@pytest.mark.parametrize("minutes", [0, 1, 4, 241, -5])
async def test_a_case_is_had_for_a_stated_time_within_bounds(desk: Desk, minutes: int) -> None:
    case = await put_case(desk.pool)
    with pytest.raises(ActionRefused):
        await desk.act(case, "take", minutes=minutes)
    assert await desk.book.reread(case) == case


# What waits for a second person ------------------------------------------------------------


async def test_a_proposal_says_why_and_who_made_it_can_take_it_back(desk: Desk) -> None:
    case = await put_case(desk.pool, amount=_LIMIT)
    assert await desk.act(case, "refund", reason="shop is closing") == "proposed"
    proposed = await desk.book.reread(case)
    (event,) = await desk.events(case)
    assert event["evidence"] == {"action": "refund", "reason": "shop is closing"}
    with pytest.raises(ActionRefused):
        await desk.act(proposed, "recall", who="adam")
    with pytest.raises(ActionRefused):
        await desk.act(proposed, "reject", who="olga")
    assert await desk.act(proposed, "recall", who="olga") == "recall"
    after = await desk.book.reread(case)
    assert (after.proposed, after.proposed_by, after.ordered) == ("", "", "")
    last = (await desk.events(case))[-1]
    assert last["evidence"] == {"proposed": "refund", "by": "olga"}


@pytest.mark.parametrize("other", ["retry", "close", "withdraw"])
async def test_a_proposal_that_something_else_takes_the_place_of_is_withdrawn(
    desk: Desk, other: str
) -> None:
    case = await put_case(desk.pool, amount=_LIMIT)
    await desk.act(case, "refund")
    await desk.act(await desk.book.reread(case), other, who="adam")
    what = [event["what"] for event in await desk.events(case)]
    assert what[:2] == ["proposed", "proposal_withdrawn"]
    withdrawn = (await desk.events(case))[1]
    assert withdrawn["evidence"] == {"proposed": "refund", "by": "olga"}
    assert withdrawn["who"] == "adam"


def _event(what: str) -> Event:
    return Event(what, Text("原因", "why"))


async def test_a_confirmed_cause_teaches_a_lesson(desk: Desk) -> None:
    case = await put_case(desk.pool)
    preferred = rank(_FACTS)[0].cause.name
    confirmed = next(name for name in ("issuer_error", "timeout") if name != preferred)
    evidence = {"facts": _FACTS.as_json(), "causes": [{"cause": preferred}]}
    diagnosed = Event("diagnosed", Text("", ""), evidence=evidence)
    written = await desk.book.write(case, CaseEntry(case, [diagnosed]), NOW)
    assert written is not None
    with pytest.raises(ActionRefused):
        await desk.act(written, "confirm-cause", cause="weather")
    assert await desk.act(written, "confirm-cause", role="support", cause=confirmed)
    assert (await desk.book.reread(case)).confirmed == confirmed
    last = (await desk.events(case))[-1]
    assert (last["what"], last["evidence"]) == ("confirm-cause", {"cause": confirmed})
    assert CAUSES[confirmed].title.zh in last["why"]["zh"]
    rows = await desk.pool.fetch("SELECT case_id, cause, shift > 0 AS up, taught_by FROM lessons")
    taught = {(row["cause"], row["up"]) for row in rows}
    assert taught == {(confirmed, True), (preferred, False)}
    assert {(row["case_id"], row["taught_by"]) for row in rows} == {(case.id, "olga")}


async def test_a_cause_that_was_ranked_right_or_had_no_facts_teaches_nothing(desk: Desk) -> None:
    for facts in (_FACTS, None):
        case = await put_case(desk.pool)
        evidence = {"facts": facts.as_json(), "causes": []} if facts else {}
        event = Event("diagnosed" if facts else "opened", Text("", ""), evidence=evidence)
        ended = case._replace(ended="refused", ended_at=NOW)
        written = await desk.book.write(case, CaseEntry(ended, [event]), NOW)
        assert written is not None
        best = rank(_FACTS)[0].cause.name
        assert await desk.act(written, "confirm-cause", cause=best) == "confirm-cause"
        after = await desk.book.reread(case)
        assert (after.ended, after.confirmed) == ("refused", best)
    assert await desk.pool.fetchval("SELECT count(*) FROM lessons") == 0
