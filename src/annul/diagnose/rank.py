"""The ranking: how probable each cause is, given the facts. Pure, computed from declared tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp
from typing import Any, Final

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

    def as_json(self, language: str | None = None) -> dict[str, Any]:
        """Give what programs read; with a `language` its texts only, else both."""

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
            "money": said(cause.money),
            "next_step": {
                "customer": said(cause.customer),
                "cashier": said(cause.cashier),
                "support": said(cause.support),
                "system": said(cause.system),
            },
            "retry_safe": cause.retry_safe,
        }


def rank(facts: Facts, shifts: Shifts | None = None) -> list[Finding]:
    """Give every cause, the most probable first; probabilities add up to one."""
    shifts = shifts or {}
    speaking = {name for name, signal in SIGNALS.items() if signal.speaks(facts)}
    code = code_weights(facts)
    scored: list[tuple[float, Cause, tuple[Evidence, ...]]] = []
    for cause in CAUSES.values():
        evidence = _evidence(cause, facts, speaking, code, shifts)
        scored.append((cause.prior + sum(one.weight for one in evidence), cause, evidence))
    best = max(score for score, _, _ in scored)
    parts = [exp(score - best) for score, _, _ in scored]
    total = sum(parts)
    found = [
        Finding(cause, part / total, evidence)
        for part, (_, cause, evidence) in zip(parts, scored, strict=True)
    ]
    return sorted(found, key=lambda finding: -finding.probability)


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
    cause: Cause, facts: Facts, speaking: set[str], code: Mapping[str, float], shifts: Shifts
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
    for name in speaking & (cause.speaks.keys() | taught):
        weight = cause.speaks.get(name, 0.0) + shifts.get((cause.name, name), 0.0)
        if weight:
            signal = SIGNALS[name]
            sources = tuple(dict.fromkeys(facts.source(need) for need in signal.needs))
            found.append(Evidence(name, weight, signal.line(facts), sources))
    return tuple(sorted(found, key=lambda one: (-abs(one.weight), one.signal)))


def _issuers_word(facts: Facts) -> bool:
    """Say whether the code may be the issuer's; else it is this host's own word."""
    known = bool(facts.get("void.code"))
    return known and facts.get("void.sent") not in {"not_sent", "possibly_sent"}


def _code_signal(facts: Facts) -> str:
    return f"{CODE_SIGNAL}:{facts.get('void.code')}"


def limits(facts: Facts) -> dict[str, list[str]]:
    """Say what the answer lacks: causes that could not be told, each with the missing facts.

    A cause could not be told when nothing that speaks strongly for it was known.
    """
    found: dict[str, list[str]] = {}
    for cause in CAUSES.values():
        strong = [SIGNALS[name] for name, weight in cause.speaks.items() if weight >= _STRONG]
        if strong and all(signal.speaks(facts) is None for signal in strong):
            needs = (need for signal in strong for need in signal.needs)
            found[cause.name] = sorted({need for need in needs if facts.get(need) is None})
    return found


def heard(facts: Facts) -> list[str]:
    """Name what speaks at all: the signals, and the code where an issuer said one."""
    found = [name for name, signal in SIGNALS.items() if signal.speaks(facts)]
    return [*found, _code_signal(facts)] if _issuers_word(facts) else found
