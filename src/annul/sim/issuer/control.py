"""Control of the simulator over HTTP: read the books, set rules, windows, cards and faults.

Card numbers come in bodies only and go out masked.
"""

import asyncio
from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from annul.security.keys import KeyKind
from annul.wire.masking import mask_pan

from .clearing import Delivery
from .clearing_faults import ClearingFault
from .clearing_faults import FaultRow as WrongRow
from .entries import BookEntry
from .faults import Fault, FaultKind
from .rules import CARD_STATES, IssuerSettings
from .server import IssuerServer

_ANSWER_S: Final = 15.0
_POLICY: Final = TypeAdapter(IssuerSettings)


class FaultRow(BaseModel):
    """A fault as it is set."""

    model_config = ConfigDict(extra="forbid")

    kind: FaultKind
    rate: float = Field(1.0, ge=0, le=1)
    code: str = Field("96", min_length=2, max_length=2)
    low_ms: int = Field(0, ge=0, le=600_000)
    high_ms: int = Field(0, ge=0, le=600_000)
    of_kind: str = ""
    bin: str = Field("", pattern=r"^\d{0,12}$")
    merchant: str = ""
    terminal: str = ""
    lowest: int = 0
    highest: int = 10**12
    left: int | None = Field(None, ge=0)


class ClearingFaultRow(BaseModel):
    """What is wrong with clearing files, as it is set."""

    model_config = ConfigDict(extra="forbid")

    kind: ClearingFault
    rate: float = Field(1.0, ge=0, le=1)
    of_kind: str = ""
    merchant: str = ""
    rrn: str = ""
    left: int | None = Field(None, ge=0)


class CardRow(BaseModel):
    """A card as it is set; the number never stands in an address."""

    model_config = ConfigDict(extra="forbid")

    pan: str = Field(pattern=r"^\d{12,19}$")
    balance: int | None = Field(None, ge=0)
    state: str = "active"
    pin: str | None = Field(None, pattern=r"^(\d{4,12})?$", repr=False)


_ROUTES: Final = APIRouter()


def build(server: IssuerServer, clearing: Delivery | None = None) -> FastAPI:
    """Build the application for one simulator, and for its clearing files if it writes any."""
    app = FastAPI(title="annul issuer simulator", docs_url=None, redoc_url=None)
    app.state.server = server
    app.state.clearing = clearing
    app.include_router(_ROUTES)
    return app


async def _server(request: Request) -> IssuerServer:
    return request.app.state.server


async def _clearing(request: Request) -> Delivery:
    found: Delivery | None = request.app.state.clearing
    if found is None:
        raise HTTPException(409, "it writes no clearing files: start it with --clearing FOLDER")
    return found


Simulated = Annotated[IssuerServer, Depends(_server)]
Clears = Annotated[Delivery, Depends(_clearing)]


@_ROUTES.get("/health")
async def health(server: Simulated) -> dict[str, Any]:
    """Say what it has done, and how it behaves."""
    return {
        "served": server.served,
        "garbled": server.garbled,
        "not_known": server.not_known,
        "maintenance": server.maintenance,
        "silent": server.silent,
        "seed": server.faults.seed,
        "faults_met": server.faults.met,
    }


@_ROUTES.get("/books")
async def books(server: Simulated) -> dict[str, int]:
    """Give the sums of the books; they are checked first."""
    server.books.check()
    return server.books.totals()


@_ROUTES.get("/books/entries")
async def entries(server: Simulated, after: int = 0, limit: int = 1000) -> list[dict[str, Any]]:
    """Give what was asked, a page of it."""
    rows = list(server.books.entries.values())[after : after + min(limit, 50_000)]
    return [_shown(entry) for entry in rows]


@_ROUTES.put("/books/yesterday")
async def yesterday(
    server: Simulated,
    seconds: Annotated[float, Query(ge=0, le=604_800, allow_inf_nan=False)],
) -> dict[str, int]:
    """Put the books back to what they were so long ago."""
    gone = server.books.restore(server.now() - timedelta(seconds=seconds))
    return {"entries": len(server.books.entries), "gone": gone}


@_ROUTES.get("/faults")
async def faults(server: Simulated) -> list[dict[str, Any]]:
    """Give the faults that are set."""
    return [asdict(row) for row in server.faults.rows]


