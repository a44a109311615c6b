"""The page on the schema says what the database says."""

import re
from pathlib import Path

import asyncpg

_PAGE = Path(__file__).parents[3] / "docs" / "schema.md"
_ROW = re.compile(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
_STORED = """
SELECT c.relname, coalesce(k.columns, '—'),
       concat_ws(', ',
                 CASE WHEN has_table_privilege('annul', c.oid, 'INSERT') THEN 'add' END,
                 CASE WHEN has_table_privilege('annul', c.oid, 'UPDATE') THEN 'change' END,
                 CASE WHEN has_table_privilege('annul', c.oid, 'DELETE') THEN 'delete' END)
FROM pg_class c
LEFT JOIN LATERAL (
    SELECT substring(pg_get_constraintdef(oid) FROM '\\((.*)\\)') AS columns
    FROM pg_constraint WHERE conrelid = c.oid AND contype = 'p') k ON true
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'alembic_version'
"""


async def test_tables_keys_and_rights_are_those_of_the_database(pool: asyncpg.Pool) -> None:
    told = {table: (key, may) for table, key, may in _ROW.findall(_PAGE.read_text("utf-8"))}
    stored = {table: (key, may) for table, key, may in await pool.fetch(_STORED)}
    assert told == stored
