"""What issuers answer is counted once, under what the alarms tell apart."""

import pytest

from annul.domain.alarm_streams import PROBE, Way
from annul.domain.alarms import Counts
from annul.domain.kinds import KINDS
from annul.issuers.health import Asked
from annul.issuers.tally import REPEATED_S, Tally
from tests.support.clock import HeldSeconds

_BANK, _SHOP, _TILL = "00000101", "104000000000001", "10400001"
_SALE, _VOID = KINDS["sale"], KINDS["void"]


@pytest.fixture
def seconds() -> HeldSeconds:
    return HeldSeconds()


@pytest.fixture
def tally(seconds: HeldSeconds) -> Tally:
    made = Tally(seconds)
    made.software = {(_SHOP, _TILL): "31311000"}
    made.slow_over = {_BANK: 0.5}
    return made


def _asked(card: str = "a1") -> Asked:
    return Asked("plain", "62000112", _SHOP, _TILL, card)


def _answer(tally: Tally, code: str, took: float = 0.1, card: str = "a1") -> None:
    tally.answered(_BANK, _SALE.mti, _SALE.processing_code, _asked(card), took, code)


def test_what_becomes_of_a_transaction_counts_by_its_way_and_its_merchant(tally: Tally) -> None:
    for code, card in (("00", "a"), ("51", "b"), ("91", "c"), ("11", "d")):
        _answer(tally, code, card=card)
    _answer(tally, "00", took=0.6)
    tally.silence(_BANK, _VOID.mti, _VOID.processing_code, _asked("e"))
    sale = Counts(approved=3, declined=1, faults=1, slow=1)
    assert tally.taken() == {
        Way(_BANK, "sale", "620001", "31311000"): sale,
        Way(_BANK, "void", "620001", "31311000"): Counts(silent=1),
        Way(_BANK, "", "", "31311000", _SHOP): sale.plus(Counts(silent=1)),
    }
    assert tally.taken() == {}


def test_a_customer_who_tries_again_counts_once_a_minute(
    tally: Tally, seconds: HeldSeconds
) -> None:
    for _ in range(10):
        _answer(tally, "55")
        tally.silence(_BANK, _SALE.mti, _SALE.processing_code, _asked())
        seconds.at += 5
    _answer(tally, "00")
    _answer(tally, "55", card="b2")
    assert tally.taken()[Way(_BANK, "sale", "620001", "31311000")] == Counts(approved=1, declined=2)
    assert tally.repeats == 19
    seconds.at += REPEATED_S
    _answer(tally, "55")
    seconds.at += 3 * REPEATED_S
    _answer(tally, "55")
    assert tally.taken()[Way(_BANK, "sale", "620001", "31311000")] == Counts(declined=2)


@pytest.mark.parametrize("after", [59.0, 61.0])
def test_the_minute_is_that_of_the_card(tally: Tally, seconds: HeldSeconds, after: float) -> None:
    _answer(tally, "55", card="z")
    seconds.at += 30
    _answer(tally, "55")
    seconds.at += after
    _answer(tally, "55")
    assert tally.taken()[Way(_BANK, "sale", "620001", "31311000")].declined == 2 + (after > 60)


def test_a_reversal_that_is_denied_is_answered(tally: Tally) -> None:
    for code in ("00", "25"):
        tally.answered(_BANK, "0420", None, _asked(), 0.1, code)
    tally.answered(_BANK, "0420", None, _asked(), 0.1, "96")
    way = Way(_BANK, "reversal", "620001", "31311000")
    assert tally.taken()[way] == Counts(approved=2, faults=1)


def test_echoes_ask_where_nobody_buys(tally: Tally) -> None:
    for answer in ("00", "", ""):
        tally.echoed(_BANK, answer)
    assert tally.taken() == {Way(_BANK, "echo"): Counts(approved=1, silent=2)}


def test_what_could_not_be_written_counts_the_next_time(tally: Tally) -> None:
    _answer(tally, "00")
    ways = tally.taken()
    _answer(tally, "00")
    tally.put_back(ways)
    assert {counts.approved for counts in tally.taken().values()} == {2}


def test_a_probe_counts_in_its_own_stream_and_by_no_merchant(tally: Tally) -> None:
    of = (_BANK, _VOID.mti, _VOID.processing_code, _asked())
    for code in ("00", "51", "91"):
        tally.answered(*of, 0.1, code, probe=True)
    tally.silence(*of, probe=True)
    tally.probed(_BANK, "")
    counts = Counts(approved=2, faults=1, silent=2)
    assert tally.taken() == {Way(_BANK, PROBE): counts}, "a decline is an answer"
