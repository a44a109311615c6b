"""From rows to facts: as things stood when the void came, and the void itself taken out."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from annul.diagnose.facts import Fact, Facts
from annul.diagnose.observe import (
    IssuerCounts,
    Known,
    issuer_facts,
    original_facts,
    policy_facts,
    void_facts,
    void_splits,
)
from annul.diagnose.signals import SIGNALS
from annul.diagnose.splits import Asked
from annul.diagnose.witnesses import Witness
from annul.domain.kinds import COMPLETIONS, REFUNDS
from annul.domain.policies import Circumstances, Policy, PolicyKind
from annul.domain.records import Transaction
from annul.domain.states import Sent, State
from tests.support.builders import DAY, transaction

_SOLD = datetime(2026, 11, 23, 4, tzinfo=UTC)
_AT = _SOLD + timedelta(minutes=10)


def _void(number: int = 2, **changes: Any) -> Transaction:
    """A void of the builder's sale, ten minutes later, declined by the issuer with 05."""
    values: dict[str, Any] = {
        "id": UUID(int=number),
        "kind": "void",
        "state": State.DECLINED,
        "response_code": "05",
        "original_id": UUID(int=1),
        "rrn": f"30000000000{number}",
        "received_at": _AT,
        "answered_at": _AT + timedelta(milliseconds=80),
    }
    return transaction(**(values | changes))


def _values(known: Known) -> dict[str, Any]:
    Facts(known)  # refuses what is not declared
    return {name: fact.value for name, fact in known.items()}


# The void ------------------------------------------------------------------------------------


def test_an_answered_void() -> None:
    told = _values(void_facts(_void(), [_void()], "transactions 300000000002"))
    assert told == {
        "void.code": "05",
        "void.kind": "void",
        "void.amount": 10_000,
        "void.state": "declined",
        "void.sent": "answered",
        "void.why": "",
        "void.late_code": "",
        "void.answer_ms": 80,
        "void.earlier_attempts": 0,
        "void.same_code_before": 0,
        "host.refused": False,
        "host.interrupted": False,
    }


@pytest.mark.parametrize(
    ("why", "sent", "refused", "interrupted"),
    [
        ("original_settled", Sent.NOT_SENT, True, False),
        ("missing_37", Sent.NOT_SENT, True, False),
        ("link_refused", Sent.NOT_SENT, False, False),
        ("host_interrupted", Sent.NOT_SENT, False, True),
        ("host_interrupted", Sent.POSSIBLY_SENT, False, True),
        ("timed_out", Sent.POSSIBLY_SENT, False, False),
        ("", Sent.ANSWERED, False, False),
    ],
)
def test_who_ended_it(why: str, sent: Sent, refused: bool, interrupted: bool) -> None:
    told = _values(void_facts(_void(why=why, sent=sent), [], "t"))
    assert (told["host.refused"], told["host.interrupted"]) == (refused, interrupted)
    assert told.get("void.missing_field") == (37 if why == "missing_37" else None)


@pytest.mark.parametrize(
    ("state", "why", "by"),
    [
        (State.REVERSED, "timed_out", "host"),
        (State.REVERSING, "bad_mac", "host"),
        (State.REVERSED, "", "terminal"),
        (State.APPROVED, "", None),
    ],
)
def test_who_reversed_it(state: State, why: str, by: str | None) -> None:
    void = _void(state=state, why=why, reversal_reason="98")
    assert _values(void_facts(void, [], "t")).get("void.reversed_by") == by


@pytest.mark.parametrize(
    ("void", "by"),
    [
        ({"taken_back": True}, "terminal"),
        ({"taken_back": True, "why": "timed_out", "sent": Sent.POSSIBLY_SENT}, "host"),
        ({"taken_back": True, "late_code": "00"}, "terminal"),
        ({"late_code": "00"}, "host"),  # approved too late, and turned back
        ({"why": "concluded_by_hand"}, "host"),
    ],
)
def test_who_reversed_what_had_an_answer_is_told_by_what_came_first(
    void: dict[str, Any], by: str
) -> None:
    row = _void(state=State.REVERSED, reversal_reason="98", **void)
    assert _values(void_facts(row, [], "t"))["void.reversed_by"] == by


