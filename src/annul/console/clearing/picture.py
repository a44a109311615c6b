"""What came of a clearing file as a picture, and the same as tables for who reads none."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from nicegui import ui

from annul.console.frame import charts
from annul.console.frame.live import View, html
from annul.console.frame.markup import Html, badge, join, link, number, table, tag
from annul.domain.breaks import KINDS, BreakKind
from annul.domain.money import CURRENCIES

from .said import OUTCOMES, Row, cause, foretold, kind, signed

_COLOURS: Final = {"good": charts.GOOD, "info": charts.PALETTE[0]}
_HIGH: Final = "height: 220px"


class Picture:
    """Two charts beside each other: rows by what came of them, and breaks by kind."""

    def __init__(self, view: View) -> None:
        self._view = view
        words = view.words
        with ui.element("div").classes("grid clearing-picture"):
            self._rows = _Framed(words("Rows"))
            self._breaks = _Framed(words("Breaks"))

    def update(self, result: Row, kinds: Sequence[Row], carried: int) -> None:
        """Draw what came of it."""
        view = self._view
        counts = _counts(result)
        self._rows.update(_of_rows(view, counts), _rows_table(view, counts, carried))
        shown = _of_breaks(view, kinds) if kinds else {}
        self._breaks.update(shown, breaks_table(view, kinds))


class _Framed:
    def __init__(self, title: str) -> None:
        with ui.element("section").classes("card half"):
            html(tag("header", tag("h2", title)))
            self._chart = charts.draw(title).style(_HIGH)
            self._table = html()

    def update(self, options: dict[str, Any], shown: Html) -> None:
        self._chart.set_visibility(bool(options))
        if options:
            charts.update(self._chart, options)
        self._table.set_content(shown)


def _counts(result: Row) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for row in result.get("outcomes", ()):
        counts[row["outcome"]] = counts.get(row["outcome"], 0) + row["count"]
    return counts


def _of_rows(view: View, counts: Mapping[str, int]) -> dict[str, Any]:
    words = view.words
    told = [
        (words.of(text), counts[name], _COLOURS[tone])
        for name, (text, tone) in OUTCOMES.items()
        if counts.get(name)
    ]
    # Breaks of what is missing there have no row.
    broken = sum(count for name, count in counts.items() if name not in OUTCOMES)
    if broken:
        told.append((words("Breaks"), broken, charts.BAD))
    data = [{"value": count, "itemStyle": {"color": colour}} for _, count, colour in told]
    bars = charts.bars(words("Rows"), data, charts.GOOD, barMaxWidth=48)
    label = {"show": True, "position": "top", "color": "var(--soft)"}
    built = charts.chart([bars | {"label": label}], [said for said, _, _ in told], legend=False)
    return built | {"grid": {**built["grid"], "top": 24}}


def _of_breaks(view: View, kinds: Sequence[Row]) -> dict[str, Any]:
    """Draw how many there are at the left, and their money at the right."""
    words = view.words
    names = [one for one in BreakKind if any(row["kind"] == one for row in kinds)]
    currency = kinds[0]["currency"]
    letters, decimals = CURRENCIES.get(currency, (currency, 2))

    def total(of: BreakKind, name: str, *, only: str = "") -> int:
        found = (row for row in kinds if row["kind"] == of and only in {"", row["currency"]})
        return sum(row[name] for row in found)

    count = [total(one, "count") for one in names]
    money = [total(one, "in_question", only=currency) / 10**decimals for one in names]
    many = charts.bars(words("Count"), count, charts.BAD, stack="count", barMaxWidth=36)
    much = charts.bars(
        words("Money in question"), money, charts.POOR, stack="money", yAxisIndex=1, barMaxWidth=36
    )
    return charts.chart([many, much], [words.of(KINDS[one]) for one in names], axes=("", letters))


def _rows_table(view: View, counts: Mapping[str, int], carried: int) -> Html:
    words = view.words
    rows = [
        (badge(words.of(text), tone), number(f"{counts[name]:,}"))
        for name, (text, tone) in OUTCOMES.items()
        if counts.get(name)
    ]
    later = words("expected in one of the next files: {n}", n=f"{carried:,}")
    shown = table([words("What came of it"), words("Rows")], rows, empty=words("no row agrees"))
    return join((shown, tag("p", later, cls="muted") if carried else None))


def breaks_table(view: View, kinds: Sequence[Row], there: str = "") -> Html:
    """List breaks by kind and cause; `there`: the list that each leads to."""
    words = view.words
    order = list(BreakKind)
    rows = []
    for row in sorted(kinds, key=lambda one: (order.index(one["kind"]), -one["in_question"])):
        said = kind(view, row)
        name = link(said, f"{there}&kind={row['kind']}") if there else tag("b", said)
        why = tag("small", cause(view, row), cls="under") if row["cause"] else None
        rows.append(
            (
                join((name, why)),
                number(f"{row['count']:,}"),
                number(view.amount(row["in_question"], row["currency"])),
                number(f"{row.get('foretold', 0):,}"),
            )
        )
    heads = ("Kind and cause", "Count", "Money in question", "Foretold")
    return table([words(head) for head in heads], rows, empty=words("There is no break."))


def worst(view: View, rows: Sequence[Row], *, linked: bool) -> Html:
    """List breaks, the most dangerous ones first; `linked`: each has a page by now."""
    words = view.words
    heads = ("Break", "Terminal, host, issuer", "Cause", "Money")
    shown = []
    for row in rows:
        said = kind(view, row)
        name = link(said, f"/breaks/{row['id']}") if linked else tag("b", said)
        line = words("line {n}", n=row["line"]) if row["line"] else words("no row")
        mark = foretold(view, row)
        under = tag("small", line, " · ", row["merchant_id"] or "–", cls="under")
        shown.append(
            (
                join((name, " ", mark, under)),
                _states(view, row["differs"]),
                cause(view, row) or "–",
                number(signed(view, row["money"], row["currency"])),
            )
        )
    return table([words(head) for head in heads], shown, empty=words("There is no break."))


def _states(view: View, differs: Mapping[str, Sequence[Any]]) -> str:
    words = view.words
    state = [words(str(one)) if one else "–" for one in differs.get("state", ())]
    return " | ".join(state) or "–"
