"""The command `annul`: one group of commands per file."""

import sys

import typer
from pydantic import ValidationError

from annul.domain.errors import AnnulError

from .loading import Commands
from .show import complain

application = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its traces would show values of variables
)


@application.callback(help="A POS acquiring host whose voids always end.")
def group() -> None:
    """Say what annul is."""


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