@_ROUTES.put("/faults")
async def set_faults(server: Simulated, rows: list[FaultRow]) -> dict[str, int]:
    """Set faults, in place of those before."""
    server.faults.rows = [Fault(**row.model_dump()) for row in rows]
    return {"faults": len(rows)}


@_ROUTES.delete("/faults", status_code=204)
async def clear_faults(server: Simulated) -> None:
    """Behave."""
    server.faults.rows = []


@_ROUTES.post("/clearing")
async def clear(
    clearing: Clears, day: date, turn: Annotated[int, Query(ge=0)] = 0
) -> dict[str, list[str]]:
    """Write the clearing files of a day at once; names, not cards, come back."""
    return {"files": clearing.write(day, turn)}


@_ROUTES.get("/clearing/faults")
async def clearing_faults(clearing: Clears) -> list[dict[str, Any]]:
    """Give what will be wrong with clearing files."""
    return [asdict(row) for row in clearing.files.faults.rows]


@_ROUTES.put("/clearing/faults")
async def set_clearing_faults(clearing: Clears, rows: list[ClearingFaultRow]) -> dict[str, int]:
    """Set what will be wrong with clearing files, in place of what was set before."""
    clearing.files.faults.rows = [WrongRow(**row.model_dump()) for row in rows]
    return {"faults": len(rows)}


@_ROUTES.get("/policy")
async def policy(server: Simulated) -> dict[str, Any]:
    """Give the rules."""
    return asdict(server.books.policy)


@_ROUTES.put("/policy")
async def set_policy(server: Simulated, changes: dict[str, Any]) -> dict[str, Any]:
    """Change some of the rules."""
    now = asdict(server.books.policy)
    unknown = set(changes) - set(now)
    if unknown:
        raise HTTPException(422, f"no such setting: {', '.join(sorted(unknown))}")
    try:
        server.books.policy = _POLICY.validate_python(now | changes)
    except ValidationError as error:
        raise HTTPException(422, error.errors(include_url=False, include_input=False)) from None
    return asdict(server.books.policy)


@_ROUTES.put("/windows")
async def windows(
    server: Simulated, *, maintenance: bool = False, silent: bool = False
) -> dict[str, bool]:
    """Be in maintenance, or silent, or not."""
    server.maintenance, server.silent = maintenance, silent
    return {"maintenance": maintenance, "silent": silent}


@_ROUTES.put("/cards")
async def card(server: Simulated, row: CardRow) -> dict[str, Any]:
    """Set a card."""
    if row.state not in CARD_STATES:
        raise HTTPException(422, f"a card is one of {', '.join(CARD_STATES)}")
    account = server.books.account(row.pan)
    account.state = row.state
    account.pin = account.pin if row.pin is None else row.pin
    if row.balance is not None:
        account.opening += row.balance - account.balance
        account.balance = row.balance
    return {
        "card": mask_pan(row.pan),
        "balance": account.balance,
        "held": account.held,
        "state": account.state,
    }


@_ROUTES.post("/keys")
async def keys(server: Simulated, *, kind: KeyKind, wrong_check: bool = False) -> dict[str, str]:
    """Send the acquirer a new key, and say what it answered; with a wrong check value on demand."""
    if kind not in server.keys.force or not server.keys.agreed:
        raise HTTPException(422, "no key messages are agreed, or not of this kind")
    if not server.change_key(kind, wrong_check=wrong_check):
        raise HTTPException(409, "no acquirer is connected")
    try:
        async with asyncio.timeout(_ANSWER_S):
            return {"code": await server.keys.said.get()}
    except TimeoutError:
        raise HTTPException(504, "the acquirer did not answer") from None


def _shown(entry: BookEntry) -> dict[str, Any]:
    """Give an entry: what was asked (`asked`), what is on the books, what was answered (`said`)."""
    return {
        "merchant": entry.merchant,
        "terminal": entry.terminal,
        "trace": entry.key.trace,
        "date": entry.key.time[:4],
        "time": entry.key.time[4:],
        "rrn": entry.rrn,
        "kind": entry.kind,
        "card": mask_pan(entry.pan),
        "asked": entry.asked,
        "amount": entry.amount if entry.booked else entry.asked,
        "times": entry.times,
        "code": entry.code,
        "said": entry.said or entry.code,
        "auth_code": entry.auth_code,
        "second_code": entry.second_code,
        "forgotten": entry.forgotten,
        "reversed": entry.reversed,
        "undone": entry.undone,
        "net": entry.net,
    }
