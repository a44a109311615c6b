"""Reports over the API: figures and files, of one's own merchant, or plain words."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from annul.client.models.reports import Report
from annul.desk.roles import Scope
from tests.support.desks import Api
from tests.support.failed_voids import case
from tests.support.shops import Shop

_NOON = datetime(2025, 11, 26, 4, tzinfo=UTC)
_DAY = "/reports/2025-11-26"
Shops = tuple[Shop, Shop]


@pytest.fixture(autouse=True)
async def _voided(pool: asyncpg.Pool, shops: Shops) -> None:
    for shop, cause in zip(shops, ("issuer_limit_amount", "already_undone"), strict=True):
        for _ in range(8):
            await case(pool, (shop.merchant, "10000001"), _NOON, cause=cause, ended="refused")


async def test_figures_are_read(api: Api) -> None:
    told = await api.get(_DAY, await api.key(Scope.CASES_READ))
    read = Report.model_validate(told)
    assert (read.now.failed, read.before.asked, read.merchant) == (16, 0, "")
    assert {one.about: one.now.part for one in read.tables.cause} == {
        "issuer_limit_amount": 8,
        "already_undone": 8,
    }
    assert {one.pattern for one in read.suggestions} == {"issuer_rule", "merchant_staff"}
    week = await api.get("/reports/2025-W48", await api.key(Scope.CASES_READ))
    assert (week["first"], week["last"]) == ("2025-11-24", "2025-11-30")


async def test_a_shop_reads_its_own(api: Api, shops: Shops) -> None:
    first, second = shops
    headers = await api.key(Scope.CASES_READ, merchant=second.merchant)
    told = await api.get(_DAY, headers)
    assert (told["now"]["failed"], told["merchant"]) == (8, second.merchant)
    assert [one["about"] for one in told["tables"]["cause"]] == ["already_undone"]
    assert [one["about"] for one in told["tables"]["merchant"]] == [second.merchant]
    assert [one["pattern"] for one in told["suggestions"]] == ["merchant_staff"]
    for path in (_DAY, f"{_DAY}/file"):
        answer = await api.http.get(path, headers=headers, params={"merchant": first.merchant})
        assert (answer.status_code, answer.json()["code"]) == (404, "desk.unknown")


async def test_one_merchant_is_chosen(api: Api, shops: Shops) -> None:
    headers = await api.key(Scope.CASES_READ)
    told = await api.get(_DAY, headers, merchant=shops[0].merchant)
    assert (told["now"]["failed"], told["merchant"]) == (8, shops[0].merchant)


@pytest.mark.parametrize(
    ("form", "begins", "media"),
    [
        ("pdf", b"%PDF", "application/pdf"),
        ("xlsx", b"PK", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ],
)
async def test_it_is_a_file_and_who_took_it_is_kept(
    api: Api, pool: asyncpg.Pool, form: str, begins: bytes, media: str
) -> None:
    headers = await api.key(Scope.CASES_READ)
    answer = await api.http.get(f"{_DAY}/file", headers=headers, params={"format": form})
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(begins)
    assert answer.headers["content-type"] == media
    named = f'attachment; filename="annul-report-2025-11-26.{form}"'
    assert answer.headers["content-disposition"] == named
    kept = await pool.fetchval("SELECT detail FROM audit WHERE action = 'read-report'")
    assert form in str(kept)


@pytest.mark.parametrize(
    ("period", "status", "code"),
    [
        (f"{datetime.now(UTC).date() + timedelta(days=3)}", 409, "reports.not_closed"),
        ("2025-W60", 422, "reports.period"),
        ("2025-02-30", 422, "reports.period"),
        ("yesterday", 422, ""),
    ],
)
async def test_what_can_not_be_reported_is_said(
    api: Api, period: str, status: int, code: str
) -> None:
    headers = await api.key(Scope.CASES_READ)
    answer = await api.http.get(f"/reports/{period}", headers=headers)
    assert answer.status_code == status
    assert code in answer.json()["code"]
    assert answer.json()["next_step"]
