"""Who may do what now: merchant, terminal, key and batch, then amounts."""

from typing import Any

import pytest

from annul.domain import admission
from annul.domain.kinds import KINDS
from tests.support.builders import merchant, terminal


def _check(kind: str = "sale", *, of_merchant: Any = None, of_terminal: Any = None, **given: Any):
    values: dict[str, Any] = {"batch": "000001", "amount": 10_000, "currency": "156"} | given
    return admission.check(
        merchant(**(of_merchant or {})),
        terminal(**(of_terminal or {})),
        kind=KINDS[kind],
        **values,
    )


def test_a_terminal_in_good_order_may_sell() -> None:
    assert _check().ok


_CASES: list[Any] = [
    ({"of_merchant": {"active": False}}, "03", "merchant_inactive"),
    ({"of_terminal": {"active": False}}, "58", "terminal_inactive"),
    ({"of_terminal": {"signed_in": False}}, "77", "not_signed_in"),
    ({"of_terminal": {"kinds": frozenset({"void"})}}, "58", "kind_not_enabled"),
    ({"batch": "000002"}, "77", "batch_differs"),
    ({"amount": 0}, "13", "amount_invalid"),
    ({"currency": "840"}, "13", "currency_differs"),
    ({"of_terminal": {"amount_limit": 9_999}}, "61", "over_terminal_limit"),
    ({"of_merchant": {"amount_limit": 9_999}}, "61", "over_merchant_limit"),
]


@pytest.mark.parametrize(
    ("given", "code", "name"),
    _CASES,
)
def test_refusals(given: dict[str, Any], code: str, name: str) -> None:
    ruling = _check(**given)
    assert (ruling.ok, ruling.code, ruling.name) == (False, code, name)


def test_every_row_of_the_table_is_met_by_a_case() -> None:
    assert {case[2] for case in _CASES} == {row.name for _, row in admission.RULES}


def test_signing_in_needs_no_batch() -> None:
    assert _check("sign_in", of_terminal={"signed_in": False}, batch="999999", amount=0).ok


def test_a_balance_inquiry_has_no_amount() -> None:
    assert _check("balance", amount=0, of_terminal={"amount_limit": 0}).ok
