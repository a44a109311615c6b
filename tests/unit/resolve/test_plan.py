"""The plan: what is certain first, then a person's order, then what the cause asks for."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annul.diagnose.causes import CAUSES
from annul.diagnose.rank import Finding
from annul.domain.kinds import CASED, VOIDS
from annul.domain.records import Origin
from annul.domain.standing import Standing, told
from annul.domain.states import UNFINISHED, State
from annul.resolve.case import ENDS, UNPROVED
from annul.resolve.pace import Pace
from annul.resolve.plan import DROPPED, decide
from annul.resolve.remedies import PLANS, PROBE
from annul.resolve.situation import Situation, Step
from tests.support.situations import (
    NOW,
    OPENED,
    PAID,
    SALE,
    TOMORROW,
    attempt,
    findings,
    own,
    situation,
    without_original,
)

_EACH = pytest.mark.parametrize("cause", CAUSES)
_HOUR = timedelta(hours=1)


def _changed(*changes: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    return changes


def test_every_cause_has_a_plan_and_no_other() -> None:
    assert set(PLANS) == set(CAUSES)


# What is certain ---------------------------------------------------------------------------


@_EACH
@pytest.mark.parametrize("state", sorted(UNFINISHED))
def test_what_is_under_way_is_awaited_before_anything_else(cause: str, state: State) -> None:
    for kind in ("void", "refund"):
        unfinished = own(3, kind=kind, state=state)
        ordered = {"of_case": {"ordered": "refund"}}
        for changes in _changed({}, {"now": OPENED + 23 * _HOUR}, ordered, TOMORROW):
            step = decide(situation(cause, attempts=(unfinished,), **changes))
            assert (step.name, step.do, step.end) == ("await_outcome", "", "")
            assert step.evidence["under_way"] == [unfinished.rrn]


@_EACH
@pytest.mark.parametrize("state", sorted(UNFINISHED))
def test_an_original_without_an_outcome_is_awaited(cause: str, state: State) -> None:
    for order in ("", "retry", "refund", "withdraw"):
        step = decide(situation(cause, original={"state": state}, of_case={"ordered": order}))
        assert (step.name, step.do, step.end) == ("await_original", "", "")


def test_what_is_under_way_is_looked_at_soon_then_more_rarely() -> None:
    waits: list[timedelta] = []
    for age_s in (1, 10, 60, 600, 86_000):
        now = OPENED + timedelta(seconds=age_s)
        step = decide(situation(attempts=(own(3, state=State.UNKNOWN),), now=now))
        assert step.until is not None
        waits.append(step.until - now)
    assert waits == sorted(waits)
    assert timedelta() < waits[0] < waits[-1] <= timedelta(seconds=Pace().watch.limit_s)


@pytest.mark.parametrize(
    ("state", "answered_s", "end"),
    [
        (State.VOIDED, 5, "voided"),
        (State.REFUNDED, 5, "refunded"),
        (State.VOIDED, -5, "refused"),
        (State.REFUNDED, -5, "refused"),
    ],
)
def test_an_original_that_is_given_back_ends_the_case(
    state: State, answered_s: float, end: str
) -> None:
    answered_at = OPENED + timedelta(seconds=answered_s)
    paid = own(3, state=State.APPROVED, received_at=answered_at, answered_at=answered_at)
    for cause in ("timeout", "already_undone", "risk_refusal"):
        step = decide(situation(cause, original={"state": state}, attempts=(paid,)))
        assert (step.end, step.do) == (end, "")
        assert step.evidence["proof"] == [paid.rrn]
        assert paid.rrn in step.why.zh
        assert paid.rrn in step.why.en
        assert (step.evidence.get("cause") == "already_undone") == (end == "refused")


def test_an_original_that_was_reversed_itself_has_taken_nothing() -> None:
    step = decide(situation("original_unfinished", original={"state": State.REVERSED}))
    assert (step.end, step.evidence["proof"]) == ("voided", ["300000000001"])


def test_a_void_of_what_was_reversed_before_is_refused() -> None:
    before = situation("already_undone", original={"state": State.REVERSED})
    void = attempt(why="already_undone", response_code="22")
    picture = replace(before.picture, void=void, attempts=(void,))
    step = decide(replace(before, picture=picture))
    assert (step.end, step.evidence["cause"]) == ("refused", "already_undone")


# What a person has ordered -----------------------------------------------------------------


@_EACH
@pytest.mark.parametrize(("order", "end"), [("retry", ""), ("refund", ""), ("close", "refused")])
def test_a_persons_order_comes_before_the_plan(cause: str, order: str, end: str) -> None:
    for now in (NOW, OPENED + Pace().last(CAUSES[cause].patience) + _HOUR):
        step = decide(situation(cause, of_case={"ordered": order}, now=now))
        assert (step.do, step.end) == ("" if end else order, end)


@pytest.mark.parametrize(
    ("order", "original"),
    [
        ("retry", {"state": State.DECLINED}),
        ("refund", {"state": State.DECLINED}),
        ("refund", {"state": State.PARTLY_REFUNDED}),
        ("refund", {"state": State.COMPLETED}),
        ("retry", {"kind": "completion_advice"}),
        ("retry", {"kind": "refund"}),
        ("refund", {"kind": "preauth"}),
        ("refund", {"kind": "void"}),
        ("retry", {"amount": 5_000_000}),
        ("refund", {"amount": 5_000_000}),
    ],
)
def test_an_order_that_this_original_does_not_allow_is_dropped_and_said(
    order: str, original: dict[str, Any]
) -> None:
    step = decide(situation(original=original, of_case={"ordered": order}))
    assert (step.name, step.do, step.end) == (DROPPED, "", "")
    assert step.evidence == {"ordered": order}


def test_an_order_without_an_original_is_dropped() -> None:
    missing = without_original("keys_out_of_step")
    step = decide(replace(missing, case=missing.case._replace(ordered="retry")))
    assert step.name == DROPPED


# Every cause -------------------------------------------------------------------------------


@_EACH
@pytest.mark.parametrize(
    "original",
    [
        {},
        {"state": State.DECLINED},
        {"state": State.PARTLY_REFUNDED, "undone": 4_000},
        {"state": State.COMPLETED, "undone": 10_000},
        {"kind": "preauth"},
        {"kind": "refund"},
        {"kind": "completion_advice"},
        {"amount": 10**9},
        {"batch": "000000"},
    ],
)
def test_every_cause_gives_a_step(cause: str, original: dict[str, Any]) -> None:
    for merchant in ({}, {"void_needs_balance": True}, {"refund_instead_limit": 0}):
        for changes in _changed({}, TOMORROW, {"merchant": None}, {"probe_at": NOW + _HOUR}):
            step = decide(situation(cause, original=original, of_merchant=merchant, **changes))
            _well_formed(step)
            if original.get("state"):
                assert step.do not in PAID


@_EACH
def test_a_void_of_nothing_is_refused_or_waits_for_its_terminal(cause: str) -> None:
    step = decide(without_original(cause))
    _well_formed(step)
    assert step.do not in PAID
    waits = cause in {"keys_out_of_step", "terminal_outdated"}
    assert bool(step.end) != waits


@_EACH
@pytest.mark.parametrize("day", [{}, TOMORROW])
@pytest.mark.parametrize("merchant", [{}, {"void_needs_balance": True}])
def test_every_plan_ends_though_nothing_helps(
    cause: str, day: dict[str, Any], merchant: dict[str, Any]
) -> None:
    calm = Pace(poll_s=3600)  # so that three days are few steps
    s = situation(cause, of_merchant=merchant, facts={}, pace=calm, **day)
    last = OPENED + calm.last(CAUSES[cause].patience)
    for number in range(3, 1000):
        step = decide(s)
        if step.end:
            break
        s = _after(s, step, number, last)
    else:
        pytest.fail(f"{cause} goes on for ever")
    assert step.end == "refused"
    assert s.now <= last
    assert step.task == (cause if s.now == last else step.task)
    own_voids = [one for one in s.own_tries if one.kind == "void"]
    assert len(own_voids) <= calm.tries


def _after(s: Situation, step: Step, number: int, last: Any) -> Situation:
    """The same a moment later: what was tried was declined, what was waited for did not help."""
    moved = replace(s, case=s.case._replace(step=step.name))
    if step.do in PAID:
        kind = "refund" if step.do == "refund" else "void"
        failed = own(number, kind=kind, received_at=s.now, answered_at=s.now)
        attempts = (*s.picture.attempts, failed)
        return replace(moved, picture=replace(s.picture, attempts=attempts))
    assert step.until is not None
    assert step.until > s.now or step.do == PROBE, step
    return replace(moved, now=min(step.until, last))


def _well_formed(step: Step) -> None:
    assert step.name
    assert step.why.zh
    assert step.why.en
    assert bool(step.end) != bool(step.do or step.until)
    assert step.end in {"", *ENDS}


@_EACH
def test_what_is_over_its_last_time_is_handed_to_a_person(cause: str) -> None:
    last = OPENED + Pace().last(CAUSES[cause].patience)
    for changes in _changed({}, TOMORROW, {"probe_at": last + _HOUR}):
        step = decide(situation(cause, now=last, **changes))
        assert (step.end, step.task, step.do) == ("refused", cause, "")
        if cause != "already_undone":
            assert step.evidence["cause"] == cause
            assert CAUSES[cause].cashier.zh in step.why.zh


@pytest.mark.parametrize("cause", ["risk_refusal", "card_problem", "not_registered"])
def test_what_is_never_tried_again_is_escalated_at_once(cause: str) -> None:
    for changes in _changed({}, TOMORROW):
        step = decide(situation(cause, **changes))
        assert (step.end, step.task, step.do) == ("refused", cause, "")


@pytest.mark.parametrize("cause", ["original_declined", "original_not_found", "original_mismatch"])
def test_what_can_be_proved_is_refused_with_proof(cause: str) -> None:
    step = decide(situation(cause))
    assert (step.end, step.task) == ("refused", "")
    assert (step.evidence["cause"], step.evidence["original"]) == (cause, "300000000001")


def test_an_issuers_word_that_it_was_undone_before_is_no_proof() -> None:
    said = decide(situation("already_undone"))
    assert (said.name, said.end, said.task) == ("ask_person", "", "already_undone")
    last = OPENED + Pace().last("proof")
    step = decide(situation("already_undone", now=last))
    assert (step.end, step.task) == ("refused", "already_undone")
    assert "本系统没有看到" in step.why.zh
    assert told(Standing.BACK, "void").zh not in step.why.zh
    assert "cause" not in step.evidence, "it teaches nothing"
    part = attempt(3, kind="refund", state=State.APPROVED, amount=4_000)
    partly = {"state": State.PARTLY_REFUNDED, "undone": 4_000}
    step = decide(situation("already_undone", original=partly, attempts=(part,)))
    assert (step.end, step.evidence["undone_by"]) == ("refused", [part.rrn])


# Doubt -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shares", "cause"),
    [
        ({"issuer_unsupported": 0.66, "timeout": 0.30}, "issuer_unsupported"),
        ({"issuer_unsupported": 0.64, "timeout": 0.30}, "timeout"),
        ({"already_undone": 0.45, "late_answer": 0.30}, "late_answer"),
        ({"timeout": 0.20, "late_answer": 0.15}, "timeout"),
        ({"risk_refusal": 0.35, "timeout": 0.30}, "timeout"),
        # The card itself is in doubt: no try of it, however probable the harmless causes are.
        ({"risk_refusal": 0.41, "timeout": 0.40}, "risk_refusal"),
        ({"risk_refusal": 0.33, "card_problem": 0.12, "timeout": 0.30}, "risk_refusal"),
        # Nothing for which a retry is safe has a chance.
        ({"issuer_unsupported": 0.49, "outside_void_window": 0.44}, "issuer_unsupported"),
    ],
)
def test_what_can_not_be_taken_back_needs_about_two_thirds(
    shares: dict[str, float], cause: str
) -> None:
    first = max(shares, key=lambda name: shares[name])
    s = situation(findings=findings(**shares), of_case={"cause": first})
    assert s.cause.name == cause
    step = decide(s)
    if CAUSES[cause].retry_safe:
        assert step.do == "retry"
    else:
        certain = shares[cause] > 0.65
        assert step.name == ("refund" if certain else "ask_person")


def test_a_cause_that_a_person_has_confirmed_counts_whatever_is_probable() -> None:
    s = situation("timeout", of_case={"confirmed": "risk_refusal"})
    assert (s.cause.name, decide(s).end) == ("risk_refusal", "refused")


# Whatever the situation --------------------------------------------------------------------

_SHARES = st.lists(st.integers(1, 1000), min_size=len(CAUSES), max_size=len(CAUSES))
_ATTEMPTS = st.lists(
    st.tuples(
        st.sampled_from(CASED),
        st.sampled_from(State),
        st.sampled_from(Origin),
        st.integers(-600, 600),
        st.booleans(),
    ),
    max_size=4,
)
_ORIGINALS = st.fixed_dictionaries(
    {
        "state": st.sampled_from(State),
        "kind": st.sampled_from(["sale", "qr_sale", "preauth", "completion", "refund", "void"]),
        "amount": st.sampled_from([10_000, 5_000_000]),
        "undone": st.sampled_from([0, 0, 10_000]),
    }
)
_OF_CASE = st.fixed_dictionaries(
    {
        "ordered": st.sampled_from(["", "", "retry", "refund", "withdraw", "close"]),
        "kind": st.sampled_from(["void", "void", *CASED]),
        "confirmed": st.sampled_from(["", "", *CAUSES]),
        "step": st.sampled_from(["", "retry", "back_off", "ask_sign_in", "wait_terminal"]),
    }
)


def _ranked(shares: list[int]) -> list[Finding]:
    total = sum(shares)
    every = zip(CAUSES.values(), shares, strict=True)
    found = [Finding(cause, share / total, ()) for cause, share in every]
    return sorted(found, key=lambda one: -one.probability)


@given(
    shares=_SHARES,
    tried=_ATTEMPTS,
    original=_ORIGINALS,
    of_case=_OF_CASE,
    age_s=st.integers(0, 400_000),
    day=st.sampled_from([{}, TOMORROW]),
    needs_balance=st.booleans(),
    down=st.booleans(),
    route=st.booleans(),
)
def test_nothing_is_paid_while_anything_is_open_or_without_an_approved_original(
    shares: list[int],
    tried: list[tuple[str, State, Origin, int, bool]],
    original: dict[str, Any],
    of_case: dict[str, Any],
    age_s: int,
    day: dict[str, Any],
    needs_balance: bool,
    down: bool,
    route: bool,
) -> None:
    now = OPENED + timedelta(seconds=age_s)
    attempts = tuple(
        attempt(
            number,
            kind=kind,
            state=state,
            origin=origin,
            original_id=SALE,
            received_at=OPENED + timedelta(seconds=at_s),
            answered_at=None,
            taken_back=taken_back,
        )
        for number, (kind, state, origin, at_s, taken_back) in enumerate(tried, 3)
    )
    step = decide(
        situation(
            original=original,
            attempts=attempts,
            of_case=of_case,
            of_merchant={"void_needs_balance": needs_balance},
            findings=_ranked(shares),
            now=now,
            probe_at=now + _HOUR if down else None,
            other_route=route,
            **day,
        )
    )
    _well_formed(step)
    under_way = UNFINISHED & {state for _, state, *_ in tried}
    if step.do in PAID:
        assert original["state"] is State.APPROVED
        assert not under_way
        assert original["amount"] == 10_000, "not what the void was about"
        assert of_case["kind"] in VOIDS, "annul does no refund or completion again"
    if step.end and step.end != UNPROVED:
        assert not under_way | (UNFINISHED & {original["state"]})
    over = now >= OPENED + Pace().last("person")  # of all patience the longest
    assert step.end or step.do or step.name == DROPPED or not over, "it ends by its last time"


# Two looks ---------------------------------------------------------------------------------

_FINAL = {"issuer_unsupported": "refund", "risk_refusal": "ended_refused"}


@pytest.mark.parametrize("cause", _FINAL)
def test_what_can_not_be_taken_back_waits_for_a_second_look(cause: str) -> None:
    """Whatever cause the look before has named; a person's word needs no second one."""
    first = situation(cause, of_case={"cause": "", "named_at": None})
    step = decide(first)
    assert (step.name, step.do, step.end) == ("second_look", "", "")
    assert step.until == NOW + timedelta(seconds=Pace().apart_s)
    other = situation(cause, of_case={"cause": "timeout"})
    assert decide(other).name == "second_look"
    soon = {"cause": cause, "named_at": NOW - timedelta(seconds=Pace().apart_s - 0.1)}
    assert decide(situation(cause, of_case=soon)).name == "second_look"
    due = soon | {"named_at": NOW - timedelta(seconds=Pace().apart_s)}
    assert decide(situation(cause, of_case=due)).name == _FINAL[cause]
    assert decide(situation(cause, of_case={"cause": "", "confirmed": cause})).name == _FINAL[cause]


