"""Many stories in several processes, and what they come to."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import count, islice
from multiprocessing import get_context
from typing import Final

from .coverage import never
from .plan import LONG, plan
from .story import tell
from .virtual import Stuck
from .world import world

_SHARE: Final = 8  # short stories that a process tells of one world, before it makes another


@dataclass(slots=True)
class Sum:
    """What many stories came to; `failed` names the seeds that did not hold, and why."""

    seeds: int = 0
    seconds: float = 0.0
    figures: dict[str, int] = field(default_factory=dict)
    failed: dict[int, list[str]] = field(default_factory=dict)
    reached: Counter[str] = field(default_factory=Counter)

    def add(self, found: "Sum") -> None:
        """Take in what a part came to."""
        self.seeds += found.seeds
        self.failed |= found.failed
        self.reached.update(found.reached)
        for name, value in found.figures.items():
            self.figures[name] = self.figures.get(name, 0) + value

    def report(self) -> dict[str, object]:
        """Give the figures as they are written down."""
        return {
            "seeds": self.seeds, **self.figures, "seconds": round(self.seconds, 1),
            "never": never(self.reached),
            "reached": dict(sorted(self.reached.items())),
            "failed": {str(seed): why[:5] for seed, why in sorted(self.failed.items())},
        }  # fmt: skip


def told_of(seeds: range, rounds: int) -> Sum:
    """Tell some stories one after the other in a world of their own."""
    found = Sum()
    with world() as ground:
        for seed in seeds:
            found.seeds += 1
            try:
                told = tell(ground, plan(seed, rounds))
            except (Stuck, AssertionError) as error:
                found.failed[seed] = [f"{type(error).__name__}: {error}"]
                continue
            found.add(Sum(0, 0.0, told.figures(), reached=told.reached))
            if not told.holds:
                found.failed[seed] = told.complaints()
    return found


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

    `told` is called with the sum so far after each part.
    """
    total, began = Sum(), time.monotonic()
    parts = _parts(first, seeds, _SHARE if rounds < LONG else 1)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        under_way = {pool.submit(told_of, part, rounds) for part in islice(parts, workers)}
        while under_way:
            done = wait(under_way, return_when=FIRST_COMPLETED).done.pop()
            under_way.discard(done)
            total.add(done.result())
            total.seconds = time.monotonic() - began
            told(total)
            if voids and total.figures.get("voids", 0) >= voids:
                continue
            part = next(parts, None)
            if part is not None:
                under_way.add(pool.submit(told_of, part, rounds))
    return total


def _parts(first: int, seeds: int, share: int) -> Iterator[range]:
    """Cut the seeds into what one process tells of one world; without an end when `seeds` is 0."""
    for start in count(first, share):
        end = min(start + share, first + seeds) if seeds else start + share
        if start >= end:
            return
        yield range(start, end)
