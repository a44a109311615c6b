"""What nobody drives any more: answers that are late or name nothing, what is in doubt or left."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from annul.domain.records import Transaction
from annul.domain.states import State
from annul.host.recovery import too_late
from annul.issuers.message import Answer
from annul.wire.codec import Codec, Message
from annul.wire.dialects import DIALECTS
from tests.support.hosts import Inside, Till
from tests.support.rogue_issuer import Asked, Fields

_CODEC = Codec(DIALECTS["cups"])


async def _silent(inside: Inside, till: Till, kind: str, fields: Any) -> tuple[Transaction, Asked]:
    """Ask for something that the issuer hears and does not answer in time."""
    answer, asked = await inside.unanswered(till, kind, fields)
    assert answer.code == "98"
    return await inside.the(kind), asked


def _answer(asked: Asked, code: str = "00", mti: str = "", **changed: Any) -> Message:
    """Give an answer of the issuer as it is read from the link."""
    fields: Fields = {n: asked.message[n] for n in (3, 4, 7, 11, 13, 32, 33, 37, 41, 42, 49)}
    fields |= {39: code} | ({38: "A1B2C3"} if code == "00" else {})
    for name, value in changed.items():
        fields.pop(int(name[1:]), None)
        if value is not None:
            fields[int(name[1:])] = value
    mti = mti or f"{asked.message.mti[:2]}{int(asked.message.mti[2]) + 1}0"
    return _CODEC.decode(_CODEC.encode(mti, fields))


async def _late(inside: Inside, message: Message, issuer: str = "00000101") -> None:
    await inside.recovery.late(issuer, message)


# Late answers ----------------------------------------------------------------------------------


async def test_a_late_approval_of_what_was_reversed_is_reversed_again(
    inside: Inside, till: Till
) -> None:
    sale, asked = await _silent(inside, till, "sale", till.fields("sale"))
    assert await inside.host.outcomes.reversing(sale, "4354", inside.clock.now())
    assert await inside.host.outcomes.reversed(await inside.again(sale), "00", inside.clock.now())
    await _late(inside, _answer(asked))
    again = await inside.again(sale)
    assert (again.state, again.late_code) == (State.REVERSING, "00")
    assert again.reversal_reason == "4353"
    assert await inside.owed() == [("reversal", "4353")], "the issuer is told why"
    assert await inside.balance() == (0, 0, 0)


@pytest.mark.parametrize(
    ("code", "state"), [("00", State.APPROVED), ("51", State.DECLINED), ("96", State.UNKNOWN)]
)
async def test_the_late_answer_to_what_is_asked_again_is_the_answer(
    inside: Inside, till: Till, code: str, state: State
) -> None:
    sold = await inside.sold(till)
    refund, asked = await _silent(inside, till, "refund", till.undoing("refund", sold, 4_000))
    await _late(inside, _answer(asked, code))
    assert (await inside.again(refund)).state is state
    given = 4_000 if state is State.APPROVED else 0
    assert (await inside.balance())[0] == 9_950 - given + (20 if given else 0)
    assert (await inside.owed() == []) is (state is not State.UNKNOWN)


async def test_an_answer_names_its_request_by_time_and_trace_or_by_number(
    inside: Inside, till: Till
) -> None:
    """Of two that name a request differently, that which the network goes by counts."""
    sold = await inside.sold(till)
    refund, asked = await _silent(inside, till, "refund", till.undoing("refund", sold, 4_000))
    await _late(inside, _answer(asked, "96", f11="999999", f7="0229120000"))
    assert (await inside.again(refund)).late_code == "96", "found by its number"
    await _late(inside, _answer(asked, "98", f37=None))
    assert (await inside.again(refund)).late_code == "98", "found by time and trace"
    assert await inside.incidents() == []


@pytest.mark.parametrize(
    ("issuer", "changed"),
    [
        ("00000101", {"f11": "999999", "f37": "999999999999"}),
        ("00000202", {}),  # the request of another issuer
        ("00000101", {"f42": "898000000000000", "f11": "999999"}),
    ],
)
async def test_an_approval_of_nothing_is_told_and_moves_nothing(
    inside: Inside, till: Till, issuer: str, changed: dict[str, str]
) -> None:
    sale, asked = await _silent(inside, till, "sale", till.fields("sale"))
    await _late(inside, _answer(asked, "00", **changed), issuer)
    assert await inside.incidents() == ["answer_of_nothing"]
    assert (await inside.again(sale)).late_code == ""
    await _late(inside, _answer(asked, "51", **changed), issuer)
    await _late(inside, _answer(asked, "00", mti="0430", **changed), issuer)
    assert await inside.incidents() == ["answer_of_nothing"], "nobody paid for these"


async def test_what_is_told_of_an_answer_of_nothing_shows_no_card(
    inside: Inside, till: Till
) -> None:
    _, asked = await _silent(inside, till, "sale", till.fields("sale"))
    await _late(inside, _answer(asked, f11="999999", f37="620001000000", f41="\x1b[2J0007"))
    told = await inside.pool.fetchval("SELECT params::text FROM incidents")
    assert "\\u001b" not in told
    assert "\x1b" not in told


async def test_a_late_word_waits_for_what_is_just_being_written(inside: Inside, till: Till) -> None:
    """A second answer denies the first; so the first is to be there before it is looked at."""
    sold = await inside.sold(till)
    refund, asked = await _silent(inside, till, "refund", till.undoing("refund", sold, 4_000))
    under_way = asyncio.get_running_loop().create_future()
    key = (refund.merchant_id, refund.terminal_id, refund.batch, refund.trace)
    inside.host.in_flight[key] = under_way
    late = asyncio.create_task(_late(inside, _answer(asked, "51")))
    await asyncio.sleep(0.05)
    assert not late.done()
    await inside.host.outcomes.answered(refund, Answer("00", "A1B2C3"), inside.clock.now())
    under_way.set_result(None)
    await late
    stored = await inside.again(refund)
    assert (stored.state, stored.late_code) == (State.APPROVED, "51")
    assert await inside.incidents() == ["answers_contradict"]


@pytest.mark.parametrize(("code", "ended"), [("00", True), ("25", False), ("12", False)])
async def test_only_a_plain_late_acknowledgement_ends_a_reversal(
    inside: Inside, till: Till, code: str, ended: bool
) -> None:
    sale, asked = await _silent(inside, till, "sale", till.fields("sale"))
    await inside.host.outcomes.reversing(sale, "4354", inside.clock.now())
    await inside.pool.execute("UPDATE outbox SET attempts = 1")
    await _late(inside, _answer(asked, code, mti="0430", f38=None))
    assert (await inside.again(sale)).state is (State.REVERSED if ended else State.REVERSING)


@pytest.mark.parametrize("under_way", [False, True])
async def test_nothing_acknowledges_a_reversal_that_was_not_sent(
    inside: Inside, till: Till, *, under_way: bool
) -> None:
    """An approval, its type spoilt to 0430, is older: what it says is no word about the reversal.

    Nor is it while the first one is on its way: an answer to that is not late.
    """
    sale, asked = await _silent(inside, till, "sale", till.fields("sale"))
    await inside.host.outcomes.reversing(sale, "4354", inside.clock.now())
    if under_way:
        until = inside.clock.now() + timedelta(seconds=30)
        await inside.pool.execute("UPDATE outbox SET attempts = 1, leased_until = $1", until)
    await _late(inside, _answer(asked, "00", mti="0430"))
    assert (await inside.again(sale)).state is State.REVERSING


async def test_an_acknowledgement_that_is_older_than_an_approval_ends_nothing(
    inside: Inside, till: Till
) -> None:
    sale, asked = await _silent(inside, till, "sale", till.fields("sale"))
    await inside.host.outcomes.reversing(sale, "4354", inside.clock.now())
    await _late(inside, _answer(asked, "00"))
    await _late(inside, _answer(asked, "00", mti="0430", f38=None))
    assert (await inside.again(sale)).state is State.REVERSING


async def test_a_void_that_was_approved_too_late_is_made_known_with_who_is_beside_it(
    inside: Inside, till: Till
) -> None:
    heard: list[tuple[str, bool]] = []

    async def turned_back(void: Transaction, *, beside: bool) -> None:
        heard.append((void.kind, beside))

    inside.host.on_turned_back = turned_back
    sold = await inside.sold(till)
    void, asked = await _silent(inside, till, "void", till.undoing("void", sold))
    for times in (1, 2):
        await inside.host.outcomes.reversing(await inside.again(void), "4354", inside.clock.now())
        moving = await inside.again(void)
        assert await inside.host.outcomes.reversed(moving, "00", inside.clock.now())
        if times == 2:  # a refund has taken its place meanwhile
            assert (await till.ask("refund", till.undoing("refund", sold, 1))).code == "00"
        await _late(inside, _answer(asked))
    assert heard == [("void", False), ("void", True)]
    assert await inside.incidents() == ["late_approval"]


async def test_a_clearing_row_takes_back_what_had_ended(inside: Inside, till: Till) -> None:
    inside.rogue.always("sale", "51")
    assert (await till.ask("sale", till.fields("sale"))).code == "51"
    sale = await inside.the("sale")
    await too_late(inside.host, sale, Answer("00"))
    assert (await inside.again(sale)).state is State.REVERSING


# In doubt --------------------------------------------------------------------------------------


async def test_what_was_told_as_open_and_is_approved_here_is_reversed(
    inside: Inside, till: Till
) -> None:
    approved, declined = await inside.sold(till), await inside.sold(till)
    refund = await till.ask("refund", till.undoing("refund", declined, 4_000))
    assert refund.code == "00"
    refunded = await inside.the("refund")
    never = approved._replace(id=uuid7())  # it was not written at all
    inside.host.doubtful |= {one.id: one for one in (approved, refunded, never)}
    await inside.recovery.reverse_doubtful()
    assert (await inside.again(approved)).state is State.REVERSING
    assert (await inside.again(refunded)).state is State.APPROVED, "it can not be reversed"
    assert inside.host.doubtful == {}


async def test_what_is_still_on_its_way_stays_in_doubt(inside: Inside, till: Till) -> None:
    inside.rogue.hold("sale")
    asking = asyncio.create_task(till.ask("sale", till.fields("sale")))
    await inside.rogue.next("sale")
    sale = await inside.the("sale")
    inside.host.doubtful[sale.id] = sale
    await inside.recovery.reverse_doubtful()
    assert inside.host.doubtful == {sale.id: sale}
    inside.rogue.seen[-1].approve()
    await asking


# Stranded --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "state", "owed"),
    [
        ("received", "declined", []),
        ("sent", "unknown", [("reversal", "4354")]),
        ("unknown", "unknown", [("reversal", "4354")]),
        ("reversing", "reversing", [("reversal", "4354")]),
    ],
)
async def test_what_a_host_left_goes_on_from_where_it_was(
    inside: Inside, till: Till, left: str, state: str, owed: list[tuple[str, str]]
) -> None:
    sale = await inside.sold(till)
    await inside.pool.execute(
        "UPDATE transactions SET state = $2, response_code = '', ended_at = NULL WHERE id = $1",
        sale.id,
        left,
    )
    now = inside.clock.now()
    assert await inside.recovery.recover(sale.received_at) == 0, "it is too young"
    assert await inside.recovery.recover(now + timedelta(seconds=1)) == 1
    assert (await inside.again(sale)).state == state
    assert await inside.owed() == owed
    assert await inside.recovery.recover(now + timedelta(seconds=1)) == 0


async def test_what_is_served_here_is_not_stranded(inside: Inside, till: Till) -> None:
    inside.rogue.hold("sale")
    asking = asyncio.create_task(till.ask("sale", till.fields("sale")))
    asked = await inside.rogue.next("sale")
    assert await inside.recovery.recover(inside.clock.now() + timedelta(hours=1)) == 0
    asked.approve()
    assert (await asking).code == "00"
