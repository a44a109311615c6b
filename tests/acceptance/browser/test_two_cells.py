"""One console over two cells: signed in once, both seen and acted in, and the silent one named."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from selenium.webdriver.common.by import By

from annul.cells import directory, founding
from annul.domain.states import State
from annul.store.database import connect
from annul.store.embedded import EmbeddedPostgres
from annul.store.schema import in_schema
from tests.support.gate import Gate
from tests.support.processes import open_folder
from tests.support.rows import put_case, put_transaction

from .house import PASSWORD, SHOP, House, Person, house, person

_OTHER = "898000059420001"  # the demo's second merchant, which lives in the other cell
_NAMED = {
    "en": "No answer from cell east: what is shown is without it.",
    "zh-CN,zh": "单元east没有应答：以下内容不含该单元。",
}
_AGO = timedelta(minutes=20)


@dataclass(frozen=True)
class Cells:
    """The house is the first cell, with the console; `gate` stands before the other's database."""

    home: House
    gate: Gate
    east: str
    cases: dict[str, str]
    sales: dict[str, str]


def _described(folder: Path, database: EmbeddedPostgres | None = None) -> Path:
    """Write the file of cells; where the databases are only for who founds one."""
    file = folder / ("founding.toml" if database else "cells.toml")
    where = (
        f"database = '{database.url}'\ndatabase_owner = '{database.owner_url}'\n"
        if database
        else ""
    )
    file.write_text(
        f'[west]\nnumber = 0\nmerchants = ["000000000000000-898000059419999"]\n{where}\n'
        f'[east]\nnumber = 1\nmerchants = ["898000059420000-999999999999999"]\nschema = "east"\n'
        + where
    )
    return file


