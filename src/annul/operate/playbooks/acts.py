"""What a playbook can do: one table of named acts, each with how it is undone.

An act is rows in the database, which hosts take up by reading, in the commit that writes it into
the journal of its run. Its id is made of run and step, so that it can be done once only.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple
from uuid import UUID

from annul.domain.errors import AnnulError
from annul.domain.heads import EventKind
from annul.domain.interventions import Intervention, InterventionKind
from annul.domain.money import LARGEST
from annul.domain.playbook_checks import ActTraits
from annul.domain.playbooks import Takes, Value
from annul.domain.text import Text
from annul.operate.incidents.keeping import HeadEvent, tell
from annul.resolve.circuits import reset
from annul.store.interventions import begin, end, in_force
from annul.store.sql import load

_SQL: Final = load("annul.operate.playbooks", "acts.sql")
_LONGEST_MIN: Final = 366 * 24 * 60
_WRONG: Final = timedelta(hours=1)  # in which wrong MACs are counted
_WRONG_MACS: Final = 3
_HOLDS_BACK: Final = frozenset({InterventionKind.CIRCUIT_OPEN, InterventionKind.RETRIES_PAUSED})
_ANNUL: Final = "annul"  # who it is by where no person did it


class ActRefused(AnnulError):
    """This act cannot be done so. Nothing was changed."""

    code = "playbooks.act_refused"
    next_step = "Correct what is named and try again, or skip the step."


class Doing(NamedTuple):
    """An act under way: in whose transaction, under which id, when, with what, by whom, why."""

    connection: Any
    id: UUID
    now: datetime
    args: Mapping[str, Value]
    who: str
    reason: str
    confirmed_by: str = ""
    head: tuple[UUID, str] | None = None

    def text(self, name: str) -> str:
        """Give an argument as a text; empty where it is not given."""
        return str(self.args.get(name, "")).strip()

    def number(self, name: str, most: int) -> int:
        """Give an argument as a number; raises `ActRefused` for one that is none, or too large."""
        value = self.args.get(name)
        if not isinstance(value, int) or not 0 < value <= most:
            message = f"{name} must be a number from 1 to {most}"
            raise ActRefused(message)
        return value

    def until(self) -> datetime:
        """Say when it ends by itself."""
        return self.now + timedelta(minutes=self.number("minutes", _LONGEST_MIN))


Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Act:
    """One of them; each gives what the journal keeps of it. None: it cannot be undone."""

    traits: ActTraits
    do: Callable[[Doing], Awaitable[Result]]
    undo: Callable[[Doing, Mapping[str, Any]], Awaitable[Result]] | None = None


# In force for a time ------------------------------------------------------------------------------


async def _begin(kind: InterventionKind, doing: Doing) -> Result:
    until = doing.until()
    new = Intervention(
        id=doing.id,
        kind=kind,
        issuer_id=doing.text("issuer"),
        merchant_id=doing.text("merchant"),
        terminal_id=doing.text("terminal"),
        amount=doing.number("amount", LARGEST) if "amount" in doing.args else 0,
        valid_from=doing.now,
        valid_until=until,
        set_by=doing.who or _ANNUL,
        confirmed_by=doing.confirmed_by,
        reason=doing.reason,
    )
    await begin(doing.connection, new, doing.now)
    return {"intervention": str(doing.id), "until": until.isoformat()}


async def _end(doing: Doing, _result: Mapping[str, Any]) -> Result:
    key = (doing.text("merchant"), doing.id)
    return {"ended": await end(doing.connection, key, doing.who or _ANNUL, doing.now)}


async def _close_circuit(doing: Doing) -> Result:
    """Close it, whoever opened it, annul or people, and end a pause: cases are to go on."""
    issuer = doing.text("issuer")
    held = [
        one.id
        for one in await in_force(doing.connection, doing.now)
        if one.kind in _HOLDS_BACK and one.issuer_id == issuer and one.valid_from <= doing.now
    ]
    for one in sorted(held):
        await end(doing.connection, ("", one), doing.who or _ANNUL, doing.now)
    released = await reset(doing.connection, issuer, doing.now)
    return {"released": released, "ended": len(held)}


# Windows ------------------------------------------------------------------------------------------


async def _announce(doing: Doing) -> Result:
    until = doing.until()
    issuer = doing.text("issuer")
    asked = {"issuer": issuer, "id": doing.id, "now": doing.now, "until": until}
    said = {"note": doing.text("note"), "who": doing.who or _ANNUL}
    await doing.connection.execute(*_SQL["announce"](**asked, **said))
    return {"policy": str(doing.id), "until": until.isoformat()}


async def _end_window(doing: Doing, _result: Mapping[str, Any]) -> Result:
    asked = _SQL["end_window"](issuer=doing.text("issuer"), id=doing.id, now=doing.now)
    return {"ended": await doing.connection.fetchval(*asked) is not None}


# Terminals ----------------------------------------------------------------------------------------


async def _ask_sign_in(doing: Doing) -> Result:
    asked = _SQL["out_of_step"](
        merchant=doing.text("merchant"),
        terminal=doing.text("terminal"),
        since=doing.now - _WRONG,
        least=_WRONG_MACS,
    )
    return await _asked(doing, await doing.connection.fetch(*asked))


async def _ask(wants: str, doing: Doing) -> Result:
    place = {"merchant": doing.text("merchant"), "terminal": doing.text("terminal")}
    return await _asked(doing, await doing.connection.fetch(*_SQL["ask"](**place, wants=wants)))


async def _asked(doing: Doing, rows: Sequence[Any]) -> Result:
    await doing.connection.execute(*_SQL["changed"]())
    return {"terminals": len(rows), "asked": sorted(list(row) for row in rows)}


async def _take_back(wants: str, doing: Doing, result: Mapping[str, Any]) -> Result:
    merchants, terminals = _columns(result["asked"], 2)
    asked = _SQL["take_back"](wants=wants, merchants=merchants, terminals=terminals)
    await doing.connection.execute(*asked)
    await doing.connection.execute(*_SQL["changed"]())
    return {}


async def _update(doing: Doing) -> Result:
    wrong, right = doing.text("wrong"), doing.text("right")
    if not wrong or not right or wrong == right:
        message = "wrong and right must be two versions"
        raise ActRefused(message)
    asked = _SQL["update_software"](wrong=wrong, right=right)
    return await _asked(doing, await doing.connection.fetch(*asked))


async def _software_back(doing: Doing, result: Mapping[str, Any]) -> Result:
    merchants, terminals, befores = _columns(result["asked"], 3)
    columns = {"merchants": merchants, "terminals": terminals, "befores": befores}
    await doing.connection.execute(*_SQL["software_back"](**columns, right=doing.text("right")))
    await doing.connection.execute(*_SQL["changed"]())
    return {}


def _columns(rows: Sequence[Sequence[str]], width: int) -> list[list[str]]:
    return [[row[place] for row in rows] for place in range(width)]


# Notes --------------------------------------------------------------------------------------------


async def _note(doing: Doing) -> Result:
    """Note it in the incident, where there is one; the journal has it in any case."""
    text = doing.text("text")
    if doing.head is not None:
        head, merchant = doing.head
        event = HeadEvent(head, merchant, doing.now, EventKind.NOTE, doing.who, {"text": text})
        await tell(doing.connection, [event])
    return {"text": text, "in_incident": doing.head is not None}


_ISSUER: Final[Mapping[str, Takes]] = {"issuer": Takes.ISSUER, "minutes": Takes.NUMBER}
_MERCHANT: Final[Mapping[str, Takes]] = {"merchant": Takes.MERCHANT}
_ONE: Final[Mapping[str, Takes]] = {"terminal": Takes.TERMINAL}
_MINUTES: Final[Mapping[str, Takes]] = {"minutes": Takes.NUMBER}
_ISSUERS: Final = "issuers:write"
_MERCHANTS: Final = "merchants:write"


def _for_a_time(kind: InterventionKind, params: Mapping[str, Takes], scope: str) -> Act:
    traits = ActTraits(kind.about.title, params, scope, dual=kind.about.dual)
    return Act(traits, partial(_begin, kind), _end)


ACTS: Final[Mapping[str, Act]] = {
    "announce_window": Act(
        ActTraits(
            Text("公告维护窗口", "announce a window of the issuer"),
            _ISSUER,
            _ISSUERS,
            {"note": Takes.TEXT},
        ),
        _announce,
        _end_window,
    ),
    "route_around": _for_a_time(
        InterventionKind.ROUTE_AROUND,
        _ISSUER,
        _ISSUERS,
    ),
    "open_circuit": _for_a_time(
        InterventionKind.CIRCUIT_OPEN,
        _ISSUER,
        _ISSUERS,
    ),
    "close_circuit": Act(
        ActTraits(
            Text(
                "恢复该发卡行的撤销，放行等待的案件", "close the issuer's circuit, let cases go on"
            ),
            {"issuer": Takes.ISSUER},
            _ISSUERS,
            undoes=False,
        ),
        _close_circuit,
    ),
    "pause_retries": _for_a_time(
        InterventionKind.RETRIES_PAUSED,
        _ISSUER,
        _ISSUERS,
    ),
    "allow_refunds": _for_a_time(
        InterventionKind.REFUNDS_INSTEAD,
        {**_ISSUER, "amount": Takes.AMOUNT},
        "refunds:write",
    ),
    "freeze_merchant": _for_a_time(
        InterventionKind.MERCHANT_FROZEN,
        {**_MERCHANT, **_MINUTES},
        _MERCHANTS,
    ),
    "block_terminal": _for_a_time(
        InterventionKind.TERMINAL_BLOCKED,
        {**_MERCHANT, **_ONE, **_MINUTES},
        _MERCHANTS,
    ),
    "ask_sign_in": Act(
        ActTraits(
            Text("要求密钥不同步的终端重新签到", "ask terminals with keys out of step to sign in"),
            {},
            _MERCHANTS,
            {**_MERCHANT, **_ONE},
        ),
        _ask_sign_in,
        partial(_take_back, "sign_in"),
    ),
    "ask_parameters": Act(
        ActTraits(
            Text("要求终端重新下载参数", "ask terminals to download parameters"),
            _MERCHANT,
            _MERCHANTS,
            _ONE,
        ),
        partial(_ask, "parameters"),
        partial(_take_back, "parameters"),
    ),
    "update_software": Act(
        ActTraits(
            Text("要求装有错误软件的终端更新", "let terminals with the wrong software update"),
            {"wrong": Takes.TEXT, "right": Takes.TEXT},
            _MERCHANTS,
        ),
        _update,
        _software_back,
    ),
    "raise_note": Act(
        ActTraits(
            Text("在事件中记录", "note it in the incident"),
            {"text": Takes.TEXT},
            "incidents:write",
            undoes=False,
        ),
        _note,
    ),
}
