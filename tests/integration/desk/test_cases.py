"""What cases have taught, on a real PostgreSQL: taken back with a reason, and audited."""

from uuid import uuid4

import asyncpg
import pytest

from annul.desk.acts import undo_lesson
from annul.desk.desk import Desk
from annul.desk.permission import ReasonNeeded
from annul.desk.roles import Visitor
from tests.support.rows import put

from .people import NOW, audited


async def test_a_lesson_is_taken_back_and_that_is_audited(
    desk: Desk, boss: Visitor, pool: asyncpg.Pool
) -> None:
    case_id = uuid4()
    await put(
        pool,
        "lessons",
        {
            "id": uuid4(),
            "case_id": case_id,
            "cause": "timeout",
            "signal": "silent",
            "shift": 0.25,
            "taught_by": "li.na",
            "taught_at": NOW,
        },
    )
    await desk.lessons.refresh()
    assert desk.lessons.shifts == {("timeout", "silent"): 0.25}
    with pytest.raises(ReasonNeeded):
        await undo_lesson(desk, boss, case_id, "")
    assert await undo_lesson(desk, boss, case_id, "the wrong case") == 1
    await desk.lessons.refresh()
    assert desk.lessons.shifts == {}
    (row,) = await audited(pool)
    assert (row["action"], row["who"], row["reason"]) == (
        "undo-lesson",
        "administrator",
        "the wrong case",
    )
