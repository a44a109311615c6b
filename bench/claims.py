"""How much of what breaks is foretold, and explained: days with faults and lies, played for real.

Run it with `make bench-claims`; writes build/bench-claims.json.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Final

from tests.support.cleared_days import Played, claims
from tests.support.processes import open_folder

SEED: Final = 1
SHOPS: Final = 6
TIMES: Final = 3
AIMS: Final = {"foretold": 0.99, "flags_right": 0.90, "causes_right": 0.90}


def play() -> Played:
    """Play the days; gives what was foretold and explained of them."""
    with open_folder() as folder:
        return asyncio.run(claims(folder, SEED, SHOPS, TIMES))


def main() -> int:
    """Play and judge; the exit status says whether the aims were met."""
    played = play()
    figures = played.figures()
    file = Path("build/bench-claims.json")
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=2))
    print("\n".join(played.wrong()))
    return 0 if all(figures[name] >= aim for name, aim in AIMS.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
