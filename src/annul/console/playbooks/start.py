"""A run is started: a dialog with what the playbook must be given, and a reason."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from nicegui import ui
from uuid_utils.compat import uuid7

from annul.console.frame.forms import Answers, Form, FormField, act_button, ask
from annul.console.frame.live import View
from annul.console.frame.markup import Html
from annul.desk import playbook_acts as acts
from annul.desk import playbooks as views
from annul.desk.issuers import listing
from annul.desk.roles import Scope
from annul.domain.playbooks import PLACES, Takes

from .said import plain

START: Final = "start-playbook"


def start_button(view: View, row: Mapping[str, Any], cls: str = "") -> Html | str:
    """Give the button, for who may press it and where the playbook can run."""
    if row["flaws"] or not view.may(Scope.INCIDENTS_WRITE):
        return ""
    return act_button(view.words("Start"), START, cls=cls, name=row["name"])


async def start(
    view: View, name: str, *, incident: str = "", known: frozenset[str] = frozenset()
) -> bool:
    """Ask for what it needs beyond what is `known` of its incident; then show the run."""
    words = view.words
    if not view.may(Scope.INCIDENTS_WRITE):
        return False
    row = await views.find(view.desk, view.visitor, name)
    asked = [place for place in row["needs"] if place not in known]
    identity: UUID = uuid7()  # of the dialog: pressed twice it starts one
    started: list[str] = []

    async def act(answers: Answers) -> str:
        given = {place: str(answers[place] or "").strip() for place in asked}
        reason = str(answers["reason"])
        number = await acts.start(view.desk, view.visitor, name, given, reason, incident, identity)
        started.append(number)
        return words("It is started: {number}", number=number)

    fields = tuple([await _field(view, place) for place in asked])
    title = words("Start: {title}", title=words.of(row["title"]))
    form = Form(title, fields, about=plain(view, row["about"]), go=words("Start"))
    done = await ask(view, form, act)
    if done and started:
        ui.navigate.to(f"/playbooks/runs/{started[0]}")
    return done


async def _field(view: View, place: str) -> FormField:
    label = view.words.of(PLACES[place])
    label = label[:1].upper() + label[1:]
    if place != Takes.ISSUER:
        return FormField(place, label, needed=True)
    rows = await listing(view.desk, view.visitor)
    known = {row["issuer_id"]: f"{row['issuer_id']} {view.words.name(row)}" for row in rows}
    return FormField(place, label, "choice", "", known, needed=True)
