"""The pages of dialects: every row, what differs from the base, who changed it, who may restore."""

import re
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest

from annul.console.dialects import list as listed
from annul.console.dialects import one
from annul.console.frame.live import View
from annul.console.frame.texts import Words
from annul.desk import dialects as views
from annul.desk.desk import Desk
from annul.desk.roles import ROLES, Scope, Visitor
from tests.support.clock import NOON
from tests.support.desks import make_desk
from tests.support.rows import put

_BANK = (
    'name = "bank_x"\nextends = "cups"\n[fields.52]\ncoding = "hex"\n[fields.5]\nabsent = true\n'
    '[fields.65]\ncontent = "digits"\nsize = 3\nname = "<b>their own</b>"\n'
)


@pytest.fixture
async def desk(pool: asyncpg.Pool) -> Desk:
    desk = make_desk(pool)
    await desk.access.add("olga", "a longer one of their own", "operator")
    olga = Visitor("olga", "operator", ROLES["operator"])
    await views.put(desk, olga, _BANK.replace("hex", "hex_ebcdic"), "<i>first</i>")
    await views.put(desk, olga, _BANK, "second")
    return desk


def _view(desk: Desk, language: str = "en", role: str = "operator") -> View:
    request: Any = SimpleNamespace(path_params={}, query_params={})
    return View(desk, Visitor("olga", role, ROLES[role]), Words(language), request)


def _cells(shown: str) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", shown, re.DOTALL)
    return [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in rows]


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("changed", "absent", "added")), ("zh", ("有改动", "无此域", "新增"))],
)
async def test_what_differs_is_marked(desk: Desk, language: str, words: tuple[str, ...]) -> None:
    shown = str(await one._rows(_view(desk, language), "bank_x"))
    marks = {
        re.sub(r"<[^>]+>", "", cells[0]): re.sub(r"<[^>]+>", "", cells[-1])
        for cells in _cells(shown)
        if cells
    }
    assert {number: said for number, said in marks.items() if said} == dict(
        zip(("52", "5", "65"), words, strict=True)
    )
    assert "&lt;b&gt;their own" in shown
    assert "<b>their" not in shown


async def test_versions_say_who_and_why_and_who_may_restores(desk: Desk) -> None:
    shown = str(await one._versions(_view(desk), "bank_x"))
    assert [cells[0] for cells in _cells(shown) if cells] == [
        '<span class="num">2</span>',
        '<span class="num">1</span>',
    ]
    for said in ("olga", "second", "&lt;i&gt;first", "restore-dialect", "in force"):
        assert said in shown
    assert shown.count("restore-dialect") == 1
    assert "restore-dialect" not in str(await one._versions(_view(desk, role="auditor"), "bank_x"))
    assert not await one._restore(_view(desk, role="auditor"), "bank_x", 1)


async def test_one_of_our_own_has_no_versions_and_no_base(desk: Desk) -> None:
    assert "no versions" in str(await one._versions(_view(desk), "cups"))
    assert "Differs" not in str(await one._rows(_view(desk), "cups"))
    top = str(await one._top(_view(desk), "cups"))
    assert "MAC in field 128" in top


async def test_what_is_none_any_more_is_said(desk: Desk, pool: asyncpg.Pool) -> None:
    row = {"name": "older", "version": 1, "document": "name = ", "note": "n", "set_by": "boss"}
    await put(pool, "dialects", row | {"set_at": NOON})
    view = _view(desk)
    assert "not valid" in str(await one._top(view, "older"))
    assert str(await one._rows(view, "older")) == ""
    rows = {row["name"]: row for row in await views.listing(desk)}
    cells = listed._row(view, rows["older"])
    assert "not valid" in str(cells[0])
    assert Scope.ISSUERS_READ in ROLES["auditor"]


async def test_the_list_links_issuers_and_bases(desk: Desk) -> None:
    rows = {row["name"]: row for row in await views.listing(desk)}
    view = _view(desk)
    cells = [str(cell) for cell in listed._row(view, rows["bank_x"] | {"issuers": ["00000101"]})]
    assert 'href="/dialects/cups"' in cells[1]
    assert 'href="/issuers/00000101"' in cells[3]
    assert cells[6] == "second"
    assert "built in" in str(listed._row(view, rows["cups"])[4])
