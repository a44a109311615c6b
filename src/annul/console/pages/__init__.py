"""Every page; importing this enters them in the order of the menu."""

from . import overview, cases, case  # isort: skip

__all__ = ["case", "cases", "overview"]
