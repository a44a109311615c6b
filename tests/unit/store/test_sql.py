from collections.abc import Callable
from pathlib import Path

import pytest

from annul.store.sql import Statement, load

Write = Callable[[str], str]
FILE = """-- What it is about.

-- name: columns
-- description: Of a thing.
id, name

-- name: find
-- description: Things of a merchant.
SELECT {columns} FROM things
WHERE merchant_id = :merchant AND at >= :since::timestamptz AND :merchant <> {nobody};
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    package = tmp_path / f"statements_{tmp_path.name}"  # imported once in a process
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)

    def into(text: str) -> str:
        (package / "things.sql").write_text(text, encoding="utf-8")
        return package.name

    return into


def test_a_statement_is_numbered_and_called_by_names(write: Write) -> None:
    find = load(write(FILE), "things.sql", nobody="''")["find"]
    assert find.description == "Things of a merchant."
    text, *values = find(since=2, merchant="m")
    assert text == (
        "SELECT id, name FROM things\nWHERE merchant_id = $1 AND at >= $2::timestamptz AND $1 <> ''"
    )
    assert values == ["m", 2]
    assert find.arguments(since=2, merchant="m") == ("m", 2)


@pytest.mark.parametrize("given", [{}, {"merchant": 1}, {"merchant": 1, "since": 2, "until": 3}])
def test_a_name_too_many_or_too_few_is_said(write: Write, given: dict[str, int]) -> None:
    find: Statement = load(write(FILE), "things.sql", nobody="''")["find"]
    with pytest.raises(TypeError, match="find takes merchant, since: look at "):
        find(**given)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT 1;", "no named"),
        (FILE + FILE, "a name twice"),
        (FILE, "nobody gives the part {nobody}"),
    ],
)
def test_a_file_that_is_wrong_is_told(write: Write, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        load(write(text), "things.sql")
