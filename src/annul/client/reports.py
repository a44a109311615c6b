"""What can be asked of annul about the voids of a day or week that is over, and who gets it."""

from collections.abc import Iterator
from typing import Literal
from uuid import uuid4

from .asked import Language, ReportForm
from .models.reports import Report, ReportSubscription
from .transport import Transport


class Reports:
    """Reports by period: a business day ("2026-11-26") or a week ("2026-W48")."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, period: str, merchant: str = "") -> Report:
        """Give a report: of one merchant, or of all that the key may see."""
        return self._transport.get(Report, "reports", period, **_of(merchant))

    def file(
        self, period: str, form: ReportForm = "pdf", lang: Language = "zh", merchant: str = ""
    ) -> bytes:
        """Give it as a file."""
        asked = {"format": form, "lang": lang, **_of(merchant)}
        return self._transport.send("GET", "reports", period, "file", query=asked).content


def _of(merchant: str) -> dict[str, str]:
    return {"merchant": merchant} if merchant else {}


class ReportSubscriptions:
    """Who gets the daily or the weekly report by mail: seen, added, ended."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Iterator[ReportSubscription]:
        """Give who gets which, and how the latest went."""
        return self._transport.pages(ReportSubscription, "report-subscriptions")

    def create(
        self,
        user: str,
        length: Literal["day", "week"],
        mail: str,
        reason: str,
        *,
        channel: str = "",
        idempotency_key: str | None = None,
    ) -> ReportSubscription:
        """Have it mailed to a user; `channel` empty is the first one of kind mail."""
        said = {"user": user, "length": length, "mail": mail, "reason": reason, "channel": channel}
        key = idempotency_key or str(uuid4())
        return self._transport.call(
            ReportSubscription, "POST", "report-subscriptions", body=said, key=key
        )

    def end(self, user: str, length: Literal["day", "week"], reason: str) -> None:
        """Mail it to that user no more."""
        path = ("report-subscriptions", user, length)
        self._transport.send("DELETE", *path, query={"reason": reason})
