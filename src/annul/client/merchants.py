"""What can be asked of annul about merchants: their money, terms, fees, statements."""

from collections.abc import Iterator
from datetime import date
from typing import Final, Unpack

from .asked import Language, NewTerms, OtherPrice, Settings, StatementForm
from .models.batches import BatchDifference, Resolution
from .models.fees import DayMargin, FeeDifference, FeeLine
from .models.merchants import (
    Merchant,
    MerchantCutOver,
    MerchantDay,
    MerchantSummary,
    SettlementTerms,
    Terminal,
)
from .models.parts import Page
from .transport import Transport

_PAGE: Final = 100
_STATEMENT_S: Final = 600.0  # in which a statement is written


class Merchants:
    """Merchants, their settings and terminals."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, search: str = "") -> Iterator[MerchantSummary]:
        """Give merchants by number; `search`: in number or name, or the number of a terminal."""
        return self._transport.pages(MerchantSummary, "merchants", search=search, limit=_PAGE)

    def get(self, merchant: str) -> Merchant:
        """Give a merchant."""
        return self._transport.get(Merchant, "merchants", merchant)

    def change(self, merchant: str, reason: str, **allowed: Unpack[Settings]) -> Merchant:
        """Set what annul may do unasked; what is left out stays as it is."""
        body = {**allowed, "reason": reason}
        return self._transport.call(Merchant, "PATCH", "merchants", merchant, body=body)

    def terminals(self, merchant: str) -> Iterator[Terminal]:
        """Give a merchant's terminals by number."""
        return self._transport.pages(Terminal, "merchants", merchant, "terminals", limit=_PAGE)

    def differences(
        self, merchant: str, *, terminal: str = "", batch: str = "", resolved: bool = False
    ) -> Iterator[BatchDifference]:
        """Give in what terminals and the host differ, the oldest first: open ones, or all."""
        state = "all" if resolved else "open"
        asked = {"terminal": terminal or None, "batch": batch or None, "state": state}
        path = ("merchants", merchant, "batch-differences")
        return self._transport.pages(BatchDifference, *path, limit=_PAGE, **asked)

    def resolve_difference(
        self, one: BatchDifference, how: Resolution, reason: str, booked_by: str | None = None
    ) -> None:
        """Say what a difference was, once; `booked_by`: by what the terminal stands."""
        row = (one.terminal, one.batch, one.trace, "resolve")
        path = ("merchants", one.merchant, "batch-differences", *row)
        body = {"how": how, "booked_by": booked_by, "reason": reason}
        self._transport.send("POST", *path, body=body)

    def days(self, merchant: str) -> Iterator[MerchantDay]:
        """Give closed business days, the latest first, and when each is due."""
        return self._transport.pages(MerchantDay, "merchants", merchant, "days", limit=_PAGE)

    def statement(
        self,
        merchant: str,
        period: str,
        form: StatementForm = "pdf",
        lang: Language = "zh",
        within_s: float = _STATEMENT_S,
    ) -> bytes:
        """Give the statement of a month ("2026-11") or a business day ("2026-11-26") as a file.

        Its closed days do not change; a large one takes minutes to be written.
        """
        asked = {"format": form, "lang": lang}
        path = ("merchants", merchant, "statements", period)
        return self._transport.send("GET", *path, query=asked, timeout_s=within_s).content

    def terms(self, merchant: str) -> Iterator[SettlementTerms]:
        """Give the terms of settlement, the latest first; none: the next working day."""
        return self._transport.pages(SettlementTerms, "merchants", merchant, "terms")

    def agree(
        self, merchant: str, valid_from: date, reason: str, **terms: Unpack[NewTerms]
    ) -> None:
        """Agree on terms from a business day on; the same ones again change nothing."""
        path = ("merchants", merchant, "terms", valid_from.isoformat())
        body = {**terms, "reason": reason}
        self._transport.call(Page[SettlementTerms], "PUT", *path, body=body)

    def cut_overs(self, merchant: str) -> Iterator[MerchantCutOver]:
        """Give when business days end, the latest first; none: when the house's do."""
        return self._transport.pages(MerchantCutOver, "merchants", merchant, "cut-overs")

    def agree_on_cut_over(
        self, merchant: str, valid_from: date, reason: str, cut_over: str | None
    ) -> None:
        """Agree on when days end, as "06:00", from one on that has not begun; None: the house's."""
        path = ("merchants", merchant, "cut-overs", valid_from.isoformat())
        body = {"cut_over": cut_over, "reason": reason}
        self._transport.call(Page[MerchantCutOver], "PUT", *path, body=body)

    def fees(self, merchant: str, amount: int = 0) -> Iterator[FeeLine]:
        """Give what is charged by kind of card, and what comes; `amount`: say what it costs."""
        return self._transport.pages(FeeLine, "merchants", merchant, "fees", amount=amount)

    def agree_on_price(
        self, merchant: str, valid_from: date, reason: str, **price: Unpack[OtherPrice]
    ) -> None:
        """Agree on a price from a business day on that has not begun; twice changes nothing."""
        path = ("merchants", merchant, "fees", price["card_type"], valid_from.isoformat())
        body = {"rate_ppm": price["rate_ppm"], "cap": price["cap"], "reason": reason}
        self._transport.call(Page[FeeLine], "PUT", *path, body=body)

    def fee_difference(
        self, merchant: str, first: date, last: date, **price: Unpack[OtherPrice]
    ) -> Iterator[FeeDifference]:
        """Give what sales of closed business days were charged, and ought to by another price."""
        days = {"first": first.isoformat(), "last": last.isoformat()}
        given = {name: value for name, value in price.items() if value is not None}
        path = ("merchants", merchant, "fees", "difference")
        return self._transport.pages(FeeDifference, *path, **days, **given)

    def margin(self, merchant: str, month: str) -> Iterator[DayMargin]:
        """Give what is left of each business day of a month, as "2026-11"."""
        return self._transport.pages(DayMargin, "merchants", merchant, "margin", month=month)
