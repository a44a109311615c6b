"""Payouts: the day at a glance, and each with what is in it and how it stands."""

from typing import Final

from annul.console.frame.page import ConsolePage
from annul.desk.roles import Scope

from .day import payouts
from .list import EXPORTED
from .one import payout

EXPORTS: Final = (EXPORTED,)
PAGES: Final = (
    ConsolePage("/payouts", Scope.PAYOUTS_READ, "Payouts", payouts, "yuan"),
    ConsolePage("/payouts/{payout}", Scope.PAYOUTS_READ, "Payout", payout),
)
