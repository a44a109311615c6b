"""The ranking: how probable each cause is, given the facts. Pure, computed from declared tables."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log
from typing import Any, Final, NamedTuple

from annul.domain.records import Transaction
from annul.domain.response_codes import describe
from annul.domain.text import Text

from .causes import CAUSES, Cause
from .codes import ANYBODY, MEANT, SPEAKS
from .facts import Facts
from .signals import SIGNALS

# (cause, signal) -> what confirmed cases have taught, bounded by `annul.diagnose.lessons`.
Shifts = Mapping[tuple[str, str], float]

_STRONG: Final = 4.0
_NOBODY: Final = ("应答码", "the answer was")  # it is not known who said it
CODE_SIGNAL: Final = "code"  # the signal's name under which lessons about a code are kept
SERIES_SIGNAL: Final = "series"  # what the attempts before say
_HEARD: Final = 0.3  # so strongly a signal must speak to be one
_OWN_RULE: Final = ("void.why",)  # what a signal needs that hears a rule of this host
_LEAST: Final = 0.05  # evidence that weighs less is not worth a line
# What was heard at an attempt before is no new evidence, or hardly: attempts of a case are alike.
_AGAIN: Final = 0.35
_STAYS: Final = 0.97  # a cause is still there at the next attempt, if that comes at once
_SHARPER: Final = 1.8  # seen on both benches: stated against right, by tenths
_MOVES: Final = 0.02  # ... however long ago that was


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that spoke for (`weight` above zero) or against a cause, with its sources."""

    signal: str
    weight: float
    line: Text
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """A cause with its probability and its evidence, the strongest first."""

    cause: Cause
    probability: float
    evidence: tuple[Evidence, ...]

    def as_json(self, money: Text, language: str | None = None) -> dict[str, Any]:
        """Give what programs read; with a `language` its texts only, else both.

        `money` says where it is: the same for every cause.
        """

        def said(text: Text) -> Any:
            return getattr(text, language) if language else text._asdict()

        cause = self.cause
        return {
            "cause": cause.name,
            "title": said(cause.title),
            "probability": round(self.probability, 4),
            "evidence": [
                {
                    "signal": one.signal,
                    "weight": round(one.weight, 2),
                    "text": said(one.line),
                    "sources": list(one.sources),
                }
                for one in self.evidence
            ],
            "money": said(money),
            "next_step": {
                "customer": said(cause.customer),
                "cashier": said(cause.cashier),
                "support": said(cause.support),
                "system": said(cause.system),
            },
            "retry_safe": cause.retry_safe,
        }


class Look(NamedTuple):
    """One attempt that failed, with the facts as of then."""

    void: Transaction
    facts: Facts


def rank(facts: Facts, shifts: Shifts | None = None) -> list[Finding]:
    """Give every cause, the most probable first; probabilities add up to one."""
    return _told(_judged(facts, shifts or {}, _PRIOR, (), frozenset()))


def rank_series(looks: Sequence[Look], shifts: Shifts | None = None) -> list[Finding]:
    """Give every cause of the last of these attempts, oldest first, by what each of them says.

    A cause lasts as its kind does (`Cause.lasts_s`), so an attempt begins where the one before it
    has ended: what all of them say counts, in their order.
    """
    shifts, before = shifts or {}, _PRIOR
    heard_before, seen, findings = set[str](), list[str](), list[Finding]()
    for number, look in enumerate(looks):
        if number:
            past = looks[number - 1].void.received_at
            before = _carried(findings, (look.void.received_at - past).total_seconds())
        findings = _judged(look.facts, shifts, before, seen, heard_before)
        heard_before |= set(heard(look.facts))
        seen.append(look.void.rrn)
    return _told(findings)


def _told(findings: Sequence[Finding]) -> list[Finding]:
    """Give causes as they are told, the most probable first.

    Signals that speak softly have little weight each, and are right more often than that comes to.
    """
    parts = [one.probability**_SHARPER for one in findings]
    total = sum(parts)
    told = [
        replace(one, probability=part / total) for one, part in zip(findings, parts, strict=True)
    ]
    return sorted(told, key=lambda finding: -finding.probability)


def _carried(findings: Sequence[Finding], elapsed_s: float) -> Mapping[str, float]:
    """Give how probable each cause is after some time, before anything new is seen."""
    stays = {
        one.cause.name: _MOVES + (_STAYS - _MOVES) * 0.5 ** (elapsed_s / one.cause.lasts_s)
        for one in findings
    }
    gone = sum(one.probability * (1 - stays[one.cause.name]) for one in findings)
    return {
        one.cause.name: one.probability * stays[one.cause.name] + _PRIOR[one.cause.name] * gone
        for one in findings
    }


