"""Dialogs that ask before something is changed: declared fields, a reason, and what goes wrong."""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from nicegui import ui

from annul.desk.over_cells import OfCells
from annul.domain import money
from annul.domain.errors import AnnulError

from .live import View, html
from .markup import Html, tag

Answers = Mapping[str, Any]
_FORM: Final = "%Y-%m-%dT%H:%M"
# After a dialog the focus goes back to the button that opened it, if it is still there.
_BACK: Final = (
    "(window.annulBack?.isConnected ? window.annulBack : document.getElementById('main'))?.focus()"
)
_MANY: Final = 10
_LOOK: Final = "outlined dense stack-label"
_TYPES: Final = {"when": "datetime-local", "date": "date"}


@dataclass(frozen=True, slots=True)
class FormField:
    """One thing to fill in. `kind`: text, long, number, when, date, choice, several, switch."""

    name: str
    label: str
    kind: str = "text"
    value: Any = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    hint: str = ""
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """What is asked, in the reader's language. `warn` stands out; `go` is what the button says.

    `why` names the reason, where that is what is asked for; `reasoned` False: none is asked for.
    """

    title: str
    fields: tuple[FormField, ...] = ()
    about: str = ""
    warn: str = ""
    go: str = ""
    why: str = ""
    reasoned: bool = True


@contextmanager
def titled(title: str, cls: str = "") -> Iterator[ui.dialog]:
    """Begin a dialog that bears its title, also for who hears it."""
    with ui.dialog() as dialog, ui.card().classes(f"dialog {cls}"):
        dialog.props["aria-label"] = title
        html(tag("h2", title))
        yield dialog


async def ask(view: View, form: Form, act: Callable[[Answers], Awaitable[str | None]]) -> bool:
    """Ask, with a reason, and act on the answers; stays open while `act` raises an `AnnulError`.

    The answers have each field's value by its name, and `reason`, if one is asked for. What `act`
    gives is said, else that it is done. False when it was called off.
    """
    words = view.words
    with titled(form.title) as dialog:
        drawn = _draw_form(view, form)
        wrong = html().props('role="alert"')

        async def go() -> None:
            answers = {name: _read(element) for name, element in drawn.items()}
            missing = _missing(view, form, answers)
            if missing:
                wrong.set_content(_wrong(missing))
                return
            try:
                told = await act(answers)
            except AnnulError as error:
                wrong.set_content(_wrong(said(view, error)))
            else:
                dialog.submit(told or words("Done"))

        with ui.element("div").classes("row-of-buttons"):
            ui.button(form.go or words("Do it"), on_click=go).classes("primary").props("unelevated")
            ui.button(words("Cancel"), on_click=lambda: dialog.submit("")).props("flat")
        dialog.on("keydown.ctrl.enter", go)
    done = await dialog
    _close(dialog)
    if done:
        ui.notify(done, type="positive")
    return bool(done)


def _close(dialog: ui.dialog) -> None:
    dialog.clear()
    dialog.delete()
    ui.run_javascript(_BACK)


def _draw_form(view: View, form: Form) -> dict[str, Any]:
    """Draw fields and reason; the first field has the focus."""
    words = view.words
    if form.about:
        html(tag("p", form.about, cls="muted"))
    drawn = {one.name: _draw(one) for one in form.fields}
    if form.reasoned:
        hint = words("It is recorded in the audit log.")
        drawn["reason"] = _draw(
            FormField("reason", form.why or words("Reason"), "long", hint=hint, needed=True)
        )
    first = next(iter(drawn.values()))
    if not isinstance(first, dict):
        first.props("autofocus")
    if form.warn:
        html(tag("p", form.warn, cls="said"))
    return drawn


def _missing(view: View, form: Form, answers: Answers) -> str:
    """Say what is still to be filled in."""
    labels = [one.label for one in form.fields if one.needed and _is_empty(answers[one.name])]
    if labels:
        return view.words("Fill in: {what}", what=", ".join(labels))
    reasonless = form.reasoned and _is_empty(answers["reason"])
    return view.words("Give a reason.") if reasonless else ""


