"""What store-and-forward brings home: acknowledgements, denials, answers to advices."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from annul.domain.records import Transaction
from annul.domain.reversal_rules import CONCLUDED
from annul.domain.states import State
from annul.host.forwarded import Forwarded
from annul.issuers.message import Answer
from tests.support.hosts import Inside, Till


@pytest.fixture
def home(inside: Inside) -> Forwarded:
    return Forwarded(inside.host.journal, inside.host.outcomes)


def _key(one: Transaction) -> tuple[str, UUID]:
    return (one.merchant_id, one.id)


async def _reversing(inside: Inside, till: Till) -> Transaction:
    sale = await inside.sold(till)
    assert await inside.host.outcomes.reversing(sale, "4021", inside.clock.now())
    return await inside.again(sale)


async def test_an_acknowledged_reversal_ends_it(
    inside: Inside, till: Till, home: Forwarded
) -> None:
    sale = await _reversing(inside, till)
    now = inside.clock.now()
    assert await home.reversed(*_key(sale), "00", now, sale.late_at)
    assert (await inside.again(sale)).state is State.REVERSED
    assert await inside.entries() == {}
    assert await inside.owed() == []


async def test_an_acknowledgement_of_a_try_that_left_before_an_approval_ends_nothing(
    inside: Inside, till: Till, home: Forwarded
) -> None:
    sale = await _reversing(inside, till)
    later = inside.clock.now() + timedelta(seconds=1)
    await inside.host.outcomes.late(sale, Answer("00", "999999"), "4353", later)
    assert not await home.reversed(*_key(sale), "00", later, sale.late_at)
    left = (await inside.again(sale)).late_at
    assert await home.reversed(*_key(sale), "00", later, left)


async def test_what_people_concluded_to_stand_and_the_issuer_has_undone_is_told(
    inside: Inside, till: Till, home: Forwarded
) -> None:
    sale = await _reversing(inside, till)
    now = inside.clock.now()
    assert await inside.host.outcomes.concluded(sale, done=True, at=now)
    stands = await inside.again(sale)
    assert (stands.state, stands.why) == (State.APPROVED, CONCLUDED)
    assert not await home.reversed(*_key(sale), "00", now, None)
    assert await inside.incidents() == ["conclusion_overtaken"]
    assert (await inside.balance())[0] == 9_950


async def test_a_denial_of_what_was_approved_is_disputed(
    inside: Inside, till: Till, home: Forwarded
) -> None:
    sale = await _reversing(inside, till)
    assert await home.disputed(*_key(sale), "25", inside.clock.now())
    assert not await home.disputed(*_key(sale), "25", inside.clock.now())
    assert (await inside.again(sale)).state is State.DISPUTED
    assert await inside.incidents() == ["disputed"]


async def _open_refund(inside: Inside, till: Till) -> Transaction:
    sold = await inside.sold(till)
    await inside.unanswered(till, "refund", till.undoing("refund", sold, 4_000))
    return await inside.the("refund")


@pytest.mark.parametrize(
    ("code", "again", "state", "incident"),
    [
        ("00", False, State.APPROVED, []),
        ("00", True, State.APPROVED, []),
        ("51", True, State.DECLINED, []),
        ("61", False, State.DECLINED, []),
        ("61", True, State.DISPUTED, ["disputed"]),  # it may refuse the repeat of what it booked
        ("96", True, State.UNKNOWN, []),
    ],
)
async def test_an_answer_to_a_repeat_proves_what_it_proves(
    inside: Inside,
    till: Till,
    home: Forwarded,
    code: str,
    again: bool,
    state: State,
    incident: list[str],
) -> None:
    refund = await _open_refund(inside, till)
    now = inside.clock.now()
    await home.advised(*_key(refund), Answer(code), now, again=again)
    assert (await inside.again(refund)).state is state
    assert await inside.incidents() == incident
    given = 4_000 - 20 if state is State.APPROVED else 0
    assert (await inside.balance())[0] == 9_950 - given


async def test_an_answer_to_what_has_ended_meanwhile_is_a_late_one(
    inside: Inside, till: Till, home: Forwarded
) -> None:
    refund = await _open_refund(inside, till)
    now = inside.clock.now()
    await inside.host.outcomes.answered(refund, Answer("51"), now, settles=True)
    assert not await home.advised(*_key(refund), Answer("00"), now, again=True)
    stored = await inside.again(refund)
    assert (stored.state, stored.late_code) == (State.DISPUTED, "00")


async def test_what_is_not_there_is_no_news(inside: Inside, home: Forwarded) -> None:
    nothing, now = (inside.merchant_id, uuid4()), inside.clock.now()
    assert not await home.reversed(*nothing, "00", now, None)
    assert not await home.disputed(*nothing, "25", now)
    assert not await home.advised(*nothing, Answer("00"), now, again=False)
