"""Conclusions by hand on a real PostgreSQL: two people, evidence, and the money moves once."""

import asyncio
import hashlib
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from annul.domain.states import BY_HAND, State
from annul.resolve import conclusion as said
from annul.resolve.conclusion import Conclusion, EvidenceGone, Person
from annul.resolve.second_person import SecondPersonNeeded
from annul.security.errors import UnusableKey
from tests.support.rows import put

from .concluding import (
    LETTER,
    NOW,
    OLD,
    OLGA,
    OTTO,
    Site,
    case_of,
    history_of,
    open_sale,
    open_void,
)

# Two people, and what follows -------------------------------------------------------------------


async def test_a_sale_that_was_done_stands_once_two_people_say_so(site: Site) -> None:
    sale = await open_sale(site)
    proposed = await site.propose(sale.id, done=True)
    assert (proposed.state, proposed.proposed_by) == ("proposed", "olga")
    assert proposed.evidence_hash == hashlib.sha256(LETTER).digest()
    assert await site.state(sale) == "unknown", "one person moves nothing"
    confirmed = await site.confirm(proposed)
    assert (confirmed.state, confirmed.confirmed_by) == ("concluded", "otto")
    assert await site.state(sale) == "approved"
    assert await site.posted(sale) >= 2
    # Its terminal was told otherwise: somebody has to tell the shop.
    told = "SELECT kind FROM incidents WHERE transaction_id = $1 AND closed_at IS NULL"
    assert await site.pool.fetchval(told, sale.id) == "concluded_as_done"
    assert await site.audited() == [
        ("olga", "propose-conclusion"),
        ("otto", "confirm-conclusion"),
        ("annul", "concluded"),
    ]


@pytest.mark.parametrize(("late_code", "told"), [("00", True), ("51", False), ("", False)])
async def test_a_refund_that_was_told_as_declined_and_stands_is_told_of(
    site: Site, late_code: str, told: bool
) -> None:
    _, refund = await open_void(site)
    await site.pool.execute(
        "UPDATE transactions SET kind = 'refund', state = 'disputed', late_code = $2 WHERE id = $1",
        refund.id,
        late_code,
    )
    await site.confirm(await site.propose(refund.rrn, done=True))
    assert await site.state(refund) == "approved"
    assert ("concluded_as_done" in await site.open_incidents()) is told


async def test_a_void_that_was_not_done_gives_its_sale_free(site: Site) -> None:
    sale, void = await open_void(site)
    case = await case_of(site, void)
    for kind, about in (("disputed", void), ("forward_reversal", void), ("late_approval", void)):
        await put(
            site.pool,
            "incidents",
            {
                "merchant_id": void.merchant_id,
                "id": UUID(int=len(kind)),
                "kind": kind,
                "subject": str(about.id),
                "transaction_id": about.id,
                "opened_at": OLD,
            },
        )
    await site.confirm(await site.propose(void.rrn))
    assert await site.state(void) == "declined"
    row = await site.pool.fetchrow("SELECT state, undone FROM transactions WHERE id = $1", sale.id)
    assert tuple(row or ()) == ("approved", 0), "it may be voided again"
    assert not await site.pool.fetchval("SELECT pending FROM outbox"), "nothing is sent any more"
    (event,) = await history_of(site, case)
    assert (event["what"], event["who"]) == ("concluded", "otto")
    assert event["evidence"]["proposed_by"] == "olga"
    assert event["evidence"]["sha256"] == hashlib.sha256(LETTER).hexdigest()
    assert "未成功" in event["why"]["zh"]
    assert "was not done" in event["why"]["en"]
    assert await site.open_incidents() == {"late_approval"}
    after = await site.book.reread(case)
    assert after.next_action_at > case.next_action_at, "the case is looked at now"


async def test_a_disputed_void_that_was_done_voids_its_sale(site: Site) -> None:
    sale, void = await open_void(site, State.DISPUTED)
    case = await case_of(site, void, ended="unproved", ended_at=NOW)
    await site.confirm(await site.propose(void.id, done=True))
    assert (await site.state(void), await site.state(sale)) == ("approved", "voided")
    (event,) = await history_of(site, case)
    assert event["what"] == "concluded", "also into the history of a case that has ended"


async def test_one_person_alone_can_not(site: Site) -> None:
    sale = await open_sale(site)
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
    sale = await open_sale(site)
    proposed = await site.propose(sale.id, Person("key annul_abc", "operator", "otto"))
    assert proposed.proposed_by == "otto"
    with pytest.raises(SecondPersonNeeded):
        await site.confirm(proposed, OTTO)
    row = await site.pool.fetchrow("SELECT who, detail FROM audit")
    assert row is not None
    assert (row["who"], row["detail"]["person"]) == ("key annul_abc", "otto")
    assert (await site.confirm(proposed, OLGA)).state == "concluded"


