"""Of each subject what is old goes, what is young stays, and what others still go by stays too."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
import pytest

from annul.desk.access import Access
from annul.domain.retention import RETENTION
from annul.store.retention import Retention
from tests.support.clock import HeldClock
from tests.support.rows import put, put_case, put_refusal, put_transaction

from .aged import hour, lettered, logged, mailed, minute, owed, stream, stream_hour

NOW: Final = datetime.now(UTC).replace(microsecond=0)
MERCHANT: Final = "898000058120000"
INFINITE: Final = datetime.max  # noqa: DTZ901 - as asyncpg says it
_DAYS: Final = {one.subject: one.days for one in RETENTION}


@pytest.fixture
async def shop(pool: asyncpg.Pool) -> asyncpg.Pool:
    await put(
        pool,
        "merchants",
        {"merchant_id": MERCHANT, "name_zh": "店", "name_en": "Shop", "category": "5812"},
    )
    for issuer in ("00000101", "00000102"):
        await put(
            pool,
            "issuers",
            {
                "issuer_id": issuer,
                "name_zh": "行",
                "name_en": "Bank",
                "host": "127.0.0.1",
                "port": 1,
                "active": issuer == "00000101",
            },
        )
    for name in ("in", "out"):
        await put(
            pool,
            "users",
            {
                "name": name,
                "password_hash": "x",
                "role": "operator",
                "one_time": False,
                "created_at": NOW,
                "active": name == "in",
                "language": "zh",
            },
        )
    return pool


async def purged(pool: asyncpg.Pool, subject: str) -> int:
    """Let go what is too old; gives how many rows of a subject."""
    gone = await Retention(pool, HeldClock(NOW), lambda now: now.date(), {}).round()
    return gone[subject]


# Each takes what is so old, and gives a query that says whether it is there.
Making = Callable[[asyncpg.Pool, datetime, str], Awaitable[None]]


async def _message(pool: asyncpg.Pool, at: datetime, name: str) -> None:
    row = {"merchant_id": MERCHANT, "transaction_id": uuid4(), "line": 0, "fields": {}}
    await put(pool, "messages", row | {"direction": "issuer_in", "at": at, "mti": name})


async def _signature(pool: asyncpg.Pool, at: datetime, name: str) -> None:
    row = {"merchant_id": MERCHANT, "transaction_id": uuid4(), "part": 0, "size": 1}
    await put(pool, "signatures", row | {"digest": name.encode(), "sealed": b"", "received_at": at})


async def _refusal(pool: asyncpg.Pool, at: datetime, name: str) -> None:
    number = len(name)
    await put_refusal(pool, number, "000001", received_at=at, cased=True, rule=name)


async def _notice(pool: asyncpg.Pool, at: datetime, name: str) -> None:
    row = {"merchant_id": MERCHANT, "id": uuid4(), "terminal_id": "1", "case_id": uuid4()}
    await put(pool, "notices", row | {"text": name, "created_at": at})


async def _notification(
    pool: asyncpg.Pool, at: datetime, name: str, state: str = "given_up"
) -> None:
    identity, webhook, delivery = uuid4(), uuid4(), uuid4()
    whose = {"merchant_id": MERCHANT}
    row = {"id": identity, "case_id": uuid4(), "event": name, "payload": {}, "created_at": at}
    await put(pool, "notifications", whose | row | {"next_attempt_at": INFINITE})
    of = whose | {"webhook_id": webhook, "notification_id": identity}
    owed = {"id": delivery, "state": state, "since": at, "next_attempt_at": at}
    await put(pool, "webhook_outbox", of | owed)
    tried = {"id": uuid4(), "delivery_id": delivery, "at": at, "attempt": 1, "took_ms": 1}
    await put(pool, "deliveries", of | tried | {"error": name})


async def _audit(pool: asyncpg.Pool, at: datetime, name: str) -> None:
    row = {"id": uuid4(), "who": "olga", "role": "operator", "action": "note", "object": name}
    await put(pool, "audit", row | {"at": at, "reason": "why"})


async def _evidence(pool: asyncpg.Pool, at: datetime, name: str) -> None:
    await _conclusion(pool, at, name, withdrawn_at=at)


async def _conclusion(pool: asyncpg.Pool, at: datetime, name: str, **more: Any) -> UUID:
    identity = uuid4()
    row = {
        "merchant_id": MERCHANT,
        "id": identity,
        "transaction_id": uuid4(),
        "done": False,
        "reason": name,
        "evidence_name": "letter.pdf",
        "evidence_hash": b"hash",
        "evidence": b"sealed",
        "proposed_by": "olga",
        "proposed_at": at,
    }
    await put(pool, "conclusions", row | more)
    return identity


async def _answer(pool: asyncpg.Pool, at: datetime, name: str) -> None:
    await put(pool, "idempotency", {"who": "k", "key": name, "fingerprint": b"", "created_at": at})


async def _session(pool: asyncpg.Pool, at: datetime, name: str) -> None:
    row = {"token_hash": name.encode(), "name": "in", "csrf": name, "created_at": at}
    await put(pool, "sessions", row | {"ends_at": at})


async def _stranger(pool: asyncpg.Pool, at: datetime, name: str) -> None:
    row = {"name": "in", "address": name, "failures": 1, "tried_at": at}
    await put(pool, "sign_in_tries", row)


async def _known(pool: asyncpg.Pool, at: datetime, name: str) -> None:
    row = {"name": "in", "address": name, "failures": 0, "tried_at": at, "let_in_at": at}
    await put(pool, "sign_in_tries", row)


async def _contact(pool: asyncpg.Pool, at: datetime, name: str) -> None:
    row = {"id": uuid4(), "issuer_id": "00000102", "duty": "switch", "name": name}
    await put(pool, "contacts", row | {"added_at": at})


async def _issuer_slot(pool: asyncpg.Pool, at: datetime, name: str) -> None:
    counts = ("requests", "approvals", "silent", "not_sent", "late", "faults", "link_drops")
    more = dict.fromkeys((*counts, "garbled", "voids", "void_approvals"), 0)
    row = {"issuer_id": name, "node": 0, "slot": at, "codes": {}, "latencies": [], "tail": []}
    await put(pool, "issuer_stats", row | more)


async def _terminal_minute(pool: asyncpg.Pool, at: datetime, name: str) -> None:
    await put(pool, "terminal_stats", {"merchant_id": MERCHANT, "terminal_id": name, "minute": at})


async def _sample(pool: asyncpg.Pool, at: datetime, name: str) -> None:
    row = {"merchant_id": MERCHANT, "id": uuid4(), "issuer_id": "00000102", "prefix": "620001"}
    more = {"role": "void", "amount": 100, "minute": 0, "ok": True, "code": name, "at": at}
    await put(pool, "void_samples", row | more)


_SUBJECTS: Final[dict[str, tuple[Making, str]]] = {
    "messages": (_message, "SELECT mti FROM messages"),
    "signatures": (_signature, "SELECT convert_from(digest, 'UTF8') FROM signatures"),
    "refusals": (
        _refusal,
        "SELECT rule FROM refusals WHERE card_masked <> '' AND card_hash <> ''",
    ),
    "notices": (_notice, "SELECT text FROM notices"),
    "notifications": (_notification, "SELECT event FROM notifications"),
    "case_evidence": (_evidence, "SELECT reason FROM conclusions WHERE evidence <> ''"),
    "audit": (_audit, "SELECT object FROM audit"),
    "idempotency": (_answer, "SELECT key FROM idempotency"),
    "sessions": (_session, "SELECT csrf FROM sessions"),
    "strangers": (_stranger, "SELECT address FROM sign_in_tries"),
    "sign_in_tries": (_known, "SELECT address FROM sign_in_tries"),
    "contacts": (_contact, "SELECT name FROM contacts"),
    "issuer_stats": (_issuer_slot, "SELECT issuer_id FROM issuer_stats"),
    "terminal_stats": (_terminal_minute, "SELECT terminal_id FROM terminal_stats"),
    "void_samples": (_sample, "SELECT code FROM void_samples"),
    "watched_hours": (stream_hour, "SELECT member FROM watched_hours"),
    "watched": (stream, "SELECT member FROM watched"),
    "host_samples": (minute, "SELECT jsonb_object_keys(db_tables) FROM host_samples"),
    "volumes": (hour, "SELECT (ARRAY['older', 'young'])[peak_second] FROM volumes"),
    "notice_outbox": (owed, "SELECT kind FROM notice_outbox"),
    "notice_log": (logged, "SELECT title FROM notice_log"),
    "report_mails": (mailed, "SELECT length FROM report_mails"),
    "report_letters": (lettered, "SELECT length FROM report_letters"),
}


async def _there(pool: asyncpg.Pool, sql: str) -> list[str]:
    return sorted(row[0] for row in await pool.fetch(sql))


def test_each_subject_is_looked_at() -> None:
    elsewhere = {"card_ciphers", "former_users"}
    assert _SUBJECTS.keys() | elsewhere == _DAYS.keys()


@pytest.mark.parametrize("subject", _SUBJECTS)
async def test_what_is_older_than_its_days_goes_and_nothing_else(
    shop: asyncpg.Pool, subject: str
) -> None:
    make, asked = _SUBJECTS[subject]
    days = timedelta(days=_DAYS[subject])
    await make(shop, NOW - days - timedelta(minutes=1), "older")
    await make(shop, NOW - days + timedelta(minutes=1), "young")
    assert await _there(shop, asked) == ["older", "young"]
    assert await purged(shop, subject) == 1
    assert await _there(shop, asked) == ["young"]


# What others go by -------------------------------------------------------------------------------

_AGES: Final = NOW - timedelta(days=4000)


async def test_what_an_open_case_is_judged_by_stays(shop: asyncpg.Pool) -> None:
    original = await put_transaction(shop, 1, received_at=_AGES)
    void = await put_transaction(shop, 2, original_id=original.id, kind="void", state="declined")
    retry = await put_transaction(shop, 3, original_id=original.id, kind="void", state="declined")
    refused = await put_refusal(shop, 4, "000001", received_at=_AGES, cased=True)
    await put_refusal(shop, 5, "000001", received_at=_AGES, cased=False, rule="not looked at")
    await put_case(shop, id=void.id, original_id=original.id)
    await put_case(shop, id=refused, original_id=None)
    for one in (void.id, retry.id, refused):
        row = {"merchant_id": MERCHANT, "transaction_id": one, "line": 0, "fields": {}}
        await put(shop, "messages", row | {"direction": "", "at": _AGES, "mti": "0210"})
        sealed = {"part": 0, "size": 1, "digest": b"", "sealed": b"", "received_at": _AGES}
        await put(shop, "signatures", {"merchant_id": MERCHANT, "transaction_id": one} | sealed)
    await put(
        shop,
        "notices",
        {
            "merchant_id": MERCHANT,
            "id": uuid4(),
            "terminal_id": "1",
            "case_id": void.id,
            "text": "",
            "created_at": _AGES,
        },
    )
    clock = HeldClock(NOW)
    job = Retention(shop, clock, lambda now: now.date(), {})
    gone = await job.round()
    assert (gone["messages"], gone["refusals"], gone["notices"]) == (0, 0, 0)
    assert gone["signatures"] == 0
    await shop.execute("UPDATE cases SET ended = 'refused', ended_at = now()")
    clock.forward(hours=1)
    gone = await job.round()
    assert (gone["messages"], gone["refusals"], gone["notices"]) == (3, 1, 1)
    assert gone["signatures"] == 3


async def test_what_a_webhook_is_still_owed_stays_and_all_of_one_goes_together(
    shop: asyncpg.Pool,
) -> None:
    await _notification(shop, _AGES, "owed", "owed")
    await _notification(shop, _AGES, "delivered", "delivered")
    assert await purged(shop, "notifications") == 1
    for asked in ("event FROM notifications", "state FROM webhook_outbox", "error FROM deliveries"):
        assert await _there(shop, f"SELECT {asked}") == ["owed"]


async def test_what_people_are_still_owed_stays_with_what_it_says(shop: asyncpg.Pool) -> None:
    for state in ("owed", "told", "dropped"):
        await owed(shop, _AGES, state, state)
        await mailed(shop, _AGES, state, state)
        await lettered(shop, _AGES, state)
    gone = await Retention(shop, HeldClock(NOW), lambda now: now.date(), {}).round()
    assert (gone["notice_outbox"], gone["report_mails"], gone["report_letters"]) == (2, 2, 2)
    for asked in (
        "kind FROM notice_outbox",
        "length FROM report_mails",
        "length FROM report_letters",
    ):
        assert await _there(shop, f"SELECT {asked}") == ["owed"]


async def test_evidence_stays_until_its_conclusion_has_come_to_something(
    shop: asyncpg.Pool,
) -> None:
    both = {"confirmed_by": "otto", "confirmed_at": _AGES}
    await _conclusion(shop, _AGES, "open")
    await _conclusion(shop, _AGES, "waits to be carried out", **both)
    carried = await _conclusion(shop, _AGES, "carried out", **both)
    mark = {"id": carried, "at": _AGES, "who": "annul", "role": "", "object": "transaction"}
    await put(shop, "audit", mark | {"action": "conclusion-carried-out", "reason": ""})
    assert await purged(shop, "case_evidence") == 1
    kept = await _there(shop, "SELECT reason FROM conclusions WHERE evidence <> ''")
    assert kept == ["open", "waits to be carried out"]


async def test_what_is_concluded_or_explained_once_is_not_so_again(shop: asyncpg.Pool) -> None:
    """Hosts carry out what has no row in the audit log; the sweep tells what nobody explained."""
    concluded = await _conclusion(shop, _AGES, "x", confirmed_by="otto", confirmed_at=_AGES)
    row = {"at": _AGES, "who": "annul", "role": "", "object": "", "reason": ""}
    await put(shop, "audit", row | {"id": concluded, "action": "conclusion-carried-out"})
    await put(shop, "audit", row | {"id": uuid4(), "action": "explain-difference"})
    await put(shop, "audit", row | {"id": uuid4(), "action": "note"})
    assert await purged(shop, "audit") == 1
    assert await shop.fetchval("SELECT count(*) FROM audit WHERE action <> 'purge'") == 2


async def test_of_who_left_the_name_alone_is_kept(shop: asyncpg.Pool) -> None:
    await shop.execute("UPDATE users SET left_at = $1 WHERE name = 'out'", _AGES)
    for name in ("in", "out"):
        view = {"id": uuid4(), "name": "mine", "owner": name, "page": "/cases", "query": ""}
        await put(shop, "saved_views", view)
        row = {"name": name, "address": "192.0.2.1", "failures": 0, "tried_at": NOW}
        await put(shop, "sign_in_tries", row | {"let_in_at": NOW})
    assert await purged(shop, "former_users") == 1
    rows = await shop.fetch("SELECT name, password_hash, language FROM users ORDER BY name")
    assert [tuple(row) for row in rows] == [("in", "x", "zh"), ("out", "", "")]
    assert await _there(shop, "SELECT owner FROM saved_views") == ["in"]
    assert await _there(shop, "SELECT name FROM sign_in_tries") == ["in"]
    access = Access(shop)
    assert not await access.set_active("out", active=True), "nothing lets them in"
    assert not await access.add("out", "a password that is long", "auditor"), "nobody else is that"


async def test_contacts_of_an_issuer_in_use_stay(shop: asyncpg.Pool) -> None:
    for issuer in ("00000101", "00000102"):
        row = {"id": uuid4(), "issuer_id": issuer, "duty": "switch", "name": issuer}
        await put(shop, "contacts", row | {"added_at": _AGES})
    seen = {"issuer_id": "00000102", "node": 0, "up": False, "trouble": "", "health": "down"}
    await put(shop, "issuer_links", seen | {"at": NOW - timedelta(days=179)})
    assert await purged(shop, "contacts") == 0
    await shop.execute("UPDATE issuer_links SET at = $1", NOW - timedelta(days=181))
    await shop.execute("UPDATE purges SET due_at = $1", NOW)
    assert await purged(shop, "contacts") == 1
    assert await _there(shop, "SELECT name FROM contacts") == ["00000101"]


# The serving role --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "subject", ["messages", "signatures", "notifications", "audit", "notice_log"]
)
async def test_the_serving_role_can_not_take_what_is_young(
    shop: asyncpg.Pool, subject: str
) -> None:
    make, asked = _SUBJECTS[subject]
    least = timedelta(days=next(one.least for one in RETENTION if one.subject == subject))
    await make(shop, NOW - least - timedelta(hours=1), "older")
    await make(shop, NOW - least + timedelta(hours=1), "young")
    for before in (NOW, datetime(2999, 1, 1, tzinfo=UTC), INFINITE):
        await shop.fetchval(f"SELECT purge_{subject}($1, 1000)", before)
        assert await _there(shop, asked) == ["young"]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await shop.execute(f"DELETE FROM {subject if subject != 'notifications' else 'deliveries'}")


async def test_nobody_else_may_call_what_takes_rows(database: str) -> None:
    owner = await asyncpg.connect(database)
    rows = await owner.fetch(
        "SELECT proname, prosecdef, proconfig,"
        " has_function_privilege('public', oid, 'EXECUTE') AS everybody"
        " FROM pg_proc WHERE proname LIKE 'purge_%' AND pronamespace = 'public'::regnamespace"
    )
    await owner.close()
    assert len(rows) == 5
    for _, definer, settings, everybody in rows:
        assert (definer, everybody) == (True, False)
        assert settings == ["search_path=pg_catalog, pg_temp"]
