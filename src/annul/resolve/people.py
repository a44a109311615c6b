"""What people do with a case: who may, and where it takes two of them. Every act is audited."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from annul.diagnose.causes import CAUSES
from annul.diagnose.facts import Facts
from annul.diagnose.lessons import Lessons
from annul.domain.errors import AnnulError
from annul.domain.kinds import KINDS, VOIDS, Money
from annul.domain.text import Text
from annul.wire.masking import scan

from .book import Book, CaseEntry
from .case import Case, Event
from .plan import AWAITING
from .second_person import second_person

_DESK: Final = frozenset({"support", "operator", "administrator"})
_HANDS: Final = frozenset({"operator", "administrator"})
_SHOP: Final = frozenset({"cashier", "merchant"})
MINUTES: Final = range(5, 241)  # for which somebody may have a case
AN_HOUR: Final = 60
_UNPROPOSED: Final[Mapping[str, Any]] = {"proposed": "", "proposed_by": ""}
_TRIES: Final = 5  # writings of others that an act steps aside for


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that people may do; `money` says that it moves money.

    `of_void` says that it is about a void of something: annul does not do a refund or completion
    again by itself. `sure` needs an outcome: what is still open cannot be ended by it. `moves`:
    the case is looked at anew at once; a note stores a note.
    """

    name: str
    said: Text
    roles: frozenset[str]
    money: bool = False
    when_ended: bool = False
    of_void: bool = False
    sure: bool = False
    moves: bool = True


ACTIONS: Final = {
    action.name: action
    for action in (
        Action("retry", Text("重试撤销", "try the void again"), _HANDS, money=True, of_void=True),
        Action("refund", Text("改为退货", "refund it instead"), _HANDS, money=True, of_void=True),
        Action(
            "withdraw",
            Text("撤回撤销：原消费有效", "withdraw the void: the sale stands"),
            _SHOP | _DESK,
            of_void=True,
        ),
        Action("take", Text("接手处理", "take the case"), _DESK, moves=False),
        Action("hand-back", Text("交还系统自动处理", "hand the case back"), _DESK),
        Action("look", Text("立即处理", "check it now"), _DESK),
        Action("reject", Text("驳回待复核操作", "reject the proposal"), _HANDS, moves=False),
        Action("recall", Text("撤回我的申请", "withdraw my proposal"), _HANDS, moves=False),
        Action("close", Text("结案（不撤销）", "close as not voided"), _HANDS, sure=True),
        Action("note", Text("记录备注", "write a note"), _DESK, when_ended=True, moves=False),
        Action("confirm-cause", Text("确认原因", "confirm the cause"), _DESK, when_ended=True),
    )
}


class ActionRefused(AnnulError):
    """This may not be done with the case. Nothing was changed."""

    code = "resolve.action_refused"
    next_step = "annul case NUMBER shows what is allowed, and for which roles."


def allowed(case: Case, role: str, who: str) -> list[Action]:
    """Give what somebody of a role may do with a case as it is now."""
    return [
        action
        for action in ACTIONS.values()
        if role in action.roles
        and (action.when_ended or not case.ended)
        and _is_theirs(case, action.name, role, who)
        and not (action.of_void and (case.original_id is None or case.kind not in VOIDS))
        and not (action.sure and case.step in AWAITING)
        and not (action.name == "refund" and KINDS[case.kind].money is Money.RELEASE)  # none taken
    ]


def _is_theirs(case: Case, name: str, role: str, who: str) -> bool:
    """Say whether an act about a proposal, or about who has the case, is somebody's to do."""
    match name:
        case "reject":
            return bool(case.proposed) and case.proposed_by != who
        case "recall":
            return bool(case.proposed) and case.proposed_by == who
        case "hand-back":
            return bool(case.assigned_to) and (case.assigned_to == who or role in _HANDS)
        case _:
            return True


def proposal_withdrawn(case: Case, why: Text, who: str) -> list[Event]:
    """Say that what waited for a second person does so no more; nothing when nothing waited."""
    if not case.proposed:
        return []
    what = ACTIONS[case.proposed].said
    said = Text(
        f"待复核的“{what.zh}”已撤下：{why.zh}", f"the proposal “{what.en}” is off: {why.en}"
    )
    return [
        Event("proposal_withdrawn", said, who, {"proposed": case.proposed, "by": case.proposed_by})
    ]


