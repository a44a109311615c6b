"""The moves of a transaction."""

import pytest

from annul.domain.states import BY_HAND, ENDED, LATE, MOVES, STANDING, UNFINISHED, State, sources


def test_every_state_has_its_moves() -> None:
    assert set(MOVES) == set(State)
    assert all(target in MOVES for targets in MOVES.values() for target in targets)


def test_what_is_unfinished_can_end() -> None:
    ends = {State.APPROVED, State.DECLINED, State.REVERSED}
    for state in UNFINISHED:
        seen, reached = {state}, {state}
        while reached:
            reached = {target for source in reached for target in MOVES[source]} - seen
            seen |= reached
        assert seen & ends


def test_sources_are_the_moves_read_backwards() -> None:
    assert sources(State.UNKNOWN) == (State.SENT,)
    assert State.APPROVED in sources(State.REVERSING)
    assert sources(State.REVERSED) == (State.REVERSING, State.DISPUTED)


def test_a_dispute_ends_by_the_issuers_correction_or_by_people() -> None:
    assert MOVES[State.DISPUTED] == {State.REVERSED}
    assert BY_HAND[State.DISPUTED] == {State.APPROVED, State.REVERSED, State.DECLINED}


def test_people_conclude_only_what_is_open() -> None:
    assert set(BY_HAND) <= UNFINISHED
    assert all(STANDING & targets and targets - STANDING for targets in BY_HAND.values())


def test_only_what_had_ended_opens_again() -> None:
    assert set(LATE) == ENDED
    assert all(targets == {State.REVERSING, State.DISPUTED} for targets in LATE.values())


def test_what_is_being_reversed_is_never_approved_again() -> None:
    assert State.REVERSING not in sources(State.APPROVED)
    assert State.VOIDED not in sources(State.REVERSING)


def test_each_state_is_open_ended_or_stands() -> None:
    assert set(State) == UNFINISHED | ENDED | STANDING
    assert not UNFINISHED & ENDED
    assert not (UNFINISHED | ENDED) & STANDING


def test_money_that_is_given_back_leads_nowhere_but_back() -> None:
    """Whatever took the original may itself be reversed; then the original stands again."""
    for state in (State.VOIDED, State.COMPLETED):
        assert MOVES[state] == {State.APPROVED}
    assert MOVES[State.REFUNDED] == {State.APPROVED, State.PARTLY_REFUNDED}
    assert MOVES[State.PARTLY_REFUNDED] == {State.REFUNDED, State.APPROVED}


@pytest.mark.parametrize("ended", sorted(ENDED))
def test_what_had_ended_is_opened_again_and_never_approved_on_the_spot(ended: State) -> None:
    assert MOVES[ended] <= {State.REVERSING, State.DISPUTED}


def test_what_was_never_sent_is_never_unknown() -> None:
    assert State.UNKNOWN not in MOVES[State.RECEIVED]
    assert State.REVERSING not in MOVES[State.RECEIVED]


@pytest.mark.parametrize("target", State)
def test_sources_and_moves_say_the_same(target: State) -> None:
    for moves in (MOVES, BY_HAND):
        found = sources(target, moves)
        assert set(found) == {one for one in State if target in moves.get(one, ())}
        assert list(found) == [one for one in moves if one in found]


def test_people_undo_what_is_being_reversed_and_deny_what_is_not() -> None:
    assert sources(State.REVERSED, BY_HAND) == (State.REVERSING, State.DISPUTED)
    assert sources(State.DECLINED, BY_HAND) == (State.SENT, State.UNKNOWN, State.DISPUTED)


def test_no_state_moves_to_itself() -> None:
    assert not [one for one in State if one in MOVES[one] | BY_HAND.get(one, frozenset())]
