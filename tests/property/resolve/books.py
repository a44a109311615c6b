"""The rows of one sale and of all that refers to it, and what must hold of them."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import asyncpg

from annul.domain.records import Transaction
from annul.domain.response_codes import Effect, effect_of
from annul.domain.states import STANDING, UNFINISHED, State
from annul.resolve.audit import EVER, Span
from annul.resolve.differences import QUESTIONS, Over

from .issuer import Issuer
from .world import AMOUNT, AVAILABLE, World

ENDED: Final = frozenset({State.DECLINED, State.REVERSED})
# What tells somebody that issuer and annul may differ over a transaction that has ended, or waits.
NAMED: Final = frozenset(
    {"disputed", "answers_contradict", "approved_twice", "conclusion_overtaken"}
)
_EVER_AFTER: Final = datetime(9999, 1, 1, tzinfo=UTC)


class Books:
    """What stands here beside what the issuer has booked. `look` reads it anew."""

    def __init__(self, world: World) -> None:
        self.world, self.host, self.issuer = world, world.host, Issuer()
        self.sale = world.new("sale", AMOUNT)
        self.rows: dict[UUID, asyncpg.Record] = {}
        self.posted: dict[UUID, int] = {}
        self.incidents: dict[UUID, set[str]] = {}
        self.pending: set[UUID] = set()
        self.due = 0

    async def look(self) -> None:
        """Read rows, open incidents, and what is owed."""
        fetch = self.world.owner.fetch
        self.rows = {row["id"]: row for row in await fetch("SELECT * FROM transactions")}
        self.incidents = {}
        for row in await fetch("SELECT * FROM incidents WHERE closed_at IS NULL"):
            self.incidents.setdefault(row["transaction_id"], set()).add(row["kind"])
        outbox = await fetch("SELECT * FROM outbox WHERE pending")
        self.pending = {row["transaction_id"] for row in outbox}
        now = self.world.clock.now()
        free = [row for row in outbox if not row["leased_until"] or row["leased_until"] <= now]
        self.due = sum(row["next_attempt_at"] <= now for row in free)

    async def stored(self, rrn: str) -> Transaction:
        """Give a transaction as it is."""
        stored = await self.host.journal.find_by_rrn(self.sale.merchant_id, rrn)
        assert stored is not None
        return stored

    def of(self, number: str) -> tuple[asyncpg.Record, set[str]]:
        """Give the attempt of a number with the kinds of its open incidents."""
        names = self.issuer.names
        (row,) = (r for r in self.rows.values() if names.get(r["rrn"], "").endswith(number))
        return row, self.incidents.get(row["id"], set())

    def hidden(self) -> list[asyncpg.Record]:
        """Give what has ended here as not done and is booked at the issuer."""
        moved = self.issuer.moved
        return [r for r in self.rows.values() if r["state"] in ENDED and moved.get(r["rrn"])]

    async def check(self) -> None:
        """Look at all rows, and assert what must hold after each event."""
        await self.look()
        rows = self.rows
        sale = rows[self.sale.id]
        attempts = [row for row in rows.values() if row is not sale]
        under_way = [row for row in attempts if row["state"] in UNFINISHED]
        assert sale["undone"] == sum(row["holds"] for row in attempts) <= AMOUNT
        assert sale["undoing"] == sum(row["holds"] for row in under_way)
        dead = {*ENDED, State.REVERSING, State.DISPUTED}
        live = [row for row in attempts if row["kind"] == "void" and row["state"] not in dead]
        assert len(live) <= 1
        approved = [row for row in attempts if row["state"] in STANDING]
        assert sum(row["amount"] for row in approved) <= AMOUNT
        unheard = [
            self.issuer.names[row["rrn"]] for row in self.hidden() if row["rrn"] in self.issuer.told
        ]
        assert not unheard
        entries = await self.world.entries()
        posted = {row["transaction_id"]: int(row["taken"]) for row in entries}
        for row in rows.values():
            self._check_row(row, posted.get(row["id"], 0))
        self.posted = posted
        merchant = (self.sale.merchant_id, "156")
        pending, available, reserved = await self.host.journal.balance(*merchant)
        assert pending == sum(row["owed"] for row in entries)
        assert available == AVAILABLE
        assert reserved == sum(row["reserves"] for row in rows.values())

    def _check_row(self, row: asyncpg.Record, posted: int) -> None:
        state, told = row["state"], self.incidents.get(row["id"], set[str]())
        where = (self.issuer.names.get(row["rrn"]), state, row["response_code"], row["late_code"])
        whole = row["amount"] if row["kind"] == "sale" else -row["amount"]
        undoes = row["kind"] != "sale"
        if state in STANDING:
            assert posted == whole, where
            assert row["holds"] == (row["amount"] if undoes else 0), where
        elif state in ENDED:
            assert posted == 0, where
            assert row["holds"] == row["reserves"] == 0, where
        else:  # as before, until it is proved
            assert posted == self.posted.get(row["id"], 0), where
            assert row["holds"] in {0, row["amount"] if undoes else 0}, where
        if state not in UNFINISHED:
            assert row["reserves"] == 0, where
        elif state == State.SENT:
            assert row["id"] in self.pending or self._asking(row["rrn"]), where
        elif state == State.DISPUTED:
            assert "disputed" in told, where
            assert row["id"] in self.pending or row["kind"] == "refund", where
        else:
            assert row["id"] in self.pending, where
        # What is only in doubt is reversed once more: nobody need know before that is refused.
        doubted = row["late_code"] and effect_of(row["late_code"]) is Effect.UNKNOWN
        if undoes and not row["holds"] and state in UNFINISHED and not doubted:
            assert told & {"late_approval", "disputed"}, where

    def _asking(self, rrn: str) -> bool:
        return any(one.awaited and one.rrn == rrn for one in self.issuer.exchanges)

    async def compared(self) -> None:
        """See that all is equal, or told, once nothing is under way."""
        await self.world.forwarder._watch()
        await self.check()
        self._compare()
        await self._audit()

    def _compare(self) -> None:
        """See that what the issuer has booked is what stands here, or that somebody is told."""
        booked, back = self.issuer.moved, 0
        for row in self.rows.values():
            told = self.incidents.get(row["id"], set())
            there, here = booked.get(row["rrn"], 0), self.posted.get(row["id"], 0)
            where = (self.issuer.names.get(row["rrn"]), row["state"], there, here, told)
            assert there == here or told & NAMED, where
            if row["state"] in UNFINISHED:
                assert row["state"] == State.DISPUTED, where
                assert "disputed" in told, where
            back -= there if row["kind"] != "sale" else 0
        assert back <= AMOUNT or any(told & NAMED for told in self.incidents.values())

    async def _audit(self) -> None:
        """Ask the sweep's questions, as if all were old enough."""
        for question in QUESTIONS:
            asked = question.over in {Over.TRANSACTIONS, Over.OPEN}
            if asked and question.name != "failed_without_case":  # the resolver is not here
                span = Span(EVER, _EVER_AFTER)
                found = await self.world.auditor.ask(question, span, _EVER_AFTER)
                assert not found, (question.name, [one.facts for one in found])

    def concludable(self) -> list[asyncpg.Record]:
        """Give what is in dispute, as far as the issuer has booked all or nothing of it."""
        moved = self.issuer.moved
        disputed = [row for row in self.rows.values() if row["state"] == State.DISPUTED]
        return [r for r in disputed if abs(moved.get(r["rrn"], 0)) in {0, r["amount"]}]

    async def conclude(self, row: asyncpg.Record) -> None:
        """Let two people conclude, with the issuer's books as evidence, what is in dispute."""
        there = bool(self.issuer.moved.get(row["rrn"]))
        beside = row["kind"] != "sale" and not row["holds"]
        concluded = await self.host.outcomes.concluded(
            await self.stored(row["rrn"]), done=there, at=self.host.clock.now()
        )
        assert concluded == (not there or not beside), (self.issuer.names[row["rrn"]], there)
