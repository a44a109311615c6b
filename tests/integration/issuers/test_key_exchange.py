"""Keys that change while an issuer serves: over real sockets, against the simulated issuer."""

import asyncio
import json
import random
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import asyncpg
import pytest

from annul.domain.answers import Verdict
from annul.domain.records import Issuer
from annul.issuers import directory
from annul.issuers.errors import NoAnswer
from annul.issuers.key_asking import KeyAsking
from annul.issuers.key_exchange import KeyExchange
from annul.issuers.key_forms import KEY_FORMS, SentKey
from annul.issuers.key_rows import put
from annul.issuers.lines import Issuers
from annul.issuers.message import network_fields
from annul.security.ciphers import SM, TDES, BlockCipher
from annul.security.keys import Component, KeyKind
from annul.security.mac import MacAlgorithm, mac
from annul.security.software import SoftwareModule
from annul.sim.issuer.faults import Fault, FaultKind
from annul.sim.issuer.simulator import Options, Simulator, simulate
from annul.store.batcher import StoreUnavailable
from annul.store.clock import Clock, SystemClock
from annul.wire.codec import Codec
from annul.wire.dialects import DIALECTS
from tests.support.clock import HeldClock
from tests.support.exchanges import SALE, request_of

from .conftest import LIMITS

ISSUER: Final = "62000000"
MAC_KEY, PIN_KEY, ZONE = (bytes(range(at, at + 16)) for at in (1, 31, 61))
CODEC: Final = Codec(DIALECTS["cups"])
FORM: Final = KEY_FORMS["field_48"]


@dataclass
class Side:
    """annul's side towards one issuer, and the issuer."""

    pool: asyncpg.Pool
    security: SoftwareModule
    simulator: Simulator
    issuers: Issuers
    exchange: KeyExchange
    issuer_id: str = ISSUER
    sales: int = 0

    @property
    def keys(self):
        return self.simulator.server.keys

    @property
    def line(self):
        return self.issuers.lines[self.issuer_id]

    async def sale(self) -> Verdict:
        self.sales += 1
        row = SALE._replace(
            issuer_trace=f"{self.sales:06d}",
            rrn=f"{self.sales:012d}",
            issuer_id=self.issuer_id,
        )
        route = self.issuers.route_to(self.issuer_id)
        return (await self.issuers.ask(route, *request_of(row))).verdict

    async def change(self, kind: KeyKind, **more: Any) -> str:
        """Let the issuer send a key; gives the code that it was answered."""
        assert self.simulator.server.change_key(kind, **more)
        async with asyncio.timeout(10):
            code = await self.keys.said.get()
        await self.settled()
        return code

    async def settled(self) -> None:
        """Wait until nothing is being written of keys."""
        messages = self.line.link._keys
        assert messages is not None
        await messages.drain()
        await self.exchange.stop()

    async def rows(self, kind: str = "mac") -> list[tuple[bool, bool, bool]]:
        """Say of each key of a kind, the oldest first: in force once, proved, ended."""
        return [
            (row["in_force_since"] is not None, row["proved_at"] is not None, row["ended"])
            for row in await self.pool.fetch(
                "SELECT *, ended_at IS NOT NULL AS ended FROM issuer_keys"
                " WHERE kind = $1 AND issuer_id = $2 ORDER BY id",
                kind,
                self.issuer_id,
            )
        ]

    async def incidents(self) -> list[str]:
        rows = await self.pool.fetch("SELECT kind FROM incidents WHERE closed_at IS NULL")
        return [row["kind"] for row in rows]


async def _register(
    pool: asyncpg.Pool, security: SoftwareModule, port: int, issuer_id: str = ISSUER, **more: Any
) -> Issuer:
    """Put an issuer in, with agreed keys and a zone key of two components."""
    values = {
        "mac_key": security.import_key(KeyKind.MAC, TDES, MAC_KEY).wrapped,
        "pin_key": security.import_key(KeyKind.PIN, TDES, PIN_KEY).wrapped,
        "key_exchange": "field_48",
    } | more
    names = ", ".join(values)
    places = ", ".join(f"${at}" for at in range(3, 3 + len(values)))
    await pool.execute(
        f"INSERT INTO issuers (issuer_id, name_zh, name_en, host, port, timeout_ms, {names})"
        f" VALUES ($1, '测试行', 'Test bank', '127.0.0.1', $2, 5000, {places})",
        issuer_id,
        port,
        *values.values(),
    )
    half = bytes(range(101, 117))
    parts = [half, bytes(a ^ b for a, b in zip(half, ZONE, strict=True))]
    components = [Component(part, BlockCipher(TDES, part).check_value()[:3]) for part in parts]
    zone = security.import_components(KeyKind.ZONE, TDES, components)
    now = SystemClock().now()
    async with pool.acquire() as connection, connection.transaction():
        await put(connection, issuer_id, zone, now, since=now)
    (row,) = [one for one in (await directory.read(pool)).issuers if one.issuer_id == issuer_id]
    return row


