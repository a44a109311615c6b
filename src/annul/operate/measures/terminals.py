"""What is counted at the terminals' side of a host."""

from typing import Final

from annul.domain.text import Text
from annul.host.host import Counts, Host
from annul.host.server import TerminalServer

from .series import Alert, Group, counter, each, gauge, histogram, one

TERMINALS: Final = Group(
    Text("终端", "Terminals"),
    (
        histogram(
            "annul_answer_seconds",
            Text(
                "从收到终端报文到应答写出的时间，按交易种类",
                "Time from a terminal's message to its answer on the socket, by kind",
            ),
            Host,
            each(lambda host: host.counts.answered),
            labels=("kind",),
            alerts=(
                Alert(
                    "AnnulAnswersSlow",
                    "histogram_quantile(0.99, sum by (le) (rate(annul_answer_seconds_bucket[5m])))"
                    " > 10",
                    "5m",
                    "warning",
                    Text(
                        "百分之一的终端应答超过 10 秒：看发卡行应答时间和提交等待",
                        "One answer in a hundred takes terminals more than 10 s: look at the"
                        " issuers' answers and the wait for commits",
                    ),
                ),
            ),
        ),
        counter(
            "annul_requests_total",
            Text("准入后处理的报文", "Messages that were let in and served"),
            Host,
            one(lambda host: host.counts.requests),
        ),
        counter(
            "annul_requests_busy_total",
            Text(
                "因繁忙或数据库不可用而应答 96 或 98 的报文",
                "Messages answered 96 or 98, as the host was full or the database away",
            ),
            Host,
            one(lambda host: host.counts.busy),
            alerts=(
                Alert(
                    "AnnulHostBusy",
                    "sum(rate(annul_requests_busy_total[5m]))"
                    " > 0.01 * sum(rate(annul_requests_total[5m]))",
                    "2m",
                    "critical",
                    Text(
                        "超过 1% 的报文因繁忙或数据库不可用被拒",
                        "More than 1 % of messages are refused: the host is full or the"
                        " database away",
                    ),
                ),
            ),
        ),
        counter(
            "annul_requests_failed_total",
            Text("遇到自身故障的报文", "Messages that met a fault of annul's own"),
            Host,
            one(lambda host: host.counts.failed),
            alerts=(
                Alert(
                    "AnnulFaults",
                    "sum(increase(annul_requests_failed_total[10m])) > 0",
                    "0m",
                    "critical",
                    Text(
                        "报文遇到 annul 自身的故障：日志 handler_failed、answer_failed",
                        "Messages met a fault of annul's own: handler_failed or answer_failed"
                        " in the log",
                    ),
                ),
            ),
        ),
        counter(
            "annul_answers_total",
            Text("给终端的应答，按应答码", "Answers to terminals, by response code"),
            Host,
            each(lambda host: host.counts.replies),
            labels=("code",),
        ),
        counter(
            "annul_answers_reduced_total",
            Text(
                "缺少一个无法编码的域的应答",
                "Answers without a field that could not be encoded",
            ),
            Host,
            one(lambda host: host.counts.reduced),
        ),
        counter(
            "annul_turned_away_total",
            Text(
                "没有任何作用的报文和连接，按原因",
                "Messages and connections without effect, by reason",
            ),
            Host,
            each(lambda host: host.door.strangers.by_reason),
            labels=("reason",),
            alerts=(
                Alert(
                    "AnnulWrongMacs",
                    'sum(rate(annul_turned_away_total{reason=~"mac_wrong|mac_reused"}[5m])) > 1',
                    "5m",
                    "warning",
                    Text(
                        "每秒有一个以上报文的 MAC 不成立：密钥不同步，或有人在猜",
                        "More than one message a second has a MAC that does not hold: keys out"
                        " of step, or somebody guesses",
                    ),
                ),
            ),
        ),
        counter(
            "annul_odd_fields_total",
            Text(
                "已证明身份的终端发来的没有意义的域，按域号",
                "Fields of proven terminals that made no sense, by number",
            ),
            Host,
            each(lambda host: host.door.odd_fields),
            labels=("field",),
        ),
        gauge(
            "annul_requests_in_flight",
            Text("正在处理的交易", "Transactions under way"),
            Host,
            one(lambda host: len(host.in_flight)),
        ),
        gauge(
            "annul_requests_doubtful",
            Text(
                "结果未能写入、将由恢复处理的交易",
                "Transactions whose outcome could not be written, left to recovery",
            ),
            Host,
            one(lambda host: len(host.doubtful)),
        ),
        gauge(
            "annul_terminal_connections",
            Text("终端连接", "Connections of terminals"),
            TerminalServer,
            one(lambda server: len(server.connections)),
        ),
        gauge(
            "annul_terminal_connections_allowed",
            Text("允许的终端连接数", "Connections of terminals that there may be"),
            TerminalServer,
            one(lambda server: server.limits.connections),
            alerts=(
                Alert(
                    "AnnulConnectionsNearlyFull",
                    "annul_terminal_connections > 0.9 * annul_terminal_connections_allowed",
                    "5m",
                    "warning",
                    Text(
                        "终端连接超过上限的 90%",
                        "Terminals have more than 90 % of the connections that there may be",
                    ),
                ),
            ),
        ),
        counter(
            "annul_terminals_claimed_total",
            Text("本进程从其他进程接管的终端", "Terminals that this process has claimed"),
            Host,
            one(lambda host: host.owners.claimed),
        ),
        counter(
            "annul_evidence_missed_total",
            Text(
                "未能写下的证据（报文、拒绝、计数）",
                "Evidence that could not be kept: messages, refusals, counts",
            ),
            Host,
            one(lambda host: host.evidence.missed),
            alerts=(
                Alert(
                    "AnnulEvidenceMissed",
                    "sum(increase(annul_evidence_missed_total[15m])) > 0",
                    "0m",
                    "warning",
                    Text(
                        "有证据未能保存：数据库不可用或过慢",
                        "Evidence was not kept: the database is away or too slow",
                    ),
                ),
            ),
        ),
    ),
)
# The fields of `Counts` and the series that have them: a test holds that none is left out.
COUNTED: Final = {
    Counts: {
        "requests": "annul_requests_total",
        "busy": "annul_requests_busy_total",
        "failed": "annul_requests_failed_total",
        "reduced": "annul_answers_reduced_total",
        "replies": "annul_answers_total",
        "answered": "annul_answer_seconds",
    }
}
