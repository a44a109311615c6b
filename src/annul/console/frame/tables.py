"""Lists that are declared once: what stands in a column, how it is sorted, exported, and folded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from .live import View
from .markup import Html, details, join, link, tag

Row = Mapping[str, Any]
Cell = str | int | Decimal | datetime | None
Exported = tuple[tuple[str, Callable[[View, Row], Cell]], ...]
_TURNED: Final = {"ascending": "descending", "descending": "ascending"}


def _always(_: View) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its head, what it shows, and what of it stands in a file, each with its head.

    `order` is the name by which the server sorts. On a phone it stands in `line` 1 to 3, at its
    `end` or not; without a line it is left out there. An `extra` one shows when it is chosen.
    `told`: its head stands before it there. `starts` says which way it is sorted first.
    """

    name: str
    head: str
    draw: Callable[[View, Row], object]
    exported: Exported = ()
    right: bool = False
    order: str = ""
    line: int = 0
    end: bool = False
    extra: bool = False
    told: bool = False
    wanted: Callable[[View], bool] = _always
    starts: str = "descending"


@dataclass(frozen=True, slots=True)
class Table:
    """One list: its name, its columns, where a row leads to, and what picks it."""

    name: str
    columns: tuple[Column, ...]
    href: Callable[[Row], str]
    key: str = ""

    def shown(self, view: View) -> list[Column]:
        """Give the columns for who looks."""
        return [one for one in self.columns if one.wanted(view)]


@dataclass(frozen=True, slots=True)
class Sorted:
    """How the server sorts a list, `-` for the largest first; `address` leads to another order."""

    order: str = ""
    address: Callable[[str], str] | None = None


def drawn(
    view: View,
    table: Table,
    rows: Sequence[Row],
    *,
    by: Sorted | None = None,
    empty: str = "",
    picks: bool = False,
) -> Html:
    """Draw a list; without `by` all rows are there and the browser sorts them."""
    if not rows:
        return tag("p", empty, cls="empty")
    columns = table.shown(view)
    heads = [_head(view, one, by) for one in columns]
    if picks:
        said = view.words("Select")
        heads.insert(0, tag("th", tag("span", said, cls="unseen"), scope="col", cls="picks"))
    shown = [_row(view, table, columns, row, picks=picks) for row in rows]
    built = tag(
        "table",
        tag("thead", tag("tr", *heads)),
        tag("tbody", *shown),
        cls="table list",
        data_table=table.name,
        data_sorts=by is None,
    )
    return tag("div", built, cls="scroll")


def _row(view: View, table: Table, columns: Sequence[Column], row: Row, *, picks: bool) -> Html:
    cells = [
        tag(
            "td",
            one.draw(view, row),
            cls=_classes(one),
            data_column=one.name,
            data_head=view.words(one.head),
        )
        for one in columns
    ]
    if picks:
        named = f"{view.words('Select')} {row[table.key]}"
        box = tag("input", type="checkbox", data_pick=row[table.key], aria_label=named)
        cells.insert(0, tag("td", tag("label", box), cls="picks"))
    return tag("tr", *cells, data_href=table.href(row))


def _classes(column: Column) -> str | bool:
    given = (
        "right" if column.right else "",
        f"line-{column.line}" if column.line else "folded",
        "end" if column.end else "",
        "extra" if column.extra else "",
        "told" if column.told else "",
    )
    return " ".join(one for one in given if one) or False


def _head(view: View, column: Column, by: Sorted | None) -> Html:
    said = view.words(column.head)
    given: dict[str, object] = {
        "scope": "col",
        "cls": " ".join(name for name in ("right", "extra") if getattr(column, name)) or False,
        "data_column": column.name,
    }
    if by is None or by.address is None or not column.order:
        return tag("th", said, **given)
    now = ""
    if by.order.removeprefix("-") == column.order:
        now = "descending" if by.order.startswith("-") else "ascending"
    following = _TURNED.get(now, column.starts)
    name = f"-{column.order}" if following == "descending" else column.order
    there = link(said, by.address(name), cls="sort", rel="nofollow")
    return tag("th", there, **given, aria_sort=now or "none")


# Beside a list ----------------------------------------------------------------------------------


def tools(view: View, table: Table, *more: object, export: str = "", most: int = 0) -> Html:
    """Draw what one does with a list: choose its columns, take it as a file."""
    words = view.words
    boxes = [
        tag(
            "label",
            tag("input", type="checkbox", data_show=one.name, data_extra=one.extra),
            words(one.head),
        )
        for one in table.shown(view)[1:]
    ]
    chosen = tag("div", *boxes, role="group", aria_label=words("Columns"))
    bound = words("Exports what was found, up to {n} rows.", n=f"{most:,}")
    joined = "&" if "?" in export else "?"
    files = [
        link(words(name), there, cls="button small", download=True, title=bound)
        for name, there in (
            ("Export CSV", export),
            ("Export XLSX", f"{export}{joined}as=xlsx"),
        )
        if export
    ]
    columns = details(words("Columns"), chosen, cls="columns")
    kept = tag("div", columns, data_columns=table.name, cls="wide-only")
    return tag("div", *more, tag("span", cls="grow"), kept, *files, cls="tools no-print")


def named(name: object, number: str, href: str = "") -> Html:
    """Show something by its name, its number under it; where no name is known, by the number."""
    if not name:
        return tag("span", number or "–", cls="mono")
    first = link(name, href) if href else tag("span", name)
    return join((first, tag("small", number, cls="under mono")))
