"""Lists as files and what pickers find, behind the gate: of whom, how much, and what is kept."""

import csv
import io
import tempfile
import zipfile
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from annul.api.gate import COOKIE, Gate
from annul.console.cases.list import EXPORTED as CASES
from annul.console.frame import choices, export
from annul.console.merchants.list import EXPORTED as MERCHANTS
from annul.console.transactions.list import EXPORTED as TRANSACTIONS
from annul.desk.desk import Desk
from annul.security.software import SoftwareModule
from annul.sim.demo import DemoPlan, seed
from tests.support.clock import NOON
from tests.support.desks import make_desk
from tests.support.rows import put_case, put_transaction

TEA, BOOKS = "898000058120000", "898000059420001"
_PASSWORD = "a longer one of their own"


@pytest.fixture
async def desk(pool: asyncpg.Pool) -> Desk:
    await seed(pool, SoftwareModule(bytes(32)), DemoPlan((1,), merchants=2))
    return make_desk(pool)


@pytest.fixture
def http(desk: Desk) -> httpx.AsyncClient:
    application = FastAPI(openapi_url=None)
    application.include_router(export.build(desk, (CASES, TRANSACTIONS, MERCHANTS)))
    application.include_router(choices.build(desk))
    application.add_middleware(Gate, access=desk.access)  # pyright: ignore[reportArgumentType]
    transport = httpx.ASGITransport(application)
    return httpx.AsyncClient(transport=transport, base_url="http://annul")


async def _who(desk: Desk, role: str, merchant: str = "") -> dict[str, str]:
    await desk.access.add(role, _PASSWORD, role, merchant)
    return {"cookie": f"{COOKIE}={(await desk.access.open(role)).token}"}


def _rows(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


async def test_a_file_has_what_is_found_over_all_pages_and_is_kept(
    desk: Desk, http: httpx.AsyncClient, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE", 2)
    monkeypatch.setattr(export, "MOST", 6)
    for place in range(9):
        opened = NOON + timedelta(minutes=place)
        await put_case(pool, merchant_id=TEA, amount=100_050 + place, opened_at=opened)
    auditor = await _who(desk, "auditor")
    rows = _rows(await http.get("/export/cases?order=amount&search=", headers=auditor))
    assert [row["Amount"] for row in rows] == [f"1000.5{place}" for place in range(6)]
    assert {(row["Currency"], row["Merchant number"]) for row in rows} == {("CNY", TEA)}
    (kept,) = await pool.fetch("SELECT * FROM audit WHERE action = 'export-list'")
    assert (kept["who"], kept["object"]) == ("auditor", "list cases")
    assert kept["detail"] == {"asked": {"order": "amount", "search": ""}, "rows at most": 6}


async def test_a_workbook_holds_numbers_and_times_and_no_formula(
    desk: Desk, http: httpx.AsyncClient, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE", 2)
    for place in range(5):
        opened = NOON + timedelta(minutes=place)
        masked = "=1+1" if place == 4 else "620001******0007"
        await put_case(pool, merchant_id=TEA, amount=place, opened_at=opened, card_masked=masked)
    auditor = await _who(desk, "auditor")
    before = set(Path(tempfile.gettempdir()).glob("annul-*.xlsx"))
    answer = await http.get("/export/cases?order=amount&as=xlsx", headers=auditor)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].endswith('.xlsx"')
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<row ") == 1 + 5
    assert "<f>" not in sheet, "nothing is calculated"
    assert "<v>0.04</v>" in sheet, "an amount is a number"
    assert "=1+1" in sheet
    assert set(Path(tempfile.gettempdir()).glob("annul-*.xlsx")) == before, "no file stays behind"
    assert await pool.fetchval("SELECT count(*) FROM audit WHERE action = 'export-list'") == 1


async def test_a_merchant_takes_only_what_is_theirs(
    desk: Desk, http: httpx.AsyncClient, pool: asyncpg.Pool
) -> None:
    mine = await put_case(pool, merchant_id=TEA)
    await put_case(pool, merchant_id=BOOKS)
    await put_transaction(pool, 1, merchant_id=BOOKS)
    merchant = await _who(desk, "merchant", TEA)
    for query in ("state=all", f"state=all&merchant={BOOKS}"):
        rows = _rows(await http.get(f"/export/cases?{query}", headers=merchant))
        assert [row["Case"] for row in rows] == ([mine.number] if "merchant=" not in query else [])
    assert _rows(await http.get("/export/transactions", headers=merchant)) == []
    for path in ("/export/merchants", "/choices/merchants", "/choices/issuers"):
        assert (await http.get(path, headers=merchant)).status_code == 403, path


async def test_a_cashier_takes_nothing_and_a_whole_card_is_not_looked_for(
    desk: Desk, http: httpx.AsyncClient, pool: asyncpg.Pool
) -> None:
    cashier, support = await _who(desk, "cashier", TEA), await _who(desk, "support")
    for path in ("/export/cases", "/export/transactions", "/export/merchants"):
        assert (await http.get(path, headers=cashier)).status_code == 403
    answer = await http.get("/export/cases?search=6200010000000007", headers=support)
    assert (answer.status_code, "last four" in answer.text) == (400, True)
    assert await pool.fetchval("SELECT count(*) FROM audit WHERE action = 'export-list'") == 0


async def test_transactions_and_merchants_are_files_too(
    desk: Desk, http: httpx.AsyncClient, pool: asyncpg.Pool
) -> None:
    for trace in (1, 2):
        await put_transaction(pool, trace, received_at=NOON + timedelta(minutes=trace))
    boss = await _who(desk, "administrator")
    asked = "/export/transactions?order=received&lang=zh"
    rows = _rows(await http.get(asked, headers=boss | {"accept-language": "zh"}))
    assert [row["凭证号"] for row in rows] == ["000001", "000002"]
    rows = _rows(await http.get("/export/merchants?search=tea", headers=boss))
    assert [(row["Merchant number"], row["Available"]) for row in rows] == [(TEA, "0.00")]


async def test_a_picker_finds_by_name_or_number(desk: Desk, http: httpx.AsyncClient) -> None:
    boss = await _who(desk, "administrator")
    for text in ("tea", "89800005812", "茶"):
        found = (await http.get("/choices/merchants", params={"text": text}, headers=boss)).json()
        assert [one.partition(" · ")[0] for one in found] == [TEA], text
    found = (await http.get("/choices/issuers", params={"text": "101"}, headers=boss)).json()
    assert found[0].startswith("00000101 · ")
    assert (await http.get("/choices/merchants", params={"text": "%"}, headers=boss)).json() == []
    assert (await http.get("/choices/issuers", params={"text": "\0"}, headers=boss)).is_success
