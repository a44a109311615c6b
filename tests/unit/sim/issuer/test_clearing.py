"""The issuer's clearing files: its own books, row by row, and wrong only where it was asked for."""

from datetime import timedelta
from pathlib import Path
from stat import S_IMODE

import pytest

from annul.domain.fees import DEFAULT_FEE_RATES, FeeTable
from annul.settle.clearing.rows import ClearingRow
from annul.sim.issuer.clearing import FORMS, Delivery
from annul.sim.issuer.clearing_faults import ClearingFault, FaultRow, Played
from annul.sim.issuer.entries import Booking
from tests.support.issuer_day import CREDIT, DAY, DEBIT, NOON, SHOP, Is, IssuerDay, rows_of

_NET = {"taken": 1, "given_back": -1, "reversed": -1, "returned": 1}


@pytest.fixture
def issuer() -> IssuerDay:
    return IssuerDay()


def _net(rows: list[ClearingRow], pan: str) -> int:
    return sum(_NET[row.effect] * row.amount for row in rows if row.card == pan)


@pytest.mark.parametrize("form", FORMS)
def test_a_file_comes_to_what_each_card_was_booked(issuer: IssuerDay, form: str) -> None:
    rows = issuer.read(form)
    for pan in (DEBIT, CREDIT):
        account = issuer.books.account(pan)
        assert _net(rows, pan) == account.opening - account.balance
    told = {Is.of(row) for row in rows}
    assert Is(issuer.reversed.rrn, "taken", 70_00) in told
    assert Is(issuer.reversed.rrn, "reversed", 70_00) in told
    assert Is(issuer.void.rrn, "given_back", 50_00) in told
    assert issuer.declined.rrn not in {row.rrn for row in rows}
    assert {row.merchant_id for row in rows} == {SHOP}


def test_fees_come_to_what_the_schemes_keep(issuer: IssuerDay) -> None:
    rows = issuer.read()
    fee = FeeTable(DEFAULT_FEE_RATES).charge("standard", "debit", 123_45, DAY)
    fees = {Is.of(row): row.fee or 0 for row in rows}
    assert fees[Is(issuer.stands.rrn, "taken", 123_45)] == fee.issuer + fee.network
    assert (
        fees[Is(issuer.void.rrn, "given_back", 50_00)]
        == -fees[Is(issuer.voided.rrn, "taken", 50_00)]
    )
    assert fees[Is(issuer.reversed.rrn, "taken", 70_00)] == 0
    issuer.ask("refund", 123_45 - 66_66, of=issuer.stands)
    of_sale = {issuer.stands.rrn, *(one.rrn for one in issuer.refunds), f"{8:012d}"}
    assert sum(row.fee or 0 for row in issuer.read() if row.rrn in of_sale) == 0


def test_what_is_booked_after_the_cut_over_is_told_the_next_day(issuer: IssuerDay) -> None:
    late = issuer.ask("sale", 5_00, at=NOON.replace(hour=23))
    issuer.books.reverse(issuer.voided.key, NOON.replace(hour=23, minute=5))
    assert late.rrn not in {row.rrn for row in issuer.read()}
    tomorrow = DAY + timedelta(days=1)
    told = {Is.of(row) for row in issuer.read(day=tomorrow)}
    assert told == {Is(late.rrn, "taken", 5_00), Is(issuer.voided.rrn, "reversed", 50_00)}
    assert issuer.files.of(DAY + timedelta(days=2)) == []


def test_what_was_booked_twice_is_told_twice(issuer: IssuerDay) -> None:
    twice = issuer.ask("sale", 9_00, booking=Booking(9_00, 2))
    told = [row for row in issuer.read() if row.rrn == twice.rrn]
    assert [row.auth_code for row in told] == [twice.auth_code, twice.second_code]


def test_a_file_twice_has_two_names_and_a_cut_one_ends_early(issuer: IssuerDay) -> None:
    issuer.files.faults.rows = [FaultRow(ClearingFault.AGAIN)]
    first, second = issuer.files.of(DAY)
    assert first.name != second.name
    assert first.content == second.content
    issuer.files.faults.rows = [FaultRow(ClearingFault.CUT_OFF)]
    [cut] = issuer.files.of(DAY)
    assert first.content.startswith(cut.content)
    assert len(first.content) > len(cut.content) >= len(first.content) // 2
    assert cut.played == (Played(ClearingFault.CUT_OFF),)


def test_files_are_delivered_once_their_day_has_ended_late_ones_a_day_later(
    issuer: IssuerDay, tmp_path: Path
) -> None:
    delivery = Delivery(issuer.files, tmp_path, "COM", DAY)
    assert delivery.come_round(DAY) == []
    issuer.files.faults.rows = [FaultRow(ClearingFault.LATE)]
    assert delivery.come_round(DAY + timedelta(days=1)) == []
    [name] = delivery.come_round(DAY + timedelta(days=2))
    assert delivery.come_round(DAY + timedelta(days=3)) == []
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert len(rows_of((tmp_path / name).read_bytes(), "COM")) == 7
