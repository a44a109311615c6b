"""The account that a merchant is paid to: asked for by one person, checked by another."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from annul.domain.errors import AnnulError
from annul.security.vault import Vault
from annul.store.incidents import CLOSE_ENDED
from annul.store.sql import load

SQL: Final = load("annul.settle", "accounts.sql", close_ended=CLOSE_ENDED)
_NUMBER: Final = re.compile(r"[A-Z0-9]{5,34}")
_BANK: Final = re.compile(r"[0-9]{12}|[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
_SHOWN: Final = 4
_HOLDER: Final = 70  # characters that banks keep


class BadAccount(AnnulError):
    """This account cannot be paid to. Nothing was changed."""

    code = "settle.account"
    next_step = (
        "Give the holder, the number (5 to 34 digits or letters), and the bank as 12 digits of "
        "clearing or a BIC."
    )


class NotWaiting(AnnulError):
    """Nothing of this number waits, or the account is in another state. Nothing was changed."""

    code = "settle.account_state"
    next_step = "Look at the merchant's accounts for how it stands."


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it is asked for. Raises `BadAccount`."""

    holder: str
    bank: str
    number: str = field(repr=False)

    def __post_init__(self) -> None:
        holder, bank = self.holder.strip(), self.bank.strip().upper()
        number = re.sub(r"[\s-]", "", self.number).upper()
        for name, value in (("holder", holder), ("bank", bank), ("number", number)):
            object.__setattr__(self, name, value)
        if not 0 < len(holder) <= _HOLDER or not holder.isprintable():
            raise BadAccount
        if not _NUMBER.fullmatch(number) or not _BANK.fullmatch(bank):
            raise BadAccount

    @property
    def shown(self) -> str:
        """Give what people may see of the number."""
        return self.number[-_SHOWN:]


def about(merchant_id: str, identity: UUID, currency: str, bank: str, holder: str) -> bytes:
    """Give what a number is sealed for: put into another row, or under another name, it is none."""
    return f"{merchant_id}\0{identity.hex}\0{currency}\0{bank}\0{holder}".encode()


async def ask(
    connection: Any,
    vault: Vault,
    merchant_id: str,
    identity: UUID,
    account: Account,
    currency: str,
    *,
    reason: str,
    who: str,
    now: datetime,
) -> bool:
    """Keep an account that is asked for, its number sealed; False when it was before."""
    return bool(
        await connection.fetchval(
            *SQL["ask"](
                merchant=merchant_id,
                id=identity,
                currency=currency,
                holder=account.holder,
                bank=account.bank,
                sealed=vault.seal_file(
                    account.number.encode(),
                    about(merchant_id, identity, currency, account.bank, account.holder),
                ),
                shown=account.shown,
                reason=reason,
                who=who,
                now=now,
            )
        )
    )


async def asked_by(connection: Any, merchant_id: str, identity: UUID) -> str:
    """Say who has asked for an account, and let nobody else decide of this merchant's meanwhile.

    Raises `NotWaiting`.
    """
    await connection.execute(*SQL["one_by_one"](merchant=merchant_id))
    row = await connection.fetchrow(*SQL["lock"](merchant=merchant_id, id=identity))
    if row is None:
        raise NotWaiting
    return row["asked_by"]


async def use(connection: Any, merchant_id: str, identity: UUID, who: str, now: datetime) -> None:
    """Take an account into use in place of the one before; raises `NotWaiting`."""
    await asked_by(connection, merchant_id, identity)
    key = {"merchant": merchant_id, "id": identity}
    await connection.execute(*SQL["replace"](**key))
    await connection.fetchval(*SQL["use"](**key, who=who, now=now))
    await connection.execute(*SQL["failed"](merchant=merchant_id, now=now))


async def reject(
    connection: Any, merchant_id: str, identity: UUID, who: str, now: datetime
) -> None:
    """Do not take it; raises `NotWaiting`."""
    key = {"merchant": merchant_id, "id": identity}
    if await connection.fetchval(*SQL["reject"](**key, who=who, now=now)) is None:
        raise NotWaiting


async def stop(connection: Any, merchant_id: str, identity: UUID, reason: str) -> None:
    """Pay nothing more to it; raises `NotWaiting`."""
    key = {"merchant": merchant_id, "id": identity}
    if await connection.fetchval(*SQL["stop"](**key, reason=reason)) is None:
        raise NotWaiting


async def use_again(connection: Any, merchant_id: str, identity: UUID, now: datetime) -> None:
    """Pay to it again; raises `NotWaiting`."""
    key = {"merchant": merchant_id, "id": identity}
    if await connection.fetchval(*SQL["use_again"](**key)) is None:
        raise NotWaiting
    await connection.execute(*SQL["failed"](merchant=merchant_id, now=now))
