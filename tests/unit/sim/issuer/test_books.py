"""The issuer's books: each request once, rules as tables, everything adds up."""

import io
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from annul.sim.issuer.books import KINDS, Books, Entry, Key
from annul.sim.issuer.rules import Policy

_ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 23, 12, tzinfo=_ZONE)
PAN, OTHER = "6200010000000007", "6200010000000015"


class Desk:
    """Asks the books with the least of words."""

    def __init__(self, file: io.StringIO | None = None, **policy: Any) -> None:
        self.books = Books(Policy(**policy), lambda: "123456", file)
        self._trace = 0

    def ask(
        self, kind: str, amount: int, of: Entry | None = None, at: datetime = NOON, pan: str = PAN
    ) -> Entry:
        self._trace += 1
        key: Key = ("m", "t", f"{self._trace:06d}", f"{at:%m%d}")
        return self.books.request(
            KINDS[kind], key, pan, amount, at, original=of.key if of else None, sent=key[2]
        )

    @property
    def balance(self) -> int:
        self.books.check()
        return self.books.account(PAN).balance


def test_sale_and_void() -> None:
    desk = Desk(default_balance=10_000)
    sale = desk.ask("sale", 4_000)
    assert (sale.code, desk.balance) == ("00", 6_000)
    assert desk.ask("void", 4_000, sale).code == "00"
    assert desk.balance == 10_000
    assert desk.ask("void", 4_000, sale).code == "22"


def test_the_same_request_is_answered_the_same_and_moves_nothing() -> None:
    desk = Desk(default_balance=10_000)
    sale = desk.ask("sale", 4_000)
    again = desk.books.request(KINDS["sale"], sale.key, PAN, 4_000, NOON)
    assert again is sale
    assert desk.balance == 6_000


def test_a_reversal_undoes_once() -> None:
    desk = Desk(default_balance=10_000)
    sale = desk.ask("sale", 4_000)
    assert desk.books.reverse(sale.key, NOON) == "00"
    assert desk.books.reverse(sale.key, NOON) == "00"
    assert desk.balance == 10_000


def test_a_request_that_comes_after_its_reversal_is_refused() -> None:
    desk = Desk()
    key: Key = ("m", "t", "000009", "1123")
    assert desk.books.reverse(key, NOON) == "25"
    assert desk.books.request(KINDS["sale"], key, PAN, 100, NOON).code == "22"


def test_a_reversed_void_leaves_the_sale_standing() -> None:
    desk = Desk(default_balance=10_000)
    sale = desk.ask("sale", 4_000)
    void = desk.ask("void", 4_000, sale)
    desk.books.reverse(void.key, NOON)
    assert desk.balance == 6_000
    assert desk.ask("void", 4_000, sale).code == "00"


def test_holds_are_set_aside_taken_and_set_free() -> None:
    desk = Desk(default_balance=10_000)
    held = desk.ask("preauth", 6_000)
    assert desk.ask("sale", 5_000).code == "51"
    taken = desk.ask("completion", 6_500, held)
    assert (taken.code, desk.balance, desk.books.account(PAN).held) == ("00", 3_500, 0)
    assert desk.ask("completion_void", 6_500, taken).code == "00"
    other = desk.ask("preauth", 2_000)
    assert desk.ask("preauth_void", 2_000, other).code == "00"
    assert desk.books.account(PAN).held == 0


def test_refunds_up_to_the_sale() -> None:
    desk = Desk(default_balance=10_000)
    sale = desk.ask("sale", 4_000)
    assert desk.ask("refund", 3_000, sale).code == "00"
    assert desk.ask("refund", 1_001, sale).code == "61"
    assert desk.ask("refund", 1_000, sale).code == "00"
    assert desk.balance == 10_000


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        ({"void_supported": False}, "40"),
        ({"void_window_s": 60}, "12"),
        ({"voids_per_day": 0}, "65"),
        ({"end_of_day": True}, "90"),
    ],
)
def test_rules_for_voids(policy: dict[str, Any], code: str) -> None:
    desk = Desk()
    sale = desk.ask("sale", 4_000)
    for name, value in policy.items():
        setattr(desk.books.policy, name, value)
    assert desk.ask("void", 4_000, sale, NOON + timedelta(minutes=2)).code == code


def test_voids_in_quick_succession() -> None:
    desk = Desk(void_interval_s=60)
    first, second = desk.ask("sale", 100), desk.ask("sale", 100)
    assert desk.ask("void", 100, first).code == "00"
    assert desk.ask("void", 100, second, NOON + timedelta(seconds=59)).code == "94"
    assert desk.ask("void", 100, second, NOON + timedelta(seconds=60)).code == "00"


def test_a_void_on_the_next_day() -> None:
    desk = Desk()
    sale = desk.ask("sale", 100, at=NOON.replace(hour=23))
    assert desk.ask("void", 100, sale, NOON + timedelta(hours=12)).code == "12"


@pytest.mark.parametrize(
    ("policy", "amount", "code"),
    [
        ({"amount_limit": 99}, 100, "61"),
        ({"day_amount": 198}, 100, "61"),
        ({"day_count": 1}, 100, "65"),
        ({"default_balance": 150}, 100, "51"),
    ],
)
def test_limits(policy: dict[str, Any], amount: int, code: str) -> None:
    desk = Desk(**policy)
    desk.ask("sale", amount - 1)
    assert desk.ask("sale", amount).code == code


@pytest.mark.parametrize(("state", "code"), [("lost", "41"), ("closed", "14"), ("frozen", "62")])
def test_cards_in_another_state(state: str, code: str) -> None:
    desk = Desk()
    desk.books.account(PAN).state = state
    assert desk.ask("sale", 100).code == code


def test_another_card_and_another_amount() -> None:
    desk = Desk()
    sale = desk.ask("sale", 100)
    assert desk.ask("void", 100, sale, pan=OTHER).code == "14"
    assert desk.ask("void", 99, sale).code == "64"
    assert desk.ask("void", 100).code == "25"


def test_an_original_is_found_by_trace_and_time() -> None:
    desk = Desk()
    sale = desk.ask("sale", 100)
    trace = sale.key[2]
    assert desk.books.find("m", "another terminal", trace, trace, PAN) == sale.key
    assert desk.books.find("m", "t", trace, "another time", PAN) is None


def test_books_are_taken_up_from_their_file() -> None:
    file = io.StringIO()
    desk = Desk(file, default_balance=10_000)
    sale = desk.ask("sale", 4_000)
    desk.ask("refund", 500, sale)
    other = desk.ask("sale", 700)
    desk.books.reverse(other.key, NOON)
    again = Books(Policy(default_balance=10_000), lambda: "999999")
    again.replay(file.getvalue().splitlines())
    again.check()
    assert again.totals() == desk.books.totals()
    assert again.account(PAN).balance == desk.balance
    assert again.entries[sale.key].auth_code == "123456"


def test_books_that_do_not_add_up_are_noticed() -> None:
    desk = Desk()
    desk.ask("sale", 100)
    desk.books.account(PAN).balance += 1
    with pytest.raises(AssertionError):
        desk.books.check()