@pytest.mark.parametrize("cause", _FINAL)
@pytest.mark.parametrize(
    ("part", "sure", "again"),
    [("issuer", 0.8, True), ("range", 0.9, True), ("partly", 0.9, True),
     ("issuer", 0.79, False), ("voids", 0.9, False), ("card", 0.9, False), ("", 0.9, False)],
)  # fmt: skip
def test_what_was_refused_while_others_were_refused_as_well_is_tried_again_first(
    cause: str, part: str, sure: float, again: bool
) -> None:
    """An issuer was down and said something of the card to everybody: voids were refunded."""
    amid = {"issuer.hurt": part, "issuer.hurt_sure": sure}
    assert decide(situation(cause, facts=amid)).name == ("retry" if again else _FINAL[cause])
    confirmed = {"confirmed": cause}
    assert decide(situation(cause, facts=amid, of_case=confirmed)).name == _FINAL[cause]
    tries = tuple(attempt(number, origin="resolver") for number in range(10, 10 + Pace().tries))
    assert decide(situation(cause, facts=amid, attempts=tries)).name == _FINAL[cause]
    asks = situation(cause, facts=amid, of_merchant={"retry_voids": False})
    assert decide(asks).name == _FINAL[cause]


@pytest.mark.parametrize("cause", _FINAL)
def test_while_the_issuer_is_down_nothing_is_done_that_can_not_be_taken_back(cause: str) -> None:
    step = decide(situation(cause, probe_at=NOW + _HOUR))
    assert (step.name, step.until) == ("second_look", NOW + _HOUR)


@pytest.mark.parametrize("cause", ["original_declined", "original_not_found", "original_mismatch"])
def test_what_the_own_rows_prove_waits_for_no_issuer(cause: str) -> None:
    """It waited for an issuer that was down until its last time, and ended escalated."""
    step = decide(situation(cause, probe_at=NOW + _HOUR))
    assert (step.end, step.incident) == ("refused", None)


def test_another_cause_must_be_clearly_more_probable() -> None:
    close = findings(timeout=0.42, issuer_down=0.45)
    assert situation(findings=close, of_case={"cause": "timeout"}).named == "timeout"
    assert situation(findings=close, of_case={"cause": ""}).named == "issuer_down"
    clear = findings(timeout=0.35, issuer_down=0.5)
    assert situation(findings=clear, of_case={"cause": "timeout"}).named == "issuer_down"


def test_what_nobody_tells_is_asked_for_by_an_echo_once() -> None:
    alone = situation("unknown", facts={"issuer.witnesses_recent": 0})
    assert decide(alone).do == PROBE
    asked = replace(alone, case=alone.case._replace(step=PROBE))
    assert decide(asked).do == "retry"
    told = situation("unknown", facts={"issuer.witnesses_recent": 5})
    assert decide(told).do == "retry"
