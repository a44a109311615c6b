"""Health, metrics and status of several host processes as one: each is asked when somebody asks."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final

import httpx
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import CollectorRegistry

from annul.desk.access import Access
from annul.operate.measures.exposition import CONTENT_TYPE_LATEST, Measures
from annul.operate.measures.table import HOST_UP
from annul.store.loop import Loops

from .status import Door, add_password

Ports = Callable[[], Mapping[str, int]]  # of the processes' status pages on loopback, by name
_WITHIN_S: Final = 5.0
_LABEL: Final = "process"
_OURS: Final = "pages"  # which looks after the others, and has console and API


async def is_up(client: httpx.AsyncClient, port: int) -> bool:
    """Say whether a process serves."""
    return (await _asked(client, port, "/health", {})).get("status") is not None


async def _asked(
    client: httpx.AsyncClient, port: int, path: str, headers: Mapping[str, str]
) -> dict[str, Any]:
    """Ask a process for JSON, empty without an answer; raises `HTTPException` as it says."""
    answer = await _answer(client, port, path, headers)
    return answer.json() if answer is not None else {}


async def _answer(
    client: httpx.AsyncClient, port: int, path: str, headers: Mapping[str, str]
) -> httpx.Response | None:
    try:
        answer = await client.get(f"http://127.0.0.1:{port}{path}", headers=dict(headers))
    except httpx.TransportError:
        return None
    if answer.status_code in {401, 403, 503}:
        kept = {
            name: answer.headers[name] for name in ("WWW-Authenticate",) if name in answer.headers
        }
        raise HTTPException(answer.status_code, answer.json().get("detail", ""), headers=kept)
    return answer if answer.is_success else None


def _passed_on(request: Request) -> dict[str, str]:
    """Give what says who asks: each process lets in whom it would let in itself."""
    said = request.headers.get("authorization")
    return {"authorization": said} if said else {}


@asynccontextmanager
async def opened(
    access: Access, loops: Loops, ports: Ports, measures: Measures
) -> AsyncIterator[FastAPI]:
    """Build the application, with what asks the processes until the block ends."""
    async with httpx.AsyncClient(timeout=_WITHIN_S) as client:
        yield _built(access, loops, ports, client, measures)


def _built(
    access: Access,
    loops: Loops,
    ports: Ports,
    client: httpx.AsyncClient,
    measures: Measures,
) -> FastAPI:
    """Build it; `measures` are those of who looks after the others.

    Health is degraded while a process or a loop is not well.
    """
    app = FastAPI(title="annul", docs_url=None, redoc_url=None, openapi_url=None)
    add_password(app, access)
    door = Door(access)

    async def each(path: str, headers: Mapping[str, str]) -> dict[str, dict[str, Any]]:
        asked = ports()
        said = await asyncio.gather(*(_asked(client, one, path, headers) for one in asked.values()))
        return dict(zip(asked, said, strict=True))

    @app.get("/health")
    async def health() -> dict[str, Any]:
        hosts = {
            name: said.get("status", "down") for name, said in (await each("/health", {})).items()
        }
        late = [one.name for one in loops.late()]
        fine = not late and set(hosts.values()) == {"up"}
        return {"status": "up" if fine else "degraded", "loops": late, "hosts": hosts}

    @app.get("/status")
    async def status(request: Request) -> dict[str, Any]:
        return {"hosts": await each("/status", _passed_on(request))}

    @app.get("/metrics")
    async def metrics(request: Request, _user: Annotated[str, Depends(door.accepted)]) -> Response:
        asked, headers = ports(), _passed_on(request)
        said = await asyncio.gather(
            *(_answer(client, one, "/metrics", headers) for one in asked.values())
        )
        registry = CollectorRegistry()
        texts = {
            name: answer.text if answer is not None else None
            for name, answer in zip(asked, said, strict=True)
        }
        texts[_OURS] = measures.exposition().decode()
        registry.register(_Together(texts))  # pyright: ignore[reportArgumentType]  # duck-typed there
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return app


class _Together:
    """The series of all processes, each with the process as a label; who is silent is not up."""

    def __init__(self, said: Mapping[str, str | None]) -> None:
        self._said = said

    def collect(self) -> Any:
        up = Metric(HOST_UP.name, HOST_UP.help.en, HOST_UP.kind.value)
        families: dict[str, Metric] = {up.name: up}
        for name, text in self._said.items():
            if name != _OURS:
                up.add_sample(up.name, {_LABEL: name}, float(text is not None))
            for one in text_string_to_metric_families(text) if text is not None else ():
                family = families.setdefault(
                    one.name, Metric(one.name, one.documentation, one.type)
                )
                for sample in one.samples:
                    family.add_sample(sample.name, {**sample.labels, _LABEL: name}, sample.value)
        return families.values()
