"""Free ports: what one test was given and has not bound yet, no other test is given."""

import pytest

from tests.support import processes
from tests.support.processes import free_port

_ABOVE = (0, 1, 8, 9, 10, 108, 109, 110)  # what a demo takes beside the port that it is told


def _taken(ports: list[int]) -> list[int]:
    return [port + above for port in ports for above in _ABOVE]


def test_ports_that_are_not_bound_yet_are_not_given_again() -> None:
    taken = _taken([free_port() for _ in range(60)])
    assert len(set(taken)) == len(taken)


def test_workers_of_one_run_never_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", "4")
    of: list[set[int]] = []
    for worker in ("gw0", "gw1", "gw2", "gw3"):
        monkeypatch.setenv("PYTEST_XDIST_WORKER", worker)
        of.append(set(_taken([free_port() for _ in range(60)])))
    assert len(set.union(*of)) == sum(map(len, of))


def test_a_share_that_was_given_whole_is_given_again(monkeypatch: pytest.MonkeyPatch) -> None:
    few = range(processes._LOWEST, processes._LOWEST + 500 * 11, 11)
    monkeypatch.setattr(processes, "_share", lambda: few)
    assert {free_port() for _ in range(600)} <= set(few)
