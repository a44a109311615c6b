"""The end of a case whose money nobody could prove: whose word is missing, and what to do."""

from collections.abc import Sequence
from typing import Final

from annul.diagnose.gather import Owed
from annul.domain.incident import Incident
from annul.domain.kinds import KINDS, Money
from annul.domain.money import told
from annul.domain.records import Transaction
from annul.domain.states import State
from annul.domain.text import Text

from .case import UNPROVED
from .situation import Situation, Step, end

TASK: Final = "outcome_unproved"  # also the kind of the incident
_WHERE: Final = {
    Money.TAKE: Text(
        "钱可能已从持卡人扣除，也可能没有", "the cardholder may have been charged, or may not"
    ),
    Money.BACK: Text(
        "钱可能已退给持卡人，也可能没有", "the cardholder may have the money back, or may not"
    ),
    Money.HOLD: Text(
        "卡上可能已冻结，也可能没有", "the amount may be set aside on the card, or not"
    ),
    Money.RELEASE: Text(
        "卡上的冻结可能已解除，也可能没有", "the amount set aside may be free again, or not"
    ),
    Money.NONE: Text("没有动账", "no money moves"),
}


def unproved(s: Situation, open_: Sequence[Transaction]) -> Step:
    """Hand over what is open to people; it is taken up again as soon as nothing is under way."""
    said = [_open(one, s.picture.owed.get(one.id)) for one in open_]
    original = s.picture.original
    if not said and original is not None:
        said = [
            Text(
                f"原交易{original.rrn}记为已退回，但没有退回它的交易",
                f"the original {original.rrn} counts as given back, but nothing has done it",
            )
        ]
    named = [one.rrn for one in open_ or ([original] if original else [])]
    commands = ", ".join(f"annul conclude {rrn}" for rrn in named)
    why = Text(
        f"结果无法证实：{'；'.join(one.zh for one in said)}。"
        f"下一步：取得发卡行证据，两人人工结论（{commands}）",
        f"Outcome unproved: {'; '.join(one.en for one in said)}. Next: get evidence from the issuer"
        f" and conclude it by hand, two people ({commands})",
    )
    return end(
        UNPROVED,
        why,
        {"under_way": named, "cause": s.cause.name},
        task=TASK,
        incident=Incident.of_case(TASK, s.case, why=why),
    )


def _open(one: Transaction, owed: Owed | None) -> Text:
    kind, tried = KINDS[one.kind], _tried(one, owed)
    where, amount = _WHERE[kind.money], told(one.amount, one.currency)
    return Text(
        f"缺发卡行{one.issuer_id}对{kind.title.zh}{one.rrn}（{amount.zh}）的答复，{tried.zh}，{where.zh}",
        f"issuer {one.issuer_id} has not said what became of the {kind.title.en} {one.rrn}"
        f" ({amount.en}), {tried.en}, {where.en}",
    )


def _tried(one: Transaction, owed: Owed | None) -> Text:
    if one.state is State.DISPUTED:
        code = (owed and owed.last_code) or one.late_code or one.response_code
        return Text(
            f"该行的说法与本系统记录矛盾（应答{code or '无'}）",
            f"what it says contradicts this host's record (code {code or 'none'})",
        )
    if owed is None:
        return Text("没有在途的请求", "nothing is on its way to it")
    code = Text(owed.last_code or "无应答", owed.last_code or "no answer")
    if owed.kind == "reversal":
        return Text(
            f"冲正已发{owed.attempts}次（最近：{code.zh}）",
            f"the reversal was sent {owed.attempts} times (last: {code.en})",
        )
    return Text(
        f"已重发{owed.attempts}次（最近：{code.zh}）",
        f"it was sent again {owed.attempts} times (last: {code.en})",
    )
