"""`make chaos`: all of it for real, with the figures in build/chaos.json."""

import asyncio
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from annul.domain.errors import AnnulError
from tests.support.chaos import Chaos, run
from tests.support.processes import open_folder


def main() -> int:
    """Run the whole of it and write the figures; the exit status says whether all held.

    An argument is another seed.
    """
    chaos = Chaos(seed=int(sys.argv[1])) if len(sys.argv) > 1 else Chaos()
    with open_folder() as folder:
        began = time.monotonic()
        try:
            verdict, progress, ends = asyncio.run(run(chaos, folder))
        except AnnulError as error:
            print(f"chaos: {error}\n{error.next_step}", file=sys.stderr)
            return 1
        took = time.monotonic() - began
    figures = {"hosts": chaos.hosts, **progress.figures(), **verdict.figures(), **ends.figures()}
    file = Path("build/chaos.json")
    file.parent.mkdir(exist_ok=True)
    report = {**figures, "by_cause": ends.by_cause, "plan": asdict(chaos)}
    file.write_text(json.dumps(report, indent=2) + "\n")
    print(f"{took:.0f} s, {progress.done} outcomes, {progress.silent} silences; {figures}")
    for row in ends.by_cause:
        print(
            f"   {row['cause']:<24}{row['cases']:>6}  p50 {row['p50_s']:6.2f} s"
            f"  p99 {row['p99_s']:6.2f} s  max {row['max_s']:6.2f} s"
        )
    for line in [*verdict.differences[:20], *ends.open, *progress.unexplained]:
        print("  ", line)
    return 0 if verdict.holds and ends.hold and not progress.unexplained else 1


if __name__ == "__main__":
    sys.exit(main())
