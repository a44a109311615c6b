"""What was cleared, at the end of a story: each card's money, as its issuer and as we have it.

What an issuer has booked on a card is what our books say of it, breaks that wait in suspense
included. What people ended in our favour the issuer has put right in its own books.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from annul.domain.states import UNFINISHED
from annul.security.vault import Vault
from annul.sim.issuer.server import IssuerServer

from .compare import compare
from .world import MASTER_KEY

# What issuers owe for each card by our books, of transactions, of breaks and of differences that
# rules accept; what the treasury has charged back by itself is of no card.
_OURS: Final = """
SELECT card_hash,
       sum(CASE 'issuer_receivable' WHEN debit THEN amount ELSE -amount END)::bigint AS net
FROM (
    SELECT coalesce(t.card_hash, o.card_hash, r.card_hash, a.card_hash, '') AS card_hash, e.debit,
           e.credit, e.amount
    FROM entries e
    LEFT JOIN transactions t ON t.merchant_id = e.merchant_id AND t.id = e.subject
    LEFT JOIN breaks b ON b.merchant_id = e.merchant_id AND b.id = e.subject
    LEFT JOIN transactions o ON o.merchant_id = b.merchant_id AND o.id = b.transaction_id
    LEFT JOIN clearing_rows r ON r.file_id = b.file_id AND r.line = b.line
    LEFT JOIN clearing_differences d ON d.merchant_id = e.merchant_id AND d.id = e.subject
    LEFT JOIN transactions a ON a.merchant_id = d.merchant_id AND a.id = d.transaction_id
    WHERE 'issuer_receivable' IN (e.debit, e.credit)
      AND (t.id IS NOT NULL OR b.id IS NOT NULL OR d.id IS NOT NULL)
) x GROUP BY card_hash
"""
# What issuers put right themselves: unless a later file told what had been missed, or that it was
# taken back, which is how they put it right.
_PUT_RIGHT: Final = """
SELECT coalesce(t.card_hash, r.card_hash, '') AS card_hash, -sum(b.money)::bigint AS net
FROM breaks b
LEFT JOIN transactions t ON t.merchant_id = b.merchant_id AND t.id = b.transaction_id
LEFT JOIN clearing_rows r ON r.file_id = b.file_id AND r.line = b.line
WHERE b.state = 'resolved' AND b.resolved_as IN ('ours_stand', 'explained') AND b.merchant_id <> ''
  AND NOT (b.line IS NULL AND EXISTS (
      SELECT FROM clearing_rows s JOIN clearing_files f ON f.id = s.file_id
      WHERE s.transaction_id = b.transaction_id AND f.committed_at > b.opened_at))
  AND NOT (b.kind = 'state' AND EXISTS (
      SELECT FROM clearing_rows s JOIN clearing_files f ON f.id = s.file_id
      WHERE s.transaction_id = b.transaction_id AND s.undoes AND f.committed_at > b.opened_at
        AND NOT EXISTS (SELECT FROM breaks x WHERE x.file_id = s.file_id AND x.line = s.line)))
GROUP BY 1
"""
_CARDS_OF: Final = """
SELECT t.rrn, t.kind, t.state, t.why, t.amount, t.undone, b.kind AS break, b.cause, b.money,
       b.state AS of_break, b.resolved_as, p.proves, p.came
