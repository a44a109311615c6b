"""Who may do what now: merchant, terminal, key and batch, then amounts."""

from typing import Any

import pytest

from annul.domain import admission
from annul.domain.interventions import InterventionKind
from annul.domain.kinds import KINDS
from annul.domain.money import LARGEST
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
    ({"against": frozenset({InterventionKind.MERCHANT_FROZEN})}, "03", "merchant_stopped"),
    ({"against": frozenset({InterventionKind.TERMINAL_BLOCKED})}, "58", "terminal_stopped"),
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


def test_a_frozen_merchant_signs_in_and_settles_and_a_blocked_terminal_does_not() -> None:
    frozen = frozenset({InterventionKind.MERCHANT_FROZEN})
    blocked = frozenset({InterventionKind.TERMINAL_BLOCKED})
    for kind in ("sign_in", "settlement"):
        assert _check(kind, amount=0, against=frozen).ok
        assert _check(kind, amount=0, against=blocked).name == "terminal_stopped"


def test_a_balance_inquiry_has_no_amount() -> None:
    assert _check("balance", amount=0, of_terminal={"amount_limit": 0}).ok


@pytest.mark.parametrize(
    ("amount", "name"),
    [
        (1, "allowed"),
        (0, "amount_invalid"),
        (-1, "amount_invalid"),
        (5_000_000_00, "allowed"),
        (5_000_000_01, "over_terminal_limit"),
        (LARGEST + 1, "amount_invalid"),
    ],
)
def test_limits_are_the_last_amount_that_goes(amount: int, name: str) -> None:
    assert _check(amount=amount).name == name


def test_a_limit_of_nothing_lets_nothing_through() -> None:
    assert _check(amount=1, of_terminal={"amount_limit": 0}).code == "61"
    assert _check(amount=1, of_merchant={"amount_limit": 0}).code == "61"


@pytest.mark.parametrize("kind", ["settlement", "batch_upload", "batch_upload_end"])
def test_the_end_of_a_batch_belongs_to_a_batch_but_has_no_amount(kind: str) -> None:
    assert _check(kind, amount=0, currency="").ok
    assert _check(kind, amount=0, of_terminal={"signed_in": False}).name == "not_signed_in"
    assert _check(kind, amount=0, batch="000009").name == "batch_differs"


@pytest.mark.parametrize("kind", ["echo", "parameters", "status", "sign_off"])
def test_what_keeps_a_terminal_going_needs_no_batch_but_an_active_shop(kind: str) -> None:
    gone: dict[str, Any] = {"of_terminal": {"signed_in": False}, "batch": "999999", "amount": 0}
    assert _check(kind, **gone).ok
    assert _check(kind, of_merchant={"active": False}, **gone).code == "03"
    gone["of_terminal"] = {"active": False, "signed_in": False}
    assert _check(kind, **gone).code == "58"


def test_a_terminal_may_have_some_kinds_only() -> None:
    few = {"kinds": frozenset({"sale"})}
    assert _check("sale", of_terminal=few).ok
    assert _check("refund", of_terminal=few).name == "kind_not_enabled"
    assert _check("sale", of_terminal={"kinds": frozenset()}).name == "kind_not_enabled"


def test_the_first_row_that_applies_is_what_is_told() -> None:
    """Who stands before a closed shop is not sent to sign in."""
    wrong = {"batch": "9", "amount": 0, "currency": "840"}
    closed, off = {"active": False}, {"active": False, "signed_in": False}
    assert _check(of_merchant=closed, of_terminal=off, **wrong).code == "03"
    assert _check(of_terminal=off, **wrong).code == "58"
    assert _check(of_terminal={"signed_in": False}, **wrong).code == "77"


def test_who_is_not_registered_at_all_has_a_code_of_its_own() -> None:
    assert (admission.MERCHANT_UNKNOWN.code, admission.TERMINAL_UNKNOWN.code) == ("03", "97")
    assert not admission.MERCHANT_UNKNOWN.ok
    assert not admission.TERMINAL_UNKNOWN.ok
