"""A statement over a whole file is waited for, whatever a pool allows others."""

import asyncpg
import pytest

from annul.settle.clearing.patient import Patient

_SLOW = "SELECT pg_sleep(0.3)"


@pytest.mark.parametrize("method", ["execute", "fetch", "fetchrow", "fetchval"])
async def test_it_waits_longer_than_its_pool(database: str, method: str) -> None:
    connection = await asyncpg.connect(database, command_timeout=0.1)
    try:
        with pytest.raises(TimeoutError):
            await getattr(connection, method)(_SLOW)
        await getattr(Patient(connection), method)(_SLOW)
        assert await Patient(connection).fetchval("SELECT $1::integer", 1) == 1
    finally:
        await connection.close()
