"""One link against a real socket: what is an answer, what is not, and what is said instead."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
import uvloop

from annul.domain.backoff import Backoff
from annul.issuers.errors import Silence
from annul.issuers.link import Link, LinkState, NoAnswer, NotSent
from tests.support.clock import HeldClock
from tests.support.exchanges import SALE, request_of
from tests.support.peer import CODEC, FRAMING, Peer, answer_to, sale

from .conftest import LIMITS, Bench

Fields = dict[int, str | bytes]


def _ask(link: Link, request: tuple[str, Fields]) -> asyncio.Future:
    return asyncio.ensure_future(link.ask(*request))


async def _silence(asked: asyncio.Future) -> Silence:
    with pytest.raises(NoAnswer) as raised:
        await asked
    return raised.value.silence


async def test_signs_on_and_asks(peer: Peer, bench: Bench):
    link = await bench.link(peer)
    assert (await peer.network.get())[70] == "001"
    asked = _ask(link, sale())
    request = await peer.requests.get()
    assert request.fields() == sale()[1]
    peer.answer(request, {38: "A1B2C3"})
    answer = await asked
    assert (answer.mti, answer[39], answer[38]) == ("0210", "00", "A1B2C3")
    assert link.in_flight == 0


async def test_two_terminals_with_the_same_trace_in_one_second_never_swap_answers(
    peer: Peer, bench: Bench
):
    link = await bench.link(peer)
    rows = [
        SALE._replace(terminal_id=f"{n:08d}", rrn=f"{n:012d}", issuer_trace=f"{n:06d}")
        for n in (1, 2)
    ]
    assert len({(row.trace, row.received_at) for row in rows}) == 1
    asked = [_ask(link, request_of(row)) for row in rows]
    requests = [await peer.requests.get() for _ in asked]
    for request in reversed(requests):
        peer.answer(request, {38: str(request[41])[-6:]})
    assert [(await answer)[38] for answer in asked] == ["000001", "000002"]


async def test_rows_that_have_no_trace_of_their_own_are_not_mixed_up_either(
    peer: Peer, bench: Bench
):
    link = await bench.link(peer)
    rows = [SALE._replace(terminal_id=f"{n:08d}", issuer_trace="") for n in (1, 2)]
    first = _ask(link, request_of(rows[0]))
    with pytest.raises(NotSent):
        await link.ask(*request_of(rows[1]))  # it is owed, and tried again
    peer.answer(await peer.requests.get(), {38: "000001"})
    assert (await first)[38] == "000001"
    second = _ask(link, request_of(rows[1]))
    peer.answer(await peer.requests.get(), {38: "000002"})
    assert (await second)[38] == "000002"


async def test_an_answer_without_institutions_is_taken_where_it_fits_one_only(
    peer: Peer, bench: Bench
):
    link = await bench.link(peer)
    asked = _ask(link, sale(1))
    bare = {number: value for number, value in sale(1)[1].items() if number not in {32, 33}}
    await peer.requests.get()
    peer.send("0210", bare | {39: "00", 38: "A1B2C3"})
    assert (await asked)[38] == "A1B2C3"


@pytest.mark.parametrize("other", [(7, 12, 37), (11,), (32,), (33,)])
async def test_an_answer_to_another_request_is_late_and_ends_none(
    peer: Peer, bench: Bench, other: tuple[int, ...]
):
    link = await bench.link(peer)
    asked = _ask(link, sale(1))
    request = await peer.requests.get()
    peer.answer(request, {n: str(request[n])[:-1] + "9" for n in other if n in request})
    assert (await bench.late.get())[41] == request[41]
    assert not asked.done()
    peer.answer(request)
    await asked


async def test_a_request_and_its_reversal_are_told_apart(peer: Peer, bench: Bench):
    link = await bench.link(peer)
    first, reversal = _ask(link, sale()), _ask(link, ("0420", sale()[1] | {60: "4354"}))
    await peer.requests.get()
    peer.answer(await peer.requests.get(), {39: "25"})
    assert (await reversal)[39] == "25"
    assert not first.done()


async def test_the_same_key_is_not_sent_twice_at_a_time(peer: Peer, bench: Bench):
    link = await bench.link(peer)
    asked = _ask(link, sale())
    with pytest.raises(NotSent):
        await link.ask(*sale())
    peer.answer(await peer.requests.get())
    await asked
    assert link.counts.sent == 2  # the sign-on and one sale


async def test_silence_is_told_at_the_time_out_and_the_answer_then_is_late(
    peer: Peer, bench: Bench, clock: HeldClock
):
    link = await bench.link(peer)
    old = _ask(link, sale(1))
    request = await peer.requests.get()
    clock.forward(seconds=10)
    young = _ask(link, sale(2))
    await peer.requests.get()
    clock.forward(seconds=5)
    assert await _silence(old) is Silence.TIMED_OUT
    assert not young.done()
    peer.answer(request, {38: "A1B2C3"})
    late = await bench.late.get()
    assert (late[11], late[38]) == ("000001", "A1B2C3")
    assert (link.counts.timed_out, link.counts.late) == (1, 1)


async def test_the_second_of_two_answers_is_late(peer: Peer, bench: Bench):
    link = await bench.link(peer)
    asked = _ask(link, sale())
    request = await peer.requests.get()
    peer.answer(request)
    peer.answer(request, {39: "51"})
    assert (await asked)[39] == "00"
    assert (await bench.late.get())[39] == "51"


async def test_an_answer_to_a_caller_that_left_is_late(peer: Peer, bench: Bench):
    link = await bench.link(peer)
    asked = _ask(link, sale())
    request = await peer.requests.get()
    asked.cancel()
    peer.answer(request)
    assert (await bench.late.get())[11] == "000001"
    assert link.in_flight == 0


async def test_a_message_that_can_not_be_decoded_is_dropped_and_the_next_is_read(
    peer: Peer, bench: Bench
):
    link = await bench.link(peer)
    asked = _ask(link, sale())
    request = await peer.requests.get()
    peer.write(FRAMING.pack(b"0210 this is no message"))
    peer.write(FRAMING.pack(CODEC.encode("0210", answer_to(request))[:-9]))
    peer.answer(request)
    assert (await asked)[39] == "00"
    assert link.counts.garbled == 2
    assert peer.connections == 1


async def test_garbage_ends_this_connection_only(bench: Bench):
    async with Peer() as bad, Peer() as good:
        links = [await bench.link(peer) for peer in (bad, good)]
        asked = [_ask(link, sale()) for link in links]
        request = await good.requests.get()
        await bad.requests.get()
        bad.write(b"\xff" * 64)
        assert await _silence(asked[0]) is Silence.BROKEN
        good.answer(request)
        assert (await asked[1])[39] == "00"
        await links[0].wait_up()
        assert links[0].counts.bad_frames == 1
        assert (bad.connections, good.connections) == (2, 1)


async def test_a_connection_closed_in_flight(peer: Peer, bench: Bench):
    link = await bench.link(peer)
    asked = [_ask(link, sale(trace)) for trace in range(5)]
    request, *_ = [await peer.requests.get() for _ in asked]
    peer.drop()
    assert {await _silence(one) for one in asked} == {Silence.BROKEN}
    await link.wait_up()
    peer.answer(request)  # over the new connection
    assert (await bench.late.get())[11] == request[11]


async def test_what_was_not_yet_written_when_the_connection_ended_is_not_sent(
    peer: Peer, bench: Bench
):
    link = await bench.link(peer)
    asked = _ask(link, sale())
    assert link._connection is not None
    link._connection.connection_lost(None)  # in the same turn of the event loop
    with pytest.raises(NotSent):
        await asked
    peer.drop()


async def test_nothing_is_sent_before_the_sign_on(peer: Peer, bench: Bench):
    peer.signs_on = False
    link = await bench.link(peer, wait=False)
    with pytest.raises(NotSent):
        await link.ask(*sale())
    await peer.network.get()
    await peer.network.get()  # refused, so it connected again
    with pytest.raises(NotSent):
        await link.ask(*sale())
    assert link.counts.sign_on_refusals >= 1
    peer.signs_on = True
    await link.wait_up()
    assert peer.requests.empty()


async def test_connects_again_when_the_issuer_is_back(peer: Peer, bench: Bench):
    link = await bench.link(peer)
    await peer.close()
    while link.up:
        await asyncio.sleep(0)
    with pytest.raises(NotSent):
        link.ask(*sale())
    failures = link.counts.connect_failures
    while link.counts.connect_failures < failures + 2:
        await asyncio.sleep(0)
    assert link.state in {LinkState.CONNECTING, LinkState.WAITING}
    await peer.open()
    await link.wait_up()
    asked = _ask(link, sale())
    peer.answer(await peer.requests.get())
    assert (await asked)[39] == "00"


class Delays(Backoff):
    """Counts the failures that it is asked about and does not wait."""

    failures: list[int] = []  # noqa: RUF012 - replaced per test

    def delay(self, failures, random):
        del random
        self.failures.append(failures)
        return 0.0


async def test_backs_off_longer_after_each_failure_and_forgets_them_when_stable(
    peer: Peer, bench: Bench, clock: HeldClock
):
    Delays.failures = []
    link = await bench.link(peer, limits=replace(LIMITS, backoff=Delays(), stable_s=10.0))
    for _ in range(3):
        peer.drop()
        await _down_and_up(link)
    clock.forward(seconds=10)
    peer.drop()
    await _down_and_up(link)
    assert Delays.failures == [1, 2, 3, 1]


async def test_an_answer_before_rubbish_is_heard(peer: Peer, bench: Bench):
    """Both in one segment: what was whole counts, then the connection is renewed."""
    link = await bench.link(peer, limits=replace(LIMITS, rubbish_s=0.0))
    asked = _ask(link, sale())
    request = await peer.requests.get()
    frame = FRAMING.pack(CODEC.encode("0210", answer_to(request, {38: "A1B2C3"})))
    peer.write(frame + b"rubbish that is no length")
    assert (await asked)[38] == "A1B2C3"
    await _down_and_up(link)
    assert (link.counts.bad_frames, link.counts.connects) == (1, 2)


async def test_a_frame_that_does_not_end_is_given_up(peer: Peer, bench: Bench):
    """Else each later answer would be read as its rest, and none be heard."""
    link = await bench.link(peer, limits=replace(LIMITS, rubbish_s=0.0, frame_s=0.05))
    asked = _ask(link, sale(1))
    request = await peer.requests.get()
    frame = FRAMING.pack(CODEC.encode("0210", answer_to(request)))
    peer.write(frame[:-1])
    assert await _silence(asked) is Silence.BROKEN
    await _down_and_up(link)
    assert link.counts.bad_frames == 1
    again = _ask(link, sale(2))
    frame = FRAMING.pack(CODEC.encode("0210", answer_to(await peer.requests.get())))
    for part in (frame[:1], frame[1:7], frame[7:]):
        peer.write(part)
        await asyncio.sleep(0)
    assert (await again)[39] == "00"


async def test_a_peer_that_sends_rubbish_is_left_alone_for_a_while(
    peer: Peer, bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    """However well it serves besides: its link is not renewed more often than once a second."""
    rests: list[float] = []
    sleep = asyncio.sleep

    async def rest(delay: float) -> None:
        if delay:
            rests.append(delay)
        await sleep(0)

    monkeypatch.setattr("annul.issuers.link.asyncio.sleep", rest)
    link = await bench.link(peer)
    for trace in range(3):
        asked = [_ask(link, sale(2 * trace + n)) for n in range(2)]
        for _ in asked:
            peer.answer(await peer.requests.get())
        await asyncio.gather(*asked)
        peer.write(b"rubbish that is no length")
        while link.up:
            await sleep(0)
        await link.wait_up()
    assert link.counts.bad_frames == 3
    assert all(delay >= 1.0 for delay in rests), rests
    assert len(rests) == 3


async def _down_and_up(link: Link) -> None:
    while link.up:
        await asyncio.sleep(0)
    await link.wait_up()


async def test_an_idle_link_sends_an_echo(peer: Peer, bench: Bench, clock: HeldClock):
    link = await bench.link(peer)
    assert (await peer.network.get())[70] == "001"
    clock.forward(seconds=29)
    asked = _ask(link, sale())
    peer.answer(await peer.requests.get())
    await asked
    clock.forward(seconds=29)
    assert peer.network.empty()
    clock.forward(seconds=1)
    assert (await peer.network.get())[70] == "301"
    assert link.up


async def test_an_echo_without_answer_renews_the_connection(
    peer: Peer, bench: Bench, clock: HeldClock
):
    link = await bench.link(peer)
    await peer.network.get()
    peer.answers_echo = False
    clock.forward(seconds=30)
    assert (await peer.network.get())[70] == "301"
    clock.forward(seconds=15)
    assert (await peer.network.get())[70] == "001"
    await link.wait_up()
    assert peer.connections == 2


async def test_whoever_asks_hears_whether_an_echo_was_answered(
    peer: Peer, bench: Bench, clock: HeldClock
):
    """The line is kept as it is: only its own check of an idle line renews it."""
    link = await bench.link(peer)
    await peer.network.get()
    assert await link.probe() is True
    assert (await peer.network.get())[70] == "301"
    peer.answers_echo = False
    asked = asyncio.create_task(link.probe())
    assert (await peer.network.get())[70] == "301"
    clock.forward(seconds=15)
    assert await asked is False
    assert link.up
    quiet = replace(link.issuer, profile=replace(link.issuer.profile, echo=False))
    link.issuer = quiet
    assert await link.probe() is None
    assert peer.network.empty()


async def test_answers_the_echo_of_the_issuer(peer: Peer, bench: Bench):
    await bench.link(peer)
    await peer.network.get()
    peer.send("0820", {7: "1123100000", 11: "000042", 70: "301"})
    answer = await peer.network.get()
    assert (answer.mti, answer[11], answer[39], answer[70]) == ("0830", "000042", "00", "301")


async def test_over_the_limit_it_says_so_at_once(peer: Peer, bench: Bench):
    link = await bench.link(peer, limits=replace(LIMITS, in_flight=3))
    asked = [_ask(link, sale(trace)) for trace in range(3)]
    with pytest.raises(NotSent):
        link.ask(*sale(3))
    for _ in asked:
        peer.answer(await peer.requests.get())
    assert {(await one)[39] for one in asked} == {"00"}
    assert peer.requests.empty()


async def test_an_issuer_that_does_not_read(peer: Peer, bench: Bench, clock: HeldClock):
    limits = replace(LIMITS, queued=10, in_flight=1_000_000, idle_s=1e9)
    link = await bench.link(peer, limits=limits)
    peer.deaf(deaf=True)
    asked: list[asyncio.Future] = []
    icc = {55: bytes(250)}
    connection = link._connection
    assert connection is not None
    while connection.queued < 10:  # the socket's buffers fill up first
        mti, fields = sale(len(asked))
        asked.append(_ask(link, (mti, fields | icc)))
        await asyncio.sleep(0)
    with pytest.raises(NotSent):
        link.ask(*sale(999_999))
    clock.forward(seconds=15)
    results = await asyncio.gather(*asked, return_exceptions=True)
    kinds = [type(result) for result in results]
    assert kinds == [NoAnswer] * (len(asked) - 10) + [NotSent] * 10
    # What timed out in the queue must not leave it afterwards.
    peer.deaf(deaf=False)
    for _ in range(len(asked) - 10):
        await peer.requests.get()
    last = _ask(link, sale(999_999, 9))
    request = await peer.requests.get()
    assert request[41] == "00000009"
    peer.answer(request)
    await last


async def test_a_thousand_at_once(bench: Bench):
    async with Peer(lambda request: {38: str(request[11])}) as peer:
        link = await bench.link(peer)
        requests = [sale(n, n % 20) for n in range(1_000)]
        answers = await asyncio.gather(*(link.ask(*request) for request in requests))
        got = [(answer[11], answer[41], answer[38]) for answer in answers]
        assert got == [(f[11], f[41], f[11]) for _, f in requests]
        assert (link.counts.late, link.in_flight) == (0, 0)


async def test_held_reading_is_taken_up_again_also_by_the_next_connection(peer: Peer, bench: Bench):
    link = await bench.link(peer)
    link.hold_reading(hold=True)
    assert link._connection is not None
    link._connection.abort()  # who does not read does not see the peer go
    await _down_and_up(link)
    assert link._connection is not None
    transport = link._connection._transport
    assert transport is not None
    assert not transport.is_reading()
    asked = _ask(link, sale())
    peer.answer(await peer.requests.get())
    link.hold_reading(hold=False)
    assert (await asked)[39] == "00"


async def test_what_can_not_be_encoded_is_not_sent(peer: Peer, bench: Bench):
    link = await bench.link(peer)
    mti, fields = sale()
    with pytest.raises(NotSent) as raised:
        link.ask(mti, fields | {4: "not an amount 6200000000000005"})
    assert "6200000000000005" not in str(raised.value)
    assert link.in_flight == 0


async def test_stopping_signs_off(peer: Peer, bench: Bench):
    link = await bench.link(peer)
    await peer.network.get()
    await link.drain()
    await link.stop()
    assert (await peer.network.get())[70] == "002"
    with pytest.raises(NotSent):
        link.ask(*sale())
    await link.stop()


async def _under_uvloop() -> None:
    """One way through everything that touches the transport."""
    assert isinstance(asyncio.get_running_loop(), uvloop.Loop)
    bench = Bench(HeldClock())
    async with Peer() as peer:
        link = await bench.link(peer)
        asked = [_ask(link, sale(trace)) for trace in range(3)]
        requests = [await peer.requests.get() for _ in asked]
        peer.answer(requests[0])
        assert (await asked[0])[39] == "00"
        link.hold_reading(hold=True)
        link.hold_reading(hold=False)
        bench.clock.forward(seconds=15)
        assert {await _silence(one) for one in asked[1:]} == {Silence.TIMED_OUT}
        peer.answer(requests[1])
        assert (await bench.late.get())[11] == requests[1][11]
        peer.drop()
        await _down_and_up(link)
        await link.stop()
        assert link.counts.connects == 2


def test_the_same_under_uvloop():
    uvloop.run(_under_uvloop())


class _Mirror(asyncio.Protocol):
    """Sends back whatever comes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(data)


