"""Administration: who and what is let in, what annul was taught, its settings."""

from typing import Final

from annul.console.frame.page import Page
from annul.desk.roles import Scope

from .page import admin

PAGES: Final = (Page("/admin", Scope.ADMIN, "Administration", admin, "gear"),)
