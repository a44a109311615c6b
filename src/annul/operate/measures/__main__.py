"""`make measures`: write the pages, dashboards and rules of the table anew, into docs/."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from .grafana import dashboard, rules
from .page import page

# Each file of docs/, by what writes it in which language.
WRITTEN: Final[Mapping[str, tuple[Callable[[str], str], str]]] = {
    "measures.md": (page, "en"),
    "measures.zh-CN.md": (page, "zh"),
    "grafana/annul.json": (dashboard, "en"),
    "grafana/annul.zh-CN.json": (dashboard, "zh"),
    "grafana/rules.yml": (rules, "en"),
    "grafana/rules.zh-CN.yml": (rules, "zh"),
}


def main(docs: Path = Path("docs")) -> None:
    """Write them."""
    for name, (write, language) in WRITTEN.items():
        file = docs / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(write(language), encoding="utf-8")


if __name__ == "__main__":
    main()
