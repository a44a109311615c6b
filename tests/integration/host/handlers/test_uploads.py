"""What chips gave is kept once, without cards, and told where it is not what the host has."""

import asyncio
from typing import Any

import asyncpg
import pytest

from annul.domain.records import Transaction
from annul.wire.subfields import Field48Totals
from tests.support.hosts import Inside, Line, Till
from tests.support.roles import as_owner
from tests.support.soft import CARD
from tests.support.wire import Answer, Fields, managing, unsigned

_FOREIGN = "4000000000000002"
# A certificate, what the terminal found, and the number that a vendor puts beside it.
_TC = bytes.fromhex("9F2608A1B2C3D4E5F607189F360200AB950500000080005A08") + bytes.fromhex(CARD)


def _fields(till: Till, of: Transaction, network: str, **more: Any) -> Fields:
    who = till.keyed.who
    fields: Fields = {
        2: CARD, 4: f"{of.amount:012d}", 11: of.trace, 22: "051", 41: who[1], 42: who[0],
        55: _TC, 60: f"22{of.batch}{network}",
    }  # fmt: skip
    return dict(sorted((fields | {int(name[1:]): value for name, value in more.items()}).items()))


async def _upload(
    till: Till, of: Transaction, network: str = "203", line: Line | None = None, **more: Any
) -> Answer:
    return await (line or till.line).told(unsigned("0320", _fields(till, of, network, **more)))


async def _sold(inside: Inside, till: Till, amount: int = 10_000, **more: Any) -> Transaction:
    """Sell something to a card whose chip was read."""
    return await inside.sold(till, amount, f22="051", f55=_TC, f14=None, **more)


async def _settle(till: Till, *totals: Any) -> tuple[str, str]:
    body = managing("settlement", till.keyed.who, "201", f48=Field48Totals(*totals).build())
    answer = await till.line.told(body)
    said = Field48Totals.parse(str(answer.message[48]))
    return said.result, said.foreign_result


async def _end(till: Till, network: str, count: int = 1) -> Answer:
    who = till.keyed.who
    return await till.line.told(managing("batch_upload_end", who, network, f48=f"{count:04d}"))


async def _mag(till: Till, *of: Transaction) -> None:
    rows = "".join(f"00{one.trace}{CARD:>020}{one.amount:012d}" for one in of)
    said = managing("batch_upload", till.keyed.who, "201", f48=f"{len(of):02d}{rows}")
    assert (await till.line.told(said)).code == "00"


async def _rows(inside: Inside) -> list[Any]:
    return await inside.pool.fetch("SELECT * FROM ic_uploads ORDER BY trace")


async def test_what_a_chip_gave_is_kept_with_its_transaction_and_without_its_card(
    inside: Inside, till: Till
) -> None:
    sold = await _sold(inside, till)
    assert await _settle(till, 10_000, 1) == ("1", "1")
    answer = await _upload(till, sold)
    assert (answer.code, answer.message.mti, answer.message[11]) == ("00", "0330", sold.trace)
    (row,) = await inside.pool.fetch(
        "SELECT u.*, t.id FROM ic_uploads u"
        " JOIN transactions t USING (merchant_id, terminal_id, batch, trace)"
    )
    assert (row["id"], row["approved"], row["amount"]) == (sold.id, True, 10_000)
    assert row["chip"] == "9F26=A1B2C3D4E5F60718 9F36=00AB 95=0000008000 5A=<8 bytes>"
    assert bytes(row["card_hash"]) == inside.host.vault.hash(CARD)
    assert (await _end(till, "207")).code == "00"
    assert await inside.incidents() == []


async def test_a_repeat_changes_nothing(inside: Inside, till: Till) -> None:
    sold = await _sold(inside, till)
    await _upload(till, sold)
    before = await _rows(inside)
    assert (await _upload(till, sold)).code == "00"
    assert (await _upload(till, sold, "204", f55=b"\x95\x01\x00", f4="000000000001")).code == "00"
    assert await _rows(inside) == before


async def test_nobody_uploads_who_has_not_proven_to_be_it(inside: Inside, till: Till) -> None:
    sold = await _sold(inside, till)
    assert (await _upload(till, sold, line=Line(inside.host))).code == "58"
    assert await _rows(inside) == []


@pytest.mark.parametrize("network", ["203", "204", "205", "206"])
async def test_a_chip_either_approved_or_it_did_not(
    inside: Inside, till: Till, network: str
) -> None:
    sold = await _sold(inside, till)
    await _upload(till, sold, network)
    (row,) = await _rows(inside)
    assert row["approved"] is (network in {"203", "205"})


