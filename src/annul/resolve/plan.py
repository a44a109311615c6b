"""What to do next with a case. Pure: from a situation to a step, by tables.

First what is certain: how the original stands and what is still under way. Then, by the most
probable cause, the first remedy of its row that applies. A void with an open outcome is never
followed by another attempt, whatever the cause.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from annul.diagnose.causes import Text
from annul.domain.policies import PolicyKind, current
from annul.domain.records import Transaction
from annul.domain.states import UNFINISHED, State

from .situation import Situation, Step

DROPPED: Final = "order_dropped"  # the step that takes a person's order off the case
_REFUNDS: Final = frozenset({"refund", "qr_refund"})
_RETRIED: Final = frozenset({"sale", "qr_sale", "preauth", "completion"})
_REFUNDED: Final = frozenset({"sale", "qr_sale", "completion", "completion_advice"})
_ORDERS: Final = {
    "retry": (_RETRIED, Text("由人工要求重试", "a person has ordered a retry")),
    "refund": (_REFUNDED, Text("由人工要求退货", "a person has ordered a refund")),
}
# The issuer takes no void, now or for this one, but may take a refund at once.
_NO_VOID: Final = frozenset(
    {"issuer_unsupported", "issuer_limit_amount", "outside_void_window", "policy_changed",
     "already_settled"}
)  # fmt: skip


Remedy = Callable[[Situation], Step | None]


def decide(situation: Situation) -> Step:
    """Give the next step of a case; there always is one."""
    return _certain(situation) or _ordered(situation) or _remedied(situation)


# What is certain ---------------------------------------------------------------------------


def _certain(s: Situation) -> Step | None:
    original, attempts = s.picture.original, s.picture.attempts
    if original is None:
        return None
    under_way = [one for one in attempts if one.state in UNFINISHED]
    if under_way:
        return _wait(s, "await_outcome", Text(
            f"等待{len(under_way)}笔在途撤销或退货的结果，结果确定前不再尝试",
            f"{len(under_way)} voids or refunds have no outcome yet; nothing is tried before",
        ), {"under_way": [one.rrn for one in under_way]})  # fmt: skip
    if original.state in UNFINISHED:
        return _wait(s, "await_original", Text(
            "原交易结果未定，先等待其冲正或确认", "the original has no outcome yet; it comes first"
        ))  # fmt: skip
    return _given_back(s, original)


def _given_back(s: Situation, original: Transaction) -> Step | None:
    """End a case whose money is back, by whatever gave it back; what came before it refuses it."""
    if original.state is State.REVERSED and s.picture.void.why != "already_undone":
        return _end("voided", Text("原交易已冲正，顾客没有被扣款",
                                   "the sale itself is reversed; nothing was taken"),
                    {"proof": [original.rrn]})  # fmt: skip
    end = {State.VOIDED: "voided", State.REFUNDED: "refunded"}.get(original.state)
    if end is None:
        return None
    proof = [one for one in s.picture.attempts if one.state is State.APPROVED]
    rrns = [one.rrn for one in proof]
    if all((one.answered_at or one.received_at) < s.case.opened_at for one in proof):
        return _end("refused", Text(f"此前已退回，参考号{'、'.join(rrns)}",
                                    f"given back before, reference {', '.join(rrns)}"),
                    {"cause": "already_undone", "proof": rrns})  # fmt: skip
    said = Text("撤销成功", "voided") if end == "voided" else Text("已退货", "refunded")
    return _end(end, Text(f"{said.zh}，参考号{'、'.join(rrns)}", f"{said.en}, {', '.join(rrns)}"),
                {"proof": rrns})  # fmt: skip


def _ordered(s: Situation) -> Step | None:
    """Do what a person has ordered, or say that it is not possible with this original.

    They, and where it takes two the second one, have seen the amount of the case.
    """
    order, original = s.case.ordered, s.picture.original
    if order == "close":
        return _end("refused", Text("由人工结案", "closed by a person"), {"cause": s.cause.name})
    if order not in _ORDERS:
        return None
    kinds, said = _ORDERS[order]
    if (
        original is not None
        and (original.state, original.amount) == (State.APPROVED, s.case.amount)
        and original.kind in kinds
    ):
        return Step(order, said, do=order)
    return Step(DROPPED, Text(
        "人工要求无法执行：原交易的状态、类型或金额不允许",
        "what a person has ordered can not be done: state, kind or amount of the original",
    ), until=s.now, evidence={"ordered": order})  # fmt: skip


# Remedies ----------------------------------------------------------------------------------


def _refuse(s: Situation) -> Step:
    cause = s.cause
    proof: dict[str, Any] = {"cause": cause.name}
    original = s.picture.original
    if original is not None:
        proof["original"] = original.rrn
        proof["undone_by"] = [one.rrn for one in s.picture.attempts if one.state is State.APPROVED]
    return _end("refused", Text(
        f"{cause.title.zh}：{cause.money.zh}下一步：{cause.cashier.zh}",
        f"{cause.title.en}. {cause.money.en} Next: {cause.cashier.en}",
    ), proof)  # fmt: skip


def _escalate(s: Situation) -> Step:
    """End it at once, with something for a person to follow up."""
    refused = _refuse(s)
    return Step(refused.name, refused.why, end=refused.end, task=s.cause.name,
                evidence=refused.evidence)  # fmt: skip


def _stands(s: Situation, kinds: frozenset[str]) -> Transaction | None:
    """Give the original if all of it can be given back and the void asked for just that amount."""
    original = s.picture.original
    if (
        original is None
        or original.state is not State.APPROVED
        or original.undone
        or original.kind not in kinds
        or original.amount != s.picture.void.amount
    ):
        return None
    return original


def _voidable(s: Situation) -> bool:
    """Say whether a void may still be sent: same business day, batch open, something to void."""
    original = _stands(s, _RETRIED)
    return original is not None and (original.business_date, original.batch) == (
        s.business_date,
        s.batch,
    )


def _retry(s: Situation) -> Step | None:
    merchant = s.merchant
    if merchant is None or not merchant.retry_voids or not _voidable(s):
        return None
    tries = s.own_tries
    if not s.cause.retry_safe or len(tries) >= s.pace.tries:
        return None
    last = max((one.answered_at or one.received_at for one in s.picture.attempts),
               default=s.case.opened_at)  # fmt: skip
    wait = s.pace.backoff.delay(len(tries) + 1, lambda: s.random)
    due = last + s.pace.seconds(wait)
    if s.now < due:
        number = len(tries) + 1
        said = Text(f"第{number}次重试前等待", f"waiting before retry {number}")
        return Step("back_off", said, until=due)
    name = "other_route" if s.other_route else "retry"
    return Step(name, Text(f"第{len(tries) + 1}次重试撤销", f"retry {len(tries) + 1} of the void"),
                do=name)  # fmt: skip


def _wait_window(s: Situation) -> Step | None:
    rules = current(s.picture.policies, s.now)
    for kind in (PolicyKind.MAINTENANCE, PolicyKind.END_OF_DAY):
        window = rules.get(kind)
        if window is not None and window.valid_until is not None:
            spread = s.pace.seconds(5 * s.random)
            return Step("wait_window", Text("等待发卡行窗口结束", "the window must end first"),
                        until=window.valid_until + spread)  # fmt: skip
    return None


def _wait_health(s: Situation) -> Step | None:
    if s.probe_at is None or s.other_route:
        return None
    return Step("wait_health", Text("发卡行不可用，等待恢复", "the issuer is down; waiting for it"),
                until=max(s.probe_at, s.now + timedelta(milliseconds=100)))  # fmt: skip


def _wait_rule(s: Situation) -> Step | None:
    """Wait until the issuer allows the next void of this card."""
    rule = current(s.picture.policies, s.now).get(PolicyKind.VOID_INTERVAL)
    since = s.picture.facts.get("card.since_last_void")
    if rule is None or since is None:
        return None
    allowed = s.picture.void.received_at + timedelta(seconds=rule.number - since)
    if s.now >= allowed:
        return None
    return Step("wait_rule", Text("等待发卡行允许的间隔", "waiting for the issuer's interval"),
                until=allowed + timedelta(milliseconds=50))  # fmt: skip


def _covered(s: Situation) -> bool:
    if s.merchant is None or not s.merchant.void_needs_balance:
        return True
    original = s.picture.original
    counted = s.picture.facts.get("merchant.counted")
    assert original is not None
    return counted is not None and counted >= original.amount - original.fee


def _wait_funds(s: Situation) -> Step | None:
    if s.picture.original is None or _covered(s):
        return None
    return Step("wait_funds", Text("等待商户余额足够", "waiting until the balance covers it"),
                until=s.now + s.pace.seconds(s.pace.poll_s), task="merchant_funds")  # fmt: skip


def _refund_instead(s: Situation) -> Step | None:
    original, merchant = _stands(s, _REFUNDED), s.merchant
    if original is None or merchant is None or not _covered(s):
        return None
    if original.amount > merchant.refund_instead_limit:
        return None
    tried = [one for one in s.picture.attempts if one.kind in _REFUNDS]
    if len(tried) >= s.pace.tries:
        return None
    same_day = original.business_date == s.business_date
    if same_day and s.cause.name not in _NO_VOID:
        return None
    if tried:
        due = max(one.answered_at or one.received_at for one in tried)
        due += s.pace.seconds(s.pace.backoff.delay(len(tried), lambda: s.random))
        if s.now < due:
            return Step("back_off", Text("再次退货前等待", "waiting before the next refund"),
                        until=due)  # fmt: skip
    return Step("refund", Text("改为退货到原卡", "refunded to the card instead"), do="refund")


def _wait_cut_over(s: Situation) -> Step | None:
    """Wait for the day to change, when a refund would then be allowed."""
    original, merchant = s.picture.original, s.merchant
    if original is None or merchant is None or original.business_date != s.business_date:
        return None
    if original.amount > merchant.refund_instead_limit or _stands(s, _REFUNDED) is None:
        return None
    until = s.picture.facts.get("clock.to_cut_over")
    due = s.picture.void.received_at + timedelta(seconds=until or 0.0, milliseconds=200)
    last = s.case.opened_at + s.pace.last(s.cause.patience)
    if due <= s.now or due > last:
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
    return Step("wait_terminal", Text("等待终端处理后重做撤销", "waiting for the terminal's void"),
                until=s.now + s.pace.seconds(s.pace.poll_s), task=s.cause.name)  # fmt: skip


def _wait_set_up(s: Situation) -> Step | None:
    facts = s.picture.facts
    right = all(
        facts.get(f"terminal.{name}") for name in ("active", "kind_enabled", "within_limit")
    )
    if right:
        return None
    return Step("wait_set_up", Text("等待终端设置更正", "waiting until the set-up is right"),
                until=s.now + s.pace.seconds(s.pace.poll_s), task=s.cause.name)  # fmt: skip


def _ask_person(s: Situation) -> Step:
    return Step("ask_person", Text("请人工处理：" + s.cause.support.zh,
                                   "a person is asked: " + s.cause.support.en),
                until=s.now + s.pace.seconds(s.pace.poll_s * 5), task=s.cause.name)  # fmt: skip


_NETWORK: Final[tuple[Remedy, ...]] = (
    _wait_window, _wait_health, _retry, _refund_instead, _wait_cut_over, _ask_person,
)  # fmt: skip
_INSTEAD: Final[tuple[Remedy, ...]] = (_refund_instead, _wait_cut_over, _ask_person)
_FUNDS: Final[tuple[Remedy, ...]] = (_wait_funds, *_NETWORK)
_BY_TERMINAL: Final[tuple[Remedy, ...]] = (
    _ask_of_terminal("sign_in", "下次联机时要求签到", "to sign in at its next contact",
                     "wait_terminal"),
    _wait_terminal,
)  # fmt: skip

PLANS: Final[Mapping[str, tuple[Remedy, ...]]] = {
    "original_unfinished": _NETWORK,
    "original_declined": (_refuse,),
    "original_not_found": (_refuse,),
    "original_mismatch": (_refuse,),
    "already_undone": (_refuse,),
    "already_settled": _INSTEAD,
    "merchant_balance_low": _FUNDS,
    "funds_frozen": _FUNDS,
    "funds_not_arrived": _FUNDS,
    "terminal_link": _NETWORK,
    "issuer_link": _NETWORK,
    "timeout": _NETWORK,
    "late_answer": _NETWORK,
    "issuer_maintenance": _NETWORK,
    "end_of_day": _NETWORK,
    "issuer_down": _NETWORK,
    "issuer_limit_amount": _INSTEAD,
    "issuer_limit_count": _INSTEAD,
    "repeated_too_soon": (_wait_rule, *_NETWORK),
    "outside_void_window": _INSTEAD,
    "policy_changed": _INSTEAD,
    "issuer_unsupported": _INSTEAD,
    "risk_refusal": (_escalate,),
    "card_problem": (_escalate,),
    "terminal_misconfigured": (
        _wait_set_up,
        _ask_of_terminal("parameters", "下次联机时要求下载参数", "to download parameters",
                         "retry", "other_route", "back_off", "ask_person"),
        _retry, _ask_person,
    ),
    "terminal_outdated": (
        _ask_of_terminal("update", "下次联机时要求更新软件", "to update its software",
                         "wait_terminal"),
        _wait_terminal,
    ),
    "keys_out_of_step": _BY_TERMINAL,
    "not_registered": (_escalate,),
    "acquirer_fault": _NETWORK,
    "issuer_error": _NETWORK,
}  # fmt: skip


def _remedied(s: Situation) -> Step:
    original = s.picture.original
    cause = s.cause
    if original is None and cause.patience != "proof" and cause.name not in _WITHOUT_ORIGINAL:
        return _refuse(s)  # nothing that could be voided or refunded later
    if s.now >= s.case.opened_at + s.pace.last(cause.patience):
        return _escalate(s)
    step = next((step for remedy in PLANS[cause.name] if (step := remedy(s)) is not None), None)
    assert step is not None, "each plan ends with a remedy that always applies"
    final = step.do == "refund" or step.end
    return _ask_person(s) if final and not s.sure and not cause.retry_safe else step


_WITHOUT_ORIGINAL: Final = frozenset({"keys_out_of_step", "terminal_outdated"})


def _wait(s: Situation, name: str, why: Text, evidence: Mapping[str, Any] | None = None) -> Step:
    """Look again soon at first, then more rarely."""
    age = max((s.now - s.case.opened_at).total_seconds() / s.pace.watch.first_s, 1.0)
    wait = s.pace.watch.delay(int(age).bit_length(), lambda: s.random)
    return Step(name, why, until=s.now + timedelta(seconds=wait), evidence=evidence or {})


def _end(end: str, why: Text, evidence: Mapping[str, Any]) -> Step:
    return Step(f"ended_{end}", why, end=end, evidence=evidence)
