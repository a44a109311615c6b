"""Voids and traffic by issuer over the last hours; what is too little to draw is said in words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from annul.console.frame import charts
from annul.console.frame.live import View
from annul.desk import overview as views

SPAN: Final = timedelta(hours=6)
_BUCKET: Final = timedelta(minutes=10)
_LITTLE: Final = 4  # so few points are no line

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Course:
    """A chart's options, or what is said in its place when there is too little to draw."""

    options: dict[str, Any]
    said: str = ""


async def courses(view: View, names: Mapping[str, str]) -> tuple[Course, Course]:
    """Give the share of voids that were approved, and the requests, by issuer."""
    words = view.words
    rows = await views.course(view.desk, SPAN, _BUCKET)
    voids, good = sum(row["voids"] for row in rows), sum(row["void_approvals"] for row in rows)
    requests = sum(row["requests"] for row in rows)
    hours = int(SPAN.total_seconds() // 3600)
    few = words("{good} of {n} voids were approved in {hours} h.", good=good, n=voids, hours=hours)
    some = words("{n} requests in {hours} h.", n=requests, hours=hours)
    return (
        _course(view, rows, names, share, few, unit="%"),
        _course(view, rows, names, lambda row: row["requests"], some, empty=0),
    )


def share(row: Row) -> float | None:
    """Give the share of a bucket's voids that were approved, in per cent."""
    return round(100 * row["void_approvals"] / row["voids"], 1) if row["voids"] else None


def _course(
    view: View,
    rows: Sequence[Row],
    names: Mapping[str, str],
    value: Callable[[Row], Any],
    said: str,
    *,
    unit: str = "",
    empty: int | None = None,
) -> Course:
    """Draw one line an issuer; `empty` is what a bucket without anything counts as, None a gap."""
    times = charts.buckets(view.desk.clock.now(), SPAN, _BUCKET)
    of_issuer: dict[str, list[Row]] = {}
    for row in rows:
        of_issuer.setdefault(row["issuer_id"], []).append(row)
    series = [
        charts.line(
            names.get(issuer, issuer),
            charts.values(times, own, value, empty=empty),
            charts.PALETTE[place % len(charts.PALETTE)],
        )
        for place, (issuer, own) in enumerate(sorted(of_issuer.items()))
    ]
    if sum(value(row) is not None for row in rows) < _LITTLE:
        return Course({"series": []}, said)
    axes = (unit,)
    return Course(charts.chart(series, charts.labels(view, times), axes=axes))
