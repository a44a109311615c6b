"""Charts of a report: what failed by cause beside the period before, and where a change is from."""

from typing import Any, Final

from annul.console.frame import charts
from annul.console.frame.live import View
from annul.operate.reports.reading import Key
from annul.operate.reports.report import Report
from annul.operate.reports.sections import said
from annul.operate.reports.why import MIX

_MOST: Final = 8  # bars that have room for their names


def causes(view: View, found: Report) -> dict[str, Any] | None:
    """Draw how many failed by cause, before and now; None where nothing failed."""
    lines = found.tables["cause"][:_MOST]
    if not lines:
        return None
    words = view.words
    names = [words.of(said(found, one.about)) for one in lines]
    series = [
        _beside(words("period before"), [one.before.failed for one in lines], charts.POOR),
        _beside(words("this period"), [one.now.failed for one in lines], charts.PALETTE[0]),
    ]
    return _lying(charts.chart(series, names), names)


def parts(view: View, found: Report) -> dict[str, Any] | None:
    """Draw what issuers, software and causes add to the change; None where nothing changed."""
    shown = found.why[:_MOST]
    if not shown:
        return None
    words = view.words
    names = [
        " / ".join(
            (
                words.of(said(found, Key(issuer=one.group.issuer))),
                words.of(said(found, Key(software=one.group.software))),
                words("traffic")
                if one.cause == MIX
                else words.of(said(found, Key(cause=one.cause))),
            )
        )
        for one in shown
    ]
    data = [
        {
            "value": round(100 * one.adds, 3),
            "itemStyle": {"color": charts.BAD if one.adds > 0 else charts.GOOD},
        }
        for one in shown
    ]
    series = [_beside(words("points"), data, charts.BAD)]
    return _lying(charts.chart(series, names, legend=False), names)


def _beside(name: str, data: list[Any], colour: str) -> dict[str, Any]:
    """Build a series of bars that stand beside those of the others."""
    return charts.bars(name, data, colour, stack=None)


def _lying(built: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Let bars lie, the first one on top, so that long names can be read."""
    (values,) = built["yAxis"]
    del values["min"], values["minInterval"]
    label = {**built["xAxis"]["axisLabel"], "width": 180, "overflow": "truncate"}
    of_names = {**built["xAxis"], "inverse": True, "axisLabel": label, "data": names}
    grid = {**built["grid"], "left": 12, "containLabel": True}
    return built | {"xAxis": values, "yAxis": of_names, "grid": grid}
