"""The questions that the sweep asks, and what each finds (docs/differences.md).

What a kind means, its facts and what to do about it stand in `annul.domain.differences`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID, uuid5

from annul.domain.differences import AUDIT
from annul.domain.incident import Incident, Reader, Subject
from annul.domain.incidents import INCIDENTS
from annul.store.incidents import Ended


class Over(StrEnum):
    """What a question is asked over."""

    TRANSACTIONS = "transactions"  # span by span
    CASES = "cases"  # span by span
    PAYOUTS = "payouts"  # span by span
    DAYS = "days"  # one business day that was counted after the other
    OPEN = "open"  # all at once: a small index leads to what it is about
    ACCOUNTS = "accounts"  # all at once: what merchants have, by what no payout has taken
    CHARGEBACKS = "chargebacks"  # all at once: their money, what they hold, their histories
    EVERYTHING = "everything"  # all at once, every row
    WITNESS = "witness"  # what hosts keep outside of the database
    SEALS = "seals"  # the audit log and the histories, against what was sealed


@dataclass(frozen=True, slots=True)
class Question:
    """One kind of difference: its query in audit.sql, and over what it is asked.

    `seldom` ones read much; a host that serves leaves them to `annul audit`, or to quiet books.
    What is `past` no act of today mends, so a person may explain it; the rest has to be acted on.
    """

    name: str
    over: Over
    seldom: bool = False
    past: bool = True

    @property
    def kind(self) -> str:
        """The kind of its incidents."""
        return AUDIT + self.name

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts that its incidents tell, in that order."""
        return tuple(one for one in INCIDENTS[self.kind].parameters() if one not in _NO_FACTS)


_NO_FACTS: Final = frozenset({"reference", "currency"})
CHAIN: Final = Question("case_chain", Over.CASES, seldom=True)
SEALED: Final = Question("sealed", Over.SEALS, seldom=True, past=False)
LOST: Final = Question("lost", Over.WITNESS, seldom=True)
QUESTIONS: Final = (
    LOST,
    Question("unknown_without_outbox", Over.OPEN, past=False),
    Question("failed_without_case", Over.OPEN, past=False),
    Question("case_without_look", Over.OPEN, past=False),
    Question("late_approval", Over.TRANSACTIONS),
    Question("reversed_but_approved", Over.TRANSACTIONS),
    Question("approved_then_declined", Over.TRANSACTIONS),
    Question("dispute_untold", Over.TRANSACTIONS, past=False),
    Question("entries", Over.TRANSACTIONS),
    Question("hold_without_holder", Over.TRANSACTIONS),
    Question("undone_without_proof", Over.TRANSACTIONS),
    Question("given_back_twice", Over.TRANSACTIONS),
    Question("fee_returned", Over.TRANSACTIONS),
    Question("case_end", Over.CASES),
    CHAIN,
    Question("balance", Over.EVERYTHING, seldom=True, past=False),
    Question("available", Over.ACCOUNTS, past=False),
    Question("suspense", Over.ACCOUNTS, seldom=True, past=False),
    Question("tolerance", Over.ACCOUNTS, seldom=True, past=False),
    Question("chargeback_money", Over.CHARGEBACKS, seldom=True, past=False),
    Question("charged_back", Over.CHARGEBACKS, seldom=True, past=False),
    Question("chargeback_chain", Over.CHARGEBACKS, seldom=True, past=False),
    Question("payout_items", Over.PAYOUTS, past=False),
    Question("payout_state", Over.PAYOUTS, past=False),
    Question("counted_day", Over.DAYS, seldom=True, past=False),
    SEALED,
)
# About them it is not asked one by one: whoever asks is told of all that there are.
AT_ONCE: Final = frozenset(
    {Over.EVERYTHING, Over.ACCOUNTS, Over.CHARGEBACKS, Over.DAYS, Over.SEALS}
)
_OF_SHOPS: Final = frozenset({Subject.TRANSACTION, Subject.CASE})
_SPACE: Final = UUID("8d1f6c1e-6c55-5f6a-9f0e-1f3b0a6f2c77")


@dataclass(frozen=True, slots=True)
class Difference:
    """One contradiction: of a transaction, case, payout or (no `identity`) a merchant's account.

    `reference` is the reference number, the number of the case, the payout's reference, the
    currency, the business day and the currency, or what is sealed.
    """

    kind: str
    merchant_id: str
    identity: UUID | None
    reference: str
    facts: Mapping[str, Any]
    currency: str = ""

    @property
    def over(self) -> Ended:
        """What its incident is about, as it is closed."""
        subject = str(self.identity) if self.identity else self.reference
        return Ended(self.kind, self.merchant_id, subject)

    @property
    def incident(self) -> Incident:
        """What is told of it."""
        params = {"reference": self.reference, "currency": self.currency, **self.facts}
        kept = {name: params[name] for name in INCIDENTS[self.kind].parameters()}
        leads = INCIDENTS[self.kind].subject in _OF_SHOPS
        return Incident(*self.over, kept, self.identity if leads else None)

    def said(self, language: str) -> str:
        """Say in figures what contradicts: amounts in major units, times in UTC."""
        return INCIDENTS[self.kind].said(self.incident.params, Reader(language))

    @property
    def mark(self) -> UUID:
        """Give the id by which the audit log knows it as explained: of just these facts."""
        facts = json.dumps(self.facts, sort_keys=True, default=str)
        return uuid5(_SPACE, f"{self.kind} {self.identity} {facts}")
