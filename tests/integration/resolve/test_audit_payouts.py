"""The audit of what merchants are paid: each contradiction of a settled account is found."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from annul.domain.incident import Reader
from annul.domain.incidents import INCIDENTS
from annul.domain.payouts import BankSaid, MoveKind
from annul.resolve.audit import GRACE, Auditor, Span
from annul.resolve.audit_payouts import SQL
from annul.resolve.differences import QUESTIONS, Over
from annul.resolve.sweep import Sweep
from annul.security.vault import Vault
from annul.settle import accounts, moves
from annul.settle.answers import Answers
from annul.settle.days import Days
from annul.settle.payouts import Payouts
from tests.support.builders import DAY, merchant
from tests.support.paying import CALENDAR, HOUSE

from .audited import SOLD, Books, Held, found, open_incidents

_SHOP = merchant().merchant_id
_PAID = SOLD + timedelta(days=1)  # the day is closed and due
_LATER = _PAID + timedelta(hours=1)
_ADD = "UPDATE {} SET {} = {} + 1"
_LESS = "UPDATE {} SET {} = {} - 1"


class Settled:
    """A shop whose day was settled and paid out, and whose payout the bank has booked."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self.clock = Held(_PAID)
        self.vault = Vault(bytes(32))

    async def settle(self) -> None:
        """Close the day, make it available, and pay it out."""
        await Days(self.pool, CALENDAR, self.clock).run()
        await self.pay()

    async def pay(self) -> str:
        """Put what is available into a file; gives the payout's reference."""
        await Payouts(self.pool, CALENDAR, self.clock, HOUSE, self.vault).run("li")
        (row,) = await self.pool.fetch("SELECT id FROM payouts ORDER BY made_at DESC LIMIT 1")
        return row["id"].hex

    async def says(self, reference: str, *said: BankSaid) -> None:
        """Let the bank say something of a payout."""
        for one in said:
            text = f"reference,said,bank_ref,text\n{reference},{one},B1,{uuid4()}\n"
            answers = Answers(self.pool, CALENDAR, self.clock)
            await answers.read(text.encode(), f"{uuid4()}.csv", "li")

    async def reference(self) -> str:
        """Give the reference of the one payout."""
        (row,) = await self.pool.fetch("SELECT id FROM payouts")
        return row["id"].hex

    async def freeze(self, amount: int) -> None:
        """Let somebody freeze so much."""
        move = moves.Move(_SHOP, uuid4(), MoveKind.FREEZE, -amount, "156")
        async with self.pool.acquire() as connection, connection.transaction():
            await moves.ask(connection, move, "court", "li", self.clock.now())
            await moves.carry_out(connection, CALENDAR, _SHOP, move.id, "wang", self.clock.now())


@pytest.fixture
async def settled(books: Books) -> Settled:
    shop = Settled(books.pool)
    async with shop.pool.acquire() as connection, connection.transaction():
        account, identity = accounts.Account("示例茶馆", "104100000004", "6222000000017"), uuid4()
        await accounts.ask(
            connection, shop.vault, _SHOP, identity, account, "156", reason="n", who="li", now=_PAID
        )
        await accounts.use(connection, _SHOP, identity, "wang", _PAID)
    await shop.settle()
    return shop


async def test_whatever_the_bank_says_in_whatever_order_is_no_difference(
    settled: Settled, auditor: Auditor
) -> None:
    said, first = BankSaid, await settled.reference()
    assert await found(auditor, _LATER) == {}
    await settled.says(first, said.ACCEPTED, said.BOOKED, said.BOOKED)
    assert await found(auditor, _LATER) == {}
    await settled.says(first, said.RETURNED)
    assert await found(auditor, _LATER) == {}
    for at, answers in enumerate(
        ((said.REJECTED,), (said.RETURNED, said.BOOKED), (said.BOOKED,)), 1
    ):
        settled.clock.at = _PAID + timedelta(minutes=at)
        await settled.pool.execute("UPDATE payout_accounts SET state = 'used'")
        second = await settled.pay()
        assert second != first
        for one in answers:
            await settled.says(second, one)
            assert await found(auditor, _LATER) == {}, one
    assert await settled.pool.fetchval("SELECT count(DISTINCT state) FROM payouts") == 3


