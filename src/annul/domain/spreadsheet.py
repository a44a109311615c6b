"""Lines of CSV that a spreadsheet shows as they are: all quoted, none of it a formula. Pure."""

import csv
import io
from collections.abc import Iterable
from typing import Final

BOM: Final = "\ufeff"  # by which a spreadsheet knows that it is UTF-8
# A spreadsheet takes what begins like this for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def line(cells: Iterable[str]) -> str:
    """Write one line of CSV, all of it quoted, none of it a formula."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow([safe(cell) for cell in cells])
    return out.getvalue()


def safe(text: str) -> str:
    """Write a cell so that no spreadsheet calculates it; amounts below zero stay numbers."""
    if not text.startswith(_FORMULA) or _is_amount(text):
        return text
    return f"'{text}"


def _is_amount(text: str) -> bool:
    return text[1:].replace(".", "", 1).isascii() and text[1:].replace(".", "", 1).isdigit()
