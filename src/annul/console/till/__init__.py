"""The terminal in the browser: what it does key by key, how it is drawn, the issuer beside it."""

from functools import partial

from annul.console.frame.page import ConsolePage
from annul.desk.roles import Scope

from .issuer_panel import Maintenance
from .page import pos
from .tills import Tills


def pages(tills: Tills, maintenance: Maintenance) -> tuple[ConsolePage, ...]:
    """Give the page, over what its browsers share."""
    show = partial(pos, tills=tills, maintenance=maintenance)
    return (ConsolePage("/pos", Scope.POS, "POS", show, "grid"),)
