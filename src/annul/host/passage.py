"""One message on its way from socket to socket: since when, what it is, and its trace, if any.

Traces are off unless the host has a `Tracer`: each place that would note a span looks whether it
has one, and does nothing else. The spans of a transaction are in the order of its way: `decode`
(bytes to a message that was let in), `open` (written to the journal), `ask` (the issuer),
`conclude` (its outcome written), `answer` (encoded and written to the socket).
"""

from contextvars import ContextVar
from time import perf_counter_ns, time_ns
from typing import Final, NamedTuple, Protocol

from .door import Admitted

SPANS: Final = ("decode", "open", "ask", "conclude", "answer")


class Span(NamedTuple):
    """A part of the way, in nanoseconds of `perf_counter_ns`."""

    name: str
    began: int
    ended: int


class Trace:
    """What is noted of one message; never a card, a key or what a person keyed."""

    __slots__ = ("anchor", "began", "ended", "said", "spans")

    def __init__(self, began: int) -> None:
        self.began = self.ended = began
        self.anchor = time_ns() - perf_counter_ns()  # what makes moments of the spans
        self.spans: list[Span] = []
        self.said: dict[str, str] = {}

    def span(self, name: str, began: int) -> None:
        """Note a part that ends now."""
        self.ended = perf_counter_ns()
        self.spans.append(Span(name, began, self.ended))


class Tracer(Protocol):
    """What takes traces. Nothing here waits, and nothing here raises."""

    def begin(self, began: int, /) -> Trace | None:
        """Give a trace of what began then, None where this one is not kept."""
        ...

    def done(self, trace: Trace, /) -> None:
        """Take a trace that has come to its end."""
        ...


class Passage:
    """One message that was let in: `began` by the monotonic clock, its kind once that is known."""

    __slots__ = ("answering", "began", "kind", "trace")

    def __init__(self, began: float, trace: Trace | None = None) -> None:
        self.began = began
        self.kind = ""
        self.trace = trace
        self.answering = 0

    def done(self, tracer: Tracer, entry: Admitted, *, answered: bool) -> None:
        """Give the trace away: the answer is on its way, or nobody is there to take it."""
        assert self.trace is not None, "there is one"
        merchant, terminal = entry.station.identity
        said = {"mti": entry.message.mti, "merchant": merchant, "terminal": terminal}
        self.trace.said |= said | {"answered": "yes" if answered else "no"}
        if self.kind:
            self.trace.said["kind"] = self.kind
        if self.answering:
            self.trace.span("answer", self.answering)
        tracer.done(self.trace)


def begin(tracer: Tracer | None, began: float, traced: int) -> Passage:
    """Begin to follow a message that was let in; its bytes came at `traced`."""
    passage = Passage(began)
    if tracer is not None and (trace := tracer.begin(traced)) is not None:
        trace.span("decode", traced)
        passage.trace = trace
    return passage


# The trace of what the running task serves. Set only where one is kept.
_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def follow(trace: Trace) -> None:
    """Let what this task does be noted in a trace."""
    _current.set(trace)


def since() -> int:
    """Give the moment at which a span begins, 0 where nobody notes it; asked only of a tracer."""
    return perf_counter_ns() if _current.get() is not None else 0


def note(name: str, began: int, **said: str) -> None:
    """Note a span that ends now, unless `since` gave 0; `said` is said of the whole way."""
    trace = _current.get() if began else None
    if trace is not None:
        trace.span(name, began)
        trace.said.update(said)
