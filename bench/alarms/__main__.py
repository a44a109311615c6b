"""`make bench-alarms`: false alarms and delay, beside the field's usual rules, on the same replay.

Writes build/bench-alarms.json. Days are replayed without any trouble, so that each alarm is a false
one; then streams as they stand at the end of a day fall ill.
"""

import json
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from random import Random
from typing import Annotated, Any, Final

import typer

from annul.domain.alarm_streams import Stream
from annul.domain.alarms import MEASURES, Measure
from tests.support.alarm_hours import cell_of

from .learn import HISTORY, LONG, Rules, day_of, rules, usuals
from .replay import Day, Replayed, replayed
from .silences import replayed as quiet_replayed
from .silences import report as quiet_report
from .silences import shops
from .trials import DROP, SILENCE, Found, Trouble, said, tried
from .world import STREAMS, World

_FILE: Final = Path("build/bench-alarms.json")
_DAILY: Final = 250_000.0
_TRIALS: Final = 400
_NIGHTLY: Final = 5.0  # transactions an hour and less are little traffic
_LIKE: Final = (0.04, 0.06)  # share of declines of streams in which approvals drop from 95 %

Hours = dict[Stream, list[Any]]


def main(
    transactions: Annotated[int, typer.Option(help="Replayed without trouble.")] = 10_000_000,
    seed: Annotated[int, typer.Option(help="The same seed, the same traffic.")] = 1,
    workers: Annotated[int, typer.Option(help="Processes.")] = 2,
) -> None:
    """Replay, try, write the report."""
    began = time.monotonic()
    world = World(seed, _DAILY)
    days = max(round(transactions / _DAILY), 1)
    with ProcessPoolExecutor(workers) as pool:
        kept: Hours = {}
        for one in pool.map(partial(day_of, world), range(LONG)):
            for stream, hours in one.items():
                kept.setdefault(stream, []).extend(hours)
        late = {s: [h for h in hours if h[0] >= LONG - HISTORY] for s, hours in kept.items()}
        known = usuals(late, kept)
        thresholds = {stream: rules(hours, LONG) for stream, hours in kept.items()}
        play = partial(replayed, world, known, thresholds)
        results = list(pool.map(play, range(LONG, LONG + days)))
        stop = partial(quiet_replayed, world, days, HISTORY)
        quiet = list(pool.map(stop, shops(world), chunksize=16))
    report = _false(results)
    middle = Day(world, known)
    for hour in list(world.hours(LONG))[9:15]:
        middle.play(hour)
    for name, trouble in (("drop_95_to_70", DROP), ("silence", SILENCE)):
        report[name] = _delays(middle, trouble, late, thresholds, seed)
    report |= {
        "median_to_detect": report["drop_95_to_70"]["overall"]["own"],
        "median_to_detect_silence": report["silence"]["overall"]["own"],
        "hourly_rule_median_to_detect": report["drop_95_to_70"]["overall"]["hourly"],
        "daily_rule_median_to_detect": report["drop_95_to_70"]["overall"]["daily"],
        "traffic_stopped": quiet_report(quiet),
        "seconds": round(time.monotonic() - began, 1),
    }
    _FILE.parent.mkdir(exist_ok=True)
    _FILE.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    typer.echo(json.dumps({k: v for k, v in report.items() if k != "told"}, indent=2))


def _false(results: list[Replayed]) -> dict[str, Any]:
    total = sum(one.transactions for one in results)

    def per_million(name: str) -> float:
        return round(sum(getattr(one, name) for one in results) * 1e6 / total, 3)

    return {
        "streams": STREAMS,
        "transactions": total,
        "days": len(results),
        "repeats": sum(one.repeats for one in results),
        "false_alarms": sum(one.alarms for one in results),
        "false_alarms_per_million": per_million("alarms"),
        "false_incidents_per_million": per_million("incidents"),
        "hourly_rule_false_alarms_per_million": per_million("hourly"),
        "daily_rule_false_alarms_per_million": per_million("daily"),
        "told": [line for one in results for line in one.told],
    }


def _delays(
    middle: Day,
    trouble: Trouble,
    late: Mapping[Stream, list[Any]],
    thresholds: Mapping[Stream, Rules],
    seed: int,
) -> dict[str, Any]:
    """Try streams of every scope and volume; approvals drop where 95 % is the rule."""
    random = Random(f"{seed} {trouble.measure}")
    place = MEASURES.index(trouble.measure)
    standings = [
        one
        for one in middle.standings.values()
        if one.usual
        and (
            trouble.measure is not Measure.APPROVALS
            or _LIKE[0] <= one.usual[place].mean <= _LIKE[1]
        )
    ]
    found: list[Found] = []
    for _ in range(_TRIALS):
        one = random.choice(standings)
        volumes = _volumes(late[one.stream])
        found.append(tried(one, trouble, thresholds[one.stream], volumes, random))
    scopes = sorted({one.stream.scope for one in found})
    return {
        "overall": said(found),
        "little_traffic": said([one for one in found if one.hourly_volume <= _NIGHTLY]),
        **{str(scope): said([f for f in found if f.stream.scope is scope]) for scope in scopes},
    }


def _volumes(hours: list[Any]) -> dict[tuple[int, bool], float]:
    """Give the mean volume of each hour of both kinds of day."""
    sums = dict.fromkeys([(hour, rest) for hour in range(24) for rest in (False, True)], 0.0)
    for day, hour, counts in hours:
        sums[cell_of(day, hour)] += counts.asked
    return {cell: total / (12 if cell[1] else 30) for cell, total in sums.items()}


if __name__ == "__main__":
    typer.run(main)
