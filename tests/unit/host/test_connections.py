"""Who gives way to whom, who is refused, and whose time is over."""

from dataclasses import dataclass, field

import pytest

from annul.host.connections import ConnectionLimits, Connections
from annul.host.peer import Peer
from tests.support.clock import HeldSeconds

_HERE, _THERE = "192.0.2.1", "192.0.2.2"
_IDENTITY = "a1" * 32


@dataclass(slots=True, eq=False)
class Line:
    """A connection of which only the register wants to know something."""

    peer: Peer
    heard_at: float = 1_000.0
    opened_at: float = 1_000.0
    paused_at: float | None = None
    aborted: int = field(default=0)

    def abort(self) -> None:
        self.aborted += 1


def _line(address: str = _HERE, *, proven: bool = False, known: bool = True) -> Line:
    peer = Peer(address, _IDENTITY if proven else "", holder=_IDENTITY if proven else None)
    peer.known = known
    return Line(peer)


@pytest.fixture
def clock() -> HeldSeconds:
    return HeldSeconds()


def _register(clock: HeldSeconds, **limits: float) -> Connections:
    return Connections(ConnectionLimits(**limits), clock)  # type: ignore[arg-type]


# Bounds --------------------------------------------------------------------------------------


def test_all_are_taken_while_there_is_room(clock: HeldSeconds) -> None:
    connections = _register(clock, per_address=3, connections=5)
    lines = [_line(), _line(), _line(), _line(_THERE), _line(_THERE)]
    assert all(connections.take(line) for line in lines)
    assert list(connections) == lines
    assert len(connections) == 5
    assert not any(line.aborted for line in lines)


def test_the_oldest_of_the_address_gives_way_to_the_new_one(clock: HeldSeconds) -> None:
    connections = _register(clock, per_address=2)
    elsewhere, *here = _line(_THERE), _line(), _line(), _line(), _line()
    for line in (elsewhere, *here):
        assert connections.take(line)
    assert list(connections) == [elsewhere, *here[2:]]
    assert [line.aborted for line in (elsewhere, *here)] == [0, 1, 1, 0, 0]


def test_the_oldest_of_all_gives_way_where_all_are_too_many(clock: HeldSeconds) -> None:
    connections = _register(clock, connections=3)
    lines = [_line(f"192.0.2.{number}") for number in range(1, 6)]
    for line in lines:
        assert connections.take(line)
    assert list(connections) == lines[2:]
    assert [line.aborted for line in lines] == [1, 1, 0, 0, 0]


def test_one_that_has_proven_itself_does_not_give_way(clock: HeldSeconds) -> None:
    connections = _register(clock, per_address=3)
    proven, *junk = _line(proven=True), _line(), _line(), _line(), _line()
    for line in (proven, *junk):
        assert connections.take(line)
    assert list(connections) == [proven, *junk[2:]]
    assert not proven.aborted


def test_one_that_proves_itself_later_does_not_give_way_either(clock: HeldSeconds) -> None:
    connections = _register(clock, per_address=2)
    first, second, third = _line(), _line(), _line()
    connections.take(first)
    connections.take(second)
    first.peer.identity = first.peer.holder = _IDENTITY
    assert connections.take(third)
    assert list(connections) == [first, third]


def test_where_all_here_have_proven_themselves_a_new_one_is_refused(clock: HeldSeconds) -> None:
    connections = _register(clock, per_address=2, connections=10)
    proven = [_line(proven=True), _line(proven=True)]
    for line in proven:
        connections.take(line)
    refused = _line()
    assert not connections.take(refused)
    assert list(connections) == proven
    assert not any(line.aborted for line in (*proven, refused))  # who asked closes it
    assert connections.take(_line(_THERE))  # others are not touched by it


def test_where_all_have_proven_themselves_a_new_one_is_refused(clock: HeldSeconds) -> None:
    connections = _register(clock, per_address=2, connections=2)
    proven = [_line(proven=True), _line(_THERE, proven=True)]
    for line in proven:
        connections.take(line)
    assert not connections.take(_line("192.0.2.3"))
    assert list(connections) == proven


def test_a_certificate_that_is_of_no_terminal_keeps_no_place(clock: HeldSeconds) -> None:
    connections = _register(clock, per_address=1)
    stranger, terminal = _line(), _line(proven=True)
    stranger.peer.identity = "b2" * 32
    connections.take(stranger)
    assert connections.take(terminal)
    assert (list(connections), stranger.aborted) == ([terminal], 1)


def test_where_all_have_proven_themselves_one_gives_way_of_who_has_far_too_many(
    clock: HeldSeconds,
) -> None:
    connections = _register(clock, per_address=100)
    other = _line(proven=True)
    other.peer.identity = other.peer.holder = "b2" * 32
    greedy = [_line(proven=True) for _ in range(99)]
    for line in (other, *greedy):
        assert connections.take(line)
    fresh = _line()
    assert connections.take(fresh)
    assert list(connections) == [other, *greedy[1:], fresh]
    assert [line.aborted for line in (other, *greedy)] == [0, 1, *[0] * 98]


