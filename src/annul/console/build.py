"""Console and API as one application: gate, forms, calls, pages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from annul.api import factor, login, password, v1
from annul.api.gate import Gate
from annul.desk.desk import Desk

from . import (
    account,
    audit,
    capacity,
    cases,
    chargebacks,
    clearing,
    dialects,
    drills,
    incidents,
    interventions,
    issuers,
    merchants,
    money,
    notices,
    overview,
    payouts,
    people,
    playbooks,
    reference,
    reports,
    shop,
    till,
    training,
    transactions,
)
from .find import answers
from .frame import choices, errors, export, preferences
from .frame.page import ConsolePage, Site, mount
from .till.issuer_panel import Maintenance
from .till.tills import Tills


def pages(tills: Tills, maintenance: Maintenance) -> tuple[ConsolePage, ...]:
    """Give every page, in the order of the menu; tills stand over what their browsers share."""
    return (
        *overview.PAGES,
        *incidents.PAGES,
        *playbooks.PAGES,
        *interventions.PAGES,
        *cases.PAGES,
        *money.PAGES,
        *transactions.PAGES,
        *issuers.PAGES,
        *dialects.PAGES,
        *merchants.PAGES,
        *till.pages(tills, maintenance),
        *shop.PAGES,
        *payouts.PAGES,
        *clearing.PAGES,
        *notices.PAGES,
        *reports.PAGES,
        *chargebacks.PAGES,
        *capacity.PAGES,
        *training.PAGES,
        *drills.PAGES,
        *people.PAGES,
        *audit.PAGES,
        *reference.PAGES,
        *account.PAGES,
    )


def build(desk: Desk, *, secure: bool = False) -> FastAPI:
    """Build the application; `secure` when it is served over TLS, so that cookies stay there."""
    tills, maintenance = Tills(), Maintenance()
    site = Site(desk, pages(tills, maintenance))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
        try:
            yield {"site": site}
        finally:
            tills.close()
            maintenance.close()

    application = FastAPI(
        title="annul", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan
    )
    application.include_router(login.build(desk.access, secure=secure))
    application.include_router(password.build(desk.access, secure=secure))
    application.include_router(factor.build(desk.access))
    application.include_router(preferences.build(desk.access, secure=secure))
    application.include_router(answers.build(desk))
    lists = (*cases.EXPORTS, *transactions.EXPORTS, *merchants.EXPORTS, *payouts.EXPORTS)
    application.include_router(export.build(desk, lists))
    application.include_router(choices.build(desk))
    application.add_api_route("/health", _health, include_in_schema=False)
    v1.mount(application, desk)
    assets = str(files("annul.api") / "assets")
    application.mount("/assets", StaticFiles(directory=assets), name="assets")
    application.add_middleware(
        Gate,  # pyright: ignore[reportArgumentType]  # an ASGI middleware
        access=desk.access,
        owner_of=site.owners.get,
        away=errors.away,
    )
    mount(application, site)
    return application


async def _health() -> dict[str, str]:
    return {"status": "up"}
