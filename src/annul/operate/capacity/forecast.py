"""What volume comes: by business day, with the season of the week and the occasions of the year.

From four weeks on a structural model of the logarithm is fitted (statsmodels): a level that wanders
about a trend, a season of seven days, a factor for each occasion that was seen. An occasion that
was never seen has the factor of the table, and an interval as wide as that is unsure. With less
history than that the mean of the weekdays is told, with less than a week the mean of the days, and
it is said so. Nothing is foretold further than twice as far as was seen.
"""

import warnings
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Final

import numpy as np

from .measured import Hour, Measured
from .occasions import OCCASIONS, announced, of_day
from .told import LATELY, Day, Forecast, Shape

WEEK: Final = 7
_MODEL_DAYS: Final = 28
_TREND_DAYS: Final = 90  # below it what looks like a trend may be the time of the year
_FURTHEST: Final = 365
_LEAST_FURTHEST: Final = 14
_SECOND_SHARE: Final = 0.95  # of hours that have no busier second
_Z80: Final = 1.2815515594
_Z_WIDE: Final = 1.6448536270  # of a mean of few days, whose spread is itself hardly known
_DAY: Final = timedelta(days=1)
_LEAST_SPREAD: Final = 0.05
_HOUR_S: Final = 3600.0


def forecast(measured: Measured) -> Forecast:
    """Tell what comes after the last whole business day."""
    history = whole_days(measured.hours, measured.today)
    shape = _shape(measured.hours, measured.today)
    begun = tuple(_seen(day, volume) for day, volume in history)
    if not history:
        return Forecast(method="nothing", history=begun, days=(), shape=shape, factors={})
    method = _method(len(history))
    furthest = min(max(2 * len(history), _LEAST_FURTHEST), _FURTHEST)
    days, factors = _told(method, history, furthest)
    last = [one.day for one in days if announced(one.day)]
    return Forecast(
        method=method,
        history=begun,
        days=days,
        shape=shape,
        factors=factors,
        error=_tried(history),
        announced_to=last[-1] if last else None,
    )


def whole_days(hours: Sequence[Hour], today: date) -> list[tuple[date, float]]:
    """Give the volume of each business day that is whole: not the first, not one that goes on.

    A day of which nothing is counted had none.
    """
    sums: dict[date, float] = {}
    for hour in hours:
        sums[hour.business_date] = sums.get(hour.business_date, 0.0) + hour.transactions
    found = sorted(day for day in sums if day < today)
    if len(found) < 2:  # the first one may have begun in its middle
        return []
    first = found[0] + _DAY
    count = (today - first).days
    return [(day, sums.get(day, 0.0)) for day in (first + _DAY * place for place in range(count))]


def _method(days: int) -> str:
    if days >= _MODEL_DAYS:
        return "model"
    return "weekdays" if days >= WEEK else "mean"


def _seen(day: date, volume: float) -> Day:
    return Day(day=day, volume=volume, low=volume, high=volume, occasions=of_day(day))


def _told(
    method: str, history: Sequence[tuple[date, float]], count: int
) -> tuple[tuple[Day, ...], dict[str, float]]:
    days = [history[-1][0] + _DAY * place for place in range(1, count + 1)]
    if method == "model":
        return _by_model(history, days)
    return _by_means(history, days, by_weekday=method == "weekdays"), {}


def _by_means(
    history: Sequence[tuple[date, float]], days: Sequence[date], *, by_weekday: bool
) -> tuple[Day, ...]:
    """Take the mean of the same weekdays, or of all days; the spread is that of what was seen."""
    values = np.log1p([volume for _, volume in history])
    keys = [day.isoweekday() if by_weekday else 0 for day, _ in history]
    of_key = {key: values[[one == key for one in keys]].mean() for key in set(keys)}
    left = values - np.asarray([of_key[key] for key in keys])
    free = max(len(values) - len(of_key), 1)
    spread = max(float(np.sqrt((left**2).sum() / free)), _LEAST_SPREAD)
    told: list[Day] = []
    for place, day in enumerate(days, start=1):
        level = of_key.get(day.isoweekday() if by_weekday else 0, values.mean())
        wide = spread * np.sqrt(1 + place / len(values))
        told.append(_day(day, level, wide, _unseen(day, set()), _Z_WIDE))
    return tuple(told)


