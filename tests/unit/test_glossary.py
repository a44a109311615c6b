"""Every text that people read keeps to the glossary: docs/glossary.md says what is not said."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from annul.console.frame.texts import catalogue

_ROOT: Final = Path(__file__).parents[2]
_SOURCE: Final = _ROOT / "src" / "annul"
_ROOMS: Final = (
    *("api", "cli", "client", "console", "desk", "diagnose", "domain", "resolve", "sim/terminal"),
    "operate/playbooks",
    *("settings.py",),
)
_SHOWN_DOCSTRINGS: Final = ("cli", "v1")  # of these folders: the help of commands, the reference
_DOCS: Final = (
    *(_ROOT / name for name in ("README.md", "README.zh-CN.md")),
    *(file for file in sorted((_ROOT / "docs").glob("*.md")) if file.name != "glossary.md"),
)
_CHINESE: Final = re.compile("[\u4e00-\u9fff]")
_CODE: Final = re.compile(r"```.*?```|`[^`]*`|\]\([^)]*\)|annul lessons", re.DOTALL)


class Term(NamedTuple):
    """A row of the glossary."""

    english: str
    chinese: str
    means: str
    not_said: tuple[str, ...]
    not_said_zh: tuple[str, ...]


class Said(NamedTuple):
    """A text and where it stands."""

    where: str
    text: str


def _terms() -> Iterator[Term]:
    for line in (_ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and cells[0] != "English":
            english, chinese, means, rivals, rivals_zh = cells
            yield Term(english, chinese, means, *map(tuple, _rivals(rivals, rivals_zh)))


def _rivals(*cells: str) -> Iterator[list[str]]:
    for cell in cells:
        yield [one.strip() for one in re.split("[,、]", cell)]


_TERMS: Final = list(_terms())


def _sources() -> Iterator[Said]:
    """Give each text in the code: all of its literals but names and docstrings that nobody sees."""
    for room in _ROOMS:
        place = _SOURCE / room
        for file in [place] if place.is_file() else sorted(place.rglob("*.py")):
            nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
            silent = {
                id(node.value)
                for node in nodes
                if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            }
            name = file.relative_to(_SOURCE)
            for node in nodes:
                where = f"{name}:{getattr(node, 'lineno', 0)}"
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    said = " " in node.value or _CHINESE.search(node.value)
                    if id(node) not in silent and said:
                        yield Said(where, _CODE.sub(" ` ", node.value))
                elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    shown = file.parent.name in _SHOWN_DOCSTRINGS and node.name[0] != "_"
                    yield Said(where, (shown and ast.get_docstring(node)) or "")


def _catalogues() -> Iterator[Said]:
    names = catalogue("en")
    for key, chinese in catalogue("zh").items():
        yield Said(f"zh: {key}", chinese)
        yield Said("key", names.get(key, key))


def _guides() -> Iterator[Said]:
    for file in _DOCS:
        text = _CODE.sub(" ` ", file.read_text(encoding="utf-8"))
        for paragraph in text.split("\n\n"):
            chinese = _CHINESE.search(paragraph)
            yield Said(file.name, "".join(paragraph.split("\n")) if chinese else paragraph)


def _playbooks() -> Iterator[Said]:
    for file in sorted((_SOURCE / "operate" / "playbooks" / "builtin").glob("*.toml")):
        for line in file.read_text(encoding="utf-8").splitlines():
            for text in re.findall(r'(?:zh|en) = "([^"]*)"', line):
                yield Said(file.name, text)


# Read when it is asked for: every worker collects this file, one runs it.
@cache
def _said() -> list[Said]:
    return [*_sources(), *_catalogues(), *_guides(), *_playbooks()]


@cache
def _in_chinese() -> list[Said]:
    return [said for said in _said() if _CHINESE.search(said.text)]


@cache
def _english() -> list[tuple[Said, str]]:
    return [(said, " ".join(said.text.split()).lower()) for said in _said()]


def _stands(word: str) -> Iterator[str]:
    """Say where an English word stands, as a word of its own."""
    whole = re.compile(rf"(?<![\w-]){re.escape(word.lower())}(?![\w-])")
    yield from (
        f"{said.where}: {said.text}"
        for said, text in _english()
        if word.lower() in text and whole.search(text)
    )


def _stands_in_chinese(word: str) -> Iterator[str]:
    """Say where a word stands in a Chinese text; it may be a foreign one."""
    yield from (f"{said.where}: {said.text}" for said in _in_chinese() if word in said.text)


@pytest.mark.parametrize("term", _TERMS, ids=lambda term: term.english)
def test_what_is_not_said_stands_nowhere(term: Term) -> None:
    assert [f"{word}: {found}" for word in term.not_said for found in _stands(word)] == []
    chinese = {word: list(_stands_in_chinese(word)) for word in term.not_said_zh}
    assert [f"{word}: {found}" for word, places in chinese.items() for found in places] == []


@pytest.mark.parametrize("term", _TERMS, ids=lambda term: term.english)
def test_a_term_is_in_use_in_both_languages(term: Term) -> None:
    assert any(term.english.lower() in text for _, text in _english()), term.english
    assert any(term.chinese in said.text for said in _said()), term.chinese
    assert term.means


def test_each_term_stands_once() -> None:
    words = [term.english.lower() for term in _TERMS]
    chinese = [term.chinese for term in _TERMS]
    assert len(set(words)) == len(words) > 50
    assert len(set(chinese)) == len(chinese)
    rivals = {word.lower() for term in _TERMS for word in (*term.not_said, *term.not_said_zh)}
    assert rivals & {*words, *chinese} == set()
