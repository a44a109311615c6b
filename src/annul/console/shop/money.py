"""My money, on a phone: what a shop gets and when, what is held back and why."""

from typing import Any, Final

from annul.console.frame.live import View
from annul.console.frame.markup import Html, facts, join, link, tag
from annul.console.merchant_days import days_list
from annul.console.merchant_reserve import reserve_list
from annul.console.payouts.said import Row, bank_said, ends_in, state
from annul.desk import accounts, merchants, payouts
from annul.desk.roles import Scope
from annul.domain.payouts import MoveKind, PayoutState

_PAYOUTS: Final = 5
_MOVES: Final = 20  # among which the reason of what is frozen is looked for
_FAILED: Final = frozenset({PayoutState.REJECTED, PayoutState.RETURNED})


async def my_money(view: View, merchant: str) -> Html:
    """Say it to whoever may see it: not to who only sells."""
    words = view.words
    if not merchant or not view.may(Scope.TRANSACTIONS_READ):
        return Html()
    row = await merchants.find(view.desk, view.visitor, merchant)
    return tag(
        "section",
        tag("header", tag("h2", words("My money"))),
        _sums(view, row),
        await _held(view, merchant, row),
        await _payouts(view, merchant),
        tag("h3", words("Business days")),
        await days_list(view, merchant),
        cls="card",
        id="money",
    )


def _sums(view: View, row: Row) -> Html:
    """Say what comes when, in the order in which it comes; what is owed instead, where it is."""
    words = view.words

    def money(name: str) -> Html:
        return tag("b", view.amount(abs(row[name]), row["currency"]), cls="num")

    if row["available"] < 0:
        owed = words("Owed: it is taken off what you sell next")
        said = [(owed, money("available"))]
    else:
        said = [(words("Available: comes with the next payout"), money("available"))]
    if row["in_payout"]:
        said.insert(0, (words("On its way to your account"), money("in_payout")))
    said.append((words("Pending: comes on the days below"), money("pending")))
    return facts(said)


async def _held(view: View, merchant: str, row: Row) -> Html:
    """Say what is held back, and why."""
    words, lines = view.words, list[Html]()

    def line(text: str, minor_units: int, why: str) -> None:
        amount = tag("b", view.amount(minor_units, row["currency"]), cls="num day-net")
        lines.append(tag("li", tag("b", text), amount, tag("small", why, cls="under")))

    if row["frozen"]:
        why = words("Your acquirer keeps it for now: {why}", why=await _reason(view, merchant))
        line(words("Frozen"), row["frozen"], why)
    reserve = await reserve_list(view, merchant)
    stopped = await _stopped(view, merchant)
    head = tag("h3", words("What is held back, and why")) if lines or reserve else None
    kept = tag("ul", *lines, cls="held-back") if lines else None
    return join((stopped, head, kept, reserve))


async def _reason(view: View, merchant: str) -> str:
    """Give the latest reason of a freeze."""
    found = await accounts.moves(view.desk, view.visitor, merchant, _MOVES)
    done = (one for one in found.rows if one["state"] == "done")
    reasons = (one["reason"] for one in done if one["kind"] == MoveKind.FREEZE)
    return next(reasons, view.words("ask for the reason"))


async def _stopped(view: View, merchant: str) -> Html | None:
    """Say that nothing can be paid, where there is no account for it."""
    words = view.words
    rows = await accounts.accounts(view.desk, view.visitor, merchant)
    if any(one["state"] == "used" for one in rows):
        return None
    said = (
        words("Nothing can be paid to your account just now. Call your acquirer.")
        if any(one["state"] == "stopped" for one in rows)
        else words("No account of yours is known yet, so nothing is paid. Call your acquirer.")
    )
    phone = view.desk.support_phone
    return tag("p", said, tag("b", f" {phone}") if phone else None, cls="warned")


async def _payouts(view: View, merchant: str) -> Html | None:
    words = view.words
    if not view.may(Scope.PAYOUTS_READ):
        return None
    found = await payouts.search(view.desk, view.visitor, merchant_id=merchant, limit=_PAYOUTS)
    if not found.rows:
        return None
    every = link(words("All payouts"), _all(view, merchant)) if found.following else None
    head = tag("h3", words("Payouts"))
    rows = tag("ul", *(_payout(view, row) for row in found.rows), cls="shop-rows payouts")
    return join((head, rows, tag("p", every, cls="following") if every else None))


def _all(view: View, merchant: str) -> str:
    return "/payouts" if view.visitor.merchant_id else f"/payouts?day=&merchant={merchant}"


def _payout(view: View, row: dict[str, Any]) -> Html:
    words = view.words
    failed = PayoutState(row["state"]) in _FAILED
    why = bank_said(row) if failed else ""
    when = view.when(row["paid_at"] or row["made_at"])
    said = tag(
        "span",
        tag("b", view.amount(row["amount"], row["currency"]), cls="num"),
        tag("small", f"{when} · ", ends_in(row)),
        tag("small", words("The bank says: {what}", what=why)) if why else None,
    )
    return tag("li", tag("a", said, state(view, row), href=f"/payouts/{row['id']}"))
