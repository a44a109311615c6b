"""Clearing files at the desk: read, looked at, counted once, dropped, discarded; no merchant's."""

from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import asyncpg
import pytest

from annul.desk import clearing, clearing_acts
from annul.desk.clearing_reading import DayNeeded, MapNeeded, day_in
from annul.desk.cursor import BadCursor
from annul.desk.desk import Desk, NothingThere
from annul.desk.over_cells import CellSilent, NotEverywhere
from annul.desk.permission import NotAllowed, NotValid, ReasonNeeded
from annul.desk.roles import ROLES, Scope, Visitor
from annul.settle.clearing.columns import ColumnMap
from annul.settle.clearing.commit import LaterCommitted, NotCommitted, NotStaged
from annul.settle.clearing.load import AlreadyThere, NameTaken, NothingIn
from annul.settle.clearing.rows import ClearingUnreadable
from tests.support.builders import DAY
from tests.support.clearing import row_of
from tests.support.clearing_days import NAME, both, written
from tests.support.rows import put_transaction

from .people import audited, person

SHOP = Visitor("shop", "merchant", ROLES["merchant"], "898000058120000")
READS = Visitor("key reader00", "", frozenset({Scope.CLEARING_READ}))
TABLE = "商户号,终端号,参考号,交易金额(元),交易类型\n"


@pytest.fixture
async def operator(desk: Desk) -> Visitor:
    return await person(desk, "operator")


