"""The queueing model against what is known of queues."""

from typing import Any, Final

import pytest

from annul.operate.capacity.measured import Buckets
from annul.operate.capacity.queue import LIMIT, at_most, at_rate
from annul.operate.capacity.told import LanePart, Parts

# Always a millisecond, as narrow as a bucket may be.
_ALWAYS: Final = Buckets(bounds=(0.00099, 0.001), counts=(0, 1, 0))
_NEVER: Final = Buckets(bounds=(0.001,), counts=(0, 0))
_STEPS: Final = ("open", "open_undo", "find", "conclude")


def parts(**changes: Any) -> Parts:
    given: dict[str, Any] = {
        "cores": 0,
        "hosts": 1,
        "host_fixed": 0.0,
        "host_transaction": 0.001,
        "host_statement": 0.0,
        "database_fixed": 0.0,
        "row": 0.0,
        "statement": 0.0,
        "undoing": 0.0,
        "lanes": {name: LanePart(waits=_ALWAYS) for name in _STEPS},
        "issuer": _NEVER,
    }
    return Parts.model_validate(given | changes)


def test_a_lone_transaction_takes_the_sum_of_its_steps() -> None:
    found = at_rate(parts(issuer=_ALWAYS), 1.0)
    assert found.p50_ms == pytest.approx(1 + 2 + 1, rel=0.02)


def test_an_undoing_one_is_looked_up_first() -> None:
    assert at_rate(parts(undoing=1.0), 1.0).p50_ms == pytest.approx(1 + 3, rel=0.02)


def test_the_most_is_what_the_loop_of_a_host_can_do() -> None:
    """One millisecond of computing each: a thousand a second, however fast all else is."""
    assert at_most(parts()).tps == pytest.approx(1_000, rel=0.02)
    assert at_most(parts(hosts=2)).tps == pytest.approx(2_000, rel=0.02)


def test_cores_that_are_shared_carry_less() -> None:
    """Of one core the database takes half a millisecond for each of two rows."""
    apart = Buckets(bounds=(0.2,), counts=(1, 0))  # issuers who keep no step with each other
    assert at_most(parts(cores=1, row=0.0005, issuer=apart)).tps == pytest.approx(500, rel=0.03)
    assert at_most(parts(cores=2, row=0.0005, issuer=apart)).tps > 700


def test_what_others_take_of_the_cores_is_missing() -> None:
    assert at_most(parts(cores=2, others=1.0)).tps == pytest.approx(500, rel=0.04)
    assert at_most(parts(others=1.0)).tps == pytest.approx(1_000, rel=0.04)  # none are shared


def test_terminals_that_all_wait_for_one_statement_leave_the_loop_idle() -> None:
    """All two hundred stand in one batch, so host and database work in turn and never at once."""
    in_step = at_most(parts(cores=2, row=0.0005))
    assert in_step.tps == pytest.approx(500, rel=0.03)
    assert in_step.rows == pytest.approx(200, rel=0.05)


def test_a_statement_takes_what_waits() -> None:
    """One that takes 20 ms would carry fifty a second, row by row."""
    slow = Buckets(bounds=(0.0199, 0.02), counts=(0, 1, 0))
    grouped = at_rate(parts(lanes={name: LanePart(waits=slow) for name in _STEPS}), 500.0)
    assert grouped.tps == pytest.approx(500, rel=0.05)
    assert 5 < grouped.rows < LIMIT
    assert 40 <= grouped.p50_ms < 70  # two statements, each begun somewhere within the last


def test_waits_grow_with_the_load_as_those_of_one_server_do() -> None:
    """At a share of the most, waits follow the share by how much is free (M/D/1)."""
    quick = {name: LanePart(waits=_NEVER) for name in _STEPS}
    half, nearly = (at_rate(parts(lanes=quick), 1_000 * share, 60.0) for share in (0.5, 0.9))
    assert half.p50_ms < nearly.p50_ms / 2
    assert nearly.p99_ms > 2 * half.p99_ms
    assert not half.full
    assert not nearly.full


def test_more_than_is_carried_is_said_to_be_too_much() -> None:
    assert at_rate(parts(), 1_300.0, 20.0).full


def test_a_seed_gives_the_same_again() -> None:
    assert at_rate(parts(), 300.0) == at_rate(parts(), 300.0)
    assert at_rate(parts(), 300.0, seed=2) != at_rate(parts(), 300.0)


def test_what_goes_on_without_load_takes_its_share() -> None:
    assert at_most(parts(host_fixed=0.2), seconds=20.0).tps == pytest.approx(800, rel=0.06)
