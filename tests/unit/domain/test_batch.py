"""Batches: their numbers, and when a terminal's totals are the host's."""

from dataclasses import fields, replace

import pytest

from annul.domain.batch import BatchBalance, Totals, compare, next_batch


@pytest.mark.parametrize(
    ("batch", "after"), [("000001", "000002"), ("000099", "000100"), ("999999", "000001")]
)
def test_numbers_go_round_and_leave_out_zero(batch: str, after: str) -> None:
    assert next_batch(batch) == after


_OURS = Totals(30_000, 3, 10_000, 1)


def test_equal_totals_balance() -> None:
    assert compare(_OURS, Totals(30_000, 3, 10_000, 1)) is BatchBalance.BALANCED
    assert compare(Totals(), Totals()) is BatchBalance.BALANCED


@pytest.mark.parametrize("name", [field.name for field in fields(Totals)])
@pytest.mark.parametrize("by", [-1, 1])
def test_one_figure_that_differs_by_one_is_out_of_balance(name: str, by: int) -> None:
    theirs = replace(_OURS, **{name: getattr(_OURS, name) + by})
    assert compare(_OURS, theirs) is BatchBalance.UNBALANCED


def test_credits_do_not_make_up_for_debits() -> None:
    assert compare(Totals(20_000, 3, 0, 1), Totals(30_000, 3, 10_000, 1)) is BatchBalance.UNBALANCED
