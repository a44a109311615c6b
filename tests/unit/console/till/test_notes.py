"""What a terminal's display says in Chinese is said in English beside it."""

import pytest

from annul.console.frame.texts import Words
from annul.console.till import notes


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("凭证000002已撤销", "Voucher 000002: voided"),
        ("凭证000002已改为退货", "Voucher 000002: refunded instead"),
        ("凭证000002退货成功", "Voucher 000002: refunded"),
        ("凭证000002预授权完成成功", "Voucher 000002: completed"),
        ("凭证000002结果待人工核实", "Voucher 000002: outcome unproved"),
        (
            "凭证000002未撤销:发卡行单笔超时",
            "Voucher 000002: not voided. The issuer did not answer this one in time.",
        ),
        (
            "凭证000002退货未成功:发卡行不支持此退货",
            "Voucher 000002: not refunded. The issuer does not take this refund.",
        ),
        (
            "凭证000002离线完成被拒51,款未收到",
            "Voucher 000002: the bank declined the completion (51); this money was not taken.",
        ),
        ("别的话", "别的话"),
    ],
)
def test_a_note_is_said_in_english(note: str, said: str) -> None:
    assert notes.said(note, Words("en")) == said
    assert notes.said(note, Words("zh")) == note