def said(view: View, error: AnnulError) -> str:
    """Say what went wrong and what to do; in Chinese at least what kind of error it is."""
    text = view.words(str(error))
    if view.words.language == "zh" and text == str(error):
        text = view.words(str(type(error)()))
        if isinstance(error, OfCells) and error.cells:
            text = f"{text.rstrip('。')}（{error.cells}）"
    text = text.rstrip(".。")
    end = "。" if view.words.language == "zh" else ". "
    return f"{text[:1].upper()}{text[1:]}{end}{view.words(error.next_step)}"


async def show_once(view: View, title: str, about: str, secret: str) -> None:
    """Show a secret that can not be shown again."""
    words = view.words
    with titled(title) as dialog:
        dialog.props("persistent")
        html(tag("p", about, cls="muted"))
        html(tag("code", secret, cls="secret", tabindex="0", aria_label=title))
        html(tag("p", words("Shown only once. Copy it before you close this."), cls="warned"))
        with ui.element("div").classes("row-of-buttons"):
            ui.button(words("I have saved it"), on_click=lambda: dialog.submit("seen")).classes(
                "primary"
            ).props("unelevated")
            ui.button(
                words("Copy"),
                on_click=lambda: ui.run_javascript(
                    f"navigator.clipboard.writeText({json.dumps(secret)})"
                ),
            ).props("flat")
    await dialog
    _close(dialog)


def act_button(label: object, event: str, *, cls: str = "", **given: str) -> Html:
    """Build a button that tells this page's `ui.on(event)` what it was given."""
    script = f"annulBack = this; emitEvent({json.dumps(event)}, {json.dumps(given)})"
    return tag("button", label, type="button", cls=f"button small {cls}", onclick=script)


# Reading what was filled in ---------------------------------------------------------------------


def moment(text: object, zone: ZoneInfo) -> datetime | None:
    """Read what stands in a field for a time; None when it is empty or no time."""
    try:
        return datetime.strptime(str(text), _FORM).replace(tzinfo=zone)
    except ValueError:
        return None


def written(at: datetime | None, zone: ZoneInfo) -> str:
    """Write a time as a field for times wants it."""
    return "" if at is None else at.astimezone(zone).strftime(_FORM)


def minor(text: object, currency: str = "156") -> int:
    """Read an amount in minor units, also nothing at all; raises `AmountError`."""
    plain = str(text or "").strip().replace(",", "").replace("，", "")
    return 0 if not plain.replace(".", "", 1).strip("0") and plain else money.parse(plain, currency)


# Drawing ----------------------------------------------------------------------------------------


def _draw(one: FormField) -> Any:
    label = f"{one.label} *" if one.needed else one.label
    element: Any
    if one.kind == "switch":
        element = ui.checkbox(label, value=bool(one.value))
        if one.hint:
            html(tag("p", one.hint, cls="hint"))
        return element
    if one.kind == "several":
        html(tag("p", label, cls="hint"))
        with ui.element("div").classes("choices"):
            return {
                name: ui.checkbox(text, value=name in (one.value or ())).props("dense")
                for name, text in one.choices.items()
            }
    if one.kind == "choice":
        many = len(one.choices) > _MANY  # typed rather than looked for
        chosen = one.value if one.value in one.choices else None
        element = ui.select(dict(one.choices), label=label, value=chosen, with_input=many)
    elif one.kind == "number":
        element = ui.number(label, value=one.value, min=0, precision=0)
    elif one.kind == "long":
        element = ui.textarea(label, value=str(one.value)).props("rows=2 autogrow")
    else:
        element = ui.input(label, value=str(one.value))
        if one.kind in _TYPES:
            element.props(f"type={_TYPES[one.kind]}")
    element.props(_LOOK).classes("wide")
    if one.hint:
        element.props["hint"] = one.hint
    return element


def _read(element: Any) -> Any:
    if isinstance(element, dict):
        return {name for name, box in element.items() if box.value}
    return element.value


def _is_empty(answer: Any) -> bool:
    return answer is None or answer == set() or not str(answer).strip()


def _wrong(text: str) -> Html:
    return tag("p", text, cls="said")
