"""How long a terminal waits at a planned volume: the way of a transaction as a queueing model.

A transaction goes through the loop of a host (one thread), the group commit (one statement of a
kind at a time, which takes whatever waits), the issuer, the group commit again, and back. Each part
takes the time that was measured; what waits for it is simulated (simpy) and not assumed, as batches
grow with the load. Parts on one machine share its cores.
"""

from collections import deque
from collections.abc import Generator
from typing import Any, Final

import numpy as np
import simpy

from .measured import Buckets
from .told import LanePart, Parts, Predicted

ISSUER: Final = "issuer"
# The ways of a transaction: what undoes another one is looked up first. Each step but the issuer is
# a lane of the group commit.
PLAIN_WAY: Final = ("open", ISSUER, "conclude")
UNDOING_WAY: Final = ("find", "open_undo", ISSUER, "conclude")
LIMIT: Final = 256  # rows of a statement, as `annul.store.batcher` takes them
_SLICE_S: Final = 0.001  # after so long a core is given to who waits for it
_PAUSE_S: Final = 0.001  # of what goes on without load, at a time
_DRAWN: Final = 1 << 14
_WARM: Final = 0.2  # the share of the time that is not counted
_LEAST: Final = 2_000  # answers, from which on the slowest hundredth is told
_MOST: Final = 60_000  # answers: more would only take time
_LONGEST_S: Final = 120.0  # of simulated time
_CARRIED: Final = 0.97  # of what is offered: with less, what waits grows

Steps = Generator[simpy.Event, Any, Any]


def at_rate(parts: Parts, tps: float, seconds: float = 30.0, seed: int = 1) -> Predicted:
    """Simulate transactions that come by chance (Poisson), `tps` a second."""
    seconds = min(max(seconds, _LEAST / tps / (1 - _WARM)), _LONGEST_S)
    way = _Way(parts, seconds, seed)
    way.env.process(way.arrivals(tps))
    return way.run(offered=tps)


def at_most(parts: Parts, terminals: int = 200, seconds: float = 20.0, seed: int = 1) -> Predicted:
    """Simulate terminals that ask again as soon as they are answered: the most that is carried."""
    way = _Way(parts, seconds, seed)
    for _ in range(terminals):
        way.env.process(way.terminal())
    return way.run()


class _Cores:
    """Processors that parts share, or none: then each has its own."""

    def __init__(self, env: simpy.Environment, count: int, others: float) -> None:
        """`others` of them are taken: all that is computed takes as much longer.

        More than half nobody can take, as the kernel deals them out fairly.
        """
        self._env = env
        self._slower = count / (count - min(others, count / 2)) if count else 1.0
        self._shared = simpy.Resource(env, count) if count else None

    def use(self, seconds: float) -> Steps:
        """Compute for so long."""
        seconds *= self._slower
        if self._shared is None:
            yield self._env.timeout(seconds)
            return
        while seconds > 0:
            with self._shared.request() as turn:
                yield turn
                yield self._env.timeout(min(seconds, _SLICE_S))
            seconds -= _SLICE_S


class _Thread:
    """What does one thing after the other: the loop of a process."""

    def __init__(self, env: simpy.Environment, cores: _Cores) -> None:
        self._env = env
        self._cores = cores
        self._jobs: deque[tuple[float, simpy.Event]] = deque()
        self._works = False

    def do(self, seconds: float) -> simpy.Event:
        """Give what happens once it has computed for so long."""
        done = self._env.event()
        self._jobs.append((seconds, done))
        if not self._works:
            self._works = True
            self._env.process(self._work())
        return done

    def _work(self) -> Steps:
        while self._jobs:
            seconds, done = self._jobs.popleft()
            yield from self._cores.use(seconds)
            done.succeed()
        self._works = False


class _Lane:
    """Group commit of one kind of statement, as `annul.store.batcher` does it."""

    def __init__(self, way: "_Way", host: _Thread, part: LanePart) -> None:
        self._way = way
        self._host = host
        self._waits = way.draws(part.waits)
        self._waiting: deque[simpy.Event] = deque()
        self._works = False
        self.statements = 0
        self.rows = 0

    def submit(self) -> simpy.Event:
        """Give what happens once a row is durable."""
        done = self._way.env.event()
        self._waiting.append(done)
        if not self._works:
            self._works = True
            self._way.env.process(self._work())
        return done

    def _work(self) -> Steps:
        way, parts = self._way, self._way.parts
        while self._waiting:
            yield self._host.do(parts.host_statement)
            batch = [self._waiting.popleft() for _ in range(min(LIMIT, len(self._waiting)))]
            self.statements += 1
            self.rows += len(batch)
            yield from way.cores.use(parts.statement + parts.row * len(batch))
            yield way.env.timeout(next(self._waits))
            for done in batch:
                done.succeed()
        self._works = False


