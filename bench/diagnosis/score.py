"""How often the truth was named first or among three, beside what the code alone tells."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

# Codes behind which many causes stand.
AMBIGUOUS: Final = frozenset({"91", "96", "05", "12", "22", "40", "57", "98"})


@dataclass(frozen=True, slots=True)
class Judged:
    """One failed void: what was true, what was named (most probable first), and its code."""

    mix: str
    seen: bool
    truth: str
    named: tuple[str, ...]
    code: str
    rrn: str = ""

    @property
    def first(self) -> bool:
        """Say whether the truth was named first."""
        return self.named[0] == self.truth

    @property
    def among_three(self) -> bool:
        """Say whether it was among the first three."""
        return self.truth in self.named[:3]


def by_code(judged: Iterable[Judged]) -> dict[str, str]:
    """Give, for each code, the cause that stands behind it most often in this very run.

    No reading of the code alone can do better, so this is the strongest baseline of its kind.
    """
    behind: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in judged:
        behind[one.code][one.truth] += 1
    return {code: truths.most_common(1)[0][0] for code, truths in behind.items()}


def report(judged: Sequence[Judged], faults: int) -> dict[str, Any]:
    """Give the figures as they are written down; shares between 0 and 1."""
    likeliest = by_code(judged)

    def shares(of: Sequence[Judged]) -> dict[str, float]:
        return {
            "voids": len(of),
            "top1": _share(one.first for one in of),
            "top3": _share(one.among_three for one in of),
            "baseline_top1": _share(likeliest[one.code] == one.truth for one in of),
        }

    truths = sorted({one.truth for one in judged})
    confusion = {
        truth: dict(Counter(one.named[0] for one in judged if one.truth == truth).most_common())
        for truth in truths
    }
    return {
        **shares(judged),
        "faults": faults,
        "seen": shares([one for one in judged if one.seen]),
        "unseen": shares([one for one in judged if not one.seen]),
        "ambiguous": shares([one for one in judged if one.code in AMBIGUOUS]),
        "per_cause": {truth: shares([j for j in judged if j.truth == truth]) for truth in truths},
        "per_code": {
            code: shares([j for j in judged if j.code == code])
            for code in sorted({one.code for one in judged})
        },
        "confusion": confusion,
    }


def _share(held: Iterable[bool]) -> float:
    values = list(held)
    return round(sum(values) / len(values), 4) if values else 0.0
