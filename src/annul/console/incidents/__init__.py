"""Incidents: one for each outage, live: what it is about, whom it touches, what was done."""

from typing import Final

from annul.console.frame.page import ConsolePage
from annul.desk.roles import Scope

from .list import incidents
from .one import one_incident

PAGES: Final = (
    ConsolePage(
        "/incidents", Scope.INCIDENTS_READ, "Incidents", incidents, "exclamation", of_shops=False
    ),
    ConsolePage(
        "/incidents/{incident}", Scope.INCIDENTS_READ, "Incident", one_incident, of_shops=False
    ),
)
