"""Spans of a day with costs that are known, as hosts measure them."""

from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from annul.operate.capacity.measured import (
    HostPlace,
    LaneTotal,
    Load,
    Measured,
    statement_buckets,
)
from annul.operate.capacity.told import Cost

NOW: Final = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
SPAN_S: Final = 300.0
HOST: Final = Cost(fixed=0.02, transaction=0.0008, statement=0.0003)
DATABASE: Final = Cost(fixed=0.01, transaction=0.0004, statement=0.0009)


def spans(count: int = 200, nodes: int = 1, noise: float = 0.01) -> list[Load]:
    """Give spans of a day whose load goes up and down; batches grow with it."""
    chance = np.random.default_rng(7)
    found: list[Load] = []
    for place in range(count):
        tps = 5 + 200 * (1 + np.sin(place / 20)) / 2
        transactions = int(tps * SPAN_S)
        statements = int(transactions * 2.5 / (1 + tps / 100))
        for node in range(nodes):
            share = 1 / nodes
            used = [
                (cost.fixed * SPAN_S)
                + (cost.transaction * transactions + cost.statement * statements) * part
                for cost, part in ((HOST, share), (DATABASE, 1.0))
            ]
            cpu, database = (value * chance.normal(1, noise) for value in used)
            found.append(
                Load(
                    node=node,
                    at=NOW - timedelta(seconds=SPAN_S * (count - place)),
                    seconds=SPAN_S,
                    transactions=int(transactions * share),
                    statements=int(statements * share),
                    cpu_s=cpu,
                    db_active_s=2 * database,
                    db_cpu_s=database,
                )
            )
    return found


def lanes(transactions: int = 1000) -> tuple[LaneTotal, ...]:
    """Give lanes of a load half of which are voids; each statement takes 2 to 2.5 ms."""
    bounds = statement_buckets().bounds
    took = tuple(int(0.002 <= bound < 0.0026) * 100 for bound in bounds)
    rows = {"open": 0.5, "open_undo": 0.5, "find": 0.5, "conclude": 1.0, "balance": 0.0}
    return tuple(
        LaneTotal(
            name=name,
            statements=int(share * transactions / 2),
            rows=int(share * transactions),
            seconds=0.0023 * share * transactions / 2,
            took=statement_buckets(took if share else ()),
        )
        for name, share in rows.items()
    )


def measured(**changes: object) -> Measured:
    place = HostPlace(
        node=1,
        at=NOW,
        db_connections=8,
        db_allowed=97,
        db_bytes=10**9,
        db_tables={"transactions": 10**8},
        disk_free=10**10,
        disk_total=10**11,
        local=True,
    )
    given: dict[str, object] = {
        "now": NOW,
        "today": NOW.date(),
        "cores": 2,
        "loads": tuple(spans()),
        "lanes": lanes(),
        "places": (place,),
        "most_connections": 12,
    }
    return Measured.model_validate(given | changes)
