"""Chargebacks: what issuers claim back, until when it is answered, and with what."""

from typing import Final

from annul.console.frame.page import ConsolePage
from annul.desk.roles import Scope

from .list import chargebacks
from .one import chargeback

PAGES: Final = (
    ConsolePage("/chargebacks", Scope.CLEARING_READ, "Chargebacks", chargebacks, "undo"),
    ConsolePage("/chargebacks/{chargeback}", Scope.CLEARING_READ, "Chargeback", chargeback),
)
