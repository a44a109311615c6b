"""Breaks as a workbook there and back: rows go out, decisions come in, each looked at by itself."""

import asyncio
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from typing import IO, Any, Final, NamedTuple
from uuid import UUID

from xlsxwriter import Workbook

from annul.domain.breaks import (
    BREAK_STATES,
    CAUSES,
    DECISIONS,
    KINDS,
    SUGGESTED,
    WAITING,
    BreakKind,
    BreakState,
    Cause,
    Resolution,
)
from annul.domain.money import CURRENCIES
from annul.domain.text import Text
from annul.settle.clearing.rows import ClearingUnreadable
from annul.settle.clearing.rules import ClearingRules
from annul.settle.clearing.table import sheet

from . import breaks
from .audit import audit
from .breaks import MOST, BreakSearch, Came
from .clearing_cells import rules_of
from .desk import Desk
from .exported import exported
from .permission import permit, staff
from .roles import Scope, Visitor

LARGEST: Final = 20_000_000  # bytes of a workbook with decisions
_UNPACKED: Final = 100_000_000
_MOST_OUT: Final = 100_000  # rows of a workbook that goes out
_PAGE: Final = 500
_LONGEST: Final = 500  # characters of a reason
_WIDTH: Final = 18
_CELL: Final = 32_767  # characters that a cell takes
_NONE: Final = "no reason is asked for"
HEADS: Final[Mapping[str, Text]] = {
    "id": Text("差错编号", "break"),
    "decision": Text("处理", "decision"),
    "reason": Text("原因", "reason"),
    "owner": Text("处理人", "owner"),
    "suggested": Text("建议", "suggested"),
    "kind": Text("差错类型", "kind"),
    "cause": Text("成因", "cause"),
    "money": Text("差额", "money"),
    "currency": Text("币种", "currency"),
    "merchant_id": Text("商户号", "merchant"),
    "name": Text("商户", "name"),
    "file_name": Text("文件", "file"),
    "line": Text("行", "line"),
    "state": Text("状态", "state"),
    "works": Text("现处理人", "owner now"),
    "opened_at": Text("发现时间", "found"),
    "due_at": Text("处理期限", "due"),
}
_DECIDED: Final = ("decision", "reason", "owner")
_BY_HEAD: Final = {said: name for name, text in HEADS.items() for said in (text.zh, text.en)}
_BY_WORD: Final = {
    said: resolution
    for resolution, text in DECISIONS.items()
    for said in (text.zh, text.en, resolution.value)
}
_PROBLEMS: Final[Mapping[str, Text]] = {
    "unknown": Text("没有此编号的差错", "there is no break of this number"),
    "ended": Text("此差错已了结", "this break has ended meanwhile"),
    "asked": Text("此差错已待复核", "the end of this break waits for a second person already"),
    "word": Text("处理栏的内容不在可选之列", "this is none of the decisions"),
    "twice": Text("同一差错有两行", "two rows are of this break"),
    "reason": Text("未写原因", "a decision needs a reason"),
    "long": Text("原因过长", "the reason is too long"),
    "nobody": Text(
        "我方无此商户, 无账可随之调整", "it is of no merchant here, so no account can follow"
    ),
    "owner": Text("没有可处理差错的此人", "nobody of this name may work on breaks"),
}


class Decision(NamedTuple):
    """What a row of a workbook decides, and `problem`, for which it will not be carried out.

    `row` from 1 as the workbook counts; `resolution` none: only the owner changes. `two`: it will
    wait for a second person.
    """

    row: int
    id: UUID | None
    resolution: Resolution | None
    reason: str
    owner: str
    money: int
    currency: str
    two: bool
    problem: Text | None


# There ------------------------------------------------------------------------------------------


