"""The issuer's books: each request once, rules as tables, everything adds up."""

import io
import json
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from annul.sim.issuer.books import KINDS, Books
from annul.sim.issuer.entries import BookEntry, Booking, Key
from annul.sim.issuer.lines import WrongBooks
from annul.sim.issuer.rules import IssuerSettings

_ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 23, 12, tzinfo=_ZONE)
PAN, OTHER = "6200010000000007", "6200010000000015"


def key(trace: int, at: datetime = NOON, acquirer: str = "48020000") -> Key:
    return Key.of(f"{at:%m%d%H%M%S}", f"{trace:06d}", acquirer, acquirer)


class Desk:
    """Asks the books with the least of words."""

    def __init__(self, file: io.StringIO | None = None, **policy: Any) -> None:
        codes = iter(range(123_456, 999_999))
        self.books = Books(IssuerSettings(**policy), lambda: f"{next(codes)}", file)
        self._trace = 0

    def ask(
        self,
        kind: str,
        amount: int,
        of: BookEntry | None = None,
        at: datetime = NOON,
        pan: str = PAN,
        **more: Any,
    ) -> BookEntry:
        self._trace += 1
        return self.books.request(
            KINDS[kind],
            key(self._trace, at),
            pan,
            amount,
            at,
            original=of.key if of else None,
            **more,
        )

    @property
    def balance(self) -> int:
        self.books.check()
        return self.books.account(PAN).balance

    @property
    def held(self) -> int:
        self.books.check()
        return self.books.account(PAN).held


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
    assert desk.books.reverse(key(9), NOON) == "25"
    assert desk.books.request(KINDS["sale"], key(9), PAN, 100, NOON).code == "22"


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


def test_an_original_is_found_as_field_90_names_it() -> None:
    desk = Desk()
    sale = desk.ask("sale", 100)
    named = f"0200{sale.key.trace}{sale.key.time}{'48020000':0>11}{'48020000':0>11}"
    assert desk.books.original(Key.named(named), "m") is sale
    assert desk.books.original(Key.named(named[:31] + "0" * 11), "m") is None
    assert desk.books.original(Key.named(named.replace("1123120000", "1123120001")), "m") is None
    assert desk.books.original(Key.named(""), "m") is None


def test_two_institutions_may_use_the_same_trace_in_one_second() -> None:
    desk = Desk(default_balance=10_000)
    for acquirer in ("48020000", "48030000"):
        desk.books.request(KINDS["sale"], key(7, acquirer=acquirer), PAN, 1_000, NOON)
    assert desk.balance == 8_000


@pytest.mark.parametrize(
    "other", [{"terminal": "2"}, {"merchant": "n"}, {"pan": OTHER}, {"amount": 101}]
)
def test_another_request_under_the_same_key_is_refused_and_not_kept(other: dict[str, Any]) -> None:
    desk = Desk()
    asked: dict[str, Any] = {"pan": PAN, "amount": 100, "merchant": "m", "terminal": "1"}
    first = desk.books.request(KINDS["sale"], key(7), at=NOON, **asked)
    other = asked | other
    assert desk.books.request(KINDS["sale"], key(7), at=NOON, **other).code == "94"
    assert list(desk.books.entries.values()) == [first]
    assert desk.books.totals()["net"] == 100


# What is booked otherwise than asked ----------------------------------------------------------


def test_half_is_booked_and_given_back_whole() -> None:
    desk = Desk(default_balance=10_000)
    sale = desk.ask("sale", 4_001, booking=Booking(2_000, code="10"))
    assert (sale.code, sale.net, desk.balance) == ("10", 2_000, 8_000)
    assert desk.ask("void", 4_001, sale).code == "64"
    assert desk.ask("void", 2_000, sale).code == "00"
    assert desk.balance == 10_000


def test_booked_twice_is_one_entry_of_both() -> None:
    desk = Desk(default_balance=10_000)
    sale = desk.ask("sale", 1_000, booking=Booking(1_000, times=2))
    assert (sale.net, desk.balance, len(desk.books.entries)) == (2_000, 8_000, 1)
    assert sale.auth_code != sale.second_code
    desk.ask("void", 1_000, sale)
    assert desk.balance == 9_000
    assert desk.books.reverse(sale.key, NOON) == "00"
    assert (sale.net, desk.balance) == (0, 11_000)


def test_what_a_hold_booked_twice_sets_aside_is_freed_at_once() -> None:
    desk = Desk(default_balance=10_000)
    held = desk.ask("preauth", 2_000, booking=Booking(2_000, times=2))
    assert desk.held == 4_000
    taken = desk.ask("completion", 2_000, held)
    assert (desk.held, desk.balance) == (0, 8_000)
    desk.books.reverse(taken.key, NOON)
    assert (desk.held, desk.balance) == (4_000, 10_000)
    desk.books.reverse(held.key, NOON)
    assert desk.held == 0


def test_a_release_of_half_leaves_half() -> None:
    desk = Desk(default_balance=10_000)
    held = desk.ask("preauth", 2_000)
    release = desk.ask("preauth_void", 2_000, held, booking=Booking(1_000, code="10"))
    assert (desk.held, held.undone) == (1_000, 2_000)
    desk.books.reverse(release.key, NOON)
    assert (desk.held, held.undone) == (2_000, 0)
    desk.ask("preauth_void", 2_000, held, booking=Booking(4_000))
    assert desk.held == 0


def test_what_is_forgotten_is_found_by_nothing_but_itself() -> None:
    desk = Desk(default_balance=10_000)
    sale = desk.ask("sale", 1_000, booking=Booking(1_000, forgotten=True))
    assert desk.books.original(sale.key, "") is None
    assert desk.books.reverse(sale.key, NOON) == "25"
    assert desk.books.request(KINDS["sale"], sale.key, PAN, 1_000, NOON) is sale
    assert desk.balance == 9_000


