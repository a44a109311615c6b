"""A report on a page: chosen by day or week, with its files, charts and tables."""

from typing import Final
from urllib.parse import urlencode

from nicegui import ui

from annul.console.frame import charts
from annul.console.frame.filters import field, picked, picker, search
from annul.console.frame.live import View, html
from annul.console.frame.markup import Html, badge, card, join, link, number, table, tag
from annul.console.shared import sees_all
from annul.desk import reports as views
from annul.desk.desk import NothingThere
from annul.domain.errors import AnnulError
from annul.operate.reports.period import BadPeriod, Length, NotClosed, Period
from annul.operate.reports.report import Report
from annul.operate.reports.sections import Cell, Rate, Section, Verdict, in_short, sections
from annul.operate.reports.words import spoken, titled

from .picture import causes, parts

_TONES: Final = {True: "good", False: "bad", None: ""}


async def reports(view: View) -> None:
    """Show a report, of the last day that is over unless another one is asked for."""
    merchant = picked(view, "merchant") if sees_all(view) else ""
    try:
        period = _period(view)
    except BadPeriod as error:
        period = views.latest(view.desk, Length.DAY)
        html(join((_head(view, period, merchant), _wrong(view, error))))
        return
    html(_head(view, period, merchant))
    try:
        found: Report = await view.shared(
            ("report", period, merchant),
            lambda: views.report(view.desk, view.visitor, period, merchant),
        )
    except (NotClosed, NothingThere) as error:
        html(_wrong(view, error))
        return
    html(_short(view, found))
    _charts(view, found)
    html(join(_section(view, found, one) for one in sections(found)), "stack")


def _period(view: View) -> Period:
    """Read what is asked for: `period`, or what the form of days or weeks gives."""
    for name in ("period", "day", "week"):
        if named := view.query.get(name, ""):
            return Period.read(named)
    length = Length.WEEK if view.query.get("length") == Length.WEEK else Length.DAY
    return views.latest(view.desk, length)


def _address(period: Period, merchant: str) -> str:
    asked = {"period": period.name} | ({"merchant": merchant} if merchant else {})
    return f"/reports?{urlencode(asked)}"


def _head(view: View, period: Period, merchant: str) -> Html:
    words = view.words
    latest = views.latest(view.desk, period.length)
    steps = [link(words("Earlier"), _address(period.previous, merchant), cls="button")]
    if period.first < latest.first:
        steps.append(link(words("Later"), _address(period.following, merchant), cls="button"))
    for length, said in ((Length.DAY, words("Daily")), (Length.WEEK, words("Weekly"))):
        there = _address(views.latest(view.desk, length), merchant)
        chosen = "true" if period.length is length else False
        steps.append(link(said, there, cls="button", aria_current=chosen))
    files = [
        link(said, _file(view, period, form, merchant), cls="button", download=True)
        for form, said in (("pdf", "PDF"), ("xlsx", words("Workbook")))
    ]
    title = tag("h1", words("Reports"))
    head = tag("div", title, tag("span", cls="grow"), *steps, *files, cls="head")
    return join((head, _form(view, period)))


def _file(view: View, period: Period, form: str, merchant: str) -> str:
    asked = {"format": form, "lang": view.words.language}
    asked |= {"merchant": merchant} if merchant else {}
    return f"/api/v1/reports/{period.name}/file?{urlencode(asked)}"


def _form(view: View, period: Period) -> Html:
    """Draw the choice of a day or week, and for who sees all of a merchant."""
    words = view.words
    kinds = {
        Length.DAY: ("day", words("Day"), "date"),
        Length.WEEK: ("week", words("Week"), "week"),
    }
    name, said, kind = kinds[period.length]
    value = period.name
    fields: list[Html] = [field(said, name, value, type=kind, required=True)]
    if sees_all(view):
        fields.append(picker(view, words("Merchant"), "merchants", "merchant", None))
    asked = search(view, "/reports", *fields, clear=f"/reports?length={period.length}")
    return tag("section", asked, cls="card calm spaced no-print")


def _wrong(view: View, error: AnnulError) -> Html:
    words = view.words
    said = tag("p", words(type(error)().args[0]), " ", words(error.next_step))
    return card(words("No report"), said, cls="spaced")


def _short(view: View, found: Report) -> Html:
    words = view.words
    lines = [tag("li", words.of(one)) for one in in_short(found)]
    at = tag("small", words("as of {at}", at=view.dated(found.at)), cls="muted")
    return card(
        words.of(titled(found)), tag("ul", *lines, cls="report-short"), cls="spaced", aside=at
    )


def _charts(view: View, found: Report) -> None:
    if not found.total.now.asked:
        return
    drawn = (
        (view.words("Voids that failed, by cause"), causes(view, found)),
        (view.words("Where the change comes from, in points"), parts(view, found)),
    )
    with ui.element("div").classes("grid").style("margin: 16px 0"):
        for title, options in drawn:
            if options is not None:
                with ui.element("section").classes("card half"):
                    html(tag("header", tag("h2", title)))
                    charts.update(charts.draw(title), options)


def _section(view: View, found: Report, section: Section) -> Html:
    words = view.words
    rows = [[_cell(view, cell) for cell in row] for row in section.rows]
    if section.name == "suggestions":
        rows = [
            [_linked(cells[0], one.there), *cells[1:]]
            for cells, one in zip(rows, found.suggestions, strict=True)
        ]
    heads = [words.of(one) for one in section.heads]
    note = tag("p", words.of(section.note), cls="muted note") if section.note.en else None
    shown = table(heads, rows)
    return card(words.of(section.title), shown, note, cls=f"report-{section.name}")


def _linked(said: object, there: str) -> Html:
    return link(said, there)


def _cell(view: View, cell: Cell) -> Html | str:
    match cell:
        case Verdict():
            return badge(view.words.of(cell.said), _TONES[cell.better])
        case Rate() | int():
            return number(spoken(cell, view.words.language))
        case _:
            return spoken(cell, view.words.language)
