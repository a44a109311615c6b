"""The plan while somebody has the case: nothing unasked, but orders and what is certain."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from annul.diagnose.causes import CAUSES
from annul.domain.states import State
from annul.resolve.plan import HELD, decide
from tests.support.situations import NOW, attempt, own, situation

_EACH = pytest.mark.parametrize("cause", CAUSES)


def _had(until: timedelta = timedelta(minutes=30), **changes: Any) -> dict[str, Any]:
    return {"of_case": {"assigned_to": "sue", "assigned_until": NOW + until} | changes}


@_EACH
def test_nothing_is_done_unasked_while_somebody_has_the_case(cause: str) -> None:
    step = decide(situation(cause, now=NOW, **_had()))
    last = situation(cause).last_at
    assert (step.name, step.do, step.end, step.task) == (HELD, "", "", "")
    assert step.until == min(NOW + timedelta(minutes=30), last)


@_EACH
def test_who_has_a_case_does_not_keep_it_beyond_its_last_time(cause: str) -> None:
    plain = situation(cause)
    late = situation(cause, now=plain.last_at, **_had(until=timedelta(days=9)))
    assert decide(late) == decide(replace(late, case=plain.case))


def test_a_pause_that_is_over_is_none() -> None:
    over = situation("timeout", **_had(until=timedelta(0)))
    assert decide(over).name != HELD


@pytest.mark.parametrize("order", ["retry", "refund"])
def test_an_order_is_carried_out_whoever_has_the_case(order: str) -> None:
    assert decide(situation(**_had(ordered=order))).do == order


def test_what_is_certain_ends_a_case_that_somebody_has() -> None:
    approved = own(3, state=State.APPROVED)
    sale = {"state": State.VOIDED, "undone": 10_000}
    assert decide(situation(original=sale, attempts=(approved,), **_had())).end == "voided"


def test_a_declined_refund_waits_for_who_has_it_too() -> None:
    changes = _had(kind="refund")
    assert decide(situation(attempts=(attempt(kind="refund"),), **changes)).name == HELD
