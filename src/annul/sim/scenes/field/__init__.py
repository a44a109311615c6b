"""Situations as acquirers meet them, each with its truth; importing this enters them.

They know nothing of the ranking of causes: they share no table with `annul.diagnose`.
"""

from . import (
    clocks,
    codes,
    holes,
    money,
    partial,
    people,
    quiet,
    several,
    undeclared,
)

__all__ = [
    "clocks",
    "codes",
    "holes",
    "money",
    "partial",
    "people",
    "quiet",
    "several",
    "undeclared",
]
