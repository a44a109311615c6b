"""Each statement that moves a transaction is held against the table of moves."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import pytest

from annul.domain.states import BY_HAND, BY_PROOF, LATE, MOVES, STANDING, State, moves, sources
from annul.store.journal import Outcome
from annul.store.journal_sql import SQL

_SOURCE = Path(str(files("annul")))
_UPDATE = re.compile(r"\bUPDATE\s+transactions\b(?:\s+(?!SET\b)\w+)?\s+SET\b")
_CLAUSES = re.compile(r"\b(?:FROM|WHERE|RETURNING)\b")
_GIVEN = re.compile(r"(?:\$\d+|:\w+|\w+\.\w+)(?:::text)?")  # by the caller, or by a row of his
_LITERAL = re.compile(r"'(\w+)'")
# One of the caller's, read from the table: `sources(target)`.
_BY_CALLER = re.compile(r"\bstate = ANY \((?:\$\d+|:sources|string_to_array\(\w+\.sources, ','\))")
_BY_LIST = re.compile(r"\bstate (?:= ('\w+')|IN \(([^()]*)\))")
_BY_CASE = re.compile(r"\bstate = (CASE .*?\bEND)", re.DOTALL)
_BRANCH = re.compile(r"(?:WHEN '(\w+)' THEN|ELSE) '(\w+)'")
# As the table has it, in the statement: what it does not allow stays as it is.
_BY_TABLE = re.compile(
    r"CASE WHEN \(t\.state, (\w+)\.becomes\) IN \(\{moves\}\) THEN \1\.becomes ELSE t\.state END"
)

_ASKS_NOTHING = "it does not ask from where"
_OF_TWO = "CASE $1 WHEN 'a' THEN 'received' ELSE '{}' END"
_ONE_OF_TWO = "CASE $1 WHEN 'a' THEN 'sent' ELSE 'voided' END"


class Move(NamedTuple):
    """A statement that writes states: the file, what it writes, what it asks for."""

    file: str
    value: str
    guard: str


def _cut(text: str, end: re.Pattern[str]) -> str:
    """Give a text up to what ends it outside of brackets, or up to a bracket that closes more."""
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth < 0 or (depth == 0 and end.match(text, place)):
            return text[:place]
    return text


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    """Give column and value of each assignment of a SET."""
    while text.strip():
        one = _cut(text, re.compile(","))
        text = text[len(one) + 1 :]
        column, _, value = one.partition("=")
        yield column.strip(), " ".join(value.split())


def _moves_of(file: str, sql: str) -> Iterator[Move]:
    sql = re.sub(r"--.*", "", sql)
    for found in _UPDATE.finditer(sql):
        whole = _cut(sql[found.end() :], re.compile(";"))
        written = _cut(whole, _CLAUSES)
        for column, value in _assignments(written):
            if column == "state":
                yield Move(file, value, " ".join(whole[len(written) :].split()))


def _wrong(move: Move) -> list[str]:
    """Say what a statement may do that the table does not allow."""
    if _BY_TABLE.search(move.value):
        return []
    if _GIVEN.fullmatch(move.value):
        return [] if _BY_CALLER.search(move.guard) else [_ASKS_NOTHING]
    if move.value.startswith("CASE"):
        asked = _BY_CASE.search(move.guard)
        targets = dict(_BRANCH.findall(move.value))
        if asked is None or not targets:
            return [_ASKS_NOTHING]
        before = dict(_BRANCH.findall(asked[1]))
        pairs = [(before.get(label, ""), target) for label, target in targets.items()]
    else:
        listed = [_LITERAL.findall("".join(found)) for found in _BY_LIST.findall(move.guard)]
        pairs = [(one, move.value.strip("'")) for states in listed for one in states]
        if not pairs:
            return [_ASKS_NOTHING]
    tables = (MOVES, BY_HAND, BY_PROOF, LATE)
    allowed = {(a, b) for table in tables for a, targets in table.items() for b in targets}
    return [f"{before} -> {after}" for before, after in pairs if (before, after) not in allowed]


_ALL = [
    move
    for file in sorted(_SOURCE.rglob("*.sql"))
    if "migrations" not in file.parts
    for move in _moves_of(file.relative_to(_SOURCE).as_posix(), file.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("move", _ALL, ids=lambda move: f"{move.file} {move.value[:24]}")
def test_a_statement_moves_only_as_the_table_allows(move: Move) -> None:
    assert _wrong(move) == []


def test_the_statements_that_move_are_found() -> None:
    assert [move.file for move in _ALL] == [
        "issuers/forward.sql",
        *["settle/clearing/proofs.sql"] * 3,
        *["store/journal.sql"] * 3,
    ]


def test_a_list_of_moves_is_that_of_the_table() -> None:
    assert set(moves(State)) == {(a, b) for a in State for b in MOVES[a]}


def test_no_statement_hides_in_the_code() -> None:
    assert not [
        file for file in _SOURCE.rglob("*.py") if _UPDATE.search(file.read_text(encoding="utf-8"))
    ]


def test_an_original_moves_among_what_stands() -> None:
    listed = re.search(r"\(t\.state, n\.becomes\) IN \((.*)\) THEN", SQL["conclude"].sql)
    assert listed is not None
    pairs = re.findall(r"\('(\w+)', '(\w+)'\)", listed[1])
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == {(a, b) for a in STANDING for b in MOVES[a] & STANDING}


@pytest.mark.parametrize("by_hand", [False, True])
@pytest.mark.parametrize("state", State)
def test_an_outcome_names_the_states_of_the_table(state: State, by_hand: bool) -> None:
    outcome = Outcome(
        "m", UUID(int=1), None, state, datetime(2026, 11, 23, tzinfo=UTC), by_hand=by_hand
    )
    assert outcome.sources == ",".join(sources(state, BY_HAND if by_hand else MOVES))


@pytest.mark.parametrize(
    ("sql", "wrong"),
    [
        ("SET state = $3 WHERE id = $1;", _ASKS_NOTHING),
        ("SET state = o.state FROM o WHERE id = o.id", _ASKS_NOTHING),
        (f"SET state = {_ONE_OF_TWO}", _ASKS_NOTHING),
        ("SET fee = 1, state = 'voided' WHERE state IN ('approved', 'sent')", "sent -> voided"),
        ("SET state = 'approved' WHERE state = 'reversed'", "reversed -> approved"),
        (
            f"SET state = {_ONE_OF_TWO} WHERE state = {_OF_TWO.format('declined')}",
            "declined -> voided",
        ),
    ],
)
def test_what_the_table_does_not_know_is_seen(sql: str, wrong: str) -> None:
    (move,) = _moves_of("a.sql", f"UPDATE transactions {sql}")
    assert _wrong(move) == [wrong]


@pytest.mark.parametrize(
    "sql",
    [
        "SET state = $2 WHERE state = ANY ($3) RETURNING id) SELECT",
        "SET state = 'voided' WHERE id = $1 AND state = 'approved'",
        f"SET state = {_ONE_OF_TWO} WHERE state = {_OF_TWO.format('approved')}",
    ],
)
def test_what_it_knows_passes(sql: str) -> None:
    (move,) = _moves_of("a.sql", f"WITH a AS (UPDATE transactions {sql}")
    assert _wrong(move) == []


def test_what_writes_no_state_is_no_move() -> None:
    sql = "SET cased = true, fee = coalesce(state = 'sent', 0) WHERE state = 'x'"
    assert not list(_moves_of("a.sql", f"UPDATE transactions {sql}"))
