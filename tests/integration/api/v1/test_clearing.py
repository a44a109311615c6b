"""Clearing files over the API: of any size, once, split from nothing by who is cut off."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from annul.desk.roles import Scope
from annul.settle.clearing.rows import ClearingRow
from annul.store.clock import SystemClock
from tests.support.builders import DAY
from tests.support.clearing import row_of
from tests.support.clearing_days import came_daily, send, written
from tests.support.desks import Api, Headers
from tests.support.rows import put_transaction


@pytest.fixture
async def key(api: Api) -> Headers:
    return await api.key(Scope.CLEARING_READ, Scope.CLEARING_WRITE)


async def _row(pool: asyncpg.Pool, trace: int = 101, **changes: Any) -> ClearingRow:
    return row_of(await put_transaction(pool, trace), **changes)


async def test_a_file_is_sent_previewed_committed_and_discarded(
    api: Api, key: Headers, pool: asyncpg.Pool
) -> None:
    content = written(await _row(pool, amount=9_000)) + b"no row\r\n"
    status, file = await send(api, key, content, "day")
    assert (status, file["rows"], file["bad"], file["layout"]) == (201, 1, 1, "COM")
    assert file["settles_on"] == DAY.isoformat()
    assert await send(api, key, content, "day") == (201, file)
    status, other = await send(api, key, content, "day", day="2026-11-22")
    assert (status, other["code"]) == (409, "idempotency.other_request")
    status, other = await send(api, key, content)
    assert (status, other["code"]) == (409, "clearing.already_read")
    path = f"/clearing/files/{file['id']}"
    before = (await api.http.post(f"{path}/preview", headers=key)).json()
    assert [one["kind"] for one in before["breaks"]] == ["amount"]
    done = (await api.http.post(f"{path}/commit", headers=key, json={})).json()
    assert done["kinds"] == before["kinds"]
    again = await api.http.post(f"{path}/commit", headers=key, json={})
    assert (again.status_code, again.json()["code"]) == (409, "clearing.not_staged")
    whole = await api.get(path, key)
    assert (whole["state"], whole["breaks"][0]["count"], len(whole["bad_lines"])) == (
        *("committed", 1, 1),
    )
    assert len((await api.get(f"{path}/bad-lines", key))["items"]) == 1
    (listed,) = (await api.get("/clearing/files", key))["items"]
    assert listed["id"] == file["id"]
    because = {"reason": "they come later"}
    assert (whole["rules"], whole["asked_for"]) == (0, "")
    (usual,) = (await api.get("/clearing/rules", key))["items"]
    assert (usual["version"], usual["rules"]["carry_days"]) == (0, 1)
    other_rules = usual["rules"] | {"carry_days": 2}
    asked = {"rules": other_rules}
    shown = (await api.http.post(f"{path}/again/preview", headers=key, json=asked)).json()
    assert (shown["changes"], shown["stay"], shown["at_stake"]) == ([], 1, 0)
    answer = await api.http.put("/clearing/rules", headers=key, json=other_rules | because)
    assert [one["version"] for one in answer.json()["items"]] == [1, 0]
    looser = other_rules | {"second_person_from": 10**9} | because
    answer = await api.http.put("/clearing/rules", headers=key, json=looser)
    assert answer.json()["items"][0]["state"] == "asked"
    answer = await api.http.put("/clearing/rules", headers=key, json=other_rules | {"x": 1})
    assert answer.status_code == 422
    done = await api.http.post(f"{path}/again", headers=key, json=because)
    assert (done.json()["state"], done.json()["rules"]) == ("committed", 1)
    ended = await api.http.post(f"{path}/discard", headers=key, json={"reason": "wrong"})
    assert ended.json()["state"] == "discarded"
    status, more = await send(api, key, content, again=True)
    dropped = await api.http.post(f"/clearing/files/{more['id']}/drop", headers=key, json={})
    assert (status, dropped.json()["state"]) == (201, "dropped")


async def test_a_file_has_no_largest_size_and_one_cut_off_leaves_nothing(
    api: Api, key: Headers, pool: asyncpg.Pool
) -> None:
    row = await _row(pool)
    piece = written(row) * 2_000

    async def whole() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield piece

    async def cut() -> AsyncIterator[bytes]:
        yield piece
        await asyncio.sleep(0)
        raise ConnectionError

    status, file = await send(api, key, whole())
    assert (status, file["rows"]) == (201, 10_000)
    with pytest.raises(ConnectionError):
        await send(api, key, cut(), day="2026-11-20", again=True)
    async with asyncio.timeout(10):
        while await pool.fetchval("SELECT count(*) FROM idempotency WHERE status IS NULL"):
            await asyncio.sleep(0.02)
    assert await pool.fetchval("SELECT count(*) FROM clearing_staged") == 10_000
    assert await pool.fetchval("SELECT count(*) FROM clearing_files WHERE state = 'loading'") == 0


@pytest.mark.parametrize(
    ("content", "query", "code"),
    [
        (b"", {}, "settle.clearing_unreadable"),
        (b"\0\1\2" * 50, {}, "settle.clearing_unreadable"),
        (b"no row\r\n", {"layout": "COM"}, "settle.clearing_unreadable"),
        (b"a,b\r\n1,2\r\n", {"name": "t.csv"}, "clearing.map_needed"),
        ("参考号,金额(元)\r\n300000000001,1.00\r\n".encode(), {"name": "t"}, "clearing.day_needed"),
        (b"x", {"layout": "none"}, "settle.clearing_unreadable"),
    ],
)
async def test_what_cannot_be_read_says_why(
    api: Api, key: Headers, pool: asyncpg.Pool, content: bytes, query: dict[str, str], code: str
) -> None:
    status, body = await send(api, key, content, **query)
    assert (status, body["code"]) == (422, code)
    assert await pool.fetchval("SELECT count(*) FROM clearing_staged") == 0
    assert await pool.fetchval("SELECT count(*) FROM idempotency") == 0


async def test_columns_are_looked_at_and_saved(api: Api, key: Headers) -> None:
    table = "参考号,卡号,金额\r\n300000000001,6200010000000007,100\r\n".encode()
    answer = await api.http.post(
        "/clearing/files/look", content=table, params={"name": "day.csv"}, headers=key
    )
    look = answer.json()
    assert (look["layout"], look["headers"]) == ("csv", ["参考号", "卡号", "金额"])
    assert look["samples"][0][1] == "620001******0007"
    assert [one["en"] for one in look["missing"]] == ["the unit of amounts: major or minor"]
    columns = look["map"] | {"unit": "minor"}
    saved = await api.http.put("/clearing/maps/tea", json=columns, headers=key)
    assert saved.json() == {"name": "tea", "map": columns}
    status, file = await send(api, key, table, map="tea", day=DAY.isoformat())
    assert (status, file["rows"], file["map"]) == (201, 1, columns)
    wrong = await api.http.put(
        "/clearing/maps/tea", json=columns | {"columns": {"pin": "x"}}, headers=key
    )
    assert wrong.status_code == 422
    assert (await api.get("/clearing/maps", key))["items"] == [{"name": "tea", "map": columns}]
    assert (await api.http.delete("/clearing/maps/tea", headers=key)).status_code == 204
    assert (await api.http.delete("/clearing/maps/tea", headers=key)).status_code == 404


async def test_a_merchants_key_reads_no_files(api: Api, key: Headers, pool: asyncpg.Pool) -> None:
    _, file = await send(api, key, written(await _row(pool)))
    bound = await api.key(Scope.CLEARING_READ, Scope.CLEARING_WRITE, merchant="898000058120000")
    assert (await api.get("/clearing/files", bound))["items"] == []
    path = f"/clearing/files/{file['id']}"
    assert (await api.http.get(path, headers=bound)).status_code == 404
    assert (await api.http.post(f"{path}/commit", headers=bound, json={})).status_code == 403
    assert (await send(api, bound, b"x"))[0] == 403


async def test_a_tolerance_waits_for_a_second_person_and_its_differences_are_listed(
    api: Api, key: Headers, pool: asyncpg.Pool
) -> None:
    (usual,) = (await api.get("/clearing/rules", key))["items"]
    assert usual["rules"]["tolerances"] == []
    one = {"kind": "amount", "per_day": 100, "account": "clearing_difference"}
    for wrong in (one, one | {"up_to": 5, "account": "suspense"}, one | {"up_to": 0}):
        body = usual["rules"] | {"tolerances": [wrong], "reason": "why not"}
        answer = await api.http.put("/clearing/rules", headers=key, json=body)
        assert answer.status_code == 422, answer.text
    rules = usual["rules"] | {"tolerances": [one | {"up_to": 5}]}
    content = written(
        await _row(pool, 101, amount=9_996),
        await _row(pool, 102, line=2, amount=10_005),
        await _row(pool, 103, line=3, amount=10_006),
    )
    _, file = await send(api, key, content, "day")
    path = f"/clearing/files/{file['id']}"
    await api.http.post(f"{path}/commit", headers=key, json={})
    seen = await api.http.post(f"{path}/again/preview", headers=key, json={"rules": rules})
    (change,) = seen.json()["changes"]
    assert (change["before"], change["after"], change["count"]) == ("amount", "tolerated", 2)
    assert (await api.get(f"{path}/differences", key))["items"] == []
    body = rules | {"reason": "their rounding"}
    set_ = (await api.http.put("/clearing/rules", headers=key, json=body)).json()["items"]
    assert [one["state"] for one in set_] == ["asked", "in_force"]
    # As a second person would.
    await pool.execute("UPDATE clearing_rules SET state = 'in_force'")
    because = {"reason": "other rules"}
    whole = (await api.http.post(f"{path}/again", headers=key, json=because)).json()
    (sum_,) = whole["tolerated"]
    assert (sum_["account"], sum_["money"], sum_["in_question"]) == ("clearing_difference", 1, 9)
    first = await api.get(f"{path}/differences", key, limit=1)
    rest = await api.get(f"{path}/differences", key, cursor=first["next_cursor"])
    found = [(one["line"], one["ours"], one["theirs"]) for one in first["items"] + rest["items"]]
    assert found == [(1, 10_000, 9_996), (2, 10_000, 10_005)]
    assert rest["next_cursor"] == ""


async def test_what_is_expected_is_listed_with_its_state(
    api: Api, key: Headers, pool: asyncpg.Pool
) -> None:
    assert (await api.get("/clearing/expected", key))["items"] == []
    today = SystemClock().now().date()
    await came_daily(pool, today)
    rows = {one["settles_on"]: one for one in (await api.get("/clearing/expected", key))["items"]}
    came = rows[str(today - timedelta(days=3))]
    assert (came["state"], came["layout"], came["issuers"]) == ("came", "COM", [])
    assert (came["declared"], came["came_at"] is None) == (False, False)
    assert rows[str(today - timedelta(days=1))]["state"] in {"expected", "late"}


async def test_of_several_that_work_on_one_file_at_once_one_does(
    api: Api, key: Headers, pool: asyncpg.Pool
) -> None:
    _, file = await send(api, key, written(await _row(pool, amount=9_000)), "day")
    path, because = f"/clearing/files/{file['id']}", {"reason": "all at once"}
    for act, otherwise in (
        ("commit", "clearing.not_staged"),
        ("discard", "clearing.not_committed"),
    ):
        calls = [api.http.post(f"{path}/{act}", headers=key, json=because) for _ in range(4)]
        answers = await asyncio.gather(*calls)
        codes = sorted(one.json().get("code", "") for one in answers)
        assert codes == ["", *[otherwise] * 3]
        assert sorted(one.status_code for one in answers) == [200, 409, 409, 409]
    assert await pool.fetchval("SELECT count(*) FROM breaks") == 1
