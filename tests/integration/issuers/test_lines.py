"""All issuers together: routing by what is up, asking, late answers, a changed table."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace

import pytest

from annul.domain.answers import Verdict
from annul.domain.records import Bin, Issuer
from annul.issuers.errors import Silence
from annul.issuers.health import Condition
from annul.issuers.lines import Issuers
from annul.issuers.link import LinkLimits, NoAnswer, NotSent
from annul.security.keys import WrappedKey
from annul.wire.codec import Message
from tests.support.clock import HeldClock
from tests.support.peer import Peer, sale

from .conftest import LIMITS, MAC

PAN = "6200000000000005"


class Desk:
    """Makes desks over peers; `late` collects what they hand over."""

    def __init__(self, clock: HeldClock, security) -> None:
        self.clock = clock
        self.security = security
        self.late: asyncio.Queue[tuple[str, Message]] = asyncio.Queue()
        self.gate = asyncio.Event()
        self.gate.set()
        self.made: list[Issuers] = []

    async def open(
        self, issuers: Iterable[Issuer], bins: Iterable[Bin], limits: LinkLimits = LIMITS, **more
    ) -> Issuers:
        desk = Issuers(
            issuers,
            bins,
            self.clock,
            self.security,
            random=random.Random(1).random,
            limits=limits,
            **more,
        )
        self.made.append(desk)
        desk.start(self._take)
        return desk

    async def _take(self, issuer_id: str, message: Message) -> None:
        await self.gate.wait()
        self.late.put_nowait((issuer_id, message))


@pytest.fixture
async def desk(clock: HeldClock, security) -> AsyncIterator[Desk]:
    desk = Desk(clock, security)
    yield desk
    desk.gate.set()
    for made in desk.made:
        await made.stop()


def _bins(backup: str | None = None) -> tuple[Bin, ...]:
    return (Bin("620000", "62000000", backup, "debit"),)


def _to(issuers: Issuers) -> str:
    """Say whom the card is routed to."""
    route = issuers.route(PAN)
    assert route is not None
    return route.issuer_id


async def test_asks_the_issuer_of_the_card(peer: Peer, desk: Desk):
    issuers = await desk.open([peer.issuer()], _bins())
    assert await issuers.ready(5)
    route = issuers.route(PAN)
    assert route is not None
    assert issuers.is_up(route)
    asked = asyncio.create_task(issuers.ask(route, *sale()))
    peer.answer(await peer.requests.get(), {38: "A1B2C3"})
    answer = await asked
    assert (answer.response_code, answer.auth_code) == ("00", "A1B2C3")
    [slot] = issuers.lines["62000000"].health.changed()
    assert slot.approvals == 1
    [(_, code, role, prefix, *_, card)] = slot.tail
    assert (code, role, prefix) == ("00", "plain", PAN[:8])
    assert card, "so that others of its card are known"
    assert card not in PAN


async def test_an_issuer_that_is_not_there(desk: Desk):
    async with Peer() as gone:
        issuer = gone.issuer()
    issuers = await desk.open([issuer], _bins())
    route = issuers.route(PAN)
    assert route is not None
    assert not issuers.is_up(route)
    assert not await issuers.ready(0.01)
    with pytest.raises(NotSent):
        await issuers.ask(route, *sale())
    with pytest.raises(NotSent):
        await issuers.ask(issuers.route_to("nobody"), *sale())
    assert issuers.lines["62000000"].health.changed()[0].not_sent == 1


async def test_the_backup_takes_over_while_the_primary_is_away(desk: Desk):
    async with Peer() as primary, Peer() as backup:
        table = [primary.issuer("62000000"), backup.issuer("62000001")]
        issuers = await desk.open(table, _bins("62000001"))
        assert await issuers.ready(5)
        assert _to(issuers) == "62000000"
        await primary.close()
        while issuers.lines["62000000"].link.up:
            await asyncio.sleep(0)
        assert _to(issuers) == "62000001"
        assert issuers.up() == ["62000001"]
        await primary.open()
        await issuers.lines["62000000"].link.wait_up()
        assert _to(issuers) == "62000000"


async def test_the_backup_takes_over_while_the_primary_is_ill(desk: Desk):
    async with Peer(lambda _: {39: "91"}) as primary, Peer() as backup:
        table = [primary.issuer("62000000"), backup.issuer("62000001")]
        issuers = await desk.open(table, _bins("62000001"))
        assert await issuers.ready(5)
        for trace in range(20):
            await issuers.ask(issuers.route_to("62000000"), *sale(trace))
        desk.clock.forward(seconds=1)
        assert issuers.lines["62000000"].health.state is Condition.DOWN
        assert _to(issuers) == "62000001"
        desk.clock.forward(seconds=61)
        assert _to(issuers) == "62000000"


async def test_a_late_answer_reaches_the_journal(peer: Peer, desk: Desk):
    issuers = await desk.open([peer.issuer()], _bins())
    assert await issuers.ready(5)
    asked = asyncio.create_task(issuers.ask(issuers.route_to("62000000"), *sale()))
    request = await peer.requests.get()
    desk.clock.forward(seconds=15)
    with pytest.raises(NoAnswer):
        await asked
    peer.answer(request)
    issuer_id, message = await desk.late.get()
    assert (issuer_id, message[11], message[39]) == ("62000000", "000001", "00")
    slots = issuers.lines["62000000"].health.changed()
    assert [sum(slot.silent for slot in slots), sum(slot.late for slot in slots)] == [1, 1]


async def test_late_answers_over_the_limit_stop_the_reading_and_all_arrive(peer: Peer, desk: Desk):
    issuers = await desk.open([peer.issuer()], _bins(), late_limit=10)
    assert await issuers.ready(5)
    desk.gate.clear()
    link = issuers.lines["62000000"].link
    for trace in range(500):
        peer.send("0210", sale(trace)[1] | {39: "00"})
    while len(issuers.late) < 10:
        await asyncio.sleep(0)
    assert link._hold
    desk.gate.set()
    got = [(await desk.late.get())[1][11] for _ in range(500)]
    assert got == [f"{trace:06d}" for trace in range(500)]
    assert not link._hold
    asked = asyncio.create_task(issuers.ask(issuers.route_to("62000000"), *sale(999)))
    peer.answer(await peer.requests.get())
    assert (await asked).response_code == "00"


async def test_an_answer_without_sense_is_no_answer(peer: Peer, desk: Desk):
    issuers = await desk.open([peer.issuer()], _bins())
    assert await issuers.ready(5)
    asked = asyncio.create_task(issuers.ask(issuers.route_to("62000000"), *sale()))
    request = await peer.requests.get()
    peer.send("0210", {n: request[n] for n in (7, 11, 32, 33)})
    with pytest.raises(NoAnswer) as raised:
        await asked
    assert raised.value.silence is Silence.GARBLED
    assert desk.late.empty()


async def test_what_holds_control_characters_is_left_out_and_kept(peer: Peer, desk: Desk):
    issuers = await desk.open([peer.issuer()], _bins())
    assert await issuers.ready(5)
    asked = asyncio.create_task(issuers.ask(issuers.route_to("62000000"), *sale()))
    peer.answer(await peer.requests.get(), {38: "A1\x1b[2J"})
    answer = await asked
    assert (answer.auth_code, answer.verdict) == ("", Verdict.APPROVED)
    assert list(issuers.lines["62000000"].odd.snapshot()) == ["38"]


async def test_an_answer_without_a_code_is_no_answer(peer: Peer, desk: Desk):
    issuers = await desk.open([peer.issuer()], _bins())
    assert await issuers.ready(5)
    asked = asyncio.create_task(issuers.ask(issuers.route_to("62000000"), *sale()))
    peer.answer(await peer.requests.get(), {39: "\x1b["})
    with pytest.raises(NoAnswer) as raised:
        await asked
    assert raised.value.silence is Silence.GARBLED


async def test_an_answer_that_names_something_else_says_so(peer: Peer, desk: Desk):
    issuers = await desk.open([peer.issuer()], _bins())
    assert await issuers.ready(5)
    for said, differs, verdict in (
        ({}, (), Verdict.APPROVED),
        ({4: "000000002000"}, (4,), Verdict.CONTRADICTS),
        ({4: "000000000500", 39: "10"}, (), Verdict.CONTRADICTS),
        ({41: "00000002", 49: "840"}, (41, 49), Verdict.CONTRADICTS),
    ):
        asked = asyncio.create_task(issuers.ask(issuers.route_to("62000000"), *sale()))
        peer.answer(await peer.requests.get(), said)
        answer = await asked
        assert (answer.differs, answer.verdict) == (differs, verdict)


async def test_macs_both_ways(peer: Peer, desk: Desk, mac_key: WrappedKey, seal):
    issuers = await desk.open([peer.issuer(mac_key=mac_key.wrapped)], _bins())
    peer.seal = seal
    assert await issuers.ready(5)
    route = issuers.route_to("62000000")
    asked = asyncio.create_task(issuers.ask(route, *sale()))
    request = await peer.requests.get()
    bare = {number: value for number, value in request.fields().items() if number != MAC}
    assert seal(request.mti, bare) == request.raw
    peer.answer(request)
    assert (await asked).response_code == "00"


@pytest.mark.parametrize("mac", [bytes(8), None], ids=["wrong", "missing"])
async def test_an_answer_with_a_wrong_mac_is_none(
    peer: Peer, desk: Desk, mac_key: WrappedKey, seal, mac: bytes | None
):
    issuers = await desk.open([peer.issuer(mac_key=mac_key.wrapped)], _bins())
    assert await issuers.ready(5)
    route = issuers.route_to("62000000")
    asked = asyncio.create_task(issuers.ask(route, *sale()))
    request = await peer.requests.get()
    peer.answer(request, {} if mac is None else {MAC: mac})
    with pytest.raises(NoAnswer) as raised:
        await asked
    assert (raised.value.silence, raised.value.reason) == (Silence.BAD_MAC, "4355")
    peer.answer(request, {} if mac is None else {MAC: mac})  # neither is it a late answer
    peer.seal = seal
    peer.answer(request)  # but this one is
    assert (await desk.late.get())[1][39] == "00"
    assert desk.late.empty()
    assert issuers.lines["62000000"].link.counts.bad_mac == 2


async def test_a_changed_table_renews_only_what_changed(desk: Desk):
    async with Peer() as one, Peer() as two, Peer() as three:
        table = [one.issuer("62000000"), two.issuer("62000001")]
        issuers = await desk.open(table, _bins())
        assert await issuers.ready(5)
        kept = issuers.lines["62000000"].link
        moved = replace(three.issuer("62000001"), silent_code="68")
        await issuers.apply([table[0], moved], [Bin("9", "62000001", None, "qr")])
        assert await issuers.ready(5)
        assert issuers.lines["62000000"].link is kept
        assert (one.connections, two.connections, three.connections) == (1, 1, 1)
        assert issuers.route(PAN) is None
        qr = issuers.route("91")
        assert qr is not None
        assert qr.card_type == "qr"
        assert issuers.silent_code("62000001") == "68"
        await issuers.apply([replace(table[0], active=False), moved], ())
        assert issuers.up() == ["62000001"]
        assert not issuers.is_up(issuers.route_to("62000000"))


async def test_stopping_delivers_the_late_answers_first(peer: Peer, desk: Desk):
    issuers = await desk.open([peer.issuer()], _bins())
    assert await issuers.ready(5)
    desk.gate.clear()
    for trace in range(20):
        peer.send("0210", sale(trace)[1] | {39: "00"})
    while len(issuers.late) < 20:
        await asyncio.sleep(0)
    await issuers.drain()
    stopping = asyncio.create_task(issuers.stop())
    desk.gate.set()
    await stopping
    assert desk.late.qsize() == 20
