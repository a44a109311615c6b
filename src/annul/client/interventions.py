"""What can be asked of annul about what people put in force for a time."""

from collections.abc import Iterator
from uuid import uuid4

from .models.interventions import Intervention
from .transport import Transport


class Interventions:
    """Seen, put in force, confirmed by a second person, ended."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> Iterator[Intervention]:
        """Give what is in force or waits, then what ended last."""
        return self._transport.pages(Intervention, "interventions")

    def begin(
        self,
        kind: str,
        minutes: int,
        reason: str,
        *,
        issuer: str = "",
        merchant: str = "",
        terminal: str = "",
        amount: int = 0,
    ) -> Intervention:
        """Put something in force for so many minutes; `amount` in minor units."""
        said = {"kind": kind, "minutes": minutes, "reason": reason, "amount": amount}
        said |= {"issuer": issuer, "merchant": merchant, "terminal": terminal}
        return self._transport.call(
            Intervention, "POST", "interventions", body=said, key=str(uuid4())
        )

    def confirm(self, intervention: str, reason: str) -> Intervention:
        """Put in force what somebody else has proposed."""
        return self._do(intervention, "confirm", reason)

    def end(self, intervention: str, reason: str) -> Intervention:
        """End one before its time, or take a proposal back."""
        return self._do(intervention, "end", reason)

    def _do(self, intervention: str, act: str, reason: str) -> Intervention:
        said = {"reason": reason}
        path = ("interventions", intervention, act)
        return self._transport.call(Intervention, "POST", *path, body=said, key=str(uuid4()))
