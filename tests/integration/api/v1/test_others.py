"""Diagnosis, merchants, issuers, health, and how much one visitor may ask."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from annul.api.v1 import diagnosis
from annul.cli.diagnose import diagnose
from annul.desk.access import Access
from annul.desk.roles import Scope
from annul.domain.learnt import RuleKind
from tests.support.desks import Api, make_desk, open_api
from tests.support.learnt import learnt, put_rule
from tests.support.rows import put
from tests.support.shops import NOW, Shop

Shops = tuple[Shop, Shop]
_POSTED = {"request": diagnosis._REQUEST, "response": diagnosis._RESPONSE}


async def test_posted_messages_are_diagnosed_as_on_the_command_line(
    api: Api, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    headers = await api.key(Scope.DIAGNOSIS)
    facts = {"issuer.maintenance": True, "issuer.code_means": {"value": "risk_refusal"}}
    file = tmp_path / "facts.json"
    file.write_text(json.dumps(facts))
    answer = await api.http.post("/diagnosis", headers=headers, json=_POSTED | {"facts": facts})
    assert answer.status_code == 200, answer.text
    await asyncio.to_thread(
        diagnose,
        request=_POSTED["request"],
        response=_POSTED["response"],
        facts=file,
        as_json=True,
    )
    assert answer.json() == json.loads(capsys.readouterr().out)
    one = await api.http.post("/diagnosis?lang=zh", headers=headers, json=_POSTED)
    assert one.json()["causes"][0]["cause"] == "issuer_unsupported"
    assert isinstance(one.json()["causes"][0]["title"], str)
    silent = await api.http.post("/diagnosis", headers=headers, json=_POSTED | {"response": None})
    assert silent.json()["facts"]["void.why"]["value"] == "timed_out"


async def test_what_can_not_be_diagnosed_is_said(api: Api) -> None:
    headers = await api.key(Scope.DIAGNOSIS)
    for changes, code in (
        ({"request": "00"}, "wire.decode"),
        ({"request": "tea"}, "http.invalid"),
        ({"request": _POSTED["response"]}, "diagnose.not_a_void"),
        ({"response": _POSTED["request"]}, "diagnose.no_response_code"),
        ({"facts": {"void.code": 7, "void.kind": ""}}, ""),
        ({"facts": {"void.nothing": 1}}, "http.invalid"),
        ({"facts": {"terminal.reversals": "often"}}, "diagnose.facts_file"),
        ({"dialect": "x"}, "http.invalid"),
        ({"more": 1}, "http.invalid"),
    ):
        answer = await api.http.post("/diagnosis", headers=headers, json=_POSTED | changes)
        assert answer.status_code == (422 if code else 200), (changes, answer.text)
        assert answer.json().get("code", "") == code


async def test_a_request_that_is_too_large_is_not_read(api: Api) -> None:
    headers = await api.key() | {"content-type": "application/json"}

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(70):
            yield b" " * 1_000

    for content in (b" " * 70_000, parts()):
        large = await api.http.post("/diagnosis", headers=headers, content=content)
        assert (large.status_code, large.json()["code"]) == (413, "http.413")
        assert large.headers["content-type"] == "application/problem+json"


async def test_a_stored_void_is_diagnosed(api: Api, shops: Shops) -> None:
    headers = await api.key(Scope.DIAGNOSIS)
    found = await api.get(f"/diagnosis/{shops[0].void.rrn}", headers)
    assert found["facts"]["void.code"]["value"] == "96"
    assert found["facts"]["original.found"]["value"] is True
    assert sum(one["probability"] for one in found["causes"]) == pytest.approx(1, abs=0.01)


async def test_merchants_come_with_money_and_terminals(
    api: Api, shops: Shops, pool: asyncpg.Pool
) -> None:
    shop, headers = shops[0], await api.key(Scope.MERCHANTS_READ)
    await put(
        pool,
        "merchant_balances",
        {
            "merchant_id": shop.merchant,
            "currency": "156",
            "pending": 5,
            "available": 6,
            "frozen": 7,
        },
    )
    first = await api.get("/merchants", headers, limit=1)
    second = await api.get("/merchants", headers, limit=1, cursor=first["next_cursor"])
    both = [*first["items"], *second["items"]]
    assert sorted(one["id"] for one in both) == sorted(one.merchant for one in shops)
    assert second["next_cursor"] == ""
    merchant = await api.get(f"/merchants/{shop.merchant}", headers)
    assert merchant["balance"] == {"pending": 5, "available": 6, "frozen": 7}
    path = f"/merchants/{shop.merchant}/terminals"
    first = await api.get(path, headers, limit=1)
    second = await api.get(path, headers, limit=1, cursor=first["next_cursor"])
    assert [one["items"][0]["id"] for one in (first, second)] == ["10000001", "10000002"]
    assert second["next_cursor"] == ""


async def test_what_annul_may_do_unasked_is_set_and_audited(
    api: Api, shops: Shops, pool: asyncpg.Pool
) -> None:
    path, headers = f"/merchants/{shops[0].merchant}", await api.key(Scope.MERCHANTS_WRITE)
    before = await pool.fetchval("SELECT version FROM reference")
    change = {"retry_voids": False, "second_person_from": 5, "reason": "new contract"}
    answer = await api.http.patch(path, headers=headers, json=change)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["retry_voids"], found["second_person_from"]) == (False, 5)
    assert found["refund_instead_limit"] == 100_000  # as it was
    assert await pool.fetchval("SELECT version FROM reference") == before + 1
    (audit,) = await pool.fetch("SELECT action, object, reason, detail FROM audit")
    assert audit["reason"] == "new contract"
    assert audit["detail"]["second_person_from"] == {"before": 100_000, "after": 5}
    for wrong in (
        {"reason": "nothing"},
        {"retry_voids": True},
        {"retry_voids": True, "reason": " "},
        {"active": False, "reason": "x"},
        {"refund_instead_limit": -1, "reason": "x"},
        {"second_person_from": 0, "reason": "x"},
    ):
        refused = await api.http.patch(path, headers=headers, json=wrong)
        assert refused.status_code == 422, wrong


async def test_rules_that_an_issuer_has_not_told_come_with_their_support(
    api: Api, pool: asyncpg.Pool
) -> None:
    headers = await api.key(Scope.ISSUERS_READ)
    await put_rule(pool, learnt(RuleKind.AMOUNT, 50_000, within=49_900, beyond=50_100))
    (rule,) = (await api.get("/issuers/00000101/rules", headers))["items"]
    told = {name: rule[name] for name in ("rule", "number", "within", "beyond", "state", "sure")}
    assert told == {
        "rule": "amount", "number": 50_000, "within": 49_900, "beyond": 50_100,
        "state": "suspected", "sure": pytest.approx(0.999),
    }  # fmt: skip
    assert rule["said"]["en"].startswith("Voids above 500.00 were refused 14 of 14 times")
    assert (await api.get("/issuers/00000202/rules", headers))["items"] == []
    assert (await api.http.get("/issuers/9/rules", headers=headers)).status_code == 404


async def test_issuers_come_with_rules_and_contacts(api: Api, pool: asyncpg.Pool) -> None:
    headers = await api.key(Scope.ISSUERS_READ)
    await pool.execute(
        "INSERT INTO contacts (id, issuer_id, duty, name) VALUES"
        " (gen_random_uuid(), '00000101', 'switch', 'Operations')"
    )
    await pool.execute(
        "INSERT INTO policies (issuer_id, id, kind, number, valid_from, set_by, set_at) VALUES"
        " ('00000101', gen_random_uuid(), 'void_window', 86400, $1, 'somebody', $1)",
        NOW,
    )
    listed = await api.get("/issuers", headers, limit=2)
    rest = await api.get("/issuers", headers, cursor=listed["next_cursor"])
    both = [*listed["items"], *rest["items"]]
    assert [one["id"] for one in both] == ["00000101", "00000202", "00000303"]
    issuer = await api.get("/issuers/00000101", headers)
    assert [one["name"] for one in issuer["contacts"]] == ["Operations"]
    assert [one["standing"] for one in issuer["policies"]] == ["in force"]
    assert (await api.http.get("/issuers/9", headers=headers)).status_code == 404


async def test_health_is_open_to_everybody(api: Api) -> None:
    assert await api.get("/health", {}) == {"status": "up", "loops": [], "host": False}


async def test_without_a_host_nothing_is_ordered(api: Api, shops: Shops) -> None:
    headers = await api.key() | {"idempotency-key": "one"}
    asked = {"merchant": shops[0].merchant, "original": {"rrn": shops[0].sales[0].rrn}}
    for what in ("voids", "refunds"):
        answer = await api.http.post(f"/{what}", headers=headers, json=asked)
        assert (answer.status_code, answer.json()["code"]) == (503, "desk.no_host")


@asynccontextmanager
async def _narrow(pool: asyncpg.Pool) -> AsyncIterator[Api]:
    async with open_api(make_desk(pool, rate=0.01, burst=5)) as opened:
        yield opened


async def test_who_asks_too_often_is_told_to_wait(pool: asyncpg.Pool) -> None:
    async with _narrow(pool) as api:
        one, other = await api.key(), await api.key()

        async def ask(headers: dict[str, str]) -> httpx.Response:
            return await api.http.get("/cases", headers=headers)

        answers = [await ask(one) for _ in range(8)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert len(refused) == 3  # of a burst of five; the next token is 100 s away
        assert refused[0].json()["code"] == "access.rate"
        assert 0 < int(refused[0].headers["retry-after"]) <= 100
        assert (await ask(other)).status_code == 200


class _Away:
    """A pool whose connection is lost when a list is read."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    async def fetch(self, *_: object) -> None:
        raise ConnectionRefusedError


async def test_a_database_that_is_away_is_a_problem(pool: asyncpg.Pool) -> None:
    away: Any = _Away(pool)
    async with open_api(make_desk(away, access=Access(pool))) as api:
        answer = await api.http.get("/cases", headers=await api.key())
    assert (answer.status_code, answer.json()["code"]) == (503, "store.unavailable")
