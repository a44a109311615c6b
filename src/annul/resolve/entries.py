"""What is written of a step: the case as it then is, its events, and who is told."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from annul.diagnose.causes import CAUSES
from annul.diagnose.gather import Picture
from annul.diagnose.rank import Finding
from annul.domain import terminal_notes
from annul.domain.incident import Incident
from annul.domain.kinds import COMPLETIONS, KINDS, REFUNDS, Money
from annul.domain.standing import Standing, told
from annul.domain.text import Text

from . import words
from .accused import NAMED_FROM
from .book import CaseEntry
from .case import RESOLVER, UNPROVED, Event
from .ends import ended
from .people import proposal_withdrawn
from .plan import DROPPED, HELD
from .rulings import NOT_ALLOWED
from .situation import Situation, Step

_SHOWN: Final = 5  # findings that go into an event
_OURS: Final = "acquirer_fault"
_NOTHING: Final = Text("", "")
_RESUMED: Final = Text(
    "暂停时间已到，恢复自动处理", "the pause is over; automatic handling resumes"
)
_LATE: Final = Text("已超过处理时限，转人工处理", "overdue; needs manual action")


def entry_of(s: Situation, step: Step, result: str, random: Callable[[], float]) -> CaseEntry:
    """Put together what is written after a step. `result` is what came of its action, or empty."""
    case, now = s.case, s.now
    cause = s.named
    events = _events(s, step, result)
    # An order that could not be carried out yet stays, and is tried again.
    done = bool(step.do) and result != "not_done"
    taken = step.name == DROPPED or (done and step.do in {"retry", "refund"})
    due_at = case.opened_at + s.pace.due(CAUSES[cause].patience)
    first_due_at = case.first_due_at if case.cause else due_at
    task, incident = step.task, None
    told = case.cause == _OURS and case.probability >= NAMED_FROM
    if cause == _OURS and s.finding.probability >= NAMED_FROM and not told:
        incident = Incident.of_case("case_acquirer_fault", case)
    if now >= first_due_at and not step.end:
        task = task or "late"
        incident = Incident.of_case("case_late", case, step=step.name)
        if case.task != task:
            events.append(Event("late", _LATE))
    changed = case._replace(
        step=step.name,
        cause=cause,
        probability=s.finding.probability,
        named_at=case.named_at if cause == case.cause else now,
        tries=len(s.own_tries) + (step.do in {"retry", "other_route"}),
        task=task,
        ordered="" if taken else case.ordered,
        due_at=due_at,
        first_due_at=first_due_at,
        next_action_at=_again_at(s, step, result, first_due_at, random),
    )
    entry = CaseEntry(changed, events, incident=step.incident or incident, gets_on=True)
    if case.assigned_until is not None and step.name != HELD and now >= case.assigned_until:
        events.insert(0, Event("resumed", _RESUMED, evidence={"from": case.assigned_to}))
        entry.case = entry.case._replace(assigned_to="", assigned_until=None)
    if step.end:
        events.extend(proposal_withdrawn(case, ended(step.end, case.kind, step.name), RESOLVER))
        # What a shop has withdrawn stays withdrawn when the case is taken up again.
        kept = case.ordered if step.end == UNPROVED and _obeyed(s, step) else ""
        entry.case = changed._replace(
            ended=step.end,
            ended_at=now,
            ordered=kept,
            proposed="",
            proposed_by="",
            assigned_to="",
            assigned_until=None,
        )
        entry.notice = _notice(s, step)
        entry.notification = _notification(s, step)
    return entry


def announcement(s: Situation, until: datetime, random: Callable[[], float]) -> CaseEntry:
    """Put together what is known before an issuer is asked, which may take its time."""
    entry = entry_of(s, Step(s.case.step, _NOTHING, until=until), "", random)
    entry.leased_until, entry.gets_on = until, False
    return entry


def _events(s: Situation, step: Step, result: str) -> list[Event]:
    case, events = s.case, list[Event]()
    if not case.events:
        events.append(_opened(s))
    if s.named != case.cause:
        events.append(_diagnosed(s))
    done = bool(step.do) and result != "not_done"
    ruled = step.name == NOT_ALLOWED and step.task != case.task
    begun = step.name not in {case.step, HELD}  # whoever has it has said so
    said = done or step.end or begun or ruled or not case.events
    if said and step.why is not _NOTHING:
        evidence = {**step.evidence, **({"result": result} if result else {})}
        if step.end and case.ordered and not _obeyed(s, step):
            evidence["order_dropped"] = case.ordered
        events.append(Event(step.name, step.why, evidence=evidence))
    return events


def _obeyed(s: Situation, step: Step) -> bool:
    """Say whether an order is carried out by an end, or will be when it is taken up again."""
    ends = {"close": {"refused"}, "withdraw": {"refused", UNPROVED}}
    return step.end in ends.get(s.case.ordered, ())


def _again_at(
    s: Situation, step: Step, result: str, due_at: datetime, random: Callable[[], float]
) -> datetime:
    """Say when to look again: no later than the due time and the last times of the case."""
    now = s.now
    if step.do and result not in {"not_done", "asked"}:
        return now
    soon = now + s.pace.seconds(s.pace.probe.delay(1, random))
    at = step.until or soon
    return min([at, *(limit for limit in (due_at, s.last_at, s.unproved_at) if limit > now)])


def _opened(s: Situation) -> Event:
    void = s.picture.void
    asked = words.asked(void.kind)
    return Event(
        "opened",
        Text(
            f"{asked.zh}未成功，应答码{void.response_code or '无'}",
            f"the {asked.en} was not approved, response code {void.response_code or 'none'}",
        ),
        evidence={"void": void.rrn, "terminal": void.terminal_id, "trace": void.trace},
    )


def _diagnosed(s: Situation) -> Event:
    best, picture = s.finding, s.picture
    title, money = words.title(best.cause, picture.void.kind), told(s.standing, s.case.kind)
    return Event(
        "diagnosed",
        Text(f"{title.zh}（{best.probability:.0%}）", f"{title.en} ({best.probability:.0%})"),
        evidence={
            "causes": [_shown(one.as_json(money), picture) for one in _ranked(s)[:_SHOWN]],
            "facts": picture.facts.as_json(),
            "void": picture.void.rrn,
        },
    )


def _ranked(s: Situation) -> list[Finding]:
    """Give the causes as they are told: the one that the case goes by first."""
    return [s.finding, *(one for one in s.findings if one is not s.finding)]


def _shown(found: dict[str, object], picture: Picture) -> dict[str, object]:
    """Give a finding in the words of what it is about."""
    title = words.title(CAUSES[str(found["cause"])], picture.void.kind)
    return found | {"title": title._asdict()}


def _voucher(s: Situation) -> str:
    original = s.picture.original
    return original.trace if original else s.picture.void.trace


def _notice(s: Situation, step: Step) -> str:
    """Give the text for the terminal's display: short, in Chinese."""
    kind, voucher = s.case.kind, _voucher(s)
    if step.notice:
        return f"凭证{voucher}{step.notice}"
    if step.end == "refused":
        cause = CAUSES[str(step.evidence.get("cause") or s.cause.name)]
        how = _refused(s.standing, kind)
        return terminal_notes.ended(voucher, how, words.shown(cause, kind).zh)
    done = "refunded" if kind in REFUNDS else "instead"
    return terminal_notes.ended(voucher, done if step.end == "refunded" else step.end)


def _refused(standing: Standing, kind: str) -> str:
    """Name how what was refused stands."""
    if kind in REFUNDS:
        return "not_refunded"
    if kind in COMPLETIONS:
        return "not_completed"
    if standing is not Standing.STANDS:
        return "not_voided"
    return "stands_set" if KINDS[kind].money is Money.RELEASE else "stands"


def _notification(s: Situation, step: Step) -> dict[str, object]:
    original = s.picture.original
    return {
        "case": s.case.number,
        "ended": step.end,
        "kind": s.case.kind,
        "merchant": s.case.merchant_id,
        "terminal": s.case.terminal_id,
        "voucher": _voucher(s),
        "amount": s.case.amount,
        "currency": s.case.currency,
        "original": original.rrn if original else "",
        "cause": s.cause.name,
        "text": step.why._asdict(),
    }
