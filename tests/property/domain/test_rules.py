"""Whatever is asked of whatever original: what a rule lets through keeps the money right."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from annul.domain import refund_rules, reversal_rules, void_rules
from annul.domain.kinds import KINDS, REFUNDS, TAKING, Kind
from annul.domain.records import Transaction
from annul.domain.refund_rules import Terms
from annul.domain.rulings import ALLOWED
from annul.domain.states import ENDED, MOVES, STANDING, UNFINISHED, State
from annul.domain.void_rules import Undoing
from tests.support.builders import DAY, transaction, undoing

_AMOUNT = 10_000
_SMALL = st.integers(0, 12_000)
_TAKES_WHOLE = sorted(kind.name for kind in KINDS.values() if kind.role and kind.reversible)


@st.composite
def _originals(draw: st.DrawFn) -> Transaction:
    undone = draw(st.integers(0, _AMOUNT))
    return transaction(
        kind=draw(st.sampled_from(sorted(KINDS))),
        state=draw(st.sampled_from(State)),
        amount=_AMOUNT,
        fee=draw(st.integers(0, 100)),
        undone=undone,
        undoing=draw(st.sampled_from((0, undone))),
        card_hash=draw(st.sampled_from((b"card", b"another"))),
        business_date=DAY - timedelta(days=draw(st.integers(0, 40))),
    )


def _undoings(kinds: list[str]) -> st.SearchStrategy[Undoing]:
    return st.builds(
        lambda kind, amount, card, balance: replace(
            undoing(kind, amount=amount), card_hash=card, balance=balance
        ),
        st.sampled_from(kinds),
        _SMALL,
        st.sampled_from((b"card", None)),
        st.one_of(st.none(), st.integers(-100, 12_000)),
    )


@given(_originals(), _undoings(_TAKES_WHOLE))
def test_what_may_be_taken_whole_stands_untouched_and_is_covered(
    original: Transaction, asked: Undoing
) -> None:
    if void_rules.check(original, asked) is not ALLOWED:
        return
    assert original.state is State.APPROVED
    assert (original.undone, original.undoing) == (0, 0)
    assert original.kind in asked.kind.undoes
    assert asked.card_hash in {None, original.card_hash}
    whole = asked.kind.name != "completion"
    assert asked.amount == _AMOUNT if whole else asked.amount <= _AMOUNT * 1.15
    assert asked.balance is None or asked.balance >= asked.amount - original.fee


@given(_originals(), _undoings(list(REFUNDS)))
def test_refunds_together_never_exceed_what_was_taken(
    original: Transaction, asked: Undoing
) -> None:
    if refund_rules.check(original, asked, Terms()) is not ALLOWED:
        return
    assert original.kind in TAKING
    assert original.state in STANDING - {State.VOIDED}
    assert original.undone + asked.amount <= original.amount
    assert original.undoing == 0
    assert asked.card_hash in {None, original.card_hash}
    assert asked.balance is None or asked.balance >= asked.amount
    assert (DAY - original.business_date).days <= Terms().days


@given(_originals(), st.sampled_from(list(KINDS.values())), _SMALL, st.integers(0, 3))
def test_what_a_reversal_moves_may_move_there_and_what_it_is_told_is_true(
    original: Transaction, kind: Kind, amount: int, age: int
) -> None:
    ruling = reversal_rules.check(original, kind, amount, b"card", age)
    assert ruling.code in {"00", "12", "25", "64"}
    if ruling is ALLOWED:
        assert State.REVERSING in MOVES[original.state] or original.state is State.RECEIVED
        assert (original.undone, original.amount) == (0, amount)
        assert (original.kind, original.card_hash) == (kind.name, b"card")
    elif ruling.code == "00":  # it wants nothing that is not so, or on its way
        assert original.state in {State.REVERSING, State.DISPUTED, *ENDED} | {
            State.VOIDED,
            State.REFUNDED,
        }
    elif ruling.code == "25" and original.card_hash == b"card":
        assert original.state not in UNFINISHED | STANDING
