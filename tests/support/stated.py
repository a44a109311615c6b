"""A statement made by hand, for what writes it down."""

from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from annul.domain.text import Text
from annul.settle.statement.model import (
    Account,
    Day,
    Line,
    Move,
    Payout,
    Period,
    Statement,
)
from annul.settle.statement.sections import Spoken

ENGLISH, CHINESE = (Spoken(one, ZoneInfo("Asia/Shanghai")) for one in ("en", "zh"))
PAYOUT = UUID("0190aaaa-bbbb-7ccc-8ddd-eeeeffff0001")
_DAY = date(2026, 10, 29)
_AT = datetime(2026, 10, 29, 4, tzinfo=UTC)


def statement(name: str = "Tea", currency: str = "156") -> Statement:
    """A shop that sold for 100.00, was frozen 20.00, and whose payout came back."""
    return Statement(
        "898000058120000",
        Text("示例茶馆", name),
        Period.of("2026-10"),
        date(2026, 10, 31),
        datetime(2026, 11, 9, 4, tzinfo=UTC),
        (Account(currency, {}, {"taken": {"merchant_pending": 100_00}}),),
        (Day(_DAY, currency, 100_00, 0, 50, 99_50, 0, date(2026, 10, 30), _AT, PAYOUT),),
        (
            Payout(
                *(PAYOUT, currency, 99_50, date(2026, 10, 30), "returned", "4321"),
                *("AC04", "+closed", _AT, _AT),
            ),
        ),
        (Move(_DAY, currency, "freeze", -20_00, "=cmd|' /C calc'!A0", None, None),),
    )


def sale(number: int = 1, currency: str = "156") -> Line:
    """A sale of 100.00."""
    return Line(
        *(_AT, _DAY, currency, "approval", "sale", "10000001", "000001", f"{number:06d}"),
        *(f"3000000{number:05d}", "620001******0007", 100_00, -50, "", None),
    )
