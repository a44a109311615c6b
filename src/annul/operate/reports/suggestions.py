"""What to change: patterns of causes, each with the rule, contact, terminal or setting it "
"points to.

One row per pattern. A suggestion is made where enough voids of a member (an issuer, a merchant, a
terminal, a software) failed for its causes, and these are enough of all that failed there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from annul.domain.text import Text

from .chance import Share, wilson
from .reading import Key, Pair

HOUSE: Final = ()


@dataclass(frozen=True, slots=True)
class Pattern:
    """A row: of which `causes`, by whom (`scope`, names of `Key`), from how many on.

    `share` is the least of what failed there that is of these causes; `again`: also in the period
    before. `there` is where in the console it is changed; `of_shops` that a shop reads it, too.
    """

    name: str
    causes: frozenset[str]
    scope: tuple[str, ...]
    least: int
    share: float
    change: Text
    there: str
    again: bool = False
    of_shops: bool = False


class Suggestion(NamedTuple):
    """What to change, for whom, because of how many (`now` of what failed there, `before`).

    `saves`: at most so many of all voids asked for there would not fail; with its interval.
    """

    pattern: Pattern
    about: Key
    named: Text
    there: str
    failed: Share
    before: int
    saves: Share
    interval: tuple[float, float]

    @property
    def change(self) -> Text:
        """What to do."""
        return Text(*(one.replace("{member}", name) for one, name in
                      zip(self.pattern.change, self.named, strict=True)))  # fmt: skip

    @property
    def evidence(self) -> Text:
        """Why."""
        part, of = self.failed
        return Text(
            f"本期 {of} 笔失败中有 {part} 笔属此类原因；上期 {self.before} 笔。",
            f"{part} of {of} that failed here have such a cause; in the period before "
            f"{self.before}.",
        )

    @property
    def effect(self) -> Text:
        """What may be expected of it."""
        low, high = (f"{100 * one:.1f}" for one in self.interval)
        part, of = self.saves
        return Text(
            f"预计每期最多少失败 {part} 笔（共 {of} 笔，{low}–{high} %）。",
            f"At most {part} of {of} voids in such a period would not fail ({low} to {high} %).",
        )


_ISSUER: Final = ("issuer",)
_MERCHANT: Final = ("merchant",)
_TERMINAL: Final = ("merchant", "terminal")
_SOFTWARE: Final = ("software",)
_AT_ISSUER: Final = "/issuers/{issuer}"
_AT_MERCHANT: Final = "/merchants/{merchant}"

PATTERNS: Final = (
    Pattern("issuer_rule",
            frozenset({"issuer_limit_amount", "issuer_limit_count", "repeated_too_soon",
                       "outside_void_window", "policy_changed"}),
            _ISSUER, 5, 0.1,
            Text("把{member}的限制录为规则（或采纳已学到的规则），使撤销先等待或改退货，不再被拒。",
                 "Enter the limit of {member} as a policy, or adopt the rule that was learnt, so "
                 "that "
                 "voids wait or become refunds instead of being refused."),
            _AT_ISSUER),
    Pattern("issuer_window",
            frozenset({"issuer_maintenance", "end_of_day"}),
            _ISSUER, 5, 0.1,
            Text("把{member}的维护或日终时段录为规则，使撤销等到时段结束。",
                 "Enter the hours of {member}'s maintenance or end of day as a policy, so that "
                 "voids "
                 "wait for their end."),
            _AT_ISSUER),
    Pattern("issuer_unsupported",
            frozenset({"issuer_unsupported"}),
            _ISSUER, 3, 0.05,
            Text("为{member}设“不支持撤销”的规则，使其一开始就改做退货。",
                 "Enter as a policy that {member} does not void such cards, so that a refund takes "
                 "its place at once."),
            _AT_ISSUER),
    Pattern("issuer_away",
            frozenset({"issuer_down", "issuer_link", "timeout", "late_answer"}),
            _ISSUER, 10, 0.2,
            Text("连续两期如此：请与{member}的联系人商议线路与超时，并检查超时设置。",
                 "For two periods now: talk to the contact of {member} about line and time-outs, "
                 "and "
                 "look at its time-out here."),
            _AT_ISSUER, again=True),
    Pattern("issuer_mistake",
            frozenset({"issuer_error"}),
            _ISSUER, 3, 0.05,
            Text("把证据交给{member}的联系人，请其更正。",
                 "Take the evidence to the contact of {member} and ask for a correction."),
            _AT_ISSUER),
    Pattern("merchant_cover",
            frozenset({"merchant_balance_low", "funds_not_arrived"}),
            _MERCHANT, 3, 0.1,
            Text("检查{member}的垫付额度和结算周期：撤销时余额不足。",
                 "Look at the cover and the settlement terms of {member}: its balance does not "
                 "reach "
                 "for its voids."),
            _AT_MERCHANT),
    Pattern("merchant_frozen",
            frozenset({"funds_frozen"}),
            _MERCHANT, 3, 0.1,
            Text("检查{member}的冻结是否仍然需要。",
                 "Look whether the money of {member} still has to be frozen."),
            _AT_MERCHANT),
    Pattern("merchant_cut_over",
            frozenset({"already_settled"}),
            _MERCHANT, 5, 0.1,
            Text("为{member}约定更晚的日切，或允许自动改退货：撤销常在结算之后才来。",
                 "Agree on a later cut-over with {member}, or allow refunds instead: its voids "
                 "come "
                 "after it has settled."),
            _AT_MERCHANT),
    Pattern("merchant_staff",
            frozenset({"original_not_found", "original_mismatch", "original_declined",
                       "already_undone", "original_unfinished"}),
            _MERCHANT, 5, 0.3,
            Text("向{member}的收银员演示“我的门店”：先查凭证再撤销，可免去输错号码和重复撤销。",
                 "Show the cashiers of {member} how My shop finds a voucher before they void: it "
                 "saves wrong numbers and second tries."),
            "/shop", of_shops=True),
    Pattern("terminal_set_up",
            frozenset({"terminal_misconfigured", "keys_out_of_step", "not_registered"}),
            _TERMINAL, 3, 0.2,
            Text("给终端{member}重新下发参数并要求签到。",
                 "Push parameters to terminal {member} again and let it sign in."),
            _AT_MERCHANT),
    Pattern("terminal_line",
            frozenset({"terminal_link"}),
            _TERMINAL, 5, 0.3,
            Text("连续两期如此：检查终端{member}的网络（SIM 卡、Wi-Fi、接线）。",
                 "For two periods now: look at the network of terminal {member} (SIM, Wi-Fi, "
                 "cable)."),
            _AT_MERCHANT, again=True, of_shops=True),
    Pattern("software_old",
            frozenset({"terminal_outdated", "terminal_misconfigured"}),
            _SOFTWARE, 5, 0.05,
            Text("把软件为{member}的终端升级。", "Update terminals that run software {member}."),
            "/merchants"),
    Pattern("own_fault",
            frozenset({"acquirer_fault"}),
            HOUSE, 1, 0.0,
            Text("我方故障：查看事件和日志，确认已修复。",
                 "Our own faults: look at incidents and logs until they are known to be mended."),
            "/"),
    Pattern("not_known",
            frozenset({"unknown"}),
            HOUSE, 10, 0.1,
            Text("原因不明的较多：请在案件中确认原因，诊断会由此学习。",
                 "Many have no known cause: confirm causes on their cases, so that diagnosis "
                 "learns."),
            "/cases?state=all"),
)  # fmt: skip
# Causes of which nothing here needs a change: the issuer knows its cardholder, and refuses.
NOTHING_TO_CHANGE: Final = frozenset({"risk_refusal", "card_problem"})


def suggested(
    groups: Mapping[Key, Pair], names: Mapping[tuple[str, str], Text]
) -> list[Suggestion]:
    """Find what patterns say, those that save most first."""
    found = [one for pattern in PATTERNS for one in _of_pattern(pattern, groups, names)]
    return sorted(found, key=lambda one: (-one.saves.part, one.pattern.name, one.about))


def _of_pattern(
    pattern: Pattern, groups: Mapping[Key, Pair], names: Mapping[tuple[str, str], Text]
) -> Iterable[Suggestion]:
    dimension = (*pattern.scope, "cause")
    hits: dict[Key, tuple[int, int]] = {}
    failed: dict[Key, int] = {}
    for key, (before, now) in groups.items():
        if key.dimension != dimension:
            continue
        member = key._replace(cause="")
        failed[member] = failed.get(member, 0) + now.failed
        if key.cause in pattern.causes:
            had = hits.get(member, (0, 0))
            hits[member] = (had[0] + before.failed, had[1] + now.failed)
    for member, (before, now) in hits.items():
        whole = groups.get(member, Pair()).now
        of = whole.failed or failed[member]  # of terminals only what went through has a row
        enough = now >= pattern.least and now >= pattern.share * of
        if enough and (before > 0 or not pattern.again):
            saves = Share(now, whole.at_once + of)
            yield Suggestion(
                pattern=pattern,
                about=member,
                named=named(member, names),
                there=pattern.there.format(**member._asdict()),
                failed=Share(now, of),
                before=before,
                saves=saves,
                interval=wilson(saves),
            )


def named(about: Key, names: Mapping[tuple[str, str], Text]) -> Text:
    """Say whom a group is about; empty for all."""
    if about.terminal:
        return Text(about.terminal, about.terminal)
    for what in ("merchant", "issuer"):
        number = getattr(about, what)
        if number:
            return names.get((what, number)) or Text(number, number)
    return Text(about.software, about.software)
