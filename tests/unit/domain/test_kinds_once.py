"""Each kind's facts stand in its row: no list of kinds is written down a second time."""

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib.resources import files
from pathlib import Path

import pytest

from annul.domain.kinds import KINDS

_SOURCE = Path(str(files("annul")))
# Kinds of transactions. Management kinds are called by plain words (status, parameters), which
# also name other things.
_NAMES = frozenset(kind.name for kind in KINDS.values() if kind.processing_code)
# Where a list of names is no second copy of a fact, and why.
_REASONS = {
    "domain/kinds.py": "the table itself",
    "store/migrations/*": "what was true when it was written",
    "simulation/tills.py": "what simulated cashiers like to do",
    "diagnose/export.py": "words of other hosts' exports",
    "sim/scenes/*": "what a scene plays; it shares no table with what judges it",
    "console/reference/examples.py": "places in addresses, which are called like kinds",
    "console/*drawing.py": "icons of function keys, which are called like kinds",
    "console/*values.py": "function keys, which are called like kinds",
}
_LISTED = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]")  # of SQL, in a file or in a text
_QUOTED = re.compile(r"'(\w+)'")


def _sources(*endings: str) -> Iterator[tuple[str, str]]:
    for file in sorted(_SOURCE.rglob("*")):
        name = file.relative_to(_SOURCE).as_posix()
        if file.suffix in endings and not any(fnmatch(name, reason) for reason in _REASONS):
            yield name, file.read_text(encoding="utf-8")


def _of(collection: ast.Dict | ast.List | ast.Set | ast.Tuple) -> set[str]:
    """Give the names that stand in a literal collection, also in a choice (`a if b else c`)."""
    if isinstance(collection, ast.Dict):
        elements = [*(key for key in collection.keys if key is not None), *collection.values]
    else:
        elements = collection.elts
    found: set[str] = set()
    for element in elements:
        choices = [element.body, element.orelse] if isinstance(element, ast.IfExp) else [element]
        for one in choices:
            if isinstance(one, ast.Constant) and isinstance(one.value, str):
                found.add(one.value)
            elif isinstance(one, ast.Dict | ast.List | ast.Set | ast.Tuple):
                found |= _of(one)
    return found & _NAMES


def _in_sql(text: str) -> Iterator[set[str]]:
    for listed in _LISTED.findall(text):
        yield set(_QUOTED.findall(listed)) & _NAMES


def _copies(name: str, text: str) -> Iterator[str]:
    if name.endswith(".sql"):
        yield from (f"{name}: {sorted(found)}" for found in _in_sql(text) if len(found) > 1)
        return
    for node in ast.walk(ast.parse(text)):
        found: list[set[str]]
        if isinstance(node, ast.Dict | ast.List | ast.Set | ast.Tuple):
            found = [_of(node)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = list(_in_sql(node.value))
        else:
            continue
        yield from (f"{name}:{node.lineno}: {sorted(one)}" for one in found if len(one) > 1)


def test_no_list_of_kinds_is_written_down_twice() -> None:
    found = [copy for name, text in _sources(".py", ".sql") for copy in _copies(name, text)]
    assert found == []


@pytest.mark.parametrize("reason", _REASONS)
def test_each_exception_is_needed(reason: str) -> None:
    found = [
        copy
        for file in _SOURCE.rglob("*")
        if file.suffix in {".py", ".sql"}
        and fnmatch(name := file.relative_to(_SOURCE).as_posix(), reason)
        for copy in _copies(name, file.read_text(encoding="utf-8"))
    ]
    assert found


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", "A = {'sale': 'void'}"),
        ("a.py", "A = ('sale', 1, 'refund')"),
        ("a.py", "A = [(1, 'sale'), (2, 'refund')]"),
        ("a.py", "A = ('sale' if b else 'refund', 1)"),
        ("a.py", "A = \"SELECT x WHERE kind IN ('sale', 'refund')\""),
        ("a.sql", "SELECT x WHERE kind IN ('sale', 'refund')"),
        ("a.sql", "SELECT x WHERE kind = ANY (ARRAY['void', 'qr_void'])"),
    ],
)
def test_a_copy_is_seen(name: str, text: str) -> None:
    assert list(_copies(name, text))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", "A = ('sale', 'something')"),
        ("a.py", "A = f('sale', 'void')"),
        ("a.sql", "SELECT x WHERE kind = 'sale' OR state IN ('void', 'approved')"),
    ],
)
def test_other_words_are_none(name: str, text: str) -> None:
    assert not list(_copies(name, text))
