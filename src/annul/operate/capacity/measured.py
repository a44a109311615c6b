"""What capacity is worked out from, as it is handed to the process that does so."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from annul.issuers.health import BOUNDS_MS
from annul.store.histogram import ANSWERS_S
from annul.store.lane import STATEMENTS_S


class Frozen(BaseModel):
    """What does not change once it is put together, and goes through JSON as it is."""

    model_config = ConfigDict(frozen=True)


class Buckets(Frozen):
    """How many took how long: upper bounds in seconds, the last bucket is open."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self.counts)

    def share(self, share: float) -> float | None:
        """Give the time in seconds within which this share came, evenly within a bucket."""
        left, below = share * self.count, 0.0
        if not self.count:
            return None
        for bound, count in zip((*self.bounds, self.bounds[-1]), self.counts, strict=True):
            if left <= count:
                return below + (bound - below) * (left / count if count else 1.0)
            left, below = left - count, bound
        return below


def answer_buckets(counts: tuple[int, ...] = ()) -> Buckets:
    """Give how long answers to terminals took."""
    return _buckets(ANSWERS_S, counts)


def issuer_buckets(counts: tuple[int, ...] = ()) -> Buckets:
    """Give how long answers of issuers took."""
    return _buckets(tuple(bound / 1000 for bound in BOUNDS_MS), counts)


def statement_buckets(counts: tuple[int, ...] = ()) -> Buckets:
    """Give how long statements of the group commit took."""
    return _buckets(STATEMENTS_S, counts)


def _buckets(bounds: tuple[float, ...], counts: tuple[int, ...]) -> Buckets:
    missing = len(bounds) + 1 - len(counts)
    return Buckets(bounds=bounds, counts=(*counts, *[0] * missing))


class Load(Frozen):
    """What one host process did in a span of time, and the whole database in the same; seconds."""

    node: int
    at: datetime
    seconds: float
    transactions: int
    statements: int
    cpu_s: float
    db_active_s: float
    db_cpu_s: float | None = None
    db_commits: int = 0


class LaneTotal(Frozen):
    """One kind of statement: how many, with how many rows, and how long each took."""

    name: str
    statements: int
    rows: int
    seconds: float
    took: Buckets


class Hour(Frozen):
    """What an hour brought; `peak_second`: the most within one second."""

    hour: datetime
    business_date: date
    transactions: int
    peak_second: int


class Size(Frozen):
    """How large the database was, and how many transactions had been counted by then."""

    at: datetime
    bytes: int
    transactions: int


class HostPlace(Frozen):
    """What a host process has said last of the database; bytes. `local`: it is on its machine."""

    node: int
    at: datetime
    db_connections: int
    db_allowed: int
    db_bytes: int
    db_tables: dict[str, int]
    disk_free: int | None
    disk_total: int | None
    local: bool


class Measured(Frozen):
    """All of it. `today` is the business day that has not ended; `cores` those of this machine."""

    now: datetime
    today: date
    cores: int
    loads: tuple[Load, ...] = ()
    lanes: tuple[LaneTotal, ...] = ()
    answers: Buckets = answer_buckets()
    issuers: Buckets = issuer_buckets()
    places: tuple[HostPlace, ...] = ()
    most_connections: int = 0
    sizes: tuple[Size, ...] = ()
    hours: tuple[Hour, ...] = ()
