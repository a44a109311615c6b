"""A row proves only what nobody here knows; what the issuer had answered otherwise it denies."""

import pytest

from annul.domain.clearing_verdicts import VERDICTS, Verdict
from annul.domain.states import BY_DISCARD, BY_PROOF, ENDED, STANDING, State

DONE, BOTH, BACK = (True, False), (True, True), (False, True)


def test_each_state_has_a_verdict_for_all_that_rows_may_tell() -> None:
    assert set(VERDICTS) == {(state, told) for state in State for told in (DONE, BOTH, BACK)}


@pytest.mark.parametrize("state", State)
def test_what_is_proved_may_be_moved_to_and_back(state: State) -> None:
    moved = {
        Verdict.DONE: {State.APPROVED},
        Verdict.NOT_DONE: {State.DECLINED, State.REVERSED},
        Verdict.DENIED: {State.DISPUTED},
        Verdict.REVERSED: {State.DISPUTED},
        Verdict.REVERSING: {State.APPROVED},
    }
    for told in (DONE, BOTH, BACK):
        targets = moved.get(VERDICTS[state, told], set())
        reached = targets & BY_PROOF.get(state, frozenset())
        assert bool(reached) == bool(targets)
        assert all(state in BY_DISCARD[target] for target in reached)


def test_no_row_moves_what_stands_or_had_an_answer() -> None:
    proves = {Verdict.DONE, Verdict.NOT_DONE}
    for (state, told), verdict in VERDICTS.items():
        if state in STANDING | ENDED:
            assert verdict not in proves, (state, told)
