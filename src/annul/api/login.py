"""Signing in, in one step or two, and out."""

from typing import Annotated, Final
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from annul.desk import second_factor
from annul.desk.access import Access, SignInVerdict
from annul.desk.browsers import in_short
from annul.desk.roles import Step, Visitor
from annul.desk.second_factor import CodeVerdict, NoMasterKey
from annul.desk.tries import SIGNED_IN

from .door import (
    DoorForm,
    DoorPage,
    code_entry,
    entry,
    give,
    hidden,
    origin_token,
    password_entry,
    show,
)
from .gate import COOKIE, address_of, same_origin

# What is answered to a name and password that open nothing.
_REFUSED: Final = {SignInVerdict.REFUSED: 401, SignInVerdict.BUSY: 503}
RECOVERED: Final = "/account?said=recovered"


def build(access: Access, *, secure: bool) -> APIRouter:
    """Build the routes; `secure` keeps the cookie to TLS."""
    pages = _SignIn(access, secure=secure)
    router = APIRouter(include_in_schema=False)
    router.add_api_route("/login", pages.form, methods=["GET"])
    router.add_api_route("/login", pages.sign_in, methods=["POST"])
    router.add_api_route("/login/code", pages.code_form, methods=["GET"])
    router.add_api_route("/login/code", pages.say_code, methods=["POST"])
    router.add_api_route("/logout", pages.sign_out, methods=["POST"])
    return router


class _SignIn:
    """The pages of signing in and out."""

    def __init__(self, access: Access, *, secure: bool) -> None:
        self._access = access
        self._secure = secure

    async def _let_in(
        self, request: Request, name: str, there: str, *, awaits_code: bool = False
    ) -> Response:
        agent = in_short(request.headers.get("user-agent", ""))
        answer = RedirectResponse(there, 303)
        address = address_of(request)
        session = await self._access.open(name, address, agent, awaits_code=awaits_code)
        if not awaits_code:
            await self._access.tries.audit(SIGNED_IN, name, address)
        give(answer, session, secure=self._secure)
        return answer

    async def form(self, request: Request, next: str = "/", said: str = "") -> Response:  # noqa: A002 - its name in the address
        return show(request, _sign_in(request, next), said)

    async def sign_in(
        self,
        request: Request,
        name: Annotated[str, Form(max_length=200)] = "",
        password: Annotated[str, Form(max_length=1000)] = "",
        there: Annotated[str, Form(max_length=2000)] = "/",
    ) -> Response:
        if not same_origin(dict(request.headers)):
            return show(request, _sign_in(request, there), "origin", 403)
        verdict = await self._access.check(name, password, address_of(request))
        if verdict in _REFUSED:
            return show(request, _sign_in(request, there), verdict, _REFUSED[verdict])
        if verdict is SignInVerdict.NEEDS_CODE:
            second = f"/login/code?{urlencode({'next': inside(there)})}"
            return await self._let_in(request, name, second, awaits_code=True)
        return await self._let_in(request, name, inside(there))

    async def code_form(self, request: Request, next: str = "/") -> Response:  # noqa: A002 - its name in the address
        visitor: Visitor = request.state.visitor
        if visitor.step is not Step.CODE:
            return RedirectResponse(inside(next), 303)
        return show(request, _second_step(request, next))

    async def say_code(
        self,
        request: Request,
        code: Annotated[str, Form(max_length=100)] = "",
        there: Annotated[str, Form(max_length=2000)] = "/",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        visitor: Visitor = request.state.visitor
        if visitor.step is not Step.CODE:
            return RedirectResponse("/", 303)
        if not visitor.csrf or csrf != visitor.csrf:
            return show(request, _second_step(request, there), "origin", 403)
        try:
            verdict = await second_factor.check(
                self._access, visitor.name, code, address_of(request)
            )
        except NoMasterKey:
            return show(request, _second_step(request, there), "no_master_key", 503)
        if verdict is CodeVerdict.REFUSED:
            return show(request, _second_step(request, there), "code_refused", 401)
        await self._access.close(request.cookies.get(COOKIE, ""))
        recovered = verdict is CodeVerdict.RECOVERED
        return await self._let_in(request, visitor.name, RECOVERED if recovered else inside(there))

    async def sign_out(self, request: Request, csrf: Annotated[str, Form()] = "") -> Response:
        visitor: Visitor | None = request.state.visitor
        answer = RedirectResponse("/login", 303)
        if visitor is not None and csrf == visitor.csrf:
            await self._access.close(request.cookies.get(COOKIE, ""))
            answer.delete_cookie(COOKIE)
        return answer


def inside(there: str) -> str:
    """Give an address of this site, whatever was asked for."""
    parts = urlsplit(there)
    inside = not parts.scheme and not parts.netloc and there.startswith("/")
    return there if inside and not there.startswith(("//", "/\\")) else "/"


def _sign_in(request: Request, there: str) -> DoorPage:
    fields = (
        hidden("there", inside(there)),
        entry(request, "name", "user", autocomplete="username", autofocus=""),
        password_entry(request, "password", "password"),
    )
    form = DoorForm("/login", "sign_in", fields)
    return DoorPage("sign_in", "lead", form, query={"next": inside(there)})


def _second_step(request: Request, there: str) -> DoorPage:
    fields = (
        origin_token(request),
        hidden("there", inside(there)),
        code_entry(request, "code", "code", autofocus=""),
    )
    form = DoorForm("/login/code", "sign_in", fields)
    return DoorPage("code_title", "code_why", form, query={"next": inside(there)})
