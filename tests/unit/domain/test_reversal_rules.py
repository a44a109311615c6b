"""What a reversal finds. 00, 25 and 12 end it at the terminal."""

import pytest

from annul.domain import reversal_rules
from annul.domain.kinds import KINDS
from annul.domain.reversal_reasons import REASONS, interbank_reason
from annul.domain.states import State
from tests.support.builders import transaction

_SALE = KINDS["sale"]


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (State.RECEIVED, "00"),
        (State.SENT, "00"),
        (State.UNKNOWN, "00"),
        (State.APPROVED, "00"),
        (State.REVERSING, "00"),
        (State.REVERSED, "00"),
        (State.DECLINED, "25"),
        (State.DISPUTED, "00"),
        (State.VOIDED, "00"),
        (State.REFUNDED, "00"),
        (State.PARTLY_REFUNDED, "12"),
        (State.COMPLETED, "12"),
    ],
)
def test_each_state(state: State, code: str) -> None:
    assert reversal_rules.check(transaction(state=state), _SALE, 10_000).code == code


def test_nothing_to_reverse() -> None:
    assert reversal_rules.check(None, _SALE, 10_000).code == "25"


def test_another_kind_or_amount() -> None:
    assert reversal_rules.check(transaction(), KINDS["void"], 10_000).code == "12"
    assert reversal_rules.check(transaction(), _SALE, 9_999).code == "64"


def test_a_sale_that_is_being_voided_is_not_reversed_under_it() -> None:
    ruling = reversal_rules.check(transaction(undone=10_000), _SALE, 10_000)
    assert (ruling.code, ruling.name) == ("12", "reversal_not_possible")


@pytest.mark.parametrize("reason", ["98", "A0", "96", "06", "??"])
def test_every_reason_has_its_interbank_reason(reason: str) -> None:
    assert interbank_reason(reason) in REASONS
