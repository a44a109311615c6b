"""What is counted of payouts and of clearing."""

from typing import Final

from annul.domain.text import Text
from annul.settle.clearing.foretell import Foretelling
from annul.settle.clearing.proving import Proving
from annul.settle.paying import Paying, PayingCounts

from .series import Alert, Group, counter, each, fields_of, one

_PAYING: Final = {
    "made": Text("生成付款", "payouts made"),
    "held": Text("等待第二人的付款", "payouts made that wait for a second person"),
    "files": Text("生成付款文件", "files made for the bank"),
    "read": Text("读完银行文件", "files of the bank read"),
    "unreadable": Text("无法读取的银行文件", "files of the bank that could not be read"),
    "failed": Text("失败的步骤", "steps that failed"),
}

SETTLING: Final = Group(
    Text("付款与清算", "Payouts and clearing"),
    (
        counter(
            "annul_payout_events_total",
            Text("付款与银行文件的处理", "What was done of payouts and files of the bank"),
            Paying,
            each(lambda paying: fields_of(paying.counts)),
            labels=("event",),
            values=_PAYING,
            counts=PayingCounts,
            alerts=(
                Alert(
                    "AnnulPayoutsFail",
                    'sum(increase(annul_payout_events_total{event="failed"}[15m])) > 3',
                    "0m",
                    "warning",
                    Text("付款步骤反复失败", "Steps of payouts fail again and again"),
                ),
            ),
        ),
        counter(
            "annul_breaks_foretold_total",
            Text("清算文件到来前预计的差错", "Breaks that are expected before the file comes"),
            Foretelling,
            one(lambda foretelling: foretelling.foretold),
        ),
        counter(
            "annul_clearing_proofs_total",
            Text(
                "执行清算文件的证明（含重试）",
                "Proofs of clearing files carried out, or tried again",
            ),
            Proving,
            one(lambda proving: proving.carried),
        ),
    ),
)
