"""Drills: what is true of a stroke, what a team did about it, and how that is scored. Pure.

Times are in minutes of the script, money in minor units. Whatever a team did is worth the same or
less if it was done later, and a harmful act is never worth anything.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Protocol

from .interventions import InterventionKind
from .text import Text


class Contact(StrEnum):
    """Who is to be told."""

    ISSUER = "issuer"
    NETWORK = "network"
    SHOP = "shop"
    DUTY = "duty"

    @property
    def text(self) -> Text:
        """Its name for people."""
        return _CONTACTS[self]


_CONTACTS: Final = {
    Contact.ISSUER: Text("发卡行热线", "the issuer's hotline"),
    Contact.NETWORK: Text("网络运营商", "whoever runs the network"),
    Contact.SHOP: Text("商户", "the shop"),
    Contact.DUTY: Text("本方值班主管", "our own duty desk"),
}

# What people may do that is told from what they say: interventions, acts on cases, on terminals.
_ROUTES: Final = frozenset({InterventionKind.ROUTE_AROUND.value, InterventionKind.CIRCUIT_OPEN})
_PAUSES: Final = frozenset({InterventionKind.RETRIES_PAUSED.value, InterventionKind.CIRCUIT_OPEN})
_REFUNDS: Final = frozenset({InterventionKind.REFUNDS_INSTEAD.value, "refund"})
_SHUTS: Final = frozenset(
    {InterventionKind.MERCHANT_FROZEN.value, InterventionKind.TERMINAL_BLOCKED.value}
)
_DISCARDS: Final = frozenset({"discard-file"})
_STEPS: Final = frozenset({"ask-terminal"})
# Interventions, which are harmful wherever nothing is wrong.
FORCED: Final = frozenset(kind.value for kind in InterventionKind)


@dataclass(frozen=True, slots=True)
class Response:
    """What a cause calls for. `right`: of each set one act is needed; `tell`: who is told.

    `second`: one of the right acts takes a second person. `playbook`: the one that says all of it.
    """

    right: tuple[frozenset[str], ...] = ()
    harmful: frozenset[str] = frozenset()
    tell: tuple[Contact, ...] = ()
    second: bool = False
    playbook: str = ""


_OUTAGE: Final = Response(
    (_ROUTES, _PAUSES),
    _SHUTS | _REFUNDS | {"retry", "close"},
    (Contact.ISSUER, Contact.DUTY),
    playbook="issuer_down",
)
_LINE: Final = Response(
    (_ROUTES,), _SHUTS | _REFUNDS | {"close"}, (Contact.NETWORK,), playbook="line_down"
)
_ONCE: Final = Response((), _SHUTS | _ROUTES | _REFUNDS, (), playbook="voids_fail")
_RULE: Final = Response(
    (_REFUNDS,),
    _SHUTS | _ROUTES | {"retry"},
    (Contact.ISSUER,),
    second=True,
    playbook="rules_changed",
)
_PAST: Final = Response((frozenset({"refund"}),), _SHUTS | _ROUTES | {"retry"}, (Contact.SHOP,))
_MISTAKE: Final = Response((), _SHUTS | _ROUTES | _REFUNDS | {"retry"}, (Contact.SHOP,))
_MONEY: Final = Response((), _SHUTS | _ROUTES | _REFUNDS, (Contact.SHOP,), playbook="balance_low")
_SET_UP: Final = Response((_STEPS,), _SHUTS | _ROUTES, (Contact.SHOP,))
_SOFTWARE: Final = replace(_SET_UP, playbook="wrong_software")
_KEYS: Final = replace(_SET_UP, playbook="keys_out_of_step")
_RISK: Final = Response(
    (_SHUTS,),
    _REFUNDS | {"retry"},
    (Contact.ISSUER, Contact.DUTY),
    playbook="terminal_suspected",
)
_CARD: Final = Response((), _SHUTS | _ROUTES | {"retry"}, (Contact.SHOP,))
_FILE: Final = Response(
    (_DISCARDS,),
    _SHUTS | _ROUTES | _REFUNDS,
    (Contact.NETWORK, Contact.DUTY),
    playbook="clearing_file_wrong",
)
_THEIRS: Final = Response((), _SHUTS | {"close"}, (Contact.ISSUER,), playbook="voids_fail")
_OURS: Final = Response((), _SHUTS | {"close"}, (Contact.DUTY,), playbook="host_overloaded")

# By cause: each that a void may have, and those that only scenes know.
RESPONSES: Final[Mapping[str, Response]] = {
    "original_unfinished": _ONCE,
    "original_declined": _MISTAKE,
    "original_not_found": _MISTAKE,
    "original_mismatch": _MISTAKE,
    "already_undone": _MISTAKE,
    "already_settled": _PAST,
    "merchant_balance_low": _MONEY,
    "funds_frozen": _MONEY,
    "funds_not_arrived": _MONEY,
    "terminal_link": Response((), _SHUTS | _ROUTES, (Contact.NETWORK,)),
    "issuer_link": _LINE,
    "timeout": _ONCE,
    "late_answer": _LINE,
    "issuer_maintenance": _OUTAGE,
    "end_of_day": _OUTAGE,
    "issuer_down": _OUTAGE,
    "issuer_limit_amount": _RULE,
    "issuer_limit_count": _RULE,
    "repeated_too_soon": _ONCE,
    "outside_void_window": _RULE,
    "policy_changed": _RULE,
    "issuer_unsupported": _RULE,
    "risk_refusal": _RISK,
    "card_problem": _CARD,
    "terminal_misconfigured": _SOFTWARE,
    "terminal_outdated": _SOFTWARE,
    "keys_out_of_step": _KEYS,
    "not_registered": _SET_UP,
    "acquirer_fault": _OURS,
    "issuer_error": _THEIRS,
    "unknown": _OURS,
    # What only scenes know.
    "voucher_reused": _SET_UP,
    "shop_blocked": _THEIRS,
    "clearing_file_wrong": _FILE,
    "none": Response(),
}


# What people can name that is no cause of a void.
BESIDES: Final[Mapping[str, Text]] = {
    "clearing_file_wrong": Text("清算文件有误", "the clearing file is wrong"),
}


class Part(StrEnum):
    """What is scored."""

    NOTICED = "noticed"
    CAUSE = "cause"
    MONEY = "money"
    RIGHT = "right"
    HARMLESS = "harmless"
    SECOND = "second"
    TOLD = "told"
    ENDED = "ended"

    @property
    def text(self) -> Text:
        """Its name for people."""
        return _PARTS[self].text

    @property
    def weight(self) -> float:
        """What it is worth; all together 100."""
        return _PARTS[self].weight


@dataclass(frozen=True, slots=True)
class _Scored:
    """What a part is worth: all of it within `free` minutes, nothing from `late` minutes on."""

    text: Text
    weight: float
    free: float = 0.0
    late: float = 0.0


_PARTS: Final[Mapping[Part, _Scored]] = {
    Part.NOTICED: _Scored(Text("发现用时", "time to notice"), 15, 1, 10),
    Part.CAUSE: _Scored(Text("判明原因", "right cause named"), 20, 3, 20),
    Part.MONEY: _Scored(Text("悬而未决的资金", "money in question"), 20),
    Part.RIGHT: _Scored(Text("正确处置", "right acts"), 15, 3, 20),
    Part.HARMLESS: _Scored(Text("无有害操作", "no harmful acts"), 10),
    Part.SECOND: _Scored(Text("双人复核", "second person"), 5, 5, 25),
    Part.TOLD: _Scored(Text("通知相关方", "who was told"), 5, 5, 25),
    Part.ENDED: _Scored(Text("结束用时", "time to end"), 10, 3, 30),
}
# Money in question over time, as a share of what it was with annul alone: all of it is worth up to
# the first, nothing from the second on.
_MONEY_FROM, _MONEY_TO = 0.25, 1.75
_NEVER: Final = 1e9
OR: Final = "|"  # between acts of which one is enough
_WRONG: Final = 0.5  # what is worth less went wrong


@dataclass(frozen=True, slots=True)
class Truth:
    """One stroke as it was: any of `causes` is right; `subjects` are issuer, shop, terminals.

    `begins` and `ends` in minutes since the drill began.
    """

    kind: str
    causes: tuple[str, ...]
    subjects: frozenset[str]
    begins: float
    ends: float

    @property
    def response(self) -> Response:
        """What it calls for."""
        return RESPONSES.get(self.causes[0] if self.causes else "none", RESPONSES["none"])


class Did(StrEnum):
    """What a deed was."""

    SAW = "saw"  # took an incident on
    NAMED = "named"  # the cause in `value`
    ACTED = "acted"  # the act in `value`
    CONFIRMED = "confirmed"  # as second person, the act in `value`
    TOLD = "told"  # the contact in `value`


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that somebody of the team did about a subject, `at` minutes after the beginning."""

    at: float
    did: Did
    subject: str
    value: str = ""
    who: str = ""


