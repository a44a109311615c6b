"""From rows to facts. Pure: the same for rows of annul's database and of another host's export."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from annul.domain.kinds import COMPLETIONS, REFUNDS, UNDOING, VOIDS
from annul.domain.policies import Circumstances, Policy, PolicyKind, before, broken, current
from annul.domain.records import Origin, Transaction
from annul.domain.response_codes import BOOKED, FAULTS
from annul.domain.reversal_rules import CONCLUDED
from annul.domain.states import Sent, State
from annul.domain.void_rules import COMPLETION_PERCENT
from annul.host.outcomes import UNPROVED

from .facts import Fact

Known = dict[str, Fact]

_UNDONE: Final = frozenset({State.VOIDED, State.REFUNDED, State.PARTLY_REFUNDED})
_LATE_STATES: Final = frozenset({State.REVERSING, State.REVERSED})
# Why this host, not the terminal, has reversed: a silence, or people.
_HOSTS: Final = frozenset(
    {"timed_out", "broken", "garbled", "bad_mac", "host_interrupted", CONCLUDED}
)
_CONTRADICTED: Final = "contradicts"
# What is near a void in time: so many requests of others before and after it.
_BEFORE: Final = 4
_AFTER: Final = 8
NEAR: Final = timedelta(seconds=300)


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


def nearest(answers: Iterable[tuple[datetime, str]], at: datetime) -> list[str]:
    """Give the codes of the answers just before and after a moment ("": silence)."""
    within = sorted(one for one in answers if abs(one[0] - at) <= NEAR)
    before = [code for when, code in within if when < at]
    after = [code for when, code in within if when >= at]
    return [*before[-_BEFORE:], *after[:_AFTER]]


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
    void: Transaction, near: Sequence[str], five: IssuerCounts, hour: IssuerCounts
) -> Known:
    """Give how the issuer does with others; `near` as `nearest` gives it."""
    source = f"issuer_stats {void.issuer_id}"
    hourly = f"{source} 3600 s"
    known: Known = {
        "issuer.answers_5m": Fact(str(five), f"{source} 300 s"),
        "issuer.answers_60m": Fact(str(hour), hourly),
        "issuer.requests_recent": Fact(len(near), source),
        "issuer.link_drops": Fact(hour.link_drops, hourly),
        "issuer.silent_5m": Fact(five.silent, f"{source} 300 s"),
        "issuer.garbled_5m": Fact(five.garbled, f"{source} 300 s"),
    }
    if hour.p90_ms is not None:
        known["issuer.latency_60m"] = Fact(hour.p90_ms, hourly)
    if hour.requests > 1:
        late = max(hour.late - bool(void.late_code), 0) / (hour.requests - 1)
        known["issuer.slow_share_recent"] = Fact(round(min(late, 1.0), 4), hourly)
    if not near:
        return known
    shares = {
        "issuer.silent_share_recent": sum(not code for code in near),
        "issuer.fault_share_recent": sum(code in FAULTS for code in near),
        "issuer.approval_share_recent": sum(code in BOOKED for code in near),
    }
    if void.sent is Sent.ANSWERED:
        shares["issuer.same_code_share_recent"] = near.count(void.response_code)
    for name, count in shares.items():
        known[name] = Fact(round(count / len(near), 4), source)
    return known


def bin_facts(void: Transaction, codes: Mapping[str, int], prefix: str) -> Known:
    """Give how voids of the same card range fare; `codes` counts originals by response code."""
    code = void.response_code if void.sent is Sent.ANSWERED else ""
    others = {one: count - (one == code) for one, count in codes.items()}
    source = f"transactions of {void.issuer_id} {prefix} 3600 s"
    known: Known = {
        "bin.voids_60m": Fact(sum(others.values()), source),
        "bin.void_approvals_60m": Fact(sum(others.get(one, 0) for one in BOOKED), source),
    }
    if code:
        known["bin.void_same_code_60m"] = Fact(max(others.get(code, 0), 0), source)
    return known
