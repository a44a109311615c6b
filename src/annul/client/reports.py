"""What can be asked of annul about the voids of a day or week that is over."""

from .asked import Language, ReportForm
from .models.reports import Report
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
