"""The issuers and the BIN table, read from the database."""

from dataclasses import dataclass, fields
from typing import Final

import asyncpg

from annul.domain.records import Bin, Issuer
from annul.store.sql import load


def _columns(record: type[Issuer] | type[Bin]) -> str:
    return ", ".join(f"t.{column.name}" for column in fields(record))


_SQL: Final = load(
    "annul.issuers", "directory.sql", issuer_columns=_columns(Issuer), bin_columns=_columns(Bin)
)


@dataclass(frozen=True, slots=True)
class Directory:
    """Whom annul knows and which cards are theirs."""

    issuers: tuple[Issuer, ...]
    bins: tuple[Bin, ...]


async def read(pool: asyncpg.Pool) -> Directory:
    """Read both tables."""
    return Directory(
        tuple(Issuer(*row) for row in await pool.fetch(*_SQL["issuers"]())),
        tuple(Bin(*row) for row in await pool.fetch(*_SQL["bins"]())),
    )