async def test_confirming_twice_moves_once(site: Site) -> None:
    sale = await open_sale(site)
    proposed = await site.propose(sale.id, done=True)
    both = await asyncio.gather(
        site.confirm(proposed),
        site.confirm(proposed, Person("ora", "operator")),
        return_exceptions=True,
    )
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
    sale = await open_sale(site)
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
    sale = await open_sale(site, state=state)
    with pytest.raises(said.NotConcludable, match=f"is {state}"):
        await site.propose(sale.id)
    assert await site.pool.fetchval("SELECT count(*) FROM conclusions") == 0


async def test_what_ends_by_itself_is_not_concluded_any_more(site: Site) -> None:
    sale = await open_sale(site)
    proposed = await site.propose(sale.id, done=True)
    await site.pool.execute("UPDATE transactions SET state = 'declined', ended_at = now()")
    with pytest.raises(said.NotConcludable):
        await site.confirm(proposed)
    assert await site.state(sale) == "declined"
    assert (await site.conclusions.withdraw(str(sale.id), proposed.id, OLGA, reason="x")).state


async def test_it_waits_until_annul_itself_is_through(site: Site) -> None:
    sale = await open_sale(site, received_at=NOW - timedelta(seconds=29))  # twice 15 s
    with pytest.raises(said.StillWorkedOn):
        await site.propose(sale.id)
    site.clock.at += timedelta(seconds=2)
    assert (await site.propose(sale.id)).open


async def test_what_the_issuer_says_after_the_proposal_counts_more(site: Site) -> None:
    sale = await open_sale(site, state=State.REVERSING)
    proposed = await site.propose(sale.id)
    await site.pool.execute(
        "UPDATE transactions SET late_code = '00', late_at = $1", site.clock.now()
    )
    with pytest.raises(said.SomethingCameSince):
        await site.confirm(proposed)
    assert await site.state(sale) == "reversing"


async def test_nothing_stands_beside_what_took_its_place(site: Site) -> None:
    _, void = await open_void(site, State.DISPUTED)
    await site.pool.execute("UPDATE transactions SET holds = 0 WHERE id = $1", void.id)
    with pytest.raises(said.PlaceTaken):
        await site.propose(void.id, done=True)
    assert (await site.propose(void.id, done=False)).open


@pytest.mark.parametrize("role", ["", "support", "auditor", "merchant", "cashier", "root"])
async def test_only_those_who_operate_conclude(site: Site, role: str) -> None:
    sale = await open_sale(site)
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
    sale = await open_sale(site)
    for evidence in (b"", bytes(said.LARGEST_EVIDENCE + 1)):
        with pytest.raises(said.EvidenceRefused):
            await site.propose(sale.id, evidence=evidence)
    for reason in ("", " \n"):
        with pytest.raises(said.ReasonMissing):
            await site.propose(sale.id, reason=reason)
    assert (await site.propose(sale.id, evidence=bytes(said.LARGEST_EVIDENCE))).open


async def test_what_is_no_transaction_is_not_concluded(site: Site) -> None:
    await open_sale(site, 1)
    for named in ("300000009999", "nonsense", str(UUID(int=77))):
        with pytest.raises(said.TransactionUnknown):
            await site.propose(named)


# At rest ----------------------------------------------------------------------------------------


async def test_evidence_is_sealed_and_names_no_card(site: Site) -> None:
    sale = await open_sale(site)
    proposed = await site.propose(
        sale.id,
        evidence=b"card 6200010000000007",
        reason="卡6200010000000007已核",
        evidence_name="C:\\letters\\..\\6200010000000007\x07.pdf",
    )
    row = await site.pool.fetchrow("SELECT evidence, evidence_name, reason FROM conclusions")
    assert row is not None
    assert b"6200010000000007" not in row["evidence"]
    assert (row["evidence_name"], row["reason"]) == (
        "620001******0007.pdf",
        "卡620001******0007已核",
    )
    assert await site.conclusions.read_evidence(proposed) == b"card 6200010000000007"
    other = await site.propose((await open_sale(site, 2)).id)
    await site.pool.execute(
        "UPDATE conclusions SET evidence = $1 WHERE id = $2", row["evidence"], other.id
    )
    with pytest.raises(UnusableKey):
        await site.conclusions.read_evidence(other)


async def test_evidence_that_is_not_kept_any_more_is_said_to_be_so(site: Site) -> None:
    proposed = await site.propose((await open_sale(site)).id)
    await site.pool.execute("UPDATE conclusions SET evidence = ''")
    with pytest.raises(EvidenceGone, match="SHA-256 is still"):
        await site.conclusions.read_evidence(proposed)
