"""Has a process of its own work things out, so that who serves neither computes nor loads it.

It gives way to all others of the machine.
"""

import asyncio
import sys
from typing import Final

from annul.domain.errors import AnnulError

from .told import Plan, Predicted, Question, Report

REPORT: Final = "report"
PLAN: Final = "plan"
_WITHIN_S: Final = 300.0


class NotWorkedOut(AnnulError):
    """Capacity could not be worked out; what is told is as it was before. No money has moved."""

    code = "capacity.failed"
    next_step = "Call annul capacity and read what it says."


async def worked_out(question: Question) -> Report:
    """Give the whole report; it takes seconds. Raises `NotWorkedOut`."""
    return Report.model_validate_json(await _asked(REPORT, question.model_dump_json()))


async def planned(plan: Plan) -> Predicted:
    """Give how long terminals wait at a planned rate. Raises `NotWorkedOut`."""
    return Predicted.model_validate_json(await _asked(PLAN, plan.model_dump_json()))


async def _asked(job: str, asked: str) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "annul.operate.capacity", job),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(_WITHIN_S):
            told, _ = await process.communicate(asked.encode())
    except (TimeoutError, ConnectionError):
        raise NotWorkedOut from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise NotWorkedOut
    return told