async def test_frozen_money_is_neither_available_nor_lost(
    settled: Settled, auditor: Auditor
) -> None:
    await settled.says(await settled.reference(), BankSaid.REJECTED)
    await settled.freeze(1_000)
    assert await found(auditor, _LATER) == {}


# Each: what is spoilt, by which statement, as what it is found, and how it is mended --------------

_ITEM = "UPDATE merchant_days SET payout_id = {}"


class Spoilt:
    """Ways to spoil a settled account: what is found, by reference, then how it is mended."""

    async def an_item_too_many(self, s: Settled) -> AsyncIterator[dict[str, set[str]]]:
        payout = await s.reference()
        await s.pool.execute(
            "INSERT INTO account_moves (merchant_id, id, currency, kind, amount, reason, state,"
            " asked_by, asked_at, payout_id) SELECT merchant_id, gen_random_uuid(), currency,"
            " 'correction', 7, 'x', 'done', 'li', made_at, id FROM payouts"
        )
        yield {"payout_items": {payout}}
        await s.pool.execute("DELETE FROM account_moves")

    async def an_item_that_fell_out(self, s: Settled) -> AsyncIterator[dict[str, set[str]]]:
        payout = await s.reference()
        await s.pool.execute(_ITEM.format("NULL"))
        yield {"payout_items": {payout}, "available": {"156"}}
        await s.pool.execute(_ITEM.format("(SELECT id FROM payouts)"))

    async def an_amount_that_was_changed(self, s: Settled) -> AsyncIterator[dict[str, set[str]]]:
        payout = await s.reference()
        await s.pool.execute(_ADD.format("payouts", "amount", "amount"))
        yield {"payout_items": {payout}, "payout_state": {payout}}
        await s.pool.execute(_LESS.format("payouts", "amount", "amount"))

    async def available_that_nothing_explains(
        self, s: Settled
    ) -> AsyncIterator[dict[str, set[str]]]:
        await s.pool.execute(_ADD.format("merchant_balances", "available", "available"))
        yield {"available": {"156"}, "balance": {"156"}}
        await s.pool.execute(_LESS.format("merchant_balances", "available", "available"))

    async def an_open_break_without_its_money(
        self, s: Settled
    ) -> AsyncIterator[dict[str, set[str]]]:
        await s.pool.execute(
            "INSERT INTO breaks (merchant_id, id, kind, file_id, money, currency, differs,"
            " opened_at, due_at, state) VALUES ($1, gen_random_uuid(), 'amount',"
            " gen_random_uuid(), 7, '156', '{}', $2, $2, 'open')",
            _SHOP,
            _PAID,
        )
        yield {"suspense": {"156"}}
        await s.pool.execute("UPDATE breaks SET state = 'withdrawn'")

    async def accepted_and_never_posted(self, s: Settled) -> AsyncIterator[dict[str, set[str]]]:
        await s.pool.execute(
            "INSERT INTO clearing_differences VALUES ($1, gen_random_uuid(), gen_random_uuid(), 1,"
            " 'amount', gen_random_uuid(), '00000101', '156', 10, 12, 2, '2026-11-23',"
            " 'clearing_difference', true, $2)",
            _SHOP,
            _PAID,
        )
        yield {"tolerance": {"156"}}
        await s.pool.execute("UPDATE clearing_differences SET counts = false")

    async def paid_without_an_entry(self, s: Settled) -> AsyncIterator[dict[str, set[str]]]:
        payout = await s.reference()
        await s.pool.execute("UPDATE payouts SET state = 'paid', paid_at = made_at")
        yield {"payout_state": {payout}}
        await s.pool.execute("UPDATE payouts SET state = 'filed', paid_at = NULL")

    async def paid_and_never_said(self, s: Settled) -> AsyncIterator[dict[str, set[str]]]:
        payout = await s.reference()
        await s.says(payout, BankSaid.BOOKED)
        await s.pool.execute("UPDATE payouts SET state = 'filed'")
        yield {"payout_state": {payout}}
        await s.pool.execute("UPDATE payouts SET state = 'paid'")

    async def ended_with_its_money_on_its_way(
        self, s: Settled
    ) -> AsyncIterator[dict[str, set[str]]]:
        payout = await s.reference()
        await s.pool.execute("UPDATE payouts SET state = 'rejected'")
        yield {"payout_state": {payout}}
        await s.pool.execute("UPDATE payouts SET state = 'filed'")

    async def returned_and_never_booked(self, s: Settled) -> AsyncIterator[dict[str, set[str]]]:
        payout = await s.reference()
        await s.says(payout, BankSaid.RETURNED)
        await s.pool.execute("UPDATE payouts SET returned_at = made_at - interval '8 days'")
        yield {"payout_state": {payout}}
        await s.says(payout, BankSaid.BOOKED)

    async def a_closed_day_that_came_to_more(
        self, s: Settled
    ) -> AsyncIterator[dict[str, set[str]]]:
        await s.pool.execute("UPDATE merchant_days SET taken = taken + 1, fees = fees + 1")
        yield {"counted_day": {f"{DAY} 156"}}
        await s.pool.execute("UPDATE merchant_days SET taken = taken - 1, fees = fees - 1")

    async def posted_on_a_closed_day(self, s: Settled) -> AsyncIterator[dict[str, set[str]]]:
        key = "subject = '00000000-0000-0000-0000-00000000000f'"
        await s.pool.execute(
            "INSERT INTO entries SELECT merchant_id, '00000000-0000-0000-0000-00000000000f', kind,"
            " line, debit, credit, amount, currency, business_date, posted_at FROM entries"
            " WHERE kind = 'approval' AND credit = 'merchant_pending' LIMIT 1"
        )
        yield {"counted_day": {f"{DAY} 156"}, "balance": {"156"}}
        await s.pool.execute(f"DELETE FROM entries WHERE {key}")

    async def a_merchants_day_that_is_not_counted(
        self, s: Settled
    ) -> AsyncIterator[dict[str, set[str]]]:
        payout, row = await s.reference(), await s.pool.fetchrow("SELECT * FROM merchant_days")
        await s.pool.execute("UPDATE merchant_days SET merchant_id = '898000058129999'")
        yield {"counted_day": {f"{DAY} 156"}, "payout_items": {payout}}
        assert row is not None
        await s.pool.execute("UPDATE merchant_days SET merchant_id = $1", row["merchant_id"])


