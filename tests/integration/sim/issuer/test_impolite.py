"""An issuer that is not polite: what it says, and what its books say that it did."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from annul.security.ciphers import TDES, BlockCipher
from annul.security.mac import MacAlgorithm, mac
from annul.sim.issuer.entries import BookEntry
from annul.sim.issuer.faults import Fault, FaultKind
from annul.sim.issuer.simulator import Options, Simulator, simulate
from annul.wire.mac_block import MacBlock

from .acquirer import CODEC, PAN, Acquirer, Fields, connect, control

NOON = datetime(2026, 11, 23, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
LATE_MS = 30


def _meets(simulator: Simulator, kind: str, **more: Any) -> None:
    simulator.server.faults.rows = [Fault(FaultKind(kind), **more)]


def _polite(simulator: Simulator) -> None:
    simulator.server.faults.rows = []


def _net(simulator: Simulator) -> int:
    """Give what the books say has moved, once they are found to add up."""
    books = simulator.server.books
    books.check()
    return books.totals()["net"]


async def _booked(simulator: Simulator, count: int = 1) -> list[BookEntry]:
    """Wait until so many entries are on the books."""
    entries = simulator.server.books.entries
    async with asyncio.timeout(5):
        while len(entries) < count:
            await asyncio.sleep(0.005)
    return list(entries.values())


# Booked late --------------------------------------------------------------------------------


async def test_it_books_what_it_has_called_unknown_to_the_reversal_and_says_so(
    simulator: Simulator, acquirer: Acquirer
) -> None:
    _meets(simulator, "books_late", low_ms=LATE_MS, high_ms=LATE_MS)
    sale = acquirer.ask("sale")
    acquirer.reverse(sale)
    assert ((answer := await acquirer.answer()).mti, answer[39]) == ("0430", "25")
    assert _net(simulator) == 0
    late = await acquirer.answer()
    assert (late.mti, late[11], late[39]) == ("0210", sale[11], "00")
    assert _net(simulator) == 1_000
    acquirer.reverse(sale)
    assert await acquirer.code() == "00"
    assert _net(simulator) == 0


async def test_what_waits_to_be_booked_is_not_a_word_about_and_booked_once(
    simulator: Simulator, acquirer: Acquirer
) -> None:
    _meets(simulator, "books_late", low_ms=LATE_MS, high_ms=LATE_MS)
    sale = acquirer.ask("sale")
    acquirer.again(sale)
    assert await acquirer.code() == "00"
    assert await acquirer.silent()  # one answer to both
    _polite(simulator)
    acquirer.again(sale)
    assert await acquirer.code() == "00"
    assert _net(simulator) == 1_000


async def test_the_late_answer_takes_the_line_that_is_there(
    simulator: Simulator, acquirer: Acquirer
) -> None:
    _meets(simulator, "books_late", low_ms=1_000, high_ms=1_000)
    acquirer.ask("sale")
    assert await acquirer.silent()
    acquirer.hang_up()
    other = await connect(simulator)
    assert await other.silent()  # before it is due
    assert await other.code() == "00"


async def test_it_books_late_and_never_says_so(simulator: Simulator, acquirer: Acquirer) -> None:
    _meets(simulator, "books_late_silently", low_ms=LATE_MS, high_ms=LATE_MS)
    acquirer.reverse(acquirer.ask("sale"))
    assert await acquirer.code() == "25"
    await _booked(simulator)
    assert _net(simulator) == 1_000
    assert await acquirer.silent()


async def test_what_its_rules_refuse_is_not_booked_late_either(
    simulator: Simulator, acquirer: Acquirer
) -> None:
    _meets(simulator, "books_late", low_ms=LATE_MS, high_ms=LATE_MS)
    simulator.server.books.policy.amount_limit = 1
    acquirer.ask("sale")
    assert await acquirer.code() == "61"
    assert _net(simulator) == 0


async def test_a_simulator_that_ends_books_nothing_late(acquirer: Acquirer) -> None:
    del acquirer
    async with simulate(Options()) as ended:
        _meets(ended, "books_late", low_ms=5_000, high_ms=5_000)
        other = await connect(ended)
        other.ask("sale")
        assert await other.silent()
    assert not ended.server._waiting
    assert not ended.server.books.entries


# Answered otherwise than booked ---------------------------------------------------------------


@pytest.mark.parametrize("code", ["96", "91", "68", "98"])
async def test_it_books_and_says_that_it_could_not(
    simulator: Simulator, acquirer: Acquirer, code: str
) -> None:
    _meets(simulator, "booked_code", code=code, left=1)
    sale = acquirer.ask("sale")
    answer = await acquirer.answer()
    assert (answer[39], 38 in answer) == (code, False)
    (entry,) = await _booked(simulator)
    assert (_net(simulator), entry.code, entry.said) == (1_000, "00", code)
    acquirer.again(sale)  # asked again, it says what it has done
    assert await acquirer.code() == "00"
    assert _net(simulator) == 1_000


async def test_what_it_refuses_is_not_answered_as_if_it_were_booked(
    simulator: Simulator, acquirer: Acquirer
) -> None:
    _meets(simulator, "booked_code", code="96")
    simulator.server.books.policy.amount_limit = 1
    acquirer.ask("sale")
    assert await acquirer.code() == "61"


@pytest.mark.parametrize("code", ["25", "94", "12", "30", "96"])
async def test_it_refuses_the_reversal_of_what_it_has_booked(
    simulator: Simulator, acquirer: Acquirer, code: str
) -> None:
    _meets(simulator, "code", code=code, of_kind="reversal")
    sale = acquirer.ask("sale")
    assert await acquirer.code() == "00"
    acquirer.reverse(sale)
    assert await acquirer.code() == code
    assert _net(simulator) == 1_000
    _polite(simulator)
    acquirer.reverse(sale)
    assert await acquirer.code() == "00"
    assert _net(simulator) == 0


async def test_it_approves_half(simulator: Simulator, acquirer: Acquirer) -> None:
    _meets(simulator, "partial", left=1)
    sale = acquirer.ask("sale", 1_001)
    for _ in range(2):  # and says the same when it is asked again
        answer = await acquirer.answer()
        assert (answer[39], answer[4]) == ("10", "000000000500")
        acquirer.again(sale)
    assert _net(simulator) == 500
    await acquirer.answer()
    acquirer.reverse(sale)
    assert await acquirer.code() == "00"
    assert _net(simulator) == 0


async def test_it_books_twice_and_approves_twice(simulator: Simulator, acquirer: Acquirer) -> None:
    _meets(simulator, "twice")
    sale = acquirer.ask("sale")
    first, second = await acquirer.answer(), await acquirer.answer()
    assert first[11] == second[11] == sale[11]
    assert first[38] != second[38]
    (shown,) = await control(simulator, "GET", "/books/entries")
    assert (shown["net"], shown["times"]) == (2_000, 2)
    assert (shown["auth_code"], shown["second_code"]) == (first[38], second[38])
    assert _net(simulator) == 2_000


async def test_it_declines_and_approves_at_once(simulator: Simulator, acquirer: Acquirer) -> None:
    _meets(simulator, "wavers")
    acquirer.ask("sale")
    first, second = await acquirer.answer(), await acquirer.answer()
    assert (first[39], 38 in first, second[39], 38 in second) == ("51", False, "00", True)
    assert _net(simulator) == 1_000


async def test_it_books_double_and_says_so(simulator: Simulator, acquirer: Acquirer) -> None:
    _meets(simulator, "other_amount")
    acquirer.ask("sale")
    answer = await acquirer.answer()
    assert (answer[39], answer[4]) == ("00", "000000002000")
    (shown,) = await control(simulator, "GET", "/books/entries")
    assert (shown["asked"], shown["amount"], shown["net"]) == (1_000, 2_000, 2_000)
    assert _net(simulator) == 2_000


@pytest.mark.parametrize(
    ("kind", "number"),
    [("other_currency", 49), ("other_trace", 11), ("other_terminal", 41), ("other_reference", 37)],
)
async def test_its_answer_names_another_one(
    simulator: Simulator, acquirer: Acquirer, kind: str, number: int
) -> None:
    _meets(simulator, kind)
    sale = acquirer.ask("sale")
    said = (await acquirer.answer()).fields()
    differing = {n for n in sale if n in said and said[n] != sale[n]}
    assert differing == {number}
    assert said[39] == "00"
    assert _net(simulator) == 1_000


async def test_it_says_two_balances(simulator: Simulator, acquirer: Acquirer) -> None:
    _meets(simulator, "long_balance")
    for kind in ("sale", "balance"):
        acquirer.ask(kind)
        answer = await acquirer.answer()
        assert (answer[39], len(answer[54])) == ("00", 40)


async def test_it_forgets_what_it_has_booked(simulator: Simulator, acquirer: Acquirer) -> None:
    _meets(simulator, "forgets", of_kind="sale")
    sale = acquirer.ask("sale")
    assert await acquirer.code() == "00"
    acquirer.ask("void", original=sale)
    assert await acquirer.code() == "25"
    acquirer.ask("refund", original=sale)
    assert await acquirer.code() == "25"
    acquirer.reverse(sale)
    assert await acquirer.code() == "25"
    assert _net(simulator) == 1_000


async def test_it_declines_an_advice(simulator: Simulator, acquirer: Acquirer) -> None:
    _meets(simulator, "code", code="51", of_kind="completion_advice")
    held = acquirer.ask("preauth")
    assert await acquirer.code() == "00"
    acquirer.ask("completion_advice", original=held)
    assert await acquirer.code() == "51"
    assert _net(simulator) == 0
    assert simulator.server.books.account(PAN).held == 1_000


async def test_late_by_milliseconds(simulator: Simulator, acquirer: Acquirer) -> None:
    _meets(simulator, "delay", low_ms=LATE_MS, high_ms=LATE_MS + 2)
    loop = asyncio.get_running_loop()
    began = loop.time()
    acquirer.ask("sale")
    assert await acquirer.code() == "00"
    assert loop.time() - began >= LATE_MS / 1000


# Yesterday's books ----------------------------------------------------------------------------


class Clock:
    """Goes when it is told to."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def dated(clock: Clock) -> AsyncIterator[Simulator]:
    async with simulate(Options(control_port=0), clock) as opened:
        yield opened


