"""A day of transactions in the books, and among them what a clearing file will tell otherwise.

What becomes of the n-th transaction stands in the table `planned`, by which both sides are made:
one of each kind of break among `ONE_IN`, sales and voids that nobody knows the end of, voids that
both sides know, what is carried, and rows without a reference number. The rest agrees.
"""

from datetime import date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from annul.domain.business_day import Calendar
from annul.security.vault import Vault
from annul.store.sql import load

CALENDAR: Final = Calendar(ZoneInfo("Asia/Shanghai"), time(23))
DAY: Final = date(2026, 11, 23)
MORNING: Final = datetime.combine(date(2026, 11, 24), time(9), CALENDAR.zone)
MERCHANTS: Final = 10_000
UNKNOWNS: Final = 10_000
# Places among `ONE_IN` transactions; each of the first nine is a break, 0.5 % of all together.
SEEDED: Final = (
    "missing_here", "missing_there", "amount", "unvoided", "declined", "twice", "fee", "date",
    "currency",
)  # fmt: skip
ONE_IN: Final = 200 * len(SEEDED)
_OTHERS: Final = {20: "voided", 100: "carried", 110: "by_trace"}
_UNKNOWN_AT: Final = 50  # of each UNKNOWNS-th part of the day: no place that is taken
_CARDS: Final = 50_000
_MOST_S: Final = 7_200
_SQL: Final = load("bench.reconcile", "books.sql")


def card(number: int) -> str:
    """Give a card's number."""
    return f"62000100{number:08}"


async def write(owner: Any, vault: Vault, rows: int) -> None:
    """Write the day, with `planned` beside it, which is for who writes the file."""
    places = [*SEEDED, *("" for _ in range(ONE_IN - len(SEEDED)))]
    for first, what in _OTHERS.items():
        for place in range(first, first + (30 if what == "voided" else 3)):
            places[place] = what
    merchants = min(MERCHANTS, max(rows // 10, 1))
    await owner.execute(*_SQL["rates"]())
    await owner.execute(*_SQL["merchants"](merchants=merchants))
    await owner.execute(*_SQL["cards"]())
    numbers = [(n, card(n)) for n in range(_CARDS)]
    cards = ((n, vault.hash(one), vault.mask(one)) for n, one in numbers)
    await owner.copy_records_to_table("cards", records=cards)
    plan = _SQL["planned"](
        rows=rows,
        unknowns=min(UNKNOWNS, rows // 100),
        merchants=merchants,
        places=places,
        cards=_CARDS,
        one_in=ONE_IN,
        unknown_at=_UNKNOWN_AT,
        began=datetime.combine(DAY, time(), CALENDAR.zone),
    )
    await owner.execute(*plan, timeout=_MOST_S)
    await owner.execute("CREATE INDEX ON planned (id); ANALYZE planned", timeout=_MOST_S)
    parts = [(rows * part // 10 + 1, rows * (part + 1) // 10) for part in range(10)]
    for first, last in parts:
        await owner.execute(*_SQL["sales"](day=DAY, first=first, last=last), timeout=_MOST_S)
    await owner.execute(*_SQL["voids"](day=DAY), timeout=_MOST_S)
    for first, last in parts:
        await owner.execute(*_SQL["entries"](first=first, last=last), timeout=_MOST_S)
    for name in ("owed", "cases", "balances"):
        await owner.execute(*_SQL[name](), timeout=_MOST_S)
    await owner.execute("VACUUM ANALYZE", timeout=_MOST_S)
