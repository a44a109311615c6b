"""What a terminal is told of an outcome, at once and when it asks again."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from annul.domain.kinds import CASED, KINDS, Money
from annul.domain.records import Issuer, Transaction
from annul.domain.states import STANDING, State
from annul.host.failed import NUMBER_USED
from annul.host.request import Refusal
from annul.host.told import answer_fields, stored_reply, told_code
from annul.issuers.lines import Issuers
from annul.issuers.message import Answer
from annul.security.software import SoftwareModule
from annul.wire.subfields import Field59
from tests.support.builders import transaction
from tests.support.clock import HeldClock

_ISSUER = "00000101"
_QUICK = "00000202"  # it wants silence told as 68


@pytest.fixture(scope="module")
def host() -> Any:
    """Give as much of a host as this needs: the issuers' desk, with no line open."""
    rows = [
        Issuer(_ISSUER, "示例银行", "Example Bank", "127.0.0.1", 1),
        Issuer(_QUICK, "样本银行", "Sample Bank", "127.0.0.1", 1, silent_code="68"),
    ]
    issuers = Issuers(rows, (), HeldClock(), SoftwareModule(bytes(32)), random=lambda: 0.5)
    return SimpleNamespace(issuers=issuers)


_MOVING = [name for name, kind in KINDS.items() if kind.processing_code]
_REPEATED = [
    name for name in _MOVING if KINDS[name].money is not Money.NONE and not KINDS[name].reversible
]


# At once -------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["00", "11", "A2", "A6"])
@pytest.mark.parametrize("kind", _MOVING)
def test_every_shade_of_an_approval_is_told_as_00(host: Any, kind: str, code: str) -> None:
    assert told_code(host, transaction(kind=kind), Answer(code)) == "00"


@pytest.mark.parametrize("kind", _MOVING)
def test_a_decline_is_told_as_the_issuer_says_it(host: Any, kind: str) -> None:
    assert told_code(host, transaction(kind=kind), Answer("51")) == "51"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer("96"), "96"),  # nobody knows; it is reversed
        (Answer("Q7"), "Q7"),
        (Answer("10"), "20"),  # booked, and not what was asked
        (Answer("00", differs=(4,)), "20"),
        (Answer("51", differs=(37,)), "20"),  # of another one
    ],
)
def test_of_what_can_be_reversed_nothing_is_told_that_sounds_approved(
    host: Any, answer: Answer, code: str
) -> None:
    for kind in ("sale", "void", "preauth", "completion"):
        assert told_code(host, transaction(kind=kind), answer) == code


@pytest.mark.parametrize("kind", _REPEATED)
@pytest.mark.parametrize("answer", [Answer("96"), Answer("10"), Answer("00", differs=(4,))])
def test_what_is_asked_again_until_it_is_proved_is_told_as_open(
    host: Any, kind: str, answer: Answer
) -> None:
    """Told as refused, it would be done again under a new number, and paid twice."""
    assert _REPEATED == ["refund", "completion_advice", "qr_refund"]
    assert told_code(host, transaction(kind=kind), answer) == "98"
    assert told_code(host, transaction(kind=kind, issuer_id=_QUICK), answer) == "68"


def test_a_balance_that_nobody_could_tell_is_told_as_it_was_answered(host: Any) -> None:
    assert told_code(host, transaction(kind="balance"), Answer("96")) == "96"


# When it comes again -------------------------------------------------------------------------


def _again(host: Any, stored: Transaction, **changes: Any) -> tuple[str, dict[int, str | bytes]]:
    """Tell a request that is `stored`, but for `changes`, what became of it."""
    later = stored.received_at + timedelta(minutes=1)
    fresh: dict[str, Any] = {"received_at": later, "state": State.SENT, "id": UUID(int=99)}
    reply = stored_reply(stored, stored._replace(**(fresh | changes)), host)
    return reply.response_code, dict(reply.fields)


@pytest.mark.parametrize("state", sorted(STANDING))
def test_what_stands_is_told_with_what_the_issuer_gave(host: Any, state: State) -> None:
    stored = transaction(
        state=state, settlement_date="1123", icc_answer=b"\x91\x0a", voucher="2026112300000001"
    )
    code, fields = _again(host, stored)
    assert code == "00"
    assert fields == {
        15: "1123",
        37: "300000000001",
        38: "123456",
        44: "00000101   " + " " * 11,
        55: b"\x91\x0a",
        59: Field59.voucher("2026112300000001"),
    }


