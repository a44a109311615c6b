"""A collector of traces: takes OTLP over HTTP, refuses and delays when a test says so."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fastapi import FastAPI, Request, Response
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from annul.serving import serve_http


class Seen(NamedTuple):
    """A span as the collector got it; times in nanoseconds of Unix time."""

    trace: bytes
    span: bytes
    parent: bytes
    name: str
    began: int
    ended: int
    said: dict[str, str]
    service: str


@dataclass
class Collector:
    """What it has, and how it answers: with `status`, after `held` is set, where there is one."""

    port: int = 0
    status: int = 200
    held: asyncio.Event | None = None
    asked: int = 0
    bodies: list[bytes] = field(default_factory=list)
    spans: list[Seen] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/traces"

    @property
    def traces(self) -> dict[bytes, list[Seen]]:
        """The spans by trace, in the order in which they began."""
        found: dict[bytes, list[Seen]] = {}
        for one in sorted(self.spans, key=lambda span: (span.began, span.parent)):
            found.setdefault(one.trace, []).append(one)
        return found

    def application(self) -> FastAPI:
        application = FastAPI(openapi_url=None)

        @application.post("/v1/traces")
        async def take(request: Request) -> Response:
            self.asked += 1
            body = await request.body()
            if request.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            if self.held is not None:
                await self.held.wait()
            if self.status == 200:
                self.bodies.append(body)
                self.spans += _read(body)
            return Response(status_code=self.status, media_type="application/x-protobuf")

        return application


def _read(body: bytes) -> list[Seen]:
    said: Any = ExportTraceServiceRequest()
    said.ParseFromString(body)
    return [
        Seen(
            span.trace_id,
            span.span_id,
            span.parent_span_id,
            span.name,
            span.start_time_unix_nano,
            span.end_time_unix_nano,
            {one.key: one.value.string_value for one in span.attributes},
            next(
                one.value.string_value
                for one in of.resource.attributes
                if one.key == "service.name"
            ),
        )
        for of in said.resource_spans
        for scope in of.scope_spans
        for span in scope.spans
    ]


@asynccontextmanager
async def collector() -> AsyncIterator[Collector]:
    """Run one on a free port."""
    opened = Collector()
    async with serve_http(opened.application(), "127.0.0.1", 0) as port:
        opened.port = port
        yield opened
        if opened.held is not None:
            opened.held.set()
