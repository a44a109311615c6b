"""A day that an issuer tells of in a clearing file, and workbooks in which people decide."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from xlsxwriter import Workbook

from annul.desk import clearing
from annul.desk.desk import Desk
from annul.desk.roles import Visitor
from annul.settle.clearing.layouts import LAYOUTS
from annul.settle.clearing.rows import ClearingRow
from annul.settle.clearing.write import line

from .builders import DAY
from .desks import Api, Headers
from .rows import put

OCTETS = "application/octet-stream"
NAME = f"IND{DAY:%y%m%d}01ACOM"


def written(*rows: ClearingRow, layout: str = "COM") -> bytes:
    """Give a file as an issuer writes it."""
    return b"".join(line(LAYOUTS[layout], row) + b"\r\n" for row in rows)


async def told(desk: Desk, who: Visitor, *rows: ClearingRow, **more: Any) -> UUID:
    """Read and commit a file, and give its number."""
    taken = await clearing.read(desk, who, BytesIO(written(*rows)), NAME, again=True, **more)
    await clearing.commit(desk, who, taken.id)
    return taken.id


async def both(*acts: Any) -> list[Any]:
    """Let two act at once; errors are given as they are."""
    return await asyncio.gather(*acts, return_exceptions=True)


def book(*lines: list[Any]) -> bytes:
    """Give a workbook of lines as people fill it in; what begins with = is a formula."""
    file = BytesIO()
    made: Any = Workbook(file)
    sheet = made.add_worksheet()
    for at, cells in enumerate(lines):
        sheet.write_row(at, 0, cells)
    made.close()
    return file.getvalue()


async def send(
    api: Api, headers: Headers, content: Any, named: str = "", **query: Any
) -> tuple[int, dict[str, Any]]:
    """Send a file over the API under a key, and give status and body."""
    answer = await api.http.post(
        "/clearing/files",
        content=content,
        params={"name": NAME} | query,
        headers={**headers, "idempotency-key": named or str(uuid4()), "content-type": OCTETS},
    )
    return answer.status_code, answer.json()


async def came_daily(pool: asyncpg.Pool, today: date) -> None:
    """Let a file of COM have come each day, of the weeks up to the day before yesterday's."""
    for back in range(2, 16):
        day, identity = today - timedelta(days=back), uuid4()
        at = datetime.combine(day + timedelta(days=1), time(0), UTC)
        row = {"id": identity, "name": f"IND{day:%y%m%d}01ACOM", "layout": "COM"}
        told_ = {"digest": identity.bytes, "issuers": [], "settles_on": day}
        counts = {"state": "committed", "read_by": "li", "read_at": at, "committed_at": at}
        await put(pool, "clearing_files", row | told_ | counts)
