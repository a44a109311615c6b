"""Acting on cases from a page: a reason is asked for, and who is told what came of it."""

from annul.console.frame.forms import Answers, Form, FormField, ask
from annul.console.frame.live import View
from annul.desk import acts
from annul.desk import cases as views
from annul.diagnose.causes import CAUSES
from annul.resolve.case import Case
from annul.resolve.people import ACTIONS


async def act_on(view: View, case: Case, name: str) -> bool:
    """Ask for a reason, act, and say what came of it; False when nothing was done."""

    async def act(answers: Answers) -> str:
        return await _do(view, case.number, name, answers)

    return await ask(view, _form(view, name, view.amount(case.amount, case.currency)), act)


async def _do(view: View, number: str, name: str, answers: Answers) -> str:
    case = await views.find(view.desk, view.visitor, number)
    reason, cause = str(answers["reason"]), str(answers.get("cause") or "")
    done = await acts.act(view.desk, view.visitor, case, name, reason, cause)
    told = "waits for a second person" if done == "proposed" else "done"
    return f"{number}: {view.words(told)}"


def _form(view: View, name: str, about: str) -> Form:
    words, action = view.words, ACTIONS[name]
    title, warn = words.of(action.said), ""
    if action.money:
        warn = words(
            "This may move money. Above the merchant's limit a second person has to do the same."
        )
    titles = {key: words.of(one.title) for key, one in CAUSES.items()}
    cause = FormField("cause", words("Cause"), "choice", choices=titles, needed=True)
    return Form(title, (cause,) if name == "confirm-cause" else (), about, warn)
