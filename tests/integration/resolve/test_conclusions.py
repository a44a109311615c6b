"""Conclusions by hand on a real PostgreSQL: two people, evidence, and the money moves once."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from annul.diagnose.causes import Text
from annul.domain.records import Transaction
from annul.domain.states import BY_HAND, State
from annul.host.outcomes import Outcomes
from annul.merchants.demo import Plan, seed
from annul.merchants.registry import Registry
from annul.resolve import conclusion as said
from annul.resolve.book import Book, Entry
from annul.resolve.case import Case, Event, first_broken
from annul.resolve.conclusion import Conclusion, Person
from annul.resolve.conclusions import _QUERIES, Conclusions
from annul.resolve.people import SecondPersonNeeded
from annul.security.errors import UnusableKey
from annul.security.software import SoftwareModule
from annul.security.vault import Vault
from annul.store.journal import Journal
from tests.unit.resolve.builders import case as a_case

from .rows import DUE_IN, put, put_transaction

NOW = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
OLD = NOW - timedelta(minutes=10)
OLGA, OTTO = Person("olga", "operator"), Person("otto", "administrator")
LETTER = b"%PDF of the issuer: not in our books"


class Clock:
    """A clock that moves when a test says so."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        self.at += timedelta(microseconds=1)  # no two things happen at one moment
        return self.at

    def monotonic(self) -> float:
        return (self.at - NOW).total_seconds()


@dataclass
class Counting:
    """The host's outcomes, counted; `broken` ends the process just before or after the move."""

    outcomes: Outcomes
    moved: list[UUID] = field(default_factory=list)
    broken: str = ""

    async def concluded(self, transaction: Transaction, *, done: bool, at: datetime) -> bool:
        if self.broken == "before":
            raise ConnectionError
        moved = await self.outcomes.concluded(transaction, done=done, at=at)
        self.moved += [transaction.id] * moved
        if self.broken == "after":
            raise ConnectionError
        return moved


@dataclass
class Site:
    """A database with a shop, and conclusions over it."""

    pool: asyncpg.Pool
    outcomes: Counting
    clock: Clock
    book: Book

    @property
    def conclusions(self) -> Conclusions:
        return Conclusions(self.pool, self.book, Vault(bytes(32)), self.outcomes, self.clock)

    async def propose(self, named: Any, person: Person = OLGA, **more: Any) -> Conclusion:
        given: dict[str, Any] = {
            "done": False, "reason": "发卡行来函", "evidence": LETTER,
            "evidence_name": "letter.pdf",
        }  # fmt: skip
        return await self.conclusions.propose(str(named), person, **(given | more))

    async def confirm(self, found: Conclusion, person: Person = OTTO) -> Conclusion:
        return await self.conclusions.confirm(
            str(found.transaction_id), found.id, person, reason="看过来函"
        )

    async def state(self, transaction: Transaction) -> str:
        return await self.pool.fetchval(
            "SELECT state FROM transactions WHERE id = $1", transaction.id
        )

    async def audited(self) -> list[tuple[str, str]]:
        rows = await self.pool.fetch("SELECT who, action FROM audit ORDER BY at, id")
        return [(row["who"], row["action"]) for row in rows]

    async def posted(self, transaction: Transaction) -> int:
        return await self.pool.fetchval(
            "SELECT count(*) FROM entries WHERE transaction_id = $1", transaction.id
        )

    async def open_incidents(self) -> set[str]:
        rows = await self.pool.fetch("SELECT kind FROM incidents WHERE closed_at IS NULL")
        return {row["kind"] for row in rows}


@pytest.fixture
async def site(pool: asyncpg.Pool) -> AsyncIterator[Site]:
    await seed(pool, SoftwareModule(bytes(32)), Plan((1,), merchants=1))
    registry, journal = Registry(pool), Journal(pool)
    await registry.load()
    outcomes = Outcomes(journal, registry, lambda at: at.date())
    yield Site(pool, Counting(outcomes), Clock(), Book(pool, DUE_IN))
    await journal.close()


