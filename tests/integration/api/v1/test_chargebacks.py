"""Chargebacks over the API: entered once, answered with documents, ended by one or two."""

from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from annul.desk.roles import Scope
from tests.support.desks import Api, Headers
from tests.support.rows import put, put_transaction

_NEW: dict[str, Any] = {"number": "CB1", "claims": "fraud", "reason": "from the network"}


@pytest.fixture
async def key(api: Api) -> Headers:
    return await api.key(Scope.CLEARING_READ, Scope.CLEARING_WRITE)


async def _enter(api: Api, key: Headers, named: str, **more: Any) -> Any:
    headers = key | {"idempotency-key": f"enter-{more.get('number', 'CB1')}"}
    body = _NEW | {"transaction": named} | more
    return await api.http.post("/chargebacks", headers=headers, json=body)


async def test_one_is_entered_once_answered_and_lost(
    api: Api, key: Headers, pool: asyncpg.Pool
) -> None:
    sale = await put_transaction(pool, 7701)
    answer = await _enter(api, key, sale.rrn)
    assert answer.status_code == 201, answer.text
    one = answer.json()
    assert (one["stage"], one["held"], one["money"]) == ("first_chargeback", 10_000, "held")
    assert (await _enter(api, key, sale.rrn)).json() == one
    other = await _enter(api, key, sale.rrn, amount=1)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency.other_request")
    path = f"/chargebacks/{one['id']}"
    headers = key | {"idempotency-key": "answer"}
    step = {"act": "represent", "reason": "it was theirs"}
    bare = await api.http.post(f"{path}/act", headers=headers, json=step)
    assert (bare.status_code, bare.json()["code"]) == (409, "chargeback.evidence_needed")
    query = {"kind": "slip", "name": "slip.pdf"}
    given = key | {"idempotency-key": "slip", "content-type": "application/octet-stream"}
    sent = {"headers": given, "params": query, "content": b"%PDF-1.7 slip"}
    await api.http.post(f"{path}/evidence", **sent)
    kept = await api.http.post(f"{path}/evidence", **sent)
    assert kept.status_code == 201, kept.text
    [slip] = [file for file in kept.json()["evidence"] if file["kind"] == "slip"]
    whole = await api.http.get(f"{path}/evidence/{slip['id']}", headers=key)
    assert (whole.content, whole.headers["content-type"]) == (b"%PDF-1.7 slip", "application/pdf")
    for _ in range(2):
        answered = await api.http.post(f"{path}/act", headers=headers, json=step)
        assert (answered.status_code, answered.json()["stage"]) == (200, "represented")
    again = key | {"idempotency-key": "again"}
    refused = await api.http.post(f"{path}/act", headers=again, json=step)
    assert (refused.status_code, refused.json()["code"]) == (409, "chargeback.not_next")
    assert [row["stage"] for row in (await api.get("/chargebacks", key))["items"]] == [
        "represented"
    ]
    assert (await api.get("/chargebacks", key, stage="ended"))["items"] == []
    [total] = (await api.get("/chargebacks/sums", key))["items"]
    assert (total["count"], total["held"]) == (1, 10_000)


async def test_a_document_is_judged_by_its_content_and_size(
    api: Api, key: Headers, pool: asyncpg.Pool
) -> None:
    sale = await put_transaction(pool, 7701)
    one = (await _enter(api, key, str(sale.id))).json()
    path, query = f"/chargebacks/{one['id']}/evidence", {"kind": "letter", "name": "a.pdf"}
    for number, (content, status) in enumerate(((b"MZ\x00", 422), (b"x" * 5_000_001, 413)), 1):
        headers = key | {"idempotency-key": f"n{number}"}
        answer = await api.http.post(path, headers=headers, params=query, content=content)
        assert answer.status_code == status, answer.text
    assert len((await api.get(f"/chargebacks/{one['id']}", key))["evidence"]) == 1


async def test_a_large_one_takes_two_people(api: Api, key: Headers, pool: asyncpg.Pool) -> None:
    sale = await put_transaction(pool, 7701, amount=400_000)
    one = (await _enter(api, key, sale.rrn)).json()
    assert (one["stage"], one["asked"], one["held"]) == ("noted", "charge_back", 0)
    path, because = f"/chargebacks/{one['id']}", {"reason": "seen"}
    assert (await api.http.post(f"{path}/confirm", headers=key, json=because)).status_code == 403
    boss = await api.person("administrator")
    done = (await api.http.post(f"{path}/confirm", headers=boss, json=because)).json()
    assert (done["stage"], done["held"], done["broken_at"]) == ("first_chargeback", 400_000, None)
    owner = {"owner": "administrator"}
    owned = (await api.http.post(f"{path}/assign", headers=boss, json=owner)).json()
    assert owned["owner"] == "administrator"
    none = await api.http.post(f"{path}/reject", headers=boss, json=because)
    assert (none.status_code, none.json()["code"]) == (409, "chargeback.not_asked")


async def test_what_cannot_be_claimed_is_refused(
    api: Api, key: Headers, pool: asyncpg.Pool
) -> None:
    void = await put_transaction(pool, 7701, kind="void")
    refused = await _enter(api, key, void.rrn)
    assert (refused.status_code, refused.json()["code"]) == (409, "chargeback.not_claimable")
    assert (await _enter(api, key, "300000009999", number="CB2")).status_code == 404


async def test_what_a_file_tells_is_listed_and_decided_by_people_alone(
    api: Api, key: Headers, pool: asyncpg.Pool
) -> None:
    sale = await put_transaction(pool, 7709)
    told = {"merchant_id": sale.merchant_id, "id": uuid4(), "file_id": uuid4(), "line": 2}
    of = {"transaction_id": sale.id, "act": "charge_back", "rrn": sale.rrn, "amount": 10_000}
    waits = {"currency": "156", "found_at": sale.received_at, "state": "waiting"}
    await put(pool, "chargeback_proposals", told | of | waits)
    (row,) = (await api.get("/chargebacks/proposals", key))["items"]
    assert (row["id"], row["transaction"], row["follows"]) == (
        str(told["id"]), str(sale.id), "opens",
    )  # fmt: skip
    path = f"/chargebacks/proposals/{row['id']}"
    body = {"number": "CB1", "claims": "fraud", "reason": "their file"}
    refused = await api.http.post(f"{path}/accept", headers=key, json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "desk.not_allowed")
    person = await api.person("operator")
    accepted = await api.http.post(f"{path}/accept", headers=person, json=body)
    assert (accepted.status_code, accepted.json()["line"]) == (200, 2), accepted.text
    again = await api.http.post(f"{path}/dismiss", headers=person, json={"reason": "no"})
    assert (again.status_code, again.json()["code"]) == (409, "chargeback.not_proposed")
