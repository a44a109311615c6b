"""Real message dumps and vectors beside the checkout, when they are there; never copied into it."""

import json
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared"


def read(name: str) -> list[dict[str, Any]]:
    """Give the rows of a sample file, none when the samples are not beside the checkout."""
    file = SHARED / "samples" / name
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def parameters(name: str) -> list[Any]:
    """Give the rows as test parameters; one that is skipped, saying so, without the samples."""
    rows = read(name)
    if not rows:
        return [pytest.param({}, marks=pytest.mark.skip(reason="no ../shared/samples here"))]
    return [pytest.param(row, id=f"{index}-{row['what'][:30]}") for index, row in enumerate(rows)]
