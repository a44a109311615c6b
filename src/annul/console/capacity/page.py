"""The page on capacity: thresholds, what is carried and at which wait, what volume comes."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from nicegui import ui

from annul.console.frame import charts
from annul.console.frame.filters import field, search
from annul.console.frame.live import View, html
from annul.console.frame.markup import Html, badge, card, facts, join, number, table, tag
from annul.desk import capacity as views
from annul.desk.capacity import CellReport
from annul.operate.capacity.advice import BY_NAME
from annul.operate.capacity.asking import NotWorkedOut
from annul.operate.capacity.told import Advice, Day, Predicted, Report
from annul.operate.capacity.words import METHODS, TITLES, due

_GIB: Final = 2**30
_MIB: Final = 2**20
_MICRO: Final = 1e6
_SHOWN: Final = 60  # days on either side of today
_CLOSE: Final = 0.8  # of its limit: from here on a share is said in colour
_MOST_TPS: Final = 100_000.0


async def capacity(view: View) -> None:
    """Show what each cell has worked out last, and a plan that is asked for."""
    words = view.words
    found = await views.reports(view.desk, view.visitor)
    html(tag("div", tag("h1", words("Capacity")), tag("span", cls="grow"), _form(view), cls="head"))
    for one in found:
        await _cell(view, one, named=len(found) > 1)


def _form(view: View) -> Html:
    asked = view.query.get("tps", "")[:12]
    label = view.words("Planned transactions a second")
    return search(view, "/capacity", field(label, "tps", asked, size=8, inputmode="decimal"))


async def _cell(view: View, one: CellReport, *, named: bool) -> None:
    words, report = view.words, one.report
    if named:
        html(tag("h2", words("Cell {name}", name=one.cell)))
    if report is None:
        said = words("Nothing is worked out yet: hosts do so within an hour of their start.")
        html(tag("p", said, cls="empty"), "card")
        return
    html(await _planned(view, report))
    with ui.element("div").classes("grid"):
        with ui.element("div").classes("stack two-thirds"):
            html(_advice(view, report.advice))
            _course(view, report)
            html(_occasions(view, report))
        with ui.element("div").classes("stack third"):
            html(_waits(view, report))
            html(_costs(view, report))
            html(_database(view, report))


async def _planned(view: View, report: Report) -> Html:
    """Answer what is asked of a planned rate; nothing when nothing is."""
    words, text = view.words, view.query.get("tps", "")[:12]
    if not text:
        return Html()
    try:
        tps = float(text)
    except ValueError:
        tps = 0.0
    if not 0 < tps <= _MOST_TPS:
        return tag("p", words("Give a number of transactions a second."), cls="warned")
    try:
        told = await views.planned(report, view.visitor, tps)
    except NotWorkedOut as error:
        return tag("p", str(error), cls="warned", role="status")
    if told is None:
        return tag("p", _little(view), cls="warned", role="status")
    if told.full:
        said = words("{tps} a second is more than is carried: waits grow without end.", tps=text)
        return tag("p", said, cls="warned", role="status")
    said = words(
        "At {tps} a second half of all answers take {p50} ms, and 99 % at most {p99} ms.",
        tps=text,
        p50=f"{told.p50_ms:.0f}",
        p99=f"{told.p99_ms:.0f}",
    )
    return card(words("Planned"), tag("p", said), cls="planned")


def _little(view: View) -> str:
    return view.words("Less than an hour with traffic was measured, so no limit is known yet.")


def _advice(view: View, advice: Sequence[Advice]) -> Html:
    """List the thresholds: how far each is, and what helps once it is passed."""
    words = view.words
    rows = [
        (
            join(
                (
                    tag("b", words.of(BY_NAME[one.name].title)),
                    tag("small", words.of(BY_NAME[one.name].then), cls="under"),
                )
            ),
            _share(view, one),
            number(f"{one.limit:.0%}"),
            number(f"{one.volume:,.0f}" if one.volume is not None else "–"),
            due(one, words.language) if one.now is not None else "–",
        )
        for one in advice
    ]
    names = ("Threshold", "Now", "Its limit", "From a day's volume on", "Is reached")
    return card(words("To be added"), table([words(name) for name in names], rows))


def _share(view: View, one: Advice) -> Html:
    if one.now is None:
        return number(view.words("not known here"))
    tone = "bad" if one.now >= one.limit else "warn" if one.now >= one.limit * _CLOSE else ""
    return number(badge(f"{one.now:.0%}", tone))


def _waits(view: View, report: Report) -> Html:
    """Show what is predicted from a tenth of the most to the most."""
    words = view.words
    if report.limit is None:
        return card(words("Wait for an answer"), tag("p", _little(view), cls="empty"))
    rows = [_wait(f"{level.share:.0%}", level.predicted) for level in report.levels]
    rows.append(_wait(words("at most"), report.limit))
    names = ("Load", "a second", "median ms", "99 % ms")
    measured = [report.carried.answers.share(share) for share in (0.5, 0.99)]
    now = ""
    if all(measured):
        p50, p99 = (f"{(one or 0.0) * 1000:.0f}" for one in measured)
        now = words("Measured lately: median {p50} ms, 99 % {p99} ms.", p50=p50, p99=p99)
    return card(
        words("Wait for an answer"),
        table([words(name) for name in names], rows),
        tag("p", now, cls="muted") if now else None,
    )


def _wait(share: str, told: Predicted) -> Sequence[Any]:
    return (
        share,
        number(f"{told.tps:.0f}"),
        number(f"{told.p50_ms:.0f}"),
        number(f"{told.p99_ms:.0f}"),
    )


def _costs(view: View, report: Report) -> Html:
    """Say what a transaction costs when many come."""
    words, of = view.words, report.carried
    busy = of.group.statements_busy
    database = of.database
    pairs = [
        (words("Host processes"), number(of.hosts)),
        (words("CPU of the host"), _micro(of.host.of(busy))),
        (words("CPU of the database"), _micro(database.of(busy)) if database else "–"),
        (words("Time in statements"), _micro(of.active.of(busy))),
        (words("CPU without load"), number(f"{of.host.fixed:.1%}")),
        (
            words("Rows in a statement, quiet to busy"),
            number(f"{of.group.quiet:.1f} – {of.group.busy:.1f}"),
        ),
        (words("Most a second so far"), number(f"{of.busiest_tps:.1f}")),
    ]
    return card(words("A transaction costs"), facts(pairs))


def _micro(seconds: float) -> Html:
    return number(f"{seconds * _MICRO:.0f} µs")


def _database(view: View, report: Report) -> Html:
    words, growth = view.words, report.carried.growth
    largest = sorted(growth.tables.items(), key=lambda one: -one[1])
    pairs: list[tuple[object, object]] = [
        (words("Size"), number(f"{growth.bytes / _GIB:.2f} GiB")),
        (words("A transaction leaves"), number(f"{growth.per_transaction:,.0f} B")),
        (
            words("A day leaves"),
            number(f"{growth.per_transaction * report.forecast.usual / _MIB:,.0f} MiB"),
        ),
        (
            words("Free on its disk"),
            number(f"{growth.free / _GIB:.1f} GiB" if growth.free is not None else "–"),
        ),
        (words("Connections"), number(f"{report.carried.connections} / {report.carried.allowed}")),
        *(
            (tag("span", name, cls="mono"), number(f"{size / _MIB:,.0f} MiB"))
            for name, size in largest
        ),
    ]
    return card(words("Database"), facts(pairs))


def _course(view: View, report: Report) -> None:
    """Draw the volume of the days that were, and of those to come."""
    words, forecast = view.words, report.forecast
    title = words("Transactions a day")
    with ui.element("section").classes("card"):
        html(tag("header", tag("h2", title), tag("small", _method(view, report), cls="muted")))
        if not forecast.days:
            html(tag("p", words.of(METHODS[forecast.method]), cls="empty"))
            return
        before, after = forecast.history[-_SHOWN:], forecast.days[:_SHOWN]
        charts.update(charts.draw(title), _options(view, before, after))


def _method(view: View, report: Report) -> str:
    words, forecast = view.words, report.forecast
    said = words.of(METHODS[forecast.method])
    if forecast.error is None:
        return said
    off = words("off by {share} in the last week", share=f"{forecast.error:.0%}")
    return f"{said}, {off}"


def _options(view: View, before: Sequence[Day], after: Sequence[Day]) -> dict[str, Any]:
    words = view.words
    none: list[float | None] = [None] * len(before)
    past: list[float | None] = [round(day.volume) for day in before]
    series = [
        charts.line(words("was"), [*past, *[None] * len(after)], charts.PALETTE[0]),
        charts.line(words("expected"), [*none, *(round(day.volume) for day in after)], charts.GOOD),
        charts.line(
            words("at least (90 %)"), [*none, *(round(day.low) for day in after)], charts.SILENT
        ),
        charts.line(
            words("at most (90 %)"), [*none, *(round(day.high) for day in after)], charts.SILENT
        ),
    ]
    return charts.chart(series, [f"{day.day:%m-%d}" for day in (*before, *after)])


def _occasions(view: View, report: Report) -> Html:
    """List the days to come that are unlike others."""
    words = view.words
    spans: list[tuple[tuple[str, ...], date, date, float]] = []
    for day in report.forecast.days:
        if spans and spans[-1][0] == day.occasions and (day.day - spans[-1][2]).days == 1:
            names, first, _, most = spans[-1]
            spans[-1] = (names, first, day.day, max(most, day.volume))
        else:
            spans.append((day.occasions, day.day, day.day, day.volume))
    rows = [
        (
            ", ".join(words.of(TITLES[name]) for name in names),
            f"{first}" if first == last else f"{first} – {last:%m-%d}",
            number(f"{most:,.0f}"),
            number(_factor(report, names)),
        )
        for names, first, last, most in spans
        if names
    ]
    heads = [words(name) for name in ("Occasion", "Dates", "Busiest day", "Times as usual")]
    empty = words("None within what is foretold.")
    return card(words("Holidays and sales"), table(heads, rows, empty=empty))


def _factor(report: Report, names: Sequence[str]) -> str:
    seen = [report.forecast.factors[name] for name in names if name in report.forecast.factors]
    if len(seen) < len(names):
        return "–"
    product = 1.0
    for one in seen:
        product *= one
    return f"{product:.2f}"
