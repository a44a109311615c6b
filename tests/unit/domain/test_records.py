"""Rows as they come out of the database: in order, with states that the code knows."""

from dataclasses import FrozenInstanceError, replace

import pytest

from annul.domain.kinds import KINDS
from annul.domain.records import Transaction
from annul.domain.states import Sent, State
from tests.support.builders import merchant, terminal, transaction


@pytest.mark.parametrize("state", State)
def test_a_stored_row_is_the_transaction_that_was_stored(state: State) -> None:
    whole = transaction(state=state, sent=Sent.POSSIBLY_SENT, undone=4_000, undoing=1_000)
    stored = (*whole[:3], str(state), "possibly_sent", *whole[5:])
    read = Transaction.of(iter(stored))
    assert read == whole
    assert (type(read.state), type(read.sent)) == (State, Sent)
    assert (read.undone, read.undoing) == (4_000, 1_000)


@pytest.mark.parametrize(("state", "sent"), [("gone", "answered"), ("approved", "perhaps")])
def test_a_state_that_nobody_knows_is_no_transaction(state: str, sent: str) -> None:
    whole = transaction()
    with pytest.raises(KeyError):
        Transaction.of((*whole[:3], state, sent, *whole[5:]))


def test_a_fresh_transaction_holds_reserves_and_owes_nothing() -> None:
    fresh = transaction()
    assert (fresh.holds, fresh.reserves, fresh.undone, fresh.undoing) == (0, 0, 0, 0)
    assert (fresh.late_code, fresh.late_at, fresh.answered_at) == ("", None, None)
    assert (fresh.why, fresh.reversal_reason, fresh.taken_back) == ("", "", False)


def test_a_contract_that_says_nothing_is_the_careful_one() -> None:
    """What moves money unasked is bounded, and what its terminal took back is asked about."""
    plain = merchant()
    assert (plain.refund_instead_limit, plain.second_person_from) == (100_000, 100_000)
    assert plain.reversed_voids == "ask"
    assert plain.pending_covers
    assert not plain.void_needs_balance


def test_a_terminal_that_says_nothing_may_do_every_kind_with_a_mac() -> None:
    plain = terminal()
    assert plain.kinds is None
    assert plain.key_form in KINDS["sign_in"].network
    assert (plain.tls_identity, plain.unbound_management, plain.wants) == ("", False, "")


def test_rows_are_replaced_and_never_changed() -> None:
    plain = terminal()
    with pytest.raises(FrozenInstanceError):
        plain.batch = "000002"  # type: ignore[misc]
    assert (replace(plain, batch="000002").batch, plain.batch) == ("000002", "000001")
