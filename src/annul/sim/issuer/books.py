"""The issuer's own books: accounts, every request once, and what each one moved.

A request is known by merchant, terminal, trace and date; a repeat gets the same answer and moves
nothing. The books can be compared with the host's, to the minor unit.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final, TextIO

from . import rules
from .rules import Ask, Policy, Rule

Key = tuple[str, str, str, str]  # merchant (42), terminal (41), trace (11), date (13)

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Account:
    """One card: what is on it, what is set aside, how it stands; amounts in minor units."""

    pan: str = field(repr=False)
    balance: int
    opening: int
    held: int = 0
    state: str = "active"
    pin: str = field(default="", repr=False)  # empty: any PIN is right
    last_void: datetime = _EPOCH
    day: date = date.min
    spent: int = 0
    count: int = 0
    voids: int = 0

    def spent_on(self, at: datetime) -> int:
        """Give what was taken on the day of `at`."""
        self._turn(at)
        return self.spent

    def count_on(self, at: datetime) -> int:
        """Count what was approved on the day of `at`."""
        self._turn(at)
        return self.count

    def voids_on(self, at: datetime) -> int:
        """Count the voids on the day of `at`."""
        self._turn(at)
        return self.voids

    def _turn(self, at: datetime) -> None:
        if self.day != at.date():
            self.day, self.spent, self.count, self.voids = at.date(), 0, 0, 0


@dataclass(slots=True)
class Entry:
    """One request: what it was, what it was answered, and what of it was undone later."""

    key: Key
    kind: str
    pan: str = field(repr=False)
    amount: int
    at: datetime
    code: str
    auth_code: str = ""
    rrn: str = ""
    sent: str = ""  # field 7 as it came: what a later request names its original by
    original: Key | None = None
    undone: int = 0
    reversed: bool = False

    @property
    def net(self) -> int:
        """What it moved from the cardholder and left there: minus for money given back."""
        if self.code != "00" or self.reversed:
            return 0
        return {"take": self.amount, "give": -self.amount}.get(KINDS[self.kind].effect, 0)


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


class Books:
    """Accounts and entries in memory, and in an append-only file when one is given."""

    def __init__(
        self,
        policy: Policy,
        auth_code: Callable[[], str],
        file: TextIO | None = None,
    ) -> None:
        self.policy = policy
        self.accounts: dict[str, Account] = {}
        self.entries: dict[Key, Entry] = {}
        self._named: dict[tuple[str, str, str], list[Key]] = {}
        self._dead: set[Key] = set()  # reversed before they arrived
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
        original: Key | None = None,
        rrn: str = "",
        sent: str = "",
        forced: str = "",
    ) -> Entry:
        """Rule on a request and book it, or give what the same request was answered before.

        `forced` is a response code that a fault wants instead of the rules' own.
        """
        known = self.entries.get(key)
        if known is not None:
            return known
        account = self.account(pan)
        entry = Entry(key, kind.name, pan, amount, at, "", rrn=rrn, sent=sent, original=original)
        entry.code = forced or self._ruling(kind, entry, account)
        if entry.code == "00":
            entry.auth_code = self._auth_code()
            self._move(kind, entry, account, 1)
        self.entries[key] = entry
        self._named.setdefault((key[0], key[2], sent), []).append(key)
        self._keep("request", entry)
        return entry

    def find(self, merchant: str, terminal: str, trace: str, sent: str, pan: str) -> Key | None:
        """Find an original by what field 90 says of it: trace and time (field 7).

        It may have been made at another terminal of the merchant (a refund): of several with the
        same trace and second, this terminal's counts first, then that of this card.
        """
        keys = self._named.get((merchant, trace, sent), [])
        own = [key for key in keys if key[1] == terminal]
        of_card = [key for key in keys if self.entries[key].pan == pan]
        return next(iter([*own, *of_card, *keys]), None)

    def reverse(self, key: Key, at: datetime) -> str:
        """Undo a request; "25" when it never came, and then it is refused should it still come."""
        entry = self.entries.get(key)
        if entry is None:
            if self.policy.refuse_after_reversal:
                self._dead.add(key)
            return "25"
        if entry.code == "00" and not entry.reversed:
            entry.reversed = True
            self._move(KINDS[entry.kind], entry, self.account(entry.pan), -1)
            self._keep("reversal", entry)
        del at
        return "00"

    def totals(self) -> dict[str, int]:
        """Sum the books: requests, approvals, and what was moved in all."""
        return {
            "requests": len(self.entries),
            "approved": sum(entry.code == "00" for entry in self.entries.values()),
            "reversed": sum(entry.reversed for entry in self.entries.values()),
            "net": sum(entry.net for entry in self.entries.values()),
        }

    def check(self) -> None:
        """Assert that every balance is its opening less what its entries moved."""
        moved: dict[str, int] = {}
        for entry in self.entries.values():
            moved[entry.pan] = moved.get(entry.pan, 0) + entry.net
            assert 0 <= entry.undone <= max(entry.amount, 0) * 2, "undone beyond its amount"
        for account in self.accounts.values():
            assert account.balance == account.opening - moved.get(account.pan, 0), "books differ"
            assert account.held >= 0, "more set free than was set aside"

    def _ruling(self, kind: IssuerKind, entry: Entry, account: Account) -> str:
        if entry.key in self._dead:
            return "22"
        if self.policy.end_of_day:
            return self.policy.code("end_of_day", "90")
        state = rules.CARD_STATES[account.state]
        if state != "00":
            return self.policy.code(account.state, state)
        original = self.entries.get(entry.original) if entry.original else None
        return rules.refuse(kind.rules, Ask(entry.amount, entry.at, self.policy, account, original))

    def _move(self, kind: IssuerKind, entry: Entry, account: Account, sign: int) -> None:
        """Book an approval (`sign` 1) or its reversal (-1)."""
        amount = sign * entry.amount
        original = self.entries.get(entry.original) if entry.original else None
        match kind.effect:
            case "take":
                account.balance -= amount
                account.spent_on(entry.at)
                account.spent += amount
                account.count += sign
                if original is not None:  # a completion frees what was set aside
                    account.held -= sign * original.amount
            case "give":
                account.balance += amount
                if kind.name != "refund":
                    account.voids_on(entry.at)
                    account.voids += sign
                    account.last_void = entry.at
            case "hold":
                account.held += amount
            case "release":
                account.held -= amount
            case _:
                pass
        if original is not None:
            original.undone += amount if kind.name == "refund" else sign * original.amount

    def _keep(self, what: str, entry: Entry) -> None:
        if self._file is not None:
            row = {
                "what": what, "key": entry.key, "kind": entry.kind, "pan": entry.pan,
                "amount": entry.amount, "at": entry.at.isoformat(), "code": entry.code,
                "auth_code": entry.auth_code, "rrn": entry.rrn, "sent": entry.sent,
                "original": entry.original,
            }  # fmt: skip
            self._file.write(json.dumps(row) + "\n")
            self._file.flush()

    def replay(self, lines: Iterable[str]) -> None:
        """Take up the books of an earlier run from the lines of its file."""
        file, self._file = self._file, None
        for line in lines:
            row: dict[str, Any] = json.loads(line)
            key: Key = tuple(row["key"])
            at = datetime.fromisoformat(row["at"])
            if row["what"] == "reversal":
                self.reverse(key, at)
                continue
            original = tuple(row["original"]) if row["original"] else None
            kind = KINDS[row["kind"]]
            entry = self.request(
                kind, key, row["pan"], row["amount"], at,
                original=original, rrn=row["rrn"], sent=row["sent"], forced=row["code"],
            )  # fmt: skip
            entry.auth_code = row["auth_code"]
        self._file = file