async def _sale(
    site: Site, trace: int = 1, state: State = State.UNKNOWN, **more: Any
) -> Transaction:
    given: dict[str, Any] = {
        "state": state, "received_at": OLD, "response_code": "", "auth_code": "", "fee": 0,
        "sent": "possibly_sent",
    }  # fmt: skip
    return await put_transaction(site.pool, trace, **(given | more))


async def _void(site: Site, state: State = State.UNKNOWN) -> tuple[Transaction, Transaction]:
    """Put a sale in, and a void of it that is not decided and holds it."""
    sale = await put_transaction(
        site.pool, 1, undone=10_000, undoing=10_000, received_at=OLD - timedelta(minutes=5)
    )
    void = await _sale(site, 2, state, kind="void", original_id=sale.id, holds=10_000)
    await put(site.pool, "outbox", {
        "merchant_id": void.merchant_id, "id": void.id, "transaction_id": void.id,
        "kind": "reversal", "issuer_id": void.issuer_id, "card_hash": void.card_hash,
        "reason": "", "next_attempt_at": OLD, "created_at": OLD, "original_id": sale.id,
    })  # fmt: skip
    return sale, void


async def _case(site: Site, void: Transaction, **changes: Any) -> Case:
    values = {"id": void.id, "number": void.rrn, "original_id": void.original_id}
    row = a_case(**(values | {"first_due_at": NOW} | changes))
    await put(site.pool, "cases", row._asdict())
    return row


async def _history(site: Site, case: Case) -> list[dict[str, Any]]:
    now = await site.book.reread(case)
    history = await site.book.history(now)
    assert first_broken(history, now) is None
    return [json.loads(body) for body, _ in history]


# Two people, and what follows -------------------------------------------------------------------


async def test_a_sale_that_was_done_stands_once_two_people_say_so(site: Site) -> None:
    sale = await _sale(site)
    proposed = await site.propose(sale.id, done=True)
    assert (proposed.state, proposed.proposed_by) == ("proposed", "olga")
    assert proposed.evidence_hash == hashlib.sha256(LETTER).digest()
    assert await site.state(sale) == "unknown", "one person moves nothing"
    confirmed = await site.confirm(proposed)
    assert (confirmed.state, confirmed.confirmed_by) == ("concluded", "otto")
    assert await site.state(sale) == "approved"
    assert await site.posted(sale) >= 2
    assert await site.audited() == [
        ("olga", "propose-conclusion"), ("otto", "confirm-conclusion"), ("annul", "concluded"),
    ]  # fmt: skip


async def test_a_void_that_was_not_done_gives_its_sale_free(site: Site) -> None:
    sale, void = await _void(site)
    case = await _case(site, void)
    for kind, about in (("disputed", void), ("forward_reversal", void), ("late_approval", void)):
        await put(site.pool, "incidents", {
            "merchant_id": void.merchant_id, "id": UUID(int=len(kind)), "kind": kind,
            "transaction_id": about.id, "detail": "x", "opened_at": OLD,
        })  # fmt: skip
    await site.confirm(await site.propose(void.rrn))
    assert await site.state(void) == "declined"
    row = await site.pool.fetchrow("SELECT state, undone FROM transactions WHERE id = $1", sale.id)
    assert tuple(row or ()) == ("approved", 0), "it may be voided again"
    assert not await site.pool.fetchval("SELECT pending FROM outbox"), "nothing is sent any more"
    (event,) = await _history(site, case)
    assert (event["what"], event["who"]) == ("concluded", "otto")
    assert event["evidence"]["proposed_by"] == "olga"
    assert event["evidence"]["sha256"] == hashlib.sha256(LETTER).hexdigest()
    assert "未成功" in event["why"]["zh"]
    assert "was not done" in event["why"]["en"]
    assert await site.open_incidents() == {"late_approval"}
    after = await site.book.reread(case)
    assert after.next_action_at > case.next_action_at, "the case is looked at now"


