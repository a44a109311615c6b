"""Rules are learnt while hosts serve: taken up by whoever comes next, kept, changed, and ended."""

import asyncio
from datetime import time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from annul.diagnose.fitting import Fitting
from annul.diagnose.learning import Learning
from annul.diagnose.samples import Samples, Stretch
from annul.domain.business_day import Calendar
from annul.domain.states import State
from tests.support.answers import ISSUER, NOW, ZONE, Asked, Crowd, answered, put_answers
from tests.support.clock import HeldClock
from tests.support.rows import put_transaction

_LIMIT: Final = 50_000
_CALENDAR: Final = Calendar(ZoneInfo(str(ZONE)), time(23))


def _above(one: Asked) -> bool:
    return one.amount > _LIMIT


def _learning(pool: asyncpg.Pool, clock: HeldClock, **changes: Any) -> Learning:
    values: dict[str, Any] = {
        "samples": Samples(pool, str(ZONE)),
        "fitting": Fitting(pool, str(ZONE)),
        "calendar": _CALENDAR,
        "clock": clock,
    }
    return Learning(**(values | changes))


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock(NOW)


async def _rules(pool: asyncpg.Pool) -> list[tuple[Any, ...]]:
    rows = await pool.fetch(
        "SELECT rule, number, state, ended_at IS NULL FROM learnt_rules ORDER BY first_seen, number"
    )
    return [tuple(row) for row in rows]


async def _policies(pool: asyncpg.Pool) -> list[tuple[Any, ...]]:
    rows = await pool.fetch(
        "SELECT kind, number, set_by, valid_until IS NULL FROM policies ORDER BY set_at"
    )
    return [tuple(row) for row in rows]


async def _issuer(pool: asyncpg.Pool) -> None:
    await pool.execute(
        "INSERT INTO issuers (issuer_id, name_zh, name_en, host, port) "
        "VALUES ($1, '示例', 'Example', '127.0.0.1', 1) ON CONFLICT DO NOTHING",
        ISSUER,
    )


async def test_from_the_journal_to_a_rule(pool: asyncpg.Pool, clock: HeldClock) -> None:
    for trace in range(60):
        amount = 20_000 + trace * 1_000
        at = NOW - timedelta(hours=trace + 1)
        sale = await put_transaction(pool, trace, received_at=at, amount=amount)
        refused = amount > _LIMIT
        await put_transaction(
            pool,
            trace + 100,
            kind="void",
            original_id=sale.id,
            amount=amount,
            received_at=at + timedelta(minutes=5),
            answered_at=at + timedelta(minutes=5, seconds=1),
            state=State.DECLINED if refused else State.APPROVED,
            response_code="61" if refused else "00",
            card_hash=f"card {trace}".encode(),
        )
    assert await _learning(pool, clock).round()
    assert await _rules(pool) == [("amount", _LIMIT, "suspected", True)]
    assert [rule.beyond for rule in await Fitting(pool, str(ZONE)).rules(ISSUER)] == [51_000]


async def test_a_rule_that_is_seen_again_is_the_same_one(
    pool: asyncpg.Pool, clock: HeldClock
) -> None:
    learning = _learning(pool, clock)
    await put_answers(pool, answered(Crowd().ask(300), _above))
    await learning.round()
    await put_answers(pool, answered(Crowd(seed=9, days=2).ask(100), _above), seed=4)
    await learning.round()
    assert await _rules(pool) == [("amount", _LIMIT, "suspected", True)]


async def test_a_rule_with_another_boundary_is_another_one(
    pool: asyncpg.Pool, clock: HeldClock
) -> None:
    learning = _learning(pool, clock)
    await put_answers(pool, answered(Crowd().ask(300), _above))
    await learning.round()
    clock.forward(days=1)
    newer = Crowd(seed=9, days=0.9, until=clock.now()).ask(100)
    await put_answers(pool, answered(newer, lambda one: one.amount > 20_000), seed=4)
    await learning.round()
    assert await _rules(pool) == [
        ("amount", _LIMIT, "suspected", False),
        ("amount", 20_000, "suspected", True),
    ]


