"""What was said, by whom to whom and when, as a sequence chart.

Pure: an SVG or text. The page of a case draws a real void, the simulation one of a story.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from .markup import Html, tag

_LEFT, _WIDTH, _ROW, _TOP = 120, 215, 26, 44  # of the picture, in its units
_COLUMN: Final = 26  # characters between two lanes of the text


@dataclass(frozen=True, slots=True)
class Arrow:
    """One line: who said what to whom; what happens to one alone has `source` as its `target`."""

    at: str
    source: str
    target: str
    label: str


def svg(title: str, lanes: Mapping[str, str], arrows: Sequence[Arrow]) -> Html:
    """Draw it; `lanes` are what each is called, from left to right by key."""
    order = list(lanes)
    height = _TOP + _ROW * (len(arrows) + 1)
    width = _LEFT + _WIDTH * (len(order) - 1) + 150
    at = {lane: _LEFT + _WIDTH * place for place, lane in enumerate(order)}
    heads = [
        tag(
            "g",
            tag("text", lanes[lane], x=x, y=22, text_anchor="middle", font_weight="bold"),
            tag("path", d=f"M{x} 32V{height}", stroke="currentColor", opacity="0.25"),
        )
        for lane, x in at.items()
    ]
    rows = [
        _drawn(arrow, at[arrow.source], at[arrow.target], _TOP + _ROW * row + 18)
        for row, arrow in enumerate(arrows)
    ]
    return tag(
        "svg",
        tag("title", title),
        *heads,
        *rows,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {height}",
        role="img",
        style=f"width: {width}px; height: {height}px",
        font_family="sans-serif",
        font_size=12,
        fill="currentColor",
        cls="sequence",
    )


def _drawn(arrow: Arrow, x1: int, x2: int, y: int) -> Html:
    time = tag("text", arrow.at, x=4, y=y, opacity="0.7")
    if x1 == x2:
        dot = tag("circle", cx=x1, cy=y - 4, r=4, fill="#c0392b")
        return tag("g", time, dot, tag("text", arrow.label, x=x1 + 9, y=y))
    back = 7 if x2 > x1 else -7
    return tag(
        "g",
        time,
        tag("path", d=f"M{x1} {y}H{x2}", stroke="currentColor"),
        tag("path", d=f"M{x2} {y}l{-back} -4v8z"),
        tag("text", arrow.label, x=(x1 + x2) // 2, y=y - 4, text_anchor="middle"),
    )


def text(title: str, lanes: Mapping[str, str], arrows: Sequence[Arrow]) -> str:
    """Draw it in characters."""
    order = list(lanes)
    lines = [title, " " * 12 + "".join(f"{name:<{_COLUMN}}" for name in lanes.values())]
    for arrow in arrows:
        left, right = sorted((order.index(arrow.source), order.index(arrow.target)))
        pad = f"{arrow.at:>10}  " + " " * (_COLUMN * left)
        if left == right:
            lines.append(f"{pad}* {arrow.label}")
            continue
        length = _COLUMN * (right - left) - 3
        body = f" {arrow.label[: length - 4]} ".center(length, "-")
        lines.append(f"{pad}|{body}>" if arrow.source == order[left] else f"{pad}<{body}|")
    return "\n".join(lines)
