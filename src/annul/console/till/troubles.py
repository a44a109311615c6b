"""What can be wrong with a demo issuer: one table of faults, windows and rules to choose from."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from annul.sim.issuer.faults import Fault, FaultKind
from annul.sim.issuer.rules import IssuerSettings

# The host waits 15 s for an issuer, and twice that before it takes an issuer's no for good.
_LATE_MS: Final = (17_000, 18_000)
_BOOKED_LATE_MS: Final = (20_000, 22_000)
_VOIDS: Final = "void"
_OTHERWISE, _WRONGLY = "Books other than it answers", "Answers wrongly"


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
class TroubleState:
    """What is in force at one issuer, as its control says."""

    maintenance: bool
    silent: bool
    faults: Sequence[Mapping[str, Any]]
    policy: Mapping[str, Any]


def _void_fault(kind: FaultKind, **more: Any) -> tuple[Fault, ...]:
    return (Fault(kind, of_kind=_VOIDS, **more),)


def _sale_fault(kind: FaultKind) -> tuple[Fault, ...]:
    return (Fault(kind, of_kind="sale"),)


def _late_fault(kind: FaultKind) -> tuple[Fault, ...]:
    low, high = _BOOKED_LATE_MS
    return _void_fault(kind, low_ms=low, high_ms=high)


def _code(code: str, title: str, what: str) -> Trouble:
    return Trouble(
        f"code_{code}", "Refuses voids with", title, what, _void_fault(FaultKind.CODE, code=code)
    )


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
    Trouble("books_late", _OTHERWISE, "Books late",
            "Silent to a void, 25 to its reversal; books it after 20 s and approves.",
            _late_fault(FaultKind.BOOKS_LATE)),
    Trouble("books_late_silently", _OTHERWISE, "Books late, no answer",
            "The same, and no answer ever comes.",
            _late_fault(FaultKind.BOOKS_LATE_SILENTLY)),
    Trouble("booked_code", _OTHERWISE, "Books, answers 96", "A void is done and answered 96.",
            _void_fault(FaultKind.BOOKED_CODE, code="96")),
    Trouble("refuses_reversal", _OTHERWISE, "Refuses to reverse",
            "A void is done, its answer lost, and its reversal gets 94.",
            (*_void_fault(FaultKind.LOST_ANSWER),
             Fault(FaultKind.CODE, of_kind="reversal", code="94"))),
    Trouble("partial", _OTHERWISE, "Approves half", "A sale gets 10; half of it is booked.",
            _sale_fault(FaultKind.PARTIAL)),
    Trouble("twice", _OTHERWISE, "Books twice", "A void is booked and approved twice.",
            _void_fault(FaultKind.TWICE)),
    Trouble("wavers", _OTHERWISE, "51, then 00", "A void is declined and at once approved.",
            _void_fault(FaultKind.WAVERS)),
    Trouble("other_amount", _OTHERWISE, "Books double",
            "A sale is booked and approved for twice its amount.",
            _sale_fault(FaultKind.OTHER_AMOUNT)),
    Trouble("forgets", _OTHERWISE, "Forgets a sale",
            "A sale is approved; its void finds nothing and gets 25.",
            _sale_fault(FaultKind.FORGETS)),
    Trouble("other_currency", _WRONGLY, "Another currency",
            "A void is done; the answer names dollars.",
            _void_fault(FaultKind.OTHER_CURRENCY)),
    Trouble("other_trace", _WRONGLY, "Another trace",
            "A void is done; the answer fits no request.",
            _void_fault(FaultKind.OTHER_TRACE)),
    Trouble("other_terminal", _WRONGLY, "Another terminal",
            "A void is done; the answer names another terminal.",
            _void_fault(FaultKind.OTHER_TERMINAL)),
    Trouble("other_reference", _WRONGLY, "Another reference",
            "A void is done; the answer names another transaction.",
            _void_fault(FaultKind.OTHER_REFERENCE)),
    Trouble("long_balance", _WRONGLY, "Two balances",
            "A sale is done; the answer is longer than a terminal takes.",
            _sale_fault(FaultKind.LONG_BALANCE)),
    Trouble("declines_advice", _WRONGLY, "Declines an advice",
            "The terminal has its 00; the issuer says 51 to the completion.",
            (Fault(FaultKind.CODE, of_kind="completion_advice", code="51"),)),
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
WELL: Final = asdict(IssuerSettings())
# How many requests meet a fault; 0: all, until it is taken away.
TIMES: Final = (0, 1, 3)


def rows(trouble: Trouble, times: int = 0) -> list[dict[str, Any]]:
    """Give the faults as the control takes them; windows and rules have no number of times."""
    return [{**asdict(fault), "left": times or None} for fault in trouble.faults]


def in_force(state: TroubleState, *, announced: bool = False) -> str | None:
    """Name the trouble in force: its key, "" when all is well, None when it is none of ours.

    Of several faults of one trouble some may have been met often enough.
    """
    faults = [_aim(row) for row in state.faults if row["left"] != 0]
    spent = len(faults) < len(state.faults)
    changed = {name: value for name, value in state.policy.items() if value != WELL[name]}
    now = (state.maintenance, state.silent, changed)
    if now == (False, False, {}) and not faults:
        return ""
    for one in _ALL:
        fits = now == (one.maintenance, one.silent, one.policy)
        fits = fits and (one.announced == announced or not one.maintenance)
        whole = [_aim(asdict(fault)) for fault in one.faults]
        met = spent and len(whole) == len(state.faults) and all(row in whole for row in faults)
        if fits and (faults == whole or met):
            return one.key
    return None


def _aim(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "left"}