async def test_a_disputed_void_that_was_done_voids_its_sale(site: Site) -> None:
    sale, void = await _void(site, State.DISPUTED)
    case = await _case(site, void, ended="unproved", ended_at=NOW)
    await site.confirm(await site.propose(void.id, done=True))
    assert (await site.state(void), await site.state(sale)) == ("approved", "voided")
    (event,) = await _history(site, case)
    assert event["what"] == "concluded", "also into the history of a case that has ended"


async def test_one_person_alone_can_not(site: Site) -> None:
    sale = await _sale(site)
    proposed = await site.propose(sale.id)
    # Another role of the same name, or one's own program, is the same person.
    alone = (OLGA, Person("olga", "administrator"), Person("key annul_abc", "operator", "olga"))
    for person in alone:
        with pytest.raises(SecondPersonNeeded):
            await site.confirm(proposed, person)
    assert await site.state(sale) == "unknown"
    with pytest.raises(asyncpg.CheckViolationError):
        await site.pool.execute(
            "UPDATE conclusions SET confirmed_by = 'olga', confirmed_at = now()"
        )


async def test_a_program_proposes_as_the_person_who_made_its_key(site: Site) -> None:
    sale = await _sale(site)
    proposed = await site.propose(sale.id, Person("key annul_abc", "operator", "otto"))
    assert proposed.proposed_by == "otto"
    with pytest.raises(SecondPersonNeeded):
        await site.confirm(proposed, OTTO)
    row = await site.pool.fetchrow("SELECT who, detail FROM audit")
    assert row is not None
    assert (row["who"], row["detail"]["person"]) == ("key annul_abc", "otto")
    assert (await site.confirm(proposed, OLGA)).state == "concluded"


async def test_confirming_twice_moves_once(site: Site) -> None:
    sale = await _sale(site)
    proposed = await site.propose(sale.id, done=True)
    both = await asyncio.gather(
        site.confirm(proposed), site.confirm(proposed, Person("ora", "operator")),
        return_exceptions=True,
    )  # fmt: skip
    done = [one for one in both if isinstance(one, Conclusion)]
    assert done
    assert all(isinstance(one, said.NothingProposed | Conclusion) for one in both)
    posted = await site.posted(sale)
    again = await site.confirm(proposed)
    assert again.state == "concluded"
    assert again.confirmed_by == done[0].confirmed_by
    assert (site.outcomes.moved, await site.posted(sale)) == ([sale.id], posted)
    assert [action for _, action in await site.audited()].count("confirm-conclusion") == 1


async def test_what_is_withdrawn_is_confirmed_by_nobody(site: Site) -> None:
    sale = await _sale(site)
    proposed = await site.propose(sale.id)
    with pytest.raises(said.AlreadyProposed):
        await site.propose(sale.id, OTTO)
    taken = await site.conclusions.withdraw(str(sale.id), proposed.id, OTTO, reason="看错了")
    assert taken.state == "withdrawn"
    withdrawn = site.conclusions.withdraw(str(sale.id), proposed.id, OLGA, reason="x")
    for again in (site.confirm(proposed), withdrawn):
        with pytest.raises(said.NothingProposed):
            await again
    assert (await site.propose(sale.id, OTTO, done=True)).state == "proposed"
    assert [one.state for one in await site.conclusions.of(sale)] == ["proposed", "withdrawn"]


# What is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize("state", sorted(set(State) - set(BY_HAND)))
async def test_only_what_is_open_is_concluded(site: Site, state: State) -> None:
    sale = await _sale(site, state=state)
    with pytest.raises(said.NotConcludable, match=f"is {state}"):
        await site.propose(sale.id)
    assert await site.pool.fetchval("SELECT count(*) FROM conclusions") == 0


async def test_what_ends_by_itself_is_not_concluded_any_more(site: Site) -> None:
    sale = await _sale(site)
    proposed = await site.propose(sale.id, done=True)
    await site.pool.execute("UPDATE transactions SET state = 'declined', ended_at = now()")
    with pytest.raises(said.NotConcludable):
        await site.confirm(proposed)
    assert await site.state(sale) == "declined"
    assert (await site.conclusions.withdraw(str(sale.id), proposed.id, OLGA, reason="x")).state


