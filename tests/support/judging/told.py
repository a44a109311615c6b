"""All that is said of a case at one moment: its page, the API, the customer, slips, its history."""

import json
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID

import asyncpg

from annul.api.v1.voids import standing
from annul.console.cases import plain_words
from annul.diagnose.gather import Gatherer
from annul.domain.text import Text
from annul.resolve.case import UNPROVED, Case
from annul.resolve.proof import gather
from tests.support.desks import make_desk

from .claims import OPEN, apart, denied, money

_AGAIN: Final = 5  # looks until nothing has changed while one looked
_SNAPSHOT: Final = """
SELECT c AS case,
       (SELECT state FROM transactions o
        WHERE o.merchant_id = c.merchant_id AND o.id = c.original_id) AS original,
       (SELECT coalesce(array_agg(state ORDER BY a.id), '{}') FROM transactions a
        WHERE a.merchant_id = c.merchant_id AND a.original_id = c.original_id) AS attempts,
       (SELECT coalesce(array_agg(text ORDER BY n.id), '{}') FROM notices n
        WHERE n.merchant_id = c.merchant_id AND n.case_id = c.id) AS notices,
       (SELECT coalesce(array_agg(body ORDER BY line), '{}') FROM case_events e
        WHERE e.merchant_id = c.merchant_id AND e.case_id = c.id) AS events
FROM cases c WHERE c.merchant_id = $1 AND c.id = $2
"""


class _English:
    """The words of a page, as its source has them."""

    language = "en"

    def __call__(self, text: str, **values: object) -> str:
        return text.format(**values)

    def of(self, text: Text) -> str:
        return text.en


# What the sentences of a page need of a page.
_VIEW: Final[Any] = SimpleNamespace(
    words=_English(), amount=lambda amount, _: f"{amount / 100:.2f}"
)


class Told:
    """Reads what is said of cases, and holds it against the rows."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._desk = make_desk(pool)
        self._gatherer: Gatherer = self._desk.gatherer

    async def contradictions(self, merchant: str, case_id: UUID) -> list[str]:
        """Give what denies where the money is, or another text, as it all stands now."""
        for _ in range(_AGAIN):
            before = await self._pool.fetchrow(_SNAPSHOT, merchant, case_id)
            if before is None:
                return []
            case = Case(*(before["case"][name] for name in Case._fields))
            said = await self._said(case)
            after = await self._pool.fetchrow(_SNAPSHOT, merchant, case_id)
            if before == after:
                events = [json.loads(body) for body in before["events"]]
                if case.ended and before["notices"]:
                    said.append(("notice", before["notices"][-1]))
                if case.ended and events:
                    said.append((f"event {events[-1]['what']}", events[-1]["why"]["en"]))
                where = money(before["original"], before["attempts"])
                if case.ended == UNPROVED:  # what is proved since then takes it up again
                    where = OPEN
                cause = case.confirmed or case.cause
                return denied(said, where, cause, ended=bool(case.ended)) + apart(events)
        return []

    async def _said(self, case: Case) -> list[tuple[str, str]]:
        """Give the page's sentences, what the API says of the void, and what a customer is told."""
        _, whole = await gather(self._pool, str(case.id), case.opened_at)
        said = [
            ("headline", plain_words.headline(_VIEW, case)),
            ("page", plain_words.money(_VIEW, whole)),
            ("customer", plain_words.for_customer(_VIEW, case, whole)),
        ]
        void = await self._gatherer.find(str(case.id))
        if void.original_id is not None:
            said.append(("API", (await standing(self._desk, void)).money.en))
        return said
