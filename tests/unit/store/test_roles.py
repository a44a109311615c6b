"""What the serving role may do is what the statements of the code do, and no more."""

import re
from collections import defaultdict
from pathlib import Path
from typing import Final

from annul.store.roles import script

_SOURCE: Final = Path(__file__).parents[3] / "src" / "annul"
_VERSIONS: Final = _SOURCE / "store" / "migrations"
_NOT_OURS: Final = _SOURCE / "sim" / "terminal"  # sqlite of a soft terminal
_GRANTED: Final = re.compile(r"\('(\w+)', 'SELECT ?([A-Z ]*)'\)")
_WRITES: Final = re.compile(r"\b(INSERT INTO|UPDATE|DELETE FROM)\s+([a-z_]+)")
_UPSERTS: Final = re.compile(r"INSERT INTO ([a-z_]+)(?:(?!INSERT INTO)[^;])*?DO\s+UPDATE")
_COPIES = re.compile(r"copy_(?:records_)?to_table\(\s*\"(\w+)\"")


def _done_by_statements() -> dict[str, set[str]]:
    """Read which rights beside reading the statements of the code need, by table."""
    done: dict[str, set[str]] = defaultdict(set)
    for file in _SOURCE.rglob("*.sql"):
        if _VERSIONS in file.parents or _NOT_OURS in file.parents:
            continue
        text = re.sub(r"--.*", "", file.read_text(encoding="utf-8"))
        for verb, table in _WRITES.findall(text):
            done[table].add(verb.split()[0])
        for table in _UPSERTS.findall(text):
            done[table].add("UPDATE")
    for file in _SOURCE.rglob("*.py"):
        for table in _COPIES.findall(file.read_text(encoding="utf-8")):
            done[table].add("INSERT")
    return done


def test_rights_are_what_the_statements_do() -> None:
    grants = (_SOURCE / "store" / "grants.sql").read_text(encoding="utf-8")
    granted = {table: set(may.split()) for table, may in _GRANTED.findall(grants)}
    assert {table: may for table, may in granted.items() if may} == _done_by_statements()


def test_the_script_is_one_transaction_that_stops_at_the_first_error() -> None:
    first, second, *_, last = script().strip().splitlines()
    assert (first, second, last) == ("\\set ON_ERROR_STOP on", "BEGIN;", "COMMIT;")
