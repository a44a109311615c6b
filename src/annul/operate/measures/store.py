"""What is counted of the database, group commit and the loops of a process."""

from collections.abc import Iterable
from typing import Final

from annul.domain.text import Text
from annul.store.database import ServingPool
from annul.store.journal import Journal
from annul.store.loop import Loops
from annul.store.worker import Worker

from .series import Alert, Group, Reading, counter, each, gauge, histogram, one

_CONNECTIONS: Final = {
    "busy": Text("使用中", "in use"),
    "idle": Text("空闲", "idle"),
}


def _connections(pool: ServingPool) -> Iterable[Reading]:
    idle = pool.get_idle_size()
    return [(("busy",), pool.get_size() - idle), (("idle",), idle)]


def _lane_losses(journal: Journal) -> dict[str, float]:
    return {name: lane.losses for name, lane in journal.lanes.items()}


STORE: Final = Group(
    Text("数据库", "Database"),
    (
        histogram(
            "annul_commit_seconds",
            Text(
                "一行等待成组提交的时间，按语句",
                "Time that a row waits for its group commit, by statement",
            ),
            Journal,
            each(lambda journal: {name: one.seconds for name, one in journal.batchers.items()}),
            labels=("statement",),
            alerts=(
                Alert(
                    "AnnulCommitsSlow",
                    "histogram_quantile(0.99, sum by (le, statement)"
                    " (rate(annul_commit_seconds_bucket[5m]))) > 0.5",
                    "5m",
                    "warning",
                    Text(
                        "语句 {{ $labels.statement }} 的提交等待超过 0.5 秒：看数据库写入延迟",
                        "Rows wait more than 0.5 s for {{ $labels.statement }}: look at the"
                        " database's write latency",
                    ),
                ),
            ),
        ),
        histogram(
            "annul_commit_rows",
            Text("一次成组提交的行数，按语句", "Rows of one group commit, by statement"),
            Journal,
            each(lambda journal: {name: one.rows for name, one in journal.batchers.items()}),
            labels=("statement",),
        ),
        gauge(
            "annul_commit_waiting",
            Text(
                "还没有进入任何语句的行，按语句",
                "Rows that no statement has taken yet, by statement",
            ),
            Journal,
            each(lambda journal: {name: one.waiting for name, one in journal.batchers.items()}),
            labels=("statement",),
        ),
        counter(
            "annul_lane_losses_total",
            Text(
                "日志专用连接的断开，按语句",
                "Connections of the journal that were lost, by statement",
            ),
            Journal,
            each(_lane_losses),
            labels=("statement",),
        ),
        gauge(
            "annul_database_connections",
            Text("到数据库的连接", "Connections to the database"),
            ServingPool,
            _connections,
            labels=("state",),
            values=_CONNECTIONS,
        ),
        gauge(
            "annul_database_connections_allowed",
            Text("允许的数据库连接数", "Connections to the database that there may be"),
            ServingPool,
            one(lambda pool: pool.get_max_size()),
        ),
        gauge(
            "annul_database_connections_waiting",
            Text("等待数据库连接的任务", "Tasks that wait for a connection to the database"),
            ServingPool,
            one(lambda pool: pool.waiting),
            alerts=(
                Alert(
                    "AnnulDatabaseConnectionsExhausted",
                    "annul_database_connections_waiting > 5",
                    "1m",
                    "warning",
                    Text(
                        "一分钟来一直有任务等待数据库连接",
                        "Tasks have waited for a connection to the database for a minute",
                    ),
                ),
            ),
        ),
        counter(
            "annul_database_errors_total",
            Text(
                "数据库拒绝的语句，按 SQLSTATE 的类别（lost：连接断开）",
                "Statements that the database refused, by class of SQLSTATE (lost: the"
                " connection was)",
            ),
            ServingPool,
            each(lambda pool: pool.servers.errors),
            labels=("sqlstate",),
            alerts=(
                Alert(
                    "AnnulDatabaseLost",
                    'sum(increase(annul_database_errors_total{sqlstate=~"lost|08|57|25"}[5m])) > 3',
                    "0m",
                    "critical",
                    Text(
                        "到数据库的连接断开，或服务器不再接受写入",
                        "Connections to the database are lost, or its server takes no writes",
                    ),
                ),
            ),
        ),
        counter(
            "annul_database_moves_total",
            Text(
                "从一个数据库服务器换到另一个",
                "Moves from one server of the database to another",
            ),
            ServingPool,
            one(lambda pool: pool.servers.moves),
        ),
    ),
)

LOOPS: Final = Group(
    Text("后台任务", "Background tasks"),
    (
        counter(
            "annul_loop_turns_total",
            Text("后台任务完成的轮次", "Turns of a background loop"),
            Loops,
            each(lambda loops: {loop.name: loop.turns for loop in loops}),
            labels=("loop",),
        ),
        counter(
            "annul_loop_failures_total",
            Text("后台任务失败的轮次", "Turns of a background loop that failed"),
            Loops,
            each(lambda loops: {loop.name: loop.failures for loop in loops}),
            labels=("loop",),
            alerts=(
                Alert(
                    "AnnulLoopFails",
                    "sum by (loop) (increase(annul_loop_failures_total[15m])) > 10",
                    "0m",
                    "warning",
                    Text(
                        "后台任务 {{ $labels.loop }} 屡次失败",
                        "The loop {{ $labels.loop }} fails again and again",
                    ),
                ),
            ),
        ),
        gauge(
            "annul_loop_since_round_seconds",
            Text(
                "距上次完成的时间（首次到期前小于零）",
                "Time since it last came round (below zero before it is due first)",
            ),
            Loops,
            each(lambda loops: {loop.name: loop.since_s for loop in loops}),
            labels=("loop",),
            shown="max by (loop) (annul_loop_since_round_seconds)",
        ),
        gauge(
            "annul_loop_late_seconds",
            Text(
                "超过其时限未完成的时间，按时则为 0",
                "Time since it came round where that is too long, else 0",
            ),
            Loops,
            each(lambda loops: {loop.name: loop.late_s for loop in loops}),
            labels=("loop",),
            shown="max by (loop) (annul_loop_late_seconds)",
            alerts=(
                Alert(
                    "AnnulLoopStandsStill",
                    "max by (loop) (annul_loop_late_seconds) > 0",
                    "1m",
                    "critical",
                    Text(
                        "后台任务 {{ $labels.loop }} 没有按时完成一轮",
                        "The loop {{ $labels.loop }} has not come round in time",
                    ),
                ),
            ),
        ),
        counter(
            "annul_work_failures_total",
            Text(
                "因自身故障失败的工作项，按工作者",
                "Items of work that failed by a fault of annul's own, by worker",
            ),
            Worker,
            lambda worker: [((worker.name,), worker.failures)],
            labels=("worker",),
            alerts=(
                Alert(
                    "AnnulWorkFails",
                    "sum by (worker) (increase(annul_work_failures_total[15m])) > 0",
                    "0m",
                    "warning",
                    Text(
                        "{{ $labels.worker }} 的工作项失败：日志 work_failed",
                        "Items of {{ $labels.worker }} failed: work_failed in the log",
                    ),
                ),
            ),
        ),
        gauge(
            "annul_work_under_way",
            Text("正在处理的工作项，按工作者", "Items of work under way, by worker"),
            Worker,
            lambda worker: [((worker.name,), len(worker.under_way))],
            labels=("worker",),
        ),
    ),
)
