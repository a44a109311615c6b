"""Stories about what chance does not come to: each has aims, and lets happen what leads there.

A long run tells those whose aims none of its stories has reached, and those that aim at an order
of events, which nobody counts. A scenario is a row: what is in its plan otherwise than the seed
has drawn it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from annul.sim.issuer.faults import Fault, FaultKind

from .plan import Plan, plan

ROUNDS: Final = 60
TRIES: Final = 6  # seeds after which a scenario has missed its aims


@dataclass(frozen=True, slots=True)
class Scenario:
    """`aims` are named as coverage counts them; `plan` is what is otherwise in the plan.

    Without aims it is about an order of events: that a mutant is found in it proves that it comes.
    """

    aims: tuple[str, ...]
    plan: Mapping[str, Any]


def _policy(kind: str, number: int, since: str = "10 days", until: str = "NULL") -> str:
    """Let the acquirer know a rule of every issuer, in force for so long."""
    return (
        "INSERT INTO policies (issuer_id, id, kind, number, valid_from, valid_until, set_by,"  # noqa: S608 - our own words
        f" set_at) SELECT issuer_id, gen_random_uuid(), '{kind}', {number},"
        f" now() - interval '{since}', {until}, 'olga', now() FROM issuers"
    )


def _code(code: str, of_kind: str, rate: float, prefix: str = "") -> Fault:
    return Fault(FaultKind.CODE, rate=rate, code=code, of_kind=of_kind, bin=prefix)


_NEXT_BATCH: Final = "UPDATE terminals SET batch = lpad((batch::integer + 1)::text, 6, '0')"
_COVER: Final = "UPDATE merchants SET void_needs_balance = true, pending_covers = "
_ROAMING: Final[Mapping[str, Any]] = {"hosts": 3, "roams": 0.5}
_CLEARED: Final[Mapping[str, Any]] = {
    "settles": True,
    "clears": True,
    "clears_at_once": True,
    "begins": datetime(2026, 11, 23, 14, 59, 30, tzinfo=UTC),
    "then": (30.0, 40.0, 0.0, 30.0),
    "events": (),
}
_FREEZES: Final = (
    "journal.open",
    "journal.open_undo",
    "journal.conclude",
    "membership.beat",
    "working_keys.claim",
)
_STATEMENTS: Final = ("open", "open_undo", "conclude", "find_by_trace", "late_move")

SCENARIOS: Final[Mapping[str, Scenario]] = (
    {
        f"dies_{when}_{name}": Scenario(
            (f"death {when} journal.{name}",),
            {
                "dies": f"{when} journal.{name}",
                "events": ("kill",) * 3,
                "troubled": True,
                "hosts": 2,
                "faults": (Fault(FaultKind.DELAY, rate=0.3, low_ms=2_900, high_ms=6_000),),
            },
        )
        for name in _STATEMENTS
        for when in ("before", "after")
    }
    | {
        f"freezes_{when}_{name.partition('.')[2]}": Scenario(
            (f"freeze {when} {name}",),
            {"freezes": f"{when} {name}", "events": ("freeze",) * 3, "troubled": True, **_ROAMING},
        )
        for name in _FREEZES
        for when in ("before", "after")
    }
    | {
        "stands_for_ever_in_the_middle": Scenario(
            (),
            {
                "freezes": "after working_keys.claim",
                "events": ("stands_for_ever",) * 2,
                "troubled": True,
                **_ROAMING,
            },
        ),
        "two_with_one_number": Scenario(
            ("node refused",), {"events": ("same_number",) * 3, "troubled": True, **_ROAMING}
        ),
        "a_number_is_lost": Scenario(
            ("node lost",), {"events": ("freeze",) * 3, "troubled": True, **_ROAMING}
        ),
        "announced_maintenance": Scenario(
            ("cause issuer_maintenance",),
            {"setup": (_policy("maintenance", 0),), "faults": (_code("91", "void", 0.7),)},
        ),
        "announced_end_of_day": Scenario(
            ("cause end_of_day",),
            {"setup": (_policy("end_of_day", 0),), "faults": (_code("90", "void", 0.7),)},
        ),
        "voids_are_counted": Scenario(
            ("cause issuer_limit_count",),
            {
                "setup": (_policy("voids_per_day", 1),),
                "policy": (("voids_per_day", 1),),
                "faults": (),
            },
        ),
        "voids_are_late": Scenario(
            ("cause outside_void_window",),
            {
                "setup": (_policy("void_window", 0),),
                "policy": (("void_window_s", 0.0),),
                "faults": (),
            },
        ),
        "a_rule_is_new": Scenario(
            ("cause policy_changed",),
            {
                "setup": (
                    _policy("void_amount_limit", 10**9, until="now() - interval '1 hour'"),
                    _policy("void_amount_limit", 300_00, since="1 hour"),
                ),
                "policy": (("void_amount_limit", 300_00),),
                "faults": (),
            },
        ),
        "paid_by_a_bank": Scenario(
            (),
            {
                "settles": True,
                "begins": datetime(2026, 11, 23, 14, 59, 30, tzinfo=UTC),
                "then": (20.0, 10.0, 0.0, 70.0),
                "faults": (),
            },
        ),
        "dies_as_the_bank_takes_a_file": Scenario(
            (),
            {
                "settles": True,
                "begins": datetime(2026, 11, 23, 14, 59, 30, tzinfo=UTC),
                "then": (20.0, 10.0, 0.0, 70.0),
                "faults": (),
                "events": (),
                "dies": "before files.delivered",
            },
        ),
        "only_a_file_can_tell": Scenario(
            (),
            {
                **_CLEARED,
                "faults": (
                    Fault(FaultKind.LOST_ANSWER, of_kind="refund"),
                    Fault(FaultKind.LOST_ANSWER, of_kind="void"),
                    Fault(FaultKind.LOST_REQUEST, rate=0.3, of_kind="sale"),
                    _code("12", "reversal", 0.7),
                ),
            },
        ),
        "files_deny_what_was_said": Scenario(
            (),
            {
                **_CLEARED,
                "troubled": False,
                "faults": (
                    Fault(FaultKind.BOOKS_LATE_SILENTLY, rate=0.3, low_ms=3_010, high_ms=9_000),
                    Fault(FaultKind.LOST_ANSWER, rate=0.1, of_kind="sale"),
                    Fault(FaultKind.BOOKED_CODE, rate=0.1, of_kind="void", code="96"),
                    Fault(FaultKind.TWICE, rate=0.1, of_kind="sale"),
                    _code("94", "reversal", 0.3),
                ),
            },
        ),
        # Files of later days lack what happened on the day of which it tells.
        "a_file_comes_after_later_ones": Scenario(
            (),
            {
                **_CLEARED,
                "clears_at_once": False,
                "first_file_late": 3,
                "troubled": False,
                "faults": (),
            },
        ),
        "money_on_its_way": Scenario(
            ("cause funds_not_arrived",),
            {"setup": (f"{_COVER}false",), "payouts": False, "settles": False},
        ),
        "money_paid_out": Scenario(
            ("cause merchant_balance_low",),
            {"setup": (f"{_COVER}true",), "payouts": True, "settles": False},
        ),
        "mistaken_cashier": Scenario(
            ("cause original_declined", "cause original_mismatch"),
            {"mistakes": 0.5, "faults": (_code("51", "sale", 0.3),)},
        ),
        "terminals_not_active": Scenario(
            ("cause not_registered",),
            {
                "changes": (
                    ("UPDATE terminals SET active = false", "UPDATE terminals SET active = true"),
                ),
                "events": ("change",) * 3,
            },
        ),
        "voids_not_enabled": Scenario(
            ("cause terminal_misconfigured",),
            {
                "changes": (
                    (
                        "UPDATE terminals SET kinds = '{sale,qr_sale,refund}'",
                        "UPDATE terminals SET kinds = NULL",
                    ),
                ),
                "events": ("change",) * 3,
            },
        ),
        "batches_out_of_step": Scenario(
            ("cause keys_out_of_step",), {"changes": ((_NEXT_BATCH,),), "events": ("change",) * 3}
        ),
        "old_software": Scenario(
            ("cause terminal_outdated",),
            {
                "setup": ("UPDATE terminals SET wanted_software = '990000'",),
                "faults": (_code("30", "void", 0.5),),
            },
        ),
        "many_wrong_macs": Scenario(
            ("incident wrong_mac",), {"strangers": True, "knock_s": 0.02, "tills": 2}
        ),
        "two_words": Scenario(
            ("incident answers_contradict", "incident concluded_as_done"),
            {
                "troubled": False,
                "telephones": True,
                "faults": (Fault(FaultKind.WAVERS, rate=0.4),),
            },
        ),
        "answers_of_nothing": Scenario(
            ("incident answer_of_nothing",),
            {
                "troubled": False,
                "faults": tuple(
                    Fault(kind, rate=0.5)
                    for kind in (FaultKind.OTHER_TRACE, FaultKind.OTHER_REFERENCE)
                ),
            },
        ),
        "advice_refused": Scenario(
            ("incident advice_declined",),
            {"sold": (10.0, 0.0, 90.0), "faults": (_code("51", "completion_advice", 0.7),)},
        ),
        "reversals_denied": Scenario(
            (),
            {
                "troubled": False,
                "events": (),
                "faults": (
                    Fault(FaultKind.DELAY, rate=0.5, low_ms=900, high_ms=2_900),
                    _code("25", "reversal", 0.5),
                ),
            },
        ),
        "acknowledged_before_it_is_booked": Scenario(
            (),
            {
                "troubled": False,
                "events": (),
                "policy": (("acknowledges_unknown", True),),
                "faults": (
                    Fault(FaultKind.BOOKS_LATE, rate=0.3, low_ms=3_000, high_ms=3_100),
                    Fault(FaultKind.DELAY, rate=0.7, of_kind="reversal", low_ms=5, high_ms=200),
                ),
            },
        ),
    }
)


def story(seed: int, rounds: int, scenario: str = "") -> Plan:
    """Draw the story of a seed, in a scenario if one is named; raises `KeyError`."""
    drawn = plan(seed, rounds)
    return replace(drawn, **SCENARIOS[scenario].plan) if scenario else drawn


def aimed_at(missing: list[str]) -> list[str]:
    """Name the scenarios that may reach what is missing, and those without aims."""
    return [name for name, one in SCENARIOS.items() if not one.aims or set(one.aims) & set(missing)]
