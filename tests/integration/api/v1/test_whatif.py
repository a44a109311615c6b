"""`POST /what-if`: each kind answers with sums and decisions; one at a time, and no merchant."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from annul.domain.states import State
from tests.support.desks import Api
from tests.support.rows import put_transaction

_MERCHANT = {"kind": "merchant", "setting": "amount_limit", "number": 50_000}


async def _tried(api: Api, **said: Any) -> Any:
    answer = await api.http.post("/what-if", headers=await api.key(), json=said)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("said", "counted"),
    [
        (_MERCHANT, "decisions"),
        ({"kind": "policy", "issuer": "00000101", "rule": "void_supported", "number": 0}, "voids"),
        ({"kind": "weight", "cause": "timeout", "signal": "code:98", "by": -1.5}, "cases"),
        ({"kind": "alarm", "per_million": 5.0, "days": 1}, "transactions"),
    ],
)
async def test_each_kind_says_what_it_has_looked_at(
    api: Api, said: dict[str, Any], counted: str
) -> None:
    told = await _tried(api, **said)
    assert told["kind"] == said["kind"]
    assert counted in told["sums"]
    assert (told["decisions"], told["more"]) == ([], False)


async def test_decisions_are_listed_up_to_a_limit_and_all_counted(
    api: Api, pool: asyncpg.Pool
) -> None:
    at = api.desk.clock.now() - timedelta(days=1)
    of: dict[str, Any] = {"merchant_id": "104", "amount": 60_000, "state": State.APPROVED}
    for trace in range(3):
        await put_transaction(pool, trace, received_at=at, **of)
    told = await _tried(api, **_MERCHANT, merchant="104", limit=2)
    assert (told["sums"]["stricter"], len(told["decisions"]), told["more"]) == (3, 2, True)
    one = told["decisions"][0]
    assert (one["before"], one["after"], one["amount"]) == ("", "over_merchant_limit", 60_000)
    told = await _tried(api, **_MERCHANT, merchant="999")
    assert told["sums"]["decisions"] == 0


async def test_one_is_tried_at_a_time(api: Api) -> None:
    async with api.desk.trials:
        answer = await api.http.post("/what-if", headers=await api.key(), json=_MERCHANT)
    assert (answer.status_code, answer.json()["code"]) == (409, "whatif.busy")


async def test_no_merchant_tries_what_is_everybodys(api: Api) -> None:
    headers = await api.key(merchant="898000058120000")
    answer = await api.http.post("/what-if", headers=headers, json=_MERCHANT)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"kind": "fee"},
        _MERCHANT | {"setting": "name_zh"},
        {"kind": "merchant", "setting": "retry_voids", "number": 2},
        {"kind": "policy", "issuer": "00000101", "rule": "void_supported", "limit": 100_000},
    ],
)
async def test_what_makes_no_sense_is_refused(api: Api, said: dict[str, Any]) -> None:
    answer = await api.http.post("/what-if", headers=await api.key(), json=said)
    assert answer.status_code == 422, answer.text
