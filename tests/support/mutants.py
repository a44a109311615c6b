"""Defects that were real once, each of which can be brought back for a while.

A simulation that finds nothing may be blind: a seed must find each of these.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from importlib import import_module
from typing import Any, Final
from unittest.mock import patch

from annul.domain.response_codes import Effect
from annul.store.journal_sql import SQL as JOURNAL


@dataclass(frozen=True, slots=True)
class Mutant:
    """A defect that was mended: `undoes` says what it did to whom.

    `patches` are attributes, named from the package on, with what takes their place; `sql` are
    parts of the journal's statements, or of those of `room`, with what takes theirs. `scenario` is
    where it is hunted, when any story has too small a chance to come to it.
    """

    name: str
    undoes: str
    patches: Mapping[str, Any] = field(default_factory=dict)
    sql: tuple[tuple[str, str, str], ...] = ()
    room: str = "store.journal_sql:SQL"
    scenario: str = ""

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Let the defect be there until the block ends."""
        with ExitStack() as stack:
            for named, replacement in self.patches.items():
                module, _, attribute = named.partition(":")
                owner: Any = import_module(f"annul.{module}")
                *parents, last = attribute.split(".")
                for parent in parents:
                    owner = getattr(owner, parent)
                stack.enter_context(patch.object(owner, last, replacement))
            module, _, name = self.room.partition(":")
            statements = getattr(import_module(f"annul.{module}"), name)
            for query, part, replacement in self.sql:
                known = statements[query]
                assert part in known.sql, (self.name, part)
                changed = replace(known, sql=known.sql.replace(part, replacement))
                stack.enter_context(patch.dict(statements, {query: changed}))
            yield


async def _only_noted(connection: Any, late: Any) -> str:
    key = {"merchant": late.transaction.merchant_id, "id": late.transaction.id}
    await connection.execute(*JOURNAL["note_late"](**key, code=late.code, at=late.at))
    return ""


async def _ended_all_the_same(self: Any, transaction: Any, code: str, at: Any) -> bool:
    return await self.reversed(transaction, code, at)


async def _the_other_way_round(self: Any, proof: Any, transaction: Any) -> None:
    contrary = {"done": "not_done", "not_done": "done"}
    await _carry_out(
        self, proof._replace(proves=contrary.get(proof.proves, proof.proves)), transaction
    )


async def _carries_nothing_out(*_: Any) -> None:
    """Leave what was asked for as it is."""


async def _none_stranded(self: Any, before: Any) -> list[Any]:
    own = self._membership
    rows = await self._host.journal.stranded(before, own.boot, others=False)
    return list(rows)


def _as_declined(real: Callable[[str], Effect], *codes: str) -> Callable[[str], Effect]:
    return lambda code: Effect.NOT_DONE if code in codes else real(code)


_effect_of: Final = import_module("annul.domain.response_codes").effect_of

_carry_out: Final = import_module("annul.settle.clearing.proving").Proving._carry_out

_BOOKED: Final = "WHEN said = 'booked' THEN CASE"

