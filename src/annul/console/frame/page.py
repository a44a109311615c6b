"""The frame around every page: who may see it, where one can go, language and theme."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final

from fastapi import FastAPI
from nicegui import app, ui
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from annul.api.language import chosen
from annul.desk.cursor import BadCursor
from annul.desk.desk import Desk, NothingThere
from annul.desk.roles import Scope, Visitor

from .live import View, html
from .markup import Html, icon, join, link, tag
from .preferences import LANGUAGE, THEME, is_dark
from .texts import Words

ACCOUNT: Final = "/account"
_STYLE: Final = "".join(
    f'<link rel="stylesheet" href="/assets/{name}.css">'
    for name in ("annul", "frame", "lists", "case")
)
_SCRIPTS: Final = "".join(
    f'<script src="/assets/{name}.js" defer></script>' for name in ("frame", "lists", "case")
)


@dataclass(frozen=True, slots=True)
class ConsolePage:
    """One page: its address, what one must be allowed to see it; with an icon it is in the menu.

    `scope` None: it is for everybody who is signed in.
    """

    path: str
    scope: Scope | None
    title: str
    show: Callable[[View], Awaitable[None]]
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """What one application shows: on which desk, and its pages in the order of the menu.

    `owners` are the sessions that open pages were built for, by the client of each.
    """

    desk: Desk
    pages: tuple[ConsolePage, ...]
    owners: dict[str, str] = field(default_factory=dict[str, str])


def mount(application: FastAPI, site: Site) -> None:
    """Let an application show pages; its lifespan has to put `site` into its state.

    NiceGUI has one list of addresses in a process, and starts and stops once. So nothing of ours
    but addresses stands there: whose page and desk it is comes with each request. Of several in a
    process all are built before one is served, and the first to begin is the last to end.
    """
    for page in site.pages:
        _enter(page.path)
    app.add_exception_handler(404, _nothing_here)
    own = application.router.lifespan_context
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
    first = application.router.lifespan_context

    @asynccontextmanager
    async def lifespan(served: FastAPI) -> AsyncIterator[Any]:
        async with (own if app.is_started else first)(served) as state:
            yield state

    application.router.lifespan_context = lifespan


def _enter(path: str) -> None:
    @ui.page(path)
    async def shown(request: Request) -> Response | None:
        site: Site = request.state.site
        found = next((one for one in site.pages if one.path == path), None)
        if found is None:
            raise HTTPException(404)
        return await _show(site, found, request)


async def _nothing_here(request: Request, error: Exception) -> Response:
    """Answer for an address that is none, in place of NiceGUI, which would keep a page object."""
    del error
    if request.state.visitor is None:
        return Response(status_code=404)
    words = Words(chosen(request))
    return HTMLResponse(_alone(words("Nothing here"), words), 404)


async def _show(site: Site, page: ConsolePage, request: Request) -> Response | None:
    visitor: Visitor = request.state.visitor
    words = Words(chosen(request))
    view = View(site.desk, visitor, words, request)
    client = ui.context.client
    site.owners[client.id] = visitor.csrf
    client.on_delete(lambda: site.owners.pop(client.id, None))
    ui.page_title(f"annul · {words(page.title)}")
    spoken = f'<script>document.documentElement.lang="{words.language}"</script>'
    ui.add_head_html(f"{_STYLE}{_SCRIPTS}{spoken}")
    ui.dark_mode(is_dark(request))
    menu = [one for one in site.pages if one.icon and one.scope and view.may(one.scope)]
    if not _is_for(page, visitor):
        if page.path == "/" and menu:
            return RedirectResponse(menu[0].path, 303)
        return HTMLResponse(_alone(words("This page is not for your role."), words), 403)
    html(_top(view), "top")
    html(_menu(words, menu, page), "side")
    with ui.element("main").classes("page").props('id="main" tabindex="-1"'):
        try:
            await page.show(view)
        except (NothingThere, BadCursor) as unknown:
            html(tag("div", tag("h1", words("Nothing here")), tag("p", str(unknown)), cls="card"))
    return None


def _is_for(page: ConsolePage, visitor: Visitor) -> bool:
    if page.scope is None:
        return bool(visitor.role) and not visitor.step
    return visitor.may(page.scope)


def _top(view: View) -> Html:
    words, visitor = view.words, view.visitor
    other = "en" if words.language == "zh" else "zh"
    here = view.request.url.path
    return tag(
        "div",
        link(words("Skip to content"), "#main", cls="skip"),
        link(join((tag("span", cls="brand-mark", aria_hidden="true"), "annul")), "/", cls="brand"),
        tag("span", cls="grow"),
        link(
            "中文" if other == "zh" else "English",
            f"{LANGUAGE}?language={other}&there={escape(here)}",
            cls="quiet",
            lang=other,
        ),
        link(
            words("Light or dark"),
            f"{THEME}?there={escape(here)}",
            cls="quiet",
            title=words("Light or dark"),
            aria_label=words("Light or dark"),
        ),
        _own(words, visitor),
        cls="bar",
    )


def _own(words: Words, visitor: Visitor) -> Html:
    """Build the menu of the user: what concerns themselves."""
    who = tag("span", f"{visitor.name} · {words(visitor.role)}", cls="who")
    head = tag("summary", icon("person"), who, aria_label=words("You"))
    sign_out = tag(
        "form",
        tag("input", type="hidden", name="csrf", value=visitor.csrf),
        tag("button", words("Sign out"), type="submit", cls="quiet"),
        method="post",
        action="/logout",
    )
    return tag("details", head, tag("div", link(words("My account"), ACCOUNT), sign_out), cls="own")


def _menu(words: Words, menu: Iterable[ConsolePage], page: ConsolePage) -> Html:
    return tag(
        "nav",
        *(
            link(
                join(
                    (
                        icon(one.icon),
                        tag("span", words(one.title)),
                    )
                ),
                one.path,
                aria_current="page" if _within(page.path, one.path) else False,
            )
            for one in menu
        ),
        aria_label=words("Menu"),
    )


def _within(path: str, place: str) -> bool:
    return path == place or (place != "/" and path.startswith(f"{place}/"))


def _alone(said: str, words: Words) -> str:
    back = link(words("Back to the beginning"), "/")
    body = tag("main", tag("h1", said), tag("p", back), cls="door-card")
    head = f'<!doctype html><html lang="{words.language}"><head>{_STYLE}</head>'
    return f'{head}<body class="door">{body}</body></html>'
