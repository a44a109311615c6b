"""What one transaction costs, fitted over spans whose costs are known."""

from datetime import timedelta

import pytest

from annul.operate.capacity.carries import carried, fit, parts_of
from annul.operate.capacity.measured import Measured, Size, answer_buckets
from annul.operate.capacity.told import Cost

from .spans import DATABASE, HOST, NOW, SPAN_S, measured, spans


def test_the_parts_of_a_cost_are_found() -> None:
    found = carried(measured())
    for cost, known in ((found.host, HOST), (found.database, DATABASE)):
        assert cost is not None
        assert cost.transaction == pytest.approx(known.transaction, rel=0.1)
        assert cost.statement == pytest.approx(known.statement, rel=0.15)
        assert cost.fixed == pytest.approx(known.fixed, abs=0.004)
    assert found.active.transaction == pytest.approx(2 * DATABASE.transaction, rel=0.1)
    assert found.enough


def test_two_hosts_share_the_load_and_measure_the_same_database() -> None:
    found = carried(measured(loads=tuple(spans(nodes=2))))
    assert found.host.transaction == pytest.approx(HOST.transaction, rel=0.1)
    assert found.database is not None
    assert found.database.transaction == pytest.approx(DATABASE.transaction, rel=0.1)


def test_what_lies_far_off_moves_a_cost_little() -> None:
    loads = spans()
    for place in range(0, len(loads), 10):  # a report was written
        spoilt = loads[place].cpu_s + 60
        loads[place] = loads[place].model_copy(update={"cpu_s": spoilt})
    found = carried(measured(loads=tuple(loads)))
    assert found.host.transaction == pytest.approx(HOST.transaction, rel=0.15)
    assert found.host.fixed == pytest.approx(HOST.fixed, abs=0.01)


def test_where_all_batches_are_alike_it_is_the_transaction_that_costs() -> None:
    """Else a cost that is shared by a batch of any size would promise no end."""
    loads = [(SPAN_S, count, 2 * count) for count in range(100, 4000, 100)]
    cost = fit(loads, [count * 0.001 for _, count, _ in loads])
    assert cost.transaction == pytest.approx(0.001, rel=0.02)
    assert cost.statement < 0.00002


def test_batches_grow_with_the_load() -> None:
    group = carried(measured()).group
    assert 1 < group.quiet < group.busy
    assert group.statements_quiet > group.statements_busy


def test_nothing_measured_is_told_as_such() -> None:
    found = carried(Measured(now=NOW, today=NOW.date(), cores=2))
    assert not found.enough
    assert found.database is None
    assert (found.hosts, found.connections, found.growth.free) == (0, 0, None)
    assert fit([], []) == Cost()


def test_growth_is_that_between_the_first_size_and_the_last() -> None:
    hour = {"hour": NOW, "business_date": NOW.date(), "transactions": 500, "peak_second": 1}
    sizes = (
        Size(at=NOW - timedelta(days=10), bytes=1_000_000, transactions=100),
        Size(at=NOW, bytes=3_000_000, transactions=500),
    )
    grown = carried(measured(sizes=sizes, hours=(hour,))).growth
    assert grown.per_transaction == 2_000_000 / 400
    first_day = carried(measured(sizes=sizes[1:], hours=(hour,))).growth
    assert first_day.per_transaction == 3_000_000 / 500


def test_a_share_of_buckets_is_told_evenly_within_one() -> None:
    counts = (0, 0, 100, 100)  # to 10 ms, to 20 ms
    buckets = answer_buckets(counts)
    assert buckets.share(0.5) == pytest.approx(0.01)
    assert buckets.share(0.75) == pytest.approx(0.015)
    assert answer_buckets().share(0.5) is None


def test_a_statement_waits_for_what_is_not_its_own_computing() -> None:
    parts = parts_of(carried(measured()))
    (waits,) = {parts.lanes[name].waits.share(0.5) for name in ("open", "open_undo")}
    assert waits is not None
    computed = parts.statement + 2 * parts.row  # two rows in each
    assert waits + computed == pytest.approx(0.0023, abs=0.0003)
    assert parts.undoing == 0.5
    assert parts.cores == 2


def test_a_database_elsewhere_shares_no_cores() -> None:
    (place,) = measured().places
    loads = tuple(one.model_copy(update={"db_cpu_s": None}) for one in spans())
    elsewhere = place.model_copy(update={"local": False, "disk_free": None, "disk_total": None})
    found = carried(measured(loads=loads, places=(elsewhere,)))
    assert found.database is None
    assert parts_of(found).cores == 0
