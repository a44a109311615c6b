"""What nobody could prove by the last time of its case: handed over, never ended as if it were."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from annul.diagnose.causes import CAUSES
from annul.diagnose.gather import Owed
from annul.domain.incident import Reader
from annul.domain.incidents import INCIDENTS
from annul.domain.kinds import CASED
from annul.domain.states import UNFINISHED, State
from annul.resolve.case import UNPROVED
from annul.resolve.pace import Pace
from annul.resolve.plan import DROPPED, decide
from annul.resolve.situation import Situation, Step
from tests.support.situations import OPENED, TOMORROW, attempt, own, situation

_EACH = pytest.mark.parametrize("cause", CAUSES)


def _last(cause: str) -> Any:
    return OPENED + max(Pace().last(CAUSES[cause].patience), Pace().last("network"))


def _handed_over(step: Step) -> bool:
    return (step.name, step.end, step.do, step.task) == (
        "ended_unproved",
        UNPROVED,
        "",
        "outcome_unproved",
    )


_CHANGES: tuple[dict[str, Any], ...] = ({}, TOMORROW, {"of_case": {"ordered": "retry"}})


@_EACH
@pytest.mark.parametrize("state", sorted(UNFINISHED))
def test_what_is_still_under_way_at_the_last_time_is_unproved(cause: str, state: State) -> None:
    for kind in CASED:
        one = own(3, kind=kind, state=state)
        for changes in _CHANGES:
            last = _last(cause)
            just_before = last - timedelta(seconds=1)
            waits = decide(situation(cause, attempts=(one,), now=just_before, **changes))
            assert (waits.name, waits.end) == ("await_outcome", "")
            assert waits.until is not None
            step = decide(situation(cause, attempts=(one,), now=last, **changes))
            assert _handed_over(step)
            assert step.evidence["under_way"] == [one.rrn]


@_EACH
@pytest.mark.parametrize("state", sorted(UNFINISHED))
def test_an_original_without_an_outcome_at_the_last_time_is_unproved(
    cause: str, state: State
) -> None:
    step = decide(situation(cause, original={"state": state}, now=_last(cause)))
    assert _handed_over(step)
    assert step.evidence["under_way"] == ["300000000001"]


def _said(s: Situation) -> tuple[str, str]:
    step = decide(s)
    assert _handed_over(step)
    assert step.incident is not None
    assert step.incident.kind == "outcome_unproved"
    for language in ("zh", "en"):
        said = INCIDENTS["outcome_unproved"].said(step.incident.params, Reader(language))
        assert s.case.number in said
        assert step.why.speak(language) in said
    return step.why.zh, step.why.en


def _over(state: State, owed: Owed | None = None, **changes: Any) -> Situation:
    one = own(3, **({"state": state} | changes))
    s = situation(attempts=(one,), now=_last("timeout"))
    return replace(s, picture=replace(s.picture, owed={one.id: owed} if owed else {}))


def test_it_says_whose_word_is_missing_what_was_tried_and_what_to_do() -> None:
    zh, en = _said(_over(State.REVERSING, Owed("reversal", 17, "94")))
    for said in (zh, en):
        for part in (
            "00000101",
            "300000000003",
            "100.00",
            "17",
            "94",
            "annul conclude 300000000003",
        ):
            assert part in said
    assert "钱可能已退给持卡人，也可能没有" in zh
    assert "the cardholder may have the money back, or may not" in en
    zh, en = _said(_over(State.SENT, Owed("advice", 3, ""), kind="refund"))
    assert "退货" in zh
    assert "撤销" not in zh
    assert "void" not in en
    assert "无应答" in zh
    assert "no answer" in en


def test_it_says_what_is_disputed() -> None:
    zh, en = _said(_over(State.DISPUTED, response_code="00"))
    assert "矛盾（应答00）" in zh
    assert "contradicts this host's record (code 00)" in en
    _, en = _said(_over(State.DISPUTED, Owed("reversal", 9, "25")))
    assert "(code 25)" in en


def test_what_the_customer_may_have_paid_is_said_of_the_original() -> None:
    s = situation("original_unfinished", original={"state": State.REVERSING}, now=_last("timeout"))
    zh, en = _said(s)
    assert "钱可能已从持卡人扣除，也可能没有" in zh
    assert "may have been charged, or may not" in en
    assert "nothing is on its way to it" in en


# What counts as given back, with nothing that has done it -------------------------------------


@_EACH
@pytest.mark.parametrize("state", [State.VOIDED, State.REFUNDED])
@pytest.mark.parametrize("other", [State.REVERSED, State.DECLINED])
def test_nothing_ends_as_given_back_before_without_a_named_proof(
    cause: str, state: State, other: State
) -> None:
    """A reversal that completes between two readings showed a sale that nothing had voided."""
    for kind in ("void", "refund"):
        one = own(3, kind=kind, state=other)
        for of_case in ({}, {"kind": "refund"}, {"ordered": "retry"}):
            s = situation(cause, original={"state": state}, attempts=(one,), of_case=of_case)
            step = decide(s)
            assert (step.name, step.end, step.do) == ("await_original", "", "")
        s = situation(cause, original={"state": state}, attempts=(one,), now=_last(cause))
        step = decide(s)
        assert _handed_over(step)
        assert "300000000001" in step.why.zh


# Orders ----------------------------------------------------------------------------------------


@_EACH
def test_an_order_to_close_what_is_open_is_dropped_and_said(cause: str) -> None:
    """It had been accepted and ignored."""
    open_: list[dict[str, Any]] = [
        {"attempts": (own(3, state=State.REVERSING),)},
        {"original": {"state": State.DISPUTED}},
        {"original": {"state": State.VOIDED}},
    ]
    for changes in open_:
        for now in (OPENED, _last(cause)):
            step = decide(situation(cause, of_case={"ordered": "close"}, now=now, **changes))
            assert (step.name, step.end) == (DROPPED, "")
            assert step.evidence == {"ordered": "close"}
            assert "结果未定" in step.why.zh


def test_what_is_decided_ends_as_it_is_though_the_last_time_is_over() -> None:
    late = _last("timeout") + timedelta(hours=1)
    paid = own(3, state=State.APPROVED, answered_at=late)
    step = decide(situation(original={"state": State.VOIDED}, attempts=(paid,), now=late))
    assert (step.end, step.evidence["proof"]) == ("voided", [paid.rrn])
    stands = decide(situation(attempts=(own(3, state=State.REVERSED),), now=late))
    assert (stands.end, stands.task) == ("refused", "timeout")
    refund = attempt(2, kind="refund", state=State.DECLINED)
    s = situation(of_case={"kind": "refund"}, attempts=(refund,), now=late)
    assert decide(s).end == "refused"
