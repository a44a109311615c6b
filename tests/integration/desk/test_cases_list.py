"""Lists of cases on a real PostgreSQL: search over all states, counts, orders, and their plans."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from annul.desk import cases as views
from annul.desk.cases import CaseSearch, WholeCard
from annul.desk.cursor import BadCursor
from annul.desk.desk import Desk
from annul.desk.roles import Visitor
from tests.support.roles import as_owner
from tests.support.rows import put_case, put_transaction

from .people import NOW, person

TEA, BOOKS = "898000058120000", "898000059420001"


async def _ended(pool: asyncpg.Pool, ended: str, **changes: Any) -> str:
    at = changes.pop("ended_at", NOW)
    return (await put_case(pool, ended=ended, ended_at=at, **changes)).number


async def test_a_text_finds_ended_cases_and_the_tabs_say_where(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool
) -> None:
    sale = await put_transaction(pool, 77)
    still = await put_case(pool, original_id=sale.id, amount=4_321)
    gone = await _ended(pool, "refused", original_id=sale.id, amount=4_321)
    await _ended(pool, "voided", amount=99_999)
    wanted = CaseSearch(search="43.21")
    counted = await views.counts(desk, boss, wanted)
    assert (counted["open"], counted["refused"], counted["voided"], counted["all"]) == (1, 1, 0, 2)
    for text in ("43.21", "77", sale.rrn):
        rows = (await views.search(desk, boss, CaseSearch("all", search=text), 10)).rows
        assert {row["number"] for row in rows} == {still.number, gone}, text
    (row,) = (await views.search(desk, boss, CaseSearch("refused", search=gone), 10)).rows
    assert (row["voucher"], row["merchant_en"] != "", row["issuer_en"] != "") == (
        "000077",
        True,
        True,
    )
    everything = await views.counts(desk, boss, CaseSearch())
    assert (everything["open"], everything["voided"], everything["all"]) == (1, 1, 3)


async def test_counts_obey_every_filter_and_whose_they_are(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool
) -> None:
    await put_case(pool, merchant_id=TEA, cause="timeout", issuer_id="00000101")
    await put_case(pool, merchant_id=BOOKS, cause="timeout", issuer_id="00000102", task="look")
    assert (await views.counts(desk, boss, CaseSearch(cause="timeout")))["open"] == 2
    assert (await views.counts(desk, boss, CaseSearch(issuer="00000102")))["asked"] == 1
    assert (await views.counts(desk, boss, CaseSearch(merchant=TEA)))["open"] == 1
    mine = await person(desk, "merchant", TEA)
    for merchant in ("", TEA):
        assert (await views.counts(desk, mine, CaseSearch(merchant=merchant)))["all"] == 1
    assert (await views.counts(desk, mine, CaseSearch(merchant=BOOKS)))["all"] == 0
    assert (await views.search(desk, mine, CaseSearch("all", search=BOOKS), 9)).rows == []
    theirs = (await views.search(desk, boss, CaseSearch("all", merchant=BOOKS), 9)).rows
    assert await views.chosen(desk, mine, [row["number"] for row in theirs]) == []


async def test_a_count_stops_at_its_bound(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "COUNTED", 3)
    for _ in range(6):
        await put_case(pool)
    assert (await views.counts(desk, boss, CaseSearch()))["open"] == 4


async def test_a_search_takes_no_whole_card(desk: Desk, boss: Visitor) -> None:
    for text in ("6200010000000007", "6200 0100 0000 0007"):
        with pytest.raises(WholeCard):
            await views.search(desk, boss, CaseSearch(search=text), 10)
        with pytest.raises(WholeCard):
            await views.counts(desk, boss, CaseSearch(search=text))
    await views.search(desk, boss, CaseSearch(search=TEA), 10)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("queue", [3, 1, 2, 0]),  # what needs a person, then by due time
        ("due", [1, 2, 3, 0]),
        ("-due", [0, 3, 2, 1]),
        ("amount", [2, 0, 3, 1]),
        ("-amount", [1, 3, 0, 2]),
        ("opened", [0, 1, 2, 3]),
        ("-opened", [3, 2, 1, 0]),
    ],
)
async def test_each_order_goes_on_from_page_to_page(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool, order: str, expected: list[int]
) -> None:
    made = [
        await put_case(
            pool,
            opened_at=NOW + timedelta(minutes=place),
            due_at=NOW + timedelta(hours=due),
            amount=amount,
            task="look" if place == 3 else "",
        )
        for place, (due, amount) in enumerate([(9, 200), (1, 400), (2, 100), (3, 300)])
    ]
    seen: list[str] = []
    cursor = ""
    for _ in range(4):
        page = await views.search(desk, boss, CaseSearch(order=order), 1, cursor)
        seen += [row["number"] for row in page.rows]
        cursor = page.following
    assert cursor == ""
    assert seen == [made[place].number for place in expected]
    with pytest.raises(BadCursor):
        await views.search(desk, boss, CaseSearch(order=order), 1, "bm9uZQ")


async def test_a_cursor_of_one_order_is_none_of_another(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool
) -> None:
    for _ in range(2):
        await put_case(pool)
    page = await views.search(desk, boss, CaseSearch(order="amount"), 1)
    with pytest.raises(BadCursor):
        await views.search(desk, boss, CaseSearch(order="due"), 1, page.following)


async def test_my_approvals_are_what_another_has_proposed(desk: Desk, pool: asyncpg.Pool) -> None:
    await desk.access.add("first", "a longer one of their own", "operator", "")
    second = await person(desk, "operator")
    theirs = await put_case(pool, proposed="refund", proposed_by="first")
    await put_case(pool, proposed="refund", proposed_by="operator")
    wanted = CaseSearch("approve", order="queue")
    assert await views.to_approve(desk, second, wanted) == 1
    rows = (await views.search(desk, second, wanted, 10)).rows
    assert [row["number"] for row in rows] == [theirs.number]
    for role in ("support", "auditor"):
        other = await person(desk, role)
        assert views.approves(other) == []
        assert (await views.search(desk, other, wanted, 10)).rows == []


_FEW = ("cases_due", "cases_unproved")


async def test_each_list_goes_by_index_among_a_hundred_thousand_that_have_ended(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool, database: str
) -> None:
    """Planned for any values, as the embedded database does; the shape of a million is the same."""
    one = await put_case(pool)
    columns = [name for name in one._fields if name not in {"id", "number", "original_id"}]
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    values = one._asdict()
    copied = ", ".join(columns)
    await pool.execute(
        f"INSERT INTO cases ({copied}, id, number, original_id)"
        f" SELECT {places}, gen_random_uuid(), n::text, gen_random_uuid()"
        " FROM generate_series(1, 100000) n",
        *(values[name] for name in columns),
    )
    await pool.execute(
        "UPDATE cases SET opened_at = opened_at - number::bigint % 100000 * interval '1 minute',"
        " amount = number::bigint % 5000 + 1, card_masked = '620001******' ||"
        " lpad((number::bigint % 10000)::text, 4, '0'), merchant_id = 'm' || number::bigint % 3000,"
        " terminal_id = number::bigint % 9000,"
        " ended = CASE WHEN number::bigint % 50 = 0 THEN '' WHEN number::bigint % 50 = 1"
        " THEN 'refused' ELSE 'voided' END,"
        " ended_at = CASE WHEN number::bigint % 50 = 0 THEN NULL ELSE opened_at END"
    )
    owner = await asyncpg.connect(as_owner(database))
    await owner.execute("VACUUM ANALYZE cases")
    await owner.close()
    wanted: list[tuple[str, tuple[str, ...], str, tuple[str, ...]]] = [
        ("search", ("open",), "queue", ("cases_due",)),
        ("search", ("open", "after_queue"), "queue", ("cases_due",)),
        ("search", ("open",), "due", ("cases_due",)),
        ("search", ("asked",), "queue", _FEW),
        ("search", ("approve",), "queue", ("cases_due",)),
        ("search", ("voided",), "-opened", ("cases_ended",)),
        ("search", ("refused",), "opened", ("cases_ended",)),
        ("search", ("unproved",), "-opened", ("cases_ended", "cases_unproved")),
        ("search", (), "-opened", ("cases_opened",)),
        ("search", ("after_opened",), "-opened", ("cases_opened",)),
        ("search", (), "opened", ("cases_opened",)),
        ("search", (), "amount", ("cases_amount",)),
        ("search", ("after_amount",), "-amount", ("cases_amount",)),
        ("search", ("seen",), "-opened", ("cases_merchant",)),
        ("search", ("ids",), "-opened", ("cases_pkey",)),
        (
            "found",
            (),
            "-opened",
            ("cases_number", "cases_original", "cases_terminal", "cases_card"),
        ),
        ("found", (), "-opened", ("cases_merchant", "cases_amount", "transactions_rrn")),
    ]
    for name, conditions, order, indexes in wanted:
        plan = await _plan(pool, views._search(conditions, order)[name])
        assert any(f" {index} " in plan for index in indexes), (conditions, order, plan)
        if name == "found":
            assert all(f" {index} " in plan for index in indexes), plan
        assert "Seq Scan on cases" not in plan, (conditions, order, plan)
    counted = await views.counts(desk, boss, CaseSearch())
    assert (counted["open"], counted["voided"]) == (views.COUNTED + 1, views.COUNTED + 1)
    assert "Seq Scan on cases" not in await _plan(pool, views._search((), "-opened")["count_late"])


async def _plan(pool: asyncpg.Pool, asked: Any) -> str:
    async with pool.acquire() as connection:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        sql = (
            asked.sql
            if asked.sql.lstrip().startswith(("SELECT", "WITH"))
            else f"SELECT {asked.sql}"
        )
        await connection.execute(f"PREPARE wanted AS {sql}")
        nothing = ", ".join(["NULL"] * len(asked.parameters))
        rows = await connection.fetch(
            f"EXPLAIN EXECUTE wanted ({nothing})" if nothing else "EXPLAIN EXECUTE wanted"
        )
        await connection.execute("DEALLOCATE wanted")
    return "\n".join(row[0] for row in rows)
