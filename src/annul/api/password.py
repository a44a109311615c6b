"""Choosing a password: in place of a one-time one, because one wants to, or by a link."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from annul.desk import account, reset_links
from annul.desk.access import Access
from annul.desk.account import NotProved
from annul.desk.browsers import in_short
from annul.desk.passwords import PasswordRefused
from annul.desk.reset_links import LinkOver
from annul.desk.roles import Step, Visitor

from .door import DoorForm, DoorPage, give, hidden, origin_token, password_entry, show
from .gate import address_of, same_origin


def build(access: Access, *, secure: bool) -> APIRouter:
    """Build the routes; `secure` keeps the cookie to TLS."""
    pages = _Passwords(access, secure=secure)
    router = APIRouter(include_in_schema=False)
    router.add_api_route("/password", pages.form, methods=["GET"])
    router.add_api_route("/password", pages.choose, methods=["POST"])
    router.add_api_route("/reset", pages.reset_form, methods=["GET"])
    router.add_api_route("/reset", pages.reset, methods=["POST"])
    return router


class _Passwords:
    """The pages on which a password is chosen."""

    def __init__(self, access: Access, *, secure: bool) -> None:
        self._access = access
        self._secure = secure

    async def form(self, request: Request) -> Response:
        return show(request, _choice(request))

    async def choose(
        self,
        request: Request,
        password: Annotated[str, Form(max_length=1000)] = "",
        present: Annotated[str, Form(max_length=1000)] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        visitor: Visitor = request.state.visitor
        if not visitor.csrf or csrf != visitor.csrf:
            return show(request, _choice(request), "origin", 403)
        address = address_of(request)
        try:
            await account.change_password(self._access, visitor, present, password, address)
        except NotProved:
            return show(request, _choice(request), "not_proved", 401)
        except PasswordRefused as refused:
            return show(request, _choice(request), refused.why, 422)
        there = "/" if visitor.step else "/account?said=password"
        answer = RedirectResponse(there, 303)
        agent = in_short(request.headers.get("user-agent", ""))
        give(answer, await self._access.open(visitor.name, address, agent), secure=self._secure)
        return answer

    async def reset_form(self, request: Request, link: str = "") -> Response:
        try:
            return show(request, await _by_link(request, self._access, link))
        except LinkOver:
            return show(request, _OVER, "link_over", 404)

    async def reset(
        self,
        request: Request,
        link: Annotated[str, Form(max_length=200)] = "",
        password: Annotated[str, Form(max_length=1000)] = "",
    ) -> Response:
        if not same_origin(dict(request.headers)):
            return show(request, _OVER, "origin", 403)
        try:
            await reset_links.use(self._access, link, password)
        except PasswordRefused as refused:
            return show(request, await _by_link(request, self._access, link), refused.why, 422)
        except LinkOver:
            return show(request, _OVER, "link_over", 404)
        return RedirectResponse("/login?said=kept", 303)


_OVER = DoorPage("reset", "lead")


def _choice(request: Request) -> DoorPage:
    visitor: Visitor = request.state.visitor
    first = visitor.step is Step.PASSWORD
    present = () if first else (password_entry(request, "present", "present"),)
    new = password_entry(request, "password", "new", new=True)
    form = DoorForm("/password", "keep", (origin_token(request), *present, new))
    if first:
        return DoorPage("choose", "once", form)
    return DoorPage("change", "change_why", form, back="/account")


async def _by_link(request: Request, access: Access, link: str) -> DoorPage:
    name = await reset_links.owner(access, link)
    fields = (hidden("link", link), password_entry(request, "password", "new", new=True))
    form = DoorForm("/reset", "keep", fields)
    return DoorPage("reset", "reset_why", form, values={"name": name}, query={"link": link})
