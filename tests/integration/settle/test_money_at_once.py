"""Attacks on what pays merchants. A test that fails here is a fault that was found."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from annul.domain.payouts import MoveKind
from annul.security.vault import Vault
from annul.settle import answers, moves
from annul.settle.answers import Answers
from annul.settle.bank.rows import BankFile, BankRow, BankSaid
from annul.settle.paying import Paying
from annul.settle.payouts import SQL
from annul.settle.reserve import Reserves
from tests.support.clock import HeldClock
from tests.support.paying import (
    CALENDAR,
    DAY,
    HOUSE,
    NOW,
    SHOPS,
    balances_of,
    bank_says,
    make_available,
    the_payouts,
)
from tests.support.rows import put

pytestmark = pytest.mark.usefixtures("shops")


async def _in_use(pool: asyncpg.Pool, shop: str = SHOPS[0]) -> UUID:
    return await pool.fetchval(
        "SELECT id FROM payout_accounts WHERE merchant_id = $1 AND state = 'used'", shop
    )


# Accounts between made and filed ------------------------------------------------------------------


# One shop stops all -------------------------------------------------------------------------------


def _paying(pool: asyncpg.Pool, vault: Vault, folder: Path, **house: Any) -> Paying:
    folders = {"outbox": folder / "out", "inbox": folder / "in"}
    for one in folders.values():
        one.mkdir(exist_ok=True)
    return Paying(
        pool, CALENDAR, HeldClock(NOW), HOUSE.model_copy(update={**folders, **house}), vault
    )


def _sent(folder: Path, name: str | bytes, content: bytes) -> None:
    path = folder / "in" / os.fsdecode(name)
    path.write_bytes(content)
    before = NOW.timestamp() - 60
    os.utime(path, (before, before))


def _csv(*lines: str) -> bytes:
    return "\n".join(["reference,said,amount,currency", *lines, ""]).encode()


# The inbox ----------------------------------------------------------------------------------------


_ODD = [
    b"reference,said\n\0\n",
    b"reference,said,amount\n" + b"a" * 32 + b",booked," + b"9" * 400_000 + b"\n",
    b"reference,said\n" + b"a" * 32 + b",\xff\n",
    b'reference,said\n"' + b"a" * 32,
    b"reference,said,booked_on\n" + b"a" * 32 + b",booked,2026-99-99\n",
    b"reference,said,booked_on\n" + b"a" * 32 + b",booked,T\n",
    b"reference,said,amount\n" + b"a" * 32 + b",booked,0.00\n",
    b"<?xml version='1.0' encoding='none'?><Document xmlns='urn:x:camt.053.001.08'/>",
    b"<Document xmlns='urn:x:camt.053.001.08'><Ntry><Sts>BOOK</Sts><TxDtls><Refs><EndToEndId>"
    + b"a" * 32
    + b"</EndToEndId></Refs><Amt Ccy='CNY'></Amt></TxDtls></Ntry></Document>",
    b"<Document xmlns='urn:x:camt.053.001.08'><TxDtls><Refs><EndToEndId>"
    + b"a" * 32
    + b"</EndToEndId></Refs></TxDtls></Document>",
    b"\xff\xfe<\0D\0",
    b":20:1\n:25:1\n:28C:1\n:60F:C260928CNY1,\n:61:2609280928D1,NTRFNONREF\n:86:EREF+"
    + b"a" * 32
    + b"\n:62F:C260928CNY0,\n",
    b":20:1\n:25:1\n:28C:1\n:60F:C260928XXX1,\n:61:2602300230ED1,NTRFNONREF\n:86:EREF+"
    + b"a" * 32
    + b"\n:62F:C260928XXX0,\n",
    b":20:1\n:61:\n",
    b":20:1\n:25:1\n:28C:1\n:60F:C260928CNY1,1234567\n:61:2609280928D1,1234567NTRFNONREF\n:86:EREF+"
    + b"a" * 32
    + b"\n:62F:C260928CNY0,\n",
]


@pytest.mark.parametrize("number", range(len(_ODD)))
async def test_an_odd_file_is_read_or_unreadable(
    pool: asyncpg.Pool, vault: Vault, tmp_path: Path, number: int
) -> None:
    paying = _paying(pool, vault, tmp_path)
    _sent(tmp_path, "a", _ODD[number])
    await paying.turn()
    assert not (tmp_path / "in" / "a").exists()


# The bank -----------------------------------------------------------------------------------------

_STATUS = """<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
<OrgnlGrpInfAndSts><OrgnlMsgId>{order}</OrgnlMsgId><GrpSts>RJCT</GrpSts>
<StsRsnInf><Rsn><Cd>DU01</Cd></Rsn></StsRsnInf></OrgnlGrpInfAndSts>
<OrgnlPmtInfAndSts><OrgnlPmtInfId>{order}</OrgnlPmtInfId><PmtInfSts>RJCT</PmtInfSts>{single}
</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"""
_SINGLE = "<TxInfAndSts><OrgnlEndToEndId>{one}</OrgnlEndToEndId><TxSts>RJCT</TxSts></TxInfAndSts>"


async def test_two_files_at_once_do_not_lock_each_other_out(
    pool: asyncpg.Pool, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds, faults = 12, list[BaseException]()
    for number in range(rounds):
        for shop in SHOPS:
            await make_available(pool, shop, 100, DAY + timedelta(days=number))
        await pool.execute("UPDATE payout_accounts SET state = 'used' WHERE state = 'stopped'")
        await the_payouts(pool, vault).run("li")
    ids = [row[0] for row in await pool.fetch("SELECT id FROM payouts ORDER BY random()")]
    parts = [ids[at::4] for at in range(4)]
    kept = list[tuple[Answers, UUID]]()
    for at, part in enumerate(parts):
        rows = [
            BankRow(line, BankSaid.REJECTED, one.hex, "156", 100, "AC04")
            for line, one in enumerate(part, 1)
        ]
        reader, content = bank_says(pool, monkeypatch, *rows)
        kept.append((reader, await reader._keep(content, str(at), bytes([at]), "li")))
    going = (reader.go_on(one) for reader, one in kept)
    done = await asyncio.gather(*going, return_exceptions=True)
    faults += [one for one in done if isinstance(one, BaseException)]
    assert not faults
    for shop in SHOPS:
        assert await balances_of(pool, shop) == (100 * rounds, 0, 0)


# Cells --------------------------------------------------------------------------------------------


# Time ---------------------------------------------------------------------------------------------


# At once ------------------------------------------------------------------------------------------


async def test_frozen_and_paid_at_once_is_one_of_both(pool: asyncpg.Pool, vault: Vault) -> None:
    for number in range(12):
        await make_available(pool, SHOPS[0], 100, DAY + timedelta(days=number))
        one = moves.Move(SHOPS[0], uuid4(), MoveKind.FREEZE, -100, "156")

        async def freeze(one: moves.Move = one) -> None:
            async with pool.acquire() as connection, connection.transaction():
                await moves.ask(connection, one, "x", "li", NOW)
                await moves.carry_out(connection, CALENDAR, SHOPS[0], one.id, "li", NOW)

        await asyncio.gather(
            freeze(), the_payouts(pool, vault)._make(NOW, "li", None), return_exceptions=True
        )
        held = await pool.fetchrow(
            "SELECT available, frozen, in_payout FROM merchant_balances WHERE merchant_id = $1",
            SHOPS[0],
        )
        assert held is not None
        assert held[0] == 0
        assert held[1] + held[2] == 100 * (number + 1)
        await balances_of(pool)


_CREDIT = """<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>
<Acct><Id><Othr><Id>{account}</Id></Othr></Id></Acct><Ntry><Amt Ccy="CNY">1.00</Amt>
<CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><AcctSvcrRef>9</AcctSvcrRef><NtryDtls><TxDtls>
<Refs><EndToEndId>{one}</EndToEndId></Refs><Amt Ccy="CNY">1.00</Amt></TxDtls></NtryDtls></Ntry>
</Stmt></BkToCstmrStmt></Document>"""


async def test_what_is_free_of_the_reserve_is_given_once(pool: asyncpg.Pool) -> None:
    await put(
        pool,
        "reserves",
        {
            "merchant_id": SHOPS[0], "on_day": DAY, "currency": "156", "id": uuid4(),
            "share_ppm": 1, "amount": 50, "left_over": 50, "free_on": DAY, "reason": {},
            "held_at": NOW,
        },
    )  # fmt: skip
    await pool.execute(
        "UPDATE merchant_balances SET rolling_reserve = 50 WHERE merchant_id = $1", SHOPS[0]
    )
    reserves = Reserves(pool)
    await asyncio.gather(*(reserves.free(NOW.date(), NOW) for _ in range(8)))
    held = await pool.fetchrow(
        "SELECT available, rolling_reserve FROM merchant_balances WHERE merchant_id = $1", SHOPS[0]
    )
    assert held is not None
    assert tuple(held) == (50, 0)


async def test_all_at_once_keeps_the_sums(
    pool: asyncpg.Pool, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    payouts = the_payouts(pool, vault)
    faults = list[BaseException]()
    for number in range(6):
        for shop in SHOPS:
            await make_available(pool, shop, 100 + number, DAY + timedelta(days=number))
        done = await asyncio.gather(
            *(payouts._make(NOW, "li", None) for _ in range(2)), return_exceptions=True
        )
        faults += [one for one in done if isinstance(one, BaseException)]
        ready = await pool.fetch("SELECT merchant_id, id FROM payouts WHERE state = 'ready'")
        cancels = [
            pool.fetchval(
                *SQL["cancel"](
                    merchant=row[0], id=row[1], who="wang", reason="x", business_date=DAY, now=NOW
                )
            )
            for row in ready
            for _ in range(2)
        ]
        done = await asyncio.gather(
            *cancels, payouts._file(NOW, None), payouts._make(NOW, "li", None),
            return_exceptions=True,
        )  # fmt: skip
        faults += [one for one in done if isinstance(one, BaseException)]
        in_file = await pool.fetch("SELECT id, amount FROM payouts WHERE state = 'filed'")
        work = []
        for said in (BankSaid.RETURNED, BankSaid.BOOKED, BankSaid.REJECTED, BankSaid.BOOKED):
            rows = [
                BankRow(at, said, row["id"].hex, "156", row["amount"], bank_ref="1")
                for at, row in enumerate(in_file, 1)
            ]
            monkeypatch.setattr(answers, "read", lambda *_, r=tuple(rows): BankFile("CSV", r))
            reader = Answers(pool, CALENDAR, HeldClock(NOW))
            work.append(reader.go_on(await reader._keep(b"", "a", uuid4().bytes, "li")))
        done = await asyncio.gather(*work, return_exceptions=True)
        faults += [one for one in done if isinstance(one, BaseException)]
        await pool.execute("UPDATE payout_accounts SET state = 'used' WHERE state = 'stopped'")
    for shop in SHOPS:
        available, in_payout, _ = await balances_of(pool, shop)
        assert available + in_payout >= 0
    wrong = await pool.fetch(
        "SELECT p.id FROM payouts p WHERE amount <> coalesce((SELECT sum(net - fee) FROM"
        " merchant_days d WHERE d.payout_id = p.id), 0) + coalesce((SELECT sum(amount) FROM"
        " account_moves v WHERE v.payout_id = p.id), 0)"
    )
    assert not wrong
    assert not faults


# What 14c0029a has mended, attacked once more ----------------------------------------------------
