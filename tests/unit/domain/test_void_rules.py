"""Each refusal of a void, with its response code. Source: UnionPay-style POS rules, void."""

from datetime import timedelta
from typing import Any

import pytest

from annul.domain import void_rules
from annul.domain.kinds import KINDS
from annul.domain.rulings import ALLOWED
from annul.domain.states import UNFINISHED, State
from tests.support.builders import DAY, transaction, undoing


def test_a_sale_of_today_can_be_voided() -> None:
    assert void_rules.check(transaction(), undoing()) is ALLOWED


def test_there_must_be_an_original() -> None:
    assert void_rules.check(None, undoing()).code == "25"


_CASES: list[Any] = [
    ({"terminal_id": "10000002"}, {}, "58", "other_terminal"),
    ({"merchant_id": "898000059420001"}, {}, "58", "other_terminal"),
    ({"kind": "void"}, {}, "12", "original_is_no_sale"),
    ({"kind": "refund"}, {}, "12", "original_is_no_sale"),
    ({"kind": "qr_sale"}, {}, "12", "original_of_other_kind"),
    ({"kind": "preauth"}, {}, "12", "original_of_other_kind"),
    ({"kind": "completion_advice"}, {"kind": "completion_void"}, "12", "original_is_advice"),
    ({"state": State.DECLINED}, {}, "12", "original_declined"),
    ({"state": State.SENT}, {}, "09", "original_unfinished"),
    ({"state": State.UNKNOWN}, {}, "09", "original_unfinished"),
    ({"state": State.REVERSING}, {}, "09", "original_unfinished"),
    ({"state": State.VOIDED}, {}, "22", "already_undone"),
    ({"state": State.REVERSED}, {}, "22", "already_undone"),
    ({"state": State.REFUNDED}, {}, "22", "already_undone"),
    ({"state": State.PARTLY_REFUNDED}, {}, "22", "already_undone"),
    ({"undone": 1}, {}, "22", "being_undone"),
    ({"charged_back": 1}, {}, "22", "charged_back"),
    ({}, {"card_hash": b"another"}, "14", "card_differs"),
    ({}, {"amount": 9_999}, "64", "amount_differs"),
    ({}, {"amount": 10_001}, "64", "amount_differs"),
    ({}, {"rrn": "300000000009"}, "25", "reference_differs"),
    ({}, {"auth_code": "654321"}, "12", "auth_code_differs"),
    ({"batch": "000000"}, {}, "12", "original_settled"),
    ({"business_date": DAY - timedelta(days=1)}, {}, "12", "original_of_other_day"),
    ({}, {"balance": 9_949}, "51", "merchant_balance_low"),
    ({"card_cipher": None}, {"card_hash": None}, "12", "card_not_kept"),
]


@pytest.mark.parametrize(
    ("original", "void", "code", "name"),
    _CASES,
)
def test_refusals(original: dict[str, Any], void: dict[str, Any], code: str, name: str) -> None:
    ruling = void_rules.check(transaction(**original), undoing(**void))
    assert (ruling.ok, ruling.code, ruling.name) == (False, code, name)
    assert ruling.said.zh
    assert ruling.todo.zh
    assert ruling.said.en
    assert ruling.todo.en


def test_every_row_of_the_table_is_met_by_a_case() -> None:
    assert {case[3] for case in _CASES} == {row.name for _, row in void_rules.RULES}


def test_what_the_sale_brought_covers_its_void() -> None:
    """The fee comes back with the void: 100.00 less 0.50 is enough."""
    assert void_rules.check(transaction(), undoing(balance=9_950)).ok


def test_a_terminal_that_sends_less_is_not_refused_for_it() -> None:
    assert void_rules.check(transaction(), undoing(rrn="", auth_code="", card_hash=None)).ok


@pytest.mark.parametrize(("amount", "code"), [(11_500, "00"), (11_501, "64"), (1, "00")])
def test_completion_up_to_115_percent(amount: int, code: str) -> None:
    held = transaction(kind="preauth")
    assert void_rules.check(held, undoing("completion", amount=amount)).code == code


