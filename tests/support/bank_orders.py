"""Orders for a bank: nobody's accounts."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final

from annul.settle.bank.rows import Order, Transfer

MADE_AT: Final = datetime(2026, 11, 27, 1, 0, tzinfo=UTC)
DAY: Final = date(2026, 11, 27)
MESSAGE: Final = "f" * 32


def reference(number: int) -> str:
    return f"{number:032x}"


def transfer(number: int, **parts: Any) -> Transfer:
    made = Transfer(
        reference=reference(number),
        amount=1_000 + number,
        holder="示例茶馆",
        account=f"62220000{number:08}",
        bank="102100099996",
        text="2026-11-26",
    )
    return replace(made, **parts)


def order(*transfers: Transfer, **parts: Any) -> Order:
    made = Order(
        message=MESSAGE,
        made_at=MADE_AT,
        execute_on=DAY,
        currency="156",
        debtor="示例收单",
        debtor_account="6222999900001111",
        debtor_bank="ICBKCNBJXXX",
        transfers=transfers or (transfer(1),),
    )
    return replace(made, **parts)