def test_late_it_books_what_was_reversed_before() -> None:
    desk = Desk(default_balance=10_000)
    assert desk.books.reverse(key(9), NOON) == "25"
    late = desk.books.request(KINDS["sale"], key(9), PAN, 1_000, NOON, late=True)
    assert (late.code, desk.balance) == ("00", 9_000)
    assert desk.books.reverse(key(9), NOON) == "00"
    assert desk.balance == 10_000


# Yesterday's books ----------------------------------------------------------------------------


def test_yesterdays_books() -> None:
    desk = Desk(default_balance=10_000)
    early, later = NOON + timedelta(seconds=10), NOON + timedelta(seconds=20)
    held = desk.ask("preauth", 500)
    sale, other = desk.ask("sale", 1_000), desk.ask("sale", 2_000, at=early)
    desk.books.reverse(sale.key, later)
    desk.ask("completion", 500, held, at=later)
    desk.ask("void", 2_000, other, at=later)
    assert (desk.balance, desk.held) == (9_500, 0)
    assert desk.books.restore(early) == 2
    assert (desk.balance, desk.held) == (7_000, 500)
    assert (sale.reversed, sale.net, other.undone, held.undone) == (False, 1_000, 0, 0)
    assert desk.ask("void", 2_000, other, at=later).code == "00"
    assert desk.books.restore(NOON - timedelta(seconds=1)) == 4
    assert (desk.balance, desk.held) == (10_000, 0)
    assert desk.books.reverse(sale.key, later) == "25"


def test_yesterdays_books_know_what_was_reversed_before_it_came() -> None:
    desk = Desk()
    later = NOON + timedelta(seconds=1)
    desk.books.reverse(key(8), NOON)
    desk.books.reverse(key(9), later)
    desk.books.restore(NOON)
    codes = [desk.books.request(KINDS["sale"], key(n), PAN, 1, later).code for n in (8, 9)]
    assert codes == ["22", "00"]


# The file ---------------------------------------------------------------------------------------


def test_books_are_taken_up_from_their_file() -> None:
    file = io.StringIO()
    desk = Desk(file, default_balance=10_000)
    sale = desk.ask("sale", 4_000)
    desk.ask("refund", 500, sale)
    desk.ask("sale", 300, booking=Booking(150, 2, "10"))
    other = desk.ask("sale", 700)
    desk.ask("sale", 80_000)
    desk.books.reverse(other.key, NOON)
    again = _taken_up(file)
    assert again.totals() == desk.books.totals()
    assert again.account(PAN).balance == desk.balance
    assert again.entries == desk.books.entries
    desk.ask("sale", 200, at=NOON + timedelta(seconds=9))
    desk.books.restore(NOON)
    assert _taken_up(file).entries == desk.books.entries


def _taken_up(file: io.StringIO) -> Books:
    again = Books(IssuerSettings(default_balance=10_000), lambda: "999999")
    again.replay(file.getvalue().splitlines())
    again.check()
    return again


_OLD_ROW = {
    "kind": "sale",
    "pan": PAN,
    "amount": 4_000,
    "at": NOON.isoformat(),
    "code": "00",
    "auth_code": "111111",
    "rrn": "332712000001",
    "sent": "1123120000",
    "original": None,
}
_OLD_KEYS = [["m", "1", "000007", "1123"], ["m", "2", "000007", "1123"]]


def test_a_file_that_knows_no_institutions_is_read_as_well() -> None:
    rows = [{"what": "request", "key": one} | _OLD_ROW for one in _OLD_KEYS]
    rows[1] |= {"kind": "void", "original": _OLD_KEYS[0]}
    rows.append({"what": "request", "key": ["m", "1", "000008", "1123"]} | _OLD_ROW)
    rows.append({"what": "reversal", "key": ["m", "1", "000008", "1123"]} | _OLD_ROW)
    books = Books(IssuerSettings(default_balance=10_000), lambda: "999999")
    books.replay(json.dumps(row) for row in rows)
    books.check()
    assert [entry.net for entry in books.entries.values()] == [4_000, -4_000, 0]
    sale = next(iter(books.entries.values()))
    assert sale.undone == 4_000
    # As annul names it: the terminal's trace, and no forwarder.
    named = Key.of("1123120000", "000007", "48020000", "")
    assert books.original(named, "m") is sale
    assert books.original(named, "n") is None
    assert books.original(named._replace(forwarder="00048020000"), "m") is None
    again = books.request(
        KINDS["sale"], named, PAN, 4_000, NOON, merchant="m", terminal="1", rrn=sale.rrn
    )
    assert again is sale


@pytest.mark.parametrize("line", ['{"what": "request"', "{}", "[]", '{"what": "x", "at": "today"}'])
def test_a_file_that_makes_no_sense_is_refused_by_its_line(line: str) -> None:
    file = io.StringIO()
    Desk(file).ask("sale", 100)
    with pytest.raises(WrongBooks, match="line 2 "):
        Books(IssuerSettings(), lambda: "1").replay([*file.getvalue().splitlines(), line])


@pytest.mark.parametrize(
    ("of", "what"), [("account", "balance"), ("account", "held"), ("entry", "undone")]
)
def test_books_that_do_not_add_up_are_noticed(of: str, what: str) -> None:
    desk = Desk()
    sale = desk.ask("sale", 100)
    one: Any = desk.books.account(PAN) if of == "account" else sale
    setattr(one, what, getattr(one, what) + 1)
    with pytest.raises(AssertionError):
        desk.books.check()