MUTANTS: Final = (
    Mutant("late_answers_only_noted",
           "a sale booked after its reversal was acknowledged stayed taken",
           {"store.journal:decide": _only_noted}),
    Mutant("dead_hosts_are_left_alone",
           "rows of a host that never comes back stayed sent for ever",
           {"host.recovery:Recovery._stranded": _none_stranded}),
    Mutant("network_codes_decline",
           "98, 68 and 96 counted as declined although it was booked",
           {"domain.answers:effect_of": _as_declined(_effect_of, "91", "96", "68", "98")}),
    Mutant("denied_reversals_end",
           "an approval whose reversal was denied became reversed",
           {"host.outcomes:Outcomes.disputed": _ended_all_the_same},
           scenario="reversals_denied"),
    Mutant("echoes_are_not_compared",
           "a partial approval, or one of another amount, was booked in full",
           {"issuers.message:_compared": lambda _get, _asked, _code: ((), False)}),
    Mutant("denials_count_at_once",
           "a denial of a reversal counted while the request was still on its way",
           {"issuers.forward:settled_after": lambda _timeout: timedelta()}),
    Mutant("partial_is_approved",
           "an approval in part counted as one in full",
           {"domain.answers:effect_of":
            lambda code: Effect.DONE if code == "10" else _effect_of(code)}),
    Mutant("nothing_is_reserved",
           "two voids covered by money for one both paid",
           {"host.handlers.undo:reserve": lambda *_: 0, "host.ordered:reserve": lambda *_: 0}),
    Mutant("two_refunds_at_once",
           "a refund without an answer, sent again under a new number, paid twice",
           sql=(("open_undo", "AND o.undoing = 0", ""),
                ("open_undo", "AND o.undone + r.holds <= o.amount", ""),
                ("open_undo", "AND (o.undone = 0 OR NOT r.whole)", ""))),
    Mutant("late_approvals_do_not_guard",
           "an acknowledgement older than an approval ended its reversal",
           sql=(("conclude", "AND (o.state NOT IN ('declined', 'reversed')", "AND (true"),),
           scenario="acknowledged_before_it_is_booked"),
    Mutant("disputes_are_not_told",
           "what was disputed had no incident when its host died beside it",
           sql=(("conclude", "FROM moved WHERE incident <> ''", "FROM moved WHERE false"),)),
    Mutant("entries_are_not_mirrored",
           "a reversal left the ledger as it was",
           sql=(("conclude", "WHERE m.state = 'reversed'", "WHERE false"),)),
    Mutant("macs_are_not_checked",
           "money moved without a key",
           {"host.door:Door._holds": lambda *_: True}),
    Mutant("the_frozen_keep_their_locks",
           "who stood still in the middle of a claim kept its terminal from every other host",
           {"simulation.database:KEPT_ALIVE": {}},
           scenario="stands_for_ever_in_the_middle"),
    Mutant("silence_is_a_decline",
           "what got no answer was closed as declined",
           {"domain.kinds:Kind.owed": property(lambda _kind: "")}),
    Mutant("returns_count_twice",
           "money that came back to the bank once, and was told twice, was paid out twice",
           sql=(("apply", "WHEN returned_at IS NOT NULL THEN 'repeated'", ""),),
           room="settle.answers:SQL", scenario="paid_by_a_bank"),
    Mutant("moves_are_in_two_payouts",
           "what came back was paid out with each payout to come",
           sql=(("make", "AND v.state = 'done' AND v.payout_id IS NULL\n), postings",
                 "AND v.state = 'done'\n), postings"),),
           room="settle.payouts:SQL", scenario="paid_by_a_bank"),
    Mutant("files_are_written_again",
           "a file that the bank had taken from a dead host went there a second time",
           sql=(("owed", "released_at, released_by", "NULL AS released_at, released_by"),
                ("release", " AND released_at IS NULL", "")),
           room="settle.files:_SQL", scenario="dies_as_the_bank_takes_a_file"),
    Mutant("booked_after_it_was_rejected",
           "a payout that the bank rejected and booked was paid and available again",
           sql=(("apply", _BOOKED + "\n            WHEN state = 'rejected' THEN 'contradicts'",
                 _BOOKED),),
           room="settle.answers:SQL", scenario="paid_by_a_bank"),
    Mutant("rows_prove_nothing",
           "what only a clearing file could end stayed unknown",
           sql=(("prove", "IN ('done', 'not_done', 'denied')", "IN ('denied')"),),
           room="settle.clearing.proving:SQL", scenario="only_a_file_can_tell"),
    Mutant("rows_prove_the_contrary",
           "a refund that its row told of was taken for one that was not done",
           {"settle.clearing.proving:Proving._carry_out": _the_other_way_round},
           scenario="only_a_file_can_tell"),
    Mutant("what_is_told_twice_is_not_seen",
           "a sale that the issuer had booked twice was matched, and one of them was nobody's",
           sql=(("by_reference", "again THEN 'twice'", "again THEN 'matched'"),),
           room="settle.clearing.matching:SQL", scenario="files_deny_what_was_said"),
    Mutant("breaks_stay_in_suspense",
           "money of a break that had ended was still in question",
           sql=(("free_money", "FROM held WHERE left_over <> 0", "FROM held WHERE false"),),
           room="settle.clearing.breaks:SQL", scenario="files_deny_what_was_said"),
    Mutant("breaks_hold_no_money",
           "what an issuer owed by its file was not what it owed by the books",
           sql=(("hold_money", "AND money <> 0", "AND false"),),
           room="settle.clearing.breaks:SQL", scenario="files_deny_what_was_said"),
    Mutant("discarded_files_have_proved_it",
           "what a wrong file had ended stayed ended when it was discarded",
           sql=(("discard", "discarded_at IS NULL", "false"),),
           room="settle.clearing.proving:SQL", scenario="only_a_file_can_tell"),
    Mutant("discarded_files_leave_their_expectations",
           "what a discarded file had left open broke in the next one",
           sql=(("uncarry", "WHERE file_id", "WHERE false AND file_id"),),
           room="settle.clearing.ending:SQL", scenario="files_deny_what_was_said"),
    Mutant("what_came_later_is_still_missing",
           "a file that came late did not end the breaks of the one before it",
           sql=(("agreed", "b.state IN ('open', 'asked')", "false"),),
           room="settle.clearing.breaks:SQL", scenario="a_file_comes_after_later_ones"),
    Mutant("the_issuer_is_right_and_nobody_pays",
           "two people followed the issuer, and no account did",
           {"settle.clearing.ending:moves.carry_out": _carries_nothing_out},
           scenario="files_deny_what_was_said"),
)  # fmt: skip
