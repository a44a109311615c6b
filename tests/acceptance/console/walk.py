"""A console in a process of its own, two shops behind it, and whoever walks up to its doors."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import asyncpg
import httpx

from annul.api.gate import COOKIE, CSRF_HEADER
from annul.desk.access import Access
from annul.desk.roles import OF_A_SHOP, Scope
from annul.resolve.conclusion import Person
from annul.security.vault import Vault
from annul.store.embedded import EmbeddedPostgres
from annul.store.roles import OWNER, SERVING
from tests.support.desks import make_desk
from tests.support.processes import Process, free_port
from tests.support.roles import as_superuser
from tests.support.rows import put, put_transaction
from tests.support.shops import NOW, Shop, open_shops

PASSWORD: Final = "correct horse battery staple"
MASTER: Final = bytes(32)
DIALECT: Final = "cups"  # everybody's
CARD_TYPE: Final = "debit"
LENGTH: Final = "week"  # of a report
COURSE: Final = "cashier"
_DIFFERS: Final = {"state": [None, "approved", "taken"], "amount": [None, 100, 200]}
# One step, which needs no more than that one acts on incidents.
PLAYBOOK: Final = """
name = "{name}"
title = {{ zh = "记录", en = "Note" }}
about = {{ zh = "记录一句。", en = "Note a sentence." }}
[[steps]]
id = "note"
kind = "act"
do = "raise_note"
args = {{ text = "seen" }}
title = {{ zh = "记录", en = "Note" }}
text = {{ zh = "记录一句。", en = "Note a sentence." }}
"""
_LONG_AGO: Final = timedelta(hours=1)
# Calls that carry an Idempotency-Key.
_KEYED: Final = re.compile(
    r"/voids|/refunds|/report-subscriptions|/clearing/files\?name=a|/chargebacks(/[^/]+/(act|evidence\?.*))?"
)
Headers = dict[str, str]

# What is owed is spread and tried meanwhile, and nobody answers there; all else stays as it is.
_BUT_ATTEMPTS = {
    "notifications": "(to_jsonb(t) - 'delivered_at' - 'next_attempt_at')::text",
    "webhook_outbox": "CASE t.state WHEN 'delivered' THEN t::text END",
}


@dataclass(slots=True)
class Place:
    """A console with two shops behind it, served as a process of its own."""

    pool: asyncpg.Pool
    database: str
    folder: Path
    http: httpx.AsyncClient
    access: Access
    shops: tuple[Shop, Shop]
    objects: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    async def person(self, role: str, shop: int = 0, name: str = "") -> Headers:
        """Sign somebody in; who belongs to a shop belongs to this one."""
        name = name or f"{role}-{shop}"
        merchant = self.shops[shop].merchant if role in OF_A_SHOP else ""
        await self.access.add(name, PASSWORD, role, merchant)
        session = await self.access.open(name)
        return {"cookie": f"{COOKIE}={session.token}", CSRF_HEADER: session.csrf}

    async def key(self, *scopes: Scope, merchant: str = "") -> Headers:
        _, key = await self.access.new_key("test", scopes, merchant, "administrator-0")
        return {"authorization": f"Bearer {key}"}

    def named(self, call: str, shop: int) -> str:
        """Name a shop's things in a call."""
        about = self.objects[shop]
        if "{conclusion}" in call:
            about = about | {"transaction": about["proposed"]}
        return filled(call, about)

    async def called(
        self, call: str, body: Any, headers: Headers, shop: int = 0
    ) -> tuple[int, str]:
        """Make a call about a shop's things; gives status and what is said, of a stream nothing."""
        method, path = self.named(call, shop).split(" ")
        named = json.loads(filled(json.dumps(body), self.objects[shop])) if body else None
        more = {"idempotency-key": str(uuid4())} if _KEYED.fullmatch(path) else {}
        address = f"/api/v1{path}"
        async with self.http.stream(method, address, headers=headers | more, json=named) as answer:
            stream = "event-stream" in answer.headers.get("content-type", "")
            return answer.status_code, "" if stream else (await answer.aread()).decode("latin-1")

    async def rows(self, merchant: str = "") -> dict[str, str]:
        """Give a digest of each table, or of a merchant's rows; who signed in is none of it."""
        tables = await self.pool.fetch(
            "SELECT c.relname, bool_or(a.attname = 'merchant_id') FROM pg_class c"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
            " WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace GROUP BY 1"
        )
        found: dict[str, str] = {}
        for table, of_merchants in tables:
            if table in {"sessions", "sign_in_tries", "alembic_version", "users", "deliveries"}:
                continue
            if merchant and not of_merchants:
                continue
            where = f"WHERE merchant_id = '{merchant}'" if merchant else ""
            if table == "audit":
                where = "WHERE action NOT LIKE 'sign-in%'"
            what = _BUT_ATTEMPTS.get(table, "t::text")
            found[table] = await self.pool.fetchval(
                f"SELECT md5(coalesce(string_agg({what}, '' ORDER BY {what}), ''))"
                f" FROM {table} t {where}"
            )
        return found


