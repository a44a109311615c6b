"""One terminal while the host runs: its row, its keys, and keys that wait for their first use."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from annul.domain.interventions import NOTHING, InForce, InterventionKind
from annul.domain.records import Terminal
from annul.security.keys import KeyKind, WrappedKey
from annul.security.mac import EQUALISABLE, MacAlgorithm

_CODES: Final = 1_024  # about a hundred bytes each
_SPARE: Final = 128
_REFUSED: Final = 256


@dataclass(frozen=True, slots=True)
class PendingKeys:
    """Working keys that a sign-in has handed out and that no good MAC has proven in use yet."""

    form: str
    keys: Mapping[KeyKind, WrappedKey] = field(repr=False)

    @property
    def mac(self) -> WrappedKey:
        """The key that proves them."""
        return self.keys[KeyKind.MAC]


@dataclass(frozen=True, slots=True)
class Ring:
    """All keys of a terminal as they stand at one moment: those in force, the master, the pending.

    Keys that are in force already are not pending.
    """

    keys: Mapping[KeyKind, WrappedKey] = field(repr=False)
    pending: PendingKeys | None = None


class Codes:
    """The latest MACs of a terminal, of requests and of answers, each with its message.

    Where a MAC can be equalised, who has seen one can make other messages that it fits. It is taken
    for one message only: the same bytes again are a repeat, anything else is forged. A stranger's
    code is met by chance once in a million messages, and then the terminal signs in again.
    """

    __slots__ = ("_messages", "_used")

    def __init__(self) -> None:
        self._messages: dict[int, int] = {}
        self._used = _CODES  # what was used before this process began is not known

    def takes(self, code: bytes, message: bytes) -> bool:
        """Keep a code with its message; False when it was for another one."""
        number, digest = int.from_bytes(code, "big"), hash(message)
        known = self._messages.setdefault(number, digest)
        self._used += 1
        if len(self._messages) > _CODES:
            del self._messages[next(iter(self._messages))]
        return known == digest

    def renewed(self) -> None:
        """Count anew: codes from now on are made under another key."""
        self._used = 0

    @property
    def worn(self) -> bool:
        """Whether the key has made more codes than are remembered, or soon will have."""
        return self._used > _CODES - _SPARE


class RefusedRequests:
    """Requests that were refused and left no row, each with its answer and the rule behind it.

    Who has seen one may send it again when what stood in its way is gone: it is refused for good.
    """

    __slots__ = ("_answers",)

    def __init__(self) -> None:
        self._answers: dict[int, tuple[str, str]] = {}

    def get(self, message: bytes) -> tuple[str, str] | None:
        """Give response code and rule that these bytes were refused with, None if they were not."""
        return self._answers.get(hash(message)) if self._answers else None

    def keep(self, message: bytes, code: str, rule: str) -> None:
        """Refuse these bytes from now on."""
        self._answers[hash(message)] = (code, rule)
        if len(self._answers) > _REFUSED:
            del self._answers[next(iter(self._answers))]


class Station:
    """A terminal's row, replaced on change, and its keys by kind. Compared by identity."""

    __slots__ = (
        "algorithm",
        "codes",
        "equalisable",
        "in_force",
        "keys",
        "looked_at",
        "owner",
        "pending",
        "refused",
        "sorts",
        "terminal",
    )

    def __init__(self, terminal: Terminal) -> None:
        self.codes = Codes()
        self.refused = RefusedRequests()
        # What its messages were recognised as, by the parts that tell; bounded by who fills it.
        self.sorts: dict[tuple[str, ...], Any] = {}
        self.keys: Mapping[KeyKind, WrappedKey] = {}
        self.pending: PendingKeys | None = None
        # Number and epoch under which this process has claimed it; None while another may serve it,
        # and then what is known here is as old as the latest look.
        self.owner: tuple[int, int] | None = None
        self.looked_at = -math.inf  # monotonic seconds
        self.in_force: InForce = NOTHING
        self.register(terminal)

    def register(self, terminal: Terminal) -> None:
        """Use a row from now on."""
        self.terminal = terminal
        self.algorithm = MacAlgorithm(terminal.mac_algorithm)
        # A MAC of its that was seen can be made to fit something else, and nothing but the MAC says
        # who comes.
        self.equalisable = self.algorithm in EQUALISABLE and not terminal.tls_identity

    def against(self, at: datetime) -> frozenset[InterventionKind]:
        """Give what people have put in force against it or its merchant."""
        if not self.in_force:
            return frozenset()
        return self.in_force.against(self.terminal.merchant_id, self.terminal.terminal_id, at)

    def served_by(self, host: int | None, epoch: int) -> None:
        """Hear who serves it by what stands in the database; it may be somebody else by now."""
        if self.owner != (host, epoch):
            self.owner = None

    def adopt(self, ring: "Ring") -> None:
        """Use keys as they stand in the database."""
        self.keys, self.pending = ring.keys, ring.pending

    @property
    def mark(self) -> tuple[object, ...]:
        """What differs once a message has changed the station."""
        return (self.terminal, self.keys, self.pending)

    @property
    def wants(self) -> str:
        """What the next answer asks of it: by somebody's wish, or since its key is worn."""
        worn = self.equalisable and self.codes.worn
        return self.terminal.wants or ("sign_in" if worn else "")

    @property
    def master_key(self) -> WrappedKey | None:
        """What working keys are handed out under."""
        return self.keys.get(KeyKind.MASTER)

    @property
    def mac_key(self) -> WrappedKey | None:
        """What its requests are sealed with."""
        return self.keys.get(KeyKind.MAC)

    @property
    def pin_key(self) -> WrappedKey | None:
        """What its PIN blocks are encrypted under."""
        return self.keys.get(KeyKind.PIN)

    @property
    def identity(self) -> tuple[str, str]:
        """Merchant and terminal."""
        return (self.terminal.merchant_id, self.terminal.terminal_id)

    @property
    def by_name(self) -> dict[str, str]:
        """The same, as statements name the two."""
        return {"merchant": self.terminal.merchant_id, "terminal": self.terminal.terminal_id}


def answer_key(keys: Mapping[KeyKind, WrappedKey]) -> WrappedKey:
    """Give the key that seals answers: of its own where the form has one, else that of requests."""
    return keys.get(KeyKind.MAC_BACK) or keys[KeyKind.MAC]
