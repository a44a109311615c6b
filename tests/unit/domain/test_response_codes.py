"""Every code that a terminal can meet has a text and a next step in both languages."""

import json

import pytest

from annul.domain.response_codes import (
    APPROVED,
    BOOKED,
    FAULTS,
    RESPONSE_CODES,
    Effect,
    Group,
    ResponseCode,
    describe,
    effect_of,
)
from tests.support.samples import SHARED

_TABLE = SHARED / "domain" / "response_codes.json"


@pytest.mark.skipif(not _TABLE.exists(), reason="no ../shared/domain here")
def test_no_code_is_missing() -> None:
    known = {row["code"] for row in json.loads(_TABLE.read_text(encoding="utf-8"))["codes"]}
    assert set(RESPONSE_CODES) == known


@pytest.mark.parametrize("row", RESPONSE_CODES.values(), ids=lambda row: row.code)
def test_texts_fit_a_slip(row: ResponseCode) -> None:
    assert 2 <= len(row.title.zh) <= 16
    assert 2 <= len(row.title.en) <= 48
    assert 2 <= len(row.advice.zh) <= 32
    assert 2 <= len(row.advice.en) <= 80
    assert row.title.en.isascii()
    assert not row.title.zh.isascii()


def test_only_approvals_are_approved() -> None:
    approved = {row.code for row in RESPONSE_CODES.values() if row.group is Group.APPROVED}
    assert approved == {"00", "10", "11", "A2", "A4", "A5", "A6", "Y1", "Y3"}


def test_a_refused_void_says_that_the_sale_stands() -> None:
    assert "退货" in describe("40").advice.zh
    assert "stands" in describe("40").advice.en


def test_an_unknown_code_is_shown_as_it_came() -> None:
    assert "Q7" in describe("Q7").title.en
    assert "Q7" in describe("Q7").title.zh


@pytest.mark.parametrize("row", RESPONSE_CODES.values(), ids=lambda row: row.code)
def test_only_what_is_proved_not_done_is_said_to_have_moved_nothing(row: ResponseCode) -> None:
    """A cashier who reads it takes the money once more."""
    if row.money is not Effect.NOT_DONE:
        assert "No money moved" not in row.advice.en
        assert "未动账" not in row.advice.zh


@pytest.mark.parametrize("row", RESPONSE_CODES.values(), ids=lambda row: row.code)
def test_nothing_is_called_done_that_is_not(row: ResponseCode) -> None:
    if row.money is Effect.NOT_DONE:
        assert row.group is not Group.APPROVED
        assert row.advice.en != describe("00").advice.en
        assert row.advice.zh != describe("00").advice.zh


def test_what_somebody_else_says_for_the_issuer_proves_nothing() -> None:
    """Switches and hosts answer these in place of an issuer that may have booked."""
    for code in ("06", "09", "20", "68", "91", "94", "96", "98"):
        assert effect_of(code) is Effect.UNKNOWN
    assert effect_of("Q7") is effect_of("") is Effect.UNKNOWN


def test_the_shades_of_an_approval_are_approvals() -> None:
    assert {"00", "11", "A2", "A4", "A5", "A6"} == APPROVED
    assert {"10"} == BOOKED - APPROVED


def test_what_a_card_has_done_alone_proves_nothing_of_the_issuer() -> None:
    assert not {"Y1", "Y3"} & BOOKED


def test_a_code_by_which_the_issuer_can_not_work_is_a_fault() -> None:
    assert {"91", "96", "98"} <= FAULTS
    assert not FAULTS & BOOKED
    assert {effect_of(code) for code in FAULTS} <= {Effect.UNKNOWN, Effect.NOT_DONE}


def test_an_unknown_code_is_no_approval_and_says_that_money_comes_back() -> None:
    row = describe("Q7")
    assert (row.group, row.money) == (Group.FINAL, Effect.UNKNOWN)
    assert "taken back" in row.advice.en
    assert "冲回" in row.advice.zh
