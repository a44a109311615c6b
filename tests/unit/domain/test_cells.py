"""Which cell a merchant is to be served by."""

import pytest

from annul.domain.cells import MOST, NONE, Cell, Cells, CellsWrong, MerchantRange

_LOW = (MerchantRange("000000000000000", "499999999999999"),)
_HIGH = (MerchantRange("500000000000000", "999999999999999"),)
_WEST, _EAST = Cell("west", 0, _LOW), Cell("east", 1, _HIGH)


def test_a_merchant_is_at_home_where_its_range_is() -> None:
    cells = Cells((_EAST, _WEST), "west")
    assert cells.home("123456789012345") is _WEST
    assert cells.home("898000000000001") is _EAST
    assert cells.elsewhere("123456789012345") is None
    assert cells.elsewhere("898000000000001") is _EAST


def test_what_a_row_says_goes_before_the_range() -> None:
    cells = Cells((_EAST, _WEST), "west")
    assert cells.elsewhere("123456789012345", moved_to="east") is _EAST
    assert cells.elsewhere("898000000000001", moved_to="west") is None
    assert cells.elsewhere("898000000000001", moved_to="gone") is None


def test_without_cells_nobody_is_elsewhere() -> None:
    assert NONE.elsewhere("898000000000001") is None
    assert NONE.share == (0, 1)


@pytest.mark.parametrize(
    ("cells", "own", "said"),
    [
        ((_WEST, _WEST), "", "one name"),
        ((_WEST, Cell("east", 0)), "", "number of its own"),
        ((_WEST, Cell("east", MOST)), "", "number of its own"),
        ((_WEST, Cell("east", 1, _LOW)), "", "in west"),
        ((Cell("east", 1, (MerchantRange("2" * 15, "1" * 15),)),), "", "before it begins"),
        ((_WEST, _EAST), "north", "no cell north"),
    ],
)
def test_contradictions_are_named(cells: tuple[Cell, ...], own: str, said: str) -> None:
    with pytest.raises(CellsWrong, match=said):
        Cells(cells, own)
