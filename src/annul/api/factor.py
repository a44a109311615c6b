"""Setting up a second factor, replacing and removing it."""

from collections.abc import Iterable
from html import escape
from typing import Annotated

import segno
from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from annul.desk import account, second_factor
from annul.desk.access import Access
from annul.desk.account import NotProved
from annul.desk.roles import Step, Visitor
from annul.desk.second_factor import FactorNeeded, NoMasterKey, Proposal, SetUpAnew, WrongCode

from .door import (
    DoorForm,
    DoorPage,
    button_to,
    code_entry,
    hidden,
    origin_token,
    password_entry,
    show,
    text,
)
from .gate import COOKIE, address_of

_ACCOUNT = "/account"


def build(access: Access) -> APIRouter:
    """Build the routes."""
    pages = _Factor(access)
    router = APIRouter(include_in_schema=False)
    router.add_api_route("/factor", pages.form, methods=["GET"])
    router.add_api_route("/factor", pages.enrol, methods=["POST"])
    router.add_api_route("/factor/remove", pages.removal, methods=["GET"])
    router.add_api_route("/factor/remove", pages.remove, methods=["POST"])
    return router


class _Factor:
    """The pages of a second factor."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def form(self, request: Request) -> Response:
        return await self._anew(request)

    async def _anew(self, request: Request, said: str = "", status: int = 200) -> Response:
        """Show a new secret."""
        try:
            proposal = second_factor.propose(self._access, request.state.visitor)
        except NoMasterKey:
            return show(request, _UNABLE, "no_master_key", 503)
        return await self._again(request, proposal, said, status)

    async def _again(
        self, request: Request, proposal: Proposal, said: str = "", status: int = 200
    ) -> Response:
        visitor: Visitor = request.state.visitor
        has_one = (await second_factor.standing(self._access, visitor.name))[0] is not None
        page = _enrolment(request, proposal, replaces=has_one)
        return show(request, page, said, status)

    async def enrol(
        self,
        request: Request,
        sealed: Annotated[str, Form(max_length=1000)] = "",
        password: Annotated[str, Form(max_length=1000)] = "",
        present: Annotated[str, Form(max_length=100)] = "",
        code: Annotated[str, Form(max_length=100)] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        visitor: Visitor = request.state.visitor
        if not visitor.csrf or csrf != visitor.csrf:
            return await self._anew(request, "origin", 403)
        try:
            proposal = second_factor.proposed(self._access, visitor, sealed)
        except NoMasterKey:
            return show(request, _UNABLE, "no_master_key", 503)
        except SetUpAnew:
            return await self._anew(request, "set_up_anew", 409)
        token = request.cookies.get(COOKIE, "")
        try:
            second_factor.shown(
                self._access, proposal, code
            )  # before a slip uses up the present code
            await account.prove(self._access, visitor, password, address_of(request), present)
            codes = await second_factor.enrol(self._access, visitor, proposal, code, token)
        except NotProved:
            return await self._again(request, proposal, "not_proved", 401)
        except WrongCode:
            return await self._again(request, proposal, "wrong_code", 422)
        return show(request, _on_paper(request, codes, "/" if visitor.step else _ACCOUNT))

    async def removal(self, request: Request) -> Response:
        return show(request, _removal(request))

    async def remove(
        self,
        request: Request,
        password: Annotated[str, Form(max_length=1000)] = "",
        present: Annotated[str, Form(max_length=100)] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        visitor: Visitor = request.state.visitor
        if not visitor.csrf or csrf != visitor.csrf:
            return show(request, _removal(request), "origin", 403)
        try:
            await account.prove(self._access, visitor, password, address_of(request), present)
            await second_factor.remove(self._access, visitor)
        except NotProved:
            return show(request, _removal(request), "not_proved", 401)
        except FactorNeeded:
            return show(request, _removal(request), "factor_needed", 409)
        except NoMasterKey:
            return show(request, _UNABLE, "no_master_key", 503)
        return RedirectResponse(f"{_ACCOUNT}?said=removed", 303)


_UNABLE = DoorPage("enrol", "enrol_why", back=_ACCOUNT)


def _enrolment(request: Request, proposal: Proposal, *, replaces: bool) -> DoorPage:
    visitor: Visitor = request.state.visitor
    needed = visitor.step is Step.FACTOR
    present = (code_entry(request, "present", "present_code"),) if replaces else ()
    fields = (
        origin_token(request),
        hidden("sealed", proposal.sealed),
        password_entry(request, "password", "password"),
        *present,
        code_entry(request, "code", "new_code"),
    )
    return DoorPage(
        "replace" if replaces else "enrol",
        "enrol_needed" if needed else "enrol_why",
        DoorForm("/factor", "turn_on", fields),
        _drawn(request, proposal, text(request, "enrol_why") if needed else ""),
        back="" if needed else _ACCOUNT,
    )


def _drawn(request: Request, proposal: Proposal, how: str) -> str:
    """Draw what a device scans, and the same as letters."""
    label = text(request, "picture")
    picture = segno.make_qr(proposal.address).svg_inline(scale=4, border=3, light="#fff")
    letters = " ".join(proposal.secret[at : at + 4] for at in range(0, len(proposal.secret), 4))
    return (
        f"<p>{how}</p>"
        f'<div class="picture" role="img" aria-label="{label}">{picture}</div>'
        f'<p class="key"><span>{text(request, "secret")}</span> '
        f'<code class="secret">{letters}</code></p>'
    )


def _on_paper(request: Request, codes: Iterable[str], there: str) -> DoorPage:
    rows = "".join(f"<li><code>{escape(one)}</code></li>" for one in codes)
    body = f'<ol class="codes">{rows}</ol>{button_to(request, there, "go_on")}'
    return DoorPage("enrolled", "enrolled_why", body=body, query=None)


def _removal(request: Request) -> DoorPage:
    fields = (
        origin_token(request),
        password_entry(request, "password", "password"),
        code_entry(request, "present", "code"),
    )
    form = DoorForm("/factor/remove", "remove_go", fields)
    return DoorPage("remove", "remove_why", form, back=_ACCOUNT)
