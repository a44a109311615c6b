"""From rows to facts. Pure: the same for rows of annul's database and of another host's export."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from annul.domain.cover import taken
from annul.domain.kinds import COMPLETIONS, KINDS, REFUNDS, UNDOING, VOIDS
from annul.domain.policies import (
    WINDOWS,
    Circumstances,
    Policy,
    PolicyKind,
    before,
    broken,
    current,
)
from annul.domain.records import Origin, Transaction
from annul.domain.response_codes import BOOKED, FAULTS
from annul.domain.reversal_rules import CONCLUDED
from annul.domain.states import Sent, State
from annul.domain.void_rules import COMPLETION_PERCENT
from annul.host.outcomes import UNPROVED

from .facts import Fact
from .splits import Asked, Split, split
from .witnesses import Seen, Witness, nearest, of_shop, of_terminal, others, turns, where

Known = dict[str, Fact]

_UNDONE: Final = frozenset({State.VOIDED, State.REFUNDED, State.PARTLY_REFUNDED})
_LATE_STATES: Final = frozenset({State.REVERSING, State.REVERSED})
# Why this host, not the terminal, has reversed: a silence, or people.
_HOSTS: Final = frozenset(
    {"timed_out", "broken", "garbled", "bad_mac", "host_interrupted", CONCLUDED}
)
_JOURNAL_DIGITS: Final = 6
_CLEAR: Final = 0.6  # so sure it is whom a trouble touches
_CONTRADICTED: Final = "contradicts"


@dataclass(frozen=True, slots=True)
class IssuerCounts:
    """What an issuer answered within a window, this void included."""

    seconds: float
    requests: int = 0
    silent: int = 0
    late: int = 0
    link_drops: int = 0
    garbled: int = 0
    codes: Mapping[str, int] = field(default_factory=dict)
    p90_ms: int | None = None

    def __str__(self) -> str:
        """Show codes and how often, the most frequent first, then what was not answered."""
        most = sorted(self.codes.items(), key=lambda one: (-one[1], one[0]))
        parts = [f"{code} {count}" for code, count in most]
        more = (("silent", self.silent), ("late", self.late))
        return ", ".join([*parts, *(f"{name} {count}" for name, count in more if count)])


def void_facts(void: Transaction, attempts: Iterable[Transaction], source: str) -> Known:
    """Give what the row of a void, refund or completion says, and those of earlier attempts."""
    alike = family(void.kind)
    earlier = [one for one in attempts if one.id != void.id and one.kind in alike]
    earlier = [one for one in earlier if one.received_at < void.received_at]
    void = _as_answered(void)
    refused = void.sent is Sent.NOT_SENT and not void.why.startswith("link_")
    known: Known = {
        "void.code": Fact(void.response_code, f"{source}.response_code"),
        "void.kind": Fact(void.kind, f"{source}.kind"),
        "void.amount": Fact(void.amount, f"{source}.amount"),
        "void.state": Fact(void.state.value, f"{source}.state"),
        "void.sent": Fact(void.sent.value, f"{source}.sent"),
        "void.why": Fact(void.why, f"{source}.why"),
        "void.late_code": Fact(void.late_code, f"{source}.late_code"),
        "void.earlier_attempts": Fact(len(earlier), "transactions by original_id"),
        "void.same_code_before": Fact(_same(void, earlier), "transactions by original_id"),
        "host.refused": Fact(refused and void.why != "host_interrupted", f"{source}.sent"),
        "host.interrupted": Fact(void.why == "host_interrupted", f"{source}.why"),
    }
    if void.reversal_reason and void.state in _LATE_STATES:
        # Without an answer there was nothing that the terminal could have heard.
        heard = void.taken_back and void.sent is Sent.ANSWERED
        by = "terminal" if heard or not (void.late_code or void.why in _HOSTS) else "host"
        known["void.reversed_by"] = Fact(by, f"{source}.reversal_reason")
    if void.answered_at is not None:
        spent = (void.answered_at - void.received_at).total_seconds() * 1000
        known["void.answer_ms"] = Fact(round(spent), f"{source}.answered_at")
    if earlier:
        latest = max(one.received_at for one in earlier)
        since = (void.received_at - latest).total_seconds()
        known["void.since_last_attempt"] = Fact(since, "transactions by original_id")
    if void.why.startswith("missing_"):
        number = int(void.why.removeprefix("missing_"))
        known["void.missing_field"] = Fact(number, f"{source}.why")
    return known


def _same(void: Transaction, earlier: Iterable[Transaction]) -> int:
    """Count the attempts before that the issuer has answered alike."""
    said = (void.sent, void.response_code)
    return sum((one.sent, one.response_code) == said == (Sent.ANSWERED, said[1]) for one in earlier)


def family(kind: str) -> tuple[str, ...]:
    """Name the kinds that ask for the same as this one."""
    return next((kinds for kinds in (VOIDS, REFUNDS, COMPLETIONS) if kind in kinds), (kind,))


def _as_answered(void: Transaction) -> Transaction:
    """Give a void as it is judged by: what proves nothing of the money tells why all the same.

    That a code which proves nothing is followed by a reversal is this host's doing.
    """
    if void.why == UNPROVED and void.sent is Sent.ANSWERED:
        if void.response_code:
            return void._replace(state=State.DECLINED, why="")
        # The code of an answer that contradicts its request is kept as that of a late one.
        return void._replace(
            state=State.DECLINED, why=_CONTRADICTED, response_code=void.late_code, late_code=""
        )
    return void


def original_facts(
    void: Transaction, original: Transaction | None, attempts: Sequence[Transaction]
) -> Known:
    """Give what is known of the original, as it stood when the void came."""
    if original is None:
        return {"original.found": Fact(value=False, source="transactions")}
    source = f"transactions {original.rrn}"
    undone = [
        one
        for one in attempts
        if one.kind in UNDOING
        and one.id != void.id
        and one.state is State.APPROVED
        and (one.answered_at or one.received_at) < void.received_at
    ]
    state = original.state
    if state in _UNDONE and not undone:
        state = State.APPROVED  # undone only after this void had failed
    elif state is State.APPROVED and undone:  # another host's export knows no such states
        state = State.VOIDED if any(one.kind in VOIDS for one in undone) else State.REFUNDED
    same = {"original.same_amount": _amount_fits(void, original)}
    if void.kind in VOIDS:  # a refund or completion may come on another day, from another terminal
        same["original.same_day"] = original.business_date == void.business_date
        same["original.same_terminal"] = original.terminal_id == void.terminal_id
        if void.batch and void.origin == Origin.TERMINAL:  # the others have batches of their own
            same["original.same_batch"] = original.batch == void.batch
    if void.card_hash and original.card_hash:
        same["original.same_card"] = original.card_hash == void.card_hash
    facts: Known = {
        "original.found": Fact(value=True, source=source),
        "original.kind": Fact(original.kind, f"{source}.kind"),
        "original.state": Fact(state.value, f"{source}.state"),
        "original.amount": Fact(original.amount, f"{source}.amount"),
        "void.takes": Fact(taken(KINDS[void.kind], void.amount, original), f"{source}.fee"),
        "original.undone_before": Fact(bool(undone), "transactions by original_id"),
        "original.age": Fact(
            (void.received_at - original.received_at).total_seconds(), f"{source}.received_at"
        ),
        "original.had_auth_code": Fact(bool(original.auth_code), f"{source}.auth_code"),
    }
    return facts | {name: Fact(value, source) for name, value in same.items()}


def _amount_fits(void: Transaction, original: Transaction) -> bool:
    if void.kind in REFUNDS:  # also a part of it
        return void.amount <= original.amount
    if void.kind in COMPLETIONS:
        return void.amount * 100 <= original.amount * COMPLETION_PERCENT
    return void.amount == original.amount


def window_facts(policies: Sequence[Policy], at: datetime, source: str = "policies") -> Known:
    """Say whether the issuer has announced that it does not work just now."""
    rules = current(policies, at)
    return {
        "issuer.maintenance": Fact(PolicyKind.MAINTENANCE in rules, source),
        "issuer.end_of_day": Fact(PolicyKind.END_OF_DAY in rules, source),
    }


def policy_facts(
    policies: Sequence[Policy], at: datetime, void: Circumstances, source: str = "policies"
) -> Known:
    """Give the issuer's rules in force, the one that this void breaks, and how old that one is."""
    rules = current(policies, at)
    known = window_facts(policies, at, source)
    for kind in PolicyKind:
        if kind in rules and f"issuer.{kind}" not in known:
            number = rules[kind].number
            value = bool(number) if kind is PolicyKind.VOID_SUPPORTED else number
            known[f"issuer.{kind}"] = Fact(value, f"{source} {rules[kind].id}")
    rule = broken(rules, void)
    if rule is None:
        if rules.keys() - set(WINDOWS):  # that no rule is known says nothing of one
            known["issuer.rule_broken"] = Fact("", source)
        return known
    place = f"{source} {rule.id}"
    older = before(policies, rule)
    allowed = older is None or not broken({older.kind: older}, void)
    known["issuer.rule_broken"] = Fact(rule.kind.value, place)
    known["issuer.rule_changed"] = Fact((at - rule.valid_from).total_seconds(), place)
    known["issuer.allowed_before_change"] = Fact(allowed, place)
    return known


