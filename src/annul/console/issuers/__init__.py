"""Issuers: the list, and each with its health, rules, codes, routes and contacts."""

from typing import Final

from annul.console.frame.page import ConsolePage
from annul.desk.roles import Scope

from .list import issuers
from .one import issuer

PAGES: Final = (
    ConsolePage("/issuers", Scope.ISSUERS_READ, "Issuers", issuers, "exchange"),
    ConsolePage("/issuers/{issuer}", Scope.ISSUERS_READ, "Issuer", issuer),
)
