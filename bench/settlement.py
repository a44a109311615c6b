"""How long it takes to close a business day, count it, make it available, and pay it to merchants.

`python -m bench.settlement --rows 10000000 --merchants 100000`. The entries of nine days are made
by SQL, an approval and its fee to each transaction, most of them on the last day. The server writes
durably, in a folder of the system's temporary place, which goes afterwards. Each merchant has an
account, its payout goes into a file for the bank (pain.001), and the bank's camt.054 says that it
was booked. Into
build/bench-settlement.json: seconds of each step, and the peak of this process's memory.
"""

import asyncio
import json
import resource
import tempfile
import time
from datetime import date, datetime, timedelta
from datetime import time as of_day
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import uuid4
from zoneinfo import ZoneInfo

import asyncpg
import typer
from pydantic import SecretStr

from annul.domain.business_day import Calendar
from annul.security.vault import Vault
from annul.settle.accounts import about
from annul.settle.answers import Answers
from annul.settle.days import Days
from annul.settle.house_bank import HouseBank
from annul.settle.payouts import Payouts
from annul.store.database import connect
from annul.store.migrate import upgrade
from annul.store.roles import OWNER
from tests.support.clock import HeldClock
from tests.support.servers import Server, annuls_database

_HOUSE: Final = HouseBank(name="Acquirer", account=SecretStr("102000000001"), bank="102100099996")
_REPORT: Final = Path("build/bench-settlement.json")
_ZONE: Final = ZoneInfo("Asia/Shanghai")
_CUT_OVER: Final = of_day(23)
_DAY: Final = date(2026, 11, 19)
_BEFORE: Final = 8  # days, of a hundredth of the rows each
_MERCHANTS: Final = """
INSERT INTO merchants (merchant_id, name_zh, name_en, category)
SELECT lpad(n::text, 15, '0'), '店', 'shop', '5812' FROM generate_series(1, $1) n
"""
_BALANCES: Final = """
INSERT INTO merchant_balances (merchant_id, currency, pending)
SELECT merchant_id, '156', sum(CASE credit WHEN 'merchant_pending' THEN amount ELSE -amount END)
FROM entries GROUP BY merchant_id
"""
_ENTRIES: Final = """
INSERT INTO entries
SELECT lpad((1 + abs(hashint8(n)::bigint % $3))::text, 15, '0'),
       gen_random_uuid(), 'approval', line, debit, credit, amount, '156', $4::date,
       $4::date + n * interval '1 ms'
FROM generate_series($1::bigint, $2::bigint) n CROSS JOIN LATERAL (VALUES
    (1, 'issuer_receivable', 'merchant_pending', 1000 + n % 9000),
    (2, 'merchant_pending', 'fee_income', 5 + n % 45)) l (line, debit, credit, amount)
"""


async def _books(owner: Any, rows: int, merchants: int) -> None:
    await owner.execute(_MERCHANTS, merchants, timeout=600)
    for back in range(_BEFORE, 0, -1):
        few = rows // 100
        day = _DAY - timedelta(days=back)
        await owner.execute(_ENTRIES, 1, few, merchants, day, timeout=1800)
    for part in range(10):
        first, last = rows * part // 10 + 1, rows * (part + 1) // 10
        await owner.execute(_ENTRIES, first, last, merchants, _DAY, timeout=1800)
    await owner.execute(_BALANCES, timeout=1800)
    await owner.execute("VACUUM ANALYZE")


async def _run(url: str, now: datetime) -> dict[str, Any]:
    pool = await connect(url, role=None)
    try:
        began = time.monotonic()
        done = await Days(pool, Calendar(_ZONE, _CUT_OVER), HeldClock(now)).run()
        assert done is not None, "nobody else settles here"
        return {
            "days": len(done.days),
            "counted": done.counted,
            "available": done.available,
            "seconds": round(time.monotonic() - began, 1),
        }
    finally:
        await pool.close()


