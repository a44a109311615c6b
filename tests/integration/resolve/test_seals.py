"""Who owns the database can change any row of it, but not unseen."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from annul.diagnose.lessons import Lessons
from annul.resolve.audit import Auditor
from annul.resolve.book import Book
from annul.resolve.exports import Exports, ExportUnreadable, checked
from annul.resolve.people import People
from annul.resolve.seals import AT_ONCE, Seals
from annul.security.notary import Notary
from tests.support.clock import NOON
from tests.support.rows import DUE_IN, put_case

_DAY = NOON.date()
_NOTARY = Notary(bytes(range(32)))


@pytest.fixture
def seals(pool: asyncpg.Pool) -> Seals:
    return Seals(pool, _NOTARY)


@pytest.fixture
def exports(seals: Seals, tmp_path: Path) -> Exports:
    return Exports(seals, _NOTARY, tmp_path / "seals")


async def _act(pool: asyncpg.Pool, count: int = 1, before: timedelta = timedelta()) -> None:
    await pool.executemany(
        "INSERT INTO audit (id, at, who, role, action, object, reason, detail)"
        " VALUES ($1, $2, 'olga', 'operator', 'note', 'case ' || $3, '顾客在等', $4)",
        [
            (uuid7(), NOON - before + timedelta(seconds=n), str(n), {"n": n, "一": [1.5, None]})
            for n in range(count)
        ],
    )


async def _how(seals: Seals) -> list[str]:
    return [one.how for one in await seals.broken(NOON, 100)]


async def test_what_is_sealed_once_is_sealed_and_fits(pool: asyncpg.Pool, seals: Seals) -> None:
    await _act(pool, AT_ONCE + 3)
    assert [await seals.seal() for _ in range(3)] == [AT_ONCE, 3, 0]
    assert (await seals.head()).number == AT_ONCE + 3
    assert await _how(seals) == []


async def test_of_several_who_seal_at_once_one_does(pool: asyncpg.Pool, seals: Seals) -> None:
    await _act(pool, 50)
    sealed = await asyncio.gather(*(seals.seal() for _ in range(8)))
    assert sum(sealed) == 50
    assert await _how(seals) == []


async def test_what_is_committed_late_is_sealed_all_the_same(
    pool: asyncpg.Pool, seals: Seals
) -> None:
    await _act(pool)
    await seals.seal()
    await _act(pool, before=timedelta(minutes=50))
    assert await seals.seal() == 1


@pytest.mark.parametrize(
    ("sql", "how"),
    [
        ("UPDATE audit SET who = 'otto' WHERE object = 'case 2'", "changed"),
        ("UPDATE audit SET detail = '{}' WHERE object = 'case 2'", "changed"),
        ("UPDATE audit SET at = at + interval '1 microsecond' WHERE object = 'case 2'", "changed"),
        ("DELETE FROM audit WHERE object = 'case 2'", "gone"),
        ("DELETE FROM seals WHERE number = 3", "gap"),
        ("UPDATE seals SET digest = sha256('x') WHERE number = 3", "forged"),
        ("UPDATE seals SET at = at - interval '2 years' WHERE number = 3", "forged"),
        ("UPDATE seals SET hash = sha256('x') WHERE number = 3", "forged"),
    ],
)
async def test_a_change_by_the_owner_is_found(
    pool: asyncpg.Pool, table_owner: asyncpg.Pool, seals: Seals, sql: str, how: str
) -> None:
    await _act(pool, 5)
    await seals.seal()
    await table_owner.execute(sql)
    assert how in await _how(seals)


async def test_a_row_that_is_dated_back_is_found(
    pool: asyncpg.Pool, table_owner: asyncpg.Pool, seals: Seals
) -> None:
    await _act(pool)
    await seals.seal()
    await _act(table_owner, before=timedelta(days=3))
    await seals.seal()
    assert await _how(seals) == ["unsealed"]


async def test_a_chain_made_with_another_key_is_found(
    pool: asyncpg.Pool, table_owner: asyncpg.Pool, seals: Seals
) -> None:
    await _act(pool, 3)
    await seals.seal()
    await table_owner.execute("DELETE FROM seals; UPDATE audit SET who = 'otto'")
    await Seals(table_owner, Notary(bytes(32))).seal()
    assert set(await _how(seals)) == {"forged"}


async def test_what_was_purged_after_a_year_is_no_difference(
    pool: asyncpg.Pool, table_owner: asyncpg.Pool, seals: Seals
) -> None:
    await _act(pool, 2, before=timedelta(days=366))
    await _act(pool)
    await seals.seal()
    await table_owner.execute("DELETE FROM audit WHERE at < $1", NOON - timedelta(days=300))
    assert await _how(seals) == []


# Histories of cases ---------------------------------------------------------------------------


async def test_a_history_that_is_written_anew_is_found(
    pool: asyncpg.Pool, table_owner: asyncpg.Pool, seals: Seals
) -> None:
    people, opened = People(Book(pool, DUE_IN), Lessons(pool)), await put_case(pool)
    said = {"who": "olga", "role": "operator", "reason": "顾客在等", "now": NOON}
    await people.act(opened, "note", second_person_from=1, **said)
    case = opened.id
    assert await seals.seal_cases(NOON) == 1
    assert await seals.seal_cases(NOON) == 0
    assert await _how(seals) == []
    # The chain of the history alone does not show it: whoever can write can hash.
    await table_owner.execute(
        "UPDATE case_events SET body = replace(body, 'olga', 'otto'), hash = sha256('x')"
        " WHERE case_id = $1",
        case,
    )
    assert await _how(seals) == ["changed"]
    await table_owner.execute("DELETE FROM case_events WHERE case_id = $1", case)
    assert await _how(seals) == ["gone"]


# Exports ---------------------------------------------------------------------------------------


async def test_an_export_shows_that_the_chain_was_cut_off(
    pool: asyncpg.Pool, table_owner: asyncpg.Pool, exports: Exports
) -> None:
    await _act(pool, 5)
    file = await exports.write(_DAY, NOON)
    assert file is not None
    assert await exports.write(_DAY, NOON) is None, "once a day"
    assert await exports.broken(NOON, 100) == []
    cut = "DELETE FROM seals WHERE number > 2; DELETE FROM audit WHERE object > 'case 1'"
    await table_owner.execute(cut)
    assert [(one.how, one.reference) for one in await exports.broken(NOON, 100)] == [
        ("cut_off", file.name)
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda whole: whole | {"signed": whole["signed"].replace('"number": 1', '"number": 0')},
        lambda whole: whole | {"signature": "00" * 64},
        lambda whole: {"signed": whole["signed"]},
        lambda whole: [whole],
    ],
)
async def test_an_export_that_was_changed_is_found(
    pool: asyncpg.Pool, exports: Exports, change: Callable[[dict[str, str]], object]
) -> None:
    await _act(pool)
    file = await exports.write(_DAY, NOON)
    assert file is not None
    whole = json.loads(file.read_text(encoding="utf-8"))
    assert checked(json.dumps(whole), _NOTARY.public_key)["number"] == 1
    changed = json.dumps(change(whole))
    file.write_text(changed, encoding="utf-8")
    with pytest.raises(ExportUnreadable):
        checked(changed, _NOTARY.public_key)
    assert [one.how for one in await exports.broken(NOON, 100)] == ["export_forged"]


async def test_the_audit_tells_of_it_and_takes_it_back(
    pool: asyncpg.Pool, table_owner: asyncpg.Pool, exports: Exports, seals: Seals
) -> None:
    await _act(pool, 3)
    await seals.seal()
    auditor = Auditor(pool, exports=exports)
    await table_owner.execute("UPDATE audit SET who = 'otto' WHERE object = 'case 1'")
    report = await auditor.everything(NOON)
    (found,) = report.differences
    assert (found.kind, found.reference) == ("audit_sealed", "seal 2")
    assert "changed" in found.said("en")
    open_ = "SELECT count(*) FROM incidents WHERE kind = 'audit_sealed' AND closed_at IS NULL"
    assert await pool.fetchval(open_) == 1
    await table_owner.execute("UPDATE audit SET who = 'olga' WHERE object = 'case 1'")
    assert (await auditor.everything(NOON)).differences == []
    assert await pool.fetchval(open_) == 0
