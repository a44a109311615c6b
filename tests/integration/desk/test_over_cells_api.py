"""What programs, dialogs and files are told where there are several cells."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from annul.console.frame import export
from annul.console.frame.forms import said
from annul.console.frame.live import View
from annul.console.frame.texts import Words
from annul.desk.cursor import Listing
from annul.desk.desk import Desk
from annul.desk.over_cells import CellSilent, NotEverywhere
from tests.support.desks import open_api
from tests.support.rows import put_case, put_transaction

from .people import NOW

_HEADER = "annul-without-cells"


async def test_an_answer_names_the_cells_that_it_is_without(
    wide: Desk, east: Desk, here_and_there: tuple[str, str]
) -> None:
    made = [
        await put_case(one.pool, merchant_id=merchant, opened_at=NOW)
        for one, merchant in zip(wide.every, here_and_there, strict=True)
    ]
    async with open_api(wide) as api:
        key = await api.key()
        whole = await api.http.get("/cases", headers=key)
        assert {one["number"] for one in whole.json()["items"]} == {one.number for one in made}
        assert _HEADER not in whole.headers
        assert (await api.get("/promise", key, hours=1_000))["open"] == len(made)
        await east.pool.close()
        part = await api.http.get("/cases", headers=key)
        assert [one["number"] for one in part.json()["items"]] == [made[0].number]
        assert part.headers[_HEADER] == "east"
        there = await api.http.get(f"/cases/{made[1].number}", headers=key)
        assert (there.status_code, there.json()["code"]) == (503, "desk.cell_silent")
        assert "east" in there.json()["detail"]


async def test_a_void_is_ordered_in_its_own_cell(
    wide: Desk, east: Desk, here_and_there: tuple[str, str]
) -> None:
    """Not found, in the wrong one, would be a wrong answer."""
    sale = await put_transaction(east.pool, 1, merchant_id=here_and_there[1], received_at=NOW)
    beside = replace(wide, host=cast("Any", SimpleNamespace()))  # it is not even asked
    asked = {"merchant": here_and_there[1], "original": {"rrn": sale.rrn}}
    async with open_api(beside) as api:
        headers = {**await api.key(), "idempotency-key": "one"}
        answer = await api.http.post("/voids", headers=headers, json=asked)
    assert (answer.status_code, answer.json()["code"]) == (409, "desk.served_elsewhere")
    assert "east" in answer.json()["detail"]
    assert not await east.pool.fetchval("SELECT count(*) FROM orders")
    assert not await wide.pool.fetchval("SELECT count(*) FROM idempotency")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("kind", [CellSilent, NotEverywhere])
def test_a_dialog_names_the_cell_in_both_languages(language: str, kind: Any) -> None:
    view = cast("View", SimpleNamespace(words=Words(language)))
    told = said(view, kind("east"))
    assert "east" in told
    assert told.isascii() == (language == "en")


async def test_a_file_never_ends_as_if_it_were_whole(wide: Desk) -> None:
    """A cell that goes silent between two pages of a file ends it as a fault does."""

    async def page(view: View, cursor: str, _limit: int) -> Listing:
        if cursor:
            view.desk.silent["east"] = 0.0
        return Listing([{}], "" if cursor else "more")

    view = cast("View", SimpleNamespace(desk=wide))
    table = SimpleNamespace(shown=lambda _view: ())
    given = cast("export.ExportedList", SimpleNamespace(table=table, page=page))
    first = await page(view, "", 1)
    with pytest.raises(CellSilent, match="east"):
        _ = [rows async for rows in export._pages(view, given, first, ())]
    # One that says in its name that it is without the cell goes on.
    assert [rows async for rows in export._pages(view, given, first, {"east"})] == [[[]], [[]]]
    assert list(export._left_out({"east"})) == ["without", "east"]
