"""What pickers of filters ask while somebody types: merchants and issuers by name or number."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from annul.api.language import chosen
from annul.desk import choices as views
from annul.desk.desk import Desk
from annul.desk.permission import NotAllowed

from .filters import option
from .live import View
from .texts import Words


def build(desk: Desk) -> APIRouter:
    """Give the addresses that pickers ask; each answers with the options to show."""
    router = APIRouter(include_in_schema=False)
    for what in views.CHOICES:
        _enter(router, desk, what)
    return router


def _enter(router: APIRouter, desk: Desk, what: str) -> None:
    @router.get(f"/choices/{what}")
    async def found(
        request: Request, text: Annotated[str, Query(max_length=80)] = ""
    ) -> JSONResponse:
        view = View(desk, request.state.visitor, Words(chosen(request)), request)
        try:
            rows = await views.choices(desk, view.visitor, what, text)
        except NotAllowed as error:
            return JSONResponse({"title": view.words(str(error))}, 403)
        return JSONResponse([option(view, row) for row in rows])
