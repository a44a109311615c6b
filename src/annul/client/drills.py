"""What can be asked of annul about drills."""

from collections.abc import Iterator

from .models.drills import Drill, DrillRun, KnownDrills, WholeDrillRun
from .transport import Transport


class Drills:
    """Drills that can be played, and runs that are over."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def known(self) -> tuple[Drill, ...]:
        """Give those that can be played."""
        return self._transport.get(KnownDrills, "drills", "known").items

    def list(self, drill: str = "") -> Iterator[DrillRun]:
        """Give runs, the latest first; of one drill if it is named."""
        return self._transport.pages(DrillRun, "drills", drill=drill)

    def get(self, number: str) -> WholeDrillRun:
        """Give a run with its timeline and what it proposes."""
        return self._transport.get(WholeDrillRun, "drills", number)

    def file(self, number: str, lang: str = "zh") -> bytes:
        """Give a run as a PDF."""
        return self._transport.send("GET", "drills", number, "file", query={"lang": lang}).content
