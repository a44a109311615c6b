"""`annul console`: console and API alone, for a host that runs elsewhere on the same database."""

import asyncio
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer

from .secret import Database


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("console")(console)


def console(
    database: Database = None,
    data: Annotated[Path | None, typer.Option(help="A folder of its own; keys are read.")] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file of settings.")] = None,
    status: Annotated[
        int | None,
        typer.Option("--status-port", help="Port of health and metrics; not given: none."),
    ] = None,
) -> None:
    """Serve console and API without a host; what is sent to issuers is left to the host."""
    import uvloop

    from annul.app import desk_page, ground, status_page
    from annul.cli.up import starting
    from annul.logs import configure
    from annul.settings import Settings

    settings = Settings.load(config, data=data, database=database)
    configure(settings.log_level)

    async def serve() -> None:
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        async with AsyncExitStack() as stack:
            base = await stack.enter_async_context(ground(settings))
            port = await stack.enter_async_context(desk_page(base))
            scheme = "https" if settings.console_tls else "http"
            typer.echo(f"annul console: {scheme}://{settings.console_host}:{port}")
            if status is not None:
                seen = await stack.enter_async_context(status_page(base, port=status))
                typer.echo(f"metrics: port {seen}")
            await stopped.wait()

    with starting():
        uvloop.run(serve())
