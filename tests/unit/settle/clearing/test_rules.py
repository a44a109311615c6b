"""Rules of clearing files: what makes sense as a tolerance, and which rules are looser."""

from typing import Any

import pytest
from pydantic import ValidationError

from annul.settle.clearing.rules import USUAL, ClearingRules, Tolerance
from tests.support.clearing import tolerates


def by(*tolerances: Tolerance) -> ClearingRules:
    return ClearingRules(tolerances=tolerances)


def test_money_has_no_tolerance_unless_somebody_declares_one() -> None:
    assert USUAL.tolerances == ()
    assert ClearingRules.model_validate({"carry_days": 1}) == USUAL  # as rules were kept before


@pytest.mark.parametrize(
    "wrong",
    [
        {"up_to": None},
        {"up_to": 0},
        {"up_to": -1},
        {"per_mille": 0},
        {"per_mille": 1_001},
        {"per_day": 0},
        {"account": "suspense"},
        {"account": "merchant_available"},
        {"account": "scheme_cost"},  # bears fees
        {"kind": "date"},
        {"currency": "999"},
        {"issuer": "not an issuer"},
        {"anything": 1},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    values = {"kind": "amount", "account": "clearing_difference", "per_day": 100, "up_to": 5}
    Tolerance.model_validate(values)
    with pytest.raises(ValidationError):
        Tolerance.model_validate(values | wrong)


def test_of_each_kind_issuer_and_currency_there_is_one() -> None:
    with pytest.raises(ValidationError, match="two tolerances"):
        by(tolerates(up_to=1), tolerates(up_to=2))
    one, two = tolerates(issuer="00000101"), tolerates()
    assert by(one, two) == by(two, one)


@pytest.mark.parametrize(
    ("before", "after", "looser"),
    [
        ([], [tolerates()], True),
        ([tolerates()], [], False),
        ([tolerates()], [tolerates()], False),
        ([tolerates(up_to=5)], [tolerates(up_to=4)], False),
        ([tolerates(up_to=5)], [tolerates(up_to=6)], True),
        ([tolerates(up_to=5)], [tolerates(up_to=5, per_mille=1)], False),
        ([tolerates(up_to=5, per_mille=1)], [tolerates(up_to=5)], True),
        ([tolerates(per_mille=2)], [tolerates(per_mille=3)], True),
        ([tolerates(per_mille=2)], [tolerates(up_to=1)], True),
        ([tolerates(per_day=100)], [tolerates(per_day=101)], True),
        ([tolerates(per_day=100)], [tolerates(per_day=99)], False),
        ([tolerates()], [tolerates(account="fee_income")], True),
        ([tolerates()], [tolerates(currency="840")], True),
        ([tolerates()], [tolerates(), tolerates("fee")], True),
        # One of its own beside that of all others: their days are two.
        ([tolerates()], [tolerates(), tolerates(up_to=1, issuer="00000101")], True),
        # Without its own an issuer comes under that of all others.
        ([tolerates(), tolerates(up_to=1, issuer="00000101")], [tolerates()], True),
        ([tolerates("fee"), tolerates(issuer="00000101")], [tolerates("fee")], False),
    ],
)
def test_what_accepts_more_is_looser(
    before: list[Tolerance], after: list[Tolerance], *, looser: bool
) -> None:
    assert by(*after).looser(by(*before)) is looser
