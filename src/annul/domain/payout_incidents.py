"""The kinds of incidents of payouts and of what banks say of them (docs/differences.md)."""

from typing import Final

from .incident import IncidentKind, Severity, Subject
from .text import Text

_SECTION: Final = "payouts"
_DIFFERS: Final = Text(
    "未记账；银行账户与账簿相差这笔金额，直到更正",
    "Nothing was posted: bank and books differ by it until it is corrected.",
)
_ASK_BANK: Final = Text(
    "向银行查这笔付款；按查实的结果由两人更正",
    "Ask the bank about this payout; two people correct what is found.",
)
_SAYS: Final = Text(
    "付款{payout}：银行报告{said:word} {amount:money}（{reason}），此处为{state:word}",
    "Payout {payout}: the bank says {said:word} {amount:money} ({reason}), here it was"
    " {state:word}",
)
# kind, severity, subject; title, what it means for the money, what to do, what a row says; section
PAYOUT_INCIDENTS: Final = (
    IncidentKind(
        "payout_unknown",
        Severity.CRITICAL,
        Subject.PAYOUT,
        Text("银行报告了此处没有的付款", "The bank tells of a payout that is not known"),
        _DIFFERS,
        _ASK_BANK,
        _SAYS,
        _SECTION,
    ),
    IncidentKind(
        "payout_differs",
        Severity.CRITICAL,
        Subject.PAYOUT,
        Text("银行所报付款金额不同", "The bank gives another amount of a payout"),
        _DIFFERS,
        _ASK_BANK,
        _SAYS,
        _SECTION,
    ),
    IncidentKind(
        "payout_contradicted",
        Severity.CRITICAL,
        Subject.PAYOUT,
        Text("银行前后说法矛盾", "The bank says the contrary of a payout"),
        _DIFFERS,
        _ASK_BANK,
        _SAYS,
        _SECTION,
    ),
    IncidentKind(
        "payout_twice",
        Severity.CRITICAL,
        Subject.PAYOUT,
        Text("银行将一笔付款入账两次", "The bank has booked a payout twice"),
        _DIFFERS,
        _ASK_BANK,
        _SAYS,
        _SECTION,
    ),
    IncidentKind(
        "payout_failed",
        Severity.WARNING,
        Subject.PAYOUT,
        Text("付款未到商户账户", "A payout did not reach the merchant's account"),
        Text(
            "款项已回到可用余额；该账户停用，暂不再付款",
            "The money is available again; the account is stopped, nothing more is paid to it.",
        ),
        Text(
            "与商户核对账户，换账户或恢复使用",
            "Check the account with the merchant; replace it, or use it again.",
        ),
        _SAYS,
        _SECTION,
    ),
    IncidentKind(
        "bank_sum_differs",
        Severity.CRITICAL,
        Subject.FILE,
        Text("银行所报总额与付款文件不符", "The bank gives another sum of a payout file"),
        _DIFFERS,
        _ASK_BANK,
        Text("文件{name}", "File {name}"),
        _SECTION,
    ),
    IncidentKind(
        "bank_other_account",
        Severity.WARNING,
        Subject.FILE,
        Text("银行文件属于另一账户", "A file of the bank is of another account"),
        Text(
            "其中提到的付款未记账：那里的入账不是退回",
            "What it says of payouts had no effect: what arrived there has not come back.",
        ),
        Text(
            "核对设置中的付款账户；请银行发送该账户的对账单",
            "Compare the account in the settings; ask the bank for the statement of that one.",
        ),
        Text("文件{name}", "File {name}"),
        _SECTION,
    ),
    IncidentKind(
        "payout_file_stands_still",
        Severity.WARNING,
        Subject.FILE,
        Text("付款文件停在途中", "A payout file stands still on its way"),
        Text(
            "银行可能已有此文件；商户的钱在途",
            "The bank may have it or not; the merchants' money is on its way.",
        ),
        Text(
            "启动那台主机或恢复其文件夹；否则先问银行是否收到，再交由人送",
            "Start its host or bring its folder back; else ask the bank for it, then hand it over.",
        ),
        Text("文件{name}", "File {name}"),
        _SECTION,
    ),
    IncidentKind(
        "payouts_fail",
        Severity.WARNING,
        Subject.LOOP,
        Text("付款的一个步骤失败", "A step of payouts fails"),
        Text(
            "已付的不变；该步骤所做的在延迟", "What was paid stays so; what the step does is late."
        ),
        Text(
            "按所示原因处理；恢复后自动继续并关闭",
            "Mend what is named; then it goes on by itself, and this is closed.",
        ),
        Text("{step}：{why}", "{step}: {why}"),
        _SECTION,
    ),
    IncidentKind(
        "bank_file_unreadable",
        Severity.WARNING,
        Subject.FILE,
        Text("银行文件无法读取", "A file of the bank cannot be read"),
        Text(
            "其中的到账与退回未记账",
            "What it says of payouts has had no effect.",
        ),
        Text(
            "看所指位置；请银行重发",
            "Look at the place that is named; ask the bank for it once more.",
        ),
        Text("文件{name}：{why}", "File {name}: {why}"),
        _SECTION,
    ),
)