@pytest.mark.parametrize("missing", [4, 11, 22, 55])
async def test_what_does_not_say_what_it_is_about_is_not_kept(
    inside: Inside, till: Till, missing: int
) -> None:
    sold = await _sold(inside, till)
    fields = {n: v for n, v in _fields(till, sold, "203").items() if n != missing}
    assert (await till.line.told(unsigned("0320", fields))).code == "30"
    assert await _rows(inside) == []


# The comparison ------------------------------------------------------------------------------


async def test_a_balanced_batch_whose_chips_are_the_hosts_own_is_no_incident(
    inside: Inside, till: Till
) -> None:
    """Magnetic stripes are not uploaded when totals balance."""
    await inside.sold(till)
    first, second = await _sold(inside, till), await _sold(inside, till, 300, f2=_FOREIGN)
    assert await _settle(till, 20_000, 2, 0, 0, "0", 300, 1) == ("1", "1")
    for sold in (first, second):
        await _upload(till, sold)
    assert (await _end(till, "207", 2)).code == "00"
    assert await inside.incidents() == []


async def test_a_vendor_that_uploads_nothing_of_chips_is_no_incident(
    inside: Inside, till: Till
) -> None:
    await _sold(inside, till)
    assert await _settle(till, 10_000, 1) == ("1", "1")
    assert (await _end(till, "207", 0)).code == "00"
    assert await inside.incidents() == []


@pytest.mark.parametrize("network", ["203", "204"])
@pytest.mark.parametrize(
    ("uploads", "count"),
    [({"f11": "000077"}, 3), ({"f4": "000000010001"}, 2), ({}, 1)],
)
async def test_a_chip_that_the_host_lacks_or_has_alone_is_told(
    inside: Inside, till: Till, network: str, uploads: dict[str, Any], count: int
) -> None:
    """Of two sales one is uploaded, as itself or as another; refused ones stand for no money."""
    sold = await _sold(inside, till)
    await _sold(inside, till, 500)
    assert await _settle(till, 10_500, 2) == ("1", "1")
    await _upload(till, sold, network, **uploads)
    for _ in range(2):
        assert (await _end(till, "207")).code == "00"
    assert await inside.incidents() == ["batch_differs"]
    said = await inside.pool.fetchval("SELECT params ->> 'count' FROM incidents")
    assert int(said) == (2 if network == "204" else count)


async def test_an_unbalanced_batch_is_compared_with_stripes_and_chips_together(
    inside: Inside, till: Till
) -> None:
    stripe, chip = await inside.sold(till), await _sold(inside, till, 500)
    assert await _settle(till, 1, 1) == ("2", "1")
    await _mag(till, stripe)
    await _upload(till, chip, "205")
    assert (await _end(till, "202", 2)).code == "00"
    assert await inside.incidents() == []


async def test_what_the_chip_refused_stands_for_nothing(inside: Inside, till: Till) -> None:
    stripe, chip = await inside.sold(till), await _sold(inside, till, 500)
    assert await _settle(till, 10_000, 1) == ("2", "1")
    await _mag(till, stripe)
    await _upload(till, chip, "206")
    assert (await _end(till, "202", 2)).code == "00"
    assert await inside.incidents() == ["batch_differs"]


@pytest.mark.parametrize("whole", [False, True])
async def test_only_the_half_that_differs_need_be_uploaded(
    inside: Inside, till: Till, whole: bool
) -> None:
    domestic, foreign = await inside.sold(till), await inside.sold(till, 700, f2=_FOREIGN)
    assert await _settle(till, 10_000, 1, 0, 0, "0", 1, 1) == ("1", "2")
    await _mag(till, *([domestic, foreign] if whole else [foreign]))
    assert (await _end(till, "202")).code == "00"
    assert await inside.incidents() == []


async def test_the_half_that_differs_is_told_where_it_lacks(inside: Inside, till: Till) -> None:
    domestic = await inside.sold(till)
    await inside.sold(till, 700, f2=_FOREIGN)
    assert await _settle(till, 10_000, 1, 0, 0, "0", 1, 1) == ("1", "2")
    await _mag(till, domestic)
    assert (await _end(till, "202")).code == "00"
    assert await inside.incidents() == ["batch_differs"]


async def test_chips_of_the_half_that_balanced_need_not_be_uploaded(
    inside: Inside, till: Till
) -> None:
    await _sold(inside, till)
    foreign = await _sold(inside, till, 700, f2=_FOREIGN)
    assert await _settle(till, 10_000, 1, 0, 0, "0", 1, 1) == ("1", "2")
    await _upload(till, foreign, "205", f2=_FOREIGN)
    assert (await _end(till, "202")).code == "00"
    assert await inside.incidents() == []


# The rows that differ ------------------------------------------------------------------------


async def _differing(inside: Inside) -> list[tuple[Any, ...]]:
    rows = await inside.pool.fetch(
        "SELECT trace, claimed, kept, transaction_id FROM batch_differences ORDER BY trace"
    )
    return [tuple(row) for row in rows]


