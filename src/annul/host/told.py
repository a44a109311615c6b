"""What a terminal is told of an outcome, when it comes and when it is asked for again."""

from datetime import timedelta
from typing import Final

from annul.domain.answers import Verdict
from annul.domain.kinds import CASED, KINDS, Family
from annul.domain.records import Transaction
from annul.domain.response_codes import BOOKED, SENSELESS, Effect, effect_of
from annul.domain.states import STANDING, UNFINISHED, State
from annul.domain.terminal_notes import NUMBER_USED
from annul.issuers.message import Answer
from annul.wire.subfields import Field59

from . import failed
from .host import Host
from .reply import Reply
from .request import Refusal

# When the same request comes again and its outcome is of no use to it.
_DUPLICATE: Final = "94"
_APPROVED: Final = "00"
_BALANCE: Final = 20  # characters of field 54 towards a terminal: one amount
# A repeat comes within this time; later it is another request under a number that was used again.
_REPEATED: Final = timedelta(days=1)
_DONE: Final = STANDING | {State.DECLINED}


def told_code(host: Host, transaction: Transaction, answer: Answer) -> str:
    """Give the code that a terminal is told: only what is proved is approved or declined.

    An approval is 00, whatever shade of it the issuer has: not every terminal takes 11 or A2 for
    one. What can not be reversed and has no outcome is open (98): it is asked again until it has.
    """
    kind, verdict = KINDS[transaction.kind], answer.verdict
    if verdict is Verdict.APPROVED:
        return _APPROVED
    if verdict is Verdict.DECLINED:
        return answer.response_code
    if kind.owed == "advice":
        return host.issuers.silent_code(transaction.issuer_id)
    return answer.response_code if effect_of(answer.response_code) is Effect.UNKNOWN else SENSELESS


def _repeats(transaction: Transaction, stored: Transaction) -> bool:
    """Say whether a request is the stored one once more, and not another under its number."""
    same = (stored.kind, stored.amount, stored.card_hash)
    if same != (transaction.kind, transaction.amount, transaction.card_hash):
        return False
    if None not in {stored.original_id, transaction.original_id}:
        return stored.original_id == transaction.original_id
    return transaction.received_at - stored.received_at < _REPEATED


def stored_reply(stored: Transaction, transaction: Transaction, host: Host) -> Reply:
    """Answer from what is stored; another request under the same number, or one undone, gets 94.

    Raises `Refusal` 94 when that other one asks for something back, so that it is kept.
    """
    if not _repeats(transaction, stored):
        if transaction.kind in CASED:
            raise Refusal(_DUPLICATE, NUMBER_USED.zh, rule=failed.NUMBER_USED)
        return Reply(_DUPLICATE)
    if stored.state in {State.REVERSING, State.REVERSED}:
        return Reply(_DUPLICATE, {37: stored.rrn})
    advice = KINDS[stored.kind].family is Family.ADVICE
    if advice and stored.state in UNFINISHED and stored.state is not State.DISPUTED:
        return Reply(_APPROVED, {37: stored.rrn})  # it was taken for good
    if stored.state not in _DONE:
        return Reply(host.issuers.silent_code(stored.issuer_id), {37: stored.rrn})
    return Reply(
        _APPROVED if stored.response_code in BOOKED else stored.response_code,
        _fields_of(
            stored,
            stored.auth_code,
            stored.settlement_date,
            stored.icc_answer,
            stored.voucher,
            balance="",
        ),
    )


def answer_fields(transaction: Transaction, answer: Answer) -> dict[int, str | bytes]:
    """Give what an issuer's answer adds to the fields that are repeated from the request."""
    return _fields_of(
        transaction,
        answer.auth_code,
        answer.settlement_date,
        answer.icc,
        answer.voucher or transaction.voucher,
        balance=answer.balance,
    )


def _fields_of(
    transaction: Transaction,
    auth_code: str,
    settlement_date: str,
    icc: bytes | None,
    voucher: str,
    *,
    balance: str,
) -> dict[int, str | bytes]:
    """Give the fields that an answer adds to those repeated from the request."""
    fields: dict[int, str | bytes] = {
        37: transaction.rrn,
        44: f"{transaction.issuer_id[:11]:<11}{'':<11}",
    }
    if auth_code:
        fields[38] = auth_code
    if settlement_date:
        fields[15] = settlement_date
    if balance:
        fields[54] = balance[:_BALANCE]
    if icc:
        fields[55] = icc
    if voucher:
        fields[59] = Field59.voucher(voucher)
    return fields
