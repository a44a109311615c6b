"""How transactions stand, as the rows of a file are judged by it.

A file that is committed is judged by how they stand now; one that is matched anew by how they stood
before its own proofs, so that these are found again.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from annul.store.sql import Statement

_WAS: Final = """coalesce((SELECT p.{0} FROM clearing_proofs p
 WHERE p.transaction_id = t.id AND p.file_id = :file AND p.discarded_at IS NULL
   AND p.came IS DISTINCT FROM 'overtaken'
 ORDER BY p.found_at, p.id LIMIT 1), t.{1})"""
# Parts of statements about transactions `t`.
NOW: Final = {"state": "t.state", "code": "t.response_code", "ended_at": "t.ended_at"}
BEFORE: Final = {
    "state": _WAS.format("was", "state"),
    "code": _WAS.format("was_code", "response_code"),
    "ended_at": _WAS.format("was_ended_at", "ended_at"),
}
By = Mapping[str, Statement]


class Judging(NamedTuple):
    """The statements by which a file is matched, all by the same standing of transactions.

    `aside` makes room for its rows where nothing of them is kept.
    """

    rows: By
    others: tuple[Statement, ...]  # by what a row is known beside its reference number
    tolerable: By  # of rows that agree but for money
    breaks: By
    proofs: By
    tolerated: By
    aside: Statement | None = None


class Before(NamedTuple):
    """The statements of a file, by how transactions stood before."""

    sql: By
