"""Situations as acquirers meet them, each with its truth; importing this enters them.

They know nothing of the ranking of causes: they share no table with `annul.diagnose`.
"""

from . import codes, partial, quiet, undeclared

__all__ = ["codes", "partial", "quiet", "undeclared"]
