"""Hours of a stream, summed up as the statement `histories` of the alarms does; day 0 is first."""

from collections.abc import Iterable, Mapping

from annul.domain.alarm_baseline import History
from annul.domain.alarms import MEASURES, Counts


def cell_of(day: int, hour: int) -> tuple[int, bool]:
    """Give the hour of the day and whether the day is one of rest."""
    return hour, day % 7 >= 5


def histories(hours: Iterable[tuple[int, int, Counts]]) -> dict[tuple[int, bool], list[History]]:
    """Sum up a stream's hours as the statement `histories` of the product does, for each cell."""
    sums: list[dict[tuple[int, bool], list[float]]] = [{} for _ in MEASURES]
    for day, hour, counts in hours:
        for at, measure in enumerate(MEASURES):
            total, bad = counts.of(measure)
            if total:
                mine = sums[at].setdefault(cell_of(day, hour), [0.0] * 4)
                for place, value in enumerate((1, total, bad, bad * bad / total)):
                    mine[place] += value
    found: dict[tuple[int, bool], list[History]] = {}
    for cell in [(hour, rest) for hour in range(24) for rest in (False, True)]:
        found[cell] = [_history(cells, cell) for cells in sums]
    return found


def _history(cells: Mapping[tuple[int, bool], list[float]], here: tuple[int, bool]) -> History:
    rows = list(cells.values())
    mine = cells.get(here, [0.0] * 4)
    total, bad = sum(row[1] for row in rows), sum(row[2] for row in rows)
    return History(
        total,
        bad,
        int(sum(row[0] for row in rows)),
        len(rows),
        sum(row[3] - row[2] * row[2] / row[1] for row in rows),
        sum(row[2] * row[2] / row[1] for row in rows) - (bad * bad / total if total else 0.0),
        mine[1],
        mine[2],
        int(mine[0]),
    )
