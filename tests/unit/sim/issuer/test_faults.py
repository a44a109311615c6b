"""Faults on demand: how often, at whom, how many; the same seed gives the same."""

import pytest

from annul.sim.issuer.entries import Booking
from annul.sim.issuer.faults import NOT_VOIDED, TRAINING, Fault, FaultKind, Faults


def _drawn(seed: int, **row: object) -> list[set[FaultKind]]:
    faults = Faults(seed)
    faults.rows = [Fault(FaultKind.LOST_ANSWER, **row)]  # type: ignore[arg-type]
    return [faults.draw("sale", "6200010000000007", "m", "t", 100).kinds for _ in range(1_000)]


def test_the_same_seed_gives_the_same_faults() -> None:
    assert _drawn(7, rate=0.3) == _drawn(7, rate=0.3)
    assert _drawn(7, rate=0.3) != _drawn(8, rate=0.3)


def test_a_rate_is_kept() -> None:
    met = sum(bool(kinds) for kinds in _drawn(7, rate=0.3))
    assert 250 < met < 350


def test_so_many_and_no_more() -> None:
    assert sum(bool(kinds) for kinds in _drawn(7, left=3)) == 3


def test_a_fault_is_aimed() -> None:
    fault = Fault(FaultKind.CODE, of_kind="void", bin="62000", merchant="m", lowest=10, highest=20)
    assert fault.aims_at("void", "6200010000000007", "m", "t", 15)
    assert not fault.aims_at("sale", "6200010000000007", "m", "t", 15)
    assert not fault.aims_at("void", "6290000000000004", "m", "t", 15)
    assert not fault.aims_at("void", "6200010000000007", "n", "t", 15)
    assert not fault.aims_at("void", "6200010000000007", "m", "t", 21)


def test_delays_and_codes() -> None:
    faults = Faults(1)
    faults.rows = [
        Fault(FaultKind.DELAY, low_ms=100, high_ms=200),
        Fault(FaultKind.CODE, code="05"),
    ]
    met = faults.draw("sale", "", "", "", 1)
    assert 0.1 <= met.delay_s <= 0.2
    assert met.code == "05"
    assert faults.met == {"delay": 1, "code": 1}


def test_a_reversal_meets_no_fault_of_what_is_booked() -> None:
    faults = Faults(1)
    faults.rows = [Fault(kind, left=1) for kind in FaultKind]
    met = faults.draw("reversal", "", "", "", 100)
    assert met.code == "96"
    assert (met.said, met.late_s) == ("", None)
    assert met.booking(100) == Booking(100)
    assert FaultKind.OTHER_TERMINAL in met.kinds
    left = {row.kind for row in faults.rows if row.left}
    assert left == {
        FaultKind.BOOKS_LATE,
        FaultKind.BOOKS_LATE_SILENTLY,
        FaultKind.BOOKED_CODE,
        FaultKind.PARTIAL,
        FaultKind.TWICE,
        FaultKind.WAVERS,
        FaultKind.OTHER_AMOUNT,
        FaultKind.LONG_BALANCE,
        FaultKind.FORGETS,
    }


@pytest.mark.parametrize(
    ("kind", "amount", "booking"),
    [
        ("partial", 101, Booking(50, code="10")),
        ("partial", 1, Booking(1, code="10")),
        ("twice", 100, Booking(100, times=2)),
        ("other_amount", 100, Booking(200)),
        ("forgets", 100, Booking(100, forgotten=True)),
        ("booked_code", 100, Booking(100)),
    ],
)
def test_how_a_request_is_booked(kind: str, amount: int, booking: Booking) -> None:
    faults = Faults(1)
    faults.rows = [Fault(FaultKind(kind))]
    assert faults.draw("sale", "", "", "", amount).booking(amount) == booking


@pytest.mark.parametrize("kind", ["books_late", "books_late_silently"])
def test_when_a_request_is_booked_late(kind: str) -> None:
    faults = Faults(1)
    faults.rows = [Fault(FaultKind(kind), low_ms=200, high_ms=300)]
    met = faults.draw("sale", "", "", "", 1)
    assert met.late_s is not None
    assert 0.2 <= met.late_s <= 0.3
    assert met.delay_s == 0


def test_what_stands_is_met_beside_what_is_set_and_taken_away() -> None:
    faults = Faults(1, TRAINING)

    def code(kind: str, amount: int) -> str:
        return faults.draw(kind, "6200010000000007", "m", "t", amount).code

    assert (code("void", NOT_VOIDED), code("void", NOT_VOIDED + 1)) == ("40", "")
    assert code("sale", NOT_VOIDED) == ""
    faults.rows = [Fault(FaultKind.CODE, code="91", lowest=NOT_VOIDED + 1)]
    assert (code("void", NOT_VOIDED), code("void", NOT_VOIDED + 1)) == ("40", "91")
    faults.rows = []
    assert code("void", NOT_VOIDED) == "40"
