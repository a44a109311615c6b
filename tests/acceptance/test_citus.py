"""The trial of a Citus runs to its end: with none, and with what stands in for one.

No package brings Citus, so a plain server with the functions and views that the trial asks stands
in: it has two names for its one address, and a schema that moves stays where it is.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from annul.store.temporary import temporary_folder
from tests.support.servers import Server
from tools import citus

_ROOT: Final = Path(__file__).parents[2]
_STANDS_IN: Final = """
    CREATE TABLE pg_dist_node
        (nodeid int, nodename text, nodeport int, isactive bool, shouldhaveshards bool);
    CREATE TABLE has (schema regnamespace PRIMARY KEY, name text);
    CREATE VIEW citus_shards AS SELECT schema::text || '.transactions' AS table_name,
        name AS nodename, current_setting('port')::int AS nodeport FROM has;
    CREATE FUNCTION citus_schema_distribute(regnamespace) RETURNS void
        LANGUAGE sql AS $$ INSERT INTO has VALUES ($1, '127.0.0.1') $$;
    CREATE FUNCTION citus_schema_move(which regnamespace, name text, port int, mode text)
        RETURNS void LANGUAGE plpgsql AS $$ BEGIN
            UPDATE has SET name = citus_schema_move.name WHERE schema = which;
            {also}
        END $$;
    INSERT INTO pg_dist_node SELECT n, name, current_setting('port')::int, true, true
        FROM (VALUES (1, '127.0.0.1'), (2, 'localhost')) AS nodes (n, name);
"""
# A move that loses a row, which nothing but the comparison would notice.
_LOSES: Final = """
    EXECUTE format(
        'DELETE FROM %1$s.entries WHERE ctid = (SELECT min(ctid) FROM %1$s.entries)', which);
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with temporary_folder("annul-citus-") as folder:
        one = Server(folder / "server")
        one.make({})
        one.start()
        yield one
        one.stop()


def _tried(url: str) -> tuple[int, str]:
    """Run the trial as a command; gives its status and what it said."""
    ended = subprocess.run(
        [sys.executable, "-m", "tools.citus"],
        cwd=_ROOT,
        env={**os.environ, citus.VARIABLE: url},
        capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    return ended.returncode, ended.stdout + ended.stderr


async def _prepare(server: Server, also: str = "") -> None:
    connection = await asyncpg.connect(server.url())
    try:
        await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        await connection.execute(_STANDS_IN.replace("{also}", also))
    finally:
        await connection.close()


async def _schemas(server: Server) -> list[str]:
    connection = await asyncpg.connect(server.url())
    try:
        found = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'trial%'"
        return [name for (name,) in await connection.fetch(found)]
    finally:
        await connection.close()


def test_without_a_url_it_says_so() -> None:
    status, said = _tried("")
    assert status == citus.NOT_ASKED
    assert citus.VARIABLE in said


async def test_a_plain_server_is_none(server: Server) -> None:
    status, said = await asyncio.to_thread(_tried, server.url())
    assert status == citus.NO_CITUS, said
    assert await _schemas(server) == []


def test_one_that_is_away_is_no_traceback() -> None:
    status, said = _tried("postgresql://somebody:secret@127.0.0.1:9/annul")
    assert status == citus.FAILED
    assert "Traceback" not in said
    assert "secret" not in said


async def test_two_cells_trade_move_and_trade(server: Server) -> None:
    await _prepare(server)
    status, said = await asyncio.to_thread(_tried, server.url())
    assert status == citus.HELD, said
    assert "moved from 127.0.0.1" in said
    assert "another day at localhost" in said
    assert await _schemas(server) == [], "nothing of it is left"


async def test_a_row_that_a_move_loses_is_missed(server: Server) -> None:
    await _prepare(server, _LOSES)
    status, said = await asyncio.to_thread(_tried, server.url())
    assert status == citus.FAILED, said
    assert "did not hold: " in said
    assert "entries" in said
    assert await _schemas(server) == [], "nothing of it is left all the same"
