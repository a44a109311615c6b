"""Refunds and completions: annul does not do them again, but each ends with what became of it."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from annul.diagnose.causes import CAUSES
from annul.domain.incident import Reader
from annul.domain.incidents import INCIDENTS
from annul.domain.kinds import COMPLETIONS, REFUNDS
from annul.domain.records import Transaction
from annul.domain.states import Sent, State
from annul.resolve import words
from annul.resolve.plan import DROPPED, decide
from annul.resolve.situation import Situation
from tests.support.situations import NOW, OPENED, PAID, attempt, own, situation

_EACH = pytest.mark.parametrize("cause", CAUSES)
_KINDS = (*REFUNDS, *COMPLETIONS)
_OF = pytest.mark.parametrize("kind", _KINDS)
_PREAUTH: dict[str, Any] = {"kind": "preauth"}


def _asked(kind: str, cause: str = "timeout", *more: Transaction, **changes: Any) -> Situation:
    """A request of 100.00 that was declined, unless `changes` of it say otherwise."""
    of_case = {"kind": kind} | changes.pop("of_case", {})
    original = (_PREAUTH if kind in COMPLETIONS else {}) | changes.pop("original", {})
    request = attempt(2, kind=kind, **changes.pop("request", {}))
    s = situation(cause, original=original, of_case=of_case, **changes)
    picture = replace(s.picture, void=request, attempts=(request, *more))
    return replace(s, picture=picture)


@_EACH
@_OF
def test_what_was_declined_is_refused_with_reason_proof_and_next_step(
    cause: str, kind: str
) -> None:
    step = decide(_asked(kind, cause))
    assert (step.end, step.do) == ("refused", "")
    assert (step.evidence["request"], step.evidence["code"]) == ("300000000002", "96")
    assert (step.evidence["original"], step.evidence["diagnosed"]) == ("300000000001", cause)
    assert "下一步" in step.why.zh or "离线完成" in step.why.zh
    assert "Next: " in step.why.en


@_EACH
@_OF
def test_nothing_is_said_of_a_void_where_none_was_asked_for(cause: str, kind: str) -> None:
    made = CAUSES[cause]
    for text in (words.title(made, kind), words.next_step(made, kind)):
        assert not re.search(r"\bvoid", text.en), text
        if cause != "already_undone":  # there it may well have been one
            assert "撤销" not in text.zh
        assert not set("{}") & set(text.zh + text.en)
    step = decide(_asked(kind, cause))
    if cause != "already_undone":
        assert "撤销" not in step.why.zh + step.notice
    assert not re.search(r"\bvoid", step.why.en)


def test_the_shop_is_asked_to_do_it_again_where_the_network_was_the_reason() -> None:
    for kind in ("refund", "completion"):
        for cause in ("timeout", "issuer_link", "issuer_maintenance", "issuer_down"):
            step = decide(_asked(kind, cause))
            assert step.task == f"{kind}_again"
            assert step.incident is None
        for cause in ("risk_refusal", "issuer_unsupported", "original_mismatch"):
            assert decide(_asked(kind, cause)).task == ""


def test_a_rule_of_this_host_is_the_reason_itself() -> None:
    refused: dict[str, Any] = {"sent": Sent.NOT_SENT, "why": "over_the_original"}
    step = decide(_asked("refund", "already_undone", request=refused))
    assert step.evidence["rule"] == "over_the_original"
    assert "退货累计超过原金额" in step.why.zh
    assert "exceed the original" in step.why.en
    declined: dict[str, Any] = {"sent": Sent.NOT_SENT, "why": "original_declined"}
    step = decide(_asked("completion", request=declined))
    assert "take a new pre-authorisation" in step.why.en


@_OF
@pytest.mark.parametrize("order", ["retry", "refund", "withdraw"])
def test_no_order_makes_annul_do_it_again(kind: str, order: str) -> None:
    step = decide(_asked(kind, of_case={"ordered": order}))
    assert (step.name, step.do) == (DROPPED, "")


@_OF
@pytest.mark.parametrize("state", [State.SENT, State.UNKNOWN, State.REVERSING, State.DISPUTED])
def test_what_has_no_outcome_is_awaited(kind: str, state: State) -> None:
    step = decide(_asked(kind, request={"state": state}))
    assert (step.name, step.end, step.do) == ("await_outcome", "", "")


# What went through after all -----------------------------------------------------------------


_LATER: dict[str, Any] = {"answered_at": NOW, "state": State.APPROVED}


@pytest.mark.parametrize("kind", REFUNDS)
def test_a_refund_that_went_through_after_all_is_refunded(kind: str) -> None:
    for state in (State.PARTLY_REFUNDED, State.REFUNDED):
        step = decide(_asked(kind, request=_LATER, original={"state": state}))
        assert (step.end, step.evidence["proof"]) == ("refunded", ["300000000002"])
        assert "100.00" in step.why.zh
        assert "300000000002" in step.why.en


@pytest.mark.parametrize("kind", COMPLETIONS)
def test_a_completion_that_went_through_after_all_gives_nothing_back(kind: str) -> None:
    for state in (State.APPROVED, State.VOIDED, State.REFUNDED):  # it may be undone by now
        s = _asked(kind, request=_LATER | {"state": state}, original={"state": State.COMPLETED})
        step = decide(s)
        assert (step.end, step.name) == ("refused", "ended_completed")
        assert step.evidence["proof"] == ["300000000002"]
        assert step.task == ""


def test_a_refund_that_the_shop_did_again_ends_it() -> None:
    again = attempt(3, kind="refund", received_at=NOW, **_LATER)
    step = decide(_asked("refund", "timeout", again, original={"state": State.REFUNDED}))
    assert (step.end, step.evidence["proof"]) == ("refunded", [again.rrn])
    other = again._replace(amount=4_000)
    step = decide(_asked("refund", "timeout", other, original={"state": State.PARTLY_REFUNDED}))
    assert step.end == "refused", "of another amount it is another refund"


def test_one_that_did_not_go_through_beside_one_that_did_is_named() -> None:
    done = attempt(2, kind="refund", **_LATER)
    s = _asked("refund", "timeout", original={"state": State.PARTLY_REFUNDED})
    failed = attempt(3, kind="refund", amount=3_000)
    s = replace(s, picture=replace(s.picture, void=failed, attempts=(done, failed)))
    step = decide(s)
    assert step.end == "refunded"
    assert failed.rrn in step.why.zh
    assert failed.rrn in step.why.en


def test_a_refund_of_what_was_given_back_before_is_refused_with_the_first_as_proof() -> None:
    before = OPENED - timedelta(minutes=5)
    first = attempt(3, state=State.APPROVED, received_at=before, answered_at=before)
    step = decide(_asked("refund", "already_undone", first, original={"state": State.VOIDED}))
    assert (step.end, step.evidence["proof"]) == ("refused", [first.rrn])
    assert step.evidence["cause"] == "already_undone"


@pytest.mark.parametrize(
    ("state", "by", "said"),
    [
        (State.VOIDED, "preauth_void", "voided"),
        (State.COMPLETED, "completion", "completed"),
        (State.REVERSED, "", "reversed"),
    ],
)
def test_a_completion_of_what_is_gone_is_refused_with_proof(
    state: State, by: str, said: str
) -> None:
    before = OPENED - timedelta(minutes=5)
    more = (
        [attempt(3, kind=by, state=State.APPROVED, received_at=before, answered_at=before)]
        if by
        else []
    )
    step = decide(_asked("completion", "already_undone", *more, original={"state": state}))
    assert step.end == "refused"
    assert step.evidence["proof"] == [more[0].rrn if more else "300000000001"]
    assert said in step.why.en


# An advice that the terminal was told is done ------------------------------------------------


@_EACH
def test_an_advice_that_was_declined_later_is_told_to_everybody(cause: str) -> None:
    declined = {"response_code": "51", "rrn": "300000000077"}
    step = decide(_asked("completion_advice", cause, request=declined))
    assert (step.end, step.task) == ("refused", "advice_declined")
    assert step.incident is not None
    assert step.incident.kind == "advice_declined"
    kind, params = INCIDENTS["advice_declined"], step.incident.params
    told = [kind.said(params, Reader(language)) for language in ("zh", "en")]
    for said in (*told, step.why.zh, step.why.en):
        for part in ("300000000077", "51", "100.00", "00000101"):
            assert part in said
    assert "51" in step.notice


def test_an_advice_that_this_host_refused_was_never_promised() -> None:
    refused: dict[str, Any] = {"sent": Sent.NOT_SENT, "why": "amount_differs"}
    step = decide(_asked("completion_advice", request=refused))
    assert (step.end, step.incident) == ("refused", None)
    assert step.evidence["rule"] == "amount_differs"


def test_a_void_of_a_pre_authorisation_that_was_completed_is_refused_with_the_completion() -> None:
    completion = attempt(3, kind="completion", state=State.APPROVED)
    s = situation(
        "already_undone",
        original=_PREAUTH | {"state": State.COMPLETED},
        attempts=(completion,),
        of_case={"kind": "preauth_void"},
    )
    step = decide(s)
    assert (step.end, step.evidence["proof"]) == ("refused", [completion.rrn])
    assert "void the completion" in step.why.en


def test_a_void_takes_part_in_no_case_of_a_refund_by_itself() -> None:
    for kind in _KINDS:
        tries = tuple(own(number) for number in (3, 4))
        assert decide(_asked(kind, "timeout", *tries)).do not in PAID