FROM transactions t
LEFT JOIN breaks b ON b.transaction_id = t.id
LEFT JOIN clearing_proofs p ON p.transaction_id = t.id
WHERE t.card_hash = $1 ORDER BY t.received_at
"""
_PROOFS: Final = """
SELECT p.merchant_id, t.rrn, p.proves, p.was, t.state, p.found_at FROM clearing_proofs p
JOIN transactions t ON t.merchant_id = p.merchant_id AND t.id = p.transaction_id
JOIN clearing_files f ON f.id = p.file_id AND f.state = 'committed'
WHERE p.came = 'moved' AND p.undone_at IS NULL AND p.break_id IS NULL AND p.proves <> 'denied'
"""
# Each gives what may not be: a name and a value, shown as they are.
_NEVER: Final[Mapping[str, str]] = {
    "a proof that nobody carried out": (
        "SELECT t.rrn, p.proves FROM clearing_proofs p"
        " JOIN transactions t ON t.id = p.transaction_id"
        " WHERE p.carried_at IS NULL OR p.discarded_at IS NOT NULL AND p.undone_at IS NULL"
    ),
    # People may have ended it otherwise meanwhile: then nothing else shows it.
    "a row that proves something, and no proof of it": (
        "SELECT t.rrn, r.outcome FROM clearing_rows r"
        " JOIN transactions t ON t.id = r.transaction_id"
        " WHERE r.outcome IN ('done', 'not_done', 'denied') AND NOT EXISTS ("
        " SELECT FROM clearing_proofs p WHERE p.file_id = r.file_id"
        " AND p.transaction_id = t.id AND p.break_id IS NULL)"
    ),
    "a proof of a file that was discarded": (
        "SELECT t.rrn, p.proves FROM clearing_proofs p"
        " JOIN transactions t ON t.id = p.transaction_id"
        " JOIN clearing_files f ON f.id = p.file_id AND f.state = 'discarded'"
        " WHERE p.discarded_at IS NULL"
    ),
    "open although a row tells of it": (
        "SELECT t.rrn, t.kind || ' ' || t.state FROM transactions t WHERE t.state = ANY ($1)"
        " AND EXISTS (SELECT FROM clearing_rows r WHERE r.transaction_id = t.id)"
        " AND NOT EXISTS (SELECT FROM breaks b WHERE b.transaction_id = t.id"
        " AND b.state <> 'withdrawn')"
    ),
    "suspense is not the sum of the breaks that wait": (
        "SELECT merchant_id, sum(amount) FROM ("
        " SELECT merchant_id, CASE 'suspense' WHEN credit THEN amount ELSE -amount END AS amount"
        " FROM entries WHERE 'suspense' IN (debit, credit) UNION ALL"
        " SELECT merchant_id, -money FROM breaks WHERE state IN ('open', 'asked')"
        " AND merchant_id <> '') x GROUP BY merchant_id HAVING sum(amount) <> 0"
    ),
    "left of a file that does not count": (
        "SELECT f.name, x.what FROM clearing_files f JOIN ("
        " SELECT file_id, 'row' AS what FROM clearing_rows UNION ALL"
        " SELECT file_id, 'staged' FROM clearing_staged UNION ALL"
        " SELECT file_id, 'carried' FROM clearing_carried UNION ALL"
        " SELECT found_in, 'found' FROM clearing_carried UNION ALL"
        " SELECT ended_in, 'ended' FROM breaks WHERE state = 'agreed' UNION ALL"
        " SELECT file_id, 'accepted' FROM clearing_differences WHERE counts UNION ALL"
        " SELECT file_id, 'break ' || state FROM breaks WHERE state <> 'withdrawn'"
        ") x ON x.file_id = f.id WHERE f.state NOT IN ('committed', 'staged')"
        " AND NOT (f.state = 'loading' AND x.what = 'staged')"
    ),
    "missing although a later file had told of it": (
        "SELECT t.rrn, b.state FROM breaks b JOIN transactions t ON t.id = b.transaction_id"
        " JOIN clearing_rows r ON r.transaction_id = t.id AND NOT r.undoes"
        " AND r.outcome IN ('matched', 'done', 'not_done')"
        " JOIN clearing_files f ON f.id = r.file_id AND f.state = 'committed'"
        " WHERE b.kind = 'missing_there' AND b.line IS NULL AND f.committed_at > b.opened_at"
        " AND (b.state IN ('open', 'asked') OR b.state = 'resolved'"
        " AND b.decided_at > f.committed_at)"
    ),
    "money in a break that was withdrawn": (
        "SELECT b.kind, sum(CASE WHEN 'suspense' = e.credit THEN e.amount"
        " WHEN 'suspense' = e.debit THEN -e.amount ELSE 0 END) FROM breaks b"
        " JOIN entries e ON e.merchant_id = b.merchant_id AND e.subject = b.id"
        " WHERE b.state = 'withdrawn' GROUP BY b.id, b.kind"
        " HAVING sum(CASE WHEN 'suspense' = e.credit THEN e.amount"
        " WHEN 'suspense' = e.debit THEN -e.amount ELSE 0 END) <> 0"
    ),
    "expected for ever": (
        "SELECT t.rrn, c.due_on::text FROM clearing_carried c"
        " JOIN transactions t ON t.id = c.transaction_id WHERE c.found_in IS NULL"
    ),
    "a break that nobody can explain": "SELECT kind, differs::text FROM breaks WHERE cause = ''",
    "matched twice": (
        "SELECT min(rrn), count(*)::text FROM clearing_rows WHERE transaction_id IS NOT NULL"
        " GROUP BY transaction_id, undoes HAVING count(*) > 1"
    ),
}


async def not_as_cleared(pool: Any, issuers: Sequence[IssuerServer]) -> list[str]:
    """Say what is otherwise at the cardholders' accounts than it may be."""
    wrong = [
        f"{what}: {row[0]} {row[1]}"
        for what, query in _NEVER.items()
        for row in await pool.fetch(query, *([sorted(UNFINISHED)] if "$1" in query else ()))
    ]
    net = {
        (entry.merchant, entry.rrn): entry.net
        for issuer in issuers
        for entry in issuer.books.entries.values()
    }
    for row in await pool.fetch(_PROOFS):
        done = bool(net.get((row["merchant_id"], row["rrn"])))
        if done is not (row["proves"] == "done"):
            wrong.append(f"a proof is wrong: {dict(row)}, the issuer has done it: {done}")
    verdict = await compare(pool, [], [])
    wrong += [f"paid back twice: {verdict.twice}"] if verdict.twice else []
    wrong += [one for one in verdict.differences if one.startswith("undone by")]
    return wrong + await _cards(pool, issuers)


async def _cards(pool: Any, issuers: Iterable[IssuerServer]) -> list[str]:
    """Compare card by card, to the minor unit."""
    vault = Vault(MASTER_KEY)
    theirs: dict[bytes, int] = {}
    for issuer in issuers:
        for entry in issuer.books.entries.values():
            card = vault.hash(entry.pan)
            theirs[card] = theirs.get(card, 0) + entry.net
    for card, net in await pool.fetch(_PUT_RIGHT):
        theirs[card] = theirs.get(card, 0) + net
    ours = dict(await pool.fetch(_OURS))
    wrong: list[str] = []
    for card in sorted(theirs.keys() | ours.keys(), key=bytes.hex):
        there, here = theirs.get(card, 0), ours.get(card, 0)
        if there != here:
            rows = [dict(row) for row in await pool.fetch(_CARDS_OF, card)]
            wrong.append(f"a card has {there} at its issuer, {here} by our books: {rows}")
    return wrong
