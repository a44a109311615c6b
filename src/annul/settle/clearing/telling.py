"""Merchants' webhooks are told of breaks and files, in the transaction that makes it so."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from annul.store.sql import load

_SQL: Final = load("annul.settle.clearing", "telling.sql")
OPENED, RESOLVED = "break.opened", "break.resolved"
COMMITTED, DISCARDED, LATE = "file.committed", "file.discarded", "file.late"


async def of_breaks(connection: Any, event: str, ids: Sequence[UUID], now: datetime) -> None:
    """Tell of breaks as they stand now."""
    if ids:
        await connection.execute(*_SQL["breaks"](event=event, ids=list(ids), now=now))


async def of_file(connection: Any, event: str, file: UUID, now: datetime) -> None:
    """Tell of a file, each merchant of its own rows and breaks; while its rows are there."""
    await connection.execute(*_SQL["file"](event=event, file=file, now=now))
