"""`make bench-diagnosis`: cause faults, ask for their causes, and write build/bench-diagnosis.json.

Two parts: the first asks while a fault lasts, the field lets annul drive each case to its end.
Options: --first, --field (that part only), --seed N, --seen (only what may be looked at), --only
TEXT (names); of the first --pairs N, of the field --class NAME.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from annul.sim.scenes.field.situation import Area
from tests.support.judging.playing import Turn, turns

from .field import field
from .first import first
from .mixes import Mix

_FILE: Final = Path("build/bench-diagnosis.json")


def main(arguments: Sequence[str]) -> int:
    """Run it, print and write the figures; the exit status says whether the aims were met."""
    parser = argparse.ArgumentParser(prog="bench.diagnosis")
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--first", action="store_true")
    part.add_argument("--field", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--seen", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--class", dest="area", default="", choices=["", *map(str, Area)])
    chosen = parser.parse_args(arguments)

    def wanted(one: Mix | Turn) -> bool:
        return (one.seen or not chosen.seen) and chosen.only in one.name

    met = True
    if not chosen.field:
        figures, met = first(chosen.seed, chosen.pairs, wanted)
        _write(figures)
    if not chosen.first:
        began = time.monotonic()
        picked = [turn for turn in turns(wanted) if chosen.area in {"", turn.situation.area}]
        figures, all_met = field(chosen.seed, picked)
        print(f"{time.monotonic() - began:.0f} s")
        _write(figures)
        met = met and all_met
    return 0 if met else 1


def _write(figures: dict[str, Any]) -> None:
    """Write the figures of a part; those of the other one stay as they were."""
    before = json.loads(_FILE.read_text()) if _FILE.exists() else {}
    _FILE.parent.mkdir(exist_ok=True)
    _FILE.write_text(json.dumps(before | figures, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
