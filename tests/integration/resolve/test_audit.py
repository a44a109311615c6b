"""The audit on a real PostgreSQL: each contradiction is found, told once, forgotten once mended."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from annul.domain.incident import Reader, Subject
from annul.domain.incidents import INCIDENTS
from annul.domain.kinds import COMPLETIONS, REFUNDS, VOIDS
from annul.domain.states import State
from annul.domain.text import Text
from annul.resolve.audit import GRACE, LIMIT, SQL, Auditor, ExplanationRefused, Span
from annul.resolve.case import Case, Event, chained
from annul.resolve.differences import QUESTIONS, Over
from tests.support.builders import merchant
from tests.support.rows import owe_reversal, put, put_case, put_transaction

from .audited import CHARGEBACKS, HOUR, LONG_AGO, NOW, SOLD, Books, found, open_incidents
from .books import SECOND, approved


async def test_healthy_books_have_no_differences(books: Books, auditor: Auditor) -> None:
    del books
    assert await found(auditor) == {}


# Each: what is spoilt, what is found of it, how it is mended -------------------------------------


class Spoilt:
    """Ways to spoil the books: each gives what is found by reference, and mends it when resumed."""

    async def declined_and_then_approved(self, b: Books) -> AsyncIterator[dict[str, set[str]]]:
        row = await put_transaction(b.pool, 20, state=State.DECLINED, late_code="00")
        await b.set(row, late_at=SOLD + SECOND, ended_at=SOLD)
        yield {"late_approval": {row.rrn}}
        await b.set(row, state="reversing")
        await owe_reversal(b.pool, row)

    async def booked_after_the_acknowledgement(
        self, b: Books
    ) -> AsyncIterator[dict[str, set[str]]]:
        await b.set(b.reversed, late_at=SOLD + 20 * SECOND)
        yield {"late_approval": {b.reversed.rrn}}
        await b.outbox(b.reversed, done_at=SOLD + 21 * SECOND)

    async def reversal_denied(self, b: Books) -> AsyncIterator[dict[str, set[str]]]:
        await b.set(b.reversed, response_code="00", late_code="")
        await b.outbox(b.reversed, last_code="25")
        yield {"reversed_but_approved": {b.reversed.rrn}}
        await b.outbox(b.reversed, last_code="00")

    async def reversal_of_a_late_approval_denied(
        self, b: Books
    ) -> AsyncIterator[dict[str, set[str]]]:
        await b.outbox(b.reversed, last_code="12")
        yield {"reversed_but_approved": {b.reversed.rrn}}
        await b.set(b.reversed, why="concluded_by_hand")

    async def reversal_nobody_acknowledged(self, b: Books) -> AsyncIterator[dict[str, set[str]]]:
        await b.set(b.reversed, response_code="00")
        await b.pool.execute("DELETE FROM outbox")
        yield {"reversed_but_approved": {b.reversed.rrn}, "late_approval": {b.reversed.rrn}}
        await b.set(b.reversed, response_code="98", late_code="")

    async def declined_after_it_was_approved(self, b: Books) -> AsyncIterator[dict[str, set[str]]]:
        await b.set(b.sale, late_code="51", late_at=SOLD)
        yield {"approved_then_declined": {b.sale.rrn}}
        await b.tell(b.sale, "answers_contradict")

    async def dispute_that_nobody_was_told_of(self, b: Books) -> AsyncIterator[dict[str, set[str]]]:
        await b.set(b.sale, state="disputed")
        yield {"dispute_untold": {b.sale.rrn}}
        await b.tell(b.sale, "disputed")

    async def approved_without_entries(self, b: Books) -> AsyncIterator[dict[str, set[str]]]:
        saved = await b.pool.fetch("DELETE FROM entries WHERE subject = $1 RETURNING *", b.sale.id)
        yield {"entries": {b.sale.rrn}, "balance": {"156"}}
        for row in saved:
            await put(b.pool, "entries", dict(row))

    async def declined_with_entries(self, b: Books) -> AsyncIterator[dict[str, set[str]]]:
        await b.set(b.sale, state="declined")
        yield {"entries": {b.sale.rrn}}
        await b.set(b.sale, state="approved")

    async def other_fee_than_booked(self, b: Books) -> AsyncIterator[dict[str, set[str]]]:
        await b.set(b.sale, fee=51)
        yield {"entries": {b.sale.rrn}}
        await b.set(b.sale, fee=50)

    async def held_by_nobody(self, b: Books) -> AsyncIterator[dict[str, set[str]]]:
        await b.set(b.sale, undone=10_000)
        yield {"hold_without_holder": {b.sale.rrn}}
        await b.set(b.sale, undone=0)

    async def held_by_what_failed(self, b: Books) -> AsyncIterator[dict[str, set[str]]]:
        await b.pool.execute("UPDATE transactions SET holds = 10000 WHERE trace = '000010'")
        yield {"hold_without_holder": {b.sale.rrn}}
        await b.pool.execute("UPDATE transactions SET holds = 0 WHERE trace = '000010'")

    async def on_its_way_by_nobody(self, b: Books) -> AsyncIterator[dict[str, set[str]]]:
        await b.set(b.voided, undoing=10_000)
        yield {"hold_without_holder": {b.voided.rrn}}
        await b.set(b.voided, undoing=0)

    async def voided_without_a_void(self, b: Books) -> AsyncIterator[dict[str, set[str]]]:
        await b.set(b.sale, state="voided")
        yield {"undone_without_proof": {b.sale.rrn}}
        await b.set(b.sale, state="approved")

    async def a_void_that_does_not_show(self, b: Books) -> AsyncIterator[dict[str, set[str]]]:
        await b.set(b.voided, state="approved")
        yield {"undone_without_proof": {b.voided.rrn}}
        await b.set(b.voided, state="voided")

    async def refunded_in_part_and_shown_as_whole(
        self, b: Books
    ) -> AsyncIterator[dict[str, set[str]]]:
        await b.set(b.refunded, state="refunded")
        yield {"undone_without_proof": {b.refunded.rrn}}
        await b.set(b.refunded, state="partly_refunded")

    async def completed_without_a_completion(self, b: Books) -> AsyncIterator[dict[str, set[str]]]:
        await b.set(b.completion, kind="sale", original_id=None, holds=0)
        yield {
            "undone_without_proof": {b.preauth.rrn},
            "hold_without_holder": {b.preauth.rrn},
        }
        await b.set(b.completion, kind="completion", original_id=b.preauth.id, holds=10_000)

    async def a_void_and_a_refund(self, b: Books) -> AsyncIterator[dict[str, set[str]]]:
        row = await approved(b.pool, 20, kind="refund", original_id=b.voided.id, holds=0, fee=0)
        await b.set(b.voided, state="voided")
        yield {"given_back_twice": {b.voided.rrn}, "undone_without_proof": {b.voided.rrn}}
        await b.set(row, original_id=b.sale.id, holds=10_000)
        await b.set(b.sale, undone=10_000, state="refunded")

    async def a_void_beside_a_refund(self, b: Books) -> AsyncIterator[dict[str, set[str]]]:
        row = await put_transaction(
            b.pool,
            20,
            kind="qr_void",
            original_id=b.refunded.id,
            state=State.REVERSING,
            late_code="00",
        )
        await b.set(row, cased=True)
        await owe_reversal(b.pool, row)
        yield {"given_back_twice": {b.refunded.rrn}}
        await b.tell(row, "late_approval")

    async def more_fee_back_than_taken(self, b: Books) -> AsyncIterator[dict[str, set[str]]]:
        await b.set(b.refund, fee=51)
        yield {"fee_returned": {b.refunded.rrn}, "entries": {b.refund.rrn}}
        await b.set(b.refund, fee=20)

    async def unknown_and_not_owed(self, b: Books) -> AsyncIterator[dict[str, set[str]]]:
        row = await put_transaction(b.pool, 20, state=State.UNKNOWN)
        yield {"unknown_without_outbox": {row.rrn}}
        await owe_reversal(b.pool, row)

    async def sent_by_a_host_that_is_gone(self, b: Books) -> AsyncIterator[dict[str, set[str]]]:
        row = await put_transaction(b.pool, 20, state=State.SENT, received_at=LONG_AGO)
        yield {"unknown_without_outbox": {row.rrn}}
        await b.set(row, state="declined")

    async def failed_and_not_followed_up(self, b: Books) -> AsyncIterator[dict[str, set[str]]]:
        row = await put_transaction(
            b.pool, 20, kind="refund", state=State.DECLINED, original_id=b.sale.id
        )
        yield {"failed_without_case": {row.rrn}}
        await b.set(row, cased=True)

    async def a_case_that_nobody_looks_at(self, b: Books) -> AsyncIterator[dict[str, set[str]]]:
        case = await _case(b.pool, opened_at=SOLD, next_action_at=SOLD)
        yield {"case_without_look": {case.number}}
        await b.pool.execute("UPDATE cases SET leased_until = $1", NOW + HOUR)

    async def unproved_and_nobody_told(self, b: Books) -> AsyncIterator[dict[str, set[str]]]:
        case = await _case(b.pool, opened_at=SOLD, ended="unproved", ended_at=SOLD)
        yield {"case_without_look": {case.number}}
        await put(
            b.pool,
            "incidents",
            {
                "merchant_id": case.merchant_id,
                "id": case.id,
                "kind": "outcome_unproved",
                "subject": str(case.id),
                "transaction_id": case.id,
                "opened_at": SOLD,
            },
        )

    async def a_case_that_ended_untrue(self, b: Books) -> AsyncIterator[dict[str, set[str]]]:
        case = await _case(
            b.pool, opened_at=SOLD, ended="voided", ended_at=SOLD, original_id=b.sale.id
        )
        yield {"case_end": {case.number}}
        await _case(b.pool, opened_at=SOLD + SECOND, next_action_at=NOW, original_id=b.sale.id)

    async def history_changed(self, b: Books) -> AsyncIterator[dict[str, set[str]]]:
        case = await _case_with_history(b)
        await b.pool.execute(
            "UPDATE case_events SET body = replace(body, 'step 2', 'step 3') WHERE line = 2"
        )
        yield {"case_chain": {case}}
        await b.pool.execute(
            "UPDATE case_events SET body = replace(body, 'step 3', 'step 2') WHERE line = 2"
        )

    async def history_written_behind_its_head(self, b: Books) -> AsyncIterator[dict[str, set[str]]]:
        case = await _case_with_history(b)
        last = await b.pool.fetchrow("SELECT * FROM case_events WHERE line = 2")
        more = dict(last) | {"line": 3, "body": "x", "hash": chained(last["hash"], "x")}
        await put(b.pool, "case_events", more)
        yield {"case_chain": {case}}
        await b.pool.execute("DELETE FROM case_events WHERE line = 3")

    async def balance_unlike_the_entries(self, b: Books) -> AsyncIterator[dict[str, set[str]]]:
        await b.pool.execute("UPDATE merchant_balances SET pending = pending + 1")
        yield {"balance": {"156"}}
        await b.pool.execute("UPDATE merchant_balances SET pending = pending - 1")

    async def reserved_for_nothing(self, b: Books) -> AsyncIterator[dict[str, set[str]]]:
        await b.pool.execute("UPDATE merchant_balances SET reserved = 500")
        yield {"balance": {"156"}}
        row = await put_transaction(b.pool, 20, state=State.UNKNOWN, reserves=500)
        await owe_reversal(b.pool, row)


async def _case(pool: asyncpg.Pool, **changes: Any) -> Case:
    return await put_case(pool, **({"first_due_at": NOW} | changes))


async def _case_with_history(b: Books) -> str:
    bodies = [Event(f"step {n}", Text("原因", "why")).body(SOLD) for n in (1, 2)]
    first = chained(b"", bodies[0])
    second = chained(first, bodies[1])
    case = await _case(
        b.pool, opened_at=SOLD, ended="refused", ended_at=SOLD, events=2, head=second
    )
    for line, (body, hashed) in enumerate(zip(bodies, (first, second), strict=True), 1):
        await put(
            b.pool,
            "case_events",
            {
                "merchant_id": case.merchant_id,
                "case_id": case.id,
                "line": line,
                "body": body,
                "hash": hashed,
            },
        )
    return case.number


_WAYS = sorted(name for name in vars(Spoilt) if not name.startswith("_"))


@pytest.mark.parametrize("way", _WAYS)
async def test_a_contradiction_is_found_told_once_and_forgotten_when_it_is_mended(
    books: Books, auditor: Auditor, pool: asyncpg.Pool, way: str
) -> None:
    spoiling = getattr(Spoilt(), way)(books)
    expected = await anext(spoiling)
    assert await found(auditor) == expected
    told = {name: len(references) for name, references in expected.items()}
    assert await open_incidents(pool) == told
    again = await auditor.everything(NOW + timedelta(minutes=5))
    assert (len(again.differences), again.opened, again.closed) == (sum(told.values()), 0, 0)
    assert await open_incidents(pool) == told

    assert await anext(spoiling, None) is None
    mended = await auditor.everything(NOW + timedelta(minutes=10))
    assert (mended.differences, mended.opened, mended.closed) == ([], 0, sum(told.values()))
    assert await open_incidents(pool) == {}
    rows = await pool.fetch("SELECT kind, subject, params FROM incidents WHERE kind LIKE 'audit%'")
    for kind, subject, params in rows:
        known = INCIDENTS[kind]
        assert set(params) == set(known.parameters())
        assert known.said(params, Reader("zh")).startswith(f"{params['reference']}：")
        assert known.said(params, Reader("en")).startswith(f"{params['reference']}: ")
        assert (subject == params["reference"]) == (known.subject is Subject.BALANCE)


def test_each_question_is_asked_of_spoilt_books() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    for question in QUESTIONS:
        if question.over in {Over.SEALS, Over.WITNESS, Over.ACCOUNTS, Over.PAYOUTS, Over.DAYS}:
            continue  # of test_seals.py, of test_witnessed.py, of test_audit_payouts.py
        if question.name in CHARGEBACKS:
            continue  # of test_audit_chargebacks.py
        assert f'"{question.name}": {{' in source


async def test_what_is_young_is_no_difference_yet(books: Books, auditor: Auditor) -> None:
    row = await put_transaction(books.pool, 20, state=State.SENT, received_at=NOW - GRACE + SECOND)
    assert await found(auditor) == {}
    assert await found(auditor, NOW + 2 * SECOND) == {"unknown_without_outbox": {row.rrn}}


async def test_a_merchant_is_told_of_once_by_many_at_a_time(
    books: Books, pool: asyncpg.Pool, auditor: Auditor
) -> None:
    await books.pool.execute("UPDATE merchant_balances SET pending = pending + 1")
    await put_transaction(books.pool, 20, state=State.UNKNOWN)
    await asyncio.gather(*(auditor.everything(NOW) for _ in range(6)))
    assert await open_incidents(pool) == {"balance": 1, "unknown_without_outbox": 1}


async def test_what_a_person_explains_is_told_again_only_when_its_figures_change(
    books: Books, auditor: Auditor, pool: asyncpg.Pool
) -> None:
    await books.set(books.sale, late_code="51", late_at=SOLD)
    case = await _case_with_history(books)
    await books.pool.execute("UPDATE case_events SET body = 'x' WHERE line = 2")
    assert await found(auditor) == {
        "approved_then_declined": {books.sale.rrn},
        "case_chain": {case},
    }
    person = {"who": "olga", "role": "operator", "reason": "按发卡行来函，确已入账"}
    for reference in (books.sale.rrn, case):
        explained = await auditor.explain(reference, now=NOW, **person)
        assert [one.reference for one in explained] == [reference]
    assert await found(auditor) == {}
    assert await open_incidents(pool) == {}
    rows = await pool.fetch("SELECT who, role, action, object, reason FROM audit ORDER BY object")
    assert [tuple(row) for row in rows] == [
        (
            "olga",
            "operator",
            "explain-difference",
            f"audit_approved_then_declined {books.sale.rrn}",
            person["reason"],
        ),
        ("olga", "operator", "explain-difference", f"audit_case_chain {case}", person["reason"]),
    ]

    await books.set(books.sale, late_code="05")
    assert await found(auditor) == {"approved_then_declined": {books.sale.rrn}}


async def test_what_has_to_be_acted_on_and_what_is_not_there_is_not_explained(
    books: Books, auditor: Auditor, pool: asyncpg.Pool
) -> None:
    row = await put_transaction(books.pool, 20, state=State.UNKNOWN)
    await books.set(books.sale, late_code="51", late_at=SOLD)
    person = {"who": "olga", "role": "operator", "reason": "why"}
    for reference, changes in (
        (row.rrn, {}),
        (books.void.rrn, {}),
        ("no such number", {}),
        (books.sale.rrn, {"role": "support"}),
        (books.sale.rrn, {"reason": " "}),
    ):
        with pytest.raises(ExplanationRefused):
            await auditor.explain(reference, now=NOW, **(person | changes))
    assert await pool.fetchval("SELECT count(*) FROM audit") == 0
    assert set(await found(auditor)) == {"unknown_without_outbox", "approved_then_declined"}


async def test_more_than_a_report_holds_are_all_told_and_said_to_be_more(
    books: Books, pool: asyncpg.Pool, auditor: Auditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("annul.resolve.audit.LIMIT", 3)
    for trace in range(20, 29):
        await put_transaction(
            books.pool,
            trace,
            state=State.DECLINED,
            late_code="00",
            received_at=SOLD + trace * SECOND,
        )
    spans = auditor.spans

    def small(over: Over, within: Any, rows: int = 0) -> Any:
        del rows
        return spans(over, within, 2)

    monkeypatch.setattr(auditor, "spans", small)
    report = await auditor.everything(NOW)
    assert (len(report.differences), report.more) == (3, {"audit_late_approval"})
    assert await open_incidents(pool) == {"late_approval": 9}


# Cost --------------------------------------------------------------------------------------------

_MANY = """
INSERT INTO transactions (merchant_id, id, kind, state, sent, node, terminal_id, batch, trace,
    business_date, amount, currency, original_id, holds, card_hash, card_masked, card_cipher,
    card_type, entry_mode, condition, issuer_id, rrn, received_at)