@pytest.mark.parametrize("state", [State.UNKNOWN, State.REVERSING, State.REVERSED, State.DISPUTED])
def test_a_code_that_proves_nothing_is_judged_as_what_it_was_answered(state: State) -> None:
    row = _void(state=state, why="unproved", response_code="96", reversal_reason="98")
    plain = _void(response_code="96")
    assert _values(void_facts(row, [], "t")) == _values(void_facts(plain, [], "t"))


def test_an_answer_that_contradicts_its_request_is_heard_as_one() -> None:
    row = _void(
        state=State.REVERSING,
        why="unproved",
        response_code="",
        late_code="10",
        reversal_reason="4004",
    )
    told = _values(void_facts(row, [], "t"))
    assert (told["void.why"], told["void.code"], told["void.late_code"]) == (
        "contradicts",
        "10",
        "",
    )
    assert "void.reversed_by" not in told
    assert SIGNALS["senseless"].speaks(Facts(void_facts(row, [], "t")))


def test_earlier_attempts_are_voids_before_this_one() -> None:
    void = _void()
    others = [
        void,
        _void(3, received_at=_AT - timedelta(seconds=90)),
        _void(4, received_at=_AT - timedelta(seconds=30)),
        _void(5, received_at=_AT + timedelta(seconds=1)),
        _void(6, kind="refund", received_at=_AT - timedelta(seconds=5)),
    ]
    told = _values(void_facts(void, others, "t"))
    assert (told["void.earlier_attempts"], told["void.since_last_attempt"]) == (2, 30.0)


# The original --------------------------------------------------------------------------------


def test_an_original_that_fits() -> None:
    told = _values(original_facts(_void(), transaction(), []))
    assert told == {
        "original.found": True,
        "original.kind": "sale",
        "original.state": "approved",
        "original.amount": 10_000,
        "void.takes": 9_950,
        "original.undone_before": False,
        "original.age": 600.0,
        "original.had_auth_code": True,
        "original.same_day": True,
        "original.same_amount": True,
        "original.same_terminal": True,
        "original.same_batch": True,
        "original.same_card": True,
    }


def test_no_original() -> None:
    assert _values(original_facts(_void(), None, [])) == {"original.found": False}


@pytest.mark.parametrize(
    ("void", "name"),
    [
        ({"business_date": DAY + timedelta(days=1)}, "original.same_day"),
        ({"amount": 9_999}, "original.same_amount"),
        ({"terminal_id": "10000002"}, "original.same_terminal"),
        ({"batch": "000002"}, "original.same_batch"),
        ({"card_hash": b"another"}, "original.same_card"),
    ],
)
def test_what_differs(void: dict[str, Any], name: str) -> None:
    told = _values(original_facts(_void(**void), transaction(), []))
    same = {fact for fact, value in told.items() if ".same_" in fact and value is False}
    assert same == {name}


@pytest.mark.parametrize(
    ("void", "original", "unknown"),
    [
        ({"batch": "000002", "origin": "resolver"}, {}, "original.same_batch"),
        ({"batch": "000002", "origin": "person"}, {}, "original.same_batch"),
        ({"batch": "000002", "origin": "program"}, {}, "original.same_batch"),
        ({"batch": ""}, {}, "original.same_batch"),
        ({"card_hash": b""}, {}, "original.same_card"),
        ({}, {"card_hash": b""}, "original.same_card"),
    ],
)
def test_what_can_not_be_compared_is_not_known(
    void: dict[str, Any], original: dict[str, Any], unknown: str
) -> None:
    assert unknown not in original_facts(_void(**void), transaction(**original), [])


@pytest.mark.parametrize("kind", [*REFUNDS, *COMPLETIONS])
def test_a_refund_or_completion_may_come_on_another_day_from_another_terminal(kind: str) -> None:
    other: dict[str, Any] = {
        "business_date": DAY + timedelta(days=9),
        "terminal_id": "10000002",
        "batch": "000009",
    }
    told = _values(original_facts(_void(kind=kind, **other), transaction(), []))
    assert {name for name in told if ".same_" in name} == {
        "original.same_amount",
        "original.same_card",
    }
    assert told["original.same_amount"]


