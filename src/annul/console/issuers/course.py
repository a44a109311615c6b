"""How an issuer did over time: health, codes, times to answer, windows and incidents."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from annul.console.frame import charts
from annul.console.frame.live import View
from annul.console.frame.markup import Html, tag
from annul.desk import issuer_course
from annul.desk import issuers as views
from annul.domain.incidents import INCIDENTS
from annul.domain.policies import WINDOWS, PolicyKind
from annul.domain.response_codes import BOOKED, describe
from annul.issuers.health import HealthLimits

from .rules import RULES

_CODES: Final = 7  # so many codes have a colour of their own; the rest is one
_LIMITS: Final = HealthLimits()


class Drawn(NamedTuple):
    """What is drawn of a span: strip and list of codes, then the three charts."""

    texts: tuple[Html, Html]
    charts: tuple[dict[str, Any], dict[str, Any], dict[str, Any]]


async def course(view: View, issuer_id: str, length: timedelta, width: timedelta) -> Drawn:
    """Draw a span of an issuer in buckets."""
    rows = await issuer_course.course(view.desk, issuer_id, length, width)
    times = charts.buckets(view.desk.clock.now(), length, width)
    names = charts.labels(view, times, days=length > timedelta(days=1))
    codes, counted = _codes(view, times, rows)
    marks = await _marks(view, issuer_id, times)
    lost = ("ms", view.words("lines lost"))
    return Drawn(
        (_strip(view, names, charts.values(times, rows, lambda row: row, {})), counted),
        (
            charts.chart(_marked(_outcomes(view, times, rows), marks), names),
            charts.chart(codes, names, legend=False),
            charts.chart(_latency(view, times, rows), names, axes=lost),
        ),
    )


def _marked(series: list[dict[str, Any]], marks: charts.Marks) -> list[dict[str, Any]]:
    first, *rest = series
    return [marks.on(first), *rest]


async def _marks(view: View, issuer_id: str, times: list[datetime]) -> charts.Marks:
    """Draw the windows and the open incidents into the time line."""
    now, words = view.desk.clock.now(), view.words
    rules = await views.policies(view.desk, issuer_id)
    spans = [
        (
            charts.place(times, row["valid_from"]),
            charts.place(times, row["valid_until"] or now),
            words(RULES[PolicyKind(row["kind"])][0]),
        )
        for row in rows_of_windows(rules, times[0], now)
    ]
    open_ = await views.incidents(view.desk, issuer_id, times[0])
    moments = [
        (charts.place(times, row["opened_at"]), words.of(INCIDENTS[row["kind"]].title))
        for row in open_
        if row["kind"] in INCIDENTS
    ]
    return charts.Marks(spans, moments)


def rows_of_windows(
    rules: Sequence[Mapping[str, Any]], since: datetime, until: datetime
) -> list[Mapping[str, Any]]:
    """Give the windows that lie within a span, at least in part."""
    return [
        row
        for row in rules
        if PolicyKind(row["kind"]) in WINDOWS
        and row["valid_from"] < until
        and (row["valid_until"] is None or row["valid_until"] > since)
    ]


def condition(row: Mapping[str, Any]) -> str:
    """Say how an issuer did in a bucket, as the router judges a minute; empty: too few requests."""
    if not row or row["requests"] < _LIMITS.least:
        return ""
    trouble = (row["silent"] + row["faults"]) / row["requests"]
    if trouble >= _LIMITS.down:
        return "down"
    return "degraded" if trouble >= _LIMITS.degraded else "up"


def _strip(view: View, names: list[str], rows: list[Any]) -> Html:
    words = view.words
    states = [condition(row) for row in rows]
    tones = {"up": "good", "degraded": "warn", "down": "bad", "": ""}
    cells = [
        tag("i", cls=tones[state], title=f"{name} {words(state or 'too few requests')}")
        for name, state in zip(names, states, strict=True)
    ]
    counted = Counter(state for state in states if state)
    shares = [
        f"{words(state)} {counted[state] / counted.total():.0%}"
        for state in tones
        if counted[state]
    ]
    said = " · ".join(shares) or words("too few requests")
    return tag(
        "div",
        tag("div", *cells, cls="strip", aria_hidden="true"),
        tag("p", said, cls="muted strip-said"),
    )


def _outcomes(view: View, times: list[Any], rows: list[Any]) -> list[dict[str, Any]]:
    words = view.words

    def declined(row: Mapping[str, Any]) -> int:
        return max(row["requests"] - row["approvals"] - row["faults"] - row["silent"], 0)

    parts = (
        (words("approved"), lambda row: row["approvals"], charts.GOOD),
        (words("declined"), declined, charts.POOR),
        (words("error"), lambda row: row["faults"], charts.BAD),
        (words("no answer"), lambda row: row["silent"], charts.SILENT),
    )
    return [charts.bars(name, charts.values(times, rows, of), colour) for name, of, colour in parts]


def _codes(view: View, times: list[Any], rows: list[Any]) -> tuple[list[dict[str, Any]], Html]:
    """Give the series of codes, and the list that says what they are and how often they came."""
    words = view.words
    counted: Counter[str] = Counter()
    for row in rows:
        counted.update({code: n for code, n in row["codes"].items() if code not in BOOKED})
    most = [code for code, _ in counted.most_common(_CODES)]
    rest = set(counted) - set(most)
    parts: list[tuple[str, int, Callable[[Mapping[str, Any]], int], str]] = [
        (
            code_name(view, code),
            counted[code],
            lambda row, one=code: row["codes"].get(one, 0),
            charts.PALETTE[place],
        )
        for place, code in enumerate(most)
    ]
    if rest:
        parts.append(
            (
                words("others"),
                sum(counted[code] for code in rest),
                lambda row: sum(row["codes"].get(code, 0) for code in rest),
                charts.PALETTE[-1],
            )
        )
    silent = sum(row["silent"] for row in rows)
    if silent:
        parts.append((words("no answer"), silent, lambda row: row["silent"], charts.SILENT))
    # What is summed up lies at the foot of each bar, so that no listed code hides under it.
    drawn = sorted(parts, key=lambda part: part[0] != words("others"))
    series = [
        charts.bars(name, charts.values(times, rows, of), colour) for name, _, of, colour in drawn
    ]
    listed = [
        tag(
            "li",
            tag("i", style=f"background: {colour}"),
            tag("span", name),
            tag("b", count, cls="num"),
        )
        for name, count, _, colour in parts
    ]
    none = tag("p", words("Nothing was declined."), cls="empty")
    return series, tag("ul", *listed, cls="legend") if listed else none


def code_name(view: View, code: str) -> str:
    """Name a response code."""
    return f"{code} {view.words.of(describe(code).title)}"


def _latency(view: View, times: list[Any], rows: list[Any]) -> list[dict[str, Any]]:
    words = view.words

    def of(name: str) -> list[Any]:
        return charts.values(times, rows, lambda row: row[name], empty=None)

    drops = charts.values(times, rows, lambda row: row["link_drops"])
    return [
        charts.line(words("P50"), of("p50_ms"), charts.PALETTE[0]),
        charts.line(words("P90"), of("p90_ms"), charts.PALETTE[2]),
        charts.bars(
            words("lines lost"), drops, charts.SILENT, stack="", yAxisIndex=1, barMaxWidth=8
        ),
    ]