@asynccontextmanager
async def _serving(
    pool: asyncpg.Pool, security: SoftwareModule, rows: list[Issuer], clock: Clock | None = None
) -> AsyncIterator[tuple[Issuers, KeyExchange]]:
    """Serve as one process does."""
    clock = clock or SystemClock()
    exchange = KeyExchange(pool, security, clock)
    await exchange.load()
    issuers = Issuers(
        rows, [], clock, security, random=random.Random(1).random, limits=LIMITS, keys=exchange
    )
    issuers.start(_nowhere)
    assert await issuers.ready(5)
    yield issuers, exchange
    await issuers.stop()


async def _nowhere(issuer_id: str, message: object) -> None:
    del issuer_id, message


def _options(**more: Any) -> Options:
    usual = {"mac_key": MAC_KEY, "pin_key": PIN_KEY, "zone_key": ZONE, "key_exchange": "field_48"}
    return Options(**(usual | more))


@pytest.fixture
async def side(pool: asyncpg.Pool, security: SoftwareModule) -> AsyncIterator[Side]:
    async with simulate(_options()) as simulator:
        row = await _register(pool, security, simulator.port)
        async with _serving(pool, security, [row]) as (issuers, exchange):
            yield Side(pool, security, simulator, issuers, exchange)


# A key comes ------------------------------------------------------------------------------------


async def test_sales_before_and_after_a_new_mac_key(side: Side) -> None:
    assert await side.sale() is Verdict.APPROVED
    before = side.keys.force[KeyKind.MAC]
    assert await side.change(KeyKind.MAC) == "00"
    assert side.keys.force[KeyKind.MAC] is not before
    assert await side.rows() == [(True, False, False)]
    side.keys.before = None  # nothing is taken under the old one any more
    assert await side.sale() is Verdict.APPROVED
    await side.settled()
    assert await side.rows() == [(True, True, False)]
    assert side.line.link.counts.bad_mac == 0


async def test_a_pin_key_changes_what_pins_are_enciphered_under(side: Side) -> None:
    first = side.issuers.route_to(ISSUER).pin_key
    assert await side.change(KeyKind.PIN) == "00"
    second = side.issuers.route_to(ISSUER).pin_key
    assert first is not None
    assert second is not None
    assert second.wrapped != first.wrapped
    theirs = side.keys.force[KeyKind.PIN]
    assert theirs is not None
    assert second.check_value == theirs.check_value()


async def test_sales_on_the_way_while_keys_change(side: Side) -> None:
    """Every answer that was made under the key before is taken, and every one after it."""
    done: list[Verdict] = []

    async def traffic() -> None:
        done.extend([await side.sale() for _ in range(20)])

    side.simulator.server.faults.rows = [Fault(FaultKind("delay"), low_ms=1, high_ms=5)]
    running = [asyncio.create_task(traffic()) for _ in range(3)]
    for _ in range(4):
        assert await side.change(KeyKind.MAC) == "00"
        assert await side.sale() is Verdict.APPROVED
        assert await side.change(KeyKind.PIN) == "00"
    await asyncio.gather(*running)
    await side.settled()
    assert done == [Verdict.APPROVED] * 60
    assert side.line.link.counts.bad_mac == 0
    rows = await side.rows()
    assert [ended for *_, ended in rows] == [True, True, True, False]
    kept = await side.pool.fetch("SELECT wrapped <> '' AS kept FROM issuer_keys WHERE kind = 'mac'")
    assert sum(row["kept"] for row in kept) == 2, "the one in force, and the one before"


async def test_an_answer_that_was_on_the_way_under_the_key_before(side: Side) -> None:
    side.simulator.server.faults.rows = [Fault(FaultKind("delay"), low_ms=300, high_ms=300, left=1)]
    slow = asyncio.create_task(side.sale())
    await asyncio.sleep(0)
    old = side.keys.force[KeyKind.MAC]
    sent = side.keys.bring(KeyKind.MAC, SystemClock().now())
    side.line.link.received(sent)
    async with asyncio.timeout(5):
        await side.keys.said.get()
    await side.settled()
    side.keys.force[KeyKind.MAC] = old  # the issuer has built this answer before it went over
    assert await slow is Verdict.APPROVED


