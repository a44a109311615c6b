"""Dialects on a real PostgreSQL: every version stays, each change has its reason."""

import asyncio

import asyncpg
import pytest

from annul.desk import dialects
from annul.desk.desk import Desk, NothingThere
from annul.desk.permission import NotAllowed, NotValid, ReasonNeeded
from annul.desk.roles import Visitor
from annul.issuers.dialects import read
from annul.wire.dialects import DIALECTS
from annul.wire.errors import DialectError

from .people import ISSUER, NOW, audited, person

_BANK = 'name = "bank_x"\nextends = "cups"\n[fields.52]\ncoding = "hex"\n'
_BRANCH = 'name = "branch"\nextends = "bank_x"\n[fields.48]\nabsent = true\n'


@pytest.fixture
async def operator(desk: Desk) -> Visitor:
    return await person(desk, "operator")


async def _version(desk: Desk) -> int:
    return await desk.pool.fetchval("SELECT version FROM reference")


async def test_a_version_is_kept_with_who_and_why_and_hosts_are_told(
    desk: Desk, operator: Visitor
) -> None:
    before = await _version(desk)
    assert await dialects.put(desk, operator, _BANK, "their PIN is in characters") == 1
    assert await _version(desk) == before + 1
    shown = await dialects.find(desk, "bank_x")
    assert [
        (row["version"], row["note"], row["set_by"], row["set_at"]) for row in shown.versions
    ] == [(1, "their PIN is in characters", "operator", NOW)]
    assert (shown.base, list(shown.differs)) == (DIALECTS["cups"], [52])
    (line,) = [row for row in await audited(desk.pool) if row["action"] == "set-dialect"]
    assert (line["object"], line["who"]) == ("dialect bank_x", "operator")
    assert (await read(desk.pool))["bank_x"] == shown.dialect


async def test_an_earlier_version_counts_again_as_a_new_one(desk: Desk, operator: Visitor) -> None:
    await dialects.put(desk, operator, _BANK, "first")
    await dialects.put(desk, operator, _BANK.replace("hex", "bytes"), "second")
    assert await dialects.roll_back(desk, operator, "bank_x", 1, "the second was wrong") == 3
    shown = await dialects.find(desk, "bank_x")
    assert [row["version"] for row in shown.versions] == [3, 2, 1]
    assert shown.versions[0]["document"] == _BANK
    with pytest.raises(NothingThere):
        await dialects.roll_back(desk, operator, "bank_x", 9, "why")


async def test_what_would_change_nothing_or_break_another_is_refused(
    desk: Desk, operator: Visitor
) -> None:
    await dialects.put(desk, operator, _BANK, "first")
    await dialects.put(desk, operator, _BRANCH, "a branch")
    before = await _version(desk)
    with pytest.raises(NotValid, match="counts already"):
        await dialects.put(desk, operator, _BANK, "again")
    with pytest.raises(NotValid, match="branch extends it"):
        await dialects.put(desk, operator, _BANK + "[fields.48]\nabsent = true\n", "shorter")
    with pytest.raises(DialectError, match=r"field 52, coding"):
        await dialects.put(desk, operator, _BANK.replace("hex", "packed"), "wrong")
    with pytest.raises(DialectError, match="annul's own"):
        await dialects.put(desk, operator, 'name = "cups"\nextends = "iso87_ascii"\n', "ours")
    assert await _version(desk) == before
    assert len((await dialects.find(desk, "bank_x")).versions) == 1


async def test_who_may_not_and_who_does_not_say_why(desk: Desk, operator: Visitor) -> None:
    with pytest.raises(ReasonNeeded):
        await dialects.put(desk, operator, _BANK, " ")
    for role in ("support", "auditor"):
        with pytest.raises(NotAllowed):
            await dialects.put(desk, await person(desk, role), _BANK, "because")
    with pytest.raises(NothingThere):
        await dialects.find(desk, "bank_x")


async def test_two_at_once_are_two_versions(desk: Desk, operator: Visitor) -> None:
    texts = [_BANK, *(_BANK + f"[fields.{n}]\nabsent = true\n" for n in (46, 47, 60, 61))]
    versions = await asyncio.gather(
        *(dialects.put(desk, operator, text, "at once") for text in texts)
    )
    assert sorted(versions) == [1, 2, 3, 4, 5]


async def test_the_list_says_who_speaks_it_and_what_is_wrong(
    desk: Desk, operator: Visitor, pool: asyncpg.Pool
) -> None:
    await dialects.put(desk, operator, _BANK, "first")
    await pool.execute("UPDATE issuers SET dialect = 'bank_x' WHERE issuer_id = $1", ISSUER)
    await pool.execute(
        "INSERT INTO dialects VALUES ('older', 1, 'name = ', 'by an older annul', 'boss', $1)", NOW
    )
    rows = {row["name"]: row for row in await dialects.listing(desk)}
    assert rows.keys() == {*DIALECTS, "bank_x", "older"}
    assert (rows["bank_x"]["extends"], rows["bank_x"]["issuers"]) == ("cups", [ISSUER])
    assert (rows["cups"]["version"], rows["cups"]["fault"]) == (0, "")
    assert "TOML" in rows["older"]["fault"]
    assert (await dialects.find(desk, "older")).dialect is None
