"""Each refusal of a refund. Source: UnionPay-style POS rules, refund."""

from datetime import timedelta
from typing import Any

import pytest

from annul.domain import refund_rules
from annul.domain.refund_rules import Terms
from annul.domain.rulings import ALLOWED
from annul.domain.states import State
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
