"""Acting on cases from a page: a reason is asked for, and who is told what came of it."""

from collections.abc import Iterable

from nicegui import ui

from annul.console.frame.live import View
from annul.desk import acts
from annul.desk import cases as views
from annul.diagnose.causes import CAUSES
from annul.domain.errors import AnnulError
from annul.resolve.case import Case
from annul.resolve.people import ACTIONS


async def act_on(view: View, case: Case, name: str) -> bool:
    """Ask for a reason, act, and say what came of it; False when nothing was done."""
    asked = await _ask(view, name, view.amount(case.amount, case.currency))
    if asked is None:
        return False
    reason, cause = asked
    return await _do(view, case.number, name, reason, cause)


async def act_on_many(view: View, name: str, numbers: Iterable[str]) -> None:
    """Do the same with each of several cases."""
    chosen = sorted(numbers)
    if not chosen:
        ui.notify(view.words("Pick some cases first."))
        return
    asked = await _ask(view, name, view.words("{n} cases", n=len(chosen)))
    if asked is not None:
        for number in chosen:
            await _do(view, number, name, *asked)


async def _do(view: View, number: str, name: str, reason: str, cause: str) -> bool:
    words = view.words
    try:
        case = await views.find(view.desk, view.visitor, number)
        done = await acts.act(view.desk, view.visitor, case, name, reason, cause)
    except AnnulError as error:
        ui.notify(f"{number}: {error}. {error.next_step}", type="negative", multi_line=True)
        return False
    said = words("waits for a second person") if done == "proposed" else words("done")
    ui.notify(f"{number}: {said}", type="positive")
    return True


async def _ask(view: View, name: str, about: str) -> tuple[str, str] | None:
    """Ask for the reason and, to confirm a cause, for the cause; None when it was called off."""
    words, action = view.words, ACTIONS[name]
    with ui.dialog() as dialog, ui.card().style("min-width: min(440px, 90vw)"):
        ui.label(words.of(action.said)).classes("text-h6")
        ui.label(about).classes("muted")
        if action.money:
            ui.label(
                words(
                    "This may move money. Above the merchant's limit a second person "
                    "has to do the same."
                )
            ).classes("said")
        cause = None
        if name == "confirm-cause":
            titles = {key: words.of(one.title) for key, one in CAUSES.items()}
            cause = ui.select(titles, label=words("Cause"), with_input=True).classes("wide")
        reason = ui.textarea(words("Reason")).props("autofocus rows=3").classes("wide")
        with ui.row():
            go = ui.button(words("Do it"), on_click=lambda: dialog.submit("yes")).classes("primary")
            ui.button(words("Cancel"), on_click=lambda: dialog.submit("")).props("flat")
        go.bind_enabled_from(reason, "value", backward=lambda said: bool(str(said or "").strip()))
    confirmed = await dialog
    if not confirmed:
        return None
    return str(reason.value), str(cause.value or "") if cause is not None else ""
