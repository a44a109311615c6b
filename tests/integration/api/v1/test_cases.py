"""Cases over the API: acting, proving, and following them as they change."""

import io
import json
import zipfile
from typing import Any

import asyncpg
import httpx

from annul.desk.roles import Scope
from tests.support.desks import Api, Headers
from tests.support.shops import Shop

from .conftest import happen

Shops = tuple[Shop, Shop]


async def _act(api: Api, headers: Headers, case: Any, action: str, **more: Any) -> httpx.Response:
    body = {"action": action, "reason": "a good one", **more}
    return await api.http.post(f"/cases/{case.number}/acts", headers=headers, json=body)


async def test_a_case_is_read_whole(api: Api, shops: Shops) -> None:
    shop = shops[0]
    await happen(api.desk.book, shop.case, "diagnosed")
    whole = await api.get(f"/cases/{shop.case.number}", await api.key())
    assert whole["case"]["number"] == shop.case.number
    assert [one["what"] for one in whole["timeline"]] == ["diagnosed"]
    assert {one["id"] for one in whole["transactions"]} == {
        str(shop.sales[0].id),
        str(shop.void.id),
    }
    assert [one["amount"] for one in whole["ledger"]] == [10_000]
    assert whole["chain_broken_at"] is None
    assert {one["action"] for one in whole["allowed"]} >= {"retry", "refund", "note", "close"}
    reader = await api.get(f"/cases/{shop.case.number}", await api.key(Scope.CASES_READ))
    assert reader["allowed"] == []


async def test_cases_are_found(api: Api) -> None:
    headers = await api.key()
    for query, count in (
        ({}, 2),
        ({"state": "all"}, 2),
        ({"state": "voided"}, 0),
        ({"search": "1"}, 1),
        ({"search": "0007"}, 2),
        ({"search": "100.00"}, 2),
        ({"issuer": "00000101"}, 2),
        ({"issuer": "00000202"}, 0),
        ({"cause": "timeout"}, 0),
        ({"since": "2100-01-01T00:00:00Z"}, 0),
        ({"limit": 1}, 1),
    ):
        found = (await api.get("/cases", headers, **query))["items"]
        assert len(found) == count, query


async def test_an_act_is_done_and_audited(api: Api, shops: Shops, pool: asyncpg.Pool) -> None:
    case, headers = shops[0].case, await api.key(Scope.CASES_ACT)
    done = await _act(api, headers, case, "retry")
    assert (done.status_code, done.json()["done"]) == (200, "retry")
    confirmed = await _act(api, headers, case, "confirm-cause", cause="timeout")
    assert confirmed.json()["case"]["confirmed"] == "timeout"
    who = await pool.fetch("SELECT who, action, reason FROM audit ORDER BY at")
    assert [row["action"] for row in who] == ["retry", "confirm-cause"]
    assert all(row["who"].startswith("key annul_") for row in who)
    assert all(row["reason"] == "a good one" for row in who)


async def test_what_moves_much_money_takes_two(api: Api, shops: Shops, pool: asyncpg.Pool) -> None:
    await pool.execute("UPDATE merchants SET second_person_from = 1")
    case = shops[0].case
    first, other = await api.key(Scope.CASES_ACT), await api.key(Scope.CASES_ACT)
    proposed = await _act(api, first, case, "retry")
    assert (proposed.status_code, proposed.json()["done"]) == (202, "proposed")
    alone = await _act(api, first, case, "retry")
    assert (alone.status_code, alone.json()["code"]) == (409, "resolve.second_person")
    program = await _act(api, other, case, "retry")
    assert program.json()["code"] == "resolve.second_person", "a program approves nothing"
    both = await _act(api, await api.person("operator"), case, "retry")
    assert (both.status_code, both.json()["done"]) == (200, "retry")


async def test_what_may_not_be_done_is_refused(api: Api, shops: Shops) -> None:
    headers = await api.key()
    for action, more, status in (
        ("reject", {}, 403),
        ("confirm-cause", {"cause": "nonsense"}, 422),
        ("confirm-cause", {}, 403),
        ("sing", {}, 422),
        ("note", {"reason": ""}, 422),
        ("note", {"reason": "a\x00b"}, 422),
        ("note", {"reason": " "}, 422),
    ):
        answer = await _act(api, headers, shops[0].case, action, **more)
        assert answer.status_code == status, (action, more)
        assert answer.json()["next_step"]


async def test_a_role_may_do_what_its_table_says(api: Api, shops: Shops) -> None:
    support = await api.person("support")
    assert (await _act(api, support, shops[0].case, "note")).status_code == 200
    assert (await _act(api, support, shops[0].case, "refund")).status_code == 403


async def test_a_shop_withdraws_its_own_void_and_nothing_else(api: Api, shops: Shops) -> None:
    mine, theirs = shops
    owner = await api.person("merchant", mine.merchant)
    shown = await api.get(f"/cases/{mine.case.number}", owner)
    assert [one["action"] for one in shown["allowed"]] == ["withdraw"]
    for action in ("retry", "refund", "note", "close", "look"):
        assert (await _act(api, owner, mine.case, action)).status_code == 403, action
    assert (await _act(api, owner, theirs.case, "withdraw")).status_code == 404
    done = await _act(api, owner, mine.case, "withdraw")
    assert (done.status_code, done.json()["done"]) == (200, "withdraw")
    assert (await api.desk.book.reread(mine.case)).ordered == "withdraw"
    auditor = await api.person("auditor")
    program = await api.key(Scope.SHOP)
    for who in (auditor, program):
        assert (await _act(api, who, theirs.case, "withdraw")).status_code in {403, 404}
    assert (await api.desk.book.reread(theirs.case)).ordered == ""


async def test_what_nobody_could_prove_is_found_and_both_due_times_are_said(
    api: Api, shops: Shops, pool: asyncpg.Pool
) -> None:
    case, headers = shops[0].case, await api.key()
    first = case.opened_at
    await pool.execute(
        "UPDATE cases SET ended = 'unproved', ended_at = $2, first_due_at = $3, task = 'x'"
        " WHERE id = $1",
        case.id,
        case.due_at,
        first,
    )
    for state in ("unproved", "asked", "late", "all"):
        found = (await api.get("/cases", headers, state=state))["items"]
        assert case.number in {one["number"] for one in found}, state
    assert case.number not in {
        one["number"] for one in (await api.get("/cases", headers, state="open"))["items"]
    }
    shown = (await api.get(f"/cases/{case.number}", headers))["case"]
    assert shown["ended"] == "unproved"
    assert shown["first_due_at"] != shown["due_at"]
    void = await api.get(f"/voids/{case.id}", headers)
    assert (void["state"], "人工" in void["next_step"]["zh"]) == ("unproved", True)
    promise = await api.get("/promise", headers, hours=8000)
    assert promise["unproved"] == 1
    assert promise["late"] >= 1


async def test_the_proof_is_a_zip(api: Api, shops: Shops) -> None:
    case = shops[0].case
    answer = await api.http.get(f"/cases/{case.number}/proof", headers=await api.key())
    assert answer.headers["content-type"] == "application/zip"
    assert case.number in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        assert set(file.namelist()) == {"proof.json", "proof.pdf"}, "this desk signs nothing"
        assert json.loads(file.read("proof.json"))["case"]["number"] == case.number