async def _settled(home: House, folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Found the other cell, let the second merchant live there, and give each a sale and a case."""
    database = EmbeddedPostgres(home.folder)
    await founding.found(directory.read(_described(folder, database)), "east", "west")
    owner = await asyncpg.connect(database.owner_url)
    for table in ("merchants", "terminals"):
        await owner.execute(
            f"INSERT INTO east.{table} SELECT * FROM public.{table} WHERE merchant_id = $1", _OTHER
        )
    away = "UPDATE merchants SET lives = 'away', cell = 'east' WHERE merchant_id = $1"
    await owner.execute(away, _OTHER)
    await owner.close()
    cases, sales = {}, {}
    for trace, merchant, schema in ((71, SHOP, "public"), (72, _OTHER, "east")):
        pool = await connect(in_schema(database.url, schema), size=1)
        sale = await put_transaction(
            pool, trace, merchant_id=merchant, received_at=datetime.now(UTC) - _AGO
        )
        disputed = await put_transaction(
            pool,
            trace + 10,
            merchant_id=merchant,
            state=State.DISPUTED,
            amount=28_800,
            received_at=datetime.now(UTC) - _AGO,
        )
        await pool.execute("UPDATE transactions SET node = 9 WHERE id = $1", disputed.id)
        made = await put_case(
            pool,
            merchant_id=merchant,
            task="look",
            cause="issuer_error",
            opened_at=datetime.now(UTC) - _AGO,
            due_at=datetime.now(UTC) + _AGO,
            next_action_at=datetime.now(UTC) + timedelta(days=1),
        )
        await pool.close()
        cases[schema], sales[schema] = made.number, sale.rrn
    return cases, sales


@contextmanager
def _two_cells() -> Iterator[Cells]:
    with open_folder() as folder:
        # The database lies in the folder of the house, which is not there yet.
        socket = folder / "sockets"
        settings = {
            "ANNUL_CELLS": str(_described(folder)),
            "ANNUL_CELL": "west",
            "ANNUL_RESOLVER": "false",
            "ANNUL_CELL_EAST_DATABASE": f"postgresql://annul@/annul?host={socket}",
        }
        with house(**settings) as home:
            url = EmbeddedPostgres(home.folder).url
            lies = re.search(r"host=(.+)$", url)
            assert lies, url
            gate = Gate(socket, next(Path(lies[1].replace("%2F", "/")).glob(".s.PGSQL.*")))
            cases, sales = asyncio.run(_settled(home, folder))
            try:
                yield Cells(home, gate, in_schema(url, "east"), cases, sales)
            finally:
                gate.close()


@pytest.fixture(scope="module")
def cells() -> Iterator[Cells]:
    with _two_cells() as opened:
        with person(opened.home) as admin:
            admin.sign_in("admin", opened.home.one_time)
            admin.reads("Set your own password")
            admin.fill("input[name=password]", PASSWORD)
            admin.press("button[type=submit]")
            admin.reads("Void outcomes")
        yield opened


def _in_east(cells: Cells, query: str, *values: Any) -> Any:
    async def read() -> Any:
        connection = await asyncpg.connect(cells.east)
        try:
            return await connection.fetchval(query, *values)
        finally:
            await connection.close()

    return asyncio.run(read())


def _tile(who: Person, label: str) -> str:
    """Give what a tile of the overview says."""
    return who.until(
        lambda: next(
            (
                tile.find_element(By.TAG_NAME, "b").text
                for tile in who.find_all(".tile")
                if label in tile.text
            ),
            None,
        ),
        f"a tile {label!r}",
    )


def test_lists_search_and_totals_are_of_both(cells: Cells) -> None:
    with person(cells.home) as admin:
        admin.sign_in("admin")
        admin.open("/")
        assert _tile(admin, "Open") == "2"
        assert "576.00" in _tile(admin, "Money in question")
        for path, shown in (("/cases", cells.cases), ("/transactions", cells.sales)):
            admin.open(path)
            for number in shown.values():
                admin.reads(number)
        admin.open("/merchants")
        for merchant in (SHOP, _OTHER):
            admin.reads(merchant)
        admin.open(f"/merchants/{_OTHER}")
        admin.reads("Example Bookshop")
        admin.find("[data-terminal], table")
        admin.open("/money")
        assert len(admin.find_all("a[href^='/transactions/']")) >= 2
        admin.open(f"/cases?state=all&search={cells.cases['east']}")
        admin.reads(cells.cases["east"])
        assert not admin.complaints()


def test_what_is_done_with_a_case_of_the_other_cell_is_done_there(cells: Cells) -> None:
    number = cells.cases["east"]
    with person(cells.home) as admin:
        admin.sign_in("admin")
        admin.open(f"/cases/{number}")
        admin.reads(number)
        admin.press_text("Take")
        admin.fill("textarea", "mine")
        admin.press("div.q-dialog button.primary")
        admin.until(
            lambda: (
                _in_east(cells, "SELECT assigned_to FROM cases WHERE number = $1", number)
                == "admin"
            ),
            "the case is admin's",
        )
        assert _in_east(cells, "SELECT who FROM audit WHERE action = 'take'") == "admin"
        admin.open("/audit")
        admin.reads("east")


@pytest.mark.parametrize("language", ["en", "zh-CN,zh"])
def test_a_cell_that_gives_no_answer_is_named_and_holds_nobody_up(
    cells: Cells, language: str
) -> None:
    named = _NAMED[language]
    with person(cells.home, language=language) as admin:
        admin.sign_in("admin")
        admin.open("/")
        admin.find(".tiles")
        assert named not in admin.driver.find_element(By.TAG_NAME, "body").text
        cells.gate.shut()
        try:
            admin.reads(named)  # on the page that is open
            for path in ("/", "/cases", "/transactions", "/money", "/audit", "/issuers"):
                admin.open(path)
                admin.reads(named, ".silent")
            admin.open(f"/cases/{cells.cases['east']}")  # only that cell can know it
            admin.reads("east", "main")
            admin.open("/cases")
            admin.reads(cells.cases["public"])
        finally:
            cells.gate.open()
        # What is on the page is still without it, so that is said until the page is loaded anew.
        admin.press(".silent a")
        admin.reads(cells.cases["east"])
        admin.until(lambda: not admin.find_all(".silent p"), "nobody is silent any more")