def filled(text: str, objects: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda part: objects.get(part[1], part[0]), text)


async def things(place: Place, shop: Shop, trace: int) -> dict[str, str]:
    """Give a shop what doors may be about, and name it."""
    of = {"merchant_id": shop.merchant, "terminal_id": shop.terminal}
    await place.pool.execute("UPDATE books SET open_from = '2026-01-03'")
    old: dict[str, Any] = {**of, "received_at": NOW - _LONG_AGO}
    unknown = await put_transaction(place.pool, trace, state="unknown", **old)
    refund = await put_transaction(
        place.pool, trace + 1, kind="refund", original_id=shop.sales[1].id, **of
    )
    proposed = await put_transaction(
        place.pool, trace + 2, state="unknown", received_at=NOW - _LONG_AGO, **of
    )
    unbooked = await put_transaction(place.pool, trace + 3, **old)
    conclusion = await make_desk(place.pool, vault=Vault(MASTER)).conclusions.propose(
        str(proposed.id),
        Person("somebody", "operator"),
        done=False,
        reason="the issuer wrote so",
        evidence=b"letter",
        evidence_name="letter.pdf",
    )
    webhook, delivery, notification = uuid4(), uuid4(), uuid4()
    whose = {"merchant_id": shop.merchant}
    made = {"secret": b"", "inside": False, "created_by": "x", "created_at": NOW}
    await put(place.pool, "webhooks", whose | {"id": webhook, "url": "https://192.0.2.7/"} | made)
    told = {"case_id": shop.case.id, "event": "case.ended", "payload": {}, "created_at": NOW}
    more = {"id": notification, "next_attempt_at": NOW, "delivered_at": NOW}
    await put(place.pool, "notifications", whose | told | more)
    owed = {"webhook_id": webhook, "notification_id": notification, "state": "delivered"}
    await put(
        place.pool,
        "webhook_outbox",
        whose | owed | {"id": delivery, "since": NOW, "next_attempt_at": NOW},
    )
    order = {"id": uuid4(), "act": "raise_limit", "amount": 200_000, "reason": "busy"}
    asked = {"state": "asked", "asked_by": "somebody", "asked_at": NOW}
    await put(place.pool, "orders", whose | order | asked)
    account = {"id": uuid4(), "currency": "156", "holder": "Tea", "bank": "104100000004"}
    kept = {"sealed": b"", "shown": "0017", "state": "replaced", "reason": "new"}
    by = {"asked_by": "somebody", "asked_at": NOW}
    await put(place.pool, "payout_accounts", whose | account | kept | by)
    payout = {"id": uuid4(), "currency": "156", "amount": 100, "account_id": account["id"]}
    stands = {"run_on": NOW.date(), "state": "held", "made_by": "somebody", "made_at": NOW}
    await put(place.pool, "payouts", whose | payout | stands)
    slip, voucher = of | {"batch": f"7{trace:05d}"}, {"trace": f"8{trace:05d}"}
    sums = dict.fromkeys(("debit_amount", "debit_count", "credit_amount", "credit_count"), 0)
    settled = {"settled_at": NOW, "balanced": False, "claimed": ""}
    await put(place.pool, "batches", slip | sums | settled)
    await put(place.pool, "batch_differences", slip | voucher | {"claimed": 1, "found_at": NOW})
    move = {"id": uuid4(), "currency": "156", "kind": "correction", "amount": 1, "reason": "fee"}
    await put(place.pool, "account_moves", whose | move | {**by, "state": "asked"})
    file = {"id": uuid4(), "name": f"{trace}.xml", "format": "csv", "currency": "156"}
    holds = {"payouts": 0, "total": 0, "digest": b"", "made_at": NOW}
    sealed = Vault(MASTER).seal_file(b"file", file["id"].bytes)
    await put(place.pool, "payout_files", file | holds | {"sealed": sealed})
    told = {"id": uuid4(), "name": f"{trace}.txt", "layout": "COM", "issuers": []}
    given = {"settles_on": NOW.date(), "read_by": "somebody", "read_at": NOW}
    counts = {"digest": told["id"].bytes, "state": "committed"}
    await put(place.pool, "clearing_files", told | given | counts)
    staged = {"id": file["id"], "digest": file["id"].bytes, "state": "staged"}
    await put(place.pool, "clearing_files", told | given | staged)
    differs = {"id": uuid4(), "kind": "amount", "file_id": told["id"], "line": 1, "money": -100}
    since = {
        "currency": "156",
        "differs": _DIFFERS,
        "opened_at": NOW,
        "due_at": NOW,
        "state": "open",
    }
    await put(place.pool, "breaks", whose | differs | since)
    # Nobody listens there: what a test message comes to is no matter here.
    address = Vault(MASTER).seal("json://127.0.0.1:9/told")
    channel = {"id": uuid4(), "name": f"group {trace}", "kind": "program", "address": address}
    how = {"language": "en", "severity": "notice", "set_by": "somebody", "set_at": NOW}
    await put(place.pool, "channels", channel | how)
    await put(place.pool, "channel_states", {"channel_id": channel["id"], "next_at": NOW})
    found = {"scope": "terminal", "severity": "warning", "opened_at": NOW, "joined_at": NOW}
    numbers = [f"E261127-{prefix}{trace:05d}" for prefix in (1, 2)]
    for number in numbers:
        head = {"id": uuid4(), "number": number, "member": number}
        await put(place.pool, "incident_heads", found | head)
    plan = {"name": f"notes{trace}", "version": 1, "text": PLAYBOOK.format(name=f"notes{trace}")}
    written = {"written_by": "somebody", "written_at": NOW, "reason": "new"}
    await put(place.pool, "playbooks", plan | written)
    run = {"id": uuid4(), "number": f"P261127-1{trace:05d}", "playbook": plan["name"], "version": 1}
    stands = {"given": {}, "state": "waiting", "step": "note", "since": NOW, "next_at": NOW}
    begun = {"started_by": "somebody", "started_at": NOW, "reason": "new"}
    await put(place.pool, "playbook_runs", run | stands | begun)
    claim = {"id": differs["id"], "number": f"CB{trace}", "transaction_id": unknown.id}
    because = {"issuer_id": "00000101", "stage": "retrieval", "reason": "fraud", "amount": 1}
    came = {"currency": "156", "received_at": NOW, "opened_at": NOW, "opened_by": "somebody"}
    await put(place.pool, "chargebacks", whose | claim | because | came | {"due_at": NOW})
    trainee = {"name": f"trainee {trace}", "role": "cashier", "merchant_id": shop.merchant}
    let_in = {"password_hash": "", "one_time": False, "active": False, "created_at": NOW}
    await put(place.pool, "users", trainee | let_in)
    reader = {"name": f"reader{trace}", "role": "operator"}
    await put(place.pool, "users", reader | let_in | {"active": True})
    learnt = {"number": f"T{trace:09d}", "person": trainee["name"], "course": COURSE, "version": 1}
    await put(place.pool, "certificates", learnt | {"at": NOW, "valid_until": NOW + _LONG_AGO})
    played = {"id": uuid4(), "number": f"D261127-{trace:06d}", "drill": "wrong-card", "seed": 1}
    by = {"speed": 1.0, "team": "", "started_by": "somebody", "began": NOW, "ended": NOW}
    came_of = {"truths": [], "ends": [], "money": 0.0}
    beside = {"deeds": [], "alone": came_of}
    await put(place.pool, "drill_runs", played | by | came_of | beside)
    paper = {"id": uuid4(), "chargeback_id": claim["id"], "kind": "slip", "name": "a.txt"}
    sealed = Vault(MASTER).seal_file(b"slip", paper["id"].bytes)
    known = {"media_type": "text/plain", "size": 4, "digest": sha256(b"slip").digest()}
    added = {"sealed": sealed, "added_by": "somebody", "added_at": NOW}
    await put(place.pool, "chargeback_evidence", whose | paper | known | added)
    told_of = {"file_id": told["id"], "line": 9, "rrn": unknown.rrn, "amount": 1, "currency": "156"}
    waits = {"act": "charge_back", "found_at": NOW, "state": "waiting", "id": uuid4()}
    await put(
        place.pool,
        "chargeback_proposals",
        whose | told_of | waits | {"transaction_id": unknown.id},
    )
    return {
        "proposal": str(waits["id"]),
        "incident": numbers[0],
        "into": numbers[1],
        "playbook": str(plan["name"]),
        "run": str(run["number"]),
        "drill": str(played["number"]),
        "identity": str(differs["id"]),
        "name": f"map{trace}",
        "channel": str(channel["id"]),
        "user": reader["name"],
        "length": LENGTH,
        "channel_name": channel["name"],
        "clearing": str(told["id"]),
        "break": str(differs["id"]),
        "chargeback": str(claim["id"]),
        "document": str(paper["id"]),
        "merchant": shop.merchant,
        "terminal": shop.terminal,
        "batch": slip["batch"],
        "trace": voucher["trace"],
        "payout": str(payout["id"]),
        "account": str(account["id"]),
        "move": str(move["id"]),
        "file": str(file["id"]),
        "payout_file": str(file["id"]),
        "day": "2026-10-01",
        "order": str(order["id"]),
        "rrn": unbooked.rrn,
        "transaction": str(unknown.id),
        "unknown": str(unknown.id),
        "proposed": str(proposed.id),
        "conclusion": str(conclusion.id),
        "void": str(shop.void.id),
        "refund": str(refund.id),
        "number": shop.case.number,
        "webhook": str(webhook),
        "delivery": str(delivery),
        "issuer": shop.void.issuer_id,
        "period": "2026-10",
        "report": "2026-01-05",
        "valid_from": "2099-12-01",
        "card_type": CARD_TYPE,
        "dialect": DIALECT,
        "course": COURSE,
        "certificate": learnt["number"],
    }


