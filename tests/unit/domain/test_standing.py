"""Where the money is: by the rows alone, in one word, with a text for whatever was asked for."""

import re
from collections.abc import Sequence
from itertools import product

import pytest

from annul.domain.kinds import CASED, COMPLETIONS, KINDS, REFUNDS, VOIDS, Money
from annul.domain.standing import Standing, standing, told
from annul.domain.states import UNFINISHED, State
from tests.support.judging.claims import claims, denied, money

_ALL = (None, *State)


@pytest.mark.parametrize(
    ("original", "others", "expected"),
    [
        (None, [], Standing.NOTHING_NAMED),
        (State.APPROVED, [State.DECLINED], Standing.STANDS),
        (State.APPROVED, [State.REVERSED], Standing.STANDS),
        (State.DECLINED, [State.DECLINED], Standing.NEVER_TAKEN),
        (State.REVERSED, [State.DECLINED], Standing.BACK),
        (State.VOIDED, [State.DECLINED, State.APPROVED], Standing.BACK),
        (State.REFUNDED, [State.APPROVED], Standing.BACK),
        (State.PARTLY_REFUNDED, [State.APPROVED, State.DECLINED], Standing.PART_BACK),
        (State.COMPLETED, [State.APPROVED], Standing.CHARGED),
        (State.COMPLETED, [State.VOIDED], Standing.CHARGED),
    ],
)
def test_each_state_has_its_place(
    original: State | None, others: Sequence[State], expected: Standing
) -> None:
    assert standing(original, others) is expected


@pytest.mark.parametrize("original", _ALL)
@pytest.mark.parametrize("one", sorted(UNFINISHED))
def test_while_anything_has_no_outcome_it_is_open(original: State | None, one: State) -> None:
    assert standing(original, [State.DECLINED, one, State.APPROVED]) is Standing.OPEN


@pytest.mark.parametrize("state", [State.VOIDED, State.REFUNDED, State.COMPLETED])
def test_what_nothing_is_seen_to_have_done_is_open(state: State) -> None:
    assert standing(state, []) is Standing.OPEN
    assert standing(state, [State.DECLINED, State.REVERSED]) is Standing.OPEN


@pytest.mark.parametrize("kind", CASED)
@pytest.mark.parametrize("where", Standing)
def test_every_standing_has_its_words_whatever_was_asked_for(kind: str, where: Standing) -> None:
    said = told(where, kind)
    assert said.zh.endswith("。")
    assert said.en.endswith(".")
    if kind in COMPLETIONS or KINDS[kind].money is Money.RELEASE:
        assert not re.search(r"\bsale\b|原交易仍", said.en + said.zh)  # none was made
    if kind in REFUNDS:
        assert "void" not in said.en


def test_no_text_denies_the_rows_it_was_made_of() -> None:
    """Held against a checker that reads phrases and rows by tables of its own."""
    for kind, original, attempt in product(VOIDS, _ALL, State):
        if original in {State.VOIDED, State.REFUNDED, State.PARTLY_REFUNDED, State.COMPLETED}:
            attempts = [attempt, State.APPROVED]
        else:
            attempts = [attempt]
        if original is None and attempt in UNFINISHED:
            continue  # the checker does not look at what names no original
        where = money(original, attempts)
        said = told(standing(original, attempts), kind).en
        assert denied([("row", said)], where, "", ended=True) == [], (kind, original, attempts)
    assert claims(told(Standing.STANDS, "void").en) == {"stands"}
