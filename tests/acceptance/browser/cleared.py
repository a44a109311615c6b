"""A day of a house as a clearing file tells it: one sale failed here and was paid there."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import date, time
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg

from annul.domain.business_day import Calendar
from annul.domain.kinds import GIVING
from annul.security.masterkey import read_master_key
from annul.security.vault import Vault
from annul.settle.clearing.commit import Clearing
from annul.settle.clearing.foretell import Foretelling
from annul.settle.clearing.layouts import LAYOUTS
from annul.settle.clearing.load import Described, Loader
from annul.settle.clearing.rows import Chunk, ClearingRow
from annul.settle.clearing.rules import ClearingRules
from annul.settle.clearing.write import line
from annul.store.clock import SystemClock
from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres

from .house import House

LOST: Final = "1299.00"  # the sale in question
_SOLD: Final = ("35.00", "128.00")
# It declines the sale and approves it at once after that, and never hears of the reversal.
_LIES: Final = (
    {"kind": "wavers", "of_kind": "sale", "left": 1},
    {"kind": "lost_request", "of_kind": "reversal"},
)
_CARD: Final = "6200010000000007"  # whose issuer answers for the demo's first terminal
_TOLD: Final = """
SELECT id, merchant_id, terminal_id, trace, rrn, auth_code, kind, amount, state, business_date
FROM transactions WHERE amount = ANY($1::bigint[]) ORDER BY received_at
"""
_WITHIN_S: Final = 60.0
_CALENDAR = Calendar(ZoneInfo("Asia/Shanghai"), time(23))


def tell(home: House, folder: Path) -> tuple[Path, str]:
    """Let it happen, and give the issuer's file of it and the number of the sale in question."""
    for amount in _SOLD:
        home.pos("sale", amount)
    home.issuer("/faults", _LIES)
    home.pos("sale", LOST)
    rows = asyncio.run(_told(home))
    day = rows[0]["business_date"]
    file = folder / f"IND{day:%y%m%d}01ACOM"
    lines = [line(LAYOUTS["COM"], _row(row, place)) for place, row in enumerate(rows, 1)]
    extra = _row(rows[0], len(rows) + 1)._replace(trace="999999", rrn="999999999999", amount=777)
    lines += [line(LAYOUTS["COM"], extra), b"this is no row"]
    file.write_bytes(b"".join(one + b"\r\n" for one in lines))
    lost = next(str(row["id"]) for row in rows if row["amount"] == minor(LOST))
    return file, lost


def minor(amount: str) -> int:
    return int(amount.replace(".", ""))


def _row(row: Any, place: int) -> ClearingRow:
    day: date = row["business_date"]
    return ClearingRow(
        place,
        row["merchant_id"],
        row["terminal_id"],
        row["trace"],
        row["rrn"],
        row["auth_code"] or "A00001",
        _CARD,
        "given_back" if row["kind"] in GIVING else "taken",
        row["kind"],
        row["amount"],
        sent_at=f"{day:%m%d}120000",
    )


async def _told(home: House) -> list[asyncpg.Record]:
    """Wait until the late answer has come and is foretold to break; give what the file tells of."""
    amounts = [minor(one) for one in (*_SOLD, LOST)]
    pool = await connect(EmbeddedPostgres(home.folder).url, size=1)
    try:
        vault = Vault(read_master_key(home.folder / "master.key", ""))
        clock = SystemClock()
        foretelling = Foretelling(pool, Loader(pool, vault, clock), _CALENDAR, clock)
        async with asyncio.timeout(_WITHIN_S):
            while not await pool.fetchval("SELECT EXISTS (SELECT FROM foretold)"):
                await foretelling.run()
                await asyncio.sleep(0.2)
        return await pool.fetch(_TOLD, amounts)
    finally:
        await pool.close()


async def sold(home: House, amounts: Sequence[str]) -> list[asyncpg.Record]:
    """Give what stands here of sales of these amounts."""
    pool = await connect(EmbeddedPostgres(home.folder).url, size=1)
    try:
        return await pool.fetch(_TOLD, [minor(one) for one in amounts])
    finally:
        await pool.close()


def commit(home: House) -> tuple[str, str]:
    """Let a file count that has a sale with another amount; gives it, and the break."""
    return asyncio.run(_committed(home))


async def _committed(home: House) -> tuple[str, str]:
    pool = await connect(EmbeddedPostgres(home.folder).url, size=2)
    try:
        sold = await pool.fetchrow(_TOLD, [minor(_SOLD[0])])
        assert sold is not None, "it was sold"
        row = _row(sold, 1)
        row = row._replace(amount=row.amount - 500)

        async def chunks() -> AsyncIterator[Chunk]:
            yield Chunk([row], [], 1)

        vault, clock = Vault(read_master_key(home.folder / "master.key", "")), SystemClock()
        described = Described("told", "com", sold["business_date"], ())
        loader = Loader(pool, vault, clock)
        file = await loader.stage(described, chunks(), lambda: b"told", "olga")
        clearing = Clearing(pool, _CALENDAR, clock, ClearingRules())
        async with pool.acquire() as connection, connection.transaction():
            await clearing.commit(connection, file.id, "olga")
        found = await pool.fetchval("SELECT id FROM breaks WHERE file_id = $1 LIMIT 1", file.id)
        return str(file.id), str(found)
    finally:
        await pool.close()
