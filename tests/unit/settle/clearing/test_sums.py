"""A file's own sums say whether all of its rows are there."""

import pytest

from annul.settle.clearing.cells import Cell
from annul.settle.clearing.sums import Sums

LINES = ((10_000, False), (-2_500, True), (500, False))


def summed(*lines: Cell, rows: tuple[tuple[int, bool], ...] = LINES) -> str:
    """Say what is wrong with a line of sums after some rows; amounts stand in the third cell."""
    sums = Sums()
    for amount, back in rows:
        sums.add(amount, "156", back=back, counts=True)
    wrong = sums.differs(lines, 2, "156", "minor")
    return wrong.en if wrong else ""


@pytest.mark.parametrize("money", ["8000", "13000", "", "-", None, "see below"])
def test_money_may_be_summed_up_with_signs_or_without(money: Cell) -> None:
    assert summed("合计", "", money) == ""


def test_another_sum_is_told() -> None:
    assert summed("合计", "", "9000") == "its sum is 9000, that of the rows 8000 (minor units)"
    assert summed("Total", "4 rows", "8000") == "it sums up 4 rows, and there are 3"
    assert summed("总计", "共3笔", "8000") == ""
    assert summed("合计 2笔") == "it sums up 2 rows, and there are 3"


def test_sums_of_parts_and_remarks_are_not_compared() -> None:
    assert summed("小计", "", "1") == ""
    assert summed("# 合计", "", "1") == ""


def test_a_sum_may_be_since_the_one_before_it() -> None:
    sums = Sums()
    for amount in (100, 200):
        sums.add(amount, "156", back=False, counts=True)
        assert sums.differs(("合计", str(amount)), 1, "156", "minor") is None
    assert sums.differs(("合计", "300"), 1, "156", "minor") is None
    assert sums.differs(("合计", "301"), 1, "156", "minor") is not None


def test_what_moves_no_money_may_be_counted_or_not() -> None:
    for count in (1, 2):
        sums = Sums()
        sums.add(100, "156", back=False, counts=True)
        sums.add(700, "156", back=False, counts=False)
        assert sums.differs((f"合计{count}笔",), 1, "156", "minor") is None


def test_where_a_line_was_not_read_or_currencies_are_mixed_nobody_knows() -> None:
    sums = Sums(unsure=True)
    assert sums.differs(("合计", "1"), 1, "156", "minor") is None
    mixed = Sums()
    mixed.add(100, "156", back=False, counts=True)
    mixed.add(100, "840", back=False, counts=True)
    assert mixed.differs(("合计", "1"), 1, "156", "minor") is None
