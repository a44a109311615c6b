"""Everything about a case, read in one statement, of one moment."""

import json
import re

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from annul.domain.text import Text
from annul.resolve.book import Book, CaseEntry, CaseUnknown
from annul.resolve.case import Event
from annul.resolve.proof import _SQL, gather
from tests.support.rows import DUE_IN, put, put_case, put_refusal, put_transaction, put_void
from tests.support.situations import NOW, OPENED

_FIELDS = {"39": "96", "37": "300000000003"}


async def test_what_belongs_to_a_case_stands_in_its_proof(pool: asyncpg.Pool) -> None:
    sale, other = await put_transaction(pool, 2), await put_transaction(pool, 9)
    void = await put_void(pool, 3, sale.id)
    again = await put_void(pool, 4, sale.id)
    case = await put_case(pool, id=void.id, number=void.rrn, original_id=sale.id)
    for one in (void, other):
        message = {"line": 0, "direction": "issuer_in", "mti": "0210", "at": OPENED}
        key = {"merchant_id": one.merchant_id, "transaction_id": one.id}
        await put(pool, "messages", key | message | {"fields": _FIELDS})
        entry = {"kind": "approval", "line": 0, "debit": "a", "credit": "b", "amount": 10_000}
        moment = {"currency": "156", "business_date": OPENED.date(), "posted_at": OPENED}
        key = {"merchant_id": one.merchant_id, "subject": one.id}
        await put(pool, "entries", key | entry | moment)
    file = {
        "id": uuid7(), "name": "IND26112601ACOM", "layout": "COM", "digest": b"\x01" * 32,
        "issuers": [], "settles_on": OPENED.date(), "state": "committed", "read_by": "li",
        "read_at": OPENED,
    }  # fmt: skip
    await put(pool, "clearing_files", file)
    proof = {
        "merchant_id": void.merchant_id, "id": uuid7(), "transaction_id": void.id,
        "file_id": file["id"], "line": 17, "proves": "done", "was": "unknown", "was_code": "",
        "row": {"line": 17, "rrn": void.rrn}, "found_at": OPENED,
    }  # fmt: skip
    await put(pool, "clearing_proofs", proof)
    event = Event("diagnosed", Text("原因", "cause"), evidence={"causes": [], "facts": {}})
    told = CaseEntry(case, [event], notice="凭证000002", notification={"case": case.number})
    written = await Book(pool, DUE_IN).write(case, told, NOW)
    assert written is not None
    for named in (case.number, str(case.id)):
        found, whole = await gather(pool, named, NOW)
        assert found == written
        assert [one["id"] for one in whole["transactions"]] == [
            str(one.id) for one in (sale, void, again)
        ]
        (message,), (entry,) = whole["messages"], whole["ledger"]
        assert (message["transaction_id"], message["fields"]) == (str(void.id), _FIELDS)
        assert (entry["transaction_id"], entry["cause"]) == (str(void.id), "approval")
        assert (entry["business_date"], entry["posted_at"]) == (str(OPENED.date()), str(OPENED))
        assert whole["chain"] == {"broken_at": None, "head": written.head.hex()}
        assert [one["what"] for one in whole["timeline"]] == ["diagnosed"]
        assert whole["diagnosis"] == {"causes": [], "facts": {}}
        (proved,) = whole["proved"]
        assert (proved["transaction_id"], proved["file"]) == (str(void.id), file["name"])
        assert (proved["digest"], proved["line"], proved["proves"]) == ("01" * 32, 17, "done")
        assert (proved["by_people"], proved["row"]["rrn"]) == (False, void.rrn)
        terminal, merchant = sorted(whole["told"], key=lambda one: one["whom"], reverse=True)
        assert (terminal["whom"], terminal["said"]) == ("terminal 10000001", "凭证000002")
        assert merchant["whom"] == f"merchant {case.merchant_id}"
        assert json.loads(merchant["said"]) == {"case": case.number}


async def test_a_void_without_an_original_stands_alone_and_a_refusal_with_what_it_names(
    pool: asyncpg.Pool,
) -> None:
    void = await put_void(pool, 3, None)
    await put_case(pool, id=void.id, number=void.rrn, original_id=None)
    _, whole = await gather(pool, void.rrn, NOW)
    assert [one["id"] for one in whole["transactions"]] == [str(void.id)]
    sale = await put_transaction(pool, 4)
    for trace, original in ((5, sale.id), (6, None)):
        refused = await put_refusal(pool, trace, sale.trace)
        await put_case(pool, id=refused, number=str(trace), original_id=original)
        message = {"line": 0, "direction": "terminal_in", "at": OPENED, "mti": "0200", "fields": {}}
        key = {"merchant_id": sale.merchant_id, "transaction_id": refused}
        await put(pool, "messages", key | message)
        _, whole = await gather(pool, str(trace), NOW)
        assert [one["id"] for one in whole["transactions"]] == [str(sale.id)] * bool(original)
        assert len(whole["messages"]) == (original is None)


async def test_a_case_that_is_not_there_is_said_so(pool: asyncpg.Pool) -> None:
    for number in ("1", str(uuid7())):
        with pytest.raises(CaseUnknown, match=f"there is no case {number}"):
            await gather(pool, number, NOW)


async def test_it_goes_by_index_also_when_it_is_planned_while_the_tables_are_empty(
    pool: asyncpg.Pool,
) -> None:
    async with pool.acquire() as connection:
        await connection.execute("SET enable_seqscan = off")
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE whole AS {_SQL['whole'].sql}")
        rows = await connection.fetch("EXPLAIN EXECUTE whole (NULL, NULL)")
        plan = "\n".join(row[0] for row in rows)
        assert set(re.findall(r"(?<=using )\w+|(?<=Index Scan on )\w+", plan)) == {
            *("cases_number", "cases_pkey", "case_events_pkey", "messages_pkey", "entries_pkey"),
            *("transactions_pkey", "transactions_original"),
            *("notices_case", "notifications_case", "merchants_pkey", "issuers_pkey"),
            *("clearing_proofs_of", "clearing_files_pkey"),
        }
        assert "Seq Scan" not in plan
