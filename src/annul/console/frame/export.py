"""Lists as files, CSV or XLSX, row by row, of what the visitor may see."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, PlainTextResponse, Response, StreamingResponse
from starlette.background import BackgroundTask

from annul.api.language import chosen
from annul.desk.cursor import Listing
from annul.desk.desk import Desk
from annul.desk.exported import exported
from annul.desk.over_cells import CellSilent
from annul.desk.roles import Scope
from annul.domain.errors import AnnulError
from annul.domain.spreadsheet import BOM, line
from annul.wire.masking import scan

from .live import View
from .tables import Cell, Table
from .texts import Words
from .workbook import MEDIA, BookFile

MOST: Final = 50_000  # rows of a file
PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class ExportedList:
    """A list as a file: its table, what one must be allowed to see, and its pages by cursor."""

    table: Table
    scope: Scope
    page: Callable[[View, str, int], Awaitable[Listing]]

    @property
    def path(self) -> str:
        """Where it is."""
        return f"/export/{self.table.name}"


def build(desk: Desk, lists: Iterable[ExportedList]) -> APIRouter:
    """Give the addresses of files: each takes the query of its page."""
    router = APIRouter(include_in_schema=False)
    for one in lists:
        _enter(router, desk, one)
    return router


def _enter(router: APIRouter, desk: Desk, given: ExportedList) -> None:
    @router.get(given.path)
    async def file(request: Request) -> Response:
        view = View(desk, request.state.visitor, Words(chosen(request)), request)
        if not view.may(given.scope):
            return PlainTextResponse(view.words("Your role cannot view this page."), 403)
        try:
            first = await given.page(view, "", PAGE)
        except AnnulError as error:  # what is asked for can not be looked for
            return PlainTextResponse(f"{view.words(str(error))} {view.words(error.next_step)}", 400)
        asked = {name: scan(value)[:80] for name, value in list(view.query.items())[:20]}
        without = frozenset(desk.silent)
        await exported(desk, view.visitor, given.table.name, asked, MOST, without)
        now = desk.clock.now().astimezone(desk.zone)
        name = "-".join((f"annul-{given.table.name}-{now:%Y%m%d-%H%M%S}", *_left_out(without)))
        headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
        if view.query.get("as") == "xlsx":
            path = await _book(view, given, first, without)
            ending = BackgroundTask(path.unlink, missing_ok=True)
            shown = f"{name}.xlsx"
            return FileResponse(path, 200, headers, MEDIA, ending, filename=shown)
        headers["content-disposition"] = f'attachment; filename="{name}.csv"'
        lines = _lines(view, given, first, without)
        return StreamingResponse(lines, 200, headers, "text/csv; charset=utf-8")


def _left_out(without: Collection[str]) -> Iterable[str]:
    """Say in the name of a file which cells are not in it."""
    return ("without", *sorted(without)) if without else ()


async def _pages(
    view: View, given: ExportedList, first: Listing, without: Collection[str]
) -> AsyncIterator[list[list[Cell]]]:
    """Give the cells of each page; raises `CellSilent`, so that no file ends as if it were whole.

    `without` are the cells of the installation that the file says it is without.
    """
    reads = [read for column in given.table.shown(view) for _, read in column.exported]
    page = first
    for _ in range(MOST // PAGE):
        yield [[read(view, row) for read in reads] for row in page.rows]
        if not page.following:
            return
        page = await given.page(view, page.following, PAGE)
        if view.desk.silent.keys() - without:
            raise CellSilent(", ".join(sorted(view.desk.silent)))


def _heads(view: View, given: ExportedList) -> list[str]:
    shown = given.table.shown(view)
    return [view.words(head) for column in shown for head, _ in column.exported]


async def _lines(
    view: View, given: ExportedList, first: Listing, without: Collection[str]
) -> AsyncIterator[str]:
    yield BOM + line(_heads(view, given))
    async for rows in _pages(view, given, first, without):
        yield "".join(line(_plain(view, cell) for cell in row) for row in rows)


async def _book(view: View, given: ExportedList, first: Listing, without: Collection[str]) -> Path:
    """Write a workbook; gives its file, which whoever sends it removes."""
    book = BookFile(_heads(view, given), view.desk.zone)
    try:
        async for rows in _pages(view, given, first, without):
            await asyncio.to_thread(book.add, rows)
        await asyncio.to_thread(book.close)
    except BaseException:
        book.path.unlink(missing_ok=True)
        raise
    return book.path


def _plain(view: View, cell: Cell) -> str:
    """Write a value: times as ISO 8601 in the zone of the desk, amounts with a point."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.astimezone(view.desk.zone).isoformat(timespec="seconds")
    return f"{cell:f}" if isinstance(cell, Decimal) else str(cell)