class _Host:
    """One host process: its loop and its lanes."""

    def __init__(self, way: "_Way") -> None:
        self.loop = _Thread(way.env, way.cores)
        self.lanes = {name: _Lane(way, self.loop, part) for name, part in way.parts.lanes.items()}


class _Way:
    """One simulation."""

    def __init__(self, parts: Parts, seconds: float, seed: int) -> None:
        self.parts = parts
        self.env = simpy.Environment()
        self.cores = _Cores(self.env, parts.cores, parts.others)
        self._seconds = seconds
        self._chance = np.random.default_rng(seed)
        self._hosts = [_Host(self) for _ in range(parts.hosts)]
        self._issuer, self._terminals = (_Thread(self.env, self.cores) for _ in range(2))
        self._delays = self.draws(parts.issuer)
        self._undoing = self._cycled(self._chance.random(_DRAWN) < parts.undoing)
        self._took: list[tuple[float, float]] = []  # when it ended, and how long it took
        self._came = 0
        self._enough = self.env.event()
        steps = len(PLAIN_WAY) + 1 + parts.undoing * (len(UNDOING_WAY) - len(PLAIN_WAY))
        self._step_s = parts.host_transaction / steps
        for host in self._hosts:
            self.env.process(self._goes_on(parts.host_fixed, host.loop))
        self.env.process(self._goes_on(parts.database_fixed, _Thread(self.env, self.cores)))

    def draws(self, buckets: Buckets) -> "Generator[float, None, None]":
        """Draw from what was measured, evenly within a bucket; zeros when nothing was."""
        counts = np.asarray(buckets.counts, dtype=float)
        if not counts.sum():
            return self._cycled(np.zeros(1))
        edges = np.asarray((0.0, *buckets.bounds, buckets.bounds[-1]))
        places = self._chance.choice(len(counts), _DRAWN, p=counts / counts.sum())
        low, high = edges[places], edges[places + 1]
        return self._cycled(low + (high - low) * self._chance.random(_DRAWN))

    def _cycled(self, drawn: Any) -> Generator[Any, None, None]:
        values = drawn.tolist()
        while values:
            yield from values

    def arrivals(self, tps: float) -> Steps:
        """Let transactions come by chance."""
        for gap in self._cycled(self._chance.exponential(1 / tps, _DRAWN)):
            yield self.env.timeout(gap)
            self._came += 1
            self.env.process(self.transaction(self._hosts[self._came % len(self._hosts)]))

    def terminal(self) -> Steps:
        """Ask again as soon as there is an answer."""
        self._came += 1
        host = self._hosts[self._came % len(self._hosts)]
        while True:
            yield from self.transaction(host)

    def transaction(self, host: _Host) -> Steps:
        """Go the way of one transaction."""
        began, parts = self.env.now, self.parts
        way = UNDOING_WAY if next(self._undoing) else PLAIN_WAY
        if parts.terminals_cpu:
            yield self._terminals.do(parts.terminals_cpu / 2)
        for step in way:
            yield host.loop.do(self._step_s)
            if step == ISSUER:
                if parts.issuer_cpu:
                    yield self._issuer.do(parts.issuer_cpu)
                yield self.env.timeout(next(self._delays))
            else:
                yield host.lanes[step].submit()
        yield host.loop.do(self._step_s)
        if parts.terminals_cpu:
            yield self._terminals.do(parts.terminals_cpu / 2)
        self._took.append((self.env.now, self.env.now - began))
        if len(self._took) == _MOST:
            self._enough.succeed()

    def _goes_on(self, share: float, thread: _Thread) -> Steps:
        """Keep a thread busy for a share of the time, in short pauses that come by chance."""
        if not share:
            return
        for gap in self._cycled(self._chance.exponential(_PAUSE_S / share, _DRAWN)):
            yield self.env.timeout(gap)
            thread.do(_PAUSE_S)  # the next one comes whether this has had its turn or not

    def run(self, offered: float = 0.0) -> Predicted:
        """Let the time go by, and say what came of it."""
        self.env.run(until=self._enough | self.env.timeout(self._seconds))
        seconds = self.env.now
        warm = seconds * _WARM
        took = np.asarray([took for ended, took in self._took if ended >= warm]) * 1000
        lanes = [lane for host in self._hosts for lane in host.lanes.values()]
        statements = sum(lane.statements for lane in lanes)
        tps = len(took) / (seconds - warm)
        p50, p99 = np.percentile(took, (50, 99)) if len(took) else (np.inf, np.inf)
        return Predicted(
            tps=tps,
            p50_ms=float(p50),
            p99_ms=float(p99),
            rows=sum(lane.rows for lane in lanes) / max(statements, 1),
            transactions=len(took),
            full=bool(offered) and tps < offered * _CARRIED,
        )