def _judged(
    facts: Facts,
    shifts: Shifts,
    before: Mapping[str, float],
    seen: Sequence[str],
    heard_before: Collection[str],
) -> list[Finding]:
    """Weigh the facts of one attempt; `before` is how probable each cause was without them."""
    speaking = {
        name: strength * (_AGAIN if name in heard_before else 1.0)
        for name, signal in SIGNALS.items()
        if (strength := signal.speaks(facts))
    }
    again = _AGAIN if _code_signal(facts) in heard_before else 1.0
    code = {name: weight * again for name, weight in code_weights(facts).items()}
    scored: list[tuple[float, Cause, tuple[Evidence, ...]]] = []
    for cause in CAUSES.values():
        evidence = _evidence(cause, facts, speaking, code, shifts)
        past = log(before[cause.name] / _PRIOR[cause.name])
        if seen and abs(past) >= _LEAST:
            evidence = _by_weight([*evidence, _of_series(past, seen)])
        score = log(before[cause.name]) + sum(
            one.weight for one in evidence if one.signal != SERIES_SIGNAL
        )
        scored.append((score, cause, evidence))
    best = max(score for score, _, _ in scored)
    parts = [exp(score - best) for score, _, _ in scored]
    total = sum(parts)
    return [
        Finding(cause, part / total, evidence)
        for part, (_, cause, evidence) in zip(parts, scored, strict=True)
    ]


def _of_series(weight: float, seen: Sequence[str]) -> Evidence:
    zh, en = ("也", "for it") if weight > 0 else ("不", "against it")
    line = Text(f"此前{len(seen)}次请求{zh}指向它", f"the {len(seen)} attempts before speak {en}")
    return Evidence(SERIES_SIGNAL, weight, line, tuple(f"transactions {rrn}" for rrn in seen))


def code_weights(facts: Facts) -> Mapping[str, float]:
    """Give what the issuer's code speaks for, if it was the issuer that said it."""
    if not _issuers_word(facts):
        return {}
    code = facts.get("void.code")
    weights = dict(SPEAKS.get(code, {}))
    if facts.get("void.sent") is None:
        for name, weight in ANYBODY.get(code, {}).items():
            weights[name] = weights.get(name, 0.0) + weight
    meant = facts.get("issuer.code_means")
    if meant:
        weights[meant] = max(weights.get(meant, 0.0), MEANT)
    return weights


def _evidence(
    cause: Cause,
    facts: Facts,
    speaking: Mapping[str, float],
    code: Mapping[str, float],
    shifts: Shifts,
) -> tuple[Evidence, ...]:
    found: list[Evidence] = []
    taught_code = shifts.get((cause.name, _code_signal(facts)), 0.0)
    weight = code.get(cause.name, 0.0) + (taught_code if _issuers_word(facts) else 0.0)
    if weight:
        said = describe(facts.get("void.code"))
        zh, en = ("发卡行应答", "the issuer answered") if facts.get("void.sent") else _NOBODY
        line = Text(f"{zh}{said.code}：{said.title.zh}", f"{en} {said.code}: {said.title.en}")
        found.append(Evidence(CODE_SIGNAL, weight, line, (facts.source("void.code"),)))
    taught = {signal for name, signal in shifts if name == cause.name}
    for name in speaking.keys() & (cause.speaks.keys() | taught):
        weight = cause.speaks.get(name, 0.0) + shifts.get((cause.name, name), 0.0)
        weight *= speaking[name]
        if abs(weight) >= _LEAST:
            signal = SIGNALS[name]
            sources = tuple(dict.fromkeys(facts.source(need) for need in signal.needs))
            found.append(Evidence(name, weight, signal.line(facts), sources))
    return _by_weight(found)


def _by_weight(found: Sequence[Evidence]) -> tuple[Evidence, ...]:
    return tuple(sorted(found, key=lambda one: (-abs(one.weight), one.signal)))


def _issuers_word(facts: Facts) -> bool:
    """Say whether the code may be the issuer's; else it is this host's own word."""
    known = bool(facts.get("void.code"))
    return known and facts.get("void.sent") not in {"not_sent", "possibly_sent"}


def _code_signal(facts: Facts) -> str:
    return f"{CODE_SIGNAL}:{facts.get('void.code')}"


def limits(facts: Facts) -> dict[str, list[str]]:
    """Say what the answer lacks: causes that could not be told, each with the missing facts.

    A cause could not be told when nothing that speaks strongly for it was known. That this host
    has not refused by a rule tells nothing of what an issuer refuses for.
    """
    found: dict[str, list[str]] = {}
    for cause in CAUSES.values():
        strong = [SIGNALS[name] for name, weight in cause.speaks.items() if weight >= _STRONG]
        strong = [signal for signal in strong if signal.needs != _OWN_RULE] or strong
        if strong and all(signal.speaks(facts) is None for signal in strong):
            needs = (need for signal in strong for need in signal.needs)
            found[cause.name] = sorted({need for need in needs if facts.get(need) is None})
    return found


def heard(facts: Facts) -> list[str]:
    """Name what speaks at all: the signals, and the code where an issuer said one."""
    found = [name for name, signal in SIGNALS.items() if (signal.speaks(facts) or 0.0) >= _HEARD]
    return [*found, _code_signal(facts)] if _issuers_word(facts) else found


# How probable each cause is while nothing is known.
_TOTAL: Final = sum(exp(cause.prior) for cause in CAUSES.values())
_PRIOR: Final = {cause.name: exp(cause.prior) / _TOTAL for cause in CAUSES.values()}
