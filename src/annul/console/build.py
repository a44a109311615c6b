"""Console and API as one application: gate, forms, calls, pages."""

import secrets
from importlib.resources import files

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from nicegui import ui

from annul.api import login, v1
from annul.api.gate import Gate
from annul.console.frame.page import serve_with
from annul.desk.desk import Desk

from . import pages  # noqa: F401 - enters them
from .frame import preferences


def build(desk: Desk, *, secure: bool = False) -> FastAPI:
    """Build the application; `secure` when it is served over TLS, so that cookies stay there."""
    application = FastAPI(title="annul", docs_url=None, redoc_url=None, openapi_url=None)
    application.include_router(login.build(desk.access, secure=secure))
    application.include_router(preferences.build(desk.access, secure=secure))
    application.add_api_route("/health", _health, include_in_schema=False)
    v1.mount(application, desk)
    assets = str(files("annul.api") / "assets")
    application.mount("/assets", StaticFiles(directory=assets), name="assets")
    application.add_middleware(Gate, access=desk.access)  # pyright: ignore[reportArgumentType]  # an ASGI middleware
    serve_with(desk)
    ui.run_with(
        application,
        title="annul",
        dark=None,
        storage_secret=secrets.token_hex(32),
        show_welcome_message=False,
        tailwind=False,
        reconnect_timeout=10.0,
        binding_refresh_interval=None,
    )
    return application


async def _health() -> dict[str, str]:
    return {"status": "up"}
