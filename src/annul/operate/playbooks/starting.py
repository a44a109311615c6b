"""A run is started: by a person, or by an incident; one for each incident and playbook."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from uuid_utils.compat import uuid7

from annul.domain.errors import AnnulError
from annul.domain.heads import EventKind, HeadScope
from annul.domain.playbooks import Playbook, RunState, Value

from .keeping import SQL, Run, Standing, Written, new_number, open_run, playbook_of
from .keeping import standing as standing_of
from .stepping import Hand, event, goes_on


class NotGiven(AnnulError):
    """A run of this playbook must be given what it is about, and that must be there."""

    code = "playbooks.not_given"
    next_step = "Give what is named."


class AlreadyRuns(AnnulError):
    """The incident has a run of this playbook, or one about the same goes on. None was started."""

    code = "playbooks.already_runs"
    next_step = "Go on with the run that is named."


class About(NamedTuple):
    """An incident that a run belongs to."""

    id: UUID
    merchant_id: str


def given_by(scope: str, member: str, merchant_id: str) -> dict[str, Value]:
    """Say what an incident gives a run of what it is about."""
    found: Mapping[str, dict[str, Value]] = {
        HeadScope.ISSUER: {"issuer": member},
        HeadScope.ANSWERS: {"issuer": member},
        HeadScope.MERCHANT: {"merchant": member},
        HeadScope.TERMINAL: {"terminal": member},
    }
    about = dict(found.get(HeadScope(scope) if scope in set(HeadScope) else HeadScope.SYSTEM, {}))
    if merchant_id:
        about["merchant"] = merchant_id
    return about


async def begin(
    connection: Any,
    written: Written,
    given: Mapping[str, Value],
    hand: Hand,
    head: About | None = None,
    identity: UUID | None = None,
) -> Standing:
    """Start a run. Raises `NotGiven`, `AlreadyRuns`, `BadPlaybook`."""
    playbook = playbook_of(written)
    about = await _about(connection, playbook, given)
    run = Run(
        identity or uuid7(),
        str(about.get("merchant", "")),
        new_number(hand.now),
        playbook.name,
        playbook.version,
        head.id if head else None,
        about,
        RunState.RUNNING,
        "",
        hand.now,
        "",
        hand.now,
        hand.who,
        hand.now,
        hand.reason,
        None,
        "",
    )
    if not await open_run(connection, run, written):
        same = SQL["same"](
            playbook=run.playbook, merchant=run.merchant_id, head=run.head_id, given=about
        )
        other = await connection.fetchrow(*same)
        if other is not None and other["id"] == identity:
            return await standing_of(connection, Run(**other))
        message = f"{AlreadyRuns.__doc__} {other['number'] if other else ''}".strip()
        raise AlreadyRuns(message)
    said = {"playbook": playbook.title._asdict(), "why": hand.reason}
    await event(connection, run, EventKind.PLAYBOOK_STARTED, hand, said)
    return await goes_on(connection, Standing(run, playbook, ()), hand)


async def _about(
    connection: Any, playbook: Playbook, given: Mapping[str, Value]
) -> dict[str, Value]:
    about = {name: str(given.get(name, "")).strip() for name in ("issuer", "merchant", "terminal")}
    missing = [name for name in playbook.needs if not about[name]]
    known = await connection.fetchrow(*SQL["known"](**about))
    missing += [name for name in playbook.needs if about[name] and not known[name]]
    if missing:
        message = f"{playbook.name} needs {', '.join(playbook.needs)}: look at {', '.join(missing)}"
        raise NotGiven(message)
    return {name: about[name] for name in playbook.needs}
