"""Administration: who and what is let in, what annul was taught, its settings."""

from typing import Final

from annul.console.frame.page import ConsolePage
from annul.desk.roles import Scope

from .page import admin

PAGES: Final = (ConsolePage("/admin", Scope.ADMIN, "Administration", admin, "gear"),)
