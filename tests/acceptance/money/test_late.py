"""What an issuer says too late, or the network instead of it: nothing stays taken, nobody is asked.

In each of these a customer stayed charged for a sale that the terminal held for not done.
"""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.rogue_issuer import Asked
from tests.support.site import RogueSite, open_rogue_site
from tests.support.soft import Cashier

_TILLS = 40
_AROUND_S = 0.012  # how far from the acknowledgement the late approval comes, at most


@dataclass(slots=True)
class _Sale:
    """A sale that its issuer books `offset_s` after it has acknowledged the reversal, or before.

    `at` says which of the reversals that is: the first, or the last while nothing is booked.
    """

    offset_s: float
    at: int
    asked: Asked | None = None
    reversals: int = 0
    booked: asyncio.Event = field(default_factory=asyncio.Event)

    def reverse(self, reversal: Asked) -> None:
        self.reversals += 1
        if self.reversals != self.at or self.booked.is_set():
            reversal.politely()
            return
        loop = asyncio.get_running_loop()
        loop.call_later(max(0.0, -self.offset_s), reversal.answer, "25")
        loop.call_later(max(0.0, self.offset_s), self.book)

    def book(self) -> None:
        assert self.asked is not None
        if not self.booked.is_set():
            self.asked.approve()
            self.booked.set()

    async def book_once_ended(self, site: RogueSite) -> None:
        """Book it after the last acknowledgement, should there have been no second one."""
        assert self.asked is not None
        await site.until(
            "EXISTS (SELECT FROM transactions WHERE rrn = $1 AND state = 'reversed') OR $2",
            self.asked[37],
            self.booked.is_set(),
        )
        self.book()


