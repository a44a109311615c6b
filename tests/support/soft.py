"""Soft terminals of a site, with journals that end with the test."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from annul.domain.kinds import KINDS
from annul.security.vault import Vault
from annul.sim.terminal.journal import Record, TerminalJournal
from annul.sim.terminal.messages import TerminalOrder
from annul.sim.terminal.profile import Profile
from annul.sim.terminal.terminal import SoftTerminal

CARD = "6200010000000007"
CODE = "6290000000000004"
_ZONE = ZoneInfo("Asia/Shanghai")


class Cashier:
    """Does at a soft terminal what a test says, in the words of the kinds."""

    def __init__(self, terminal: SoftTerminal) -> None:
        self.terminal = terminal
        self.told: list[Record] = []

    async def take(self, kind: str, amount: int, card: str = "", **more: Any) -> Record:
        """Do a transaction that refers to no other."""
        card = card or (CODE if KINDS[kind].qr else CARD)
        return await self.terminal.perform(TerminalOrder(KINDS[kind], amount, card, **more))

    async def undo(
        self, kind: str, original: Record, amount: int | None = None, card: str | None = None
    ) -> Record:
        """Do a transaction that refers to `original`."""
        pan = "" if KINDS[kind].qr else str(original.fields.get(2, ""))
        return await self.terminal.perform(
            TerminalOrder(
                KINDS[kind],
                original.amount if amount is None else amount,
                pan if card is None else card,
                swiped=False,
                original=original,
            )
        )


@contextmanager
def cashier(port: int, credentials: tuple[str, str, str], **changes: Any) -> Iterator[Cashier]:
    """Open a soft terminal with the given (merchant, terminal, master key)."""
    merchant, terminal, key = credentials
    profile = Profile(merchant=merchant, terminal=terminal, master_key=key, port=port, **changes)
    journal = TerminalJournal(":memory:", Vault(bytes.fromhex(key)))
    told: list[Record] = []
    soft = SoftTerminal(profile, journal, lambda: datetime.now(_ZONE), told.append)
    opened = Cashier(soft)
    opened.told = told
    try:
        yield opened
    finally:
        soft.close()
        journal.close()
