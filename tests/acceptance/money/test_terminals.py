"""What terminals say once the world has moved on: each message ends, no void is forgotten."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from annul.host.numbers import ReferenceNumbers
from annul.sim.terminal.journal import Record
from tests.support.roles import as_owner
from tests.support.site import RogueSite
from tests.support.soft import CODE, cashier
from tests.support.wire import Fields, Keyed, Wire, dial, sale, undoing

from .messages import reversal_of, sell

_ENDS = {"00", "25", "12"}  # what ends a reversal at the terminal


async def _told_end(wire: Wire, body: bytes) -> str:
    """Send a reversal as often as a terminal does; give what ends it."""
    codes = [(await wire.told(body)).code for _ in range(3)]
    assert codes[-1] in _ENDS, f"{codes}: the terminal is locked"
    return codes[-1]


async def _agrees_or_is_known(site: RogueSite, net: int) -> None:
    """The customer has what the terminal believes, or an open incident says otherwise."""
    await site.settled()
    if site.rogue.net != net:
        assert await site.incidents("sale") == {"reversal_not_possible"}
    await site.books_agree()


# Reversals of what has moved on -----------------------------------------------------------------


async def test_reversal_of_a_sale_given_back_meanwhile_ends_and_the_terminal_goes_on(
    site: RogueSite, wire: Wire, owner: Keyed
) -> None:
    for number, (mti, kind) in enumerate((("0200", "void"), ("0220", "refund"))):
        sold = await sell(owner, wire, f"{number}00001")
        undone = undoing(kind, owner.who, f"{number}00002", sold)
        assert (await wire.told(owner.signed(mti, undone))).code == "00"
        assert (await wire.told(reversal_of(owner, sold.trace))).code == "00"
        await site.books_agree()
        assert site.rogue.net == 0
    assert site.rogue.of("reversal") == []
    await sell(owner, wire, "000003")
    assert await site.incidents() == set()


async def test_reversal_of_a_sale_refunded_in_part_ends_and_the_rest_is_somebodys_to_settle(
    site: RogueSite, wire: Wire, owner: Keyed
) -> None:
    sold = await sell(owner, wire, "000001")
    refund = undoing("refund", owner.who, "000002", sold) | {4: "000000004000"}
    assert (await wire.told(owner.signed("0220", refund))).code == "00"
    await _told_end(wire, reversal_of(owner, "000001"))
    await _agrees_or_is_known(site, 0)


@pytest.mark.parametrize("code", ["00", "05", "98"])
async def test_reversal_of_a_sale_whose_void_is_on_its_way_ends(
    site: RogueSite, wire: Wire, owner: Keyed, code: str
) -> None:
    sold = await sell(owner, wire, "000001")
    site.rogue.hold("void")
    await wire.send(owner.signed("0200", undoing("void", owner.who, "000002", sold)))
    void = await site.rogue.next("void")
    async with dial(site.port) as another:
        await _told_end(another, reversal_of(owner, "000001"))
    if code == "00":
        void.book()
    void.answer(code)
    answer = await wire.answer()
    assert answer is not None
    await _agrees_or_is_known(site, 0)


async def test_reversal_of_a_qr_sale_without_its_code_is_taken(
    site: RogueSite, wire: Wire, owner: Keyed
) -> None:
    fields = sale(owner.who, "000001", batch=owner.batch)
    del fields[2], fields[14]
    fields |= {22: "032"}
    scanned: Fields = {59: f"A3{len(CODE):03d}{CODE}".encode()}
    assert (await wire.told(owner.signed("0200", fields | scanned))).code == "00"
    assert site.rogue.net == 10_000
    assert (await wire.told(owner.signed("0400", fields | {39: "98"}))).code == "00"
    await site.becomes("qr_sale", "reversed")
    await site.books_agree()
    assert site.rogue.net == 0


# Voids that are refused before they are anything -------------------------------------------------


async def test_void_with_a_field_61_that_makes_no_sense_is_kept_and_becomes_a_case(
    site: RogueSite, wire: Wire, owner: Keyed
) -> None:
    sold = await sell(owner, wire, "000001")
    sizes = (3, 8, 11, 13, 15)
    for number, size in enumerate(sizes, 2):
        fields = undoing("void", owner.who, f"{number:06d}", sold) | {61: "000001000001010"[:size]}
        answer = await wire.told(owner.signed("0200", fields))
        assert answer.code == "30", size
        assert "案件号" in answer.text, size
    await _cases_of_refusals(site, ["30"] * len(sizes))
    await _still_voided(site, wire, owner, sold)


async def test_void_with_what_proves_nothing_is_answered_30_and_changes_nothing(
    site: RogueSite, wire: Wire, owner: Keyed
) -> None:
    """NULs, and a field long enough to make a MAC fit that was seen elsewhere."""
    sold = await sell(owner, wire, "000001")
    odd: list[Fields] = [
        {37: "12345\x00789012"},
        {38: "\x00" * 6},
        {38: "12\x00456"},
        {61: "0" * 17},
        {61: "0" * 29},
    ]
    for number, changed in enumerate(odd, 2):
        fields = undoing("void", owner.who, f"{number:06d}", sold) | changed
        async with dial(site.port) as another:
            assert (await another.told(owner.signed("0200", fields))).code == "30"
    await _cases_of_refusals(site, [])
    await _still_voided(site, wire, owner, sold)


async def _still_voided(site: RogueSite, wire: Wire, owner: Keyed, sold: Record) -> None:
    assert site.running.figures()["failed"] == 0
    again = undoing("void", owner.who, "000999", sold)
    assert (await wire.told(owner.signed("0200", again))).code == "00"
    await site.books_agree()
    assert site.rogue.net == 0


async def test_void_under_a_number_that_was_used_is_kept_and_becomes_a_case(
    site: RogueSite, wire: Wire, owner: Keyed
) -> None:
    """A terminal that was installed anew begins again at 000001."""
    sold = await sell(owner, wire, "000001")
    await sell(owner, wire, "000002", 2_500)
    void = owner.signed("0200", undoing("void", owner.who, "000002", sold))
    answer = await wire.told(void)
    assert answer.code == "94"
    assert "案件号" in answer.text
    await _cases_of_refusals(site, ["94"])
    assert (await wire.told(void)).code == "94"  # the same again is no second one
    await _cases_of_refusals(site, ["94"])
    assert site.rogue.of("void") == []
    assert site.rogue.net == 12_500


async def _cases_of_refusals(site: RogueSite, codes: list[str]) -> None:
    """Find what was refused before it was a transaction, and the case that it belongs to."""
    refusals = await site.pool.fetch("SELECT * FROM refusals ORDER BY received_at")
    assert [row["response_code"] for row in refusals] == codes
    await site.running.resolver._book.open(site.running.host.clock.now())
    assert not await site.pool.fetchval("SELECT count(*) FROM refusals WHERE NOT cased")
    cases = {row["number"] for row in await site.pool.fetch("SELECT number FROM cases")}
    assert cases <= {row["rrn"] for row in refusals}
    assert bool(cases) is bool(codes)


async def test_second_void_is_refused_by_a_rule_while_the_first_is_out_and_once_it_is_done(
    site: RogueSite, wire: Wire, owner: Keyed
) -> None:
    sold = await sell(owner, wire, "000001")
    first, second, third = (
        owner.signed("0200", undoing("void", owner.who, trace, sold))
        for trace in ("000002", "000003", "000004")
    )
    site.rogue.hold("void")
    await wire.send(first)
    asked = await site.rogue.next("void")
    assert (await wire.told(second)).code == "22"
    asked.politely()
    answer = await wire.answer()
    assert answer is not None
    assert answer.code == "00"
    assert (await wire.told(third)).code == "22"
    rules = [row["why"] for row in await site.rows("void") if row["state"] == "declined"]
    assert rules == ["being_undone", "already_undone"]
    await site.books_agree()
    assert site.rogue.net == 0


async def test_of_voids_in_one_instant_one_is_done_and_each_other_says_why_not(
    site: RogueSite, wire: Wire, owner: Keyed
) -> None:
    for number in range(1, 31, 3):
        sold = await sell(owner, wire, f"{number:06d}")
        await wire.send(
            *(
                owner.signed("0200", undoing("void", owner.who, f"{trace:06d}", sold))
                for trace in (number + 1, number + 2)
            )
        )
        codes = [answer.code for answer in (await wire.answer(), await wire.answer()) if answer]
        assert sorted(codes) == ["00", "22"]
    rules = [row["why"] for row in await site.rows("void") if row["state"] == "declined"]
    assert len(rules) == 10
    assert set(rules) <= {"being_undone", "already_undone"}
    await site.books_agree()
    assert site.rogue.net == 0


# Numbers and days ------------------------------------------------------------------------------


async def test_reference_number_that_comes_again_after_days_stops_no_sale(
    site: RogueSite, wire: Wire, owner: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = (await sell(owner, wire, "000001")).rrn
    real = ReferenceNumbers.next
    again = [old]

    def repeat(self: ReferenceNumbers, *at: Any) -> str:
        return again.pop() if again else real(self, *at)

    monkeypatch.setattr(ReferenceNumbers, "next", repeat)
    new = (await sell(owner, wire, "000002", 2_500)).rrn
    assert again == []
    assert new != old
    again.append(old)
    sold = await sell(owner, wire, "000003", 1_000)
    again.append(old)  # and a void
    void = await wire.told(owner.signed("0200", undoing("void", owner.who, "000004", sold)))
    assert void.code == "00"
    assert len(await site.pool.fetch("SELECT DISTINCT rrn FROM transactions")) == 4
    await site.books_agree()
    assert site.rogue.net == 12_500


async def test_reversal_of_yesterdays_sale_is_booked_today(site: RogueSite) -> None:
    """A day that is closed keeps its sums."""
    with cashier(site.port, site.terminals[0]) as till:
        sold = await till.take("sale", 10_000)
        connection = await asyncpg.connect(as_owner(site.database))
        for table in ("transactions", "entries"):
            await connection.execute(f"UPDATE {table} SET business_date = business_date - 1")
        await connection.close()
        closed = await _sums(site)
        owed = till.terminal.journal.change(sold, owed="reversal", state="unanswered")
        assert owed.owed
        await till.terminal.settle_owed()
    await site.becomes("sale", "reversed")
    await site.books_agree()
    after = await _sums(site)
    (yesterday,) = closed
    assert after[yesterday] == closed[yesterday]
    now = site.running.host.clock.now()
    today = site.running.host.business_date(now, site.terminals[0][0])
    assert yesterday + timedelta(days=1) == today
    assert after[today] == {account: -amount for account, amount in closed[yesterday].items()}


async def _sums(site: RogueSite) -> dict[Any, dict[str, int]]:
    """Give what each account has gained on each day."""
    sums: dict[Any, dict[str, int]] = {}
    for row in await site.pool.fetch("SELECT business_date, debit, credit, amount FROM entries"):
        day = sums.setdefault(row["business_date"], {})
        day[row["debit"]] = day.get(row["debit"], 0) - row["amount"]
        day[row["credit"]] = day.get(row["credit"], 0) + row["amount"]
    return sums
