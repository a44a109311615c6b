"""An answer that came when nobody awaited it, decided under the lock of its row.

Between reading a row and writing it the transaction may end: decided in two steps, an approval
would be noted on a row that nobody looks at any more, and the money would stay where it is.
"""

from datetime import datetime
from typing import Any, Final, NamedTuple

from annul.domain.answers import Verdict
from annul.domain.incident import Incident
from annul.domain.kinds import REFUNDS
from annul.domain.records import Transaction
from annul.domain.response_codes import BOOKED, Effect, effect_of
from annul.domain.states import ENDED, LATE, STANDING, State, sources

from .incidents import opening
from .journal_sql import SQL

_NOT_BOOKED: Final = frozenset({Verdict.DECLINED, Verdict.OPEN})


class LateAnswer(NamedTuple):
    """A late answer: what it says, and what is to be made of it.

    `reversible`: what it has booked can be reversed; `reason` is then the interbank reason.
    """

    transaction: Transaction
    code: str
    auth_code: str
    verdict: Verdict
    reversible: bool
    reason: str
    at: datetime


async def decide(connection: Any, late: LateAnswer) -> str:
    """Keep it, or open again what had ended and was booked after all: to be reversed, or disputed.

    Gives `held` when nothing else can pay until that has ended, `beside` when another void or
    refund took its place, and nothing when it has not ended or nothing was booked. Runs in the
    caller's transaction.
    """
    key = {"merchant": late.transaction.merchant_id, "id": late.transaction.id}
    row = await connection.fetchrow(*SQL["late_lock"](**key))
    if row is None:
        return ""
    stored = Transaction.of(row)
    denied = _denied(stored, late)
    if denied is not None:
        await connection.execute(*opening([denied], late.at))
    doubted = late.verdict is Verdict.OPEN and late.reversible and stored.state is State.REVERSED
    if doubted or (late.verdict not in _NOT_BOOKED and stored.state in ENDED):
        held = await _reopen(connection, stored, late, doubted=doubted)
        return "" if doubted else held
    note = SQL["note_late"](**key, code=late.code, auth_code=late.auth_code, at=late.at)
    await connection.execute(*note)
    return ""


async def _reopen(connection: Any, stored: Transaction, late: LateAnswer, *, doubted: bool) -> str:
    """Hold the original again if it can be, and reverse or dispute what was booked.

    What is only `doubted` is reversed once more, and nobody is told: the answer shows that the
    request was looked at after all, so an older word that denied it proves nothing any more.
    """
    key = {"merchant": stored.merchant_id, "id": stored.id}
    undoes = stored.original_id is not None
    holds = 0
    if undoes:
        whole = stored.kind not in REFUNDS  # a completion may be for more than what it completes
        original = {"merchant": stored.merchant_id, "original": stored.original_id}
        hold = SQL["late_hold"](**original, amount=stored.amount, whole=whole)
        holds = await connection.fetchval(*hold)
    held = not undoes or holds is not None
    state = State.REVERSING if late.reversible else State.DISPUTED
    await connection.execute(
        *SQL["late_move"](
            **key,
            state=state,
            holds=holds or 0,
            code=late.code,
            at=late.at,
            reason=late.reason,
            sources=sources(state, LATE),
        )
    )
    if late.reversible:
        owe = SQL["owe"](**key, kind="reversal", reason=late.reason, at=late.at)
        await connection.execute(*owe)
    if not doubted and (not late.reversible or not held):
        if late.reversible:
            told = Incident.of_transaction("late_approval", stored, state=stored.state)
        else:
            told = Incident.of_transaction(
                "disputed",
                stored,
                how="after_its_end" if held else "beside_another",
                code=late.code,
                state=stored.state,
            )
        await connection.execute(*opening([told], late.at))
    return "held" if held else "beside"


def _denied(stored: Transaction, late: LateAnswer) -> Incident | None:
    """Say how a late answer denies the one that is stored, if it does."""
    if stored.response_code not in BOOKED or stored.state is State.SENT:
        return None
    something_else = late.verdict is Verdict.CONTRADICTS and stored.state in STANDING
    if something_else or effect_of(late.code) is Effect.NOT_DONE:
        return Incident.of_transaction(
            "answers_contradict",
            stored,
            code=stored.response_code,
            how="something_else" if something_else else "declined",
            late_code=late.code,
        )
    other = late.auth_code and stored.auth_code and late.auth_code != stored.auth_code
    if late.code in BOOKED and other:
        return Incident.of_transaction(
            "approved_twice", stored, auth_code=stored.auth_code, late_auth_code=late.auth_code
        )
    return None
