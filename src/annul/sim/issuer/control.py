"""Control of the simulator over HTTP: read the books, set rules, windows, cards and faults.

Card numbers come in bodies only and go out masked.
"""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import FastAPI, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from annul.wire.masking import mask_pan

from .entries import BookEntry
from .faults import Fault, FaultKind
from .rules import CARD_STATES, IssuerSettings
from .server import IssuerServer

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


class CardRow(BaseModel):
    """A card as it is set; the number never stands in an address."""

    model_config = ConfigDict(extra="forbid")

    pan: str = Field(pattern=r"^\d{12,19}$")
    balance: int | None = Field(None, ge=0)
    state: str = "active"
    pin: str | None = Field(None, pattern=r"^(\d{4,12})?$", repr=False)


def build(server: IssuerServer) -> FastAPI:  # noqa: C901 - one route after the other
    """Build the application for one simulator."""
    app = FastAPI(title="annul issuer simulator", docs_url=None, redoc_url=None)

    @app.get("/health")
    async def health() -> dict[str, Any]:
        return {
            "served": server.served,
            "garbled": server.garbled,
            "not_known": server.not_known,
            "maintenance": server.maintenance,
            "silent": server.silent,
            "seed": server.faults.seed,
            "faults_met": server.faults.met,
        }

    @app.get("/books")
    async def books() -> dict[str, int]:
        server.books.check()
        return server.books.totals()

    @app.get("/books/entries")
    async def entries(after: int = 0, limit: int = 1000) -> list[dict[str, Any]]:
        rows = list(server.books.entries.values())[after : after + min(limit, 50_000)]
        return [_shown(entry) for entry in rows]

    @app.put("/books/yesterday")
    async def yesterday(
        seconds: Annotated[float, Query(ge=0, le=604_800, allow_inf_nan=False)],
    ) -> dict[str, int]:
        gone = server.books.restore(server.now() - timedelta(seconds=seconds))
        return {"entries": len(server.books.entries), "gone": gone}

    @app.get("/faults")
    async def faults() -> list[dict[str, Any]]:
        return [asdict(row) for row in server.faults.rows]

    @app.put("/faults")
    async def set_faults(rows: list[FaultRow]) -> dict[str, int]:
        server.faults.rows = [Fault(**row.model_dump()) for row in rows]
        return {"faults": len(rows)}

    @app.delete("/faults", status_code=204)
    async def clear_faults() -> None:
        server.faults.rows = []

    @app.get("/policy")
    async def policy() -> dict[str, Any]:
        return asdict(server.books.policy)

    @app.put("/policy")
    async def set_policy(changes: dict[str, Any]) -> dict[str, Any]:
        now = asdict(server.books.policy)
        unknown = set(changes) - set(now)
        if unknown:
            raise HTTPException(422, f"no such setting: {', '.join(sorted(unknown))}")
        try:
            server.books.policy = _POLICY.validate_python(now | changes)
        except ValidationError as error:
            raise HTTPException(422, error.errors(include_url=False, include_input=False)) from None
        return asdict(server.books.policy)

    @app.put("/windows")
    async def windows(*, maintenance: bool = False, silent: bool = False) -> dict[str, bool]:
        server.maintenance, server.silent = maintenance, silent
        return {"maintenance": maintenance, "silent": silent}

    @app.put("/cards")
    async def card(row: CardRow) -> dict[str, Any]:
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

    return app


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