@pytest.mark.parametrize(
    ("kind", "amount", "fits"),
    [
        ("refund", 4_000, True),
        ("refund", 10_000, True),
        ("refund", 10_001, False),
        ("completion", 11_500, True),
        ("completion", 11_501, False),
        ("void", 9_999, False),
    ],
)
def test_which_amount_fits_the_original(kind: str, amount: int, fits: bool) -> None:
    told = _values(original_facts(_void(kind=kind, amount=amount), transaction(), []))
    assert told["original.same_amount"] is fits


def test_earlier_attempts_of_a_refund_are_refunds() -> None:
    before = {"received_at": _AT - timedelta(seconds=30)}
    others = [_void(3, **before), _void(4, kind="refund", **before)]
    told = _values(void_facts(_void(kind="refund"), others, "t"))
    assert told["void.earlier_attempts"] == 1


_EARLIER = {"received_at": _AT - timedelta(minutes=2), "answered_at": _AT - timedelta(minutes=1)}
_LATER = {"answered_at": _AT + timedelta(seconds=1)}


@pytest.mark.parametrize(
    ("state", "attempt", "stood", "undone"),
    [
        (State.VOIDED, {**_EARLIER, "state": State.APPROVED}, "voided", True),
        (
            State.PARTLY_REFUNDED,
            {**_EARLIER, "state": State.APPROVED, "kind": "refund"},
            "partly_refunded",
            True,
        ),
        # Undone only after this void had failed: by its own retry, or a refund instead.
        (State.VOIDED, {**_LATER, "state": State.APPROVED}, "approved", False),
        (State.REFUNDED, {**_LATER, "state": State.APPROVED, "kind": "refund"}, "approved", False),
        # A row of another host says nothing of what became of it.
        (State.APPROVED, {**_EARLIER, "state": State.APPROVED}, "voided", True),
        (State.APPROVED, {**_EARLIER, "state": State.APPROVED, "kind": "refund"}, "refunded", True),
        (State.APPROVED, {**_EARLIER, "state": State.DECLINED}, "approved", False),
        (
            State.COMPLETED,
            {**_EARLIER, "state": State.APPROVED, "kind": "completion"},
            "completed",
            False,
        ),
        (State.REVERSED, {**_EARLIER, "state": State.DECLINED}, "reversed", False),
    ],
)
def test_the_original_as_it_stood_when_the_void_came(
    state: State, attempt: dict[str, Any], stood: str, undone: bool
) -> None:
    void = _void()
    attempts = [void, _void(3, **attempt)]
    told = _values(original_facts(void, transaction(state=state), attempts))
    assert (told["original.state"], told["original.undone_before"]) == (stood, undone)


def test_the_void_itself_is_not_what_undid_the_original() -> None:
    void = _void(state=State.APPROVED, answered_at=_AT - timedelta(seconds=1))
    told = _values(original_facts(void, transaction(state=State.VOIDED), [void]))
    assert told["original.undone_before"] is False


# The issuer's rules --------------------------------------------------------------------------


def _policy(kind: PolicyKind, number: int, hours_ago: float, **more: Any) -> Policy:
    return Policy(kind, number, _AT - timedelta(hours=hours_ago), **more)


_LIMIT = PolicyKind.VOID_AMOUNT_LIMIT


@pytest.mark.parametrize(
    ("policies", "told"),
    [
        ([], {"issuer.rule_broken": None}),
        ([_policy(_LIMIT, 10_000, 99)], {"issuer.rule_broken": ""}),
        ([_policy(_LIMIT, 9_999, 9)],
         {"issuer.rule_broken": "void_amount_limit", "issuer.rule_changed": 9 * 3600.0,
          "issuer.allowed_before_change": True}),
        ([_policy(_LIMIT, 9_000, 99), _policy(_LIMIT, 9_999, 1)],
         {"issuer.rule_changed": 3600.0, "issuer.allowed_before_change": False}),
        ([_policy(_LIMIT, 50_000, 99), _policy(_LIMIT, 9_999, 1)],
         {"issuer.void_amount_limit": 9_999, "issuer.allowed_before_change": True}),
        ([_policy(PolicyKind.VOID_SUPPORTED, 0, 9), _policy(_LIMIT, 9_999, 9)],
         {"issuer.rule_broken": "void_supported", "issuer.void_supported": False}),
        ([_policy(PolicyKind.MAINTENANCE, 0, 1, valid_until=_AT + timedelta(hours=1))],
         {"issuer.maintenance": True, "issuer.end_of_day": False, "issuer.rule_broken": None}),
        ([_policy(PolicyKind.END_OF_DAY, 0, 2, valid_until=_AT)],
         {"issuer.maintenance": False, "issuer.end_of_day": False}),
    ],
)  # fmt: skip
def test_rules(policies: list[Policy], told: dict[str, Any]) -> None:
    known = _values(policy_facts(policies, _AT, Circumstances(10_000)))
    assert {name: known.get(name) for name in told} == told
    if not known.get("issuer.rule_broken"):
        assert "issuer.rule_changed" not in known


