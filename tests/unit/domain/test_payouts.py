"""Payouts: every state and kind has its words, and money has one other side."""

import re

import pytest

from annul.domain.ledger import PostingKind
from annul.domain.payouts import (
    FAILED,
    GIVES,
    MOVES,
    OTHER_SIDE,
    STATES,
    TAKES,
    MoveKind,
    PayoutState,
)


@pytest.mark.parametrize("text", [*STATES.values(), *MOVES.values()], ids=lambda text: text.en)
def test_words_in_both_languages(text: object) -> None:
    assert re.search(r"[\u4e00-\u9fff]", str(getattr(text, "zh", "")))


def test_tables_are_whole() -> None:
    assert set(STATES) == set(PayoutState)
    assert set(MOVES) == set(MoveKind)
    assert set(PayoutState) > FAILED
    assert {kind.value for kind in MoveKind} <= {kind.value for kind in PostingKind}
    assert not TAKES & GIVES
    assert set(MoveKind) - TAKES - GIVES == {
        MoveKind.CORRECTION,
        MoveKind.CLEARING,
    }  # of either sign
    assert set(MoveKind) - set(OTHER_SIDE) == {MoveKind.PAYOUT_RETURN}  # who posts it decides
