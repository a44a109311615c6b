"""One's own account: how one signs in, and where one is signed in."""

from typing import Final

from annul.console.frame.page import ACCOUNT, ConsolePage

from .page import account

PAGES: Final = (ConsolePage(ACCOUNT, None, "My account", account),)
