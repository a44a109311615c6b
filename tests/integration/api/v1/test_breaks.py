"""Breaks over the API: found, owned, ended by one or two, and as a workbook there and back."""

import base64
from typing import Any

import asyncpg
import pytest

from annul.desk.roles import Scope
from annul.domain.states import State
from tests.support.clearing import opened, row_of
from tests.support.clearing_days import send, written
from tests.support.desks import Api, Headers
from tests.support.rows import put_transaction


@pytest.fixture
async def key(api: Api) -> Headers:
    return await api.key(Scope.CLEARING_READ, Scope.CLEARING_WRITE)


async def some(api: Api, key: Headers, pool: asyncpg.Pool, *amounts: int) -> list[dict[str, Any]]:
    """Let a file tell of sales of 100.00, or of their `amounts`, with nothing or less."""
    sales = [
        await put_transaction(pool, trace, amount=amount)
        for trace, amount in enumerate(amounts, 101)
    ]
    rows = [row_of(sale, at, amount=sale.amount // 2) for at, sale in enumerate(sales, 1)]
    _, file = await send(api, key, written(*rows))
    await api.http.post(f"/clearing/files/{file['id']}/commit", headers=key, json={})
    return (await api.get("/breaks", key))["items"]


async def test_a_break_is_found_owned_and_ended(api: Api, key: Headers, pool: asyncpg.Pool) -> None:
    (one,) = await some(api, key, pool, 10_000)
    assert (one["kind"], one["money"], one["state"]) == ("amount", -5_000, "open")
    (sums,) = (await api.get("/breaks/sums", key))["items"]
    assert (sums["count"], sums["money"]) == (1, -5_000)
    for query in ({"kind": "fee"}, {"state": "asked"}, {"overdue": True}, {"owner": "li"}):
        assert (await api.get("/breaks", key, **query))["items"] == []
    assert len((await api.get("/breaks", key, state="waiting", kind="amount"))["items"]) == 1
    who = await api.person("operator")
    body = {"ids": [one["id"]], "owner": "operator"}
    answer = await api.http.post("/breaks/assign", headers=key, json=body)
    assert answer.json() == {"assigned": 1}
    path = f"/breaks/{one['id']}"
    end = {"resolution": "ours_stand", "reason": "their letter"}
    ended = (await api.http.post(f"{path}/resolve", headers=who, json=end)).json()
    assert (ended["state"], ended["owner"], ended["suggested"]) == (
        *("resolved", "operator", "ours_stand"),
    )
    acts = [row["action"] for row in ended["history"]]
    assert acts == ["resolve-break", "assign-break"]
    again = await api.http.post(f"{path}/resolve", headers=who, json=end)
    assert (again.status_code, again.json()["code"]) == (409, "clearing.break_not_waiting")


async def test_a_large_one_takes_two_people(api: Api, key: Headers, pool: asyncpg.Pool) -> None:
    (one,) = await some(api, key, pool, 400_000)
    path, because = f"/breaks/{one['id']}", {"reason": "seen"}
    end = {"resolution": "theirs_stand", "reason": "their letter"}
    asked = (await api.http.post(f"{path}/resolve", headers=key, json=end)).json()
    assert asked["state"] == "asked"
    assert (await api.http.post(f"{path}/confirm", headers=key, json=because)).status_code == 403
    boss = await api.person("administrator")
    rejected = (await api.http.post(f"{path}/reject", headers=boss, json=because)).json()
    assert rejected["state"] == "open"
    operator = await api.person("operator")
    await api.http.post(f"{path}/resolve", headers=operator, json=end)
    own = await api.http.post(f"{path}/confirm", headers=operator, json=because)
    assert (own.status_code, own.json()["code"]) == (409, "resolve.second_person")
    done = (await api.http.post(f"{path}/confirm", headers=boss, json=because)).json()
    assert (done["state"], done["decided_by"]) == ("resolved", "administrator")


async def test_many_and_a_workbook(api: Api, key: Headers, pool: asyncpg.Pool) -> None:
    first, second = await some(api, key, pool, 10_000, 400_000)
    book = await api.http.get("/breaks/workbook", headers=key, params={"lang": "en"})
    assert book.content.startswith(b"PK")
    content = base64.b64encode(book.content).decode()
    body = {"content": content, "apply": True}
    answer = (await api.http.post("/breaks/workbook", headers=key, json=body)).json()
    assert answer == {"decisions": [], "items": []}
    wrong = {"content": base64.b64encode(b"none").decode()}
    refused = await api.http.post("/breaks/workbook", headers=key, json=wrong)
    assert refused.status_code == 422
    ends = {"which": {"state": "waiting"}, "reason": "as suggested"}
    done = (await api.http.post("/breaks/resolve", headers=key, json=ends)).json()["items"]
    states = {first["id"]: "asked", second["id"]: "resolved"}
    if abs(first["money"]) < abs(second["money"]):
        states = {first["id"]: "resolved", second["id"]: "asked"}
    assert {one["id"]: one["state"] for one in done} == states


async def test_a_merchant_reads_its_own(api: Api, key: Headers, pool: asyncpg.Pool) -> None:
    (one,) = await some(api, key, pool, 10_000)
    own = await api.key(Scope.CLEARING_READ, merchant=one["merchant"])
    other = await api.key(Scope.CLEARING_READ, merchant="898000058129999")
    assert len((await api.get("/breaks", own))["items"]) == 1
    whole = await api.get(f"/breaks/{one['id']}", own)
    assert whole["history"] == []
    assert (await api.get("/breaks", other))["items"] == []
    assert (await api.http.get(f"/breaks/{one['id']}", headers=other)).status_code == 404
    bound = await api.key(Scope.CLEARING_WRITE, Scope.CLEARING_READ, merchant=one["merchant"])
    end = {"resolution": "ours_stand", "reason": "ours"}
    path = f"/breaks/{one['id']}/resolve"
    assert (await api.http.post(path, headers=bound, json=end)).status_code == 403


async def test_what_is_just_being_carried_out_is_not_decided_over(
    api: Api, key: Headers, pool: asyncpg.Pool
) -> None:
    async with opened(pool) as cell:
        declined = await cell.put(101, state=State.DECLINED, response_code="05")
        _, file = await send(api, key, written(row_of(declined)))
        await api.http.post(f"/clearing/files/{file['id']}/commit", headers=key, json={})
        (one,) = (await api.get("/breaks", key))["items"]
        path = f"/breaks/{one['id']}"
        who = await api.person("operator")
        end = {"resolution": "ours_stand", "reason": "their letter"}
        answer = await api.http.post(f"{path}/resolve", headers=who, json=end)
        assert (answer.status_code, answer.json()["code"]) == (409, "clearing.under_way")
        assert "some seconds" in answer.json()["next_step"]
        assert (await api.get(path, key))["state"] == "open"
        assert await cell.account("suspense") == one["money"]
        await cell.prove()  # as a host does
        ended = await api.http.post(f"{path}/resolve", headers=who, json=end)
        assert (ended.status_code, ended.json()["state"]) == (200, "resolved")
