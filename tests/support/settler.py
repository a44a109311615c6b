"""A process that settles and pays once, as a host does each minute, at a time that is given.

python -m tests.support.settler DATABASE FOLDER TIME
"""

import asyncio
import sys
from datetime import datetime
from pathlib import Path

from annul.security.vault import Vault
from annul.settle.days import Days
from annul.settle.paying import Paying
from annul.store.database import connect
from tests.support.clock import HeldClock
from tests.support.paying import CALENDAR, HOUSE


async def settle_once(database: str, folder: Path, now: datetime) -> None:
    """Close what has ended, pay what is due, read what the bank has sent."""
    pool, clock = await connect(database), HeldClock(now)
    house = HOUSE.model_copy(update={"outbox": folder / "out", "inbox": folder / "in"})
    (folder / "out").mkdir(exist_ok=True)
    await Days(pool, CALENDAR, clock).run()
    await Paying(pool, CALENDAR, clock, house, Vault(bytes(32))).turn()
    await pool.close()


if __name__ == "__main__":
    where, folder, now = sys.argv[1:]
    asyncio.run(settle_once(where, Path(folder), datetime.fromisoformat(now)))