def _by_model(
    history: Sequence[tuple[date, float]], days: Sequence[date]
) -> tuple[tuple[Day, ...], dict[str, float]]:
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    values = np.log1p([volume for _, volume in history])
    seen = {name for day, _ in history for name in of_day(day)}
    names = [one.name for one in OCCASIONS if one.name in seen]
    trend = "lldtrend" if len(history) >= _TREND_DAYS else "llevel"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of how it converges; what comes of it is tried below
        model = UnobservedComponents(
            values,
            level=trend,  # pyright: ignore[reportArgumentType]  # it takes names too
            seasonal=WEEK,
            stochastic_seasonal=len(history) >= 2 * _TREND_DAYS,
            exog=_columns([day for day, _ in history], names),
        )
        fitted: Any = model.fit(disp=False, maxiter=200)
        ahead = fitted.get_forecast(len(days), exog=_columns(days, names))
    means, spreads = np.asarray(ahead.predicted_mean), np.asarray(ahead.se_mean)
    found = dict(zip(model.param_names, fitted.params, strict=True))
    factors = {
        name: float(np.exp(found[f"beta.x{place}" if len(names) > 1 else "beta.x1"]))
        for place, name in enumerate(names, start=1)
    }
    told = tuple(
        _day(day, float(mean), float(max(spread, _LEAST_SPREAD)), _unseen(day, seen), _Z80)
        for day, mean, spread in zip(days, means, spreads, strict=True)
    )
    return told, factors


def _columns(days: Sequence[date], names: Sequence[str]) -> Any:
    if not names:
        return None
    return np.asarray([[float(name in of_day(day)) for name in names] for day in days])


def _unseen(day: date, seen: set[str]) -> tuple[float, float]:
    """Give the logarithm of the table's factor for what was never seen of a day, and its spread."""
    ones = [one for one in OCCASIONS if one.falls(day) and one.name not in seen]
    return (
        float(sum(np.log(one.usual) for one in ones)),
        float(np.sqrt(sum(one.unsure**2 for one in ones))),
    )


def _day(day: date, level: float, spread: float, unseen: tuple[float, float], z: float) -> Day:
    level += unseen[0]
    wide = z * float(np.hypot(spread, unseen[1]))
    low, volume, high = (max(float(np.expm1(level + off)), 0.0) for off in (-wide, 0.0, wide))
    return Day(day=day, volume=volume, low=low, high=high, occasions=of_day(day))


def _tried(history: Sequence[tuple[date, float]]) -> float | None:
    """Foretell the last week from what was before it, and give the median of relative errors."""
    if len(history) < 2 * WEEK:
        return None
    before, after = history[:-WEEK], history[-WEEK:]
    told, _ = _told(_method(len(before)), before, WEEK)
    errors = [
        abs(day.volume - volume) / max(volume, 1.0)
        for day, (_, volume) in zip(told, after, strict=True)
    ]
    return float(np.median(errors))


def _shape(hours: Sequence[Hour], today: date) -> Shape:
    """See how the last days went; without any, eight even hours, and a second twice as busy."""
    lately = [one for one in hours if today - LATELY * _DAY <= one.business_date < today]
    shares: list[float] = []
    seconds: list[float] = []
    ordered = sorted(lately, key=lambda one: one.business_date)
    for _, of_day_ in groupby(ordered, lambda one: one.business_date):
        ones = list(of_day_)
        whole = sum(one.transactions for one in ones)
        if whole:
            busiest = max(ones, key=lambda one: one.transactions)
            shares.append(busiest.transactions / whole)
            seconds.append(busiest.peak_second / (busiest.transactions / _HOUR_S))
    if not shares:
        return Shape(hour_share=1 / 8, second=2.0)
    return Shape(
        hour_share=float(np.median(shares)),
        second=float(np.quantile(seconds, _SECOND_SHARE)),
    )