# The issuer as a whole, and the card range -----------------------------------------------------


def test_shares_are_of_what_came_near() -> None:
    near = _heard("00", "05", "96", "")
    told = _values(issuer_facts(_void(), near, IssuerCounts(300), _hour()))
    assert told["issuer.requests_recent"] == told["issuer.witnesses_recent"] == 4
    for name in ("silent", "fault", "approval", "same_code"):
        assert told[f"issuer.{name}_share_recent"] == 0.25


def test_who_undoes_something_or_sends_an_echo_is_a_witness_of_silence_only() -> None:
    near = _heard("00") + [
        one._replace(role=role) for role in ("reversal", "echo") for one in _heard("", "96")
    ]
    told = _values(issuer_facts(_void(), near, IssuerCounts(300), _hour()))
    assert (told["issuer.requests_recent"], told["issuer.witnesses_recent"]) == (1, 5)
    assert told["issuer.silent_share_recent"] == 0.4
    assert told["issuer.fault_share_recent"] == 0.0


def _heard(*codes: str) -> list[Witness]:
    return [Witness(_AT + timedelta(seconds=number), code) for number, code in enumerate(codes)]


def _hour(**counts: Any) -> IssuerCounts:
    return IssuerCounts(3600, **counts)


def test_nothing_near_gives_no_shares() -> None:
    known = issuer_facts(_void(), [], IssuerCounts(300), _hour(requests=1, link_drops=2))
    assert not [name for name in known if "_share_" in name or ".hurt" in name]
    assert known["issuer.link_drops"].value == 2


def test_the_code_of_this_host_is_shared_with_nobody() -> None:
    void = _void(sent=Sent.NOT_SENT, response_code="91")
    known = issuer_facts(void, _heard("91", "91"), IssuerCounts(300), _hour())
    assert "issuer.same_code_share_recent" not in known


def test_the_void_is_taken_out_of_the_issuers_late_answers() -> None:
    counts = _hour(requests=11, late=1)
    late = issuer_facts(_void(late_code="00"), [], IssuerCounts(300), counts)
    other = issuer_facts(_void(), [], IssuerCounts(300), counts)
    assert late["issuer.slow_share_recent"].value == 0.0
    assert other["issuer.slow_share_recent"].value == 0.1


_PASSED = [
    Asked(_AT - timedelta(minutes=ago), "00", ok=True, amount=10 * ago) for ago in range(1, 6)
]


def _splits(void: Transaction, hurt: Known) -> dict[str, Any]:
    asked = Asked(_AT, void.response_code, ok=False, amount=void.amount)
    return _values(void_splits(void, asked, _PASSED, hurt))


def _hurts(part: str, sure: float, digits: int = 0) -> Known:
    told = {"issuer.hurt": part, "issuer.hurt_sure": sure, "issuer.hurt_digits": digits}
    return {name: Fact(value, "issuer_stats") for name, value in told.items()}


def test_other_voids_are_compared_as_far_as_it_is_voids_that_are_in_trouble() -> None:
    alone = _splits(_void(), {})
    assert (alone["voids.refused"], alone["voids.passed"]) == (0, 5)
    assert _splits(_void(), _hurts("voids", 0.9)) == alone
    down = _splits(_void(), _hurts("issuer", 0.9))
    assert down["voids.by_nothing"] == pytest.approx(alone["voids.by_nothing"] / 10, abs=1e-4)
    range_ = _splits(_void(), _hurts("voids", 0.9, digits=8))
    assert range_["voids.by_range"] >= 0.9, "of which the journal knows six digits"


@pytest.mark.parametrize("sent", [Sent.POSSIBLY_SENT, Sent.NOT_SENT])
def test_what_no_issuer_answered_is_compared_with_nothing(sent: Sent) -> None:
    assert _splits(_void(sent=sent, response_code="98"), {}) == {}
