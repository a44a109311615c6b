"""`make bench-reserve`: what is held and what is uncovered, into build/bench-reserve.json.

Shops are replayed day by day, by the rules of the host and by one share for all of them. That share
and for how many days it is held are chosen with hindsight: the cheapest that leave no more of what
comes back uncovered.
"""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from .books import through_database
from .replay import Computed, Outcome, Purse, flat, replay, total
from .shops import Day, shops

_FILE: Final = Path("build/bench-reserve.json")
_HORIZONS: Final = (14, 30, 45, 60, 90)
_WHOLE: Final = 1_000_000
_NEAR: Final = 2_000  # ppm
_FIRST: Final = 60  # days of which nothing is counted
_ALLOWED: Final = 0.001
_LESS: Final = 0.7


def _cheapest(made: Sequence[Sequence[Day]], days: int, most: int) -> dict[str, Any] | None:
    """Find the flat share and its days that hold least and leave no more than so many uncovered."""

    def tried(ppm: int, horizon: int) -> Outcome:
        return total(replay(made, flat(made, ppm, horizon), days, _FIRST))

    best: dict[str, Any] | None = None
    for horizon in _HORIZONS:
        low, high = 0, _WHOLE
        found = tried(high, horizon)
        if found.uncovered > most:
            continue
        while high - low > _NEAR:
            middle = (low + high) // 2
            seen = tried(middle, horizon)
            if seen.uncovered <= most:
                high, found = middle, seen
            else:
                low = middle
        if best is None or found.held < best["held"]:
            best = {"share_ppm": high, "days": horizon} | _said(found)
    return best


def _said(one: Outcome) -> dict[str, Any]:
    return {"late": one.late, "uncovered": one.uncovered, "share": one.share, "held": one.held}


def _classes(names: Sequence[str], purses: Sequence[Purse]) -> dict[str, Any]:
    """Tell each class of shops apart."""
    return {
        name: {"shops": names.count(name)}
        | _said(total([purse for purse, own in zip(purses, names, strict=True) if own == name]))
        for name in sorted(set(names))
    }


def _compared(names: Sequence[str], made: Sequence[Sequence[Day]], days: int) -> dict[str, Any]:
    """Replay shops by their own shares and by a flat one."""
    purses = replay(made, Computed(made), days, _FIRST)
    own = total(purses)
    other = _cheapest(made, days, own.uncovered)
    return {
        "shops": len(made),
        "late": own.late,
        "uncovered_count": own.uncovered,
        "uncovered": own.share,
        "held": own.held,
        "held_flat": None if other is None else other["held"],
        "flat": other,
        "classes": _classes(names, purses),
    }


def main(
    count: Annotated[int, typer.Option("--shops")] = 200,
    days: Annotated[int, typer.Option()] = 360,
    seed: Annotated[int, typer.Option()] = 20,
) -> None:
    """Measure it; amounts are minor units times days."""
    began = time.monotonic()
    names, made = zip(*shops(count, days, seed), strict=True)
    report = {"seed": seed, "days": days} | _compared(names, made, days)
    usual = [place for place, name in enumerate(names) if name != "burst"]
    report["without_bursts"] = _compared(
        [names[place] for place in usual], [made[place] for place in usual], days
    )
    report["database"] = through_database(seed)
    flat_held = report["held_flat"]
    report["holds"] = bool(
        report["uncovered"] <= _ALLOWED and flat_held and report["held"] <= _LESS * flat_held
    )
    report["seconds"] = round(time.monotonic() - began)
    _FILE.parent.mkdir(exist_ok=True)
    _FILE.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    typer.echo(json.dumps(report, indent=2))
    raise typer.Exit(0 if report["holds"] and report["database"]["same"] else 1)


if __name__ == "__main__":
    typer.run(main)
