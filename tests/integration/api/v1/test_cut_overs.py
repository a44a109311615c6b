"""Cut-overs over the API: what is no hour and minute of a day changes nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from annul.desk.roles import Scope
from tests.support.desks import Api
from tests.support.shops import Shop

_LATER = datetime.now(UTC).date() + timedelta(days=40)


async def test_a_cut_over_is_told_as_it_was_agreed_on(api: Api, shops: tuple[Shop, Shop]) -> None:
    path = f"/merchants/{shops[0].merchant}/cut-overs"
    headers = await api.key(Scope.MERCHANTS_WRITE, Scope.MERCHANTS_READ)
    for given, day in (("06:00", _LATER), (None, _LATER + timedelta(days=1))):
        body = {"cut_over": given, "reason": "a bar"}
        answer = await api.http.put(f"{path}/{day}", headers=headers, json=body)
        assert answer.status_code == 200, answer.text
        assert (answer.json()["items"][0]["valid_from"], answer.json()["items"][0]["cut_over"]) == (
            str(day), given,
        )  # fmt: skip
    assert [one["cut_over"] for one in (await api.get(path, headers))["items"]] == [None, "06:00"]


@pytest.mark.parametrize(
    "given",
    ["24:00", "6:00", "06:00:00", "06:00Z", "06:00+08:00", "06:00\n", "", " ", 6, 21_600, True, []],
)
async def test_what_is_no_hour_and_minute_is_refused(
    api: Api, shops: tuple[Shop, Shop], pool: asyncpg.Pool, given: Any
) -> None:
    headers = await api.key(Scope.MERCHANTS_WRITE)
    path = f"/merchants/{shops[0].merchant}/cut-overs/{_LATER}"
    body = {"cut_over": given, "reason": "a bar"}
    assert (await api.http.put(path, headers=headers, json=body)).status_code == 422
    assert await pool.fetchval("SELECT count(*) FROM cut_overs") == 0


@pytest.mark.parametrize(
    ("day", "body", "status"),
    [
        ("2026-13-01", {"cut_over": "06:00", "reason": "x"}, 422),
        ("0001-01-01", {"cut_over": "06:00", "reason": "x"}, 422),
        ("2020-01-01", {"cut_over": "06:00", "reason": "x"}, 422),
        ("infinity", {"cut_over": "06:00", "reason": "x"}, 422),
        (str(_LATER), {"reason": "x"}, 422),  # the house's is said, not left out
        (str(_LATER), {"cut_over": "06:00"}, 422),
        (str(_LATER), {"cut_over": "06:00", "reason": " "}, 422),
        (str(_LATER), {"cut_over": "06:00", "reason": "x", "zone": "UTC"}, 422),
        ("9999-12-31", {"cut_over": "06:00", "reason": "x"}, 200),  # never, and nothing breaks
    ],
)
async def test_what_is_asked_wrongly_changes_nothing(
    api: Api, shops: tuple[Shop, Shop], pool: asyncpg.Pool, day: str, body: Any, status: int
) -> None:
    headers = await api.key(Scope.MERCHANTS_WRITE)
    path = f"/merchants/{shops[0].merchant}/cut-overs/{day}"
    answer = await api.http.put(path, headers=headers, json=body)
    assert answer.status_code == status, answer.text
    assert await pool.fetchval("SELECT count(*) FROM cut_overs") == (status == 200)