def test_of_one_that_was_refused_nothing_is_kept(clock: HeldSeconds) -> None:
    """The port of TLS closes it and says no more of it: addresses would pile up for ever."""
    connections = _register(clock, connections=1)
    connections.take(_line(proven=True))
    for number in range(100):
        assert not connections.take(_line(f"2001:db8:0:{number:x}::"))
    assert list(connections._by_address) == [_HERE]


def test_an_address_with_room_for_one_passes_it_on(clock: HeldSeconds) -> None:
    connections = _register(clock, per_address=1)
    first, second, third = _line(), _line(), _line()
    assert connections.take(first)
    assert connections.take(second)
    assert connections.take(third)
    assert list(connections) == [third]
    assert [line.aborted for line in (first, second, third)] == [1, 1, 0]
    connections.forget(third)
    assert connections._by_address == {}


def test_room_for_one_in_all_is_passed_on_within_the_same_address(clock: HeldSeconds) -> None:
    """The one that gives way is the last of its address, whose table goes with it."""
    connections = _register(clock, connections=1)
    first, second = _line(), _line()
    assert connections.take(first)
    assert connections.take(second)
    assert list(connections) == [second]
    connections.forget(second)
    assert (len(connections), connections._by_address) == (0, {})


def test_a_flood_from_one_address_takes_nothing_from_another(clock: HeldSeconds) -> None:
    connections = _register(clock, per_address=20, connections=100)
    terminal = _line(_THERE)
    connections.take(terminal)
    flood = [_line() for _ in range(1_000)]
    for line in flood:
        assert connections.take(line)
    assert not terminal.aborted
    assert list(connections) == [terminal, *flood[-20:]]
    assert sum(line.aborted for line in flood) == 980


# Going ---------------------------------------------------------------------------------------


def test_one_that_is_forgotten_makes_room(clock: HeldSeconds) -> None:
    connections = _register(clock, per_address=1)
    first, second = _line(), _line()
    connections.take(first)
    connections.forget(first)
    assert connections.take(second)
    assert not first.aborted


def test_to_forget_twice_or_whom_nobody_knows_is_no_news(clock: HeldSeconds) -> None:
    connections = _register(clock)
    first, second = _line(), _line()
    connections.take(first)
    connections.take(second)
    connections.forget(_line())
    connections.forget(_line(_THERE))
    connections.forget(first)
    connections.forget(first)
    assert list(connections) == [second]
    connections.forget(second)
    connections.forget(second)
    assert (len(connections), connections._by_address) == (0, {})


def test_the_register_may_change_while_one_goes_through_it(clock: HeldSeconds) -> None:
    connections = _register(clock)
    for _ in range(10):
        connections.take(_line())
    for line in connections:
        connections.forget(line)
    assert len(connections) == 0


# Time ----------------------------------------------------------------------------------------


def test_whose_time_is_over_and_why(clock: HeldSeconds) -> None:
    connections = _register(clock, first_message_s=15.0, idle_s=600.0, slow_reader_s=30.0)
    silent, slow, idle, fresh = _line(known=False), _line(), _line(), _line(known=False)
    for line in (silent, slow, idle):
        connections.take(line)
    slow.paused_at = clock.at
    assert connections.overdue() == []
    clock.at += 15.0
    assert connections.overdue() == []
    clock.at += 0.1
    assert connections.overdue() == [(silent, "no_message")]
    clock.at += 15.0
    slow.heard_at = fresh.opened_at = fresh.heard_at = clock.at
    connections.take(fresh)
    assert connections.overdue() == [(silent, "no_message"), (slow, "slow_reader")]
    connections.forget(silent)
    connections.forget(fresh)
    clock.at = 1_600.1
    slow.paused_at = None
    assert connections.overdue() == [(idle, "idle")]


def test_one_that_reads_again_in_time_stays(clock: HeldSeconds) -> None:
    connections = _register(clock, slow_reader_s=30.0)
    line = _line()
    connections.take(line)
    line.paused_at = clock.at
    clock.at += 30.0
    assert connections.overdue() == []
    line.paused_at = None
    clock.at += 30.0
    line.heard_at = clock.at
    assert connections.overdue() == []


def test_bytes_without_a_message_gain_no_time(clock: HeldSeconds) -> None:
    connections = _register(clock, first_message_s=15.0)
    dripping = _line(known=False)
    connections.take(dripping)
    clock.at += 15.1
    dripping.heard_at = clock.at
    assert connections.overdue() == [(dripping, "no_message")]


def test_to_look_for_the_overdue_closes_nobody(clock: HeldSeconds) -> None:
    connections = _register(clock)
    line = _line(known=False)
    connections.take(line)
    clock.at += 1_000.0
    assert connections.overdue() == connections.overdue() == [(line, "no_message")]
    assert (line.aborted, len(connections)) == (0, 1)
