"""A repeat of what another process is asking for waits for its outcome, while there may be one."""

import asyncio

import pytest

from annul.host.owners import NotOwner
from annul.store.batcher import StoreUnavailable
from annul.store.journal import Opening
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


async def test_after_a_first_that_left_nothing_it_is_judged_as_a_first(
    inside: Inside, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its terminal is at another host by now, or the connection that wrote it has died.

    What was refused once stays refused: a till that heard 96 has shut its drawer.
    """
    journal, fields = inside.host.journal, till.fields("sale")
    really, begun, dies = journal.open, asyncio.Event(), asyncio.Event()

    async def lost(_opening: Opening) -> bool:
        monkeypatch.setattr(journal, "open", really)
        begun.set()
        await dies.wait()
        raise why

    for error, code in ((StoreUnavailable(), "96"), (NotOwner(), "00")):
        why = error
        monkeypatch.setattr(journal, "open", lost)
        first = asyncio.create_task(till.ask("sale", fields))
        await begun.wait()
        again = asyncio.create_task(till.ask("sale", fields))
        done, _ = await asyncio.wait([again], timeout=0.1)
        assert not done
        dies.set()
        assert (await first).code == (await again).code == code
        fields = till.fields("sale")
        begun.clear()
        dies.clear()
    assert (await inside.the("sale")).state == "approved"
    assert inside.host.counts.failed == 0
