"""The frame around every page: who may see it, where one can go, language and theme."""

import asyncio
import math
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from nicegui import Client, app, ui
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from annul.api.gate import API
from annul.api.language import chosen
from annul.api.problems import problem
from annul.desk import cases
from annul.desk.cursor import BadCursor
from annul.desk.desk import Desk, NothingThere
from annul.desk.over_cells import CellSilent
from annul.desk.roles import Scope, Visitor
from annul.domain.errors import AnnulError

from . import bar, errors
from .bar import ACCOUNT, Place
from .live import Part, View, html
from .markup import Html, link, tag
from .preferences import is_dark
from .texts import Words

__all__ = ("ACCOUNT", "ConsolePage", "Site", "mount")
_BUILT_WITHIN_S: Final = 20.0
_MARK: Final = files("annul.api") / "assets" / "mark.svg"
_COUNTED_EVERY_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class ConsolePage:
    """One page: its address, what one must be allowed to see it; with an icon it is in the menu.

    `scope` None: it is for everybody who is signed in. `of_shops` False: not for people of shops.
    """

    path: str
    scope: Scope | None
    title: str
    show: Callable[[View], Awaitable[None]]
    icon: str = ""
    of_shops: bool = True


@dataclass(frozen=True, slots=True)
class Site:
    """What one application shows: on which desk, and its pages in the order of the menu.

    `owners` are the sessions that open pages were built for, by the client of each.
    """

    desk: Desk
    pages: tuple[ConsolePage, ...]
    owners: dict[str, str] = field(default_factory=dict[str, str])

    def places(self, visitor: Visitor) -> tuple[Place, ...]:
        """Give the pages that somebody may go to and that stand alone, in the menu's order."""
        return tuple(
            (page.path, page.title, page.icon)
            for page in self.pages
            if "{" not in page.path and _is_for(page, visitor)
        )


