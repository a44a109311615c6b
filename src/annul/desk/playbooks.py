"""Playbooks as people see them: what there is, whether one is sound, a dry run, and its runs.

Only staff who may read incidents see them.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from annul.domain.playbook_flaws import BadPlaybook
from annul.domain.playbooks import (
    LIVE,
    Playbook,
    Step,
    StepKind,
    StepState,
    Value,
    done_by,
    filled,
    spoken,
)
from annul.domain.text import Text
from annul.operate.playbooks import keeping
from annul.operate.playbooks.acts import ACTS
from annul.operate.playbooks.keeping import SQL, Entry, NoPlaybook, Run, Standing, Written
from annul.operate.playbooks.looks import LOOKS, UNTILS, Looking
from annul.operate.playbooks.reading import builtin, parse
from annul.operate.playbooks.starting import given_by
from annul.operate.playbooks.stepping import REFUSED, said_of
from annul.operate.playbooks.undoing import undoable

from . import over_cells
from .cursor import Cursor, Listing, listing
from .desk import Desk, NothingThere
from .incidents import reads
from .roles import Visitor

_RUNS: Final = 50


class RunSearch(NamedTuple):
    """Which runs are looked for; what is empty is any. `state`: one of `RunState`, or live."""

    state: str = ""
    playbook: str = ""
    incident: str = ""


# Playbooks ----------------------------------------------------------------------------------------


async def found(desk: Desk, visitor: Visitor) -> list[dict[str, Any]]:
    """Give every playbook as it counts, by name, each with its `flaws`, if it has some."""
    reads(visitor)
    written = await keeping.in_force(desk.pool)
    return [_line(one) for one in written.values()]


def _line(written: Written) -> dict[str, Any]:
    told = _head(written)
    try:
        playbook = keeping.playbook_of(written)
    except BadPlaybook as error:
        return told | _brief(builtin().get(written.name)) | {"flaws": _flaws(error)}
    return told | _brief(playbook) | {"flaws": []}


def _head(written: Written) -> dict[str, Any]:
    return {
        "name": written.name,
        "version": written.version,
        "written_by": written.by,
        "written_at": written.at,
        "reason": written.reason,
        "builtin": written.name in builtin(),
    }


def _brief(playbook: Playbook | None) -> dict[str, Any]:
    if playbook is None:
        nothing = Text("", "")
        return {"title": nothing, "about": nothing, "starts_on": (), "needs": (),
                "by_itself": False, "step_count": 0}  # fmt: skip
    return {
        "title": playbook.title,
        "about": playbook.about,
        "starts_on": playbook.starts_on,
        "needs": playbook.needs,
        "by_itself": playbook.by_itself,
        "step_count": len(playbook.steps),
    }


def meeting(rows: Iterable[Mapping[str, Any]], incident: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the playbooks that meet an incident, its own first, with the places `known` of it."""
    kinds = {one["kind"] for one in incident["raised"]}
    known = given_by(incident["scope"], incident["member"], incident["merchant_id"])
    fitting = [
        dict(row) | {"known": [place for place in row["needs"] if place in known]}
        for row in rows
        if not row["flaws"]
        and (row["name"] == incident["playbook"] or kinds.intersection(row["starts_on"]))
    ]
    return sorted(fitting, key=lambda row: (row["name"] != incident["playbook"], row["name"]))


async def find(desk: Desk, visitor: Visitor, name: str) -> dict[str, Any]:
    """Give one with `text`, `steps`, `contacts` and all `versions`. Raises `NothingThere`."""
    reads(visitor)
    written = await _written(desk, name)
    rows = await desk.pool.fetch(*SQL["versions"](name=name))
    told = _line(written) | {"text": written.text, "versions": [dict(row) for row in rows]}
    try:
        playbook = keeping.playbook_of(written)
    except BadPlaybook:
        return told | {"steps": [], "contacts": []}
    return told | shown(playbook)


async def _written(desk: Desk, name: str) -> Written:
    try:
        return await keeping.in_force_of(desk.pool, name)
    except NoPlaybook as error:
        raise NothingThere(str(error)) from error


