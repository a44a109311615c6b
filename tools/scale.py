"""What so many transactions a second need: cells, hosts, cores, disks. `python -m tools.scale`.

Arithmetic and a small simulation of the waiting; each assumption is a row of `ASSUMED` with its
source. docs/scale.md holds what this prints, and a test holds both together.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, NamedTuple

from annul.domain.cells import MOST

LOADS: Final = (1_000, 10_000, 240_000)  # transactions a second, in the busiest second of the day


class Assumed(NamedTuple):
    """A figure that the rest follows from."""

    value: float
    unit: str
    source: str


_BENCH: Final = "`make bench`, two cores, rounded up"
ASSUMED: Final = {
    "CPU of a host": Assumed(190, "µs a transaction", f"{_BENCH}; seen: 158, 176"),
    "CPU of PostgreSQL": Assumed(130, "µs a transaction", f"{_BENCH}; seen: 117, 129"),
    "write-ahead log": Assumed(5_000, "bytes a transaction", f"{_BENCH}; seen: 4,960, 4,991"),
    "kept rows and indexes": Assumed(2_350, "bytes a transaction", f"{_BENCH}; seen: 2,313, 2,333"),
    "one more in a statement that opens": Assumed(31, "µs", "64 in 2 ms, seen on PostgreSQL 15"),
    "one more in a statement that concludes": Assumed(62, "µs", "64 in 4 ms, seen there too"),
    "flush to disk": Assumed(0.5, "ms", "assumed: measure yours with `pg_test_fsync`"),
    "flush at the standby, and back": Assumed(1.0, "ms", "assumed: another zone of one region"),
    "a message on the wire": Assumed(400, "bytes", "assumed; four of them a transaction"),
    "busiest second over the day's mean": Assumed(4, "", "assumed: look at your own days"),
    "a cell is laid out for": Assumed(10_000, "a second", "chosen: a lost cell stops few"),
    "busy at most": Assumed(0.5, "of a core's time", "chosen: half of all may fail"),
    "cores of a database for all else": Assumed(1, "", "chosen: vacuum, backup, who replicates"),
    "host processes of a cell": Assumed(10, "at most", "the digit in traces and references"),
    "traces of a host in a second": Assumed(99_999 // MOST, "", f"five digits, {MOST} cells"),
}
_DAY_S: Final = 86_400
_YEAR: Final = 365
_DRAWN: Final = 200_000  # transactions that are simulated
_GROUP: Final = 256  # at most in one statement (`store/batcher.py`)


def _of(name: str) -> float:
    return ASSUMED[name].value


@dataclass(frozen=True, slots=True)
class Plan:
    """What a load needs."""

    load: int

    @property
    def cells(self) -> int:
        """So many that none has more than it is laid out for."""
        return math.ceil(self.load / _of("a cell is laid out for"))

    @property
    def per_cell(self) -> float:
        """Transactions a second of one cell."""
        return self.load / self.cells

    @property
    def hosts(self) -> int:
        """Host processes of a cell on two machines: by their time, and by traces with one gone."""
        busy = self.per_cell * _of("CPU of a host") / 1e6 / _of("busy at most")
        traces = 2 * self.per_cell / _of("traces of a host in a second")
        return 2 * max(1, math.ceil(max(busy, traces) / 2))

    @property
    def per_host(self) -> float:
        """Transactions a second of one host process."""
        return self.per_cell / self.hosts

    @property
    def database_cores(self) -> int:
        """Cores of each of the two servers of a cell."""
        busy = self.per_cell * _of("CPU of PostgreSQL") / 1e6 / _of("busy at most")
        return math.ceil(busy + _of("cores of a database for all else"))

    @property
    def commits(self) -> float:
        """Commits a second of a cell: each kind of statement of a host has one under way."""
        commit = _of("flush to disk") + _of("flush at the standby, and back")
        half = self.per_host / 2  # sale and void in turn
        per_host = sum(
            (1 - rate * _of(f"one more in a statement that {name}") / 1e6) / commit * 1e3
            for name, rate in (("opens", half), ("opens", half), ("concludes", self.per_host))
        )
        asked = (half, half, self.per_host)  # no more commits than transactions
        return self.hosts * min(per_host, sum(asked))

    @property
    def flushes(self) -> float:
        """Flushes a second: PostgreSQL puts commits together that wait for the disk."""
        return min(self.commits, 1e3 / _of("flush to disk"))

    @property
    def day(self) -> float:
        """Transactions of a cell in a day."""
        return self.per_cell * _DAY_S / _of("busiest second over the day's mean")

    def network(self) -> float:
        """Give Mbit a second that a cell's terminals and issuers need, and its standby."""
        messages = 4 * _of("a message on the wire")
        return self.per_cell * (messages + _of("write-ahead log")) * 8 / 1e6


def _waits(load: float, random: Random) -> Iterator[float]:
    """Give seconds from arrival to end at one server that serves in turn (Lindley's recursion)."""
    mean, wait = _of("CPU of a host") / 1e6, 0.0
    for _ in range(_DRAWN):
        served = random.expovariate(1 / mean)
        yield wait + served
        wait = max(0.0, wait + served - random.expovariate(load))