def mount(application: FastAPI, site: Site) -> None:
    """Let an application show pages; its lifespan has to put `site` into its state.

    NiceGUI has one list of addresses in a process, and starts and stops once. So nothing of ours
    but addresses stands there: whose page and desk it is comes with each request. Of several in a
    process all are built before one is served, and the first to begin is the last to end.
    """
    for page in site.pages:
        _enter(page.path)
    app.add_exception_handler(404, _nothing_here)
    app.add_exception_handler(Exception, _fault)
    own = application.router.lifespan_context
    ui.run_with(
        application,
        title="annul",
        favicon=Path(str(_MARK)),
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
    @ui.page(path, response_timeout=_BUILT_WITHIN_S + 5.0)
    async def shown(request: Request) -> Response | None:
        site: Site = request.state.site
        found = next((one for one in site.pages if one.path == path), None)
        if found is None:
            raise HTTPException(404)
        limit = asyncio.timeout(_BUILT_WITHIN_S)
        try:
            async with limit:
                return await _show(site, found, request)
        except HTTPException:
            raise
        except TimeoutError as error:
            if not limit.expired():
                return await _fault(request, error)
            return errors.instead(request, errors.SLOW)
        except Exception as error:  # noqa: BLE001 - said to whoever waits for it, and in the log
            return await _fault(request, error)


async def _nothing_here(request: Request, error: Exception) -> Response:
    """Answer for an address that is none, in place of NiceGUI, which would keep a page object."""
    del error
    path = request.url.path
    if request.state.visitor is None:
        return Response(status_code=404)
    if path.startswith(API):
        return problem(404, "http.404", "Not Found", "See /api/v1/openapi.json.")
    return errors.instead(request, errors.NO_PAGE, path[:200])


async def _fault(request: Request, error: Exception) -> Response:
    """Answer for a page that could not be shown, also in place of NiceGUI."""
    kind = errors.kind_of(error)
    what = errors.kept(request, error) if kind == errors.FAULT else ""
    if isinstance(error, CellSilent):
        what = error.cells
    return errors.instead(request, kind, what)


async def _show(site: Site, page: ConsolePage, request: Request) -> Response | None:
    visitor: Visitor = request.state.visitor
    words = Words(chosen(request))
    view = View(site.desk, visitor, words, request)
    client = ui.context.client
    site.owners[client.id] = visitor.csrf
    client.on_delete(lambda: site.owners.pop(client.id, None))
    places = site.places(visitor)
    if not _is_for(page, visitor):
        first = next((place for place, _, icon in places if icon), "")
        if page.path == "/" and first:
            return RedirectResponse(first, 303)
        return errors.instead(request, errors.NOT_YOURS)
    ui.page_title(f"{words(page.title)} · annul")
    ui.add_head_html(bar.head(view, places))
    ui.dark_mode(is_dark(request))
    client.on_exception(lambda error: _say(view, error))
    _main_is_ours(client)
    html(bar.top(view, places), "top").props('role="banner"')
    with ui.element("main").classes("page").props('id="main" tabindex="-1"'):
        if view.desk.drill:
            html(_drill(view))
        silent = Part(partial(_silent, view, set[str]()), "silent")
        try:
            await page.show(view)
        except CellSilent as error:
            html(errors.told_to(view, errors.SILENT, error.cells))
            client.status_code = errors.WRONG[errors.SILENT].status
        except (NothingThere, BadCursor) as unknown:
            wrong = errors.UNKNOWN if isinstance(unknown, NothingThere) else errors.BAD_CURSOR
            asked = " ".join(view.params.values())[:60]
            html(errors.told_to(view, wrong, asked if wrong == errors.UNKNOWN else ""))
            client.status_code = errors.WRONG[wrong].status
    html(bar.menu(words, places, page.path), "side")
    await silent.refresh()  # what this page has asked says which cells are
    if view.desk.others:
        _follow(view, "silent cells", silent)
    await _count(view)
    return None


def _drill(view: View) -> Html:
    """Say on every page of a sandbox that nothing of it is real."""
    said = view.words("Drill {name}: nothing here is real.", name=view.desk.drill)
    return tag("p", said, cls="drill", role="status")


async def _silent(view: View, missed: set[str]) -> Html:
    """Name the cells without which this is shown, and those that were `missed` and answer again."""
    words, silent = view.words, view.desk.silent.keys()
    missed.update(silent)
    if not missed:
        return Html()
    if silent:
        names = ", ".join(sorted(silent))
        said = words("No answer from cell {names}: what is shown is without it.", names=names)
        return tag("p", said, cls="warned", role="status")
    said = words("Cell {names} answers again.", names=", ".join(sorted(missed)))
    url = view.request.url
    again = link(words("Reload the page"), f"{url.path}?{url.query}".rstrip("?"))
    return tag("p", said, " ", again, cls="warned", role="status")


def _main_is_ours(client: Client) -> None:
    """Let a page have one main part: NiceGUI draws a `main` around all, bar and menu included."""
    around = client.content.parent_slot
    if around is not None:
        around.parent.tag = "div"
        around.parent.classes("q-page")


async def _count(view: View) -> None:
    """Keep on the tab's picture how many cases need manual action, for who may act on them."""
    if not bar.may_act(view.visitor):
        return

    async def build() -> Html:
        shared = view.shared("manual", lambda: cases.manual(view.desk, view.visitor))
        return tag("i", data_manual=await shared)

    part = Part(build, "unseen")
    await part.refresh()
    _follow(view, "manual count", part)


def _follow(view: View, name: str, part: Part) -> None:
    """Build a part anew every few seconds, until the page ends."""
    client = ui.context.client

    async def follow() -> None:  # no watcher of changes, of which each slows down all others
        with client:
            await part.refresh()

    every_s = _COUNTED_EVERY_S
    loop = view.desk.loops.start(name, follow, every_s=every_s, first_s=every_s, within_s=math.inf)

    def end() -> None:
        loop.cancel()

    client.on_delete(end)


def _say(view: View, error: Exception) -> None:
    """Tell whoever looks at a page that an act of theirs has failed, and under which reference."""
    words = view.words
    if isinstance(error, AnnulError):
        said = words(str(error))
    elif errors.kind_of(error) == errors.AWAY:
        said = words(errors.WRONG[errors.AWAY].title)
    else:
        reference = errors.kept(view.request, error)
        said = words("Internal error in annul; reference in the log: {what}.", what=reference)
    ui.notify(said, type="negative")


def _is_for(page: ConsolePage, visitor: Visitor) -> bool:
    if page.scope is None:
        return bool(visitor.role) and not visitor.step
    return visitor.may(page.scope) and (page.of_shops or not visitor.merchant_id)
