"""Breaks have a word for everything, and a suggestion for each cause."""

from annul.domain.breaks import (
    BREAK_STATES,
    CAUSES,
    KINDS,
    RESOLUTIONS,
    SUGGESTED,
    WAITING,
    BreakKind,
    BreakState,
    Cause,
    Resolution,
)


def test_tables_are_whole() -> None:
    assert set(KINDS) == set(BreakKind)
    assert set(BREAK_STATES) == set(BreakState) > WAITING
    assert set(RESOLUTIONS) == set(Resolution)
    assert set(CAUSES) == set(SUGGESTED) == set(Cause)


def test_each_text_stands_in_both_languages() -> None:
    for table in (KINDS, BREAK_STATES, RESOLUTIONS, CAUSES):
        texts = list(table.values())
        assert all(text.zh and text.en for text in texts)
        assert len({text.en for text in texts}) == len(texts)
