"""Every standing x cause x kind of a voucher: one consistent word of where the money is."""

import re
from collections.abc import Iterator
from itertools import product
from typing import Any, Final

import pytest

from annul.console.frame.texts import Words, catalogue
from annul.console.shop.signs import SIGNS, sign_of, tell
from annul.desk.shop import Standing, Voucher
from annul.diagnose.causes import CAUSES
from annul.domain.kinds import CASED, COMPLETIONS, KINDS, REFUNDS, VOIDS

# What each sentence claims, in both languages; two of one row contradict each other.
_CLAIMS: Final = {
    "stands": r"仍有效|仍然有效|消费有效|未退|没有退回|sale stands|payment stands|it stands"
    r"|not gone back|没有取消|not been paid back|nothing has been cancelled"
    r"|nothing has been paid back|not refunded|已付款|It was paid",
    "back": r"原路退回|goes back|is refunded the way",
    "aside": r"冻结金额|已在卡上冻结|set aside|set free|free again",
    "nothing": r"未成功或已冲正|did not go through or|没有扣款|没有扣您|没有被扣款"
    r"|nothing is charged|not been charged|no charge"
    r"|Nothing was charged|Nothing has moved|nothing has moved|没有动账|没有变动"
    r"|nothing has changed",
    "open": r"没有确认|尚未|尚无结果|有结果之前|未确定|not confirmed|not decided|Not decided"
    r"|until it|not known|not said",
    "done before": r"此前已经处理过|done before",
}
_NEVER_WITH_BACK: Final = {"aside", "nothing", "open", "done before"}


def _vouchers() -> Iterator[Voucher]:
    sales: dict[str, str] = {undone: name for name in KINDS for undone in [name]}
    for standing, cause, kind, known in product(
        Standing, [None, *CAUSES], [*CASED, "sale", "qr_sale", "preauth"], (True, False)
    ):
        if not known and standing is not Standing.REFUSED:
            continue
        original = (KINDS[kind].undoes or (kind,))[0]
        about: dict[str, Any] = {
            "case_kind": kind if kind in CASED else None,
            "undo_kind": None,
            "confirmed": "",
            "cause": cause,
            "sale_kind": sales[original] if known else None,
            "sale_state": "approved" if known else None,
        }
        if standing is Standing.WITHDRAWN and kind not in VOIDS:
            continue
        if kind not in CASED and standing in {Standing.REFUSED, Standing.WITHDRAWN}:
            continue
        if kind in COMPLETIONS and standing in {
            *(Standing.VOIDED, Standing.REFUNDED, Standing.PARTLY, Standing.REFUSED),
        }:
            continue  # a completion is a sale of its own
        if original == "preauth" and standing in {Standing.REFUNDED, Standing.PARTLY}:
            continue
        yield Voucher(standing, {"kind": kind}, about)


_ALL: Final = list(_vouchers())


def _claims(text: str) -> set[str]:
    return {name for name, pattern in _CLAIMS.items() if re.search(pattern, text)}


def test_the_table_is_walked() -> None:
    assert len(_ALL) > 1500
    assert {one.standing for one in _ALL} == set(Standing)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_sentence_says_both_that_it_stands_and_that_it_goes_back(language: str) -> None:
    words = Words(language)
    for one in _ALL:
        for said in (words(sign_of(one).money), words.of(tell(one))):
            claims = _claims(said)
            assert claims, (one, said)
            if one.standing is not Standing.PARTLY:
                assert not {"stands", "back"} <= claims, (one, said)
            if "back" in claims:
                assert not claims & _NEVER_WITH_BACK, (one, said)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_and_the_customer_are_told_the_same(language: str) -> None:
    words = Words(language)
    for one in _ALL:
        money, told = words(sign_of(one).money), words.of(tell(one))
        back = one.standing in {Standing.VOIDED, Standing.REFUNDED, Standing.PARTLY}
        if one.about["sale_kind"] == "preauth":
            back = False
        assert ("back" in _claims(money)) is back, (one, money)
        if one.kind in CASED or one.standing in {Standing.STANDS, Standing.PARTLY}:
            assert ("back" in _claims(told)) is back, (one, told)


def test_what_was_refused_is_named_by_what_was_asked_for() -> None:
    for one in _ALL:
        if one.standing is Standing.REFUSED and one.about["sale_state"]:
            title = sign_of(one).title
            assert title == ("Not refunded" if one.kind in REFUNDS else "Not voided")


def test_every_text_has_its_chinese() -> None:
    chinese = catalogue("zh")
    for sign in (*SIGNS.values(), *(sign_of(one) for one in _ALL)):
        assert sign.title in chinese
        assert sign.money in chinese
