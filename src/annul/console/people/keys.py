"""A part of the administration: which programs are let in, from where and for how long."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from annul.console.frame.forms import (
    Answers,
    Form,
    FormField,
    act_button,
    ask,
    moment,
    show_once,
    written,
)
from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, card, details, join, table, tag
from annul.desk import people
from annul.desk.access import KEY_LASTS
from annul.desk.roles import Scope

from .access import SCOPES

_SOON: Final = timedelta(days=14)  # a key that ends within it is marked


async def keys_card(view: View) -> Html:
    """Show the keys of programs: those in force, and those that have ended."""
    words, now = view.words, view.desk.clock.now()
    live: list[list[object]] = []
    over: list[list[object]] = []
    for row in await view.desk.access.keys():
        ended = row["ended_at"] or row["ends_at"]
        if row["ended_at"] is None and row["ends_at"] > now:
            end = act_button(words("End"), "end-key", id=str(row["id"]), name=row["name"])
            live.append([*_shown(view, row), _ends(view, row["ends_at"]), end])
        else:
            over.append([*_shown(view, row), view.dated(ended)])
    heads = [
        words(one)
        for one in ("Name", "Prefix", "Scopes", "Merchant", "Addresses", "Created by", "Since")
    ]
    past = None
    if over:
        past = details(
            words("Expired or revoked keys ({n})", n=len(over)),
            table([*heads, words("Ended")], over),
            cls="more",
        )
    return card(
        words("API keys"),
        table(
            [*heads, words("Expires"), words("Change")],
            live,
            cls="acts-last",
            empty=words("No keys are active."),
        ),
        past,
        aside=act_button(words("Create a key"), "new-key", cls="primary"),
    )


def _shown(view: View, row: Mapping[str, Any]) -> list[object]:
    everything = tag("span", view.words("all"), cls="muted")
    anywhere = tag("span", view.words("anywhere"), cls="muted")
    places = join(tag("span", one, cls="mono under") for one in row["addresses"])
    merchant = tag("span", row["merchant_id"], cls="mono") if row["merchant_id"] else everything
    return [
        tag("b", row["name"]),
        tag("span", f"{row['prefix']}…", cls="mono"),
        join(join((tag("span", scope, cls="badge mono"), " ")) for scope in row["scopes"]),
        merchant,
        places or anywhere,
        row["created_by"],
        view.dated(row["created_at"]),
    ]


def _ends(view: View, at: Any) -> Html:
    left = at - view.desk.clock.now()
    shown = tag("span", view.dated(at))
    if left > _SOON:
        return shown
    soon = badge(view.words("in {n} days", n=left.days), "warn")
    return join((shown, " ", soon))


async def new_key(view: View) -> bool:
    """Ask for a key, and show it once."""
    words = view.words
    if not view.may(Scope.ADMIN):
        return False
    given: list[str] = []

    async def act(answers: Answers) -> None:
        scopes = [Scope(one) for one in sorted(answers["scopes"])]
        addresses = str(answers["addresses"] or "").replace("，", ",").replace(",", " ").split()
        given[:] = [
            await people.new_key(
                view.desk,
                view.visitor,
                str(answers["name"]),
                scopes,
                str(answers["merchant"] or "").strip(),
                answers["reason"],
                ends_at=moment(answers["ends_at"], view.desk.zone),
                addresses=addresses,
            )
        ]

    choices = {scope.value: words(said) for scope, said in SCOPES.items()}
    form = Form(
        words("Create a key"),
        (
            FormField("name", words("Name of the program"), needed=True),
            FormField("merchant", words("Merchant number"), hint=words("empty: all merchants")),
            FormField(
                "ends_at",
                words("Expires"),
                "when",
                written(view.desk.clock.now() + KEY_LASTS, view.desk.zone),
                hint=words("within two years"),
                needed=True,
            ),
            FormField(
                "addresses",
                words("From these addresses only"),
                hint=words("e.g. 192.0.2.0/24; empty: from anywhere"),
            ),
            FormField("scopes", words("Permissions"), "several", (), choices, needed=True),
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
        words("Revoke the key {name}", name=name),
        about=words("The program loses access at once."),
    )
    return await ask(view, form, act)
