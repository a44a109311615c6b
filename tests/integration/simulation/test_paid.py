"""What was paid is compared place by place: each untruth is said, and nothing else."""

from dataclasses import dataclass, field
from typing import Any, cast

import asyncpg
import pytest

from annul.domain.payouts import BankSaid
from annul.security.vault import Vault
from annul.settle.bank.rows import BankRow
from annul.simulation.bank import Sent, SimulatedBank
from annul.simulation.paid import unpaid_or_twice
from tests.support.paying import SHOPS, bank_says, filed, only_payout, take_account
from tests.support.rows import put


@dataclass
class _Bank:
    """A bank that says what a test lets it say."""

    sent: dict[str, list[Sent]]
    paid: dict[str, int]
    orders: int = 1
    left: list[str] = field(default_factory=list)
    has_more: bool = False

    def moved(self) -> dict[str, int]:
        return self.paid

    def unread(self) -> list[str]:
        return self.left


async def _wrong(pool: asyncpg.Pool, bank: _Bank, *, at_the_end: bool = True) -> list[str]:
    return await unpaid_or_twice(pool, cast("SimulatedBank", bank), at_the_end=at_the_end)


@pytest.fixture
async def bank(table_owner: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch) -> _Bank:
    vault, shop = Vault(bytes(32)), {"merchant_id": SHOPS[0], "currency": "156"}
    names = {"name_zh": "示例茶馆", "name_en": "Tea", "category": "5812"}
    await put(table_owner, "merchants", {"merchant_id": SHOPS[0], **names})
    await put(table_owner, "merchant_balances", shop)
    await take_account(table_owner, vault, SHOPS[0])
    reference = await filed(table_owner, vault)
    row = BankRow(1, BankSaid.BOOKED, reference, "156", 100, bank_ref="B1")
    answers, content = bank_says(table_owner, monkeypatch, row)
    await answers.read(content, "x", "li")
    await table_owner.execute("UPDATE payout_files SET delivered_at = made_at")
    return _Bank({reference: [Sent("f.xml", 100, "17")]}, {reference: 100})


async def test_what_was_paid_once_is_as_it_should_be(
    table_owner: asyncpg.Pool, bank: _Bank
) -> None:
    assert await _wrong(table_owner, bank) == []


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        *(
            (f"UPDATE merchant_balances SET {place} = {place} + 1 WHERE merchant_id = '{SHOPS[0]}'",
             f"{place} of {SHOPS[0]} is")
            for place in ("pending", "available", "in_payout", "frozen", "rolling_reserve")
        ),
        ("UPDATE payouts SET paid_at = NULL", "was paid 100 by entries, 0 by payouts"),
        ("UPDATE merchant_days SET payout_id = NULL", "not the sum of its items"),
        ("UPDATE merchant_days SET available_at = NULL", "days that never became available: 1"),
        ("UPDATE payouts SET amount = 101", "another amount or account"),
        ("UPDATE payouts SET file_id = NULL", "the bank has it, and no file here"),
        ("UPDATE payout_files SET delivered_at = NULL", "files that the bank does not have: 1"),
        ("UPDATE bank_files SET applied_at = NULL", "files of the bank that had no effect: 1"),
        ("DELETE FROM payouts", "which is no payout"),
    ],
)  # fmt: skip
async def test_what_is_untrue_here_is_said(
    table_owner: asyncpg.Pool, bank: _Bank, spoilt: str, said: str
) -> None:
    await table_owner.execute(spoilt)
    wrong = await _wrong(table_owner, bank)
    assert any(said in one for one in wrong), wrong


async def test_what_the_bank_has_otherwise_is_said(table_owner: asyncpg.Pool, bank: _Bank) -> None:
    reference = (await only_payout(table_owner)).hex
    once = bank.sent[reference][0]
    spoilt: tuple[tuple[str, Any, str], ...] = (
        ("sent", {reference: [once, Sent("g.xml", 100, "17")]}, "in files twice"),
        ("sent", {reference: [Sent("f.xml", 99, "17")]}, "another amount or account"),
        ("sent", {reference: [Sent("f.xml", 100, "18")]}, "another amount or account"),
        ("paid", {reference: 200}, "the bank paid 200, here 100 is paid"),
        ("paid", {}, "the bank paid 0, here 100 is paid"),
        ("paid", {reference: 100, "x": 5}, "the bank paid x, no payout"),
        ("orders", 0, "files of ours that the bank does not know: 1"),
        ("left", ["a"], "files that were not read: 1"),
        ("has_more", True, "bookings of which it never told: 1"),
    )
    for name, value, said in spoilt:
        before = getattr(bank, name)
        setattr(bank, name, value)
        (wrong,) = await _wrong(table_owner, bank)
        assert said in wrong
        setattr(bank, name, before)
    assert await _wrong(table_owner, bank) == []


async def test_what_an_incident_names_is_known_and_only_at_the_end(
    table_owner: asyncpg.Pool, bank: _Bank
) -> None:
    reference = (await only_payout(table_owner)).hex
    bank.paid = {reference: 200}
    assert await _wrong(table_owner, bank, at_the_end=False) == []
    assert len(await _wrong(table_owner, bank)) == 1
    await table_owner.execute(
        "INSERT INTO incidents (merchant_id, id, kind, subject, opened_at)"
        " VALUES ($1, gen_random_uuid(), 'payout_twice', $2, now())",
        SHOPS[0],
        reference,
    )
    assert await _wrong(table_owner, bank) == []
