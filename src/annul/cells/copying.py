"""Rows of one merchant, from one database to another: into tables beside, of which nobody knows.

What was written since a transaction is found by the number of the one that wrote it (`xmin`), so
that a copy made while the merchant is served is brought up to date by what has changed.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from annul.store.sql import load

SQL: Final = load("annul.cells", "moving.sql")
# Of who signs in, which is one for all cells; these stay where they are.
_STAY: Final = frozenset({"users", "api_keys"})
SEALED: Final = frozenset({"case_events"})  # stays where it was, for what is held against it
_CHUNKS: Final = 16  # of a copy that wait for the other side
_RECENT: Final = "age(t.xmin) <= age($2::text::xid)"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of merchants: its columns, and those of its primary key."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]

    @property
    def listed(self) -> str:
        """The columns, as a statement lists them."""
        return ", ".join(f'"{one}"' for one in self.columns)

    @property
    def keyed(self) -> str:
        """The key's columns, as a statement compares them."""
        return ", ".join(f'"{one}"' for one in self.key)


@dataclass(frozen=True, slots=True)
class Mark:
    """Rows that a merchant has in a table, and what those are that were written since a copy."""

    rows: int
    recent: int
    digest: str

    def __str__(self) -> str:
        """Give it as it is kept."""
        return f"{self.rows}/{self.recent}/{self.digest}"


async def tables(connection: Any) -> list[Table]:
    """Give the tables of merchants, those that others refer to first."""
    rows = await connection.fetch(*SQL["tables"]())
    return [
        Table(row["name"], tuple(row["columns"]), tuple(row["key"]))
        for row in rows
        if row["name"] not in _STAY
    ]


async def snapshot(connection: Any) -> str:
    """Give the mark in time from which on what is written is `recent`."""
    return await connection.fetchval(*SQL["snapshot"]())


async def marks(
    connection: Any, every: Iterable[Table], merchant: str, since: str
) -> dict[str, str]:
    """Give what a merchant has in each table."""
    found: dict[str, str] = {}
    for table in every:
        row = await connection.fetchrow(
            f"SELECT count(*), count(*) FILTER (WHERE {_RECENT}),"
            f" coalesce(sum(hashtextextended(t::text, 0)) FILTER (WHERE {_RECENT}), 0)::text"
            f' FROM "{table.name}" t WHERE t.merchant_id = $1',
            merchant,
            since,
        )
        found[table.name] = str(Mark(*row))
    return found


class Beside:
    """The copy at the other side, in a schema of its own until it counts."""

    def __init__(self, connection: Any, merchant: str) -> None:
        self._connection = connection
        self._merchant = merchant
        self._schema = f"moving_{merchant.lower()}"

    async def prepare(self, every: Iterable[Table]) -> None:
        """Begin with empty tables, whatever an earlier try has left."""
        await self.drop()
        await self._connection.execute(f'CREATE SCHEMA "{self._schema}"')
        for table in every:
            await self._connection.execute(f'CREATE TABLE {self.of(table)} (LIKE "{table.name}")')

    async def drop(self) -> None:
        """Leave nothing of it."""
        await self._connection.execute(f'DROP SCHEMA IF EXISTS "{self._schema}" CASCADE')

    def of(self, table: Table) -> str:
        """Name the copy of a table."""
        return f'"{self._schema}"."{table.name}"'

    async def fill(self, source: Any, table: Table) -> int:
        """Copy all rows that a merchant has in a table; gives how many."""
        await self._connection.execute(f"TRUNCATE {self.of(table)}")
        query = f'SELECT {table.listed} FROM "{table.name}" t WHERE merchant_id = $1'
        return await self._copy(source, table, table.name, query, self._merchant)

    async def catch_up(self, source: Any, table: Table, since: str) -> None:
        """Put what was written since into the place of what was copied."""
        recent = f"{table.name}_recent"
        named = f'"{self._schema}"."{recent}"'
        await self._connection.execute(f'CREATE TABLE {named} (LIKE "{table.name}")')
        query = f'SELECT {table.listed} FROM "{table.name}" t WHERE merchant_id = $1 AND {_RECENT}'
        if await self._copy(source, table, recent, query, self._merchant, since):
            await self._connection.execute(
                f"DELETE FROM {self.of(table)} WHERE ({table.keyed}) IN"
                f" (SELECT {table.keyed} FROM {named})"
            )
            await self._connection.execute(f"INSERT INTO {self.of(table)} SELECT * FROM {named}")
        await self._connection.execute(f"DROP TABLE {named}")

    async def count(self, table: Table) -> int:
        """Say how many rows are copied."""
        return await self._connection.fetchval(f"SELECT count(*) FROM {self.of(table)}")

    async def take_over(self, table: Table) -> None:
        """Put the copy into the table itself, where nothing of the merchant may stand.

        But for what is sealed: that it has left behind in an earlier life here, and is the same.
        """
        there = f" ON CONFLICT ({table.keyed}) DO NOTHING" if table.name in SEALED else ""
        await self._connection.execute(
            f'INSERT INTO "{table.name}" ({table.listed}) SELECT {table.listed}'
            f" FROM {self.of(table)}{there}"
        )

    async def _copy(self, source: Any, table: Table, into: str, query: str, *values: Any) -> int:
        into_columns = {"columns": table.columns, "schema_name": self._schema}
        return await stream(source, query, values, self._connection, into, **into_columns)


async def stream(
    source: Any, query: str, values: Sequence[Any], target: Any, into: str, **named: Any
) -> int:
    """Send what a query gives into a table of another database; gives how many rows."""
    chunks: asyncio.Queue[bytes | None] = asyncio.Queue(_CHUNKS)

    async def read() -> None:
        try:
            await source.copy_from_query(query, *values, output=chunks.put, format="binary")
        finally:
            await chunks.put(None)

    async def arriving() -> AsyncIterator[bytes]:
        while (chunk := await chunks.get()) is not None:
            yield chunk

    async with asyncio.TaskGroup() as both:
        both.create_task(read())
        copied = both.create_task(
            target.copy_to_table(into, source=arriving(), format="binary", **named)
        )
    return int(copied.result().split()[-1])
