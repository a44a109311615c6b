"""`annul database`: what an administrator of one's own PostgreSQL does for annul."""

import re
from typing import Annotated

import typer

from annul.store.schema import NAME, PUBLIC

application = typer.Typer(help="Your own PostgreSQL.", no_args_is_help=True)


@application.callback()
def group() -> None:
    """Your own PostgreSQL."""


@application.command()
def grants(
    schema: Annotated[str, typer.Option(help="As the setting database_schema.")] = PUBLIC,
) -> None:
    """Print the script that makes annul's roles, for psql as a superuser in annul's database."""
    from annul.store.roles import script

    if not re.match(NAME, schema):
        message = "a schema's name is of small letters, digits and _"
        raise typer.BadParameter(message)
    typer.echo(script(schema))
