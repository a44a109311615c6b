"""What console and API stand on, put together in `annul.app`."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg

from annul.diagnose.gather import Gatherer
from annul.diagnose.lessons import Lessons
from annul.domain.business_day import Calendar
from annul.domain.errors import AnnulError
from annul.domain.notices import USUAL_LANGUAGE
from annul.host.host import Host
from annul.operate.alarms.rules import USUAL_RULES, AlarmRules
from annul.operate.training.rules import USUAL_TRAINING, TrainingRules
from annul.resolve.book import Book
from annul.resolve.conclusions import Conclusions
from annul.resolve.people import People
from annul.security.notary import Notary
from annul.security.vault import Vault
from annul.settle.chargebacks.rules import USUAL as USUAL_CHARGEBACKS
from annul.settle.chargebacks.rules import ChargebackRules
from annul.settle.clearing.declared import LEARNT_ONLY, DeclaredFiles
from annul.settle.clearing.rules import USUAL, ClearingRules
from annul.settle.house_bank import HouseBank
from annul.store.clock import Clock
from annul.store.loop import Loops

from .access import Access
from .feed import Feed
from .reads import Reads
from .shared_results import SharedResults


class NothingThere(AnnulError):
    """Not found, or not visible to you."""

    code = "desk.unknown"
    next_step = "Check the number and whom it belongs to."


class NoHost(AnnulError):
    """This process has no host, so it can send nothing to an issuer. No money has moved."""

    code = "desk.no_host"
    next_step = "Ask the process that annul up has started."


@dataclass(frozen=True, slots=True)
class SettingInForce:
    """A setting in force: its value as it may be shown, and where it came from."""

    name: str
    value: str
    origin: str
    description: str


@dataclass(frozen=True, slots=True)
class Desk:
    """One desk. `host` is None in a process that only shows; `data` is where demo terminals lie.

    `terminals` are the address, port and TLS port for terminals; `controls` are the control
    addresses of demo issuers, by issuer; `settings` are shown to administrators. Over the API one
    visitor may make `rate` calls a second, `burst` at once.
    """

    pool: asyncpg.Pool
    access: Access
    book: Book
    gatherer: Gatherer
    lessons: Lessons
    people: People
    feed: Feed
    vault: Vault
    calendar: Calendar
    clock: Clock
    kept: SharedResults
    host: Host | None = None
    data: Path = Path("data")
    terminals: tuple[str, int, int | None] = ("127.0.0.1", 8583, None)
    controls: Mapping[str, str] = field(default_factory=dict)
    settings: tuple[SettingInForce, ...] = ()
    figures: Callable[[], Mapping[str, Any]] | None = None
    rate: float = 50.0
    burst: int = 100
    support_phone: str = ""  # of the acquirer, for shops and customers; empty: none is said
    notices_language: str = USUAL_LANGUAGE  # of channels and people that have none
    flush: Callable[[], Awaitable[None]] | None = None
    loops: Loops = field(default_factory=Loops)
    house_bank: HouseBank | None = None  # whose account merchants are paid from
    clearing: ClearingRules = USUAL  # how clearing files are judged
    clearing_files: DeclaredFiles = LEARNT_ONLY  # which of them are expected
    chargebacks: ChargebackRules = USUAL_CHARGEBACKS  # their deadlines, and when two decide
    training: TrainingRules = USUAL_TRAINING  # where courses are done
    alarms: AlarmRules = USUAL_RULES  # how traffic is watched
    notary: Notary | None = None  # signs proofs
    reads: Reads = field(default_factory=Reads)
    drill: str = ""  # the drill that this is the sandbox of; empty: none, it is about real money
    cell: str = ""  # which one this desk is of, where there are several
    others: tuple["Desk", ...] = ()  # of the other cells; people sign in here
    # What lets few statements be written at once.
    statements: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    # One change at a time is tried on what has happened.
    trials: asyncio.Lock = field(default_factory=asyncio.Lock)
    # Cells that gave no answer the last time, and when they are asked again (monotonic).
    silent: dict[str, float] = field(default_factory=dict[str, float])

    @property
    def every(self) -> tuple["Desk", ...]:
        """The desks of all cells, this one first."""
        return (self, *self.others)

    @property
    def one_by_one(self) -> tuple["Desk", ...]:
        """The same, each as if there were no other: what is asked of one is asked of no other."""
        return (replace(self, others=()), *self.others) if self.others else (self,)

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which people read times."""
        return self.calendar.zone

    @property
    def conclusions(self) -> Conclusions:
        """Give what concludes by hand; what moves money is left to a host when none is here."""
        outcomes = self.host.outcomes if self.host else None
        return Conclusions(self.pool, self.book, self.vault, outcomes, self.clock)

    def sender(self) -> Host:
        """Give the host; raises `NoHost`."""
        if self.host is None:
            raise NoHost
        return self.host
