"""What can be asked of annul about a change, before it is made."""

from .models.whatif import WhatIfResult
from .transport import Transport


class WhatIf:
    """A change tried on what has happened; nothing is changed. It may take minutes.

    `days` is how far back, `limit` how many decisions are listed at most; sums are of all.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def policy(
        self, issuer: str, rule: str, number: int | None, *, days: int = 90, limit: int = 100
    ) -> WhatIfResult:
        """Try a rule of an issuer in the place of all of its kind; None: no rule."""
        return self._try(
            kind="policy", issuer=issuer, rule=rule, number=number, days=days, limit=limit
        )

    def weight(
        self, cause: str, signal: str, by: float, *, days: int = 30, limit: int = 100
    ) -> WhatIfResult:
        """Try a weight of a signal for a cause: what is added to it."""
        return self._try(kind="weight", cause=cause, signal=signal, by=by, days=days, limit=limit)

    def alarm(
        self,
        *,
        per_million: float | None = None,
        history_days: int | None = None,
        days: int = 30,
        limit: int = 100,
    ) -> WhatIfResult:
        """Try other limits of the alarms; None leaves one as it is."""
        changed = {"per_million": per_million, "history_days": history_days}
        return self._try(kind="alarm", **changed, days=days, limit=limit)

    def merchant(
        self, setting: str, number: int, *, merchant: str = "", days: int = 30, limit: int = 100
    ) -> WhatIfResult:
        """Try a setting of one merchant, or of all."""
        return self._try(
            kind="merchant",
            setting=setting,
            number=number,
            merchant=merchant,
            days=days,
            limit=limit,
        )

    def _try(self, **said: object) -> WhatIfResult:
        return self._transport.call(WhatIfResult, "POST", "what-if", body=said)
