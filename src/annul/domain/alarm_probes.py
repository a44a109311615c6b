"""When annul asks an issuer by itself, and how: two tables, as little traffic decides nothing.

What is asked is counted in a stream of its own. When to ask may depend on all that was heard before
and on nothing that comes after, so the bets of that stream stay fair however rarely it is asked.
"""

from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from .text import Text

FEW: Final = 3  # requests within one interval; from so many on the traffic itself decides
LONGEST: Final = timedelta(minutes=2)  # a probe that has no outcome after that has none


class Why(StrEnum):
    """Why an issuer is asked."""

    SILENT = "silent"  # its stream has become suspicious: no answers
    REFUSING = "refusing"  # the same of answers: declines, faults, or late ones
    QUIET = "quiet"  # requests are the rule, and none has come for a while


class How(StrEnum):
    """What it is asked with."""

    ECHO = "echo"
    VOID = "void"  # one that waits for it is tried now, by its own case


class ProbeOutcome(StrEnum):
    """What came of it. `NOT_SENT` tells nothing of the issuer."""

    ANSWERED = "answered"
    FAULT = "fault"
    SILENT = "silent"
    NOT_SENT = "not_sent"


class ProbeRules(NamedTuple):
    """From which part of the evidence for an alarm on, after how long a silence, how often."""

    suspicious: float
    quiet: timedelta
    every: timedelta


class Standing(NamedTuple):
    """How an issuer stands. `silence` and `answers`: evidence in parts of that for an alarm.

    `missing` are requests that should have come since the last one, at the least that is usual;
    `came` those within one interval. `raised`: the probes themselves have an alarm. `held`: people
    hold it, or it is within its own window.
    """

    silence: float = 0.0
    answers: float = 0.0
    missing: float = 0.0
    quiet_for: timedelta = timedelta()
    came: int = 0
    alarm: bool = False
    raised: bool = False
    held: bool = False


_Applies = Callable[[Standing, ProbeRules], bool]

# The first row that applies says whether an issuer is asked, and why; None: it is not.
_REASONS: Final[tuple[tuple[_Applies, Why | None], ...]] = (
    (lambda s, _: s.held, None),
    (lambda s, _: s.raised, Why.SILENT),  # what probes have raised, only probes end
    (lambda s, _: s.alarm, None),  # it is decided
    (lambda s, _: s.came >= FEW, None),  # its traffic decides
    (lambda s, rules: s.silence >= rules.suspicious, Why.SILENT),
    (lambda s, rules: s.answers >= rules.suspicious, Why.REFUSING),
    (lambda s, rules: s.quiet_for >= rules.quiet and s.missing >= 1.0, Why.QUIET),
)
# With what, the best first. An echo is answered by who declines all: of answers it says nothing.
HOWS: Final = {
    Why.SILENT: (How.VOID, How.ECHO),
    Why.REFUSING: (How.VOID,),
    Why.QUIET: (How.VOID, How.ECHO),
}
# Three tables: a reason and an outcome may have the same name.
WHY_SAID: Final = {
    Why.SILENT: Text("有交易没有应答", "requests without an answer"),
    Why.REFUSING: Text("应答可疑", "suspicious answers"),
    Why.QUIET: Text("平时有交易，现在没有", "none come where some are the rule"),
}
HOW_SAID: Final = {
    How.ECHO: Text("回响测试", "an echo"),
    How.VOID: Text("等待中的撤销", "a void that waits"),
}
OUTCOME_SAID: Final = {
    ProbeOutcome.ANSWERED: Text("已应答", "answered"),
    ProbeOutcome.FAULT: Text("应答为故障", "answered with a fault"),
    ProbeOutcome.SILENT: Text("无应答", "no answer"),
    ProbeOutcome.NOT_SENT: Text("未发出", "not sent"),
}


def why(standing: Standing, rules: ProbeRules) -> Why | None:
    """Say why an issuer is to be asked now; None where it is not."""
    return next((reason for applies, reason in _REASONS if applies(standing, rules)), None)