def issuer_facts(
    void: Transaction,
    witnesses: Sequence[Witness],
    five: IssuerCounts,
    hour: IssuerCounts,
    software: str = "",
) -> Known:
    """Give how the issuer does with others, by its counts and by those who asked it just then.

    `software` is what runs on the void's terminal, empty where that is not known.
    """
    source = f"issuer_stats {void.issuer_id}"
    hourly = f"{source} 3600 s"
    known: Known = {
        "issuer.answers_5m": Fact(str(five), f"{source} 300 s"),
        "issuer.answers_60m": Fact(str(hour), hourly),
        "issuer.link_drops": Fact(hour.link_drops, hourly),
        "issuer.silent_5m": Fact(five.silent, f"{source} 300 s"),
        "issuer.garbled_5m": Fact(five.garbled, f"{source} 300 s"),
    }
    if five.p90_ms is not None:
        known["issuer.latency_5m"] = Fact(five.p90_ms, f"{source} 300 s")
    if hour.p90_ms is not None:
        known["issuer.latency_60m"] = Fact(hour.p90_ms, hourly)
    if hour.requests > 1:
        late = max(hour.late - bool(void.late_code), 0) / (hour.requests - 1)
        known["issuer.slow_share_recent"] = Fact(round(min(late, 1.0), 4), hourly)
    return known | _witnessed(void, witnesses, source, software)


