"""Each function that the tour names is where its link leads; slips in the READMEs are real ones."""

import ast
import re
from pathlib import Path

import pytest

from annul.domain.terminal_notes import with_case
from annul.domain.void_rules import RULES
from annul.sim.terminal.journal import Record
from annul.sim.terminal.profile import Profile
from annul.sim.terminal.receipt import Language, slip

_DOCS = Path(__file__).parents[2] / "docs"
_LINK = re.compile(r"\[`([\w.]+)`\]\((\.\./src/annul/[\w/]+\.py)\)")
_LINKS = sorted(set(_LINK.findall((_DOCS / "tour.md").read_text(encoding="utf-8"))))


def _names(body: list[ast.stmt], prefix: str = "") -> set[str]:
    found: set[str] = set()
    for node in body:
        if isinstance(node, ast.ClassDef):
            found |= {prefix + node.name, *_names(node.body, f"{prefix}{node.name}.")}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(prefix + node.name)
        elif isinstance(node, ast.AnnAssign | ast.Assign):
            targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
            found |= {prefix + one.id for one in targets if isinstance(one, ast.Name)}
    return found


@pytest.mark.parametrize(("name", "path"), _LINKS)
def test_what_the_tour_names_is_there(name: str, path: str) -> None:
    tree = ast.parse((_DOCS / path).read_text(encoding="utf-8"))
    assert name in _names(tree.body)


def test_the_tour_names_its_stations() -> None:
    assert len(_LINKS) > 20


# Slips that are shown to readers ----------------------------------------------------------------

_PROFILE = Profile(merchant="898000058120000", terminal="10000001", master_key="00" * 16)
_SALE = Record(
    *("000001", "000002", "sale", 100_00, "620001******0007"),
    fields={},
    state="approved",
    response_code="00",
    rrn="607098903671",
    auth_code="140891",
    date="1127",
    time="034309",
)
_UNDONE = next(ruling for _, ruling in RULES if ruling.name == "already_undone")


@pytest.mark.parametrize(
    ("file", "language", "case"),
    [("README.md", "en", "607100019077"), ("README.zh-CN.md", "zh", "607100087955")],
)
def test_a_slip_that_is_shown_is_as_the_terminal_prints_it(
    file: str, language: Language, case: str
) -> None:
    text = (_DOCS.parent / file).read_text(encoding="utf-8")
    assert slip(_SALE, _PROFILE, language) in text
    note = with_case(_UNDONE.note, case)[3:]
    void = Record(
        *("000001", "000004", "void", 100_00, "620001******0007"),
        fields={},
        state="declined",
        response_code=_UNDONE.code,
        original="000002",
        note=note,
    )
    printed = slip(void, _PROFILE, language)
    outcome = printed[printed.index({"zh": "结果", "en": "RESULT"}[language]) :]
    assert outcome in text
