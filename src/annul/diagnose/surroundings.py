"""What a failed void is judged by beside its own series: from what one statement has read to facts.

Pure. A row is what JSON gives of it: columns by name, times as text.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final, NamedTuple

import chinese_calendar

from annul.domain.business_day import Calendar, CutOver, CutOvers
from annul.domain.kinds import VOIDS
from annul.domain.learnt import ROLE_OF, LearntRule
from annul.domain.policies import Circumstances, Policy, PolicyKind
from annul.domain.records import Transaction
from annul.domain.response_codes import FAULTS
from annul.issuers.health import PLAIN, percentile

from .boundaries import OUTAGE
from .facts import FACTS, Fact, Facts
from .observe import (
    IssuerCounts,
    Known,
    issuer_facts,
    policy_facts,
    void_splits,
    window_facts,
)
from .splits import Asked, of_cards
from .witnesses import Witness

Row = Mapping[str, Any]

# What happens for so long after a void still tells why it failed.
AFTER: Final = timedelta(seconds=60)
# Others who were refused as well within so long, at least of so many: an outage.
_AMID: Final = timedelta(seconds=60)
_AMID_LEAST: Final = 3
_AS_OPENED: Final = ("merchant.", "terminal.")
_SUMMED: Final = ("requests", "silent", "late", "link_drops", "garbled")


@dataclass(frozen=True, slots=True)
class Shared:
    """What all failed voids of an issuer share."""

    policies: tuple[Policy, ...] = ()  # all that were ever set
    meanings: Mapping[str, str] = field(default_factory=dict)  # response code to cause
    incidents: int = 0  # that are open
    learnt: tuple[LearntRule, ...] = ()
    voids: tuple[tuple[str, Asked], ...] = ()  # its latest within a week, each with its role

    @classmethod
    def of(cls, read: Row) -> "Shared":
        """Take it as it was read."""
        policies = tuple(
            Policy(
                PolicyKind(row["kind"]),
                row["number"],
                datetime.fromisoformat(row["valid_from"]),
                _moment(row["valid_until"]),
                row["id"],
            )
            for row in read["policies"]
        )
        return cls(
            policies,
            read["meanings"],
            read["incidents"],
            tuple(map(LearntRule.of, read["learnt"])),
            tuple((row["role"], _asked(row)) for row in read["voids"]),
        )


def near_of(read: Sequence[Row]) -> tuple[tuple[str, Asked], ...]:
    """Take voids near one as they were read: each with its role."""
    return tuple((ROLE_OF[row["kind"]], _asked(row)) for row in read)


def _asked(row: Row) -> Asked:
    told: dict[str, Any] = {name: row[name] for name in Asked._fields if name in row}
    told["at"] = datetime.fromisoformat(row["at"])
    return Asked(**told)


class Slot(NamedTuple):
    """Some seconds of an issuer: what was counted in them."""

    at: datetime  # when they began
    requests: int
    silent: int
    late: int
    link_drops: int
    garbled: int
    codes: Mapping[str, int]
    latencies: Sequence[int]  # counts per bucket
    # Latest answers: milliseconds into it, code ("": silence), and what was asked, if it is known.
    tail: Sequence[tuple[int, str, *tuple[str, ...]]]

    @property
    def witnesses(self) -> Iterator[Witness]:
        """Those who asked then."""
        for milliseconds, *told in self.tail:
            yield Witness(self.at + timedelta(milliseconds=milliseconds), *told)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What was read. `slots` are of the issuer's hour, `near` the voids of the card range in it."""

    card: Row
    terminal: Row | None
    merchant: Row | None
    shared: Shared
    slots: Sequence[Slot] = ()
    software: Mapping[str, str] = field(default_factory=dict)  # of "merchant terminal"
    near: Sequence[tuple[str, Asked]] = ()
    opened: Known = field(default_factory=dict[str, Fact])  # as the case was opened


def as_opened(body: str) -> Known:
    """Give what the first look of a case has seen of shop and terminal.

    Money that comes later, or a set-up that was put right, does not unlearn the cause.
    """
    told = json.loads(body)["evidence"].get("facts", {})
    seen = Facts.from_json({name: told[name] for name in told.keys() & FACTS.keys()})
    return {
        name: Fact(fact.value, f"{fact.source} when the case was opened")
        for name, fact in seen
        if name.startswith(_AS_OPENED)
    }


