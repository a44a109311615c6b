"""Webhooks are told of breaks and files, each merchant of its own, with what has happened."""

from typing import Any
from uuid import UUID

from annul.domain.breaks import Resolution
from annul.settle.clearing import ending
from tests.support.clearing import Cleared, row_of

SHOP = "898000058120000"


async def listen(cell: Cleared) -> None:
    """Let the shop have a webhook."""
    await cell.pool.execute(
        "INSERT INTO webhooks (merchant_id, id, url, secret, inside, created_by, created_at)"
        " VALUES ($1, gen_random_uuid(), 'https://shop.example/', '', false, 'li', $2)",
        SHOP,
        cell.clock.now(),
    )


async def heard(cell: Cleared) -> list[tuple[str, dict[str, Any]]]:
    rows = await cell.pool.fetch("SELECT event, payload FROM notifications ORDER BY created_at")
    return [(row["event"], row["payload"]) for row in rows]


async def test_a_merchant_hears_of_its_breaks_and_files(cell: Cleared) -> None:
    await listen(cell)
    sale, other = await cell.put(1), await cell.put(2)
    stranger = row_of(sale, 3, merchant_id="999", rrn="300000099999", trace="000099")
    result = await cell.tell([row_of(sale, amount=9_000), row_of(other, 2), stranger])
    told = dict(await heard(cell))
    assert set(told) == {"break.opened", "file.committed"}
    assert (told["break.opened"]["money"], told["break.opened"]["state"]) == (-1_000, "open")
    assert (told["file.committed"]["rows"], told["file.committed"]["breaks"]) == (2, 1)
    identity, now = UUID(told["break.opened"]["break"]), cell.clock.now()
    async with cell.pool.acquire() as connection, connection.transaction():
        one = await ending.locked(connection, identity)
        await ending.ask(connection, one, Resolution.OURS_STAND, "their letter", "li", now)
        one = await ending.locked(connection, identity)
        await ending.carry_out(connection, cell.calendar, one, "wang", now)
    event, said = (await heard(cell))[-1]
    assert (event, said["state"], said["as"]) == ("break.resolved", "resolved", "ours_stand")
    await cell.discard(result.file)
    events = [one for one, _ in (await heard(cell))[3:]]
    assert sorted(events) == ["break.resolved", "file.discarded"]


async def test_what_a_preview_says_nobody_hears(cell: Cleared) -> None:
    await listen(cell)
    sale = await cell.put(1)
    await cell.clearing.preview((await cell.stage([row_of(sale, amount=9_000)])).id)
    assert await heard(cell) == []


async def test_nobody_hears_who_does_not_listen(cell: Cleared) -> None:
    sale = await cell.put(1)
    await cell.tell([row_of(sale, amount=9_000)])
    assert await heard(cell) == []
