"""Commands that are loaded when they are asked for: each needs its own part of annul only."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_group

# Every command, as `annul --help` tells them, and the module of this folder that has it.
PLACES: Final[Mapping[str, str]] = {
    "up": "up",
    "decode": "message",
    "encode": "message",
    "diagnose": "diagnose",
    "cases": "cases",
    "case": "cases",
    "promise": "cases",
    "users": "users",
    "add-user": "users",
    "conclude": "conclude",
    "console": "console",
    "lessons": "lessons",
    "capacity": "capacity",
    "training": "training",
    "retention": "retention",
    "settle": "settle",
    "payouts": "payouts",
    "notices": "notices",
    "reconcile": "reconcile",
    "breaks": "breaks",
    "incidents": "incidents",
    "interventions": "interventions",
    "playbook": "playbook",
    "alarms": "alarms",
    "chargebacks": "chargebacks",
    "clearing": "clearing",
    "statement": "statement",
    "report": "report",
    "reports": "reports",
    "whatif": "whatif",
    "drill": "drill",
    "simulate": "simulate",
    "audit": "audit",
    "sim": "sim",
    "database": "database",
    "cells": "cells",
    "dialect": "dialect",
    "pos": "pos",
    "terminal": "terminal",
    "issuer": "issuer",
    "link": "link",
}


class Commands(TyperGroup):
    """The group of all commands."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands: Any = _Loaded()


class _Loaded(Mapping[str, Any]):
    """Commands by name."""

    def __getitem__(self, name: str) -> Any:
        return commands_of(PLACES[name])[name]

    def __iter__(self) -> Iterator[str]:
        return iter(PLACES)

    def __len__(self) -> int:
        return len(PLACES)


@cache
def commands_of(place: str) -> Mapping[str, Any]:
    """Load a module and give its commands: what it registers, or the group that it is."""
    module = import_module(f".{place}", __package__)
    part = typer.Typer()
    if hasattr(module, "register"):
        module.register(part)
    else:
        part.add_typer(module.application, name=place)
    return get_group(part).commands