async def test_it_waits_until_annul_itself_is_through(site: Site) -> None:
    sale = await _sale(site, received_at=NOW - timedelta(seconds=29))  # twice 15 s
    with pytest.raises(said.StillWorkedOn):
        await site.propose(sale.id)
    site.clock.at += timedelta(seconds=2)
    assert (await site.propose(sale.id)).open


async def test_what_the_issuer_says_after_the_proposal_counts_more(site: Site) -> None:
    sale = await _sale(site, state=State.REVERSING)
    proposed = await site.propose(sale.id)
    await site.pool.execute(
        "UPDATE transactions SET late_code = '00', late_at = $1", site.clock.now()
    )
    with pytest.raises(said.SomethingCameSince):
        await site.confirm(proposed)
    assert await site.state(sale) == "reversing"


async def test_nothing_stands_beside_what_took_its_place(site: Site) -> None:
    _, void = await _void(site, State.DISPUTED)
    await site.pool.execute("UPDATE transactions SET holds = 0 WHERE id = $1", void.id)
    with pytest.raises(said.PlaceTaken):
        await site.propose(void.id, done=True)
    assert (await site.propose(void.id, done=False)).open


@pytest.mark.parametrize("role", ["", "support", "auditor", "merchant", "cashier", "root"])
async def test_only_those_who_operate_conclude(site: Site, role: str) -> None:
    sale = await _sale(site)
    proposed = await site.propose(sale.id)
    person = Person("sue", role)
    for act in (
        site.propose(sale.id, person),
        site.confirm(proposed, person),
        site.conclusions.withdraw(str(sale.id), proposed.id, person, reason="x"),
    ):
        with pytest.raises(said.RoleConcludesNothing):
            await act
    assert [one.state for one in await site.conclusions.of(sale)] == ["proposed"]


async def test_evidence_and_reason_are_needed(site: Site) -> None:
    sale = await _sale(site)
    for evidence in (b"", bytes(said.LARGEST_EVIDENCE + 1)):
        with pytest.raises(said.EvidenceRefused):
            await site.propose(sale.id, evidence=evidence)
    for reason in ("", " \n"):
        with pytest.raises(said.ReasonMissing):
            await site.propose(sale.id, reason=reason)
    assert (await site.propose(sale.id, evidence=bytes(said.LARGEST_EVIDENCE))).open


async def test_what_is_no_transaction_is_not_concluded(site: Site) -> None:
    await _sale(site, 1)
    for named in ("300000009999", "nonsense", str(UUID(int=77))):
        with pytest.raises(said.TransactionUnknown):
            await site.propose(named)


# At rest ----------------------------------------------------------------------------------------


async def test_evidence_is_sealed_and_names_no_card(site: Site) -> None:
    sale = await _sale(site)
    proposed = await site.propose(
        sale.id, evidence=b"card 6200010000000007", reason="卡6200010000000007已核",
        evidence_name="C:\\letters\\..\\6200010000000007\x07.pdf",
    )  # fmt: skip
    row = await site.pool.fetchrow("SELECT evidence, evidence_name, reason FROM conclusions")
    assert row is not None
    assert b"6200010000000007" not in row["evidence"]
    assert (row["evidence_name"], row["reason"]) == (
        "620001******0007.pdf",
        "卡620001******0007已核",
    )
    assert await site.conclusions.read_evidence(proposed) == b"card 6200010000000007"
    other = await site.propose((await _sale(site, 2)).id)
    await site.pool.execute(
        "UPDATE conclusions SET evidence = $1 WHERE id = $2", row["evidence"], other.id
    )
    with pytest.raises(UnusableKey):
        await site.conclusions.read_evidence(other)


