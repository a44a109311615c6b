"""What stories have reached, and what none has: a simulation is only as good as where it goes."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from annul.diagnose.causes import CAUSES
from annul.domain.breaks import BreakKind, Cause, Resolution
from annul.domain.incidents import INCIDENTS
from annul.domain.kinds import KINDS, Money
from annul.domain.payouts import FAILED, PayoutState
from annul.domain.states import State
from annul.host.membership import _SQL as MEMBERSHIP
from annul.issuers.forward import _SQL as FORWARD
from annul.merchants.working_keys import _SQL as WORKING_KEYS
from annul.resolve.book import _SQL as BOOK
from annul.settle.answers import SQL as ANSWERS
from annul.settle.clearing.breaks import SQL as BREAKS
from annul.settle.clearing.ending import SQL as ENDING
from annul.settle.clearing.foretell import SQL as FORETELL
from annul.settle.clearing.keeping import SQL as PROOFS
from annul.settle.clearing.load import SQL as CLEARING
from annul.settle.clearing.matching import SQL as MATCHING
from annul.settle.days import _SQL as DAYS
from annul.settle.files import _SQL as FILES
from annul.settle.payouts import SQL as PAYOUTS
from annul.settle.reserve import _SQL as RESERVE
from annul.store.journal_sql import SQL as JOURNAL

NAMES: Final = {
    statement.sql: f"{room}.{name}"
    for room, known in (
        ("forward", FORWARD),
        ("book", BOOK),
        ("journal", JOURNAL),
        ("membership", MEMBERSHIP),
        ("working_keys", WORKING_KEYS),
        ("days", DAYS),
        ("payouts", PAYOUTS),
        ("files", FILES),
        ("reserve", RESERVE),
        ("answers", ANSWERS),
        ("clearing", CLEARING),
        ("matching", MATCHING),
        ("breaks", BREAKS),
        ("proofs", PROOFS),
        ("ending", ENDING),
        ("foretell", FORETELL),
    )
    for name, statement in known.items()
}
# Each: what is counted, by the words that stand before it.
_COUNTED: Final = {
    "state": "SELECT kind || ' ' || state FROM transactions",
    "end": "SELECT kind || ' ' || ended FROM cases",
    "cause": "SELECT cause FROM cases WHERE cause <> ''",
    "incident": "SELECT DISTINCT kind FROM incidents",
    "payout": "SELECT state FROM payouts",
    "move": "SELECT kind || ' ' || state FROM account_moves",
    "bank": "SELECT said || ' ' || outcome FROM bank_rows",
    "file": "SELECT state FROM clearing_files",
    "row": "SELECT outcome FROM clearing_rows",
    "break": "SELECT kind FROM breaks",
    "because": "SELECT DISTINCT cause FROM breaks",
    "ended": "SELECT trim(state || ' ' || resolved_as) FROM breaks",
    "proof": "SELECT proves || ' ' || coalesce(came, 'waits')"
    " || CASE WHEN undone_at IS NULL THEN '' ELSE ' undone' END FROM clearing_proofs",
    "outbox": "SELECT kind || CASE WHEN pending THEN ' pending' ELSE ' done' END FROM outbox",
}

# What no story can reach, and why.
OUT_OF_REACH: Final[Mapping[str, str]] = {
    "because other_currency": "a file with another currency is put right before anybody looks",
    "incident case_fault": "only a fault of annul's own opens it, and then the story fails",
    "incident conclusion_overtaken": "what two people have said is carried out in a moment",
    "incident bank_file_unreadable": "the bank writes whole files",
    "incident bank_sum_differs": "the bank tells of each transfer by itself",
    "incident bank_other_account": "the bank keeps one account",
    "incident payout_file_stands_still": "all hosts have one folder",
    "incident payouts_fail": "no folder goes away",
    "incident payout_unknown": "the bank tells of nothing but what it was sent",
    "incident conclusion_waits": "nothing holds a row for longer than a story lasts",
    "incident loop_stands_still": "only a fault of our own keeps a loop from its turns",
    "incident reversal_not_possible": "no program gives back what its terminal has not heard of",
    "incident capacity_short": "no report on capacity is worked out in a simulation",
    "incident webhook_failed": "no webhooks are simulated",
    "incident issuer_in_trouble": "nothing watches beside the hosts of a story",
    "incident circuit_open": "nothing watches beside the hosts of a story",
    "incident outbox_full": "no story has that much on its way",
    "incident deliveries_full": "no webhooks are simulated",
    "incident sign_ins_refused": "nobody signs in",
    "state received": "only of advices under way, and no story ends before they have",
}


class Coverage:
    """Counts, by what was reached: states, ends, statements at which somebody died, pairs."""

    def __init__(self) -> None:
        self.reached: Counter[str] = Counter()
        self._under_way: dict[object, str] = {}
        self._last: dict[str, str] = {}

    def begins(self, key: object, who: str, sql: str) -> str:
        """Take note of a statement that is under way from now on, beside others; give its place."""
        name = NAMES.get(sql)
        if name is None:
            return ""
        for other in self._under_way.values():
            first, second = sorted((name, other))
            self.reached[f"pair {first} {second}"] += 1
        self._under_way[key] = name
        self._last[who] = place = f"before {name}"
        return place

    def has_run(self, who: str, sql: str) -> str:
        """Take note that it has run, and its answer is on its way; give its place."""
        name = NAMES.get(sql)
        if name is None:
            return ""
        self._last[who] = place = f"after {name}"
        return place

    def ends(self, key: object, who: str) -> None:
        """Take note that it is over."""
        self._under_way.pop(key, None)
        self._last.pop(who, None)

    def died(self, who: str) -> None:
        """Take note of where somebody died."""
        self.reached[f"death {self._last.pop(who, 'between statements')}"] += 1

    def froze(self, who: str) -> None:
        """Take note of where somebody froze."""
        self.reached[f"freeze {self._last.get(who, 'between statements')}"] += 1

    async def count(self, pool: Any) -> None:
        """Count what the database holds at the end of a story."""
        for what, query in _COUNTED.items():
            for (found,) in await pool.fetch(query):
                self.reached[f"{what} {found}"] += 1


def never(reached: Iterable[str]) -> list[str]:
    """Name what can be reached and was not."""
    seen = set(reached)
    states = {state for one in seen if one.startswith("state ") for state in (one.split()[-1],)}
    wanted = [f"cause {name}" for name in CAUSES]
    wanted += [f"incident {name}" for name in INCIDENTS if not name.startswith("audit_")]
    wanted += [
        f"death {when} journal.{name}"
        for name in ("open", "open_undo", "conclude", "find_by_trace", "late_move")
        for when in ("before", "after")
    ]
    wanted += [
        f"freeze {when} {name}"
        for name in (
            "journal.open",
            "journal.open_undo",
            "journal.conclude",
            "membership.beat",
            "working_keys.claim",
        )
        for when in ("before", "after")
    ]
    wanted += ["node lost", "node refused"]
    wanted += [f"payout {state}" for state in sorted(FAILED | {PayoutState.PAID})]
    wanted += [f"bank {said}" for said in ("booked repeated", "booked twice", "returned done")]
    wanted += [f"file {state}" for state in ("committed", "discarded", "dropped")]
    wanted += [f"break {kind}" for kind in BreakKind]
    wanted += [f"because {cause}" for cause in Cause]
    wanted += ["ended agreed", *(f"ended resolved {how}" for how in Resolution)]
    wanted += [f"proof {proves} moved" for proves in ("done", "not_done", "denied")]
    wanted += [f"proof {proves} moved undone" for proves in ("done", "denied")]
    wanted += [f"end void {end}" for end in ("voided", "refunded", "refused", "unproved")]
    missing = [
        one
        for one in wanted
        # A kind that ends with "_" stands for all that begin with it.
        if one not in seen and not (one.endswith("_") and any(it.startswith(one) for it in seen))
    ]
    missing += [f"state {state}" for state in State if state not in states]
    missing += [
        f"kind {name}"
        for name, kind in KINDS.items()
        if kind.money is not Money.NONE
        and not any(one.startswith(f"state {name} ") for one in seen)
    ]
    return sorted(set(missing) - set(OUT_OF_REACH))
