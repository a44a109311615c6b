"""The figures of the field: three stages apart, calibration, and what must not happen at all."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from annul.sim.scenes.field.play import Truth

from .looks import Look

STAGES: Final = ("opening", "after3", "end")
UNKNOWN: Final = "unknown"  # names no cause, so it states no probability of one
_BINS: Final = 10
_LEAST, _MOST = 0.10, 0.99  # between them a probability is held against what was true
_ENOUGH: Final = 30  # looks in a bin before its gap counts

# (figure, aim): each share must be at least so much.
AIMS: Final[Mapping[str, float]] = {"opening": 0.92, "after3": 0.95, "end": 0.97}
_TOP3: Final = 0.99
_UNDECLARED: Final = 0.85
_SPURIOUS: Final = 0.01
_GAP: Final = 0.05


@dataclass(frozen=True, slots=True)
class FieldVoid:
    """One failed void of the field: its truth, what was believed of it, and how it ended."""

    situation: str
    area: str
    seen: bool
    code: str
    truth: Truth
    looks: tuple[Look, Look, Look]
    has_case: bool = True
    ended: str = ""
    wrong_end: str = ""
    gave_up: bool = False
    flickered: bool = False  # a cause was named again after another one
    spurious: tuple[str, ...] = ()
    contradictions: tuple[str, ...] = field(default=())

    def right(self, stage: int, count: int = 1) -> bool:
        """Say whether a right cause was among the first `count` at a stage."""
        named = self.looks[stage].among(count)
        return any(self.truth.right(name, at_first=stage == 0) for name in named)


def field_report(voids: Sequence[FieldVoid]) -> dict[str, Any]:
    """Give the figures as they are written down; shares between 0 and 1."""
    areas = sorted({one.area for one in voids})
    stages = {name: _stage(voids, index) for index, name in enumerate(STAGES)}
    return {
        **stages,
        "calibration": calibration(voids),
        "spurious": _happened(voids, lambda one: bool(one.spurious)),
        "contradictions": _happened(voids, lambda one: bool(one.contradictions)),
        "wrong_ends": _happened(voids, lambda one: bool(one.wrong_end)),
        "gave_up": _happened(voids, lambda one: one.gave_up),
        "flicker": _happened(voids, lambda one: one.flickered),
        "without_case": _happened(voids, lambda one: not one.has_case),
        "undeclared": _shares([one for one in voids if one.area == "undeclared"], 1),
        "ends": dict(Counter(one.ended or "open" for one in voids).most_common()),
        "per_class": {area: _class([one for one in voids if one.area == area]) for area in areas},
    }


def met(figures: Mapping[str, Any]) -> dict[str, bool]:
    """Say of each aim of the field whether it was met."""
    return {
        **{f"{name} top 1": _least(figures[name], aim) for name, aim in AIMS.items()},
        "end top 3": figures["end"]["top3"] >= _TOP3,
        "undeclared": _least(figures["undeclared"], _UNDECLARED),
        "spurious": figures["spurious"]["share"] < _SPURIOUS,
        "contradictions": figures["contradictions"]["voids"] == 0,
        "wrong ends": figures["wrong_ends"]["voids"] == 0,
        "calibration": figures["calibration"]["largest_gap"] <= _GAP,
    }


def _least(shares: Mapping[str, Any], aim: float) -> bool:
    return not shares["voids"] or shares["top1"] >= aim


def calibration(voids: Sequence[FieldVoid]) -> dict[str, Any]:
    """Hold what was said to be probable against how often it was so, in ten bins.

    Of a void with one truth each cause that was given counts; of one with several the first alone.
    """
    bins: defaultdict[int, list[tuple[float, bool]]] = defaultdict(list)
    for one in voids:
        for stage, look in enumerate(one.looks):
            right = one.truth.at_first if stage == 0 and one.truth.at_first else one.truth.causes
            for cause, probability in look.causes[: None if len(right) == 1 else 1]:
                if cause != UNKNOWN and _LEAST <= probability <= _MOST:
                    bins[min(int(probability * _BINS), _BINS - 1)].append(
                        (probability, cause in right)
                    )
    rows = [
        {
            "from": index / _BINS,
            "looks": len(of),
            "stated": _mean(stated for stated, _ in of),
            "right": _mean(float(right) for _, right in of),
        }
        for index, of in sorted(bins.items())
    ]
    gaps = [abs(row["stated"] - row["right"]) for row in rows if row["looks"] >= _ENOUGH]
    return {"bins": rows, "largest_gap": round(max(gaps, default=0.0), 4)}


def _stage(voids: Sequence[FieldVoid], stage: int) -> dict[str, Any]:
    return {
        **_shares(voids, stage),
        "seen": _shares([one for one in voids if one.seen], stage),
        "unseen": _shares([one for one in voids if not one.seen], stage),
    }


def _class(voids: Sequence[FieldVoid]) -> dict[str, Any]:
    return {
        "voids": len(voids),
        **{name: _shares(voids, index) for index, name in enumerate(STAGES)},
        "spurious": sum(bool(one.spurious) for one in voids),
        "contradictions": sum(bool(one.contradictions) for one in voids),
        "wrong_ends": sum(bool(one.wrong_end) for one in voids),
    }


def _shares(voids: Sequence[FieldVoid], stage: int) -> dict[str, Any]:
    return {
        "voids": len(voids),
        "top1": _mean(float(one.right(stage)) for one in voids),
        "top3": _mean(float(one.right(stage, 3)) for one in voids),
    }


def _happened(voids: Sequence[FieldVoid], what: Callable[[FieldVoid], bool]) -> dict[str, Any]:
    count = sum(what(one) for one in voids)
    return {"voids": count, "share": round(count / len(voids), 4) if voids else 0.0}


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return round(sum(found) / len(found), 4) if found else 0.0
