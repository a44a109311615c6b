"""Loops that can not end unseen."""

import ast
import asyncio
import math
from pathlib import Path
from typing import Any, Final

import pytest

from annul.store.loop import Loops
from tests.support.clock import HeldClock
from tests.support.turns import FAULTS, failing

_SOURCE = Path(__file__).parents[3] / "src" / "annul"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
async def test_whatever_a_turn_raises_the_next_one_comes(fault: BaseException) -> None:
    turn, came_round = failing(fault, fault)
    loop = Loops().start("one", turn, every_s=60.0, after_s=0.001)
    async with asyncio.timeout(5):
        await came_round.wait()
    await asyncio.sleep(0)
    assert (loop.turns, loop.failures, loop.why) == (1, 2, "")
    await loop.stop()


@pytest.mark.parametrize("said", [ConnectionError(), ValueError(), None], ids=repr)
async def test_it_ends_also_when_its_turn_hides_that_it_was_cancelled(
    said: Exception | None,
) -> None:
    """A connection that is cut off says so, and not that somebody wanted to end."""
    under_way = asyncio.Event()

    async def turn() -> None:
        under_way.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if said is not None:
                raise said from None

    loop = Loops().start("hides", turn, after_s=0.0)
    await under_way.wait()
    await asyncio.wait_for(loop.stop(), 5)


async def test_what_is_cancelled_from_outside_begins_anew() -> None:
    began: asyncio.Queue[None] = asyncio.Queue()

    async def turn() -> None:
        began.put_nowait(None)
        await asyncio.Event().wait()

    loop = Loops().start("one", turn, after_s=0.001)
    async with asyncio.timeout(5):
        await began.get()
        [task] = [task for task in asyncio.all_tasks() if task.get_name() == "one"]
        task.cancel()
        await began.get()
    assert (loop.failures, loop.why) == (1, "cancelled")
    await loop.stop()
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "one"]


async def test_what_is_lost_on_the_way_out_keeps_no_loop_from_its_end() -> None:
    began = asyncio.Event()

    async def turn() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise ConnectionError

    loop = Loops().start("one", turn)
    await began.wait()
    async with asyncio.timeout(5):
        await loop.stop()
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "one"]


async def test_who_does_not_come_round_in_time_is_named() -> None:
    clock, gate = HeldClock(), asyncio.Event()
    loops = Loops(clock)
    hanging = loops.start("hangs", gate.wait, every_s=1.0, within_s=10.0)  # type: ignore[arg-type]
    broken = loops.start("fails", failing(*[KeyError()] * 99)[0], after_s=60.0, within_s=10.0)
    patient = loops.start("patient", gate.wait, within_s=math.inf)  # type: ignore[arg-type]
    await asyncio.sleep(0.01)
    clock.forward(seconds=9)
    assert loops.late() == []
    clock.forward(seconds=3)
    assert [(late.name, late.since_s, late.why) for late in loops.late()] == [
        ("hangs", 12.0, ""),
        ("fails", 12.0, "KeyError"),
    ]
    gate.set()
    await asyncio.sleep(0.01)
    assert [late.name for late in loops.late()] == ["fails"]
    for loop in (hanging, broken, patient):
        await loop.stop()
    clock.forward(seconds=87)
    assert loops.late() == []


# Whoever runs for ever does so as a loop; these end by themselves, or hold what they raise.
_OTHERS: Final = {
    "api/v1/orders.py": "waits for an order, up to a limit",
    "api/watched.py": "serves one socket, as a part of its request",
    "cells/moving.py": "waits for work under way, up to a limit",
    "cli/conclude.py": "waits for a conclusion, up to a limit",
    "cli/hosts.py": "keeps one process alive, until it is cancelled",
    "diagnose/learning.py": "takes samples until none is left, for as long as a turn may",
    "host/repeats.py": "waits for another process's outcome, up to the issuer's time",
    "issuers/late.py": "tries one answer until it is delivered",
    "operate/notices/spreading.py": "takes up events until none is left",
    "operate/drills/striking.py": "strikes until the time of a stroke is over",
    "resolve/book.py": "opens cases until none is left",
    "resolve/seals.py": "seals or reads until nothing is left",
    "settle/answers.py": "lets lines have their effect until none is left",
    "settle/days.py": "counts days, or makes them available, until none is left",
    "settle/payouts.py": "makes payouts, or files, until none is left",
    "store/embedded.py": "waits for a server that starts, up to a limit",
    "store/lane.py": "tries one statement, up to a limit",
}


def test_nothing_else_runs_for_ever() -> None:
    found: set[str] = set()
    for file in sorted(_SOURCE.rglob("*.py")):
        name = str(file.relative_to(_SOURCE))
        if name.startswith(("simulation/", "sim/")):
            continue  # what tests and drills run
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.AsyncFunctionDef) and any(map(_for_ever, ast.walk(node))):
                found.add(name)
    assert found == set(_OTHERS)


def _for_ever(node: Any) -> bool:
    return (
        isinstance(node, ast.While)
        and isinstance(node.test, ast.Constant)
        and any(isinstance(one, ast.Await | ast.AsyncWith) for one in ast.walk(node))
    )
