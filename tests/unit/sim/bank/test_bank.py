"""The bank at its folders: what it books and says for each account, and what it never does."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from annul.domain.payouts import BankSaid
from annul.settle.bank.pain001 import write_pain001
from annul.settle.bank.read import read
from annul.settle.bank.rows import BankRow
from annul.settle.bank.table import write_csv
from annul.sim.bank.bank import ANSWERS, BOOKS, Bank, Habits
from annul.sim.bank.behaviour import BEHAVIOURS
from annul.sim.bank.books import OPENING
from tests.support.bank_orders import DAY, MESSAGE, order, reference, transfer

_STATUS, _NOTICE, _STATEMENT, _MT940, _CSV = ANSWERS


class _Folders:
    """A bank's folders; what it sends is read at once."""

    def __init__(self, folder: Path) -> None:
        self.orders, self.answers = folder / "out", folder / "in"
        self.orders.mkdir()
        self.answers.mkdir()

    def deliver(self, content: bytes, name: str = "order") -> None:
        (self.orders / name).write_bytes(content)

    def answer(
        self, *habits: str, day: date = DAY, **more: bool
    ) -> list[tuple[str, list[BankRow]]]:
        """Let it come round, as a process that has just started; give its files."""
        bank = Bank(self.orders, self.answers, Habits(habits or ANSWERS[:3], **more))
        files = [read((self.answers / name).read_bytes(), name) for name in bank.come_round(day)]
        return [(file.format, list(file.rows)) for file in files]


@pytest.fixture
def folders(tmp_path: Path) -> _Folders:
    return _Folders(tmp_path)


def _later(days: int) -> date:
    return DAY + timedelta(days=days)


def _told(folders: _Folders, number: int, *habits: str) -> list[tuple[int, str, BankSaid, int]]:
    """Give what five days say of one transfer: day, format, what, minor units more than asked."""
    folders.deliver(write_pain001(order(transfer(number))))
    return [
        (day, kind, row.said, row.amount and row.amount - transfer(number).amount)
        for day in range(5)
        for kind, rows in folders.answer(*habits, day=_later(day))
        for row in rows
    ]


_ACCEPTED = (0, _STATUS, BankSaid.ACCEPTED, 0)
_REJECTED = (0, _STATUS, BankSaid.REJECTED, 0)
_PAID = (0, _NOTICE, BankSaid.BOOKED, 0)


@pytest.mark.parametrize(
    ("ending", "told"),
    [
        (1, [_ACCEPTED, _PAID]),
        (91, [_REJECTED]),
        (92, [_ACCEPTED, _PAID, (2, _NOTICE, BankSaid.RETURNED, 0)]),
        (93, [_REJECTED, _PAID]),
        (94, [_ACCEPTED, _PAID, _PAID]),
        (95, []),
        (96, [_ACCEPTED, (0, _NOTICE, BankSaid.BOOKED, 1)]),
        (97, [_ACCEPTED, (3, _NOTICE, BankSaid.BOOKED, 0)]),
        (98, [_PAID]),
    ],
)
def test_an_account_is_treated_by_its_last_digits(
    folders: _Folders, ending: int, told: list[tuple[int, str, BankSaid, int]]
) -> None:
    assert _told(folders, ending, _STATUS, _NOTICE) == told


def test_every_behaviour_has_a_row_in_the_test_above() -> None:
    assert set(BEHAVIOURS) == {str(number) for number in range(91, 99)}


@pytest.mark.parametrize("statement", [_STATEMENT, _MT940])
def test_a_day_is_stated_when_it_is_over(folders: _Folders, statement: str) -> None:
    folders.deliver(write_pain001(order(transfer(1), transfer(92))))
    assert folders.answer(statement) == []
    ((kind, rows),) = folders.answer(statement, day=_later(1))
    assert (kind, [row.said for row in rows]) == (statement, [BankSaid.BOOKED] * 2)
    assert [row.booked_on for row in rows] == [DAY] * 2
    assert folders.answer(statement, day=_later(2)) == []
    ((_, (row,)),) = folders.answer(statement, day=_later(3))
    assert (row.said, row.code, row.booked_on) == (BankSaid.RETURNED, "AC04", _later(2))


