"""Every statement stands in a `.sql` file, is read by `annul.store.sql.load`, and is used."""

import ast
import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from annul.desk.cases import _KEYS, STATES, CaseSearch
from annul.desk.chargebacks import GROUPS, ChargebackSearch
from annul.desk.transactions import TransactionSearch
from annul.domain.retention import RETENTION
from annul.resolve.differences import QUESTIONS, Over
from annul.store.sql import Statement

_SOURCE: Final = Path(__file__).parents[3] / "src" / "annul"
# Read by others: what alembic runs, and what the simulated terminal keeps in a file of its own.
_MIGRATIONS: Final = "store/migrations/"
_OWN: Final = "sim/terminal/journal.sql"
_FILES: Final = [
    name
    for file in sorted(_SOURCE.rglob("*.sql"))
    if not (name := file.relative_to(_SOURCE).as_posix()).startswith(_MIGRATIONS) and name != _OWN
]
_MODULES: Final = [
    name
    for file in sorted(_SOURCE.rglob("*.py"))
    if not (name := file.relative_to(_SOURCE).as_posix()).startswith("simulation/")
]
# Statements and parts that are named after the rows of a table.
_OF_PAYOUTS: Final = frozenset({Over.PAYOUTS, Over.DAYS, Over.ACCOUNTS})
_BY_ROW: Final = {
    "desk/cases.sql": {
        *STATES,
        *(one.name for one in fields(CaseSearch)),
        *(f"{part}_{order}" for order in _KEYS for part in ("by", "after")),
    },
    "desk/chargebacks.sql": {*(one.name for one in fields(ChargebackSearch)), *GROUPS},
    "desk/transactions.sql": {one.name for one in fields(TransactionSearch)},
    "store/retention.sql": {one.subject for one in RETENTION},
    "resolve/audit.sql": {
        *(one.name for one in QUESTIONS if one.over not in _OF_PAYOUTS | {Over.CHARGEBACKS}),
        *(f"next_{over}" for over in (Over.TRANSACTIONS, Over.CASES)),
    },
    "resolve/audit_chargebacks.sql": {
        one.name for one in QUESTIONS if one.over is Over.CHARGEBACKS
    },
    "resolve/audit_payouts.sql": {
        *(one.name for one in QUESTIONS if one.over in _OF_PAYOUTS),
        f"next_{Over.PAYOUTS}",
    },
}
_SAID: Final = re.compile(
    r"\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH|TRUNCATE|LOCK|SET|RESET|CREATE|ALTER|DROP|COPY)\s"
)
# Modules that say SQL of their own, and why.
_SAYS: Final = {
    "api/v1/health.py": "SELECT 1: whether the database answers",
    "cells/copying.py": "tables named by the catalog, which no statement of a file can be",
    "cells/founding.py": "whole tables, named by a list",
    "cells/moving.py": "tables named by the catalog",
    "cli/reach.py": "SELECT 1: whether the database answers",
    "console/reference/examples.py": "DELETE and the like are how a call is made",
    "diagnose/fitting.py": "SET: how the questions about samples are planned",
    "resolve/audit.py": "SET: how the sweep's questions are planned, and for how long they run",
    "sim/terminal/journal.py": "sqlite of a terminal, put together by column",
    "store/embedded.py": "CREATE DATABASE takes no parameters",
    "store/lane.py": "SET: how the statements of a connection are planned",
    "store/roles.py": "SET: the schema in which an administrator's psql runs the script",
    "store/migrate.py": "the lock around alembic, in its own connection",
}


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse((_SOURCE / module).read_text(encoding="utf-8"))


def _texts(node: ast.AST) -> Iterator[str]:
    """Give the texts of a piece of source, also those with holes, but no docstrings."""
    docstrings = {id(one.value) for one in ast.walk(node) if isinstance(one, ast.Expr)}
    for one in ast.walk(node):
        if (
            isinstance(one, ast.Constant)
            and isinstance(one.value, str)
            and id(one) not in docstrings
        ):
            yield one.value


