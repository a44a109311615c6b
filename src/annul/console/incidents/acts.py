"""What people do with an incident on its page: each with a dialog, with a reason if need be."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from annul.console import in_drill
from annul.console.frame.forms import Answers, Form, FormField, act_button, ask
from annul.console.frame.live import View
from annul.console.frame.markup import Html
from annul.console.playbooks.start import START, start
from annul.desk import incident_acts as acts
from annul.desk import incidents as views
from annul.desk.incident_acts import Lesson
from annul.desk.incidents import IncidentSearch
from annul.domain.heads import LINKS
from annul.domain.incidents import INCIDENTS

from .said import Row, title

ACK, TAKE, NOTE, CLOSE = "ack-incident", "take-incident", "note-on-incident", "close-incident"
REOPEN, MERGE, SPLIT, LEARN = (
    "reopen-incident",
    "merge-incident",
    "split-incident",
    "learn-incident",
)
_OTHERS: Final = 100
Act = Callable[[View, Row, Mapping[str, Any]], Awaitable[bool]]


def acts_of(view: View, row: Row) -> list[Html]:
    """Give the buttons of what may be done with it as it stands."""
    words = view.words
    note = act_button(words("Note"), NOTE)
    if row["merged_into"] is not None:
        return [note]
    if row["closed_at"] is not None:
        learnt = act_button(words("What was learnt"), LEARN)
        return [note, learnt, act_button(words("Reopen"), REOPEN)]
    buttons: list[Html] = []
    if row["acknowledged_at"] is None:
        buttons.append(act_button(words("Acknowledge"), ACK, cls="primary"))
    if row["owner"] != view.visitor.name:
        buttons.append(act_button(words("Take it on"), TAKE))
    buttons += [note, act_button(words("Merge"), MERGE)]
    if len({one["kind"] for one in row["raised"]}) > 1:
        buttons.append(act_button(words("Split"), SPLIT))
    return [*buttons, act_button(words("Close"), CLOSE), *in_drill.buttons(view)]


async def _acknowledge(view: View, row: Row, _: Mapping[str, Any]) -> bool:
    await acts.acknowledge(view.desk, view.visitor, row["number"])
    return True


async def _take(view: View, row: Row, _: Mapping[str, Any]) -> bool:
    await acts.own(view.desk, view.visitor, row["number"], view.visitor.name)
    return True


async def _note(view: View, row: Row, _: Mapping[str, Any]) -> bool:
    words = view.words

    async def act(answers: Answers) -> None:
        await acts.note(view.desk, view.visitor, row["number"], str(answers["reason"]))

    form = Form(words("Note"), about=title(view, row), why=words("Note"), go=words("Save"))
    return await ask(view, form, act)


def _lesson_fields(view: View) -> tuple[FormField, ...]:
    words = view.words
    kinds = {"": words("nothing")} | {name: words.of(text) for name, (text, _) in LINKS.items()}
    return (
        FormField("learnt", words("What was learnt"), "long"),
        FormField("kind", words("It leads to"), "choice", choices=kinds),
        FormField("ref", words("Number of it")),
    )


def _lesson(answers: Answers) -> Lesson | None:
    text = str(answers["learnt"] or "").strip()
    if not text:
        return None
    kind, ref = str(answers["kind"] or ""), str(answers["ref"] or "").strip()
    return Lesson(text, [{"kind": kind, "ref": ref}] if kind and ref else [])


async def _close(view: View, row: Row, _: Mapping[str, Any]) -> bool:
    words = view.words

    async def act(answers: Answers) -> str:
        reason = str(answers["reason"])
        await acts.close(view.desk, view.visitor, row["number"], reason, _lesson(answers))
        return words("It is closed.")

    about = words("What only people close is closed with it. Nothing joins a closed incident.")
    form = Form(words("Close the incident"), _lesson_fields(view), about=about, go=words("Close"))
    return await ask(view, form, act)


async def _learn(view: View, row: Row, _: Mapping[str, Any]) -> bool:
    words = view.words

    async def act(answers: Answers) -> None:
        kept = _lesson({**answers, "learnt": answers["reason"]})
        await acts.learn(view.desk, view.visitor, row["number"], kept or Lesson(""))

    fields = _lesson_fields(view)[1:]
    form = Form(words("What was learnt"), fields, why=words("What was learnt"), go=words("Save"))
    return await ask(view, form, act)


async def _reopen(view: View, row: Row, _: Mapping[str, Any]) -> bool:
    words = view.words

    async def act(answers: Answers) -> None:
        await acts.reopen(view.desk, view.visitor, row["number"], str(answers["reason"]))

    about = words("From then on only people close it.")
    return await ask(view, Form(words("Reopen the incident"), about=about, go=words("Reopen")), act)


async def _merge(view: View, row: Row, _: Mapping[str, Any]) -> bool:
    words = view.words
    found = await views.found(view.desk, view.visitor, IncidentSearch("open"), _OTHERS)
    others = {
        one["number"]: f"{title(view, one)} · {one['number']}"
        for one in found.rows
        if one["number"] != row["number"]
    }

    async def act(answers: Answers) -> None:
        into, reason = str(answers["into"]), str(answers["reason"])
        await acts.merge(view.desk, view.visitor, row["number"], into, reason)

    field = FormField("into", words("Into"), "choice", choices=others, needed=True)
    about = words("All that it has gathered goes there, and what comes later as well.")
    form = Form(words("Merge the incident"), (field,), about=about, go=words("Merge"))
    return await ask(view, form, act)


async def _split(view: View, row: Row, _: Mapping[str, Any]) -> bool:
    words = view.words
    kinds = {
        one["kind"]: words.of(INCIDENTS[one["kind"]].title)
        for one in row["raised"]
        if one["kind"] in INCIDENTS
    }

    async def act(answers: Answers) -> str:
        picked, reason = [str(answers["kind"])], str(answers["reason"])
        number = row["number"]
        new = await acts.split(view.desk, view.visitor, number, reason, kinds=picked)
        return words("Split off as {number}.", number=new)

    field = FormField("kind", words("What is split off"), "choice", choices=kinds, needed=True)
    about = words("It becomes an incident of its own, which nothing joins by itself.")
    form = Form(words("Split the incident"), (field,), about=about, go=words("Split"))
    return await ask(view, form, act)


async def _start(view: View, row: Row, given: Mapping[str, Any]) -> bool:
    known = frozenset(str(given["known"]).split())
    return await start(view, str(given["name"]), incident=row["number"], known=known)


async def _name_cause(view: View, row: Row, _: Mapping[str, Any]) -> bool:
    return await in_drill.name_cause(view, row["merchant_id"] or row["member"])


async def _told(view: View, row: Row, _: Mapping[str, Any]) -> bool:
    return await in_drill.tell(view, row["merchant_id"] or row["member"])


EVENTS: Final[Mapping[str, Act]] = {
    ACK: _acknowledge,
    TAKE: _take,
    NOTE: _note,
    CLOSE: _close,
    LEARN: _learn,
    REOPEN: _reopen,
    MERGE: _merge,
    SPLIT: _split,
    START: _start,
    in_drill.NAME: _name_cause,
    in_drill.TOLD: _told,
}
