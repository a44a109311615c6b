"""A host that does nothing but tell, and write reports: a process of its own, to be killed."""

import asyncio
import sys
from datetime import timedelta

from annul.operate.notices.messages import NoticePace
from annul.operate.notices.telling import Teller
from annul.security.vault import Vault
from annul.store.clock import SystemClock
from annul.store.database import connect
from tests.support.notices import ZONE, mailing


async def main(database: str, lease_s: float) -> None:
    pool = await connect(database)
    pace = NoticePace(poll_s=0.02, lease=timedelta(seconds=lease_s))
    clock = SystemClock()
    Teller(pool, Vault(bytes(32)), clock, ZONE, random=lambda: 1.0, pace=pace).start()
    await mailing(pool, clock).turn()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
