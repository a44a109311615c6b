"""The tables of a statement: each row as wide as its heads, and no more than a page wide."""

import pytest

from annul.settle.statement.sections import LINES, Amount, line, sections
from tests.support.stated import PAYOUT, sale, statement


def test_each_row_is_as_wide_as_its_heads() -> None:
    for section in sections(statement()):
        assert section.rows, section.name
        assert {len(row) for row in section.rows} == {len(section.columns)}, section.name
    assert len(line(sale(), PAYOUT)) == len(LINES)


def test_each_table_is_as_wide_as_the_page() -> None:
    tables = [LINES, *(section.columns for section in sections(statement()))]
    for columns in tables:
        assert 0.98 <= sum(column.share for column in columns) <= 1.001, columns


@pytest.mark.parametrize(
    ("posting", "kind", "said"),
    [
        ("approval", "sale", "sale"),
        ("reversal", "void", "void of a sale, reversed"),
        ("adjustment", "sale", "sale, set right by hand"),
    ],
)
def test_what_was_booked_back_says_so(posting: str, kind: str, said: str) -> None:
    cells = line(sale()._replace(posting=posting, kind=kind), None)
    assert cells[6].en == said  # pyright: ignore[reportAttributeAccessIssue, reportOptionalMemberAccess]


def test_a_net_is_an_amount_and_its_fee() -> None:
    assert line(sale(), None)[9:12] == (
        Amount(100_00, "156"), Amount(-50, "156"), Amount(99_50, "156"),
    )  # fmt: skip
