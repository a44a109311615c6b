"""The guide names each playbook that is built in, each look, act and what can be waited for."""

from pathlib import Path

import pytest

from annul.operate.playbooks.acts import ACTS
from annul.operate.playbooks.looks import LOOKS, UNTILS
from annul.operate.playbooks.reading import builtin, parse

_DOCS = Path(__file__).parents[4] / "docs"


@pytest.mark.parametrize("file", ["playbooks.md", "playbooks.zh-CN.md"])
def test_it_names_all_of_them(file: str) -> None:
    text = (_DOCS / file).read_text("utf-8")
    names = [*builtin(), *ACTS, *LOOKS, *UNTILS]
    assert [name for name in names if f"`{name}`" not in text] == []
    alone = {"by itself", "自动"}
    for name, one in builtin().items():
        [row] = [line for line in text.splitlines() if line.startswith(f"| `{name}` |")]
        assert any(word in row for word in alone) == one.by_itself


def test_its_example_can_run() -> None:
    text = (_DOCS / "playbooks.md").read_text("utf-8")
    example = text.partition("```toml\n")[2].partition("```")[0]
    assert [step.id for step in parse(example).steps] == ["known", "minutes", "announce"]
