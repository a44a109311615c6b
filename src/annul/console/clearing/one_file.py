"""One clearing file: what would come of it before its commit, what came of it after."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from nicegui import events, ui

from annul.console.frame.forms import Answers, Form, act_button, ask, said
from annul.console.frame.live import Part, View, live
from annul.console.frame.markup import Html, card, facts, join, link, table, tag
from annul.desk import breaks as break_views
from annul.desk import clearing as views
from annul.desk import clearing_acts as acts
from annul.desk.roles import Scope
from annul.domain.breaks import BreakState
from annul.domain.errors import AnnulError
from annul.settle.clearing.counting import Result

from . import tolerances
from .picture import Picture, breaks_table, worst
from .said import Row, by_danger, file_state, identity, sums

_WORST: Final = 20
_BAD: Final = 100
# The page's events of the buttons.
_COMMIT, _DROP, _DISCARD = "commit-file", "drop-file", "discard-file"
_CONFIRM, _REJECT = "confirm-file", "reject-file"
# What may be asked of a file that counts, where it takes a second person.
_ASKED: Final[Mapping[str, str]] = {
    acts.DISCARD: "Discard it",
    acts.AGAIN: "Match it anew",
}
_ACTS: Final[Mapping[str, Sequence[tuple[str, str, str]]]] = {
    "staged": (("Commit it", _COMMIT, "primary"), ("Drop it", _DROP, "")),
    "committed": (("Discard it", _DISCARD, ""),),
}


class _Page:
    """A file as it is shown: a preview is worked out once, for it can take a while."""

    def __init__(self, view: View, file: UUID) -> None:
        self.view = view
        self.file = file
        self.preview: Result | None = None
        self.wrong = ""
        self.looking = False

    async def find(self) -> Row:
        """Give the file as it stands now."""
        return await views.find(self.view.desk, self.view.visitor, self.file)

    async def look(self) -> None:
        """Work out what a commit would do, where somebody may commit it."""
        view, row = self.view, await self.find()
        if row["state"] != "staged" or not view.may(Scope.CLEARING_WRITE):
            return
        self.looking = True
        try:
            self.preview = await views.preview(view.desk, view.visitor, self.file)
        except AnnulError as error:
            self.wrong = said(view, error)
        finally:
            self.looking = False


async def file(view: View) -> None:
    """Show a file; live."""
    page = _Page(view, identity(view.params["clearing"], "clearing file"))
    page.looking = (await page.find())["state"] == "staged" and view.may(Scope.CLEARING_WRITE)
    head = Part(lambda: _head(page), "stack")
    picture = Picture(view)
    rest = Part(lambda: _rest(page), "stack").refresh

    async def refresh() -> None:
        await head.refresh()
        row = await page.find()
        result, kinds, carried = _came(page, row)
        picture.update(result, kinds, carried)
        await rest()

    async def look() -> None:
        await page.look()
        await refresh()

    _listen(page, refresh)
    await refresh()
    if page.looking:
        ui.timer(0.05, look, once=True)
    live(view, refresh, at_least_s=5.0)


def _came(page: _Page, row: Row) -> tuple[Row, Sequence[Row], int]:
    """Give the result, breaks by kind and cause, and what is carried: before or after."""
    if row["state"] == "staged":
        found = page.preview
        return (asdict(found), found.kinds, found.carried) if found else ({}, (), 0)
    result = row["result"] or {}
    return result, result.get("kinds", ()), result.get("carried", 0)


# The head ---------------------------------------------------------------------------------------


async def _head(page: _Page) -> Html:
    view, words, row = page.view, page.view.words, await page.find()
    able = _ACTS.get(row["state"], ()) if view.may(Scope.CLEARING_WRITE) else ()
    buttons = [act_button(words(name), event, cls=cls) for name, event, cls in able]
    if row["state"] == "committed" and view.may(Scope.CLEARING_WRITE):
        anew = link(words("Match it anew"), f"/clearing/{row['id']}/again", cls="button small")
        buttons.insert(0, anew)
    title = tag("h1", row["name"], data_title=row["name"])
    top = tag(
        "div",
        tag("div", title, tag("p", file_state(view, row["state"]), cls="muted")),
        tag("span", cls="grow"),
        tag("div", *buttons, cls="row-of-buttons no-print") if buttons else None,
        cls="head",
    )
    return join((top, _asked(view, row), _tiles(page, row), _notice(page, row), _facts(view, row)))


def _asked(view: View, row: Row) -> Html | None:
    """Show what waits for a second person, who may confirm it."""
    words = view.words
    if row["state"] != "committed" or not row["asked_for"]:
        return None
    mine = row["asked_by"] == view.visitor.name
    buttons: list[Html] = []
    if view.may(Scope.CLEARING_WRITE):
        if not mine:
            buttons.append(act_button(words("Confirm as second person"), _CONFIRM, cls="primary"))
        buttons.append(act_button(words("Take it back") if mine else words("Reject it"), _REJECT))
    asked = words("{who} asks for it: {why}", who=row["asked_by"], why=row["asked_reason"])
    return card(
        words("Awaiting second approval"),
        tag("p", tag("b", words(_ASKED[row["asked_for"]]))),
        tag("p", asked, cls="warned"),
        tag("div", *buttons, cls="row-of-buttons") if buttons else None,
    )


def _tiles(page: _Page, row: Row) -> Html:
    view, words = page.view, page.view.words
    result, kinds, carried = _came(page, row)
    broken = sum(one["count"] for one in kinds)
    known = sum(one.get("foretold", 0) for one in kinds)
    proofs = result.get("proofs", 0)
    unknown = row["state"] == "staged" and page.preview is None

    def tile(value: object, label: str, tone: str = "") -> Html:
        shown = tag("b", value if isinstance(value, str) else f"{value:,}")
        return tag("div", shown, tag("span", label), cls=f"tile {tone}")

    rest = (
        tile(proofs, words("Proved")),
        tile(carried, words("Expected later")),
        tile(broken, words("Breaks"), "bad" if broken else ""),
        tile(sums(view, kinds, "in_question"), words("Money in question")),
        tile(known, words("Foretold")),
    )
    lines = tile(row["bad"], words("Bad lines"), "warn" if row["bad"] else "")
    shown = (tile(row["rows"], words("Rows")), lines, *(() if unknown else rest))
    return tag("div", *shown, cls="tiles")


def _notice(page: _Page, row: Row) -> Html | None:
    words = page.view.words
    if page.wrong:
        return tag("p", page.wrong, cls="said")
    if row["state"] != "staged":
        return None
    if page.looking:
        said_ = words("What a commit would do is being worked out.")
    elif page.preview is None:
        said_ = words("Whoever may commit it sees here what that would do.")
    else:
        said_ = words("This is what a commit would do. Nothing of it counts yet.")
    return tag("p", said_, cls="warned", role="status")


def _facts(view: View, row: Row) -> Html:
    words = view.words
    committed = view.at(row["committed_at"]) if row["committed_at"] else ""
    ended = view.at(row["ended_at"]) if row["ended_at"] else ""
    pairs = (
        (words("Layout"), tag("span", row["layout"], cls="mono")),
        (words("Issuers"), ", ".join(row["issuers"]) or words("all")),
        (words("Tells from"), str(row["covers_from"] or "")),
        (words("Tells up to"), str(row["settles_on"])),
        (words("Read"), join((view.at(row["read_at"]), " ", row["read_by"]))),
        (words("Committed"), committed and join((committed, " ", row["committed_by"]))),
        (words("Ended"), ended and join((ended, " ", row["ended_by"]))),
        (words("Reason"), row["reason"]),
    )
    return card(words("About this file"), facts(pairs))


# What came of it --------------------------------------------------------------------------------


async def _rest(page: _Page) -> Html:
    row = await page.find()
    accepted = await _accepted(page, row)
    shown = (await _dangerous(page, row), _by_kind(page, row), accepted)
    return join((*shown, await _bad_lines(page, row)))


async def _accepted(page: _Page, row: Row) -> Html | None:
    """Show what rules accept of it, or would."""
    view = page.view
    if row["state"] != "staged":
        return await tolerances.of_file(view, page.file, row["tolerated"])
    sums = page.preview.tolerated if page.preview else []
    title = view.words("Accepted within tolerance")
    return card(title, tolerances.summed(view, sums)) if sums else None


async def _dangerous(page: _Page, row: Row) -> Html | None:
    view, words = page.view, page.view.words
    if row["state"] == "staged":
        if page.preview is None:
            return None
        found, linked = page.preview.breaks, False
    else:
        wanted = {"file": page.file, "limit": 200}
        listed = await break_views.search(view.desk, view.visitor, **wanted)
        found, linked = listed.rows, True
    if not found:
        return None
    every = link(words("All breaks of this file"), f"/breaks?file={page.file}&state=")
    shown = worst(view, by_danger(found)[:_WORST], linked=linked)
    return card(words("The most dangerous first"), shown, aside=every if linked else "")


def _by_kind(page: _Page, row: Row) -> Html | None:
    """Show how breaks stand by now, each kind leading to its list."""
    view, words = page.view, page.view.words
    if row["state"] != "committed" or not row["breaks"]:
        return None
    waiting = [one for one in row["breaks"] if one["state"] in {"open", "asked"}]
    there = f"/breaks?file={page.file}"
    left = sum(one["count"] for one in waiting)
    title = words("Still to be decided: {n}", n=f"{left:,}")
    return card(title, breaks_table(view, waiting, there)) if waiting else None


async def _bad_lines(page: _Page, row: Row) -> Html | None:
    view, words = page.view, page.view.words
    if not row["bad"]:
        return None
    cursor = view.query.get("bad", "")
    after = cursor if cursor.isdecimal() else ""
    found = await views.bad_lines(view.desk, view.visitor, page.file, _BAD, after)
    rows = [
        (f"{one['line']:,}", words.of(one), tag("code", one["text"], cls="mono wrap"))
        for one in found.rows
    ]
    further = None
    if found.following:
        there = f"/clearing/{page.file}?bad={found.following}#bad-lines"
        further = tag("p", link(words("More lines"), there, cls="button"), cls="following")
    heads = [words(head) for head in ("Line number", "Why it is no row", "What stands there")]
    shown = card(words("Bad lines"), table(heads, rows), further)
    return tag("div", shown, id="bad-lines")


# Acts -------------------------------------------------------------------------------------------


def _listen(page: _Page, refresh: Callable[[], Awaitable[None]]) -> None:
    place = ui.context.slot.parent

    def on(event: str, act: Callable[[_Page], Awaitable[bool]]) -> None:
        async def do(_: events.GenericEventArguments) -> None:
            with place:
                if await act(page):
                    page.view.desk.kept.forget()
                    await refresh()

        ui.on(event, do)

    on(_COMMIT, _commit)
    on(_DROP, _drop)
    on(_DISCARD, _discard)
    on(_CONFIRM, lambda page: _decide(page, acts.confirm))
    on(_REJECT, lambda page: _decide(page, acts.reject))


async def _commit(page: _Page) -> bool:
    view, words, row = page.view, page.view.words, await page.find()

    async def act(answers: Answers) -> str:
        reason = str(answers["reason"])
        done = await views.commit(view.desk, view.visitor, page.file, reason)
        broken = sum(one["count"] for one in done.kinds)
        return words("Committed: {proofs} proved, {n} breaks.", proofs=done.proofs, n=broken)

    warn = words("What it proves is carried out at once; the money of breaks goes into suspense.")
    form = Form(
        words("Commit {name}", name=row["name"]),
        about=words("{rows} rows, {bad} bad lines", rows=row["rows"], bad=row["bad"]),
        warn=warn,
        go=words("Commit it"),
    )
    return await ask(view, form, act)


async def _drop(page: _Page) -> bool:
    view, words, row = page.view, page.view.words, await page.find()

    async def act(answers: Answers) -> None:
        await views.drop(view.desk, view.visitor, page.file, str(answers["reason"]))

    about = words("It is forgotten. Nothing of it counted.")
    form = Form(words("Drop {name}", name=row["name"]), about=about, go=words("Drop it"))
    return await ask(view, form, act)


async def _discard(page: _Page) -> bool:
    view, words, row = page.view, page.view.words, await page.find()
    by_state: dict[Any, int] = {}
    for one in row["breaks"]:
        by_state[one["state"]] = by_state.get(one["state"], 0) + one["count"]
    waiting = by_state.get(BreakState.OPEN, 0) + by_state.get(BreakState.ASKED, 0)

    async def act(answers: Answers) -> str | None:
        reason = str(answers["reason"])
        came = await acts.discard(view.desk, view.visitor, page.file, reason)
        return words("It waits for a second person now.") if came == "asked" else None

    about = words(
        "Undone are: what it proved ({proofs}), its open breaks ({waiting}), and what people "
        "decided of its breaks ({resolved}); breaks that it had settled open again.",
        proofs=(row["result"] or {}).get("proofs", 0),
        waiting=waiting,
        resolved=by_state.get(BreakState.RESOLVED, 0),
    )
    warn = words("Money that followed goes back with it.")
    form = Form(
        words("Discard {name}", name=row["name"]), about=about, warn=warn, go=words("Discard it")
    )
    return await ask(view, form, act)


async def _decide(page: _Page, decide: Callable[..., Awaitable[str | None]]) -> bool:
    """Ask for the reason, and confirm or reject what was asked of a file."""
    view, words, row = page.view, page.view.words, await page.find()

    async def act(answers: Answers) -> None:
        await decide(view.desk, view.visitor, page.file, str(answers["reason"]))

    what = words(_ASKED.get(row["asked_for"], ""))
    confirms = decide is acts.confirm
    said_ = words("Confirm: {what}", what=what) if confirms else words("Reject: {what}", what=what)
    return await ask(view, Form(said_), act)
