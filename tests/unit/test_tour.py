"""Each function that the tour names is where its link leads."""

import ast
import re
from pathlib import Path

import pytest

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
