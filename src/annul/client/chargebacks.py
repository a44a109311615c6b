"""What can be asked of annul about chargebacks."""

from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO, Final
from uuid import uuid4

from .clearing import pieces
from .models.chargebacks import (
    Act,
    Chargeback,
    ChargebackSum,
    Kind,
    ProposedChargeback,
    Reason,
    WholeChargeback,
)
from .transport import Transport

_PAGE: Final = 100


class Chargebacks:
    """What issuers claim back: entered, answered with evidence, ended."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, **wanted: str | None) -> Iterator[Chargeback]:
        """Give chargebacks, the latest first; by merchant, stage, claims, owner, transaction."""
        return self._transport.pages(Chargeback, "chargebacks", limit=_PAGE, **wanted)

    def get(self, identity: str) -> WholeChargeback:
        """Give a chargeback with its evidence and history."""
        return self._transport.get(WholeChargeback, "chargebacks", identity)

    def sums(self) -> Iterator[ChargebackSum]:
        """Give what is live, by stage."""
        return self._transport.pages(ChargebackSum, "chargebacks", "sums")

    def proposals(self) -> Iterator[ProposedChargeback]:
        """Give what clearing files tell of and nobody has decided; people decide."""
        return self._transport.pages(ProposedChargeback, "chargebacks", "proposals")

    def enter(
        self,
        number: str,
        transaction: str,
        claims: Reason,
        reason: str,
        *,
        amount: int | None = None,
        begins: str = "charge_back",
        received_at: datetime | None = None,
        due_at: datetime | None = None,
        key: str = "",
    ) -> WholeChargeback:
        """Enter a chargeback; of one number, and with the same `key`, once only."""
        body = {
            "number": number,
            "transaction": transaction,
            "claims": claims,
            "amount": amount,
            "begins": begins,
            "received_at": received_at and received_at.isoformat(),
            "due_at": due_at and due_at.isoformat(),
            "reason": reason,
        }
        return self._transport.call(
            WholeChargeback, "POST", "chargebacks", body=body, key=key or str(uuid4())
        )

    def act(
        self,
        identity: str,
        act: Act,
        reason: str,
        *,
        due_at: datetime | None = None,
        key: str = "",
    ) -> WholeChargeback:
        """Do the next thing, or enter what was done; it may wait for a second person."""
        body = {"act": act, "reason": reason, "due_at": due_at and due_at.isoformat()}
        path = ("chargebacks", identity, "act")
        return self._transport.call(
            WholeChargeback, "POST", *path, body=body, key=key or str(uuid4())
        )

    def assign(self, identity: str, owner: str) -> WholeChargeback:
        """Say who works on it."""
        path = ("chargebacks", identity, "assign")
        return self._transport.call(WholeChargeback, "POST", *path, body={"owner": owner})

    def add_evidence(
        self, identity: str, kind: Kind, file: BinaryIO, name: str, *, key: str = ""
    ) -> WholeChargeback:
        """Send a document: PDF, PNG, JPEG or plain text of at most 5 MB."""
        return self._transport.call(
            WholeChargeback,
            "POST",
            "chargebacks",
            identity,
            "evidence",
            query={"kind": kind, "name": name},
            content=pieces(file),
            key=key or str(uuid4()),
        )

    def evidence(self, identity: str, document: str) -> bytes:
        """Give a document."""
        path = ("chargebacks", identity, "evidence", document)
        return self._transport.send("GET", *path).content
