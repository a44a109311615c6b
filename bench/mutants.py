"""Undo what was mended, one defect at a time, and see how many stories it takes to find it.

Run it with `make simulate-mutants`; writes build/simulate-mutants.json.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any, Final

from annul.simulation.scenarios import story
from annul.simulation.story import tell
from annul.simulation.virtual import Stuck
from annul.simulation.world import world
from tests.support.mutants import MUTANTS

SEEDS: Final = 300
ROUNDS: Final = 40


def main() -> int:
    """Hunt each mutant; the exit status says whether all were found."""
    report: list[dict[str, Any]] = []
    wanted = set(sys.argv[1:])
    with world() as ground:
        for mutant in MUTANTS:
            if wanted and mutant.name not in wanted:
                continue
            began = time.monotonic()
            seed, how = 0, ""
            with mutant.alive():
                for seed in range(1, SEEDS + 1):
                    try:
                        told = tell(ground, story(seed, ROUNDS, mutant.scenario))
                    except (Stuck, AssertionError) as error:
                        how = type(error).__name__
                        break
                    if not told.holds:
                        how = ", ".join(told.complaints()[:2])
                        break
            found = bool(how)
            report.append(
                {
                    "mutant": mutant.name,
                    "undoes": mutant.undoes,
                    "found": found,
                    "seeds": seed,
                    "how": how,
                    "seconds": round(time.monotonic() - began, 1),
                }
            )
            print(
                f"{'found' if found else 'NOT FOUND':<10}{seed:>4} {mutant.name:<30}{how[:90]}",
                flush=True,
            )
    file = Path("build/simulate-mutants.json")
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0 if all(row["found"] for row in report) else 1


if __name__ == "__main__":
    sys.exit(main())
