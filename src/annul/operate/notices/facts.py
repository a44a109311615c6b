"""What is said of incidents: their heads as they are at the moment of telling."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from annul.diagnose.causes import CAUSES
from annul.domain.heads import HeadScope
from annul.domain.incident import Severity
from annul.domain.incidents import INCIDENTS
from annul.domain.notices import Facts, Happened, Raised, Sum
from annul.domain.text import Text
from annul.store.sql import load

_SQL: Final = load("annul.operate.notices", "facts.sql")
Key = tuple[UUID, str]  # a head


async def gather(
    connection: Any, happened: Mapping[Key, Sequence[Happened]], again: set[Key], base: str
) -> dict[Key, Facts]:
    """Give the facts of heads, in the order of `happened`; `base` is the console's address.

    A head that has left this cell with its merchant is not among them.
    """
    ids = [one[0] for one in happened]
    asked = _SQL["heads"](heads=ids, merchants=[one[1] for one in happened])
    rows = {(row["id"], row["merchant_id"]): row for row in await connection.fetch(*asked)}
    raised, money = defaultdict[UUID, list[Raised]](list), defaultdict[UUID, list[Sum]](list)
    for row in await connection.fetch(*_SQL["raised"](heads=ids)):
        if row["kind"] in INCIDENTS:  # a newer version may know more
            one = Raised(INCIDENTS[row["kind"]], row["many"], row["params"])
            raised[row["head_id"]].append(one)
    for row in await connection.fetch(*_SQL["money"](heads=ids)):
        money[row["head_id"]].append(Sum(row["currency"], row["amount"], row["many"]))
    shops = {
        row["head_id"]: row["shops"] for row in await connection.fetch(*_SQL["shops"](heads=ids))
    }
    return {
        key: Facts(
            row["number"],
            _scope(row["scope"], Text(row["name_zh"], row["name_en"])),
            row["member"],
            Severity(row["severity"]),
            tuple(events),
            row["opened_at"],
            row["closed_at"],
            row["ends_at"],
            _cause(row["cause"]),
            tuple(raised[key[0]]),
            tuple(money[key[0]]),
            shops.get(key[0], 0),
            f"{base}/incidents/{row['number']}" if base else "",
            key in again,
        )
        for key, events in happened.items()
        if (row := rows.get(key)) is not None
    }


def _scope(scope: str, name: Text) -> Text:
    """Say what a head is about, by its name where it has one."""
    known = HeadScope(scope).text if scope in set(HeadScope) else Text(scope, scope)
    return Text(f"{known.zh} {name.zh}".strip(), f"{known.en} {name.en}".strip())


def _cause(cause: str) -> Text:
    known = CAUSES.get(cause)
    return known.title if known else Text(cause, cause)
