"""What an installation carries, what comes, and what is to be added when: all of it, worked out.

It takes seconds of computing, so hosts and consoles leave it to a process of its own.
"""

from typing import Final

from .advice import Situation, advise
from .carries import carried, parts_of
from .forecast import forecast
from .queue import at_most, at_rate
from .told import Level, Parts, Plan, Predicted, Question, Report

LEVELS: Final = (0.1, 0.3, 0.6, 0.8, 0.9)
_TERMINALS: Final = 200  # that ask at once, of each host process, where the most is looked for
_LEAST_TPS: Final = 0.1
_SECONDS: Final = 8.0  # of simulated time, for each figure of which nobody waits for the last digit


def work_out(question: Question) -> Report:
    """Work everything out; it takes seconds."""
    measured = question.measured
    found, comes = carried(measured), forecast(measured)
    parts = parts_of(found) if found.enough else None
    most = at_most(parts, _TERMINALS * parts.hosts, _SECONDS) if parts else None
    levels = tuple(_level(parts, most.tps, share) for share in LEVELS) if parts and most else ()
    planned = at_planned(Plan(carried=found, tps=question.tps)) if parts and question.tps else None
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


def at_planned(plan: Plan) -> Predicted:
    """Say how long terminals wait at a planned rate."""
    return at_rate(parts_of(plan.carried), max(plan.tps, _LEAST_TPS))
