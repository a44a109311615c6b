"""A conclusion by hand as it is stored, who makes one, and why one is refused."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any, Final, NamedTuple
from uuid import UUID

from annul.domain.errors import AnnulError
from annul.wire.masking import scan

ROLES: Final = frozenset({"operator", "administrator"})  # who conclude
LARGEST_EVIDENCE: Final = 5_000_000  # bytes
CARRIED_OUT: Final = "concluded"
OVERTAKEN: Final = "conclusion-overtaken"
_NAME: Final = 120  # characters of a file's name


class Conclusion(NamedTuple):
    """One row of `conclusions` without its evidence; the last two stand in the audit log."""

    merchant_id: str
    id: UUID
    transaction_id: UUID
    done: bool
    reason: str
    evidence_name: str
    evidence_hash: bytes
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str
    confirmed_at: datetime | None
    withdrawn_at: datetime | None
    carried_at: datetime | None
    came: str | None

    @property
    def state(self) -> str:
        """Say how it stands: proposed, withdrawn, confirmed, concluded or overtaken."""
        if self.withdrawn_at is not None:
            return "withdrawn"
        if self.confirmed_at is None:
            return "proposed"
        if self.carried_at is None:
            return "confirmed"
        return "concluded" if self.came == CARRIED_OUT else "overtaken"

    @property
    def open(self) -> bool:
        """Whether it waits for a second person."""
        return self.state == "proposed"

    def evidence(self) -> dict[str, Any]:
        """Give what the audit log and the history of a case keep of it."""
        return {
            "conclusion": str(self.id),
            "done": self.done,
            "proposed_by": self.proposed_by,
            "confirmed_by": self.confirmed_by,
            "evidence": self.evidence_name,
            "sha256": self.evidence_hash.hex(),
        }


SHOWN: Final = ", ".join(
    f"c.{name}" for name in Conclusion._fields if name not in {"carried_at", "came"}
)
COLUMNS: Final = f"{SHOWN}, a.at AS carried_at, a.action AS came"


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts. `behind` is the person who answers for a program: it acts as this one."""

    name: str
    role: str
    behind: str = ""

    @property
    def answers(self) -> str:
        """Name the person who answers for what is done."""
        return self.behind or self.name


def file_name(name: str) -> str:
    """Give the last part of a file's name as it may be shown."""
    last = PurePath(name.replace("\\", "/")).name
    plain = "".join(letter for letter in scan(last) if letter.isprintable())[-_NAME:].strip()
    return plain if plain.strip(".") else "evidence"


class TransactionUnknown(AnnulError):
    """There is no transaction of this name, or a number that is not one transaction's alone."""

    code = "resolve.transaction_unknown"
    next_step = "Give the reference number on the slip, or the id that annul transactions show."


class NotConcludable(AnnulError):
    """The outcome of this transaction is known, or it has not gone out yet. Nothing was changed."""

    code = "resolve.not_concludable"
    next_step = "Only what is sent, unknown, reversing or disputed is concluded by hand."


class PlaceTaken(AnnulError):
    """Another void or refund has taken this one's place, so it cannot stand beside it."""

    code = "resolve.place_taken"
    next_step = "Conclude it as not done, or clear it up with the issuer first."


class StillWorkedOn(AnnulError):
    """annul is still working on this transaction by itself. Nothing was changed."""

    code = "resolve.still_worked_on"
    next_step = (
        "Wait until twice the issuer's time-out is over; then conclude it if it is still open."
    )


class RoleConcludesNothing(AnnulError):
    """Only operators and administrators conclude a transaction by hand. Nothing was changed."""

    code = "resolve.conclusion_role"
    next_step = "Ask somebody whose role allows it."


class EvidenceRefused(AnnulError):
    """A conclusion needs evidence: one file of 1 byte to 5 MB. Nothing was changed."""

    code = "resolve.evidence"
    next_step = "Attach what the issuer has written or shown, as a file of at most 5 MB."


class EvidenceGone(AnnulError):
    """This evidence is past its retention period. Its SHA-256 is still in the history."""

    code = "resolve.evidence_gone"
    next_step = "Whoever has a copy can prove by the SHA-256 that it is the same file."


class ReasonMissing(AnnulError):
    """A conclusion needs a reason. Nothing was changed."""

    code = "resolve.reason_missing"
    next_step = "Say why; it stands in the history and in the audit log."


class AlreadyProposed(AnnulError):
    """A conclusion of this transaction waits already. Nothing was changed."""

    code = "resolve.conclusion_waits"
    next_step = "Confirm it as another person, or withdraw it first."


class NothingProposed(AnnulError):
    """Nothing waits to be confirmed here. Nothing was changed."""

    code = "resolve.nothing_proposed"
    next_step = "Propose a conclusion with its evidence first."


class SomethingCameSince(AnnulError):
    """The issuer has answered for this transaction since the proposal. Nothing was changed."""

    code = "resolve.conclusion_overtaken"
    next_step = "Withdraw the proposal, look at what came, and propose anew."
