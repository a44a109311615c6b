"""How long the nightly pass over the journal takes: samples from nothing, then the rules they say.

`python -m bench.rules --rows 10000000`. A journal of six weeks is made by SQL: sales, and a void to
each twentieth of them, at twenty issuers, of which each second one has a rule that it tells nobody.
The server writes durably, in a folder of the system's temporary place, which goes afterwards. Into
build/bench-rules.json: seconds of each step, blocks that were read, the rules that were found, how
many of those that there are, and how many that are none.
"""

import asyncio
import json
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import asyncpg
import typer

from annul.diagnose.fitting import ALL, Fitting
from annul.diagnose.samples import Samples
from annul.store.database import connect
from annul.store.migrate import upgrade
from annul.store.roles import OWNER
from tests.support.servers import Server, annuls_database

_REPORT: Final = Path("build/bench-rules.json")
NOW: Final = datetime(2026, 11, 20, 4, tzinfo=UTC)
SPAN: Final = timedelta(days=42)
_ZONE: Final = "Asia/Shanghai"
_ISSUERS: Final = 20
_EVERY: Final = 20  # transactions to a void
# By number of the issuer: the kind that is to be found, what is refused, as SQL over `v`, a void.
_RULES: Final = {
    1: ("amount", "v.amount > 50000"),
    3: ("age", "v.age_s > 3600"),
    5: ("hours", "v.minute >= 1380"),
    7: ("never", "true"),
    9: ("amount", "v.amount > 100000"),
    11: ("amount", "v.amount > 20000 AND v.prefix = '622811'"),
    13: ("hours", "v.minute BETWEEN 120 AND 149"),
    15: ("age", "v.age_s > 7200"),
    17: ("amount", "v.amount > 200000"),
    19: ("day_end", "(v.minute + 360) % 1440 < v.age_s / 60"),
}
# What the pass does not use; each would only make the making of the journal slower.
_UNUSED: Final = (
    "transactions_request", "transactions_rrn", "transactions_original",
    "transactions_one_live_void", "transactions_unfinished", "transactions_failed",
)  # fmt: skip
# A number from 0 to 1, the same for the same two.
_DRAW: Final = """
CREATE FUNCTION draw(i bigint, what integer) RETURNS float8 IMMUTABLE LANGUAGE sql AS
$$ SELECT (hashint8(i * 64 + what)::bigint + 2147483648) / 4294967296.0 $$
"""
# Transactions from $1 to $2, each $3 after the one before; a void is of a sale of its own, at most
# $4 before.
JOURNAL: Final = f"""
INSERT INTO transactions (
    merchant_id, id, kind, state, sent, node, terminal_id, batch, trace, business_date, amount,
    currency, original_id, card_hash, card_masked, card_cipher, card_type, entry_mode, condition,
    issuer_id, rrn, response_code, received_at, answered_at)
SELECT '898000058120000', lpad(to_hex(i), 32, '0')::uuid,
       CASE WHEN void THEN 'void' ELSE 'sale' END,
       CASE WHEN refused THEN 'declined' ELSE 'approved' END, 'answered', 0,
       lpad((i % 10000)::text, 8, '0'), '000001', lpad((i % 1000000)::text, 6, '0'), local::date,
       amount, '156', CASE WHEN void THEN lpad(to_hex(sale), 32, '0')::uuid END,
       decode(md5(card::text) || md5(card::text), 'hex'), prefix || '******0007', '', 'debit',
       '012', '00', lpad(issuer::text, 8, '0'), lpad(i::text, 12, '0'),
       CASE WHEN ruled THEN '61' WHEN refused THEN '05' ELSE '00' END, at, at + interval '1 s'
FROM (
    SELECT v.*, ruled OR draw(i, 1) < 0.03 AS refused FROM (
        SELECT v.*, void AND CASE v.issuer {{rules}} ELSE false END AS ruled FROM (
            SELECT i, sale, void, at, at AT TIME ZONE '{_ZONE}' AS local, card,
                   '6228' || lpad((card % 40)::text, 2, '0') AS prefix,
                   (draw(sale, 2) * {_ISSUERS})::integer % {_ISSUERS} AS issuer,
                   100 + exp(10.2 + 2.5 * (draw(sale, 4) + draw(sale, 5) + draw(sale, 6) - 1.5)
                         )::bigint AS amount,
                   extract(epoch FROM (i - sale) * $3::interval)::integer AS age_s,
                   (extract(hour FROM at AT TIME ZONE '{_ZONE}') * 60
                    + extract(minute FROM at AT TIME ZONE '{_ZONE}'))::integer AS minute
            FROM (
                SELECT i, sale, i <> sale AS void, $5::timestamptz + i * $3::interval AS at,
                       (draw(sale, 3) * 2000000)::bigint AS card
                FROM (
                    SELECT i, CASE WHEN i % {_EVERY} > 0 OR i < 2 * $4 THEN i ELSE
                        i - 1 - k - {_EVERY} * ((k / 18.0) ^ 3 * $4 / {_EVERY})::bigint END AS sale
                    FROM (SELECT i, (draw(i, 8) * 18.99)::integer % 19 AS k
                          FROM generate_series($1::bigint, $2::bigint) i) i) s) s) v) v) v;
"""
_STATS: Final = f"""
INSERT INTO issuer_stats (
    issuer_id, node, slot, requests, approvals, silent, not_sent, late, faults, link_drops, garbled,
    codes, voids, void_approvals, latencies, tail)
SELECT lpad(issuer::text, 8, '0'), 0, $1::timestamptz + n * interval '30 s', 4, 4, 0, 0, 0, 0, 0, 0,
       '{{}}', 0, 0, '{{}}', '[[100, "00"], [200, "00"], [300, "51"], [400, "00"]]'
FROM generate_series(0, $2::integer) n, generate_series(0, {_ISSUERS - 1}) issuer
"""
_READ: Final = """
SELECT sum(heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit)::bigint
FROM pg_statio_user_tables
"""