async def export(
    desk: Desk, visitor: Visitor, file: IO[bytes], wanted: BreakSearch, language: str
) -> int:
    """Write breaks that a search finds as a workbook, with columns to decide in; gives how many.

    Kept in the audit log. Raises `NotAllowed`.
    """
    book: Any = Workbook(file, {"constant_memory": True, "strings_to_formulas": False})
    sheet = book.add_worksheet()
    heads = [text.speak(language) for text in HEADS.values()]
    sheet.write_row(0, 0, heads, book.add_format({"bold": True}))
    sheet.set_column(0, len(heads) - 1, _WIDTH)
    sheet.freeze_panes(1, 1)
    formats = _Formats(
        book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
        book.add_format({"num_format": "#,##0.00"}),
    )
    written, cursor = 0, ""
    while written < _MOST_OUT:
        page = await breaks.found(desk, visitor, wanted, _PAGE, cursor)
        rows = [_cells(desk, row, language) for row in page.rows]
        await asyncio.to_thread(_write, sheet, written + 1, rows, formats)
        written, cursor = written + len(rows), page.following
        if not cursor:
            break
    place = list(HEADS).index("decision")
    words = [text.speak(language) for text in DECISIONS.values()]
    sheet.data_validation(1, place, max(written, 1), place, {"validate": "list", "source": words})
    await asyncio.to_thread(book.close)
    told = {name: str(value) for name, value in breaks.conditions(wanted).items()}
    await exported(desk, visitor, "breaks", told, written)
    return written


class _Formats(NamedTuple):
    time: Any
    amount: Any


def _cells(desk: Desk, row: Mapping[str, Any], language: str) -> list[Any]:
    known = {
        **row,
        **dict.fromkeys(_DECIDED, ""),
        "works": row["owner"],
        "kind": KINDS[BreakKind(row["kind"])].speak(language),
        "state": BREAK_STATES[BreakState(row["state"])].speak(language),
        "cause": CAUSES[Cause(row["cause"])].speak(language) if row["cause"] else "",
        "suggested": _suggested(row["cause"], language),
        "money": Decimal(row["money"]).scaleb(-_decimals(row["currency"])),
        "name": row["name_zh" if language == "zh" else "name_en"] or "",
    }
    cells = (known[name] for name in HEADS)
    return [
        cell.astimezone(desk.zone).replace(tzinfo=None) if isinstance(cell, datetime) else cell
        for cell in cells
    ]


def _suggested(cause: str, language: str) -> str:
    return DECISIONS[SUGGESTED[Cause(cause)]].speak(language) if cause else ""


def _decimals(currency: str) -> int:
    return CURRENCIES[currency][1] if currency in CURRENCIES else 2


def _write(sheet: Any, first: int, rows: Sequence[Sequence[Any]], formats: _Formats) -> None:
    for at, cells in enumerate(rows, first):
        for place, cell in enumerate(cells):
            if isinstance(cell, datetime):
                sheet.write_datetime(at, place, cell, formats.time)
            elif isinstance(cell, Decimal):
                sheet.write_number(at, place, float(cell), formats.amount)
            elif isinstance(cell, int):
                sheet.write_number(at, place, cell)
            elif cell is not None:
                sheet.write_string(at, place, str(cell)[:_CELL])


# And back ---------------------------------------------------------------------------------------


async def import_(desk: Desk, visitor: Visitor, content: bytes) -> list[Decision]:
    """Read decisions out of a workbook, and look at each; nothing is done yet.

    Rows without a decision or owner are left out. Raises `ClearingUnreadable`, `NotAllowed`.
    """
    staff(visitor)
    await permit(desk.pool, visitor, Scope.CLEARING_WRITE, _NONE)
    read = await asyncio.to_thread(_decided, content)
    if len(read) > MOST:
        message = f"it has more than {MOST} decisions"
        raise ClearingUnreadable(message)
    times = Counter(row["id"] for row in read if row["id"] is not None)
    known: dict[UUID | None, dict[str, Any]] = {}
    if times:
        found = await breaks.found(desk, visitor, BreakSearch(), MOST, among=list(times))
        known = {row["id"]: row for row in found.rows}
    owners = await breaks.workers(desk, {row["owner"] for row in read})
    rules = (await rules_of(desk)).rules
    return [_looked_at(rules, row, known.get(row["id"]), times[row["id"]], owners) for row in read]