def kept_facts(history: list[tuple[str, bytes]]) -> Facts | None:
    """Give the facts of the latest diagnosis that a case's history holds."""
    for body, _ in reversed(history):
        event = json.loads(body)
        if event["what"] == "diagnosed":
            return Facts.from_json(event["evidence"]["facts"])
    return None


class People:
    """Carries out what people decide."""

    def __init__(self, book: Book, lessons: Lessons) -> None:
        self._book = book
        self._lessons = lessons

    async def act(
        self,
        case: Case,
        name: str,
        *,
        who: str,
        role: str,
        reason: str,
        second_person_from: int,
        now: datetime,
        cause: str = "",
        minutes: int = AN_HOUR,
    ) -> str:
        """Do an action; gives the event that it became: the action's name, or `proposed`.

        Raises `ActionRefused` and `SecondPersonNeeded`. `second_person_from` in minor units;
        `minutes` for which somebody has the case.
        """
        reason = scan(reason)  # what goes into the chain of events can never be taken out again
        for _ in range(_TRIES):
            if name not in {action.name for action in allowed(case, role, who)}:
                message = f"{name} is not for {role or 'this role'} on case {case.number} as it is"
                raise ActionRefused(message)
            if not reason.strip():
                message = f"{name} needs a reason"
                raise ActionRefused(message)
            action = ACTIONS[name]
            two = action.money and case.amount >= second_person_from
            if two and case.proposed == name:
                await second_person(self._book.pool, case.proposed_by, who)
            until = now + timedelta(minutes=minutes)
            if name == "take" and minutes not in MINUTES:
                message = f"a case is had for {MINUTES[0]} to {MINUTES[-1]} minutes, not {minutes}"
                raise ActionRefused(message)
            events, changed = self._decided(case, action, who, reason, cause, until, two=two)
            if action.moves:
                changed = changed._replace(next_action_at=now)
            done = events[-1].what
            act: dict[str, Any] = {"who": who, "role": role, "action": done, "reason": reason}
            write = self._book.append if case.ended or name == "note" else self._book.write
            if await write(case, CaseEntry(changed, events, act=act), now):
                if name == "confirm-cause":
                    await self._teach(changed, cause, who, now)
                return done
            case = await self._book.reread(case)
        message = f"case {case.number} is being worked on"
        raise ActionRefused(message)

    def _decided(
        self,
        case: Case,
        action: Action,
        who: str,
        reason: str,
        cause: str,
        until: datetime,
        *,
        two: bool,
    ) -> tuple[list[Event], Case]:
        """Give what is written of an act, itself as the last event, and the case after it."""
        name, said = action.name, Text(f"{action.said.zh}：{reason}", f"{action.said.en}: {reason}")
        if name == "confirm-cause":
            if cause not in CAUSES:
                message = f"no cause is called {cause!r}: {', '.join(CAUSES)}"
                raise ActionRefused(message)
            title = CAUSES[cause].title
            said = Text(f"{said.zh}（{title.zh}）", f"{said.en} ({title.en})")
        dropped = {"proposed": case.proposed, "by": case.proposed_by}
        plain: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {  # evidence, changes
            "note": ({}, {}),
            "look": ({}, {}),
            "confirm-cause": ({"cause": cause}, {"confirmed": cause}),
            "take": (
                {"until": until.isoformat(), "from": case.assigned_to},
                {"assigned_to": who, "assigned_until": until},
            ),
            "hand-back": (
                {"from": case.assigned_to},
                {"assigned_to": "", "assigned_until": None},
            ),
            "reject": (dropped, _UNPROPOSED),
            "recall": (dropped, _UNPROPOSED),
        }
        if name in plain:
            evidence, changes = plain[name]
            return [Event(name, said, who, evidence)], case._replace(**changes)
        approved = case.proposed == name
        off = [] if approved else proposal_withdrawn(case, action.said, who)
        if two and not approved:
            evidence = {"action": name, "reason": reason}
            proposal = case._replace(proposed=name, proposed_by=who)
            return [*off, Event("proposed", said, who, evidence)], proposal
        evidence = {"proposed_by": case.proposed_by} if approved else {}
        return [*off, Event(name, said, who, evidence)], case._replace(ordered=name, **_UNPROPOSED)

    async def _teach(self, case: Case, cause: str, who: str, now: datetime) -> None:
        facts = kept_facts(await self._book.history(case))
        if facts is not None:
            await self._lessons.teach(case.id, facts, cause, who, now)