_WAYS = sorted(name for name in vars(Spoilt) if not name.startswith("_"))


@pytest.mark.parametrize("way", _WAYS)
async def test_a_contradiction_is_found_told_once_and_forgotten_when_it_is_mended(
    settled: Settled, auditor: Auditor, way: str
) -> None:
    spoiling = getattr(Spoilt(), way)(settled)
    expected = await anext(spoiling)
    assert await found(auditor, _LATER) == expected
    told = {name: len(references) for name, references in expected.items()}
    assert await open_incidents(settled.pool) == told
    again = await auditor.everything(_LATER + timedelta(minutes=5))
    assert (len(again.differences), again.opened, again.closed) == (sum(told.values()), 0, 0)

    assert await anext(spoiling, None) is None
    mended = await auditor.everything(_LATER + timedelta(minutes=10))
    assert (mended.differences, mended.opened, mended.closed) == ([], 0, sum(told.values()))
    rows = await settled.pool.fetch(
        "SELECT kind, params, transaction_id FROM incidents WHERE kind LIKE 'audit%'"
    )
    for kind, params, transaction_id in rows:
        assert set(params) == set(INCIDENTS[kind].parameters())
        assert INCIDENTS[kind].said(params, Reader("zh")).startswith(f"{params['reference']}：")
        assert transaction_id is None, "neither a payout nor an account is a transaction"


