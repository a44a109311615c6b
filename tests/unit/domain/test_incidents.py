"""The table of incidents names every kind that the sources open, and no other."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from annul.diagnose.causes import CAUSES
from annul.domain.incidents import _ROWS, AUDIT, INCIDENTS, IncidentKind, about
from annul.resolve.differences import QUESTIONS

_SOURCE = Path(__file__).parents[3] / "src" / "annul"
_OPENERS = {"incident", "announce"}
_INSERTED = re.compile(r"INSERT INTO incidents[^;]*?gen_random_uuid\(\), '(\w+)'")


def _opening(node: ast.AST) -> Iterator[ast.expr]:
    """Give the expressions of a piece of source that may name the kind of an incident."""
    if isinstance(node, ast.Call):
        called = node.func
        opens = isinstance(called, ast.Attribute) and called.attr in _OPENERS
        if opens or any(
            isinstance(one, ast.Subscript) and ast.unparse(one.slice) == "'incident'"
            for one in node.args
        ):
            yield from node.args
        values = [word.value for word in node.keywords if word.arg == "incident"]
    elif isinstance(node, ast.Assign) and "incident" in ast.unparse(node.targets[0]):
        values = [node.value]
    else:
        return
    for value in values:
        if isinstance(value, ast.Tuple):
            yield value.elts[0]


def _kinds() -> Iterator[tuple[str, str]]:
    """Give each kind that the sources open, with its file; one that is made up is a beginning."""
    for file in sorted(_SOURCE.rglob("*.sql")):
        yield from (
            (file.name, str(kind)) for kind in _INSERTED.findall(file.read_text(encoding="utf-8"))
        )
    for file in sorted(_SOURCE.rglob("*.py")):
        source = file.read_text(encoding="utf-8")
        if not any(word in source for word in _OPENERS):
            continue
        names: dict[str, Any] | None = None
        for node in ast.walk(ast.parse(source)):
            for one in _opening(node):
                if isinstance(one, ast.JoinedStr) and isinstance(one.values[0], ast.Constant):
                    kind: Any = one.values[0].value
                elif isinstance(one, ast.Constant):
                    kind = one.value
                elif isinstance(one, ast.Name | ast.Attribute):
                    if names is None:
                        path = file.relative_to(_SOURCE.parent).with_suffix("")
                        names = vars(importlib.import_module(".".join(path.parts)))
                    try:
                        kind = eval(ast.unparse(one), {**names})
                    except (NameError, AttributeError):
                        continue
                else:
                    continue
                if isinstance(kind, str) and re.fullmatch("[a-z][a-z_]+", kind):
                    yield file.name, kind


_FOUND = sorted(set(_kinds()))


def test_the_sources_are_understood() -> None:
    kinds = {kind for _, kind in _FOUND}
    assert {
        "forward_",
        "wrong_mac",
        "batch_differs",
        "webhook_failed",
        "case_",
        "case_late",
        "disputed",
    } <= kinds


@pytest.mark.parametrize(("file", "kind"), _FOUND)
def test_a_kind_that_is_opened_is_explained(file: str, kind: str) -> None:
    if kind.endswith("_"):
        assert any(name.startswith(kind) for name in INCIDENTS), f"{file}: {kind}"
    else:
        assert about(kind) is not None, f"{file}: {kind}"


def test_each_difference_is_explained() -> None:
    explained = {kind for kind in INCIDENTS if kind.startswith(AUDIT)}
    assert {question.kind for question in QUESTIONS} == explained


def test_no_kind_is_explained_that_nobody_opens() -> None:
    sources = "".join(
        file.read_text(encoding="utf-8")
        for suffix in ("py", "sql")
        for file in _SOURCE.rglob(f"*.{suffix}")
        if file.name != "incidents.py"
    )
    for kind in INCIDENTS:
        name = kind.removeprefix(AUDIT)
        if kind.startswith("forward_"):
            name = "forward_"
        assert re.search(rf"""["']{name}""", sources), kind


@pytest.mark.parametrize("row", _ROWS, ids=lambda row: row.kind)
def test_a_row_says_all_of_it_in_both_languages(row: IncidentKind) -> None:
    for say in (row.title, row.money, row.advice):
        assert re.search(r"[\u4e00-\u9fff]", say("zh"))
        assert re.fullmatch(r"[ -~]+", say("en"))
    assert len(INCIDENTS) == len(_ROWS), "each kind once"


def test_families_stand_for_all_of_their_kinds() -> None:
    for cause in CAUSES:
        assert about(f"escalated_{cause}") is INCIDENTS["escalated_"]
    assert about("case_issuer_error") is INCIDENTS["case_"]
    assert about("case_late") is INCIDENTS["case_late"]
    assert about("something_else") is None
