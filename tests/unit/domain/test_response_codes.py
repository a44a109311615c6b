"""Every code that a terminal can meet has a text and a next step in both languages."""

import json

import pytest

from annul.domain.response_codes import RESPONSE_CODES, Group, ResponseCode, describe
from tests.support.samples import SHARED

_TABLE = SHARED / "domain" / "response_codes.json"


@pytest.mark.skipif(not _TABLE.exists(), reason="no ../shared/domain here")
def test_no_code_is_missing() -> None:
    known = {row["code"] for row in json.loads(_TABLE.read_text(encoding="utf-8"))["codes"]}
    assert set(RESPONSE_CODES) == known


@pytest.mark.parametrize("row", RESPONSE_CODES.values(), ids=lambda row: row.code)
def test_texts_fit_a_slip(row: ResponseCode) -> None:
    assert 2 <= len(row.zh) <= 16
    assert 2 <= len(row.en) <= 48
    assert 2 <= len(row.advice_zh) <= 32
    assert 2 <= len(row.advice_en) <= 80
    assert row.en.isascii()
    assert not row.zh.isascii()


def test_only_approvals_are_approved() -> None:
    approved = {row.code for row in RESPONSE_CODES.values() if row.group is Group.APPROVED}
    assert approved == {"00", "10", "11", "A2", "A4", "A5", "A6", "Y1", "Y3"}


def test_a_refused_void_says_that_the_sale_stands() -> None:
    assert "退货" in describe("40").advice_zh
    assert "stands" in describe("40").advice_en


def test_an_unknown_code_is_shown_as_it_came() -> None:
    assert "Q7" in describe("Q7").en
    assert "Q7" in describe("Q7").zh
