"""How runs of drills and their scores are said, on both pages."""

from collections.abc import Mapping, Sequence
from typing import Any

from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, join, link, number, table

Row = Mapping[str, Any]
_GOOD, _FAIR = 75, 50


def total(view: View, row: Row) -> Html:
    """Say what a run is worth."""
    points = row["total"]
    if points is None:
        return badge(view.words("not scored"))
    tone = "good" if points >= _GOOD else "warn" if points >= _FAIR else "bad"
    return badge(f"{points:g}", tone)


def playbooks(names: Sequence[str]) -> Html | str:
    """Lead to playbooks."""
    parts: list[object] = []
    for name in names:
        parts += [" ", link(name, f"/playbooks/{name}", cls="mono")]
    return join(parts[1:]) or "–"


def runs(view: View, rows: Sequence[Row], empty: str) -> Html:
    """Show runs side by side: total, annul alone, then each part."""
    words = view.words
    parts = next((row["parts"] for row in rows if row["parts"]), [])
    heads = [words(one) for one in ("Run", "Drill", "Team", "Began", "Score", "annul alone")]
    heads += [f"{words.of(part['text'])} / {part['of']:g}" for part in parts]
    drawn = [
        (
            link(row["number"], f"/drills/{row['number']}", cls="mono"),
            row["drill"],
            row["team"] or row["started_by"] or "–",
            view.at(row["began"]),
            total(view, row),
            "–" if row["total_alone"] is None else number(f"{row['total_alone']:g}"),
            *_points(row, len(parts)),
        )
        for row in rows
    ]
    return table(heads, drawn, empty=empty)


def _points(row: Row, many: int) -> list[object]:
    if not row["parts"]:
        return ["–"] * many
    return [number(f"{part['points']:g}") for part in row["parts"]]
