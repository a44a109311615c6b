"""The remedies of a void: the first row of its cause's plan that applies. Pure."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from annul.diagnose.causes import UNKNOWN
from annul.domain.cover import taken
from annul.domain.incident import Incident
from annul.domain.kinds import KINDS, REFUNDABLE, REFUNDS, VOIDABLE
from annul.domain.policies import PolicyKind, current
from annul.domain.records import Transaction
from annul.domain.standing import told
from annul.domain.states import State
from annul.domain.terminal_notes import ENDS
from annul.domain.text import Text

from .situation import Situation, Step, end

# The issuer takes no void, now or for this one, but may take a refund at once.
_NO_VOID: Final = frozenset(
    {
        "issuer_unsupported",
        "issuer_limit_amount",
        "outside_void_window",
        "policy_changed",
        "already_settled",
    }
)
_UNDONE: Final = "already_undone"
_NOT_SEEN: Final = Text(
    "应答称原交易此前已退回，但本系统没有看到退回它的交易，原交易按有效计。下一步：向发卡行核对",
    "The answer says that the original was given back before, but nothing is seen that has done it;"
    " here it stands. Next: ask the issuer",
)
PROBE: Final = "probe"
PAUSED: Final = "retries_paused"
_WITNESSES: Final = 3  # fewer tell nothing
# Parts of an issuer's traffic that are no shop, card or kind of request, and how sure it must be.
_OUT_OF_ORDER: Final = frozenset({"issuer", "range", "partly"})
_CLEARLY: Final = 0.8
_WITHOUT_ORIGINAL: Final = frozenset({"keys_out_of_step", "terminal_outdated"})


Remedy = Callable[[Situation], Step | None]


def remedied(s: Situation) -> Step:
    """Give the first remedy of the cause that applies."""
    original = s.picture.original
    cause = s.cause
    if original is None and cause.patience != "proof" and cause.name not in _WITHOUT_ORIGINAL:
        return _refuse(s)  # nothing that could be voided or refunded later
    if s.now >= s.last_at:
        return _escalate(s)
    step = next((step for remedy in PLANS[cause.name] if (step := remedy(s)) is not None), None)
    assert step is not None, "each plan ends with a remedy that always applies"
    if step.do != "refund" and not step.end:
        return step
    if not s.sure and not cause.retry_safe:
        return _ask_person(s)
    return _once_more(s) or _second_look(s) or step


def _once_more(s: Situation) -> Step | None:
    """Try again what was refused while others were refused as well: that says nothing of this void.

    An issuer that is out of order may say whatever it likes, also something of the card.
    """
    facts = s.picture.facts
    amid = facts.get("issuer.hurt") in _OUT_OF_ORDER
    if s.case.confirmed or s.cause.patience == "proof" or not amid:
        return None
    return _tried_again(s) if facts.get("issuer.hurt_sure") >= _CLEARLY else None


def _second_look(s: Situation) -> Step | None:
    """Look once more before anything is done that cannot be taken back; what a person says stands.

    While its issuer is down nothing is seen clearly enough but what annul's own rows prove.
    """
    if s.case.confirmed:
        return None
    due = s.agreed_at
    if s.probe_at is not None and s.cause.patience != "proof":
        due = max(due, s.probe_at)
    if s.now >= due:
        return None
    said = Text(
        "撤不回的一步之前再看一次", "looking once more before what cannot be taken back is done"
    )
    return Step("second_look", said, until=due)


def _refuse(s: Situation) -> Step:
    cause = s.cause
    if cause.name == _UNDONE and not _undone_by(s):
        return end("refused", _NOT_SEEN, {"diagnosed": cause.name}, notice=ENDS["call"].zh)
    proof: dict[str, Any] = {"cause": cause.name}
    original = s.picture.original
    if original is not None:
        proof["original"] = original.rrn
        proof["undone_by"] = _undone_by(s)
    money = told(s.standing, s.case.kind)
    return end(
        "refused",
        Text(
            f"{cause.title.zh}。{money.zh}下一步：{cause.cashier.zh}",
            f"{cause.title.en}. {money.en} Next: {cause.cashier.en}",
        ),
        proof,
    )


def _undone_by(s: Situation) -> list[str]:
    """Name what gave the original back, as far as it is seen."""
    original = s.picture.original
    if original is not None and original.state is State.REVERSED:
        return [original.rrn]
    return [one.rrn for one in s.picture.attempts if one.state is State.APPROVED]


def _refuse_undone(s: Situation) -> Step | None:
    """Refuse what was given back before, with what has done it; an issuer's word proves nothing.

    What is charged back is as good as given back: its chargeback is on the books.
    """
    original = s.picture.original
    gone = original is None or original.charged_back or _undone_by(s)
    return _refuse(s) if gone else None


def _escalate(s: Situation) -> Step:
    """End it at once, with something for a person to follow up."""
    refused, cause = _refuse(s), s.cause.name
    incident = Incident.of_case("escalated", s.case, cause=s.cause.title)
    return replace(refused, task=cause, incident=incident)


def _stands(s: Situation, kinds: Collection[str]) -> Transaction | None:
    """Give the original if all of it can be given back and the void asked for just that amount."""
    original = s.picture.original
    if (
        original is None
        or original.state is not State.APPROVED
        or original.undone
        or original.charged_back
        or original.kind not in kinds
        or original.amount != s.picture.void.amount
    ):
        return None
    return original


def _voidable(s: Situation) -> bool:
    """Say whether a void may still be sent: same business day, batch open, something to void."""
    original = _stands(s, VOIDABLE)
    return original is not None and (original.business_date, original.batch) == (
        s.business_date,
        s.batch,
    )


def _retry(s: Situation) -> Step | None:
    return _tried_again(s) if s.cause.retry_safe else None


def _tried_again(s: Situation) -> Step | None:
    merchant, tries = s.merchant, s.own_tries
    if merchant is None or not merchant.retry_voids or not _voidable(s):
        return None
    if len(tries) >= s.pace.tries:
        return None
    if s.retries_from is not None:
        said = Text(
            "该行的自动重试已由人工暂停", "people have paused what annul tries at this issuer"
        )
        return Step(PAUSED, said, until=min(s.retries_from, s.last_at))
    last = max(
        (one.answered_at or one.received_at for one in s.picture.attempts), default=s.case.opened_at
    )
    wait = s.pace.backoff.delay(len(tries) + 1, lambda: s.random)
    due = last + s.pace.seconds(wait)
    if s.now < due and not s.probing:
        number = len(tries) + 1
        said = Text(f"第{number}次重试前等待", f"waiting before retry {number}")
        return Step("back_off", said, until=due)
    name = "other_route" if s.other_route else "retry"
    return Step(
        name, Text(f"第{len(tries) + 1}次重试撤销", f"retry {len(tries) + 1} of the void"), do=name
    )


def _wait_window(s: Situation) -> Step | None:
    rules = current(s.picture.policies, s.now)
    for kind in (PolicyKind.MAINTENANCE, PolicyKind.END_OF_DAY):
        window = rules.get(kind)
        if window is not None and window.valid_until is not None:
            spread = s.pace.seconds(5 * s.random)
            return Step(
                "wait_window",
                Text("等待发卡行窗口结束", "the window must end first"),
                until=window.valid_until + spread,
            )
    return None


def _wait_health(s: Situation) -> Step | None:
    if s.probe_at is None or s.other_route:
        return None
    return Step(
        "wait_health",
        Text("发卡行不可用，等待恢复", "the issuer is down; waiting for it"),
        until=max(s.probe_at, s.now + timedelta(milliseconds=100)),
    )


def _wait_rule(s: Situation) -> Step | None:
    """Wait until the issuer allows the next void of this card."""
    rule = current(s.picture.policies, s.now).get(PolicyKind.VOID_INTERVAL)
    since = s.picture.facts.get("card.since_last_void")
    if rule is None or since is None:
        return None
    allowed = s.picture.void.received_at + timedelta(seconds=rule.number - since)
    if s.now >= allowed:
        return None
    return Step(
        "wait_rule",
        Text("等待发卡行允许的间隔", "waiting for the issuer's interval"),
        until=allowed + timedelta(milliseconds=50),
    )


def _wait_learnt(s: Situation) -> Step | None:
    """Wait until a rule that was learnt would allow it: between two voids, or at an hour."""
    wait_s = s.picture.facts.get("issuer.learnt_wait")
    if wait_s is None:
        return None
    allowed = s.picture.void.received_at + timedelta(seconds=wait_s)
    if s.now >= allowed or allowed > s.last_at:
        return None
    said = Text(
        "等待该行疑似规则允许的时间", "waiting until a rule of the issuer that was learnt allows it"
    )
    return Step("wait_rule", said, until=allowed + timedelta(milliseconds=50))


def _covered(s: Situation, *, refunding: bool = False) -> bool:
    """Say whether the merchant's money covers a void of the original, or a refund."""
    if s.merchant is None or not s.merchant.void_needs_balance:
        return True
    original = s.picture.original
    counted = s.picture.now.get("merchant.counted")
    assert original is not None
    sold = KINDS[original.kind]
    kind = sold.refunded_by if refunding else sold.voided_by
    if not kind:
        return True  # nothing gives it back in this way, and so nothing takes the money
    return counted is not None and counted >= taken(KINDS[kind], original.amount, original)


