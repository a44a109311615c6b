"""Statements over the API: a file in each form, of one's own merchant, or plain words."""

import csv
import io

import asyncpg
import pytest

from annul.desk.roles import Scope
from tests.support.desks import Api
from tests.support.shops import Shop
from tests.support.statements import THURSDAY, booked, noon, settle

Shops = tuple[Shop, Shop]


@pytest.fixture
async def closed(pool: asyncpg.Pool, shops: Shops) -> Shops:
    await booked(pool, THURSDAY, 900, 100_00, 50, merchant_id=shops[0].merchant)
    await settle(pool, noon(THURSDAY).date().replace(day=31))
    return shops


@pytest.mark.parametrize(
    ("form", "begins", "media"),
    [
        ("pdf", b"%PDF", "application/pdf"),
        ("xlsx", b"PK", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("csv", b"\xef\xbb\xbf", "text/csv; charset=utf-8"),
    ],
)
async def test_each_form_is_a_file_of_its_own(
    api: Api, closed: Shops, form: str, begins: bytes, media: str
) -> None:
    merchant = closed[0].merchant
    headers = await api.key(Scope.TRANSACTIONS_READ, merchant=merchant)
    path = f"/merchants/{merchant}/statements/{THURSDAY}"
    answer = await api.http.get(path, headers=headers, params={"format": form})
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(begins)
    assert answer.headers["content-type"] == media
    assert len(answer.content) == int(answer.headers["content-length"])
    named = f'attachment; filename="annul-{merchant}-{THURSDAY}.{form}"'
    assert answer.headers["content-disposition"] == named


async def test_it_speaks_either_language(api: Api, closed: Shops) -> None:
    merchant = closed[0].merchant
    headers = await api.key(Scope.TRANSACTIONS_READ)
    for language, head in (("en", "Merchant number"), ("zh", "商户号")):
        asked = {"format": "csv", "lang": language}
        answer = await api.http.get(
            f"/merchants/{merchant}/statements/2026-10", headers=headers, params=asked
        )
        told = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
        assert [cells[2] for cells in told if cells[1] == head] == [merchant]


async def test_another_shop_gets_none(api: Api, closed: Shops) -> None:
    headers = await api.key(Scope.TRANSACTIONS_READ, merchant=closed[1].merchant)
    path = f"/merchants/{closed[0].merchant}/statements/2026-10"
    assert (await api.http.get(path, headers=headers)).status_code == 404


@pytest.mark.parametrize(
    ("period", "status"),
    [("2026-12", 409), ("2026-13", 422), ("2026-02-30", 422), ("now", 422), ("2026", 422)],
)
async def test_what_can_not_be_stated_is_said_in_plain_words(
    api: Api, closed: Shops, period: str, status: int
) -> None:
    headers = await api.key(Scope.TRANSACTIONS_READ)
    path = f"/merchants/{closed[0].merchant}/statements/{period}"
    answer = await api.http.get(path, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