async def test_sale_booked_after_its_reversal_was_acknowledged_is_reversed_again(
    database: str, tmp_path: Path
) -> None:
    async with open_rogue_site(
        database, tmp_path, timeout_ms=2_000, terminals_each=_TILLS // 4
    ) as site:  # all of them sell at once
        step = 2 * _AROUND_S / (_TILLS // 2 - 1)
        sales = {
            terminal: _Sale(index // 2 * step - _AROUND_S, 1 + index % 2)
            for index, (_, terminal, _) in enumerate(site.terminals)
        }

        def keep(asked: Asked) -> None:
            sales[asked[41]].asked = asked

        site.rogue.rules = {"sale": keep, "reversal": lambda asked: sales[asked[41]].reverse(asked)}
        with site.tills(_TILLS) as tills:
            done = await asyncio.gather(*(till.take("sale", 10_000) for till in tills))
        assert [record.response_code for record in done] == ["98"] * _TILLS
        await asyncio.gather(*(sale.book_once_ended(site) for sale in sales.values()))
        await site.becomes("sale", "reversed")
        await site.books_agree()
        assert site.rogue.net == 0
        # Of an issuer that answers no sale at all it may be told that it is in trouble.
        assert await site.incidents() <= {"issuer_in_trouble"}


async def test_sale_booked_long_after_its_reversal_is_reversed_again(site: RogueSite) -> None:
    acknowledgements = ("00", "25", "12")
    site.rogue.hold("sale")
    by_terminal = dict(zip((one[1] for one in site.terminals), acknowledgements, strict=False))
    site.rogue.rules["reversal"] = lambda asked: asked.answer(by_terminal[asked[41]])
    with site.tills(len(acknowledgements)) as tills:
        done = await asyncio.gather(*(till.take("sale", 10_000) for till in tills))
    assert [record.response_code for record in done] == ["98"] * len(acknowledgements)
    await site.becomes("sale", "reversed")
    site.rogue.let("reversal")
    for _ in acknowledgements:
        (await site.rogue.next("sale")).approve()
    await site.until("count(*) = 3 FROM transactions WHERE late_code = '00'")
    await site.becomes("sale", "reversed")
    await site.books_agree()
    assert site.rogue.net == 0


# What the network says instead of the issuer, and an issuer that did not get to its end.
_UNPROVED = ("91", "96", "68", "98", "06", "09", "94", "ZZ")


async def test_sale_booked_though_the_answer_says_that_nobody_knows_is_reversed(
    site: RogueSite,
) -> None:
    _answer_by_terminal(site, "sale")
    with site.tills(len(_UNPROVED)) as tills:
        sales = await asyncio.gather(*(till.take("sale", 10_000) for till in tills))
    assert {sale.state for sale in sales} == {"declined"}  # each has its answer
    await site.becomes("sale", "reversed")
    await site.books_agree()
    assert site.rogue.net == 0
    assert len(site.rogue.of("reversal")) >= len(_UNPROVED)


async def test_void_booked_though_the_answer_says_that_nobody_knows_is_reversed(
    site: RogueSite,
) -> None:
    with site.tills(len(_UNPROVED)) as tills:
        sales = await asyncio.gather(*(till.take("sale", 10_000) for till in tills))
        _answer_by_terminal(site, "void")
        pairs = list(zip(tills, sales, strict=True))
        await asyncio.gather(*(till.undo("void", sale) for till, sale in pairs))
        await site.becomes("void", "reversed")
        await site.becomes("sale", "approved")
        await site.books_agree()
        assert site.rogue.net == 10_000 * len(_UNPROVED)
        site.rogue.let("void")
        voids = await asyncio.gather(*(till.undo("void", sale) for till, sale in pairs[:6]))
        # The last two belong to a shop whose balance covers one of them after the other.
        voids += [await till.undo("void", sale) for till, sale in pairs[6:]]
    assert {void.state for void in voids} == {"approved"}
    await site.books_agree()
    assert site.rogue.net == 0


def _answer_by_terminal(site: RogueSite, kind: str) -> None:
    """Book it, and answer each terminal's with another code that proves nothing."""
    codes = dict(zip((terminal for _, terminal, _ in site.terminals), _UNPROVED, strict=True))

    def rule(asked: Asked) -> None:
        asked.book()
        asked.answer(codes[asked[41]])

    site.rogue.rules[kind] = rule


async def test_decline_of_the_issuer_itself_is_final(site: RogueSite, till: Cashier) -> None:
    site.rogue.always("sale", "51")
    sale = await till.take("sale", 10_000)
    assert (sale.state, sale.response_code) == ("declined", "51")
    await site.becomes("sale", "declined")
    await site.books_agree()
    assert site.rogue.of("reversal") == []


@pytest.mark.parametrize("kind", ["sale", "void"])
async def test_declined_and_at_once_approved_is_reversed(
    site: RogueSite, till: Cashier, kind: str
) -> None:
    """51 and then 00 to one request: the terminal was told 51, so nothing may stay moved."""
    original = await till.take("sale", 10_000)

    def rule(asked: Asked) -> None:
        asked.book()
        asked.say(asked.frame("51"), asked.frame("00"))

    site.rogue.rules[kind] = rule
    for _ in range(4):
        if kind == "sale":
            record = await till.take("sale", 2_500)
        else:
            record = await till.undo("void", original)
        assert record.state == "declined"
        await site.until(
            "state = 'reversed' FROM transactions WHERE kind = $1 AND trace = $2",
            kind,
            record.trace,
        )
    await site.books_agree()
    assert site.rogue.net == 10_000


@pytest.mark.parametrize("at_once", [True, False])
async def test_approved_and_then_declined_stands_and_somebody_is_told(
    site: RogueSite, till: Cashier, at_once: bool
) -> None:
    await _answered_twice(site, till, at_once, second="51")
    await site.has_incident("answers_contradict")
    await site.becomes("sale", "approved")
    assert await site.balances() == (9_950, 0)


@pytest.mark.parametrize("at_once", [True, False])
async def test_approved_twice_under_different_numbers_is_an_incident(
    site: RogueSite, till: Cashier, at_once: bool
) -> None:
    """Two approvals of one request may be two bookings: the issuer has to say which it keeps."""
    await _answered_twice(site, till, at_once, second="00", f38="000222")
    await site.has_incident("approved_twice")
    assert await site.balances() == (9_950, 0)


async def _answered_twice(
    site: RogueSite, till: Cashier, at_once: bool, *, second: str, **changed: Any
) -> None:
    site.rogue.hold("sale")
    selling = asyncio.create_task(till.take("sale", 10_000))
    asked = await site.rogue.next("sale")
    frames = asked.frame(f38="000111"), asked.frame(second, **changed)
    asked.book()
    asked.say(*(frames if at_once else frames[:1]))
    sale = await selling
    assert (sale.state, sale.auth_code) == ("approved", "000111")
    if not at_once:
        asked.say(frames[1])


async def test_refund_declined_and_at_once_approved_is_never_sent_a_reversal(
    site: RogueSite, till: Cashier
) -> None:
    sale = await till.take("sale", 10_000)

    def rule(asked: Asked) -> None:
        asked.book()
        asked.say(asked.frame("51"), asked.frame("00"))

    site.rogue.rules["refund"] = rule
    await till.undo("refund", sale, 4_000)
    await site.until(
        "state = 'approved' OR state = 'disputed' AND EXISTS (SELECT FROM incidents i"
        " WHERE i.transaction_id = t.id AND i.closed_at IS NULL)"
        " FROM transactions t WHERE kind = 'refund'"
    )
    again = await till.undo("refund", sale, 10_000)
    assert again.state != "approved"
    assert len(site.rogue.of("refund")) == 1
    assert site.rogue.of("reversal") == []


async def test_the_same_approval_twice_is_nothing(site: RogueSite, till: Cashier) -> None:
    def rule(asked: Asked) -> None:
        asked.book()
        same = asked.frame("00")
        asked.say(same, same)

    site.rogue.rules["sale"] = rule
    assert (await till.take("sale", 10_000)).state == "approved"
    assert (await till.take("sale", 5_000)).state == "approved"
    await site.books_agree()
    assert await site.incidents() == set()


async def test_answer_to_what_was_never_asked_is_an_incident(
    site: RogueSite, till: Cashier
) -> None:
    """An approval that fits no request may be somebody's money."""
    site.rogue.rules["sale"] = lambda asked: asked.answer(
        "00", f11="919191", f37="919191919191", f41="99999999"
    )
    sale = await till.take("sale", 10_000)
    assert sale.response_code == "98"
    await site.becomes("sale", "reversed")
    await site.has_incident("answer_of_nothing")
