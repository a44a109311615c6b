"""What is served and what can be run stands in the tables of doors, and nothing else does."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Final

from typer.main import get_command

from annul.cli import application
from annul.console.build import pages
from annul.console.till.issuer_panel import Maintenance
from annul.console.till.tills import Tills

from .doors import ACTS, CALLS, FILES, OPEN, OWN, PAGES, READS, SERVES

_ROUTES: Final = """
import json
from annul.console.build import build
from tests.support.desks import make_desk
def walk(routes, before=""):
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from walk(included.routes, before)
            continue
        inner = getattr(route, "routes", None)
        if inner:
            yield from walk(inner, before + route.path)
        for method in getattr(route, "methods", None) or ["MOUNT"] * (inner == []):
            yield method, before + route.path
print(json.dumps(sorted(set(walk(build(make_desk(None)).routes)))))
"""
_OF_TWO = {  # whose acts are called by two words
    *("terminal", "dialect", "issuer", "payouts", "breaks", "incidents", "notices"),
    *("interventions", "playbook", "reports"),
    *("chargebacks", "clearing"),
}


def test_each_route_of_the_application_is_a_door_of_the_tables() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ROUTES], capture_output=True, text=True, check=True, timeout=60
    )
    served = {
        f"{method} {path}" if method != "MOUNT" else path
        for method, path in json.loads(done.stdout.splitlines()[-1])
        if method not in {"HEAD", "OPTIONS"} and not path.startswith("/_nicegui")
    }
    known = {f"GET {path}" for path in (*PAGES, *FILES)} | OPEN.keys() | OWN.keys()
    known |= {f"{m} /api/v1{p.partition('?')[0]}" for m, p in (c.split(" ") for c in CALLS)}
    assert served - known == set(), "a door that no table has"
    assert known - served <= {"GET /favicon.ico"}, "a door that is not there"


def test_each_page_is_in_the_table() -> None:
    assert {page.path for page in pages(Tills(), Maintenance())} == PAGES.keys()


def _commands() -> Iterator[str]:
    """Name the commands that reach the database."""

    def walk(group: Any, before: str) -> Iterator[str]:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from walk(command, f"{before}{name} ")
            if {"database", "data"} & {option.name for option in command.params}:
                yield before + name

    yield from walk(get_command(application), "")


def test_each_command_that_reaches_the_database_is_in_a_table() -> None:
    found = {name for name in _commands() if name.split()[0] != "pos"}  # by the terminal's port
    acting = {
        " ".join(words[:2]) if words[0] in _OF_TWO else words[0] for words, _ in ACTS.values()
    }
    assert found == acting | READS | SERVES