def test_a_shade_of_an_approval_is_told_as_00_again(host: Any) -> None:
    assert _again(host, transaction(response_code="11"))[0] == "00"
    assert _again(host, transaction(response_code="10"))[0] == "00"


def test_a_decline_is_told_again_without_a_code_of_approval(host: Any) -> None:
    stored = transaction(state=State.DECLINED, response_code="51", auth_code="")
    code, fields = _again(host, stored)
    assert code == "51"
    assert set(fields) == {37, 44}


@pytest.mark.parametrize("state", [State.REVERSING, State.REVERSED])
def test_what_was_taken_back_is_no_approval_any_more(host: Any, state: State) -> None:
    assert _again(host, transaction(state=state)) == ("94", {37: "300000000001"})


@pytest.mark.parametrize("state", [State.SENT, State.UNKNOWN, State.DISPUTED])
def test_what_has_no_outcome_is_told_as_silence_with_its_number(host: Any, state: State) -> None:
    """With the number the terminal stops asking: the host settles it."""
    assert _again(host, transaction(state=state)) == ("98", {37: "300000000001"})
    assert _again(host, transaction(state=state, issuer_id=_QUICK))[0] == "68"


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (State.RECEIVED, "00"),
        (State.SENT, "00"),
        (State.UNKNOWN, "00"),
        (State.DISPUTED, "98"),
        (State.APPROVED, "00"),
        (State.DECLINED, "51"),
    ],
)
def test_an_advice_was_taken_for_good(host: Any, state: State, code: str) -> None:
    stored = transaction(kind="completion_advice", state=state, response_code="51")
    stored = stored if state is not State.APPROVED else stored._replace(response_code="00")
    assert _again(host, stored)[0] == code


# When something else comes under its number ----------------------------------------------------

_OTHERS: list[dict[str, Any]] = [
    {"amount": 10_001},
    {"kind": "preauth"},
    {"card_hash": b"another"},
    {"received_at": transaction().received_at + timedelta(days=1)},
]


@pytest.mark.parametrize("change", _OTHERS)
@pytest.mark.parametrize("state", [State.APPROVED, State.DECLINED, State.UNKNOWN])
def test_another_sale_under_a_number_is_told_nothing_of_the_first(
    host: Any, state: State, change: dict[str, Any]
) -> None:
    assert _again(host, transaction(state=state), **change) == ("94", {})


def test_within_a_day_it_is_the_same_request(host: Any) -> None:
    almost = transaction().received_at + timedelta(days=1, microseconds=-1)
    assert _again(host, transaction(), received_at=almost)[0] == "00"


@pytest.mark.parametrize("kind", CASED)
def test_what_asks_for_something_back_under_a_used_number_is_kept(host: Any, kind: str) -> None:
    stored = transaction(kind=kind, original_id=UUID(int=7))
    with pytest.raises(Refusal) as refused:
        _again(host, stored, amount=1)
    assert (refused.value.response_code, refused.value.rule) == ("94", NUMBER_USED)


def test_two_voids_of_one_original_are_one_however_long_ago(host: Any) -> None:
    stored = transaction(kind="void", original_id=UUID(int=7))
    later = stored.received_at + timedelta(days=9)
    assert _again(host, stored, received_at=later)[0] == "00"
    with pytest.raises(Refusal):
        _again(host, stored, original_id=UUID(int=8))
    with pytest.raises(Refusal):  # it names none, and a day has gone
        _again(host, stored, original_id=None, received_at=later)
    assert _again(host, stored, original_id=None)[0] == "00"


# What an answer adds -------------------------------------------------------------------------


def test_an_answer_adds_what_the_issuer_gave_and_nothing_empty() -> None:
    sale = transaction()
    assert set(answer_fields(sale, Answer("51"))) == {37, 44}
    full = Answer("00", "A1B2C3", "1123", b"\x91\x0a", balance="1002156C000000100000" + "9" * 20)
    fields = answer_fields(sale, full)
    assert (fields[38], fields[15], fields[55]) == ("A1B2C3", "1123", b"\x91\x0a")
    assert fields[54] == "1002156C000000100000", "a terminal has room for one amount"
    assert fields[44] == "00000101              "


def test_a_qr_payment_is_named_by_the_issuer_or_as_it_was_asked() -> None:
    asked = transaction(kind="qr_void", voucher="20261123000000000001")
    given = answer_fields(asked, Answer("00", voucher="20261123000000000002"))
    assert given[59] == Field59.voucher("20261123000000000002")
    assert answer_fields(asked, Answer("00"))[59] == Field59.voucher("20261123000000000001")
