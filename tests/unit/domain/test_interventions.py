"""What people may put in force, whom it is about, and for how long."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from annul.domain.interventions import (
    INTERVENTIONS,
    InForce,
    Intervention,
    InterventionKind,
    InterventionNotPossible,
    Whom,
)
from tests.support.clock import NOON

_HOUR = timedelta(hours=1)
_NAMED: dict[Whom, dict[str, str]] = {
    Whom.ISSUER: {"issuer_id": "00000101"},
    Whom.MERCHANT: {"merchant_id": "898000058120000"},
    Whom.TERMINAL: {"merchant_id": "898000058120000", "terminal_id": "10000001"},
}


def _one(kind: InterventionKind, **changes: Any) -> Intervention:
    about = kind.about
    given: dict[str, Any] = {"amount": 10_000 if about.amount else 0, **_NAMED[about.whom]}
    return Intervention(UUID(int=1), kind, NOON, NOON + _HOUR, **(given | changes))


def test_each_kind_has_a_row() -> None:
    assert set(INTERVENTIONS) == set(InterventionKind)


@pytest.mark.parametrize("kind", InterventionKind)
def test_a_kind_names_whom_it_is_about_and_nobody_else(kind: InterventionKind) -> None:
    assert _one(kind).subject == " ".join(_NAMED[kind.about.whom].values())
    for whom, named in _NAMED.items():
        if whom is not kind.about.whom:
            empty = dict.fromkeys(("issuer_id", "merchant_id", "terminal_id"), "")
            with pytest.raises(InterventionNotPossible, match="name the"):
                _one(kind, **(empty | named))


@pytest.mark.parametrize("kind", InterventionKind)
def test_it_ends_in_time(kind: InterventionKind) -> None:
    longest = kind.about.longest
    assert replace(_one(kind), valid_until=NOON + longest)
    with pytest.raises(InterventionNotPossible, match="days at most"):
        replace(_one(kind), valid_until=NOON + longest + timedelta(seconds=1))
    with pytest.raises(InterventionNotPossible, match="after it begins"):
        replace(_one(kind), valid_until=NOON)


@pytest.mark.parametrize("kind", InterventionKind)
def test_an_amount_where_there_is_one(kind: InterventionKind) -> None:
    for amount in (0, -1) if kind.about.amount else (1, -1):
        with pytest.raises(InterventionNotPossible):
            _one(kind, amount=amount)


def test_of_several_the_one_that_ends_last_counts_while_it_lasts() -> None:
    kind = InterventionKind.REFUNDS_INSTEAD
    short = _one(kind, amount=100)
    long = replace(_one(kind, amount=200), id=UUID(int=2), valid_until=NOON + 2 * _HOUR)
    in_force, issuer = InForce((long, short)), long.issuer_id
    assert in_force.refunds_up_to(issuer, NOON) == 200
    assert in_force.refunds_up_to(issuer, NOON + 2 * _HOUR) == 0
    assert in_force.refunds_up_to(issuer, NOON - _HOUR) == 0
    assert in_force.refunds_up_to("00000102", NOON) == 0


def test_nothing_is_false() -> None:
    assert not InForce(())
    assert InForce((_one(InterventionKind.CIRCUIT_OPEN),))
