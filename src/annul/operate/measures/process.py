"""What the kernel says of a process, under the names that every program has."""

from collections.abc import Iterable
from typing import Final

from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import CollectorRegistry

from annul.domain.text import Text
from annul.operate.tracing import OtlpTracer

from .series import Alert, Group, Read, Reading, counter, each, gauge, one


class Process:
    """This process."""

    def __init__(self) -> None:
        self._collector = ProcessCollector(registry=CollectorRegistry())

    def read(self, family: str) -> Iterable[Reading]:
        """Give one of its values; none where the kernel does not say."""
        for metric in self._collector.collect():
            if metric.name == family:
                for sample in metric.samples:
                    yield (), sample.value


def _said(name: str) -> Read:
    return lambda process: process.read(name.removesuffix("_total"))


_SAID: Final = (
    ("cpu_seconds_total", "处理器时间", "Time of the processor"),
    ("resident_memory_bytes", "占用的内存", "Memory that it occupies"),
    ("virtual_memory_bytes", "虚拟内存", "Virtual memory"),
    ("open_fds", "打开的文件和连接", "Open files and connections"),
    ("max_fds", "允许打开的文件和连接", "Files and connections that may be open"),
    ("start_time_seconds", "启动时刻（Unix 时间）", "When it started, in Unix time"),
)
_TRACE: Final = {
    "kept": Text("交给导出线程", "handed to the thread that exports"),
    "exported": Text("收集器已确认", "acknowledged by the collector"),
    "failed": Text("收集器拒绝或没有应答", "refused by the collector, or without an answer"),
    "dropped": Text("队列已满而丢弃", "dropped, as the queue was full"),
}
_ALERTS: Final = {
    "open_fds": (
        Alert(
            "AnnulFilesNearlyExhausted",
            "process_open_fds > 0.9 * process_max_fds",
            "5m",
            "warning",
            Text(
                "打开的文件和连接超过上限的 90%",
                "A process has more than 90 % of the files open that it may",
            ),
        ),
    ),
    "start_time_seconds": (
        Alert(
            "AnnulRestarts",
            "changes(process_start_time_seconds[30m]) > 2",
            "0m",
            "warning",
            Text("进程反复重启", "A process starts again and again"),
        ),
    ),
}
PROCESS: Final = Group(
    Text("进程", "Process"),
    (
        *(
            (counter if name.endswith("_total") else gauge)(
                f"process_{name}",
                Text(zh, en),
                Process,
                _said(f"process_{name}"),
                alerts=_ALERTS.get(name, ()),
                shown="" if name.endswith("_total") else f"max by (instance) (process_{name})",
            )
            for name, zh, en in _SAID
        ),
        counter(
            "annul_traces_total",
            Text("交易的追踪记录（otlp_endpoint）", "Traces of transactions (otlp_endpoint)"),
            OtlpTracer,
            each(lambda tracer: {name: getattr(tracer, name) for name in _TRACE}),
            labels=("outcome",),
            values=_TRACE,
        ),
        gauge(
            "annul_traces_waiting",
            Text("等待导出的追踪记录", "Traces that wait to be exported"),
            OtlpTracer,
            one(lambda tracer: tracer.waiting),
        ),
    ),
)
