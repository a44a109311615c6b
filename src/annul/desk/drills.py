"""What a team says in a drill: which cause it takes to be at work, and whom it has told.

All else it does with the acts of every day; these two leave no trace elsewhere. Nothing of it is
possible outside a drill.
"""

from annul.diagnose.causes import CAUSES
from annul.domain.drills import Contact
from annul.domain.errors import AnnulError

from .audit import audit
from .desk import Desk
from .permission import NotValid, changing, staff
from .roles import Scope, Visitor


class NoDrill(AnnulError):
    """This is no drill. Nothing was kept."""

    code = "drills.none"
    next_step = "annul drill run starts one in a sandbox of its own."


async def name_cause(desk: Desk, visitor: Visitor, subject: str, cause: str) -> None:
    """Say which cause is at work at an issuer, a shop or a terminal.

    Raises `NoDrill`, `NotAllowed`, and `NotValid` for a cause that there is not.
    """
    if cause not in CAUSES:
        message = f"no cause is called {cause}"
        raise NotValid(message)
    await _mark(desk, visitor, "drill-cause", subject, {"cause": cause})


async def told(desk: Desk, visitor: Visitor, subject: str, contact: Contact) -> None:
    """Say that somebody was told of it. Raises `NoDrill` and `NotAllowed`."""
    await _mark(desk, visitor, "drill-told", subject, {"contact": contact.value})


async def _mark(
    desk: Desk, visitor: Visitor, action: str, subject: str, detail: dict[str, str]
) -> None:
    staff(visitor)
    if not desk.drill:
        raise NoDrill
    about = f"drill {desk.drill}"
    async with changing(desk, visitor, Scope.INCIDENTS_WRITE, about) as connection:
        now = desk.clock.now()
        await audit(connection, visitor, now, action, about, "", {"subject": subject, **detail})
