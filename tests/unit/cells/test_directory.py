"""The file of cells."""

from pathlib import Path

import pytest

from annul.cells.directory import NoDatabase, read
from annul.domain.cells import CellsWrong

_TWO = """
[west]
number = 0
merchants = ["000000000000000-499999999999999", "898000000000007"]
terminals = ["10.1.0.10:8583", "[2001:db8::1]:8583"]
database = "postgresql://annul:secret@db/annul"
schema = "west"

[east]
number = 1
"""


def _file(folder: Path, text: str = _TWO) -> Path:
    file = folder / "cells.toml"
    file.write_text(text)
    return file


def test_it_says_who_is_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = read(_file(tmp_path), "east")
    west = known.cells.elsewhere("898000000000007")
    assert west is not None
    assert west.terminals == (("10.1.0.10", 8583), ("2001:db8::1", 8583))
    assert known.database("west").url.endswith("/annul?search_path=west")
    assert known.database("west").owner_url == known.database("west").url
    with pytest.raises(NoDatabase, match="east"):
        known.database("east")
    monkeypatch.setenv("ANNUL_CELL_EAST_DATABASE", "postgresql://annul@other/annul")
    assert known.database("east").url == "postgresql://annul@other/annul"
    with pytest.raises(CellsWrong, match="there are west, east"):
        known.database("north")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (_TWO.replace("number = 1", "number = 99"), "east.number"),
        (_TWO.replace('schema = "west"', 'schema = "We st"'), "west.schema"),
        (_TWO.replace("10.1.0.10:8583", "10.1.0.10"), "west.terminals"),
        (_TWO.replace("898000000000007", "89800000000000X7"), "west.merchants"),
        (_TWO.replace("number = 1", "colour = 1"), "east.colour"),
        ("[west", "cells.toml"),
    ],
)
def test_what_is_wrong_is_named_and_no_password(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(CellsWrong, match=said) as told:
        read(_file(tmp_path, text))
    assert "secret" not in str(told.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CellsWrong, match=r"none\.toml"):
        read(tmp_path / "none.toml")
