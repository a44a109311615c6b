"""Breaks as a workbook: rows go out with room for decisions; what comes back is looked at first."""

from dataclasses import replace
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from python_calamine import CalamineWorkbook

from annul.desk import break_sheets, breaks
from annul.desk.break_sheets import HEADS, export, import_
from annul.desk.breaks import BreakSearch
from annul.desk.desk import Desk
from annul.desk.permission import NotAllowed
from annul.desk.roles import ROLES, Visitor
from annul.settle.clearing.rows import ClearingUnreadable
from annul.settle.clearing.rules import ClearingRules
from tests.support.clearing import row_of
from tests.support.clearing_days import book, told
from tests.support.rows import put_transaction

from .people import audited, person

SHOP = Visitor("shop", "merchant", ROLES["merchant"], "898000058120000")


@pytest.fixture
async def strict(desk: Desk) -> Desk:
    """A desk at which two end what is as much as 10.00."""
    return replace(desk, clearing=ClearingRules(second_person_from=1_000))


@pytest.fixture
async def operator(desk: Desk) -> Visitor:
    return await person(desk, "operator")


async def some(desk: Desk, who: Visitor, count: int = 3) -> list[UUID]:
    """Let a file tell of sales with 1.00, 11.00, 21.00 ... less; give the breaks in this order."""
    sales = [await put_transaction(desk.pool, trace) for trace in range(1, count + 1)]
    rows = [row_of(sale, at, amount=9_900 - (at - 1) * 1_000) for at, sale in enumerate(sales, 1)]
    await told(desk, who, *rows)
    found = await desk.pool.fetch("SELECT id FROM breaks ORDER BY line")
    return [row["id"] for row in found]


async def out(desk: Desk, who: Visitor, language: str = "en") -> list[list[Any]]:
    file = BytesIO()
    await export(desk, who, file, BreakSearch(), language)
    return (
        CalamineWorkbook.from_filelike(BytesIO(file.getvalue())).get_sheet_by_index(0).to_python()
    )


def _heads(language: str = "en") -> list[str]:
    return [HEADS[name].speak(language) for name in ("id", "decision", "reason", "owner")]


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_rows_go_out_and_decisions_come_in(
    strict: Desk, operator: Visitor, language: str
) -> None:
    ids = await some(strict, operator)
    heads, *lines = await out(strict, operator, language)
    at = {name: place for place, name in enumerate(HEADS)}
    assert heads == [text.speak(language) for text in HEADS.values()]
    by_id = {line[at["id"]]: line for line in lines}
    first, second, third = (by_id[str(one)] for one in ids)
    assert (first[at["money"]], first[at["decision"]], first[at["reason"]]) == (-1.0, "", "")
    first[at["decision"]], first[at["reason"]] = first[at["suggested"]], "their letter"
    second[at["decision"]], second[at["reason"]] = "ours_stand", "by phone"
    third[at["owner"]] = "operator"
    looked = await import_(strict, operator, book(heads, *lines))
    assert [one.problem for one in looked] == [None] * 3
    assert {one.id: one.two for one in looked} == dict(zip(ids, (False, True, False), strict=True))
    assert (await breaks.search(strict, operator, state="open")).rows != []
    done = await break_sheets.apply(strict, operator, looked)
    assert {one.id: one.state for one in done} == dict(
        zip(ids, ("resolved", "asked", "open"), strict=True)
    )
    (row,) = (await breaks.search(strict, operator, owner="operator")).rows
    assert row["id"] == ids[2]
    again = await break_sheets.apply(strict, operator, looked)
    assert [one.error and one.error.code for one in again if one.id != ids[2]] == [
        "clearing.break_not_waiting"
    ] * 2
    looked = await import_(strict, operator, book(heads, *lines))
    assert {one.id: one.problem and one.problem.en for one in looked} == {
        ids[0]: "this break has ended meanwhile",
        ids[1]: "the end of this break waits for a second person already",
        ids[2]: None,
    }


async def test_each_row_is_looked_at_by_itself(strict: Desk, operator: Visitor) -> None:
    one, two, three = await some(strict, operator)
    sale = await put_transaction(strict.pool, 9)
    await told(strict, operator, row_of(sale, merchant_id="999", rrn="300000099999"))
    (homeless,) = (await breaks.search(strict, operator, kind="missing_here")).rows
    lines = [
        [str(uuid4()), "explained", "why", ""],
        ["no number", "explained", "why", ""],
        [str(one), "explained", "why", ""],
        [str(one), "our books are right", "why", ""],
        [str(two), "pay them", "why", ""],
        [str(three), "explained", "", ""],
        [str(homeless["id"]), "issuer is right", "why", ""],
        [str(uuid4()), "", "", ""],
    ]
    looked = await import_(strict, operator, book(_heads(), *lines))
    said = [row.problem.en if row.problem else "" for row in looked]
    assert said == [
        "there is no break of this number",
        "there is no break of this number",
        *["two rows are of this break"] * 2,
        "this is none of the decisions",
        "a decision needs a reason",
        "it is of no merchant here, so no account can follow",
    ]
    assert [row.row for row in looked] == [2, 3, 4, 5, 6, 7, 8]
    assert await break_sheets.apply(strict, operator, looked) == []
    more = [[str(three), "explained", "w" * 501, ""], [str(two), "", "", "nobody"]]
    looked = await import_(strict, operator, book(_heads("zh"), *more))
    assert [row.problem is not None for row in looked] == [True, True]
    assert {row["state"] for row in (await breaks.search(strict, operator)).rows} == {"open"}


async def test_formulas_are_no_decisions_and_go_out_as_text(
    strict: Desk, operator: Visitor
) -> None:
    (one,) = await some(strict, operator, 1)
    formula = '=HYPERLINK("http://example.org","explained")'
    looked = await import_(strict, operator, book(_heads(), [str(one), formula, "why", ""]))
    assert [row.problem and row.problem.en for row in looked] in (
        [],
        ["this is none of the decisions"],
    )
    await strict.pool.execute("UPDATE clearing_files SET name = '=1+1'")
    _, line = await out(strict, operator)
    assert line[list(HEADS).index("file_name")] == "=1+1"


async def test_what_is_no_such_workbook_is_refused(strict: Desk, operator: Visitor) -> None:
    for content in (b"", b"PK\3\4", b"id,decision", book(), book(["break", "decision"])):
        with pytest.raises(ClearingUnreadable):
            await import_(strict, operator, content)
    bomb = book(_heads(), *[[str(uuid4()), "explained", "why", ""]] * 10_001)
    with pytest.raises(ClearingUnreadable, match="10000"):
        await import_(strict, operator, bomb)
    for act in (import_(strict, SHOP, book(_heads())), break_sheets.apply(strict, SHOP, [])):
        with pytest.raises(NotAllowed):
            await act


async def test_a_workbook_that_goes_out_is_kept_in_the_audit(
    strict: Desk, operator: Visitor
) -> None:
    await some(strict, operator)
    assert len(await out(strict, SHOP)) == 4
    last = (await audited(strict.pool))[-1]
    assert (last["who"], last["action"], last["object"]) == ("shop", "export-list", "list breaks")
    assert last["detail"]["rows at most"] == 3
