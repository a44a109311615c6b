"""When a merchant's business days end: as agreed on, and agreeing on something else."""

from datetime import date, time, timedelta
from typing import Any

from annul.console.frame.forms import Answers, Form, FormField, ask
from annul.console.frame.live import View
from annul.desk import cut_overs as views
from annul.desk.roles import Scope
from annul.domain.business_day import CutOver, CutOvers, cut_over_on, read_cut_over

from .settlement import day_of


async def ends(view: View, merchant_id: str) -> list[tuple[str, str]]:
    """Say when its business days end, by name: today's, and from later ones on."""
    words, house = view.words, view.desk.calendar.cut_over
    rows = await views.cut_overs(view.desk, view.visitor, merchant_id)
    today = await views.today(view.desk, view.visitor, merchant_id)
    agreed = _agreed(rows)
    lines = [(words("Business day ends"), _said(view, today, agreed, house))]
    lines += [
        (
            words("From business day {day}", day=one.valid_from),
            _said(view, one.valid_from, agreed, house),
        )
        for one in reversed(agreed)
        if one.valid_from > today
    ]
    return lines


def _agreed(rows: list[dict[str, Any]]) -> CutOvers:
    return tuple(CutOver(row["valid_from"], row["cut_over"]) for row in rows)


def _said(view: View, day: date, agreed: CutOvers, house: time) -> str:
    own = cut_over_on(day, agreed, house)
    begun = next((one for one in agreed if one.valid_from <= day), None)
    if begun is None or begun.at is None:
        return view.words("{time}, as the house's", time=f"{own:%H:%M}")
    return f"{own:%H:%M}"


async def agree_on_cut_over(view: View, merchant_id: str) -> bool:
    """Ask for another cut-over and agree on it; says whether it was done."""
    words = view.words
    if not view.may(Scope.MERCHANTS_WRITE):
        return False
    today = await views.today(view.desk, view.visitor, merchant_id)
    rows = await views.cut_overs(view.desk, view.visitor, merchant_id)
    own = next((one.at for one in _agreed(rows) if one.valid_from <= today), None)

    async def act(answers: Answers) -> None:
        at = read_cut_over(str(answers["at"] or "").strip().replace("：", ":"))
        new = CutOver(day_of(answers["from"]), at)
        await views.set_cut_over(view.desk, view.visitor, merchant_id, new, answers["reason"])

    form = Form(
        words("Cut-over"),
        (
            FormField(
                "from", words("From business day"), "date",
                (today + timedelta(days=1)).isoformat(), needed=True,
            ),
            FormField(
                "at", words("Business day ends at"), value=f"{own:%H:%M}" if own else "",
                hint=words("Hour and minute, as 06:00; empty: as the house's."),
            ),
        ),
        about=words("The business day that is under way ends as it was to when it began."),
    )  # fmt: skip
    return await ask(view, form, act)