async def make(owner: Any, rows: int, statement: str = JOURNAL) -> None:
    """Make the journal, a tenth at a time."""
    await owner.execute(_DRAW)
    for index in _UNUSED:
        await owner.execute(f"DROP INDEX {index}")
    apart = SPAN / rows
    told = " ".join(f"WHEN {issuer} THEN {refuses}" for issuer, (_, refuses) in _RULES.items())
    reach = int(timedelta(hours=12) / apart)
    for part in range(10):
        first, last = rows * part // 10, rows * (part + 1) // 10 - 1
        began = time.monotonic()
        await owner.execute(
            statement.replace("{rules}", told), first, last, apart, reach, NOW - SPAN, timeout=1800
        )
        typer.echo(f"{last + 1:>12,} transactions  {time.monotonic() - began:6.1f} s")
    await owner.execute(_STATS, NOW - SPAN, SPAN // timedelta(seconds=30), timeout=1800)
    await owner.execute("VACUUM ANALYZE")


async def _passed(url: str) -> dict[str, Any]:
    """Do what the night does, from nothing; gives how long it took and what it found."""
    pool = await connect(url, role=None)
    samples, fitting = Samples(pool, _ZONE), Fitting(pool, _ZONE)
    before = await pool.fetchval(_READ)
    began = time.monotonic()
    since, taken = NOW - SPAN, 0
    while since < NOW:
        stretch = await samples.take(since, NOW, timedelta())
        since, taken = stretch.until, taken + stretch.samples
    sampled = time.monotonic()
    slowest, found = 0.0, list[tuple[int, str, str]]()
    for issuer_id in await fitting.due(NOW.date(), 1_000):
        one = time.monotonic()
        rules = await fitting.fit(issuer_id, NOW, ALL)
        await fitting.keep(issuer_id, rules, NOW, NOW.date())
        found += [(int(issuer_id), rule.kind.value, rule.prefix) for rule in rules]
        slowest = max(slowest, time.monotonic() - one)
    ended = time.monotonic()
    await asyncio.sleep(1.5)  # the server tells its figures late
    blocks = await pool.fetchval(_READ) - before
    live = time.monotonic()
    await fitting.fit(f"{1:08d}", NOW)
    live = time.monotonic() - live
    await pool.close()
    wanted = {(issuer, kind) for issuer, (kind, _) in _RULES.items()}
    named = {(issuer, kind) for issuer, kind, _ in found}
    return {
        "samples": taken,
        "samples_s": round(sampled - began, 1),
        "fit_s": round(ended - sampled, 1),
        "seconds": round(ended - began, 1),
        "slowest_issuer_s": round(slowest, 2),
        "live_fit_s": round(live, 3),
        "blocks_looked_at": blocks,
        "rules": sorted(found),
        "missed": sorted(wanted - named),
        "invented": sorted(named - wanted),
    }


async def _measured(server: Server, rows: int) -> dict[str, Any]:
    await annuls_database(server)
    url = server.url(OWNER, "annul")
    await upgrade(url)
    owner = await asyncpg.connect(url)
    try:
        await make(owner, rows)
        size = await owner.fetchval("SELECT pg_database_size(current_database())")
    finally:
        await owner.close()
    return {"rows": rows, "database_bytes": size} | await _passed(url)


def main(
    rows: Annotated[int, typer.Option(help="transactions of the journal")] = 10_000_000,
) -> None:
    """Measure the nightly pass, and what it finds."""
    with tempfile.TemporaryDirectory(prefix="annul-rules-") as name:
        Path(name).chmod(0o755)
        server = Server(Path(name) / "journal")
        server.make({"fsync": "on", "shared_buffers": "256MB", "max_wal_size": "4GB"})
        server.start()
        try:
            report = asyncio.run(_measured(server, rows))
        finally:
            server.stop()
    _REPORT.parent.mkdir(exist_ok=True)
    _REPORT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    typer.echo(json.dumps({key: report[key] for key in report if key != "rules"}, indent=2))


if __name__ == "__main__":
    typer.run(main)
