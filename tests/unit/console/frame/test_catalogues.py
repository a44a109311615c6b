"""What the catalogues hold: each message once, and none that nothing says any more."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from annul.console.reference import page as api

_SOURCE = Path(__file__).parents[4] / "src" / "annul"
_LOCALES = _SOURCE / "console" / "locales"
_LANGUAGES = ("en", "zh")
_CONSTANT = 10  # letters that a text with places in it has of its own, at least
_IN_SQL = re.compile(r"'([\w-]+)'")


def _messages(language: str) -> Iterator[tuple[str, str]]:
    """Give each message of a language with its file."""
    for file in sorted((_LOCALES / language).glob("*.po")):
        for one in read_po(file.read_bytes().splitlines(keepends=True)):
            if one.id:
                yield file.name, str(one.id)


def _said() -> tuple[set[str], list[re.Pattern[str]]]:
    """Give each text that stands in the source, and those that are put together there.

    A docstring says nothing to people, but an error's, which is its message, and the API's.
    """
    whole, patterns = set[str](), list[re.Pattern[str]]()
    for file in sorted(_SOURCE.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        silent = set[int]()
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                whole.add(_first(node))
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                silent.add(id(node.value))
            elif isinstance(node, ast.JoinedStr):
                silent |= {id(part) for part in node.values}
                parts = [getattr(part, "value", None) for part in node.values]
                texts = [part if isinstance(part, str) else None for part in parts]
                if sum(len(text or "") for text in texts) >= _CONSTANT:
                    said = "".join(".+" if text is None else re.escape(text) for text in texts)
                    patterns.append(re.compile(said))
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                whole |= set() if id(node) in silent else {node.value}
    for _, call in api.calls():
        whole |= {call["summary"], *(one["description"] for one in call["responses"].values())}
    for file in _SOURCE.rglob("*.sql"):
        whole |= set(_IN_SQL.findall(file.read_text(encoding="utf-8")))
    return whole, patterns


def _first(node: ast.ClassDef) -> str:
    """Give the first paragraph of a class's docstring, in one line."""
    return " ".join((ast.get_docstring(node) or "").partition("\n\n")[0].split())


@pytest.mark.parametrize("language", _LANGUAGES)
def test_a_message_stands_in_one_catalogue_once(language: str) -> None:
    """Of two the one that is read last would win, whatever it is said of."""
    counted = Counter(message for _, message in _messages(language))
    assert [message for message, n in counted.items() if n > 1] == []


@pytest.mark.parametrize("language", _LANGUAGES)
def test_what_nothing_says_any_more_is_gone(language: str) -> None:
    whole, patterns = _said()
    unused = [
        f"{file}: {message}"
        for file, message in _messages(language)
        if message not in whole and not any(one.fullmatch(message) for one in patterns)
    ]
    assert unused == []
