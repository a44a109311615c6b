"""Bring a database to the newest schema: alembic over plain `.sql` files."""

from importlib.resources import files
from typing import Any, Final

from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.util import await_only

_LOCK: Final = 0x616E6E756C  # "annul": two processes that start at once migrate one after the other


async def upgrade(url: str, revision: str = "head") -> None:
    """Apply every migration that is missing, all in one transaction."""
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"), poolclass=NullPool
    )
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            await connection.run_sync(_upgrade, revision)
    finally:
        await engine.dispose()


def _upgrade(connection: Any, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(files("annul.store") / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def apply_file(name: str) -> None:
    """Run a migration's `.sql` file on the connection of the migration under way."""
    from alembic import op

    script = (files("annul.store") / "migrations" / "versions" / name).read_text(encoding="utf-8")
    raw = op.get_bind().connection.driver_connection
    assert raw is not None, "a migration runs on an open connection"
    await_only(raw.execute(script))  # the simple protocol takes many statements at once
