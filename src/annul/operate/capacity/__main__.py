"""Works out what an installation carries: a question as JSON comes in, what is told goes out."""

import os
import sys
from collections.abc import Callable, Mapping
from typing import Final

from .asking import PLAN, REPORT
from .measured import Frozen
from .report import at_planned, work_out
from .told import Plan, Question

_NICE: Final = 5  # whoever serves terminals goes first
_JOBS: Final[Mapping[str, Callable[[bytes], Frozen]]] = {
    REPORT: lambda asked: work_out(Question.model_validate_json(asked)),
    PLAN: lambda asked: at_planned(Plan.model_validate_json(asked)),
}

if __name__ == "__main__":
    os.nice(_NICE)
    job = _JOBS[sys.argv[1]]
    sys.stdout.write(job(sys.stdin.buffer.read()).model_dump_json())
