"""Issuers that err: one incident for each, while open cases go by that cause.

It says something of an issuer, so it needs more than that nothing else is known: a case has to name
it at a probability that is stated here, once. How many cases there are is no second incident.
"""

from datetime import datetime, timedelta
from typing import Final

import asyncpg

from annul.store.incidents import CLOSE_ENDED, OPEN_RAISED
from annul.store.sql import load

# From here on an incident may say that it is somebody's fault; below it is a matter of the case.
NAMED_FROM: Final = 0.8

_SQL: Final = load("annul.resolve", "accused.sql", open_raised=OPEN_RAISED, close_ended=CLOSE_ENDED)


async def tell(pool: asyncpg.Pool, now: datetime, apart: timedelta) -> None:
    """Open and close what is told of issuers that err, by the cases that are open now.

    A case has gone by it for as long as two looks must be `apart`.
    """
    await pool.execute(*_SQL["issuers_err"](now=now, since=now - apart, named_from=NAMED_FROM))
