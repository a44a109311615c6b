"""Answers that do not say what was asked: only what an issuer approved as asked is booked.

And whatever an issuer says, the terminal has its answer.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest

from annul.store.batcher import StoreUnavailable
from annul.store.journal import Journal
from tests.support.rogue_issuer import Asked
from tests.support.site import RogueSite
from tests.support.soft import CARD, Cashier, cashier


@pytest.fixture
def till(site: RogueSite) -> Iterator[Cashier]:
    with cashier(site.port, site.terminals[0], timeout_s=4.0) as opened:
        yield opened


def _booking(code: str, amount: int, **changed: Any) -> Any:
    """Make a rule that books an amount and answers with changed fields."""

    def rule(asked: Asked) -> None:
        asked.book(amount)
        asked.answer(code, **{"f38": "000777"} | changed)

    return rule


_HALF = {"f4": "000000005000"}
_OTHER = {
    "double the amount": ("00", 20_000, {"f4": "000000020000"}),
    "half the amount": ("00", 5_000, _HALF),
    "another currency": ("00", 10_000, {"f49": "840"}),
    "another reference": ("00", 10_000, {"f37": "999999999999"}),
    "a part": ("10", 5_000, _HALF),
    "a part, not said which": ("10", 5_000, {"without": (4,)}),
}
_FROM_ELSEWHERE = {
    "another terminal": ("00", 10_000, {"f41": "99999999"}),
    "another merchant": ("00", 10_000, {"f42": "999999999999999"}),
}


def _by_terminal(site: RogueSite, kind: str, others: Mapping[str, tuple[str, int, Any]]) -> None:
    """Answer each terminal in another of the ways."""
    ways = {
        terminal: _booking(code, amount, **changed)
        for (_, terminal, _), (code, amount, changed) in zip(
            site.terminals, others.values(), strict=False
        )
    }
    site.rogue.rules[kind] = lambda asked: ways[asked[41]](asked)


async def test_sale_approved_otherwise_than_asked_is_reversed(site: RogueSite) -> None:
    others = _OTHER | _FROM_ELSEWHERE
    _by_terminal(site, "sale", others)
    with site.tills(len(others)) as tills:
        sales = await asyncio.gather(*(till.take("sale", 10_000) for till in tills))
        codes = dict(zip(others, (sale.response_code for sale in sales), strict=True))
        assert {"00", "10"}.isdisjoint(codes.values()), codes
        await site.becomes("sale", "reversed")
        await site.books_agree()
        assert site.rogue.net == 0
        site.rogue.let("sale")
        assert (await tills[0].take("sale", 500)).state == "approved"


async def test_terminal_and_host_take_the_same_codes_for_an_approval(
    site: RogueSite, till: Cashier
) -> None:
    """10 is one too, over all of the amount: a terminal that took it for declined has not paid."""
    for code in ("00", "10", "11", "A2", "A4", "A5", "A6"):
        site.rogue.rules["sale"] = _booking(code, 10_000)
        sale = await till.take("sale", 10_000)
        await site.books_agree()
        row = (await site.rows("sale"))[-1]
        assert (row["state"] == "approved") == (sale.state == "approved"), code


async def test_what_is_disputed_is_told_also_when_the_host_dies_beside_it(
    site: RogueSite, till: Cashier, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dead(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(Journal, "tell", dead)
    sale = await till.take("sale", 20_000)
    site.rogue.rules["refund"] = _booking("00", 10_000, f49="840")
    await till.undo("refund", sale, 10_000)
    await site.becomes("refund", "disputed")
    await site.has_incident("disputed")


async def test_refund_approved_otherwise_than_asked_is_disputed(site: RogueSite) -> None:
    """It can not be reversed, so somebody is told, and meanwhile nothing more is given back."""
    _by_terminal(site, "refund", _OTHER)
    with site.tills(len(_OTHER)) as tills:
        sales = await asyncio.gather(*(till.take("sale", 20_000) for till in tills))
        pairs = list(zip(tills, sales, strict=True))
        refunds = await asyncio.gather(*(till.undo("refund", one, 10_000) for till, one in pairs))
        codes = dict(zip(_OTHER, (refund.response_code for refund in refunds), strict=True))
        assert {"00", "10"}.isdisjoint(codes.values()), codes
        await site.becomes("refund", "disputed")
        await site.until(
            "count(*) = $1 FROM incidents WHERE kind = 'disputed' AND closed_at IS NULL",
            len(_OTHER),
        )
        site.rogue.let("refund")
        again = await asyncio.gather(*(till.undo("refund", one, 1_000) for till, one in pairs))
    assert "approved" not in {refund.state for refund in again}
    assert len(site.rogue.of("refund")) == len(_OTHER)
    assert site.rogue.of("reversal") == []
    assert (
        await site.pool.fetchval(
            "SELECT count(*) FROM entries e JOIN transactions t ON t.id = e.subject"
            " WHERE t.kind = 'refund'"
        )
        == 0
    )


_ODD = {
    "54 of 40": {"f54": "1002156C000000010000" * 2},
    "54 of 120": {"f54": "1002156C000000010000" * 6},
    "NUL in 38": {"f38": "12\x00456"},
    "NULs in 38": {"f38": "\x00" * 6},
    "NUL in 37": {"f37": "12345\x00789012"},
    "NUL in 41": {"f41": "1000\x00001"},
    "NUL in 44": {"f44": "0102\x0003"},
    "15 of no day": {"f15": "9999"},
    "55 of 255": {"f55": bytes(255)},
    "without 38": {"without": (38,)},
    "without 15": {"without": (15,)},
    "without 4": {"without": (4,)},
    "without 37": {"without": (37,)},
    "without 49": {"without": (49,)},
}


async def test_the_terminal_has_an_answer_whatever_the_approval_carries(
    site: RogueSite, till: Cashier
) -> None:
    told: dict[str, str] = {}
    for odd, how in _ODD.items():
        site.rogue.rules["sale"] = lambda asked, how=how: asked.approve(**how)
        told[odd] = (await till.take("sale", 10_000)).state
    await site.books_agree()
    rows = dict(zip(_ODD, await site.rows("sale"), strict=True))
    assert {row["state"] for row in rows.values()} <= {"approved", "reversed"}
    assert told == {
        odd: "approved" if row["state"] == "approved" else "declined" for odd, row in rows.items()
    }
    assert site.running.figures()["failed"] == 0


async def test_balance_of_several_accounts_is_told(site: RogueSite, till: Cashier) -> None:
    for accounts in (1, 2, 6):
        site.rogue.rules["balance"] = lambda asked, accounts=accounts: asked.answer(
            f54="1002156C000000010000" * accounts
        )
        balance = await till.take("balance", 0)
        assert balance.state == "approved"
        assert balance.balance.startswith("1002156C000000010000")


async def test_qr_sale_whose_voucher_is_too_long_has_an_answer(
    site: RogueSite, till: Cashier
) -> None:
    for voucher in (b"A4900" + b"1" * 900, b"A4003\xff\xfe\x00", b"\xff\x00garbage"):
        site.rogue.rules["sale"] = lambda asked, voucher=voucher: asked.approve(f59=voucher)
        sale = await till.take("qr_sale", 10_000)
        assert sale.response_code
    await site.books_agree()
    assert site.running.figures()["failed"] == 0


# Two terminals in one second ------------------------------------------------------------------


@pytest.mark.parametrize("network", [False, True])
async def test_two_terminals_with_one_trace_in_one_second_have_each_its_own_answer(
    site: RogueSite, network: bool
) -> None:
    """Crossed; and also as the network may do it, by 7, 11, 32 and 33 alone."""
    merchant = site.terminals[0][0]
    own = [one for one in site.terminals if one[0] == merchant]
    without = (41, 42) if network else ()
    site.rogue.hold("sale")
    with ExitStack() as stack:
        first, second = (stack.enter_context(cashier(site.port, one)) for one in own)
        await asyncio.gather(first.terminal.sign_in(), second.terminal.sign_in())
        for number in range(1, 6):
            async with asyncio.TaskGroup() as group:
                takes = [
                    group.create_task(till.take("sale", amount, CARD))
                    for till, amount in ((first, number * 100 + 1), (second, number * 100 + 2))
                ]
                asked = sorted(
                    [await site.rogue.next("sale") for _ in takes], key=lambda one: one.amount
                )
                named = {(one[7], one[11], one[32], one[33]) for one in asked}
                assert len(named) == 2
                assert all(one[33] for one in asked)
                for one in reversed(asked):
                    one.approve(f38=f"{one.amount:06d}", without=without)
            done = [task.result() for task in takes]
            assert done[0].trace == done[1].trace
            for record in done:
                assert (record.state, record.auth_code) == ("approved", f"{record.amount:06d}")
    await site.books_agree()


async def test_an_answer_under_another_trace_is_no_answer(site: RogueSite, till: Cashier) -> None:
    site.rogue.rules["sale"] = lambda asked: asked.approve(f11=f"{int(asked[11]) ^ 1:06d}")
    sale = await till.take("sale", 10_000)
    assert sale.response_code == "98"
    await site.becomes("sale", "reversed")
    await site.books_agree()
    assert site.rogue.net == 0


async def test_the_trace_is_kept_from_the_request_to_its_last_reversal(
    site: RogueSite, till: Cashier
) -> None:
    site.rogue.hold("sale", "reversal")
    selling = asyncio.create_task(till.take("sale", 10_000))
    sale = await site.rogue.next("sale")
    assert sale[33]
    reversals = []
    for code in ("94", "96", "00"):
        reversals.append(reversal := await site.rogue.next("reversal"))
        reversal.answer(code)
        await site.until("EXISTS (SELECT FROM outbox WHERE last_code = $1 OR NOT pending)", code)
        await site.hurry()
    assert (await selling).response_code == "98"
    for reversal in reversals:
        assert (
            reversal[90] == f"{sale.message.mti}{sale[11]}{sale[7]}{sale[32]:0>11}{sale[33]:0>11}"
        )
    assert len({(one[7], one[11], one[32], one[33]) for one in reversals}) == 1
    await site.becomes("sale", "reversed")
