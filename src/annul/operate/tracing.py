"""Traces of transactions for OpenTelemetry: off unless `otlp_endpoint` is set.

The way of a transaction only notes moments (`annul.host.passage`) and puts what it noted into a
queue with an end. A thread makes spans of it and sends them over OTLP/HTTP: a collector that is
slow, refuses or is not there costs traces, which are counted, and nothing else.
"""

import asyncio
import logging
import random
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import structlog

from annul.host.passage import Trace

log = structlog.get_logger(__name__)

_QUEUE: Final = 4_096  # traces that wait; the ones that come when it is full are dropped
_BATCH: Final = 256  # traces in one message
_REST_S: Final = 1.0  # between two messages, unless a batch is full
_TIMEOUT_S: Final = 5.0  # for one message, with all its tries
_GRACE_S: Final = 2.0  # at the end, for what waits
_ID: Final = {"trace": 128, "span": 64}  # bits


@dataclass(frozen=True, slots=True)
class TracingSettings:
    """Where to: `endpoint` with its path; `ratio` is the share of transactions that is traced."""

    endpoint: str
    service: str = "annul"
    ratio: float = 1.0


class OtlpTracer:
    """Takes traces and exports them beside everything else."""

    def __init__(self, settings: TracingSettings, exporter: Any = None) -> None:
        """Give an `exporter` to take the place of the one over HTTP."""
        self.kept = self.exported = self.failed = self.dropped = 0
        self._ratio = settings.ratio
        self._queue: deque[Trace] = deque()
        self._spans = _Spans(settings.service)
        self._exporter = exporter or _exporter(settings.endpoint)
        self._wake = threading.Event()
        self._stopping = False
        self._failing = False
        self._thread = threading.Thread(target=self._work, name="traces", daemon=True)

    @property
    def waiting(self) -> int:
        """How many traces wait to be exported."""
        return len(self._queue)

    def start(self) -> None:
        """Begin to export."""
        self._thread.start()

    async def stop(self, grace_s: float = _GRACE_S) -> None:
        """Export what waits, for at most so long; then leave it, also in the middle of a try."""
        self._stopping = True
        self._wake.set()
        loop = asyncio.get_running_loop()
        ended = loop.create_future()
        threading.Thread(target=partial(self._join, loop, ended, grace_s), daemon=True).start()
        await ended

    def _join(self, loop: asyncio.AbstractEventLoop, ended: Any, grace_s: float) -> None:
        self._thread.join(grace_s)
        self._exporter.shutdown()  # ends the waits between its tries
        loop.call_soon_threadsafe(ended.set_result, None)

    # What the host asks -----------------------------------------------------------------------

    def begin(self, began: int) -> Trace | None:
        """Give a trace of what began then, None where this one is not kept."""
        if self._ratio < 1.0 and random.random() >= self._ratio:  # noqa: S311 - chance, no secret
            return None
        return Trace(began)

    def done(self, trace: Trace) -> None:
        """Take a trace that has come to its end."""
        if len(self._queue) >= _QUEUE:
            self.dropped += 1
            return
        self.kept += 1
        self._queue.append(trace)
        if len(self._queue) >= _BATCH:
            self._wake.set()

    # The thread ---------------------------------------------------------------------------------

    def _work(self) -> None:
        while not self._stopping or self._queue:
            self._wake.wait(_REST_S)
            if not self._stopping:
                self._wake.clear()
            batch = [self._queue.popleft() for _ in range(min(_BATCH, len(self._queue)))]
            if batch:
                self._export(batch)

    def _export(self, batch: Sequence[Trace]) -> None:
        try:
            sent = self._exporter.export(
                [span for trace in batch for span in self._spans.of(trace)]
            )
            done, why = sent.name == "SUCCESS", sent.name
        except Exception as error:  # noqa: BLE001 - whatever it is, only traces are lost
            done, why = False, type(error).__name__
        if done:
            self.exported += len(batch)
        else:
            self.failed += len(batch)
        if done is self._failing:  # told once, not for each message
            (log.info if done else log.warning)("traces_exported", done=done, why=why)
        self._failing = not done


class _Spans:
    """Makes OpenTelemetry's spans of what was noted."""

    def __init__(self, service: str) -> None:
        from opentelemetry.sdk.resources import Resource

        self._resource = Resource.create({"service.name": service})

    def of(self, trace: Trace) -> list[Any]:
        """Give the spans of one trace, the whole way first."""
        from opentelemetry.trace import SpanContext, SpanKind, TraceFlags

        identity = random.getrandbits(_ID["trace"]) or 1

        def context() -> SpanContext:
            number = random.getrandbits(_ID["span"]) or 1
            return SpanContext(
                identity, number, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED)
            )

        make: Callable[..., Any] = partial(self._span, trace.anchor)
        root, said = context(), {f"annul.{name}": value for name, value in trace.said.items()}
        name = trace.said.get("kind") or trace.said.get("mti", "message")
        whole = make(name, root, None, SpanKind.SERVER, said, (trace.began, trace.ended))
        parts = [
            make(
                span.name,
                context(),
                root,
                SpanKind.CLIENT if span.name == "ask" else SpanKind.INTERNAL,
                {},
                (span.began, span.ended),
            )
            for span in trace.spans
        ]
        return [whole, *parts]

    def _span(
        self,
        anchor: int,
        name: str,
        context: Any,
        parent: Any,
        kind: Any,
        said: dict[str, str],
        when: tuple[int, int],
    ) -> Any:
        from opentelemetry.sdk.trace import ReadableSpan

        began, ended = when
        return ReadableSpan(
            name,
            context=context,
            parent=parent,
            resource=self._resource,
            attributes=said,
            kind=kind,
            start_time=anchor + began,
            end_time=anchor + ended,
        )


def _exporter(endpoint: str) -> Any:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    # What fails is told once, by us, and without the address.
    logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL + 1)
    return OTLPSpanExporter(endpoint=endpoint, timeout=_TIMEOUT_S)
