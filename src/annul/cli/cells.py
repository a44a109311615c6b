"""`annul cells`: which there are, their schemas, and merchants that move between them."""

import asyncio
import getpass
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from annul.cells import directory, founding, moving
from annul.cells.directory import Directory
from annul.domain.cells import CellsWrong
from annul.settings import Settings
from annul.store.clock import SystemClock

application = typer.Typer(help="Several cells.", no_args_is_help=True)

File = Annotated[Path | None, typer.Option(help="File of cells; default: the setting cells.")]
Config = Annotated[Path | None, typer.Option(help="TOML file of settings.")]
Merchant = Annotated[str, typer.Argument(help="Merchant, 15 characters.")]
Name = Annotated[str, typer.Argument(help="Cell.")]


@application.callback()
def group() -> None:
    """Several cells: each has a database, hosts and merchants of its own."""


def _read(file: Path | None, config: Path | None) -> Directory:
    chosen = file or Settings.load(config).cells
    if chosen is None:
        message = "no file of cells is given"
        raise CellsWrong(message)
    return directory.read(chosen)


def _run(job: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(job)


@application.command("list")
def listed(file: File = None, config: Config = None) -> None:
    """Check the file of cells, and show what is in it."""
    for cell in _read(file, config).cells:
        ranges = ", ".join(map(str, cell.merchants)) or "merchants that move here"
        typer.echo(f"{cell.number:>3}  {cell.name:<16}  {ranges}")
        for host, port in cell.terminals:
            typer.echo(f"{'':23}{host}:{port}")


@application.command()
def create(
    name: Name,
    like: Annotated[str, typer.Option(help="Cell whose issuers, keys and rules it has too.")] = "",
    file: File = None,
    config: Config = None,
) -> None:
    """Make a cell's schema and tables, with issuers and their keys as in another cell."""
    copied = _run(founding.found(_read(file, config), name, like))
    typer.echo(f"{name}: {copied} rows of reference data")


@application.command()
def migrate(file: File = None, config: Config = None) -> None:
    """Bring every cell to the schema of this version, one after the other."""
    from annul.store.migrate import upgrade

    read = _read(file, config)
    for cell in read.cells:
        _run(upgrade(read.database(cell.name).owner_url))
        typer.echo(f"{cell.name}: up to date")


@application.command()
def where(merchant: Merchant, file: File = None, config: Config = None) -> None:
    """Say in which cell a merchant lives, as each cell knows it."""
    read = _read(file, config)
    home = read.cells.home(merchant)
    typer.echo(f"by its number: {home.name if home else 'no cell'}")
    for cell, (lives, other) in _run(moving.where(read, merchant)).items():
        typer.echo(f"{cell}: {lives}{' in ' + other if other else ''}")


@application.command()
def move(
    merchant: Merchant,
    to: Annotated[str, typer.Option(help="Cell that it moves to.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the audit log of both cells.")],
    within: Annotated[float, typer.Option(help="Seconds for work under way to end.")] = 30.0,
    file: File = None,
    config: Config = None,
) -> None:
    """Move a merchant with its history. It is copied while served, then stopped for seconds.

    What was cut off is taken up by the same command.
    """
    read = _read(file, config)
    source = _run(moving.source_of(read, merchant, to))
    asked = moving.Asked(merchant, source, to, getpass.getuser(), reason)
    moved = _run(moving.move(read, asked, SystemClock(), within_s=within, say=typer.echo))
    rows = sum(moved.rows.values())
    typer.echo(f"{merchant}: {source} to {to}, {rows} rows, stopped for {moved.stopped_s:.1f} s")
