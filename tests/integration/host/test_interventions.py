"""What people put in force for a time is heeded by a host, and ends by itself."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from annul.domain.interventions import Intervention, InterventionKind, InterventionNotPossible
from annul.domain.orders import Act
from annul.domain.states import State
from annul.host.ordered import Order, OrderRefused, judged, ruled
from annul.store import interventions
from tests.support.hosts import Inside, Till
from tests.support.wire import sign_in

_MINUTES = 10


async def _begin(inside: Inside, kind: InterventionKind, **names: Any) -> Intervention:
    now = inside.clock.now()
    new = Intervention(
        uuid4(),
        kind,
        now,
        now + timedelta(minutes=_MINUTES),
        **names,
        set_by="olga",
        reason="an exercise",
    )
    async with inside.pool.acquire() as connection, connection.transaction():
        assert await interventions.begin(connection, new, now)
        assert not await interventions.begin(connection, new, now), "the same again is nothing"
    await inside.host.registry.load()
    return new


async def _end(inside: Inside, one: Intervention) -> None:
    key = (one.merchant_id, one.id)
    async with inside.pool.acquire() as connection, connection.transaction():
        assert await interventions.end(connection, key, "olga", inside.clock.now())
        assert not await interventions.end(connection, key, "olga", inside.clock.now())
    await inside.host.registry.load()


async def test_a_frozen_merchant_is_given_nothing_until_it_ends(inside: Inside, till: Till) -> None:
    sold = await inside.sold(till)
    frozen = await _begin(inside, InterventionKind.MERCHANT_FROZEN, merchant_id=till.keyed.who[0])
    before = len(inside.rogue.seen)
    for kind, fields in (("sale", till.fields("sale")), ("void", till.undoing("void", sold))):
        answer = await till.ask(kind, fields)
        assert answer.code == "03", kind
        assert "商户暂停交易" in str(answer.message[63])
    assert len(inside.rogue.seen) == before
    await _end(inside, frozen)
    assert (await till.ask("sale", till.fields("sale"))).code == "00"


async def test_what_is_open_is_still_taken_back_at_a_frozen_merchant(
    inside: Inside, till: Till
) -> None:
    inside.rogue.hold("sale")
    fields = till.fields("sale")
    await inside.unanswered(till, "sale", fields)
    await _begin(inside, InterventionKind.MERCHANT_FROZEN, merchant_id=till.keyed.who[0])
    assert (await till.say("0400", fields | {39: "98"})).code == "00"


async def test_programs_order_nothing_for_a_frozen_merchant_but_cases_go_on(
    inside: Inside, till: Till
) -> None:
    sold = await inside.sold(till)
    await _begin(inside, InterventionKind.MERCHANT_FROZEN, merchant_id=sold.merchant_id)
    with pytest.raises(OrderRefused, match="no payments"):
        await judged(inside.host, Order(sold.merchant_id, sold, uuid4(), Act.VOID))
    merchant = inside.host.registry.merchant(sold.merchant_id)
    assert merchant is not None
    assert (await ruled(inside.host, merchant, sold, "void", sold.amount)).ok


async def test_a_blocked_terminal_gets_no_keys_and_the_others_go_on(
    inside: Inside, till: Till
) -> None:
    merchant, terminal, _ = inside.terminals[0]
    await _begin(
        inside, InterventionKind.TERMINAL_BLOCKED, merchant_id=merchant, terminal_id=terminal
    )
    assert (await till.ask("sale", till.fields("sale"))).code == "58"
    station = inside.host.registry.station(merchant, terminal)
    assert station is not None
    held = (station.keys, station.pending)
    answer = await till.line.told(sign_in(till.keyed.who, "003"))
    assert (answer.code, (station.keys, station.pending)) == ("58", held)
    other = await inside.till(1)
    assert (await other.ask("sale", other.fields("sale"))).code == "00"


async def test_an_issuer_is_sent_nothing_new_until_the_time_is_over(
    inside: Inside, till: Till
) -> None:
    sold = await inside.sold(till)
    issuer = sold.issuer_id
    await _begin(inside, InterventionKind.CIRCUIT_OPEN, issuer_id=issuer)
    before = len(inside.rogue.seen)
    assert (await till.ask("void", till.undoing("void", sold))).code == "91"
    void = await inside.the("void")
    assert (void.state, void.why) == (State.DECLINED, "link_held")
    assert len(inside.rogue.seen) == before
    assert not inside.host.issuers.usable(issuer)
    inside.clock.forward(minutes=_MINUTES)
    assert inside.host.issuers.usable(issuer)
    assert (await till.ask("void", till.undoing("void", sold))).code == "00"


async def test_a_way_around_takes_a_backup(inside: Inside) -> None:
    issuers = inside.host.issuers
    row = await inside.pool.fetchrow(
        "SELECT prefix, issuer_id, backup_issuer_id FROM bins WHERE backup_issuer_id IS NOT NULL"
    )
    assert row is not None
    card = row["prefix"].ljust(16, "0")
    for kind in (InterventionKind.ROUTE_AROUND, InterventionKind.CIRCUIT_OPEN):
        around = await _begin(inside, kind, issuer_id=row["issuer_id"])
        route = issuers.route(card)
        assert route is not None
        assert route.issuer_id == row["backup_issuer_id"]
        await _end(inside, around)
        route = issuers.route(card)
        assert route is not None
        assert route.issuer_id == row["issuer_id"]


async def test_what_is_not_there_is_not_put_in_force(inside: Inside) -> None:
    issuer = await inside.pool.fetchval(
        "SELECT issuer_id FROM issuers WHERE issuer_id NOT IN"
        " (SELECT issuer_id FROM bins WHERE backup_issuer_id IS NOT NULL) LIMIT 1"
    )
    with pytest.raises(InterventionNotPossible, match="backup"):
        await _begin(inside, InterventionKind.ROUTE_AROUND, issuer_id=issuer)
    with pytest.raises(InterventionNotPossible, match="there is no issuer 99999999"):
        await _begin(inside, InterventionKind.CIRCUIT_OPEN, issuer_id="99999999")