async def test_it_restores_yesterdays_books(dated: Simulator, clock: Clock) -> None:
    acquirer = await connect(dated)
    old = acquirer.ask("sale")
    assert await acquirer.code() == "00"
    clock.now += timedelta(seconds=60)
    new = acquirer.ask("sale", 300)
    assert await acquirer.code() == "00"
    acquirer.ask("void", original=old)
    assert await acquirer.code() == "00"
    assert _net(dated) == 300
    path = "/books/yesterday?seconds="
    assert await control(dated, "PUT", f"{path}30") == {"entries": 1, "gone": 2}
    assert _net(dated) == 1_000
    acquirer.reverse(new)
    assert await acquirer.code() == "25"
    acquirer.ask("void", original=old)
    assert await acquirer.code() == "00"
    for wrong in ("", "-1", "x", "nan", "inf"):
        assert await control(dated, "PUT", f"{path}{wrong}") == 422


# MAC ---------------------------------------------------------------------------------------------


async def test_the_mac_is_over_the_named_fields_both_ways() -> None:
    key = BlockCipher(TDES, bytes(range(16)))
    block = MacBlock(CODEC.dialect)
    async with simulate(Options(mac_key=bytes(range(16)))) as opened:
        acquirer = await connect(opened)
        acquirer.ask("sale")
        assert await acquirer.code() == "A0"
        fields = dict(_signed(block, key))
        acquirer.send("0200", fields)
        answer = await acquirer.answer()
        said = answer.fields()
        assert answer[39] == "00"
        assert said[128] == mac(MacAlgorithm.X9_19, key, block.of("0210", said, b""))
        # Not over what the rules do not name, but over what they do.
        acquirer.send("0200", fields | {49: "840"})
        assert await acquirer.code() == "00"
        acquirer.send("0200", fields | {4: "000000009000"})
        assert await acquirer.code() == "A0"


def _signed(block: MacBlock, key: BlockCipher) -> Fields:
    fields: Fields = {
        2: PAN,
        3: "000000",
        4: "000000001000",
        7: "1123120000",
        11: "000901",
        25: "00",
        32: "48020000",
        33: "48020000",
        37: "300000000901",
        41: "10000001",
        42: "898000058120000",
        49: "156",
    }
    signed = block.of("0200", fields, b"")
    return fields | {128: mac(MacAlgorithm.X9_19, key, signed)}
