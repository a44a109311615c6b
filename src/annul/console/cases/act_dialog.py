"""Acting on a case from its page: what it is about, its amount, the limit, and a reason."""

from typing import Final

from annul.console.frame.forms import Answers, Form, FormField, ask
from annul.console.frame.live import View
from annul.desk import acts
from annul.desk import cases as views
from annul.desk.over_cells import serving
from annul.diagnose.causes import CAUSES
from annul.resolve.case import Case
from annul.resolve.people import ACTIONS, AN_HOUR

_MINUTES: Final = (15, 30, AN_HOUR, 120, 240)


async def act_on(view: View, case: Case, name: str) -> bool:
    """Ask for a reason, act, and say what came of it; False when nothing was done."""

    async def act(answers: Answers) -> str:
        return await _do(view, case.number, name, answers)

    limit = 0
    if ACTIONS[name].money:
        desk = await serving(view.desk, case.merchant_id)
        limit = await acts.second_person_from(desk, case.merchant_id)
    return await ask(view, _form(view, case, name, limit), act)


async def _do(view: View, number: str, name: str, answers: Answers) -> str:
    """Act on a case with what was filled in; gives what came of it."""
    case = await views.find(view.desk, view.visitor, number)
    reason, cause = str(answers["reason"]), str(answers.get("cause") or "")
    minutes = int(answers.get("minutes") or AN_HOUR)
    done = await acts.act(view.desk, view.visitor, case, name, reason, cause, minutes)
    told = "awaiting second approval" if done == "proposed" else "done"
    return f"{number}: {view.words(told)}"


def _fields(view: View, name: str) -> tuple[FormField, ...]:
    """Give what an act asks beside its reason."""
    words = view.words
    if name == "confirm-cause":
        titles = {key: words.of(one.title) for key, one in CAUSES.items()}
        return (FormField("cause", words("Cause"), "choice", choices=titles, needed=True),)
    if name == "take":
        spans = {str(minutes): view.span(minutes * 60) for minutes in _MINUTES}
        hint = words("Automatic handling of the case is paused meanwhile.")
        given = {"value": str(AN_HOUR), "choices": spans, "hint": hint, "needed": True}
        return (FormField("minutes", words("Take it for"), "choice", **given),)
    return ()


def _form(view: View, case: Case, name: str, limit: int) -> Form:
    words, action = view.words, ACTIONS[name]
    amount = view.amount(case.amount, case.currency)
    title, warn = words.of(action.said), ""
    if action.money and case.proposed == name:
        warn = words("{amount} moves as soon as you approve it.", amount=amount)
    elif action.money and case.amount >= limit:
        warn = words(
            "A second person has to approve it: dual approval above {limit}.",
            limit=view.amount(limit, case.currency),
        )
    elif action.money:
        warn = words("{amount} moves at once.", amount=amount)
    return Form(
        f"{title[:1].upper()}{title[1:]}",
        _fields(view, name),
        f"{case.number} · {amount} · {case.card_masked}",
        warn,
        go=words("Save note") if name == "note" else "",
        why=words("Note") if name == "note" else "",
    )
