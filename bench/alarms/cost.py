"""What the alarms cost a host: counting each transaction, writing counts, judging them."""

import asyncio
import gc
import time
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Final
from zoneinfo import ZoneInfo

from annul.app import ground
from annul.issuers.tally import Tally
from annul.operate.alarms.judging import EVERY_S, Judging
from annul.operate.alarms.keeping import Counting
from annul.settings import Settings

from .world import Sale, World, sales

_TPS: Final = 5_000
_TURNS: Final = 15
_WARM: Final = 5  # turns in which every stream is new


def measure() -> dict[str, float]:
    """Give nanoseconds per transaction, milliseconds per turn, and the share of a core in all.

    A thousand streams and 5,000 transactions a second; CPU time of this process alone.
    """
    with TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder)))


async def _measure(folder: Path) -> dict[str, float]:
    world = World(1, _TPS * 86_400.0 / 24)  # an hour of it is more than all turns need
    hour = list(world.hours(0))[12]
    played = sales(world, hour)
    counting_s: list[float] = []
    writing_s: list[float] = []
    judging_s: list[float] = []
    async with ground(Settings.load(None, data=folder, terminals_port=0)) as base:
        tally = Tally(time.monotonic)
        tally.software = world.software
        counting = Counting(base.pool, tally, base.clock)
        judging = Judging(base.pool, base.clock, ZoneInfo("Asia/Shanghai"))
        gc.collect()
        gc.freeze()  # as a host does once it serves (cli/serve.py)
        for turn in range(_TURNS):
            batch = [next(played) for _ in range(int(_TPS * EVERY_S))]
            began = time.process_time()
            _count(tally, batch)
            counted = time.process_time()
            await counting.write(shops=turn % 5 == 4)
            written = time.process_time()
            await judging.turn()
            judged = time.process_time()
            counting_s.append((counted - began) / len(batch))
            writing_s.append(written - counted)
            judging_s.append(judged - written)
        streams = await base.pool.fetchval("SELECT count(*) FROM watched")
    tally_s, write_s, judge_s = (
        fmean(values[_WARM:]) for values in (counting_s, writing_s, judging_s)
    )
    return {
        "streams": float(streams),
        "tally_ns": tally_s * 1e9,
        "write_ms": write_s * 1e3,
        "judge_ms": judge_s * 1e3,
        "core_percent": 100 * (tally_s * _TPS + (write_s + judge_s) / EVERY_S),
        "counting_host_core_percent": 100 * (tally_s * _TPS + write_s / EVERY_S),
    }


def _count(tally: Tally, batch: list[Sale]) -> None:
    for _, cell, asked, answer, _slow in batch:
        if answer:
            tally.answered(cell.issuer_id, cell.mti, cell.code, asked, 0.1, answer)
        else:
            tally.silence(cell.issuer_id, cell.mti, cell.code, asked)