def test_a_completion_may_come_from_another_terminal_and_day() -> None:
    held = transaction(kind="preauth", terminal_id="10000009", batch="000007")
    later = undoing("completion", business_date=DAY + timedelta(days=9))
    assert void_rules.check(held, later).ok


def test_a_note_for_the_cashier_fits_field_63() -> None:
    for _, ruling in void_rules.RULES:
        assert len(ruling.note.encode("gbk")) <= 120


@pytest.mark.parametrize("state", sorted(UNFINISHED))
def test_what_has_no_outcome_yet_is_waited_for(state: State) -> None:
    ruling = void_rules.check(transaction(state=state), undoing())
    assert (ruling.code, ruling.name) == ("09", "original_unfinished")


@pytest.mark.parametrize(
    ("kind", "original"),
    [
        ("void", "sale"),
        ("qr_void", "qr_sale"),
        ("preauth_void", "preauth"),
        ("completion", "preauth"),
        ("completion_advice", "preauth"),
        ("completion_void", "completion"),
    ],
)
def test_each_kind_takes_back_what_it_is_of(kind: str, original: str) -> None:
    assert void_rules.check(transaction(kind=original), undoing(kind)) is ALLOWED
    others = {"sale", "qr_sale", "preauth", "completion"} - {original}
    for other in others:
        assert not void_rules.check(transaction(kind=other), undoing(kind)).ok


@pytest.mark.parametrize("kind", ["void", "qr_void", "completion_void"])
@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"terminal_id": "10000002"}, "other_terminal"),
        ({"batch": "000009"}, "original_settled"),
        ({"business_date": DAY - timedelta(days=1)}, "original_of_other_day"),
        ({"rrn": "300000000077"}, "reference_differs"),
    ],
)
def test_what_is_of_one_day_is_bound_to_its_terminal_batch_and_number(
    kind: str, change: dict[str, Any], name: str
) -> None:
    (of,) = KINDS[kind].undoes
    assert void_rules.check(transaction(kind=of, **change), undoing(kind)).name == name


@pytest.mark.parametrize("kind", ["preauth_void", "completion"])
@pytest.mark.parametrize(
    "change",
    [
        {"terminal_id": "10000002"},
        {"batch": "000009"},
        {"business_date": DAY - timedelta(days=20)},
        {"rrn": "300000000077"},
    ],
)
def test_what_is_of_a_pre_authorisation_is_found_by_its_code(
    kind: str, change: dict[str, Any]
) -> None:
    assert void_rules.check(transaction(kind="preauth", **change), undoing(kind)) is ALLOWED


@pytest.mark.parametrize(("held", "most"), [(10_000, 11_500), (1, 1), (99, 113), (7, 8)])
def test_the_most_that_a_completion_takes_is_rounded_down(held: int, most: int) -> None:
    hold = transaction(kind="preauth", amount=held)
    for kind in ("completion", "completion_advice"):
        assert void_rules.check(hold, undoing(kind, amount=most)).ok
        assert void_rules.check(hold, undoing(kind, amount=most + 1)).name == "amount_differs"


def test_a_completion_is_not_for_more_because_it_voids_nothing() -> None:
    hold = transaction(kind="preauth")
    assert void_rules.check(hold, undoing("preauth_void", amount=11_500)).name == "amount_differs"


def test_a_code_that_the_issuer_never_gave_is_not_compared() -> None:
    assert void_rules.check(transaction(auth_code=""), undoing(auth_code="654321")).ok


@pytest.mark.parametrize(("balance", "allowed"), [(9_950, True), (9_949, False), (-50, False)])
def test_cover_is_asked_for_what_the_sale_brought(balance: int, allowed: bool) -> None:
    assert void_rules.check(transaction(fee=50), undoing(balance=balance)).ok is allowed


def test_who_asks_from_elsewhere_hears_nothing_of_the_original() -> None:
    """Which state it is in is told to its own terminal."""
    for state in State:
        ruling = void_rules.check(transaction(state=state, terminal_id="10000002"), undoing())
        assert ruling.name == "other_terminal"


def test_a_card_that_differs_is_said_before_amounts_are_compared() -> None:
    wrong = undoing(card_hash=b"another", amount=1, rrn="3", auth_code="6", balance=0)
    assert void_rules.check(transaction(), wrong).name == "card_differs"
