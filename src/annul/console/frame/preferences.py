"""What a visitor chooses for all pages, kept in cookies: language, light or dark."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from annul.api.language import COOKIE as LANGUAGE_COOKIE
from annul.api.language import LANGUAGES
from annul.api.login import inside
from annul.desk.access import Access

LANGUAGE: Final = "/language"
THEME: Final = "/theme"
_THEME_COOKIE: Final = "annul_theme"
_YEAR_S: Final = 365 * 86_400
# Each theme, whether it is dark (None: as the system is), and the one that a click leads to.
_THEMES: Final = {"": (None, "dark"), "dark": (True, "light"), "light": (False, "")}


def is_dark(request: Request) -> bool | None:
    """Say whether a visitor wants it dark; None for what the system says."""
    return _theme(request)[0]


def _theme(request: Request) -> tuple[bool | None, str]:
    return _THEMES.get(request.cookies.get(_THEME_COOKIE, ""), _THEMES[""])


def build(access: Access, *, secure: bool) -> APIRouter:
    """Give the addresses at which one chooses; each leads back to the page `there`."""
    router = APIRouter(include_in_schema=False)

    def keep(name: str, value: str, there: str) -> Response:
        answer = RedirectResponse(inside(there), 303)
        answer.set_cookie(name, value, max_age=_YEAR_S, samesite="lax", secure=secure, path="/")
        return answer

    @router.get(LANGUAGE)
    async def language(
        request: Request, language: Annotated[str, Query()] = "en", there: str = "/"
    ) -> Response:
        spoken = language if language in LANGUAGES else "en"
        await access.speak(request.state.visitor.name, spoken)
        return keep(LANGUAGE_COOKIE, spoken, there)

    @router.get(THEME)
    async def theme(request: Request, there: str = "/") -> Response:
        return keep(_THEME_COOKIE, _theme(request)[1], there)

    return router
