"""The day as the clearing tells it: a file in the layout COM, and what must break by it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

from annul.settle.clearing.layouts import LAYOUTS
from annul.settle.clearing.rows import ClearingRow
from annul.settle.clearing.write import line

from .books import CALENDAR, card

_LAYOUT: Final = LAYOUTS["COM"]
_EACH: Final = 10_000
# What a row says otherwise than the books, by the break that it is meant to make.
_CHANGED: Final = {"amount": ("amount", 1), "fee": ("fee", 1)}


class Expected(NamedTuple):
    """A break: its kind, the row's line or none, and its transaction or none."""

    kind: str
    line: int | None
    transaction: UUID | None


class Written(NamedTuple):
    """How many lines a file has, and the breaks that it must make."""

    lines: int
    breaks: set[Expected]


def _rows(one: Any) -> Iterator[ClearingRow]:
    """Give the rows that tell of a planned transaction; the line is counted by who writes them."""
    at = one["at"].astimezone(CALENDAR.zone)
    what, back = one["what"], one["back"]
    sale = ClearingRow(
        0, one["merchant_id"], one["terminal_id"], one["trace"], one["rrn"], one["rrn"][-6:],
        card(one["card"]), "taken", "sale", one["amount"], fee=one["cost"],
        sent_at=f"{at:%m%d%H%M%S}", code="00",
    )  # fmt: skip
    if what in {"missing_there", "carried"}:
        return
    if what in _CHANGED:
        name, more = _CHANGED[what]
        sale = sale._replace(**{name: getattr(sale, name) + more})
    elif what == "date":
        sale = sale._replace(sent_at=f"1103{at:%H%M%S}")
    elif what == "by_trace":
        sale = sale._replace(rrn="", auth_code="")
    yield sale
    if what == "twice":
        yield sale
    elif what == "unknown_sale" and back:
        yield sale._replace(effect="reversed")
    elif what in {"voided", "unknown_void"}:
        void = sale._replace(
            trace=one["void_trace"], rrn=one["void_rrn"], auth_code=one["void_rrn"][-6:],
            effect="given_back", kind="void", fee=-one["cost"], original_trace=one["trace"],
        )  # fmt: skip
        yield void
        if what == "unknown_void" and back:
            yield void._replace(effect="returned")


async def write(owner: Any, path: Path) -> Written:
    """Write the file of what is planned, in the order of the day."""
    breaks: set[Expected] = set()
    number = 0
    with path.open("wb") as file:
        async with owner.transaction():
            async for one in owner.cursor("SELECT * FROM planned ORDER BY n", prefetch=_EACH):
                first = number + 1
                for row in _rows(one):
                    number += 1
                    file.write(line(_LAYOUT, row._replace(line=number)) + b"\n")
                breaks.update(_breaks(one, first))
    return Written(number, breaks)


def _breaks(one: Any, at: int) -> Iterator[Expected]:
    what, sale = one["what"], one["id"]
    if what == "missing_here":
        yield Expected("missing_here", at, None)
    elif what == "missing_there":
        yield Expected("missing_there", None, sale)
    elif what == "unvoided":
        yield Expected("state", None, one["void_id"])
    elif what == "twice":
        yield Expected("twice", at + 1, sale)
    elif what == "declined":
        yield Expected("state", at, sale)
    elif what in {"amount", "fee", "date", "currency"}:
        yield Expected(what, at, sale)
