"""What to do next with a case. Pure: from a situation to a step, by tables.

First what is certain: what is still under way, and how the original stands. Then a person's order.
Then nothing, as long as somebody has the case. Then, for a void, what its shop wants and the
remedies of its cause; a refund or completion is not done again by annul, so it only ends. Nothing
is tried while anything has no outcome, whatever the cause.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from annul.domain.kinds import COMPLETIONS, REFUNDABLE, VOIDABLE, VOIDS
from annul.domain.records import Transaction
from annul.domain.states import STANDING, UNFINISHED, State
from annul.domain.terminal_notes import ENDS
from annul.domain.text import Text

from .remedies import remedied
from .requests import declined, done, gone
from .situation import Situation, Step, end
from .unproved import unproved

DROPPED: Final = "order_dropped"  # the step that takes a person's order off the case
# Steps that wait for an outcome: until then nothing ends the case but its last time.
AWAITING: Final = frozenset({"await_outcome", "await_original"})
ASK_SHOP: Final = "ask_shop"
HELD: Final = "held"  # the step that leaves the case to who has it
WITHDRAWN: Final = "withdrawn by the shop"
_GIVEN_BACK: Final = {State.VOIDED: "voided", State.REFUNDED: "refunded"}
_SAID: Final = {"voided": Text("撤销成功", "voided"), "refunded": Text("已退货", "refunded")}
_ORDERS: Final = {
    "retry": (VOIDABLE, Text("由人工要求重试", "a person has ordered a retry")),
    "refund": (REFUNDABLE, Text("由人工要求退货", "a person has ordered a refund")),
}


def decide(situation: Situation) -> Step:
    """Give the next step of a case; there always is one."""
    s = situation
    if s.case.kind in VOIDS:
        certain = _certain(s) or _given_back(s)
        return certain or _ordered(s) or _held(s) or _taken_back(s) or remedied(s)
    back = gone if s.case.kind in COMPLETIONS else _given_back
    return _certain(s) or done(s) or back(s) or _ordered(s) or _held(s) or declined(s)


# What is certain ---------------------------------------------------------------------------


def _certain(s: Situation) -> Step | None:
    """Wait for whatever has no outcome."""
    original, under_way = s.picture.original, s.under_way
    if original is None:
        return None
    if under_way:
        return _wait(
            s,
            "await_outcome",
            Text(
                f"等待{len(under_way)}笔在途交易的结果，结果确定前不再尝试",
                f"{len(under_way)} that refer to the original have no outcome yet; nothing is tried"
                " before",
            ),
            under_way,
        )
    if original.state in UNFINISHED:
        return _wait(
            s,
            "await_original",
            Text(
                "原交易结果未定，先等待其冲正或确认",
                "the original has no outcome yet and is settled first",
            ),
            [original],
        )
    return None


def _given_back(s: Situation) -> Step | None:
    """End a case whose money is back, by whatever gave it back."""
    original = s.picture.original
    if original is None:
        return None
    if original.state is State.REVERSED and s.picture.void.why != "already_undone":
        return end(
            "voided",
            Text("原交易已冲正，顾客没有被扣款", "the sale itself is reversed; nothing was taken"),
            {"proof": [original.rrn]},
        )
    how = _GIVEN_BACK.get(original.state)
    if how is None:
        return _completed(s) if original.state is State.COMPLETED else None
    return _proved(s, how)


def _proved(s: Situation, how: str) -> Step:
    """Name what gave it back; what came before the case refuses it.

    Without anything that proves it nothing ends: what is not seen yet is waited for.
    """
    proof = [one for one in s.picture.attempts if one.state is State.APPROVED]
    if not proof:
        return _wait(
            s,
            "await_original",
            Text(
                "原交易记为已退回，但没有看到退回它的交易，等待核实",
                "the original counts as given back, but nothing is seen that has done it",
            ),
            (),
        )
    rrns = [one.rrn for one in proof]
    if all((one.answered_at or one.received_at) < s.case.opened_at for one in proof):
        return end(
            "refused",
            Text(
                f"此前已退回，参考号{'、'.join(rrns)}",
                f"given back before, reference {', '.join(rrns)}",
            ),
            {"cause": "already_undone", "proof": rrns},
        )
    said = _SAID[how]
    return end(
        how,
        Text(f"{said.zh}，参考号{'、'.join(rrns)}", f"{said.en}, {', '.join(rrns)}"),
        {"proof": rrns},
    )


def _completed(s: Situation) -> Step | None:
    """Refuse to void a pre-authorisation that a completion has charged."""
    proof = [
        one.rrn for one in s.picture.attempts if one.kind in COMPLETIONS and one.state in STANDING
    ]
    if not proof:
        return None
    rrns = Text("、".join(proof), ", ".join(proof))
    return end(
        "refused",
        Text(
            f"预授权已完成，参考号{rrns.zh}；请撤销该笔完成，或改做退货",
            f"the pre-authorisation was completed, reference {rrns.en}; void the"
            " completion or refund it",
        ),
        {"cause": "already_undone", "proof": proof},
    )


def _wait(s: Situation, name: str, why: Text, under_way: Sequence[Transaction]) -> Step:
    """Look again soon at first, then more rarely; at the last time the outcome is unproved."""
    if s.case.ordered == "close":
        return _dropped(s, Text("结果未定，不能结案", "its outcome is open: it cannot be closed"))
    if s.now >= s.unproved_at:
        return unproved(s, under_way)
    age = max((s.now - s.case.opened_at).total_seconds() / s.pace.watch.first_s, 1.0)
    wait = s.pace.watch.delay(int(age).bit_length(), lambda: s.random)
    evidence = {"under_way": [one.rrn for one in under_way]}
    return Step(name, why, until=s.now + timedelta(seconds=wait), evidence=evidence)


# What people want --------------------------------------------------------------------------


def _ordered(s: Situation) -> Step | None:
    """Do what a person has ordered, or say that it is not possible with this original.

    They, and where it takes two the second one, have seen the amount of the case.
    """
    order, original, void = s.case.ordered, s.picture.original, s.case.kind in VOIDS
    if order == "close":
        return end("refused", Text("由人工结案", "closed by a person"), {"diagnosed": s.cause.name})
    if order == "withdraw" and void:
        proof = {"diagnosed": s.cause.name, "proof": WITHDRAWN}
        return end(
            "refused",
            Text(
                "撤销已由商户撤回，原消费有效", "the shop has withdrawn the void: the sale stands"
            ),
            proof | ({"original": original.rrn} if original else {}),
            notice=ENDS["withdrawn"].zh,
        )
    if not order:
        return None
    kinds, said = _ORDERS.get(order, ((), Text("", "")))
    if (
        void
        and original is not None
        and (original.state, original.amount) == (State.APPROVED, s.case.amount)
        and original.kind in kinds
    ):
        return Step(order, said, do=order)
    return _dropped(
        s,
        Text(
            "原交易的状态、类型或金额不允许",
            "state, kind or amount of the original do not allow it",
        ),
    )


def _held(s: Situation) -> Step | None:
    """Leave it to who has it, for the time they have said and never beyond its last one."""
    until = s.case.assigned_until
    if until is None or s.now >= min(until, s.last_at):
        return None
    who = s.case.assigned_to
    said = Text(f"{who}正在处理，自动处理暂停", f"{who} has it; automatic handling pauses")
    return Step(HELD, said, until=min(until, s.last_at))


def _dropped(s: Situation, why: Text) -> Step:
    return dropped(s, why, {"ordered": s.case.ordered})


def dropped(s: Situation, why: Text, evidence: Mapping[str, Any]) -> Step:
    """Take a person's order off the case, and say why it can not be done."""
    said = Text(f"人工要求无法执行：{why.zh}", f"what was ordered cannot be done: {why.en}")
    return Step(DROPPED, said, until=s.now, evidence=evidence)


def _taken_back(s: Situation) -> Step | None:
    """Let the shop say whether it still wants a void that its own terminal took back.

    Whatever annul has sent since then was ordered by somebody, who wants it.
    """
    void = s.wish
    if void is None or not void.taken_back:
        return None
    rule = s.merchant.reversed_voids if s.merchant else "ask"
    if rule == "void" or any(one.received_at > void.received_at for one in s.own):
        return None
    if rule == "stand" or s.now >= s.last_at:
        return end(
            "refused",
            Text(
                f"商户终端冲正了撤销{void.rrn}，原消费有效",
                f"the shop's terminal took void {void.rrn} back, so the sale stands",
            ),
            {"diagnosed": s.cause.name, "proof": [void.rrn]},
            notice=ENDS["taken_back"].zh,
        )
    return Step(
        ASK_SHOP,
        Text(
            f"商户终端冲正了撤销{void.rrn}：请商户选择重试撤销，或撤回撤销、原消费有效",
            f"the shop's terminal took void {void.rrn} back: the shop says whether to try it again,"
            " or to withdraw it and let the sale stand",
        ),
        until=s.now + s.pace.seconds(s.pace.poll_s),
        task="void_taken_back",
        evidence={"void": void.rrn},
    )
