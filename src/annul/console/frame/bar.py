"""What stands around every page: skip links, search, menu, palette, and what their script needs."""

import json
from collections.abc import Iterable
from importlib.resources import files
from typing import Final
from urllib.parse import urlencode

from annul.desk import find
from annul.desk.roles import Scope, Visitor

from . import keys
from .live import View
from .markup import Html, icon, join, link, tag
from .preferences import LANGUAGE, THEME
from .texts import Words

ACCOUNT: Final = "/account"
FIND: Final = "/find"
_CASES: Final = "/cases"
_AT_A_THUMB: Final = 5  # entries of a phone's menu, with that which opens the rest
_STYLES: Final = ("annul", "frame", "lists", "case", "clearing", "print")
_SCRIPTS: Final = ("frame", "lists", "case")
_MARK: Final = (files("annul.api") / "assets" / "mark.svg").read_text(encoding="utf-8").strip()
LINKS: Final = "".join(
    (
        *(f'<link rel="stylesheet" href="/assets/{name}.css">' for name in _STYLES),
        *(f'<script src="/assets/{name}.js" defer></script>' for name in _SCRIPTS),
    )
)
Place = tuple[str, str, str]  # address, title, icon


def head(view: View, places: Iterable[Place]) -> str:
    """Build what a page has in its head: looks, scripts, and what these are told in words."""
    words, visitor = view.words, view.visitor
    told = {
        **keys.told(place for place, _, _ in places),
        "find": FIND if find.searches(visitor) else "",
        "csrf": visitor.csrf,
        "card": find.CARD,
        "mark": _MARK,
        "words": {
            "copied": words("Copied: {text}", text="{text}"),
            "not_copied": words("Not copied: this browser does not allow it."),
            "acts": words("On this page"),
            "whole_card": _whole_card(words),
            "no_search": words("The search did not answer. Try again in a moment."),
            "lost": words("The connection to annul is lost."),
            "lost_more": words(
                "This page may be out of date. No money has moved because of that; reconnecting."
            ),
        },
    }
    data = json.dumps(told, ensure_ascii=False).replace("<", "\\u003c")
    spoken = f'<script>document.documentElement.lang="{words.language}"</script>'
    return f'{LINKS}{spoken}<script type="application/json" id="frame-told">{data}</script>'


def _whole_card(words: Words) -> str:
    refused = find.WholeCard()
    return f"{words(str(refused))} {words(refused.next_step)}"


def top(view: View, places: Iterable[Place]) -> Html:
    """Build the bar, and the dialogs that any page can open."""
    words, visitor = view.words, view.visitor
    places = tuple(places)
    searches = find.searches(visitor)
    bar = tag(
        "div",
        link(words("Skip to content"), "#main", cls="skip"),
        link(words("Skip to search"), "#find", cls="skip") if searches else None,
        link(words("Skip to the list"), "#main", cls="skip to-list", data_skip="list"),
        link(
            join((tag("span", cls="brand-mark", aria_hidden="true"), tag("span", "annul"))),
            "/",
            cls="brand",
            aria_label="annul",
        ),
        _search(words) if searches else None,
        tag("span", cls="grow"),
        tag(
            "button",
            icon("command"),
            type="button",
            cls="quiet",
            data_does="palette",
            title=words("Commands"),
            aria_label=words("Commands"),
        ),
        *_choices(view, in_bar=True),
        _own(words, visitor),
        cls="bar",
    )
    status = tag("div", id="frame-said", cls="unseen", role="status")
    return join((bar, status, _palette(view, places), _sheet(words, places)))


def menu(words: Words, places: Iterable[Place], here: str) -> Html:
    """Build the menu; it stands behind the content for whoever goes through a page by keyboard.

    A phone shows the first few and opens the rest above them.
    """
    shown = [
        link(
            join((icon(sign), tag("span", words(title)))),
            place,
            aria_current="page" if _within(here, place) else False,
        )
        for place, title, sign in places
        if sign
    ]
    if len(shown) <= _AT_A_THUMB:
        return tag("nav", *shown, aria_label=words("Menu"))
    first, rest = shown[: _AT_A_THUMB - 1], shown[_AT_A_THUMB - 1 :]
    more = tag(
        "button",
        icon("dots"),
        tag("span", words("More")),
        type="button",
        cls="more",
        data_more=True,
        aria_expanded="false",
        aria_controls="menu-rest",
    )
    folded = tag("div", *rest, cls="rest", id="menu-rest")
    return tag("nav", *first, folded, more, aria_label=words("Menu"))


