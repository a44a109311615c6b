"""`annul up`: everything that serves, in one process, until it is told to stop."""

import errno
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from annul.domain.errors import AnnulError

from .secret import Database

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
# Collections: what is imported stays, and a request leaves no cycles behind.
_RARELY: Final = (50_000, 20, 50)
_OF_A_PORT: Final = frozenset({errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES})


class PortTaken(AnnulError):
    """A port is in use, so annul serves nothing. No money has moved."""

    code = "up.port"
    next_step = "Stop what listens there (another annul?), or set another port in annul.toml."


class DatabaseAway(AnnulError):
    """The database is away or refuses annul, so annul serves nothing. No money has moved."""

    code = "up.database"
    next_step = (
        "See that PostgreSQL runs and that `database` in annul.toml has its address, name and "
        "password; then start annul again."
    )


class NotStarted(AnnulError):
    """The machine refuses what annul needs, so annul serves nothing. No money has moved."""

    code = "up.machine"
    next_step = "Give annul what the message names (a folder, a file, space), and start it again."


@contextmanager
def starting() -> Iterator[None]:
    """Say why a server does not start.

    Raises `PortTaken`, `DatabaseAway` or `NotStarted` for what the machine and PostgreSQL raise.
    """
    import asyncpg
    from sqlalchemy.exc import ArgumentError, DBAPIError

    from annul.store.batcher import LOST

    refused = (
        *LOST,
        asyncpg.InvalidAuthorizationSpecificationError,
        asyncpg.InvalidCatalogNameError,
        asyncpg.InsufficientPrivilegeError,
    )
    try:
        yield
    except OSError as error:
        message = str(error) or type(error).__name__
        if error.filename is not None:
            raise NotStarted(message) from error
        raise (PortTaken if error.errno in _OF_A_PORT else DatabaseAway)(message) from error
    except (*refused, ArgumentError) as error:
        raise DatabaseAway(str(error)) from error
    except DBAPIError as error:  # of a migration, which may also be at fault itself
        cause = error.orig and error.orig.__cause__
        if isinstance(cause, refused):
            raise DatabaseAway(str(cause)) from error
        raise


def end_with_parent() -> None:
    """Be told to stop when the process that started this one ends, however it does (Linux)."""
    import ctypes
    import os
    import signal

    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it has ended meanwhile
        os.kill(os.getpid(), signal.SIGTERM)


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("up")(up)


def up(
    data: Annotated[Path | None, typer.Option(help="Folder of database, keys, journals.")] = None,
    database: Database = None,
    config: Annotated[Path | None, typer.Option(help="TOML file of settings.")] = None,
    *,
    demo: Annotated[bool, typer.Option(help="Add issuer simulators and merchants.")] = False,
    hosts: Annotated[
        int, typer.Option(min=1, max=10, help="Host processes, each on a core of its own.")
    ] = 1,
    with_others: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Start the host and all that belongs to it; Ctrl-C stops it."""
    gc.set_threshold(*_RARELY)
    import structlog
    import uvloop

    from annul.cli.serve import serve_hosts_until_told, serve_until_told
    from annul.logs import configure
    from annul.settings import Settings

    settings = Settings.load(config, data=data, database=database)
    configure(settings.log_level)
    with starting():
        if hosts > 1:
            uvloop.run(serve_hosts_until_told(settings, hosts, config, demo=demo))
            return
        if with_others:
            end_with_parent()
            structlog.contextvars.bind_contextvars(process=settings.data.name)
        uvloop.run(serve_until_told(settings, demo=demo, greet=not with_others))
