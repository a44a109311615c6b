"""The remedies: when a void is tried again, what is waited for, and what is refunded instead."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from annul.diagnose.causes import CAUSES
from annul.domain.policies import Policy, PolicyKind
from annul.domain.states import State
from annul.resolve.pace import Pace
from annul.resolve.plan import decide
from annul.resolve.situation import Step
from tests.support.situations import NOW, OPENED, TOMORROW, own, situation

_HOUR = timedelta(hours=1)
_REFUNDED_AT_ONCE = (
    "issuer_unsupported",
    "issuer_limit_amount",
    "outside_void_window",
    "policy_changed",
    "already_settled",
)
_FUNDS = ("merchant_balance_low", "funds_frozen", "funds_not_arrived")
_RETRIED = [
    cause.name
    for cause in CAUSES.values()
    if cause.retry_safe and cause.name != "terminal_misconfigured"
]
_COVERED = {"merchant.counted": 10_000, "issuer.witnesses_recent": 9}


# Retries -----------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", _RETRIED)
def test_a_retry_where_a_retry_is_safe(cause: str) -> None:
    assert decide(situation(cause, facts=_COVERED)).do == "retry"


@pytest.mark.parametrize("cause", _RETRIED)
@pytest.mark.parametrize(
    ("merchant", "changes"),
    [
        ({"retry_voids": False}, {}),
        ({}, TOMORROW),
        ({}, {"batch": "000002"}),
        ({}, {"original": {"kind": "completion_advice"}}),
        ({}, {"original": {"undone": 1}}),
    ],
)
def test_no_retry_against_the_merchants_setting_nor_of_what_can_not_be_voided(
    cause: str, merchant: dict[str, Any], changes: dict[str, Any]
) -> None:
    step = decide(situation(cause, facts=_COVERED, of_merchant=merchant, **changes))
    assert step.do not in {"retry", "other_route"}


@pytest.mark.parametrize("cause", [name for name in CAUSES if not CAUSES[name].retry_safe])
def test_no_retry_where_it_would_do_harm(cause: str) -> None:
    down: dict[str, Any] = {"other_route": True, "probe_at": NOW + _HOUR}
    for changes in ({}, TOMORROW, down):
        assert decide(situation(cause, **changes)).do not in {"retry", "other_route"}


def test_waits_between_retries_grow_up_to_a_limit() -> None:
    pace = Pace(tries=12)
    waits: list[float] = []
    for count in range(11):
        tries = tuple(own(3 + number) for number in range(count))
        step = decide(situation(attempts=tries, now=OPENED, pace=pace))
        assert step.name == "back_off"
        assert step.until is not None
        waits.append((step.until - OPENED).total_seconds())
    assert waits == sorted(waits)
    assert waits[1] > waits[0]
    assert waits[-1] == waits[-2] <= pace.backoff.limit_s


def test_a_retry_follows_at_once_when_its_wait_is_over() -> None:
    waiting = decide(situation(now=OPENED))
    assert waiting.until is not None
    assert decide(situation(now=waiting.until)).do == "retry"


def test_tries_are_bounded() -> None:
    tries = tuple(own(3 + number) for number in range(Pace().tries))
    for now in (NOW, OPENED + _HOUR):
        assert decide(situation(attempts=tries, now=now)).do == ""
    assert decide(situation(attempts=tries[1:], now=OPENED + _HOUR)).do == "retry"


def test_an_interval_of_the_issuer_is_kept() -> None:
    rule = Policy(PolicyKind.VOID_INTERVAL, 300, OPENED - _HOUR)
    facts = {"card.since_last_void": 100.0}
    step = decide(situation("repeated_too_soon", policies=(rule,), facts=facts))
    allowed = OPENED + timedelta(seconds=200)
    assert step.name == "wait_rule"
    assert step.until is not None
    assert allowed <= step.until <= allowed + timedelta(seconds=1)
    later = situation("repeated_too_soon", policies=(rule,), facts=facts, now=step.until)
    assert decide(later).do == "retry"


# Waiting -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [PolicyKind.MAINTENANCE, PolicyKind.END_OF_DAY])
def test_a_window_is_waited_for_until_its_end(kind: PolicyKind) -> None:
    window = Policy(kind, 0, OPENED - _HOUR, OPENED + _HOUR)
    for random in (0.0, 0.99):
        step = decide(situation("issuer_maintenance", policies=(window,), random=random))
        assert (step.name, step.do) == ("wait_window", "")
        assert step.until is not None
        assert OPENED + _HOUR <= step.until <= OPENED + _HOUR + timedelta(seconds=5)
    over = situation("issuer_maintenance", policies=(window,), now=OPENED + _HOUR)
    assert decide(over).do == "retry"


def test_an_issuer_that_is_down_is_waited_for() -> None:
    probe_at = NOW + timedelta(seconds=20)
    step = decide(situation("issuer_down", probe_at=probe_at))
    assert (step.name, step.do, step.until) == ("wait_health", "", probe_at)


def test_a_probe_that_is_due_is_never_waited_for_without_a_pause() -> None:
    step = decide(situation("issuer_down", probe_at=NOW))
    assert step.until is not None
    assert step.until > NOW


def test_another_route_to_the_same_bank_is_taken() -> None:
    down = {"probe_at": NOW + _HOUR, "other_route": True}
    assert decide(situation("issuer_link", **down)).do == "other_route"


@pytest.mark.parametrize("cause", _FUNDS)
@pytest.mark.parametrize(("counted", "waits"), [(None, True), (9_949, True), (9_950, False)])
def test_money_of_the_merchant_is_waited_for(cause: str, counted: int | None, waits: bool) -> None:
    facts = {} if counted is None else {"merchant.counted": counted}
    step = decide(situation(cause, facts=facts, of_merchant={"void_needs_balance": True}))
    assert step.name == ("wait_funds" if waits else "retry")
    assert step.task == ("merchant_funds" if waits else "")
    assert decide(situation(cause)).name == "retry"


@pytest.mark.parametrize(
    ("cause", "ask", "waits"),
    [
        ("keys_out_of_step", "sign_in", "wait_terminal"),
        ("terminal_outdated", "update", "wait_terminal"),
    ],
)
def test_a_terminal_is_asked_once_and_waited_for(cause: str, ask: str, waits: str) -> None:
    s = situation(cause, facts={"terminal.active": False})
    names: list[str] = []
    for _ in range(4):
        step = decide(s)
        assert step.do == (ask if not names else "")
        names.append(step.name)
        s = replace(s, case=s.case._replace(step=step.name), now=s.now + timedelta(minutes=2))
    assert names == [f"ask_{ask}", waits, waits, waits]


def test_a_set_up_that_is_right_again_is_downloaded_and_then_tried() -> None:
    right = dict.fromkeys(("active", "kind_enabled", "within_limit"), True)
    facts = {f"terminal.{name}": value for name, value in right.items()}
    waits = decide(situation("terminal_misconfigured", facts={"terminal.active": False}))
    assert (waits.name, waits.do) == ("wait_set_up", "")
    names = []
    for step in ("wait_set_up", "ask_parameters", "retry"):
        s = situation("terminal_misconfigured", facts=facts, of_case={"step": step})
        names.append(decide(s).name)
    assert names == ["ask_parameters", "retry", "retry"]


# Refund instead ----------------------------------------------------------------------------


@pytest.mark.parametrize("cause", _REFUNDED_AT_ONCE)
def test_an_issuer_that_takes_no_void_is_asked_for_a_refund_at_once(cause: str) -> None:
    assert decide(situation(cause)).do == "refund"


@pytest.mark.parametrize("cause", [*_RETRIED, "issuer_limit_count"])
def test_other_causes_are_refunded_only_after_the_cut_over(cause: str) -> None:
    stuck: dict[str, Any] = {"of_merchant": {"retry_voids": False}, "now": OPENED + _HOUR}
    facts = _COVERED | {"clock.to_cut_over": 7200.0}
    today = decide(situation(cause, facts=facts, **stuck))
    assert today.do != "refund"
    assert decide(situation(cause, facts=facts, **stuck, **TOMORROW)).do == "refund"


def test_the_cut_over_is_waited_for_when_a_refund_would_follow() -> None:
    facts = {"clock.to_cut_over": 7200.0}
    step = decide(situation("issuer_limit_count", facts=facts))
    assert step.name == "wait_cut_over"
    assert step.until is not None
    assert OPENED + 2 * _HOUR < step.until < OPENED + 2 * _HOUR + timedelta(seconds=1)
    over: dict[str, Any] = {"of_merchant": {"refund_instead_limit": 9_999}}
    assert decide(situation("issuer_limit_count", facts=facts, **over)).name == "ask_person"


@pytest.mark.parametrize("changes", [{}, TOMORROW])
@pytest.mark.parametrize(("limit", "refunds"), [(10_000, True), (9_999, False), (0, False)])
def test_a_refund_only_up_to_what_the_merchant_allows(
    limit: int, refunds: bool, changes: dict[str, Any]
) -> None:
    step = decide(
        situation("issuer_unsupported", of_merchant={"refund_instead_limit": limit}, **changes)
    )
    assert (step.do == "refund") == refunds
    if not refunds:
        assert (step.name, step.task) == ("ask_person", "issuer_unsupported")


@pytest.mark.parametrize("cause", ["timeout", "issuer_unsupported"])
def test_a_sale_of_another_amount_is_not_given_back(cause: str) -> None:
    for changes in ({}, TOMORROW):
        assert decide(situation(cause, original={"amount": 9_999}, **changes)).do == ""


@pytest.mark.parametrize(
    "original",
    [{"kind": "preauth"}, {"state": State.PARTLY_REFUNDED, "undone": 1}, {"undone": 1}],
)
def test_what_took_no_money_or_is_partly_back_is_not_refunded(original: dict[str, Any]) -> None:
    for changes in ({}, TOMORROW):
        assert decide(situation("issuer_unsupported", original=original, **changes)).do == ""


def test_refunds_that_fail_are_spaced_and_bounded() -> None:
    def after(count: int, seconds: float) -> Step:
        tried = tuple(own(3 + number, kind="refund") for number in range(count))
        now = OPENED + timedelta(seconds=seconds)
        return decide(situation("issuer_unsupported", attempts=tried, now=now))

    assert after(1, 1).name == "back_off"
    assert after(1, 60).do == "refund"
    assert after(Pace().tries, 7200).do == ""


@pytest.mark.parametrize("cause", ["repeated_too_soon", "end_of_day"])
def test_a_rule_that_was_learnt_is_waited_for(cause: str) -> None:
    """No try before it would be kept: it was tried eight times and refused each time."""
    known = {"issuer.learnt_wait": 300.0, "merchant.counted": 10_000}
    step = decide(situation(cause, facts=known))
    assert step.name == "wait_rule"
    assert step.until is not None
    assert step.until >= OPENED + timedelta(seconds=300)
    assert decide(situation(cause, facts=known, now=OPENED + timedelta(seconds=301))).do == "retry"


# What people have put in force -------------------------------------------------------------


@pytest.mark.parametrize("cause", _RETRIED)
def test_nothing_is_tried_while_people_have_paused_it(cause: str) -> None:
    later = NOW + timedelta(minutes=2)
    step = decide(situation(cause, facts=_COVERED, retries_from=later))
    assert (step.name, step.do, step.until) == ("retries_paused", "", later)


def test_a_pause_does_not_outlast_the_last_time_of_a_case() -> None:
    paused = situation("timeout", retries_from=NOW + timedelta(days=1))
    assert decide(paused).until == paused.last_at
    assert decide(replace(paused, now=paused.last_at)).end == "refused"


def test_what_a_person_orders_is_done_while_retries_are_paused() -> None:
    paused = {"retries_from": NOW + _HOUR, "of_case": {"ordered": "retry"}}
    assert decide(situation("timeout", **paused)).do == "retry"


def test_people_allow_refunds_beyond_the_merchants_own_limit() -> None:
    of_merchant = {"refund_instead_limit": 0}
    for allowed, does in ((10_000, "refund"), (9_999, "")):
        changes: dict[str, Any] = {"of_merchant": of_merchant, "refunds_up_to": allowed}
        assert decide(situation("issuer_unsupported", facts=_COVERED, **changes)).do == does


# Probes ------------------------------------------------------------------------------------


def test_a_void_that_is_to_ask_waits_for_no_back_off_but_for_all_else() -> None:
    waiting: dict[str, Any] = {"attempts": (own(3),), "now": OPENED}
    assert decide(situation(**waiting)).name == "back_off"
    assert decide(situation(**waiting, probing=True)).name == "retry"
    used_up = decide(situation(**waiting, probing=True, pace=Pace(tries=1)))
    assert used_up.do != "retry"
    paused = decide(situation(**waiting, probing=True, retries_from=OPENED + _HOUR))
    assert paused.name == "retries_paused"
    down = decide(situation(**waiting, probing=True, probe_at=OPENED + _HOUR))
    assert down.name == "wait_health"
