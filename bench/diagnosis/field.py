"""The second part, the field: situations that are hard, played while annul drives each case on."""

import asyncio
from collections.abc import Sequence
from typing import Any

from tests.support.judging.judge import FieldJudge
from tests.support.judging.playing import Turn, run_field
from tests.support.judging.score import STAGES, FieldVoid, field_report, met
from tests.support.processes import open_folder


def field(seed: int, chosen: Sequence[Turn]) -> tuple[dict[str, Any], bool]:
    """Play them and print the figures; gives these, and whether the aims were met."""
    with open_folder() as folder:
        judge, failed = asyncio.run(run_field(folder, seed, chosen))
    figures = field_report(judge.voids)
    _print(figures, judge, failed)
    missed = [name for name, held in met(figures).items() if not held]
    print(f"missed: {', '.join(missed) or 'nothing'}")
    return figures | {"plays_failed": failed}, not missed and not failed


def _print(figures: dict[str, Any], judge: FieldJudge, failed: list[str]) -> None:
    """Print the figures, and what went wrong of that which may be seen."""
    row = "{:<18}{:>6}" + "{:>16}" * len(STAGES) + "{:>10}{:>8}{:>8}"
    heads = [f"{name} 1 / 3" for name in STAGES]
    print(row.format("field", "voids", *heads, "spurious", "denied", "ends"))
    for area, of in figures["per_class"].items():
        shares = [f"{of[name]['top1']:.1%} / {of[name]['top3']:.1%}" for name in STAGES]
        counts = (of["spurious"], of["contradictions"], of["wrong_ends"])
        print(row.format(area, of["voids"], *shares, *counts))
    for name in STAGES:
        of = figures[name]
        parts = [f"{part} {of[part]['top1']:.1%}" for part in ("seen", "unseen")]
        print(f"{name}: {of['top1']:.1%} top 1, {of['top3']:.1%} top 3, {', '.join(parts)}")
    for name in ("spurious", "contradictions", "wrong_ends", "gave_up", "flicker", "without_case"):
        print(f"{name}: {figures[name]['voids']} ({figures[name]['share']:.1%})")
    print(f"ends: {figures['ends']}")
    print(f"calibration: largest gap {figures['calibration']['largest_gap']:.1%}")
    for bin_ in figures["calibration"]["bins"]:
        print(
            "  from {from:.0%}: {looks} looks, stated {stated:.1%}, right {right:.1%}".format(
                **bin_
            )
        )
    for one in judge.voids:
        if one.seen:  # what is not to be seen is not shown either
            _print_void(one)
    passed = {text for text, seen in judge.went_through if seen}
    for text in [*failed, *sorted(passed)]:
        print("  ", text)


def _print_void(one: FieldVoid) -> None:
    wrong = [
        f"{name} {look.named} {look.probability:.0%}"
        for index, (name, look) in enumerate(zip(STAGES, one.looks, strict=True))
        if not one.right(index)
    ]
    beside = [*one.spurious, *one.contradictions, *filter(None, [one.wrong_end])]
    if wrong or beside:
        truth = "|".join(one.truth.causes)
        print(f"  {one.situation} {one.code}: {truth} -> {', '.join([*wrong, *beside])}")