def test_a_statement_sent_twice_is_another_file_of_the_same_bookings(folders: _Folders) -> None:
    folders.deliver(write_pain001(order()))
    folders.answer(_STATEMENT)
    (_, first), (_, second) = folders.answer(_STATEMENT, day=_later(1), twice=True)
    assert first == second
    one, two = sorted(folders.answers.glob("*camt053.xml"))
    assert one.read_bytes() != two.read_bytes()


def test_a_return_may_be_told_before_its_payment(folders: _Folders) -> None:
    folders.deliver(write_pain001(order(transfer(92), transfer(1))))
    told = [
        (day, row.said, row.reference)
        for day in range(4)
        for _, rows in folders.answer(_NOTICE, day=_later(day), returns_first=True)
        for row in rows
    ]
    assert told == [
        (0, BankSaid.BOOKED, reference(1)),
        (2, BankSaid.RETURNED, reference(92)),
        (3, BankSaid.BOOKED, reference(92)),
    ]


@pytest.mark.parametrize("end", [None, -9])
def test_an_order_that_it_knows_is_refused_and_books_nothing(
    folders: _Folders, end: int | None
) -> None:
    folders.deliver(write_pain001(order()))
    folders.answer()
    folders.deliver(write_pain001(order())[:end], "again")
    ((_, (row,)),) = folders.answer()
    assert (row.message, row.code, row.said) == (MESSAGE, "DU01", BankSaid.ACCEPTED)
    assert len(Bank(folders.orders, folders.answers).books.bookings) == 2  # with its charge


@pytest.mark.parametrize(
    ("spoil", "code", "message"),
    [
        (lambda content: content.replace(b"<CtrlSum>10.01", b"<CtrlSum>10.02"), "AM10", MESSAGE),
        (lambda content: content.replace(b"<NbOfTxs>1<", b"<NbOfTxs>2<"), "AM18", MESSAGE),
        (lambda content: content.replace(b"EndToEndId>", b"EndId>"), "FF01", MESSAGE),
        (lambda content: content[:-9], "FF01", MESSAGE),
        (lambda _: b"<", "FF01", "NOTPROVIDED"),
    ],
)
def test_an_order_that_is_none_is_refused_as_a_whole(
    folders: _Folders, spoil, code: str, message: str
) -> None:
    folders.deliver(spoil(write_pain001(order())))
    ((_, (row,)),) = folders.answer()
    assert (row.said, row.code, row.message) == (BankSaid.REJECTED, code, message)
    assert Bank(folders.orders, folders.answers).books.bookings == []


def test_orders_and_answers_may_be_csv(folders: _Folders) -> None:
    folders.deliver(write_csv(order(transfer(1), transfer(91), transfer(95))))
    (_, report), (_, booked) = folders.answer(_CSV)
    assert [(row.reference, row.said) for row in report] == [
        (reference(1), BankSaid.ACCEPTED),
        (reference(91), BankSaid.REJECTED),
    ]
    ((row),) = booked
    assert (row.reference, row.amount, row.said) == (reference(1), 1001, BankSaid.BOOKED)


def test_what_is_written_beside_its_place_is_no_order_yet(folders: _Folders) -> None:
    folders.deliver(write_pain001(order()), ".order.part")
    assert folders.answer() == []


def test_no_account_stays_in_its_books(folders: _Folders) -> None:
    folders.deliver(write_pain001(order()))
    folders.answer()
    kept = (folders.answers / BOOKS).read_text()
    assert reference(1) in kept
    assert transfer(1).account not in kept
    assert transfer(1).holder not in kept


def test_killed_before_its_books_are_kept_it_takes_the_order_again(
    folders: _Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    folders.deliver(write_pain001(order()))
    with monkeypatch.context() as patched:
        patched.setattr("annul.sim.bank.books.Books.save", killed)
        with pytest.raises(KeyboardInterrupt):
            folders.answer()
    (_, (status,)), (_, (booked,)) = folders.answer()
    assert (status.said, booked.said) == (BankSaid.ACCEPTED, BankSaid.BOOKED)
    assert (status.reference, booked.reference) == (reference(1), reference(1))


def test_its_balances_go_on_from_day_to_day(folders: _Folders) -> None:
    folders.deliver(write_pain001(order(transfer(92))))
    folders.answer()
    books = Bank(folders.orders, folders.answers).books
    assert books.balances(DAY.isoformat(), "156") == (OPENING, OPENING - 1092 - 10)
    returned = _later(2).isoformat()
    assert books.balances(returned, "156") == (OPENING - 1092 - 10, OPENING - 10)
