"""The moves of a transaction."""

from annul.domain.states import MOVES, UNFINISHED, State, sources


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
    assert sources(State.REVERSED) == (State.REVERSING,)


def test_what_is_being_reversed_is_never_approved_again() -> None:
    assert State.REVERSING not in sources(State.APPROVED)
    assert State.VOIDED not in sources(State.REVERSING)