@dataclass(frozen=True, slots=True)
class Money:
    """Money in question, summed over time (minor units times minutes): theirs, and annul alone."""

    team: float
    alone: float


@dataclass(frozen=True, slots=True)
class Score:
    """How well it went: each part from 0 to 1, `total` from 0 to 100, and what went wrong.

    `given`: what each part is made of, stroke by stroke.
    """

    parts: Mapping[Part, float]
    wrong: tuple["Wrong", ...]
    given: tuple["Given", ...] = field(default=(), compare=False)

    @property
    def total(self) -> float:
        """All parts by their weights, to a tenth."""
        return round(sum(part.weight * share for part, share in self.parts.items()), 1)


@dataclass(frozen=True, slots=True)
class Wrong:
    """What cost something: in which part, about which kind of stroke, and what it was about."""

    part: Part
    kind: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """What a stroke gave to a part: from 0 to 1, after so many minutes. None: it was not done."""

    part: Part
    kind: str
    value: str
    share: float
    minutes: float | None


class _Give(Protocol):
    """Takes when what a part asks for was done about a stroke, and what else it is worth."""

    def __call__(
        self,
        part: Part,
        truth: Truth,
        minutes: float | None,
        value: str = "",
        times: float = 1.0,
    ) -> None: ...


def score(
    truths: Sequence[Truth], deeds: Iterable[Deed], ended: Sequence[float | None], money: Money
) -> Score:
    """Score a drill. `ended`: for each stroke when the last of it had ended, None for never."""
    done = list(deeds)
    given: list[Given] = []

    def give(
        part: Part, truth: Truth, minutes: float | None, value: str = "", times: float = 1.0
    ) -> None:
        share = _worth(part, minutes) * times
        given.append(Given(part, truth.kind, value, share, minutes))

    for truth, end in zip(truths, ended, strict=True):
        own = [deed for deed in done if deed.subject in truth.subjects]
        _of_stroke(truth, own, give)
        give(Part.ENDED, truth, _since(truth.ends, end))
    found: dict[Part, list[float]] = {part: [] for part in Part}
    for one in given:
        found[one.part].append(one.share)
    harm = list(_harm(truths, done))
    wrong = [Wrong(one.part, one.kind, one.value) for one in given if one.share < _WRONG]
    wrong += [Wrong(Part.HARMLESS, kind, value) for kind, value in harm]
    found[Part.HARMLESS] = [0.5 ** len(harm)]
    found[Part.MONEY] = [_money(money)]
    parts = {part: sum(shares) / len(shares) if shares else 1.0 for part, shares in found.items()}
    return Score(parts, tuple(wrong), tuple(given))


