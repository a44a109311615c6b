"""Many stories in several processes, and what they come to."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, as_completed, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from itertools import count, islice
from multiprocessing import get_context
from multiprocessing.util import Finalize
from traceback import format_tb

from .coverage import never
from .scenarios import ROUNDS, TRIES, aimed_at, story
from .story import tell
from .world import World, world


@dataclass(slots=True)
class Sum:
    """What many stories came to; `failed` names the seeds that did not hold, and why.

    `aimed` counts by scenario the stories that it took, or that missed.
    """

    seeds: int = 0
    seconds: float = 0.0
    figures: dict[str, int] = field(default_factory=dict)
    failed: dict[str, list[str]] = field(default_factory=dict)
    reached: Counter[str] = field(default_factory=Counter)
    aimed: Counter[str] = field(default_factory=Counter)

    def add(self, found: "Sum") -> None:
        """Take in what a part came to."""
        self.seeds += found.seeds
        self.failed |= found.failed
        self.reached.update(found.reached)
        self.aimed.update(found.aimed)
        for name, value in found.figures.items():
            self.figures[name] = self.figures.get(name, 0) + value

    def report(self) -> dict[str, object]:
        """Give the figures as they are written down."""
        return {
            "seeds": self.seeds,
            **self.figures,
            "seconds": round(self.seconds, 1),
            "never": never(self.reached),
            "aimed": dict(sorted(self.aimed.items())),
            "reached": dict(sorted(self.reached.items())),
            "failed": {seed: why[:5] for seed, why in sorted(self.failed.items())},
        }


def told_of(seed: int, rounds: int, scenario: str = "") -> Sum:
    """Tell one story in the world of this process."""
    found = Sum(1)
    named = f"{seed} {scenario}".strip()
    if scenario:
        found.aimed[scenario] = 1
    try:
        told = tell(_ground(), story(seed, rounds, scenario))
    except Exception as error:  # noqa: BLE001 - whatever it is, it has a seed
        found.failed[named] = [f"{type(error).__name__}: {error}", *format_tb(error.__traceback__)]
        return found
    found.figures, found.reached = told.figures(), told.reached
    if not told.holds:
        found.failed[named] = told.complaints()
    return found


@cache
def _ground() -> World:
    """Make the world of this process, which ends with it."""
    stack = ExitStack()
    made = stack.enter_context(world())
    Finalize(None, stack.close, exitpriority=1)
    return made


def tell_many(
    *,
    first: int,
    rounds: int,
    workers: int,
    seeds: int = 0,
    voids: int = 0,
    told: Callable[[Sum], None] = lambda _: None,
) -> Sum:
    """Tell stories from seed `first` on: so many `seeds`, or until so many `voids` were tried.

    In the second case what none of them has reached is aimed at afterwards. `told` is called with
    the sum so far after each.
    """
    total, began = Sum(), time.monotonic()

    def add(done: Future[Sum]) -> None:
        total.add(done.result())
        total.seconds = time.monotonic() - began
        told(total)

    left = iter(range(first, first + seeds) if seeds else count(first))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        under_way = {pool.submit(told_of, seed, rounds) for seed in islice(left, workers)}
        while under_way:
            done = wait(under_way, return_when=FIRST_COMPLETED).done.pop()
            under_way.discard(done)
            add(done)
            if voids and total.figures.get("voids", 0) >= voids:
                continue
            seed = next(left, None)
            if seed is not None:
                under_way.add(pool.submit(told_of, seed, rounds))
        for seed in range(1, TRIES + 1 if voids else 1):
            missed = aimed_at(never(total.reached))
            for done in as_completed([pool.submit(told_of, seed, ROUNDS, one) for one in missed]):
                add(done)
    return total
