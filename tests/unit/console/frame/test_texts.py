"""Every word that a page shows has its Chinese, and places to fill in are the same in both."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from annul.console.frame.texts import Words, catalogue

_SOURCE = Path(__file__).parents[4] / "src" / "annul" / "console"
_PLACE = re.compile(r"{(\w+)}")


def _messages() -> Iterator[tuple[str, str]]:
    """Give each text that stands in the source: words("..."), and the titles of pages."""
    for file in sorted(_SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            name = getattr(called, "id", "") or getattr(called, "attr", "")
            place = {"words": 0, "Page": 2}.get(name)
            if place is not None and len(node.args) > place:
                text = node.args[place]
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    yield str(file.relative_to(_SOURCE)), text.value


@pytest.mark.parametrize(("file", "message"), sorted(set(_messages())))
def test_a_text_has_its_chinese(file: str, message: str) -> None:
    said = catalogue("zh").get(message)
    assert said, f"{file}: {message!r} is not in any catalogue"
    assert set(_PLACE.findall(said)) == set(_PLACE.findall(message))


def test_names_are_the_same_in_both_languages() -> None:
    assert catalogue("en").keys() <= catalogue("zh").keys()


def test_what_no_catalogue_knows_is_said_as_it_is() -> None:
    assert Words("zh")("no such text {n}", n=3) == "no such text 3"
