"""Rules that an issuer goes by and that nobody wrote down: no row in `policies` says them.

Each is a row of a table: how the issuer is set, and how so many voids come about on either side of
it. Before the day voids of two weeks lie on both sides; then two beyond it fail.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from annul.sim.scenes.till import Till
from annul.sim.terminal.journal import Record

from .history import written_back
from .play import Play
from .situation import Area, Situation, enter

_MANY, _FEW, _TODAY = 12, 2, 2
_RANGE: Final = "7"
_NOT_VOIDED: Final = ("refunded", "refused", "")
# Strikes so often at a till; `said` is what is true of those that fail.
Side = Callable[[Play, Till, int], Awaitable[None]]
Beyond = Callable[[Play, Till, int, tuple[str, ...], dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `codes`: the usual one, odd ones, and one of the issuer's own."""

    name: str
    causes: tuple[str, ...]
    codes: tuple[str, ...]
    setting: Callable[[Play], None]
    within: Side
    beyond: Beyond
    ends: tuple[str, ...] = _NOT_VOIDED


async def _sold(play: Play, till: Till, amount: int, card: str) -> Record:
    sale = await play.scene.sale(till, amount, card)
    assert sale is not None, "nothing is in the way of a sale"
    assert sale.state == "approved", "nothing is in the way of a sale"
    return sale


def _amounts(low: int, high: int, of_range: str = "") -> Beyond:
    """Void sales between two amounts, each with a card of its own."""

    async def strike(
        play: Play, till: Till, count: int, causes: tuple[str, ...], said: dict[str, Any]
    ) -> None:
        for _ in range(count):
            amount = play.scene.random.randrange(low, high)
            sale = await _sold(play, till, amount, play.card(of_range))
            await play.void(sale, *causes, till=till, **said)

    return strike


def _passing(*strikes: Beyond) -> Side:
    """Let voids come about that go through, half of each kind."""

    async def strike(play: Play, till: Till, count: int) -> None:
        for index, one in enumerate(strikes):
            share = count // len(strikes) + (index < count % len(strikes))
            await one(play, till, share, (), {})

    return strike


