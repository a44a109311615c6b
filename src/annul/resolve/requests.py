"""How the case of a refund or completion ends. annul does not do these again by itself. Pure.

The three ends are about money that goes back to the customer. A refund that went through after all
ends as `refunded`. No money goes back by a completion, whatever becomes of it: its case ends as
`refused`, in the step `ended_completed` when the pre-authorisation was charged after all.
"""

from typing import Final

from annul.domain.incident import Incident
from annul.domain.kinds import COMPLETIONS, KINDS, REFUNDS, Family
from annul.domain.money import told
from annul.domain.records import Transaction
from annul.domain.standing import told as money_told
from annul.domain.states import STANDING, Sent, State
from annul.domain.terminal_notes import ENDS, advice_declined
from annul.domain.text import Text

from . import words
from .situation import Situation, Step, end

COMPLETED: Final = "ended_completed"
ADVICE_DECLINED: Final = "advice_declined"  # task and kind of the incident
_NETWORK: Final = frozenset({"network", "window"})
_CHARGED: Final = frozenset({State.COMPLETED, State.VOIDED, State.REVERSED, State.REFUNDED})


def done(s: Situation) -> Step | None:
    """End a case whose request went through after all, or was done by a later one like it."""
    family = REFUNDS if s.case.kind in REFUNDS else COMPLETIONS
    mine = {s.case.id, s.picture.void.id}
    proof = [
        one
        for one in s.picture.attempts
        if one.kind in family
        and one.state in STANDING
        and (one.id in mine or one.amount == s.case.amount)
        and (one.answered_at or one.received_at) >= s.case.opened_at
    ]
    if not proof:
        return None
    rrns = Text("、".join(one.rrn for one in proof), ", ".join(one.rrn for one in proof))
    amount = told(sum(one.amount for one in proof), proof[0].currency)
    rest = _rest(s, proof)
    evidence = {"proof": [one.rrn for one in proof]}
    if family is REFUNDS:
        return end(
            "refunded",
            Text(
                f"退货{amount.zh}成功，参考号{rrns.zh}{rest.zh}",
                f"the refund of {amount.en} went through, {rrns.en}{rest.en}",
            ),
            evidence,
        )
    return end(
        "refused",
        Text(
            f"预授权完成{amount.zh}成功，参考号{rrns.zh}{rest.zh}",
            f"the completion of {amount.en} went through, {rrns.en}{rest.en}",
        ),
        evidence,
        name=COMPLETED,
        notice=ENDS["completed"].zh,
    )


def _rest(s: Situation, proof: list[Transaction]) -> Text:
    """Name what was asked for in the same case and did not go through."""
    void, amounts = s.picture.void, {one.amount for one in proof}
    if void.state not in {State.DECLINED, State.REVERSED} or void.amount in amounts:
        return Text("", "")
    amount = told(void.amount, void.currency)
    return Text(
        f"；另一笔{void.rrn}（{amount.zh}）未成功",
        f"; another one, {void.rrn} ({amount.en}), did not",
    )


def gone(s: Situation) -> Step | None:
    """End a completion whose pre-authorisation is not there any more, with what proves it."""
    original = s.picture.original
    if original is None or original.state not in _CHARGED:
        return None
    proof = [one for one in s.picture.attempts if one.state in STANDING]
    if original.state is State.REVERSED:
        proof = [original]
    if not proof:
        return None
    rrns = Text("、".join(one.rrn for one in proof), ", ".join(one.rrn for one in proof))
    how = {State.COMPLETED: Text("已完成", "completed"), State.REVERSED: Text("已冲正", "reversed")}
    said = how.get(original.state, Text("已撤销", "voided"))
    before = all((one.answered_at or one.received_at) < s.case.opened_at for one in proof)
    return end(
        "refused",
        Text(
            f"预授权{said.zh}，参考号{rrns.zh}", f"the pre-authorisation was {said.en}, {rrns.en}"
        ),
        {
            "cause": "already_undone" if before else s.cause.name,
            "proof": [one.rrn for one in proof],
        },
    )


def declined(s: Situation) -> Step:
    """End a case whose request did not go through: why, where the money is, what to do next."""
    void = s.picture.void
    asked = words.asked(s.case.kind)
    if KINDS[void.kind].family is Family.ADVICE and void.sent is not Sent.NOT_SENT:
        return _advice_declined(s, void)
    not_done = "not_refunded" if s.case.kind in REFUNDS else "not_completed"
    ruling = words.ruling(void.why, s.case.kind) if void.sent is Sent.NOT_SENT else None
    cause, evidence = s.cause, _evidence(s, void)
    if ruling is not None:
        return end(
            "refused",
            Text(
                f"{asked.zh}未成功：{ruling.said.zh}。下一步：{ruling.todo.zh}",
                f"{asked.en} refused: {ruling.said.en}. Next: {ruling.todo.en}",
            ),
            evidence | {"rule": ruling.name},
            notice=f"{ENDS[not_done].zh}:{ruling.said.zh}",
        )
    title, money = words.title(cause, s.case.kind), money_told(s.standing, s.case.kind)
    following = words.next_step(cause, s.case.kind)
    again = cause.retry_safe and cause.patience in _NETWORK
    return end(
        "refused",
        Text(
            f"{asked.zh}未成功：{title.zh}。{money.zh}下一步：{following.zh}",
            f"{asked.en} not done: {title.en}. {money.en} Next: {following.en}",
        ),
        evidence,
        task=f"{_task(s.case.kind)}_again" if again else "",
    )


def _task(kind: str) -> str:
    return "refund" if kind in REFUNDS else "completion"


def _advice_declined(s: Situation, void: Transaction) -> Step:
    """Say that a completion was declined which the terminal was told had been accepted."""
    code = void.response_code or void.late_code or "-"
    amount = told(void.amount, void.currency)
    why = Text(
        f"终端已被告知成功的离线完成{void.rrn}（{amount.zh}）被发卡行{void.issuer_id}拒绝，应答码{code}，"
        "这笔钱没有收到。下一步：联系持卡人另行收款，或由收单机构向发卡行追讨",
        f"the completion advice {void.rrn} ({amount.en}) that the terminal was told is accepted was"
        f" declined by issuer {void.issuer_id} with code {code}: this money was not taken. Next:"
        " collect it from the cardholder another way, or let the acquirer ask the issuer for it",
    )
    incident = Incident.of_case(
        ADVICE_DECLINED,
        s.case,
        reference=void.rrn,
        amount=void.amount,
        currency=void.currency,
        issuer=void.issuer_id,
        code=code,
    )
    return end(
        "refused",
        why,
        _evidence(s, void),
        task=ADVICE_DECLINED,
        incident=incident,
        notice=advice_declined(code),
    )


def _evidence(s: Situation, void: Transaction) -> dict[str, object]:
    original = s.picture.original
    evidence: dict[str, object] = {
        "diagnosed": s.cause.name,
        "kind": KINDS[void.kind].title.en,
        "request": void.rrn,
        "code": void.response_code,
    }
    return evidence | ({"original": original.rrn} if original else {})