async def _paid(url: str, now: datetime) -> dict[str, Any]:
    """Pay what is available, and read that it was booked: seconds of each."""
    vault, calendar, clock = Vault(bytes(32)), Calendar(_ZONE, _CUT_OVER), HeldClock(now)
    pool = await connect(url, role=None)
    try:
        merchants = [row[0] for row in await pool.fetch("SELECT merchant_id FROM merchants")]
        await pool.copy_records_to_table(
            "payout_accounts", records=(_account(vault, one) for one in merchants)
        )
        began = time.monotonic()
        payouts = Payouts(pool, calendar, clock, _HOUSE, vault)
        made = await payouts.run("bench")
        assert made is not None, "nobody else pays here"
        filed = time.monotonic()
        statement = _statement(await pool.fetch("SELECT id, amount FROM payouts"))
        reading = time.monotonic()
        read = await Answers(pool, calendar, clock).read(statement, "booked.xml", "bench")
        assert read.outcomes == {"done": made.made}
        again = await payouts.run("bench")
        assert again is not None
        assert again.made == again.files == 0
        return {
            "payouts": made.made,
            "files": made.files,
            "made_and_filed_seconds": round(filed - began, 1),
            "read_megabytes": round(len(statement) / 1e6, 1),
            "read_seconds": round(time.monotonic() - reading, 1),
        }
    finally:
        await pool.close()


def _account(vault: Vault, merchant: str) -> tuple[Any, ...]:
    identity = uuid4()
    sealed = vault.seal_file(
        f"6222{merchant}".encode(), about(merchant, identity, "156", "104100000004", "店")
    )
    made = (merchant, identity, "156", "店", "104100000004", sealed, merchant[-4:], "used", "", "")
    return (*made, "li", datetime.now(_ZONE), "wang", datetime.now(_ZONE))


def _statement(rows: list[Any]) -> bytes:
    entries = "".join(
        f'<Ntry><NtryRef>{number}</NtryRef><Amt Ccy="CNY">{row["amount"] / 100:.2f}</Amt>'
        "<CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><NtryDtls><TxDtls><Refs>"
        f"<EndToEndId>{row['id'].hex}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>"
        for number, row in enumerate(rows)
    )
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn>'
        f"<GrpHdr><MsgId>1</MsgId></GrpHdr><Ntfctn><Id>1</Id>{entries}</Ntfctn>"
        "</BkToCstmrDbtCdtNtfctn></Document>"
    ).encode()


async def _measured(server: Server, rows: int, merchants: int) -> dict[str, Any]:
    await annuls_database(server)
    url = server.url(OWNER, "annul")
    await upgrade(url)
    owner = await asyncpg.connect(url)
    try:
        await _books(owner, rows, merchants)
    finally:
        await owner.close()
    evening = datetime.combine(_DAY, datetime.min.time(), _ZONE)
    first = await _run(url, evening)  # the days before
    closed = await _run(url, evening + timedelta(hours=23, minutes=30))
    due = await _run(url, evening + timedelta(days=1, hours=9))
    again = await _run(url, evening + timedelta(days=1, hours=9))
    paid = await _paid(url, evening + timedelta(days=1, hours=9))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "rows": rows,
        "merchants": merchants,
        "days_before": first,
        "closed_and_counted": closed,
        "made_available": due,
        "nothing_left": again,
        "paid": paid,
        "peak_megabytes": round(peak / 1024),
    }


def main(
    rows: Annotated[int, typer.Option(help="transactions of the day")] = 10_000_000,
    merchants: Annotated[int, typer.Option(help="merchants")] = 100_000,
) -> None:
    """Measure the settlement of a day."""
    with tempfile.TemporaryDirectory(prefix="annul-settlement-") as name:
        Path(name).chmod(0o755)
        server = Server(Path(name) / "books")
        server.make({"fsync": "on", "shared_buffers": "256MB", "max_wal_size": "4GB"})
        server.start()
        try:
            report = asyncio.run(_measured(server, rows, merchants))
        finally:
            server.stop()
    _REPORT.parent.mkdir(exist_ok=True)
    _REPORT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    typer.echo(json.dumps(report, indent=2))


if __name__ == "__main__":
    typer.run(main)
