"""Signing in and out, and the choice of a password: plain forms that work without scripts."""

from importlib.resources import files
from string import Template
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from annul.desk.access import SHORTEST, Access, Session, SignInVerdict
from annul.desk.roles import Visitor

from .gate import COOKIE, address_of, same_origin
from .language import chosen

_PAGE: Final = Template(
    files("annul.api").joinpath("login.html").read_text(encoding="utf-8")
)  # $names are escaped or of our own

_TEXTS: Final = {
    "zh": {
        "sign_in": "登录",
        "name": "用户名",
        "password": "口令",
        "go": "登录",
        "choose": "设置自己的口令",
        "new": f"新口令（至少{SHORTEST}个字符）",
        "keep": "保存",
        "why": "一次性口令只能用来设置自己的口令。",
        "refused": "用户名或口令不正确。多次错误后须等待片刻再试。",
        "busy": "登录请求过多，请稍后再试。",
        "short": f"口令至少要有{SHORTEST}个字符。",
        "origin": "请求不是来自本页面，请重试。",
        "lead": "每一笔撤销都有结局。",
        "kept": "口令已保存，请登录。",
    },
    "en": {
        "sign_in": "Sign in",
        "name": "Name",
        "password": "Password",
        "go": "Sign in",
        "choose": "Choose a password of your own",
        "new": f"New password ({SHORTEST} or more)",
        "keep": "Keep it",
        "why": "A one-time password opens nothing else.",
        "refused": "Name or password is wrong. After several, wait before you try again.",
        "busy": "Too many are signing in; try again in a moment.",
        "short": f"A password has at least {SHORTEST} characters.",
        "origin": "The request did not come from this page; try again.",
        "lead": "Every void ends.",
        "kept": "The password is kept; sign in with it.",
    },
}


def build(access: Access, *, secure: bool) -> APIRouter:  # noqa: C901 - one route after the other
    """Build the routes; `secure` keeps the cookie to TLS."""
    router = APIRouter(include_in_schema=False)

    @router.get("/login")
    async def form(request: Request, next: str = "/", said: str = "") -> Response:  # noqa: A002 - its name in the address
        return _page(request, "sign_in", said=said, there=next)

    @router.post("/login")
    async def sign_in(
        request: Request,
        name: Annotated[str, Form(max_length=200)] = "",
        password: Annotated[str, Form(max_length=1000)] = "",
        there: Annotated[str, Form(max_length=2000)] = "/",
    ) -> Response:
        if not same_origin(dict(request.headers)):
            return _page(request, "sign_in", said="origin", there=there, status=403)
        verdict = await access.check(name, password, address_of(request))
        if verdict in {SignInVerdict.REFUSED, SignInVerdict.BUSY}:
            status = 503 if verdict is SignInVerdict.BUSY else 401
            return _page(request, "sign_in", said=verdict, there=there, status=status)
        first = verdict is SignInVerdict.MUST_CHANGE
        answer = RedirectResponse("/password" if first else inside(there), 303)
        _give(answer, await access.open(name), secure=secure)
        return answer

    @router.get("/password")
    async def password_form(request: Request) -> Response:
        return _page(request, "choose")

    @router.post("/password")
    async def choose(
        request: Request,
        password: Annotated[str, Form(max_length=1000)] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        visitor: Visitor | None = request.state.visitor
        if visitor is None or not visitor.csrf or csrf != visitor.csrf:  # a program has none
            return _page(request, "choose", said="origin", status=403)
        try:
            await access.change(visitor.name, password)
        except ValueError:
            return _page(request, "choose", said="short", status=422)
        answer = RedirectResponse("/", 303)
        _give(answer, await access.open(visitor.name), secure=secure)
        return answer

    @router.post("/logout")
    async def sign_out(request: Request, csrf: Annotated[str, Form()] = "") -> Response:
        visitor: Visitor | None = request.state.visitor
        answer = RedirectResponse("/login", 303)
        if visitor is not None and csrf == visitor.csrf:
            await access.close(request.cookies.get(COOKIE, ""))
            answer.delete_cookie(COOKIE)
        return answer

    return router


def _give(answer: Response, session: Session, *, secure: bool) -> None:
    answer.set_cookie(
        COOKIE,
        session.token,
        expires=session.ends_at,
        httponly=True,
        samesite="strict",
        secure=secure,
        path="/",
    )


def inside(there: str) -> str:
    """Give an address of this site, whatever was asked for."""
    parts = urlsplit(there)
    inside = not parts.scheme and not parts.netloc and there.startswith("/")
    return there if inside and not there.startswith(("//", "/\\")) else "/"


def _page(
    request: Request, what: str, *, said: str = "", there: str = "/", status: int = 200
) -> HTMLResponse:
    from html import escape

    language = chosen(request)
    text = _TEXTS[language]
    visitor: Visitor | None = request.state.visitor
    first = what == "choose"
    fields = (
        f'<input type="hidden" name="csrf" value="{escape(visitor.csrf if visitor else "")}">'
        f'<label>{text["new"]}<input name="password" type="password" minlength="{SHORTEST}" '
        'autocomplete="new-password" required autofocus></label>'
        if first
        else f'<input type="hidden" name="there" value="{escape(inside(there))}">'
        f'<label>{text["name"]}<input name="name" autocomplete="username" required autofocus>'
        f'</label><label>{text["password"]}<input name="password" type="password" '
        'autocomplete="current-password" required></label>'
    )
    body = _PAGE.substitute(
        language=language,
        title=text[what],
        lead=text["why" if first else "lead"],
        said=f'<p class="said" role="alert">{text[said]}</p>' if said in text else "",
        action="/password" if first else "/login",
        fields=fields,
        go=text["keep" if first else "go"],
    )
    return HTMLResponse(body, status)
