"""An issuer's books of a day, and its clearing files of it as they are read."""

from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from annul.domain.business_day import Calendar
from annul.settle.clearing.read import chunks, look_at
from annul.settle.clearing.rows import ClearingRow
from annul.sim.issuer.books import KINDS, Books
from annul.sim.issuer.clearing import CSV, ClearingFiles
from annul.sim.issuer.entries import BookEntry, Key
from annul.sim.issuer.rules import IssuerSettings

ZONE = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 12, tzinfo=ZONE)
SHOP = "898000058120000"
DEBIT, CREDIT = "6200010000000007", "6200020000000006"


class IssuerDay:
    """Books with a sale that stands, one that was voided, one reversed, one declined, a refund."""

    def __init__(self) -> None:
        codes = iter(range(100_000, 999_999))
        self.books = Books(IssuerSettings(), lambda: f"{next(codes)}")
        self.files = ClearingFiles(self.books, Calendar(ZONE, time(23)), 1, "sample-")
        self._trace = 0
        self.stands = self.ask("sale", 123_45)
        self.voided = self.ask("sale", 50_00, pan=CREDIT)
        self.void = self.ask("void", 50_00, of=self.voided, pan=CREDIT)
        self.reversed = self.ask("sale", 70_00)
        self.books.reverse(self.reversed.key, NOON + timedelta(minutes=1))
        self.declined = self.ask("sale", 20_00, forced="51")
        self.refunds = [self.ask("refund", 33_33, of=self.stands) for _ in range(2)]

    def ask(
        self,
        kind: str,
        amount: int,
        *,
        of: BookEntry | None = None,
        at: datetime = NOON,
        pan: str = DEBIT,
        **more: Any,
    ) -> BookEntry:
        self._trace += 1
        key = Key.of(f"{at:%m%d%H%M%S}", f"{self._trace:06d}", "48020000", "48020000")
        original = of.key if of else None
        return self.books.request(
            KINDS[kind],
            key,
            pan,
            amount,
            at,
            merchant=SHOP,
            terminal="10000001",
            rrn=f"{self._trace:012d}",
            original=original,
            **more,
        )

    def read(self, form: str = "COMA", day: date = DAY) -> list[ClearingRow]:
        [file] = self.files.of(day, form)
        return rows_of(file.content, form)


class Is(NamedTuple):
    rrn: str
    effect: str
    amount: int

    @classmethod
    def of(cls, row: ClearingRow) -> "Is":
        return cls(row.rrn, row.effect, row.amount)


def rows_of(content: bytes, form: str) -> list[ClearingRow]:
    how = look_at(BytesIO(content)).columns if form == CSV else form
    read = list(chunks(BytesIO(content), how, DAY))
    assert not [bad for chunk in read for bad in chunk.bad]
    return [row for chunk in read for row in chunk.rows]
