"""What measures and traces cost a transaction, in nanoseconds, without what they are about."""

from collections.abc import Callable
from time import perf_counter
from timeit import repeat

from annul.host.host import Counts
from annul.host.passage import Passage, Tracer, begin, follow, note, since
from annul.operate.tracing import OtlpTracer, TracingSettings
from annul.store.histogram import COMMITS_S, Histogram

_TIMES = 100_000
_ROUNDS = 5
_NONE: Tracer | None = None


class _Nowhere:
    """An exporter that nobody starts."""


def _ns(what: Callable[[], object]) -> float:
    return min(repeat(what, number=_TIMES, repeat=_ROUNDS)) / _TIMES * 1e9


def _empty() -> None:
    return None


def _off() -> Passage:
    """Do all that a transaction does for a trace while there are none."""
    passage, tracer = begin(None, 0.0, 0), _NONE
    for name in ("open", "ask"):
        began = since() if tracer is not None else 0
        if began:
            note(name, began)
    if passage.trace is not None:
        follow(passage.trace)
    return passage


def _on(tracer: OtlpTracer) -> None:
    """Note a transaction with its five spans; the thread that exports is not counted."""
    passage = begin(tracer, 0.0, 1)
    assert passage.trace is not None
    follow(passage.trace)
    for name in ("open", "ask", "conclude"):
        note(name, since(), kind="sale", issuer="00000101")
    passage.trace.span("answer", since())
    tracer.done(passage.trace)


def _counted(counts: Counts, commit: Histogram) -> None:
    """Count what a transaction counts: its answer, and two commits with a look at the clock."""
    counts.took("sale", 0.012)
    for _ in range(2):
        commit.add(perf_counter() - 0.0)


def measure() -> dict[str, float]:
    """Give each in nanoseconds for a transaction."""
    tracer = OtlpTracer(TracingSettings("", ratio=1.0), exporter=_Nowhere())
    counts, commit, call = Counts(), Histogram(COMMITS_S), _ns(_empty)

    def on() -> None:
        _on(tracer)
        tracer._queue.clear()  # noqa: SLF001 - as its thread would

    return {
        "traces_off_ns": _ns(_off) - call,
        "traces_on_ns": _ns(on) - call,
        "measures_ns": _ns(lambda: _counted(counts, commit)) - call,
    }


if __name__ == "__main__":
    print(measure())