def shown(playbook: Playbook, given: Mapping[str, Value] | None = None) -> dict[str, Any]:
    """Give steps and contacts as they are told, with what is known in the place of places."""
    about, answers = given or {}, dict[str, Value]()
    return {
        "steps": [step_shown(one, about, answers) for one in playbook.steps],
        "contacts": [
            {"who": one.who.value, "who_text": one.who.text, "say": spoken(one.say, about, answers)}
            for one in playbook.contacts
        ],
    }


def step_shown(
    step: Step, given: Mapping[str, Value], answers: Mapping[str, Value]
) -> dict[str, Any]:
    """Give a step as it is told; `does` names its look, its act or what it waits for."""
    return {
        "id": step.id,
        "kind": step.kind.value,
        "kind_text": step.kind.text,
        "title": spoken(step.title, given, answers),
        "text": spoken(step.text, given, answers),
        "by": step.by.value,
        "scope": step.scope,
        "dual": step.dual,
        "do": step.do,
        "does": _does(step),
        "args": {name: filled(value, given, answers) for name, value in step.args.items()},
        "when": " and ".join(map(str, step.when)),
        "takes": step.takes.value if step.kind is StepKind.ASK else "",
        "choices": dict(step.choices),
        "seconds": step.seconds,
        "until": step.until,
        "undo": step.undo,
    }


def _does(step: Step) -> Text | None:
    if step.kind is StepKind.LOOK:
        return LOOKS[step.do].traits.title
    if step.kind is StepKind.ACT:
        return ACTS[step.do].traits.title
    return UNTILS[step.until].title if step.until else None


def vocabulary() -> dict[str, Any]:
    """Give what a playbook may name: looks with their words, acts, and what can be waited for."""
    return {
        "looks": {
            name: {
                "title": one.traits.title,
                "params": {param: takes.value for param, takes in one.traits.params.items()},
                "words": dict(one.traits.words),
                "facts": dict(one.facts),
            }
            for name, one in LOOKS.items()
        },
        "acts": {
            name: {
                "title": one.traits.title,
                "params": {param: takes.value for param, takes in one.traits.params.items()},
                "optional": {param: takes.value for param, takes in one.traits.optional.items()},
                "scope": one.traits.scope,
                "dual": one.traits.dual,
                "undoes": one.traits.undoes,
            }
            for name, one in ACTS.items()
        },
        "untils": {
            name: {"title": one.title, "look": one.look, "words": one.words}
            for name, one in UNTILS.items()
        },
    }


# Checked and tried dry ----------------------------------------------------------------------------


def check(visitor: Visitor, text: str) -> dict[str, Any]:
    """Say whether a text is a playbook that can run, and all that is wrong with it.

    Each of `flaws` has `where`, `what` and `todo`.
    """
    reads(visitor)
    try:
        playbook = parse(text)
    except BadPlaybook as error:
        return {"valid": False, "name": "", "flaws": _flaws(error)}
    return {"valid": True, "name": playbook.name, "flaws": []} | _brief(playbook) | shown(playbook)


def _flaws(error: BadPlaybook) -> list[dict[str, Any]]:
    return [one._asdict() for one in error.flaws]


async def dry(
    desk: Desk,
    visitor: Visitor,
    given: Mapping[str, Value],
    *,
    name: str = "",
    text: str = "",
    answers: Mapping[str, Value] | None = None,
) -> list[dict[str, Any]]:
    """Go through a playbook with nothing written: what each look shows now, what each act would do.

    `answers` stand for what people would answer. Each step has `comes`: yes, no, or open where
    that hangs on an answer that is not given; a look its `word`, `word_text` and `facts`, or `why`
    it failed. Raises `BadPlaybook`, `NothingThere`.
    """
    reads(visitor)
    playbook = parse(text) if text else keeping.playbook_of(await _written(desk, name))
    known = dict(answers or {})
    told: list[dict[str, Any]] = []
    # The database itself refuses to write.
    async with desk.pool.acquire() as connection, connection.transaction(readonly=True):
        for step in playbook.steps:
            comes = _comes(step, known)
            one = step_shown(step, given, known) | {"comes": comes}
            if step.kind is StepKind.LOOK and comes != "no":
                args = {key: filled(value, given, known) for key, value in step.args.items()}
                seen = await _seen(desk, connection, step, args)
                one |= seen
                if "word" in seen:
                    known[step.id] = str(seen["word"])
            told.append(one)
    return told


