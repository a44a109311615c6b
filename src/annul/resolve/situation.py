"""What a step of a case is decided on, and the step itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from annul.diagnose.causes import CAUSES, Cause
from annul.diagnose.gather import Picture
from annul.diagnose.rank import Finding
from annul.domain.incident import Incident
from annul.domain.kinds import VOIDS
from annul.domain.records import OF_SHOPS, Merchant, Transaction
from annul.domain.standing import Standing, standing
from annul.domain.states import UNFINISHED
from annul.domain.text import Text

from .case import Case
from .pace import Pace

_SURE: Final = 0.65
_STEADY: Final = 0.1  # so much more probable another cause must be before the case goes by it
_DOUBT: Final = 0.4
_LEAST: Final = 0.1
_NEVER_AGAIN: Final = frozenset({"risk_refusal", "card_problem"})


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a step is decided on. `probe_at` is set while the issuer's circuit is open."""

    case: Case
    now: datetime
    business_date: date
    batch: str
    picture: Picture
    findings: Sequence[Finding]
    merchant: Merchant | None
    pace: Pace
    probe_at: datetime | None = None
    other_route: bool = False
    retries_from: datetime | None = None  # people have paused what annul tries by itself
    refunds_up_to: int = 0  # what people allow for a time, beside the merchant's own limit
    random: float = 0.5
    probing: bool = False  # its issuer is to be asked with it now: it waits for no back-off

    @property
    def cause(self) -> Cause:
        """The cause that the case goes by: a person's, else the most probable one.

        Where it is not sure that is the most probable cause for which a
        retry is safe, unless the card itself is in doubt.
        """
        if self.case.confirmed:
            return CAUSES[self.case.confirmed]
        best = self.finding
        if best.cause.retry_safe or self.sure:
            return best.cause
        doubtful = sum(one.probability for one in self.findings if one.cause.name in _NEVER_AGAIN)
        safe = next((one for one in self.findings if one.cause.retry_safe), None)
        if safe is None or doubtful >= _DOUBT or safe.probability < _LEAST:
            return best.cause
        return safe.cause

    @property
    def named(self) -> str:
        """Name the cause that is written down: a person's, else the most probable one."""
        return self.case.confirmed or self.finding.cause.name

    @property
    def finding(self) -> Finding:
        """The most probable cause; the one before it stays while it is hardly less probable."""
        best = self.findings[0]
        before = next((one for one in self.findings if one.cause.name == self.case.cause), best)
        return best if best.probability - before.probability > _STEADY else before

    @property
    def refund_limit(self) -> int:
        """Up to which amount a void may become a refund unasked."""
        own = self.merchant.refund_instead_limit if self.merchant else 0
        return max(own, self.refunds_up_to)

    @property
    def agreed_at(self) -> datetime:
        """When two looks so far apart in time will agree, if the next one names the same cause."""
        named = self.case.named_at if self.named == self.case.cause else None
        return (named or self.now) + self.pace.seconds(self.pace.apart_s)

    @property
    def sure(self) -> bool:
        """Whether the cause may be acted on in ways that can not be taken back."""
        return bool(self.case.confirmed) or self.finding.probability > _SURE

    @property
    def last_at(self) -> datetime:
        """When it ends at the latest, whatever happens, if its money is known."""
        return self.case.opened_at + self.pace.last(self.cause.patience)

    @property
    def unproved_at(self) -> datetime:
        """When an outcome that nobody has proved is handed to people.

        A cause that is soon told does not make an issuer answer sooner.
        """
        least = self.pace.last("network")
        return self.case.opened_at + max(self.pace.last(self.cause.patience), least)

    @property
    def standing(self) -> Standing:
        """Where the money of the original is."""
        original, attempts = self.picture.original, self.picture.attempts
        return standing(original and original.state, (one.state for one in attempts))

    @property
    def under_way(self) -> list[Transaction]:
        """What refers to the original and has no outcome yet."""
        return [one for one in self.picture.attempts if one.state in UNFINISHED]

    @property
    def own_tries(self) -> list[Transaction]:
        """The resolver's own voids of this original."""
        return [one for one in self.own if one.kind in VOIDS]

    @property
    def own(self) -> list[Transaction]:
        """All that annul has sent for this original, by itself or as somebody ordered."""
        return [one for one in self.picture.attempts if one.origin not in OF_SHOPS]

    @property
    def wish(self) -> Transaction | None:
        """The latest void that a terminal or a program has asked for, whatever became of it."""
        voids = [one for one in self.picture.attempts if one.kind in VOIDS]
        asked = [one for one in voids if one.origin in OF_SHOPS]
        return max(asked, key=lambda one: one.received_at, default=None)


@dataclass(frozen=True, slots=True)
class Step:
    """What to do. `do` names an action, `until` a time to look again, `end` how the case ends.

    `task` is what a person is asked; `evidence` goes into the event; `notice` is what the terminal
    is told at the end, else by the end.
    """

    name: str
    why: Text
    do: str = ""
    until: datetime | None = None
    end: str = ""
    task: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    incident: Incident | None = None
    notice: str = ""


def end(
    how: str,
    why: Text,
    evidence: Mapping[str, Any],
    *,
    name: str = "",
    task: str = "",
    incident: Incident | None = None,
    notice: str = "",
) -> Step:
    """Give the step that ends a case."""
    return Step(
        name or f"ended_{how}",
        why,
        end=how,
        task=task,
        evidence=evidence,
        incident=incident,
        notice=notice,
    )
