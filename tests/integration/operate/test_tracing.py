"""Traces over OTLP/HTTP to a real receiver: whole, without card data, and never in the way."""

import asyncio
import time
from pathlib import Path
from typing import Any, Final

import pytest

from annul.host import passage
from annul.host.passage import SPANS, Trace
from annul.operate import tracing
from annul.operate.tracing import OtlpTracer, TracingSettings
from annul.sim.issuer.faults import Fault, FaultKind
from tests.support.collector import Collector, Seen, collector
from tests.support.site import open_site
from tests.support.soft import CARD, cashier

_WITHIN_S: Final = 15.0


async def _until(holds: Any) -> None:
    async with asyncio.timeout(_WITHIN_S):
        while not holds():
            await asyncio.sleep(0.02)


def _of(opened: Collector, name: str) -> list[list[Seen]]:
    return [spans for spans in opened.traces.values() if spans[0].name == name]


async def test_a_transaction_is_one_trace_from_socket_to_socket(
    database: str, tmp_path: Path
) -> None:
    async with (
        collector() as opened,
        open_site(database, tmp_path, otlp_endpoint=opened.url, otlp_service="annul-test") as site,
    ):
        before = time.time_ns()
        with cashier(site.port, site.terminals[0]) as till:
            sale = await till.take("sale", 1_000)
            await till.undo("void", sale)
        after = time.time_ns()
        await _until(lambda: _of(opened, "sale") and _of(opened, "void"))
    for kind in ("sale", "void"):
        [[whole, *parts]] = _of(opened, kind)
        assert tuple(span.name for span in parts) == SPANS
        assert {span.parent for span in parts} == {whole.span}
        assert whole.parent == b""
        assert whole.service == "annul-test"
        for span in parts:
            assert before < whole.began <= span.began <= span.ended <= whole.ended < after
        ends = [span.ended for span in parts]
        assert ends == sorted(ends)
        merchant, terminal, _ = site.terminals[0]
        assert whole.said == {
            "annul.kind": kind,
            "annul.mti": "0200",
            "annul.issuer": "00000101",
            "annul.rrn": whole.said["annul.rrn"],
            "annul.merchant": merchant,
            "annul.terminal": terminal,
            "annul.code": "00",
            "annul.answered": "yes",
        }
    assert len({span.span for span in opened.spans}) == len(opened.spans)
    for body in opened.bodies:
        assert CARD.encode() not in body
        assert CARD[-10:].encode() not in body


async def test_what_fails_is_traced_as_far_as_it_came(database: str, tmp_path: Path) -> None:
    async with (
        collector() as opened,
        open_site(database, tmp_path, timeout_ms=2_000, otlp_endpoint=opened.url) as site,
    ):
        with cashier(site.port, site.terminals[0]) as till:
            site.issuer.server.faults.rows = [Fault(FaultKind.LOST_REQUEST, of_kind="sale")]
            assert (await till.take("sale", 1_000)).response_code == "98"
            assert (await till.take("sale", 1_000, "9999990000000004")).response_code == "15"
        await _until(lambda: len(_of(opened, "sale")) == 2)
    silent, refused = _of(opened, "sale")
    assert [span.name for span in silent[1:]] == list(SPANS)
    [ask] = [span for span in silent if span.name == "ask"]
    assert ask.ended - ask.began > 250_000_000, "it has waited for the issuer's time-out"
    assert silent[0].said["annul.code"] == "98"
    assert [span.name for span in refused[1:]] == ["decode", "open", "answer"]
    assert refused[0].said["annul.code"] == "15"


async def _sales(site: Any, count: int) -> float:
    """Do so many sales one after the other; gives the longest in seconds."""
    longest = 0.0
    with cashier(site.port, site.terminals[0]) as till:
        for _ in range(count):
            began = time.monotonic()
            assert (await till.take("sale", 1_000)).response_code == "00"
            longest = max(longest, time.monotonic() - began)
    return longest


@pytest.mark.parametrize("status", [503, 400, 413])
async def test_a_collector_that_refuses_costs_traces_and_no_sale(
    database: str, tmp_path: Path, status: int
) -> None:
    async with collector() as opened:
        opened.status = status
        async with open_site(database, tmp_path, otlp_endpoint=opened.url) as site:
            tracer = site.running.host.tracer
            assert isinstance(tracer, OtlpTracer)
            await _sales(site, 3)
            await _until(lambda: tracer.failed)
            opened.status = 200
            exported = tracer.exported
            await _sales(site, 2)
            await _until(lambda: tracer.exported > exported)
            assert _of(opened, "sale"), "it goes on where the collector takes them again"


async def test_a_collector_that_is_slow_keeps_nothing_up(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "_QUEUE", 4)
    async with collector() as opened:
        opened.held = asyncio.Event()
        async with open_site(database, tmp_path, otlp_endpoint=opened.url) as site:
            tracer = site.running.host.tracer
            assert isinstance(tracer, OtlpTracer)
            await _sales(site, 1)
            await _until(lambda: opened.asked)  # its thread waits for an answer from now on
            assert await _sales(site, 12) < tracing._TIMEOUT_S
            assert tracer.waiting <= 4
            assert tracer.dropped > 0, "the queue has an end"
            began = time.monotonic()
        assert time.monotonic() - began < _WITHIN_S, "the host ends all the same"


async def test_only_a_share_is_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter([0.0, 0.249, 0.25, 0.9])
    monkeypatch.setattr(tracing.random, "random", lambda: next(drawn))
    tracer = OtlpTracer(TracingSettings("", ratio=0.25), exporter=object())
    kept = [tracer.begin(1) for _ in range(4)]
    assert [one is not None for one in kept] == [True, True, False, False]


async def test_without_an_endpoint_nothing_is_noted(database: str, tmp_path: Path) -> None:
    async with open_site(database, tmp_path) as site:
        assert site.running.host.tracer is None
        await _sales(site, 1)
        assert passage.since() == 0
        assert passage.begin(None, 0.0, 0).trace is None


async def test_what_raises_in_the_exporter_ends_no_thread() -> None:
    class Broken:
        calls = 0

        def export(self, _spans: Any) -> Any:
            self.calls += 1
            raise RuntimeError

        def shutdown(self) -> None:
            """End."""

    broken = Broken()
    tracer = OtlpTracer(TracingSettings(""), exporter=broken)
    tracer.start()
    for expected in (1, 2):
        tracer.done(Trace(1))
        await _until(lambda: tracer.failed == expected)  # noqa: B023 - awaited at once
    await tracer.stop()
    assert not tracer._thread.is_alive()
    assert (tracer.kept, tracer.exported) == (2, 0)
