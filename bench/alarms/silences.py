"""Streams that fall quiet: false alarms of `traffic_stopped` on honest days, and how soon it tells.

Each stream has its hours of trade, days that differ in volume, days off and early closings that
nobody has announced. The product's own rhythm and test are what is measured; beside them stands the
usual rule, that an hour has fewer than its mean less two deviations. Requests that are expected
count as transactions, as of these streams nothing else does.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from math import exp
from random import Random
from statistics import fmean, median, pstdev
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from annul.domain.alarm_streams import EVERYTHING, Scope, Stream
from annul.domain.alarm_traffic import SCOPES, Rhythm, Silence, bar
from annul.operate.alarms.traffic import rhythms

from .world import World

_ZONE: Final = ZoneInfo("Asia/Shanghai")
_FIRST: Final = datetime(2026, 1, 5, tzinfo=_ZONE)  # a Monday
_HOUR: Final = timedelta(hours=1)
_PER_MILLION: Final = 1.0
_DAYS_OFF: Final = 1 / 30  # of merchants, announced to nobody
_EARLY: Final = 1 / 40  # days on which a merchant closes some hours before
# Standard deviations of logarithms of volumes.
_DAY: Final = {Scope.ALL: 0.1, Scope.ISSUER: 0.15, Scope.RANGE: 0.2, Scope.MERCHANT: 0.3}
_HOURLY: Final = 0.1
_NEVER: Final = float("inf")
_LONGEST: Final = timedelta(days=14)


class Shop(NamedTuple):
    """A stream and its share of all traffic; `opens` and `shuts` are hours of the day."""

    stream: Stream
    part: float
    opens: int = 0
    shuts: int = 24


class Quiet(NamedTuple):
    """What replaying a stream came to."""

    scope: Scope
    requests: int
    alarms: int
    hourly: int
    found: list[tuple[float, float, float]]  # requests missing, minutes, minutes by the rule


def shops(world: World) -> list[Shop]:
    """Name the streams that are judged."""
    random = Random(f"{world.seed} shops")
    found = [Shop(EVERYTHING, 1.0)]
    parts: dict[Stream, float] = {}
    for cell, part in zip(world.cells, world.cell_parts, strict=True):
        of_range = Stream(Scope.RANGE, f"{cell.issuer_id} {cell.card_range}")
        for stream in (Stream(Scope.ISSUER, cell.issuer_id), of_range):
            parts[stream] = parts.get(stream, 0.0) + part
    found += [Shop(stream, part) for stream, part in parts.items()]
    for merchant, part in zip(world.merchants, world.merchant_parts, strict=True):
        opens = random.randrange(6, 12)
        stream = Stream(Scope.MERCHANT, merchant)
        found.append(Shop(stream, part, opens, random.randrange(opens + 6, 25)))
    return found


def replayed(world: World, days: int, learnt: int, shop: Shop) -> Quiet:
    """Learn a stream's rhythm, replay honest days, then let it fall quiet now and then."""
    random = Random(f"{world.seed} {shop.stream} quiet")
    volumes = [[hour.volume * shop.part for hour in world.hours(day)] for day in range(learnt)]
    counts = [[len(at) for at in _requests(shop, day, random)] for day in volumes]
    known = _rhythm(shop, counts)
    thresholds = _thresholds(counts)
    quiet = Quiet(shop.stream.scope, 0, 0, 0, [])
    seen, was = _FIRST + timedelta(days=learnt), False
    for day in range(learnt, learnt + days):
        began = _FIRST + timedelta(days=day)
        means = [hour.volume * shop.part for hour in world.hours(day)]
        for hour, at in enumerate(_requests(shop, means, random)):
            low = len(at) < thresholds[hour, began.isoweekday() > 5]
            alarms, seen = _gaps(shop, known, seen, began + hour * _HOUR, at)
            quiet = quiet._replace(
                requests=quiet.requests + len(at),
                alarms=quiet.alarms + alarms,
                hourly=quiet.hourly + (low and not was),
            )
            was = low
    quiet.found.extend(_tried(shop, known, thresholds, counts, random))
    return quiet


def _requests(shop: Shop, volumes: list[float], random: Random) -> Iterator[list[float]]:
    """Give when requests come in each hour of a day, in seconds of the hour."""
    busy = exp(random.gauss(0, _DAY[shop.stream.scope]))
    shuts = shop.shuts
    if shop.stream.scope is Scope.MERCHANT:
        if random.random() < _DAYS_OFF:
            shuts = 0
        elif random.random() < _EARLY:
            shuts -= random.randrange(1, 5)
    for hour, volume in enumerate(volumes):
        if not shop.opens <= hour < shuts:
            yield []
            continue
        rate = volume * busy * exp(random.gauss(0, _HOURLY)) / 3600
        found: list[float] = []
        at = random.expovariate(rate)
        while at < 3600:
            found.append(at)
            at += random.expovariate(rate)
        yield found


