"""What waits for a second person: payouts, moves and accounts, decided where they are seen."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from annul.console.frame.forms import Answers, Form, act_button, ask
from annul.console.frame.live import View
from annul.console.frame.markup import Html, card, join, link, number, table, tag
from annul.desk import accounts, payouts
from annul.desk.desk import Desk
from annul.desk.roles import Scope, Visitor

from .said import ends_in, move, signed

Row = Mapping[str, Any]
Act = Callable[[Desk, Visitor, Row, str], Awaitable[None]]
DECIDE: Final = "decide"  # the page's event of the buttons
_SHOWN: Final = 20  # of each kind


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of what waits: where it is read, how it is said, and what ends it."""

    waiting: Callable[[Desk, Visitor], Awaitable[list[dict[str, Any]]]]
    asker: str
    asked_at: str
    title: Callable[[View, Row], str]
    shown: Callable[[View, Row], Html]
    approve: Act
    reject: Act
    warn: str


async def _approve_payout(desk: Desk, visitor: Visitor, row: Row, reason: str) -> None:
    await payouts.approve(desk, visitor, row["id"], reason)


async def _cancel_payout(desk: Desk, visitor: Visitor, row: Row, reason: str) -> None:
    await payouts.cancel(desk, visitor, row["id"], reason)


def _of_merchant(
    act: Callable[[Desk, Visitor, str, UUID, str], Awaitable[None]],
) -> Act:
    async def done(desk: Desk, visitor: Visitor, row: Row, reason: str) -> None:
        await act(desk, visitor, row["merchant_id"], row["id"], reason)

    return done


def _account(_: View, row: Row) -> Html:
    return join((ends_in(row), tag("small", f"{row['holder']} · {row['bank']}", cls="under")))


def _payout(view: View, row: Row) -> Html:
    amount = number(view.amount(row["amount"], row["currency"]))
    return join((amount, tag("small", ends_in(row), cls="under")))


KINDS: Final[Mapping[str, Kind]] = {
    "payout": Kind(
        payouts.waiting,
        "made_by",
        "made_at",
        lambda view, _: view.words("Payout"),
        _payout,
        _approve_payout,
        _cancel_payout,
        "It goes to the bank with the next file, and can be cancelled until then.",
    ),
    "move": Kind(
        accounts.waiting_moves,
        "asked_by",
        "asked_at",
        move,
        signed,
        _of_merchant(accounts.approve_move),
        _of_merchant(accounts.reject_move),
        "It is carried out at once, and cannot be taken back.",
    ),
    "account": Kind(
        accounts.waiting_accounts,
        "asked_by",
        "asked_at",
        lambda view, _: view.words("Account to be paid to"),
        _account,
        _of_merchant(accounts.use_account),
        _of_merchant(accounts.reject_account),
        "The next payouts go to this account, in place of the one before.",
    ),
}


async def waiting_card(view: View) -> Html:
    """List what waits, with the buttons of who may decide it; nothing where nothing waits."""
    words = view.words
    rows: list[Sequence[object]] = []
    more = 0
    for name, kind in KINDS.items():
        found = await kind.waiting(view.desk, view.visitor)
        rows += [_line(view, name, kind, row) for row in found[:_SHOWN]]
        more += max(len(found) - _SHOWN, 0)
    if not rows:
        return Html()
    heads = ("What", "Amount or account", "Merchant", "Requested by", "Reason", "")
    return card(
        words("Awaiting second approval"),
        table([words(head) if head else "" for head in heads], rows, cls="acts-last"),
        tag("p", words("and {n} more", n=more), cls="muted") if more else None,
        cls="spaced",
    )


def _line(view: View, name: str, kind: Kind, row: Row) -> Sequence[object]:
    words = view.words
    who = row[kind.asker] or words("annul, by the schedule")
    merchant = link(words.name(row), f"/merchants/{row['merchant_id']}")
    title = kind.title(view, row)
    return (
        link(title, f"/payouts/{row['id']}") if name == "payout" else tag("b", title),
        kind.shown(view, row),
        join((merchant, tag("small", row["merchant_id"], cls="under mono"))),
        join((who, tag("small", view.at(row[kind.asked_at]), cls="under"))),
        row.get("reason", "") or "–",
        buttons(view, name, row, row[kind.asker]),
    )


def buttons(view: View, name: str, row: Row, asker: str) -> Html | str:
    """Draw what somebody may do about what waits: nobody approves what they asked for."""
    words = view.words
    if not view.may(Scope.PAYOUTS_WRITE):
        return ""
    told = {"what": name, "id": str(row["id"]), "merchant": row["merchant_id"]}
    approve = act_button(words("Approve as second person"), DECIDE, does="approve", **told)
    reject = act_button(words("Reject it"), DECIDE, does="reject", **told)
    return join((approve if asker != view.visitor.name else None, " ", reject))


async def decide(view: View, told: Mapping[str, Any]) -> bool:
    """Ask for the reason and decide what a button was about, as it is now; says if it was done."""
    words = view.words
    kind = KINDS[str(told["what"])]
    found = await kind.waiting(view.desk, view.visitor)
    row = next((one for one in found if str(one["id"]) == str(told["id"])), None)
    if row is None:
        raise payouts.NotHeld
    approves = told["does"] == "approve"
    what, carry_out = kind.title(view, row), kind.approve if approves else kind.reject

    async def act(answers: Answers) -> None:
        await carry_out(view.desk, view.visitor, row, answers["reason"])

    said = words("Approve: {what}", what=what) if approves else words("Reject: {what}", what=what)
    about = " · ".join((_plain(view, row), words.name(row), row["merchant_id"]))
    return await ask(view, Form(said, about=about, warn=words(kind.warn) if approves else ""), act)


def _plain(view: View, row: Row) -> str:
    if "amount" not in row:
        return f"{row['holder']} · {row['bank']} · **** {row['shown']}"
    ends = f" · **** {row['shown']}" if "shown" in row else ""
    return f"{view.amount(row['amount'], row['currency'])}{ends}"
