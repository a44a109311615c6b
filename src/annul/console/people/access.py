"""Parts of the administration: who is let in, which programs, and what each role may do."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from annul.console.frame.forms import Answers, Form, FormField, act_button, ask, show_once
from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, card, details, icon, join, table, tag
from annul.desk import people
from annul.desk.roles import OF_A_SHOP, ROLES, Scope

SCOPES: Final[Mapping[Scope, str]] = {
    Scope.OVERVIEW: "sees the overview",
    Scope.METRICS: "reads what processes count",
    Scope.CASES_READ: "sees cases",
    Scope.CASES_ACT: "acts on cases, as far as the role allows",
    Scope.TRANSACTIONS_READ: "sees transactions",
    Scope.DIAGNOSIS: "asks why a void failed",
    Scope.VOIDS_WRITE: "voids over the API",
    Scope.REFUNDS_WRITE: "refunds over the API",
    Scope.ISSUERS_READ: "sees issuers",
    Scope.ISSUERS_WRITE: "changes rules, codes and contacts of issuers",
    Scope.MERCHANTS_READ: "sees merchants and terminals",
    Scope.MERCHANTS_WRITE: "changes merchants' settings, asks things of terminals",
    Scope.WEBHOOKS: "sets up webhooks",
    Scope.POS: "uses the terminal in the browser",
    Scope.SHOP: "looks up vouchers of the shop",
    Scope.ADMIN: "manages users, keys and lessons",
    Scope.AUDIT: "reads the audit log",
}


# Users ------------------------------------------------------------------------------------------


async def users_card(view: View) -> Html:
    """Show everybody."""
    words, now = view.words, view.desk.clock.now()
    rows = []
    for row in await view.desk.access.users():
        if not row["active"]:
            state = badge(words("let in no more"), "bad")
        elif row["locked_until"] is not None and row["locked_until"] > now:
            state = badge(
                words("locked until {when}", when=view.dated(row["locked_until"])), "warn"
            )
        elif row["one_time"]:
            state = badge(words("has not chosen a password yet"), "info")
        else:
            state = badge(words("active"), "good")
        name = row["name"]
        what, text = ("stop", "Stop") if row["active"] else ("start", "Let in again")
        button = act_button(words(text), "user", name=name, what=what)
        mine = tag("span", words("you"), cls="muted")
        rows.append(
            (
                tag("b", name),
                words(row["role"]),
                tag("span", row["merchant_id"], cls="mono")
                if row["merchant_id"]
                else tag("span", words("all"), cls="muted"),
                state,
                view.dated(row["created_at"]),
                mine if name == view.visitor.name else button,
            )
        )
    names = [words(n) for n in ("Name", "Role", "Merchant", "State", "Since", "Change")]
    return card(
        words("Users"),
        table(names, rows, cls="acts-last"),
        aside=act_button(words("Add a user"), "add-user", cls="primary"),
    )


async def add_user(view: View) -> bool:
    """Ask for a user, and show the one-time password once."""
    words = view.words
    if not view.may(Scope.ADMIN):
        return False
    given: list[str] = []

    async def act(answers: Answers) -> None:
        given[:] = [str(answers["name"]).strip()]
        given.append(
            await people.add_user(
                view.desk,
                view.visitor,
                given[0],
                str(answers["role"]),
                str(answers["merchant"] or "").strip(),
                answers["reason"],
            )
        )

    shops = ", ".join(words(role) for role in sorted(OF_A_SHOP))
    form = Form(
        words("Add a user"),
        (
            FormField("name", words("Name"), needed=True),
            FormField(
                "role",
                words("Role"),
                "choice",
                "support",
                {role: words(role) for role in ROLES},
                needed=True,
            ),
            FormField(
                "merchant", words("Merchant number"), hint=words("only for: {roles}", roles=shops)
            ),
        ),
        about=words("They get a one-time password and choose their own at the first sign-in."),
    )
    if not await ask(view, form, act):
        return False
    name, password = given
    await show_once(
        view,
        words("One-time password of {name}", name=name),
        words("Hand it over in a safe way; it opens nothing but the choice of a password."),
        password,
    )
    return True


async def change_user(view: View, name: str, *, active: bool) -> bool:
    """Ask why somebody is let in again, or no longer."""
    words = view.words
    if not view.may(Scope.ADMIN):
        return False

    async def act(answers: Answers) -> None:
        await people.set_active(view.desk, view.visitor, name, answers["reason"], active=active)

    if active:
        form = Form(words("Let {name} in again", name=name))
    else:
        form = Form(
            words("Let {name} in no more", name=name),
            about=words("What they have open ends at once."),
        )
    return await ask(view, form, act)


# Keys -------------------------------------------------------------------------------------------


async def keys_card(view: View) -> Html:
    """Show the keys of programs: those in force, and those that have ended."""
    words = view.words
    keys = await view.desk.access.keys()
    live = [row for row in keys if row["ended_at"] is None]
    over = [row for row in keys if row["ended_at"] is not None]
    names = [words(n) for n in ("Name", "Begins with", "May", "Merchant", "Made by", "Since")]

    def shown(row: Mapping[str, Any]) -> list[object]:
        return [
            tag("b", row["name"]),
            tag("span", f"{row['prefix']}…", cls="mono"),
            join(join((tag("span", scope, cls="badge mono"), " ")) for scope in row["scopes"]),
            tag("span", row["merchant_id"], cls="mono")
            if row["merchant_id"]
            else tag("span", words("all"), cls="muted"),
            row["created_by"],
            view.dated(row["created_at"]),
        ]

    now = [
        [*shown(row), act_button(words("End"), "end-key", id=str(row["id"]), name=row["name"])]
        for row in live
    ]
    past = [[*shown(row), view.dated(row["ended_at"])] for row in over]
    ended = None
    if past:
        ended = details(
            words("Keys that have ended ({n})", n=len(past)),
            table([*names, words("Ended")], past),
            cls="more",
        )
    return card(
        words("Keys of programs"),
        table([*names, words("Change")], now, cls="acts-last", empty=words("No key is in force.")),
        ended,
        aside=act_button(words("Make a key"), "new-key", cls="primary"),
    )


async def new_key(view: View) -> bool:
    """Ask for a key, and show it once."""
    words = view.words
    if not view.may(Scope.ADMIN):
        return False
    given: list[str] = []

    async def act(answers: Answers) -> None:
        scopes = [Scope(one) for one in sorted(answers["scopes"])]
        given[:] = [
            await people.new_key(
                view.desk,
                view.visitor,
                str(answers["name"]),
                scopes,
                str(answers["merchant"] or "").strip(),
                answers["reason"],
            )
        ]

    choices = {scope.value: words(said) for scope, said in SCOPES.items()}
    form = Form(
        words("Make a key"),
        (
            FormField("name", words("Name of the program"), needed=True),
            FormField("merchant", words("Merchant number"), hint=words("empty: all merchants")),
            FormField("scopes", words("What it may do"), "several", (), choices, needed=True),
        ),
    )
    if not await ask(view, form, act):
        return False
    about = words("The program sends it as Authorization: Bearer KEY.")
    await show_once(view, words("The key"), about, given[0])
    return True


async def end_key(view: View, identity: str, name: str) -> bool:
    """Ask why a key ends."""
    words = view.words
    if not view.may(Scope.ADMIN):
        return False

    async def act(answers: Answers) -> None:
        await people.end_key(view.desk, view.visitor, UUID(identity), answers["reason"])

    form = Form(
        words("End the key {name}", name=name),
        about=words("The program is let in no more from this moment on."),
    )
    return await ask(view, form, act)


# Roles ------------------------------------------------------------------------------------------


async def roles_card(view: View) -> Html:
    """Show what each role may do."""
    words = view.words
    yes, no = words("yes"), words("no")
    rows = [
        (
            tag("span", words(said)),
            tag("span", scope.value, cls="mono muted"),
            *(
                tag("span", icon("check"), cls="mark good", role="img", aria_label=yes)
                if scope in scopes
                else tag("span", icon("dot"), cls="muted no", role="img", aria_label=no)
                for scopes in ROLES.values()
            ),
        )
        for scope, said in SCOPES.items()
    ]
    names = [words("May"), words("Scope"), *(words(role) for role in ROLES)]
    return card(
        words("Roles"),
        table(names, rows, cls="roles"),
        tag(
            "p",
            words("Cashiers and merchants see what is of their own shop only."),
            cls="muted note",
        ),
    )