async def _count(inside: Inside) -> int:
    return await inside.pool.fetchval("SELECT (params ->> 'count')::int FROM incidents")


async def _claims(till: Till, *rows: tuple[str, int]) -> None:
    digits = "".join(f"00{trace}{CARD:>020}{amount:012d}" for trace, amount in rows)
    said = managing("batch_upload", till.keyed.who, "201", f48=f"{len(rows):02d}{digits}")
    assert (await till.line.told(said)).code == "00"


async def test_each_row_that_differs_is_kept_once_with_what_both_say(
    inside: Inside, till: Till
) -> None:
    """Claimed alone, kept alone, another amount, and what the host knows but has no money of."""
    alone, other = await inside.sold(till, 500), await inside.sold(till, 600)
    same = await inside.sold(till, 700)
    inside.rogue.always("sale", "51")
    declined = till.fields("sale", 800)
    assert (await till.ask("sale", declined)).code == "51"
    assert await _settle(till, 1, 1) == ("2", "1")
    await _claims(
        till, (other.trace, 601), (same.trace, 700), ("000077", 9), (str(declined[11]), 800)
    )
    for _ in range(2):
        assert (await _end(till, "202", 4)).code == "00"
    found = {row[0]: row[1:] for row in await _differing(inside)}
    assert found.pop(declined[11])[:2] == (800, None)
    assert found == {
        alone.trace: (None, 500, alone.id),
        other.trace: (601, 600, other.id),
        "000077": (9, None, None),
    }
    assert await inside.incidents() == ["batch_differs"]
    assert await _count(inside) == 4


async def test_both_halves_are_told_in_one_batch(inside: Inside, till: Till) -> None:
    domestic, foreign = await inside.sold(till), await inside.sold(till, 700, f2=_FOREIGN)
    assert await _settle(till, 1, 1, 0, 0, "0", 1, 1) == ("2", "2")
    assert (await _end(till, "202", 0)).code == "00"
    assert sorted(await _differing(inside)) == sorted(
        [
            (domestic.trace, None, 10_000, domestic.id),
            (foreign.trace, None, 700, foreign.id),
        ]
    )


async def test_another_amount_in_the_half_that_balanced_says_what_the_host_has(
    inside: Inside, till: Till
) -> None:
    domestic = await inside.sold(till)
    foreign = await inside.sold(till, 700, f2=_FOREIGN)
    assert await _settle(till, 10_000, 1, 0, 0, "0", 1, 1) == ("1", "2")
    await _claims(till, (domestic.trace, 9_999), (foreign.trace, 700))
    assert (await _end(till, "202", 2)).code == "00"
    assert await _differing(inside) == [(domestic.trace, 9_999, 10_000, domestic.id)]


async def test_one_record_as_stripe_and_as_chip_is_one_row(inside: Inside, till: Till) -> None:
    sold = await _sold(inside, till)
    assert await _settle(till, 1, 1) == ("2", "1")
    await _mag(till, sold)
    await _upload(till, sold, "205", f4="000000010001")
    assert (await _end(till, "202", 2)).code == "00"
    assert await _differing(inside) == [(sold.trace, 10_001, 10_000, sold.id)]
    assert await _count(inside) == 1


async def test_two_ends_at_once_and_one_late_tell_it_once(inside: Inside, till: Till) -> None:
    sold = await inside.sold(till)
    assert await _settle(till, 1, 1) == ("2", "1")
    answers = await asyncio.gather(*(_end(till, "202", 0) for _ in range(4)))
    assert {answer.code for answer in answers} == {"00"}
    await _claims(till, (sold.trace, 1))  # what comes late changes nothing
    assert (await _end(till, "202", 1)).code == "00"
    assert await _differing(inside) == [(sold.trace, None, 10_000, sold.id)]
    assert await inside.incidents() == ["batch_differs"]


async def test_the_end_is_written_whole_or_not_at_all(
    inside: Inside, till: Till, database: str
) -> None:
    """What fails on its incident leaves the batch open, so that the repeat tells it."""
    await inside.sold(till)
    assert await _settle(till, 1, 1) == ("2", "1")
    owner = await asyncpg.connect(as_owner(database))
    await owner.execute("ALTER TABLE incidents ADD CONSTRAINT no_more CHECK (false) NOT VALID")
    assert (await _end(till, "202", 0)).code == "96"
    assert await _differing(inside) == []
    await owner.execute("ALTER TABLE incidents DROP CONSTRAINT no_more")
    await owner.close()
    assert (await _end(till, "202", 0)).code == "00"
    assert (len(await _differing(inside)), await inside.incidents()) == (1, ["batch_differs"])
