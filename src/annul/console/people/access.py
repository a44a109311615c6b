"""Parts of the administration: who is let in, and what each role may do."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from annul.console.frame.forms import Answers, Form, FormField, act_button, ask, show_once
from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, card, icon, join, table, tag
from annul.desk import people, reset_links
from annul.desk.reset_links import LASTS
from annul.desk.roles import OF_A_SHOP, ROLES, Scope

SCOPES: Final[Mapping[Scope, str]] = {
    Scope.OVERVIEW: "sees the overview",
    Scope.METRICS: "reads what processes count",
    Scope.CASES_READ: "sees cases",
    Scope.CASES_ACT: "acts on cases, as far as the role allows",
    Scope.TRANSACTIONS_READ: "sees transactions",
    Scope.DIAGNOSIS: "diagnoses failed voids",
    Scope.VOIDS_WRITE: "voids over the API",
    Scope.REFUNDS_WRITE: "refunds over the API",
    Scope.ISSUERS_READ: "sees issuers",
    Scope.ISSUERS_WRITE: "changes rules, codes and contacts of issuers",
    Scope.MERCHANTS_READ: "sees merchants and terminals",
    Scope.PAYOUTS_READ: "reads payouts and what is in them",
    Scope.CLEARING_READ: "reads clearing files, breaks and chargebacks",
    Scope.CLEARING_WRITE: "reads in, commits and discards clearing files, ends breaks and "
    "answers chargebacks",
    Scope.PAYOUTS_WRITE: "makes and approves payouts, freezes and frees merchants' money",
    Scope.MERCHANTS_WRITE: "changes merchants' settings, sends requests to terminals",
    Scope.INCIDENTS_READ: "sees incidents",
    Scope.INCIDENTS_WRITE: "acknowledges, takes, merges and closes incidents",
    Scope.WEBHOOKS: "sets up webhooks",
    Scope.NOTICES_READ: "sees whom annul tells of incidents",
    Scope.NOTICES_WRITE: "sets up whom annul tells of incidents",
    Scope.POS: "uses the terminal in the browser",
    Scope.SHOP: "looks up the shop's vouchers",
    Scope.ADMIN: "manages users, API keys and diagnosis learning",
    Scope.AUDIT: "reads the audit log",
}


# Users ------------------------------------------------------------------------------------------


async def users_card(view: View) -> Html:
    """Show everybody."""
    words = view.words
    rows = [
        (
            tag("b", row["name"]),
            _with_under(words(row["role"]), row["merchant_id"]),
            _state(view, row),
            _factor(view, row),
            view.dated(row["signed_in_at"]) if row["signed_in_at"] else "–",
            _with_under(
                view.dated(row["created_at"]),
                words("added by {who}", who=row["made_by"]) if row["made_by"] else "",
            ),
            _buttons(view, row),
        )
        for row in await view.desk.access.users()
    ]
    heads = ("Name", "Role", "State", "Second factor", "Last sign-in", "Since", "Change")
    return card(
        words("Users"),
        table([words(one) for one in heads], rows, cls="acts-last"),
        aside=act_button(words("Add a user"), "add-user", cls="primary"),
    )


def _with_under(text: str, under: str) -> Html:
    return join((text, tag("small", under, cls="under") if under else None))


def _state(view: View, row: Mapping[str, Any]) -> Html:
    words, locked = view.words, row["locked_until"]
    if not row["active"]:
        return badge(words("deactivated"), "bad")
    if locked is not None and locked > view.desk.clock.now():
        return badge(words("locked until {when}", when=view.dated(locked)), "warn")
    if row["one_time"]:
        return badge(words("has not set a password yet"), "info")
    return badge(words("active"), "good")


def _factor(view: View, row: Mapping[str, Any]) -> Html | str:
    words = view.words
    if row["factor_since"] is not None:
        return words("since {when}", when=view.dated(row["factor_since"]))
    if row["role"] in view.desk.access.factor_roles:
        return badge(words("missing"), "warn")
    return tag("span", words("none"), cls="muted")


def _buttons(view: View, row: Mapping[str, Any]) -> Html:
    """Give what can be done about a user; nothing of it about oneself."""
    words, name = view.words, row["name"]
    if name == view.visitor.name:
        return tag("span", words("you"), cls="muted")
    if not row["active"]:
        return act_button(words("Reactivate"), "user", name=name, what="start")
    of_now = {"name": name, "role": row["role"], "merchant": row["merchant_id"]}
    return join(
        (
            act_button(words("Role"), "role", **of_now),
            " ",
            act_button(words("New password"), "reset-link", name=name),
            " ",
            act_button(words("Deactivate"), "user", name=name, what="stop"),
        )
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

    form = Form(
        words("Add a user"),
        (FormField("name", words("Name"), needed=True), *_role_fields(view, "support", "")),
        about=words("They get a one-time password and set their own at the first sign-in."),
    )
    if not await ask(view, form, act):
        return False
    name, password = given
    await show_once(
        view,
        words("One-time password of {name}", name=name),
        words("Pass it on safely; it is only good for setting a password."),
        password,
    )
    return True


def _role_fields(view: View, role: str, merchant: str) -> tuple[FormField, FormField]:
    words = view.words
    shops = ", ".join(words(one) for one in sorted(OF_A_SHOP))
    choices = {one: words(one) for one in ROLES}
    hint = words("only for: {roles}", roles=shops)
    return (
        FormField("role", words("Role"), "choice", role, choices, needed=True),
        FormField("merchant", words("Merchant number"), value=merchant, hint=hint),
    )


async def change_role(view: View, name: str, role: str, merchant: str) -> bool:
    """Ask for another role of somebody."""
    words = view.words
    if not view.may(Scope.ADMIN):
        return False

    async def act(answers: Answers) -> None:
        await people.change_role(
            view.desk,
            view.visitor,
            name,
            str(answers["role"]),
            str(answers["merchant"] or "").strip(),
            answers["reason"],
        )

    form = Form(
        words("Change the role of {name}", name=name),
        _role_fields(view, role, merchant),
        about=words("Takes effect at once, also in sessions that are open."),
    )
    return await ask(view, form, act)


async def reset_link(view: View, name: str) -> bool:
    """Ask why somebody needs a new password, and show the link once."""
    words = view.words
    if not view.may(Scope.ADMIN):
        return False
    given: list[str] = []

    async def act(answers: Answers) -> None:
        reason, too = answers["reason"], bool(answers["factor_too"])
        token = await reset_links.make(view.desk, view.visitor, name, reason, factor_too=too)
        given[:] = [f"{view.request.base_url}reset?{urlencode({'link': token})}"]

    hint = words("Only if they have lost the device and the recovery codes.")
    form = Form(
        words("A new password for {name}", name=name),
        (FormField("factor_too", words("Remove the second factor too"), "switch", hint=hint),),
        about=words(
            "This creates a link for {name}: valid once, for {n} minutes. Their open "
            "sessions end when they use it.",
            name=name,
            n=LASTS.seconds // 60,
        ),
    )
    if not await ask(view, form, act):
        return False
    about = words(
        "Pass it on safely and to nobody else: whoever has the link can set the password."
    )
    await show_once(view, words("Link for {name}", name=name), about, given[0])
    return True


async def change_user(view: View, name: str, *, active: bool) -> bool:
    """Ask why somebody is let in again, or no longer."""
    words = view.words
    if not view.may(Scope.ADMIN):
        return False

    async def act(answers: Answers) -> None:
        await people.set_active(view.desk, view.visitor, name, answers["reason"], active=active)

    if active:
        form = Form(words("Reactivate {name}", name=name))
    else:
        form = Form(
            words("Deactivate {name}", name=name),
            about=words("Their open sessions end at once."),
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
    names = [words("Description"), words("Scope"), *(words(role) for role in ROLES)]
    return card(
        words("Roles"),
        table(names, rows, cls="roles"),
        tag(
            "p",
            words("Cashiers and merchants only see their own shop."),
            cls="muted note",
        ),
    )