def slots_of(read: Row) -> tuple[Slot, ...]:
    """Take slots as they were read: a list for each column, nothing when there are none."""
    began, *counted = (read[name] or () for name in Slot._fields)
    return tuple(map(Slot, map(datetime.fromisoformat, began), *counted))


def surrounding_facts(
    void: Transaction, issuer_id: str, age_s: float | None, found: Surroundings
) -> Known:
    """Give all facts but those of the void's own series and of the clock.

    `age_s` is the time since the original.
    """
    known = card_facts(void, found.card)
    known |= terminal_facts(void, found.terminal)
    known |= merchant_facts(void, found.merchant)
    if not issuer_id:
        return known
    known |= _issuer_facts(void, issuer_id, found)
    policies, at = found.shared.policies, void.received_at
    if void.kind not in VOIDS:
        return known | window_facts(policies, at)
    voids, since = (known.get(f"card.{name}") for name in ("voids_today", "since_last_void"))
    circumstances = Circumstances(
        void.amount,
        age_s,
        int(voids.value) if voids else None,
        float(since.value) if since else None,
    )
    known |= policy_facts(policies, at, circumstances)
    asked = Asked(
        at,
        void.response_code,
        ok=False,
        amount=void.amount,
        prefix=bin_of(void),
        original=str(void.original_id or ""),
        age_s=age_s,
        place=int(voids.value) + 1 if voids else None,
        since_s=circumstances.since_last_void_s,
    )
    return known | void_splits(void, asked, _others(void, found), known)


def _others(void: Transaction, found: Surroundings) -> list[Asked]:
    """Give other voids of the issuer, of the same role, up to shortly after this one."""
    until, role = (void.answered_at or void.received_at) + AFTER, ROLE_OF[void.kind]
    samples = [one for of, one in found.shared.voids if of == role]
    sampled = {(one.original, one.at) for one in samples}
    near = of_cards([one for of, one in found.near if of == role])
    both = [*samples, *(one for one in near if (one.original, one.at) not in sampled)]
    plain = [one for slot in found.slots for one in slot.witnesses if one.role == PLAIN.role]
    return [one for one in both if one.at <= until and (one.ok or not _amid(one, plain))]


def _amid(one: Asked, plain: Sequence[Witness]) -> bool:
    """Say whether a refused void was refused as others were: an issuer out of order, not a rule."""
    said = [witness.code for witness in plain if abs(witness.at - one.at) <= _AMID]
    failed = sum(code in {"", one.code} or code in FAULTS for code in said)
    return len(said) >= _AMID_LEAST and failed >= OUTAGE * len(said)


def bin_of(void: Transaction) -> str:
    """Give the card range of a void as it is counted."""
    return void.card_masked[:6]


def card_facts(void: Transaction, row: Row) -> Known:
    """Give what else the card did that day; nothing without a card."""
    if not void.card_hash:
        return {}
    source = f"transactions of card {void.card_masked} today"
    known: Known = {
        "card.voids_today": Fact(row["voids"], source),
        "card.other_declines": Fact(row["declines"], source),
        "card.approved_after": Fact(row["approved_after"], source),
    }
    if row["decline_code"]:
        known["card.other_decline_code"] = Fact(row["decline_code"], source)
    last = _moment(row["last_void"])
    if last is not None:
        since = (void.received_at - last).total_seconds()
        known["card.since_last_void"] = Fact(since, source)
    return known


def terminal_facts(void: Transaction, row: Row | None) -> Known:
    """Give how the terminal is set up, and its trouble; `row` None: nobody knows it."""
    source = f"terminals {void.merchant_id} {void.terminal_id}"
    if row is None:
        return {"terminal.registered": Fact(value=False, source=source)}
    counted = f"terminal_stats {void.terminal_id} 1 h"
    enabled = row["kinds"] is None or void.kind in row["kinds"]
    known: Known = {
        "terminal.registered": Fact(value=True, source=source),
        "terminal.active": Fact(row["active"], source),
        "terminal.signed_in": Fact(row["signed_in"], source),
        "terminal.kind_enabled": Fact(enabled, f"{source}.kinds"),
        "terminal.within_limit": Fact(void.amount <= row["amount_limit"], f"{source}.amount_limit"),
        "terminal.link_drops": Fact(row["link_drops"], counted),
        "terminal.reversals": Fact(row["reversals"], counted),
        "terminal.wrong_mac": Fact(row["wrong_mac"], counted),
    }
    if row["wanted_software"] and row["software"]:
        current = row["software"] == row["wanted_software"]
        known["terminal.software_current"] = Fact(current, f"{source}.software")
    if row["serial"] and row["information"]:
        same = row["serial"] == row["information"]
        known["terminal.serial_matches"] = Fact(same, f"{source}.serial")
    return known


