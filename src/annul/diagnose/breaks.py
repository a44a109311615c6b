"""What caused a break: the first row of a table whose evidence is there, by what the wire showed.

`Facts` are a row of the database: the file's row, the transaction, its reversal in the outbox, the
terminal's batch. Each fact that decided is kept with the break.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple
from uuid import UUID

from annul.domain.breaks import BreakKind, Cause
from annul.domain.response_codes import BOOKED, Effect, effect_of
from annul.domain.reversal_rules import CONCLUDED
from annul.domain.states import ENDED, STANDING, State

Facts = Mapping[str, Any]
_OPEN: Final = frozenset({State.SENT, State.UNKNOWN, State.DISPUTED, State.REVERSING})


class Explained(NamedTuple):
    """A break's cause, the facts that it is seen by, and the fields that differ.

    `differs`: name of a field to what terminal, host and issuer have.
    """

    id: UUID
    cause: str
    facts: dict[str, Any]
    differs: dict[str, list[Any]]
    foretold: bool


class Rule(NamedTuple):
    """A cause, in which kinds of breaks it is looked for, when it holds, and what shows it."""

    cause: Cause
    kinds: frozenset[BreakKind]
    holds: Callable[[Facts], bool]
    shown: tuple[str, ...] = ()


def _kinds(*kinds: BreakKind) -> frozenset[BreakKind]:
    return frozenset(kinds)


def _told(one: Facts) -> bool:
    """Whether a row tells of it as done."""
    return one["line"] is not None and not one["undoes"]


_STATE: Final = _kinds(BreakKind.STATE)
_GONE: Final = _kinds(BreakKind.STATE, BreakKind.MISSING_THERE)
_WIRE: Final = ("sent", "response_code", "late_code", "received_at", "answered_at", "ended_at")
_REVERSAL: Final = ("reversal_tries", "reversal_code", "reversal_reason", "ended_at")
RULES: Final = (
    Rule(
        Cause.UNKNOWN_SHOP,
        _kinds(BreakKind.MISSING_HERE),
        lambda one: not one["known_merchant"],
        ("row_merchant",),
    ),
    Rule(Cause.NO_REQUEST, _kinds(BreakKind.MISSING_HERE), lambda _: True, ("row_rrn",)),
    Rule(Cause.BOOKED_TWICE, _kinds(BreakKind.TWICE), lambda _: True),
    Rule(Cause.OTHER_CURRENCY, _kinds(BreakKind.CURRENCY), lambda _: True),
    Rule(
        Cause.TERMINAL_AMOUNT,
        _kinds(BreakKind.AMOUNT),
        lambda one: one["claimed"] is not None and one["claimed"] == one["row_amount"],
        ("claimed",),
    ),
    Rule(
        Cause.NETTED_THERE,
        _kinds(BreakKind.AMOUNT),
        lambda one: (
            bool(one["given_back"]) and one["amount"] - one["given_back"] == one["row_amount"]
        ),
        ("given_back",),
    ),
    Rule(Cause.OTHER_AMOUNT, _kinds(BreakKind.AMOUNT), lambda _: True),
    Rule(Cause.FEE_TABLE, _kinds(BreakKind.FEE), lambda _: True, ("cost",)),
    Rule(Cause.LATE_PRESENTED, _kinds(BreakKind.DATE), lambda _: True),
    Rule(Cause.CONCLUDED, _GONE, lambda one: one["why"] == CONCLUDED, ("why", "ended_at")),
    Rule(
        Cause.REVERSED_THERE,
        _STATE,
        lambda one: bool(one["undoes"]) and one["state"] in STANDING,
        _WIRE,
    ),
    Rule(
        Cause.REVERSAL_REFUSED,
        _STATE,
        lambda one: (
            _told(one)
            and one["state"] == State.REVERSING
            and effect_of(one["reversal_code"] or "") is Effect.NOT_DONE
        ),
        _REVERSAL,
    ),
    Rule(
        Cause.REVERSAL_OPEN,
        _STATE,
        lambda one: _told(one) and one["state"] == State.REVERSING,
        _REVERSAL,
    ),
    Rule(
        Cause.LATE_ANSWER,
        _STATE,
        lambda one: _told(one) and one["state"] in ENDED and one["late_code"] in BOOKED,
        _WIRE,
    ),
    Rule(
        Cause.REVERSAL_FOUND_NOTHING,
        _STATE,
        lambda one: (
            one["state"] == State.REVERSED
            and bool(one["reversal_code"])
            and one["reversal_code"] not in BOOKED
        ),
        _REVERSAL,
    ),
    Rule(
        Cause.REVERSAL_NOT_BOOKED,
        _STATE,
        lambda one: one["state"] == State.REVERSED,
        _REVERSAL,
    ),
    Rule(
        Cause.DECLINED_AND_BOOKED,
        _STATE,
        lambda one: one["state"] == State.DECLINED and one["sent"] == "answered",
        _WIRE,
    ),
    Rule(
        Cause.POSSIBLY_SENT,
        _STATE,
        lambda one: _told(one) and one["sent"] == "possibly_sent",
        _WIRE,
    ),
    Rule(Cause.NEVER_ARRIVED, _GONE, lambda one: one["state"] in _OPEN, _WIRE),
    Rule(Cause.APPROVED_NOT_BOOKED, _GONE, lambda one: one["state"] in STANDING, _WIRE),
)
# The fields that may differ: of the terminal's batch, of the host, of the file's row.
_FIELDS: Final = (
    ("amount", "claimed", "amount", "row_amount"),
    ("currency", None, "currency", "row_currency"),
    ("fee", None, "cost", "row_fee"),
    ("rrn", None, "rrn", "row_rrn"),
    ("trace", None, "trace", "row_trace"),
    ("terminal", None, "terminal_id", "row_terminal"),
    ("auth_code", None, "auth_code", "row_auth_code"),
    ("code", None, "response_code", "row_code"),
    ("card", None, "card_masked", "row_card"),
)


def explained(rows: Iterable[Facts]) -> list[Explained]:
    """Give the cause of each break, and what differs."""
    found: list[Explained] = []
    for one in rows:
        kind = BreakKind(one["break"])
        rule = next((r for r in RULES if kind in r.kinds and r.holds(one)), None)
        facts = {name: _plain(one[name]) for name in (rule.shown if rule else ())}
        cause = rule.cause.value if rule else ""
        found.append(Explained(one["id"], cause, facts, _differs(one), one["foretold"]))
    return found


def _differs(one: Facts) -> dict[str, list[Any]]:
    """Give side by side what terminal, host and issuer have, as far as it is not the same."""
    shown: dict[str, list[Any]] = {"state": [None, one["state"], _said(one)]}
    if one["received_at"] is not None or one["row_sent_at"]:
        shown["time"] = [None, _plain(one["received_at"]), one["row_sent_at"]]
    for name, terminal, ours, theirs in _FIELDS:
        values = [one[terminal] if terminal else None, one[ours], one[theirs]]
        known = {value for value in values if value not in {None, ""}}
        if len(known) > 1 or name == "amount" or one["line"] is None or one["state"] is None:
            shown[name] = [_plain(value) for value in values]
    return shown


def _said(one: Facts) -> str | None:
    return one["effect"] if one["line"] is not None else None


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
