"""`make fuzz`: a hundred thousand spoilt answers without a MAC and a share with one, for real.

The figures go to build/fuzz.json.
"""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
from pathlib import Path

import structlog

from annul.store.embedded import EmbeddedPostgres
from annul.store.migrate import upgrade
from annul.store.temporary import NOT_DURABLE, temporary_folder
from tests.support.fuzz import Fuzzed, fuzz


async def _run(sales: int, seed: int, *, mac: bool) -> Fuzzed:
    with temporary_folder("annul-fuzz-") as folder, tempfile.TemporaryDirectory() as data:
        server = EmbeddedPostgres(folder, NOT_DURABLE)
        await server.start()
        try:
            await upgrade(server.owner_url)
            return await fuzz(server.url, Path(data), sales=sales, seed=seed, mac=mac)
        finally:
            await server.stop()


def main() -> int:
    """Run both and write the figures; the exit status says whether all held."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--answers", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    report: dict[str, object] = {"seed": chosen.seed}
    held = True
    for name, mac, sales in (
        ("without_mac", False, chosen.answers),
        ("with_mac", True, chosen.answers // 4),
    ):
        found = asyncio.run(_run(sales, chosen.seed, mac=mac))
        held &= found.holds
        report[name] = found.figures()
        print(
            f"{name}: {found.took_s:.0f} s, {found.answers} answers, {dict(found.states)},"
            f" {found.indistinguishable} read as declines, {found.silences} silences,"
            f" redialled {found.redialled} times, {found.least_gap_s:.2f} s apart at least,"
            f" {len(found.differences)} differences"
        )
        for line in found.differences[:20]:
            print("  ", line)
    file = Path("build/fuzz.json")
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(report, indent=2) + "\n")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
