"""How playbooks, their runs and journals are kept; whoever changes a run holds it until the commit.

Order of locks: the run, what its step changes, the incident.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from annul.domain.errors import AnnulError
from annul.domain.playbook_flaws import BadPlaybook
from annul.domain.playbooks import (
    Playbook,
    RunState,
    Step,
    StepKind,
    StepState,
    Value,
    next_step,
)
from annul.store.sql import load

from .reading import builtin, builtin_texts, parse

SQL: Final = load("annul.operate.playbooks", "keeping.sql")
Key = tuple[UUID, str]
_FIRST_NUMBER: Final = 100_000
_parsed = lru_cache(512)(parse)


class NoPlaybook(AnnulError):
    """There is no playbook of this name."""

    code = "playbooks.unknown"
    next_step = "annul playbook list names them."


class Written(NamedTuple):
    """A version of a playbook as it was written; `by` empty: annul brought it along."""

    name: str
    version: int
    text: str
    by: str = ""
    at: datetime | None = None
    reason: str = ""


class Run(NamedTuple):
    """One run, as its row says it. `started_by` empty: by itself."""

    id: UUID
    merchant_id: str
    number: str
    playbook: str
    version: int
    head_id: UUID | None
    given: Mapping[str, Value]
    state: str
    step: str
    since: datetime
    why: str
    next_at: datetime
    started_by: str
    started_at: datetime
    reason: str
    ended_at: datetime | None
    undone_by: str

    @property
    def key(self) -> Key:
        """What names it in the database."""
        return (self.id, self.merchant_id)


class Entry(NamedTuple):
    """One line of a journal."""

    seq: int
    step: str
    state: str
    at: datetime
    who: str = ""
    dual: bool = False
    confirmed_by: str = ""
    result: Mapping[str, Any] = {}
    reason: str = ""


class Standing(NamedTuple):
    """A run with its playbook and journal."""

    run: Run
    playbook: Playbook
    journal: tuple[Entry, ...]

    @property
    def ended(self) -> dict[str, Value | None]:
        """The steps that have ended, each with its answer."""
        return {
            one.step: _answer(self.playbook.step(one.step), one.result)
            for one in self.journal
            if one.state in {StepState.DONE, StepState.SKIPPED}
        }

    @property
    def answers(self) -> dict[str, Value]:
        """What was answered and seen."""
        return {name: said for name, said in self.ended.items() if said is not None}

    @property
    def step(self) -> Step | None:
        """Where it stands."""
        return next_step(self.playbook, self.ended)

    def proposal(self, step: str) -> Entry | None:
        """Find what was proposed of a step."""
        return self._of(step, StepState.PROPOSED)

    def _of(self, step: str, state: StepState) -> Entry | None:
        return next((one for one in self.journal if (one.step, one.state) == (step, state)), None)


def _answer(step: Step | None, result: Mapping[str, Any]) -> Value | None:
    if step is None or step.kind not in {StepKind.LOOK, StepKind.ASK}:
        return None
    return result.get("word" if step.kind is StepKind.LOOK else "answer")


# Playbooks ----------------------------------------------------------------------------------------


async def in_force(connection: Any) -> dict[str, Written]:
    """Give the version of each playbook that counts: what people wrote last, else what is built in.

    A new text that annul brought along counts as the next version, and is kept once it is used.
    """
    rows = {row["name"]: _written(row) for row in await connection.fetch(*SQL["latest"]())}
    names = sorted({*rows, *builtin_texts()})
    return {name: _counting(name, rows.get(name)) for name in names}


async def in_force_of(connection: Any, name: str) -> Written:
    """Give the version of one that counts; raises `NoPlaybook`."""
    row = await connection.fetchrow(*SQL["latest_of"](name=name))
    if row is None and name not in builtin_texts():
        message = f"there is no playbook {name}"
        raise NoPlaybook(message)
    return _counting(name, _written(row) if row else None)


def _counting(name: str, last: Written | None) -> Written:
    brought = builtin_texts().get(name)
    if last is not None and (last.by or brought is None or last.text == brought):
        return last
    return Written(name, last.version + 1 if last else 1, brought or "")


def _written(row: Any) -> Written:
    return Written(
        row["name"],
        row["version"],
        row["text"],
        row["written_by"],
        row["written_at"],
        row["reason"],
    )


def playbook_of(written: Written) -> Playbook:
    """Read a version; raises `BadPlaybook` where this annul no longer knows what it names."""
    return _parsed(written.text, written.version)


async def readable(connection: Any) -> dict[str, Playbook]:
    """Give the playbooks that can run: in the place of one that cannot the one built in."""
    found = dict[str, Playbook]()
    for name, written in (await in_force(connection)).items():
        try:
            found[name] = playbook_of(written)
        except BadPlaybook:
            if name in builtin():
                found[name] = builtin()[name]
    return found


async def write(connection: Any, name: str, text: str, who: str, at: datetime, reason: str) -> int:
    """Add a version; gives its number. Two at once: the later one is asked to look again."""
    last = await connection.fetchrow(*SQL["latest_of"](name=name))
    version = last["version"] + 1 if last else 1
    if last is None and name in builtin_texts():
        await _bring(connection, Written(name, 1, builtin_texts()[name]), at)
        version = 2
    asked = {"name": name, "version": version, "text": text, "who": who, "at": at}
    return await connection.fetchval(*SQL["write"](**asked, reason=reason)) or 0


async def _bring(connection: Any, written: Written, at: datetime) -> None:
    """Keep a text that annul brought along, as it is used."""
    asked = {"name": written.name, "version": written.version, "text": written.text}
    await connection.execute(*SQL["write"](**asked, who="", at=at, reason=""))


# Runs ---------------------------------------------------------------------------------------------


def new_number(at: datetime) -> str:
    """Give a number for people: the day and six digits."""
    return f"P{at:%y%m%d}-{_FIRST_NUMBER + secrets.randbelow(9 * _FIRST_NUMBER)}"


async def open_run(connection: Any, run: Run, written: Written) -> bool:
    """Start a run with the version that counts; False: one stands in its place already."""
    await _bring(connection, written, run.started_at)
    asked = SQL["open"](
        id=run.id,
        merchant=run.merchant_id,
        number=run.number,
        playbook=run.playbook,
        version=run.version,
        head=run.head_id,
        given=run.given,
        at=run.started_at,
        who=run.started_by,
        reason=run.reason,
    )
    return await connection.fetchval(*asked) is not None


async def hold(connection: Any, key: Key) -> Standing | None:
    """Hold a run until the commit, and give it with its journal.

    Raises `BadPlaybook` where this annul no longer knows what its playbook names.
    """
    row = await connection.fetchrow(*SQL["hold"](id=key[0], merchant=key[1]))
    return await standing(connection, Run(**row)) if row else None


async def standing(connection: Any, run: Run) -> Standing:
    """Give a run with its playbook and journal."""
    text = await connection.fetchval(*SQL["text"](name=run.playbook, version=run.version))
    rows = await connection.fetch(*SQL["journal"](run=run.id, merchant=run.merchant_id))
    return Standing(run, _parsed(text, run.version), tuple(Entry(**row) for row in rows))


async def keep(connection: Any, run: Run) -> None:
    """Write a run as it has become."""
    await connection.execute(
        *SQL["keep"](
            id=run.id,
            merchant=run.merchant_id,
            state=run.state,
            step=run.step,
            since=run.since,
            why=run.why,
            next_at=run.next_at,
            ended_at=run.ended_at,
            undone_by=run.undone_by,
        )
    )


async def add(connection: Any, now: Standing, entry: Entry) -> Standing:
    """Add a line to the journal of a run that is held."""
    line = entry._replace(seq=len(now.journal) + 1)
    await connection.execute(
        *SQL["add"](run=now.run.id, merchant=now.run.merchant_id, **line._asdict())
    )
    return now._replace(journal=(*now.journal, line))


async def head_of(connection: Any, run: Run) -> Key | None:
    """Give the incident of a run; where it was merged, the one that has it."""
    if run.head_id is None:
        return None
    row = await connection.fetchrow(*SQL["head"](head=run.head_id))
    return (row["id"], row["merchant_id"]) if row else None


def live(run: Run) -> bool:
    """Say whether a run goes on: by itself or by people."""
    return run.state in {RunState.RUNNING, RunState.WAITING}