async def test_a_rule_that_was_lifted_ends_with_the_night(
    pool: asyncpg.Pool, clock: HeldClock
) -> None:
    learning = _learning(pool, clock)
    await put_answers(pool, answered(Crowd().ask(300), _above))
    await learning.round()
    clock.forward(days=1)
    newer = Crowd(seed=9, days=0.9, until=clock.now()).ask(100)
    await put_answers(pool, answered(newer, lambda _: False), seed=4)
    await learning.round()
    assert await _rules(pool) == [("amount", _LIMIT, "suspected", False)]


async def test_what_was_dismissed_comes_back_with_twice_the_evidence(
    pool: asyncpg.Pool, clock: HeldClock
) -> None:
    learning = _learning(pool, clock)
    await put_answers(pool, answered(Crowd().ask(300), _above))
    await learning.round()
    await pool.execute(
        "UPDATE learnt_rules SET state = 'dismissed', dismissed_with = refused_beyond"
    )
    await put_answers(pool, answered(Crowd(seed=9).ask(100), _above), seed=4)
    await learning.round()
    assert await _rules(pool) == [("amount", _LIMIT, "dismissed", True)]
    await put_answers(pool, answered(Crowd(seed=10).ask(400), _above), seed=5)
    await learning.round()
    assert await _rules(pool) == [("amount", _LIMIT, "suspected", True)]


async def test_a_rule_that_is_sure_enough_becomes_a_policy_and_goes_with_it(
    pool: asyncpg.Pool, clock: HeldClock
) -> None:
    await _issuer(pool)
    learning = _learning(pool, clock, policies_from=0.99)
    await put_answers(pool, answered(Crowd().ask(300), _above))
    await learning.round()
    assert await _rules(pool) == [("amount", _LIMIT, "policy", True)]
    assert await _policies(pool) == [("void_amount_limit", _LIMIT, "annul", True)]
    assert await pool.fetchval("SELECT count(*) FROM audit WHERE action = 'adopt-rule'") == 1
    clock.forward(days=1)
    newer = Crowd(seed=9, days=0.9, until=clock.now()).ask(100)
    await put_answers(pool, answered(newer, lambda _: False), seed=4)
    await learning.round()
    assert await _policies(pool) == [("void_amount_limit", _LIMIT, "annul", False)]


async def test_none_becomes_a_policy_unless_that_was_set(
    pool: asyncpg.Pool, clock: HeldClock
) -> None:
    await _issuer(pool)
    await put_answers(pool, answered(Crowd().ask(300), _above))
    await _learning(pool, clock).round()
    assert await _policies(pool) == []


async def test_two_processes_learn_once(pool: asyncpg.Pool, clock: HeldClock) -> None:
    await put_answers(pool, answered(Crowd().ask(300), _above))
    worked = await asyncio.gather(*(_learning(pool, clock).round() for _ in range(4)))
    assert worked.count(True) >= 1
    assert await _rules(pool) == [("amount", _LIMIT, "suspected", True)]


async def test_two_that_keep_at_once_keep_one(pool: asyncpg.Pool) -> None:
    await put_answers(pool, answered(Crowd().ask(300), _above))
    fitting = Fitting(pool, str(ZONE))
    found = await fitting.fit(ISSUER, NOW)
    await asyncio.gather(*(fitting.keep(ISSUER, found, NOW) for _ in range(4)))
    assert len(await _rules(pool)) == 1


class _Killed(Samples):
    """Ends between two steps, as a process does that is killed."""

    async def take(self, *args: Any, **more: Any) -> Stretch:
        await super().take(*args, **more)
        raise asyncio.CancelledError

    async def release(self, claim: Any) -> None:
        """A dead process gives nothing back."""


async def test_who_comes_next_goes_on_where_one_was_killed(
    pool: asyncpg.Pool, clock: HeldClock
) -> None:
    await put_answers(pool, answered(Crowd().ask(300), _above))
    with pytest.raises(asyncio.CancelledError):
        await _learning(pool, clock, samples=_Killed(pool, str(ZONE))).round()
    assert not await _learning(pool, clock).round()  # its lease stands
    clock.forward(minutes=11)
    assert await _learning(pool, clock).round()
    assert await _rules(pool) == [("amount", _LIMIT, "suspected", True)]