def _wait_funds(s: Situation) -> Step | None:
    if s.picture.original is None or _covered(s):
        return None
    return Step(
        "wait_funds",
        Text("等待商户余额足够", "waiting until the balance covers it"),
        until=s.now + s.pace.seconds(s.pace.poll_s),
        task="merchant_funds",
    )


def _refund_instead(s: Situation) -> Step | None:
    original, merchant = _stands(s, REFUNDABLE), s.merchant
    if original is None or merchant is None or not _covered(s, refunding=True):
        return None
    if original.amount > s.refund_limit:
        return None
    tried = [one for one in s.picture.attempts if one.kind in REFUNDS]
    if len(tried) >= s.pace.tries:
        return None
    same_day = original.business_date == s.business_date
    if same_day and s.cause.name not in _NO_VOID:
        return None
    if tried:
        due = max(one.answered_at or one.received_at for one in tried)
        due += s.pace.seconds(s.pace.backoff.delay(len(tried), lambda: s.random))
        if s.now < due:
            return Step(
                "back_off", Text("再次退货前等待", "waiting before the next refund"), until=due
            )
    return Step("refund", Text("改为退货到原卡", "refunded to the card instead"), do="refund")


def _wait_cut_over(s: Situation) -> Step | None:
    """Wait for the day to change, when a refund would then be allowed."""
    original, merchant = s.picture.original, s.merchant
    if original is None or merchant is None or original.business_date != s.business_date:
        return None
    if original.amount > s.refund_limit or _stands(s, REFUNDABLE) is None:
        return None
    until = s.picture.facts.get("clock.to_cut_over")
    due = s.picture.void.received_at + timedelta(seconds=until or 0.0, milliseconds=200)
    if due <= s.now or due > s.last_at:
        return None
    return Step(
        "wait_cut_over", Text("日切后改为退货", "to be refunded after the cut-over"), until=due
    )


