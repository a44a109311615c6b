"""The moves of a transaction."""

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
