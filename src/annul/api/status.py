"""Health, metrics and status of a host process over HTTP, and the change of a password."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.security import (
    HTTPAuthorizationCredentials,
    HTTPBasic,
    HTTPBasicCredentials,
    HTTPBearer,
)
from pydantic import BaseModel, SecretStr

from annul.desk import account
from annul.desk.access import Access, SignInVerdict
from annul.desk.passwords import PasswordRefused
from annul.desk.roles import Scope, Step
from annul.operate.measures.exposition import CONTENT_TYPE_LATEST, Measures
from annul.store.loop import Loops

from .gate import address_of

Figures = Callable[[], Mapping[str, Any]]


class NewPassword(BaseModel):
    """A password that a person chose."""

    password: SecretStr


_Basic = Annotated[HTTPBasicCredentials | None, Depends(HTTPBasic(auto_error=False))]
_Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]


class Door:
    """Who asks, with each call: a person by name and password, or a program by its key.

    A second factor cannot be said here: who has one, or must have one, takes a key.
    """

    def __init__(self, access: Access) -> None:
        self._access = access

    async def known(self, request: Request, credentials: _Basic) -> tuple[str, SignInVerdict]:
        """Let in who has the password, also one that opens nothing else."""
        if credentials is None:
            raise HTTPException(
                401, "who are you? name and password, or a key", {"WWW-Authenticate": "Basic"}
            )
        name, password = credentials.username, credentials.password
        verdict = await self._access.check(name, password, address_of(request))
        if verdict is SignInVerdict.BUSY:
            raise HTTPException(503, "too many are signing in")
        if verdict is SignInVerdict.REFUSED:
            raise HTTPException(
                401, "wrong name or password", headers={"WWW-Authenticate": "Basic"}
            )
        if verdict is SignInVerdict.NEEDS_CODE:
            raise HTTPException(403, "with a second factor: use a key here, and the console else")
        return name, verdict

    async def accepted(self, request: Request, credentials: _Basic, key: _Bearer) -> str:
        """Let in who may read what processes count."""
        if key is not None:
            visitor = await self._access.of_key(key.credentials, address_of(request))
            if visitor is None:
                raise HTTPException(401, "no such key", headers={"WWW-Authenticate": "Bearer"})
        else:
            name, verdict = await self.known(request, credentials)
            if verdict is SignInVerdict.MUST_CHANGE:
                raise HTTPException(403, "choose a password of your own first: POST /password")
            visitor = await self._access.person(name)
            if visitor.step is Step.FACTOR:
                raise HTTPException(403, "set up a second factor in the console, and use a key")
        if not visitor.may(Scope.METRICS):
            raise HTTPException(403, "this is not for your role")
        return visitor.name


def build(access: Access, figures: Figures, loops: Loops, measures: Measures) -> FastAPI:
    """Build the application; `figures` gives the host's counters at the moment of the call.

    Health is degraded while one of `loops` does not come round: it serves all the same.
    """
    app = FastAPI(title="annul", docs_url=None, redoc_url=None, openapi_url=None)
    door = Door(access)

    @app.get("/health")
    async def health() -> dict[str, Any]:
        late = [one.name for one in loops.late()]
        return {"status": "degraded", "loops": late} if late else {"status": "up"}

    @app.get("/status")
    async def status(_user: Annotated[str, Depends(door.accepted)]) -> dict[str, Any]:
        return dict(figures())

    @app.get("/metrics")
    async def metrics(_user: Annotated[str, Depends(door.accepted)]) -> Response:
        return Response(measures.exposition(), media_type=CONTENT_TYPE_LATEST)

    add_password(app, access)
    return app


def add_password(app: FastAPI, access: Access) -> None:
    """Let people choose a password of their own."""
    door = Door(access)

    @app.post("/password", status_code=204)
    async def password(
        new: NewPassword, user: Annotated[tuple[str, SignInVerdict], Depends(door.known)]
    ) -> None:
        visitor = await access.person(user[0])
        try:
            await account.choose(access, visitor, new.password.get_secret_value())
        except PasswordRefused as error:
            raise HTTPException(422, str(error)) from error
