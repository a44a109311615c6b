"""On the page of an incident: the playbooks that meet it, and its runs."""

from annul.console.frame.forms import act_button
from annul.console.frame.live import View
from annul.console.frame.markup import Html, card, link, tag
from annul.desk import playbooks as views
from annul.desk.playbooks import RunSearch
from annul.desk.roles import Scope

from .said import Row, run_link, run_state
from .start import START


async def playbooks_card(view: View, incident: Row) -> Html | None:
    """Show the playbooks that meet an incident, each with a button to start it, and its runs."""
    words = view.words
    wanted = RunSearch(incident=incident["number"])
    runs = (await views.runs(view.desk, view.visitor, wanted)).rows
    every = await views.found(view.desk, view.visitor)
    started = {one["playbook"] for one in runs}
    fitting = [one for one in views.meeting(every, incident) if one["name"] not in started]
    if incident["closed_at"] is not None or incident["merged_into"] is not None:
        fitting = []
    titles = {one["name"]: one["title"] for one in every}
    lines = [
        tag(
            "li",
            run_link(one["number"]),
            " ",
            words.of(titles.get(one["playbook"])),
            " ",
            run_state(view, one["state"]),
        )
        for one in runs
    ]
    lines += [tag("li", _name(view, one), " ", _start(view, one)) for one in fitting]
    if not lines:
        return None
    return card(words("Playbooks"), tag("ul", *lines, cls="plain-list"))


def _name(view: View, one: Row) -> Html:
    return link(view.words.of(one["title"]), f"/playbooks/{one['name']}")


def _start(view: View, one: Row) -> Html | None:
    if not view.may(Scope.INCIDENTS_WRITE):
        return None
    return act_button(view.words("Start"), START, name=one["name"], known=" ".join(one["known"]))
