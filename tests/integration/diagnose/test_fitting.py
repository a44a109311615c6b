"""Rules that issuers keep to themselves are found in answers, and none where there is none."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import asyncpg
import pytest

from annul.diagnose.fitting import ALL, Fitting
from annul.domain.learnt import LearntRule, RuleKind
from tests.support.answers import ISSUER, NOW, ZONE, Asked, Crowd, answered, put_answers

Refuses = Callable[[Asked], bool]


def _in_hours(one: Asked) -> bool:
    return one.minute >= 23 * 60 or one.minute < 30


def _over_end(one: Asked) -> bool:
    to_end = (12 * 60 - one.sale_minute - 1) % 1440 + 1
    return to_end <= (one.minute - one.sale_minute) % 1440


_RULES: Final[dict[str, tuple[RuleKind, int, int, Refuses]]] = {
    # kind, the number to be found, by how much it may be off, what is refused
    "amount": (RuleKind.AMOUNT, 50_000, 2_000, lambda one: one.amount > 50_000),
    "count": (RuleKind.COUNT, 2, 0, lambda one: (one.place or 1) > 2),
    "interval": (
        RuleKind.INTERVAL,
        600,
        60,
        lambda one: one.since_s is not None and one.since_s < 600,
    ),
    "age": (RuleKind.AGE, 3_600, 300, lambda one: one.age_s > 3_600),
    "hours": (RuleKind.HOURS, 23 * 60, 15, _in_hours),
    "day_end": (RuleKind.DAY_END, 12 * 60, 30, _over_end),
    "never": (RuleKind.NEVER, 0, 0, lambda _: True),
}


async def _fit(pool: asyncpg.Pool, issuer: str = ISSUER, most: int = ALL) -> list[LearntRule]:
    return await Fitting(pool, str(ZONE)).fit(issuer, NOW, most)


@pytest.mark.parametrize("noise", [0.0, 0.05])
@pytest.mark.parametrize("name", _RULES)
@pytest.mark.parametrize("count", [300, 1_000])
async def test_a_rule_is_found(pool: asyncpg.Pool, name: str, noise: float, count: int) -> None:
    kind, number, off, refuses = _RULES[name]
    answers = answered(Crowd().ask(count), refuses, noise=noise)
    await put_answers(pool, answers)
    found = await _fit(pool)
    assert [rule.kind for rule in found] == [kind]
    assert abs(found[0].number - number) <= off
    assert found[0].sure > 0.95
    assert (found[0].prefix, found[0].changed) == ("", False)


@pytest.mark.parametrize("name", ["amount", "count", "interval", "age"])
async def test_ten_on_each_side_are_enough(pool: asyncpg.Pool, name: str) -> None:
    kind, _, _, refuses = _RULES[name]
    asked = Crowd().ask(2_000)
    chosen = [
        one for side in (True, False) for one in [a for a in asked if refuses(a) is side][:10]
    ]
    await put_answers(pool, answered(chosen, refuses))
    assert [rule.kind for rule in await _fit(pool)] == [kind]


async def test_what_is_refused_in_an_outage_is_no_rule(pool: asyncpg.Pool) -> None:
    answers = answered(Crowd().ask(600), lambda one: 600 <= one.minute < 720, code="96")
    for one in answers:
        one.amid = None if one.ok else 0.8
    await put_answers(pool, answers)
    assert await _fit(pool) == []


async def test_an_hour_of_one_day_is_no_rule(pool: asyncpg.Pool) -> None:
    day = NOW - timedelta(days=2)
    answers = answered(
        Crowd(days=10).ask(4_000), lambda one: abs(one.at - day) < timedelta(hours=1)
    )
    assert sum(not one.ok for one in answers) > 20
    for one in answers:
        one.amid = None  # nobody else spoke
    await put_answers(pool, answers)
    assert await _fit(pool) == []


async def test_a_rule_is_found_beside_an_outage(pool: asyncpg.Pool) -> None:
    answers = answered(Crowd().ask(600), lambda one: one.amount > 50_000)
    for one in answers:
        if NOW - timedelta(days=9) < one.at < NOW - timedelta(days=8):
            one.ok, one.code, one.amid = False, "91", 0.9
    await put_answers(pool, answers)
    assert [(rule.kind, rule.number) for rule in await _fit(pool)] == [(RuleKind.AMOUNT, 50_000)]


async def test_sales_that_were_approved_since_tell_it_from_an_outage(pool: asyncpg.Pool) -> None:
    """An issuer that refuses all voids of an afternoon, and nobody else speaks for it."""
    asked = Crowd(days=0.1).ask(30)
    for number, one in enumerate(asked):
        one.amid, one.since_s, one.place = None, None, 1
        one.at = NOW - timedelta(minutes=4 * (30 - number))
        one.age_s = 20_000
    await put_answers(pool, answered(asked, lambda _: True, code="96"), "00000201")
    assert await _fit(pool, "00000201") == []
    for one in asked:
        one.age_s = 60
    await put_answers(pool, asked, "00000202")
    assert [rule.kind for rule in await _fit(pool, "00000202")] == [RuleKind.NEVER]


async def test_a_card_that_is_refused_is_no_rule(pool: asyncpg.Pool) -> None:
    answers = answered(Crowd().ask(200), lambda one: one.amount > 50_000)
    for one in answers:
        one.card = 1 if not one.ok else 2
    await put_answers(pool, answers)
    assert await _fit(pool) == []


async def test_two_rules_at_once_are_both_found(pool: asyncpg.Pool) -> None:
    answers = answered(
        Crowd().ask(1_000), lambda one: one.amount > 50_000 or (one.place or 1) > 2, noise=0.05
    )
    await put_answers(pool, answers)
    found = await _fit(pool)
    assert {(rule.kind, rule.number) for rule in found} == {
        (RuleKind.AMOUNT, 50_000),
        (RuleKind.COUNT, 2),
    }


@pytest.mark.parametrize(("before", "after"), [(100_000, 30_000), (30_000, 100_000), (0, 50_000)])
async def test_a_rule_that_changed_yesterday_is_the_new_one(
    pool: asyncpg.Pool, before: int, after: int
) -> None:
    changed = NOW - timedelta(hours=20)

    def refuses(one: Asked) -> bool:
        limit = after if one.at >= changed else before
        return bool(limit) and one.amount > limit

    answers = answered([*Crowd().ask(900), *Crowd(seed=5, days=0.8).ask(120)], refuses, noise=0.02)
    await put_answers(pool, answers)
    found = await _fit(pool)
    assert [(rule.kind, rule.number) for rule in found] == [(RuleKind.AMOUNT, after)]
    # What lies above a limit that was raised was refused before, too.
    assert found[0].changed == (found[0].since > NOW - timedelta(days=2)) == (after < 100_000)


async def test_a_rule_that_was_lifted_is_none(pool: asyncpg.Pool) -> None:
    lifted = NOW - timedelta(days=1)
    answers = [*Crowd().ask(600), *Crowd(seed=5, days=0.9).ask(60)]
    await put_answers(pool, answered(answers, lambda one: one.at < lifted and one.amount > 50_000))
    assert await _fit(pool) == []


@pytest.mark.parametrize("name", ["amount", "never", "hours"])
async def test_a_rule_of_one_range_is_said_of_that_range(pool: asyncpg.Pool, name: str) -> None:
    kind, _, _, refuses = _RULES[name]
    answers = answered(
        Crowd().ask(1_200), lambda one: one.prefix == "622848" and refuses(one), noise=0.03
    )
    await put_answers(pool, answers)
    assert [(rule.kind, rule.prefix) for rule in await _fit(pool)] == [(kind, "622848")]


async def test_refunds_in_part_that_are_refused_are_a_rule(pool: asyncpg.Pool) -> None:
    answers = answered(Crowd(role="refund").ask(300), lambda one: not one.whole, noise=0.05)
    await put_answers(pool, [*answers, *answered(Crowd(seed=8).ask(300), lambda _: False)])
    assert [(rule.kind, rule.role) for rule in await _fit(pool)] == [(RuleKind.WHOLE, "refund")]


async def test_issuers_without_rules_have_none(pool: asyncpg.Pool) -> None:
    draw = random.Random(19)
    invented: list[LearntRule] = []
    for number in range(200):
        issuer, share = f"{number:08d}", draw.choice((0.02, 0.05, 0.1, 0.2, 0.4))
        crowd = Crowd(seed=number, days=draw.choice((2, 20, 40)))
        answers = answered(
            crowd.ask(draw.randrange(20, 600)), lambda _: False, noise=share, seed=number
        )
        await put_answers(pool, answers, issuer)
        invented += await _fit(pool, issuer)
    assert [(one.kind, one.refused_beyond, one.approved_within, one.sure) for one in invented] == []
