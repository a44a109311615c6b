"""A till of a scene: a soft terminal whose line to the host may be made bad."""

from dataclasses import dataclass

from annul.domain.kinds import KINDS
from annul.sim.terminal.errors import NoAnswerFromHost, StillOwing, Unreachable
from annul.sim.terminal.journal import Record, TerminalJournal
from annul.sim.terminal.messages import TerminalOrder
from annul.sim.terminal.terminal import SoftTerminal

from .proxy import Proxy


@dataclass(slots=True)
class Till:
    """A soft terminal with its own line to the host. `ids` are terminal and merchant."""

    terminal: SoftTerminal
    journal: TerminalJournal
    proxy: Proxy
    ids: tuple[str, str]

    async def do(
        self, kind: str, amount: int, card: str, original: Record | None = None
    ) -> Record | None:
        """Do a transaction (minor units); None when the terminal heard nothing."""
        order = TerminalOrder(KINDS[kind], amount, card, swiped=False, original=original)
        try:
            return await self.terminal.perform(order)
        except (NoAnswerFromHost, Unreachable, StillOwing):
            return None
