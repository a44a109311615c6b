"""The kinds of incidents of clearing files and breaks (docs/differences.md)."""

from typing import Final

from .incident import IncidentKind, Severity, Subject, about_transaction
from .text import Text

_SECTION: Final = "clearing"
# kind, severity, subject; title, what it means for the money, what to do, what a row says; section
CLEARING_INCIDENTS: Final = (
    IncidentKind(
        "clearing_breaks",
        Severity.WARNING,
        Subject.FILE,
        Text("清算文件与账簿不符", "A clearing file and the books differ"),
        Text(
            "差额在暂挂账户，商户账户未动",
            "What differs stands in suspense; no merchant's account has moved.",
        ),
        Text(
            "逐笔处理差异；金额大的须两人",
            "Work on its breaks; larger ones take two people.",
        ),
        Text("文件{name}：{count}笔差异", "File {name}: {count} breaks"),
        _SECTION,
    ),
    IncidentKind(
        "file_late",
        Severity.WARNING,
        Subject.FILE,
        Text("清算文件没有按时到", "A clearing file has not come in time"),
        Text(
            "账目不变；结果未知的交易暂时没有文件证明",
            "No account has moved; what is unknown lacks the proof of a file.",
        ),
        Text(
            "向发卡行或渠道要文件；读入后自动关闭。当天没有文件的，由人工关闭",
            "Ask for it; once it is read this closes. Where none will come, people close it.",
        ),
        Text(
            "{layout}（{issuers}）截至{day}的文件应于{due_at:time}前到",
            "{layout} of {issuers} up to {day} was due by {due_at:time}",
        ),
        _SECTION,
    ),
    IncidentKind(
        "file_wrong",
        Severity.WARNING,
        Subject.FILE,
        Text("清算文件有误", "A clearing file is wrong"),
        Text(
            "整份被拒的没有任何效果；合计不符的可能缺行",
            "One that was refused had no effect; of one whose sums differ rows may be missing.",
        ),
        Text(
            "要求重发，以同名读入后自动关闭；确认无误的，由人工关闭",
            "Ask for it again; once it is read well under this name this closes, or by people.",
        ),
        Text("文件{name}：{why}", "File {name}: {why}"),
        _SECTION,
    ),
    IncidentKind(
        "chargeback_due_soon",
        Severity.WARNING,
        Subject.TRANSACTION,
        Text("拒付答复期限将至", "A chargeback is to be answered soon"),
        Text(
            "逾期不答，暂扣的款项即归发卡行",
            "What is held goes to the issuer when its deadline passes without an answer.",
        ),
        Text(
            "补齐证据后再请款，或接受拒付",
            "Add the evidence and represent, or accept it.",
        ),
        about_transaction(
            "拒付{number}须在{due_at:time}前答复",
            "chargeback {number} is to be answered by {due_at:time}",
        ),
        "chargebacks",
    ),
    IncidentKind(
        "chargebacks_proposed",
        Severity.WARNING,
        Subject.FILE,
        Text("清算文件中有拒付待处理", "A clearing file tells of chargebacks"),
        Text(
            "款项未动；发卡行的期限已开始计算",
            "No money has moved; the network's deadline runs.",
        ),
        Text(
            "在拒付页面逐笔登记或不予登记；处理完自动关闭",
            "Take each up on the page Chargebacks, or dismiss it; with the last one this closes.",
        ),
        Text("文件{name}：{count}笔", "File {name}: {count}"),
        "chargebacks",
    ),
    IncidentKind(
        "chargeback_ruling_late",
        Severity.WARNING,
        Subject.TRANSACTION,
        Text("仲裁逾期没有结果", "The network has not ruled on an arbitration in time"),
        Text(
            "款项仍暂扣，商户和发卡行都没有收到",
            "The money is still held: neither the merchant nor the issuer has it.",
        ),
        Text(
            "向卡组织催办，有结果后登记胜诉或败诉",
            "Ask the network; enter how it has ruled.",
        ),
        about_transaction(
            "拒付{number}的仲裁结果应于{due_at:time}前作出",
            "chargeback {number} was to be ruled on by {due_at:time}",
        ),
        "chargebacks",
    ),
    IncidentKind(
        "clearing_proof_stands",
        Severity.CRITICAL,
        Subject.TRANSACTION,
        Text(
            "清算文件已作废，其证明无法撤回",
            "A clearing file was discarded, and what it proved could not be undone",
        ),
        Text(
            "该交易之后又有变动，状态与余额保持现状",
            "The transaction has moved on since; its state and the balances stay as they are.",
        ),
        Text(
            "向发卡行核实这笔交易，由两人更正",
            "Ask the issuer about this transaction; two people correct what is found.",
        ),
        Text(
            "{kind:word}{reference}（发卡行{issuer}，{amount:money}）现为{state:word}",
            "{kind:word} {reference} at issuer {issuer}, {amount:money}: now {state:word}",
        ),
        _SECTION,
    ),
)
