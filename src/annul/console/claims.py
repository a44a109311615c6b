"""What issuers have claimed back of a sale, on the pages of a transaction and of its case."""

from collections.abc import Collection
from uuid import UUID

from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, card, join, link, number, table, tag
from annul.desk import chargebacks as views
from annul.desk.roles import Scope
from annul.domain.chargebacks import ENDS, MONEY, REASONS, STAGES, MoneyState, Reason, Stage


async def claims(view: View, merchant_id: str, ids: Collection[UUID | None]) -> Html | None:
    """Show the chargebacks of these transactions; None where there is none, or nobody may see."""
    if not view.may(Scope.CLEARING_READ):
        return None
    known = [one for one in ids if one is not None]
    rows = await views.of_transactions(view.desk, view.visitor, merchant_id, known)
    if not rows:
        return None
    words = view.words
    lines = [
        [
            link(row["number"], f"/chargebacks/{row['id']}", cls="mono"),
            join(
                (
                    badge(words.of(STAGES[Stage(row["stage"])]), _tone(Stage(row["stage"]))),
                    tag("small", words.of(MONEY[MoneyState(row["money"])]), cls="under"),
                )
            ),
            words.of(REASONS[Reason(row["reason"])]),
            number(view.amount(row["amount"], row["currency"])),
            view.ago(row["due_at"]) if row["due_at"] else "–",
        ]
        for row in rows
    ]
    heads = ("Number", "State", "Why", "Amount", "Due by")
    return card(words("Chargebacks"), table([words(head) for head in heads], lines))


def _tone(stage: Stage) -> str:
    return "info" if stage in ENDS else "warn"