# Crashes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("broken", ["before", "after"])
async def test_a_crash_beside_the_move_loses_nothing_and_moves_once(
    site: Site, broken: str
) -> None:
    sale, void = await _void(site)
    case = await _case(site, void)
    proposed = await site.propose(void.id, done=True)
    site.outcomes.broken = broken
    with pytest.raises(ConnectionError):
        await site.confirm(proposed)
    assert [one.state for one in await site.conclusions.of(void)] == ["confirmed"]
    site.outcomes.broken = ""
    assert await site.conclusions.finish(site.clock.now()) == 1
    assert await site.conclusions.finish(site.clock.now()) == 0
    assert (await site.state(void), await site.state(sale)) == ("approved", "voided")
    assert site.outcomes.moved == [void.id]
    assert [event["what"] for event in await _history(site, case)] == ["concluded"]
    assert [one.state for one in await site.conclusions.of(void)] == ["concluded"]


async def test_nothing_else_is_proposed_while_a_conclusion_is_on_its_way(site: Site) -> None:
    sale = await _sale(site)
    proposed = await site.propose(sale.id)
    site.outcomes.broken = "before"
    with pytest.raises(ConnectionError):
        await site.confirm(proposed)
    with pytest.raises(said.AlreadyProposed):
        await site.propose(sale.id, done=True)


async def test_an_old_conclusion_never_moves_what_came_open_again(site: Site) -> None:
    sale = await _sale(site, state=State.REVERSING)
    proposed = await site.propose(sale.id)
    await site.confirm(proposed)
    assert await site.state(sale) == "reversed"
    await site.pool.execute(
        "UPDATE transactions SET state = 'reversing', late_code = '00', late_at = $1",
        site.clock.now(),
    )
    assert await site.conclusions.finish(site.clock.now()) == 0
    assert (await site.confirm(proposed)).state == "concluded", "as it was"
    assert await site.state(sale) == "reversing"
    fresh = await site.propose(sale.id, done=True)
    assert fresh.open, "it takes two again"


async def test_what_the_issuer_says_before_it_is_carried_out_counts_more(site: Site) -> None:
    _, void = await _void(site, State.REVERSING)
    case = await _case(site, void)
    proposed = await site.propose(void.id)
    site.outcomes.broken = "before"
    with pytest.raises(ConnectionError):
        await site.confirm(proposed)
    await site.pool.execute(
        "UPDATE transactions SET late_code = '00', late_at = $1 WHERE id = $2",
        site.clock.now(), void.id,
    )  # fmt: skip
    site.outcomes.broken = ""
    assert await site.conclusions.finish(site.clock.now()) == 1
    assert (await site.state(void), site.outcomes.moved) == ("reversing", [])
    assert [one.state for one in await site.conclusions.of(void)] == ["overtaken"]
    assert "conclusion_overtaken" in await site.open_incidents()
    assert [event["what"] for event in await _history(site, case)] == ["conclusion_overtaken"]


async def test_one_that_can_not_be_carried_out_holds_up_no_other(site: Site) -> None:
    first, second = await _sale(site, 1), await _sale(site, 2)
    for sale in (first, second):
        proposed = await site.propose(sale.id)
        site.outcomes.broken = "before"
        with pytest.raises(ConnectionError):
            await site.confirm(proposed)
        site.outcomes.broken = ""
    concluded = site.outcomes.concluded

    async def choosy(transaction: Transaction, *, done: bool, at: datetime) -> bool:
        if transaction.id == first.id:
            raise ValueError
        return await concluded(transaction, done=done, at=at)

    site.outcomes.concluded = choosy  # pyright: ignore[reportAttributeAccessIssue]
    site.clock.at += timedelta(minutes=2)
    assert await site.conclusions.finish(site.clock.now()) == 1
    assert (await site.state(first), await site.state(second)) == ("unknown", "declined")
    assert "conclusion_waits" in await site.open_incidents(), "somebody is told"


