"""How long a statement takes, and what memory: of a large merchant's month, among many others.

`python -m bench.statement --rows 300000 --others 3000000`. Sales and voids of thirty days are made
by SQL and settled; the statement is written by `annul statement`, each form in a process of its
own. Into build/bench-statement.json: seconds, peak of memory and size of the file, by form, of the
month and of its last day.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from datetime import date, datetime, timedelta
from datetime import time as of_day
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import asyncpg
import typer

from annul.domain.business_day import Calendar
from annul.settle.days import Days
from annul.store.database import connect
from annul.store.migrate import upgrade
from annul.store.roles import OWNER, SERVING
from tests.support.clock import HeldClock
from tests.support.servers import Server, annuls_database

_REPORT: Final = Path("build/bench-statement.json")
_ZONE: Final = ZoneInfo("Asia/Shanghai")
_FIRST: Final = date(2026, 9, 1)
_DAYS: Final = 30
_FORMS: Final = ("csv", "xlsx", "pdf")
_MERCHANT: Final = "000000000000001"
_MERCHANTS: Final = """
INSERT INTO merchants (merchant_id, name_zh, name_en, category)
SELECT lpad(n::text, 15, '0'), '店', 'shop', '5812' FROM generate_series(1, 1000) n
"""
# Of this process alone: what is counted of a child begins with its parent's memory.
_PROGRAM: Final = """
import atexit, pathlib, sys
status = pathlib.Path("/proc/self/status").read_text
atexit.register(lambda: print(status().split("VmHWM:")[1].split("\\n")[0], file=sys.stderr))
from annul.cli import application
application()
"""
# Ids as annul makes them: of a time, and then of a number.
_ID: Final = (
    "(lpad(to_hex({n} + $5::bigint), 12, '0') || '7000' || '8' || lpad(to_hex({n}), 15, '0'))::uuid"
)
# Of a day from number $1 to $2: each $3rd is the merchant's, and each tenth of these a void.
_TRANSACTIONS: Final = f"""
INSERT INTO transactions (merchant_id, id, kind, state, sent, node, terminal_id, batch, trace,
    business_date, amount, currency, original_id, card_hash, card_masked, card_type, entry_mode,
    condition, issuer_id, rrn, fee, received_at)
SELECT CASE WHEN mine THEN '{_MERCHANT}' ELSE lpad((2 + n % 999)::text, 15, '0') END,
       {_ID.format(n="n")}, CASE WHEN back THEN 'void' ELSE 'sale' END,
       CASE WHEN voided THEN 'voided' ELSE 'approved' END, 'answered', 0, '10000001', '000001',
       n::text, $4::date, 1000, '156', CASE WHEN back THEN {_ID.format(n="n - $3::bigint")} END,
       'c', '620001******0007', 'debit', '012', '00', '00000101', lpad(n::text, 12, '0'), 5,
       $4::date
FROM generate_series($1::bigint, $2::bigint) n CROSS JOIN LATERAL (
    SELECT n % $3 = 0 AS mine, n % $3 = 0 AND n / $3 % 10 = 9 AS back,
           n % $3 = 0 AND n / $3 % 10 = 8 AS voided) of
"""
_ENTRIES: Final = """
INSERT INTO entries
SELECT merchant_id, id, 'approval', line, debit, credit, l.amount, '156', $1::date, $1::date
FROM (SELECT * FROM transactions WHERE business_date = $1 ORDER BY id) t CROSS JOIN LATERAL (VALUES
    (1, 'sale', 'issuer_receivable', 'merchant_pending', t.amount),
    (2, 'sale', 'merchant_pending', 'fee_income', t.fee),
    (1, 'void', 'merchant_pending', 'issuer_receivable', t.amount),
    (2, 'void', 'fee_income', 'merchant_pending', t.fee)) l (line, kind, debit, credit, amount)
WHERE l.kind = t.kind
"""


async def _books(owner: Any, rows: int, others: int) -> None:
    await owner.execute(_MERCHANTS)
    each, of_each = (rows + others) // rows, (rows + others) // _DAYS
    began = int(datetime.combine(_FIRST, of_day(), _ZONE).timestamp() * 1000)
    for number in range(_DAYS):
        first, day = number * of_each + 1, _FIRST + timedelta(days=number)
        told = (first, first + of_each - 1, each, day, began)
        await owner.execute(_TRANSACTIONS, *told, timeout=1800)
        await owner.execute(_ENTRIES, day, timeout=1800)
    await owner.execute("VACUUM ANALYZE")


async def _settled(url: str) -> None:
    pool = await connect(url, role=None)
    try:
        now = datetime.combine(_FIRST + timedelta(days=_DAYS + 9), of_day(), _ZONE)
        await Days(pool, Calendar(_ZONE, of_day(23)), HeldClock(now)).run()
    finally:
        await pool.close()


def _written(url: str, folder: Path, form: str, *period: str) -> dict[str, Any]:
    """Write one in a process of its own; gives its seconds, peak memory and size."""
    path = folder / f"statement.{form}"
    told = ("statement", _MERCHANT, *period, "--format", form, "--output", str(path))
    more = ("--database", url, "--data", str(folder), "--json")
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *told, *more], capture_output=True, text=True, check=True
    )
    return {
        "seconds": round(time.monotonic() - began, 1),
        "peak_megabytes": round(int(done.stderr.split()[-2]) / 1024),
        "file_megabytes": round(path.stat().st_size / 1e6, 1),
        "transactions": json.loads(done.stdout)["transactions"],
    }


async def _prepared(server: Server, rows: int, others: int) -> str:
    await annuls_database(server)
    url = server.url(OWNER, "annul")
    await upgrade(url)
    owner = await asyncpg.connect(url)
    try:
        await _books(owner, rows, others)
    finally:
        await owner.close()
    await _settled(url)
    return server.url(SERVING, "annul")


def main(
    rows: Annotated[int, typer.Option(help="transactions of the merchant")] = 300_000,
    others: Annotated[int, typer.Option(help="transactions of other merchants")] = 3_000_000,
) -> None:
    """Measure the statement of a month."""
    with tempfile.TemporaryDirectory(prefix="annul-statement-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = Server(folder / "books")
        server.make({"fsync": "off", "shared_buffers": "256MB", "max_wal_size": "4GB"})
        server.start()
        try:
            url = asyncio.run(_prepared(server, rows, others))
            last = _FIRST + timedelta(days=_DAYS - 1)
            report = {"rows": rows, "others": others} | {
                what: {form: _written(url, folder, form, *period) for form in _FORMS}
                for what, period in (
                    ("month", ("--month", f"{_FIRST:%Y-%m}")),
                    ("day", ("--day", f"{last}")),
                )
            }
        finally:
            server.stop()
    _REPORT.parent.mkdir(exist_ok=True)
    _REPORT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    typer.echo(json.dumps(report, indent=2))


if __name__ == "__main__":
    typer.run(main)
