"""What can be wrong with a demo issuer: one table of faults, windows and rules to choose from."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from annul.sim.issuer.faults import Fault, FaultKind
from annul.sim.issuer.rules import Policy

_LATE_MS: Final = (17_000, 18_000)  # beyond the 15 s that the host waits for an issuer
_VOIDS: Final = "void"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One trouble: what people read, and what the issuer's control is told.

    `announced` also tells the acquirer when it ends, as the issuer's notice would.
    """

    key: str
    group: str
    title: str
    what: str
    faults: Sequence[Fault] = ()
    maintenance: bool = False
    silent: bool = False
    policy: Mapping[str, Any] = field(default_factory=dict)
    announced: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """What is in force at one issuer, as its control says."""

    maintenance: bool
    silent: bool
    faults: Sequence[Mapping[str, Any]]
    policy: Mapping[str, Any]


def _void_fault(kind: FaultKind, **more: Any) -> tuple[Fault, ...]:
    return (Fault(kind, of_kind=_VOIDS, **more),)


def _code(code: str, title: str, what: str) -> Trouble:
    return Trouble(f"code_{code}", "Refuses voids with", title, what,
                   _void_fault(FaultKind.CODE, code=code))  # fmt: skip


_ALL: Final = (
    Trouble("announced", "Out of service", "Maintenance, announced", "91, and until when",
            maintenance=True, announced=True),
    Trouble("maintenance", "Out of service", "Maintenance, unannounced", "91 to everything",
            maintenance=True),
    Trouble("end_of_day", "Out of service", "End of day", "90 to everything",
            policy={"end_of_day": True}),
    Trouble("silent", "Out of service", "Silent", "never answers", silent=True),
    Trouble("lost_answer", "On the way", "Answer lost", "the void is done",
            _void_fault(FaultKind.LOST_ANSWER)),
    Trouble("late_answer", "On the way", "Answer late", "done, after 17 s",
            _void_fault(FaultKind.DELAY, low_ms=_LATE_MS[0], high_ms=_LATE_MS[1])),
    Trouble("garbled", "On the way", "Answer garbled", "the void is done",
            _void_fault(FaultKind.GARBLED)),
    Trouble("cut_before", "On the way", "Line cut before", "nothing is done",
            _void_fault(FaultKind.CLOSE_BEFORE)),
    Trouble("cut_after", "On the way", "Line cut after", "the void is done",
            _void_fault(FaultKind.CLOSE_AFTER)),
    _code("05", "Code 05", "not honoured"),
    _code("12", "Code 12", "not for this sale"),
    _code("57", "Code 57", "not with this card"),
    _code("59", "Code 59", "suspected fraud"),
    _code("91", "Code 91", "voids only"),
    _code("96", "Code 96", "voids only"),
    Trouble("unsupported", "Has a rule", "No voids", "40 to every void",
            policy={"void_supported": False}),
    Trouble("amount_limit", "Has a rule", "Up to 50 yuan", "61 above it",
            policy={"void_amount_limit": 50_00}),
    Trouble("interval", "Has a rule", "One a minute", "94 if sooner",
            policy={"void_interval_s": 60.0}),
    Trouble("window", "Has a rule", "Within 10 s", "12 after that",
            policy={"void_window_s": 10.0}),
)  # fmt: skip
TROUBLES: Final = {trouble.key: trouble for trouble in _ALL}
GROUPS: Final = tuple(dict.fromkeys(trouble.group for trouble in _ALL))
WELL: Final = asdict(Policy())
# How many requests meet a fault; 0: all, until it is taken away.
TIMES: Final = (0, 1, 3)


def rows(trouble: Trouble, times: int = 0) -> list[dict[str, Any]]:
    """Give the faults as the control takes them; windows and rules have no number of times."""
    return [{**asdict(fault), "left": times or None} for fault in trouble.faults]


def in_force(state: State, *, announced: bool = False) -> str | None:
    """Name the trouble in force: its key, "" when all is well, None when it is none of ours."""
    faults = [_aim(row) for row in state.faults if row["left"] != 0]
    changed = {name: value for name, value in state.policy.items() if value != WELL[name]}
    now = (state.maintenance, state.silent, faults, changed)
    if now == (False, False, [], {}):
        return ""
    return next(
        (
            one.key
            for one in _ALL
            if now == (one.maintenance, one.silent, [_aim(asdict(f)) for f in one.faults],
                       one.policy)
            and (one.announced == announced or not one.maintenance)
        ),
        None,
    )  # fmt: skip


def _aim(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "left"}
