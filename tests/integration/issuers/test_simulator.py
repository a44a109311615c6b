"""annul's desk and the issuer simulator: both know a request, its original and its MAC alike."""

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from annul.domain.answers import Verdict
from annul.domain.records import Transaction
from annul.issuers.errors import NoAnswer, Silence
from annul.issuers.lines import Issuers
from annul.issuers.message import Answer
from annul.security.ciphers import AES, DES, SIZES, SM, TDES
from annul.security.keys import KeyKind
from annul.security.mac import MacAlgorithm
from annul.security.software import SoftwareModule
from annul.sim.issuer.faults import Fault, FaultKind
from annul.sim.issuer.simulator import Options, Simulator, simulate
from annul.store.clock import SystemClock
from tests.support.exchanges import OLD, SALE, VOID, request_of, reversal_of
from tests.support.peer import Peer

from .conftest import LIMITS

ISSUER = "62000000"
MAC_KEY = bytes(range(16))


class Bank:
    """A desk with one issuer behind it: the simulator, with a MAC both ways."""

    def __init__(self, issuers: Issuers, simulator: Simulator) -> None:
        self.issuers, self.simulator = issuers, simulator

    async def ask(self, transaction: Transaction, **more: Any) -> Answer:
        route = self.issuers.route_to(ISSUER)
        return await self.issuers.ask(route, *request_of(transaction, **more))

    async def reverse(self, transaction: Transaction) -> str:
        route = self.issuers.route_to(ISSUER)
        return (await self.issuers.ask(route, *reversal_of(transaction))).response_code

    def meets(self, kind: str, **more: Any) -> None:
        self.simulator.server.faults.rows = [Fault(FaultKind(kind), **more)]

    @property
    def net(self) -> int:
        books = self.simulator.server.books
        books.check()
        return books.totals()["net"]


@pytest.fixture
async def bank(security: SoftwareModule) -> AsyncIterator[Bank]:
    async with simulate(Options(mac_key=MAC_KEY)) as simulator:
        key = security.import_key(KeyKind.MAC, TDES, MAC_KEY)
        row = replace(
            Peer().issuer(ISSUER, mac_key=key.wrapped, timeout_ms=5_000), port=simulator.port
        )
        issuers = Issuers(
            [row], [], SystemClock(), security, random=random.Random(1).random, limits=LIMITS
        )
        issuers.start(_nowhere)
        assert await issuers.ready(5)
        yield Bank(issuers, simulator)
        await issuers.stop()


async def _nowhere(issuer_id: str, message: object) -> None:
    del issuer_id, message


async def test_sale_void_and_reversal(bank: Bank) -> None:
    sale = await bank.ask(SALE)
    assert (sale.verdict, bank.net) == (Verdict.APPROVED, SALE.amount)
    void = await bank.ask(VOID, original=SALE)
    assert (void.verdict, bank.net) == (Verdict.APPROVED, 0)
    assert await bank.reverse(VOID) == "00"
    assert bank.net == SALE.amount
    assert await bank.reverse(SALE) == "00"
    assert bank.net == 0


async def test_two_terminals_with_the_same_trace_in_one_second(bank: Bank) -> None:
    other = SALE._replace(terminal_id="00000002", rrn="326000000099", issuer_trace="004799")
    assert (other.trace, other.received_at) == (SALE.trace, SALE.received_at)
    for row in (SALE, other):
        assert (await bank.ask(row)).verdict is Verdict.APPROVED
    assert bank.net == 2 * SALE.amount
    assert await bank.reverse(SALE) == "00"
    assert [entry.net for entry in bank.simulator.server.books.entries.values()] == [
        0,
        SALE.amount,
    ]


async def test_a_row_that_was_sent_before_annul_had_traces_of_its_own(bank: Bank) -> None:
    assert (await bank.ask(OLD)).verdict is Verdict.APPROVED
    assert (await bank.ask(VOID, original=OLD)).verdict is Verdict.APPROVED
    assert await bank.reverse(VOID) == "00"
    assert await bank.reverse(OLD) == "00"
    assert bank.net == 0


@pytest.mark.parametrize(
    ("kind", "verdict", "differs"),
    [
        ("partial", Verdict.CONTRADICTS, ()),
        ("other_amount", Verdict.CONTRADICTS, (4,)),
        ("other_currency", Verdict.CONTRADICTS, (49,)),
        ("other_terminal", Verdict.CONTRADICTS, (41,)),
        ("other_reference", Verdict.CONTRADICTS, (37,)),
        ("booked_code", Verdict.OPEN, ()),
        ("wavers", Verdict.DECLINED, ()),
        ("twice", Verdict.APPROVED, ()),
        ("long_balance", Verdict.APPROVED, ()),
    ],
)
async def test_what_an_impolite_answer_proves_and_a_reversal_mends(
    bank: Bank, kind: str, verdict: Verdict, differs: tuple[int, ...]
) -> None:
    bank.meets(kind, of_kind="sale")
    answer = await bank.ask(SALE)
    assert (answer.verdict, answer.differs) == (verdict, differs)
    assert bank.net > 0
    assert await bank.reverse(SALE) == "00"
    assert bank.net == 0


async def test_a_wrong_mac_is_no_answer(bank: Bank) -> None:
    bank.meets("wrong_mac", of_kind="sale")
    with pytest.raises(NoAnswer) as raised:
        await bank.ask(SALE)
    assert raised.value.silence is Silence.BAD_MAC
    assert await bank.reverse(SALE) == "00"


# By the profile of the link ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("algorithm", "cipher"),
    [
        (MacAlgorithm.X9_9, TDES),
        (MacAlgorithm.X9_9, DES),
        (MacAlgorithm.SM4_CMAC, SM),
        (MacAlgorithm.AES_CMAC, AES),
    ],
)
async def test_a_sale_and_its_reversal_under_every_mac(
    security: SoftwareModule, algorithm: MacAlgorithm, cipher: str
) -> None:
    clear = MAC_KEY[: SIZES[cipher]]
    options = Options(mac_key=clear, mac_algorithm=algorithm, mac_key_algorithm=cipher)
    async with simulate(options) as simulator:
        row = Peer().issuer(
            ISSUER,
            mac_algorithm=algorithm.value,
            mac_key_algorithm=cipher,
            mac_key=security.import_key(KeyKind.MAC, cipher, clear).wrapped,
        )
        issuers = Issuers(
            [replace(row, port=simulator.port)],
            [],
            SystemClock(),
            security,
            random=random.Random(1).random,
            limits=LIMITS,
        )
        issuers.start(_nowhere)
        assert await issuers.ready(5)
        bank = Bank(issuers, simulator)
        assert (await bank.ask(SALE)).verdict is Verdict.APPROVED
        assert await bank.reverse(SALE) == "00"
        await issuers.stop()