def _ask_of_terminal(what: str, zh: str, en: str, *later: str) -> Remedy:
    """Ask once; `later` are the steps by which a plan goes on from there."""

    def ask(s: Situation) -> Step | None:
        if s.case.step in {f"ask_{what}", *later}:
            return None
        return Step(
            f"ask_{what}", Text(zh, en), do=what, until=s.now + s.pace.seconds(s.pace.poll_s)
        )

    return ask


def _wait_terminal(s: Situation) -> Step:
    return Step(
        "wait_terminal",
        Text("等待终端处理后重做撤销", "waiting for the terminal's void"),
        until=s.now + s.pace.seconds(s.pace.poll_s),
        task=s.cause.name,
    )


def _wait_set_up(s: Situation) -> Step | None:
    facts = s.picture.now
    right = all(
        facts.get(f"terminal.{name}") for name in ("active", "kind_enabled", "within_limit")
    )
    if right:
        return None
    return Step(
        "wait_set_up",
        Text("等待终端设置更正", "waiting until the set-up is right"),
        until=s.now + s.pace.seconds(s.pace.poll_s),
        task=s.cause.name,
    )


def _ask_person(s: Situation) -> Step:
    return Step(
        "ask_person",
        Text("转人工处理：" + s.cause.support.zh, "needs manual action: " + s.cause.support.en),
        until=s.now + s.pace.seconds(s.pace.poll_s * 5),
        task=s.cause.name,
    )


