"""What was paid to merchants, by the bank's book and by ours: every fen is in exactly one place."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .bank import SimulatedBank


# Each place of a merchant's money, with what must be there by the rows that say why. Whatever is
# sold is on a day that is not counted, or in one that is; that is due, or not; in a payout, or not.
_PLACES: Final[Mapping[str, str]] = {
    "pending": (
        "SELECT merchant_id, sum(amount) AS amount FROM ("
        " SELECT merchant_id, net AS amount FROM merchant_days WHERE available_at IS NULL UNION ALL"
        " SELECT merchant_id, CASE credit WHEN 'merchant_pending' THEN amount ELSE -amount END"
        " FROM entries e WHERE 'merchant_pending' IN (debit, credit)"
        " AND kind IN ('approval', 'reversal', 'adjustment')"
        " AND NOT EXISTS (SELECT FROM merchant_days d"
        " WHERE (d.merchant_id, d.currency, d.business_date)"
        " = (e.merchant_id, e.currency, e.business_date))) w GROUP BY merchant_id"
    ),
    "available": (
        "SELECT merchant_id, sum(amount) AS amount FROM ("
        " SELECT merchant_id, net - fee AS amount FROM merchant_days"
        " WHERE available_at IS NOT NULL AND payout_id IS NULL UNION ALL"
        " SELECT merchant_id, amount FROM account_moves WHERE state = 'done' AND payout_id IS NULL"
        ") w GROUP BY merchant_id"
    ),
    "in_payout": (
        "SELECT merchant_id, sum(amount) AS amount FROM payouts WHERE paid_at IS NULL"
        " AND state IN ('held', 'ready', 'filed', 'returned') GROUP BY merchant_id"
    ),
    "frozen": (
        "SELECT merchant_id, -sum(amount) AS amount FROM account_moves"
        " WHERE state = 'done' AND kind IN ('freeze', 'release') GROUP BY merchant_id"
    ),
    "rolling_reserve": (
        "SELECT merchant_id, -sum(amount) AS amount FROM account_moves"
        " WHERE state = 'done' AND kind IN ('reserve', 'reserve_release') GROUP BY merchant_id"
    ),
}
_PLACED: Final = (
    "SELECT merchant_id, coalesce(b.{place}, 0) AS there, coalesce(w.amount, 0) AS by_rows"
    " FROM merchant_balances b FULL JOIN ({rows}) w USING (merchant_id)"
    " WHERE coalesce(b.{place}, 0) <> coalesce(w.amount, 0)"
)
_BOOKED: Final = (
    "SELECT e.merchant_id,"
    " sum(CASE 'bank' WHEN credit THEN amount WHEN debit THEN -amount END)::bigint AS there,"
    " (SELECT coalesce(sum(amount * ((paid_at IS NOT NULL)::int - (returned_at IS NOT NULL)::int)),"
    " 0) FROM payouts p WHERE p.merchant_id = e.merchant_id)::bigint AS by_rows"
    " FROM entries e WHERE 'bank' IN (debit, credit) GROUP BY e.merchant_id"
)
_ITEMS: Final = (
    "SELECT p.id FROM payouts p WHERE p.amount <> (SELECT coalesce(sum(amount), 0) FROM ("
    " SELECT net - fee AS amount FROM merchant_days d WHERE d.payout_id = p.id UNION ALL"
    " SELECT amount FROM account_moves v WHERE v.payout_id = p.id) i)"
)
_PAYOUTS: Final = (
    "SELECT replace(p.id::text, '-', '') AS reference, p.merchant_id, p.amount, p.state,"
    " p.file_id IS NOT NULL AS filed, right(a.shown, 2) AS ending,"
    " p.amount * ((paid_at IS NOT NULL)::int - (returned_at IS NOT NULL)::int) AS paid,"
    " EXISTS (SELECT FROM incidents i WHERE i.subject = replace(p.id::text, '-', '')"
    " AND i.closed_at IS NULL"
    " AND i.kind IN ('payout_contradicted', 'payout_twice', 'payout_differs')) AS named"
    " FROM payouts p JOIN payout_accounts a ON a.id = p.account_id ORDER BY p.id"
)
_OWED: Final = (
    "SELECT (SELECT count(*) FROM payout_files WHERE delivered_at IS NULL) AS files,"
    " (SELECT count(*) FROM bank_files WHERE applied_at IS NULL) AS read,"
    " (SELECT count(*) FROM merchant_days WHERE available_at IS NULL) AS days,"
    " (SELECT count(*) FROM payout_files) AS made"
)


async def unpaid_or_twice(pool: Any, bank: "SimulatedBank", *, at_the_end: bool) -> list[str]:
    """Say what does not hold; at the end the bank has told all, and nothing is left to be done."""
    wrong: list[str] = []
    for place, rows in _PLACES.items():
        found = await pool.fetch(_PLACED.format(place=place, rows=rows))
        wrong += [f"{place} of {row[0]} is {row[1]}, by its rows {row[2]}" for row in found]
    for merchant_id, there, by_rows in await pool.fetch(_BOOKED):
        if there != by_rows:
            wrong.append(f"{merchant_id} was paid {there} by entries, {by_rows} by payouts")
    wrong += [f"not the sum of its items: {row[0]}" for row in await pool.fetch(_ITEMS)]
    payouts = {row["reference"]: row for row in await pool.fetch(_PAYOUTS)}
    wrong += _in_files(payouts, bank)
    if at_the_end:
        wrong += _at_the_bank(payouts, bank)
        wrong += _left(await pool.fetchrow(_OWED), bank)
    return wrong


def _in_files(payouts: Mapping[str, Any], bank: "SimulatedBank") -> list[str]:
    """Say what stands in the bank's files otherwise than in one payout, or twice."""
    wrong: list[str] = []
    for reference, sent in bank.sent.items():
        payout = payouts.get(reference)
        if payout is None:
            wrong.append(f"the bank was asked to pay {reference}, which is no payout")
            continue
        if len(sent) > 1:
            wrong.append(f"in files twice: {reference} {[one.file for one in sent]}")
        if any((one.amount, one.ending) != (payout["amount"], payout["ending"]) for one in sent):
            wrong.append(f"another amount or account: {reference} {sent} {dict(payout)}")
        if not payout["filed"]:
            wrong.append(f"the bank has it, and no file here: {reference}")
    return wrong


def _at_the_bank(payouts: Mapping[str, Any], bank: "SimulatedBank") -> list[str]:
    """Compare what each payout has moved: what differs is named by an incident of it."""
    moved = bank.moved()
    wrong = [
        f"the bank paid {moved.get(reference, 0)}, here {row['paid']} is paid: {dict(row)}"
        for reference, row in payouts.items()
        if moved.get(reference, 0) != row["paid"] and not row["named"]
    ]
    return wrong + [f"the bank paid {one}, no payout" for one in moved if one not in payouts]


def _left(owed: Any, bank: "SimulatedBank") -> list[str]:
    found = {
        "files that the bank does not have": owed["files"],
        "files of the bank that had no effect": owed["read"],
        "days that never became available": owed["days"],
        "files of ours that the bank does not know": owed["made"] - bank.orders,
        "files that were not read": len(bank.unread()),
        "bookings of which it never told": int(bank.has_more),
    }
    return [f"{what}: {count}" for what, count in found.items() if count]