def _of_stroke(truth: Truth, own: Sequence[Deed], give: _Give) -> None:
    """Score what was done about one stroke. What was done before it began counts as at once."""
    response = truth.response

    def first(*did: Did, among: Iterable[str] | None = None) -> float | None:
        times = [
            deed.at for deed in own if deed.did in did and (among is None or deed.value in among)
        ]
        return _since(truth.begins, min(times)) if times else None

    right = frozenset[str]().union(*response.right)
    named = first(Did.NAMED, among=truth.causes)
    times = (first(Did.SAW, Did.TOLD), named, first(Did.ACTED, among=right))
    seen = min((time for time in times if time is not None), default=None)
    give(Part.NOTICED, truth, seen)
    guesses = sum(deed.did is Did.NAMED and deed.value not in truth.causes for deed in own)
    cause = truth.causes[0] if truth.causes else ""
    give(Part.CAUSE, truth, named, cause, 0.5**guesses)
    for needed in response.right:
        give(Part.RIGHT, truth, first(Did.ACTED, among=needed), OR.join(sorted(needed)))
    if response.second:
        give(Part.SECOND, truth, first(Did.CONFIRMED, among=right))
    for contact in response.tell:
        give(Part.TOLD, truth, first(Did.TOLD, among={contact.value}), contact.value)


def _harm(truths: Sequence[Truth], deeds: Iterable[Deed]) -> Iterable[tuple[str, str]]:
    """Give each harmful act: what a stroke's cause forbids, or force where nothing is wrong."""
    for deed in deeds:
        if deed.did is not Did.ACTED:
            continue
        of = [truth for truth in truths if deed.subject in truth.subjects]
        if any(deed.value in needed for truth in of for needed in truth.response.right):
            continue
        harmed = [truth.kind for truth in of if deed.value in truth.response.harmful]
        if harmed or (not of and deed.value in FORCED):
            yield (harmed[0] if harmed else "", deed.value)


def _since(begins: float, at: float | None) -> float | None:
    return None if at is None else max(0.0, at - begins)


def _worth(part: Part, minutes: float | None) -> float:
    """Give what a time is worth, from 1 down to 0."""
    about, taken = _PARTS[part], _NEVER if minutes is None else minutes
    return min(1.0, max(0.0, (about.late - taken) / (about.late - about.free)))


def _money(money: Money) -> float:
    if money.alone <= 0:
        return 1.0 if money.team <= 0 else 0.5
    share = money.team / money.alone
    return min(1.0, max(0.0, (_MONEY_TO - share) / (_MONEY_TO - _MONEY_FROM)))
