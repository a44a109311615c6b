"""The API, version 1: one router per resource, put together here."""

from functools import cache
from typing import Any, Final

from fastapi import Depends, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse

from annul.api.problems import Problem, install, problem
from annul.desk.desk import Desk
from annul.store.batcher import LOST, StoreUnavailable

from . import (
    accounts,
    approvals,
    batches,
    breaks,
    capacity,
    cases,
    chargebacks,
    clearing,
    conclusions,
    cut_overs,
    diagnosis,
    drills,
    events,
    fees,
    health,
    incidents,
    interventions,
    issuers,
    merchants,
    notices,
    payouts,
    playbooks,
    promise,
    refunds,
    report_subscriptions,
    reports,
    statements,
    training,
    transactions,
    voids,
    webhooks,
    whatif,
)
from .idempotency import Keys
from .limit import Buckets, Sizes
from .silent import Silent

_ROUTERS: Final = (
    transactions.router,
    conclusions.router,
    voids.router,
    refunds.router,
    approvals.router,
    events.router,
    cases.router,
    diagnosis.router,
    merchants.router,
    batches.router,
    cut_overs.router,
    fees.router,
    payouts.router,
    accounts.router,
    clearing.router,
    breaks.router,
    incidents.router,
    interventions.router,
    playbooks.router,
    chargebacks.router,
    statements.router,
    issuers.router,
    promise.router,
    reports.router,
    report_subscriptions.router,
    capacity.router,
    whatif.router,
    webhooks.router,
    notices.router,
    training.router,
    drills.router,
    health.router,
)
_LARGEST_BODY: Final = 65_536
_LARGER: Final = (
    conclusions.LARGER
    | payouts.LARGER
    | clearing.LARGER
    | breaks.LARGER
    | incidents.LARGER
    | playbooks.LARGER
    | chargebacks.LARGER
)
_LEAD: Final = """\
A POS acquiring host whose voids always end: voided, refunded instead, or refused with a reason, \
proof and a next step.

Amounts are integers in minor units, times ISO 8601 in UTC, lists come in pages by cursor. Errors \
are problem details (RFC 9457) with a `code` for programs and a `next_step` for people. What is \
polled carries an ETag. What orders money back carries an Idempotency-Key. Who calls too often is \
answered 429 with Retry-After.
"""


def mount(application: FastAPI, desk: Desk) -> None:
    """Let an application answer under `/api/v1`."""
    install(application)
    application.state.desk = desk
    application.mount("/api/v1", build(desk))


def build(desk: Desk) -> FastAPI:
    """Build the API. Whoever mounts it puts the visitor into the request's state."""
    buckets = Buckets(desk.rate, desk.burst, desk.clock.monotonic)
    api = FastAPI(
        title="annul",
        version="1",
        description=_LEAD,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(buckets)],
    )
    api.add_middleware(Silent, desk=desk)
    api.add_middleware(Sizes, largest=_LARGEST_BODY, larger=_LARGER)
    install(api)
    for kind in LOST:
        api.add_exception_handler(kind, _store_away)
    api.add_exception_handler(Exception, _own_fault)
    api.state.desk = desk
    api.state.keys = Keys(desk)
    for router in _ROUTERS:
        api.include_router(router)
    api.openapi = described
    return api


async def _store_away(_: Request, error: Exception) -> JSONResponse:
    del error  # it says nothing to somebody outside
    away = StoreUnavailable()
    return problem(503, away.code, str(away), away.next_step)


async def _own_fault(_: Request, error: Exception) -> JSONResponse:
    del error  # it goes on to the log
    return problem(
        500,
        "api.fault",
        "annul has met a fault of its own; what is under way goes on.",
        "Ask again, an order with the same Idempotency-Key; the host's log has the fault.",
    )


@cache
def described() -> dict[str, Any]:
    """Describe the API: each call by what its function says of itself; problems as any answers."""
    api = FastAPI(openapi_url=None)
    for router in _ROUTERS:
        api.include_router(router)
    schema = get_openapi(
        title="annul",
        version="1",
        description=_LEAD,
        routes=api.routes,
        servers=[{"url": "/api/v1"}],
    )
    schema["components"]["schemas"]["Problem"] = Problem.model_json_schema()
    for path in schema["paths"].values():
        for call in path.values():
            call["summary"], call["description"] = _told(call["description"])
            for answer in call["responses"].values():
                if answer["description"] == "Successful Response":  # where nothing else is said
                    answer["description"] = "Done"
    return schema


def _told(docstring: str) -> tuple[str, str]:
    """Part what a call's function says of itself: its first sentence, and all else if there is."""
    plain = " ".join(docstring.partition("\n\n")[0].split())
    first, stop, rest = plain.partition(". ")
    more = "\n\n".join(part for part in (rest, docstring.partition("\n\n")[2]) if part)
    summary = first + stop.strip() if stop else first
    return summary, more or summary