async def test_two_links_at_once(pool: asyncpg.Pool, security: SoftwareModule) -> None:
    async with simulate(_options()) as one, simulate(_options()) as other:
        rows = [
            await _register(pool, security, one.port),
            await _register(pool, security, other.port, "62000001"),
        ]
        async with _serving(pool, security, rows) as (issuers, exchange):
            sides = [
                Side(pool, security, simulator, issuers, exchange, row.issuer_id)
                for simulator, row in zip((one, other), rows, strict=True)
            ]
            codes = await asyncio.gather(*(side.change(KeyKind.MAC) for side in sides))
            assert codes == ["00", "00"]
            for side in sides:
                side.keys.before = None
                assert await side.sale() is Verdict.APPROVED
            assert sides[0].keys.force[KeyKind.MAC] is not sides[1].keys.force[KeyKind.MAC]


# We ask -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_answers", [True, False])
async def test_somebody_asks_for_new_keys(side: Side, *, in_answers: bool) -> None:
    side.keys.in_answers = in_answers
    asking = KeyAsking(side.issuers, side.exchange)
    await asking.turn()
    assert await side.rows() == []
    await side.pool.execute("UPDATE issuers SET keys_wanted = true")
    await asking.turn()
    if not in_answers:
        async with asyncio.timeout(10):
            assert {await side.keys.said.get() for _ in range(2)} == {"00"}
    await side.settled()
    assert len(await side.rows("mac")) == len(await side.rows("pin")) == 1
    side.keys.before = None
    assert await side.sale() is Verdict.APPROVED
    await asking.turn()
    assert len(await side.rows("mac")) == 1, "what was asked for is asked for once"


async def test_an_issuer_whose_profile_says_so_is_asked_at_every_sign_on(
    pool: asyncpg.Pool, security: SoftwareModule
) -> None:
    async with simulate(_options(keys_in_answers=True)) as simulator:
        row = await _register(pool, security, simulator.port, keys_at_sign_on=True)
        async with _serving(pool, security, [row]) as (issuers, exchange):
            side, asking = (
                Side(pool, security, simulator, issuers, exchange),
                KeyAsking(issuers, exchange),
            )
            await asking.turn()
            await asking.turn()
            assert len(await side.rows()) == 1
            side.keys.before = None
            assert await side.sale() is Verdict.APPROVED


# What is refused ---------------------------------------------------------------------------------


async def test_a_wrong_check_value_changes_nothing_and_the_second_is_told(side: Side) -> None:
    old = side.keys.force[KeyKind.MAC]
    assert await side.change(KeyKind.MAC, wrong_check=True) == "A7"
    assert await side.incidents() == []
    assert await side.change(KeyKind.MAC, wrong_check=True) == "A7"
    assert await side.incidents() == ["issuer_key_refused"]
    assert (await side.rows(), side.keys.force[KeyKind.MAC]) == ([], old)
    assert await side.sale() is Verdict.APPROVED
    assert await side.change(KeyKind.MAC) == "00"
    assert await side.incidents() == []
    assert await side.sale() is Verdict.APPROVED


async def _answered(side: Side, body: bytes) -> str:
    """Give annul these bytes as if the issuer had sent them, and its answer's code."""
    said: list[bytes] = []

    def answer(frame: bytes) -> bool:
        said.append(frame)
        return True

    row = side.line.link.issuer
    await side.exchange.serve(row, CODEC, CODEC.decode(body), answer)
    await side.settled()
    (one,) = said
    answered = CODEC.decode(one)
    assert (128 in answered) == (answered[39] == "00"), "a refusal has no MAC"
    return str(answered[39])


def _message(
    kind: KeyKind,
    clear: bytes,
    *,
    under: bytes = ZONE,
    sealed: bytes | None = MAC_KEY,
    check: bytes | None = None,
    trace: str = "000007",
) -> bytes:
    """Build a key message by hand."""
    encrypted = BlockCipher(TDES, under).encrypt(clear)
    sent = SentKey(kind, encrypted, check or BlockCipher(TDES, clear).check_value())
    fields = {**network_fields(trace, SystemClock().now()), **FORM.write(sent)}
    if sealed is None:
        return CODEC.encode("0820", fields)
    unsigned = CODEC.encode_unsigned("0820", fields)
    return CODEC.sign(unsigned, mac(MacAlgorithm.X9_19, BlockCipher(TDES, sealed), unsigned))


