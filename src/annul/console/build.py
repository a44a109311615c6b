"""Console and API as one application: gate, forms, calls, pages."""

import secrets
from importlib.resources import files
from typing import Annotated, Final

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from nicegui import ui

from annul.api import login, v1
from annul.api.gate import Gate
from annul.api.language import COOKIE as LANGUAGE_COOKIE
from annul.api.language import LANGUAGES
from annul.api.login import inside
from annul.desk.desk import Desk

from . import pages  # noqa: F401 - enters them
from .frame import THEME_COOKIE, serve_with

_YEAR_S: Final = 365 * 86_400
_NEXT_LIGHT: Final = {"": "dark", "dark": "light", "light": ""}


def build(desk: Desk, *, secure: bool = False) -> FastAPI:
    """Build the application; `secure` when it is served over TLS, so that cookies stay there."""
    application = FastAPI(title="annul", docs_url=None, redoc_url=None, openapi_url=None)
    application.include_router(login.build(desk.access, secure=secure))
    application.include_router(_choices(desk, secure=secure))
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


def _choices(desk: Desk, *, secure: bool) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    def keep(name: str, value: str, there: str) -> Response:
        answer = RedirectResponse(inside(there), 303)
        answer.set_cookie(name, value, max_age=_YEAR_S, samesite="lax", secure=secure, path="/")
        return answer

    @router.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "up"}

    @router.get("/speak")
    async def speak(
        request: Request, language: Annotated[str, Query()] = "en", there: str = "/"
    ) -> Response:
        spoken = language if language in LANGUAGES else "en"
        await desk.access.speak(request.state.visitor.name, spoken)
        return keep(LANGUAGE_COOKIE, spoken, there)

    @router.get("/light")
    async def light(request: Request, there: str = "/") -> Response:
        now = request.cookies.get(THEME_COOKIE, "")
        return keep(THEME_COOKIE, _NEXT_LIGHT.get(now, ""), there)

    return router
