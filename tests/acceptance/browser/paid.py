"""A shop of a house is paid: a sale of days ago, its account, the payout of what is available."""

import asyncio
from datetime import UTC, datetime, time
from typing import Any, Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
from pydantic import SecretStr

from annul.domain.business_day import Calendar
from annul.security.masterkey import read_master_key
from annul.security.vault import Vault
from annul.settle import accounts
from annul.settle.house_bank import HouseBank
from annul.settle.payouts import Payouts
from annul.store.clock import SystemClock
from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres

from .house import SHOP, House

BANK: Final = HouseBank(name="Acquirer", account=SecretStr("102000000001"), bank="102100099996")
ACCOUNT: Final = accounts.Account("示例茶馆", "104100000004", "6222 0000 0000 0000 017")
# As if the shop's latest sale had been sold five days ago.
_BACK: Final = """
UPDATE entries SET business_date = business_date - 5
WHERE merchant_id = $1 AND subject = (
    SELECT id FROM transactions WHERE merchant_id = $1 AND kind = 'sale' AND amount = $2
    ORDER BY received_at DESC LIMIT 1)
"""


def make_available(home: House, amount: str) -> None:
    """Sell, and let it have been days ago and be settled."""
    home.pos("sale", amount)
    asyncio.run(_long_ago(home, int(amount.replace(".", ""))))
    home.annul("settle", f"--data={home.folder}", "--json")


async def _long_ago(home: House, amount: int) -> None:
    owner = await asyncpg.connect(EmbeddedPostgres(home.folder).superuser_url)
    try:
        moved = await owner.execute(_BACK, SHOP, amount)
        assert moved != "UPDATE 0", "the sale has its entries"
        await owner.execute("UPDATE books SET counted_to = '-infinity'")
    finally:
        await owner.close()


def take_account(home: House) -> None:
    """Let the shop have an account that a second person has taken into use."""
    asyncio.run(_with(home, _take_account))


def pay(home: House, *, second_person_from: int = BANK.second_person_from) -> UUID:
    """Make the payout of what is available; gives its number."""

    async def paid(pool: asyncpg.Pool, vault: Vault) -> UUID:
        bank = BANK.model_copy(update={"second_person_from": second_person_from})
        calendar = Calendar(ZoneInfo("Asia/Shanghai"), time(23))
        made = await Payouts(pool, calendar, SystemClock(), bank, vault).run("")
        assert made is not None, "no other process makes payouts"
        assert made.made == 1
        return await pool.fetchval("SELECT id FROM payouts ORDER BY made_at DESC LIMIT 1")

    return asyncio.run(_with(home, paid))


async def _take_account(pool: asyncpg.Pool, vault: Vault) -> None:
    identity, now = uuid4(), datetime.now(UTC)
    async with pool.acquire() as connection, connection.transaction():
        await accounts.ask(
            connection, vault, SHOP, identity, ACCOUNT, "156", reason="new", who="li", now=now
        )
        await accounts.use(connection, SHOP, identity, "wang", now)


async def _with(home: House, act: Any) -> Any:
    pool = await connect(EmbeddedPostgres(home.folder).url, size=1)
    try:
        vault = Vault(read_master_key(home.folder / "master.key", ""))
        return await act(pool, vault)
    finally:
        await pool.close()