def _rhythm(shop: Shop, counts: list[list[int]]) -> Rhythm:
    """Learn as the product does, from the rows that its statements would give."""
    cells: dict[tuple[bool, int], list[int]] = {}
    days = {rest: [0, 0] for rest in (False, True)}
    for day, hours in enumerate(counts):
        rest = day % 7 >= 5
        if day:
            days[rest][0] += 1
            days[rest][1] += not any(hours)
            for hour, count in enumerate(hours):
                if count:
                    cells.setdefault((rest, hour), []).append(count)
    named = {"scope": str(shop.stream.scope), "member": shop.stream.member}
    return rhythms(
        [
            named
            | {"rest": rest, "o": hour, "heard": len(mine), "unusual": 0}
            | {"total": float(sum(mine)), "squares": float(sum(n * n for n in mine))}
            for (rest, hour), mine in cells.items()
        ],
        [named | {"rest": rest, "days": n, "empty": empty} for rest, (n, empty) in days.items()],
    ).get(shop.stream, Rhythm())


def _thresholds(counts: list[list[int]]) -> dict[tuple[int, bool], float]:
    found: dict[tuple[int, bool], float] = {}
    for rest in (False, True):
        days = [hours for day, hours in enumerate(counts) if (day % 7 >= 5) is rest]
        for hour in range(24):
            mine = [hours[hour] for hours in days]
            found[hour, rest] = fmean(mine) - 2 * pstdev(mine)
    return found


def _gaps(
    shop: Shop, known: Rhythm, seen: datetime, began: datetime, at: list[float]
) -> tuple[int, datetime]:
    """Count the silences of an hour that would have raised an alarm; and give the last request."""
    alarms, wanted = 0, bar(shop.stream.scope, _PER_MILLION)
    least = timedelta(hours=wanted / max(*known.rates, 1e-9))  # no shorter one is enough
    for seconds in at:
        now = began + timedelta(seconds=seconds)
        if now - seen > least:
            alarms += _silence(shop, known, seen).missing(now) >= wanted
        seen = now
    return alarms, seen


def _silence(shop: Shop, known: Rhythm, seen: datetime) -> Silence:
    return Silence(shop.stream.scope, known, seen, _FIRST, _never)


def _never(_: date) -> bool:
    return False


def _tried(
    shop: Shop,
    known: Rhythm,
    thresholds: dict[tuple[int, bool], float],
    counts: list[list[int]],
    random: Random,
) -> Iterator[tuple[float, float, float]]:
    """Fall quiet at a moment of trade; what is never told has infinite minutes."""
    means = [[fmean(d[h] for i, d in enumerate(counts) if (i % 7 >= 5) is r) for h in range(24)]
             for r in (False, True)]  # fmt: skip
    if sum(means[0]) < 1:
        return
    hour = random.choices(range(24), means[0])[0]
    seen = _FIRST + timedelta(days=len(counts), hours=hour, seconds=random.uniform(0, 3600))
    until = seen + _LONGEST
    wanted = bar(shop.stream.scope, _PER_MILLION)
    told = _silence(shop, known, seen).reaches(wanted, until)
    missing, at, rule = 0.0, seen, _NEVER
    while at < told:
        end = min((at + _HOUR).replace(minute=0, second=0, microsecond=0), told)
        missing += (end - at) / _HOUR * means[at.isoweekday() > 5][at.hour]
        at = end
    at = seen.replace(minute=0, second=0, microsecond=0)
    while rule == _NEVER and at < until:
        rest = at.isoweekday() > 5
        part = (seen - at) / _HOUR if at < seen else 0.0  # of its first hour some came
        if means[rest][at.hour] * part < thresholds[at.hour, rest]:
            rule = (at + _HOUR - seen).total_seconds() / 60
        at += _HOUR
    minutes = (told - seen).total_seconds() / 60 if told < until else _NEVER
    yield missing, minutes, rule


def report(results: list[Quiet]) -> dict[str, Any]:
    """Sum up by scope; false alarms are told for each million of all transactions."""
    transactions = sum(one.requests for one in results if one.scope is Scope.ALL)
    judged = [one for one in results if one.scope in SCOPES]
    false = sum(one.alarms for one in judged)
    return {
        "streams": len(judged),
        "transactions": transactions,
        "false_alarms": false,
        "false_alarms_per_million": round(false * 1e6 / transactions, 3),
        **{
            str(scope): _of_scope([one for one in results if one.scope is scope], transactions)
            for scope in _DAY
        },
    }


def _of_scope(results: list[Quiet], transactions: int) -> dict[str, Any]:
    found = [row for one in results for row in one.found]
    by_rule = sum(one.hourly for one in results)
    return {
        "streams": len(results),
        "false_alarms": sum(one.alarms for one in results),
        "hourly_rule_false_alarms_per_million": round(by_rule * 1e6 / transactions, 3),
        "trials": len(found),
        "not_found": sum(row[1] == _NEVER for row in found),
        "hourly_rule_not_found": sum(row[2] == _NEVER for row in found),
        "median_requests_missing": round(median(row[0] for row in found), 1),
        "median_minutes": _said(median(row[1] for row in found)),
        "hourly_rule_median_minutes": _said(median(row[2] for row in found)),
    }


def _said(minutes: float) -> float | None:
    return None if minutes == _NEVER else round(minutes, 1)
