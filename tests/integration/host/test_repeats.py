"""A repeat of what another process is asking for waits for its outcome, while there may be one."""

import asyncio

import pytest

from tests.support.hosts import Inside, Till


async def _asked_elsewhere(inside: Inside) -> None:
    await inside.pool.execute(
        "UPDATE transactions SET state = 'sent', response_code = '', node = 1, answered_at = NULL,"
        " ended_at = NULL"
    )


@pytest.mark.parametrize(("state", "code"), [("approved", "00"), ("declined", "51")])
async def test_it_is_told_what_came_of_it(
    inside: Inside, till: Till, state: str, code: str
) -> None:
    fields = till.fields("sale")
    assert (await till.ask("sale", fields)).code == "00"
    await _asked_elsewhere(inside)
    again = asyncio.create_task(till.ask("sale", fields))
    done, _ = await asyncio.wait([again], timeout=0.3)
    assert not done
    await inside.pool.execute("UPDATE transactions SET state = $1, response_code = $2", state, code)
    assert (await again).code == code
    assert await inside.pool.fetchval("SELECT count(*) FROM transactions") == 1


async def test_what_takes_longer_than_an_issuer_may_is_open(inside: Inside, till: Till) -> None:
    fields = till.fields("sale")
    assert (await till.ask("sale", fields)).code == "00"
    await _asked_elsewhere(inside)
    again = asyncio.create_task(till.ask("sale", fields))
    done, _ = await asyncio.wait([again], timeout=0.3)
    assert not done
    inside.clock.forward(minutes=2)
    assert (await again).code == "98"