_NEW: Final = bytes(range(201, 217))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (_message(KeyKind.MAC, _NEW, sealed=None), "A0"),
        (_message(KeyKind.MAC, _NEW, sealed=bytes(range(9, 25))), "A0"),
        (_message(KeyKind.MAC, _NEW, sealed=_NEW), "A0"),
        (_message(KeyKind.MAC, _NEW, under=bytes(range(8, 24))), "A7"),
        (_message(KeyKind.MAC, _NEW, check=b"\0\0\0\0"), "A7"),
        (_message(KeyKind.MAC, _NEW, check=BlockCipher(TDES, _NEW).check_value()[:2]), "A7"),
        (_message(KeyKind.MAC, bytes(16)), "A7"),
        (_message(KeyKind.MAC, bytes(range(8)) * 2), "A7"),
        (_message(KeyKind.MAC, _NEW[:8], check=b"abc"), "30"),
    ],
    ids=[
        "no MAC",
        "MAC of another key",
        "MAC of the new key",
        "under another zone key",
        "wrong check value",
        "short check value",
        "zeros",
        "halves alike",
        "short",
    ],
)
async def test_what_is_not_proven_changes_nothing(side: Side, body: bytes, code: str) -> None:
    assert await _answered(side, body) == code
    assert await side.rows() == []
    assert await side.sale() is Verdict.APPROVED


async def test_one_changed_character_of_the_key_breaks_the_mac(side: Side) -> None:
    """The fields that the dialect names for other messages would leave the key out."""
    body = bytearray(_message(KeyKind.MAC, _NEW))
    at = body.index(b"101", 40) if b"101" in body[40:] else len(body) - 60
    for place in {at, len(body) - 12, len(body) - 40}:
        changed = bytes(body[:place]) + bytes([body[place] ^ 1]) + bytes(body[place + 1 :])
        try:
            message = CODEC.decode(changed)
            message.check()
        except Exception:  # noqa: BLE001 - another message is no key message
            continue
        if message.get(70) == "101":
            assert await _answered(side, changed) == "A0"
    assert await side.rows() == []


async def test_the_same_message_again_changes_nothing(side: Side) -> None:
    body = _message(KeyKind.MAC, _NEW)
    assert await _answered(side, body) == "00"
    rows = await side.pool.fetch("SELECT * FROM issuer_keys ORDER BY id")
    assert await _answered(side, body) == "00"
    assert await side.pool.fetch("SELECT * FROM issuer_keys ORDER BY id") == rows


async def test_an_old_key_does_not_come_back(side: Side) -> None:
    """Also where the MAC key is the same, as when only PIN keys have changed since."""
    first, second = bytes(range(120, 136)), bytes(range(140, 156))
    replayed = _message(KeyKind.PIN, first)
    assert await _answered(side, replayed) == "00"
    assert await _answered(side, _message(KeyKind.PIN, second)) == "00"
    assert await _answered(side, replayed) == "A7"
    key = side.issuers.route_to(ISSUER).pin_key
    assert key is not None
    assert key.check_value == BlockCipher(TDES, second).check_value()


async def test_a_key_serves_one_purpose(side: Side) -> None:
    assert await _answered(side, _message(KeyKind.PIN, _NEW)) == "00"
    assert await _answered(side, _message(KeyKind.MAC, _NEW)) == "A7"


async def test_an_issuer_that_sends_no_keys_is_told_so(
    pool: asyncpg.Pool, security: SoftwareModule
) -> None:
    async with simulate(_options()) as simulator:
        row = await _register(pool, security, simulator.port, key_exchange="")
        async with _serving(pool, security, [row]) as (issuers, exchange):
            side = Side(pool, security, simulator, issuers, exchange)
            assert await _answered(side, _message(KeyKind.MAC, _NEW)) == "40"
            assert await side.rows() == []


async def test_without_a_zone_key_none_is_taken(side: Side) -> None:
    await side.pool.execute("UPDATE issuer_keys SET ended_at = now() WHERE kind = 'zone'")
    await side.exchange.load()
    assert await _answered(side, _message(KeyKind.MAC, _NEW)) == "A7"


