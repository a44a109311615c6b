"""The issuers and the BIN table, read from the database."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

import asyncpg
import structlog

from annul.domain.link_profile import USUAL
from annul.domain.records import Bin, Issuer
from annul.store.sql import load
from annul.wire.dialect import Dialect

from . import dialects
from .link_profiles import ProfileError, profile_of

log = structlog.get_logger(__name__)


def _columns(record: type[Issuer] | type[Bin]) -> str:
    return ", ".join(f"t.{column.name}" for column in fields(record))


ISSUER_COLUMNS: Final = _columns(Issuer)
_SQL: Final = load(
    "annul.issuers", "directory.sql", issuer_columns=ISSUER_COLUMNS, bin_columns=_columns(Bin)
)


@dataclass(frozen=True, slots=True)
class Directory:
    """Whom annul knows, which cards are theirs, and what can be spoken."""

    issuers: tuple[Issuer, ...]
    bins: tuple[Bin, ...]
    dialects: Mapping[str, Dialect]


async def read(pool: asyncpg.Pool) -> Directory:
    """Read all of it."""
    return Directory(
        tuple(_issuer(row) for row in await pool.fetch(*_SQL["issuers"]())),
        tuple(Bin(*row) for row in await pool.fetch(*_SQL["bins"]())),
        await dialects.read(pool),
    )


def _issuer(row: asyncpg.Record) -> Issuer:
    """Read an issuer; one whose profile makes no sense is switched off until it is corrected."""
    try:
        return issuer_of(row)
    except ProfileError as error:
        log.warning("profile_refused", issuer=row["issuer_id"], reason=str(error))
        return Issuer(**{**row, "profile": USUAL, "active": False})


def issuer_of(row: asyncpg.Record) -> Issuer:
    """Read an issuer of a row with `ISSUER_COLUMNS`; raises `ProfileError`."""
    return Issuer(**{**row, "profile": profile_of(row["profile"], row["framing"])})
