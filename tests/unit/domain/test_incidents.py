"""The table of incidents and the sources that raise them say the same."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from annul.domain.differences import AUDIT, DIFFERENCES
from annul.domain.incident import Incident, IncidentKind, Reader, Subject
from annul.domain.incidents import INCIDENTS
from annul.resolve.differences import QUESTIONS
from tests.support.builders import transaction

_ROOT = Path(__file__).parents[3]
_SOURCE = _ROOT / "src" / "annul"
# What a constructor adds of what the incident is about, and what its kind may be about.
_NAMES = {
    "of": (set[str](), {*Subject} - {Subject.CASE, Subject.TRANSACTION, Subject.BALANCE}),
    "of_case": ({"case"}, {Subject.CASE}),
    "of_transaction": (
        {"kind", "reference", "amount", "currency", "issuer"},
        {Subject.TRANSACTION},
    ),
}
_TABLES = (
    *("incidents", "issuer_incidents", "payout_incidents", "clearing_incidents"),
    *("watch_incidents", "notice_incidents", "alarm_incidents"),
)
_RAISED_BY_SQL = re.compile(r"raised AS \((.*?)\n\)", re.DOTALL)
_KIND = re.compile(r"(CASE [^()]*? END|'\w+') AS kind")
_PARAMS = re.compile(r"jsonb_build_object\(([^()]*)\) AS params")


class Raised(NamedTuple):
    """One place of the sources that raises a kind: where, by what, in which way, what it gives."""

    file: str
    kind: str
    by: str
    way: str
    params: frozenset[str]


def _values(node: ast.expr, names: dict[str, Any]) -> list[Any]:
    """Give all values that an expression may have: a constant, one of two, a name, one of a map."""
    if isinstance(node, ast.IfExp):
        return _values(node.body, names) + _values(node.orelse, names)
    if isinstance(node, ast.Subscript):
        return list(eval(ast.unparse(node.value), names).values())
    return [eval(ast.unparse(node), names)]


def _raised_by(call: ast.Call, by: str, file: str, names: dict[str, Any]) -> Iterator[Raised]:
    given = {word.arg: word.value for word in call.keywords if word.arg}
    assert len(given) == len(call.keywords), f"{file}: each parameter by its name"
    params = frozenset(given) | _NAMES[by][0]
    for kind in _values(call.args[0], names):
        known = INCIDENTS[kind]
        places = re.findall(r"\{(\w+):way\}", known.says.en)
        ways = [way for place in places for way in _values(given[place], names)] or [""]
        yield from (Raised(file, kind, by, way, params) for way in ways)


def _in_python() -> Iterator[Raised]:
    for file in sorted(_SOURCE.rglob("*.py")):
        source = file.read_text(encoding="utf-8")
        if "Incident." not in source:
            continue
        path = file.relative_to(_SOURCE.parent).with_suffix("")
        names = vars(importlib.import_module(".".join(path.parts)))
        for node in ast.walk(ast.parse(source)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and ast.unparse(node.func.value) == "Incident"
            ):
                yield from _raised_by(node, node.func.attr, str(path), names)


def _in_sql() -> Iterator[Raised]:
    for file in sorted(_SOURCE.rglob("*.sql")):
        for body in _RAISED_BY_SQL.findall(file.read_text(encoding="utf-8")):
            found = _KIND.search(body)
            if found is None:
                continue  # it takes kinds and parameters from its caller
            names = re.findall(r"'(\w+)'", re.sub(r"WHEN '\w+'", "", found[1]))
            given = _PARAMS.search(body)
            assert given is not None, f"{file.name}: parameters"
            params = frozenset(re.findall(r"'(\w+)',", given[1]))
            by = "of_transaction" if "reference" in params else "of"
            yield from (Raised(file.name, kind, by, "", params) for kind in names)


_RAISED = sorted({*_in_python(), *_in_sql()})


def test_the_sources_are_understood() -> None:
    kinds = {one.kind for one in _RAISED}
    assert {
        *("forward_reversal", "forward_advice", "wrong_mac", "batch_differs", "webhook_failed"),
        *("issuer_errs", "case_late", "reversal_not_possible", "disputed"),
    } <= kinds
    assert {one.way for one in _RAISED if one.kind == "disputed"} == {*INCIDENTS["disputed"].ways}


@pytest.mark.parametrize("one", _RAISED, ids=lambda one: f"{one.kind} {one.way} {one.file}")
def test_what_is_raised_gives_just_what_its_kind_says(one: Raised) -> None:
    kind = INCIDENTS[one.kind]
    assert one.params == set(kind.parameters(one.way))
    assert kind.subject in _NAMES[one.by][1]


def test_nothing_else_raises_or_writes_incidents() -> None:
    """What has no name in the sources comes from a question of the sweep, by its own kind."""
    made, written = set[str](), set[str]()
    for file in _SOURCE.rglob("*.*"):
        if file.suffix in {".py", ".sql"} and "migrations" not in file.parts:
            source = file.read_text(encoding="utf-8")
            if re.search(r"(?<!class )\bIncident\(", source):
                made.add(file.name)
            if re.search(r"(INSERT INTO|UPDATE) incidents", source):
                written.add(file.name)
    assert made == {"differences.py"}
    assert written == {"incidents.sql"}


def test_each_kind_is_raised_in_each_of_its_ways() -> None:
    raised = {(one.kind, one.way) for one in _RAISED}
    for row in INCIDENTS.values():
        if not row.kind.startswith(AUDIT):
            assert {(row.kind, way) for way in row.ways or ("",)} <= raised


def test_each_question_of_the_sweep_has_a_kind() -> None:
    assert {question.kind for question in QUESTIONS} == {row.kind for row in DIFFERENCES}
    assert all(row.kind.startswith(AUDIT) for row in DIFFERENCES)


@pytest.mark.parametrize("row", INCIDENTS.values(), ids=lambda row: row.kind)
def test_a_row_says_all_of_it_in_both_languages(row: IncidentKind) -> None:
    for text in (row.title, row.money, row.advice, row.severity.text, *row.ways.values()):
        assert re.search(r"[\u4e00-\u9fff]", text.zh)
        assert re.fullmatch(r"[ -~]+", text.en)
    assert re.fullmatch(r"[ -~]+", row.says.en)
    for text in (row.says, *row.ways.values()):
        zh, en = (sorted(re.findall(r"\{.*?\}", said)) for said in text)
        assert zh == en


def test_each_kind_stands_once() -> None:
    rows = [*re.findall(r"IncidentKind\(\s*\"(\w+)\"", "".join(_tables()))]
    assert len(rows) == len(set(rows))
    assert len(rows) + len(DIFFERENCES) == len(INCIDENTS)


def _tables() -> Iterator[str]:
    for name in _TABLES:
        yield (_SOURCE / "domain" / f"{name}.py").read_text(encoding="utf-8")


# How it is said ------------------------------------------------------------------------------


def _said(incident: Incident, language: str) -> str:
    return INCIDENTS[incident.kind].said(incident.params, Reader(language))


def test_a_row_is_said_in_the_language_of_its_reader() -> None:
    refund = transaction(kind="refund", rrn="300000000077", amount=12_345, issuer_id="00000101")
    one = Incident.of_transaction("disputed", refund, how="differs", code="00", fields=[4, 49])
    assert (one.subject, one.transaction_id) == (str(refund.id), refund.id)
    assert _said(one, "en") == (
        "refund 300000000077 (CNY 123.45, issuer 00000101):"
        " the issuer approved something else, fields 4, 49, code 00"
    )
    assert _said(one, "zh") == (
        "退货300000000077（¥123.45，发卡行00000101）：发卡行批准的与所请求的不同，域4, 49，应答00"
    )


def test_money_is_said_by_its_currency_and_times_as_the_reader_writes_them() -> None:
    kind = INCIDENTS["forward_advice"]
    params = {
        "kind": "refund",
        "reference": "300000000077",
        "amount": 12_345,
        "currency": "392",
        "issuer": "00000101",
        "since": "2026-11-23T12:00:00+08:00",
        "tries": 10,
        "code": "",
    }
    assert kind.said(params, Reader("en")) == (
        "refund 300000000077 (JPY 12,345, issuer 00000101): not acknowledged"
        " since 2026-11-23 04:00:00 UTC, 10 tries, last code -"
    )
    reader = Reader("zh", when=lambda at: at[11:16])
    assert "JP¥12,345" in kind.said(params, reader)
    assert "12:00" in kind.said(params, reader)


def test_a_text_of_both_languages_is_said_in_one() -> None:
    params = {"case": "300000000077", "cause": {"zh": "风控拒绝", "en": "Risk refusal"}}
    kind = INCIDENTS["escalated"]
    assert kind.said(params, Reader("en")) == "Case 300000000077: Risk refusal"
    assert kind.said(params, Reader("zh")) == "案件300000000077：风控拒绝"


@pytest.mark.parametrize("row", INCIDENTS.values(), ids=lambda row: row.kind)
def test_what_another_version_left_out_is_a_dash(row: IncidentKind) -> None:
    for language in ("zh", "en"):
        said = row.said({}, Reader(language))
        assert "-" in said or not row.parameters()
        assert "{" not in said


# The guide for operators ---------------------------------------------------------------------

_GUIDE = (_ROOT / "docs" / "differences.md").read_text(encoding="utf-8")


def _sections() -> dict[str, str]:
    """Give what stands under each heading of the guide, by its anchor."""
    pieces = re.split(r"^##+ (.+)\n", _GUIDE, flags=re.MULTILINE)[1:]
    return {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-"): text
        for title, text in zip(pieces[::2], pieces[1::2], strict=True)
    }


@pytest.mark.parametrize("row", INCIDENTS.values(), ids=lambda row: row.kind)
def test_the_guide_has_a_section_for_each_kind(row: IncidentKind) -> None:
    sections = _sections()
    assert f"`{row.kind.removeprefix(AUDIT)}`" in sections[row.section]
    line = f"| `{row.kind}` | {row.severity} | {row.subject} |"
    assert line in sections["all-kinds"]
    (of_kind,) = [text for text in sections["all-kinds"].splitlines() if text.startswith(line)]
    assert f"(#{row.section})" in of_kind
