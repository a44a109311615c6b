"""The directory of cells: one TOML file that every host, console and command reads.

    [east]
    number = 0                                   # 0 to 23, of its own
    merchants = ["000000000000000-499999999999999", "898000000000007"]
    terminals = ["10.1.0.10:8583"]               # its hosts, or the proxy before them
    database = "postgresql://annul@db1,db2/annul?target_session_attrs=read-write"
    database_owner = "postgresql://annul_owner@db1,db2/annul?target_session_attrs=read-write"
    schema = "east"                              # where cells share a database

A host needs no database of another cell: `database` may stand in the environment of who does, as
`ANNUL_CELL_EAST_DATABASE` and `ANNUL_CELL_EAST_DATABASE_OWNER`.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError

from annul.domain.cells import MOST, Cell, Cells, CellsWrong, MerchantRange
from annul.store.schema import NAME, PUBLIC, in_schema

_MERCHANT: Final = r"[0-9A-Za-z]{15}"
_ADDRESS: Final = r"^(\[[0-9a-fA-F:.]+\]|[^\[\]:\s]+):\d{1,5}$"


class _Described(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    number: int = Field(ge=0, lt=MOST)
    merchants: list[Annotated[str, Field(pattern=rf"^{_MERCHANT}(-{_MERCHANT})?$")]] = []
    terminals: list[Annotated[str, Field(pattern=_ADDRESS)]] = []
    database: SecretStr = SecretStr("")
    database_owner: SecretStr = SecretStr("")
    schema_: str = Field(PUBLIC, pattern=NAME, alias="schema")


_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
_FILE: Final = TypeAdapter(dict[_Name, _Described])


class NoDatabase(CellsWrong):
    """The database of a cell is not said, so it can not be asked. Nothing was changed."""

    code = "cells.no_database"
    next_step = "Say it in the file of cells, or in the environment: ANNUL_CELL_<NAME>_DATABASE."


@dataclass(frozen=True, slots=True)
class CellDatabase:
    """Where a cell's tables are: for who serves, and for who owns them."""

    url: str
    owner_url: str


@dataclass(frozen=True, slots=True)
class Directory:
    """The file as read."""

    cells: Cells
    _described: Mapping[str, _Described]

    def database(self, name: str) -> CellDatabase:
        """Give where a cell's tables are; raises `NoDatabase`, `CellsWrong`."""
        described = self._described.get(name)
        if described is None:
            message = f"there is no cell {name}; there are {', '.join(self._described)}"
            raise CellsWrong(message)
        url, owner = (
            os.environ.get(f"ANNUL_CELL_{name.upper()}_{what}") or said.get_secret_value()
            for what, said in (
                ("DATABASE", described.database),
                ("DATABASE_OWNER", described.database_owner),
            )
        )
        if not url:
            raise NoDatabase(name)
        schema = described.schema_
        return CellDatabase(in_schema(url, schema), in_schema(owner or url, schema))


def read(file: Path, own: str = "") -> Directory:
    """Read the file; raises `CellsWrong` with what is wrong in it, and where."""
    try:
        said: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
        described = _FILE.validate_python(said)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"{file}: {error}"
        raise CellsWrong(message) from error
    except ValidationError as error:  # never with what was given: it may be a password
        places = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()
        )
        message = f"{file}: {places}"
        raise CellsWrong(message) from None
    return Directory(Cells((_cell(*one) for one in described.items()), own), described)


def _cell(name: str, said: _Described) -> Cell:
    ranges = (one.partition("-") for one in said.merchants)
    addresses = (one.rpartition(":") for one in said.terminals)
    return Cell(
        name,
        said.number,
        tuple(MerchantRange(first, last or first) for first, _, last in ranges),
        tuple((host.strip("[]"), int(port)) for host, _, port in addresses),
    )