async def test_a_mirror_is_no_issuer_and_declines_nothing(bench: Bench, peer: Peer):
    """What annul answers to its own request, sent back, would come back as the issuer's word."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Mirror, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        await peer.close()
        peer.port = port
        link = await bench.link(peer, wait=False, timeout_ms=200)
        while not link.counts.sign_on_refusals:
            assert not link.up
            bench.clock.forward(seconds=0.05)
            await asyncio.sleep(0.01)
        assert link.counts.answered == 0
        await link.stop()


@pytest.mark.parametrize("sealed", [False, True])
async def test_a_request_that_is_sent_back_is_not_answered_in_the_issuers_name(
    peer: Peer, bench: Bench, security, mac_key, seal, sealed: bool
):
    keys = {"security": security, "mac_key": mac_key} if sealed else {}
    if sealed:
        peer.seal = seal
    link = await bench.link(peer, timeout_ms=300, **keys)
    asked = _ask(link, sale())
    request = await peer.requests.get()
    peer.write(FRAMING.pack(request.raw))
    peer.answer(request, {38: "A1B2C3"})
    assert (await asked)[39] == "00"
    assert link.counts.unexpected == 1
    peer.write(FRAMING.pack(CODEC.encode("0820", {7: "1123100000", 11: "999999", 70: "301"})))
    while peer.network.qsize() < 2:  # the sign-on, then the answer to that echo
        await asyncio.sleep(0.01)
    assert peer.requests.empty()  # not even a refusal: sent back, it would be one of ours


async def test_no_request_of_an_issuer_is_answered_with_a_mac(
    peer: Peer, bench: Bench, security, mac_key, seal
):
    """Otherwise whoever sends our own request back, late, gets its refusal with a good MAC."""
    peer.seal = seal
    await bench.link(peer, security=security, mac_key=mac_key)
    mti, fields = sale(77)
    peer.write(FRAMING.pack(seal(mti, fields)))
    answer = await peer.requests.get()
    assert (answer.mti, answer[39], 128 in answer) == ("0210", "30", False)
