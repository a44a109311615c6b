"""When a merchant gets its money: closed business days, and the terms of its contract."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from annul.console.frame.forms import Answers, Form, FormField, act_button, ask, minor
from annul.console.frame.live import View
from annul.console.frame.markup import Html, card, tag
from annul.console.merchant_days import days_list
from annul.console.merchant_reserve import reserve_list
from annul.desk import cut_overs
from annul.desk import settlement as views
from annul.desk.merchants import find
from annul.desk.permission import NotValid
from annul.desk.roles import Scope
from annul.domain.money import show
from annul.domain.settlement import Cycle, Terms, in_force

_PPM_OF_PERCENT: Final = 10_000
_WEEKDAYS: Final = {
    1: "Monday",
    2: "Tuesday",
    3: "Wednesday",
    4: "Thursday",
    5: "Friday",
    6: "Saturday",
    7: "Sunday",
}
_CYCLES: Final = {
    Cycle.WORKING: "Working days (T+n)",
    Cycle.CALENDAR: "Calendar days (D+n)",
    Cycle.WEEKLY: "Once a week",
}


async def settlement_card(view: View, merchant_id: str, *, write: bool) -> Html:
    """Show the terms in force, those to come, and what the latest days came to."""
    words = view.words
    rows = await views.terms(view.desk, view.visitor, merchant_id)
    terms = [_terms(row) for row in rows]
    today = await cut_overs.today(view.desk, view.visitor, merchant_id)
    currency = await _currency(view, merchant_id)
    to_come = [
        tag("p", words("From {day}: {terms}", day=one.valid_from, terms=_said(view, one, currency)))
        for one in reversed(terms)
        if one.valid_from > today
    ]
    return card(
        words("Settlement"),
        tag("p", _said(view, in_force(terms, today), currency)),
        *to_come,
        await reserve_list(view, merchant_id),
        await days_list(view, merchant_id),
        aside=act_button(words("Change"), "terms") if write else "",
    )


def _terms(row: dict[str, Any]) -> Terms:
    return Terms(
        row["valid_from"], Cycle(row["cycle"]), row["days"], row["weekday"], row["fee_ppm"],
        row["reserve_ppm"],
        row["minimum"],
    )  # fmt: skip


async def _currency(view: View, merchant_id: str) -> str:
    return (await find(view.desk, view.visitor, merchant_id))["currency"]


def _said(view: View, terms: Terms, currency: str) -> str:
    words = view.words
    match terms.cycle:
        case Cycle.WORKING:
            said = words("A day becomes available T+{n}, by working days.", n=terms.days)
        case Cycle.CALENDAR:
            said = words("A day becomes available D+{n}, by calendar days.", n=terms.days)
        case Cycle.WEEKLY:
            day = words(_WEEKDAYS[terms.weekday or 1])
            said = words("Days become available once a week: {day}.", day=day)
    if terms.fee_ppm:
        said += " " + words("Fee: {percent} %.", percent=_percent(terms.fee_ppm))
    if terms.reserve_ppm is not None:
        said += " " + words("Held back: {percent} %.", percent=_percent(terms.reserve_ppm))
    if terms.minimum:
        amount = view.amount(terms.minimum, currency)
        said += " " + words("Paid out from {amount} on.", amount=amount)
    return said


def _percent(ppm: int) -> str:
    return f"{(Decimal(ppm) / _PPM_OF_PERCENT).normalize():f}"


async def agree(view: View, merchant_id: str) -> bool:
    """Ask for new terms and agree on them; says whether it was done."""
    words = view.words
    if not view.may(Scope.MERCHANTS_WRITE):
        return False
    rows = await views.terms(view.desk, view.visitor, merchant_id)
    today = await cut_overs.today(view.desk, view.visitor, merchant_id)
    now = in_force([_terms(row) for row in rows], today)
    currency = await _currency(view, merchant_id)

    async def act(answers: Answers) -> None:
        weekly = answers["cycle"] == Cycle.WEEKLY
        new = Terms(
            day_of(answers["from"]),
            Cycle(answers["cycle"]),
            1 if weekly else int(answers["days"] or 0),
            int(answers["weekday"]) if weekly else None,
            ppm_of(answers["fee"]),
            ppm_of(answers["reserve"]) if str(answers["reserve"] or "").strip() else None,
            minor(answers["minimum"], currency),
        )
        await views.set_terms(view.desk, view.visitor, merchant_id, new, answers["reason"])

    form = Form(
        words("Terms of settlement"),
        _fields(view, now, currency, today),
        about=words("Days that are closed already stay as they are."),
    )
    return await ask(view, form, act)


def _fields(view: View, now: Terms, currency: str, today: date) -> tuple[FormField, ...]:
    words = view.words
    cycles = {cycle.value: words(said) for cycle, said in _CYCLES.items()}
    weekdays = {str(number): words(said) for number, said in _WEEKDAYS.items()}
    reserve = "" if now.reserve_ppm is None else _percent(now.reserve_ppm)
    return (
        FormField(
            "from", words("From business day"), "date", today.isoformat(), needed=True
        ),
        FormField("cycle", words("Becomes available"), "choice", now.cycle.value, cycles),
        FormField("days", words("Days"), "number", now.days, hint=words("0: on the day itself")),
        FormField(
            "weekday", words("Weekday"), "choice", str(now.weekday or 1), weekdays,
            hint=words("Only where it is once a week."),
        ),
        FormField("fee", words("Fee in percent"), value=_percent(now.fee_ppm)),
        FormField(
            "reserve", words("Held back, in percent"), value=reserve,
            hint=words("Empty: what its own history says, where a day is available on itself."),
        ),
        FormField(
            "minimum", words("Pay out from"), value=show(now.minimum, currency),
            hint=words("Less than that waits until more is available."),
        ),
    )  # fmt: skip


def day_of(text: object) -> date:
    """Read a day; raises `NotValid`."""
    try:
        return date.fromisoformat(str(text).strip().replace("/", "-"))
    except ValueError as error:
        raise NotValid("the day is written as 2026-12-31") from error


def ppm_of(text: object) -> int:
    """Read percent as parts per million; raises `NotValid`."""
    try:
        percent = Decimal(str(text or 0).strip())
        return int((percent * _PPM_OF_PERCENT).to_integral_exact())
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise NotValid("it is a number of percent, as 0.2") from error
