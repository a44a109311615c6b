"""Who is told of a change builds what they show anew, not from what was built before it."""

import asyncio

import asyncpg

from annul.desk.desk import Desk
from tests.support.rows import put_case


async def test_what_was_built_before_a_change_is_not_shown_after_it(
    desk: Desk, pool: asyncpg.Pool
) -> None:
    """The page that was told within the second in which it was built stayed as it was."""
    case = await put_case(pool)

    async def build() -> str:
        return await pool.fetchval("SELECT cause FROM cases WHERE id = $1", case.id)

    shown = await desk.kept.of("queue", build)
    told = asyncio.Event()
    seen: list[str] = []

    def changed(_: object) -> None:
        told.set()

    with desk.feed.watched(changed):
        change = "UPDATE cases SET cause = 'timeout', events = events + 1, changed_at = now()"
        await pool.execute(change)
        await desk.feed._turn()
        assert told.is_set()
        seen.append(await desk.kept.of("queue", build))
    assert (shown, seen) == ("", ["timeout"])