def _within(path: str, place: str) -> bool:
    return path == place or (place != "/" and path.startswith(f"{place}/"))


def _search(words: Words) -> Html:
    label = words("Search cases, transactions, merchants, terminals, issuers")
    field = _combo("find", "found", label, words("Number, last four, amount, name"))
    hint = tag("kbd", "/", aria_hidden="true")
    listed = _listbox("found", words("Search results"), hidden=True)
    return tag("div", icon("search"), field, hint, listed, cls="find", role="search")


def _combo(name: str, listed: str, label: str, placeholder: str) -> Html:
    return tag(
        "input",
        id=name,
        type="text",
        role="combobox",
        autocomplete="off",
        autocapitalize="off",
        spellcheck="false",
        enterkeyhint="go",
        maxlength=find.LONGEST,
        aria_label=label,
        aria_expanded="false",
        aria_controls=listed,
        aria_autocomplete="list",
        placeholder=placeholder,
    )


def _listbox(name: str, label: str, *content: object, hidden: bool = False) -> Html:
    return tag(
        "div", *content, id=name, role="listbox", cls="found", hidden=hidden, aria_label=label
    )


def _choices(view: View, *, in_bar: bool = False) -> tuple[Html, Html]:
    """Link to the same page in the other language, and in the next theme."""
    words, url = view.words, view.request.url
    here = f"{url.path}?{url.query}" if url.query else url.path
    other = "en" if words.language == "zh" else "zh"
    language = f"{LANGUAGE}?{urlencode({'language': other, 'there': here})}"
    theme = f"{THEME}?{urlencode({'there': here})}"
    spoken, named = "中文" if other == "zh" else "English", words("Theme")
    if not in_bar:
        return link(spoken, language, lang=other), link(named, theme)
    return (
        link(spoken, language, cls="quiet", lang=other),
        link(icon("theme"), theme, cls="quiet", title=named, aria_label=named),
    )


def _own(words: Words, visitor: Visitor) -> Html:
    """Build the menu of the user: what concerns themselves."""
    who = tag("span", f"{visitor.name} · {words(visitor.role)}", cls="who")
    opened = tag("summary", icon("person"), who, aria_label=words("You"))
    sign_out = tag(
        "form",
        tag("input", type="hidden", name="csrf", value=visitor.csrf),
        tag("button", words("Sign out"), type="submit", cls="quiet", id="sign-out"),
        method="post",
        action="/logout",
    )
    own = tag("div", link(words("My account"), ACCOUNT), sign_out)
    return tag("details", opened, own, cls="own")


def _palette(view: View, places: Iterable[Place]) -> Html:
    """Build the palette: the script adds the acts of the page, and what the search finds."""
    words = view.words
    goes = [_option(link(words(title), place)) for place, title, _ in places]
    more = [
        *(_option(one) for one in _choices(view)),
        _option(tag("button", words("Keyboard shortcuts"), type="button", data_does="sheet")),
        _option(tag("button", words("Sign out"), type="button", data_click="#sign-out")),
    ]
    hint = words("Page, act, number, last four, amount")
    listed = _listbox(
        "commands",
        words("Commands"),
        tag("div", id="commands-acts", role="group", aria_label=words("On this page")),
        _group(words("Go to"), goes),
        _group(words("Settings"), more),
        tag("div", id="commands-found"),
    )
    field = _combo("command", "commands", words("Commands"), hint)
    return tag("dialog", field, listed, id="palette", cls="palette", aria_label=words("Commands"))


def _group(name: str, options: Iterable[Html]) -> Html:
    said = tag("div", name, cls="found-head", aria_hidden="true")
    return tag("div", said, *options, role="group", aria_label=name)


def _option(element: Html) -> Html:
    """Let a link or button be one of a list that is walked with the arrow keys."""
    return Html(element.replace(" ", ' role="option" tabindex="-1" ', 1))


def _sheet(words: Words, places: Iterable[Place]) -> Html:
    close = tag("button", words("Close"), type="button", cls="button", data_does="close")
    said = keys.sheet(words, [(place, title) for place, title, _ in places])
    title = tag("h2", words("Keyboard shortcuts"), id="shortcuts-title")
    return tag("dialog", title, said, close, id="shortcuts", aria_labelledby="shortcuts-title")


def may_act(visitor: Visitor) -> bool:
    """Say whether the count of what needs manual action is drawn for somebody."""
    return visitor.may(Scope.CASES_ACT)