async def test_a_file_is_read_looked_at_and_counts_once(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    sale = await put_transaction(pool, 1)
    content = written(row_of(sale), row_of(sale, 2, rrn="300000099999", trace="000099"))
    seen: list[int] = []
    taken = await clearing.read(desk, operator, BytesIO(content), NAME, told=seen.append)
    assert (taken.rows, taken.bad, taken.layout, taken.settles_on) == (2, 0, "COM", DAY)
    assert sum(seen) == len(content)
    before = await clearing.preview(desk, operator, taken.id)
    assert await pool.fetchval("SELECT count(*) FROM breaks") == 0
    first, second = await both(
        clearing.commit(desk, operator, taken.id), clearing.commit(desk, operator, taken.id)
    )
    done, refused = (first, second) if isinstance(second, NotStaged) else (second, first)
    assert isinstance(refused, NotStaged)
    assert (done.outcomes, done.kinds) == (before.outcomes, before.kinds)
    assert await pool.fetchval("SELECT count(*) FROM clearing_staged") == 0
    (row,) = (await clearing.files(desk, operator)).rows
    assert (row["state"], row["committed_by"], len(row["cells"])) == ("committed", "operator", 1)
    whole = await clearing.find(desk, operator, taken.id)
    assert [(one["kind"], one["state"], one["count"]) for one in whole["breaks"]] == [
        ("missing_here", "open", 1)
    ]
    with pytest.raises(AlreadyThere):
        await clearing.read(desk, operator, BytesIO(content), "other.txt", settles_on=DAY)
    other = BytesIO(written(row_of(sale)))
    with pytest.raises(NameTaken):
        await clearing.read(desk, operator, other, NAME)
    acts = [row["action"] for row in await audited(pool)]
    assert acts == ["read-clearing-file", "commit-clearing-file"]


async def test_bad_lines_are_given_page_by_page_without_cards(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    sale = await put_transaction(pool, 1)
    good = written(row_of(sale))
    wrong = [b"6200010000000007 not a row %d\r\n" % at for at in range(5)]
    taken = await clearing.read(desk, operator, BytesIO(good + b"".join(wrong)), NAME)
    assert (taken.rows, taken.bad) == (1, 5)
    page = await clearing.bad_lines(desk, operator, taken.id, 3)
    rest = await clearing.bad_lines(desk, operator, taken.id, 3, page.following)
    assert [row["line"] for row in page.rows + rest.rows] == [2, 3, 4, 5, 6]
    assert not rest.following
    assert "6200010000000007" not in str(page.rows)
    assert len((await clearing.find(desk, operator, taken.id))["bad_lines"]) == 5
    with pytest.raises(BadCursor):
        await clearing.bad_lines(desk, operator, taken.id, 3, "x")


async def test_columns_of_a_table_are_guessed_shown_and_saved(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    sale = await put_transaction(pool, 1)
    line = f"{sale.merchant_id},{sale.terminal_id},{sale.rrn},100.00,消费\n"
    content = (TABLE + line).encode()
    form, look = await clearing.look_at(desk, operator, BytesIO(content), "day.csv")
    assert form == "csv"
    assert look is not None
    assert look.columns.columns["rrn"] == "参考号"
    assert look.samples[0][0] == sale.merchant_id, "15 digits, and no card"
    with pytest.raises(DayNeeded):
        await clearing.read(desk, operator, BytesIO(content), "table.csv")
    taken = await clearing.read(desk, operator, BytesIO(content), f"{DAY}.csv")
    assert (taken.rows, taken.settles_on, taken.columns) == (1, DAY, look.columns)
    await clearing.drop(desk, operator, taken.id, "wrong")
    unsure = f"商户号,卡号,金额\n{sale.merchant_id},6200010000000007,100\n".encode()
    with pytest.raises(MapNeeded) as needed:
        await clearing.read(desk, operator, BytesIO(unsure), "day.csv", settles_on=DAY)
    assert len(needed.value.lacking) == 2
    assert needed.value.look.samples[0][1] == "620001******0007"
    await clearing.save_map(desk, operator, " bank of tea ", look.columns)
    assert await clearing.maps(desk, operator) == {"bank of tea": look.columns}
    taken = await clearing.read(
        desk, operator, BytesIO(content), "day.csv", map="bank of tea", settles_on=DAY
    )
    assert taken.rows == 1
    with pytest.raises(NothingThere):
        await clearing.read(desk, operator, BytesIO(content), "day.csv", map="unknown")
    with pytest.raises(NotValid):
        await clearing.save_map(desk, operator, "  ", look.columns)
    await clearing.forget_map(desk, operator, "bank of tea")
    assert await clearing.maps(desk, operator) == {}


async def test_a_file_that_is_cut_off_leaves_nothing(desk: Desk, operator: Visitor) -> None:
    class Cut:
        """A line that breaks after the first piece."""

        pieces = 0

        def read(self, size: int = -1) -> bytes:
            del size
            self.pieces += 1
            if self.pieces > 3:
                raise ConnectionError
            return good

    good = written(row_of(await put_transaction(desk.pool, 1))) * 20_000
    with pytest.raises(ConnectionError):
        await clearing.read(desk, operator, Cut(), NAME)
    assert await desk.pool.fetchval("SELECT count(*) FROM clearing_staged") == 0
    states = await desk.pool.fetch("SELECT DISTINCT state FROM clearing_files")
    assert {row["state"] for row in states} <= {"dropped"}
    for content in (b"", b"\0\1\2" * 50):
        with pytest.raises(ClearingUnreadable):
            await clearing.read(desk, operator, BytesIO(content), NAME)
    with pytest.raises((ClearingUnreadable, NothingIn)):
        await clearing.read(desk, operator, BytesIO(b"no row\n"), NAME, layout="COM")


async def test_a_committed_file_is_discarded_the_latest_first(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    sale, later = await put_transaction(pool, 1), await put_transaction(pool, 2)
    ids = []
    for one, day in ((sale, DAY), (later, DAY + timedelta(days=1))):
        content = BytesIO(written(row_of(one, amount=9_000)))
        taken = await clearing.read(desk, operator, content, NAME, settles_on=day, again=True)
        await clearing.commit(desk, operator, taken.id, "seen")
        ids.append(taken.id)
    with pytest.raises(LaterCommitted):
        await clearing_acts.discard(desk, operator, ids[0], "wrong file")
    for reason in ("", "  "):
        with pytest.raises(ReasonNeeded):
            await clearing_acts.discard(desk, operator, ids[1], reason)
    await clearing_acts.discard(desk, operator, ids[1], "wrong file")
    with pytest.raises(NotCommitted):
        await clearing_acts.discard(desk, operator, ids[1], "wrong file")
    whole = await clearing.find(desk, operator, ids[1])
    assert (whole["state"], whole["ended_by"], whole["reason"]) == (
        *("discarded", "operator", "wrong file"),
    )
    assert {one["state"] for one in whole["breaks"]} == {"withdrawn"}
    with pytest.raises(NotStaged):
        await clearing.drop(desk, operator, ids[0])


async def test_files_are_nothing_of_a_merchants(desk: Desk, operator: Visitor) -> None:
    sale = await put_transaction(desk.pool, 1)
    content = written(row_of(sale))
    taken = await clearing.read(desk, operator, BytesIO(content), NAME)
    assert (await clearing.files(desk, SHOP)).rows == []
    assert await clearing.maps(desk, SHOP) == {}
    for ask in (clearing.find, clearing.bad_lines):
        with pytest.raises(NothingThere):
            await ask(desk, SHOP, taken.id)
    support = await person(desk, "support")
    for who in (SHOP, support, READS):
        with pytest.raises(NotAllowed):
            await clearing.read(desk, who, BytesIO(content), NAME)
        with pytest.raises(NotAllowed):
            await clearing.look_at(desk, who, BytesIO(content), NAME)
        with pytest.raises(NotAllowed):
            await clearing.preview(desk, who, taken.id)
        with pytest.raises(NotAllowed):
            await clearing.commit(desk, who, taken.id)
        with pytest.raises(NotAllowed):
            await clearing.drop(desk, who, taken.id)
        with pytest.raises(NotAllowed):
            await clearing_acts.discard(desk, who, taken.id, "why")
        with pytest.raises(NotAllowed):
            await clearing.save_map(desk, who, "one", ColumnMap({}))
        with pytest.raises(NotAllowed):
            await clearing.forget_map(desk, who, "one")
    with pytest.raises(NotAllowed):
        await clearing.files(desk, Visitor("cashier", "cashier", ROLES["cashier"], "1"))
    assert (await clearing.files(desk, support)).rows[0]["id"] == taken.id
    with pytest.raises(NothingThere):
        await clearing.find(desk, support, uuid4())


async def test_a_file_of_several_cells_is_split_and_stands_under_one_number(
    wide: Desk, here_and_there: tuple[str, str]
) -> None:
    operator = await person(wide, "operator")
    east = wide.others[0]
    here, there = here_and_there
    sale = await put_transaction(wide.pool, 1, merchant_id=here)
    far = await put_transaction(east.pool, 2, merchant_id=there, terminal_id="10000002")
    rows = (row_of(sale), row_of(far, 2, amount=9_000), row_of(sale, 3, merchant_id="999"))
    content = written(*rows) + b"no row\r\n"
    taken = await clearing.read(wide, operator, BytesIO(content), NAME)
    assert (taken.rows, taken.bad, set(taken.cells)) == (3, 1, {"west", "east"})
    counts = [await one.pool.fetchval("SELECT count(*) FROM clearing_staged") for one in wide.every]
    assert counts == [2, 1]
    before = await clearing.preview(wide, operator, taken.id)
    assert (before.rows, sum(one["count"] for one in before.outcomes)) == (3, 3)
    await clearing.commit(wide, operator, taken.id)
    (row,) = (await clearing.files(wide, operator)).rows
    assert (row["rows"], row["bad"], row["state"]) == (3, 1, "committed")
    assert {one["cell"]: one["rows"] for one in row["cells"]} == {"west": 2, "east": 1}
    whole = await clearing.find(wide, operator, taken.id)
    assert {one["kind"] for one in whole["breaks"]} >= {"amount"}
    await clearing_acts.discard(wide, operator, taken.id, "wrong")
    assert (await clearing.find(wide, operator, taken.id))["state"] == "discarded"


async def test_what_one_cell_refuses_is_named_and_completed_later(
    wide: Desk, here_and_there: tuple[str, str]
) -> None:
    operator = await person(wide, "operator")
    east = wide.others[0]
    sale = await put_transaction(wide.pool, 1, merchant_id=here_and_there[0])
    far = await put_transaction(east.pool, 2, merchant_id=here_and_there[1])
    content = written(row_of(sale), row_of(far, 2))
    taken = await clearing.read(wide, operator, BytesIO(content), NAME)
    kept = await east.pool.fetch("DELETE FROM clearing_staged RETURNING *")
    with pytest.raises(NotEverywhere, match="east"):
        await clearing.commit(wide, operator, taken.id)
    (row,) = (await clearing.files(wide, operator)).rows
    assert (row["state"], len(row["cells"])) == ("staged", 2)
    await east.pool.copy_records_to_table("clearing_staged", records=[tuple(row) for row in kept])
    await clearing.commit(wide, operator, taken.id)
    assert (await clearing.files(wide, operator)).rows[0]["state"] == "committed"
    wide.silent["east"] = wide.clock.monotonic() + 60
    other = BytesIO(written(row_of(far, amount=1)))
    for act in (
        clearing_acts.discard(wide, operator, taken.id, "wrong"),
        clearing.read(wide, operator, other, NAME, again=True),
    ):
        with pytest.raises(CellSilent):
            await act


def test_days_in_names() -> None:
    names = {
        "IND26112301ACOM": DAY,
        "ZM_2026-11-23.txt": DAY,
        "20261123_tea.csv": DAY,
        "20261399.csv": None,
        "8980000581200001.csv": None,
    }
    assert {name: day_in(name) for name in names} == names
