"""What is written of a step: times, who is told, and what becomes of an order."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from annul.diagnose.causes import CAUSES
from annul.domain.text import Text
from annul.domain.void_rules import RULES
from annul.resolve.book import CaseEntry
from annul.resolve.case import UNPROVED
from annul.resolve.entries import announcement, entry_of
from annul.resolve.pace import Pace
from annul.resolve.plan import DROPPED, decide
from annul.resolve.rulings import NOT_ALLOWED, refused
from annul.resolve.situation import Situation, Step
from tests.support.situations import NOW, OPENED, attempt, situation

_WAIT = Step("await_outcome", Text("等", "wait"), until=NOW + timedelta(hours=9))


def _entry(s: Situation, step: Step = _WAIT, result: str = "") -> CaseEntry:
    return entry_of(s, step, result, lambda: 0.5)


def _whats(entry: CaseEntry) -> list[str]:
    return [event.what for event in entry.events]


# Times -----------------------------------------------------------------------------------------


def test_the_first_cause_sets_the_first_due_time_and_no_later_one_moves_it() -> None:
    """A confirmed cause had moved the due time, so that what was late was hidden."""
    pace = Pace()
    first = _entry(situation("timeout"))
    due = OPENED + pace.due("network")
    assert (first.case.first_due_at, first.case.due_at) == (due, due)
    slower = situation("timeout")
    slower = replace(slower, case=first.case._replace(confirmed="funds_frozen"))
    later = _entry(slower)
    assert later.case.first_due_at == due
    assert later.case.due_at == OPENED + pace.due("funds") > due


def test_late_is_judged_by_the_first_due_time() -> None:
    first = _entry(situation("timeout")).case
    over = first.first_due_at
    s = replace(situation("timeout", now=over), case=first._replace(confirmed="funds_frozen"))
    entry = _entry(s)
    assert entry.case.due_at > over
    assert entry.case.task == "late"
    assert entry.incident is not None
    assert entry.incident.kind == "case_late"
    assert "late" in _whats(entry)
    assert "late" not in _whats(_entry(replace(s, case=entry.case))), "it is said once"
    just_before = replace(s, now=over - timedelta(seconds=1))
    assert _entry(just_before).incident is None


@pytest.mark.parametrize("cause", CAUSES)
def test_it_is_looked_at_again_by_each_of_its_times(cause: str) -> None:
    s, wait = situation(cause), replace(_WAIT, until=NOW + timedelta(days=9))
    case = _entry(s, wait).case
    moments: list[Any] = []
    while case.next_action_at != wait.until:
        moments.append(case.next_action_at)
        case = _entry(replace(s, now=moments[-1], case=case), wait).case
    assert moments == sorted({case.first_due_at, s.last_at, s.unproved_at})


@pytest.mark.parametrize(("sure", "told"), [(0.79, False), (0.8, True)])
def test_a_fault_of_ours_is_told_where_it_is_sure(sure: float, told: bool) -> None:
    s = situation("acquirer_fault")
    (found,) = [one for one in s.findings if one.cause.name == "acquirer_fault"]
    s = replace(s, findings=[replace(found, probability=sure)])
    entry = _entry(s)
    assert (entry.incident is not None) is told
    later = replace(s, case=entry.case, findings=[replace(found, probability=0.9)])
    assert (_entry(later).incident is not None) is not told, "once, when it becomes sure"
    assert _entry(situation("issuer_error")).incident is None, "of issuers it is told apart"


# Orders ----------------------------------------------------------------------------------------


def test_an_order_that_an_end_overtakes_is_named() -> None:
    for order in ("retry", "refund", "withdraw"):
        s = situation(of_case={"ordered": order})
        end = Step("ended_voided", Text("好", "done"), end="voided")
        entry = _entry(s, end)
        assert entry.case.ordered == ""
        assert entry.events[-1].evidence["order_dropped"] == order
    s = situation(of_case={"ordered": "close"})
    assert "order_dropped" not in _entry(s, decide(s)).events[-1].evidence


def test_what_is_withdrawn_stays_withdrawn_when_the_outcome_is_unproved() -> None:
    end = Step("ended_unproved", Text("不明", "open"), end=UNPROVED, task="outcome_unproved")
    for order, kept in (("withdraw", "withdraw"), ("retry", ""), ("refund", "")):
        entry = _entry(situation(of_case={"ordered": order}), end)
        assert entry.case.ordered == kept
        assert ("order_dropped" in entry.events[-1].evidence) == (not kept)


# What this host does not allow -----------------------------------------------------------------

_SHORT = next(ruling for _, ruling in RULES if ruling.name == "merchant_balance_low")
_RETRY = Step("retry", Text("重试", "again"), do="retry")


def test_what_is_not_allowed_is_said_once_and_waits() -> None:
    s = situation(of_case={"cause": "timeout", "events": 2})
    step = refused(s, _RETRY, _SHORT)
    assert (step.name, step.do, step.task) == (NOT_ALLOWED, "", "merchant_balance_low")
    first = _entry(s, step)
    assert _whats(first) == [NOT_ALLOWED]
    assert first.events[0].evidence == {"rule": "merchant_balance_low", "wanted": "retry"}
    assert first.case.next_action_at > s.now
    again = replace(s, case=first.case)
    assert _whats(_entry(again, refused(again, _RETRY, _SHORT))) == []
    other = next(ruling for _, ruling in RULES if ruling.name == "original_settled")
    assert _whats(_entry(again, refused(again, _RETRY, other))) == [NOT_ALLOWED]


def test_an_order_that_is_not_allowed_is_dropped_with_the_rule() -> None:
    s = situation(of_case={"ordered": "retry", "cause": "timeout", "events": 2})
    step = refused(s, _RETRY, _SHORT)
    assert step.name == DROPPED
    entry = _entry(s, step)
    assert entry.case.ordered == ""
    assert entry.events[0].evidence["rule"] == "merchant_balance_low"
    assert _SHORT.said.en in entry.events[0].why.en


# Who is told -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "end", "text"),
    [
        ("void", "voided", "凭证000002已撤销"),
        ("void", "refunded", "凭证000002已改为退货"),
        ("void", "refused", "凭证000002撤销未成功,原消费仍有效,款项未退:发卡行单笔超时"),
        ("refund", "refunded", "凭证000002退货成功"),
        ("refund", "refused", "凭证000002退货未成功,款项未退:发卡行单笔超时"),
        ("completion", "refused", "凭证000002预授权完成未成功:发卡行单笔超时"),
    ],
)
def test_the_terminal_is_told_in_the_words_of_what_it_asked_for(
    kind: str, end: str, text: str
) -> None:
    s = situation(of_case={"kind": kind})
    entry = _entry(s, Step(f"ended_{end}", Text("好", "done"), end=end))
    assert entry.notice == text
    assert entry.notification is not None
    told: Any = entry.notification
    assert (told["ended"], told["kind"]) == (end, kind)


def test_an_opening_and_a_diagnosis_speak_of_what_was_asked_for() -> None:
    s = situation("issuer_unsupported", of_case={"kind": "refund", "cause": ""})
    picture = replace(s.picture, void=attempt(2, kind="refund"))
    entry = _entry(replace(s, picture=picture))
    opened, diagnosed = entry.events[:2]
    assert opened.why == Text(
        "退货未成功，应答码96", "the refund was not approved, response code 96"
    )
    assert "不支持此退货" in diagnosed.why.zh
    assert diagnosed.evidence["causes"][0]["title"]["zh"] == "发卡行不支持此退货"


def test_only_what_a_case_has_got_on_by_ends_its_fault() -> None:
    s = situation()
    assert _entry(s).gets_on
    announced = announcement(s, NOW + timedelta(seconds=9), lambda: 0.5)
    assert not announced.gets_on
    assert announced.leased_until == NOW + timedelta(seconds=9)


# Who has it, and what waits for a second person --------------------------------------------------


def test_a_proposal_does_not_vanish_without_a_word_when_the_case_ends() -> None:
    s = situation(of_case={"proposed": "refund", "proposed_by": "olga"})
    end = Step("ended_voided", Text("撤销成功", "voided"), end="voided")
    entry = _entry(s, end)
    assert (entry.case.proposed, entry.case.proposed_by) == ("", "")
    off = next(event for event in entry.events if event.what == "proposal_withdrawn")
    assert off.evidence == {"proposed": "refund", "by": "olga"}
    assert off.why.en == "the proposal “refund it instead” is off: voided"
    assert "proposal_withdrawn" not in _whats(_entry(s)), "it still waits"


def test_the_pause_of_who_has_a_case_ends_with_its_time_or_with_the_case() -> None:
    had = {"assigned_to": "sue", "assigned_until": NOW + timedelta(minutes=5), "events": 1}
    paused = situation(of_case=had | {"cause": "timeout"})
    entry = _entry(paused, decide(paused))
    assert (entry.case.assigned_to, _whats(entry)) == ("sue", [])
    assert entry.case.next_action_at == NOW + timedelta(minutes=5)
    over = replace(paused, now=NOW + timedelta(minutes=5))
    entry = _entry(over, decide(over))
    assert (entry.case.assigned_to, entry.case.assigned_until) == ("", None)
    assert _whats(entry)[0] == "resumed"
    ended = _entry(paused, Step("ended_voided", Text("好", "done"), end="voided"))
    assert (ended.case.assigned_to, ended.case.assigned_until) == ("", None)
    assert "resumed" not in _whats(ended)


def test_a_case_that_somebody_has_is_late_all_the_same() -> None:
    first = _entry(situation("timeout")).case
    until = first.first_due_at + timedelta(hours=1)
    had = first._replace(assigned_to="sue", assigned_until=until)
    s = replace(situation("timeout", now=first.first_due_at), case=had)
    entry = _entry(s, decide(s))
    assert entry.case.task == "late"
    assert entry.incident is not None
