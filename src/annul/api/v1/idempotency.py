"""One effect per Idempotency-Key: the answer is kept, and a repeat gets it again.

The id of what is made stands in the row before anything is done. So when the process ends in
between, whoever is asked with the same key later can see whether it was made.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Header, Request
from uuid_utils.compat import uuid7

from annul.desk.desk import Desk
from annul.desk.roles import Visitor
from annul.domain.errors import AnnulError
from annul.store.sql import load

_SQL: Final = load("annul.api.v1", "idempotency.sql")
_MARGIN: Final = timedelta(seconds=60)  # beyond an issuer's time-out; then its process has ended

Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,200}$",
        description="Your own name for this order. The same order under the same key is carried "
        "out once and answered alike for seven days; where a rule refused it, it is judged anew.",
        examples=["9f1c2d3e-refund-of-order-4711"],
    ),
]


class OtherRequest(AnnulError):
    """This Idempotency-Key was used for another request. Nothing was done."""

    code = "idempotency.other_request"
    next_step = "Use a new key for a new request."


class UnderWay(AnnulError):
    """The request under this Idempotency-Key is still being carried out."""

    code = "idempotency.under_way"
    next_step = "Ask again with the same key after as many seconds as Retry-After says."
    retry_after_s = 1


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to act under a key, or what was `answered` (status, body) before.

    `identity` is the id of what is made. It may be there already when `again` is true.
    """

    identity: UUID
    again: bool = False
    answered: tuple[int, dict[str, Any]] | None = None


@dataclass(slots=True)
class Keys:
    """Keys of programs in the database."""

    _desk: Desk

    async def claim(self, visitor: Visitor, key: str, asked: str) -> Claim:
        """Begin under a key; `asked` is all of the request. Raises `OtherRequest`, `UnderWay`."""
        pool, now = self._desk.pool, self._desk.clock.now()
        whose = {"who": visitor.name, "key": key}
        fingerprint = hashlib.sha256(asked.encode()).digest()
        identity = uuid7()
        made = {"id": str(identity)}
        claim = _SQL["claim"](**whose, fingerprint=fingerprint, answer=made, now=now)
        if await pool.fetchval(*claim):
            return Claim(identity)
        row = await pool.fetchrow(*_SQL["find"](**whose))
        if row is None:  # it was given back just now
            raise UnderWay
        if row["fingerprint"] != fingerprint:
            raise OtherRequest
        identity = UUID(row["answer"]["id"])
        if row["status"] is not None:
            return Claim(identity, answered=(row["status"], row["answer"]))
        patience = timedelta(seconds=self._desk.sender().issuers.longest_timeout_s) + _MARGIN
        take_over = _SQL["take_over"](**whose, now=now, before=now - patience)
        if await pool.fetchval(*take_over) is None:
            raise UnderWay
        return Claim(identity, again=True)

    async def keep(self, visitor: Visitor, key: str, status: int, answer: dict[str, Any]) -> None:
        """Keep the answer; it has the `id` of what was made."""
        keep = _SQL["keep"](who=visitor.name, key=key, status=status, answer=answer)
        await self._desk.pool.execute(*keep)

    async def free(self, visitor: Visitor, key: str) -> None:
        """Give a key back under which nothing was done."""
        await self._desk.pool.execute(*_SQL["free"](who=visitor.name, key=key))


def _keys_of(request: Request) -> Keys:
    return request.app.state.keys


AtKeys = Annotated[Keys, Depends(_keys_of)]
