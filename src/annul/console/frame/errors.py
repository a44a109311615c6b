"""What is shown in place of a page: what happened, that no money has moved by it, where to go."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse

from annul.api.language import chosen
from annul.desk import find
from annul.desk.over_cells import CellSilent
from annul.desk.roles import Scope, Visitor
from annul.store.batcher import LOST

from . import bar
from .live import View
from .markup import Html, join, link, tag
from .preferences import is_dark
from .texts import Words

log = structlog.get_logger(__name__)
# A page that goes by the system's theme, where no framework sets it.
_BY_SYSTEM: Final = (
    "<script>matchMedia('(prefers-color-scheme: dark)').matches"
    "&&document.body.classList.add('body--dark')</script>"
)


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong: the status, what happened, and what to do. `again`: trying again may help."""

    status: int
    title: str
    more: str
    again: bool = False


UNKNOWN: Final = "unknown"
BAD_CURSOR: Final = "cursor"
NOT_YOURS: Final = "not_yours"
NO_PAGE: Final = "no_page"
AWAY: Final = "away"
SLOW: Final = "slow"
FAULT: Final = "fault"
SILENT: Final = "silent"
WRONG: Final[Mapping[str, Wrong]] = {
    NO_PAGE: Wrong(404, "Nothing here", "There is no page at this address: {what}"),
    UNKNOWN: Wrong(
        404, "Nothing here", "Requested: {what}. It does not exist, or you may not see it."
    ),
    BAD_CURSOR: Wrong(404, "Nothing here", "The list has no such page. Open it from the start."),
    NOT_YOURS: Wrong(
        403,
        "Your role cannot view this page.",
        "If you need it for your work, ask an administrator for a role that includes it.",
    ),
    AWAY: Wrong(
        503,
        "The database is unavailable",
        "annul cannot reach its database, so nothing was done. It keeps trying.",
        again=True,
    ),
    SILENT: Wrong(
        503,
        "A cell gives no answer",
        "Cell {what} gives no answer, and what is asked for may be there. A change may or may not "
        "have been made: once the cell answers, look first whether it was.",
        again=True,
    ),
    SLOW: Wrong(
        503,
        "This took too long",
        "The page was not ready in time. Narrow it down, or try again in a moment.",
        again=True,
    ),
    FAULT: Wrong(
        500,
        "Internal error in annul",
        "The page could not be shown. Look it up in the log under this reference: {what}",
        again=True,
    ),
}


def kind_of(error: BaseException) -> str:
    """Say which of them an exception is."""
    if isinstance(error, CellSilent):
        return SILENT
    return AWAY if isinstance(error, LOST) else FAULT


def kept(request: Request, error: BaseException) -> str:
    """Write a fault to the log; gives the reference under which it stands there."""
    reference = uuid4().hex[:8].upper()
    path = request.scope.get("nicegui_page_path") or request.url.path
    log.error("fault shown to somebody", reference=reference, page=path, exc_info=error)
    return reference


def instead(request: Request, kind: str, what: str = "") -> HTMLResponse:
    """Answer with a page in the frame's look that needs nothing of the framework."""
    words, wrong = Words(chosen(request)), WRONG[kind]
    visitor: Visitor | None = request.state.visitor
    if visitor is None or visitor.step or not visitor.role:
        card = told(
            words, kind, what, join((_again(words, wrong), link(words("Sign in"), "/login")))
        )
        body = f'<body class="door"><main class="door-card">{card}</main></body>'
        title = f"<title>{words(wrong.title)} · annul</title>"
        return _answer(words, wrong, f"{bar.LINKS}{title}", body)
    site = request.state.site
    view = View(site.desk, visitor, words, request)
    places = site.places(visitor)
    head = f"{bar.head(view, places)}<title>{words(wrong.title)} · annul</title>"
    content = tag("main", told_to(view, kind, what), cls="page", id="main", tabindex="-1")
    inner = join(
        (
            tag("header", bar.top(view, places), cls="top"),
            content,
            tag("div", bar.menu(words, places, request.url.path), cls="side"),
        )
    )
    body = tag("div", inner, cls="nicegui-content")
    dark = is_dark(request)
    cls = {None: "", True: "body--dark", False: "body--light"}[dark]
    script = _BY_SYSTEM if dark is None else ""
    return _answer(words, wrong, head, f'<body class="{cls}">{script}{body}</body>')


def away(request: Request) -> HTMLResponse:
    """Answer to a browser while the database is away."""
    return instead(request, AWAY)


def _answer(words: Words, wrong: Wrong, head: str, body: str) -> HTMLResponse:
    meta = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        '<link rel="icon" href="/assets/mark.svg">'
    )
    page = f'<!doctype html><html lang="{words.language}"><head>{meta}{head}</head>{body}</html>'
    return HTMLResponse(page, wrong.status, headers={"cache-control": "no-store"})


def told_to(view: View, kind: str, what: str = "") -> Html:
    """Say what is wrong, and where to go from here, to somebody who is signed in."""
    words, wrong = view.words, WRONG[kind]
    ways = (
        _again(words, wrong),
        tag(
            "button",
            words("Search for it"),
            type="button",
            cls="button primary",
            data_search=what,
        )
        if kind == UNKNOWN and find.searches(view.visitor)
        else None,
        link(words("Open the list from the start"), view.request.url.path, cls="button primary")
        if kind == BAD_CURSOR
        else None,
        tag("button", words("Back"), type="button", cls="button", data_does="back"),
        link(words("Overview"), "/", cls="button") if view.may(Scope.OVERVIEW) else None,
        link(words("Cases"), "/cases", cls="button") if view.may(Scope.CASES_READ) else None,
        None
        if view.may(Scope.OVERVIEW)
        else link(words("Back to the start page"), "/", cls="button"),
    )
    return told(words, kind, what, join(ways))


def told(words: Words, kind: str, what: str, ways: Html) -> Html:
    """Say what is wrong in a card."""
    wrong = WRONG[kind]
    named = tag("b", what, cls="mono") if what else ""
    before, _, after = words(wrong.more).partition("{what}")
    return tag(
        "section",
        tag("h1", words(wrong.title)),
        tag("p", before, named, after, cls="lead"),
        tag("p", words("No money has moved because of this."), cls="muted"),
        tag("div", ways, cls="row-of-buttons"),
        cls="card wrong",
        role="alert",
    )


def _again(words: Words, wrong: Wrong) -> Html | None:
    if not wrong.again:
        return None
    return link(words("Try again"), "", cls="button primary")
