"""How a break can end: what each way does to the money, said before; asked, confirmed, rejected."""

from collections.abc import Mapping
from typing import Final

from annul.console.frame.forms import Answers, Form, act_button, ask
from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, card, tag
from annul.desk import breaks as views
from annul.desk.break_ends import End, ends
from annul.desk.roles import Scope
from annul.domain.breaks import DECISIONS, RESOLUTIONS, BreakState, Resolution
from annul.domain.kinds import KINDS, Money

from .said import Row, kind, signed

# The page's events of the buttons.
RESOLVE, CONFIRM, REJECT = "resolve-break", "confirm-break", "reject-break"
_ORDER: Final = tuple(Resolution)
# What a proof does to a transaction, and to the merchant, by whether its kind takes or gives back.
_PROVES: Final[Mapping[tuple[str, Money], str]] = {
    ("done", Money.TAKE): "The {what} counts as done: the merchant gets {amount} less its fee.",
    ("not_done", Money.TAKE): "The {what} counts as not done: the merchant gets nothing for it, "
    "and what was booked of {amount} is taken back.",
    ("done", Money.BACK): "The {what} counts as done: {amount} goes back to the cardholder, and "
    "comes off the merchant's account.",
    ("not_done", Money.BACK): "The {what} counts as not done: the merchant keeps {amount}, and "
    "what was booked for it is taken back.",
}


async def ends_card(view: View, row: Row) -> Html:
    """Draw the ways to end a break that is open, or what waits for a second person."""
    state = BreakState(row["state"])
    drawn = {BreakState.OPEN: _open, BreakState.ASKED: _asked}.get(state)
    return drawn(view, row, await _ends(view, row)) if drawn else Html("")


async def _ends(view: View, row: Row) -> list[End]:
    return await ends(view.desk, view.visitor, row)


def _open(view: View, row: Row, known: list[End]) -> Html:
    words, may = view.words, view.may(Scope.CLEARING_WRITE)
    if any(_waits(one) for one in row["proofs"]):
        said = words("What is proved of it is being carried out; then it is shown how it can end.")
        return card(words("How it can end"), tag("p", said, cls="warned", role="status"))
    # What is suggested stands first.
    known.sort(key=lambda one: (one.resolution != row["suggested"], _ORDER.index(one.resolution)))
    ways = [tag("li", *_way(view, row, one, may=may)) for one in known]
    return card(words("How it can end"), tag("ul", *ways, cls="ways"))


def _waits(proof: Row) -> bool:
    """Say whether a proof is still to be carried out, or undone."""
    return proof["came"] is None or bool(proof["discarded_at"] and not proof["undone_at"])


def _way(view: View, row: Row, one: End, *, may: bool) -> list[object]:
    words = view.words
    suggested = row["suggested"] == one.resolution
    mark = badge(words("suggested"), "info") if suggested else None
    head = tag("b", words.of(RESOLUTIONS[one.resolution]))
    two = tag("small", words("Takes a second person."), cls="under") if one.two else None
    button: Html | None = None
    if may and one.possible:
        label = words.of(DECISIONS[one.resolution])
        cls = "primary" if suggested else ""
        button = act_button(label, RESOLVE, cls=cls, **{"as": one.resolution.value})
    said = tag("p", consequence(view, row, one), cls="muted")
    return [tag("div", head, " ", mark), said, two, button]


def consequence(view: View, row: Row, one: End) -> str:
    """Say what a resolution does to transaction, account and suspense."""
    words, transaction = view.words, row["transaction"]
    if not one.possible:
        return words("Not possible: it is of no merchant here, so no account can follow.")
    if one.proves and transaction is not None:
        money = KINDS[transaction["kind"]].money
        text = _PROVES.get((one.proves, money), "The {what} counts as the issuer tells it.")
        amount = view.amount(transaction["amount"], transaction["currency"])
        return words(text, what=words(transaction["kind"]), amount=amount)
    if one.moves:
        amount = signed(view, one.moves, row["currency"])
        return words("The merchant's account follows by {amount}.", amount=amount)
    if one.frees:
        amount = view.amount(abs(one.frees), row["currency"])
        return words(
            "No account moves. {amount} leaves suspense: what the issuer owes is as our books say.",
            amount=amount,
        )
    return words("No money moves.")


def _asked(view: View, row: Row, known: list[End]) -> Html:
    words = view.words
    how = Resolution(row["resolved_as"])
    one = next(end for end in known if end.resolution is how)
    mine = row["asked_by"] == view.visitor.name
    buttons: list[Html] = []
    if view.may(Scope.CLEARING_WRITE):
        if not mine:
            said = words("Confirm as second person")
            buttons.append(act_button(said, CONFIRM, cls="primary"))
        buttons.append(act_button(words("Take it back") if mine else words("Reject it"), REJECT))
    asked = words("{who} asks for it: {why}", who=row["asked_by"], why=row["reason"])
    return card(
        words("Awaiting second approval"),
        tag("p", tag("b", words.of(RESOLUTIONS[how]))),
        tag("p", consequence(view, row, one), cls="muted"),
        tag("p", asked, cls="warned"),
        tag("div", *buttons, cls="row-of-buttons") if buttons else None,
    )


# Acts -------------------------------------------------------------------------------------------


async def resolve(view: View, row: Row, how: Resolution) -> bool:
    """Ask for the reason and end it so, or leave it to a second person; says if it was done."""
    words = view.words
    one = next(end for end in await _ends(view, row) if end.resolution is how)

    async def act(answers: Answers) -> str:
        reason = str(answers["reason"])
        state = await views.resolve(view.desk, view.visitor, row["id"], how, reason)
        waits = state is BreakState.ASKED
        return words("It waits for a second person now.") if waits else words("It has ended.")

    form = Form(
        words.of(RESOLUTIONS[how]),
        about=f"{kind(view, row)} · {signed(view, row['money'], row['currency'])}",
        warn=consequence(view, row, one),
        go=words("Ask for it") if one.two else words("End it so"),
    )
    return await ask(view, form, act)


async def confirm(view: View, row: Row) -> bool:
    """Ask for the reason and let it end, as second person; says if it was done."""
    words = view.words
    how = Resolution(row["resolved_as"])
    one = next(end for end in await _ends(view, row) if end.resolution is how)

    async def act(answers: Answers) -> str:
        await views.confirm(view.desk, view.visitor, row["id"], str(answers["reason"]))
        return words("It has ended.")

    form = Form(
        words("Confirm: {what}", what=words.of(DECISIONS[how])),
        about=f"{kind(view, row)} · {signed(view, row['money'], row['currency'])}",
        warn=consequence(view, row, one),
        go=words("Confirm"),
    )
    return await ask(view, form, act)


async def reject(view: View, row: Row) -> bool:
    """Ask for the reason and leave it open; says if it was done."""
    words = view.words

    async def act(answers: Answers) -> None:
        await views.reject(view.desk, view.visitor, row["id"], str(answers["reason"]))

    about = words("It is open again. No money moves.")
    what = words.of(DECISIONS[Resolution(row["resolved_as"])])
    return await ask(view, Form(words("Reject: {what}", what=what), about=about), act)
