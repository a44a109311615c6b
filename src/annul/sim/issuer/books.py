"""The issuer's own books: accounts, every request once, and what each one moved.

A request is known as the network knows it, by fields 7, 11, 32 and 33; a repeat gets the same
answer and moves nothing. The books can be compared with the host's, to the minor unit: whatever
the issuer has said, they hold what it has done.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, Protocol

from . import rules
from .entries import APPROVED, Account, BookEntry, Booking, Key
from .lines import REQUEST, RESTORE, REVERSAL, BookLine, read, write
from .rules import Ask, IssuerSettings, Rule

_NO_FORWARDER: Final = "0" * 11
_DUPLICATE: Final = "94"
_DEAD: Final = "dead"  # reversed before it came


@dataclass(frozen=True, slots=True)
class IssuerKind:
    """How a kind is known between banks, by which rules it goes, and what it does."""

    name: str
    mti: str
    processing: str
    preauth_family: bool
    effect: str  # take, give, hold, release, none
    rules: tuple[Rule, ...]
    undoes: bool = False


_ALL: Final = (
    IssuerKind("sale", "0200", "00", preauth_family=False, effect="take", rules=rules.TAKING),
    IssuerKind("void", "0200", "20", preauth_family=False, effect="give", rules=rules.VOID,
               undoes=True),
    IssuerKind("refund", "0220", "20", preauth_family=False, effect="give", rules=rules.REFUND,
               undoes=True),
    IssuerKind("preauth", "0100", "03", preauth_family=True, effect="hold", rules=rules.TAKING),
    IssuerKind("preauth_void", "0100", "20", preauth_family=True, effect="release",
               rules=rules.RELEASE, undoes=True),
    IssuerKind("completion", "0200", "00", preauth_family=True, effect="take",
               rules=rules.COMPLETION, undoes=True),
    IssuerKind("completion_advice", "0220", "00", preauth_family=True, effect="take",
               rules=rules.COMPLETION, undoes=True),
    IssuerKind("completion_void", "0200", "20", preauth_family=True, effect="give",
               rules=rules.VOID, undoes=True),
    IssuerKind("balance", "0200", "30", preauth_family=False, effect="none", rules=()),
)  # fmt: skip
KINDS: Final = {kind.name: kind for kind in _ALL}
_BY_WIRE: Final = {(kind.mti, kind.processing, kind.preauth_family): kind for kind in _ALL}


def kind_of(mti: str, processing_code: str, condition: str) -> IssuerKind | None:
    """Recognise a request."""
    return _BY_WIRE.get((mti, processing_code[:2], condition == "06"))


class _Event(NamedTuple):
    """What has changed the books, in order: a request, its reversal, or one before its request."""

    at: datetime
    what: str
    key: Key


class Moved(NamedTuple):
    """What a request has moved, or, `back`, that a reversal has taken it back, and when."""

    at: datetime
    entry: BookEntry
    back: bool


class Lines(Protocol):
    """What lines are appended to."""

    def write(self, line: str, /) -> object:
        """Append a line."""
        ...

    def flush(self) -> object:
        """Keep it."""
        ...


class Books:
    """Accounts and entries in memory, and in an append-only file when one is given."""

    def __init__(
        self,
        policy: IssuerSettings,
        auth_code: Callable[[], str],
        file: Lines | None = None,
    ) -> None:
        self.policy = policy
        self.accounts: dict[str, Account] = {}
        self.entries: dict[Key, BookEntry] = {}
        self._events: list[_Event] = []
        self._dead: set[Key] = set()  # reversed before they arrived
        # From files that know no institutions: by time, trace and merchant.
        self._old: dict[tuple[str, str, str], Key] = {}
        self._auth_code = auth_code
        self._file = file

    def account(self, pan: str) -> Account:
        """Give the account of a card; it is opened on first use."""
        found = self.accounts.get(pan)
        if found is None:
            balance = self.policy.default_balance
            found = self.accounts[pan] = Account(pan, balance, balance)
        return found

    def request(
        self,
        kind: IssuerKind,
        key: Key,
        pan: str,
        amount: int,
        at: datetime,
        *,
        merchant: str = "",
        terminal: str = "",
        original: Key | None = None,
        rrn: str = "",
        forced: str = "",
        booking: Booking | None = None,
        late: bool = False,
    ) -> BookEntry:
        """Rule on a request and book it, or give what the same request was answered before.

        Another request under the same key is refused and not kept. `forced` is a response code
        that a fault wants instead of the rules' own; `late` books what was reversed before.
        """
        entry = BookEntry(key, kind.name, pan, amount, at, merchant, terminal, rrn, original)
        known = self.find(key, merchant)
        if known is not None and known.same(kind.name, pan, merchant, terminal, amount):
            return known
        if known is not None:
            entry.code = _DUPLICATE
            return entry
        account = self.account(pan)
        booking = booking or Booking(amount)
        code = forced or self._ruling(kind, entry, account, late=late)
        entry.code = booking.code if code == APPROVED else code
        if entry.booked:
            entry.amount, entry.times, _, entry.forgotten = booking
            entry.auth_code = self._auth_code()
            entry.second_code = self._auth_code() if booking.times > 1 else ""
        self._put(entry)
        self._keep(REQUEST, at, entry)
        return entry

    def find(self, key: Key, merchant: str) -> BookEntry | None:
        """Find a request by its key; one of an old file by time, trace and merchant."""
        found = self.entries.get(key)
        if found is None and self._old and key.forwarder == _NO_FORWARDER:
            found = self.entries.get(self._old.get((key.time, key.trace, merchant), key))
        return found

    def original(self, key: Key, merchant: str) -> BookEntry | None:
        """Find what a later request names as its original, unless the issuer has forgotten it."""
        found = self.find(key, merchant)
        return None if found is None or found.forgotten else found

    def reverse(self, key: Key, at: datetime, merchant: str = "") -> str:
        """Undo a request; 25, of some issuers 00, when it never came: then it is refused later."""
        entry = self.original(key, merchant)
        if entry is None:
            if self.policy.refuse_after_reversal:
                self._die(key, at)
            return "00" if self.policy.acknowledges_unknown else "25"
        if entry.booked and not entry.reversed:
            self._undo(entry, at)
            self._keep(REVERSAL, at, entry)
        return "00"

    def restore(self, to: datetime) -> int:
        """Be the books of an earlier time again; gives how many entries are gone.

        Cards keep their state, PIN and opening, and have the balance that the entries left them.
        """
        events = [event for event in self._events if event.at <= to]
        before = self.entries
        self.entries, self._events, self._dead = {}, [], set()
        for account in self.accounts.values():
            account.clear()
        for entry in before.values():
            entry.clear()
        for at, what, key in events:
            if what == REQUEST:
                self._put(before[key])
            elif what == REVERSAL:
                self._undo(before[key], at)
            else:
                self._die(key, at)
        self._keep(RESTORE, to)
        return len(before) - len(self.entries)

    def history(self) -> Iterator[Moved]:
        """Give all requests and what was reversed of them, in order."""
        for at, what, key in self._events:
            if what != _DEAD:
                yield Moved(at, self.entries[key], what == REVERSAL)

    def totals(self) -> dict[str, int]:
        """Sum the books: requests, approvals, and what was moved in all."""
        return {
            "requests": len(self.entries),
            "approved": sum(entry.booked for entry in self.entries.values()),
            "reversed": sum(entry.reversed for entry in self.entries.values()),
            "net": sum(entry.net for entry in self.entries.values()),
        }

    def check(self) -> None:
        """Assert that every account and every original stands as the entries say."""
        moved: dict[str, list[int]] = {}
        undone: dict[Key, int] = {}
        for entry in self.entries.values():
            of_card = moved.setdefault(entry.pan, [0, 0])
            of_card[0] += entry.net
            of_card[1] += entry.held
            if entry.original is not None and not entry.reversed:
                undone[entry.original] = undone.get(entry.original, 0) + entry.undid
        for account in self.accounts.values():
            net, held = moved.get(account.pan, (0, 0))
            assert account.balance == account.opening - net, "books differ"
            assert account.held == held >= 0, "more or less is set aside than was asked for"
        for entry in self.entries.values():
            assert entry.undone == undone.get(entry.key, 0), "undone by nothing"

    # Inside ---------------------------------------------------------------------------------

    def _ruling(self, kind: IssuerKind, entry: BookEntry, account: Account, *, late: bool) -> str:
        if entry.key in self._dead and not late:
            return "22"
        if self.policy.end_of_day:
            return self.policy.code("end_of_day", "90")
        state = rules.CARD_STATES[account.state]
        if state != APPROVED:
            return self.policy.code(account.state, state)
        original = self.entries.get(entry.original) if entry.original else None
        return rules.refuse(kind.rules, Ask(entry.asked, entry.at, self.policy, account, original))

    def _put(self, entry: BookEntry) -> None:
        """Enter a request on which was ruled, and move what it moves."""
        if entry.booked:
            self._move(entry)
        self.entries[entry.key] = entry
        self._events.append(_Event(entry.at, REQUEST, entry.key))

    def _move(self, entry: BookEntry) -> None:
        kind, account = KINDS[entry.kind], self.account(entry.pan)
        amount = entry.amount * entry.times
        original = self.entries.get(entry.original) if entry.original else None
        match kind.effect:
            case "take":
                entry.net = amount
                entry.freed = original.held if original else 0  # a completion frees all of it
            case "give":
                entry.net = -amount
            case "hold":
                entry.held = amount
                account.held += amount
            case "release":
                entry.freed = min(amount, original.held) if original else 0
            case _:
                pass
        if original is not None:
            entry.undid = amount if kind.name == "refund" else original.amount
        self._count(entry, 1)
        self._shift(entry, 1)

    def _undo(self, entry: BookEntry, at: datetime) -> None:
        """Take an entry's movements back; those of its original are as they were before it."""
        account = self.account(entry.pan)
        self._count(entry, -1)
        self._shift(entry, -1)
        account.held -= entry.held
        entry.reversed, entry.net, entry.held = True, 0, 0
        self._events.append(_Event(at, REVERSAL, entry.key))

    def _shift(self, entry: BookEntry, sign: int) -> None:
        """Move the money of an entry, and change its original, or put both back (`sign` -1)."""
        self.account(entry.pan).balance -= sign * entry.net
        original = self.entries.get(entry.original) if entry.original else None
        if original is not None:
            original.held -= sign * entry.freed
            original.undone += sign * entry.undid
            self.account(original.pan).held -= sign * entry.freed

    def _count(self, entry: BookEntry, sign: int) -> None:
        """Count towards the limits of a day."""
        account, effect = self.account(entry.pan), KINDS[entry.kind].effect
        if effect == "take":
            account.spent_on(entry.at)
            account.spent += sign * entry.net
            account.count += sign
        elif effect == "give" and entry.kind != "refund":
            account.voids_on(entry.at)
            account.voids += sign
            account.last_void = entry.at

    def _die(self, key: Key, at: datetime) -> None:
        self._dead.add(key)
        self._events.append(_Event(at, _DEAD, key))

    # The file -------------------------------------------------------------------------------

    def _keep(self, what: str, at: datetime, entry: BookEntry | None = None) -> None:
        if self._file is not None:
            self._file.write(write(what, at, entry) + "\n")
            self._file.flush()

    def replay(self, lines: Iterable[str]) -> None:
        """Take up the books of an earlier run from the lines of its file; raises `WrongBooks`."""
        file, self._file = self._file, None
        for line in read(lines):
            self._take_up(line)
        self._file = file

    def _take_up(self, line: BookLine) -> None:
        if line.entry is not None:
            if line.old:
                old = (line.entry.key.time, line.entry.key.trace, line.entry.merchant)
                self._old.setdefault(old, line.entry.key)
            self._put(line.entry)
        elif line.key is not None:
            self._undo(self.entries[line.key], line.at)
        else:
            self.restore(line.at)
