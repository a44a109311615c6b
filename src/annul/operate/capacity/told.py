"""What is told of capacity, as it goes through JSON from who has worked it out to who shows it.

Nothing here computes, so that who only shows or keeps it loads none of what does.
"""

from datetime import date, datetime
from typing import Final

from .measured import Buckets, Frozen, LaneTotal, Measured

_HOUR_S: Final = 3600.0
LATELY: Final = 28  # days by which is judged what is usual


class Cost(Frozen):
    """CPU time: seconds a second without load, seconds per transaction and per statement.

    `error` is half the width in which half of the spans lie, seconds a second.
    """

    fixed: float = 0.0
    transaction: float = 0.0
    statement: float = 0.0
    error: float = 0.0
    spans: int = 0

    def of(self, statements: float) -> float:
        """Give seconds per transaction that takes so many statements, the fixed part left out."""
        return self.transaction + self.statement * statements


class Group(Frozen):
    """How the group commit groups: rows in a statement when it is quiet, and when it is busy.

    `lanes` say how many statements of each kind a transaction took in all.
    """

    quiet: float
    busy: float
    statements_quiet: float  # per transaction
    statements_busy: float


class Growth(Frozen):
    """How the database grows: bytes now, for a transaction; the disk's rest and all, if known."""

    bytes: int
    per_transaction: float
    free: int | None
    total: int | None
    tables: dict[str, int]


class Carried(Frozen):
    """What is measured. CPU of the database is None where it is on another machine.

    `active` is the time that connections were in statements, per transaction, in seconds.
    """

    host: Cost
    database: Cost | None
    active: Cost
    group: Group
    growth: Growth
    connections: int
    allowed: int
    hosts: int
    cores: int
    local: bool
    answers: Buckets
    issuers: Buckets
    lanes: tuple[LaneTotal, ...]
    transactions: int
    busiest_tps: float
    enough: bool


class LanePart(Frozen):
    """One kind of statement: the time that it waits for disk and network, its CPU apart."""

    waits: Buckets


class Parts(Frozen):
    """What the way is made of, in seconds of the time of a processor unless it says otherwise.

    `cores` are shared by all parts; 0: each has a processor of its own. `undoing` is the share of
    transactions that undo another. Parts of no load are shares of a core. `issuer_cpu` and
    `terminals_cpu` are for where issuer and terminals run on the same machine, as in a benchmark;
    `others` are cores that programs take which have nothing to do with it.
    """

    cores: int
    hosts: int
    host_fixed: float
    host_transaction: float
    host_statement: float
    database_fixed: float
    row: float
    statement: float
    undoing: float
    lanes: dict[str, LanePart]
    issuer: Buckets
    issuer_cpu: float = 0.0
    terminals_cpu: float = 0.0
    others: float = 0.0


class Predicted(Frozen):
    """What comes of a load: transactions a second, and milliseconds until there is an answer.

    `rows` are those of a statement. `full`: more came than is carried, so waits grow without end.
    """

    tps: float
    p50_ms: float
    p99_ms: float
    rows: float
    transactions: int
    full: bool = False


class Day(Frozen):
    """The volume of a business day: what is most likely, and between what it lies (80 %)."""

    day: date
    volume: float
    low: float
    high: float
    occasions: tuple[str, ...] = ()


class Shape(Frozen):
    """How a day goes: the share of its busiest hour, and of that hour's mean its busiest second."""

    hour_share: float
    second: float

    def peak_tps(self, volume: float) -> float:
        """Give the mean rate of the busiest hour of a day."""
        return volume * self.hour_share / _HOUR_S

    def second_tps(self, volume: float) -> float:
        """Give what comes in its busiest second."""
        return self.peak_tps(volume) * self.second


class Forecast(Frozen):
    """What comes. `method`: nothing, mean, weekdays, model; `factors` of occasions that were seen.

    `error` is by how much the method was off on the last days, had it been asked before them, as
    the median of relative errors; None when there is too little to try. `announced_to` is the last
    day of which holidays are known.
    """

    method: str
    history: tuple[Day, ...]
    days: tuple[Day, ...]
    shape: Shape
    factors: dict[str, float]
    error: float | None = None
    announced_to: date | None = None

    @property
    def usual(self) -> float:
        """The mean volume of the last weeks."""
        lately = self.history[-LATELY:]
        return sum(day.volume for day in lately) / len(lately) if lately else 0.0


class Advice(Frozen):
    """What a threshold comes to. `now` is the share on the busiest of the last days.

    `volume`: transactions a day from which on it is passed; `due`: the first day on which they are
    expected, `soonest`: on which they may come (one in ten). `beyond`: further than is foretold,
    `due` is by the mean of the last weeks.
    """

    name: str
    limit: float
    now: float | None = None
    volume: float | None = None
    tps: float | None = None
    due: date | None = None
    soonest: date | None = None
    beyond: bool = False


class Level(Frozen):
    """A load, as a share of the most that is carried, and what is predicted for it."""

    share: float
    predicted: Predicted


class Report(Frozen):
    """All of it. `limit` is None as long as too little was measured; `planned` was asked for."""

    at: datetime
    carried: Carried
    forecast: Forecast
    limit: Predicted | None = None
    levels: tuple[Level, ...] = ()
    planned: Predicted | None = None
    advice: tuple[Advice, ...] = ()


class Question(Frozen):
    """What is worked out: from what, and at which planned rate, if any."""

    measured: Measured
    tps: float | None = None


class Plan(Frozen):
    """What else may be asked: how long terminals wait at a planned rate."""

    carried: Carried
    tps: float
