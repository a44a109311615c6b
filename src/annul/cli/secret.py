"""Secrets that a command is given: in a file, on standard input or in the environment.

Arguments are read by everybody on the machine while the command runs, and kept by the shell.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import parse_qs, urlsplit

import typer

from annul.domain.errors import AnnulError
from annul.security.private import read_private

_STANDARD_INPUT: Final = "-"
_PASSWORDS: Final = frozenset({"password", "sslpassword"})  # of a URL's query


class SecretShown(AnnulError):
    """A secret stands in the command, for everybody on this machine to read. Nothing was done."""

    code = "cli.secret_shown"
    next_step = "Give a file of mode 0600 that holds it, or see annul COMMAND --help."


def url_of(given: str | None) -> str | None:
    """Give the URL of a database: itself when it holds no password, else that of a file.

    Raises `SecretShown` and `SecretFileError`.
    """
    if not given:
        return given
    if "://" not in given:
        return read_private(Path(given))
    parts = urlsplit(given)
    if parts.password or _PASSWORDS & parse_qs(parts.query).keys():
        message = "the URL of --database holds a password, which everybody on this machine reads"
        raise SecretShown(message)
    return given


def _digits_of(name: str) -> Callable[[str | None], str | None]:
    """Read an option of secret digits: from a file, standard input, or else the environment."""

    def read(given: str | None) -> str | None:
        if not given:
            return os.environ.get(f"ANNUL_{name.upper()}") or given
        if given.replace(" ", "").isdigit():
            message = f"--{name} shows it to everybody on this machine"
            raise SecretShown(message)
        if given != _STANDARD_INPUT:
            return read_private(Path(given))
        if sys.stdin.isatty():
            return typer.prompt(name, hide_input=True)
        return sys.stdin.readline().strip()

    return read


Database = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|URL",
        callback=url_of,
        help="Your own PostgreSQL: a file with its URL; or the URL, if it holds no password. "
        "ANNUL_DATABASE takes any.",
    ),
]
Card = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|-",
        callback=_digits_of("card"),
        help="File with the card number, or ANNUL_CARD; default: that of the profile.",
    ),
]
Pin = Annotated[
    str,
    typer.Option(
        metavar="FILE|-",
        callback=_digits_of("pin"),
        help="File with the PIN, 4 to 12 digits, or ANNUL_PIN; - asks for it.",
    ),
]
Code = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|-",
        callback=_digits_of("code"),
        help="File with the code that the customer shows, or ANNUL_CODE.",
    ),
]
