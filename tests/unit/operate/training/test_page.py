"""docs/training/ is what the courses say."""

from pathlib import Path

import pytest

from annul.operate.training.__main__ import written

_DOCS = Path(__file__).parents[4] / "docs"


@pytest.mark.parametrize(("name", "text"), [pytest.param(*one, id=one[0]) for one in written()])
def test_docs_are_what_the_courses_say(name: str, text: str) -> None:
    assert (_DOCS / name).read_text(encoding="utf-8") == text, "run make training"


def test_no_page_is_left_over() -> None:
    found = {f"training/{file.name}" for file in (_DOCS / "training").iterdir()}
    assert found == {name for name, _ in written()}
