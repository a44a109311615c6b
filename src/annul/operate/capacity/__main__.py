"""Works out what an installation carries: a question as JSON comes in, the report goes out."""

import os
import sys
from typing import Final

from .report import Question, work_out

_NICE: Final = 5  # whoever serves terminals goes first

if __name__ == "__main__":
    os.nice(_NICE)
    question = Question.model_validate_json(sys.stdin.buffer.read())
    sys.stdout.write(work_out(question).model_dump_json())
