"""Which commands there are, and that one brings no more of annul than it needs."""

import re
import subprocess
import sys
from typing import Final

import pytest
from typer.testing import CliRunner

from annul.cli import application
from annul.cli.loading import PLACES, commands_of

# What serves, prints or migrates: neither help nor a terminal's sale has a use for it.
_HEAVY: Final = ("alembic", "sqlalchemy", "reportlab", "fastapi", "nicegui")


@pytest.mark.parametrize("place", sorted(set(PLACES.values())))
def test_each_command_is_where_the_table_says_and_no_other_is_there(place: str) -> None:
    assert set(commands_of(place)) == {name for name, where in PLACES.items() if where == place}


def test_help_tells_every_command_in_the_order_of_the_table() -> None:
    said = CliRunner().invoke(application, ["--help"], env={"COLUMNS": "200"}).output
    told = [line.split()[1] for line in said.splitlines() if re.match(r"\W+ [a-z]", line)]
    assert [name for name in told if name in PLACES] == list(PLACES)


def test_what_is_no_command_is_told_with_what_is_like_it() -> None:
    done = CliRunner().invoke(application, ["cse"])
    assert done.exit_code == 2
    assert "'case'" in done.output


@pytest.mark.parametrize("words", [["--help"], ["pos", "--help"], ["decode", "--help"]])
def test_a_command_brings_nothing_that_it_has_no_use_for(words: list[str]) -> None:
    """In a process of its own, where nobody else has imported anything."""
    program = (
        "import sys; from annul.cli import application\n"
        f"application({words!r}, standalone_mode=False)\n"
        f"print('brought', [name for name in {_HEAVY!r} if name in sys.modules])"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert told.stdout.splitlines()[-1] == "brought []"
