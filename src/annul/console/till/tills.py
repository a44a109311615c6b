"""Soft terminals that browsers share: one per profile, one wish at a time.

What a terminal must not forget stands in its journal, so a browser that goes away in the middle,
or this process, leaves nothing behind that the next transaction does not put right.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from annul.domain.errors import AnnulError
from annul.domain.kinds import KINDS
from annul.security.vault import Vault
from annul.sim.terminal.batch import Settled, settle
from annul.sim.terminal.errors import NoSuchVoucher, NotPossible
from annul.sim.terminal.journal import Record, TerminalJournal
from annul.sim.terminal.messages import TerminalOrder
from annul.sim.terminal.profile import Profile
from annul.sim.terminal.terminal import SoftTerminal

from .values import KeyedOriginal, Wish

Address = tuple[str, int, int | None]  # with the port for TLS, if there is one
_ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - asked here, not listened on


@dataclass(frozen=True, slots=True)
class TillResult:
    """What came of a wish. `told` are earlier transactions whose outcome became known by it."""

    wish: Wish
    record: Record | None = None
    settled: Settled | None = None
    said: str = ""
    told: Sequence[Record] = ()
    error: AnnulError | None = field(default=None)
    owed: str = ""


class Till:
    """One terminal with its journal."""

    def __init__(self, profile: Profile, journal: Path, now: Callable[[], datetime]) -> None:
        self.profile = profile
        self.journal = TerminalJournal(journal, Vault(bytes.fromhex(profile.master_key)))
        self._told: list[Record] = []
        self._terminal = SoftTerminal(profile, self.journal, now, self._told.append)
        self._lock = asyncio.Lock()

    def close(self) -> None:
        """Hang up and close the journal."""
        self._terminal.close()
        self.journal.close()

    @property
    def busy(self) -> bool:
        """Whether somebody's wish is being carried out."""
        return self._lock.locked()

    def find(self, trace: str) -> KeyedOriginal | None:
        """Find an earlier transaction by its voucher number."""
        record = self.journal.find(trace)
        return record and KeyedOriginal(
            record.trace, record.kind, record.amount, record.card, record.state == "approved"
        )

    def batch_of(self, trace: str) -> str:
        """Give the batch of a voucher, or the one that is open."""
        record = self.journal.find(trace) if trace else None
        return record.batch if record else self.journal.batch

    def last(self) -> str:
        """Give the voucher number of the latest transaction, empty when there is none."""
        records = self.journal.records()
        return records[-1].trace if records else ""

    async def carry_out(self, wish: Wish) -> TillResult:
        """Do what somebody wants, once nobody else's wish is under way."""
        async with self._lock:
            self._told.clear()
            try:
                done = await self._do(wish)
            except AnnulError as error:
                owed = self.journal.owed()
                trace = owed[0].trace if owed else ""
                return TillResult(wish, told=tuple(self._told), error=error, owed=trace)
            return TillResult(wish, done.record, done.settled, done.said, told=tuple(self._told))

    async def _do(self, wish: Wish) -> TillResult:
        if wish.kind:
            return TillResult(wish, await self._terminal.perform(self._order(wish)))
        match wish.function:
            case "sign_in":
                answer = await self._terminal.sign_in()
                return TillResult(wish, said=str(answer.fields.get(63, ""))[3:].strip())
            case "settle":
                return TillResult(wish, settled=await settle(self._terminal))
            case "strike":
                return TillResult(wish, self._terminal.give_up(wish.voucher))
            case _:
                return TillResult(wish, self._record(wish.voucher))

    def _order(self, wish: Wish) -> TerminalOrder:
        kind = KINDS[wish.kind]
        if not wish.voucher:
            card = wish.card or (self.profile.code if kind.qr else "")
            if not card:
                raise NotPossible("no code to scan; no money has moved")
            return TerminalOrder(kind, wish.amount, card, pin=wish.pin, swiped=not wish.keyed)
        original = self._record(wish.voucher)
        card = "" if kind.qr else str(original.fields.get(2, ""))
        return TerminalOrder(kind, wish.amount, card, swiped=False, original=original)

    def _record(self, trace: str) -> Record:
        found = self.journal.find(trace)
        if found is None:
            message = f"no transaction has voucher number {trace}; no money has moved"
            raise NoSuchVoucher(message)
        return found


# All of them ------------------------------------------------------------------------------------


def profiles(folder: Path) -> dict[str, Profile]:
    """Read the profiles of a folder by terminal; a file that is none is left out."""
    found: dict[str, Profile] = {}
    for file in sorted(folder.glob("*.json")):
        try:
            profile = Profile.read(file)
        except (OSError, ValidationError):
            continue
        found[file.stem] = profile
    return found


class Tills:
    """The tills of one application, each opened once for all its browsers."""

    def __init__(self) -> None:
        self._open: dict[Path, Till] = {}

    def open(
        self, file: Path, profile: Profile, host: Address, now: Callable[[], datetime]
    ) -> Till:
        """Give the till with the journal `file`.

        `host` is where the host listens. A profile that was written anew since (another key,
        another card) opens it anew.
        """
        file = file.resolve()
        address, port, tls_port = host
        port = (tls_port or profile.port) if profile.tls else port
        there = profile.model_copy(update={"host": _ANYWHERE.get(address, address), "port": port})
        known = self._open.get(file)
        if known is not None and (known.profile == there or known.busy):
            return known
        if known is not None:
            known.close()
        self._open[file] = Till(there, file, now)
        return self._open[file]

    def close(self) -> None:
        """Close every till."""
        while self._open:
            self._open.popitem()[1].close()
