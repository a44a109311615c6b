"""Store-and-forward on a real database and a real socket."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import asyncpg
import pytest

from annul.domain.backoff import Backoff
from annul.domain.incident import Reader
from annul.domain.incidents import INCIDENTS
from annul.issuers.forward import _SQL, Forwarder, ForwardPace
from annul.issuers.lines import Issuers
from annul.store.journal import Journal
from annul.wire.codec import Message
from tests.support.clock import HeldClock
from tests.support.peer import Peer
from tests.support.roles import as_owner

from .conftest import LIMITS
from .ledger import CARD, ISSUER, Table, Written

CHINA = timezone(timedelta(hours=8))
PACE = ForwardPace(
    poll_s=0.02, gather_s=0.0, watch_s=0.02, backoff=Backoff(first_s=1.0, limit_s=8.0)
)


class Works:
    """A peer, a desk and forwarders over one database."""

    def __init__(self, pool: asyncpg.Pool, clock: HeldClock, peer: Peer, desk: Issuers) -> None:
        self.pool = pool
        self.clock = clock
        self.peer = peer
        self.desk = desk
        self.table = Table(pool, clock.now())
        self.journal = Journal(pool)
        self.written = Written(self.journal)
        self.forwarders: list[Forwarder] = []

    def start(self, pace: ForwardPace = PACE) -> Forwarder:
        forwarder = Forwarder(
            self.pool,
            self.desk,
            self.written,
            self.clock,
            open_card=bytes.decode,
            acquirer_id="48020000",
            local=lambda moment: moment.astimezone(CHINA),
            random=lambda: 1.0,
            pace=pace,
        )
        self.forwarders.append(forwarder)
        forwarder.start()
        return forwarder

    async def request(self) -> Message:
        return await asyncio.wait_for(self.peer.requests.get(), 10)

    async def until(self, holds: Callable[[], Awaitable[Any]]) -> None:
        """Wait until something holds in the database."""
        async with asyncio.timeout(10):
            while not await holds():
                await asyncio.sleep(0.005)

    async def until_empty(self, forwarder: Forwarder) -> None:
        await self.until(lambda: _is(forwarder.backlog(), 0))


async def _is(value: Awaitable[Any], wanted: Any) -> bool:
    return await value == wanted


@pytest.fixture
async def works(pool: asyncpg.Pool, clock: HeldClock, peer: Peer, security) -> AsyncIterator[Works]:
    desk = Issuers(
        [peer.issuer(ISSUER)], [], clock, security, random=random.Random(1).random, limits=LIMITS
    )
    desk.start(_nowhere)
    assert await desk.ready(5)
    works = Works(pool, clock, peer, desk)
    await works.table.open()
    yield works
    for forwarder in works.forwarders:
        await forwarder.stop(0.0)
    await works.journal.close()
    await desk.stop()


async def _nowhere(issuer_id: str, message: Message) -> None:
    pytest.fail(f"no late answer was expected, {issuer_id} sent {message!r}")


@pytest.mark.parametrize("code", ["00", "25", "12"])
async def test_a_reversal_ends_with_the_acknowledgement(works: Works, code: str):
    sale = await works.table.owe(reason="4355", age=30, due=30)
    forwarder = works.start()
    request = await works.request()
    assert (request.mti, request[2], request[60]) == ("0420", CARD, "4355")
    assert request[90] == "0200000001" + str(request[7]) + "00048020000" + "0" * 11
    assert await works.table.state(sale) == "reversing"
    works.peer.answer(request, {39: code})
    await works.until_empty(forwarder)
    assert await works.table.state(sale) == "reversed"
    assert works.written.codes == [code]


async def test_written_as_sent_before_it_is_sent(works: Works):
    advice = await works.table.owe("completion_advice", "advice", state="received", sent="not_sent")
    works.start()
    request = await works.request()
    rows = await works.pool.fetch("SELECT state, sent FROM transactions WHERE id = $1", advice)
    assert [tuple(row) for row in rows] == [("sent", "possibly_sent")]
    works.peer.answer(request)
    await works.until(lambda: _is(works.table.state(advice), "approved"))


async def test_what_was_answered_stays_answered_when_it_is_reversed(works: Works):
    sale = await works.table.owe(sent="answered", response_code="96")
    works.start()
    works.peer.answer(await works.request())
    await works.until(lambda: _is(works.table.state(sale), "reversed"))
    sent = await works.pool.fetchval("SELECT sent FROM transactions WHERE id = $1", sale)
    assert sent == "answered"


async def test_another_code_is_tried_again_after_a_while(works: Works):
    sale = await works.table.owe()
    forwarder = works.start()
    works.peer.answer(await works.request(), {39: "96"})
    await works.until(lambda: _last_code(works, sale, "96"))
    row = await works.table.row(sale)
    assert row["next_attempt_at"] == works.clock.now() + timedelta(seconds=1)
    assert (row["attempts"], row["pending"], row["leased_until"]) == (1, True, None)
    assert works.peer.requests.empty()
    works.clock.forward(seconds=1)
    second = await works.request()
    works.peer.answer(second)
    await works.until_empty(forwarder)
    assert await works.table.state(sale) == "reversed"


async def _last_code(works: Works, identity: Any, code: str) -> bool:
    return (await works.table.row(identity))["last_code"] == code


async def test_silence_is_tried_again_with_the_same_message(works: Works):
    sale = await works.table.owe()
    forwarder = works.start()
    first = await works.request()
    works.clock.forward(seconds=15)
    await works.until(lambda: _postponed(forwarder, 1))
    works.clock.forward(seconds=1)
    second = await works.request()
    assert second.raw == first.raw
    works.peer.answer(second)
    await works.until_empty(forwarder)
    assert await works.table.state(sale) == "reversed"


async def _postponed(forwarder: Forwarder, count: int) -> bool:
    return forwarder.counts.postponed >= count


async def test_a_denial_while_the_request_may_be_on_its_way_proves_nothing(works: Works):
    sale = await works.table.owe(age=15, due=15)
    forwarder = works.start()
    works.peer.answer(await works.request(), {39: "25"})
    await works.until(lambda: _postponed(forwarder, 1))
    row = await works.table.row(sale)
    assert row["next_attempt_at"] == works.clock.now() + timedelta(seconds=15)
    assert await works.table.state(sale) == "reversing"
    works.clock.forward(seconds=15)
    works.peer.answer(await works.request(), {39: "25"})
    await works.until_empty(forwarder)
    assert await works.table.state(sale) == "reversed"


async def test_a_denial_counts_by_when_its_reversal_left_and_not_by_when_it_came(works: Works):
    """It may be older than what is booked meanwhile: the line has kept it."""
    sale = await works.table.owe(age=25, due=25)
    forwarder = works.start()
    first = await works.request()
    works.clock.forward(seconds=10)  # now the request can no longer be on its way
    works.peer.answer(first, {39: "25"})
    await works.until(lambda: _postponed(forwarder, 1))
    assert await works.table.state(sale) == "reversing"
    works.peer.answer(await works.request(), {39: "25"})
    await works.until_empty(forwarder)
    assert await works.table.state(sale) == "reversed"


@pytest.mark.parametrize("code", ["25", "12"])
async def test_a_denial_of_what_was_approved_is_a_dispute_until_it_is_taken_back(
    works: Works, code: str
):
    sale = await works.table.owe(age=60, due=60, response_code="00", state="reversing")
    forwarder = works.start()
    works.peer.answer(await works.request(), {39: code})
    await works.until(lambda: _postponed(forwarder, 1))
    assert await works.table.state(sale) == "disputed"
    assert await forwarder.backlog() == 1
    works.clock.forward(seconds=300)
    works.peer.answer(await works.request())
    await works.until_empty(forwarder)
    assert await works.table.state(sale) == "reversed"


@pytest.mark.parametrize("code", ["94", "30", "96", "05", "ZZ"])
async def test_any_other_word_leaves_a_reversal_owed(works: Works, code: str):
    sale = await works.table.owe(age=60, due=60)
    forwarder = works.start()
    works.peer.answer(await works.request(), {39: code})
    await works.until(lambda: _postponed(forwarder, 1))
    assert await works.table.state(sale) == "reversing"
    assert await forwarder.backlog() == 1


async def test_an_acknowledgement_of_another_amount_leaves_a_reversal_owed(works: Works):
    sale = await works.table.owe()
    forwarder = works.start()
    works.peer.answer(await works.request(), {4: "000000000999"})
    await works.until(lambda: _postponed(forwarder, 1))
    assert await works.table.state(sale) == "reversing"


async def test_in_order_for_one_original_and_side_by_side_for_others(works: Works):
    sale = await works.table.owe(owed="", state="approved", age=4)
    await works.table.owe("void", age=3, original=sale, state="reversing")
    await works.table.owe("void", age=2, original=sale, state="reversing")
    await works.table.owe(age=1)
    works.start()
    first = {str(request[11]): request for request in [await works.request() for _ in range(2)]}
    assert set(first) == {"000002", "000004"}
    assert works.peer.requests.empty()
    works.peer.answer(first["000002"])
    assert (await works.request())[11] == "000003"


async def test_what_is_past_its_limit_is_overtaken(works: Works):
    sale = await works.table.owe(owed="", state="approved", age=4)
    await works.table.owe("void", age=3, original=sale, state="reversing")
    await works.table.owe("void", age=2, original=sale, state="reversing")
    works.start(replace(PACE, tries=1, slow_s=100.0))
    works.peer.answer(await works.request(), {39: "94"})
    assert (await works.request())[11] == "000003"


async def test_a_row_that_is_put_off_holds_back_the_next_of_its_original(works: Works):
    sale = await works.table.owe(owed="", state="approved", age=4)
    await works.table.owe("void", age=3, original=sale, state="reversing")
    await works.table.owe("void", age=2, original=sale, state="reversing")
    works.start()
    works.peer.answer(await works.request(), {39: "96"})
    await works.until(lambda: _postponed(works.forwarders[0], 1))
    works.desk.wake()
    works.clock.forward(seconds=1)
    again = await works.request()
    assert again[11] == "000002"


async def test_after_the_limit_somebody_is_told_and_it_goes_on(works: Works):
    pace = replace(PACE, tries=2, slow_s=100.0)
    sale = await works.table.owe()
    forwarder = works.start(pace)
    for attempt in (1, 2):
        works.peer.answer(await works.request(), {39: "96"})
        await works.until(lambda attempt=attempt: _postponed(forwarder, attempt))
        assert len(await works.table.incidents()) == (attempt == 2)
        row = await works.table.row(sale)
        wait = (row["next_attempt_at"] - works.clock.now()).total_seconds()
        assert wait == (1, 100)[attempt - 1]
        works.clock.forward(seconds=wait)
    (incident,) = await works.table.incidents()
    assert (incident["kind"], incident["transaction_id"]) == ("forward_reversal", sale)
    assert incident["params"]["code"] == "96"
    kind = INCIDENTS["forward_reversal"]
    assert set(incident["params"]) == set(kind.parameters())
    for language in ("zh", "en"):
        assert "2026-" in kind.said(incident["params"], Reader(language))
    works.peer.answer(await works.request())
    await works.until_empty(forwarder)
    await works.until(lambda: _closed(works))
    assert await works.table.state(sale) == "reversed"


async def _closed(works: Works) -> bool:
    return all(incident["closed_at"] for incident in await works.table.incidents())


async def test_a_row_behind_a_closed_link_is_reported_too(works: Works):
    await works.table.owe(age=3600, issuer="69999999")
    works.start()
    await works.until(lambda: _opened(works))
    (incident,) = await works.table.incidents()
    assert incident["params"]["issuer"] == "69999999"
    assert works.peer.requests.empty()


async def _opened(works: Works) -> bool:
    return bool(await works.table.incidents())


async def test_goes_on_as_soon_as_the_link_is_up_again(works: Works):
    await works.peer.close()
    while works.desk.up():
        await asyncio.sleep(0)
    forwarder = works.start(replace(PACE, poll_s=60.0))
    sale = await works.table.owe()
    await works.peer.open()
    works.peer.answer(await works.request())
    await works.until_empty(forwarder)
    assert (await works.table.row(sale))["attempts"] == 1


async def test_a_new_row_of_this_process_wakes_the_worker(works: Works):
    forwarder = works.start(replace(PACE, poll_s=60.0))
    await works.until(lambda: _waits(works))
    await works.table.owe()
    works.desk.wake()
    works.peer.answer(await works.request())
    await works.until_empty(forwarder)


async def _waits(works: Works) -> bool:
    return not works.desk.owed.is_set()


async def test_an_advice_is_repeated_with_its_original(works: Works):
    sale = await works.table.owe(owed="", state="approved", auth_code="A1B2C3", age=5)
    refund = await works.table.owe("refund", "advice", original=sale)
    forwarder = works.start()
    request = await works.request()
    assert (request.mti, request[3], request[38]) == ("0220", "200000", "A1B2C3")
    assert str(request[90]).startswith("0200000001")
    works.peer.answer(request, {38: "D4E5F6"})
    await works.until_empty(forwarder)
    assert await works.table.state(refund) == "approved"
    assert works.written.answers[0].auth_code == "D4E5F6"


@pytest.mark.parametrize(("code", "state"), [("51", "declined"), ("91", "sent")])
async def test_an_advice_is_answered_by_a_decline_but_not_by_a_fault(
    works: Works, code: str, state: str
):
    advice = await works.table.owe("completion_advice", "advice", state="received")
    forwarder = works.start()
    works.peer.answer(await works.request(), {39: code})
    await works.until(lambda: _settled_or_put_off(forwarder))
    assert await works.table.state(advice) == state


async def _settled_or_put_off(forwarder: Forwarder) -> bool:
    return forwarder.counts.postponed > 0 or await forwarder.backlog() == 0


@pytest.mark.parametrize("state", ["approved", "declined", "reversed"])
async def test_what_ended_in_another_way_is_not_sent(works: Works, state: str):
    sale = await works.table.owe(state=state)
    forwarder = works.start()
    await works.until_empty(forwarder)
    assert works.peer.requests.empty()
    assert await works.table.state(sale) == state


async def test_what_is_being_concluded_is_not_waited_for(works: Works):
    """Outcomes lock transactions before what is owed for them: to wait here is a deadlock."""
    concluded = await works.table.owe(card="6200000000000013")
    await works.table.owe(card="6200000000000021")
    works.peer.script = lambda _: works.peer.requests.put_nowait(_) or {}
    async with works.table.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM transactions WHERE id = $1 FOR UPDATE", concluded)
        forwarder = works.start()
        assert (await works.request())[2] == "6200000000000021"
        await works.until(lambda: _is(forwarder.backlog(), 1))
    await works.until_empty(forwarder)


async def test_two_workers_never_send_the_same_row(works: Works):
    for number in range(200):
        await works.table.owe(card=f"62000000{number:08d}")
    works.peer.script = lambda _: works.peer.requests.put_nowait(_) or {}
    first, second = works.start(), works.start()
    await works.until_empty(first)
    traces = [str(works.peer.requests.get_nowait()[11]) for _ in range(200)]
    assert works.peer.requests.empty()
    assert len(set(traces)) == 200
    assert first.counts.acknowledged + second.counts.acknowledged == 200


async def test_a_dead_worker_gives_its_rows_back_by_time(works: Works):
    await works.table.owe()
    first = works.start()
    await works.request()
    dying = first.worker.under_way
    for one in (first._watching, first.worker._loop, *dying):
        assert one is not None
        one.cancel()
    await asyncio.wait(dying)
    second = works.start()
    works.clock.forward(seconds=24)
    while works.desk.lines[ISSUER].link.in_flight:
        await asyncio.sleep(0)
    works.desk.wake()
    await works.until(lambda: _waits(works))
    assert works.peer.requests.empty()
    works.clock.forward(seconds=1)
    works.peer.answer(await works.request())
    await works.until_empty(second)


async def test_no_more_at_once_than_told(works: Works):
    for number in range(30):
        await works.table.owe(card=f"62000000{number:08d}")
    forwarder = works.start(replace(PACE, concurrency=4))
    seen = 0
    for _ in range(30):
        request = await works.request()
        seen += 1
        assert works.desk.lines[ISSUER].link.in_flight <= 4
        works.peer.answer(request)
    await works.until_empty(forwarder)
    assert seen == 30


async def test_a_fault_of_ours_is_put_off_and_stops_no_other(works: Works):
    await works.table.owe(reason="?", age=1)
    fine = await works.table.owe(card="6200000000000013")
    forwarder = works.start()
    request = await works.request()
    works.peer.answer(request)
    await works.until(lambda: _is(works.table.state(fine), "reversed"))
    await works.until(lambda: _postponed(forwarder, 1))
    assert await forwarder.backlog() == 1


# Many rows of which few are due, so that the planner has something to plan for.
_MANY = """
    CREATE TEMP TABLE old AS SELECT t.* FROM transactions t, generate_series(1, 20000);
    UPDATE old SET id = gen_random_uuid();
    UPDATE old SET trace = id::text, rrn = id::text;
    INSERT INTO transactions SELECT * FROM old;
    CREATE TEMP TABLE done AS SELECT o.*, old.id AS other FROM outbox o, old;
    UPDATE done SET id = gen_random_uuid(), transaction_id = other, pending = false;
    ALTER TABLE done DROP other;
    INSERT INTO outbox SELECT * FROM done;
    ANALYZE;
