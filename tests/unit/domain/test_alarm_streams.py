"""Streams: to which a count belongs, how they are told, and what each may cost."""

import pytest

from annul.domain.alarm_streams import (
    EVERYTHING,
    SCOPE_SHARES,
    Scope,
    Stream,
    Way,
    stake,
    summed,
)
from annul.domain.alarms import MEASURES, TRAFFIC_SHARE, Counts

_BANK = "00000101"
_SALE = Way(_BANK, "sale", "620001", "31311000")
_SHOP = Way(_BANK, "", "", "31311000", "104000000000001")


def test_a_transaction_pays_what_is_allowed_and_no_more() -> None:
    """It is in one stream of each scope: counted once by its way and once by its merchant."""
    streams = [*_SALE.streams(), *_SHOP.streams()]
    assert sorted(one.scope for one in streams) == sorted(Scope)
    paid = sum(stake(stream, measure, 1.0) for stream in streams for measure in MEASURES)
    assert paid == pytest.approx(1e-6 * (1 - TRAFFIC_SHARE)), "the rest is that of silences"
    assert set(SCOPE_SHARES) == set(Scope)


def test_an_echo_says_nothing_of_transactions() -> None:
    assert list(Way(_BANK, "echo").streams()) == [Stream(Scope.KIND, f"{_BANK} echo")]


@pytest.mark.parametrize(
    ("stream", "issuer", "parent", "en"),
    [
        (EVERYTHING, "", None, "all transactions"),
        (Stream(Scope.ISSUER, _BANK), _BANK, EVERYTHING, f"issuer {_BANK}"),
        (Stream(Scope.KIND, f"{_BANK} echo"), _BANK, Stream(Scope.ISSUER, _BANK), "echo test at"),
        (Stream(Scope.RANGE, f"{_BANK} 6200"), _BANK, Stream(Scope.ISSUER, _BANK), "cards 6200..."),
        (Stream(Scope.MERCHANT, "104"), "", EVERYTHING, "merchant 104"),
        (Stream(Scope.SOFTWARE, "A 1"), "", EVERYTHING, "terminal software A 1"),
    ],
)
def test_what_a_stream_is(stream: Stream, issuer: str, parent: Stream | None, en: str) -> None:
    assert (stream.issuer_id, stream.parent) == (issuer, parent)
    assert en in stream.text.en
    assert stream.text.zh != stream.text.en


def test_counts_are_summed_by_stream() -> None:
    more = _SALE._replace(kind="void", card_range="", software="")
    sums = summed({_SALE: Counts(approved=3), more: Counts(silent=2), _SHOP: Counts(approved=3)})
    assert sums[EVERYTHING] == Counts(approved=3, silent=2)
    assert sums[Stream(Scope.MERCHANT, _SHOP.merchant)] == Counts(approved=3)
    assert Stream(Scope.RANGE, f"{_BANK} ") not in sums
