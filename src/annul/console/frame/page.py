"""The frame around every page: who may see it, where one can go, language and light."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from html import escape
from typing import Final

from nicegui import ui
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from annul.api.language import chosen
from annul.desk.cursor import BadCursor
from annul.desk.desk import Desk, Unknown
from annul.desk.roles import Scope, Visitor

from .live import View, html
from .markup import Html, join, link, tag
from .preferences import LANGUAGE, THEME, is_dark
from .texts import Words

_STYLE: Final = '<link rel="stylesheet" href="/assets/annul.css">'

Build = Callable[[View], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its address, what one must be allowed to see it, and its place in the menu."""

    path: str
    scope: Scope
    title: str
    icon: str
    build: Build


PAGES: Final[dict[str, Page]] = {}
# Set once by `annul.console.build`: a process has one console.
_desk: list[Desk] = []


def serve_with(desk: Desk) -> None:
    """Let the pages stand on a desk."""
    _desk[:] = [desk]


def page(path: str, scope: Scope, title: str, icon: str = "") -> Callable[[Build], Build]:
    """Enter a page. With an icon it stands in the menu."""

    def enter(build: Build) -> Build:
        entered = Page(path, scope, title, icon, build)
        PAGES[path] = entered

        @ui.page(path)
        async def shown(request: Request) -> Response | None:
            return await _show(entered, request)

        return build

    return enter


async def _show(entered: Page, request: Request) -> Response | None:
    visitor: Visitor = request.state.visitor
    words = Words(chosen(request))
    view = View(_desk[0], visitor, words, request)
    ui.page_title(f"annul · {words(entered.title)}")
    ui.add_head_html(f'{_STYLE}<script>document.documentElement.lang="{words.language}"</script>')
    ui.dark_mode(is_dark(request))
    if not visitor.may(entered.scope):
        first = next((one.path for one in _menu_of(view)), "")
        if entered.path == "/" and first:
            return RedirectResponse(first, 303)
        return HTMLResponse(_alone(words("This page is not for your role."), words), 403)
    with html_frame(view, entered):
        try:
            await entered.build(view)
        except (Unknown, BadCursor) as unknown:
            html(tag("div", tag("h1", words("Nothing here")), tag("p", str(unknown)), cls="card"))
    return None


def html_frame(view: View, entered: Page) -> ui.element:
    """Draw the frame; gives the place for the page's own content."""
    html(_top(view), "top")
    html(_menu(view, entered), "side")
    return ui.element("main").classes("page").props('id="main" tabindex="-1"')


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
        tag("span", f"{visitor.name} · {words(visitor.role)}", cls="who"),
        tag(
            "form",
            tag("input", type="hidden", name="csrf", value=visitor.csrf),
            tag("button", words("Sign out"), type="submit", cls="quiet"),
            method="post",
            action="/logout",
        ),
        cls="bar",
    )


def _menu(view: View, entered: Page) -> Html:
    return tag(
        "nav",
        *(
            link(
                join(
                    (
                        tag("span", one.icon, cls="icon", aria_hidden="true"),
                        tag("span", view.words(one.title)),
                    )
                ),
                one.path,
                aria_current="page" if _within(entered.path, one.path) else False,
            )
            for one in _menu_of(view)
        ),
        aria_label=view.words("Menu"),
    )


def _menu_of(view: View) -> list[Page]:
    return [one for one in PAGES.values() if one.icon and view.may(one.scope)]


def _within(path: str, place: str) -> bool:
    return path == place or (place != "/" and path.startswith(f"{place}/"))


def _alone(said: str, words: Words) -> str:
    back = link(words("Back to the beginning"), "/")
    body = tag("main", tag("h1", said), tag("p", back), cls="door-card")
    head = f'<!doctype html><html lang="{words.language}"><head>{_STYLE}</head>'
    return f'{head}<body class="door">{body}</body></html>'
