"""Why something is not done with a chargeback."""

from annul.domain.errors import AnnulError


class NotThere(AnnulError):
    """There is no such transaction to charge back. Nothing has changed."""

    code = "chargeback.no_transaction"
    next_step = "Look the transaction up by its reference number."


class NotClaimable(AnnulError):
    """This transaction cannot be charged back: it took no money, or has no outcome yet."""

    code = "chargeback.not_claimable"
    next_step = "Check the transaction and the amount; wait until it has its outcome."


class AlreadyClaimed(AnnulError):
    """Another chargeback of this transaction is live, or has this number. No money has moved."""

    code = "chargeback.already_claimed"
    next_step = "Look at the other one: its next stage is an act on it, not another chargeback."


class NotNext(AnnulError):
    """This does not follow on its stage, or somebody was faster. Nothing has changed."""

    code = "chargeback.not_next"
    next_step = "Look at the chargeback for its stage and what may follow."


class NotAsked(AnnulError):
    """Nothing of this chargeback waits for a second person. Nothing has changed."""

    code = "chargeback.not_asked"
    next_step = "Look at the chargeback for how it stands."


class OriginalMoving(AnnulError):
    """A void or refund of the transaction is on its way. No money has moved."""

    code = "chargeback.original_moving"
    next_step = "Wait for the outcome of the void or refund, then enter the chargeback again."


class EvidenceNeeded(AnnulError):
    """This answer needs evidence. Nothing has changed."""

    code = "chargeback.evidence_needed"
    next_step = "Add the documents that answer the reason, then answer."


class EvidenceRefused(AnnulError):
    """This document cannot be kept. Nothing has changed."""

    code = "chargeback.evidence_refused"
    next_step = "Give a PDF, PNG, JPEG or plain text of at most 5 MB, and at most 20 of them."


class OutOfTime(AnnulError):
    """Its deadline would have passed already. No money has moved."""

    code = "chargeback.out_of_time"
    next_step = "Give the network's own deadline, or the right day on which it came."
