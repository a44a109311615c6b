"""`make training`: write the pages of the courses anew, into docs/training/."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from .page import page
from .written import courses

_ENDINGS: Final = {"en": ".md", "zh": ".zh-CN.md"}


def written() -> Iterator[tuple[str, str]]:
    """Give the name of each page, and what stands in it."""
    for name, course in courses().items():
        for language, ending in _ENDINGS.items():
            yield f"training/{name}{ending}", page(course, language)


def main(docs: Path = Path("docs")) -> None:
    """Write them."""
    (docs / "training").mkdir(exist_ok=True)
    for name, text in written():
        (docs / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
