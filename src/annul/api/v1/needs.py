"""What a call needs: a visitor with a scope, the desk; and the problems it may answer with."""

from typing import Annotated, Any, Final

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer, SecurityScopes

from annul.api.problems import MEDIA
from annul.desk.desk import Desk
from annul.desk.roles import Visitor
from annul.domain.errors import AnnulError

_KEY: Final = HTTPBearer(
    auto_error=False,
    scheme_name="key",
    description="A key made by an administrator: `Authorization: Bearer annul_...`. Any one of the "
    "scopes that stand with a call opens it.",
)
_SAID: Final = {
    400: "The request cannot be read",
    401: "The key or session is not valid",
    403: "The scope is missing, or you may not do this",
    404: "Not found, or not visible to you",
    409: "Not possible in the current state",
    413: "The request is too large",
    422: "The request does not match the documentation, or cannot be right",
    429: "Too many calls; wait as Retry-After says",
    503: "The database or the host is unavailable",
}
_ALWAYS: Final = (400, 401, 403, 422, 429, 503)


class Unknown(AnnulError):
    """Nobody is known by this key or session."""

    code = "access.unknown"
    next_step = "Send Authorization: Bearer KEY, or sign in."


class Forbidden(AnnulError):
    """This key or role lacks the scope."""

    code = "access.scope"
    next_step = "Ask an administrator for the scope."


async def _allowed(
    request: Request, needed: SecurityScopes, _: Annotated[object, Depends(_KEY)]
) -> Visitor:
    visitor: Visitor | None = request.state.visitor
    if visitor is None:
        raise Unknown
    if visitor.step or visitor.scopes.isdisjoint(needed.scopes):
        message = f"this needs the scope {' or '.join(needed.scopes)}"
        raise Forbidden(message)
    return visitor


def needs(*scopes: str) -> Any:
    """Let only those pass who have one of these scopes, and give the visitor."""
    return Security(_allowed, scopes=scopes)


def desk_of(request: Request) -> Desk:
    """Give the desk that the application stands on."""
    return request.app.state.desk


AtDesk = Annotated[Desk, Depends(desk_of)]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Document problems as answers, those of every call among them."""
    reference = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        status: {"description": _SAID[status], "content": {MEDIA: reference}}
        for status in sorted({*_ALWAYS, *statuses})
    }
