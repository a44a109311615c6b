"""Each refusal of a refund. Source: UnionPay-style POS rules, refund."""

from datetime import timedelta
from typing import Any

import pytest

from annul.domain import refund_rules
from annul.domain.refund_rules import Terms
from annul.domain.rulings import ALLOWED
from annul.domain.states import UNFINISHED, State
from tests.support.builders import DAY, transaction, undoing


def _check(original: dict[str, Any], refund: dict[str, Any], terms: Terms | None = None):
    kind = refund.pop("kind", "refund")
    return refund_rules.check(transaction(**original), undoing(kind, **refund), terms or Terms())


@pytest.mark.parametrize("amount", [1, 9_999, 10_000])
def test_a_part_or_all_can_be_refunded(amount: int) -> None:
    assert _check({}, {"amount": amount}) is ALLOWED


def test_a_refund_may_come_from_another_terminal_batch_and_day() -> None:
    original = {"terminal_id": "10000009", "batch": "000007"}
    assert _check(original, {"business_date": DAY + timedelta(days=30)}).ok


@pytest.mark.parametrize(
    ("original", "refund", "code", "name"),
    [
        ({"kind": "void"}, {}, "12", "original_of_other_kind"),
        ({"kind": "preauth"}, {}, "12", "original_of_other_kind"),
        ({"kind": "qr_sale"}, {}, "12", "original_of_other_kind"),
        ({}, {"kind": "qr_refund"}, "12", "original_of_other_kind"),
        ({"state": State.DECLINED}, {}, "12", "original_declined"),
        ({"state": State.UNKNOWN}, {}, "09", "original_unfinished"),
        ({"state": State.VOIDED}, {}, "22", "already_undone"),
        ({"state": State.REVERSED}, {}, "22", "already_undone"),
        ({}, {"card_hash": b"another"}, "14", "card_differs"),
        ({}, {"amount": 10_001}, "61", "over_the_original"),
        ({"charged_back": 4_000}, {"amount": 6_001}, "22", "charged_back"),
        (
            {"state": State.PARTLY_REFUNDED, "undone": 6_000},
            {"amount": 4_001},
            "61",
            "over_the_original",
        ),
        ({}, {"balance": 9_999}, "51", "merchant_balance_low"),
        ({}, {"business_date": DAY + timedelta(days=31)}, "12", "original_too_old"),
    ],
)
def test_refusals(original: dict[str, Any], refund: dict[str, Any], code: str, name: str) -> None:
    ruling = _check(original, dict(refund))
    assert (ruling.ok, ruling.code, ruling.name) == (False, code, name)


def test_the_rest_of_a_partly_refunded_sale() -> None:
    assert _check({"state": State.PARTLY_REFUNDED, "undone": 6_000}, {"amount": 4_000}).ok


def test_a_contract_may_want_a_void_on_the_same_day() -> None:
    terms = Terms(same_day=False)
    assert _check({}, {}, terms).name == "same_day"
    assert _check({}, {"business_date": DAY + timedelta(days=1)}, terms).ok


def test_every_row_of_the_table_is_met_by_a_case() -> None:
    met = {
        _check(original, dict(refund)).name
        for original, refund in (
            ({"kind": "void"}, {}),
            ({"state": State.DECLINED}, {}),
            *(({"state": state}, {}) for state in UNFINISHED),
            ({"state": State.REVERSED}, {}),
            ({}, {"card_hash": b"another"}),
            ({"undone": 1, "undoing": 1}, {"amount": 1}),
            ({"charged_back": 1}, {"amount": 10_000}),
            ({}, {"amount": 10_001}),
            ({}, {"balance": 1}),
        )
    }
    assert met == {row.name for _, row in refund_rules.RULES}


def test_there_must_be_an_original() -> None:
    ruling = refund_rules.check(None, undoing("refund"), Terms())
    assert (ruling.code, ruling.name) == ("25", "original_not_found")


@pytest.mark.parametrize("kind", ["sale", "completion", "completion_advice"])
def test_whatever_took_money_can_be_refunded(kind: str) -> None:
    assert _check({"kind": kind}, {}) is ALLOWED


def test_a_qr_sale_is_refunded_as_one() -> None:
    assert _check({"kind": "qr_sale"}, {"kind": "qr_refund"}) is ALLOWED


@pytest.mark.parametrize(
    ("given_back", "under_way", "amount", "name"),
    [
        (4_000, 0, 6_000, "allowed"),
        (4_000, 4_000, 1, "being_undone"),  # it may be this very one, under another number
        (4_000, 4_000, 6_001, "being_undone"),
        (4_000, 0, 6_001, "over_the_original"),
        (10_000, 0, 1, "over_the_original"),
    ],
)
def test_one_refund_is_on_its_way_at_a_time(
    given_back: int, under_way: int, amount: int, name: str
) -> None:
    original = {"undone": given_back, "undoing": under_way}
    assert _check(original, {"amount": amount}).name == name


@pytest.mark.parametrize(
    ("balance", "allowed"), [(None, True), (10_000, True), (9_999, False), (0, False), (-1, False)]
)
def test_a_refund_is_covered_whole_whatever_the_fee(balance: int | None, allowed: bool) -> None:
    assert _check({"fee": 50}, {"balance": balance}).ok is allowed


@pytest.mark.parametrize(("days", "allowed"), [(0, True), (30, True), (31, False)])
def test_the_last_day_of_a_contract_counts(days: int, allowed: bool) -> None:
    later = {"business_date": DAY + timedelta(days=days)}
    assert _check({}, dict(later)).ok is allowed
    assert _check({}, dict(later), Terms(days=0)).ok is (days == 0)


def test_a_card_that_is_not_named_is_not_compared() -> None:
    assert _check({}, {"card_hash": None}).ok


def test_what_is_wrong_with_the_original_is_said_before_what_is_wrong_with_the_refund() -> None:
    for state, name in ((State.DECLINED, "original_declined"), (State.VOIDED, "already_undone")):
        wrong = {"card_hash": b"another", "amount": 99_999, "balance": 0}
        assert _check({"state": state}, wrong).name == name