async def test_an_event_steps_aside_for_those_who_write_the_case(site: Site) -> None:
    _, void = await _void(site)
    case = await _case(site, void)
    proposed = await site.propose(void.id)

    async def write() -> None:
        now = await site.book.reread(case)
        event = Event("retry", Text("重试", "tried again"))
        await site.book.write(now, Entry(now, [event]), NOW)

    await asyncio.gather(site.confirm(proposed), write())
    assert sorted(event["what"] for event in await _history(site, case)) in (
        ["concluded"], ["concluded", "retry"],
    )  # fmt: skip


async def test_without_a_host_a_host_carries_it_out(site: Site) -> None:
    sale = await _sale(site)
    away = Conclusions(site.pool, site.book, Vault(bytes(32)), None, site.clock)
    proposed = await site.propose(sale.id)
    left = await away.confirm(str(sale.id), proposed.id, OTTO, reason="看过")
    assert (left.state, await site.state(sale)) == ("confirmed", "unknown")
    assert await away.finish(site.clock.now()) == 0
    assert await site.conclusions.finish(site.clock.now()) == 1
    assert await site.state(sale) == "declined"


# The list ---------------------------------------------------------------------------------------


async def test_money_in_question_is_all_that_nobody_has_proved(site: Site) -> None:
    _, void = await _void(site)
    await _case(site, void)
    disputed = await _sale(site, 3, State.DISPUTED, received_at=NOW - timedelta(seconds=1))
    await _sale(site, 4, State.UNKNOWN, received_at=NOW - timedelta(seconds=1))  # worked on
    await _sale(site, 5, State.APPROVED)
    lost = a_case(
        id=UUID(int=9), number="300000000009", original_id=None, ended="unproved", ended_at=NOW,
        opened_at=NOW - timedelta(hours=1), first_due_at=NOW,
    )  # fmt: skip
    await put(site.pool, "cases", lost._asdict())
    proposed = await site.propose(void.id, done=True)
    rows = await site.conclusions.in_question("", 10)
    assert [row["rrn"] for row in rows] == [lost.number, void.rrn, disputed.rrn], "oldest first"
    assert [row["state"] for row in rows] == ["", "unknown", "disputed"]
    assert [row["case_number"] for row in rows] == [lost.number, void.rrn, ""]
    assert [row["case_ended"] for row in rows] == ["unproved", "", None]
    assert [row["conclusion_id"] for row in rows] == [None, proposed.id, None]
    assert (rows[1]["done"], rows[1]["proposed_by"]) == (True, "olga")
    (one,) = await site.conclusions.sums()
    assert (one["currency"], one["count"], one["amount"]) == ("156", 3, 30_000)
    after = (rows[0]["since"], rows[0]["id"])
    following = await site.conclusions.in_question("", 1, after)
    assert [row["rrn"] for row in following] == [void.rrn]
    assert await site.conclusions.in_question("898000000000000", 10) == []
    await site.confirm(proposed)
    assert [row["rrn"] for row in await site.conclusions.in_question("", 10)] == [
        lost.number, disputed.rrn,
    ]  # fmt: skip


async def test_a_case_that_ended_unproved_stands_once_with_its_money(site: Site) -> None:
    _, void = await _void(site)
    await _case(site, void, ended="unproved", ended_at=NOW)
    (row,) = await site.conclusions.in_question("", 10)
    assert (row["transaction_id"], row["case_ended"]) == (void.id, "unproved")
    await site.pool.execute("UPDATE transactions SET state = 'declined' WHERE id = $1", void.id)
    (row,) = await site.conclusions.in_question("", 10)
    assert (row["id"], row["state"]) == (void.id, "declined"), "until the case says how it ended"


async def test_the_list_looks_only_at_what_is_open(site: Site) -> None:
    async with site.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        for name, values in (("sums", ("", NOW)), ("in_question", ("", NOW, None, None, 50))):
            rows = await connection.fetch(f"EXPLAIN {_QUERIES[name]}", *values)
            plan = "\n".join(row[0] for row in rows)
            for index in ("transactions_unfinished", "transactions_disputed", "cases_unproved"):
                assert index in plan, plan
