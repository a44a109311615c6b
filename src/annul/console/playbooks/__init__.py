"""Playbooks: which there are, one with its steps and its text, and runs, live."""

from typing import Final

from annul.console.frame.page import ConsolePage
from annul.desk.roles import Scope

from .list import playbooks
from .one import one_playbook
from .run import one_run

_READS: Final = Scope.INCIDENTS_READ
PAGES: Final = (
    ConsolePage("/playbooks", _READS, "Playbooks", playbooks, "ticks", of_shops=False),
    ConsolePage("/playbooks/{playbook}", _READS, "Playbook", one_playbook, of_shops=False),
    ConsolePage("/playbooks/runs/{run}", _READS, "Run of a playbook", one_run, of_shops=False),
)
