"""A void that its own terminal took back: for the shop the sale stands until it says otherwise."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from annul.diagnose.causes import CAUSES
from annul.domain.records import Transaction
from annul.domain.states import State
from annul.resolve.pace import Pace
from annul.resolve.plan import decide
from annul.resolve.situation import Situation, Step
from tests.support.situations import NOW, OPENED, PAID, attempt, own, situation

_EACH = pytest.mark.parametrize("cause", CAUSES)
_LATER: dict[str, Any] = {
    "received_at": OPENED + timedelta(seconds=1),
    "answered_at": OPENED + timedelta(seconds=2),
}


def _void(**changes: Any) -> Transaction:
    return attempt(2, **({"state": State.REVERSED, "taken_back": True} | changes))


def _situation(
    cause: str = "terminal_link", rule: str = "ask", *more: Transaction, **changes: Any
) -> Situation:
    s = situation(cause, of_merchant={"reversed_voids": rule}, **changes)
    void = _void()
    return replace(s, picture=replace(s.picture, void=void, attempts=(void, *more)))


def _refused(step: Step) -> bool:
    return step.end == "refused" and "原消费有效" in step.why.zh and "stand" in step.why.en


@_EACH
def test_nothing_is_sent_until_the_shop_says_what_it_wants(cause: str) -> None:
    step = decide(_situation(cause))
    assert (step.name, step.do, step.end) == ("ask_shop", "", "")
    assert step.task == "void_taken_back"
    assert step.until is not None
    assert step.until > NOW


@_EACH
def test_a_shop_that_never_says_lets_its_sale_stand(cause: str) -> None:
    last = OPENED + Pace().last(CAUSES[cause].patience)
    step = decide(_situation(cause, now=last))
    assert _refused(step)
    assert step.evidence["proof"] == ["300000000002"]
    assert step.notice


def test_the_merchants_setting_decides() -> None:
    assert decide(_situation(rule="void")).do == "retry"
    assert _refused(decide(_situation("timeout", "stand")))
    assert decide(_situation(merchant=None)).name == "ask_shop"


def test_what_has_no_outcome_comes_first() -> None:
    for rule in ("ask", "stand", "void"):
        s = _situation("timeout", rule)
        reversing = replace(s.picture, attempts=(_void(state=State.REVERSING),))
        assert decide(replace(s, picture=reversing)).name == "await_outcome"


@pytest.mark.parametrize(("order", "do"), [("retry", "retry"), ("refund", "refund")])
def test_somebody_may_order_it_all_the_same(order: str, do: str) -> None:
    for rule in ("ask", "stand"):
        assert decide(_situation("timeout", rule, of_case={"ordered": order})).do == do


def test_what_was_ordered_once_is_wanted() -> None:
    tried = own(3, **_LATER)
    assert decide(_situation("timeout", "ask", tried)).do == "retry"
    before = own(3, received_at=OPENED - timedelta(seconds=5))
    assert decide(_situation("timeout", "ask", before)).name == "ask_shop"


def test_a_void_that_the_shop_sends_again_is_wanted() -> None:
    again = attempt(3, **_LATER)
    assert decide(_situation("timeout", "ask", again)).do == "retry"
    taken_back_too = attempt(3, state=State.REVERSED, taken_back=True, **_LATER)
    assert decide(_situation("timeout", "ask", taken_back_too)).name == "ask_shop"


# Withdrawing ---------------------------------------------------------------------------------


@_EACH
def test_a_void_that_is_withdrawn_ends_with_the_sale_standing(cause: str) -> None:
    for now in (NOW, OPENED + Pace().last(CAUSES[cause].patience)):
        step = decide(situation(cause, of_case={"ordered": "withdraw"}, now=now))
        assert _refused(step)
        assert step.evidence["proof"] == "withdrawn by the shop"
        assert step.evidence["original"] == "300000000001"


@_EACH
def test_a_withdrawal_waits_for_what_is_under_way_and_nothing_more_is_tried(cause: str) -> None:
    for state in (State.SENT, State.UNKNOWN, State.REVERSING, State.DISPUTED):
        one = own(3, state=state)
        step = decide(situation(cause, attempts=(one,), of_case={"ordered": "withdraw"}))
        assert (step.name, step.do, step.end) == ("await_outcome", "", "")


def test_a_void_that_went_through_meanwhile_is_not_withdrawn() -> None:
    paid = own(3, state=State.APPROVED, **_LATER)
    s = situation(
        original={"state": State.VOIDED}, attempts=(paid,), of_case={"ordered": "withdraw"}
    )
    step = decide(s)
    assert (step.end, step.do) == ("voided", "")
    assert step.do not in PAID
