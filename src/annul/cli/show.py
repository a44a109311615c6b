"""How commands speak to a person: results on standard output, trouble on standard error."""

import os
from typing import Literal

import typer

from annul.domain.errors import AnnulError

Language = Literal["zh", "en"]


def complain(error: AnnulError) -> None:
    """Say what happened and what to do next."""
    typer.echo(f"annul: {error}", err=True)
    typer.echo(f"       {error.next_step}", err=True)


def language(chosen: str | None) -> Language:
    """Take the language that was asked for, else that of the environment."""
    spoken = chosen or os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return "zh" if spoken.lower().startswith("zh") else "en"
