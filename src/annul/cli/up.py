"""`annul up`: everything that serves, in one process, until it is told to stop."""

from pathlib import Path
from typing import Annotated

import typer

from annul.domain.errors import AnnulError


class PortTaken(AnnulError):
    """A port is in use, so annul serves nothing. No money has moved."""

    code = "up.port"
    next_step = "Stop what listens there (another annul?), or set another port in annul.toml."


def register(application: typer.Typer) -> None:
    """Add the command."""
    application.command("up")(up)


def up(
    data: Annotated[Path | None, typer.Option(help="Folder of database, keys, journals.")] = None,
    database: Annotated[str | None, typer.Option(help="URL of your own PostgreSQL.")] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file of settings.")] = None,
    *,
    demo: Annotated[bool, typer.Option(help="Add issuer simulators and merchants.")] = False,
) -> None:
    """Start the host and all that belongs to it; Ctrl-C stops it."""
    import uvloop

    from annul.cli.serve import serve_until_told
    from annul.logs import configure
    from annul.settings import Settings

    settings = Settings.load(config, data=data, database=database)
    configure(settings.log_level)
    try:
        uvloop.run(serve_until_told(settings, demo=demo))
    except OSError as error:
        raise PortTaken(str(error)) from error
