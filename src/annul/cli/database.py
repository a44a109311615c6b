"""`annul database`: what an administrator of one's own PostgreSQL does for annul."""

import typer

application = typer.Typer(help="Your own PostgreSQL.", no_args_is_help=True)


@application.callback()
def group() -> None:
    """Your own PostgreSQL."""


@application.command()
def grants() -> None:
    """Print the script that makes annul's roles, for psql as a superuser in annul's database."""
    from annul.store.roles import script

    typer.echo(script())
