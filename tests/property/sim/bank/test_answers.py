"""Whatever is ordered: what the bank says of it, in whatever format, is read back to the unit."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annul.domain.payouts import BankSaid
from annul.settle.bank.pain001 import VERSIONS, write_pain001
from annul.settle.bank.read import read
from annul.settle.bank.rows import Order, Transfer
from annul.settle.bank.table import write_csv
from annul.sim.bank.bank import ANSWERS, Bank, Habits
from annul.sim.bank.behaviour import BEHAVIOURS, PAYS
from tests.support.bank_orders import DAY, order

_WRITERS = {
    **{version: lambda made, version=version: write_pain001(made, version) for version in VERSIONS},
    "CSV": write_csv,
}
# Any character, as names have them; one at least that is no space.
_NAMES = st.builds(
    "{}{}".format, st.sampled_from(["李", "A", "é", "&", "<"]), st.text(max_size=150)
)
_TRANSFERS = st.builds(
    Transfer,
    reference=st.uuids().map(lambda made: made.hex),
    amount=st.integers(1, 999_999_999_999),
    holder=_NAMES,
    account=st.from_regex(r"[A-Z0-9]{1,32}[0-9]{2}", fullmatch=True),
    bank=st.sampled_from(["", "102100099996", "COBADEFF", "37040044"]),
    text=st.text(max_size=150),
)
_ORDERS = st.builds(
    lambda transfers, currency: order(*transfers, currency=currency),
    st.lists(_TRANSFERS, min_size=1, max_size=12, unique_by=lambda each: each.reference),
    st.sampled_from(["156", "392", "978"]),
)


def _bookings(made: Order) -> Counter[tuple[str, BankSaid, str, int]]:
    return Counter(
        (each.reference, movement.said, made.currency, each.amount + movement.more)
        for each in made.transfers
        for movement in BEHAVIOURS.get(each.account[-2:], PAYS).movements
    )


@pytest.mark.parametrize("writer", _WRITERS)
@pytest.mark.parametrize("answers", ANSWERS[1:])
@given(made=_ORDERS)
@settings(max_examples=15, deadline=None)
def test_what_the_bank_books_is_read_back(writer: str, answers: str, made: Order) -> None:
    with TemporaryDirectory() as folder:
        orders, inbox = Path(folder, "out"), Path(folder, "in")
        orders.mkdir()
        inbox.mkdir()
        (orders / "order").write_bytes(_WRITERS[writer](made))
        bank = Bank(orders, inbox, Habits((answers,)))
        names = [name for day in range(5) for name in bank.come_round(DAY + timedelta(days=day))]
        rows = [row for name in names for row in read((inbox / name).read_bytes(), name).rows]
    booked = [row for row in rows if row.said in {BankSaid.BOOKED, BankSaid.RETURNED}]
    found = Counter((row.reference, row.said, row.currency, row.amount) for row in booked)
    assert found == _bookings(made)
    assert len({row.bank_ref for row in booked}) == len(booked)