@asynccontextmanager
async def database_of(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    owner = await asyncpg.connect(as_superuser(postgres.url, "postgres"))
    await owner.execute(f"CREATE DATABASE doors TEMPLATE annul STRATEGY file_copy OWNER {OWNER}")
    await owner.execute(f"GRANT CONNECT ON DATABASE doors TO {SERVING}")
    yield postgres.url.replace("/annul?", "/doors?")
    await owner.execute("DROP DATABASE doors WITH (FORCE)")
    await owner.close()


@asynccontextmanager
async def served(pool: asyncpg.Pool, database: str, tmp_path: Path) -> AsyncIterator[Place]:
    (tmp_path / "master.key").write_text(MASTER.hex())
    (tmp_path / "master.key").chmod(0o600)
    port = free_port()
    process = Process(
        "console",
        ["console", f"--database={database}", f"--data={tmp_path}"],
        port,
        tmp_path,
        {"ANNUL_CONSOLE_PORT": str(port), "ANNUL_API_BURST": "10000"},
    )
    shops = await open_shops(pool)
    await process.start()
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30
    ) as http:
        opened = Place(pool, database, tmp_path, http, Access(pool), shops)
        await opened.person("administrator")
        for number, shop in enumerate(shops):
            opened.objects.append(await things(opened, shop, 500 + 10 * number))
        yield opened
    await process.stop()
