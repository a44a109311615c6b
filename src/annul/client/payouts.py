"""What can be asked of annul about payouts and merchants' accounts."""

import base64
from collections.abc import Iterator
from datetime import date
from typing import Final
from uuid import uuid4

from .models.payouts import (
    Account,
    AskedMove,
    BankFile,
    DayOfPayouts,
    MoveKind,
    Payout,
    PayoutFile,
    PayoutRun,
    PayoutState,
    ReadBankFile,
    WholePayout,
)
from .transport import Transport

_PAGE: Final = 100


class Payouts:
    """What merchants are paid, and files to and from the bank."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self,
        *,
        merchant: str | None = None,
        state: PayoutState | None = None,
        day: date | None = None,
    ) -> Iterator[Payout]:
        """Give payouts, the latest first."""
        asked = {"merchant": merchant, "state": state, "day": day and day.isoformat()}
        return self._transport.pages(Payout, "payouts", limit=_PAGE, **asked)

    def get(self, payout: str) -> WholePayout:
        """Give a payout with all that is in it."""
        return self._transport.get(WholePayout, "payouts", payout)

    def day(self, day: date) -> Iterator[DayOfPayouts]:
        """Give the sums of a day, by currency."""
        return self._transport.pages(DayOfPayouts, "payouts", "days", day.isoformat())

    def run(self, reason: str) -> PayoutRun:
        """Make payouts of all that is available, right now."""
        return self._transport.call(PayoutRun, "POST", "payouts", "run", body={"reason": reason})

    def cancel(self, payout: str, reason: str) -> WholePayout:
        """Cancel one that stands in no file yet."""
        path = ("payouts", payout, "cancel")
        return self._transport.call(WholePayout, "POST", *path, body={"reason": reason})

    def files(self) -> Iterator[PayoutFile]:
        """Give files for the bank, the latest first."""
        return self._transport.pages(PayoutFile, "payout-files", limit=_PAGE)

    def take_file(self, file: str, reason: str) -> bytes:
        """Give the content of a file, to bring it to the bank."""
        path = ("payout-files", file, "take")
        return self._transport.send("POST", *path, body={"reason": reason}).content

    def bank_files(self) -> Iterator[BankFile]:
        """Give files of the bank that were read, the latest first."""
        return self._transport.pages(BankFile, "bank-files", limit=_PAGE)

    def read_bank_file(self, content: bytes, name: str, reason: str) -> ReadBankFile:
        """Let a file of the bank be read."""
        body = {
            "content": base64.b64encode(content).decode(),
            "name": name,
            "reason": reason,
        }
        return self._transport.call(ReadBankFile, "POST", "bank-files", body=body)


class Accounts:
    """Where merchants are paid to, and what else changes what they have available."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, merchant: str) -> Iterator[Account]:
        """Give accounts that are used, stopped or asked for."""
        return self._transport.pages(Account, "merchants", merchant, "accounts")

    def ask(
        self,
        merchant: str,
        *,
        holder: str,
        bank: str,
        number: str,
        reason: str,
        identity: str | None = None,
    ) -> Account:
        """Ask for an account; with the same `identity` once only."""
        path = ("merchants", merchant, "accounts", identity or str(uuid4()))
        body = {"holder": holder, "bank": bank, "number": number, "reason": reason}
        return self._transport.call(Account, "PUT", *path, body=body)

    def stop(self, merchant: str, account: str, reason: str) -> Account:
        """Pay nothing more to the account in use."""
        return self._changed(merchant, account, "stop", reason)

    def use_again(self, merchant: str, account: str, reason: str) -> Account:
        """Pay again to one that was stopped."""
        return self._changed(merchant, account, "use-again", reason)

    def reject(self, merchant: str, account: str, reason: str) -> None:
        """Reject one that is asked for."""
        path = ("merchants", merchant, "accounts", account, "reject")
        self._transport.send("POST", *path, body={"reason": reason})

    def moves(self, merchant: str) -> Iterator[AskedMove]:
        """Give what changed what is available apart from business days, the latest first."""
        return self._transport.pages(AskedMove, "merchants", merchant, "moves", limit=_PAGE)

    def move(
        self,
        merchant: str,
        kind: MoveKind,
        amount: int,
        reason: str,
        *,
        about: str | None = None,
        identity: str | None = None,
    ) -> AskedMove:
        """Freeze, release, correct or charge back; with the same `identity` once only."""
        path = ("merchants", merchant, "moves", identity or str(uuid4()))
        body = {"kind": kind, "amount": amount, "reason": reason, "about": about}
        return self._transport.call(AskedMove, "PUT", *path, body=body)

    def reject_move(self, merchant: str, move: str, reason: str) -> AskedMove:
        """Let what is asked for come to nothing."""
        path = ("merchants", merchant, "moves", move, "reject")
        return self._transport.call(AskedMove, "POST", *path, body={"reason": reason})

    def _changed(self, merchant: str, account: str, how: str, reason: str) -> Account:
        path = ("merchants", merchant, "accounts", account, how)
        return self._transport.call(Account, "POST", *path, body={"reason": reason})