def test_each_question_is_asked_of_a_spoilt_account() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    for question in QUESTIONS:
        if question.over in {Over.PAYOUTS, Over.ACCOUNTS, Over.DAYS}:
            assert f'"{question.name}": {{' in source


async def test_a_host_finds_what_is_new_by_itself_and_forgets_it(
    settled: Settled, auditor: Auditor
) -> None:
    spoiling = Spoilt().an_item_that_fell_out(settled)
    await anext(spoiling)
    clock = Held(_PAID + GRACE + timedelta(minutes=1))
    sweep = Sweep(auditor, clock)
    await sweep.round()
    assert await open_incidents(settled.pool) == {"payout_items": 1, "available": 1}
    await anext(spoiling, None)
    await sweep.round()
    assert await open_incidents(settled.pool) == {}


async def test_to_explain_one_difference_closes_no_other(
    settled: Settled, auditor: Auditor, books: Books
) -> None:
    await settled.pool.execute(_ADD.format("merchant_balances", "available", "available"))
    await books.set(books.sale, late_code="51", late_at=SOLD)
    await auditor.everything(_LATER)
    person = {"who": "olga", "role": "operator", "reason": "why"}
    await auditor.explain(books.sale.rrn, now=_LATER, **person)
    assert await open_incidents(settled.pool) == {"available": 1, "balance": 1}


# Cost --------------------------------------------------------------------------------------------

_MANY = """
INSERT INTO payouts (merchant_id, id, currency, amount, account_id, run_on, state, made_at)
SELECT $1, gen_random_uuid(), '156', 1, gen_random_uuid(), date '2020-01-01' + n / 20, 'filed',
       timestamptz '2020-01-01' + n / 20 * interval '1 day'
FROM generate_series(1, 20000) n;
"""


async def test_no_question_reads_payouts_or_entries_from_end_to_end(settled: Settled) -> None:
    await settled.pool.execute(_MANY, _SHOP)
    await settled.pool.execute(
        "INSERT INTO entries SELECT $1, gen_random_uuid(), 'approval', 0, 'a', 'b', 1, '156',"
        " date '2020-01-01' + n / 20, now() FROM generate_series(1, 30000) n",
        _SHOP,
    )
    await settled.pool.execute("ANALYZE")
    span = Span(_PAID - timedelta(hours=1), _LATER)
    async with settled.pool.acquire() as connection:
        await connection.execute("SET plan_cache_mode = force_custom_plan")
        asked: dict[str, dict[str, Any]] = {
            "payout_items": {**span._asdict(), "before": _LATER, "limit": 9},
            "payout_state": {**span._asdict(), "before": _LATER, "limit": 9},
            "next_payouts": {"since": span.since, "until": span.until, "rows": 9},
            "counted_day": {"day": DAY, "limit": 9},
        }
        for name, values in asked.items():
            sql, *arguments = SQL[name](**values)
            rows = await connection.fetch(f"EXPLAIN {sql}", *arguments)
            plan = "\n".join(row[0] for row in rows)
            assert not re.search(r"Seq Scan on (payouts|entries)\b", plan), plan


async def test_spans_of_payouts_leave_none_out(settled: Settled, auditor: Auditor) -> None:
    await settled.pool.execute(_MANY, _SHOP)
    whole, seen, last = Span(SOLD.replace(year=1970), _LATER), 0, SOLD.replace(year=1970)
    async for span in auditor.spans(Over.PAYOUTS, whole, 3_000):
        assert span.since == last < span.until
        last = span.until
        seen += await settled.pool.fetchval(
            "SELECT count(*) FROM payouts WHERE made_at >= $1 AND made_at < $2",
            span.since,
            span.until,
        )
    assert (last, seen) == (_LATER, 20_001)