def merchant_facts(void: Transaction, row: Row | None) -> Known:
    """Give the merchant's contract and what covers a void; `row` None: nobody knows it."""
    source = f"merchants {void.merchant_id}"
    if row is None:
        return {"merchant.registered": Fact(value=False, source=source)}
    money = f"merchant_balances {void.merchant_id}"
    # What is frozen has left it as a transfer; what is reserved has not, but pays for another.
    available = row["available"] - row["reserved"]
    pending = row["pending"] if row["pending_covers"] else 0
    return {
        "merchant.registered": Fact(value=True, source=source),
        "merchant.active": Fact(row["active"], source),
        "merchant.needs_cover": Fact(row["void_needs_balance"], source),
        "merchant.available": Fact(available, money),
        "merchant.pending": Fact(row["pending"], money),
        "merchant.frozen": Fact(row["frozen"], money),
        "merchant.counted": Fact(available + pending, money),
    }


def _issuer_facts(void: Transaction, issuer_id: str, found: Surroundings) -> Known:
    at = void.answered_at or void.received_at
    witnesses = [
        one._replace(software=found.software.get(f"{one.merchant} {one.terminal}", ""))
        for slot in found.slots
        for one in slot.witnesses
    ]
    five, hour = (counts(found.slots, at + AFTER, seconds) for seconds in (300, 3600))
    software = str(found.terminal["software"]) if found.terminal else ""
    asked = void._replace(issuer_id=issuer_id)
    known = issuer_facts(asked, witnesses, five, hour, software)
    means = found.shared.meanings.get(void.response_code)
    if means:
        known["issuer.code_means"] = Fact(means, f"code_meanings {issuer_id}")
    known["issuer.incidents"] = Fact(found.shared.incidents, f"incidents of {issuer_id}")
    if void.why.startswith("link_"):
        known["issuer.link"] = Fact(void.why.removeprefix("link_"), "issuer link")
    return known


def counts(slots: Iterable[Slot], until: datetime, seconds: int) -> IssuerCounts:
    """Sum the slots of the last `seconds` before `until`."""
    since = until - timedelta(seconds=seconds)
    taken = [slot for slot in slots if slot.at >= since]
    codes: Counter[str] = Counter()
    for slot in taken:
        codes.update(slot.codes)
    sums = {name: sum(getattr(slot, name) for slot in taken) for name in _SUMMED}
    latencies = [sum(bucket) for bucket in zip(*(slot.latencies for slot in taken), strict=True)]
    p90_ms = percentile(latencies, 0.9) if latencies else None
    return IssuerCounts(seconds, **sums, codes=codes, p90_ms=p90_ms)


def clock_facts(void: Transaction, calendar: Calendar, merchant: Row | None) -> Known:
    """Give how long it was until the merchant's cut-over, and whether it was a holiday."""
    agreed = _cut_overs(merchant)
    day = calendar.business_date(void.received_at, agreed)
    source = f"cut_overs {void.merchant_id}" if agreed else "settings cut_over"
    left = calendar.ends(day, agreed) - void.received_at
    known: Known = {"clock.to_cut_over": Fact(left.total_seconds(), source)}
    local = calendar.local(void.received_at)
    try:
        holiday = chinese_calendar.is_holiday(local.date())
    except NotImplementedError:  # a year whose holidays are not announced yet
        return known
    return known | {"clock.holiday": Fact(bool(holiday), "chinese-calendar")}


def _cut_overs(merchant: Row | None) -> CutOvers:
    rows = (merchant or {}).get("cut_overs") or ()
    return tuple(
        CutOver(date.fromisoformat(day), time.fromisoformat(at) if at else None) for day, at in rows
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
