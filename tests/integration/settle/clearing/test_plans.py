"""What a file asks of the database: never all transactions or entries that were ever kept."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

import asyncpg

from annul.settle.clearing.read import LINES
from annul.settle.clearing.rules import ClearingRules
from tests.support.builders import DAY
from tests.support.clearing import UNKNOWN, Cleared, row_of, tolerates, undone

_DAYS: Final = 60
_EACH: Final = 1_000  # transactions of a day
_BEFORE: Final = """
INSERT INTO transactions (merchant_id, id, kind, state, sent, node, terminal_id, batch, trace,
    business_date, amount, currency, card_hash, card_masked, card_type, entry_mode, condition,
    issuer_id, rrn, fee, received_at)
SELECT $1, gen_random_uuid(), 'sale', 'approved', 'answered', 0, '10000001', '000009', n::text,
       $2::date - 1 - n / $3, 1000, '156', n::text::bytea, '620001******0007', 'debit', '012', '00',
       '00000101', 'P' || n, 5, $2::date - 1 - n / $3
FROM generate_series(1, $4::integer) n
"""
_ENTRIES: Final = """
INSERT INTO entries SELECT merchant_id, id, 'approval', 1, 'scheme_cost', 'scheme_payable', 25,
                           currency, business_date, received_at
FROM transactions WHERE rrn LIKE 'P%'
"""
_LARGE: Final = ("transactions", "entries")


class Explained:
    """A connection that keeps the plan of each statement before it is executed."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.plans: dict[str, str] = {}

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def asked(sql: str, *values: Any, **more: Any) -> Any:
            if sql.lstrip().upper().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
                rows = await self._connection.fetch(f"EXPLAIN {sql}", *values)
                self.plans[sql] = "\n".join(row[0] for row in rows)
            return await getattr(self._connection, name)(sql, *values, **more)

        return asked

    def walked(self) -> list[str]:
        """Give the plans that walk a table which only grows."""
        walks = tuple(f"Seq Scan on {table}" for table in _LARGE)
        return [plan for plan in self.plans.values() if any(walk in plan for walk in walks)]


async def test_no_step_of_a_file_walks_all_that_was_ever_kept(
    cell: Cleared, table_owner: asyncpg.Pool
) -> None:
    cell.rules = ClearingRules(tolerances=(tolerates(), tolerates("fee")))
    shop = (await cell.put(1, amount=9_000)).merchant_id
    await table_owner.execute(_BEFORE, shop, DAY, _EACH, _DAYS * _EACH)
    await table_owner.execute(_ENTRIES)
    rows = [row_of(await cell.put(trace), trace, fee=25) for trace in range(2, 102)]
    unknown = [await cell.put(trace, **UNKNOWN) for trace in range(102, 112)]
    rows += [row_of(one, int(one.trace)) for one in unknown]
    rows += [undone(one, int(one.trace) + 100) for one in unknown[5:]]
    rows[5:10] = [row._replace(amount=row.amount + 1, fee=26) for row in rows[5:10]]
    rows += [rows[0]._replace(line=300), rows[1]._replace(line=301, rrn="", trace="000099")]
    rows.append(rows[2]._replace(line=302, rrn="nowhere", effect="fee"))
    staged = await cell.stage(rows)
    # As autovacuum leaves them in time, or `count_clearing` for a file of many rows.
    for table in ("transactions", "entries", "clearing_staged", "merchants"):
        await table_owner.execute(f"ANALYZE {table}")
    async with cell.pool.acquire() as connection:
        told = Explained(connection)
        async with connection.transaction():
            await cell.clearing.commit(told, staged.id, "li")
    assert len(told.plans) > 20
    assert told.walked() == []
    assert await cell.pool.fetchval("SELECT count(*) FROM clearing_differences") == 10
    async with cell.pool.acquire() as connection:
        told = Explained(connection)
        async with connection.transaction():
            await cell.clearing.discard(told, staged.id, "wang", "wrong day")
    assert told.walked() == []


async def test_a_large_file_is_planned_for_as_many_rows_as_it_has(
    cell: Cleared, table_owner: asyncpg.Pool
) -> None:
    """Without that, joins go through all of its rows for each of them."""
    sale = await cell.put(1)
    rows = [row_of(sale, line, rrn=f"M{line:011}", trace="") for line in range(1, LINES + 2)]
    staged = await cell.stage(rows, day=DAY + timedelta(days=1))
    query = "SELECT reltuples::integer FROM pg_class WHERE relname = $1"
    assert await table_owner.fetchval(query, "clearing_staged") == len(rows)
    await cell.clearing.preview(staged.id)
    await table_owner.execute("VACUUM ANALYZE clearing_rows")
    assert await table_owner.fetchval(query, "clearing_rows") == 0, "it was but looked at"
    await cell.commit(staged.id)
    assert await table_owner.fetchval(query, "clearing_rows") == len(rows)
