"""What happens in a story, drawn from its seed: how many of whom, what fails, who is polite."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from annul.sim.issuer.faults import Fault, FaultKind

LIAR: Final = "620004"  # cards whose issuer denies what it has approved
COLLEAGUES: Final = 128  # numbers of terminals from which on stand those of colleagues
LONG: Final = 500  # rounds from which a story is a long day on which little goes wrong
_MILD: Final = 0.05
# Many tills at once on a slow disk: what waits for it shares statements, as on a busy host.
_LONG_DAY: Final[dict[str, Any]] = {
    "pause_s": 0.1,
    "disk_s": 0.02,
    "again": 0.01,
    "sold": (93.0, 4.0, 3.0),
    "then": (92.0, 4.0, 0.2, 3.8),
}
_BINS: Final = ("620001", "620002", "620003")
_CODES: Final = ("05", "12", "22", "40", "51", "57", "59", "61", "91", "96", "98", "92", "Z1")
# By whom they are said: not by the liar, who would deny later what nobody ever heard was booked.
_BOOKED_CODES: Final = {"91": "620001", "96": "620002", "68": "620003", "98": "629"}
_OTHERS: Final = (
    FaultKind.OTHER_AMOUNT,
    FaultKind.OTHER_CURRENCY,
    FaultKind.OTHER_TERMINAL,
    FaultKind.OTHER_REFERENCE,
    FaultKind.OTHER_TRACE,
    FaultKind.PARTIAL,
    FaultKind.LONG_BALANCE,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """A story before it is told.

    `troubled` stories have processes that die and lines that break; in the others issuers say two
    words to one request, or deny what they had said is booked: what dies with a host, and
    what nobody ever said, only a clearing file could prove.
    """

    seed: int
    rounds: int
    hosts: int
    tills: int
    begins: datetime
    troubled: bool
    pause_s: float = 1.0  # between two rounds of a till, on average
    disk_s: float = 0.002  # a statement waits for up to so long, before it runs and after
    again: float = 0.2  # how often a cashier gives the same back once more, or something older
    sold: tuple[float, ...] = (65.0, 15.0, 20.0)  # how often sale, qr_sale, preauth
    then: tuple[float, ...] = (65.0, 20.0, 3.0, 12.0)  # void, refund, settle or keep what was sold
    faults: tuple[Fault, ...] = ()
    events: tuple[str, ...] = ()  # what goes wrong, see `trouble`
    operators: bool = False
    strangers: bool = False
    telephones: bool = False  # two people conclude what issuers have booked
    payouts: bool = False  # what shops have leaves them meanwhile, past any day that is closed
    settles: bool = False  # days close, merchants are paid by a bank, and days pass afterwards
    clears: bool = False  # issuers' clearing files come on these days
    clears_at_once: bool = False  # the first of them while hosts work on what is open
    first_file_late: int = 0  # days that the first of them comes after it is due
    mistakes: float = 0.0  # how often a cashier gives back what was declined, or another amount
    dies: str = ""  # the statement at which hosts are killed, such as "before journal.open"
    freezes: str = ""  # the one at which they freeze
    knock_s: float = 4.0  # between two messages of a stranger, on average
    setup: tuple[str, ...] = ()  # statements: what the acquirer knows, or asks for, from the start
    changes: tuple[tuple[str, str], ...] = ()  # statements: what somebody changes, and back again
    policy: tuple[tuple[str, Any], ...] = ()  # what issuers allow, where it is not as usual
    roams: float = 0.0  # how often a terminal does the next thing at another host
    slow: float = 0.02
    pace: tuple[tuple[str, Any], ...] = ()  # settings of the hosts, where they are not as usual
    skews_s: tuple[float, ...] = field(default=(0.0, 0.0, 0.0))


# How long before the end of a business day, or before it is closed ten minutes later, a story
# that settles begins: so that its sales are on both sides.
_DAY_ENDS: Final = datetime(2026, 11, 23, 15, tzinfo=UTC)
_BEFORE_S: Final = (0.0, 20.0, 60.0, 300.0)
_CLOSES: Final = (timedelta(), timedelta(minutes=10))


def _settling(seed: int) -> dict[str, Any]:
    """Draw whether and when a story settles: apart, so that all else stays as its seed draws it."""
    random = Random(f"{seed} settling")
    settles = random.random() < 0.5
    ends = _DAY_ENDS + random.choice(_CLOSES) - timedelta(seconds=random.choice(_BEFORE_S))
    begins = {"begins": ends} if settles and random.random() < 0.7 else {}
    clears, at_once = (Random(f"{seed} {what}").random() < 0.7 for what in ("clearing", "at once"))
    when = {"clears": settles and clears, "clears_at_once": at_once}
    return {"settles": settles, **when, **begins}


def plan(seed: int, rounds: int) -> Plan:
    """Draw a story whose tills do so many rounds in all."""
    random = Random(f"{seed} plan")
    troubled = random.random() < 0.6
    long = rounds >= LONG
    tills = random.randint(192, 256) if long else min(random.randint(2, 12), max(rounds // 3, 2))
    drawn = Plan(
        seed=seed,
        rounds=rounds,
        hosts=random.choice((1, 2, 2, 3)),
        tills=tills,
        begins=datetime(2026, 11, 23, tzinfo=UTC) + timedelta(minutes=random.randrange(24 * 60)),
        troubled=troubled,
        disk_s=random.choice((0.002, 0.002, 0.02)),
        faults=tuple(_faults(random, troubled=troubled, share=_MILD if long else 1.0)),
        events=tuple(_events(random, troubled=troubled)),
        operators=random.random() < 0.6,
        strangers=random.random() < 0.5,
        payouts=random.random() < 0.5,
        telephones=random.random() < 0.3,
        slow=random.choice((0.0, 0.01, 0.05)),
        skews_s=tuple(random.choice((0.0, 0.0, 0.4, -0.4)) for _ in range(3)),
        roams=random.choice((0.0, 0.0, 0.2, 0.7)),
    )
    drawn = replace(drawn, **_settling(seed))
    return replace(drawn, **_LONG_DAY) if long else drawn


# How often each happens in a story: one of these numbers; some in troubled stories only.
_OFTEN: Final = {
    "power_cut": (0, 1, 2),
    "maintenance": (0, 0, 1),
    "end_of_day": (0, 0, 0, 1),
    "rule": (0, 0, 1, 2),
    "card": (0, 0, 1, 2),
}
_IN_TROUBLE: Final = {
    "kill": (0, 1, 1, 2, 3),
    "freeze": (0, 0, 1, 2, 3),
    "stands_for_ever": (0, 0, 0, 1),
    "failover": (0, 0, 0, 1),
    "same_number": (0, 0, 0, 1),
    "database_away": (0, 0, 1),
    "line_cut": (0, 1, 2),
}


def _events(random: Random, *, troubled: bool) -> Iterator[str]:
    for event, often in (_OFTEN | _IN_TROUBLE if troubled else _OFTEN).items():
        yield from [event] * random.choice(often)


def _faults(random: Random, *, troubled: bool, share: float) -> list[Fault]:
    """Draw what issuers do: each kind of fault in some stories only, at a `share` of its rate."""
    chosen: list[Fault] = []

    def some(kind: FaultKind, most: float, chance: float = 0.4, **aim: object) -> None:
        if random.random() < chance:
            rate = random.uniform(most / 5, most) * share
            chosen.append(Fault(kind, rate=rate, **aim))  # type: ignore[arg-type]

    some(FaultKind.DELAY, 0.2, low_ms=5, high_ms=200)
    some(FaultKind.DELAY, 0.05, low_ms=2_900, high_ms=3_100)
    some(FaultKind.DELAY, 0.05, low_ms=3_000, high_ms=9_000)
    for prefix in _BINS:
        some(FaultKind.LOST_REQUEST, 0.05, bin=prefix)
        some(FaultKind.LOST_ANSWER, 0.05, bin=prefix)
        some(FaultKind.BOOKS_LATE_SILENTLY, 0.03, 0.3, bin=prefix, low_ms=3_010, high_ms=5_000)
        some(FaultKind.GARBLED, 0.02, 0.2, bin=prefix)
    some(FaultKind.DUPLICATE, 0.05)
    some(FaultKind.CODE, 0.10, of_kind="sale", code=random.choice(_CODES))
    for _ in range(2):
        some(FaultKind.CODE, 0.3, of_kind="void", code=random.choice(_CODES))
    some(FaultKind.CODE, 0.2, of_kind="refund", code=random.choice(_CODES))
    some(FaultKind.CODE, 1.0, 0.2, of_kind="void", code="40", bin="620003")
    for code in ("94", "30", "96"):
        some(FaultKind.CODE, 0.1, 0.3, of_kind="reversal", code=code)
    some(FaultKind.CODE, 1.0, 0.1, of_kind="reversal", code="94", bin="6200029")
    for code, prefix in _BOOKED_CODES.items():
        some(FaultKind.BOOKED_CODE, 0.03, 0.3, code=code, bin=prefix)
    for kind in _OTHERS:
        some(kind, 0.02, 0.25)
    if troubled:
        some(FaultKind.CLOSE_BEFORE, 0.01, bin="620002")
        some(FaultKind.CLOSE_AFTER, 0.01, bin="620002")
        return chosen
    for prefix in ("620001", "620003"):
        some(FaultKind.BOOKS_LATE, 0.05, low_ms=3_050, high_ms=12_000, bin=prefix)
        some(FaultKind.BOOKS_LATE, 0.20, 0.3, low_ms=3_000, high_ms=3_060, bin=prefix)
        some(FaultKind.TWICE, 0.02, of_kind="sale", bin=prefix)
        some(FaultKind.WAVERS, 0.04, bin=prefix)
    some(FaultKind.FORGETS, 0.05, bin=LIAR)
    some(FaultKind.DELAY, 0.5, low_ms=900, high_ms=2_900, bin=LIAR)  # too late for some tills
    some(FaultKind.CODE, 0.3, of_kind="reversal", code="25", bin=LIAR)
    some(FaultKind.CODE, 0.1, of_kind="reversal", code="12", bin=LIAR)
    return chosen
