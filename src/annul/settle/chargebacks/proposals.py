"""Chargebacks that rows of clearing files tell of: proposed, and moved by nobody but people.

Each function is a part of the caller's transaction.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from annul.domain.errors import AnnulError
from annul.domain.incident import Incident
from annul.store.incidents import CLOSE_ENDED, opening
from annul.store.sql import load

SQL: Final = load("annul.settle.chargebacks", "proposals.sql", close_ended=CLOSE_ENDED)
TAKEN, DISMISSED = "taken", "dismissed"
_KIND: Final = "chargebacks_proposed"


class NotProposed(AnnulError):
    """Nothing of this number is proposed any more. No money has moved."""

    code = "chargeback.not_proposed"
    next_step = "Look at the list: somebody has decided it, or its file was discarded."


async def propose(connection: Any, file: UUID, name: str, now: datetime) -> None:
    """Keep what rows of a file tell of chargebacks, and say that it waits for people."""
    waiting = await connection.fetchval(*SQL["propose"](file=file, now=now))
    if waiting:
        raised = Incident.of(_KIND, "", name, name=name, count=waiting)
        await connection.execute(*opening([raised], now))


async def withdraw(connection: Any, file: UUID, now: datetime) -> None:
    """Propose no longer what a file has told that is discarded; what people decided stays."""
    await connection.execute(*SQL["withdraw"](file=file, now=now))
    await connection.execute(*SQL["close_incidents"](file=file, now=now))


async def decided(
    connection: Any, identity: UUID, chargeback: UUID | None, who: str, now: datetime
) -> None:
    """Keep that somebody has taken it up as a chargeback, or dismissed it; raises `NotProposed`."""
    state = DISMISSED if chargeback is None else TAKEN
    decide = SQL["decide"](id=identity, state=state, chargeback=chargeback, who=who, now=now)
    file = await connection.fetchval(*decide)
    if file is None:
        raise NotProposed
    await connection.execute(*SQL["close_incidents"](file=file, now=now))