"""


async def test_the_lease_uses_its_indexes(database: str, pool: asyncpg.Pool, clock: HeldClock):
    table = Table(pool, clock.now())
    await table.open()
    await table.owe()
    administrator = await asyncpg.connect(as_owner(database))
    try:
        await administrator.execute(_MANY)
        now = clock.now()
        sql, *values = _SQL["lease"](now=now, until=now, limit=10, issuers=[ISSUER], tries=10)
        rows = await administrator.fetch(f"EXPLAIN {sql}", *values)
    finally:
        await administrator.close()
    plan = "\n".join(row[0] for row in rows)
    for index in ("outbox_due", "outbox_original", "transactions_pkey"):
        assert index in plan
    assert "Seq Scan on outbox" not in plan
    assert "Seq Scan on transactions" not in plan


# Drills ----------------------------------------------------------------------------------------


def test_one_scale_shortens_each_wait_and_no_lease() -> None:
    """A drill's cases awaited reversals that kept a shop's pace."""
    plain = ForwardPace()
    assert plain.scaled(1.0) == plain, "what is not scaled is as it was"
    drill = plain.scaled(0.02)
    assert drill.backoff == Backoff(first_s=0.02, limit_s=0.4)
    assert (drill.slow_s, drill.overdue) == (6.0, timedelta(seconds=18))
    assert (drill.margin_s, drill.tries, drill.poll_s) == (plain.margin_s, plain.tries, 0.05)
    assert plain.scaled(60.0).poll_s == plain.poll_s