async def apply(
    desk: Desk,
    visitor: Visitor,
    decisions: Sequence[Decision],
    reason: str = "",
    told: Callable[[int], None] | None = None,
) -> list[Came]:
    """Carry decisions out that have no problem, each by itself; raises `NotAllowed`.

    What waits for a second person then waits; what has ended meanwhile says so.
    """
    staff(visitor)
    await permit(desk.pool, visitor, Scope.CLEARING_WRITE, _NONE)
    able = [(one.id, one) for one in decisions if one.problem is None and one.id is not None]
    detail = {"decisions": len(able), "left out": len(decisions) - len(able)}
    await audit(
        desk.pool, visitor, desk.clock.now(), "import-breaks", "list breaks", reason, detail
    )
    done: list[Came] = []
    for identity, one in able:
        done.append(await _carried_out(desk, visitor, identity, one))
        if told is not None:
            told(1)
    return done


async def _carried_out(desk: Desk, visitor: Visitor, identity: UUID, one: Decision) -> Came:
    if one.owner:
        came = await breaks.assign_one(desk, visitor, identity, one.owner)
        if came.error is not None or one.resolution is None:
            return came
    return await breaks.one_of_many(desk, visitor, identity, one.resolution, one.reason)


def _decided(content: bytes) -> list[dict[str, Any]]:
    """Give rows in which something is decided, with the number of each as `row`."""
    _unpacks(content)
    lines = sheet(content)
    heads = [_BY_HEAD.get(str(cell or "").strip(), "") for cell in (lines[0] if lines else ())]
    absent = [HEADS[name].en for name in ("id", *_DECIDED) if heads.count(name) != 1]
    if absent:
        message = f"its first row has not one column each of {', '.join(absent)}"
        raise ClearingUnreadable(message)
    read: list[dict[str, Any]] = []
    for number, line in enumerate(lines[1:], 2):
        given = {
            name: "" if cell is None else str(cell).strip()
            for name, cell in zip(heads, line, strict=False)
        }
        row = {name: given.get(name, "") for name in ("id", *_DECIDED)}
        if row["decision"] or row["owner"]:
            read.append({**row, "row": number, "id": _number(row["id"])})
    return read


def _unpacks(content: bytes) -> None:
    """Raise `ClearingUnreadable` for a workbook that would fill the memory."""
    sizes = 0
    if zipfile.is_zipfile(BytesIO(content)):
        with zipfile.ZipFile(BytesIO(content)) as packed:
            sizes = sum(part.file_size for part in packed.infolist())
    if len(content) > LARGEST or sizes > _UNPACKED:
        message = f"it has more than {LARGEST // 1_000_000} MB, or unpacks to too much"
        raise ClearingUnreadable(message)


def _number(said: str) -> UUID | None:
    try:
        return UUID(said)
    except ValueError:
        return None


def _looked_at(
    rules: ClearingRules,
    row: dict[str, Any],
    one: dict[str, Any] | None,
    times: int,
    owners: set[str],
) -> Decision:
    resolution = _BY_WORD.get(row["decision"])
    problem = _problem(row, one, resolution, times)
    if not problem and row["owner"] and row["owner"] not in owners:
        problem = "owner"
    two = one is not None and resolution is not None and breaks.two_needed(rules, one, resolution)
    return Decision(
        row["row"],
        row["id"],
        resolution,
        row["reason"],
        row["owner"],
        one["money"] if one else 0,
        one["currency"] if one else "",
        two,
        _PROBLEMS[problem] if problem else None,
    )


def _problem(
    row: dict[str, Any], one: dict[str, Any] | None, resolution: Resolution | None, times: int
) -> str:
    """Give the first of `_PROBLEMS` that a row has."""
    if one is None:
        return "unknown"
    decided, follows = bool(row["decision"]), resolution is Resolution.THEIRS_STAND
    holds = {
        "ended": one["state"] not in WAITING,
        "twice": times > 1,
        "asked": decided and one["state"] == BreakState.ASKED,
        "word": decided and resolution is None,
        "nobody": follows and not one["merchant_id"] and bool(one["money"]),
        "reason": decided and not row["reason"],
        "long": len(row["reason"]) > _LONGEST,
    }
    return next((name for name, found in holds.items() if found), "")
