"""Bring a database to the newest schema: alembic over plain `.sql` files."""

import re
from importlib.resources import files
from typing import Any, Final

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.util import await_only

from annul.domain.errors import AnnulError

from .roles import OWNER, grant
from .servers import Servers
from .statements import statements

_LOCK: Final = 0x616E6E756C  # "annul": two processes that start at once migrate one after the other


class MigrationsDue(AnnulError):
    """The database is of an older annul and this role may not change it. No money has moved."""

    code = "store.migrations_due"
    next_step = (
        f"Set database_owner to the URL of the role that owns the tables ({OWNER}): annul migrates "
        "as that role when it starts, and serves as the other."
    )


async def upgrade(url: str, revision: str = "head") -> None:
    """Apply every migration that is missing, and the grants, all in one transaction.

    Who may only serve may ask for it too, and nothing happens when nothing is missing. Raises
    `MigrationsDue`, `RolesMissing` and `RightsMissing` when something is that this role can not do.
    """
    # Not connected by the engine, which knows no URL of several hosts.
    connect = Servers(url).connect
    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            await _migrated(connection, revision)
            await grant((await connection.get_raw_connection()).driver_connection)
    finally:
        await engine.dispose()


async def _migrated(connection: AsyncConnection, revision: str) -> None:
    who = text("SELECT current_user, current_database(), current_schema()")
    role, database, schema = (await connection.execute(who)).one()
    try:
        if schema is None:  # it is not there yet
            (path,) = (await connection.execute(text("SHOW search_path"))).one()
            await connection.execute(text(f"CREATE SCHEMA {path}"))
        await connection.run_sync(_upgrade, revision)
    except (asyncpg.InsufficientPrivilegeError, DBAPIError) as error:
        cause = error.orig and error.orig.__cause__ if isinstance(error, DBAPIError) else error
        if not isinstance(cause, asyncpg.InsufficientPrivilegeError):
            raise
        message = f"{role} may not migrate the database {database}: {cause}"
        raise MigrationsDue(message) from error


def _upgrade(connection: Any, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(files("annul.store") / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def apply_file(name: str) -> None:
    """Run a migration's `.sql` file on the connection of the migration under way."""
    from alembic import op

    script = (files("annul.store") / "migrations" / "versions" / name).read_text(encoding="utf-8")
    here = op.get_bind().scalar(text("SELECT quote_ident(current_schema())"))
    script = re.sub(r"\bpublic\.", f"{here}.", script)  # in functions, which see no search path
    raw = op.get_bind().connection.driver_connection
    assert raw is not None, "a migration runs on an open connection"
    for statement in statements(script):
        await_only(raw.execute(statement))
