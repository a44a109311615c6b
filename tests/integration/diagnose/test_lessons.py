"""What confirmed causes teach: kept, bounded, taken back."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import pytest

from annul.diagnose.causes import CAUSES
from annul.diagnose.facts import Fact, Facts
from annul.diagnose.lessons import BOUND, HELPED, STEP, Lessons
from annul.diagnose.rank import heard, rank
from annul.diagnose.signals import SIGNALS

_NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
_FACTS = Facts(
    {
        name: Fact(value, "test")
        for name, value in {
            "void.code": "05",
            "void.sent": "answered",
            "original.state": "approved",
            "original.same_card": True,
            "original.same_amount": True,
            "original.same_terminal": True,
        }.items()
    }
)
_RANKED = [finding.cause.name for finding in rank(_FACTS)]
_WRONG, _RIGHT = _RANKED[0], _RANKED[4]


@pytest.fixture
def lessons(pool: asyncpg.Pool) -> Lessons:
    return Lessons(pool)


def _probability(lessons: Lessons, cause: str) -> float:
    findings = rank(_FACTS, lessons.shifts)
    return next(one.probability for one in findings if one.cause.name == cause)


async def _teach(lessons: Lessons, confirmed: str = _RIGHT, case: UUID | None = None) -> int:
    return await lessons.teach(case or uuid4(), _FACTS, confirmed, "support", _NOW)


def _telling(cause: str) -> list[str]:
    """What was heard that speaks for a cause, and the code."""
    speaks = CAUSES[cause].speaks
    return [one for one in heard(_FACTS) if one not in SIGNALS or speaks.get(one, 0) > 0]


async def test_a_confirmed_cause_moves_up_and_the_preferred_one_down(lessons: Lessons) -> None:
    before = {cause: _probability(lessons, cause) for cause in (_RIGHT, _WRONG)}
    assert await _teach(lessons) == len(_telling(_RIGHT)) + len(_telling(_WRONG))
    assert lessons.shifts == {}  # until it is read again
    await lessons.refresh()
    assert lessons.shifts == {
        (cause, signal): step
        for cause, step in ((_RIGHT, STEP), (_WRONG, -STEP))
        for signal in _telling(cause)
    }
    assert "code:05" in _telling(_RIGHT)
    assert _probability(lessons, _RIGHT) > before[_RIGHT]
    assert _probability(lessons, _WRONG) < before[_WRONG]


async def test_what_is_taught_often_enough_is_ranked_first_and_then_no_more(
    lessons: Lessons,
) -> None:
    steps = [await _teach(lessons) for _ in range(12)]
    assert steps[-1] == 0
    await lessons.refresh()
    assert rank(_FACTS, lessons.shifts)[0].cause.name == _RIGHT


async def test_a_case_teaches_once_until_that_is_taken_back(lessons: Lessons) -> None:
    case = uuid4()
    steps = await _teach(lessons, case=case)
    assert await _teach(lessons, _RANKED[5], case=case) == 0
    await lessons.undo(case, _NOW)
    assert await _teach(lessons, case=case) == steps


async def test_what_speaks_in_every_case_lifts_no_cause_that_does_not_name_it(
    lessons: Lessons,
) -> None:
    for _ in range(20):
        await _teach(lessons, "issuer_link")
    await lessons.refresh()
    assert {signal for cause, signal in lessons.shifts if cause == "issuer_link"} == {"code:05"}
    other = Facts({**_FACTS.known, "void.code": Fact("96", "test")})
    assert rank(other, lessons.shifts)[0].cause.name == rank(other)[0].cause.name


async def test_a_right_ranking_teaches_nothing(lessons: Lessons, pool: asyncpg.Pool) -> None:
    assert await _teach(lessons, _WRONG) == 0
    assert await pool.fetchval("SELECT count(*) FROM lessons") == 0


async def test_no_pair_is_shifted_beyond_the_bound_however_often_it_is_taught(
    lessons: Lessons, pool: asyncpg.Pool
) -> None:
    """The fact is so strong that no lesson turns the ranking, so each one teaches."""
    facts = Facts({"original.state": Fact("declined", "test")})
    steps = [
        await lessons.teach(uuid4(), facts, "not_registered", "support", _NOW)
        for _ in range(int(3 * BOUND / STEP))
    ]
    assert (steps[0], steps[-1]) == (1, 0)
    await lessons.refresh()
    assert rank(facts, lessons.shifts)[0].cause.name == "original_declined"
    assert lessons.shifts == {("original_declined", "original_declined"): -BOUND}
    sums = await pool.fetch("SELECT sum(shift) AS shift FROM lessons GROUP BY cause, signal")
    assert [row["shift"] for row in sums] == [-BOUND]


async def test_the_bound_holds_whatever_the_table_has(lessons: Lessons, pool: asyncpg.Pool) -> None:
    insert = """INSERT INTO lessons (id, case_id, cause, signal, shift, taught_by, taught_at)
                VALUES (gen_random_uuid(), gen_random_uuid(), $1, 'matches', $2, 'x', now())"""
    await pool.execute(insert, _RIGHT, 40.0)
    await pool.execute(insert, _WRONG, -40.0)
    await lessons.refresh()
    assert lessons.shifts == {(_RIGHT, "matches"): BOUND, (_WRONG, "matches"): -BOUND}


async def test_a_lesson_is_taken_back_once_and_nothing_else(lessons: Lessons) -> None:
    other, case = uuid4(), uuid4()
    await _teach(lessons, case=other)
    await lessons.refresh()
    kept = lessons.shifts
    steps = await _teach(lessons, _RANKED[5], case=case)
    await lessons.refresh()
    assert lessons.shifts != kept
    assert await lessons.undo(case, _NOW) == steps
    assert await lessons.undo(case, _NOW) == 0
    await lessons.refresh()
    assert lessons.shifts == kept
    await lessons.undo(other, _NOW)
    await lessons.refresh()
    assert lessons.shifts == {}


async def test_a_lesson_is_never_deleted_and_who_took_it_back_is_kept(
    lessons: Lessons, pool: asyncpg.Pool
) -> None:
    case = uuid4()
    steps = await _teach(lessons, case=case)
    for _ in range(2):
        await lessons.undo(case, _NOW, "operator1", "operator", "it was the limit")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute("DELETE FROM lessons")
    rows = await pool.fetch("SELECT taught_by, taught_at, undone_at FROM lessons")
    assert [tuple(row) for row in rows] == [("support", _NOW, _NOW)] * steps
    acts = await pool.fetch("SELECT who, role, action, object, reason FROM audit")
    assert [tuple(row) for row in acts] == [
        ("operator1", "operator", "undo-lesson", f"case {case}", "it was the limit")
    ]
    (latest,) = await lessons.latest(5)
    assert (latest["confirmed"], latest["instead_of"]) == (_RIGHT, _WRONG)
    assert (latest["case_id"], latest["steps"], latest["undone_at"]) == (case, steps, _NOW)


async def _say(pool: asyncpg.Pool, case: UUID, *helped: bool, cause: str = _RIGHT) -> None:
    for place, one in enumerate(helped):
        await pool.execute(
            "INSERT INTO advice_answers (merchant_id, case_id, who, cause, reader, helped, at,"
            " changed_at) VALUES ('898', $1, $2, $3, 'cashier', $4, $5, $5)",
            case,
            f"cashier-{place}",
            cause,
            one,
            _NOW,
        )


@pytest.mark.parametrize(
    ("helped", "times"),
    [
        ((True,), HELPED),
        ((True, True, False), HELPED),
        ((True, False), 1.0),
        ((False,), 1.0),  # it is looked at, and weighs what it did
        ((), 1.0),
    ],
)
async def test_a_lesson_weighs_more_where_its_advice_helped(
    lessons: Lessons, pool: asyncpg.Pool, helped: tuple[bool, ...], times: float
) -> None:
    case = uuid4()
    await _teach(lessons, case=case)
    await _say(pool, case, *helped)
    await lessons.refresh()
    assert {abs(shift) for shift in lessons.shifts.values()} == {STEP * times}
    [row] = await lessons.latest(10)
    assert row["more"] == (sum(1 if one else -1 for one in helped) if helped else None)


async def test_what_was_said_of_another_cause_or_case_weighs_nothing(
    lessons: Lessons, pool: asyncpg.Pool
) -> None:
    case = uuid4()
    await _teach(lessons, case=case)
    await _say(pool, case, True, cause=_WRONG)
    await _say(pool, uuid4(), True)
    await lessons.refresh()
    assert {abs(shift) for shift in lessons.shifts.values()} == {STEP}


async def test_many_that_helped_stay_within_the_bound(lessons: Lessons, pool: asyncpg.Pool) -> None:
    for _ in range(8):
        case = uuid4()
        await _teach(lessons, case=case)
        await _say(pool, case, True)
    await lessons.refresh()
    assert max(abs(shift) for shift in lessons.shifts.values()) <= BOUND
