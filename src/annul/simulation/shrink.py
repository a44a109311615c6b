"""A story that fails, made as short as it can be while it still fails, and said in words."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

from annul.sim.issuer.faults import Fault

from .plan import Plan

Thing = TypeVar("Thing")
_WHO = ("operators", "telephones", "strangers", "payouts")
_GIVEN = ("mistakes", "dies", "freezes", "setup", "changes", "policy")


def shrunk(story: Plan, fails: Callable[[Plan], bool]) -> Plan:
    """Leave out one thing after the other as long as `fails` says that it still does."""
    changed = True
    while changed:
        changed = False
        for smaller in _smaller(story):
            if fails(smaller):
                story, changed = smaller, True
                break
    return story


def _smaller(story: Plan) -> Iterator[Plan]:
    """Give what the story would be without one thing, the largest things first."""
    fewer = {
        "rounds": max(story.rounds // 2, story.tills),
        "tills": max(story.tills // 2, 1),
        "hosts": 1,
        **dict.fromkeys(_WHO, False),
        "skews_s": (0.0, 0.0, 0.0),
        "mistakes": 0.0,
        "dies": "",
        "freezes": "",
        "setup": (),
        "policy": (),
    }
    for name, value in fewer.items():
        if value != getattr(story, name):
            yield replace(story, **{name: value})
    yield from (replace(story, events=fewer) for fewer in _fewer(story.events))
    yield from (replace(story, faults=fewer) for fewer in _fewer(story.faults))


def _fewer(things: tuple[Thing, ...]) -> Iterator[tuple[Thing, ...]]:
    """Give either half, then all but one."""
    half = len(things) // 2
    if half > 1:
        yield things[:half]
        yield things[half:]
    for number in range(len(things)):
        yield things[:number] + things[number + 1 :]


def words(story: Plan) -> str:
    """Say what is in a story."""
    who = f"{story.hosts} host(s), {story.tills} till(s), {story.rounds} sale(s) in all"
    lines = [f"{who}, from {story.begins:%F %H:%M} UTC"]
    lines += [
        f"{name.replace('_', ' ')}: {count}"
        for name, count in sorted(Counter(story.events).items())
    ]
    lines += [name for name in _WHO if getattr(story, name)]
    if any(story.skews_s):
        lines.append(f"clocks off by {', '.join(f'{skew:g} s' for skew in story.skews_s)}")
    lines += [f"{name}: {given}" for name in _GIVEN if (given := getattr(story, name))]
    lines += [_said(fault) for fault in story.faults]
    return "\n".join(f"  {line}" for line in lines)


def _said(fault: Fault) -> str:
    """Say how an issuer fails."""
    said = f"issuers: {fault.kind} of {fault.of_kind or 'anything'} in {fault.rate:.1%}"
    if fault.kind in {"code", "booked_code"}:
        said += f", code {fault.code}"
    if fault.high_ms:
        said += f", {fault.low_ms} to {fault.high_ms} ms"
    return said + (f", cards {fault.bin}..." if fault.bin else "")