def _witnessed(
    void: Transaction, witnesses: Sequence[Witness], source: str, software: str
) -> Known:
    """Give what others heard just before and after: all of them, and those who undo nothing."""
    seen, told = others(witnesses, replace(seen_of(void), software=software))
    hurt = where(told, seen)
    part = hurt.part if hurt is not None and hurt.sure > _CLEAR else ""
    # Who is like it: a range in trouble is like an issuer of its own, a terminal like a shop.
    digits = hurt.digits if hurt is not None and part == "range" else 0
    alike = [one for one in told if one.prefix[:digits] == seen.prefix[:digits]]
    mine = of_terminal if part == "terminal" else of_shop
    near = nearest(alike, seen.at)
    plain = nearest((one for one in alike if one.role == "plain"), seen.at)
    shop = nearest((one for one in told if mine(one, seen) and one.role == "plain"), seen.at)
    known: Known = {
        "issuer.witnesses_recent": Fact(len(near), source),
        "issuer.requests_recent": Fact(len(plain), source),
        "merchant.requests_recent": Fact(len(shop), source),
        "merchant.approvals_recent": Fact(sum(one.code in BOOKED for one in shop), source),
        "issuer.turns_recent": Fact(turns(told, seen.at), source),
    }
    shares = {"issuer.silent_share_recent": (sum(one.silent for one in near), near)} if near else {}
    if plain:
        shares["issuer.fault_share_recent"] = (sum(one.code in FAULTS for one in plain), plain)
        shares["issuer.approval_share_recent"] = (sum(one.code in BOOKED for one in plain), plain)
        if void.sent is Sent.ANSWERED:
            same = sum(one.code == void.response_code for one in plain)
            shares["issuer.same_code_share_recent"] = (same, plain)
    known |= {name: Fact(round(count / len(of), 4), source) for name, (count, of) in shares.items()}
    if hurt is not None:
        known |= {
            "issuer.hurt": Fact(hurt.part, source),
            "issuer.hurt_sure": Fact(round(hurt.sure, 4), source),
            "issuer.hurt_failed": Fact(hurt.failed, source),
            "issuer.hurt_requests": Fact(hurt.requests, source),
            "issuer.hurt_digits": Fact(hurt.digits, source),
        }
    return known


def seen_of(void: Transaction) -> Seen:
    """Give a void as its witnesses are compared with it."""
    return Seen(
        void.answered_at or void.received_at,
        void.response_code if void.sent is Sent.ANSWERED else "",
        void.card_masked[:6],
        void.merchant_id,
        void.terminal_id,
        "refund" if void.kind in REFUNDS else "void",
    )


def void_splits(void: Transaction, asked: Asked, others: Sequence[Asked], known: Known) -> Known:
    """Give what may tell the voids of this issuer that were refused from those that passed.

    Only where it is voids that are in trouble, as far as `known` says whom the trouble touches.
    """
    if void.sent is not Sent.ANSWERED or not void.response_code:
        return {}
    found = split(others, asked)
    if found is None:
        return {}
    source = f"void_samples and transactions of {void.issuer_id}"
    hurt = known.get("issuer.hurt", Fact("", "")).value
    sure = float(known.get("issuer.hurt_sure", Fact(0.0, "")).value)
    digits = int(known.get("issuer.hurt_digits", Fact(0, "")).value)
    # What is kept of a card has six digits of its range; who asked just now is known by more.
    finer = sure if hurt == "voids" and digits > _JOURNAL_DIGITS else 0.0
    elsewhere = sure if hurt not in {"", "voids"} else 0.0
    shares = {theory: share * (1 - max(finer, elsewhere)) for theory, share in found.shares.items()}
    shares[Split.RANGE] += finer
    numbers: dict[str, float] = {
        "voids.refused": found.refused,
        "voids.passed": found.passed,
        "voids.refused_for": found.lasted_s,
    }
    numbers |= {f"voids.by_{theory}": round(share, 4) for theory, share in shares.items()}
    return {name: Fact(value, source) for name, value in numbers.items()}
