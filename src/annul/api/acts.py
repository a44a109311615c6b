"""Acts on a case, for console and API alike: by role, with a reason, above an amount by two."""

from annul.resolve.case import Case
from annul.resolve.people import Action, allowed

from .desk import Desk
from .roles import Scope, Visitor
from .views.admin import permit

_PROGRAM: str = "operator"  # what a key with `cases:act` may do


def role_of(visitor: Visitor) -> str:
    """Give the role by which acts are judged."""
    return visitor.role or _PROGRAM


def possible(visitor: Visitor, case: Case) -> list[Action]:
    """Give what a visitor may do with a case as it is now."""
    return allowed(case, role_of(visitor))


async def act(
    desk: Desk, visitor: Visitor, case: Case, name: str, reason: str, cause: str = ""
) -> str:
    """Do an act; gives `proposed` when it waits for a second person.

    Raises `ActionRefused`, `SecondPersonNeeded`, and `NotAllowed` for who may no longer.
    """
    await permit(desk.pool, visitor, Scope.CASES_ACT, reason, case.merchant_id)
    limit = await desk.pool.fetchval(
        "SELECT second_person_from FROM merchants WHERE merchant_id = $1", case.merchant_id
    )
    done = await desk.people.act(
        case, name, who=visitor.name, role=role_of(visitor), reason=reason,
        second_person_from=limit or 1, now=desk.clock.now(), cause=cause,
    )  # fmt: skip
    if desk.host is not None:
        desk.host.failed.set()  # the resolver looks at once
    return done