def _loads(module: str) -> Iterator[str]:
    """Give the files that a module loads."""
    for node in ast.walk(_tree(module)):
        match node:
            case ast.Call(
                ast.Name("load"), [ast.Constant(str(package)), ast.Constant(str(filename))]
            ):
                yield "/".join((*package.split(".")[1:], filename))


@cache
def _loaders() -> Mapping[str, set[str]]:
    """Give the modules that load each file."""
    loaders: dict[str, set[str]] = {}
    for module in _MODULES:
        for name in _loads(module):
            loaders.setdefault(name, set()).add(module)
    return loaders


def _dotted(module: str) -> str:
    return ".".join(("annul", *module.removesuffix(".py").split("/")))


@cache
def _imports(module: str) -> set[str]:
    """Give the modules of annul that a module imports from."""
    package = _dotted(module).split(".")[:-1]
    found: set[str] = set()
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            whence = ".".join((*base, *filter(None, (node.module,))))
            found |= {whence, *(f"{whence}.{one.name}" for one in node.names)}
    return found


def _statements(name: str) -> Mapping[str, Statement]:
    """Give what the module that loads a file keeps of it."""
    [loader] = _loaders()[name]
    names = set(re.findall(r"^-- name: (\w+)$", (_SOURCE / name).read_text("utf-8"), re.MULTILINE))
    [kept] = (
        value
        for value in vars(importlib.import_module(_dotted(loader))).values()
        if isinstance(value, dict)
        and value.keys() == names
        and all(isinstance(one, Statement) for one in value.values())
    )
    return kept


@pytest.mark.parametrize("name", _FILES)
def test_a_file_is_loaded_once_with_named_parameters(name: str) -> None:
    text = (_SOURCE / name).read_text(encoding="utf-8")
    assert not re.search(r"\$\d", text), "parameters have names"
    assert len(_loaders().get(name, ())) == 1
    said = re.sub(r"--.*", "", text)
    for line in (*re.findall(r"--.*", text), *re.findall(r"'[^']*'", said)):
        assert not re.search(r"(?<!:):[a-z_]", line), f"{line}: no parameter, but read as one"
    for statement in _statements(name).values():
        assert statement.description.endswith(".")
        assert ";" not in re.sub(r"--.*", "", statement.sql)
        assert not re.search(r"\{\w", statement.sql), "a part that nobody gives"


@pytest.mark.parametrize("name", _FILES)
def test_each_statement_is_used(name: str) -> None:
    [loader] = _loaders()[name]
    users = [one for one in _MODULES if one == loader or _dotted(loader) in _imports(one)]
    used = {text for user in users for text in _texts(_tree(user))}
    used |= set(re.findall(r"\{(\w+)\}", (_SOURCE / name).read_text(encoding="utf-8")))
    assert set(_statements(name)) <= used | _BY_ROW.get(name, set())


@pytest.mark.parametrize("name", _FILES)
def test_each_call_gives_what_its_statement_takes(name: str) -> None:
    """As far as the call says it in so many words."""
    [loader] = _loaders()[name]
    statements = _statements(name)
    for node in ast.walk(_tree(loader)):
        match node:
            case ast.Call(ast.Subscript(ast.Name("_SQL" | "SQL"), ast.Constant(str(asked)))):
                given = {word.arg for word in node.keywords}
                takes = {*statements[asked].parameters, None}  # None: a mapping of some of them
                assert given <= takes, asked
                assert None in given or given == takes - {None}, asked


def test_no_file_is_read_in_another_way() -> None:
    for module in _MODULES:
        if module.startswith(_MIGRATIONS):
            continue
        named = {text for text in _texts(_tree(module)) if text.endswith(".sql")}
        loaded = {name.rpartition("/")[2] for name in _loads(module)}
        own = {_OWN.rpartition("/")[2]} if module.startswith(_OWN.removesuffix(".sql")) else set()
        assert named == loaded | own, module


def test_sql_stands_in_files() -> None:
    says = {module for module in _MODULES if any(map(_SAID.match, _texts(_tree(module))))}
    assert says == set(_SAYS)
