"""How chargebacks are said, wherever they are shown."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from annul.console.frame.live import View
from annul.console.frame.markup import Html, badge, join, tag
from annul.domain.chargebacks import ENDS, MONEY, OURS, REASONS, STAGES, MoneyState, Reason, Stage

Row = Mapping[str, Any]
_TONES: Final[Mapping[Stage, str]] = {
    Stage.NOTED: "warn",
    Stage.RETRIEVAL: "warn",
    Stage.FIRST: "bad",
    Stage.SECOND: "bad",
    Stage.ARBITRATION: "warn",
    Stage.WON: "good",
    Stage.LOST: "bad",
    Stage.EXPIRED: "bad",
}
MONEY_TONES: Final[Mapping[MoneyState, str]] = {
    MoneyState.HELD: "warn",
    MoneyState.RETURNED: "good",
    MoneyState.PAID: "bad",
}
_SOON: Final = timedelta(days=5)


def stage(view: View, row: Row) -> Html:
    """Show how far it is, and whether a step waits for a second person."""
    at = Stage(row["stage"])
    shown = badge(view.words.of(STAGES[at]), _TONES.get(at, "info"))
    if not row["asked"]:
        return shown
    return join((shown, " ", badge(view.words("Awaiting second approval"), "warn")))


def reason(view: View, row: Row) -> str:
    """Say why the issuer claims it."""
    return view.words.of(REASONS[Reason(row["reason"])])


def money(view: View, row: Row) -> Html:
    """Show where the money is."""
    state = MoneyState(row["money"])
    return badge(view.words.of(MONEY[state]), MONEY_TONES.get(state, ""))


def amount(view: View, row: Row) -> str:
    """Write what is claimed."""
    return view.amount(row["amount"], row["currency"])


def due(view: View, row: Row) -> Html | str:
    """Count down to the deadline; late and near ones of ours stand out."""
    if row["due_at"] is None or Stage(row["stage"]) in ENDS:
        return "–"
    left = row["due_at"] - view.desk.clock.now()
    ours = Stage(row["stage"]) in OURS
    shown = tag("span", view.ago(row["due_at"]), title=view.at(row["due_at"]))
    if left < timedelta():
        return tag("span", shown, cls="late")
    return tag("b", shown) if ours and left < _SOON else shown


def sums(view: View, rows: Iterable[Row], name: str) -> str:
    """Write sums by currency."""
    by: dict[str, int] = {}
    for row in rows:
        by[row["currency"]] = by.get(row["currency"], 0) + row[name]
    return ", ".join(view.amount(by[one], one) for one in sorted(by)) or "–"
