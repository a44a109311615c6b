"""A new cell: an empty one with the schema, and what is known of issuers as in another."""

from typing import Final

import asyncpg

from annul.domain.errors import AnnulError

from .copying import stream
from .directory import Directory

# What cells have in common; those that others refer to first.
_COMMON: Final = (
    "master_key", "issuers", "issuer_keys", "bins", "fee_rates", "policies", "code_meanings",
    "contacts", "dialects", "ca_public_keys", "aid_parameters",
)  # fmt: skip


class NotEmpty(AnnulError):
    """The cell knows issuers already, so nothing was copied into it."""

    code = "cells.not_empty"
    next_step = "It is founded; annul cells migrate brings it to this version."


async def found(directory: Directory, name: str, like: str = "") -> int:
    """Make a cell's tables, with issuers and keys as in cell `like`; gives the rows copied.

    Raises `NotEmpty`, `CellsWrong`.
    """
    from annul.store.migrate import upgrade

    database = directory.database(name)
    await upgrade(database.owner_url)
    if not like:
        return 0
    source = await asyncpg.connect(directory.database(like).owner_url, timeout=10)
    target = await asyncpg.connect(database.owner_url, timeout=10)
    try:
        async with target.transaction():
            if await target.fetchval("SELECT EXISTS (SELECT FROM issuers)"):
                raise NotEmpty(name)
            copied = 0
            for table in _COMMON:
                copied += await stream(source, f'SELECT * FROM "{table}"', (), target, table)
            await target.execute("UPDATE reference SET version = version + 1")
            return copied
    finally:
        await target.close()
        await source.close()