async def _posted(simulator: Simulator, path: str) -> Any:
    """Call the simulator's control: its answer, or the status when it refuses."""

    def call() -> Any:
        url = f"http://127.0.0.1:{simulator.control_port}{path}"
        request = urllib.request.Request(url, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    return await asyncio.to_thread(call)


async def test_the_control_of_the_simulator_sends_keys(
    pool: asyncpg.Pool, security: SoftwareModule
) -> None:
    async with simulate(_options(control_port=0)) as simulator:
        assert await _posted(simulator, "/keys?kind=mac") == 409
        row = await _register(pool, security, simulator.port)
        async with _serving(pool, security, [row]) as (issuers, exchange):
            side = Side(pool, security, simulator, issuers, exchange)
            wrong = await _posted(simulator, "/keys?kind=mac&wrong_check=true")
            assert wrong == {"code": "A7"}
            assert await _posted(simulator, "/keys?kind=pin") == {"code": "00"}
            assert await _posted(simulator, "/keys?kind=zone") == 422
            await side.settled()
            assert len(await side.rows("pin")) == 1


# Crashes and lost answers ------------------------------------------------------------------------


async def test_killed_between_storing_and_answering_both_sides_go_on(
    side: Side,
) -> None:
    """The issuer has heard nothing and stays with the old key, until it sends the new one again."""
    body = _message(KeyKind.MAC, _NEW)
    row = side.line.link.issuer
    await side.exchange.serve(row, CODEC, CODEC.decode(body), lambda _: False)
    assert await side.rows() == [(False, False, False)]
    assert await side.sale() is Verdict.APPROVED
    async with _serving(side.pool, side.security, [row]) as (issuers, exchange):  # started anew
        again = Side(side.pool, side.security, side.simulator, issuers, exchange, sales=50)
        assert again.exchange.ring(row).waits == (KeyKind.MAC,)
        assert await again.sale() is Verdict.APPROVED
        assert await _answered(again, body) == "00"
        assert await side.rows() == [(True, False, False)]
        again.keys.force[KeyKind.MAC] = BlockCipher(TDES, _NEW)
        assert await again.sale() is Verdict.APPROVED


async def test_killed_between_answering_and_using_the_first_answer_puts_it_in_force(
    side: Side,
) -> None:
    """The issuer has heard the answer and went over; it takes the key before for a while."""
    row = side.line.link.issuer
    await side.exchange.serve(
        row, CODEC, CODEC.decode(_message(KeyKind.MAC, _NEW)), lambda _: False
    )
    old, new = side.keys.force[KeyKind.MAC], BlockCipher(TDES, _NEW)
    async with _serving(side.pool, side.security, [row]) as (issuers, exchange):
        again = Side(side.pool, side.security, side.simulator, issuers, exchange, sales=50)
        again.keys.force[KeyKind.MAC], again.keys.before = new, old
        assert await again.sale() is Verdict.APPROVED
        await again.settled()
        assert await again.rows() == [(True, True, False)]
        again.keys.before = None
        assert await again.sale() is Verdict.APPROVED


async def test_whoever_missed_the_answer_may_send_another_key(side: Side) -> None:
    """Many security modules make a new key for each try."""
    assert await _answered(side, _message(KeyKind.MAC, _NEW)) == "00"
    other = bytes(range(160, 176))
    assert await _answered(side, _message(KeyKind.MAC, other)) == "00"  # under the first MAC key
    side.keys.force[KeyKind.MAC] = BlockCipher(TDES, other)
    assert await side.sale() is Verdict.APPROVED
    await side.settled()
    late = _message(KeyKind.MAC, bytes(range(180, 196)))
    assert await _answered(side, late) == "A0", "the new one is proved: the first is over"


async def test_the_key_before_is_over_after_its_grace(
    pool: asyncpg.Pool, security: SoftwareModule
) -> None:
    clock = HeldClock()
    async with simulate(_options()) as simulator:
        row = await _register(pool, security, simulator.port)
        async with _serving(pool, security, [row], clock) as (issuers, exchange):
            side = Side(pool, security, simulator, issuers, exchange)
            assert await _answered(side, _message(KeyKind.MAC, _NEW)) == "00"
            ring = exchange.ring(row)
            assert len(ring.taken(clock.now())) == 2
            assert len(ring.taken(clock.now() + timedelta(minutes=6))) == 1


# Two processes -----------------------------------------------------------------------------------


async def test_another_process_takes_up_a_key_that_it_has_not_seen(side: Side) -> None:
    row = side.line.link.issuer
    async with _serving(side.pool, side.security, [row]) as (issuers, exchange):
        other = Side(side.pool, side.security, side.simulator, issuers, exchange, sales=100)
        assert await _answered(side, _message(KeyKind.MAC, _NEW)) == "00"
        old = other.keys.force[KeyKind.MAC]
        other.keys.force[KeyKind.MAC] = BlockCipher(TDES, _NEW)
        other.keys.before = old
        verdicts = await asyncio.gather(*(other.sale() for _ in range(10)))
        assert verdicts == [Verdict.APPROVED] * 10
        assert other.line.link.counts.bad_mac == 0
        other.keys.before = None
        assert await other.sale() is Verdict.APPROVED


async def test_a_wrong_mac_stays_wrong(side: Side) -> None:
    side.simulator.server.faults.rows = [Fault(FaultKind("wrong_mac"))]
    with pytest.raises(NoAnswer):
        await side.sale()
    assert side.line.link.counts.bad_mac == 1


async def test_two_processes_take_the_same_message_once(side: Side) -> None:
    row = side.line.link.issuer
    async with _serving(side.pool, side.security, [row]) as (issuers, exchange):
        other = Side(side.pool, side.security, side.simulator, issuers, exchange)
        body = _message(KeyKind.MAC, _NEW)
        codes = await asyncio.gather(_answered(side, body), _answered(other, body))
        assert codes == ["00", "00"]
        assert await side.rows() == [(True, False, False)]


async def test_without_the_database_nothing_is_taken(side: Side) -> None:
    await side.pool.close()
    assert await _answered(side, _message(KeyKind.MAC, _NEW)) == "96"
    assert await side.sale() is Verdict.APPROVED


# What must never open a link ---------------------------------------------------------------------


async def test_a_key_of_a_cipher_that_the_row_does_not_know_yet_leaves_the_ring(side: Side) -> None:
    """Row and key change in one commit, and a process may read the keys before the row."""
    assert await side.change(KeyKind.MAC) == "00"
    ring = side.exchange.ring(side.line.link.issuer)
    before = ring.key(KeyKind.MAC)
    other = side.security.generate(KeyKind.MAC, SM)
    now = SystemClock().now()
    async with side.pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "UPDATE issuers SET mac_algorithm = 'sm4_cmac', mac_key_algorithm = 'sm4',"
            " mac_key = NULL"
        )
        await put(connection, ISSUER, other, now, since=now)
    await side.exchange.load()
    assert ring.key(KeyKind.MAC) == before, "never without a MAC"
    assert await side.sale() is Verdict.APPROVED
    tables = await directory.read(side.pool)
    await side.issuers.apply(tables.issuers, tables.bins)
    found = ring.key(KeyKind.MAC)
    assert found is not None
    assert found.wrapped == other.wrapped


