"""Reports by mail over the API: seen, added once under a key, ended; never the address."""

from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from annul.desk import notices
from annul.desk.roles import Scope, Visitor
from tests.support.desks import Api
from tests.support.rows import put
from tests.support.shops import NOW, Shop

_PATH = "/report-subscriptions"
_MAIL = "li@bank.cn"
_NEW = {"user": "li", "length": "week", "mail": _MAIL, "reason": "reads it on Mondays"}
_MAY = (Scope.NOTICES_READ, Scope.NOTICES_WRITE, Scope.CASES_READ)


@pytest.fixture(autouse=True)
async def _set_up(api: Api, pool: asyncpg.Pool) -> None:
    await _user(pool, "li", "auditor")
    await _user(pool, "setter", "operator")
    setter = Visitor("setter", "operator", frozenset(Scope))
    new = notices.NewChannel("mail", "mailtos://a:s3cret@smtp.bank.cn/?from=a@bank.cn&to=b@bank.cn")
    for name in ("mail", "second"):
        await notices.add_channel(api.desk, setter, replace(new, name=name), "new")


async def _user(pool: asyncpg.Pool, name: str, role: str, merchant: str = "") -> None:
    user = {"name": name, "role": role, "merchant_id": merchant, "password_hash": "-"}
    await put(pool, "users", user | {"one_time": False, "created_at": NOW})


async def _post(api: Api, key: dict[str, str], told: dict[str, Any], name: str = "one") -> Any:
    return await api.http.post(_PATH, headers=key | {"idempotency-key": name}, json=told)


async def test_it_is_added_seen_and_ended(api: Api, pool: asyncpg.Pool) -> None:
    key = await api.key(*_MAY)
    made = await _post(api, key, _NEW)
    assert made.status_code == 201
    told = made.json()
    assert (told["user"], told["length"], told["channel"], told["active"]) == (
        *("li", "week", "mail"),
        True,
    )
    assert (told["latest"], told["state"], told["error"], told["tries"]) == ("", "", "", 0)
    assert (await api.get(_PATH, key))["items"] == [told]
    sealed = await pool.fetchval("SELECT mail FROM report_subscriptions")
    assert api.desk.vault.open(sealed) == _MAIL
    audit = await pool.fetch("SELECT * FROM audit WHERE action = 'mail-reports'")
    for said in (made.text, str([dict(row) for row in audit]), str(told)):
        assert _MAIL not in said
    assert len(audit) == 1
    gone = await api.http.delete(f"{_PATH}/li/week", headers=key, params={"reason": "moved"})
    assert gone.status_code == 204
    assert (await api.get(_PATH, key))["items"] == []
    again = await api.http.delete(f"{_PATH}/li/week", headers=key, params={"reason": "moved"})
    assert (again.status_code, again.json()["code"]) == (404, "desk.unknown")


async def test_under_one_key_it_is_done_once(api: Api, pool: asyncpg.Pool) -> None:
    key = await api.key(*_MAY)
    first = (await _post(api, key, _NEW)).json()
    await api.http.delete(f"{_PATH}/li/week", headers=key, params={"reason": "moved"})
    assert (await _post(api, key, _NEW)).json() == first
    assert await pool.fetchval("SELECT count(*) FROM report_subscriptions") == 0
    other = await _post(api, key, _NEW | {"length": "day"})
    assert (other.status_code, other.json()["code"]) == (409, "idempotency.other_request")


async def test_a_second_one_is_another_address_and_channel(api: Api, pool: asyncpg.Pool) -> None:
    key = await api.key(*_MAY)
    await _post(api, key, _NEW)
    moved = {"mail": "office@bank.cn", "channel": "second"}
    told = (await _post(api, key, _NEW | moved, "two")).json()
    assert told["channel"] == "second"
    (row,) = await pool.fetch("SELECT mail FROM report_subscriptions")
    assert api.desk.vault.open(row["mail"]) == "office@bank.cn"


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"mail": "li@bank.cn, min@bank.cn"}, 422, "letters.mail"),
        ({"user": "nobody"}, 404, "desk.unknown"),
        ({"user": "clerk"}, 404, "desk.unknown"),
        ({"channel": "no such"}, 409, "reports.no_channel"),
        ({"length": "month"}, 422, "http.invalid"),
        ({"reason": ""}, 422, "http.invalid"),
    ],
)
async def test_what_is_wrong_is_named_and_can_be_asked_again(
    api: Api,
    pool: asyncpg.Pool,
    shops: tuple[Shop, Shop],
    wrong: dict[str, str],
    status: int,
    code: str,
) -> None:
    await _user(pool, "clerk", "cashier", shops[0].merchant)  # reads no reports
    key = await api.key(*_MAY)
    answer = await _post(api, key, _NEW | wrong)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await api.get(_PATH, key))["items"] == []
    assert (await _post(api, key, _NEW)).status_code == 201


async def test_who_may_not_read_reports_has_none_mailed_to_others(
    api: Api, shops: tuple[Shop, Shop]
) -> None:
    for headers in (
        await api.key(Scope.NOTICES_READ, Scope.NOTICES_WRITE),
        await api.key(*_MAY, merchant=shops[0].merchant),
    ):
        assert (await _post(api, headers, _NEW)).status_code == 403
    assert (await api.get(_PATH, await api.key(Scope.NOTICES_READ)))["items"] == []


async def test_it_is_mailed_no_more_once_it_is_ended(api: Api, pool: asyncpg.Pool) -> None:
    key = await api.key(*_MAY)
    await _post(api, key, _NEW)
    await pool.execute(
        "INSERT INTO report_mails (name, length, first, merchant_id, language, channel_id, owed_at,"
        " due_at) SELECT name, length, '2026-11-16', '', 'zh', channel_id, now(), now()"
        " FROM report_subscriptions"
    )
    (told,) = (await api.get(_PATH, key))["items"]
    assert (told["latest"], told["state"]) == ("2026-W47", "owed")
    await api.http.delete(f"{_PATH}/li/week", headers=key, params={"reason": "moved"})
    assert await pool.fetchval("SELECT state FROM report_mails") == "dropped"
