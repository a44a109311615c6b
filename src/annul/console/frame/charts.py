"""Charts over time by ECharts: the same quiet look, names in the reader's language."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any, Final

from nicegui import ui

from .live import View

# Charts are drawn as SVG, so that words in them follow light and dark by the page's own colours.
_SOFT, _LINE, _PAPER, _INK = "var(--soft)", "var(--line)", "var(--paper)", "var(--ink)"
_WINDOW: Final = "rgb(58 120 194 / 12%)"
GOOD, POOR, BAD, SILENT = "#2b8a5c", "#c99a2e", "#c2571a", "#a8443c"
PALETTE: Final = (
    "#3a78c2",
    "#c99a2e",
    "#8a55c2",
    "#c2571a",
    "#2e96a0",
    "#b0508a",
    "#6f8a2e",
    "#7a6a58",
)
_ORIGIN: Final = datetime(2000, 1, 1, tzinfo=UTC)
_FONT: Final = '"Inter", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif'

Row = Mapping[str, Any]


def buckets(now: datetime, span: timedelta, width: timedelta) -> list[datetime]:
    """Give the beginnings of all buckets of a span, also of those in which nothing happened."""
    first = _ORIGIN + (now - span - _ORIGIN) // width * width
    return [first + width * place for place in range((now - first) // width + 1)]


def labels(view: View, times: Iterable[datetime], *, days: bool = False) -> list[str]:
    """Write the beginnings of buckets as the clock on the wall shows them."""
    form = "%m-%d %H:%M" if days else "%H:%M"
    return [at.astimezone(view.desk.zone).strftime(form) for at in times]


def values(
    times: Iterable[datetime], rows: Iterable[Row], value: Callable[[Row], Any], empty: Any = 0
) -> list[Any]:
    """Give one value for each bucket."""
    by_time = {row["at"]: value(row) for row in rows}
    return [by_time.get(at, empty) for at in times]


def bars(name: str, data: Sequence[Any], colour: str, **more: Any) -> dict[str, Any]:
    """Build a series of bars that stand on those before it."""
    return {
        "name": name,
        "type": "bar",
        "stack": "all",
        "data": list(data),
        "barCategoryGap": "12%",
        "itemStyle": {"color": colour},
        "emphasis": {"focus": "series"},
        **more,
    }


def line(name: str, data: Sequence[Any], colour: str, **more: Any) -> dict[str, Any]:
    """Build a series as a line."""
    return {
        "name": name,
        "type": "line",
        "data": list(data),
        "showSymbol": True,
        "symbolSize": 4,
        "lineStyle": {"width": 2},
        "itemStyle": {"color": colour},
        "connectNulls": False,
        **more,
    }


@dataclass(frozen=True, slots=True)
class Marks:
    """What is drawn into a time line by bucket: spans (from, until, name), moments (at, name)."""

    spans: Sequence[tuple[int, int, str]] = ()
    moments: Sequence[tuple[int, str]] = ()

    def on(self, series: Mapping[str, Any]) -> dict[str, Any]:
        """Draw them beside a series."""
        areas = [
            [{"xAxis": first, "name": name}, {"xAxis": last}] for first, last, name in self.spans
        ]
        lines = [{"xAxis": at, "label": {"formatter": name}} for at, name in self.moments]
        look = {"silent": True, "symbol": "none", "animation": False}
        label = {"color": _SOFT, "fontSize": 11, "position": "insideTop"}
        return {
            **series,
            "markArea": {**look, "itemStyle": {"color": _WINDOW}, "label": label, "data": areas},
            "markLine": {**look, "lineStyle": {"color": SILENT}, "label": label, "data": lines},
        }


def place(times: Sequence[datetime], at: datetime) -> int:
    """Give the bucket that a moment lies in, the first or last one for what lies outside."""
    return max(bisect_right(times, at) - 1, 0)


def chart(
    series: Sequence[Mapping[str, Any]],
    times: Sequence[str],
    *,
    axes: Sequence[str] = ("",),
    legend: bool = True,
) -> dict[str, Any]:
    """Build a chart; `axes` are the units of the left axis and, if any, of the right one."""
    y_axes = [
        {
            "type": "value",
            "min": 0,
            "minInterval": 1,
            "name": unit,
            "nameGap": 8,
            "nameTextStyle": {"color": _SOFT, "align": "left" if place else "right"},
            "splitLine": {"show": place == 0, "lineStyle": {"color": _LINE}},
            "axisLabel": {"color": _SOFT},
        }
        for place, unit in enumerate(axes)
    ]
    return {
        "textStyle": {"fontFamily": _FONT, "color": _SOFT},
        "aria": {"enabled": True},
        "animation": False,
        "grid": {
            "left": 44,
            "right": 16 if len(axes) == 1 else 44,
            "top": (36 if legend else 10) + (20 if any(axes) else 0),
            "bottom": 24,
        },
        "legend": {
            "show": legend,
            "top": 0,
            "left": 0,
            "type": "scroll",
            "itemWidth": 12,
            "itemHeight": 8,
            "icon": "roundRect",
            "textStyle": {"color": _SOFT},
        },
        "tooltip": {
            "trigger": "axis",
            "axisPointer": {"type": "shadow"},
            "confine": True,
            "backgroundColor": _PAPER,
            "borderColor": _LINE,
            "textStyle": {"color": _INK, "fontSize": 12},
        },
        "xAxis": {
            "type": "category",
            "data": list(times),
            "axisTick": {"show": False},
            "axisLabel": {"color": _SOFT},
            "axisLine": {"lineStyle": {"color": _LINE}},
        },
        "yAxis": y_axes,
        "series": list(series),
    }


def scatter(name: str, data: Sequence[Any], colour: str, symbol: str) -> dict[str, Any]:
    """Build a series of dots, each of a time (milliseconds) and a value."""
    return {
        "name": name,
        "type": "scatter",
        "data": list(data),
        "symbol": symbol,
        "symbolSize": 8,
        "itemStyle": {"color": colour, "opacity": 0.75},
    }


def lined(series: Mapping[str, Any], at: float, name: str) -> dict[str, Any]:
    """Draw a boundary into a series of dots, at a value."""
    label = {"formatter": name, "color": _INK, "fontSize": 11, "position": "insideEndTop"}
    label |= {"backgroundColor": _PAPER, "padding": 2}
    look = {"silent": True, "symbol": "none", "animation": False, "label": label}
    line = {"color": _INK, "width": 2, "type": "dashed"}
    return {**series, "markLine": {**look, "lineStyle": line, "data": [{"yAxis": at}]}}


def banded(series: Mapping[str, Any], spans: Iterable[tuple[float, float]]) -> dict[str, Any]:
    """Draw what lies within values into a series of dots."""
    areas = [[{"yAxis": first}, {"yAxis": last}] for first, last in spans]
    look = {"silent": True, "animation": False, "itemStyle": {"color": _WINDOW}}
    return {**series, "markArea": {**look, "data": areas}}


def plane(
    series: Sequence[Mapping[str, Any]], value: str, *, powers: bool = False
) -> dict[str, Any]:
    """Build a chart of dots over time; `value` names the axis, `powers`: it counts those of ten.

    Times are taken as UTC, so that who draws says in which zone they are.
    """
    built = chart(series, (), axes=(value,))
    (axis,) = built["yAxis"]
    axis |= {"type": "log", "logBase": 10} if powers else {"type": "value"}
    axis["nameTextStyle"] = {"color": _SOFT, "align": "left"}
    for name in ("min", "minInterval") if powers else ():
        del axis[name]
    grid = {"left": 56, "right": 16, "top": 56, "bottom": 24}
    looks = {"axisLabel": {"color": _SOFT, "hideOverlap": True}, "splitLine": {"show": False}}
    return built | {
        "useUTC": True,
        "grid": grid,
        "legend": {**built["legend"], "icon": None},
        "xAxis": {"type": "time", **looks, "axisLine": {"lineStyle": {"color": _LINE}}},
        "tooltip": {**built["tooltip"], "trigger": "item", "axisPointer": {"type": "none"}},
    }


def draw(title: str) -> ui.echart:
    """Put an empty chart on the page, as SVG."""
    shown = ui.echart({"series": []}, renderer="svg").classes("chart")
    return shown.props(f'role="img" aria-label="{escape(title)}"')


def update(shown: ui.echart, options: dict[str, Any]) -> None:
    """Show other options if they differ; what is no longer there goes away."""
    if shown.options != options:
        shown.options.clear()
        shown.options.update(options)
        shown.update()