async def test_a_row_that_does_not_go_with_its_keys_has_no_line_at_start_and_changes_none_later(
    side: Side,
) -> None:
    assert await side.change(KeyKind.MAC) == "00"
    row = side.line.link.issuer
    wrong = replace(row, mac_algorithm="sm4_cmac", mac_key_algorithm="sm4", mac_key=None)
    line = side.line
    await side.issuers.apply([wrong], [])
    assert side.issuers.lines[ISSUER] is line, "the line that was good goes on"
    assert await side.sale() is Verdict.APPROVED
    good = replace(row, issuer_id="63000000")
    async with _serving(side.pool, side.security, [wrong, good]) as (issuers, _):
        assert set(issuers.lines) == {"63000000"}, "one that is wrong stops no other"
        assert not issuers.is_up(issuers.route_to(ISSUER))


async def test_once_answered_a_key_message_is_not_answered_again(
    side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is lost behind the answer: the key waits, and the issuer has its 00."""
    said: list[bytes] = []

    def answer(body: bytes) -> bool:
        said.append(body)
        return True

    async def lost(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(side.exchange, "_left", lost)
    message = CODEC.decode(_message(KeyKind.MAC, _NEW))
    await side.exchange.serve(side.line.link.issuer, CODEC, message, answer)
    assert [CODEC.decode(body)[39] for body in said] == ["00"]
    assert await side.rows() == [(False, False, False)]


async def test_a_key_message_under_one_that_waits_puts_that_in_force_first(side: Side) -> None:
    row = side.line.link.issuer
    first = CODEC.decode(_message(KeyKind.MAC, _NEW))
    await side.exchange.serve(row, CODEC, first, lambda _: False)
    second = _message(KeyKind.MAC, bytes(range(160, 176)), sealed=_NEW)
    assert await _answered(side, second) == "00"
    assert [(force, ended) for force, _, ended in await side.rows()] == [
        (True, True),
        (True, False),
    ]
