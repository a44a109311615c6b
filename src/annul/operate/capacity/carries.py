"""What an installation carries: what one transaction costs, fitted over what was measured.

A cost has a part that is there without any load, one per transaction and one per statement: since
the group commit puts more rows into a statement the more there are, a transaction is cheaper under
load. No part is negative (non-negative least squares). Where all batches were alike the parts can
not be told apart: then it is the transaction that costs, which promises less. Spans that lie far
off, as those in which a report was written, count less (Huber's weights).
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

import numpy as np
from scipy.optimize import nnls

from .measured import Buckets, LaneTotal, Load, Measured, statement_buckets
from .queue import ISSUER, PLAIN_WAY, UNDOING_WAY
from .told import Carried, Cost, Group, Growth, LanePart, Parts

_ROUNDS: Final = 20
_HUBER: Final = 1.345  # 95 % as good as least squares where errors are normal
_TO_SIGMA: Final = 1.4826  # of the median of absolute errors
_ALIKE: Final = 0.01  # relative spread of statements per transaction that tells nothing
_TINY: Final = 1e-9
_LEAST_LOADS: Final = 12  # spans; an hour
_DAY_S: Final = 86_400.0


def carried(measured: Measured) -> Carried:
    """Work out what is measured."""
    loads, places = measured.loads, measured.places
    whole = _together(loads)
    host = fit(
        [(one.seconds, one.transactions, one.statements) for one in loads],
        [one.cpu_s for one in loads],
    )
    known = [one for one in whole if one.db_cpu_s is not None]
    last = max(places, key=lambda one: one.at, default=None)
    local = bool(places) and all(one.local for one in places)
    return Carried(
        host=host,
        database=_of_database(known, [one.db_cpu_s or 0.0 for one in known]) if local else None,
        active=_of_database(whole, [one.db_active_s for one in whole]),
        group=_group(whole, measured.lanes),
        growth=Growth(
            bytes=last.db_bytes if last else 0,
            per_transaction=_bytes_per_transaction(measured),
            free=last.disk_free if last else None,
            total=last.disk_total if last else None,
            tables=last.db_tables if last else {},
        ),
        connections=measured.most_connections,
        allowed=last.db_allowed if last else 0,
        hosts=len(places),
        cores=measured.cores,
        local=local,
        answers=measured.answers,
        issuers=measured.issuers,
        lanes=measured.lanes,
        transactions=sum(one.transactions for one in loads),
        busiest_tps=max((one.transactions / one.seconds for one in whole), default=0.0),
        enough=len(loads) >= _LEAST_LOADS and host.transaction + host.statement > 0,
    )


def fit(loads: Sequence[tuple[float, int, int]], used: Sequence[float]) -> Cost:
    """Fit a cost to spans of (seconds, transactions, statements) and the CPU seconds of each."""
    if not loads:
        return Cost()
    spans, target = np.asarray(loads, dtype=float), np.asarray(used, dtype=float)
    seconds = np.maximum(spans[:, 0], _TINY)
    rates, wanted = spans / seconds[:, None], target / seconds
    scale = np.maximum(rates.max(axis=0), _TINY)
    weights, spread, parts = np.ones(len(wanted)), 0.0, np.zeros(3)
    # What has to be shown for a part to be the statement's.
    doubt = np.asarray([[0.0, 0.0, _ALIKE * np.sqrt((rates[:, 2] ** 2).sum()) / scale[2]]])
    for _ in range(_ROUNDS):
        root = np.sqrt(weights)
        given = np.vstack((rates / scale * root[:, None], doubt))
        parts, _ = nnls(given, np.append(wanted * root, 0.0))
        errors = np.abs(wanted - rates / scale @ parts)
        spread = float(np.median(errors))
        limit = max(_HUBER * _TO_SIGMA * spread, _TINY)
        weights = np.minimum(1.0, limit / np.maximum(errors, _TINY))
    fixed, transaction, statement = (float(part) for part in parts / scale)
    return Cost(
        fixed=fixed,
        transaction=transaction,
        statement=statement,
        error=spread,
        spans=len(wanted),
    )


def _together(loads: Sequence[Load]) -> list[Load]:
    """See all host processes of a span as one; each has measured the same database."""
    found: list[Load] = []
    for at, of_span in groupby(sorted(loads, key=lambda one: one.at), lambda one: one.at):
        ones = list(of_span)
        longest = max(ones, key=lambda one: one.seconds)
        found.append(
            longest.model_copy(
                update={
                    "at": at,
                    "transactions": sum(
                        round(one.transactions * longest.seconds / one.seconds) for one in ones
                    ),
                    "statements": sum(
                        round(one.statements * longest.seconds / one.seconds) for one in ones
                    ),
                }
            )
        )
    return found


def _of_database(loads: Sequence[Load], used: Sequence[float]) -> Cost:
    return fit([(one.seconds, one.transactions, one.statements) for one in loads], used)


def _group(loads: Sequence[Load], lanes: Sequence[LaneTotal]) -> Group:
    """Compare the quiet quarter of what was measured with the busy one."""
    busy = sorted((one for one in loads if one.statements), key=_tps)
    rows = sum(lane.rows for lane in lanes) / max(_opened(lanes), 1)  # per transaction
    if not busy:
        return Group(quiet=1.0, busy=1.0, statements_quiet=rows, statements_busy=rows)
    part = max(len(busy) // 4, 1)
    quiet_ones, busy_ones = _statements(busy[:part]), _statements(busy[-part:])
    return Group(
        quiet=rows / quiet_ones if quiet_ones else 1.0,
        busy=rows / busy_ones if busy_ones else 1.0,
        statements_quiet=quiet_ones,
        statements_busy=busy_ones,
    )


def _tps(load: Load) -> float:
    return load.transactions / load.seconds


def _statements(loads: Sequence[Load]) -> float:
    transactions = sum(one.transactions for one in loads)
    return sum(one.statements for one in loads) / transactions if transactions else 0.0


def _opened(lanes: Sequence[LaneTotal]) -> int:
    return sum(lane.rows for lane in lanes if lane.name in {"open", "open_undo"})


def _bytes_per_transaction(measured: Measured) -> float:
    """Give what a transaction leaves: by the growth since the first size that is known.

    Within the first day, when growth is mostly of tables that are new, by all there is.
    """
    sizes = measured.sizes
    counted = sum(hour.transactions for hour in measured.hours)
    if not sizes or not counted:
        return 0.0
    first, last = sizes[0], sizes[-1]
    came = last.transactions - first.transactions
    if (last.at - first.at).total_seconds() < _DAY_S or came <= 0:
        return last.bytes / counted
    return max((last.bytes - first.bytes) / came, 0.0)


def shares(carried: Carried) -> dict[str, float]:
    """Give rows of each kind of statement for a transaction, as it was measured."""
    opened = max(_opened(carried.lanes), 1)
    return {lane.name: lane.rows / opened for lane in carried.lanes}


def _shifted(buckets: Buckets, by: float) -> Buckets:
    """Take a part that is told apart away from what was measured as a whole."""
    bounds = tuple(max(bound - by, 0.0) for bound in buckets.bounds)
    return buckets.model_copy(update={"bounds": bounds})


def parts_of(carried: Carried) -> Parts:
    """Put the way of a transaction together from what was measured.

    CPU of the database that is not known, as it is on another machine, is the time in statements.
    """
    cost = carried.database if carried.database is not None else carried.active
    rows, steps = shares(carried), {*PLAIN_WAY, *UNDOING_WAY} - {ISSUER}
    row = cost.transaction / max(sum(rows.values()), 1.0)
    lanes = {lane.name: lane for lane in carried.lanes}
    waits = {
        name: _shifted(lane.took, cost.statement + row * lane.rows / max(lane.statements, 1))
        for name, lane in lanes.items()
    }
    # Of a kind that never ran nothing was measured: it waits as what opens does.
    usual = waits.get("open", statement_buckets())
    return Parts(
        cores=carried.cores if carried.local else 0,
        hosts=max(carried.hosts, 1),
        host_fixed=carried.host.fixed,
        host_transaction=carried.host.transaction,
        host_statement=carried.host.statement,
        database_fixed=cost.fixed if carried.database is not None else 0.0,
        row=row,
        statement=cost.statement,
        undoing=min(rows.get("open_undo", 0.0), 1.0),
        lanes={
            name: LanePart(waits=waits[name] if name in waits and lanes[name].statements else usual)
            for name in steps
        },
        issuer=carried.issuers,
    )
