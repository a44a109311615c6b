"""What a reversal finds. 00, 25 and 12 end it at the terminal."""

import pytest

from annul.domain import reversal_rules
from annul.domain.kinds import KINDS
from annul.domain.reversal_rules import CONCLUDED
from annul.domain.rulings import ALLOWED
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


@pytest.mark.parametrize(
    ("state", "name"),
    [
        (State.SENT, "allowed"),
        (State.REVERSING, "already_reversed"),
        (State.REVERSED, "already_reversed"),
        (State.DISPUTED, "already_reversed"),
        (State.VOIDED, "already_undone"),
        (State.REFUNDED, "already_undone"),
        (State.DECLINED, "nothing_to_reverse"),
        (State.COMPLETED, "reversal_not_possible"),
    ],
)
def test_only_what_may_stand_is_reversed(state: State, name: str) -> None:
    """00 is said of all that the terminal wants already, but moves something once only."""
    ruling = reversal_rules.check(transaction(state=state), _SALE, 10_000)
    assert ruling.name == name
    assert (ruling is ALLOWED) is (name == "allowed")


def test_every_state_is_ruled_on() -> None:
    rulings = [reversal_rules.check(transaction(state=one), _SALE, 10_000) for one in State]
    assert {ruling.code for ruling in rulings} == {"00", "25", "12"}


@pytest.mark.parametrize(
    ("card", "name"), [(b"", "allowed"), (b"card", "allowed"), (b"another", "reversal_of_another")]
)
def test_a_number_that_was_used_for_another_card_is_not_reversed(card: bytes, name: str) -> None:
    ruling = reversal_rules.check(transaction(), _SALE, 10_000, card)
    assert ruling.name == name
    assert ruling.code == ("00" if ruling.ok else "25")


def test_another_card_is_looked_at_before_anything_else() -> None:
    """What stands is not told to who speaks of something else."""
    settled = transaction(state=State.COMPLETED, why=CONCLUDED)
    assert reversal_rules.check(settled, KINDS["void"], 1, b"another", 9).code == "25"


@pytest.mark.parametrize(
    ("age", "name"), [(0, "allowed"), (1, "allowed"), (2, "reversal_not_possible")]
)
def test_what_is_older_than_a_day_is_compared_by_people(age: int, name: str) -> None:
    ruling = reversal_rules.check(transaction(), _SALE, 10_000, age_days=age)
    assert ruling.name == name


@pytest.mark.parametrize("state", [State.APPROVED, State.DECLINED, State.REVERSED])
def test_what_two_people_have_concluded_no_terminal_reverses(state: State) -> None:
    concluded = transaction(state=state, why=CONCLUDED)
    assert reversal_rules.check(concluded, _SALE, 10_000).name == "reversal_not_possible"


def test_a_part_that_was_given_back_stands_in_the_way_only_while_the_rest_stands() -> None:
    for state, code in ((State.APPROVED, "12"), (State.REVERSED, "00"), (State.VOIDED, "00")):
        ruling = reversal_rules.check(transaction(state=state, undone=1), _SALE, 10_000)
        assert ruling.code == code
