"""Cases that are to ask their issuer now, because too little traffic comes to tell how it is.

Such a case goes its own way: windows, rules, circuit, number of tries and fences count as ever. It
only does not wait out the time between two tries.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from annul.domain.alarm_probes import LONGEST, How, ProbeOutcome
from annul.domain.records import Transaction
from annul.domain.response_codes import FAULTS
from annul.host.ordered import OPEN
from annul.store.sql import load

from .case import Case

_SQL: Final = load("annul.resolve", "probes.sql")


class Probes:
    """What is wanted of cases, in whichever process it was asked for."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._wanted: frozenset[UUID] = frozenset()

    async def refresh(self, now: datetime) -> None:
        """Read which cases are to ask."""
        rows = await self._pool.fetch(*_SQL["wanted"](how=How.VOID, since=now - LONGEST))
        self._wanted = frozenset(row["case_id"] for row in rows)

    def wants(self, case: Case) -> bool:
        """Say whether this one is to ask."""
        return case.id in self._wanted

    async def came(self, case: Case, attempt: Transaction, code: str, now: datetime) -> None:
        """Say what came of its attempt: the response code, or `OPEN`."""
        self._wanted -= {case.id}
        ended = _SQL["ended"](
            case=case.id,
            merchant=attempt.merchant_id,
            attempt=attempt.id,
            outcome=_outcome(code),
            silent=ProbeOutcome.SILENT,
            not_sent=ProbeOutcome.NOT_SENT,
            now=now,
            how=How.VOID,
        )
        await self._pool.execute(*ended)


def _outcome(code: str) -> ProbeOutcome:
    if code == OPEN:
        return ProbeOutcome.SILENT
    return ProbeOutcome.FAULT if code in FAULTS else ProbeOutcome.ANSWERED
