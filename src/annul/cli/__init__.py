"""The command `annul`: one group of commands per file."""

import sys

import typer
from pydantic import ValidationError

from annul.domain.errors import AnnulError

from . import (
    audit,
    cases,
    cells,
    conclude,
    console,
    database,
    diagnose,
    dialect,
    issuer,
    lessons,
    link,
    message,
    pos,
    retention,
    sim,
    simulate,
    terminal,
    up,
    users,
)
from .show import complain

application = typer.Typer(
    help="A POS acquiring host whose voids always end.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its traces would show values of variables
)
up.register(application)
message.register(application)
diagnose.register(application)
cases.register(application)
users.register(application)
audit.register(application)
conclude.register(application)
console.register(application)
lessons.register(application)
retention.register(application)
simulate.register(application)
application.add_typer(sim.application, name="sim")
application.add_typer(database.application, name="database")
application.add_typer(cells.application, name="cells")
application.add_typer(dialect.application, name="dialect")
application.add_typer(pos.application, name="pos")
application.add_typer(terminal.application, name="terminal")
application.add_typer(issuer.application, name="issuer")
application.add_typer(link.application, name="link")


def main() -> None:
    """Run a command; an error says what happened and what to do, never with a traceback."""
    try:
        application()
    except AnnulError as error:
        complain(error)
        sys.exit(1)
    except ValidationError as error:
        for fault in error.errors():
            name = ".".join(str(part) for part in fault["loc"])
            print(f"annul: setting {name}: {fault['msg']}", file=sys.stderr)  # noqa: T201 - a command says it
        sys.exit(1)