def _probe(s: Situation) -> Step | None:
    """Ask the issuer for a sign of life while nobody else tells how it does."""
    told = s.picture.facts.get("issuer.witnesses_recent")
    if s.case.step == PROBE or (told or 0) >= _WITNESSES or s.picture.original is None:
        return None
    said = Text("没有旁证，向发卡行发线路测试", "nobody else tells: an echo is sent to the issuer")
    return Step(PROBE, said, do=PROBE, until=s.now)


_NETWORK: Final[tuple[Remedy, ...]] = (
    _wait_window,
    _wait_health,
    _retry,
    _refund_instead,
    _wait_cut_over,
    _ask_person,
)
_INSTEAD: Final[tuple[Remedy, ...]] = (_refund_instead, _wait_cut_over, _ask_person)
_FUNDS: Final[tuple[Remedy, ...]] = (_wait_funds, *_NETWORK)
_BY_TERMINAL: Final[tuple[Remedy, ...]] = (
    _ask_of_terminal(
        "sign_in", "下次联机时要求签到", "to sign in at its next contact", "wait_terminal"
    ),
    _wait_terminal,
)

PLANS: Final[Mapping[str, tuple[Remedy, ...]]] = {
    "original_unfinished": _NETWORK,
    "original_declined": (_refuse,),
    "original_not_found": (_refuse,),
    "original_mismatch": (_refuse,),
    "already_undone": (_refuse_undone, _ask_person),
    "already_settled": _INSTEAD,
    "merchant_balance_low": _FUNDS,
    "funds_frozen": _FUNDS,
    "funds_not_arrived": _FUNDS,
    "terminal_link": _NETWORK,
    "issuer_link": _NETWORK,
    "timeout": _NETWORK,
    "late_answer": _NETWORK,
    "issuer_maintenance": _NETWORK,
    "end_of_day": (_wait_learnt, *_NETWORK),
    "issuer_down": _NETWORK,
    "issuer_limit_amount": _INSTEAD,
    "issuer_limit_count": _INSTEAD,
    "repeated_too_soon": (_wait_rule, _wait_learnt, *_NETWORK),
    "outside_void_window": _INSTEAD,
    "policy_changed": _INSTEAD,
    "issuer_unsupported": _INSTEAD,
    "risk_refusal": (_escalate,),
    "card_problem": (_escalate,),
    "terminal_misconfigured": (
        _wait_set_up,
        _ask_of_terminal(
            "parameters",
            "下次联机时要求下载参数",
            "to download parameters",
            "retry",
            "other_route",
            "back_off",
            "ask_person",
        ),
        _retry,
        _ask_person,
    ),
    "terminal_outdated": (
        _ask_of_terminal(
            "update", "下次联机时要求更新软件", "to update its software", "wait_terminal"
        ),
        _wait_terminal,
    ),
    "keys_out_of_step": _BY_TERMINAL,
    "not_registered": (_escalate,),
    "acquirer_fault": _NETWORK,
    "issuer_error": _NETWORK,
    UNKNOWN: (_probe, *_NETWORK),
}