SELECT $1, gen_random_uuid(), 'sale', 'approved', 'answered', 0, '10000001', '100001', n::text,
       '2026-11-01', 10000, '156', NULL, 0, '', '', '', 'debit', '', '', '00000101', n::text,
       timestamptz '2026-11-01' + n * interval '1 second'
FROM generate_series(1, 30000) AS n
"""


async def test_no_question_reads_a_table_from_end_to_end(books: Books) -> None:
    await books.pool.execute(_MANY, merchant().merchant_id)
    await books.pool.execute(
        "INSERT INTO entries SELECT merchant_id, id, 'approval', 0, 'a', 'b', 1, '156',"
        " business_date, received_at FROM transactions WHERE batch = '100001'"
    )
    await books.pool.execute("ANALYZE transactions; ANALYZE entries")
    spans = {
        Over.TRANSACTIONS: Span(SOLD, SOLD + HOUR),
        Over.OPEN: Span(LONG_AGO, NOW),
    }
    read: dict[str, str] = {}
    async with books.pool.acquire() as connection:
        await connection.execute("SET plan_cache_mode = force_custom_plan")
        for question in QUESTIONS:
            if question.over not in spans:
                continue
            named = Span(LONG_AGO, NOW, [books.sale.id, books.void.id])
            for span in (spans[question.over], named):
                query = SQL[question.name](**span._asdict(), before=NOW, limit=LIMIT)
                sql, *values = query
                rows = await connection.fetch(f"EXPLAIN {sql}", *values)
                plan = "\n".join(row[0] for row in rows)
                if re.search(r"Seq Scan on (transactions|entries)\b", plan):
                    read[question.name] = plan
    assert read == {}


def test_kinds_of_the_books_are_those_that_refer_to_an_original() -> None:
    listed = re.search(r"kind IN \((.*?)\) AND NOT t.cased", SQL["failed_without_case"].sql)
    assert listed is not None
    assert {*VOIDS, *REFUNDS, *COMPLETIONS} == set(re.findall(r"'(\w+)'", listed[1]))
