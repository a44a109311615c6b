"""Whatever an issuer books and undoes, its books add up, and its file tells the same story."""

import io
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from annul.sim.issuer.books import KINDS, Books
from annul.sim.issuer.entries import BookEntry, Booking, Key
from annul.sim.issuer.rules import IssuerSettings

_NOON = datetime(2026, 11, 23, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
_CARDS = ("6200010000000007", "6200010000000015")
_MOSTLY_ONE = st.sampled_from([*_CARDS, _CARDS[0], _CARDS[0]])
_AMOUNTS = st.sampled_from([100, 100, 101, 250])  # few, so that voids fit their sales
_WHICH = st.integers(0, 5)

_requests = st.tuples(
    st.just("request"),
    st.sampled_from([*KINDS, "preauth", "completion", "preauth_void"]),
    _MOSTLY_ONE,
    _AMOUNTS,
    _WHICH,  # of the entries is its original
    st.builds(
        Booking,
        _AMOUNTS,
        st.sampled_from([1, 1, 2]),
        st.sampled_from(["00", "00", "10"]),
        st.sampled_from([False, False, True]),
    ),
)
_reversals = st.tuples(st.just("reversal"), _WHICH)
_restores = st.tuples(st.just("restore"), st.integers(0, 30))
_steps = st.lists(
    st.one_of(_requests, _requests, _requests, _reversals, _restores), min_size=5, max_size=30
)


def _books(file: io.StringIO | None = None, **policy: Any) -> Books:
    return Books(IssuerSettings(default_balance=1_000, **policy), lambda: "123456", file)


@settings(max_examples=300, deadline=None)
@given(_steps, st.booleans())
def test_books_add_up_and_their_file_says_the_same(steps: list[Any], strict: bool) -> None:
    file = io.StringIO()
    books = _books(file, codes={} if strict else {"undone": "00", "amount": "00", "too_much": "00"})
    for second, (what, *rest) in enumerate(steps):
        at = _NOON + timedelta(seconds=second)
        entries = list(books.entries.values())
        if what == "request":
            kind, pan, amount, of, booking = rest
            original = _one(entries, of) if KINDS[kind].undoes else None
            books.request(
                KINDS[kind],
                Key.of(f"{at:%m%d%H%M%S}", f"{second:06d}", "1", "1"),
                pan,
                amount,
                at,
                original=original.key if original else None,
                booking=booking,
            )
        elif what == "restore":
            books.restore(_NOON + timedelta(seconds=rest[0]))
        elif entries:
            books.reverse(_one(entries, rest[0]).key, at)
        books.check()
    again = _books()
    again.replay(file.getvalue().splitlines())
    again.check()
    assert again.entries == books.entries
    stands = {pan: (one.balance, one.held) for pan, one in books.accounts.items()}
    for pan, one in again.accounts.items():
        assert (one.balance, one.held) == stands[pan]


def _one(entries: list[BookEntry], which: int) -> Any:
    return entries[which % len(entries)] if entries else None