def _comes(step: Step, known: Mapping[str, Value]) -> str:
    if any(test.step in known and not test.holds(known) for test in step.when):
        return "no"
    return "yes" if all(test.step in known for test in step.when) else "open"


async def _seen(
    desk: Desk, connection: Any, step: Step, args: Mapping[str, Value]
) -> dict[str, Any]:
    try:
        async with connection.transaction():
            seen = await LOOKS[step.do].ask(Looking(connection, desk.clock.now(), args))
    except REFUSED as error:
        return {"why": said_of(error)}
    return look_shown(step.do, seen.word, seen.facts)


def look_shown(name: str, word: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a look showed, with its names for people."""
    look = LOOKS[name]
    return {
        "word": word,
        "word_text": look.traits.words.get(word, Text(word, word)),
        "facts": dict(facts),
        "facts_text": dict(look.facts),
    }


# Runs ---------------------------------------------------------------------------------------------


async def runs(
    desk: Desk, visitor: Visitor, wanted: RunSearch, limit: int = _RUNS, cursor: str = ""
) -> Listing:
    """Give runs, the latest first, each with the number of its `incident`."""
    reads(visitor)
    asked = SQL["search"](**wanted._asdict(), **Cursor.after(cursor), limit=limit + 1)

    async def page(one: Desk) -> Listing:
        rows = [dict(row) | {"cell": one.cell} for row in await one.pool.fetch(*asked)]
        return listing(rows, limit, "started_at")

    pages = await over_cells.each(desk, page)
    return over_cells.paged(pages, limit, ("started_at",), falling=True)


@over_cells.the_one_that_knows
async def run(desk: Desk, visitor: Visitor, number: str) -> dict[str, Any]:
    """Give a run: its `steps` with how each stands, its `journal`, `contacts`, and `undoable`.

    A step `is`: done, skipped, failed, proposed, here (it waits for a person), under_way, comes,
    or not (its condition does not hold). Raises `NothingThere`.
    """
    reads(visitor)
    row = await desk.pool.fetchrow(*SQL["find"](number=number))
    if row is None:
        message = f"there is no run {number}"
        raise NothingThere(message)
    incident = row["incident"]
    of_run = Run(**{name: row[name] for name in Run._fields})
    told = of_run._asdict() | {"incident": incident, "cell": desk.cell}
    now = await keeping.standing(desk.pool, of_run)
    return told | _told(now)


def _told(now: Standing) -> dict[str, Any]:
    given, answers, where = now.run.given, now.answers, now.step
    steps: list[dict[str, Any]] = []
    for step in now.playbook.steps:
        has_incident = now.run.head_id is not None
        steps.append(
            step_shown(step, given, answers)
            | {"is": _is(now, step), "by": done_by(step, has_incident=has_incident).value}
        )
    whole = shown(now.playbook, given)
    return {
        "title": now.playbook.title,
        "about": spoken(now.playbook.about, given, answers),
        "steps": steps,
        "contacts": whole["contacts"],
        "here": where.id if where is not None and now.run.state in LIVE else "",
        "journal": [_entry(now, one) for one in now.journal],
        "undoable": [step.id for step in undoable(now)],
    }


def _is(now: Standing, step: Step) -> str:
    states = {one.state for one in now.journal if one.step == step.id}
    for state in (StepState.UNDONE, StepState.DONE, StepState.SKIPPED):
        if state in states:
            return state.value
    where = now.step
    if where is None or now.run.state not in LIVE:
        return "not"
    if where.id == step.id:
        if StepState.PROPOSED in states:
            return StepState.PROPOSED.value
        if now.run.why:
            return StepState.FAILED.value
        return "here" if now.run.state == "waiting" else "under_way"
    return "not" if _comes(step, now.answers) == "no" else "comes"


def _entry(now: Standing, entry: Entry) -> dict[str, Any]:
    step = now.playbook.step(entry.step)
    title = step.title if step else Text(entry.step, entry.step)
    told = entry._asdict() | {
        "title": spoken(title, now.run.given, now.answers),
        "state_text": StepState(entry.state).text,
    }
    if step is not None and step.kind is StepKind.LOOK and "word" in entry.result:
        told |= look_shown(step.do, entry.result["word"], entry.result.get("facts", {}))
    return told
