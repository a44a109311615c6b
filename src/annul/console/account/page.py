"""My account: password, second factor, open sessions; for everybody, cashiers too."""

from collections.abc import Mapping
from typing import Any, Final

from nicegui import events, ui

from annul.api.gate import COOKIE
from annul.console.frame.forms import act_button
from annul.console.frame.live import Part, View
from annul.console.frame.markup import Html, badge, card, facts, join, link, table, tag
from annul.desk import account as acts
from annul.desk import second_factor
from annul.desk.access import hash_of
from annul.desk.roles import Scope

from .reports import change_reports, reports_card

_FEW: Final = 3  # recovery codes from which on somebody should have new ones
# What was done on the page that led here, by what stands in the address.
SAID: Final[Mapping[str, str]] = {
    "password": "Password changed. All other sessions have ended.",
    "removed": "Second factor removed. From now on you sign in with your password alone.",
    "recovered": "You signed in with a recovery code. It is used up; {left} left.",
}


async def account(view: View) -> None:
    """Show it, and do what its buttons ask for."""
    place = ui.context.slot.parent
    top = Part(lambda: _top(view))
    await top.refresh()
    sign_in = Part(lambda: _sign_in(view), "stack spaced")
    await sign_in.refresh()
    if view.may(Scope.CASES_READ):
        mailed = Part(lambda: reports_card(view), "stack spaced")
        await mailed.refresh()

        async def ask_for_reports() -> None:
            with place:
                if await change_reports(view):
                    await mailed.refresh()

        ui.on("change-reports", ask_for_reports)

    sessions = Part(lambda: _sessions(view), "stack account-sessions")
    await sessions.refresh()

    async def end(told: events.GenericEventArguments) -> None:
        with place:
            await acts.end_session(view.desk.access, view.visitor, str(told.args["id"]))
            await sessions.refresh()

    async def end_all() -> None:
        with place:
            await acts.sign_out_everywhere(view.desk.access, view.visitor)
            ui.navigate.to("/login")

    ui.on("end-session", end)
    ui.on("end-sessions", end_all)


async def _top(view: View) -> Html:
    words, visitor = view.words, view.visitor
    said = SAID.get(view.query.get("said", ""))
    notice = None
    if said is not None:
        _, left = await second_factor.standing(view.desk.access, visitor.name)
        notice = tag("p", words(said, left=left), cls="warned", role="status")
    head = tag("div", tag("h1", words("My account")), cls="head")
    return join((head, notice))


async def _sign_in(view: View) -> Html:
    words, visitor = view.words, view.visitor
    about = facts(
        (
            (words("Name"), visitor.name),
            (words("Role"), words(visitor.role)),
            (words("Merchant"), visitor.merchant_id),
        )
    )
    change = link(words("Change the password"), "/password", cls="button small")
    return join((card(words("You"), about, aside=change), await _factor(view)))


async def _factor(view: View) -> Html:
    words = view.words
    since, left = await second_factor.standing(view.desk.access, view.visitor.name)
    needed = view.visitor.role in view.desk.access.factor_roles
    if since is None:
        return card(
            words("Second factor"),
            tag(
                "p",
                words(
                    "An app on your phone shows six digits that change every 30 seconds. With a "
                    "second factor, your password alone is not enough to sign in."
                ),
                cls="muted",
            ),
            aside=link(words("Set up"), "/factor", cls="button small primary"),
        )
    remove = link(words("Remove"), "/factor/remove", cls="button small")
    buttons = (link(words("Replace"), "/factor", cls="button small"), None if needed else remove)
    few = tag(
        "p",
        words(
            "Few recovery codes are left. Set up the device again (the same one will do) to "
            "get ten new ones."
        ),
        cls="warned",
    )
    return card(
        words("Second factor"),
        facts(
            (
                (words("State"), badge(words("in force"), "good")),
                (words("Since"), view.dated(since)),
                (words("Recovery codes left"), str(left)),
            )
        ),
        few if left <= _FEW else None,
        aside=tag("span", *buttons, cls="row-of-buttons"),
    )


async def _sessions(view: View) -> Html:
    words = view.words
    own = hash_of(view.request.cookies.get(COOKIE, "")).hex()
    rows = [
        (
            view.dated(row["created_at"]),
            view.dated(row["seen_at"]),
            tag("span", row["address"] or "–", cls="mono"),
            row["browser"] or "–",
            _end(view, row, own),
        )
        for row in await acts.sessions(view.desk.access, view.visitor)
    ]
    heads = [words(one) for one in ("Since", "Last active", "Address", "Browser", "Change")]
    return card(
        words("Where you are signed in"),
        table(heads, rows, cls="acts-last"),
        tag(
            "p",
            words("You do not recognise one? End it and change your password."),
            cls="muted note",
        ),
        aside=act_button(words("Sign out everywhere"), "end-sessions", cls="danger"),
    )


def _end(view: View, row: Mapping[str, Any], own: str) -> Html:
    words = view.words
    if row["id"] == own:
        return badge(words("this session"), "info")
    return act_button(words("End"), "end-session", id=row["id"])
