"""What can be asked of annul about incidents and issuers' downtimes."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import uuid4

from .models.incidents import Downtime, Incident, SplitIncident, WholeIncident
from .transport import Transport

_PAGE = 100


class Incidents:
    """Incidents: read, acknowledged, owned, closed, merged, split. No act is done twice."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, **wanted: str | bool | None) -> Iterator[Incident]:
        """Give incidents, the latest first; by state, severity, scope, member, owner, ..."""
        asked = {name: value or None for name, value in wanted.items()}
        return self._transport.pages(Incident, "incidents", limit=_PAGE, **asked)

    def get(self, number: str) -> WholeIncident:
        """Give an incident with all that is known of it."""
        return self._transport.get(WholeIncident, "incidents", number)

    def acknowledge(self, number: str) -> WholeIncident:
        """Say that somebody has seen it."""
        return self._do(number, "acknowledge", {})

    def own(self, number: str, owner: str) -> WholeIncident:
        """Say who works on it."""
        return self._do(number, "owner", {"owner": owner})

    def note(self, number: str, text: str) -> WholeIncident:
        """Add a note to its timeline."""
        return self._do(number, "notes", {"text": text})

    def close(
        self,
        number: str,
        reason: str,
        learnt: str = "",
        links: Sequence[Mapping[str, str]] = (),
    ) -> WholeIncident:
        """Close it, and say what was learnt."""
        lesson = {"text": learnt, "links": list(links)} if learnt else None
        return self._do(number, "close", {"reason": reason, "learnt": lesson})

    def learn(
        self, number: str, text: str, links: Sequence[Mapping[str, str]] = ()
    ) -> WholeIncident:
        """Say what was learnt, also once it is closed."""
        return self._do(number, "learnt", {"text": text, "links": list(links)})

    def reopen(self, number: str, reason: str) -> WholeIncident:
        """Open it again."""
        return self._do(number, "reopen", {"reason": reason})

    def merge(self, number: str, into: str, reason: str) -> WholeIncident:
        """Put all of it under another one."""
        return self._do(number, "merge", {"into": into, "reason": reason})

    def split(
        self, number: str, reason: str, *, items: Sequence[str] = (), kinds: Sequence[str] = ()
    ) -> str:
        """Split some of it off; gives the new number."""
        body = {"items": list(items), "kinds": list(kinds), "reason": reason}
        path = ("incidents", number, "split")
        key = str(uuid4())
        return self._transport.call(SplitIncident, "POST", *path, body=body, key=key).number

    def downtimes(self, hours: float = 24.0) -> Iterator[Downtime]:
        """Give issuers whose cards have trouble, or had it lately."""
        return self._transport.pages(Downtime, "downtimes", hours=hours)

    def _do(self, number: str, act: str, body: Mapping[str, object]) -> WholeIncident:
        path = ("incidents", number, act)
        key = str(uuid4())
        return self._transport.call(WholeIncident, "POST", *path, body=body or None, key=key)