def _grouped(load: float, statement: str, random: Random) -> Iterator[float]:
    """Give seconds from arrival to commit where all that waits goes into the next statement."""
    commit = (_of("flush to disk") + _of("flush at the standby, and back")) / 1e3
    more = _of(f"one more in a statement that {statement}") / 1e6
    free, drawn, arrives = 0.0, 0, random.expovariate(load)
    while drawn < _DRAWN:
        begins, group = max(free, arrives), list[float]()
        while arrives <= begins and len(group) < _GROUP:
            group.append(arrives)
            arrives += random.expovariate(load)
        free = begins + commit + more * len(group)
        drawn += len(group)
        yield from (free - each for each in group)


def waiting(load: float) -> tuple[float, float]:
    """Simulate a host with so many a second; gives mean and 99th percentile in milliseconds.

    A transaction waits for the host's time, is written before it is sent, and concluded after its
    answer. What the issuer takes is not in it, and PostgreSQL has cores to spare.
    """
    random = Random(8583)  # noqa: S311 - a simulation
    ways = zip(
        _waits(load, random),
        _grouped(load / 2, "opens", random),
        _grouped(load, "concludes", random),
        strict=False,
    )
    took = sorted(sum(way) * 1e3 for way in ways)
    return sum(took) / len(took), took[len(took) * 99 // 100]


def _bytes(value: float) -> str:
    """Write an amount of bytes with its unit, two digits that count."""
    power = min(int(math.log10(value) // 3), 5)
    scaled = value / 1_000**power
    return f"{scaled:,.{0 if scaled >= 10 else 1}f} {('B', 'kB', 'MB', 'GB', 'TB', 'PB')[power]}"


def _shares(both: tuple[float, float]) -> str:
    return "{:.0%}, {:.0%}".format(*both)


def _waited(of: float) -> str:
    return "{:.1f}, {:.1f} ms".format(*waiting(of))


def _busy(one: Plan) -> tuple[float, float]:
    """Give the share of a host's time that it works, and with half of them gone."""
    usual = one.per_host * _of("CPU of a host") / 1e6
    return usual, 2 * usual


def _traces(one: Plan) -> tuple[float, float]:
    """Give the share of its traces that a host uses up in a second, and with half of them gone."""
    usual = one.per_host / _of("traces of a host in a second")
    return usual, 2 * usual


def _written(one: Plan) -> tuple[float, float]:
    """Give bytes that a cell's database logs in a second of the busiest, and in a day."""
    log = _of("write-ahead log")
    return one.per_cell * log, one.day * log


def _kept(one: Plan) -> tuple[float, float]:
    """Give bytes by which a cell's database grows in a day, and in a year."""
    kept = one.day * _of("kept rows and indexes")
    return kept, kept * _YEAR


def _cores(one: Plan) -> tuple[int, int]:
    """Give cores of all hosts and of all databases."""
    return one.cells * one.hosts, 2 * one.cells * one.database_cores


_SHOWN: Final[Sequence[tuple[str, Callable[[Plan], str]]]] = (
    ("cells", lambda one: f"{one.cells}"),
    ("transactions a second of a cell", lambda one: f"{one.per_cell:,.0f}"),
    ("**of a cell:** host processes, on two machines", lambda one: f"{one.hosts}"),
    ("host busy; with half of them gone", lambda one: _shares(_busy(one))),
    ("traces of a host used in a second; likewise", lambda one: _shares(_traces(one))),
    ("cores of each of two database servers", lambda one: f"{one.database_cores}"),
    ("commits a second", lambda one: f"{one.commits:,.0f}"),
    ("flushes of the disk a second", lambda one: f"{one.flushes:,.0f}"),
    ("log written a second, a day", lambda one: ", ".join(map(_bytes, _written(one)))),
    ("rows kept of a day, of a year", lambda one: ", ".join(map(_bytes, _kept(one)))),
    ("network", lambda one: f"{one.network():,.0f} Mbit/s"),
    ("in host and database: mean, 99 of 100", lambda one: _waited(one.per_host)),
    ("the same with half of the hosts gone", lambda one: _waited(2 * one.per_host)),
    ("merchants that a lost cell stops", lambda one: f"{1 / one.cells:.0%}"),
    ("**in all:** host processes", lambda one: f"{one.cells * one.hosts}"),
    ("machines for hosts, for databases", lambda one: f"{2 * one.cells}, {2 * one.cells}"),
    ("cores for hosts, for databases", lambda one: "{}, {}".format(*_cores(one))),
    ("kept of a year, on both servers", lambda one: _bytes(2 * one.cells * _kept(one)[1])),
)


def assumptions() -> str:
    """Give the table of what is assumed, in Markdown."""
    lines = ["| | | where it comes from |", "|---|---|---|"]
    for name, one in ASSUMED.items():
        lines.append(f"| {name} | {one.value:,g} {one.unit}".rstrip() + f" | {one.source} |")
    return "\n".join(lines)


def needs() -> str:
    """Give the table of what each load needs, in Markdown."""
    plans = [Plan(load) for load in LOADS]
    lines = [
        "| transactions a second | " + " | ".join(f"{load:,}" for load in LOADS) + " |",
        "|---|" + "--:|" * len(LOADS),
    ]
    for name, shown in _SHOWN:
        lines.append(f"| {name} | " + " | ".join(map(shown, plans)) + " |")
    return "\n".join(lines)


def main() -> None:
    """Print both tables."""
    print(assumptions(), needs(), sep="\n\n")


if __name__ == "__main__":
    main()