async def _first_two(
    play: Play, till: Till, count: int, causes: tuple[str, ...], said: dict[str, Any]
) -> None:
    for _ in range((count + 1) // 2):
        card = play.card()
        for _ in range(2):
            await play.void(await _sold(play, till, 90_00, card), *causes, till=till, **said)


async def _third(
    play: Play, till: Till, count: int, causes: tuple[str, ...], said: dict[str, Any]
) -> None:
    for _ in range(count):
        card = play.card()
        sales = [await _sold(play, till, 90_00, card) for _ in range(3)]
        await play.voids(sales[:2], till=till)
        await play.void(sales[2], *causes, till=till, **said)


def _aged(seconds: float) -> Beyond:
    async def strike(
        play: Play, till: Till, count: int, causes: tuple[str, ...], said: dict[str, Any]
    ) -> None:
        for start in range(0, count, 6):
            sales = [
                await _sold(play, till, 60_00, play.card()) for _ in range(min(6, count - start))
            ]
            await asyncio.sleep(seconds)
            await play.voids(sales, *causes, till=till, **said)

    return strike


def _again(seconds: float) -> Beyond:
    """Void two sales of each card, the second one so long after the first."""

    async def strike(
        play: Play, till: Till, count: int, causes: tuple[str, ...], said: dict[str, Any]
    ) -> None:
        cards = [play.card() for _ in range(count)]
        firsts = [await _sold(play, till, 80_00, card) for card in cards]
        seconds_ = [await _sold(play, till, 80_00, card) for card in cards]
        if seconds:
            await play.voids(firsts, till=till)
            await asyncio.sleep(seconds)
            await play.voids(seconds_, *causes, till=till, **said)
            return
        for first, second in zip(firsts, seconds_, strict=True):
            await play.void(first, till=till)
            await play.void(second, *causes, till=till, **said)

    return strike


async def _only_sales(play: Play, till: Till, count: int) -> None:
    await play.sales(count, till=till)


def _sets(rule: str, **settings: Any) -> Callable[[Play], None]:
    def setting(play: Play) -> None:
        for name, value in settings.items():
            setattr(play.policy, name, value)
        play.policy.codes[rule] = play.code

    return setting


def _of_one_range(play: Play) -> None:
    prefix = f"{play.scene.prefix}{_RANGE}"
    play.refuses(of_kind="void", bin=prefix, lowest=300_01)


_PLAIN: Final = _amounts(50_00, 400_00)
RULES: Final = (
    Rule(
        "largest_amount", ("issuer_limit_amount",), ("61", "05", "91", "Q1"),
        _sets("void_amount", void_amount_limit=500_00),
        _passing(_amounts(20_00, 495_00)), _amounts(505_00, 990_00),
    ),
    Rule(
        "largest_amount_of_a_range", ("issuer_limit_amount",), ("61", "12", "96", "ZZ"),
        _of_one_range,
        _passing(_amounts(20_00, 295_00, _RANGE), _amounts(305_00, 800_00, "3")),
        _amounts(305_00, 800_00, _RANGE),
    ),
    Rule(
        "count_per_card_and_day", ("issuer_limit_count",), ("65", "57", "96", "K2"),
        _sets("voids_per_day", voids_per_day=2),
        _passing(_first_two), _third,
    ),
    Rule(
        "age_of_the_sale", ("outside_void_window",), ("12", "57", "91", "R3"),
        _sets("window", void_window_s=2.0),
        _passing(_PLAIN), _aged(2.3),
    ),
    Rule(
        "interval", ("repeated_too_soon",), ("94", "05", "12", "x7"),
        _sets("interval", void_interval_s=1.5),
        _passing(_again(1.8)), _again(0.0), ends=("voided",),
    ),
    Rule(
        "no_voids_at_all", ("issuer_unsupported",), ("40", "05", "91", "Q9"),
        _sets("unsupported", void_supported=False),
        _only_sales, _PLAIN,
    ),
)  # fmt: skip


def _playing(rule: Rule, count: int) -> Callable[[Play], Awaitable[None]]:
    causes = rule.causes if count == _MANY else (*rule.causes, "unknown")
    first = tuple({*causes, "unknown"}) if count == _FEW else causes

    async def playing(play: Play) -> None:
        shop = await play.another_shop()
        rule.setting(play)
        await rule.within(play, shop, count)
        await rule.beyond(play, shop, count, (), {})
        play.forget()
        await written_back(play, shop)
        await play.others(4)
        said = {"at_first": first, "ends": rule.ends}
        await rule.beyond(play, play.till, _TODAY if count == _MANY else 1, causes, said)
        await play.tried()

    return playing


for _rule in RULES:
    enter(Situation(f"{_rule.name}_known_by_many", Area.UNDECLARED, _playing(_rule, _MANY),
                    _rule.codes))  # fmt: skip
    enter(Situation(f"{_rule.name}_known_by_few", Area.UNDECLARED_FEW, _playing(_rule, _FEW),
                    (_rule.codes[0], *_rule.codes[2:])))  # fmt: skip


# Of the clock, and of a change -------------------------------------------------------------------


async def _refused_at_this_hour(play: Play, count: int, causes: tuple[str, ...]) -> None:
    """The issuer does no voids at this hour of the day, and does them at all others."""
    shop = await play.another_shop()
    for hours in (-9, -6, -3, 3):
        await _PLAIN(play, shop, max(1, count // 4), (), {})
        await written_back(play, shop, later=timedelta(hours=hours), least=2, days=12)
    play.refuses(of_kind="void")
    await _PLAIN(play, shop, count, (), {})
    await written_back(play, shop, least=2, days=12)
    play.forget()
    await play.others(4)
    await _PLAIN(play, play.till, _TODAY if count == _MANY else 1, causes, {"ends": _NOT_VOIDED})
    await play.tried()


async def _own_end_of_day(play: Play, count: int, causes: tuple[str, ...]) -> None:
    """The issuer's day ends before the acquirer's: what it sold before is not voided after."""
    shop = await play.another_shop()
    await _PLAIN(play, shop, count, (), {})
    await written_back(play, shop, later=timedelta(hours=-4), least=1)
    for day in range(1, 1 + max(1, count // 4)):
        await _sold_yesterday_there(play, shop, 4 if count == _MANY else count, ())
        await written_back(play, shop, least=day, days=1)
    play.forget()
    await play.others(4, voids=2)
    await _sold_yesterday_there(play, play.till, _TODAY if count == _MANY else 1, causes)
    await play.others(4, voids=2)
    await play.tried()


async def _sold_yesterday_there(
    play: Play, till: Till, count: int, causes: tuple[str, ...]
) -> None:
    """Void sales of an hour ago, between which and now the issuer's day has ended."""
    cards = [play.card() for _ in range(count)]
    sales = [await _sold(play, till, 70_00, card) for card in cards]
    await play.scene.sold_before(till, sales, timedelta(minutes=65), same_day=True)
    for sale, card in zip(sales, cards, strict=True):
        play.refuses(of_kind="void", bin=card)
        await play.void(sale, *causes, till=till, ends=_NOT_VOIDED)


async def _lowered_silently(play: Play, count: int, causes: tuple[str, ...]) -> None:
    """The issuer has lowered its largest amount three days ago, and has told nobody."""
    shop = await play.another_shop()
    await _amounts(20_00, 900_00)(play, shop, 2 * count, (), {})
    await written_back(play, shop, least=5, days=10)
    play.refuses(of_kind="void", lowest=100_01)
    await _amounts(20_00, 98_00)(play, shop, count, (), {})
    await _amounts(105_00, 900_00)(play, shop, count, (), {})
    await written_back(play, shop, least=1, days=3)
    play.forget()
    await play.others(4)
    strike = _amounts(105_00, 900_00)
    said = {"ends": _NOT_VOIDED}
    await strike(play, play.till, _TODAY if count == _MANY else 1, causes, said)
    await play.tried()


async def _stopped_silently(play: Play, count: int, causes: tuple[str, ...]) -> None:
    """The issuer has stopped to do voids three days ago, and has told nobody."""
    shop = await play.another_shop()
    await _PLAIN(play, shop, count, (), {})
    await written_back(play, shop, least=5, days=10)
    play.refuses(of_kind="void")
    await _PLAIN(play, shop, count, (), {})
    await written_back(play, shop, least=1, days=3)
    play.forget()
    await play.others(4)
    await _PLAIN(play, play.till, _TODAY if count == _MANY else 1, causes, {"ends": _NOT_VOIDED})
    await play.tried()


Timed = Callable[[Play, int, tuple[str, ...]], Awaitable[None]]
_DAY = ("already_settled", "end_of_day", "outside_void_window")
_TIMED: Final[tuple[tuple[str, Timed, tuple[str, ...], tuple[str, ...]], ...]] = (
    ("hours_of_the_day", _refused_at_this_hour, ("outside_void_window", "end_of_day"),
     ("12", "57", "91", "ZZ")),
    ("end_of_the_issuers_day", _own_end_of_day, _DAY, ("12", "05", "96", "Q2")),
    ("lowered_silently", _lowered_silently, ("policy_changed", "issuer_limit_amount"),
     ("61", "57", "91", "Q1")),
    ("stopped_silently", _stopped_silently, ("policy_changed", "issuer_unsupported"),
     ("40", "12", "96", "N0")),
)  # fmt: skip


def _timed(play_it: Timed, count: int, causes: tuple[str, ...]) -> Callable[[Play], Any]:
    async def playing(play: Play) -> None:
        await play_it(play, count, causes)

    return playing


for _name, _timed_rule, _causes, _codes in _TIMED:
    enter(Situation(f"{_name}_known_by_many", Area.UNDECLARED,
                    _timed(_timed_rule, _MANY, _causes), _codes))  # fmt: skip
    enter(Situation(f"{_name}_known_by_few", Area.UNDECLARED_FEW,
                    _timed(_timed_rule, _FEW, (*_causes, "unknown")),
                    (_codes[0], *_codes[2:])))  # fmt: skip
