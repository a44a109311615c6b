"""Which boundary explains what an issuer refused: from counts to the one that is likeliest.

Pure. A hypothesis says: behind the boundary nearly all is refused, and the rest as often as it is.
`gain` is by how much it explains the answers better than one rate for all, as a difference of
logarithms; its price is how many of its like were looked at. What is left makes it `sure`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from math import exp, log
from typing import Any, Final, NamedTuple

from annul.domain.learnt import DAY_MINUTES, LearntRule, RuleKind, roundest

Row = Mapping[str, Any]

# Values that a boundary may lie in, in the order of `vals` in `learnt.sql`; then what has none.
FEATURES: Final = (
    RuleKind.AMOUNT,
    RuleKind.COUNT,
    RuleKind.INTERVAL,
    RuleKind.AGE,
    RuleKind.WHOLE,
    RuleKind.HOURS,
    RuleKind.DAY_END,
    RuleKind.NEVER,
)
LEAST: Final = 4  # on either side
REFUSED: Final = 0.97  # share that is refused behind a boundary
OUTAGE: Final = 0.3  # share of other requests that fail: a refusal amid says nothing
PROVEN: Final = 3.0  # of what is left of a gain: 95 % sure
_CARDS: Final = 2  # that are refused, unless the one is approved elsewhere
_NEVER_LEAST: Final = 5
_NEVER_HOURS: Final = 6  # in which nothing was approved, if nobody else speaks for the issuer
_CHANGED: Final = (
    5.0  # so much better a boundary of the newest answers must be to take another's place
)
_COMMON: Final = 0.3  # share that may be refused where there is no rule and nothing to compare with
_BUCKET: Final = 5  # minutes
_BUCKETS: Final = DAY_MINUTES // _BUCKET
_LAST: Final = 3  # so many approved last behind a boundary: it counts no more
_NONE: Final = -1_000_000_000  # no void of the card before
_HYPOTHESES: Final = log(5 * len(FEATURES))  # kinds, and windows
_DAILY_LEAST: Final = 6  # behind them: times of day lie together by chance
_DAILY: Final = log(2 * len(FEATURES))  # of what takes several days fewer windows are looked at


@dataclass(frozen=True, slots=True)
class Boundary:
    """One hypothesis over samples since a moment; `gain` after its price.

    `beyond` and `within` as the samples have them (an interval is negative: refused above).
    """

    prefix: str
    role: str
    kind: RuleKind
    since: datetime
    beyond: int
    within: int | None
    until: int | None
    approved_within: int
    refused_within: int
    approved_beyond: int
    refused_beyond: int
    gain: float
    better: float = 0.0  # than the boundary of the widest window, over the same samples

    @property
    def feature(self) -> int:
        """Its number in `learnt.sql`."""
        return FEATURES.index(self.kind) + 1


class Behind(NamedTuple):
    """What lies behind a boundary: one answer."""

    at: datetime
    ok: bool
    code: str
    day: date
    value: int | None
    card: int | None
    works: bool  # the card was approved elsewhere


# From counts to hypotheses ----------------------------------------------------------------------


def boundaries(rows: Iterable[Row]) -> Iterator[Boundary]:
    """Take the boundaries that were found in values."""
    for row in rows:
        yield Boundary(
            prefix=row["prefix"],
            role=row["role"],
            kind=FEATURES[row["feature"] - 1],
            since=row["since"],
            beyond=row["beyond"],
            within=row["within"],
            until=None,
            approved_within=row["aw"],
            refused_within=row["rw"],
            approved_beyond=row["ab"],
            refused_beyond=row["rb"],
            gain=row["gain"] - log(row["cuts"]) - _HYPOTHESES,
            better=row["gain"] - row["rival"] - log(row["cuts"]),
        )


def never(rows: Sequence[Row]) -> Iterator[Boundary]:
    """Give where all is refused: of a range beside the others, of an issuer by itself.

    What others met at the time tells it from an outage; else it must have lasted for hours.
    """
    wide = {(row["role"], row["since"]): row for row in rows if not row["prefix"]}
    for row in rows:
        refused = row["r"]
        if row["a"] or refused < _NEVER_LEAST:
            continue
        if row["hours"] < _NEVER_HOURS and 2 * row["witnessed"] < refused:
            continue
        common = _COMMON
        if row["prefix"]:
            all_of = wide[row["role"], row["since"]]
            a, r = all_of["a"], all_of["r"] - refused
            common = min(max((r + 0.5) / (a + r + 1), 0.02), 0.9) if a else 0.9
        gain = refused * log(REFUSED / common) - _HYPOTHESES
        yield Boundary(
            row["prefix"], row["role"], RuleKind.NEVER, row["since"], 0, None, None,
            0, 0, 0, refused, gain,
        )  # fmt: skip


def of_day(rows: Iterable[Row]) -> Iterator[Boundary]:
    """Give hours in which all is refused, and ends of a day over which nothing is undone."""
    groups: dict[tuple[str, str, datetime], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["prefix"], row["role"], row["since"]), []).append(row)
    for (prefix, role, since), group in groups.items():
        found = {row["bucket"]: row for row in group}
        for kind, one in (
            (RuleKind.HOURS, _hours(found)),
            (RuleKind.DAY_END, _day_end(found)),
        ):
            if one is not None:
                yield Boundary(prefix, role, kind, since, *one)


_Found = tuple[int, int | None, int | None, int, int, int, int, float]


def _hours(found: Mapping[int, Row]) -> _Found | None:
    """Give the hours that explain most, on the circle of a day."""
    a = [found[at]["a"] if at in found else 0 for at in range(_BUCKETS)]
    r = [found[at]["r"] if at in found else 0 for at in range(_BUCKETS)]
    aa, rr = sum(a), sum(r)
    if min(aa, rr) < LEAST:
        return None
    span, ab, rb = (0, 0), 0, 0
    p = rr / (aa + rr)
    for _ in range(3):  # the rate of the rest depends on what the hours take
        p = min(max(p, 0.01), 0.9)
        weights = [
            x * log(REFUSED / p) + y * log((1 - REFUSED) / (1 - p))
            for x, y in zip(r, a, strict=True)
        ]
        span = _heaviest(weights)
        inside = [at % _BUCKETS for at in range(*span)]
        rb, ab = sum(r[at] for at in inside), sum(a[at] for at in inside)
        rest = aa + rr - rb - ab
        p = (rr - rb + 0.5) / (rest + 1)
    cuts = sum(1 for one in r if one)
    return _weighed(aa, rr, ab, rb, cuts * (cuts + 1) // 2, (span[0] % _BUCKETS) * _BUCKET,
                    (span[1] % _BUCKETS) * _BUCKET)  # fmt: skip


def _heaviest(weights: Sequence[float]) -> tuple[int, int]:
    """Give first and end of the heaviest run on a circle; the end may lie past it."""
    size, best, chosen = len(weights), 0.0, (0, 0)
    total, first = 0.0, 0
    for at in range(2 * size):
        if at - first >= size - 1:  # never the whole circle: go on without its first
            total -= weights[first % size]
            first += 1
        if total <= 0:
            total, first = 0.0, at
        total += weights[at % size]
        if total > best:
            best, chosen = total, (first, at + 1)
    return chosen


def _day_end(found: Mapping[int, Row]) -> _Found | None:
    """Give the time of day that explains most by lying between sale and void."""
    a = r = 0
    if -1 in found:
        a, r = found[-1]["a_sold"], found[-1]["r_sold"]
    aa = sum(row["a_ends"] for row in found.values())
    rr = sum(row["r_ends"] for row in found.values())
    if min(aa, rr) < LEAST:
        return None
    # Between two of these all times of the day say the same of what was refused.
    cuts = sum(1 for row in found.values() if row["r_sold"] or row["r_ends"])
    ends: list[_Found] = []
    for at in range(_BUCKETS):
        # Between `at - 1` and `at`: those sold before are on their way, those that ended are not.
        if at - 1 in found and at:
            before = found[at - 1]
            a += before["a_sold"] - before["a_ends"]
            r += before["r_sold"] - before["r_ends"]
        one = _weighed(aa, rr, a, r, cuts, at * _BUCKET, None)
        ends += () if one is None else (one,)
    # Where many explain the same, the one that somebody would have chosen.
    return max(
        ends, key=lambda one: (round(one[-1], 6), one[0] % 60 == 0, one[0] % 30 == 0), default=None
    )


def _weighed(
    aa: int, rr: int, ab: int, rb: int, cuts: int, beyond: int, until: int | None
) -> _Found | None:
    """Weigh approved and refused, of all and of what lies behind a boundary."""
    aw, rw = aa - ab, rr - rb
    if rb < _DAILY_LEAST or aw < LEAST:
        return None
    gain = (
        _likely(aw, rw, (rw + 0.5) / (aw + rw + 1))
        + _likely(ab, rb, REFUSED)
        - _likely(aa, rr, (rr + 0.5) / (aa + rr + 1))
        - log(max(cuts, 1))
        - _DAILY
    )
    return beyond, None, until, aw, rw, ab, rb, gain


def _likely(a: int, r: int, refused: float) -> float:
    return r * log(refused) + a * log(1 - refused)


# Which of them ----------------------------------------------------------------------------------


def likeliest(found: Iterable[Boundary], ranges: int = 1) -> list[Boundary]:
    """Give what is worth proving, the likeliest first: of each kind one window, range or all.

    `ranges` is among how many a range was found.
    """
    windows: dict[tuple[str, str, RuleKind], list[Boundary]] = {}
    for one in found:
        if one.gain > PROVEN and _mostly_refused(one):
            windows.setdefault((one.prefix, one.role, one.kind), []).append(one)
    chosen = {key: _window(several) for key, several in windows.items()}
    kept: list[Boundary] = []
    for (prefix, role, kind), one in chosen.items():
        general = chosen.get(("", role, kind))
        if prefix:
            paid = replace(one, gain=one.gain - log(ranges))
            if paid.gain <= PROVEN or (general is not None and general.gain >= paid.gain):
                continue
            kept.append(paid)
        else:
            kept.append(one)
    return sorted(kept, key=lambda one: (-one.gain, FEATURES.index(one.kind)))


def _mostly_refused(one: Boundary) -> bool:
    return one.approved_beyond <= 0.2 * one.refused_beyond


def _window(several: Sequence[Boundary]) -> Boundary:
    """Choose among windows: the widest, unless the newest answers contradict its boundary."""
    widest = min(several, key=lambda one: one.since)
    newest = max(several, key=lambda one: one.better)
    return newest if newest.better > _CHANGED else widest


def proven(issuer_id: str, one: Boundary, behind: Sequence[Behind]) -> LearntRule | None:
    """Make a rule of a boundary by what lies behind it, the newest first; None if it does not hold.

    It counts since the moment from which it explains most: approved before is no exception.
    """
    if len(behind) < LEAST or all(one.ok for one in behind[:_LAST]):
        return None
    since = _began(one, behind)
    newer = [sample for sample in behind if sample.at >= since]
    refused = [sample for sample in newer if not sample.ok]
    exceptions = len(newer) - len(refused)
    if len(refused) < LEAST or exceptions > 0.15 * len(refused):
        return None
    cards = {sample.card for sample in refused}
    if len(cards) < _CARDS and None not in cards and not any(one.works for one in refused):
        return None  # it may be the card that is refused
    days = {sample.day for sample in refused}
    if one.kind in {RuleKind.HOURS, RuleKind.DAY_END} and len(days) < 2:
        return None  # an outage, for all that is known
    codes = [sample.code for sample in refused]
    number, until, within, beyond = _limits(one)
    return LearntRule(
        issuer_id=issuer_id,
        prefix=one.prefix,
        role=one.role,
        kind=one.kind,
        number=number,
        until=until,
        within=within,
        beyond=beyond,
        approved_within=one.approved_within,
        refused_within=one.refused_within,
        refused_beyond=len(refused),
        exceptions=exceptions,
        sure=1 / (1 + exp(-min(one.gain, 30.0))),
        code=max(sorted(set(codes)), key=codes.count),
        since=refused[-1].at,
        changed=any(sample.ok for sample in behind if sample.at < since),
    )


def _began(one: Boundary, behind: Sequence[Behind]) -> datetime:
    """Give since when it counts: the end of the time that it explains best."""
    rest = one.approved_within + one.refused_within
    p = min(max((one.refused_within + 0.5) / (rest + 1), 0.02), 0.5)
    total, best, since = 0.0, 0.0, behind[0].at
    for sample in behind:
        total += log((1 - REFUSED) / (1 - p)) if sample.ok else log(REFUSED / p)
        if total > best:
            best, since = total, sample.at
    return since


def _limits(one: Boundary) -> tuple[int, int | None, int | None, int | None]:
    """Give number, until, within and beyond of a rule, as people say them."""
    match one.kind:
        case RuleKind.AMOUNT | RuleKind.COUNT | RuleKind.AGE:
            low = one.beyond - 1 if one.within is None else one.within
            return roundest(one.kind, low, one.beyond - 1), None, one.within, one.beyond
        case RuleKind.INTERVAL:
            refused = -one.beyond
            if one.within is None or one.within == _NONE:
                return refused + 1, None, None, refused
            approved = -one.within
            return roundest(one.kind, refused + 1, approved), None, approved, refused
        case RuleKind.HOURS | RuleKind.DAY_END:
            return one.beyond, one.until, None, None
        case RuleKind.WHOLE | RuleKind.NEVER:
            return 0, None, None, None
