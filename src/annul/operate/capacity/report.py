"""What an installation carries, what comes, and what is to be added when: all of it, worked out.

It takes seconds of computing, so hosts and consoles leave it to a process of its own.
"""

import asyncio
import sys
from datetime import datetime
from typing import Final

from annul.domain.errors import AnnulError

from .advice import Advice, Situation, advise
from .carries import Carried, carried, parts_of
from .forecast import Forecast, forecast
from .measured import Frozen, Measured
from .queue import Parts, Predicted, at_most, at_rate

LEVELS: Final = (0.1, 0.3, 0.6, 0.8, 0.9)
_TERMINALS: Final = 200  # that ask at once, of each host process, where the most is looked for
_LEAST_TPS: Final = 0.1
_SECONDS: Final = 8.0  # of simulated time, for each figure of which nobody waits for the last digit
_WITHIN_S: Final = 300.0


class NotWorkedOut(AnnulError):
    """Capacity could not be worked out; what is told is as it was before. No money has moved."""

    code = "capacity.failed"
    next_step = "Call annul capacity and read what it says."


class Level(Frozen):
    """A load, as a share of the most that is carried, and what is predicted for it."""

    share: float
    predicted: Predicted


class Report(Frozen):
    """All of it. `limit` is None as long as too little was measured; `planned` was asked for."""

    at: datetime
    carried: Carried
    forecast: Forecast
    limit: Predicted | None = None
    levels: tuple[Level, ...] = ()
    planned: Predicted | None = None
    advice: tuple[Advice, ...] = ()


class Question(Frozen):
    """What is worked out: from what, and at which planned rate, if any."""

    measured: Measured
    tps: float | None = None


def work_out(question: Question) -> Report:
    """Work everything out; it takes seconds."""
    measured = question.measured
    found, comes = carried(measured), forecast(measured)
    parts = parts_of(found) if found.enough else None
    most = at_most(parts, _TERMINALS * parts.hosts, _SECONDS) if parts else None
    levels = tuple(_level(parts, most.tps, share) for share in LEVELS) if parts and most else ()
    planned = at_rate(parts, max(question.tps, _LEAST_TPS)) if parts and question.tps else None
    return Report(
        at=measured.now,
        carried=found,
        forecast=comes,
        limit=most,
        levels=levels,
        planned=planned,
        advice=advise(Situation(found, most.tps if most else 0.0), comes),
    )


def _level(parts: Parts, most: float, share: float) -> Level:
    return Level(share=share, predicted=at_rate(parts, max(most * share, _LEAST_TPS), _SECONDS))


async def worked_out(question: Question) -> Report:
    """Have a process of its own work it out, which gives way to others.

    Raises `NotWorkedOut`.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "annul.operate.capacity",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(_WITHIN_S):
            told, _ = await process.communicate(question.model_dump_json().encode())
    except TimeoutError:
        raise NotWorkedOut from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise NotWorkedOut
    return Report.model_validate_json(told)
