"""Scripts are taken apart where statements end, and migrations name their constraints."""

import re
from pathlib import Path
from typing import Final

import pytest

from annul.store.statements import statements

_FILES: Final = sorted(
    (Path(__file__).parents[3] / "src/annul/store/migrations/versions").glob("*.sql")
)
_BEGINS: Final = re.compile(
    r"(?:\s|--[^\n]*\n)*(ALTER|COMMENT|CREATE|DELETE|DROP|GRANT|INSERT|REVOKE|SELECT|UPDATE|WITH)\b"
)
_CONSTRAINT: Final = re.compile(
    r"(CONSTRAINT\s+\w+\s+)?\b(CHECK\s*\(|UNIQUE\b|PRIMARY KEY|REFERENCES)"
)


@pytest.mark.parametrize(
    ("script", "apart"),
    [
        ("", []),
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1;;\n; SELECT 2;\n-- the end;\n", ["SELECT 1", "SELECT 2"]),
        ("-- what; why\nSELECT 1; /* a;\nb */", ["-- what; why\nSELECT 1"]),
        ("SELECT ';', 'it''s;', \"a;\"\"b\", E'\\';';SELECT 2", None),
        ("CREATE FUNCTION f() AS $$ SELECT 1; SELECT '$'; $$; SELECT 2", None),
        ("CREATE FUNCTION f() AS $a$ SELECT $$;$$; $a$; SELECT 2", None),
        ("SELECT '-- no comment'; SELECT 2", None),
    ],
)
def test_a_script_is_taken_apart(script: str, apart: list[str] | None) -> None:
    found = statements(script)
    if apart is None:
        assert found[-1] == "SELECT 2"
        assert len(found) == 2
        assert found[0] == script[: len(found[0])]
    else:
        assert found == apart


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.name)
def test_each_piece_of_a_migration_is_one_statement(file: Path) -> None:
    script = file.read_text(encoding="utf-8")
    found = statements(script)
    assert all(_BEGINS.match(one) for one in found), found
    # Outside of bodies of functions a statement ends where a line does.
    plain = re.sub(r"\$\$.*?\$\$", "", script, flags=re.DOTALL)
    assert len(found) == len(
        re.findall(r";[ \t]*(?:--[^\n]*)?$", re.sub(r"(?m)^\s*--.*", "", plain), re.MULTILINE)
    )


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.name)
def test_what_is_added_to_a_table_has_a_name(file: Path) -> None:
    """A server of many nodes refuses a constraint to whose name each would come by itself."""
    for one in statements(file.read_text(encoding="utf-8")):
        bare = re.sub(r"--[^\n]*|'[^']*'", "", one)
        if bare.split()[:2] == ["ALTER", "TABLE"]:
            unnamed = [found.group(2) for found in _CONSTRAINT.finditer(bare) if not found.group(1)]
            named = [name for name in unnamed if name != "REFERENCES" or "FOREIGN KEY" not in bare]
            assert named == [], one
