"""How chargebacks are worked on: a table of the settings.

[chargebacks]
represent_days = 30     # until a first chargeback must be answered
warn_days = 5           # before a deadline of ours somebody is told
fee = 0                 # minor units that a merchant pays for one that it does not win
second_person_from = 100000
"""

from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from annul.domain.chargebacks import DAYS, Deadline, Move

_MOST: Final = 730


class ChargebackRules(BaseModel):
    """Deadlines in days from the act before, and amounts in minor units."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    answer_days: int = Field(
        default=DAYS[Deadline.ANSWER], ge=1, le=_MOST, description="to answer a retrieval request"
    )
    file_days: int = Field(
        default=DAYS[Deadline.FILE], ge=1, le=_MOST, description="to charge back after one"
    )
    represent_days: int = Field(
        default=DAYS[Deadline.REPRESENT], ge=1, le=_MOST, description="to answer the first"
    )
    second_days: int = Field(
        default=DAYS[Deadline.SECOND], ge=1, le=_MOST, description="for the issuer's second"
    )
    respond_days: int = Field(
        default=DAYS[Deadline.RESPOND], ge=1, le=_MOST, description="to answer the second"
    )
    ruling_days: int = Field(
        default=DAYS[Deadline.RULING], ge=1, le=_MOST, description="in which the network rules"
    )
    warn_days: int = Field(
        default=5, ge=0, le=60, description="before a deadline of ours somebody is told"
    )
    fee: int = Field(default=0, ge=0, description="of the merchant, for one that it does not win")
    second_person_from: int = Field(
        default=100_000, ge=0, description="from which money moves by two people"
    )

    def due(self, move: Move, since: datetime) -> datetime | None:
        """Give until when whoever is next after a move has to act; None: nobody is next."""
        if move.deadline is Deadline.NONE:
            return None
        return since + timedelta(days=getattr(self, move.deadline))


USUAL: Final = ChargebackRules()
